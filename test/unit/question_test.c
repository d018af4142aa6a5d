// SPDX-License-Identifier: Apache-2.0
// When a question is asked again. The expected times are those of the issue, added up by hand.
#include "identity/question.h"
#include "support/unit.h"

#define SINCE_S UINT64_C(1000)

static struct now at_s(uint64_t s)
{
    return (struct now){.boot_ns = s * NS_PER_S};
}

static struct question_span span_of(uint64_t wait_s)
{
    return (struct question_span){SINCE_S * NS_PER_S, (SINCE_S + wait_s) * NS_PER_S};
}

// Asks whenever it is due; returns the time of the next try, in seconds since the start.
static uint64_t next_s(struct question *question, const struct question_span *span, uint64_t now_s)
{
    struct now now = at_s(SINCE_S + now_s);
    question_repeat(question, span, &now);
    assert_int_equal(question->due_ns % NS_PER_S, 0);
    return question->due_ns / NS_PER_S - SINCE_S;
}

static void a_new_question_is_due_at_once(void **state)
{
    (void)state;
    struct question question = {0};
    assert_int_equal(question.due_ns, 0);
}

static void in_the_first_minute_it_is_asked_every_two_seconds(void **state)
{
    (void)state;
    struct question question = {0};
    struct question_span span = span_of(300);
    for (uint64_t s = 0; s < 60; s += 2)
        assert_int_equal(next_s(&question, &span, s), s + 2);
}

static void then_ever_more_seldom_until_the_wait_is_over(void **state)
{
    (void)state;
    static const uint64_t tries_s[] = {64, 72, 88, 120, 180, 240, 300, 1200, 2100, 3000};
    struct question question = {0};
    struct question_span span = span_of(300);
    uint64_t s = 0;
    while (s < 60)
        s = next_s(&question, &span, s);
    assert_int_equal(s, 60);
    for (size_t i = 0; i < ARRAY_SIZE(tries_s); i++) {
        s = next_s(&question, &span, s);
        assert_int_equal(s, tries_s[i]);
    }
}

static void the_first_minute_does_not_depend_on_the_wait(void **state)
{
    (void)state;
    static const uint64_t waits_s[] = {0, 1, 10};
    for (size_t i = 0; i < ARRAY_SIZE(waits_s); i++) {
        struct question question = {0};
        struct question_span span = span_of(waits_s[i]);
        for (uint64_t s = 0; s < 60; s += 2)
            assert_int_equal(next_s(&question, &span, s), s + 2);
        assert_int_equal(next_s(&question, &span, 60), 60 + 900);
    }
}

static void a_question_that_comes_late_begins_with_two_seconds(void **state)
{
    (void)state;
    struct question question = {0};
    struct question_span span = span_of(300);
    assert_int_equal(next_s(&question, &span, 100), 102);
    assert_int_equal(next_s(&question, &span, 102), 106);
}

static void an_hour_of_a_key_that_never_comes_is_a_handful(void **state)
{
    (void)state;
    struct question question = {0};
    struct question_span span = span_of(300);
    size_t n = 0, n_later = 0;
    for (uint64_t s = 0; s < 3 * 3600; n++, n_later += s >= 3600)
        s = next_s(&question, &span, s);
    // 30 in the first minute, 7 until the wait is over, then 4 an hour.
    assert_int_equal(n_later, 2 * 4 + 1);
    assert_in_range(n, 30 + 7 + 11, 30 + 7 + 13);
}

static void the_more_urgent_comes_first_and_the_first_of_two_alike(void **state)
{
    (void)state;
    struct question early = {.due_ns = 1}, late = {.due_ns = 2}, alike = {.due_ns = 1};
    assert_ptr_equal(question_first(&early, &late), &early);
    assert_ptr_equal(question_first(&late, &early), &early);
    assert_ptr_equal(question_first(&early, &alike), &early);
    assert_ptr_equal(question_first(&alike, &early), &alike);
    assert_ptr_equal(question_first(NULL, &late), &late);
    assert_ptr_equal(question_first(&late, NULL), &late);
    assert_null(question_first(NULL, NULL));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_new_question_is_due_at_once),
        cmocka_unit_test(in_the_first_minute_it_is_asked_every_two_seconds),
        cmocka_unit_test(then_ever_more_seldom_until_the_wait_is_over),
        cmocka_unit_test(the_first_minute_does_not_depend_on_the_wait),
        cmocka_unit_test(a_question_that_comes_late_begins_with_two_seconds),
        cmocka_unit_test(an_hour_of_a_key_that_never_comes_is_a_handful),
        cmocka_unit_test(the_more_urgent_comes_first_and_the_first_of_two_alike),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
