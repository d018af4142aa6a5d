// SPDX-License-Identifier: Apache-2.0
// How long a sink rests, and how often it says why.
#include "sink/patience.h"
#include "support/unit.h"

static struct now at_s(uint64_t s)
{
    return (struct now){.boot_ns = s * NS_PER_S};
}

static uint64_t rest_ns(struct patience *patience, bool is_seldom)
{
    struct now now = at_s(1000);
    patience_fail(patience, &now, &(struct setback){.kind = 1, .is_seldom = is_seldom});
    return patience->rest_until_ns - now.boot_ns;
}

static void what_passes_is_tried_after_1_s_to_60_s(void **state)
{
    (void)state;
    static const uint64_t steps_s[] = {1, 2, 4, 8, 16, 32, 60, 60};
    struct patience patience;
    patience_init(&patience, 5);
    for (size_t i = 0; i < ARRAY_SIZE(steps_s); i++)
        assert_in_range(
            rest_ns(&patience, false), steps_s[i] * NS_PER_S / 2, steps_s[i] * NS_PER_S);
}

static void what_somebody_has_to_mend_is_tried_after_1_to_10_minutes(void **state)
{
    (void)state;
    static const uint64_t steps_s[] = {60, 120, 240, 480, 600, 600};
    struct patience patience;
    patience_init(&patience, 5);
    for (size_t i = 0; i < ARRAY_SIZE(steps_s); i++)
        assert_in_range(rest_ns(&patience, true), steps_s[i] * NS_PER_S / 2, steps_s[i] * NS_PER_S);
}

static void in_a_hurry_no_rest_is_longer_than_a_second(void **state)
{
    (void)state;
    struct patience patience;
    struct now now = at_s(1000);
    patience_init(&patience, 5);
    rest_ns(&patience, true);
    assert_false(patience_is_over(&patience, &now));
    patience_hurry(&patience);
    assert_true(patience_is_over(&patience, &now));
    for (int i = 0; i < 10; i++)
        assert_in_range(rest_ns(&patience, i % 2 == 0), 1, NS_PER_S);
}

static void a_success_ends_the_rest_and_the_next_one_is_short(void **state)
{
    (void)state;
    struct patience patience;
    struct now now = at_s(1000);
    char lasted[OUTAGE_TEXT_MAX];
    patience_init(&patience, 5);
    for (int i = 0; i < 6; i++)
        rest_ns(&patience, i % 2 == 0);
    assert_true(patience_succeed(&patience, &now, lasted));
    assert_true(patience_is_over(&patience, &now));
    assert_in_range(rest_ns(&patience, false), 1, NS_PER_S);
    assert_in_range(rest_ns(&patience, true), 1, 60 * NS_PER_S);
}

static bool is_news(struct patience *patience, uint64_t s, unsigned int kind)
{
    struct now now = at_s(s);
    return patience_fail(patience, &now, &(struct setback){.kind = kind});
}

static void each_kind_is_news_once_in_an_outage(void **state)
{
    (void)state;
    struct patience patience;
    struct now end = at_s(192);
    char lasted[OUTAGE_TEXT_MAX];
    patience_init(&patience, 5);
    assert_true(is_news(&patience, 100, 0));
    assert_false(is_news(&patience, 101, 0));
    assert_true(is_news(&patience, 102, 7));
    assert_false(is_news(&patience, 103, 0));
    assert_false(is_news(&patience, 104, 7));
    assert_true(patience_succeed(&patience, &end, lasted));
    assert_string_equal(lasted, "1m32s");
    assert_false(patience_succeed(&patience, &end, lasted));
    assert_true(is_news(&patience, 200, 7));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_passes_is_tried_after_1_s_to_60_s),
        cmocka_unit_test(what_somebody_has_to_mend_is_tried_after_1_to_10_minutes),
        cmocka_unit_test(in_a_hurry_no_rest_is_longer_than_a_second),
        cmocka_unit_test(a_success_ends_the_rest_and_the_next_one_is_short),
        cmocka_unit_test(each_kind_is_news_once_in_an_outage),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
