// SPDX-License-Identifier: Apache-2.0
// MAC addresses as text: lower case, colons, as IMDS writes them.
#pragma once

#include <stdbool.h>
#include <stdint.h>

#define MAC_OCTETS   6
#define MAC_TEXT_MAX 18 // "02:00:00:00:00:01" and its terminator

void mac_format(const uint8_t octets[static MAC_OCTETS], char ret_text[static MAC_TEXT_MAX]);
// Takes either case; false, and nothing written, for anything but six pairs apart by colons.
bool mac_parse(const char *text, uint8_t ret_octets[static MAC_OCTETS]);
