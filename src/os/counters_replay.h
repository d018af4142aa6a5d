// SPDX-License-Identifier: Apache-2.0
// The replay source made from texts in memory, for who has no files: the tests.
#pragma once

#include "base.h"
#include "os/counters.h"
#include "os/replay_text.h"

// Takes the texts over, at least one, whatever comes of it. `interval_ms` as in struct
// replay_options, at least 1. -EINVAL: a complaint, owned by the caller.
must_check int counters_replay_create_from_texts(struct replay_texts *texts, uint64_t interval_ms,
    struct counters **ret_counters, char **ret_complaint);
