// SPDX-License-Identifier: Apache-2.0
// Log group and stream: what a stream may be called, and the requests that create both (model
// 2014-03-28). Pure. A part of the logs sink.
#pragma once

#define LOGS_MAX_STREAM 512 // characters; it holds no ':' and no '*'

// Of an option: NULL, or what would be allowed.
const char *logs_stream_check(const char *name, const char *value);

// Named like who we are, but for what no stream may be called: that is underscores. The caller's.
char *logs_stream_of(const char *who);

// The body of CreateLogStream, or with NULL for the stream of CreateLogGroup; the caller's.
char *logs_creation_body(const char *group, const char *stream);
