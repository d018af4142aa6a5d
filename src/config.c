// SPDX-License-Identifier: Apache-2.0
// Text to option tables: which tables there are, and assignments to their rows.
#include <ctype.h>
#include <errno.h>
#include <string.h>

#include "base/parse.h"
#include "config.h"
#include "setting.h"
#include "sink/table.h"

static const char *const log_choices[] = {"error", "warning", "info", "debug", NULL};

static const struct option sample_rows[] = {
    {.name = "interval",
        .type = OPTION_DURATION,
        .offset = offsetof(struct sample_options, interval_ms),
        .fallback = "1s",
        .min = 100,
        .max = 60000,
        .help = "How often the statistics are read; every reading is a value of its own."},
};

static const struct option publish_rows[] = {
    {.name = "sink",
        .type = OPTION_CHOICE,
        .offset = offsetof(struct publish_options, sink),
        .fallback = "agent",
        .choices = sink_names,
        .help = "Where documents go: the CloudWatch agent's socket, CloudWatch itself, CloudWatch "
                "Logs, or the standard output."},
};

static const struct option run_rows[] = {
    {.name = "drain",
        .type = OPTION_DURATION,
        .offset = offsetof(struct run_options, drain_ms),
        .fallback = "5s",
        .min = 0,
        .max = 60000,
        .help = "How long to go on delivering after a signal to stop."},
    {.name = "log",
        .type = OPTION_CHOICE,
        .offset = offsetof(struct run_options, log),
        .fallback = "info",
        .choices = log_choices,
        .help = "The least important lines that are logged."},
};

static const struct option_table sample_table = {
    "sample", sample_rows, ARRAY_SIZE(sample_rows), sizeof(struct sample_options)};
static const struct option_table publish_table = {
    "publish", publish_rows, ARRAY_SIZE(publish_rows), sizeof(struct publish_options)};
static const struct option_table run_table = {
    "run", run_rows, ARRAY_SIZE(run_rows), sizeof(struct run_options)};

static void attach(struct config *config, const struct option_table *table, void *options)
{
    config->tables = xreallocarray(config->tables, config->n_tables + 1, sizeof(*config->tables));
    config->tables[config->n_tables++] = (struct config_table){table, options};
    for (size_t i = 0; i < table->n_rows; i++) {
        const struct option *row = &table->rows[i];
        if (row->fallback == NULL)
            continue;
        scoped_free char *complaint = setting_parse(row, options, NULL, row->fallback);
        if (complaint != NULL) {
            log_error("default of %s.%s: allowed is %s", table->section, row->name, complaint);
            abort();
        }
    }
}

static size_t aligned(size_t bytes)
{
    return (bytes + 15) & ~(size_t)15;
}

static void attach_sinks(struct config *config)
{
    size_t n_bytes = 0;
    for (size_t i = 0; i < sink_table_n; i++)
        n_bytes += aligned(sink_table[i]->table.options_size);
    config->sink_options = xcalloc(1, n_bytes);
    char *options = config->sink_options;
    for (size_t i = 0; i < sink_table_n; i++) {
        attach(config, &sink_table[i]->table, options);
        options += aligned(sink_table[i]->table.options_size);
    }
}

// In the order in which --print-config shows them; tables of one section side by side.
void config_init(struct config *config)
{
    *config = (struct config){0};
    attach(config, &sample_table, &config->sample);
    attach(config, &ena_option_table, &config->ena);
    attach(config, &delta_option_table, &config->delta);
    attach(config, &replay_option_table, &config->replay);
    attach(config, &publish_table, &config->publish);
    attach(config, &catalog_option_table, &config->catalog);
    attach(config, &window_option_table, &config->window);
    attach(config, &encoder_option_table, &config->encoder);
    attach_sinks(config);
    attach(config, &identity_option_table, &config->identity);
    attach(config, &journal_option_table, &config->journal);
    attach(config, &run_table, &config->run);
}

void config_finish(struct config *config)
{
    for (size_t t = 0; t < config->n_tables; t++) {
        struct config_table *bound = &config->tables[t];
        for (size_t i = 0; i < bound->table->n_rows; i++)
            setting_free(&bound->table->rows[i], bound->options);
    }
    free(config->tables);
    config_forget_settings(config);
    for (size_t i = 0; i < config->n_files; i++)
        free(config->files[i]);
    free(config->files);
    free(config->sink_options);
    *config = (struct config){0};
}

const void *config_sink_options(const struct config *config, const struct sink_ops *ops)
{
    for (size_t t = 0; t < config->n_tables; t++)
        if (config->tables[t].table == &ops->table)
            return config->tables[t].options;
    return NULL;
}

struct sink_setting config_sink_setting(const struct config *config, const struct sink_ops *ops)
{
    return (struct sink_setting){
        .options = config_sink_options(config, ops),
        .namespace = config->encoder.namespace,
        .log_group = config->encoder.log_group,
        .period_ms = config->window.period_ms,
        .is_high_resolution = config->encoder.resolution == ENCODER_RESOLUTION_1,
    };
}

