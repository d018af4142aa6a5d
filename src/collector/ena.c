// SPDX-License-Identifier: Apache-2.0
// ENA statistics. Which interfaces there are comes from link events; which of them are ENIs from
// the name of their driver, never from their own name. One ENI is read after the other.
#include <errno.h>
#include <fnmatch.h>
#include <string.h>

#include "base/mac.h"
#include "collector/ena.h"
#include "collector/eni_source.h"
#include "log.h"

struct ena {
    struct collector base;
    const struct ena_options *options;
    const struct catalog *catalog;
    struct counters *counters;
    size_t n_sources;
    struct eni_source **sources;
    size_t next;         // source of the running tick
    bool has_told_none;  // that there is no ENI
    bool has_told_error; // that link events ended
};

static const struct option rows[] = {
    {.name = "drivers",
        .type = OPTION_LIST,
        .offset = offsetof(struct ena_options, drivers),
        .fallback = "ena",
        .help = "Drivers whose interfaces are read."},
    {.name = "interfaces",
        .type = OPTION_LIST,
        .offset = offsetof(struct ena_options, interfaces),
        .fallback = "*",
        .help = "Which of them, by name, as shell patterns: ens*, eth0."},
};

const struct option_table ena_option_table = {
    "sample", rows, ARRAY_SIZE(rows), sizeof(struct ena_options)};

static size_t find_source(const struct ena *self, int ifindex)
{
    for (size_t i = 0; i < self->n_sources; i++)
        if (self->sources[i]->eni.ifindex == ifindex)
            return i;
    return self->n_sources;
}

static void remove_source(struct ena *self, size_t i)
{
    struct eni_source *source = self->sources[i];
    log_info("ena: %s is gone", source->eni.ifname);
    eni_source_finish(source);
    free(source);
    memmove(&self->sources[i], &self->sources[i + 1],
        (self->n_sources - i - 1) * sizeof(struct eni_source *));
    self->n_sources--;
    self->has_told_none = false;
}

static bool matches(const struct option_list *patterns, const char *name)
{
    for (size_t i = 0; i < patterns->n_words; i++)
        if (fnmatch(patterns->words[i], name, 0) == 0)
            return true;
    return false;
}

static bool has_word(const struct option_list *list, const char *word)
{
    for (size_t i = 0; i < list->n_words; i++)
        if (strcmp(list->words[i], word) == 0)
            return true;
    return false;
}

// True, and the driver's name and version, when the link is one that we read.
static bool is_wanted(const struct ena *self, const struct link *link, struct eni *ret_eni)
{
    if (!link->has_mac || !matches(&self->options->interfaces, link->ifname))
        return false;
    if (self->counters->ops->driver(
            self->counters, link, ret_eni->driver, ret_eni->driver_version) < 0)
        return false;
    return has_word(&self->options->drivers, ret_eni->driver);
}

static struct eni_source *add_source(struct ena *self)
{
    self->sources = xreallocarray(self->sources, self->n_sources + 1, sizeof(struct eni_source *));
    struct eni_source *source = xcalloc(1, sizeof(*source));
    self->sources[self->n_sources++] = source;
    return source;
}

static void say_found(const struct eni *eni)
{
    char mac[MAC_TEXT_MAX];
    mac_format(eni->mac.octets, mac);
    log_info(
        "ena: %s is an ENI: %s, driver %s %s", eni->ifname, mac, eni->driver, eni->driver_version);
}

static void take_present(struct ena *self, const struct link *link)
{
    struct eni eni = {.ifindex = link->ifindex, .mac = link->mac};
    memcpy(eni.ifname, link->ifname, sizeof(eni.ifname));
    size_t i = find_source(self, link->ifindex);
    if (!is_wanted(self, link, &eni)) {
        // A known device that does not answer is still there: only DELLINK ends it (rule 3).
        if (i < self->n_sources && !matches(&self->options->interfaces, link->ifname))
            remove_source(self, i);
        else if (i < self->n_sources)
            self->sources[i]->is_listed = true;
        return;
    }
    struct eni_source *source = i < self->n_sources ? self->sources[i] : add_source(self);
    if (source->eni.ifindex == 0)
        say_found(&eni);
    else if (strcmp(source->eni.ifname, eni.ifname) != 0)
        log_info("ena: %s is now called %s", source->eni.ifname, eni.ifname);
    source->eni = eni;
    source->is_listed = true;
    source->are_names_due = true;
}

