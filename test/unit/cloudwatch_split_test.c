// SPDX-License-Identifier: Apache-2.0
// Batches with bad data, against a service that refuses whatever holds one.
#include <string.h>

#include "sink/cloudwatch_split.h"
#include "support/unit.h"

#define MAX_DATUMS CLOUDWATCH_MAX_DATUMS

struct delivery {
    size_t n_requests;
    unsigned char n_taken[MAX_DATUMS], n_refused[MAX_DATUMS]; // times
};

static bool has_bad(const unsigned char *is_bad, size_t first, size_t end)
{
    return memchr(is_bad + first, 1, end - first) != NULL;
}

static void deliver(const unsigned char *is_bad, size_t n_items, struct delivery *ret_delivery)
{
    struct cloudwatch_split split;
    *ret_delivery = (struct delivery){0};
    cloudwatch_split_init(&split, n_items);
    while (split.n_ends > 0) {
        size_t first = split.first, end = cloudwatch_split_end(&split);
        assert_in_range(end, first + 1, n_items);
        ret_delivery->n_requests++;
        bool is_refused = has_bad(is_bad, first, end);
        if (is_refused && cloudwatch_split_halve(&split))
            continue;
        for (size_t i = first; i < end; i++)
            (is_refused ? ret_delivery->n_refused : ret_delivery->n_taken)[i]++;
        cloudwatch_split_pass(&split);
    }
    assert_int_equal(split.first, n_items);
}

static void assert_delivered(
    const struct delivery *delivery, const unsigned char *is_bad, size_t n_items)
{
    for (size_t i = 0; i < n_items; i++) {
        assert_int_equal(delivery->n_refused[i], is_bad[i]);
        assert_int_equal(delivery->n_taken[i], 1 - is_bad[i]);
    }
}

static void a_good_batch_is_one_request(void **state)
{
    (void)state;
    static const unsigned char none_bad[MAX_DATUMS];
    struct delivery delivery;
    for (size_t n = 1; n <= MAX_DATUMS; n += 111) {
        deliver(none_bad, n, &delivery);
        assert_delivered(&delivery, none_bad, n);
        assert_int_equal(delivery.n_requests, 1);
    }
}

static void whichever_are_bad_the_others_are_taken_once(void **state)
{
    (void)state;
    for (size_t n = 1; n <= 11; n++)
        for (unsigned int bits = 0; bits < 1u << n; bits++) {
            unsigned char is_bad[11];
            struct delivery delivery;
            for (size_t i = 0; i < n; i++)
                is_bad[i] = bits >> i & 1;
            deliver(is_bad, n, &delivery);
            assert_delivered(&delivery, is_bad, n);
        }
}

// 1,000 are halved ten times until one is alone, with two requests each time, after the first.
static void one_bad_datum_costs_twenty_requests(void **state)
{
    (void)state;
    for (size_t bad = 0; bad < MAX_DATUMS; bad++) {
        unsigned char is_bad[MAX_DATUMS] = {0};
        struct delivery delivery;
        is_bad[bad] = 1;
        deliver(is_bad, MAX_DATUMS, &delivery);
        assert_delivered(&delivery, is_bad, MAX_DATUMS);
        assert_in_range(delivery.n_requests, 2, 21);
    }
}

// A tree of halves has twice as many nodes as leaves, less one.
static void if_all_are_bad_it_ends(void **state)
{
    (void)state;
    unsigned char is_bad[MAX_DATUMS];
    struct delivery delivery;
    memset(is_bad, 1, sizeof(is_bad));
    deliver(is_bad, MAX_DATUMS, &delivery);
    assert_delivered(&delivery, is_bad, MAX_DATUMS);
    assert_int_equal(delivery.n_requests, 2 * MAX_DATUMS - 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_good_batch_is_one_request),
        cmocka_unit_test(whichever_are_bad_the_others_are_taken_once),
        cmocka_unit_test(one_bad_datum_costs_twenty_requests),
        cmocka_unit_test(if_all_are_bad_it_ends),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
