// SPDX-License-Identifier: Apache-2.0
// How often a slow device is read. Design: when an ENI's mean read time over the last 60 ticks
// passes the budget that one is read less often, ten times at most. Strides are by hand; here the
// budget is that of the default: 5 % of a second. Ticks count from 1.
#include "base.h"
#include "flow/pace.h"
#include "unit/dice.h"

#define BUDGET_NS (50 * NS_PER_MS)
#define HANG_NS   (3 * NS_PER_S) // ADMIN_CMD_TIMEOUT_US of the driver

#define BUDGETS(n) ((uint64_t)((n) * (double)BUDGET_NS + 0.5))

struct device {
    struct pace pace;
    uint32_t tick;
};

static struct device start(void)
{
    struct device device = {.tick = 0};
    pace_init(&device.pace, BUDGET_NS);
    return device;
}

// A tick; true when the device was read in it, which took so long.
static bool tick(struct device *device, uint64_t read_ns)
{
    device->tick++;
    if (!pace_is_due(&device->pace))
        return false;
    pace_note(&device->pace, read_ns);
    return true;
}

// Ticks until the next read, which takes so long.
static uint32_t next_read(struct device *device, uint64_t read_ns)
{
    uint32_t before = device->tick;
    while (!tick(device, read_ns))
        if (device->tick - before > PACE_MAX_STRIDE)
            fail_msg("not read after tick %u", before);
    return device->tick - before;
}

static void assert_strides(
    struct device *device, uint64_t read_ns, const uint32_t *strides, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        uint32_t stride = next_read(device, read_ns);
        if (stride != strides[i])
            fail_msg("read %zu, at tick %u, comes after %u ticks", i + 1, device->tick, stride);
    }
}

#define ASSERT_STRIDES(device, read_ns, ...)                                                       \
    assert_strides(device, read_ns, (const uint32_t[]){__VA_ARGS__},                               \
        ARRAY_SIZE(((const uint32_t[]){__VA_ARGS__})))

static void assert_steady(struct device *device, uint64_t read_ns, uint32_t stride)
{
    for (int i = 0; i < 200; i++)
        assert_int_equal(next_read(device, read_ns), stride);
}

static void a_device_is_read_in_the_first_tick(void **state)
{
    (void)state;
    struct device device = start();
    assert_true(tick(&device, 0));
}

static void within_the_budget_every_tick_has_its_read(void **state)
{
    (void)state;
    static const uint64_t times_ns[] = {0, 1, 200000, BUDGET_NS / 2, BUDGETS(1)};
    for (size_t i = 0; i < ARRAY_SIZE(times_ns); i++) {
        struct device device = start();
        assert_steady(&device, times_ns[i], 1);
    }
}

static void a_little_over_the_budget_is_every_other_tick(void **state)
{
    (void)state;
    struct device device = start();
    // The mean is of six reads at least: the sixth makes it pass the budget.
    ASSERT_STRIDES(&device, BUDGETS(1.01), 1, 1, 1, 1, 1, 1);
    assert_steady(&device, BUDGETS(1.01), 2);
}

static void twice_the_budget_is_every_other_tick(void **state)
{
    (void)state;
    struct device device = start();
    // Means of 2, 4, 6, 8, 10, 12 budgets over six reads: 8/6 and up round up to 2.
    ASSERT_STRIDES(&device, BUDGETS(2), 1, 1, 1, 1, 2, 2);
    assert_steady(&device, BUDGETS(2), 2);
}

static void two_and_a_half_budgets_are_every_third_tick(void **state)
{
    (void)state;
    struct device device = start();
    // Means over six reads: 2.5/6, 5/6, 7.5/6, 10/6, 12.5/6, 15/6.
    ASSERT_STRIDES(&device, BUDGETS(2.5), 1, 1, 1, 2, 2, 3, 3);
    assert_steady(&device, BUDGETS(2.5), 3);
}

static void thirty_budgets_are_every_tenth_tick(void **state)
{
    (void)state;
    struct device device = start();
    ASSERT_STRIDES(&device, BUDGETS(30), 1, 5, 10, 10); // 30/6, 60/6, and never less often
    assert_steady(&device, BUDGETS(30), 10);
}

