// SPDX-License-Identifier: Apache-2.0
// MAC addresses to and from text.
#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "base/mac.h"

void mac_format(const uint8_t octets[static MAC_OCTETS], char ret_text[static MAC_TEXT_MAX])
{
    snprintf(ret_text, MAC_TEXT_MAX, "%02x:%02x:%02x:%02x:%02x:%02x", octets[0], octets[1],
        octets[2], octets[3], octets[4], octets[5]);
}

static int hex_digit(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    c = (char)tolower((unsigned char)c);
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

bool mac_parse(const char *text, uint8_t ret_octets[static MAC_OCTETS])
{
    uint8_t octets[MAC_OCTETS];
    if (strlen(text) != MAC_TEXT_MAX - 1)
        return false;
    for (size_t i = 0; i < MAC_OCTETS; i++) {
        int high = hex_digit(text[3 * i]), low = hex_digit(text[3 * i + 1]);
        char after = text[3 * i + 2];
        if (high < 0 || low < 0 || after != (i + 1 < MAC_OCTETS ? ':' : '\0'))
            return false;
        octets[i] = (uint8_t)(high * 16 + low);
    }
    memcpy(ret_octets, octets, sizeof(octets));
    return true;
}
