// SPDX-License-Identifier: Apache-2.0
// The simulated devices: one file per MAC, parsed when it changed, kept in between.
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "device.h"
#include "device_file.h"

// A driver that leaves its version empty gets the kernel's release from the ethtool core, as the
// in-kernel ena driver does.
static void set_defaults(struct device *device)
{
    struct utsname kernel;
    snprintf(device->driver, sizeof(device->driver), "ena");
    if (uname(&kernel) == 0)
        snprintf(device->version, sizeof(device->version), "%.31s", kernel.release);
}

static void forget_contents(struct device *device)
{
    free(device->names);
    free(device->values);
    struct device kept = {.next = device->next};
    memcpy(kept.mac, device->mac, sizeof(kept.mac));
    *device = kept;
    set_defaults(device);
}

static void parse_or_fail(const struct device_list *list, FILE *text, struct device *device)
{
    struct device_fault fault;
    if (device_file_parse(text, device, &fault) == 0)
        return;
    struct stat file = device->file;
    fprintf(stderr, "rig: %s/%s:%u: %s\n", list->dir, device->mac, fault.line, fault.reason);
    forget_contents(device);
    device->file = file;
    device->errno_all = EIO;
}

static int load(const struct device_list *list, struct device *device)
{
    forget_contents(device);
    int fd = openat(list->dir_fd, device->mac, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return -errno;
    FILE *text = fdopen(fd, "r");
    if (!text || fstat(fd, &device->file) != 0)
        abort();
    parse_or_fail(list, text, device);
    fclose(text);
    return 0;
}

static bool is_current(const struct device *device, const struct stat *file)
{
    const struct stat *parsed = &device->file;
    return parsed->st_ino == file->st_ino && parsed->st_size == file->st_size &&
        parsed->st_mtim.tv_sec == file->st_mtim.tv_sec &&
        parsed->st_mtim.tv_nsec == file->st_mtim.tv_nsec;
}

static struct device *find_or_add(struct device_list *list, const char *mac)
{
    for (struct device *device = list->first; device; device = device->next) {
        if (strcmp(device->mac, mac) == 0)
            return device;
    }
    struct device *device = calloc(1, sizeof(*device));
    if (!device)
        abort();
    snprintf(device->mac, sizeof(device->mac), "%s", mac);
    device->next = list->first;
    list->first = device;
    return device;
}

const struct device *device_list_find(struct device_list *list, const char *mac)
{
    struct stat file;
    if (fstatat(list->dir_fd, mac, &file, 0) != 0)
        return NULL;
    struct device *device = find_or_add(list, mac);
    if (is_current(device, &file))
        return device;
    int error = load(list, device);
    if (error == -ENOENT)
        return NULL;
    if (error) {
        fprintf(stderr, "rig: %s/%s: %s\n", list->dir, mac, strerror(-error));
        device->errno_all = EIO;
    }
    return device;
}

int device_list_init(struct device_list *list, const char *dir)
{
    *list = (struct device_list){.dir = dir};
    list->dir_fd = open(dir, O_PATH | O_DIRECTORY | O_CLOEXEC);
    return list->dir_fd < 0 ? -errno : 0;
}

void device_list_finish(struct device_list *list)
{
    while (list->first) {
        struct device *device = list->first;
        list->first = device->next;
        free(device->names);
        free(device->values);
        free(device);
    }
    if (list->dir_fd >= 0)
        close(list->dir_fd);
    list->dir_fd = -1;
}
