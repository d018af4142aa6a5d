// SPDX-License-Identifier: Apache-2.0
// When keys are renewed. Windows: botocore, RefreshableCredentials, 15 and 10 minutes.
#include <stdio.h>
#include <string.h>

#include "aws/keeper.h"
#include "support/unit.h"

#define WALL_MS   INT64_C(1795255200000)
#define MINUTE_MS INT64_C(60000)
#define HOUR_MS   (60 * MINUTE_MS)

// Answers as it was told, at once or never.
struct puppet {
    struct provider base;
    enum fetch fetch;
    int64_t life_ms;    // of the keys that it gives, from now
    int64_t expires_ms; // or when they end; 0: by the life
    bool is_lasting;
    size_t n_fetches;
    size_t n_gone;
};

static void puppet_fetch(struct provider *provider, const struct now *now)
{
    assert_true(now->boot_ns > 0);
    ((struct puppet *)provider)->n_fetches++;
}

static enum fetch puppet_work(
    struct provider *provider, const struct now *now, struct fetched *ret_fetched)
{
    struct puppet *puppet = (struct puppet *)provider;
    struct aws_keys keys = {0};
    char id[32];
    snprintf(id, sizeof(id), "AKID%zu", puppet->n_fetches);
    if (puppet->fetch == FETCH_DONE)
        assert_true(aws_keys_set(&keys, &(struct sigv4_keys){id, "s", NULL},
            puppet->expires_ms != 0 ? puppet->expires_ms : now->wall_ms + puppet->life_ms));
    *ret_fetched = (struct fetched){
        .keys = keys, .reason = "it says no", .is_lasting = puppet->is_lasting};
    return puppet->fetch;
}

static uint64_t puppet_due_ns(const struct provider *provider)
{
    (void)provider;
    return UINT64_MAX;
}

static void puppet_destroy(struct provider *provider)
{
    ((struct puppet *)provider)->n_gone++;
}

static const struct provider_ops puppet_ops = {.name = "puppet",
    .fetch = puppet_fetch,
    .work = puppet_work,
    .due_ns = puppet_due_ns,
    .destroy = puppet_destroy};
static const struct provider_ops stable_ops = {.name = "stable",
    .keeps_old = true,
    .fetch = puppet_fetch,
    .work = puppet_work,
    .due_ns = puppet_due_ns,
    .destroy = puppet_destroy};

struct bench {
    struct puppet puppet;
    struct keeper keeper;
    struct now now;
};

static int set_up(void **state)
{
    struct bench *bench = xcalloc(1, sizeof(*bench));
    bench->puppet = (struct puppet){
        .base.ops = &puppet_ops, .fetch = FETCH_DONE, .life_ms = 6 * HOUR_MS};
    bench->now = (struct now){.boot_ns = 1000 * NS_PER_S, .wall_ms = WALL_MS};
    keeper_init(&bench->keeper, &bench->puppet.base, 7);
    *state = bench;
    return 0;
}

static int tear_down(void **state)
{
    struct bench *bench = *state;
    keeper_finish(&bench->keeper);
    assert_int_equal(bench->puppet.n_gone, 1);
    free(bench);
    return 0;
}

static enum keeper_news work(struct bench *bench)
{
    return keeper_work(&bench->keeper, &bench->now);
}

static void pass(struct bench *bench, int64_t ms)
{
    bench->now.boot_ns += (uint64_t)ms * NS_PER_MS;
    bench->now.wall_ms += ms;
}

// To where it wants to be woken, and no further than `ms`. How many fetches there were.
static size_t live(struct bench *bench, int64_t ms)
{
    size_t n_before = bench->puppet.n_fetches;
    uint64_t until_ns = bench->now.boot_ns + (uint64_t)ms * NS_PER_MS;
    work(bench);
    while (keeper_due_ns(&bench->keeper) <= until_ns) {
        assert_true(keeper_due_ns(&bench->keeper) > bench->now.boot_ns);
        pass(bench,
            (int64_t)((keeper_due_ns(&bench->keeper) - bench->now.boot_ns + NS_PER_MS - 1) /
                NS_PER_MS));
        work(bench);
    }
    if (bench->now.boot_ns < until_ns)
        pass(bench, (int64_t)((until_ns - bench->now.boot_ns) / NS_PER_MS));
    work(bench);
    return bench->puppet.n_fetches - n_before;
}

static bool has_keys(const struct bench *bench)
{
    return keeper_keys(&bench->keeper) != NULL;
}

static void refuse(struct bench *bench)
{
    bench->keeper.source.refuse(&bench->keeper.source, &bench->now);
}

