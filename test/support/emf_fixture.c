// SPDX-License-Identifier: Apache-2.0
// The checks that every EMF document has to pass.
#include <string.h>

#include "encode/emf.h"
#include "support/emf_fixture.h"
#include "support/unit.h"

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

static void check_part(const struct encoder_fixture *fixture, uint32_t part)
{
    const json_t *document = fixture->documents[part];
    assert_int_equal(json_integer_value(json_object_get(document, "part")), part + 1);
    assert_int_equal(json_integer_value(json_object_get(document, "parts")), fixture->plan.n_parts);
}

json_t *emf_fixture_encode(struct encoder_fixture *fixture, size_t max_bytes)
{
    encoder_fixture_encode(fixture, &emf_encoder, max_bytes);
    for (uint32_t i = 0; i < fixture->plan.n_parts; i++) {
        check_metrics(fixture->documents[i]);
        check_part(fixture, i);
    }
    return fixture->plan.n_parts > 0 ? fixture->documents[0] : NULL;
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
