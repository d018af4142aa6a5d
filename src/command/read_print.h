// SPDX-License-Identifier: Apache-2.0
// The two forms in which `enawatch read` prints a look: a table for people, JSON for programs.
#pragma once

#include <stdio.h>

#include "command/watch.h"

// What a form remembers from one look to the next. All zero before the first.
struct read_page {
    FILE *to;
    bool was_long; // the look before took more than its headline
};

void read_print_table(struct read_page *page, const struct watch *watch);
// One object per look, on a line of its own. Its members are told in README.md.
void read_print_json(struct read_page *page, const struct watch *watch);