static void however_long_reads_take_the_tenth_tick_has_one(void **state)
{
    (void)state;
    // The last but one is 2^32 microseconds.
    static const uint64_t times_ns[] = {
        HANG_NS, 3600 * NS_PER_S, UINT64_C(4294967296000) - 1, UINT64_MAX};
    for (size_t i = 0; i < ARRAY_SIZE(times_ns); i++) {
        struct device device = start();
        assert_int_equal(next_read(&device, times_ns[i]), 1);
        assert_steady(&device, times_ns[i], 10);
    }
}

// 59 reads of half a millisecond and one of 3 s are 50.5 ms on average.
static void one_hang_of_a_quiet_device_halves_its_reads_for_sixty_ticks(void **state)
{
    (void)state;
    struct device device = start();
    assert_steady(&device, NS_PER_MS / 2, 1);
    assert_true(tick(&device, HANG_NS));
    for (int i = 1; i <= PACE_TICKS; i++)
        assert_int_equal(tick(&device, NS_PER_MS / 2), i % 2 == 0);
    assert_steady(&device, NS_PER_MS / 2, 1);
}

// 2.95 s and 59 reads of 0.5 ms: 49.7 ms on average.
static void a_hang_that_the_mean_can_bear_changes_nothing(void **state)
{
    (void)state;
    struct device device = start();
    assert_steady(&device, NS_PER_MS / 2, 1);
    assert_true(tick(&device, 2950 * NS_PER_MS));
    assert_steady(&device, NS_PER_MS / 2, 1);
}

// Its 3 s count as a mean of 500 ms over six reads.
static void a_device_that_hangs_at_once_is_read_five_times_in_the_next_sixty_ticks(void **state)
{
    (void)state;
    struct device device = start();
    assert_true(tick(&device, HANG_NS));
    ASSERT_STRIDES(&device, NS_PER_MS, 10, 10, 10, 10, 10, 10);
    assert_steady(&device, NS_PER_MS, 1);
}

static void a_device_that_was_slow_for_long_is_back_within_sixty_ticks(void **state)
{
    (void)state;
    struct device device = start();
    for (int i = 0; i < 50; i++)
        next_read(&device, HANG_NS);
    uint32_t recovered_at = device.tick;
    // While one of its reads of 3 s is in the last 60 ticks it stands for a mean of 500 ms.
    ASSERT_STRIDES(&device, NS_PER_MS, 10, 10, 10, 10, 10, 10);
    assert_int_equal(device.tick - recovered_at, PACE_TICKS);
    assert_steady(&device, NS_PER_MS, 1);
}

// One that failed ten times rests for some seconds though it is its turn.
static void a_turn_that_is_not_taken_costs_nothing_and_comes_again(void **state)
{
    (void)state;
    struct device device = start();
    assert_int_equal(next_read(&device, HANG_NS), 1);
    for (int i = 1; i <= 30; i++)
        assert_int_equal(pace_is_due(&device.pace), i % 10 == 0);
    assert_int_equal(pace_mean_us(&device.pace), 3000000);
    for (int i = 31; i <= PACE_TICKS; i++)
        pace_is_due(&device.pace);
    assert_int_equal(pace_mean_us(&device.pace), 0);
}

static void the_mean_is_of_the_reads_of_sixty_ticks(void **state)
{
    (void)state;
    struct device device = start();
    assert_true(tick(&device, BUDGETS(0.6)));
    assert_int_equal(pace_mean_us(&device.pace), 30000);
    for (int i = 2; i <= 12; i++)
        assert_true(tick(&device, BUDGETS(0.6)));
    assert_int_equal(pace_mean_us(&device.pace), 30000);
    for (int i = 0; i < 30; i++)
        assert_true(tick(&device, BUDGETS(0.2)));
    assert_int_equal(pace_mean_us(&device.pace), (12 * 30000 + 30 * 10000) / 42);
    for (int i = 0; i < 30; i++)
        assert_true(tick(&device, BUDGETS(0.2)));
    assert_int_equal(pace_mean_us(&device.pace), 10000);
}

static void a_budget_of_nothing_is_a_microsecond(void **state)
{
    (void)state;
    struct pace pace;
    pace_init(&pace, 0);
    for (int i = 0; i < 100; i++) {
        assert_true(pace_is_due(&pace));
        pace_note(&pace, 0);
    }
}