static void keys_are_renewed_between_15_and_10_minutes_before_their_end(void **state)
{
    (void)state;
    int64_t first_ms = INT64_MAX, last_ms = 0;
    for (uint64_t seed = 0; seed < 200; seed++) {
        struct bench *bench;
        set_up((void **)&bench);
        keeper_finish(&bench->keeper);
        bench->puppet.n_gone = 0;
        keeper_init(&bench->keeper, &bench->puppet.base, seed);
        assert_int_equal(work(bench), KEEPER_RENEWED);
        int64_t lead_ms = bench->keeper.keys.expires_ms - WALL_MS -
            (int64_t)((keeper_due_ns(&bench->keeper) - bench->now.boot_ns) / NS_PER_MS);
        assert_in_range(lead_ms, 10 * MINUTE_MS, 15 * MINUTE_MS);
        first_ms = lead_ms < first_ms ? lead_ms : first_ms;
        last_ms = lead_ms > last_ms ? lead_ms : last_ms;
        pass(bench, 6 * HOUR_MS - lead_ms - 1);
        assert_int_equal(work(bench), KEEPER_NOTHING_NEW);
        pass(bench, 1);
        assert_int_equal(work(bench), KEEPER_RENEWED);
        tear_down((void **)&bench);
    }
    // Jitter uses the window.
    assert_true(first_ms < 10 * MINUTE_MS + 30000 && last_ms > 15 * MINUTE_MS - 30000);
}

static void failures_are_borne_while_the_keys_live(void **state)
{
    struct bench *bench = *state;
    work(bench);
    bench->puppet.fetch = FETCH_FAILED;
    size_t n = live(bench, 6 * HOUR_MS - 1);
    assert_in_range(n, 10, 40); // 10 to 15 minutes of steps up to a minute
    assert_true(has_keys(bench));
    assert_string_equal(bench->keeper.trouble, "it says no");
    live(bench, 1);
    assert_false(has_keys(bench));
    bench->puppet.fetch = FETCH_DONE;
    live(bench, MINUTE_MS);
    assert_true(has_keys(bench));
    assert_null(bench->keeper.trouble);
}

static void the_end_of_keys_is_a_time_to_wake_up(void **state)
{
    struct bench *bench = *state;
    bench->puppet.life_ms = 100;
    work(bench);
    assert_true(keeper_due_ns(&bench->keeper) == bench->now.boot_ns + 100 * NS_PER_MS);
    pass(bench, 100);
    work(bench);
    assert_false(has_keys(bench));
    assert_true(keeper_due_ns(&bench->keeper) <= bench->now.boot_ns);
    assert_int_equal(work(bench), KEEPER_RENEWED);
}

static void what_keeps_old_keys_never_is_without(void **state)
{
    struct bench *bench = *state;
    bench->puppet.base.ops = &stable_ops;
    work(bench);
    bench->puppet.fetch = FETCH_FAILED;
    live(bench, 48 * HOUR_MS);
    assert_string_equal(keeper_keys(&bench->keeper)->access_key_id, "AKID1");
    bench->puppet.fetch = FETCH_NONE;
    live(bench, HOUR_MS);
    assert_string_equal(keeper_keys(&bench->keeper)->access_key_id, "AKID1");
}

// The metadata service has new keys five minutes before the end of the old ones.
static void the_same_keys_again_are_no_reason_to_hurry(void **state)
{
    struct bench *bench = *state;
    bench->puppet.base.ops = &stable_ops;
    bench->puppet.expires_ms = WALL_MS + 12 * MINUTE_MS;
    size_t n = live(bench, 7 * MINUTE_MS);
    assert_in_range(n, 2, 5);
    n = live(bench, 5 * MINUTE_MS);
    assert_in_range(n, 3, 10); // never more than every half a minute
    assert_true(has_keys(bench));
}

static void a_short_life_is_renewed_within(void **state)
{
    struct bench *bench = *state;
    bench->puppet.life_ms = 15 * MINUTE_MS; // the least that STS gives
    size_t n = live(bench, HOUR_MS);
    assert_in_range(n, 7, 17);
    assert_true(has_keys(bench));
}

static void refused_keys_are_renewed_at_once_but_not_often(void **state)
{
    struct bench *bench = *state;
    work(bench);
    live(bench, HOUR_MS);
    assert_int_equal(bench->puppet.n_fetches, 1);
    refuse(bench);
    assert_true(keeper_due_ns(&bench->keeper) <= bench->now.boot_ns);
    assert_true(has_keys(bench));
    assert_int_equal(work(bench), KEEPER_RENEWED);
    assert_string_equal(keeper_keys(&bench->keeper)->access_key_id, "AKID2");
    for (int i = 0; i < 300; i++) { // half a minute
        refuse(bench);
        work(bench);
        pass(bench, 100);
    }
    assert_in_range(bench->puppet.n_fetches, 2 + 5, 2 + 6);
}

static void refused_keys_do_not_disturb_a_rest_after_a_failure(void **state)
{
    struct bench *bench = *state;
    work(bench);
    pass(bench, HOUR_MS);
    bench->puppet.fetch = FETCH_FAILED;
    bench->puppet.is_lasting = true;
    refuse(bench);
    work(bench);
    assert_int_equal(bench->puppet.n_fetches, 2);
    for (int i = 0; i < 120; i++) { // two minutes
        refuse(bench);
        work(bench);
        pass(bench, 1000);
    }
    assert_int_equal(bench->puppet.n_fetches, 2);
}

