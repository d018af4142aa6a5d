// SPDX-License-Identifier: Apache-2.0
// A part of config.c: what was set, and where it was.
#include <string.h>

#include "config.h"
#include "setting.h"

static void free_setting(const struct config_setting *setting)
{
    free(setting->section);
    free(setting->key);
    free(setting->value);
    free(setting->origin);
}

// What was set before goes, so that the last of a map's pairs is the one that was set last.
static void remove_setting(struct config *config, const char *section, const char *key)
{
    for (size_t i = 0; i < config->n_settings; i++) {
        struct config_setting *setting = &config->settings[i];
        if (strcmp(setting->section, section) != 0 || strcmp(setting->key, key) != 0)
            continue;
        free_setting(setting);
        memmove(setting, setting + 1, (--config->n_settings - i) * sizeof(*setting));
        return;
    }
}

void config_note_setting(struct config *config, const struct assignment *assignment)
{
    remove_setting(config, assignment->section, assignment->key);
    config->settings = xreallocarray(
        config->settings, config->n_settings + 1, sizeof(*config->settings));
    config->settings[config->n_settings++] = (struct config_setting){
        .section = xstrdup(assignment->section),
        .key = xstrdup(assignment->key),
        .value = xstrdup(assignment->value),
        .origin = xstrdup(assignment->origin)};
}

void config_forget_settings(struct config *config)
{
    for (size_t i = 0; i < config->n_settings; i++)
        free_setting(&config->settings[i]);
    free(config->settings);
}

// No key of a row has a dot in it: what follows one is the name of a map's pair.
static bool is_of_key(const struct config_setting *setting, const char *section, const char *key)
{
    size_t length = strlen(key);
    return strcmp(setting->section, section) == 0 && strncmp(setting->key, key, length) == 0 &&
        (setting->key[length] == '\0' || setting->key[length] == '.');
}

const char *config_origin(const struct config *config, const char *section, const char *key)
{
    for (size_t i = config->n_settings; i > 0; i--)
        if (is_of_key(&config->settings[i - 1], section, key))
            return config->settings[i - 1].origin;
    return NULL;
}

static char *default_of(const struct option_table *table, const struct option *row)
{
    scoped_free void *options = xcalloc(1, table->options_size);
    free(row->fallback != NULL ? setting_parse(row, options, NULL, row->fallback) : NULL);
    char *text = setting_format(row, options);
    setting_free(row, options);
    return text;
}

static bool has_default(const struct config_table *bound, const struct option *row)
{
    scoped_free char *fallback = default_of(bound->table, row);
    scoped_free char *value = setting_format(row, bound->options);
    return strcmp(value, fallback) == 0;
}

bool config_is_default(const struct config *config, const struct config_setting *setting)
{
    for (size_t t = 0; t < config->n_tables; t++) {
        const struct config_table *bound = &config->tables[t];
        for (size_t i = 0; i < bound->table->n_rows; i++)
            if (strcmp(bound->table->section, setting->section) == 0 &&
                strcmp(bound->table->rows[i].name, setting->key) == 0)
                return has_default(bound, &bound->table->rows[i]);
    }
    return false; // a pair of a map
}
