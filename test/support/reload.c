// SPDX-License-Identifier: Apache-2.0
#include "store/baseline.h"
#include "support/reload.h"
#include "support/unit.h"

void reload_window(struct window *window, const struct catalog *catalog)
{
    static const struct window_options options = {.period_ms = 60000};
    window_init(window, catalog, &options, 1000);
}

char *reload_save(const struct delta_table *table)
{
    struct window window;
    reload_window(&window, table->catalog);
    json_t *baseline = baseline_save(table, &window);
    char *text = json_dumps(baseline, JSON_COMPACT);
    assert_non_null(text);
    json_decref(baseline);
    window_finish(&window);
    return text;
}

void reload_load(struct delta_table *table, const char *text, const struct now *now)
{
    struct window window;
    const struct catalog *catalog = table->catalog;
    struct delta_options options = {.verdict_ms = table->verdict_ns / NS_PER_MS};
    json_t *baseline = json_loads(text, 0, NULL);
    assert_non_null(baseline);
    delta_table_finish(table);
    delta_table_init(table, catalog, &options);
    reload_window(&window, catalog);
    baseline_load(baseline, now, table, &window);
    window_finish(&window);
    json_decref(baseline);
}

void reload(struct delta_table *table, const struct now *now)
{
    scoped_free char *text = reload_save(table);
    reload_load(table, text, now);
}
