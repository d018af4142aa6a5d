// SPDX-License-Identifier: Apache-2.0
// The fixture of the tests of encoders, and the checks that every item has to pass.
#include <stdio.h>
#include <string.h>

#include "support/encoder_fixture.h"
#include "support/unit.h"

static void name_metrics(struct catalog *catalog)
{
    static const struct metric known[] = {{"bw_in_allowance_exceeded", METRIC_COUNTER},
        {"bw_out_allowance_exceeded", METRIC_COUNTER}, {"pps_allowance_exceeded", METRIC_COUNTER},
        {"conntrack_allowance_exceeded", METRIC_COUNTER},
        {"linklocal_allowance_exceeded", METRIC_COUNTER},
        {"conntrack_allowance_available", METRIC_GAUGE}, {"ena_srd_mode", METRIC_MODE},
        {"ena_srd_tx_pkts", METRIC_COUNTER}, {"ena_srd_eligible_tx_pkts", METRIC_COUNTER},
        {"ena_srd_rx_pkts", METRIC_COUNTER}, {"ena_srd_resource_utilization", METRIC_PERCENT}};
    static char unknown[METRIC_MAX][16];
    catalog->n_metrics = METRIC_MAX;
    memcpy(catalog->metrics, known, sizeof(known));
    for (uint32_t i = ARRAY_SIZE(known); i < METRIC_MAX; i++) {
        snprintf(unknown[i], sizeof(unknown[i]), "statistic_%u", i);
        catalog->metrics[i] = (struct metric){.name = unknown[i], .kind = METRIC_COUNTER};
    }
}

int encoder_fixture_setup(void **state)
{
    struct encoder_fixture *fixture = xcalloc(1, sizeof(*fixture));
    name_metrics(&fixture->catalog);
    fixture->options = (struct encoder_options){.namespace = xstrdup("EnaWatch"),
        .log_group = xstrdup("/enawatch/metrics"),
        .instance_dimensions = xstrdup("InstanceId; ClusterName"),
        .eni_dimensions = xstrdup("InstanceId, NetworkInterfaceId")};
    record_builder_init(&fixture->builder, METRIC_SCOPE_INSTANCE);
    fixture->builder.record.sequence = 7;
    fixture->builder.record.sample_ms = 1000;
    *state = fixture;
    return 0;
}

static void forget_items(struct encoder_fixture *fixture)
{
    for (uint32_t i = 0; fixture->texts != NULL && i < fixture->plan.n_parts; i++) {
        free(fixture->texts[i]);
        json_decref(fixture->documents[i]);
    }
    free(fixture->texts);
    free(fixture->documents);
    fixture->texts = NULL;
    fixture->documents = NULL;
    fixture->plan = (struct parts){0};
}

int encoder_fixture_teardown(void **state)
{
    struct encoder_fixture *fixture = *state;
    forget_items(fixture);
    encoder_finish(&fixture->encoder);
    record_builder_finish(&fixture->builder);
    free(fixture->options.namespace);
    free(fixture->options.log_group);
    free(fixture->options.instance_dimensions);
    free(fixture->options.eni_dimensions);
    free(fixture);
    return 0;
}

void encoder_fixture_label(struct encoder_fixture *fixture, const char *name, const char *value)
{
    labels_add(
        &fixture->labels, (struct label){.name = name, .value = value, .is_dimension = true});
}

void encoder_fixture_property(struct encoder_fixture *fixture, const char *name, const char *value)
{
    labels_add(&fixture->labels, (struct label){.name = name, .value = value});
}

struct encoding encoder_fixture_encoding(const struct encoder_fixture *fixture)
{
    return (struct encoding){&fixture->encoder, &fixture->builder.record, &fixture->labels};
}

void encoder_fixture_begin(struct encoder_fixture *fixture, const struct encoder_ops *ops)
{
    encoder_finish(&fixture->encoder);
    encoder_init(
        &fixture->encoder, &(struct encoder_setting){ops, &fixture->options, &fixture->catalog});
}

struct kept {
    size_t n_items;
    size_t n_wanted;
    char **items;
};

// The last item that is wanted ends the encoding.
static int keep(void *context, const char *item)
{
    struct kept *kept = context;
    assert_true(kept->n_items < kept->n_wanted);
    kept->items[kept->n_items++] = xstrdup(item);
    return kept->n_items == kept->n_wanted ? 77 : 0;
}

static void encode(
    struct encoder_fixture *fixture, uint32_t first, int64_t timestamp_ms, struct kept *kept)
{
    struct record *record = &fixture->builder.record;
    struct encoding encoding = encoder_fixture_encoding(fixture);
    struct taker taker = {keep, kept};
    record->parts = fixture->plan;
    record->n_parts_taken = first;
    assert_int_equal(fixture->encoder.ops->encode(&encoding, timestamp_ms, &taker), 77);
    assert_int_equal(kept->n_items, kept->n_wanted);
    record->n_parts_taken = 0;
}

char *encoder_fixture_item(struct encoder_fixture *fixture, uint32_t part, int64_t timestamp_ms)
{
    char *item;
    struct kept kept = {.n_wanted = 1, .items = &item};
    encode(fixture, part, timestamp_ms, &kept);
    return item;
}

static int count(void *context, const char *item)
{
    assert_non_null(item);
    ++*(uint32_t *)context;
    return 0;
}

// It ends by itself after the last item.
static void check_end(struct encoder_fixture *fixture)
{
    uint32_t n_items = 0;
    struct encoding encoding = encoder_fixture_encoding(fixture);
    fixture->builder.record.parts = fixture->plan;
    assert_int_equal(
        fixture->encoder.ops->encode(&encoding, 0, &(struct taker){count, &n_items}), 0);
    assert_int_equal(n_items, fixture->plan.n_parts);
}

static void check_item(struct encoder_fixture *fixture, uint32_t part, size_t max_bytes)
{
    scoped_free char *widest = encoder_fixture_item(fixture, part, INT64_MIN);
    scoped_free char *alone = encoder_fixture_item(fixture, part, ENCODER_FIXTURE_TIMESTAMP);
    assert_string_equal(alone, fixture->texts[part]);
    assert_true(strlen(widest) <= max_bytes);
    assert_true(strlen(alone) <= max_bytes);
    assert_null(strchr(alone, '\n'));
}

static void keep_items(struct encoder_fixture *fixture, size_t max_bytes)
{
    uint32_t n_parts = fixture->plan.n_parts;
    struct kept kept = {.n_wanted = n_parts, .items = xcalloc(n_parts, sizeof(char *))};
    encode(fixture, 0, ENCODER_FIXTURE_TIMESTAMP, &kept);
    fixture->texts = kept.items;
    fixture->documents = xcalloc(n_parts, sizeof(json_t *));
    for (uint32_t i = 0; i < n_parts; i++) {
        fixture->documents[i] = json_loads(fixture->texts[i], JSON_REJECT_DUPLICATES, NULL);
        assert_non_null(fixture->documents[i]);
        check_item(fixture, i, max_bytes);
    }
    check_end(fixture);
}

void encoder_fixture_encode(
    struct encoder_fixture *fixture, const struct encoder_ops *ops, size_t max_bytes)
{
    struct parts plan = {0};
    forget_items(fixture);
    encoder_fixture_begin(fixture, ops);
    struct encoding encoding = encoder_fixture_encoding(fixture);
    int r = ops->plan(&encoding, max_bytes, &plan);
    assert_int_equal(r, plan.n_parts > 0 ? 0 : ENCODER_NOTHING);
    fixture->plan = plan;
    if (r == 0)
        keep_items(fixture, max_bytes);
}
