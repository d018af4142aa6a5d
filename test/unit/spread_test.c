// SPDX-License-Identifier: Apache-2.0
// Whose turn it is when.
#include <stdio.h>

#include "base.h"
#include "sink/spread.h"
#include "support/unit.h"

#define MINUTE_MS 60000
#define NOON_MS   INT64_C(1795262400000) // Sat, 21 Nov 2026 12:00:00 GMT

static struct now at(int64_t wall_ms)
{
    return (struct now){.boot_ns = 77 * NS_PER_S, .wall_ms = wall_ms};
}

static struct spread spread_of(uint64_t within_ms, uint64_t hash)
{
    return (struct spread){.period_ms = MINUTE_MS, .within_ms = within_ms, .hash = hash};
}

// What is to be waited at the start of a minute.
static uint64_t turn_ms(uint64_t within_ms, uint64_t hash)
{
    struct now now = at(NOON_MS);
    struct spread spread = spread_of(within_ms, hash);
    uint64_t until_ns = spread_until_ns(&spread, &now);
    return until_ns == 0 ? 0 : (until_ns - now.boot_ns) / NS_PER_MS;
}

// Half of all hashes are below 2^63: half of the time.
static void a_turn_is_the_hash_in_proportion(void **state)
{
    (void)state;
    assert_int_equal(turn_ms(20000, 0), 0);
    assert_int_equal(turn_ms(20000, UINT64_C(1) << 63), 10000);
    assert_int_equal(turn_ms(20000, UINT64_C(3) << 62), 15000);
    assert_int_equal(turn_ms(20000, UINT64_MAX), 19999);
}

static void turns_end_with_half_of_the_period(void **state)
{
    (void)state;
    assert_int_equal(turn_ms(UINT64_C(3600000), UINT64_MAX), 29999);
    assert_int_equal(turn_ms(30000, UINT64_C(1) << 63), 15000);
}

static void without_a_spread_it_is_always_our_turn(void **state)
{
    (void)state;
    assert_int_equal(turn_ms(0, UINT64_MAX), 0);
}

static void it_is_waited_from_the_boundary_to_the_turn_and_not_after_it(void **state)
{
    (void)state;
    struct spread spread = spread_of(20000, UINT64_C(1) << 63);
    for (int64_t ms = 0; ms < 2 * MINUTE_MS; ms += 250) {
        struct now now = at(NOON_MS + ms);
        int64_t left_ms = 10000 - ms % MINUTE_MS;
        uint64_t expected_ns = left_ms > 0 ? now.boot_ns + (uint64_t)left_ms * NS_PER_MS : 0;
        assert_int_equal(spread_until_ns(&spread, &now), expected_ns);
    }
}

static void a_name_has_always_the_same_turn(void **state)
{
    (void)state;
    assert_true(spread_hash("i-0123456789abcdef0") == spread_hash("i-0123456789abcdef0"));
    assert_true(spread_hash("") == spread_hash(""));
    assert_true(spread_hash("a") != spread_hash("b"));
}

// Of 10,000 each tenth gets 1,000; the standard deviation is 30.
static void names_in_a_row_are_spread_evenly(void **state)
{
    (void)state;
    unsigned int n_in_tenth[10] = {0};
    for (unsigned int i = 0; i < 10000; i++) {
        char name[32];
        snprintf(name, sizeof(name), "i-0123456789abc%04x", i);
        n_in_tenth[turn_ms(20000, spread_hash(name)) / 2000]++;
    }
    for (size_t i = 0; i < ARRAY_SIZE(n_in_tenth); i++)
        assert_in_range(n_in_tenth[i], 850, 1150);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_turn_is_the_hash_in_proportion),
        cmocka_unit_test(turns_end_with_half_of_the_period),
        cmocka_unit_test(without_a_spread_it_is_always_our_turn),
        cmocka_unit_test(it_is_waited_from_the_boundary_to_the_turn_and_not_after_it),
        cmocka_unit_test(a_name_has_always_the_same_turn),
        cmocka_unit_test(names_in_a_row_are_spread_evenly),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
