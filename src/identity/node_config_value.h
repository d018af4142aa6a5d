// SPDX-License-Identifier: Apache-2.0
// What stands on one line of YAML: a key, a value. No state between two lines.
#pragma once

#include "identity/node_config_text.h"

enum value_kind {
    VALUE_NONE,   // nothing, or a comment: it may follow on the next lines
    VALUE_PLAIN,  // a scalar
    VALUE_QUOTED, // a scalar as it is written between its quotes: escapes are in no name
    VALUE_BLOCK,  // | or >: its text follows
    VALUE_EMPTY_MAP,
    VALUE_OTHER, // flow style: it ends on this line, what it says is not looked at
};

struct value {
    enum value_kind kind;
    struct text text; // of a scalar
};

// Takes `key:` off `rest`, quoted or not; false where there is none.
bool value_take_key(struct text *rest, struct text *ret_key);
// False for what is not surely one whole value, then perhaps a comment. `text` ends
// without blanks.
bool value_parse(struct text text, struct value *ret_value);
// Whether every YAML takes the value for a string: 1e3, no and null are other things.
bool value_is_string(const struct value *value);
