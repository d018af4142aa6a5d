// SPDX-License-Identifier: Apache-2.0
// The fixtures under test/data/ethtool come to what their heads say: what moves between readings
// that succeed, summed up by the simplest means. Expected values are copied from the heads.
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "support/replay_player.h"
#include "support/unit.h"

struct expected {
    const char *fixture;
    const char *ifnames[2]; // one ENI, before and after a rename
    const char *name;
    uint64_t sum; // of the increases
    uint64_t worst;
    uint64_t least;
};

static bool read_value(
    struct counters *counters, const char *ifname, const char *name, uint64_t *ret_value)
{
    struct link link = {0};
    snprintf(link.ifname, sizeof(link.ifname), "%s", ifname);
    struct counters_names names = {0};
    const uint64_t *values;
    bool is_read = counters->ops->names(counters, &link, &names) == 0 &&
        counters->ops->values(counters, ifname, names.n_names, &values) == 0;
    bool is_found = false;
    for (uint32_t i = 0; is_read && !is_found && i < names.n_names; i++) {
        is_found = strncmp(names.slots[i], name, COUNTERS_NAME_BYTES) == 0;
        *ret_value = values[i];
    }
    return is_found;
}

static void follow(
    struct counters *counters, const struct expected *expected, struct expected *ret_found)
{
    struct expected found = {.least = UINT64_MAX};
    uint64_t last = UINT64_MAX, value;
    int n_moments = 0;
    do {
        n_moments++;
        if (!read_value(counters, expected->ifnames[0], expected->name, &value) &&
            !read_value(counters, expected->ifnames[1], expected->name, &value))
            continue;
        uint64_t step = value > last ? value - last : 0;
        found.sum += step;
        found.worst = step > found.worst ? step : found.worst;
        found.least = value < found.least ? value : found.least;
        last = value;
    } while (counters->ops->advance(counters) == 0);
    assert_int_equal(n_moments, 121);
    assert_after(counters, INT64_C(1795255200000), 120000);
    *ret_found = found;
}

static struct counters *play_fixture(const char *fixture)
{
    scoped_free char *path = xasprintf("%s/ethtool/%s", TEST_DATA, fixture);
    struct replay_options options = {.path = path, .interval_ms = 1000};
    struct counters *counters = NULL;
    scoped_free char *complaint = NULL;
    if (counters_replay_create(&options, &counters, &complaint) != 0)
        fail_msg("%s", complaint);
    return counters;
}

static void assert_all(const struct expected *rows, size_t n_rows)
{
    for (size_t i = 0; i < n_rows; i++) {
        scoped_counters *counters = play_fixture(rows[i].fixture);
        struct expected found;
        follow(counters, &rows[i], &found);
        if (found.sum != rows[i].sum || found.worst != rows[i].worst ||
            found.least != rows[i].least)
            fail_msg("%s %s %s: sum %" PRIu64 ", worst %" PRIu64 ", least %" PRIu64,
                rows[i].fixture, rows[i].ifnames[0], rows[i].name, found.sum, found.worst,
                found.least);
    }
}

#define BW_IN     "bw_in_allowance_exceeded"
#define BW_OUT    "bw_out_allowance_exceeded"
#define PPS       "pps_allowance_exceeded"
#define CONNTRACK "conntrack_allowance_exceeded"
#define LINKLOCAL "linklocal_allowance_exceeded"
#define AVAILABLE "conntrack_allowance_available"

static void quiet_comes_to_nothing(void **state)
{
    (void)state;
    static const struct expected rows[] = {
        {"quiet", {"ens5", "-"}, BW_IN, 0, 0, 12},
        {"quiet", {"ens5", "-"}, BW_OUT, 0, 0, 9071},
        {"quiet", {"ens5", "-"}, PPS, 0, 0, 4402},
        {"quiet", {"ens5", "-"}, CONNTRACK, 0, 0, 3},
        {"quiet", {"ens5", "-"}, LINKLOCAL, 0, 0, 37},
        {"quiet", {"ens5", "-"}, AVAILABLE, 0, 0, 136812},
        {"quiet/ens5.txt", {"ens5", "-"}, AVAILABLE, 0, 0, 136812},
    };
    assert_all(rows, ARRAY_SIZE(rows));
}

static void burst_comes_to_what_its_heads_say(void **state)
{
    (void)state;
    static const struct expected rows[] = {
        {"burst", {"ens5", "-"}, BW_IN, 0, 0, 12},
        {"burst", {"ens5", "-"}, BW_OUT, 48211, 48211, 9071},
        {"burst", {"ens5", "-"}, PPS, 240, 150, 4402},
        {"burst", {"ens5", "-"}, CONNTRACK, 0, 0, 0},
        {"burst", {"ens5", "-"}, LINKLOCAL, 0, 0, 37},
        {"burst", {"ens5", "-"}, AVAILABLE, 796, 796, 135214},
        {"burst", {"ens6", "-"}, BW_IN, 0, 0, 0},
        {"burst", {"ens6", "-"}, BW_OUT, 0, 0, 513},
        {"burst", {"ens6", "-"}, PPS, 64, 64, 77},
        {"burst", {"ens6", "-"}, CONNTRACK, 0, 0, 0},
        {"burst", {"ens6", "-"}, LINKLOCAL, 1510, 1200, 2204},
        {"burst", {"ens6", "-"}, AVAILABLE, 0, 0, 135980},
    };
    assert_all(rows, ARRAY_SIZE(rows));
}

static void conntrack_comes_to_what_its_head_says(void **state)
{
    (void)state;
    static const struct expected rows[] = {
        {"conntrack", {"ens5", "-"}, CONNTRACK, 1883, 1377, 0},
        {"conntrack", {"ens5", "-"}, AVAILABLE, 136000, 130800, 0},
        {"conntrack", {"ens5", "-"}, BW_IN, 0, 0, 0},
        {"conntrack", {"ens5", "-"}, BW_OUT, 0, 0, 511},
        {"conntrack", {"ens5", "-"}, PPS, 0, 0, 77},
        {"conntrack", {"ens5", "-"}, LINKLOCAL, 0, 0, 5},
    };
    assert_all(rows, ARRAY_SIZE(rows));
}

static void hotplug_comes_to_what_its_head_says(void **state)
{
    (void)state;
    static const struct expected rows[] = {
        {"hotplug", {"ens5", "net0"}, BW_IN, 13, 13, 4},
        {"hotplug", {"ens5", "net0"}, BW_OUT, 0, 0, 0},
        {"hotplug", {"ens5", "net0"}, PPS, 12, 7, 310},
        {"hotplug", {"ens5", "net0"}, LINKLOCAL, 0, 0, 0},
        {"hotplug", {"ens6", "-"}, BW_IN, 0, 0, 700},
        {"hotplug", {"ens6", "-"}, BW_OUT, 5000, 3000, 123456},
        {"hotplug", {"ens6", "-"}, PPS, 12, 12, 9000},
        {"hotplug", {"ens6", "-"}, LINKLOCAL, 0, 0, 55},
    };
    assert_all(rows, ARRAY_SIZE(rows));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(quiet_comes_to_nothing),
        cmocka_unit_test(burst_comes_to_what_its_heads_say),
        cmocka_unit_test(conntrack_comes_to_what_its_head_says),
        cmocka_unit_test(hotplug_comes_to_what_its_head_says),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
