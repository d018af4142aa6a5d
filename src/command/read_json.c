// SPDX-License-Identifier: Apache-2.0
// A look as one line of JSON. The members are a promise, told in README.md: none changes its
// meaning, more may come.
#include <inttypes.h>
#include <math.h>
#include <time.h>

#include "base/mac.h"
#include "command/read_print.h"
#include "encode/document.h"

static json_t *time_of(int64_t wall_ms)
{
    struct tm tm;
    time_t seconds = (time_t)(wall_ms / 1000);
    char day[32], text[40];
    gmtime_r(&seconds, &tm);
    strftime(day, sizeof(day), "%Y-%m-%dT%H:%M:%S", &tm);
    snprintf(text, sizeof(text), "%s.%03dZ", day, (int)(wall_ms % 1000));
    return document_text(text, sizeof(text));
}

static const char *kind_of(const struct metric *metric)
{
    switch (metric->kind) {
    case METRIC_COUNTER:
        return "counter";
    case METRIC_PERCENT:
        return "percent";
    case METRIC_MODE:
        return "mode";
    default:
        return "gauge";
    }
}

static json_t *statistic_of(const struct metric *metric, const struct statistic *statistic)
{
    const char *kind = kind_of(metric);
    json_t *object = json_object();
    document_set(object, "kind", document_text(kind, SIZE_MAX));
    document_set(object, "value", document_decimal(statistic->value, metric->n_decimals));
    if (metric->kind == METRIC_COUNTER && statistic->has_moved) {
        document_set(object, "increase", document_number(statistic->increase));
        document_set(object, "per_second", json_real(round(statistic->per_second * 1000) / 1000));
    }
    if (statistic->is_suspect)
        document_set(object, "is_suspect", json_true());
    return object;
}

static json_t *statistics_of(const struct watch *watch, const struct watched *eni)
{
    json_t *object = json_object();
    for (uint32_t i = 0; i < watch->catalog.n_metrics; i++)
        if (eni->statistics[i].is_present)
            document_set(object, watch->catalog.metrics[i].name,
                statistic_of(&watch->catalog.metrics[i], &eni->statistics[i]));
    return object;
}

static json_t *unsupported_of(const struct watch *watch, const struct watched *eni)
{
    json_t *array = json_array();
    for (uint32_t i = 0; i < watch->catalog.n_metrics; i++)
        if (watched_lacks(watch, eni, i))
            document_append(array, document_text(watch->catalog.metrics[i].name, SIZE_MAX));
    return array;
}

static json_t *eni_of(const struct watch *watch, const struct watched *watched)
{
    const struct eni *eni = &watched->eni;
    char mac[MAC_TEXT_MAX];
    mac_format(eni->mac.octets, mac);
    json_t *object = json_object();
    document_set(object, "interface", document_text(eni->ifname, sizeof(eni->ifname)));
    document_set(object, "mac", document_text(mac, sizeof(mac)));
    document_set(object, "ifindex", document_number((uint64_t)eni->ifindex));
    document_set(object, "driver", document_text(eni->driver, sizeof(eni->driver)));
    document_set(
        object, "driver_version", document_text(eni->driver_version, sizeof(eni->driver_version)));
    document_set(object, "statistics", statistics_of(watch, watched));
    document_set(object, "unsupported", unsupported_of(watch, watched));
    return object;
}

void read_print_json(struct read_page *page, const struct watch *watch)
{
    json_t *root = json_object(), *enis = json_array();
    document_set(root, "time", time_of(watch->at.wall_ms));
    document_set(root, "elapsed_ms", document_number(watch->elapsed_ns / NS_PER_MS));
    for (size_t i = 0; i < watch->n_enis; i++)
        if (watch->enis[i]->is_read)
            document_append(enis, eni_of(watch, watch->enis[i]));
    document_set(root, "enis", enis);
    scoped_free char *text = document_print(root);
    fprintf(page->to, "%s\n", text);
    json_decref(root);
}
