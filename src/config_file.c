// SPDX-License-Identifier: Apache-2.0
// A part of config.c: reads the files in their order, and prints what came of them.
#include <dirent.h>
#include <errno.h>
#include <fnmatch.h>
#include <string.h>
#include <sys/stat.h>

#include "base/parse.h"
#include "config.h"
#include "setting.h"

#define CONFIG_FILE_MAX_BYTES (1 << 20)

struct file_reader {
    struct config *config;
    const char *path;
};

static int take_line(const struct ini_line *line, void *to)
{
    const struct file_reader *reader = to;
    scoped_free char *origin = xasprintf("%s:%u", reader->path, line->number);
    if (line->kind == INI_BAD) {
        log_error("%s: %s", origin, line->complaint);
        return -EINVAL;
    }
    if (line->kind == INI_SECTION)
        return config_enter(reader->config, origin, line->section);
    struct assignment assignment = {
        .origin = origin, .section = line->section, .key = line->key, .value = line->value};
    return config_assign(reader->config, &assignment);
}

static int complain(const char *path, const char *what)
{
    log_error("%s: cannot read the configuration: %s", path, what);
    return -EINVAL;
}

static int read_all(FILE *file, const char *path, char **ret_text, size_t *ret_n_bytes)
{
    struct stat status;
    if (fstat(fileno(file), &status) != 0)
        return complain(path, strerror(errno));
    if (S_ISDIR(status.st_mode))
        return complain(path, "it is a folder");
    scoped_free char *text = xcalloc(1, CONFIG_FILE_MAX_BYTES + 1);
    size_t n_bytes = fread(text, 1, CONFIG_FILE_MAX_BYTES + 1, file);
    if (ferror(file))
        return complain(path, strerror(errno));
    if (n_bytes > CONFIG_FILE_MAX_BYTES)
        return complain(path, "it has more than 1 MiB");
    *ret_text = text;
    text = NULL;
    *ret_n_bytes = n_bytes;
    return 0;
}

static void close_file(FILE **file)
{
    if (*file != NULL)
        fclose(*file);
}

static int read_file(struct config *config, const char *path, bool may_be_absent)
{
    scoped(close_file) FILE *file = fopen(path, "re");
    if (file == NULL)
        return errno == ENOENT && may_be_absent ? 0 : complain(path, strerror(errno));
    scoped_free char *text = NULL;
    size_t n_bytes = 0;
    int r = read_all(file, path, &text, &n_bytes);
    if (r < 0)
        return r;
    config->files = xreallocarray(config->files, config->n_files + 1, sizeof(*config->files));
    config->files[config->n_files++] = xstrdup(path);
    struct file_reader reader = {config, path};
    return parse_ini(text, n_bytes, take_line, &reader);
}

static int is_drop_in(const struct dirent *entry)
{
    return fnmatch("*.conf", entry->d_name, FNM_PERIOD) == 0;
}

// In the order of their bytes, whatever the locale.
static int by_name(const struct dirent **a, const struct dirent **b)
{
    return strcmp((*a)->d_name, (*b)->d_name);
}

static int read_folder(struct config *config, const char *folder)
{
    struct dirent **entries;
    int n_entries = scandir(folder, &entries, is_drop_in, by_name);
    if (n_entries < 0)
        return errno == ENOENT ? 0 : complain(folder, strerror(errno));
    int r = 0;
    for (int i = 0; i < n_entries; i++) {
        scoped_free char *path = xasprintf("%s/%s", folder, entries[i]->d_name);
        if (r == 0)
            r = read_file(config, path, false);
        free(entries[i]);
    }
    free(entries);
    return r;
}

int config_read(struct config *config, const char *path)
{
    if (path != NULL)
        return read_file(config, path, false);
    int r = read_file(config, CONFIG_FILE, true);
    return r != 0 ? r : read_folder(config, CONFIG_FOLDER);
}

static void print_map(const struct option *row, const void *options, FILE *to)
{
    const struct option_map *map = (const void *)((const char *)options + row->offset);
    if (map->n_pairs == 0)
        fprintf(to, "# %s.NAME =\n", row->name);
    for (size_t i = 0; i < map->n_pairs; i++)
        fprintf(to, "%s.%s = %s\n", row->name, map->pairs[i].name, map->pairs[i].value);
}

static void print_value(const struct option *row, const void *options, FILE *to)
{
    if (row->type == OPTION_MAP) {
        print_map(row, options, to);
        return;
    }
    scoped_free char *value = setting_format(row, options);
    bool is_unset = *value == '\0' && row->fallback == NULL;
    fprintf(to, is_unset ? "# %s =\n" : "%s = %s\n", row->name, value);
}

static void print_row(const struct option *row, const void *options, const char *origin, FILE *to)
{
    scoped_free char *range = setting_range(row);
    fprintf(to, "# %s", row->help);
    if (range != NULL)
        fprintf(to, " Allowed: %s.", range);
    if (origin != NULL)
        fprintf(to, " Set by %s.", origin);
    fputc('\n', to);
    print_value(row, options, to);
}

void config_print(const struct config *config, FILE *to)
{
    const char *section = "";
    for (size_t t = 0; t < config->n_tables; t++) {
        const struct config_table *bound = &config->tables[t];
        if (bound->table->n_rows == 0)
            continue;
        if (strcmp(bound->table->section, section) != 0) {
            fprintf(to, "%s[%s]\n", *section != '\0' ? "\n" : "", bound->table->section);
            section = bound->table->section;
        }
        for (size_t i = 0; i < bound->table->n_rows; i++)
            print_row(&bound->table->rows[i], bound->options,
                config_origin(config, section, bound->table->rows[i].name), to);
    }
}
