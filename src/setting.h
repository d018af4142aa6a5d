// SPDX-License-Identifier: Apache-2.0
// One value of one option: text to field, field to text, by the option's type. Used by config.c.
#pragma once

#include <stdio.h>

#include "option.h"

// Sets the field of `option` in `options` from `value`; `name` is the part after the dot of a map's
// key, else NULL. NULL, or what would be allowed, as the end of "allowed is ...", owned by the
// caller; nothing is changed then.
char *setting_parse(
    const struct option *option, void *options, const char *name, const char *value);
// What setting_parse() would accept, as one would write it. Owned by the caller. Not for maps.
char *setting_format(const struct option *option, const void *options);
// What is allowed, for a reader; NULL when anything is. Owned by the caller.
char *setting_range(const struct option *option);
void setting_free(const struct option *option, void *options);
