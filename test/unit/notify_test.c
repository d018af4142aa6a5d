// SPDX-License-Identifier: Apache-2.0
// What arrives at the service manager's socket, byte for byte: sd_notify(3),
// sd_watchdog_enabled(3).
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "base.h"
#include "os/notify.h"
#include "support/service_manager.h"
#include "support/unit.h"

static int set_up(void **state)
{
    struct service_manager *manager = xcalloc(1, sizeof(*manager));
    unsetenv("WATCHDOG_USEC");
    unsetenv("WATCHDOG_PID");
    service_manager_open(manager, false);
    *state = manager;
    return 0;
}

static int tear_down(void **state)
{
    service_manager_close(*state);
    free(*state);
    return 0;
}

// That, and nothing else.
static void assert_sent(struct service_manager *manager, const char *expected)
{
    const char *text = service_manager_take(manager);
    assert_non_null(text);
    assert_string_equal(text, expected);
    assert_null(service_manager_take(manager));
}

static void every_message_has_its_text(void **state)
{
    for (size_t i = 0; i < 2; i++) { // none is the last that can be sent
        notify_ready("4 ENIs, sink agent");
        assert_sent(*state, "READY=1\nSTATUS=4 ENIs, sink agent");
        notify_stopping("2 records wait");
        assert_sent(*state, "STOPPING=1\nSTATUS=2 records wait");
        notify_alive();
        assert_sent(*state, "WATCHDOG=1");
    }
}

static void a_status_is_no_format(void **state)
{
    notify_ready("100% of %s %n");
    assert_sent(*state, "READY=1\nSTATUS=100% of %s %n");
    notify_stopping("%d");
    assert_sent(*state, "STOPPING=1\nSTATUS=%d");
}

static uint64_t monotonic_us(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000000 + (uint64_t)now.tv_nsec / 1000;
}

static void a_reload_carries_its_time(void **state)
{
    uint64_t before = monotonic_us(), at = 0;
    notify_reloading();
    uint64_t after = monotonic_us();
    const char *text = service_manager_take(*state);
    assert_non_null(text);
    assert_int_equal(sscanf(text, "RELOADING=1\nMONOTONIC_USEC=%" SCNu64, &at), 1);
    char expected[64];
    snprintf(expected, sizeof(expected), "RELOADING=1\nMONOTONIC_USEC=%" PRIu64, at);
    assert_string_equal(text, expected);
    assert_true(at >= before && at <= after);
}

static void an_abstract_address_is_as_good(void **state)
{
    struct service_manager *manager = *state, abstract;
    service_manager_open(&abstract, true);
    notify_ready("up");
    notify_alive();
    assert_string_equal(service_manager_take(&abstract), "READY=1\nSTATUS=up");
    assert_string_equal(service_manager_take(&abstract), "WATCHDOG=1");
    assert_null(service_manager_take(&abstract));
    assert_null(service_manager_take(manager));
    service_manager_close(&abstract);
}

static void say_everything(void)
{
    notify_ready("up");
    notify_reloading();
    notify_alive();
    notify_stopping("down");
}

static void without_a_service_manager_nothing_happens(void **state)
{
    unsetenv("NOTIFY_SOCKET");
    say_everything();
    assert_null(service_manager_take(*state));
}

static void a_socket_that_is_gone_is_no_harm(void **state)
{
    service_manager_close(*state);
    setenv("NOTIFY_SOCKET", "/nonexistent/notify", 1);
    say_everything();
    setenv("NOTIFY_SOCKET", "junk", 1);
    say_everything();
    service_manager_open(*state, false);
    notify_alive();
    assert_sent(*state, "WATCHDOG=1");
}

// It may hang, or be reloading itself: the loop goes on, and so does it when there is room again.
static void a_service_manager_that_does_not_read_holds_nobody_up(void **state)
{
    for (size_t i = 0; i < 5000; i++) // net.unix.max_dgram_qlen: 10, or 512 by systemd
        notify_alive();
    size_t n_sent = 0;
    while (service_manager_take(*state) != NULL)
        n_sent++;
    assert_in_range(n_sent, 1, 4999);
    notify_ready("back");
    assert_sent(*state, "READY=1\nSTATUS=back");
}

static void assert_watchdog(const char *usec, const char *pid, uint64_t expected_ns)
{
    usec != NULL ? setenv("WATCHDOG_USEC", usec, 1) : unsetenv("WATCHDOG_USEC");
    pid != NULL ? setenv("WATCHDOG_PID", pid, 1) : unsetenv("WATCHDOG_PID");
    uint64_t ns = notify_watchdog_ns();
    if (ns != expected_ns)
        fail_msg("WATCHDOG_USEC %s, WATCHDOG_PID %s: %" PRIu64, usec != NULL ? usec : "not set",
            pid != NULL ? pid : "not set", ns);
}

static void the_watchdog_is_for_the_process_that_it_names(void **state)
{
    (void)state;
    char own[16], parent[16];
    snprintf(own, sizeof(own), "%d", (int)getpid());
    snprintf(parent, sizeof(parent), "%d", (int)getppid());
    assert_watchdog(NULL, NULL, 0);
    assert_watchdog("30000000", NULL, 30 * NS_PER_S);
    assert_watchdog("30000000", own, 30 * NS_PER_S);
    assert_watchdog("1500000", own, 1500 * NS_PER_MS);
    assert_watchdog("30000000", parent, 0);
    assert_watchdog("0", NULL, 0);
    assert_watchdog("soon", own, 0);
    assert_watchdog("30000000", "us", 0);
    assert_watchdog(NULL, own, 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(every_message_has_its_text),
        TEST(a_status_is_no_format),
        TEST(a_reload_carries_its_time),
        TEST(an_abstract_address_is_as_good),
        TEST(without_a_service_manager_nothing_happens),
        TEST(a_socket_that_is_gone_is_no_harm),
        TEST(a_service_manager_that_does_not_read_holds_nobody_up),
        TEST(the_watchdog_is_for_the_process_that_it_names),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
