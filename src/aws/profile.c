// SPDX-License-Identifier: Apache-2.0
// Finds and reads the two files, and says once what is wrong with them; answers from what they
// said.
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include "aws/environment.h"
#include "aws/keys.h"
#include "aws/profile.h"
#include "aws/profile_lines.h"
#include "base.h"
#include "log.h"

struct profile_place {
    const char *variable;
    const char *name; // below HOME
};

static const struct profile_place places[] = {
    [AWS_FILE_CONFIG] = {"AWS_CONFIG_FILE", ".aws/config"},
    [AWS_FILE_CREDENTIALS] = {"AWS_SHARED_CREDENTIALS_FILE", ".aws/credentials"},
};

// One of them, while it is read.
struct profile_source {
    char *path; // owned
    bool is_default;
    char *text; // owned
    size_t n_bytes;
};

static void source_finish(struct profile_source *source)
{
    if (source->text != NULL)
        explicit_bzero(source->text, source->n_bytes);
    free(source->text);
    free(source->path);
}

// NULL: there is none. A HOME that is not set is not asked of anybody else.
static char *find(const struct profile_place *place)
{
    const char *given = aws_variable(place->variable);
    const char *home = aws_variable("HOME");
    if (given != NULL && strncmp(given, "~/", 2) != 0)
        return xstrdup(given);
    if (home == NULL || *home != '/')
        return NULL;
    return xasprintf("%s/%s", home, given != NULL ? given + 2 : place->name);
}

// Where "no file" is written as a file.
static bool is_dev_null(const struct stat *status)
{
    return S_ISCHR(status->st_mode) && status->st_rdev == makedev(1, 3);
}

// A home that is closed to us (ProtectHome= of systemd) has no file for us.
static bool is_absent(const struct profile_source *source, int error)
{
    struct stat status;
    return error == ENOENT || error == ENOTDIR ||
        (error == EACCES && source->is_default && stat(source->path, &status) != 0);
}

// Up to one byte more than there may be. 0, or an errno.
static int read_bytes(int fd, struct profile_source *source)
{
    source->text = xcalloc(1, AWS_PROFILE_FILE_MAX + 1);
    for (;;) {
        size_t n_left = AWS_PROFILE_FILE_MAX + 1 - source->n_bytes;
        ssize_t n = n_left > 0 ? read(fd, source->text + source->n_bytes, n_left) : 0;
        if (n < 0 && errno != EINTR)
            return errno;
        if (n == 0)
            return 0;
        source->n_bytes += n > 0 ? (size_t)n : 0;
    }
}

// NULL, or what is wrong with the file; empty where there is none.
static const char *read_file(struct profile_source *source)
{
    struct stat status;
    scoped_fd int fd = open(source->path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    if (fd < 0 && is_absent(source, errno))
        return NULL;
    if (fd < 0 || fstat(fd, &status) != 0)
        return strerror(errno);
    if (is_dev_null(&status))
        return NULL;
    if (!S_ISREG(status.st_mode))
        return "it is not a regular file";
    int error = read_bytes(fd, source);
    if (error != 0)
        return strerror(error);
    return source->n_bytes > AWS_PROFILE_FILE_MAX ? "it has more than 1 MiB" : NULL;
}

static void tell_trouble(const char *path, const struct profile_trouble *trouble)
{
    if (trouble->n_bad == 1)
        log_warning("%s:%u: left out: %s", path, trouble->line, trouble->complaint);
    else if (trouble->n_bad > 1)
        log_warning("%s:%u: left out, and %u more lines further down: %s", path, trouble->line,
            trouble->n_bad - 1, trouble->complaint);
}

static void take_file(struct aws_profiles *profiles, enum aws_profile_file file)
{
    struct profile_trouble trouble;
    scoped(source_finish) struct profile_source source = {
        .path = find(&places[file]), .is_default = aws_variable(places[file].variable) == NULL};
    if (source.path == NULL)
        return;
    const char *why = read_file(&source);
    if (why != NULL)
        log_warning("%s cannot be read: %s", source.path, why);
    if (why != NULL || source.text == NULL)
        return;
    profile_lines_take(profiles, file, source.text, source.n_bytes, &trouble);
    tell_trouble(source.path, &trouble);
}

void aws_profiles_read(struct aws_profiles *profiles)
{
    const char *given = aws_variable("AWS_PROFILE");
    if (given == NULL)
        given = aws_variable("AWS_DEFAULT_PROFILE");
    *profiles = (struct aws_profiles){.name = xstrdup(given != NULL ? given : "default"),
        .told = xcalloc(1, sizeof(*profiles->told))};
    take_file(profiles, AWS_FILE_CONFIG);
    take_file(profiles, AWS_FILE_CREDENTIALS);
    if (given != NULL && !aws_profile_exists(profiles, NULL))
        log_warning("the profile that AWS_PROFILE names is in neither of AWS's files: correct the "
                    "name, or take AWS_PROFILE away");
}

void aws_profiles_finish(struct aws_profiles *profiles)
{
    if (profiles == NULL)
        return;
    for (size_t i = 0; i < profiles->n_entries; i++)
        profile_entry_finish(&profiles->entries[i]);
    free(profiles->entries);
    free(profiles->name);
    free(profiles->told);
    *profiles = (struct aws_profiles){0};
}

static bool is_below(const char *key, const char *parent)
{
    size_t n = strlen(parent);
    return n > 0 && strncmp(key, parent, n) == 0 && key[n] == '.';
}

// The last that was said is what holds: a setting that comes again takes away what stood below it.
static const char *find_last(
    const struct aws_profiles *profiles, const struct aws_profile_entry *wanted)
{
    for (size_t i = profiles->n_entries; i-- > 0;) {
        const struct aws_profile_entry *entry = &profiles->entries[i];
        if (entry->file != wanted->file || entry->is_of_services != wanted->is_of_services ||
            strcmp(entry->section, wanted->section) != 0)
            continue;
        if (strcmp(entry->key, wanted->key) == 0)
            return entry->value;
        if (is_below(wanted->key, entry->key))
            return NULL;
    }
    return NULL;
}

const char *aws_profile_get_from(const struct aws_profiles *profiles, enum aws_profile_file file,
    const char *profile, const char *key)
{
    if (profile == NULL)
        profile = profiles->name != NULL ? profiles->name : "default";
    return find_last(profiles,
        &(struct aws_profile_entry){.section = (char *)profile, .key = (char *)key, .file = file});
}

const char *aws_profile_get(
    const struct aws_profiles *profiles, const char *profile, const char *key)
{
    const char *value = aws_profile_get_from(profiles, AWS_FILE_CREDENTIALS, profile, key);
    return value != NULL ? value : aws_profile_get_from(profiles, AWS_FILE_CONFIG, profile, key);
}

bool aws_profile_exists(const struct aws_profiles *profiles, const char *profile)
{
    return aws_profile_get(profiles, profile, "") != NULL;
}

const char *aws_services_get(
    const struct aws_profiles *profiles, const char *services, const char *key)
{
    return find_last(profiles,
        &(struct aws_profile_entry){.section = (char *)services,
            .key = (char *)key,
            .file = AWS_FILE_CONFIG,
            .is_of_services = true});
}
