// SPDX-License-Identifier: Apache-2.0
// Names to places, values to samples, failures to silence: one ENI.
#include <errno.h>
#include <string.h>

#include "collector/eni_source.h"
#include "flow/catalog.h"
#include "log.h"

// After so many failures in a row a device is left alone for a while between attempts.
#define PATIENT_FAILURES 10
#define PATIENT_RETRY_NS (5 * NS_PER_S)

// A change of any name changes it, at a fraction of the cost of looking each name up: a lane for
// each word of a slot, so that nothing waits for anything.
static uint64_t fingerprint_of(const struct counters_names *names)
{
    const uint64_t prime = UINT64_C(0x9e3779b97f4a7c15);
    uint64_t lanes[COUNTERS_NAME_BYTES / sizeof(uint64_t)] = {names->n_names};
    for (uint32_t i = 0; i < names->n_names; i++) {
        uint64_t words[ARRAY_SIZE(lanes)];
        memcpy(words, names->slots[i], sizeof(words));
        for (size_t k = 0; k < ARRAY_SIZE(lanes); k++)
            lanes[k] = (lanes[k] + words[k]) * prime;
    }
    uint64_t sum = 0;
    for (size_t k = 0; k < ARRAY_SIZE(lanes); k++)
        sum = (sum ^ lanes[k] >> 32 ^ lanes[k]) * prime;
    return sum;
}

// The length of a name that is printable ASCII and terminated in its slot; else 0.
static size_t length_of_name(const char slot[COUNTERS_NAME_BYTES])
{
    size_t length = strnlen(slot, COUNTERS_NAME_BYTES);
    for (size_t i = 0; i < length; i++)
        if (slot[i] <= ' ' || slot[i] > '~')
            return 0;
    return length < COUNTERS_NAME_BYTES ? length : 0;
}

static bool has_pick(const struct eni_source *source, uint32_t metric)
{
    for (uint32_t i = 0; i < source->n_picks; i++)
        if (source->picks[i].metric == metric)
            return true;
    return false;
}

static void say_odd_names(const struct eni_source *source, uint32_t n_odd)
{
    log_warning(
        "ena: %s: %u statistic names are not printable ASCII of at most 31 characters; they "
        "are skipped",
        source->eni.ifname, n_odd);
}

static void say_missing(const struct eni_source *source, const struct catalog *catalog)
{
    bool has_any = false;
    for (uint32_t i = 0; i < METRIC_N_EXCEEDED; i++)
        has_any |= has_pick(source, i);
    if (!has_any) {
        log_warning("ena: %s: driver %s %s offers no allowance statistics: nothing to publish (ENA "
                    "driver 2.2.10 or later, or Linux 6.12 or later, on a Nitro instance has them)",
            source->eni.ifname, source->eni.driver, source->eni.driver_version);
        return;
    }
    for (uint32_t i = 0; i < catalog->n_metrics; i++)
        if (catalog->metrics[i].published && catalog->metrics[i].group != METRIC_GROUP_SRD &&
            !has_pick(source, i))
            log_info("ena: %s: driver %s %s does not offer %s: unsupported, not zero",
                source->eni.ifname, source->eni.driver, source->eni.driver_version,
                catalog->metrics[i].name);
}

// Looks every name up; of a name that stands twice the first counts. Returns how many were skipped.
static uint32_t pick_names(
    struct eni_source *source, const struct catalog *catalog, const struct counters_names *names)
{
    uint32_t n_odd = 0;
    source->n_picks = 0;
    for (uint32_t place = 0; place < names->n_names; place++) {
        size_t length = length_of_name(names->slots[place]);
        n_odd += length == 0;
        uint32_t metric = length > 0 ? catalog_find(catalog, names->slots[place], length)
                                     : METRIC_MAX;
        if (metric != METRIC_MAX && !has_pick(source, metric))
            source->picks[source->n_picks++] = (struct pick){metric, place};
    }
    return n_odd;
}

static void learn_names(
    struct eni_source *source, const struct catalog *catalog, const struct counters_names *names)
{
    source->picks = xreallocarray(source->picks, METRIC_MAX, sizeof(*source->picks));
    uint32_t n_odd = pick_names(source, catalog, names);
    if (source->has_told_names)
        return;
    source->has_told_names = true;
    if (n_odd > 0)
        say_odd_names(source, n_odd);
    say_missing(source, catalog);
}

