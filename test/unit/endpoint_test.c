// SPDX-License-Identifier: Apache-2.0
// Where the agent listens: what one may write. Names become addresses in agent_lookup_test.c.
#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>

#include "sink/agent_endpoint.h"
#include "sink/agent_lookup.h"
#include "support/unit.h"

struct good {
    const char *text;
    bool is_udp, is_literal;
    const char *host, *port;
};

static void good_endpoints_are_read(void **state)
{
    (void)state;
    static const struct good cases[] = {
        {"tcp://127.0.0.1:25888", false, true, "127.0.0.1", "25888"},
        {"udp://127.0.0.1:25888", true, true, "127.0.0.1", "25888"},
        {"tcp://[::1]:25888", false, true, "::1", "25888"},
        {"udp://[fd00:ec2::254]:1", true, true, "fd00:ec2::254", "1"},
        {"tcp://[::ffff:127.0.0.1]:2", false, true, "::ffff:127.0.0.1", "2"},
        {"tcp://localhost:65535", false, false, "localhost", "65535"},
        {"tcp://cloudwatch-agent.amazon-cloudwatch:25888", false, false,
            "cloudwatch-agent.amazon-cloudwatch", "25888"},
        {"udp://a_b.c-d.e0:080", true, false, "a_b.c-d.e0", "80"},
        {"tcp://10.example.:7", false, false, "10.example.", "7"},
    };
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        struct agent_endpoint endpoint;
        assert_true(agent_endpoint_parse(cases[i].text, &endpoint));
        assert_int_equal(endpoint.is_udp, cases[i].is_udp);
        assert_int_equal(endpoint.is_literal, cases[i].is_literal);
        assert_string_equal(endpoint.host, cases[i].host);
        assert_string_equal(endpoint.port, cases[i].port);
        assert_null(agent_endpoint_check(NULL, cases[i].text));
    }
}

static void bad_endpoints_are_refused_with_what_is_allowed(void **state)
{
    (void)state;
    static const char *const cases[] = {"", "tcp", "tcp://", "tcp://:25888", "tcp://127.0.0.1",
        "tcp://127.0.0.1:", "tcp://127.0.0.1:0", "tcp://127.0.0.1:65536", "tcp://127.0.0.1:-1",
        "tcp://127.0.0.1:+1", "tcp://127.0.0.1: 1", "tcp://127.0.0.1:1 ", "tcp://127.0.0.1:1/",
        "tcp://127.0.0.1:99999999999999999999", "tcp:127.0.0.1:25888", "127.0.0.1:25888",
        "TCP://127.0.0.1:25888", "http://127.0.0.1:25888", "unix:///run/agent", "tcp://::1:25888",
        "tcp://[::1:25888", "tcp://::1]:25888", "tcp://[::1]25888", "tcp://[]:25888",
        "tcp://[127.0.0.1]:25888", "tcp://[localhost]:1", "tcp://[fe80::1%eth0]:1",
        "tcp://127.1:25888", "tcp://256.0.0.1:1", "tcp://1.2.3.4.5:1", "tcp://0x7f000001:1",
        "tcp://-host:1", "tcp://a host:1", "tcp://a\nb:1", "tcp://user@host:1",
        "tcp://h\xc3\xb6st:1"};
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        struct agent_endpoint endpoint = {.host = "untouched"};
        assert_false(agent_endpoint_parse(cases[i], &endpoint));
        assert_string_equal(endpoint.host, "untouched");
        assert_string_equal(agent_endpoint_check(NULL, cases[i]),
            "tcp://host:port or udp://host:port, IPv6 literals in brackets, port 1 to 65535");
    }
}

static void a_host_has_at_most_253_characters(void **state)
{
    (void)state;
    struct agent_endpoint endpoint;
    char host[256], text[300];
    memset(host, 'h', sizeof(host));
    host[253] = '\0';
    snprintf(text, sizeof(text), "tcp://%s:1", host);
    assert_true(agent_endpoint_parse(text, &endpoint));
    assert_string_equal(endpoint.host, host);
    snprintf(text, sizeof(text), "tcp://h%s:1", host);
    assert_false(agent_endpoint_parse(text, &endpoint));
}

static struct agent_endpoint parsed(const char *text)
{
    struct agent_endpoint endpoint;
    assert_true(agent_endpoint_parse(text, &endpoint));
    return endpoint;
}

static void a_literal_is_its_own_address(void **state)
{
    (void)state;
    struct agent_addresses addresses;
    struct agent_endpoint endpoint = parsed("tcp://127.0.0.1:25888");
    assert_int_equal(agent_lookup_literal(&endpoint, &addresses), 0);
    assert_int_equal(addresses.n, 1);
    struct sockaddr_in four;
    memcpy(&four, &addresses.list[0].bytes, sizeof(four));
    assert_int_equal(four.sin_family, AF_INET);
    assert_int_equal(ntohl(four.sin_addr.s_addr), INADDR_LOOPBACK);
    assert_int_equal(ntohs(four.sin_port), 25888);

    endpoint = parsed("udp://[::1]:9");
    assert_int_equal(agent_lookup_literal(&endpoint, &addresses), 0);
    assert_int_equal(addresses.n, 1);
    struct sockaddr_in6 six;
    memcpy(&six, &addresses.list[0].bytes, sizeof(six));
    assert_int_equal(six.sin6_family, AF_INET6);
    assert_memory_equal(&six.sin6_addr, &in6addr_loopback, sizeof(in6addr_loopback));
    assert_int_equal(ntohs(six.sin6_port), 9);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(good_endpoints_are_read),
        cmocka_unit_test(bad_endpoints_are_refused_with_what_is_allowed),
        cmocka_unit_test(a_host_has_at_most_253_characters),
        cmocka_unit_test(a_literal_is_its_own_address),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
