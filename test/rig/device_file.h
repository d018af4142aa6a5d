// SPDX-License-Identifier: Apache-2.0
// The text of a device file: lines of "key: value", then "NIC statistics:" and "name: number".
#pragma once

#include <stdio.h>

#include "device.h"

struct device_fault {
    unsigned int line;
    const char *reason; // static text
};

// Fills an empty device from text. Returns 0, or -EINVAL with *ret_fault; the device then keeps
// what was read so far.
__attribute__((nonnull)) int device_file_parse(
    FILE *text, struct device *device, struct device_fault *ret_fault);