enum log_level config_log_level(const struct config *config)
{
    static const enum log_level levels[] = {
        LOG_LEVEL_ERROR, LOG_LEVEL_WARNING, LOG_LEVEL_INFO, LOG_LEVEL_DEBUG};
    return levels[config->run.log];
}

// Whether `key` is this row's; a map's key goes on after a dot, `ret_name` is what follows.
static bool is_row(const struct option *row, const char *key, const char **ret_name)
{
    size_t length = strlen(row->name);
    *ret_name = NULL;
    if (row->type != OPTION_MAP)
        return strcmp(row->name, key) == 0;
    if (strncmp(row->name, key, length) != 0 || key[length] != '.')
        return false;
    *ret_name = key + length + 1;
    return true;
}

static bool find_row(const struct config *config, const struct assignment *assignment,
    struct config_table **ret_table, size_t *ret_row, const char **ret_name)
{
    for (size_t t = 0; t < config->n_tables; t++) {
        *ret_table = &config->tables[t];
        if (strcmp((*ret_table)->table->section, assignment->section) != 0)
            continue;
        for (*ret_row = 0; *ret_row < (*ret_table)->table->n_rows; (*ret_row)++)
            if (is_row(&(*ret_table)->table->rows[*ret_row], assignment->key, ret_name))
                return true;
    }
    return false;
}

static bool has_section(const struct config *config, const char *section)
{
    for (size_t t = 0; t < config->n_tables; t++)
        if (config->tables[t].table->n_rows > 0 &&
            strcmp(config->tables[t].table->section, section) == 0)
            return true;
    return false;
}

static char *list_sections(const struct config *config)
{
    char *text = xstrdup("");
    const char *last = "";
    for (size_t t = 0; t < config->n_tables; t++) {
        const char *section = config->tables[t].table->section;
        if (config->tables[t].table->n_rows == 0 || strcmp(section, last) == 0)
            continue;
        char *longer = xasprintf("%s%s[%s]", text, *last != '\0' ? " " : "", section);
        free(text);
        text = longer;
        last = section;
    }
    return text;
}

static char *list_keys(const struct config *config, const char *section)
{
    char *text = xstrdup("");
    for (size_t t = 0; t < config->n_tables; t++) {
        const struct option_table *table = config->tables[t].table;
        for (size_t i = 0; strcmp(table->section, section) == 0 && i < table->n_rows; i++) {
            char *longer = xasprintf("%s%s%s%s", text, *text != '\0' ? ", " : "",
                table->rows[i].name, table->rows[i].type == OPTION_MAP ? ".NAME" : "");
            free(text);
            text = longer;
        }
    }
    return text;
}

int config_enter(const struct config *config, const char *origin, const char *section)
{
    if (has_section(config, section))
        return 0;
    scoped_free char *allowed = list_sections(config);
    log_error("%s: unknown section [%s]: allowed is %s", origin, section, allowed);
    return -EINVAL;
}

static int say_unknown(const struct config *config, const struct assignment *assignment)
{
    bool is_outside = *assignment->section == '\0';
    if (!is_outside && !has_section(config, assignment->section))
        return config_enter(config, assignment->origin, assignment->section);
    scoped_free char *allowed = is_outside ? list_sections(config)
                                           : list_keys(config, assignment->section);
    if (is_outside)
        log_error("%s: %s stands before any section: allowed is %s first", assignment->origin,
            assignment->key, allowed);
    else
        log_error("%s: unknown key %s in [%s]: allowed is %s", assignment->origin, assignment->key,
            assignment->section, allowed);
    return -EINVAL;
}

// Such a value could not be printed as a line that says the same.
static bool has_control_character(const char *text)
{
    for (; *text != '\0'; text++)
        if (iscntrl((unsigned char)*text))
            return true;
    return false;
}

int config_assign(struct config *config, const struct assignment *assignment)
{
    if (has_control_character(assignment->key) || has_control_character(assignment->value)) {
        log_error("%s: %s: allowed is a value without control characters", assignment->origin,
            assignment->key);
        return -EINVAL;
    }
    struct config_table *bound;
    size_t i;
    const char *name;
    if (!find_row(config, assignment, &bound, &i, &name))
        return say_unknown(config, assignment);
    scoped_free char *complaint = setting_parse(
        &bound->table->rows[i], bound->options, name, assignment->value);
    if (complaint != NULL) {
        log_error("%s: %s.%s = %.80s: allowed is %s", assignment->origin, assignment->section,
            assignment->key, assignment->value, complaint);
        return -EINVAL;
    }
    config_note_setting(config, assignment);
    return 0;
}

int config_set(struct config *config, const char *text)
{
    scoped_free char *copy = xstrdup(text);
    char *equals = strchr(copy, '=');
    char *dot = strchr(copy, '.');
    if (equals == NULL || dot == NULL || dot > equals) {
        log_error("-o %.80s: allowed is section.key=value", text);
        return -EINVAL;
    }
    *equals = *dot = '\0';
    scoped_free char *origin = xasprintf("-o %.80s", text);
    struct assignment assignment = {.origin = origin,
        .section = parse_trim(copy),
        .key = parse_trim(dot + 1),
        .value = parse_trim(equals + 1)};
    return config_assign(config, &assignment);
}
