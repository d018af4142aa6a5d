// SPDX-License-Identifier: Apache-2.0
// Which URLs have a place worth remembering, and how many are.
#include <stdio.h>
#include <string.h>

#include "base.h"
#include "os/http_address.h"
#include "support/unit.h"

static void the_place_of_a_url_is_its_host_and_port(void **state)
{
    (void)state;
    static const struct {
        const char *url, *place;
        unsigned int port;
    } cases[] = {
        {"https://monitoring.eu-west-1.amazonaws.com", "monitoring.eu-west-1.amazonaws.com:443",
            443},
        {"https://host.test:8443/path?a=b:1", "host.test:8443", 8443},
        {"HTTPS://user:word@host.test/", "host.test:443", 443},
    };
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        scoped_free char *place = http_place(cases[i].url);
        assert_string_equal(place, cases[i].place);
        assert_int_equal(http_place_port(place), cases[i].port);
    }
}

// An address resolves to itself, and without TLS nobody knows who answers at an old one.
static void what_needs_no_resolving_or_has_no_tls_has_no_place(void **state)
{
    (void)state;
    static const char *const urls[] = {"https://192.0.2.1/", "https://192.0.2.1:8443/",
        "https://[2001:db8::1]/", "https://[2001:db8::1]:8443/", "http://host.test/",
        "http://host.test:443/", "", "host.test", "https://", "https://host.test:99999/"};
    for (size_t i = 0; i < ARRAY_SIZE(urls); i++)
        assert_null(http_place(urls[i]));
}

static void a_place_is_found_at_its_last_address_in_whatever_case(void **state)
{
    (void)state;
    struct http_addresses addresses = {0};
    assert_null(http_addresses_find(&addresses, "host.test:443"));
    http_addresses_remember(&addresses, "host.test:443", "192.0.2.1");
    http_addresses_remember(&addresses, "host.test:8443", "192.0.2.2");
    http_addresses_remember(&addresses, "Host.Test:443", "2001:db8:1111:2222:3333:4444:5555:6666");
    assert_string_equal(
        http_addresses_find(&addresses, "HOST.test:443"), "2001:db8:1111:2222:3333:4444:5555:6666");
    assert_string_equal(http_addresses_find(&addresses, "host.test:8443"), "192.0.2.2");
    assert_null(http_addresses_find(&addresses, "other.test:443"));
    assert_null(http_addresses_find(&addresses, "host.test:4"));
    http_addresses_finish(&addresses);
}

static void what_is_remembered_is_a_copy(void **state)
{
    (void)state;
    struct http_addresses addresses = {0};
    char place[] = "host.test:443", ip[] = "192.0.2.1";
    http_addresses_remember(&addresses, place, ip);
    memset(place, 'x', strlen(place));
    memset(ip, 'x', strlen(ip));
    assert_string_equal(http_addresses_find(&addresses, "host.test:443"), "192.0.2.1");
    http_addresses_finish(&addresses);
}

// A place that is known already takes no room of another.
static void the_oldest_of_eight_places_makes_room(void **state)
{
    (void)state;
    struct http_addresses addresses = {0};
    char place[32];
    for (int i = 0; i < 8; i++) {
        snprintf(place, sizeof(place), "host%d.test:443", i);
        http_addresses_remember(&addresses, place, "192.0.2.1");
        http_addresses_remember(&addresses, place, "192.0.2.2");
    }
    for (int i = 0; i < 8; i++) {
        snprintf(place, sizeof(place), "host%d.test:443", i);
        assert_string_equal(http_addresses_find(&addresses, place), "192.0.2.2");
    }
    http_addresses_remember(&addresses, "ninth.test:443", "192.0.2.9");
    assert_string_equal(http_addresses_find(&addresses, "ninth.test:443"), "192.0.2.9");
    assert_null(http_addresses_find(&addresses, "host0.test:443"));
    assert_non_null(http_addresses_find(&addresses, "host1.test:443"));
    http_addresses_finish(&addresses);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_place_of_a_url_is_its_host_and_port),
        cmocka_unit_test(what_needs_no_resolving_or_has_no_tls_has_no_place),
        cmocka_unit_test(a_place_is_found_at_its_last_address_in_whatever_case),
        cmocka_unit_test(what_is_remembered_is_a_copy),
        cmocka_unit_test(the_oldest_of_eight_places_makes_room),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
