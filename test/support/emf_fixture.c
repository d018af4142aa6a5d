// SPDX-License-Identifier: Apache-2.0
// The fixture of the EMF tests, and the checks that every document has to pass.
#include <stdio.h>
#include <string.h>

#include "support/emf_fixture.h"
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

int emf_fixture_setup(void **state)
{
    struct emf_fixture *fixture = xcalloc(1, sizeof(*fixture));
    name_metrics(&fixture->catalog);
    fixture->options = (struct emf_options){.namespace = xstrdup("EnaWatch"),
        .log_group = xstrdup("/enawatch/metrics"),
        .instance_dimensions = xstrdup("InstanceId; ClusterName"),
        .eni_dimensions = xstrdup("InstanceId, NetworkInterfaceId")};
    record_builder_init(&fixture->builder, METRIC_SCOPE_INSTANCE);
    fixture->builder.record.sequence = 7;
    fixture->builder.record.sample_ms = 1000;
    *state = fixture;
    return 0;
}

static void forget_documents(struct emf_fixture *fixture)
{
    for (uint32_t i = 0; fixture->texts != NULL && i < fixture->plan.n_parts; i++) {
        free(fixture->texts[i]);
        json_decref(fixture->documents[i]);
    }
    free(fixture->texts);
    free(fixture->documents);
    fixture->texts = NULL;
    fixture->documents = NULL;
    emf_finish(&fixture->emf);
}

int emf_fixture_teardown(void **state)
{
    struct emf_fixture *fixture = *state;
    forget_documents(fixture);
    record_builder_finish(&fixture->builder);
    free(fixture->options.namespace);
    free(fixture->options.log_group);
    free(fixture->options.instance_dimensions);
    free(fixture->options.eni_dimensions);
    free(fixture);
    return 0;
}

void emf_fixture_label(struct emf_fixture *fixture, const char *name, const char *value)
{
    labels_add(
        &fixture->labels, (struct label){.name = name, .value = value, .is_dimension = true});
}

void emf_fixture_property(struct emf_fixture *fixture, const char *name, const char *value)
{
    labels_add(&fixture->labels, (struct label){.name = name, .value = value});
}

static char *encode(const struct emf_fixture *fixture, uint32_t part, int64_t timestamp_ms)
{
    return emf_encode(&fixture->emf, &fixture->builder.record, &fixture->labels, &fixture->plan,
        part, timestamp_ms);
}

static void check_size(const struct emf_fixture *fixture, uint32_t part, size_t max_bytes)
{
    scoped_free char *widest = encode(fixture, part, INT64_MIN);
    assert_true(strlen(widest) <= max_bytes);
    assert_true(strlen(fixture->texts[part]) <= max_bytes);
    assert_null(strchr(fixture->texts[part], '\n'));
}

static void check_metrics(const json_t *document)
{
    size_t i;
    const json_t *definition;
    json_t *metrics = json_object_get(
        json_array_get(emf_fixture_directives(document), 0), "Metrics");
    assert_true(json_array_size(metrics) <= 100);
    json_array_foreach(metrics, i, definition)
    {
        const char *name = json_string_value(json_object_get(definition, "Name"));
        size_t n_values = json_array_size(json_object_get(document, name));
        assert_in_range(n_values, 1, 100);
    }
}

static void check_part(const struct emf_fixture *fixture, uint32_t part)
{
    const json_t *document = fixture->documents[part];
    assert_int_equal(json_integer_value(json_object_get(document, "part")), part + 1);
    assert_int_equal(json_integer_value(json_object_get(document, "parts")), fixture->plan.n_parts);
}

json_t *emf_fixture_encode(struct emf_fixture *fixture, size_t max_bytes)
{
    forget_documents(fixture);
    emf_init(&fixture->emf, &fixture->options, &fixture->catalog, "boot-1");
    assert_int_equal(emf_plan_record(&fixture->emf, &fixture->builder.record, &fixture->labels,
                         max_bytes, &fixture->plan),
        0);
    fixture->texts = xcalloc(fixture->plan.n_parts, sizeof(char *));
    fixture->documents = xcalloc(fixture->plan.n_parts, sizeof(json_t *));
    for (uint32_t i = 0; i < fixture->plan.n_parts; i++) {
        fixture->texts[i] = encode(fixture, i, EMF_FIXTURE_TIMESTAMP);
        fixture->documents[i] = json_loads(fixture->texts[i], JSON_REJECT_DUPLICATES, NULL);
        assert_non_null(fixture->documents[i]);
        check_size(fixture, i, max_bytes);
        check_metrics(fixture->documents[i]);
        check_part(fixture, i);
    }
    return fixture->documents[0];
}

json_t *emf_fixture_directives(const json_t *document)
{
    json_t *directives = json_object_get(json_object_get(document, "_aws"), "CloudWatchMetrics");
    assert_true(json_is_array(directives));
    assert_true(json_array_size(directives) <= 1);
    return directives;
}

json_t *emf_fixture_definition(const json_t *document, const char *name)
{
    size_t i;
    json_t *definition;
    json_t *metrics = json_object_get(
        json_array_get(emf_fixture_directives(document), 0), "Metrics");
    json_array_foreach(metrics, i,
        definition) if (strcmp(json_string_value(json_object_get(definition, "Name")), name) ==
        0) return definition;
    return NULL;
}

const char *emf_fixture_text(const json_t *document, const char *name)
{
    const char *text = json_string_value(json_object_get(document, name));
    return text != NULL ? text : "(none)";
}
