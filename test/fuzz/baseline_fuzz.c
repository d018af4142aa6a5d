// SPDX-License-Identifier: Apache-2.0
// Any text is a baseline of the last start. What is loaded of it is saved and loaded again as it
// is, and whatever it says of the past, samples get their judgement: nothing is published that is
// not in them, and nothing twice.
#include <stdbool.h>
#include <string.h>

#include "flow/catalog.h"
#include "flow/life.h"
#include "store/baseline.h"

#define N_SAMPLES 40

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n_bytes);

static void check(bool claim)
{
    if (!claim)
        abort();
}

struct play {
    struct catalog catalog;
    struct delta_table table;
    struct window window;
    struct now now;
    const uint8_t *bytes;
    size_t n_bytes, at;
};

static uint8_t next_byte(struct play *play)
{
    return play->n_bytes > 0 ? play->bytes[play->at++ % play->n_bytes] : 0;
}

static void begin(struct play *play, const struct catalog *catalog)
{
    static const struct delta_options delta_options = {.verdict_ms = 10000};
    static const struct window_options options = {.period_ms = 60000};
    delta_table_finish(&play->table);
    delta_table_init(&play->table, catalog, &delta_options);
    window_finish(&play->window);
    window_init(&play->window, catalog, &options, 1000);
}

static char *save(const struct play *play)
{
    json_auto_t *baseline = baseline_save(&play->table, &play->window);
    char *text = json_dumps(baseline, JSON_COMPACT);
    check(text != NULL);
    return text;
}

static void load(struct play *play, const char *text, size_t n_bytes)
{
    json_auto_t *baseline = json_loadb(text, n_bytes, JSON_DECODE_ANY, NULL);
    baseline_load(baseline, &play->now, &play->table, &play->window);
}

static void check_lives(const struct play *play)
{
    check(play->table.n_lives <= DELTA_MAX_LIVES);
    for (size_t i = 0; i < play->table.n_lives; i++) {
        const struct life *life = play->table.lives[i];
        check(life->ifindex >= 0 && life->last_ns > 0 && life->last_ns <= play->now.boot_ns);
        check(life->n_shown <= play->catalog.n_metrics);
        for (uint32_t k = 0; k < life->n_shown; k++)
            check(life->shown[k] < play->catalog.n_metrics &&
                (k == 0 || life->shown[k] > life->shown[k - 1]));
        for (size_t k = 0; k < i; k++)
            check(memcmp(&life->mac, &play->table.lives[k]->mac, sizeof(life->mac)) != 0);
    }
}

// Mostly what the life has as its baseline, or a little more.
static uint64_t value_of(struct play *play, const struct life *life, uint32_t metric)
{
    uint8_t shape = next_byte(play);
    uint64_t value = shape % 8 == 7 ? shape : shape % 8 == 6 ? 0 : life->baseline.value[metric];
    return value + (shape > 200 ? shape : 0);
}

static void check_delta(const struct sample *sample, const struct delta *delta)
{
    struct metric_set shown = {0}, told = {0};
    for (uint32_t i = 0; i < sample->n_readings; i++)
        metric_set_add(&shown, sample->readings[i].metric);
    check(delta->n_readings <= sample->n_readings);
    for (uint32_t i = 0; i < delta->n_readings; i++) {
        uint32_t metric = delta->readings[i].metric;
        check(metric_set_has(&shown, metric) && !metric_set_has(&told, metric));
        metric_set_add(&told, metric);
    }
    check(delta->held < 1u << N_DEVICE_GROUPS);
    check(delta->elapsed_ns <= sample->at.boot_ns);
}

static void apply(struct play *play)
{
    static struct sample sample;
    static struct delta delta;
    const struct life *life = play->table.lives[next_byte(play) % play->table.n_lives];
    struct eni eni = {.mac = life->mac, .ifindex = life->ifindex + (next_byte(play) > 240)};
    bool is_of_eni = life->mac.octets[0] != 0xff;
    play->now.boot_ns += (1 + next_byte(play) / 16) * NS_PER_S;
    sample.eni = is_of_eni ? &eni : NULL;
    sample.at = play->now;
    sample.n_readings = 0;
    for (uint32_t i = 0; i < play->catalog.n_metrics; i++)
        if (next_byte(play) % 8 != 0 && i != METRIC_SELF_READ_MS)
            sample_put(&sample, i, value_of(play, life, i));
    delta_table_apply(&play->table, &sample, &delta);
    check_delta(&sample, &delta);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n_bytes)
{
    static struct play play;
    static char *words[] = {(char *)"default", (char *)"queue_0_tx_cnt"};
    struct catalog_options options = {.metrics = {ARRAY_SIZE(words), words}};
    catalog_init(&play.catalog, &options);
    play.now = (struct now){.boot_ns = 1000 * NS_PER_S};
    play.bytes = bytes;
    play.n_bytes = n_bytes;
    play.at = 0;
    begin(&play, &play.catalog);
    load(&play, (const char *)bytes, n_bytes);
    check_lives(&play);
    scoped_free char *text = save(&play);
    begin(&play, &play.catalog);
    load(&play, text, strlen(text));
    scoped_free char *again = save(&play);
    check(strcmp(text, again) == 0);
    for (int i = 0; i < N_SAMPLES && play.table.n_lives > 0; i++)
        apply(&play);
    check_lives(&play);
    delta_table_finish(&play.table);
    window_finish(&play.window);
    return 0;
}
