// SPDX-License-Identifier: Apache-2.0
// What became of a record: each was delivered, refused, expired, or is nobody's.
#pragma once

#include <stdbool.h>

#include "health.h"

enum settled { SETTLED_DELIVERED, SETTLED_REFUSED, SETTLED_EXPIRED, SETTLED_UNCLAIMED };
#define N_SETTLED (SETTLED_UNCLAIMED + 1)

const char *settled_name(enum settled settled);
// False: there is none of this name.
bool settled_parse(const char *name, enum settled *ret_settled);
// Where they are counted.
uint64_t *settled_count(struct health *health, enum settled settled);
