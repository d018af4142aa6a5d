// SPDX-License-Identifier: Apache-2.0
// Any bytes are one file of a replay: refused with a complaint, or played like a collector would,
// and then time goes on, names and values belong together, and links are told in their order.
#include <errno.h>
#include <stdbool.h>
#include <string.h>

#include "os/counters_replay.h"

#define MAX_MOMENTS 2000
#define MAX_LINKS   (2 * 256 + 2) // every interface gone and present, start and end of the list

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n_bytes);

static void check(bool claim)
{
    if (!claim)
        abort();
}

static void read_values(struct counters *counters, const char *ifname, uint32_t n_names)
{
    const uint64_t *values;
    int r = counters->ops->values(counters, ifname, n_names, &values);
    check(r == 0 || (r < 0 && r >= -4095));
    if (r == 0) {
        // For the address sanitizer.
        uint64_t *copy = xcalloc(n_names, sizeof(*copy));
        memcpy(copy, values, n_names * sizeof(*copy));
        free(copy);
    }
    int other = counters->ops->values(counters, ifname, n_names + 1, &values);
    check(other == (r == 0 ? COUNTERS_CHANGED : r));
}

static void read_link(struct counters *counters, const struct link *link)
{
    struct counters_names names;
    char driver[DRIVER_TEXT_MAX], version[DRIVER_TEXT_MAX];
    int r = counters->ops->driver(counters, link, driver, version);
    check(r == -EOPNOTSUPP || (r == 0 && driver[0] != '\0'));
    check(r != 0 || (strlen(driver) < sizeof(driver) && strlen(version) < sizeof(version)));
    r = counters->ops->names(counters, link, &names);
    check(r == 0 || r == -EOPNOTSUPP);
    if (r != 0)
        return;
    check(names.n_names > 0 && names.n_names <= COUNTERS_MAX_STATISTICS);
    read_values(counters, link->ifname, names.n_names);
}

// What is told as present can be read.
static void hear(struct counters *counters, bool is_first)
{
    struct link_event event;
    int n_events = 0;
    for (; counters->ops->next_event(counters, &event) == 0; n_events++) {
        check(n_events < MAX_LINKS);
        check((event.kind == LINK_LIST_STARTED) == (is_first && n_events == 0));
        check(event.kind != LINK_GONE || (event.link.ifindex > 0 && !is_first));
        check(event.kind != LINK_LIST_FINISHED || is_first);
        if (event.kind == LINK_PRESENT)
            read_link(counters, &event.link);
    }
    check(event.kind == LINK_LIST_FINISHED || !is_first);
}

static void play(struct counters *counters)
{
    struct now last, now;
    counters->ops->clock(counters, &last);
    hear(counters, true);
    for (int i = 0; i < MAX_MOMENTS && counters->ops->advance(counters) == 0; i++) {
        counters->ops->clock(counters, &now);
        check(now.boot_ns > last.boot_ns && now.wall_ms >= last.wall_ms);
        last = now;
        hear(counters, false);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n_bytes)
{
    struct replay_texts texts = {0};
    struct counters *counters = NULL;
    char *complaint = NULL;
    char *copy = xcalloc(n_bytes, 1);
    if (n_bytes > 0)
        memcpy(copy, bytes, n_bytes);
    replay_texts_add(&texts, "ens5.txt", copy, n_bytes);
    int r = counters_replay_create_from_texts(&texts, 1000, &counters, &complaint);
    check((r == 0 && complaint == NULL) || (r == -EINVAL && complaint != NULL));
    if (r == 0) {
        play(counters);
        counters->ops->destroy(counters);
    }
    free(complaint);
    return 0;
}
