// SPDX-License-Identifier: Apache-2.0
// Statistics from the kernel by SIOCETHTOOL, without the ethtool program and without any
// capability: these sub-commands are open to all (net/ethtool/ioctl.c). Owns the sockets and the
// buffer of values.
//
// Kernels before commit 7b07be1ff1cb ("ethtool: Avoid overflowing userspace buffer on stats query",
// 2025) write as many values as the device has now, whatever the caller has room for; later ones
// write nothing and say 0 when the counts differ. So there is always room to spare, the expected
// count is always given, and the returned one always checked.
#include <errno.h>
#include <linux/ethtool.h>
#include <linux/sockios.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include "os/clock.h"
#include "os/counters.h"
#include "os/links.h"

// The most by which a count can grow between two calls: 128 queue pairs of 36 statistics, doubled.
// Memory that is never written to costs nothing.
#define SPARE_STATISTICS 9216

#define NAMES_ATTEMPTS 3

struct ethtool_counters {
    struct counters base;
    int fd;
    uint32_t values_capacity, names_capacity; // statistics, the spare ones not counted
    struct ethtool_stats *values;
    struct ethtool_gstrings *names;
    struct links links;
};

static int ethtool(const struct ethtool_counters *self, const char *ifname, void *command)
{
    struct ifreq request = {.ifr_data = command};
    memcpy(request.ifr_name, ifname, sizeof(request.ifr_name));
    return ioctl(self->fd, SIOCETHTOOL, &request) < 0 ? -errno : 0;
}

static int descriptor(const struct counters *counters)
{
    return ((const struct ethtool_counters *)counters)->links.fd;
}

static int next_event(struct counters *counters, struct link_event *ret_event)
{
    return links_next(&((struct ethtool_counters *)counters)->links, ret_event);
}

static void copy_printable(char ret_text[static DRIVER_TEXT_MAX], const char *text)
{
    size_t length = strnlen(text, DRIVER_TEXT_MAX - 1);
    for (size_t i = 0; i < length; i++)
        ret_text[i] = text[i] > ' ' && text[i] <= '~' ? text[i] : '?';
    ret_text[length] = '\0';
}

static int driver(struct counters *counters, const struct link *link,
    char ret_driver[static DRIVER_TEXT_MAX], char ret_version[static DRIVER_TEXT_MAX])
{
    struct ethtool_drvinfo info = {.cmd = ETHTOOL_GDRVINFO};
    int r = ethtool((struct ethtool_counters *)counters, link->ifname, &info);
    if (r < 0)
        return r;
    copy_printable(ret_driver, info.driver);
    copy_printable(ret_version, info.version);
    return 0;
}

// How many statistics the device has now; -EOPNOTSUPP for none.
static int count_names(const struct ethtool_counters *self, const char *ifname, uint32_t *ret_n)
{
    // struct ethtool_sset_info, whose last member has room for no count.
    union {
        struct ethtool_sset_info info;
        uint32_t words[sizeof(struct ethtool_sset_info) / sizeof(uint32_t) + 1];
    } query = {.info = {.cmd = ETHTOOL_GSSET_INFO, .sset_mask = UINT64_C(1) << ETH_SS_STATS}};
    int r = ethtool(self, ifname, &query);
    if (r < 0)
        return r;
    uint32_t n = query.words[ARRAY_SIZE(query.words) - 1];
    if (query.info.sset_mask == 0 || n == 0)
        return -EOPNOTSUPP;
    if (n > COUNTERS_MAX_STATISTICS)
        return -E2BIG;
    *ret_n = n;
    return 0;
}

// Room for `n` statistics of `size` bytes behind a header, and the spare ones.
static void *make_room(void *buffer, uint32_t *capacity, uint32_t n, size_t header, size_t size)
{
    if (n <= *capacity)
        return buffer;
    *capacity = n;
    return xreallocarray(buffer, header + ((size_t)n + SPARE_STATISTICS) * size, 1);
}

// One attempt: 0, COUNTERS_CHANGED when the count changed in between, or negative errno.
static int try_names(
    struct ethtool_counters *self, const char *ifname, struct counters_names *ret_names)
{
    uint32_t n;
    int r = count_names(self, ifname, &n);
    if (r < 0)
        return r;
    self->names = make_room(
        self->names, &self->names_capacity, n, sizeof(*self->names), COUNTERS_NAME_BYTES);
    *self->names = (struct ethtool_gstrings){
        .cmd = ETHTOOL_GSTRINGS, .string_set = ETH_SS_STATS, .len = n};
    r = ethtool(self, ifname, self->names);
    if (r < 0)
        return r;
    if (self->names->len != n)
        return COUNTERS_CHANGED;
    ret_names->n_names = n;
    ret_names->slots = (const char(*)[COUNTERS_NAME_BYTES])self->names->data;
    return 0;
}

static int names(
    struct counters *counters, const struct link *link, struct counters_names *ret_names)
{
    struct ethtool_counters *self = (struct ethtool_counters *)counters;
    for (int i = 0; i < NAMES_ATTEMPTS; i++) {
        int r = try_names(self, link->ifname, ret_names);
        if (r != COUNTERS_CHANGED)
            return r;
    }
    return -EAGAIN;
}

static int values(
    struct counters *counters, const char *ifname, uint32_t n_expected, const uint64_t **ret_values)
{
    struct ethtool_counters *self = (struct ethtool_counters *)counters;
    self->values = make_room(
        self->values, &self->values_capacity, n_expected, sizeof(*self->values), sizeof(uint64_t));
    self->values->cmd = ETHTOOL_GSTATS;
    self->values->n_stats = n_expected;
    int r = ethtool(self, ifname, self->values);
    if (r < 0)
        return r;
    if (self->values->n_stats != n_expected)
        return COUNTERS_CHANGED;
    *ret_values = (const uint64_t *)self->values->data;
    return 0;
}

static void read_clock(const struct counters *counters, struct now *ret_now)
{
    (void)counters;
    *ret_now = clock_now();
}

static void destroy(struct counters *counters)
{
    struct ethtool_counters *self = (struct ethtool_counters *)counters;
    links_finish(&self->links);
    close_descriptor(&self->fd);
    free(self->values);
    free(self->names);
    free(self);
}

static const struct counters_ops ops = {
    .descriptor = descriptor,
    .next_event = next_event,
    .driver = driver,
    .names = names,
    .values = values,
    .clock = read_clock,
    .destroy = destroy,
};

int counters_ethtool_create(struct counters **ret_counters)
{
    struct ethtool_counters *self = xcalloc(1, sizeof(*self));
    self->base.ops = &ops;
    self->links.fd = -1;
    // Any socket serves SIOCETHTOOL; AF_INET needs no address family that a sandbox would refuse.
    self->fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    int r = self->fd < 0 ? -errno : links_init(&self->links);
    if (r < 0) {
        destroy(&self->base);
        return r;
    }
    *ret_counters = &self->base;
    return 0;
}