static bool are_kept(const struct names_kept *kept, const struct counters_names *names)
{
    return names->n_names == kept->n_names &&
        memcmp(names->slots, kept->slots, (size_t)names->n_names * COUNTERS_NAME_BYTES) == 0;
}

static void keep_names(struct names_kept *kept, const struct counters_names *names)
{
    kept->slots = xreallocarray(kept->slots, names->n_names, COUNTERS_NAME_BYTES);
    memcpy(kept->slots, names->slots, (size_t)names->n_names * COUNTERS_NAME_BYTES);
    kept->n_names = names->n_names;
    kept->id++;
}

// Looks the names up if they are others than this source knows.
static void take_names(struct eni_source *source, const struct catalog *catalog,
    struct names_kept *kept, const struct counters_names *names)
{
    bool is_usual = are_kept(kept, names);
    if (is_usual && source->names_id == kept->id)
        return;
    uint64_t fingerprint = fingerprint_of(names);
    bool is_known = fingerprint == source->fingerprint && names->n_names == source->n_statistics;
    if (!is_known)
        learn_names(source, catalog, names);
    if (!is_known && !is_usual)
        keep_names(kept, names);
    if (!is_known || is_usual)
        source->names_id = kept->id;
    source->fingerprint = fingerprint;
    source->n_statistics = names->n_names;
}

static int read_names(struct eni_source *source, const struct catalog *catalog,
    struct counters *counters, struct names_kept *kept)
{
    struct link link = {.ifindex = source->eni.ifindex, .has_mac = true, .mac = source->eni.mac};
    memcpy(link.ifname, source->eni.ifname, sizeof(link.ifname));
    struct counters_names names = {0};
    int r = counters->ops->names(counters, &link, &names);
    if (r < 0)
        return r;
    take_names(source, catalog, kept, &names);
    source->are_names_due = false;
    return 0;
}

// 0, COUNTERS_CHANGED, or negative errno.
static int read_once(struct eni_source *source, const struct catalog *catalog,
    struct counters *counters, struct names_kept *kept, const uint64_t **ret_values)
{
    if (source->are_names_due) {
        int r = read_names(source, catalog, counters, kept);
        if (r < 0)
            return r;
    }
    int r = counters->ops->values(counters, source->eni.ifname, source->n_statistics, ret_values);
    source->are_names_due |= r != 0;
    return r;
}

int eni_source_read(struct eni_source *source, const struct catalog *catalog,
    struct counters *counters, struct names_kept *kept, struct sample *ret_sample)
{
    const uint64_t *values;
    int r = read_once(source, catalog, counters, kept, &values);
    if (r == COUNTERS_CHANGED)
        r = read_once(source, catalog, counters, kept, &values);
    if (r != 0)
        return r < 0 ? r : -EAGAIN;
    ret_sample->eni = &source->eni;
    counters->ops->clock(counters, &ret_sample->at);
    ret_sample->n_readings = source->n_picks;
    for (uint32_t i = 0; i < source->n_picks; i++)
        ret_sample->readings[i] = (struct reading){
            source->picks[i].metric, values[source->picks[i].place]};
    return 0;
}

bool eni_source_is_due(const struct eni_source *source, const struct now *now)
{
    return now->boot_ns >= source->retry_ns;
}

static const char *explain(int error)
{
    switch (error) {
    case EOPNOTSUPP:
        return "the driver has no statistics";
    case E2BIG:
        return "the driver has more than 16384 statistics";
    case ENODEV:
        return "the device is not there, or is being reset";
    default:
        return strerror(error);
    }
}

void eni_source_note(struct eni_source *source, int result, const struct now *now)
{
    if (result == 0) {
        if (source->told_error != 0)
            log_info("ena: %s: readable again after %u failed reads", source->eni.ifname,
                source->n_failures);
        source->n_failures = 0;
        source->told_error = 0;
        return;
    }
    if (source->told_error != -result)
        log_warning("ena: %s: cannot read the statistics: %s; trying again", source->eni.ifname,
            explain(-result));
    source->told_error = -result;
    source->n_failures++;
    if (source->n_failures >= PATIENT_FAILURES)
        source->retry_ns = now->boot_ns + PATIENT_RETRY_NS;
}

void eni_source_finish(struct eni_source *source)
{
    free(source->picks);
    *source = (struct eni_source){0};
}
