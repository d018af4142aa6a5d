// SPDX-License-Identifier: Apache-2.0
// Writing a small file so that a reader sees the old text or the new one, never half of it.
#pragma once

// Returns 0, or a negative errno with path untouched.
__attribute__((nonnull)) int replace_file(const char *path, const char *text);
