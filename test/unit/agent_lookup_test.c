// SPDX-License-Identifier: Apache-2.0
// Names to addresses, in the resolver's own thread. Apart from endpoint_test.c because valgrind
// complains about how glibc ends that thread.
#include <netinet/in.h>
#include <poll.h>
#include <string.h>

#include "sink/agent_lookup.h"
#include "support/unit.h"

// A label has at most 63 characters (RFC 1035, 2.3.4), so the resolver refuses this one without
// asking a name server.
#define NAME_TOO_LONG_TO_ASK                                                                       \
    "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"

static struct agent_endpoint parsed(const char *text)
{
    struct agent_endpoint endpoint;
    assert_true(agent_endpoint_parse(text, &endpoint));
    return endpoint;
}

static int poll_until_done(
    struct agent_lookup *lookup, struct agent_addresses *addresses, const char **reason)
{
    int r = LOOKUP_BUSY;
    for (int i = 0; i < 3000 && r == LOOKUP_BUSY; i++) {
        r = agent_lookup_poll(lookup, addresses, reason);
        if (r == LOOKUP_BUSY)
            poll(NULL, 0, 10);
    }
    return r;
}

static void a_name_is_resolved_while_others_work(void **state)
{
    (void)state;
    struct agent_addresses addresses = {0};
    struct agent_endpoint endpoint = parsed("tcp://localhost:25888");
    const char *reason = NULL;
    struct agent_lookup *lookup = agent_lookup_create(&endpoint);
    assert_non_null(lookup);
    assert_int_equal(poll_until_done(lookup, &addresses, &reason), 0);
    assert_true(addresses.n >= 1);
    for (size_t i = 0; i < addresses.n; i++)
        assert_true(addresses.list[i].n_bytes >= sizeof(struct sockaddr_in));
    agent_lookup_destroy(lookup);
}

static void a_failed_lookup_says_why_and_leaves_the_addresses(void **state)
{
    (void)state;
    struct agent_addresses addresses = {.n = 3};
    struct agent_endpoint endpoint = parsed("tcp://" NAME_TOO_LONG_TO_ASK ":1");
    const char *reason = NULL;
    struct agent_lookup *lookup = agent_lookup_create(&endpoint);
    assert_non_null(lookup);
    assert_int_equal(poll_until_done(lookup, &addresses, &reason), LOOKUP_FAILED);
    assert_true(strlen(reason) > 0);
    assert_int_equal(addresses.n, 3);
    agent_lookup_destroy(lookup);
}

// What a name server is being asked when its lookup is dropped is left behind on purpose: see
// agent_lookup_destroy(). Read by the leak sanitizer where there is one.
const char *__lsan_default_suppressions(void);
const char *__lsan_default_suppressions(void)
{
    return "leak:agent_lookup_create";
}

static void a_lookup_can_be_dropped_at_any_time(void **state)
{
    (void)state;
    struct agent_endpoint endpoint = parsed("tcp://localhost:25888");
    for (int i = 0; i < 50; i++)
        agent_lookup_destroy(agent_lookup_create(&endpoint));
    agent_lookup_destroy(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_name_is_resolved_while_others_work),
        cmocka_unit_test(a_failed_lookup_says_why_and_leaves_the_addresses),
        cmocka_unit_test(a_lookup_can_be_dropped_at_any_time),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