static void a_budget_without_end_is_never_passed(void **state)
{
    (void)state;
    // The second is a microsecond beyond 2^32 of them.
    static const uint64_t budgets_ns[] = {UINT64_MAX, UINT64_C(4294967297000)};
    for (size_t i = 0; i < ARRAY_SIZE(budgets_ns); i++) {
        struct pace pace;
        pace_init(&pace, budgets_ns[i]);
        for (int k = 0; k < 100; k++) {
            assert_true(pace_is_due(&pace));
            pace_note(&pace, HANG_NS);
        }
    }
}

// The plain model: every tick since the start in an array, and the mean counted anew at each read.
#define MODEL_TICKS 5000

struct model {
    uint64_t read_us[MODEL_TICKS + 1]; // 0: no read
    uint32_t tick, turn_at;
    uint64_t budget_us;
    uint32_t stride;
};

static bool model_is_due(struct model *model)
{
    model->tick++;
    if (model->tick - model->turn_at < model->stride)
        return false;
    model->turn_at = model->tick;
    return true;
}

static void model_note(struct model *model, uint64_t read_us)
{
    uint64_t total_us = 0, n_reads = 0;
    model->read_us[model->tick] = read_us;
    for (uint32_t i = 0; i < 60 && i < model->tick; i++) {
        total_us += model->read_us[model->tick - i];
        n_reads += model->read_us[model->tick - i] > 0;
    }
    uint64_t allowed_us = model->budget_us * (n_reads > 6 ? n_reads : 6);
    model->stride = 1;
    while (model->stride < 10 && allowed_us * model->stride < total_us)
        model->stride++;
}

// Mostly quick; for some time now and then slow; now and then a hang.
static uint64_t random_read_us(struct dice *dice, uint64_t budget_us, bool is_slow)
{
    if (dice_below(dice, 100) == 0)
        return 3000000;
    return 1 + dice_below(dice, is_slow ? 20 * budget_us : budget_us);
}

static void what_is_due_is_what_a_plain_count_says(void **state)
{
    (void)state;
    struct dice dice;
    dice_init(&dice);
    for (int round = 0; round < 20; round++) {
        struct model *model = test_calloc(1, sizeof(*model));
        struct pace pace;
        bool is_slow = false;
        model->budget_us = 1 + dice_below(&dice, 100000);
        model->stride = 1;
        pace_init(&pace, model->budget_us * 1000);
        for (int i = 0; i < MODEL_TICKS; i++) {
            is_slow ^= dice_below(&dice, 150) == 0;
            bool is_due = pace_is_due(&pace);
            assert_int_equal(is_due, model_is_due(model));
            if (!is_due || dice_below(&dice, 20) == 0)
                continue;
            uint64_t read_us = random_read_us(&dice, model->budget_us, is_slow);
            pace_note(&pace, read_us * 1000);
            model_note(model, read_us);
        }
        test_free(model);
    }
}

static void a_read_that_takes_just_the_budget_is_within_it(void **state)
{
    (void)state;
    struct pace pace;
    pace_init(&pace, 50 * NS_PER_MS);
    for (int i = 0; i < 100; i++) {
        assert_true(pace_is_due(&pace));
        pace_note(&pace, 50 * NS_PER_MS);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_device_is_read_in_the_first_tick),
        cmocka_unit_test(within_the_budget_every_tick_has_its_read),
        cmocka_unit_test(a_little_over_the_budget_is_every_other_tick),
        cmocka_unit_test(twice_the_budget_is_every_other_tick),
        cmocka_unit_test(two_and_a_half_budgets_are_every_third_tick),
        cmocka_unit_test(thirty_budgets_are_every_tenth_tick),
        cmocka_unit_test(however_long_reads_take_the_tenth_tick_has_one),
        cmocka_unit_test(one_hang_of_a_quiet_device_halves_its_reads_for_sixty_ticks),
        cmocka_unit_test(a_hang_that_the_mean_can_bear_changes_nothing),
        cmocka_unit_test(a_device_that_hangs_at_once_is_read_five_times_in_the_next_sixty_ticks),
        cmocka_unit_test(a_device_that_was_slow_for_long_is_back_within_sixty_ticks),
        cmocka_unit_test(a_turn_that_is_not_taken_costs_nothing_and_comes_again),
        cmocka_unit_test(the_mean_is_of_the_reads_of_sixty_ticks),
        cmocka_unit_test(a_budget_of_nothing_is_a_microsecond),
        cmocka_unit_test(a_budget_without_end_is_never_passed),
        cmocka_unit_test(what_is_due_is_what_a_plain_count_says),
        cmocka_unit_test(a_read_that_takes_just_the_budget_is_within_it),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
