// SPDX-License-Identifier: Apache-2.0
// What the statements of a replay do to its interfaces. Pure. Link events are not queued: they are
// the difference between what is and what was told, so many changes in one moment cost nothing and
// nobody hears of an interface that came and went between two looks.
#include <string.h>

#include "os/replay_devices.h"

#define FIRST_IFINDEX 2 // 1 is the loopback

void replay_devices_finish(struct replay_devices *devices)
{
    for (uint32_t i = 0; i < devices->n_devices; i++) {
        free(devices->devices[i].names);
        free(devices->devices[i].values);
    }
    *devices = (struct replay_devices){0};
}

// The present one of this name, else the one that had it last.
static struct replay_device *find_name(struct replay_devices *devices, const char *ifname)
{
    struct replay_device *found = NULL;
    for (uint32_t i = 0; i < devices->n_devices; i++) {
        struct replay_device *device = &devices->devices[i];
        if ((found == NULL || !found->is_present) && strcmp(device->link.ifname, ifname) == 0)
            found = device;
    }
    return found;
}

static struct replay_device *find_mac(struct replay_devices *devices, const struct mac *mac)
{
    for (uint32_t i = 0; i < devices->n_devices; i++)
        if (memcmp(&devices->devices[i].link.mac, mac, sizeof(*mac)) == 0)
            return &devices->devices[i];
    return NULL;
}

struct replay_device *replay_devices_find(struct replay_devices *devices, const char *ifname)
{
    struct replay_device *device = find_name(devices, ifname);
    return device != NULL && device->is_present ? device : NULL;
}

// The known one that a line speaks of: by its address, else by its name. Another address under the
// name of one that is gone is another device.
static struct replay_device *find_meant(
    struct replay_devices *devices, const struct replay_interface *interface)
{
    struct replay_device *device = interface->has_mac ? find_mac(devices, &interface->mac) : NULL;
    if (device == NULL)
        device = find_name(devices, interface->ifname);
    bool is_other = device != NULL && interface->has_mac && !device->is_present &&
        memcmp(&device->link.mac, &interface->mac, sizeof(interface->mac)) != 0;
    return is_other ? NULL : device;
}

static const char *find_clash(const struct replay_devices *devices,
    const struct replay_device *meant, const struct replay_interface *interface)
{
    for (uint32_t i = 0; i < devices->n_devices; i++) {
        const struct replay_device *other = &devices->devices[i];
        if (other == meant || !other->is_present)
            continue;
        if (strcmp(other->link.ifname, interface->ifname) == 0)
            return "two interfaces cannot have one name: rename the other first";
        if (other->link.ifindex == interface->ifindex)
            return "two interfaces cannot have one ifindex; a rename repeats the mac";
    }
    return NULL;
}

static struct mac free_mac(struct replay_devices *devices)
{
    struct mac mac = {{0x02}};
    uint32_t order = devices->n_devices;
    do {
        order++;
        for (int i = 5; i > 1; i--)
            mac.octets[i] = (uint8_t)(order >> (8 * (5 - i)));
    } while (find_mac(devices, &mac) != NULL);
    return mac;
}

static struct replay_device *add(
    struct replay_devices *devices, const struct replay_interface *interface)
{
    struct mac mac = interface->has_mac ? interface->mac : free_mac(devices);
    struct replay_device *device = &devices->devices[devices->n_devices++];
    *device = (struct replay_device){.link = {.has_mac = true, .mac = mac}, .driver = "ena"};
    return device;
}

void replay_device_end(struct replay_device *device)
{
    device->is_present = false;
    device->has_ended = device->told_ifindex != 0;
}

// Interfaces do not get an ifindex that was used before, as in the kernel.
static void start_life(
    struct replay_devices *devices, struct replay_device *device, int wanted_ifindex)
{
    int next = devices->last_ifindex < FIRST_IFINDEX ? FIRST_IFINDEX : devices->last_ifindex + 1;
    replay_device_end(device);
    device->is_present = true;
    device->link.ifindex = wanted_ifindex != 0 ? wanted_ifindex : next;
    if (device->link.ifindex > devices->last_ifindex)
        devices->last_ifindex = device->link.ifindex;
}

// True when that changed something.
static bool overwrite(void *old, const void *new, size_t n_bytes)
{
    bool is_other = memcmp(old, new, n_bytes) != 0;
    memcpy(old, new, n_bytes);
    return is_other;
}

