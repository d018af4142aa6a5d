// SPDX-License-Identifier: Apache-2.0
// However the bad ones lie among the items: each is found, no good one is lost, and it does not
// cost more requests than it has to.
#include <string.h>

#include "sink/bisect.h"
#include "support/unit.h"
#include "unit/dice.h"

#define MAX_ITEMS 300

enum fate { FATE_NONE, FATE_TAKEN, FATE_REFUSED };

struct run {
    size_t n_items, n_bad;
    bool is_bad[MAX_ITEMS];
    enum fate fates[MAX_ITEMS];
    size_t n_requests;
};

static bool has_bad(const struct run *run, size_t begin, size_t end)
{
    for (size_t i = begin; i < end; i++)
        if (run->is_bad[i])
            return true;
    return false;
}

static void settle(struct run *run, struct bisect *bisect, enum fate fate)
{
    for (size_t i = bisect->begin; i < bisect_end(bisect); i++) {
        assert_int_equal(run->fates[i], FATE_NONE);
        run->fates[i] = fate;
    }
    bisect_settle(bisect);
}

// A service that refuses every request with a bad item in it.
static void go(struct run *run)
{
    struct bisect bisect;
    bisect_begin(&bisect, run->n_items);
    while (bisect.n_ends > 0) {
        run->n_requests++;
        for (size_t i = 0; i < run->n_items; i++)
            assert_int_equal(run->fates[i] != FATE_NONE, i < bisect.begin);
        if (!has_bad(run, bisect.begin, bisect_end(&bisect)))
            settle(run, &bisect, FATE_TAKEN);
        else if (!bisect_halve(&bisect))
            settle(run, &bisect, FATE_REFUSED);
    }
    for (size_t i = 0; i < run->n_items; i++)
        assert_int_equal(run->fates[i], run->is_bad[i] ? FATE_REFUSED : FATE_TAKEN);
}

static size_t log2_up(size_t n)
{
    size_t log = 0;
    while ((size_t)1 << log < n)
        log++;
    return log;
}

static void without_a_bad_one_it_is_one_request(void **state)
{
    (void)state;
    for (size_t n = 1; n <= MAX_ITEMS; n++) {
        struct run run = {.n_items = n};
        go(&run);
        assert_int_equal(run.n_requests, 1);
    }
}

static void of_no_items_nothing_is_asked(void **state)
{
    (void)state;
    struct bisect bisect;
    bisect_begin(&bisect, 0);
    assert_int_equal(bisect.n_ends, 0);
}

// One request for all, then two for each halving.
static void a_lone_bad_one_is_found_wherever_it_is(void **state)
{
    (void)state;
    for (size_t n = 1; n <= 70; n++)
        for (size_t bad = 0; bad < n; bad++) {
            struct run run = {.n_items = n};
            run.is_bad[bad] = true;
            go(&run);
            assert_in_range(run.n_requests, 1, 1 + 2 * log2_up(n));
        }
}

static void any_number_of_bad_ones_is_found(void **state)
{
    (void)state;
    struct dice dice;
    dice_init(&dice);
    for (int round = 0; round < 3000; round++) {
        struct run run = {.n_items = 1 + dice_next(&dice) % MAX_ITEMS};
        uint64_t one_in = 1 + dice_next(&dice) % 20;
        for (size_t i = 0; i < run.n_items; i++)
            run.is_bad[i] = dice_next(&dice) % one_in == 0;
        go(&run);
        assert_in_range(run.n_requests, 1, 2 * run.n_items - 1);
    }
}

static void the_deepest_batch_has_room(void **state)
{
    (void)state;
    struct bisect bisect;
    size_t n_halvings = 0;
    bisect_begin(&bisect, SIZE_MAX);
    while (bisect_halve(&bisect))
        n_halvings++;
    assert_in_range(bisect.n_ends, n_halvings + 1, BISECT_MAX_DEPTH);
    assert_int_equal(bisect_end(&bisect), 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(without_a_bad_one_it_is_one_request),
        cmocka_unit_test(of_no_items_nothing_is_asked),
        cmocka_unit_test(a_lone_bad_one_is_found_wherever_it_is),
        cmocka_unit_test(any_number_of_bad_ones_is_found),
        cmocka_unit_test(the_deepest_batch_has_room),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
