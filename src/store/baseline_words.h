// SPDX-License-Identifier: Apache-2.0
// The words of store/baseline.h, shared by who saves and who loads.
#pragma once

#include <stdbool.h>
#include <string.h>

#include "base.h"
#include "flow/life.h"

static const char *const group_words[N_DEVICE_GROUPS] = {
    [METRIC_GROUP_ALLOWANCE] = "allowances", [METRIC_GROUP_SRD] = "srd"};

static const char *const state_words[] = {
    [GROUP_FIRST] = "first", [GROUP_TRUTHFUL] = "truthful", [GROUP_SUSPECT] = "suspect"};

// Of a group; where it is absent it is false.
static const struct flag_word {
    const char *name;
    size_t offset;
} flag_words[] = {
    {"shown", offsetof(struct group, is_shown)},
    {"lit", offsetof(struct group, was_lit)},
    {"confirmed", offsetof(struct group, origin.is_confirmed)},
    {"doubted", offsetof(struct group, is_doubted)},
    {"on_trial", offsetof(struct group, is_on_trial)},
    {"was_dark_long", offsetof(struct group, was_dark_long)},
};

// Counts of our own health begin at zero with each start, but for those of records.
static inline bool is_kept(const struct metric *metric)
{
    return strncmp(metric->name, "self_", strlen("self_")) != 0 ||
        strncmp(metric->name, "self_records_", strlen("self_records_")) == 0;
}