static void update(struct replay_devices *devices, struct replay_device *device,
    const struct replay_interface *interface)
{
    struct link *link = &device->link;
    bool is_new = !device->is_present ||
        (interface->ifindex != 0 && interface->ifindex != link->ifindex);
    if (is_new)
        start_life(devices, device, interface->ifindex);
    bool is_other = overwrite(link->ifname, interface->ifname, sizeof(link->ifname));
    if (interface->has_mac)
        is_other |= overwrite(&link->mac, &interface->mac, sizeof(link->mac));
    if (interface->has_driver)
        is_other |= overwrite(device->driver, interface->driver, sizeof(device->driver));
    if (interface->has_version)
        is_other |= overwrite(device->version, interface->version, sizeof(device->version));
    device->is_changed |= is_new || is_other;
}

const char *replay_devices_declare(struct replay_devices *devices,
    const struct replay_interface *interface, struct replay_device **ret_device)
{
    struct replay_device *device = find_meant(devices, interface);
    const char *complaint = find_clash(devices, device, interface);
    if (complaint != NULL)
        return complaint;
    if (device == NULL && devices->n_devices == REPLAY_MAX_INTERFACES)
        return "there are at most 256 interfaces";
    if (device == NULL)
        device = add(devices, interface);
    update(devices, device, interface);
    *ret_device = device;
    return NULL;
}

static int tell(struct link_event *ret_event, enum link_event_kind kind)
{
    *ret_event = (struct link_event){.kind = kind};
    return 0;
}

static int tell_gone(struct replay_device *device, struct link_event *ret_event)
{
    *ret_event = (struct link_event){.kind = LINK_GONE, .link = {.ifindex = device->told_ifindex}};
    device->told_ifindex = 0;
    device->has_ended = false;
    return 0;
}

static int tell_present(struct replay_device *device, struct link_event *ret_event)
{
    *ret_event = (struct link_event){.kind = LINK_PRESENT, .link = device->link};
    device->told_ifindex = device->link.ifindex;
    device->is_changed = false;
    return 0;
}

// What is gone comes first: its name and ifindex may have gone to another.
static int tell_difference(struct replay_devices *devices, struct link_event *ret_event)
{
    for (uint32_t i = 0; i < devices->n_devices; i++)
        if (devices->devices[i].has_ended)
            return tell_gone(&devices->devices[i], ret_event);
    for (uint32_t i = 0; i < devices->n_devices; i++)
        if (devices->devices[i].is_present && devices->devices[i].is_changed)
            return tell_present(&devices->devices[i], ret_event);
    return COUNTERS_NO_EVENT;
}

int replay_devices_next_event(struct replay_devices *devices, struct link_event *ret_event)
{
    if (devices->list == REPLAY_LIST_DUE) {
        devices->list = REPLAY_LIST_OPEN;
        return tell(ret_event, LINK_LIST_STARTED);
    }
    int r = tell_difference(devices, ret_event);
    if (r != COUNTERS_NO_EVENT || devices->list == REPLAY_LIST_TOLD)
        return r;
    devices->list = REPLAY_LIST_TOLD;
    return tell(ret_event, LINK_LIST_FINISHED);
}

static void make_room(struct replay_device *device)
{
    if (device->n_statistics < device->capacity)
        return;
    device->capacity = device->capacity > 0 ? device->capacity * 2 : 128;
    device->names = xreallocarray(device->names, device->capacity, sizeof(*device->names));
    device->values = xreallocarray(device->values, device->capacity, sizeof(*device->values));
}

const char *replay_device_append(struct replay_device *device, const struct replay_value *value)
{
    if (value->is_increase)
        return "a list has plain numbers; +N stands outside of one, after a line `time`";
    if (device->n_statistics == COUNTERS_MAX_STATISTICS)
        return "an interface has at most 16384 statistics";
    make_room(device);
    memcpy(device->names[device->n_statistics], value->name, sizeof(value->name));
    device->values[device->n_statistics++] = value->value;
    return NULL;
}

static uint64_t *find_value(
    struct replay_device *device, const char name[static COUNTERS_NAME_BYTES])
{
    for (uint32_t i = 0; i < device->n_statistics; i++)
        if (memcmp(device->names[i], name, COUNTERS_NAME_BYTES) == 0)
            return &device->values[i];
    return NULL;
}

const char *replay_device_change(struct replay_device *device, const struct replay_value *value)
{
    uint64_t sum, *known = find_value(device, value->name);
    if (known == NULL)
        return "a name outside a list is one of the list before; NIC statistics: starts a list";
    if (__builtin_add_overflow(value->is_increase ? *known : 0, value->value, &sum))
        return "a value ends at 18446744073709551615";
    *known = sum;
    return NULL;
}
