// SPDX-License-Identifier: Apache-2.0
// Which files the configuration came from, and what is not as it is by default. There are no
// secrets among its keys.
#include <string.h>

#include "command/check.h"
#include "encode/document.h"

static json_t *files_of(const struct config *config)
{
    json_t *array = json_array();
    for (size_t i = 0; i < config->n_files; i++)
        document_append(array, document_text(config->files[i], SIZE_MAX));
    return array;
}

static json_t *setting_of(const struct config_setting *setting, const char *key)
{
    json_t *object = json_object();
    document_set(object, "key", document_text(key, SIZE_MAX));
    document_set(object, "value", document_text(setting->value, SIZE_MAX));
    document_set(object, "origin", document_text(setting->origin, SIZE_MAX));
    return object;
}

// Of the command line the rest of the line is the setting itself.
static const char *place_of(const struct config_setting *setting)
{
    return strncmp(setting->origin, "-o ", 3) == 0 ? "-o" : setting->origin;
}

static char *name_files(const struct config *config)
{
    char *text = NULL;
    for (size_t i = 0; i < config->n_files; i++)
        text_add_word(&text, config->files[i]);
    if (text == NULL)
        text = xstrdup("neither " CONFIG_FILE " nor " CONFIG_FOLDER "/*.conf is there");
    return text;
}

void check_configuration(struct check *check)
{
    const struct config *config = check->config;
    json_t *settings = json_array();
    scoped_free char *lines = NULL;
    for (size_t i = 0; i < config->n_settings; i++) {
        const struct config_setting *setting = &config->settings[i];
        if (config_is_default(config, setting))
            continue;
        scoped_free char *key = xasprintf("%s.%s", setting->section, setting->key);
        text_add(&lines, "\n%s = %s (%s)", key, setting->value, place_of(setting));
        document_append(settings, setting_of(setting, key));
    }
    json_t *details = json_object();
    document_set(details, "files", files_of(config));
    document_set(details, "settings", settings);
    char *text = name_files(config);
    text_add(&text, "%s", lines != NULL ? lines : "; all defaults");
    report_add(&check->report, (struct finding){"configuration", CHECK_OK, text, NULL, details});
}
