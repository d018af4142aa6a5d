// SPDX-License-Identifier: Apache-2.0
// Any bytes are one of AWS's shared files: the first says which. Each entry has a form that can be
// asked for, what is asked for is what the last of its kind says, and no more lines are left out
// than there are. What is found is then taken for a region, endpoints and keys, which have theirs.
#include <stdbool.h>
#include <string.h>

#include "aws/endpoint.h"
#include "aws/environment.h"
#include "aws/keys.h"
#include "aws/partition.h"
#include "aws/profile_lines.h"
#include "base.h"
#include "log.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n_bytes);
int LLVMFuzzerInitialize(int *n_words, char ***words);

// Looking for each of more entries than this takes too long.
#define MAX_COMPARED 200

static void check(bool claim)
{
    if (!claim)
        abort();
}

static const char *ask(const struct aws_profiles *profiles, const struct aws_profile_entry *entry)
{
    return entry->is_of_services
        ? aws_services_get(profiles, entry->section, entry->key)
        : aws_profile_get_from(profiles, entry->file, entry->section, entry->key);
}

static bool is_same_setting(const struct aws_profile_entry *a, const struct aws_profile_entry *b)
{
    return a->is_of_services == b->is_of_services && strcmp(a->section, b->section) == 0 &&
        strcmp(a->key, b->key) == 0;
}

static void check_last(const struct aws_profiles *profiles, size_t index)
{
    const struct aws_profile_entry *entry = &profiles->entries[index];
    const char *value = ask(profiles, entry);
    const struct aws_profile_entry *last = entry;
    for (size_t i = index; i < profiles->n_entries; i++)
        if (is_same_setting(&profiles->entries[i], entry))
            last = &profiles->entries[i];
    // One below another may be gone with it.
    check(value == last->value || (value == NULL && strchr(entry->key, '.') != NULL));
}

static void check_entry(const struct aws_profile_entry *entry, enum aws_profile_file file)
{
    check(entry->file == file && (!entry->is_of_services || file == AWS_FILE_CONFIG));
    for (const char *at = entry->key; *at != '\0'; at++)
        check(*at != '\n' && (*at < 'A' || *at > 'Z'));
    check(*entry->key != '\0' || *entry->value == '\0');
    check(strchr(entry->section, '\n') == NULL);
    check(strchr(entry->value, '\n') == NULL || strlen(entry->value) <= AWS_PROFILE_LINES_MAX);
}

static void check_use(const struct aws_profiles *profiles)
{
    const char *region = aws_region_of(profiles);
    check(region == NULL || aws_is_region(region));
    for (size_t i = 0; i < AWS_N_SERVICES; i++) {
        char *complaint = NULL;
        struct aws_endpoint_wish wish = {.service = (enum aws_service)i, .profiles = profiles};
        char *endpoint = aws_endpoint(&wish, region, &complaint);
        check((endpoint == NULL) == (complaint != NULL));
        check(endpoint == NULL ||
            (aws_endpoint_check(NULL, endpoint) == NULL && endpoint[strlen(endpoint) - 1] != '/'));
        free(endpoint);
        free(complaint);
    }
}

static void check_keys(const struct aws_profiles *profiles)
{
    struct aws_keys keys = {0};
    struct sigv4_keys from = {aws_profile_get(profiles, NULL, "aws_access_key_id"),
        aws_profile_get(profiles, NULL, "aws_secret_access_key"),
        aws_profile_get(profiles, NULL, "aws_session_token")};
    if (aws_keys_set(&keys, &from, 0)) {
        check(strpbrk(keys.access_key_id, " \t\r\n") == NULL && *keys.access_key_id != '\0');
        check(
            strpbrk(keys.secret_access_key, " \t\r\n") == NULL && *keys.secret_access_key != '\0');
        check(keys.session_token == NULL || *keys.session_token != '\0');
    }
    aws_keys_finish(&keys);
}

int LLVMFuzzerInitialize(int *n_words, char ***words)
{
    (void)n_words;
    (void)words;
    log_set_level((enum log_level)0); // silent
    return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n_bytes)
{
    if (n_bytes == 0)
        return 0;
    enum aws_profile_file file = bytes[0] % 2 == 0 ? AWS_FILE_CONFIG : AWS_FILE_CREDENTIALS;
    struct aws_profiles profiles = {0};
    struct profile_trouble trouble;
    size_t n_lines = 1;
    // Without a byte to spare, for the address sanitizer.
    scoped_free char *text = malloc(n_bytes);
    memcpy(text, bytes + 1, n_bytes - 1);
    for (size_t i = 0; i + 1 < n_bytes; i++)
        n_lines += text[i] == '\n';
    profile_lines_take(&profiles, file, text, n_bytes - 1, &trouble);
    check(profiles.n_entries + trouble.n_bad <= n_lines);
    check((trouble.n_bad > 0) == (trouble.complaint != NULL) && trouble.line <= n_lines);
    for (size_t i = 0; i < profiles.n_entries; i++)
        check_entry(&profiles.entries[i], file);
    for (size_t i = 0; i < profiles.n_entries && i < MAX_COMPARED; i++)
        check_last(&profiles, i);
    check_use(&profiles);
    check_keys(&profiles);
    aws_profiles_finish(&profiles);
    return 0;
}
