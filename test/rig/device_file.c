// SPDX-License-Identifier: Apache-2.0
// Parses a device file. Below "NIC statistics:" it is what `ethtool -S` prints, so a capture from a
// real machine can be pasted; \xNN and \\ in a name stand for bytes that text cannot hold.
#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "device_file.h"

enum { MAX_ERRNO = 4095, MAX_LATENCY_MS = 600000 };

static const char command_names[DEVICE_N_COMMANDS][12] = {
    "GDRVINFO", "GSSET_INFO", "GSTRINGS", "GSTATS"};

// The parsers of one value return NULL, or what is wrong with it.

static const char *parse_number(const char *text, uint64_t max, uint64_t *ret_number)
{
    char *end;
    if (!isdigit((unsigned char)text[0]))
        return "expected a number";
    errno = 0;
    unsigned long long number = strtoull(text, &end, 10);
    if (*end)
        return "expected a number and nothing behind it";
    if (errno || number > max)
        return "number out of range";
    *ret_number = number;
    return NULL;
}

static const char *parse_text(const char *text, char to[static DEVICE_TEXT_BYTES])
{
    size_t n = strlen(text);
    if (n >= DEVICE_TEXT_BYTES)
        return "longer than 31 bytes";
    memcpy(to, text, n + 1);
    return NULL;
}

static const char *parse_errno(const char *text, int *ret_errno)
{
    uint64_t number;
    const char *fault = parse_number(text, MAX_ERRNO, &number);
    if (!fault)
        *ret_errno = (int)number;
    return fault;
}

static const char *parse_errno_of(const char *command, const char *text, struct device *device)
{
    for (size_t i = 0; i < DEVICE_N_COMMANDS; i++) {
        if (strcmp(command_names[i], command) == 0)
            return parse_errno(text, &device->errno_of[i]);
    }
    return "errno of an unknown command";
}

static const char *parse_kernel(const char *text, struct device *device)
{
    device->is_old_kernel = strcmp(text, "old") == 0;
    return device->is_old_kernel || strcmp(text, "new") == 0 ? NULL : "expected old or new";
}

static const char *parse_latency(const char *text, struct device *device)
{
    uint64_t number;
    const char *fault = parse_number(text, MAX_LATENCY_MS, &number);
    if (!fault)
        device->latency_ms = (unsigned int)number;
    return fault;
}

static const char *parse_zeros(const char *text, struct device *device)
{
    device->is_zeroed = strcmp(text, "GSTATS") == 0;
    return device->is_zeroed ? NULL : "expected GSTATS";
}

static const char *parse_setting(const char *key, const char *text, struct device *device)
{
    static const char errno_of[] = "errno.";
    if (strcmp(key, "driver") == 0)
        return parse_text(text, device->driver);
    if (strcmp(key, "version") == 0)
        return parse_text(text, device->version);
    if (strcmp(key, "bus") == 0)
        return parse_text(text, device->bus);
    if (strcmp(key, "kernel") == 0)
        return parse_kernel(text, device);
    if (strcmp(key, "errno") == 0)
        return parse_errno(text, &device->errno_all);
    if (strncmp(key, errno_of, strlen(errno_of)) == 0)
        return parse_errno_of(key + strlen(errno_of), text, device);
    if (strcmp(key, "latency_ms") == 0)
        return parse_latency(text, device);
    if (strcmp(key, "zeros") == 0)
        return parse_zeros(text, device);
    return "unknown key";
}

static char *strip(char *text)
{
    while (isspace((unsigned char)*text))
        text++;
    size_t n = strlen(text);
    while (n > 0 && isspace((unsigned char)text[n - 1]))
        n--;
    text[n] = '\0';
    return text;
}

static const char *parse_head_line(char *line, struct device *device)
{
    char *comment = line[0] == '#' ? line : strstr(line, " #");
    if (comment)
        *comment = '\0';
    line = strip(line);
    if (!*line)
        return NULL;
    char *colon = strchr(line, ':');
    if (!colon)
        return "expected key: value";
    *colon = '\0';
    return parse_setting(strip(line), strip(colon + 1), device);
}

