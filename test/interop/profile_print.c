// SPDX-License-Identifier: Apache-2.0
// What files of AWS profiles say. Each line on standard input is a JSON object with the "text" of
// one and "is_credentials"; the answer is another: "settings", each of which is [is of services,
// section, key, value], "n_bad", and the "line" of the first that is. For profile_differential.py.
#include <jansson.h>
#include <stdio.h>

#include "aws/profile_lines.h"

static const char *value_of(
    const struct aws_profiles *profiles, const struct aws_profile_entry *entry)
{
    return entry->is_of_services
        ? aws_services_get(profiles, entry->section, entry->key)
        : aws_profile_get_from(profiles, entry->file, entry->section, entry->key);
}

// What is asked for, not what is stored.
static json_t *settings_of(const struct aws_profiles *profiles)
{
    json_t *settings = json_array();
    for (size_t i = 0; i < profiles->n_entries; i++) {
        const struct aws_profile_entry *entry = &profiles->entries[i];
        json_array_append_new(settings,
            json_pack("[b, s, s, s?]", entry->is_of_services, entry->section, entry->key,
                value_of(profiles, entry)));
    }
    return settings;
}

static json_t *answer(const char *text, size_t n_bytes, enum aws_profile_file file)
{
    struct aws_profiles profiles = {0};
    struct profile_trouble trouble;
    profile_lines_take(&profiles, file, text, n_bytes, &trouble);
    json_t *said = json_pack("{s:o, s:i, s:i}", "settings", settings_of(&profiles), "n_bad",
        (int)trouble.n_bad, "line", (int)trouble.line);
    aws_profiles_finish(&profiles);
    return said;
}

int main(void)
{
    char *line = NULL;
    size_t capacity = 0;
    while (getline(&line, &capacity, stdin) > 0) {
        const char *text;
        size_t n_bytes;
        int is_credentials;
        json_t *object = json_loads(line, 0, NULL);
        if (json_unpack(object, "{s:s%, s:b}", "text", &text, &n_bytes, "is_credentials",
                &is_credentials) != 0)
            return 1;
        json_t *said = answer(
            text, n_bytes, is_credentials ? AWS_FILE_CREDENTIALS : AWS_FILE_CONFIG);
        json_dumpf(said, stdout, JSON_COMPACT);
        putchar('\n');
        json_decref(said);
        json_decref(object);
    }
    free(line);
    return 0;
}
