// SPDX-License-Identifier: Apache-2.0
// Any bytes are one configuration file: each line is taken or refused, a line that is refused
// changes nothing, what is printed is accepted and prints the same, and what passes the check can
// be used.
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "base/parse.h"
#include "config.h"
#include "encode/emf.h"
#include "identity/identity.h"

// Asking after each of more refused lines than this whether nothing changed takes too long.
#define MAX_COMPARED 8

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n_bytes);

static void check(bool claim)
{
    if (!claim)
        abort();
}

static char *print(const struct config *config)
{
    char *text = NULL;
    size_t n_bytes = 0;
    FILE *file = open_memstream(&text, &n_bytes);
    check(file != NULL);
    config_print(config, file);
    check(fclose(file) == 0 && strlen(text) == n_bytes);
    return text;
}

struct reader {
    struct config *config;
    size_t n_compared;
    bool is_strict; // every line must be taken
};

static void assign(struct reader *reader, const struct assignment *assignment)
{
    bool is_compared = !reader->is_strict && reader->n_compared < MAX_COMPARED;
    scoped_free char *before = is_compared ? print(reader->config) : NULL;
    int r = config_assign(reader->config, assignment);
    check(r == 0 || (r < 0 && !reader->is_strict));
    if (r == 0 || !is_compared)
        return;
    scoped_free char *after = print(reader->config);
    check(strcmp(before, after) == 0);
    reader->n_compared++;
}

static int take(const struct ini_line *line, void *to)
{
    struct reader *reader = to;
    check(line->number > 0 && line->section != NULL);
    check(line->kind != INI_BAD || (!reader->is_strict && line->complaint != NULL));
    if (line->kind == INI_PAIR)
        assign(reader,
            &(struct assignment){.origin = "fuzz",
                .section = line->section,
                .key = line->key,
                .value = line->value});
    return 0;
}

// Without comments: where a value came from is another place the second time.
static void cut_comments(char *text)
{
    char *to = text;
    for (char *line = text; *line != '\0';) {
        size_t length = strcspn(line, "\n");
        length += line[length] == '\n';
        if (*line != '#') {
            memmove(to, line, length);
            to += length;
        }
        line += length;
    }
    *to = '\0';
}

static void check_print(const struct config *config, bool fits)
{
    scoped_free char *first = print(config);
    struct config again;
    config_init(&again);
    struct reader reader = {.config = &again, .is_strict = true};
    check(parse_ini(first, strlen(first), take, &reader) == 0);
    check((config_check(&again) == 0) == fits);
    check(again.replay.speed == config->replay.speed);
    scoped_free char *second = print(&again);
    cut_comments(first);
    cut_comments(second);
    check(strcmp(first, second) == 0);
    config_finish(&again);
}

// What every component's init asserts of options that have passed their checks.
static void check_use(const struct config *config)
{
    static struct catalog catalog;
    struct window window;
    struct encoder encoder;
    struct identity identity;
    struct labels labels;
    struct record record = {.scope = METRIC_SCOPE_ENI};
    catalog_init(&catalog, &config->catalog);
    check(catalog.n_metrics <= METRIC_MAX);
    window_init(&window, &catalog, &config->window, config->sample.interval_ms);
    window_open(&window, &(struct now){.wall_ms = INT64_C(1700000000000)});
    check(window.start_ms % (int64_t)config->window.period_ms == 0);
    window_finish(&window);
    encoder_init(&encoder, &(struct encoder_setting){&emf_encoder, &config->encoder, &catalog});
    check(encoder.instance_sets.n_sets > 0 && encoder.eni_sets.n_sets > 0);
    encoder_finish(&encoder);
    struct now now = {.boot_ns = NS_PER_S};
    identity_init(&identity, &(struct identity_setting){.options = &config->identity}, &now);
    identity_label(&identity, &record, &now, &labels);
    check(labels.n_labels <= LABELS_MAX);
    identity_finish(&identity);
    check(config_log_level(config) <= LOG_LEVEL_DEBUG);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n_bytes)
{
    log_set_level((enum log_level)0); // silent
    struct config config;
    config_init(&config);
    struct reader reader = {.config = &config};
    scoped_free char *exact = malloc(n_bytes > 0 ? n_bytes : 1);
    if (n_bytes > 0)
        memcpy(exact, bytes, n_bytes);
    check(parse_ini(exact, n_bytes, take, &reader) == 0);
    bool fits = config_check(&config) == 0;
    check_print(&config, fits);
    if (fits)
        check_use(&config);
    config_finish(&config);
    return 0;
}
