// SPDX-License-Identifier: Apache-2.0
// MAC addresses as IMDS writes them, there and back.
#include <string.h>

#include "base/mac.h"
#include "support/unit.h"

static const uint8_t octets[MAC_OCTETS] = {0x02, 0x0a, 0xbc, 0xde, 0xf0, 0x9f};

static void assert_refused(const char *text)
{
    uint8_t untouched[MAC_OCTETS] = {1, 2, 3, 4, 5, 6};
    uint8_t read[MAC_OCTETS] = {1, 2, 3, 4, 5, 6};
    if (mac_parse(text, read))
        fail_msg("\"%s\" is taken for an address", text);
    assert_memory_equal(read, untouched, sizeof(read));
}

static void assert_read(const char *text)
{
    uint8_t read[MAC_OCTETS] = {0};
    assert_true(mac_parse(text, read));
    assert_memory_equal(read, octets, sizeof(read));
}

static void an_address_is_written_in_lower_case_with_colons(void **state)
{
    (void)state;
    char text[MAC_TEXT_MAX];
    mac_format(octets, text);
    assert_string_equal(text, "02:0a:bc:de:f0:9f");
}

static void every_octet_has_two_digits(void **state)
{
    (void)state;
    char text[MAC_TEXT_MAX];
    mac_format((const uint8_t[MAC_OCTETS]){0}, text);
    assert_string_equal(text, "00:00:00:00:00:00");
    mac_format((const uint8_t[MAC_OCTETS]){255, 255, 255, 255, 255, 255}, text);
    assert_string_equal(text, "ff:ff:ff:ff:ff:ff");
}

static void either_case_is_read(void **state)
{
    (void)state;
    assert_read("02:0a:bc:de:f0:9f");
    assert_read("02:0A:BC:DE:F0:9F");
    assert_read("02:0a:Bc:dE:f0:9F");
}

static void all_octets_come_back(void **state)
{
    (void)state;
    for (unsigned int i = 0; i < 256; i++) {
        uint8_t written[MAC_OCTETS], read[MAC_OCTETS] = {0};
        for (unsigned int k = 0; k < MAC_OCTETS; k++)
            written[k] = (uint8_t)(i + 37 * k);
        char text[MAC_TEXT_MAX];
        mac_format(written, text);
        assert_true(mac_parse(text, read));
        assert_memory_equal(read, written, sizeof(read));
    }
}

static void anything_else_is_refused_and_nothing_is_written(void **state)
{
    (void)state;
    static const char *const texts[] = {"", "0", "02:0a:bc:de:f0", "02:0a:bc:de:f0:9",
        "02:0a:bc:de:f0:9f:", "02:0a:bc:de:f0:9f:00", "02-0a-bc-de-f0-9f", "020abcdef09f",
        "02:0a:bc:de:f0:9g", "g2:0a:bc:de:f0:9f", " 2:0a:bc:de:f0:9f", "02:0a:bc:de:f0:9 ",
        "02:0a:bc:de:f0.9f", "2:0a:bc:de:f0:9f:", "02:0a:bc:de:f0: 9", "+2:0a:bc:de:f0:9f",
        "0x:0a:bc:de:f0:9f", "02:0a:bc::de:f0:9", "02:0a:bc:de:f0:\xc3\xa9", "0:20:ab:cd:ef:09",
        "02:0a:bc:de:f0:9f\n", " 02:0a:bc:de:f0:9f"};
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
        assert_refused(texts[i]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_address_is_written_in_lower_case_with_colons),
        cmocka_unit_test(every_octet_has_two_digits),
        cmocka_unit_test(either_case_is_read),
        cmocka_unit_test(all_octets_come_back),
        cmocka_unit_test(anything_else_is_refused_and_nothing_is_written),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
