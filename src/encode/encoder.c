// SPDX-License-Identifier: Apache-2.0
// What both forms of a record need: dimension sets and which of them are complete, units.
#include <assert.h>
#include <string.h>
#include <zlib.h>

#include "encode/encoder.h"

static void must_parse(const char *text, struct dimension_sets *ret_sets)
{
    const char *allowed = dimension_sets_parse(text, ret_sets);
    assert(allowed == NULL);
    (void)allowed;
}

void encoder_init(struct encoder *encoder, const struct encoder_setting *setting)
{
    *encoder = (struct encoder){
        .ops = setting->ops, .options = setting->options, .catalog = setting->catalog};
    must_parse(setting->options->instance_dimensions, &encoder->instance_sets);
    must_parse(setting->options->eni_dimensions, &encoder->eni_sets);
}

void encoder_finish(struct encoder *encoder)
{
    if (encoder == NULL)
        return;
    dimension_sets_finish(&encoder->instance_sets);
    dimension_sets_finish(&encoder->eni_sets);
    *encoder = (struct encoder){0};
}

static uint32_t add_to_key(uint32_t key, const char *text)
{
    return (uint32_t)crc32(key, (const unsigned char *)text, (unsigned int)strlen(text) + 1);
}

uint32_t encoder_key(const struct encoder *encoder, size_t max_bytes)
{
    const struct encoder_options *options = encoder->options;
    scoped_free char *numbers = xasprintf("%zu %d", max_bytes, options->resolution);
    const char *settings[] = {encoder->ops->name, numbers, options->namespace, options->log_group,
        options->instance_dimensions, options->eni_dimensions};
    uint32_t key = 0;
    for (size_t i = 0; i < ARRAY_SIZE(settings); i++)
        key = add_to_key(key, settings[i]);
    for (uint32_t i = 0; i < encoder->catalog->n_metrics; i++)
        key = add_to_key(key, encoder->catalog->metrics[i].name);
    return key != 0 ? key : 1;
}

const struct dimension_sets *encoder_sets(const struct encoding *encoding)
{
    const struct encoder *encoder = encoding->encoder;
    return encoding->record->scope == METRIC_SCOPE_INSTANCE ? &encoder->instance_sets
                                                            : &encoder->eni_sets;
}

bool encoder_is_pending(const struct encoding *encoding)
{
    const struct dimension_sets *sets = encoder_sets(encoding);
    for (size_t i = 0; i < sets->n_sets; i++)
        for (size_t j = 0; j < sets->sets[i].n_names; j++)
            if (labels_is_pending(encoding->labels, sets->sets[i].names[j]))
                return true;
    return false;
}

bool encoder_is_known_set(const struct encoding *encoding, const struct dimension_set *set)
{
    for (size_t i = 0; i < set->n_names; i++)
        if (labels_dimension(encoding->labels, set->names[i]) == NULL)
            return false;
    return true;
}

const struct metric *encoder_metric(const struct encoding *encoding, uint32_t metric)
{
    assert(metric < encoding->encoder->catalog->n_metrics);
    return &encoding->encoder->catalog->metrics[metric];
}

const char *encoder_unit(const struct metric *metric)
{
    static const char *const units[] = {[METRIC_COUNTER] = "Count",
        [METRIC_GAUGE] = "Count",
        [METRIC_PERCENT] = "Percent",
        [METRIC_DURATION] = "Milliseconds",
        [METRIC_MODE] = "None"};
    return units[metric->kind];
}

int encoder_resolution_s(const struct encoder *encoder)
{
    return encoder->options->resolution == ENCODER_RESOLUTION_1 ? 1 : 60;
}
