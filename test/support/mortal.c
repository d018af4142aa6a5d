// SPDX-License-Identifier: Apache-2.0
#include <string.h>

#include "support/mortal.h"
#include "support/reload.h"

static void begin(struct mortal *mortal, const struct catalog *catalog)
{
    struct delta_options options = {.verdict_ms = SCHEDULE_VERDICT_NS / NS_PER_MS};
    delta_table_finish(&mortal->table);
    delta_table_init(&mortal->table, catalog, &options);
}

void mortal_init(struct mortal *mortal, const struct catalog *catalog)
{
    memset(mortal, 0, sizeof(*mortal));
    begin(mortal, catalog);
}

void mortal_finish(struct mortal *mortal)
{
    delta_table_finish(&mortal->table);
    free(mortal->text);
    mortal->text = NULL;
}

void sums_add(struct sums *sums, size_t card, const struct delta *delta)
{
    for (uint32_t i = 0; i < delta->n_readings; i++) {
        uint32_t metric = history_from_catalog(delta->readings[i].metric);
        if (!history_is_level(metric))
            sums->of[card][metric] += delta->readings[i].value;
    }
}

void mortal_see(struct mortal *mortal, const struct look *look, const struct sample *sample,
    struct delta *ret_delta)
{
    delta_table_apply(&mortal->table, sample, ret_delta);
    sums_add(&mortal->open, look->card, ret_delta);
    mortal->is_due |= ret_delta->is_turning_point;
}

void mortal_write(struct mortal *mortal)
{
    free(mortal->text);
    mortal->text = reload_save(&mortal->table);
    for (size_t card = 0; card < SCHEDULE_MAX_CARDS; card++)
        for (uint32_t i = 0; i < HISTORY_N_METRICS; i++)
            mortal->written.of[card][i] += mortal->open.of[card][i];
    memset(&mortal->open, 0, sizeof(mortal->open));
    mortal->is_due = false;
}

void mortal_die(struct mortal *mortal, const struct now *now)
{
    memset(&mortal->open, 0, sizeof(mortal->open));
    mortal->is_due = false;
    if (mortal->text != NULL)
        reload_load(&mortal->table, mortal->text, now);
    else
        begin(mortal, mortal->table.catalog);
}
