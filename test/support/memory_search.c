// SPDX-License-Identifier: Apache-2.0
// The process's own memory, by /proc/self. Nothing is written down elsewhere in it.
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>

#include "base.h"
#include "support/memory_search.h"
#include "support/unit.h"

#define WINDOW_BYTES (UINT64_C(1) << 20)
#define LARGEST      (UINT64_C(256) << 20) // larger ones are the address sanitizer's notes

struct range {
    uint64_t start, end;
};

static size_t count_in(const char *window, size_t n, const void *bytes, size_t n_bytes)
{
    size_t n_found = 0;
    const char *at = window;
    while ((at = memmem(at, n - (size_t)(at - window), bytes, n_bytes)) != NULL) {
        n_found++;
        at += n_bytes;
    }
    return n_found;
}

// Windows overlap by one byte less than what is looked for.
static size_t count_range(
    int fd, char *window, struct range range, const void *bytes, size_t n_bytes)
{
    size_t n_found = 0;
    while (range.start < range.end) {
        ssize_t n = pread(fd, window, WINDOW_BYTES, (off_t)range.start);
        if (n < (ssize_t)n_bytes)
            break;
        if ((uint64_t)n > range.end - range.start)
            n = (ssize_t)(range.end - range.start);
        n_found += count_in(window, (size_t)n, bytes, n_bytes);
        range.start += (uint64_t)n - (range.start + (uint64_t)n < range.end ? n_bytes - 1 : 0);
    }
    return n_found;
}

size_t memory_count(const void *bytes, size_t n_bytes)
{
    // Shared, so that it is not a private mapping and cannot grow together with one.
    char *window = mmap(
        NULL, WINDOW_BYTES, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    scoped_fd int fd = open("/proc/self/mem", O_RDONLY | O_CLOEXEC);
    FILE *maps = fopen("/proc/self/maps", "re");
    assert_true(window != MAP_FAILED && fd >= 0 && maps != NULL);
    char line[4096];
    size_t n_found = 0;
    while (fgets(line, sizeof(line), maps) != NULL) {
        struct range range;
        char access[5];
        if (sscanf(line, "%" SCNx64 "-%" SCNx64 " %4s", &range.start, &range.end, access) == 3 &&
            strcmp(access, "rw-p") == 0 && range.end - range.start <= LARGEST)
            n_found += count_range(fd, window, range, bytes, n_bytes);
    }
    fclose(maps);
    munmap(window, WINDOW_BYTES);
    return n_found;
}

bool memory_is_undumped(const void *address)
{
    FILE *smaps = fopen("/proc/self/smaps", "re");
    assert_non_null(smaps);
    char line[4096];
    bool is_here = false, is_undumped = false;
    while (fgets(line, sizeof(line), smaps) != NULL) {
        struct range range;
        if (sscanf(line, "%" SCNx64 "-%" SCNx64 " ", &range.start, &range.end) == 2)
            is_here = (uintptr_t)address >= range.start && (uintptr_t)address < range.end;
        else if (is_here && strncmp(line, "VmFlags:", 8) == 0)
            is_undumped = strstr(line, " dd") != NULL;
    }
    fclose(smaps);
    return is_undumped;
}