static int hex_value(char digit)
{
    static const char digits[] = "0123456789abcdef";
    const char *found = digit ? strchr(digits, tolower((unsigned char)digit)) : NULL;
    return found ? (int)(found - digits) : -1;
}

// Takes one byte of a name off *text. Returns -1 when an escape is not complete.
static int next_byte(const char **text)
{
    const char *at = *text;
    if (at[0] != '\\') {
        *text += 1;
        return (unsigned char)at[0];
    }
    if (at[1] == '\\') {
        *text += 2;
        return '\\';
    }
    int high = at[1] == 'x' ? hex_value(at[2]) : -1;
    int low = high >= 0 ? hex_value(at[3]) : -1;
    *text += 4;
    return low >= 0 ? high * 16 + low : -1;
}

// A name of exactly 32 bytes fills its slot and has no terminator, as in the kernel.
static const char *parse_name(const char *text, char slot[static ETH_GSTRING_LEN])
{
    memset(slot, 0, ETH_GSTRING_LEN);
    if (!*text)
        return "statistic without a name";
    for (size_t n = 0; *text; n++) {
        int byte = next_byte(&text);
        if (byte < 0)
            return "expected \\xNN or \\\\ in the name";
        if (n == ETH_GSTRING_LEN)
            return "name longer than 32 bytes";
        slot[n] = (char)byte;
    }
    return NULL;
}

static void make_room(struct device *device)
{
    if (device->n_statistics < device->n_room)
        return;
    device->n_room = device->n_room ? device->n_room * 2 : 256;
    device->names = reallocarray(device->names, device->n_room, sizeof(device->names[0]));
    device->values = reallocarray(device->values, device->n_room, sizeof(device->values[0]));
    if (!device->names || !device->values)
        abort();
}

// The last colon splits: names may contain colons, numbers cannot.
static const char *parse_statistic_line(char *line, struct device *device)
{
    line = strip(line);
    if (!*line)
        return NULL;
    char *colon = strrchr(line, ':');
    if (!colon)
        return "expected name: number";
    if (device->n_statistics == DEVICE_MAX_STATISTICS)
        return "more than 16384 statistics";
    *colon = '\0';
    make_room(device);
    uint32_t i = device->n_statistics;
    const char *fault = parse_name(strip(line), device->names[i]);
    if (!fault)
        fault = parse_number(strip(colon + 1), UINT64_MAX, &device->values[i]);
    if (!fault)
        device->n_statistics++;
    return fault;
}

static bool is_asked_of_device(const char name[static ETH_GSTRING_LEN])
{
    static const char srd[] = "ena_srd_";
    static const char allowance[] = "_allowance_";
    return memcmp(name, srd, strlen(srd)) == 0 ||
        memmem(name, ETH_GSTRING_LEN, allowance, strlen(allowance)) != NULL;
}

static void zero_device_values(struct device *device)
{
    for (uint32_t i = 0; i < device->n_statistics; i++) {
        if (is_asked_of_device(device->names[i]))
            device->values[i] = 0;
    }
}

int device_file_parse(FILE *text, struct device *device, struct device_fault *ret_fault)
{
    char *line = NULL;
    size_t room = 0;
    bool is_head = true;
    const char *fault = NULL;
    unsigned int n_lines = 0;
    while (!fault && getline(&line, &room, text) >= 0) {
        n_lines++;
        if (is_head && strcmp(strip(line), "NIC statistics:") == 0)
            is_head = false;
        else
            fault = is_head ? parse_head_line(line, device) : parse_statistic_line(line, device);
    }
    free(line);
    if (device->is_zeroed)
        zero_device_values(device);
    *ret_fault = (struct device_fault){.line = n_lines, .reason = fault};
    return fault ? -EINVAL : 0;
}