static void a_clock_that_jumps_ahead_renews_at_once(void **state)
{
    struct bench *bench = *state;
    work(bench);
    bench->now.wall_ms += 24 * HOUR_MS;
    assert_int_equal(work(bench), KEEPER_RENEWED);
    assert_true(has_keys(bench));
}

// Set right after keys had come in its wrong time.
static void a_clock_that_is_set_back_does_not_keep_keys_too_long(void **state)
{
    struct bench *bench = *state;
    bench->puppet.base.ops = &stable_ops;
    bench->puppet.expires_ms = WALL_MS + 6 * HOUR_MS;
    bench->now.wall_ms += 24 * HOUR_MS;
    work(bench);
    assert_non_null(bench->keeper.trouble);
    bench->now.wall_ms = WALL_MS;
    assert_in_range(live(bench, 5 * HOUR_MS), 0, 1);
    bench->puppet.expires_ms = WALL_MS + 12 * HOUR_MS;
    live(bench, HOUR_MS - 10 * MINUTE_MS);
    assert_true(bench->keeper.keys.expires_ms == WALL_MS + 12 * HOUR_MS);
}

static void a_clock_that_is_set_back_and_forth_makes_no_storm(void **state)
{
    struct bench *bench = *state;
    bench->puppet.base.ops = &stable_ops;
    bench->puppet.expires_ms = WALL_MS + HOUR_MS;
    for (int i = 0; i < 600; i++) {
        bench->now.wall_ms += i % 2 == 0 ? 24 * HOUR_MS : -24 * HOUR_MS;
        pass(bench, 1000);
        work(bench);
    }
    assert_in_range(bench->puppet.n_fetches, 1, 7);
}

static void keys_that_have_ended_are_no_keys(void **state)
{
    struct bench *bench = *state;
    bench->puppet.life_ms = 0;
    assert_int_equal(work(bench), KEEPER_FAILED);
    assert_false(has_keys(bench));
    assert_non_null(strstr(bench->keeper.trouble, "clock"));
}

static void an_end_beyond_all_time_is_none(void **state)
{
    struct bench *bench = *state;
    bench->puppet.expires_ms = INT64_C(253402300799000); // the year 9999
    work(bench);
    assert_true(keeper_due_ns(&bench->keeper) == UINT64_MAX);
    refuse(bench);
    pass(bench, HOUR_MS);
    bench->puppet.expires_ms = AWS_NEVER_EXPIRES;
    assert_int_equal(work(bench), KEEPER_RENEWED);
    assert_true(keeper_due_ns(&bench->keeper) == UINT64_MAX);
    bench->now.wall_ms = -1;
    assert_int_equal(work(bench), KEEPER_NOTHING_NEW);
    refuse(bench);
    pass(bench, HOUR_MS);
    assert_int_equal(work(bench), KEEPER_RENEWED);
}

static void where_nobody_has_keys_it_asks_every_five_minutes(void **state)
{
    struct bench *bench = *state;
    bench->puppet.fetch = FETCH_NONE;
    assert_int_equal(work(bench), KEEPER_EMPTY);
    assert_in_range(live(bench, 60 * MINUTE_MS), 12, 14);
    refuse(bench);
    assert_int_equal(work(bench), KEEPER_NOTHING_NEW);
}

static void without_a_provider_there_is_nothing(void **state)
{
    struct keeper keeper;
    struct now now = {.boot_ns = 1, .wall_ms = WALL_MS};
    (void)state;
    keeper_init(&keeper, NULL, 1);
    assert_int_equal(keeper_work(&keeper, &now), KEEPER_NOTHING_NEW);
    keeper.source.refuse(&keeper.source, &now);
    assert_null(keeper.source.keys(&keeper.source));
    assert_true(keeper_due_ns(&keeper) == UINT64_MAX);
    keeper_finish(&keeper);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(keys_are_renewed_between_15_and_10_minutes_before_their_end),
        TEST(failures_are_borne_while_the_keys_live),
        TEST(the_end_of_keys_is_a_time_to_wake_up),
        TEST(what_keeps_old_keys_never_is_without),
        TEST(the_same_keys_again_are_no_reason_to_hurry),
        TEST(a_short_life_is_renewed_within),
        TEST(refused_keys_are_renewed_at_once_but_not_often),
        TEST(refused_keys_do_not_disturb_a_rest_after_a_failure),
        TEST(a_clock_that_jumps_ahead_renews_at_once),
        TEST(a_clock_that_is_set_back_does_not_keep_keys_too_long),
        TEST(a_clock_that_is_set_back_and_forth_makes_no_storm),
        TEST(keys_that_have_ended_are_no_keys),
        TEST(an_end_beyond_all_time_is_none),
        TEST(where_nobody_has_keys_it_asks_every_five_minutes),
        cmocka_unit_test(without_a_provider_there_is_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
