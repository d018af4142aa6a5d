// SPDX-License-Identifier: Apache-2.0
// Log group and stream: what a stream may be called, and the requests that create both (model
// 2014-03-28). Pure but for the host name. A part of the logs sink.
#pragma once

#include "place.h"

#define LOGS_MAX_STREAM 512 // characters; it holds no ':' and no '*'

// Of an option: NULL, or what would be allowed.
const char *logs_stream_check(const char *name, const char *value);

// Who we are: the instance id, or while it is not known the host name; what no stream may be called
// is an underscore. The caller's.
char *logs_who(const struct place *place);

// The body of CreateLogStream, or with NULL for the stream of CreateLogGroup; the caller's.
char *logs_creation_body(const char *group, const char *stream);
