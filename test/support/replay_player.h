// SPDX-License-Identifier: Apache-2.0
// Plays texts and says as text what a collector would see. The test owns the counters.
#pragma once

#include "os/counters_replay.h"

#define REPLAY_PLAYER_INTERVAL_MS 2000

void replay_player_destroy(struct counters **counters);
#define scoped_counters scoped(replay_player_destroy) struct counters

// Of pairs of file name and text, NULL at the end; as counters_replay_create_from_texts().
must_check int replay_player_create(
    const char *const *names_and_texts, struct counters **ret_counters, char **ret_complaint);
// captured/ens5.txt, and captured/ens6.log unless NULL. The test fails on a complaint.
struct counters *play_two(const char *ens5, const char *ens6);
struct counters *play(const char *ens5);

void go_on(struct counters *counters, int n_moments);
void assert_ended(struct counters *counters);
// The wall clock shows `start_ms + after_ms`, the other one an hour and `after_ms`.
void assert_after(const struct counters *counters, int64_t start_ms, int64_t after_ms);
// All events that are pending: "list ", "+IFINDEX NAME END-OF-MAC ", "-IFINDEX ", "end ".
void assert_heard(struct counters *counters, const char *expected);
// Names and values as a collector reads them: "NAME=VALUE NAME=VALUE ", or which call gave what.
void assert_seen(struct counters *counters, const char *ifname, const char *expected);
// ens5.txt with this text is refused with a complaint that starts with `expected`.
void assert_complaint(const char *text, const char *expected);