static void start_list(struct ena *self)
{
    for (size_t i = 0; i < self->n_sources; i++)
        self->sources[i]->is_listed = false;
}

static void finish_list(struct ena *self)
{
    for (size_t i = self->n_sources; i > 0; i--)
        if (!self->sources[i - 1]->is_listed)
            remove_source(self, i - 1);
}

static void take_event(struct ena *self, const struct link_event *event)
{
    size_t i;
    switch (event->kind) {
    case LINK_PRESENT:
        take_present(self, &event->link);
        break;
    case LINK_GONE:
        i = find_source(self, event->link.ifindex);
        if (i < self->n_sources)
            remove_source(self, i);
        break;
    case LINK_LIST_STARTED:
        start_list(self);
        break;
    case LINK_LIST_FINISHED:
        finish_list(self);
        break;
    }
}

static int descriptor(const struct collector *collector)
{
    const struct ena *self = (const struct ena *)collector;
    return self->has_told_error ? -1 : self->counters->ops->descriptor(self->counters);
}

static void events(struct collector *collector, const struct now *now)
{
    (void)now;
    struct ena *self = (struct ena *)collector;
    struct link_event event;
    int r = 0;
    while (
        !self->has_told_error && (r = self->counters->ops->next_event(self->counters, &event)) == 0)
        take_event(self, &event);
    if (r < 0) {
        self->has_told_error = true;
        log_error(
            "ena: link events ended: %s; interfaces that come or go from now on are not seen, "
            "restart enawatch",
            strerror(-r));
    }
}

static void say_none(struct ena *self)
{
    if (self->n_sources == 0 && !self->has_told_none)
        log_warning(
            "ena: no interface with driver %s that matches sample.interfaces; waiting for one",
            self->options->drivers.words[0]);
    self->has_told_none = self->n_sources == 0;
}

static enum collect collect(
    struct collector *collector, const struct now *now, struct sample *ret_sample)
{
    struct ena *self = (struct ena *)collector;
    if (self->next == 0) {
        // What changed is known before anything is read: a name may belong to another device now.
        events(collector, now);
        say_none(self);
    }
    if (self->next >= self->n_sources) {
        self->next = 0;
        return COLLECT_DONE;
    }
    struct eni_source *source = self->sources[self->next++];
    if (!eni_source_is_due(source, now))
        return COLLECT_NOTHING;
    int r = eni_source_read(source, self->catalog, self->counters, ret_sample);
    if (r != 0 || source->told_error != 0)
        eni_source_note(source, r, now);
    return r == 0 ? COLLECT_SAMPLE : COLLECT_NOTHING;
}

static void refresh(struct collector *collector)
{
    struct ena *self = (struct ena *)collector;
    for (size_t i = 0; i < self->n_sources; i++)
        self->sources[i]->are_names_due = true;
}

static void destroy(struct collector *collector)
{
    struct ena *self = (struct ena *)collector;
    for (size_t i = 0; i < self->n_sources; i++) {
        eni_source_finish(self->sources[i]);
        free(self->sources[i]);
    }
    free(self->sources);
    free(self);
}

static const struct collector_ops ops = {
    .name = "ena",
    .descriptor = descriptor,
    .events = events,
    .collect = collect,
    .refresh = refresh,
    .destroy = destroy,
};

struct collector *ena_create(
    const struct ena_options *options, const struct catalog *catalog, struct counters *counters)
{
    struct ena *self = xcalloc(1, sizeof(*self));
    self->base.ops = &ops;
    self->options = options;
    self->catalog = catalog;
    self->counters = counters;
    return &self->base;
}
