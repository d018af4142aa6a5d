// SPDX-License-Identifier: Apache-2.0
// Where the texts of a replay come from: one file, or the files of a folder in the order of their
// names. Knows nothing of what they say.
#pragma once

#include "base.h"
#include "os/replay_text.h"

#define REPLAY_MAX_FILES      256
#define REPLAY_MAX_FILE_BYTES (64 << 20)

// 0 and at least one text, or negative errno and a complaint owned by the caller.
must_check int replay_files_read(
    const char *path, struct replay_texts *ret_texts, char **ret_complaint);
