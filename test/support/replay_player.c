// SPDX-License-Identifier: Apache-2.0
// Replays for tests, made of text and looked at as text.
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/mac.h"
#include "support/replay_player.h"
#include "support/unit.h"

#define PLAYER_TEXT_MAX 8192

void replay_player_destroy(struct counters **counters)
{
    if (*counters != NULL)
        (*counters)->ops->destroy(*counters);
}

int replay_player_create(
    const char *const *names_and_texts, struct counters **ret_counters, char **ret_complaint)
{
    struct replay_texts texts = {0};
    for (; names_and_texts[0] != NULL; names_and_texts += 2)
        replay_texts_add(
            &texts, names_and_texts[0], xstrdup(names_and_texts[1]), strlen(names_and_texts[1]));
    return counters_replay_create_from_texts(
        &texts, REPLAY_PLAYER_INTERVAL_MS, ret_counters, ret_complaint);
}

struct counters *play_two(const char *ens5, const char *ens6)
{
    const char *const texts[] = {
        "captured/ens5.txt", ens5, ens6 != NULL ? "captured/ens6.log" : NULL, ens6, NULL};
    struct counters *counters = NULL;
    scoped_free char *complaint = NULL;
    if (replay_player_create(texts, &counters, &complaint) != 0)
        fail_msg("%s", complaint);
    return counters;
}

struct counters *play(const char *ens5)
{
    return play_two(ens5, NULL);
}

void go_on(struct counters *counters, int n_moments)
{
    for (int i = 0; i < n_moments; i++)
        assert_int_equal(counters->ops->advance(counters), 0);
}

void assert_ended(struct counters *counters)
{
    assert_int_equal(counters->ops->advance(counters), COUNTERS_ENDED);
    assert_int_equal(counters->ops->advance(counters), COUNTERS_ENDED);
}

void assert_after(const struct counters *counters, int64_t start_ms, int64_t after_ms)
{
    struct now now;
    counters->ops->clock(counters, &now);
    assert_int_equal(now.wall_ms, start_ms + after_ms);
    assert_int_equal(now.boot_ns, 3600 * NS_PER_S + (uint64_t)after_ms * NS_PER_MS);
}

static void describe(const struct link_event *event, FILE *to)
{
    char mac[MAC_TEXT_MAX];
    const struct link *link = &event->link;
    mac_format(link->mac.octets, mac);
    if (event->kind == LINK_PRESENT)
        fprintf(to, "+%d %s %s ", link->ifindex, link->ifname, mac + 12);
    else if (event->kind == LINK_GONE)
        fprintf(to, "-%d ", link->ifindex);
    else
        fputs(event->kind == LINK_LIST_STARTED ? "list " : "end ", to);
}

void assert_heard(struct counters *counters, const char *expected)
{
    char heard[PLAYER_TEXT_MAX] = "";
    FILE *to = fmemopen(heard, sizeof(heard), "w");
    struct link_event event;
    int r;
    while ((r = counters->ops->next_event(counters, &event)) == 0)
        describe(&event, to);
    fclose(to);
    assert_int_equal(r, COUNTERS_NO_EVENT);
    assert_string_equal(heard, expected);
}

void assert_seen(struct counters *counters, const char *ifname, const char *expected)
{
    char seen[PLAYER_TEXT_MAX] = "";
    FILE *to = fmemopen(seen, sizeof(seen), "w");
    struct link link = {0};
    snprintf(link.ifname, sizeof(link.ifname), "%s", ifname);
    struct counters_names names = {0};
    const uint64_t *values;
    int r = counters->ops->names(counters, &link, &names);
    if (r != 0)
        fprintf(to, "names %d ", r);
    r = counters->ops->values(counters, ifname, names.n_names, &values);
    if (r != 0)
        fprintf(to, "values %d ", r);
    for (uint32_t i = 0; r == 0 && i < names.n_names; i++)
        fprintf(to, "%.32s=%" PRIu64 " ", names.slots[i], values[i]);
    fclose(to);
    assert_string_equal(seen, expected);
}

void assert_complaint(const char *text, const char *expected)
{
    const char *const texts[] = {"ens5.txt", text, NULL};
    struct counters *counters = NULL;
    scoped_free char *complaint = NULL;
    assert_int_equal(replay_player_create(texts, &counters, &complaint), -EINVAL);
    if (strncmp(complaint, expected, strlen(expected)) != 0)
        fail_msg("%s", complaint);
}
