// SPDX-License-Identifier: Apache-2.0
// Names to places, values to samples, failures to silence: one ENI.
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "collector/eni_source.h"
#include "flow/catalog.h"
#include "log.h"

// After so many failures in a row a device is left alone for a while between attempts.
#define PATIENT_FAILURES 10
#define PATIENT_RETRY_NS (5 * NS_PER_S)

#define MISSING_NAMES_MAX 512 // of a line in the log

// A device whose last read took longer is not asked again when the daemon ends.
#define FINAL_READ_NS NS_PER_S

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

static void say_odd_names(const struct eni_source *source, uint32_t n_odd)
{
    log_warning(
        "ena: %s: %u statistic names are not printable ASCII of at most 31 characters; they "
        "are skipped",
        source->eni.ifname, n_odd);
}

// Missing, and not told yet.
static bool is_news(
    const struct eni_source *source, const struct eni_reader *reader, uint32_t metric)
{
    return catalog_lacks(reader->catalog, &source->eni.offered, METRIC_SCOPES, metric) &&
        !metric_set_has(&reader->told_missing, metric);
}

// One line for all news that need the same.
static void say_missing_alike(
    const struct eni_source *source, struct eni_reader *reader, uint32_t first)
{
    char names[MISSING_NAMES_MAX] = "";
    size_t length = 0;
    unsigned int n_more = 0;
    const char *needs = catalog_needs(first);
    for (uint32_t i = first; i < reader->catalog->n_metrics; i++) {
        const char *name = reader->catalog->metrics[i].name;
        if (!is_news(source, reader, i) || strcmp(catalog_needs(i), needs) != 0)
            continue;
        metric_set_add(&reader->told_missing, i);
        bool has_room = n_more == 0 && length + strlen(name) + sizeof(", ...") + 2 < sizeof(names);
        n_more += !has_room;
        if (has_room)
            length += (size_t)snprintf(
                names + length, sizeof(names) - length, "%s%s", length > 0 ? ", " : "", name);
    }
    if (n_more > 0)
        snprintf(names + length, sizeof(names) - length, ", ...");
    log_info("ena: %s: driver %s %s does not offer %s: unsupported, not zero; that needs %s",
        source->eni.ifname, source->eni.driver, source->eni.driver_version, names, needs);
}

static bool has_allowances(const struct eni_source *source)
{
    for (uint32_t i = 0; i < METRIC_N_EXCEEDED; i++)
        if (metric_set_has(&source->eni.offered, i))
            return true;
    return false;
}

// Worth a warning: an ENI that tells nothing of what the daemon is for.
static void say_no_allowances(const struct eni_source *source, struct eni_reader *reader)
{
    bool is_any_news = false;
    for (uint32_t i = 0; i < METRIC_N_EXCEEDED; i++) {
        is_any_news |= !metric_set_has(&reader->told_missing, i);
        metric_set_add(&reader->told_missing, i);
    }
    if (is_any_news)
        log_warning("ena: %s: driver %s %s offers no allowance statistics: unsupported, not zero; "
                    "that needs %s",
            source->eni.ifname, source->eni.driver, source->eni.driver_version, catalog_needs(0));
}

static void say_missing(const struct eni_source *source, struct eni_reader *reader)
{
    if (!has_allowances(source)) {
        say_no_allowances(source, reader);
        return;
    }
    for (uint32_t i = 0; i < reader->catalog->n_metrics; i++)
        if (is_news(source, reader, i))
            say_missing_alike(source, reader, i);
}

static void offer_derived(struct metric_set *offered)
{
    if (metric_set_has(offered, METRIC_CONNTRACK_ALLOWANCE_AVAILABLE))
        metric_set_add(offered, METRIC_CONNTRACK_ALLOWANCE_USED_PERCENT);
    if (metric_set_has(offered, METRIC_SRD_TX_PKTS) &&
        metric_set_has(offered, METRIC_SRD_ELIGIBLE_TX_PKTS))
        metric_set_add(offered, METRIC_SRD_TX_SHARE_PERCENT);
}

static int compare_picks(const void *a, const void *b)
{
    uint32_t first = ((const struct pick *)a)->metric, second = ((const struct pick *)b)->metric;
    return first < second ? -1 : first > second;
}

// Looks every name up; of a name that stands twice the first counts. Returns how many were skipped.
static uint32_t pick_names(
    struct eni_source *source, const struct catalog *catalog, const struct counters_names *names)
{
    uint32_t n_odd = 0;
    source->n_picks = 0;
    source->eni.offered = (struct metric_set){0};
    for (uint32_t place = 0; place < names->n_names; place++) {
        size_t length = length_of_name(names->slots[place]);
        n_odd += length == 0;
        uint32_t metric = length > 0 ? catalog_find(catalog, names->slots[place], length)
                                     : METRIC_MAX;
        if (metric == METRIC_MAX || catalog->metrics[metric].group >= METRIC_GROUP_DERIVED ||
            metric_set_has(&source->eni.offered, metric))
            continue;
        metric_set_add(&source->eni.offered, metric);
        source->picks[source->n_picks++] = (struct pick){metric, place};
    }
    offer_derived(&source->eni.offered);
    qsort(source->picks, source->n_picks, sizeof(*source->picks), compare_picks);
    return n_odd;
}

