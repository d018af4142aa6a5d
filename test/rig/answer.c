// SPDX-License-Identifier: Apache-2.0
// Answers GDRVINFO, GSSET_INFO, GSTRINGS and GSTATS the way net/ethtool/ioctl.c does for a driver
// that has the device's statistics. Every other string set is the kernel's own business.
#include <errno.h>
#include <linux/sockios.h>
#include <net/if.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>

#include "answer.h"

static const struct {
    uint32_t command;
    const char *name;
    size_t input_bytes;
} commands[DEVICE_N_COMMANDS] = {
    {ETHTOOL_GDRVINFO, "GDRVINFO", sizeof(uint32_t)},
    {ETHTOOL_GSSET_INFO, "GSSET_INFO", sizeof(struct ethtool_sset_info)},
    {ETHTOOL_GSTRINGS, "GSTRINGS", sizeof(struct ethtool_gstrings)},
    {ETHTOOL_GSTATS, "GSTATS", sizeof(struct ethtool_stats)},
};

_Static_assert(sizeof(((union answer_head *)0)->gstrings) == sizeof(struct ethtool_gstrings) &&
        sizeof(((union answer_head *)0)->gstats) == sizeof(struct ethtool_stats) &&
        offsetof(union answer_head, sset_info.sizes) == sizeof(struct ethtool_sset_info),
    "the members of answer_head are the kernel's heads");

const char *answer_command_name(uint32_t command)
{
    for (size_t i = 0; i < DEVICE_N_COMMANDS; i++) {
        if (commands[i].command == command)
            return commands[i].name;
    }
    return NULL;
}

size_t answer_input_bytes(uint32_t command)
{
    for (size_t i = 0; i < DEVICE_N_COMMANDS; i++) {
        if (commands[i].command == command)
            return commands[i].input_bytes;
    }
    return sizeof(uint32_t);
}

static void copy_text(char *to, size_t to_bytes, const char *from)
{
    snprintf(to, to_bytes, "%s", from);
}

static int answer_drvinfo(const struct device *device, struct answer *ret_answer)
{
    struct ethtool_drvinfo *info = &ret_answer->head.drvinfo;
    info->cmd = ETHTOOL_GDRVINFO;
    copy_text(info->driver, sizeof(info->driver), device->driver);
    copy_text(info->version, sizeof(info->version), device->version);
    copy_text(info->bus_info, sizeof(info->bus_info), device->bus);
    info->n_stats = device->n_statistics;
    ret_answer->head_bytes = sizeof(*info);
    return 0;
}

// How many strings the real interface has in this set, or negative when it has no such set.
static int64_t ask_kernel_for_size(const struct question *question, unsigned int set)
{
    union answer_head head = {
        .sset_info = {.command = ETHTOOL_GSSET_INFO, .sset_mask = UINT64_C(1) << set}};
    struct ifreq ifr = {.ifr_data = (char *)&head};
    copy_text(ifr.ifr_name, sizeof(ifr.ifr_name), question->ifname);
    if (ioctl(question->socket, SIOCETHTOOL, &ifr) != 0 || !head.sset_info.sset_mask)
        return -EOPNOTSUPP;
    return head.sset_info.sizes[0];
}

static int64_t set_size(
    const struct device *device, const struct question *question, unsigned int set)
{
    if (set != ETH_SS_STATS)
        return ask_kernel_for_size(question, set);
    return device->n_statistics ? (int64_t)device->n_statistics : -EOPNOTSUPP;
}

// The mask that comes out keeps the bits of the sets that exist; sizes follow in bit order. An
// empty mask succeeds and writes nothing at all.
static int answer_sset_info(
    const struct device *device, const struct question *question, struct answer *ret_answer)
{
    uint64_t wanted = question->head->sset_info.sset_mask;
    if (!wanted)
        return 0;
    size_t n_sizes = 0;
    ret_answer->head.sset_info.command = ETHTOOL_GSSET_INFO;
    for (unsigned int set = 0; set < ANSWER_MAX_SETS; set++) {
        uint64_t bit = UINT64_C(1) << set;
        int64_t size = wanted & bit ? set_size(device, question, set) : -EOPNOTSUPP;
        if (size < 0)
            continue;
        ret_answer->head.sset_info.sset_mask |= bit;
        ret_answer->head.sset_info.sizes[n_sizes++] = (uint32_t)size;
    }
    ret_answer->head_bytes = sizeof(struct ethtool_sset_info) + n_sizes * sizeof(uint32_t);
    return 0;
}

// The count that is written. Since commit 7b07be1ff1cb ("kernel: new") a non-zero input that
// differs from the current count gives 0 and no data; before, the input was ignored and a smaller
// buffer overrun.
static uint32_t settle_count(const struct device *device, uint32_t n_room)
{
    bool is_refused = !device->is_old_kernel && n_room && n_room != device->n_statistics;
    return is_refused ? 0 : device->n_statistics;
}

static int answer_strings(
    const struct device *device, const struct question *question, struct answer *ret_answer)
{
    if (question->head->gstrings.string_set != ETH_SS_STATS)
        return ANSWER_KERNEL;
    if (!device->n_statistics)
        return -EOPNOTSUPP;
    uint32_t n = settle_count(device, question->head->gstrings.n_strings);
    ret_answer->head.gstrings = question->head->gstrings;
    ret_answer->head.gstrings.n_strings = n;
    ret_answer->head_bytes = sizeof(ret_answer->head.gstrings);
    ret_answer->data = device->names;
    ret_answer->data_bytes = n * sizeof(device->names[0]);
    return 0;
}

static int answer_stats(
    const struct device *device, const struct question *question, struct answer *ret_answer)
{
    if (!device->n_statistics)
        return -EOPNOTSUPP;
    uint32_t n = settle_count(device, question->head->gstats.n_stats);
    ret_answer->is_from_device = n > 0;
    ret_answer->head.gstats = question->head->gstats;
    ret_answer->head.gstats.n_stats = n;
    ret_answer->head_bytes = sizeof(ret_answer->head.gstats);
    ret_answer->data = device->values;
    ret_answer->data_bytes = n * sizeof(device->values[0]);
    return 0;
}

static int ordered_errno(const struct device *device, uint32_t command)
{
    for (size_t i = 0; i < DEVICE_N_COMMANDS; i++) {
        if (commands[i].command == command && device->errno_of[i])
            return device->errno_of[i];
    }
    return device->errno_all;
}

int answer_make(
    const struct device *device, const struct question *question, struct answer *ret_answer)
{
    *ret_answer = (struct answer){0};
    int error = ordered_errno(device, question->command);
    if (error) {
        ret_answer->is_from_device = question->command == ETHTOOL_GSTATS;
        return -error;
    }
    switch (question->command) {
    case ETHTOOL_GDRVINFO:
        return answer_drvinfo(device, ret_answer);
    case ETHTOOL_GSSET_INFO:
        return answer_sset_info(device, question, ret_answer);
    case ETHTOOL_GSTRINGS:
        return answer_strings(device, question, ret_answer);
    case ETHTOOL_GSTATS:
        return answer_stats(device, question, ret_answer);
    default:
        return ANSWER_KERNEL;
    }
}
