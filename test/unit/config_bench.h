// SPDX-License-Identifier: Apache-2.0
// A configuration, a folder for its files, and what the log said while it was read.
#pragma once

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>

#include "config.h"
#include "support/unit.h"

struct bench {
    struct config config;
    char folder[32];
    char path[64];    // FOLDER/enawatch.conf
    char said[16384]; // by the last call of the ones below
    int real_stderr, heard;
};

static inline int bench_set_up(void **state)
{
    struct bench *bench = xcalloc(1, sizeof(*bench));
    snprintf(bench->folder, sizeof(bench->folder), "/tmp/enawatch-XXXXXX");
    assert_non_null(mkdtemp(bench->folder));
    snprintf(bench->path, sizeof(bench->path), "%s/enawatch.conf", bench->folder);
    config_init(&bench->config);
    *state = bench;
    return 0;
}

static inline int bench_tear_down(void **state)
{
    struct bench *bench = *state;
    config_finish(&bench->config);
    unlink(bench->path);
    rmdir(bench->folder);
    free(bench);
    return 0;
}

// Between these two nothing may fail: a failure of cmocka would be heard, not seen.
static inline void hear(struct bench *bench)
{
    fflush(stderr);
    bench->heard = memfd_create("stderr", MFD_CLOEXEC);
    bench->real_stderr = dup(STDERR_FILENO);
    dup2(bench->heard, STDERR_FILENO);
}

static inline void hear_no_more(struct bench *bench)
{
    fflush(stderr);
    dup2(bench->real_stderr, STDERR_FILENO);
    close(bench->real_stderr);
    ssize_t n = pread(bench->heard, bench->said, sizeof(bench->said) - 1, 0);
    close(bench->heard);
    bench->said[n > 0 ? n : 0] = '\0';
}

static inline int read_path(struct bench *bench, const char *path)
{
    hear(bench);
    int r = config_read(&bench->config, path);
    hear_no_more(bench);
    return r;
}

static inline void write_bytes(const struct bench *bench, const char *bytes, size_t n_bytes)
{
    FILE *file = fopen(bench->path, "we");
    assert_non_null(file);
    assert_int_equal(fwrite(bytes, 1, n_bytes, file), n_bytes);
    assert_int_equal(fclose(file), 0);
}

static inline int read_text(struct bench *bench, const char *text)
{
    write_bytes(bench, text, strlen(text));
    return read_path(bench, bench->path);
}

static inline int set(struct bench *bench, const char *assignment)
{
    hear(bench);
    int r = config_set(&bench->config, assignment);
    hear_no_more(bench);
    return r;
}

static inline int check(struct bench *bench)
{
    hear(bench);
    int r = config_check(&bench->config);
    hear_no_more(bench);
    return r;
}

static inline void assert_said(const struct bench *bench, const char *words)
{
    if (strstr(bench->said, words) == NULL)
        fail_msg("\"%s\" is not in: %s", words, bench->said);
}

// One line, with the priority of an error, of which these words are a part.
static inline void assert_error(const struct bench *bench, const char *words)
{
    const char *newline = strchr(bench->said, '\n');
    if (strncmp(bench->said, "<3>", 3) != 0 || newline == NULL || newline[1] != '\0')
        fail_msg("not one line of an error: %s", bench->said);
    assert_said(bench, words);
}

// The text is taken and nothing is said.
static inline void assert_taken(struct bench *bench, const char *text)
{
    int r = read_text(bench, text);
    if (r != 0)
        fail_msg("%s", bench->said);
    assert_string_equal(bench->said, "");
}

// The text is refused in this line, with `allowed` as a part of what would be.
static inline void assert_refused(
    struct bench *bench, const char *text, unsigned int line, const char *allowed)
{
    char place[128];
    int r = read_text(bench, text);
    if (r == 0)
        fail_msg("taken: %s", text);
    assert_int_equal(r, -EINVAL);
    snprintf(place, sizeof(place), "%s:%u: ", bench->path, line);
    assert_error(bench, place);
    assert_said(bench, allowed);
}

// What config_print() writes. Freed by the caller.
static inline char *print(const struct bench *bench)
{
    char *text = NULL;
    size_t n_bytes = 0;
    FILE *file = open_memstream(&text, &n_bytes);
    assert_non_null(file);
    config_print(&bench->config, file);
    assert_int_equal(fclose(file), 0);
    // A copy: gcc 12 at -O2 takes what open_memstream() gave for a pointer to `text` itself.
    char *copy = xstrdup(text);
    free(text);
    return copy;
}