static void learn_names(
    struct eni_source *source, struct eni_reader *reader, const struct counters_names *names)
{
    source->picks = xreallocarray(source->picks, METRIC_MAX, sizeof(*source->picks));
    uint32_t n_odd = pick_names(source, reader->catalog, names);
    if (n_odd > 0 && !source->has_told_names)
        say_odd_names(source, n_odd);
    source->has_told_names |= n_odd > 0;
    say_missing(source, reader);
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
static void take_names(
    struct eni_source *source, struct eni_reader *reader, const struct counters_names *names)
{
    struct names_kept *kept = &reader->names_kept;
    bool is_usual = are_kept(kept, names);
    if (is_usual && source->names_id == kept->id)
        return;
    uint64_t fingerprint = fingerprint_of(names);
    bool is_known = fingerprint == source->fingerprint && names->n_names == source->n_statistics;
    if (!is_known)
        learn_names(source, reader, names);
    if (!is_known && !is_usual)
        keep_names(kept, names);
    if (!is_known || is_usual)
        source->names_id = kept->id;
    source->fingerprint = fingerprint;
    source->n_statistics = names->n_names;
}

static int read_names(struct eni_source *source, struct eni_reader *reader)
{
    struct link link = {.ifindex = source->eni.ifindex, .has_mac = true, .mac = source->eni.mac};
    memcpy(link.ifname, source->eni.ifname, sizeof(link.ifname));
    struct counters_names names = {0};
    int r = reader->counters->ops->names(reader->counters, &link, &names);
    if (r < 0)
        return r;
    take_names(source, reader, &names);
    source->are_names_due = false;
    return 0;
}

// 0, COUNTERS_CHANGED, or negative errno.
static int read_once(
    struct eni_source *source, struct eni_reader *reader, const uint64_t **ret_values)
{
    struct counters *counters = reader->counters;
    if (source->are_names_due) {
        int r = read_names(source, reader);
        if (r < 0)
            return r;
    }
    int r = counters->ops->values(counters, source->eni.ifname, source->n_statistics, ret_values);
    source->are_names_due |= r != 0;
    return r;
}

int eni_source_read(struct eni_source *source, struct eni_reader *reader, struct sample *ret_sample)
{
    const struct counters *counters = reader->counters;
    const uint64_t *values;
    struct now before;
    counters->ops->clock(counters, &before);
    int r = read_once(source, reader, &values);
    if (r == COUNTERS_CHANGED)
        r = read_once(source, reader, &values);
    counters->ops->clock(counters, &ret_sample->at);
    ret_sample->read_ns = ret_sample->at.boot_ns - before.boot_ns;
    if (r != 0)
        return r < 0 ? r : -EAGAIN;
    ret_sample->eni = &source->eni;
    ret_sample->n_readings = source->n_picks;
    for (uint32_t i = 0; i < source->n_picks; i++)
        ret_sample->readings[i] = (struct reading){
            source->picks[i].metric, values[source->picks[i].place]};
    return 0;
}

// At the end a device that was slow is read once more, and one that hung is not.
bool eni_source_is_due(struct eni_source *source, const struct tick *tick)
{
    bool is_due = pace_is_due(&source->pace) && tick->now.boot_ns >= source->retry_ns;
    return tick->is_final ? source->read_ns < FINAL_READ_NS : is_due;
}

// Between "less often" and "in every tick again" lie 60 reads within the budget, or a device at its
// edge would fill the log.
void eni_source_pace(struct eni_source *source, uint64_t read_ns)
{
    source->read_ns = read_ns;
    pace_note(&source->pace, read_ns);
    bool was_slow = source->n_to_calm > 0;
    if (source->pace.stride > 1)
        source->n_to_calm = PACE_TICKS;
    else if (source->n_to_calm > 0)
        source->n_to_calm--;
    bool is_slow = source->n_to_calm > 0;
    if (is_slow == was_slow)
        return;
    double mean_ms = (double)pace_mean_us(&source->pace) / 1000;
    if (is_slow)
        log_warning("ena: %s: a read takes %.1f ms on average, more than sample.budget allows: "
                    "this interface is read less often, every %u ticks for now",
            source->eni.ifname, mean_ms, source->pace.stride);
    else
        log_info("ena: %s: a read takes %.1f ms on average: read in every tick again",
            source->eni.ifname, mean_ms);
}

const char *eni_source_explain(int error)
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
    if (source->told_error == 0)
        log_warning("ena: %s: cannot read the statistics: %s; trying again", source->eni.ifname,
            eni_source_explain(-result));
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
