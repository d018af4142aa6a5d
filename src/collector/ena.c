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

// Interfaces that are not ours, by ifindex: asked once for their driver, for that takes the lock
// under which a network plugin works while pods come and go.
struct foreign {
    size_t n_links;
    struct foreign_link {
        int ifindex;
        char ifname[IF_NAMESIZE]; // under which it was asked: the answer may be of who had the name
                                  // then
    } * links;
};

struct ena {
    struct collector base;
    const struct ena_options *options;
    uint64_t budget_ns; // of a read
    struct eni_reader reader;
    size_t n_sources;
    struct eni_source **sources;
    bool is_in_round;
    uint64_t round_ns; // boot clock of the tick that is being served
    size_t next;       // source of the running tick
    struct foreign foreign;
    size_t n_unanswered; // links whose driver could not be asked for
    struct link *unanswered;
    bool has_told_none; // that there is no ENI
    bool has_told_unanswered;
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
    {.name = "budget",
        .type = OPTION_REAL,
        .offset = offsetof(struct ena_options, budget_percent),
        .fallback = "5",
        .min = 1,
        .max = 100,
        .help = "Percent of sample.interval that reading an interface may take on average; one "
                "that takes longer is read less often, every tenth time at the least."},
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
    self->base.n_gone++;
    self->next -= i < self->next;
    self->has_told_none = false;
}

static size_t find_foreign(const struct foreign *foreign, int ifindex)
{
    size_t i = 0;
    while (i < foreign->n_links && foreign->links[i].ifindex != ifindex)
        i++;
    return i;
}

static void remove_foreign(struct foreign *foreign, int ifindex)
{
    size_t i = find_foreign(foreign, ifindex);
    if (i < foreign->n_links)
        foreign->links[i] = foreign->links[--foreign->n_links];
}

static void add_foreign(struct foreign *foreign, const struct link *link)
{
    remove_foreign(foreign, link->ifindex);
    foreign->links = xreallocarray(foreign->links, foreign->n_links + 1, sizeof(*foreign->links));
    struct foreign_link *added = &foreign->links[foreign->n_links++];
    added->ifindex = link->ifindex;
    memcpy(added->ifname, link->ifname, sizeof(added->ifname));
}

static bool is_foreign(const struct foreign *foreign, const struct link *link)
{
    size_t i = find_foreign(foreign, link->ifindex);
    return i < foreign->n_links && strcmp(foreign->links[i].ifname, link->ifname) == 0;
}

// The link is taken up anew with the next tick.
static void keep_unanswered(struct ena *self, const struct link *link)
{
    self->unanswered = xreallocarray(
        self->unanswered, self->n_unanswered + 1, sizeof(*self->unanswered));
    self->unanswered[self->n_unanswered++] = *link;
    if (!self->has_told_unanswered)
        log_warning("ena: %s cannot be asked for its driver; trying again", link->ifname);
    self->has_told_unanswered = true;
}

static void forget_unanswered(struct ena *self, int ifindex)
{
    for (size_t i = self->n_unanswered; i > 0; i--)
        if (self->unanswered[i - 1].ifindex == ifindex)
            self->unanswered[i - 1] = self->unanswered[--self->n_unanswered];
}

bool ena_wants_name(const struct ena_options *options, const char *ifname)
{
    const struct option_list *patterns = &options->interfaces;
    for (size_t i = 0; i < patterns->n_words; i++)
        if (fnmatch(patterns->words[i], ifname, 0) == 0)
            return true;
    return false;
}

bool ena_wants_driver(const struct ena_options *options, const char *driver)
{
    const struct option_list *drivers = &options->drivers;
    for (size_t i = 0; i < drivers->n_words; i++)
        if (strcmp(drivers->words[i], driver) == 0)
            return true;
    return false;
}

enum answer { ANSWER_OURS, ANSWER_FOREIGN, ANSWER_NONE };

// Whose the link is by its driver, which is asked for by name.
static enum answer ask_driver(struct ena *self, const struct link *link, struct eni *ret_eni)
{
    int r = self->reader.counters->ops->driver(
        self->reader.counters, link, ret_eni->driver, ret_eni->driver_version);
    if (r < 0 && r != -EOPNOTSUPP)
        return ANSWER_NONE;
    if (r == 0 && ena_wants_driver(self->options, ret_eni->driver))
        return ANSWER_OURS;
    add_foreign(&self->foreign, link);
    return ANSWER_FOREIGN;
}

static struct eni_source *add_source(struct ena *self)
{
    self->sources = xreallocarray(self->sources, self->n_sources + 1, sizeof(struct eni_source *));
    struct eni_source *source = xcalloc(1, sizeof(*source));
    self->sources[self->n_sources++] = source;
    pace_init(&source->pace, self->budget_ns);
    return source;
}

static void say_found(const struct eni *eni)
{
    char mac[MAC_TEXT_MAX];
    mac_format(eni->mac.octets, mac);
    log_info(
        "ena: %s is an ENI: %s, driver %s %s", eni->ifname, mac, eni->driver, eni->driver_version);
}

static void say_change(const struct eni_source *source, const struct eni *eni)
{
    if (source->eni.ifindex == 0)
        say_found(eni);
    else if (strcmp(source->eni.ifname, eni->ifname) != 0)
        log_info("ena: %s is now called %s", source->eni.ifname, eni->ifname);
}

static void take_eni(struct ena *self, const struct eni *eni)
{
    size_t i = find_source(self, eni->ifindex);
    struct eni_source *source = i < self->n_sources ? self->sources[i] : add_source(self);
    say_change(source, eni);
    struct metric_set offered = source->eni.offered;
    source->eni = *eni;
    source->eni.offered = offered;
    source->is_listed = true;
    source->are_names_due = true;
}

// A known device that does not answer now is still there: only DELLINK ends it (rule 3).
static void take_silence(struct ena *self, const struct link *link)
{
    size_t i = find_source(self, link->ifindex);
    if (i == self->n_sources) {
        keep_unanswered(self, link);
        return;
    }
    struct eni eni = self->sources[i]->eni;
    memcpy(eni.ifname, link->ifname, sizeof(eni.ifname));
    take_eni(self, &eni);
}

static void take_present(struct ena *self, const struct link *link)
{
    forget_unanswered(self, link->ifindex);
    size_t i = find_source(self, link->ifindex);
    if (!link->has_mac || !ena_wants_name(self->options, link->ifname)) {
        if (i < self->n_sources)
            remove_source(self, i);
        return;
    }
    if (is_foreign(&self->foreign, link))
        return;
    struct eni eni = {.ifindex = link->ifindex, .mac = link->mac};
    memcpy(eni.ifname, link->ifname, sizeof(eni.ifname));
    enum answer answer = ask_driver(self, link, &eni);
    if (answer == ANSWER_OURS)
        take_eni(self, &eni);
    else if (answer == ANSWER_NONE)
        take_silence(self, link);
    else if (i < self->n_sources)
        remove_source(self, i); // it was taken for an ENI under a name that was another's
}

static void take_unanswered(struct ena *self)
{
    size_t n_links = self->n_unanswered;
    scoped_free struct link *links = self->unanswered;
    self->unanswered = NULL;
    self->n_unanswered = 0;
    for (size_t i = 0; i < n_links; i++)
        take_present(self, &links[i]);
    self->has_told_unanswered = self->n_unanswered > 0;
}

static void take_gone(struct ena *self, int ifindex)
{
    forget_unanswered(self, ifindex);
    remove_foreign(&self->foreign, ifindex);
    size_t i = find_source(self, ifindex);
    if (i < self->n_sources)
        remove_source(self, i);
}

static void start_list(struct ena *self)
{
    for (size_t i = 0; i < self->n_sources; i++)
        self->sources[i]->is_listed = false;
    self->foreign.n_links = 0;
    self->n_unanswered = 0;
}

static void finish_list(struct ena *self)
{
    for (size_t i = self->n_sources; i > 0; i--)
        if (!self->sources[i - 1]->is_listed)
            remove_source(self, i - 1);
}

static void take_event(struct ena *self, const struct link_event *event)
{
    switch (event->kind) {
    case LINK_PRESENT:
        take_present(self, &event->link);
        break;
    case LINK_GONE:
        take_gone(self, event->link.ifindex);
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
    return self->has_told_error ? -1
                                : self->reader.counters->ops->descriptor(self->reader.counters);
}

static void events(struct collector *collector, const struct now *now)
{
    (void)now;
    struct ena *self = (struct ena *)collector;
    struct link_event event;
    int r = 0;
    while (!self->has_told_error &&
        (r = self->reader.counters->ops->next_event(self->reader.counters, &event)) == 0)
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

// Reads by name, which may have passed to another device since the last event: the kernel says so
// under the same lock as it answers, so the event is there by now. Of a link that changed nothing
// is kept.
static enum collect read_source(
    struct ena *self, struct eni_source *source, const struct now *now, struct sample *ret_sample)
{
    int ifindex = source->eni.ifindex;
    int r = eni_source_read(source, &self->reader, ret_sample);
    eni_source_pace(source, ret_sample->read_ns);
    bool were_names_due = source->are_names_due;
    events(&self->base, now);
    // At its place in the list, for `next` moves along with what is removed before it.
    size_t i = self->next - 1;
    bool is_there = i < self->n_sources && self->sources[i]->eni.ifindex == ifindex;
    bool is_changed = !is_there || self->sources[i]->are_names_due != were_names_due;
    if (is_changed)
        return COLLECT_NOTHING;
    if (r != 0 || source->told_error != 0)
        eni_source_note(source, r, now);
    return r == 0 ? COLLECT_SAMPLE : COLLECT_NOTHING;
}

static void begin_round(struct ena *self, const struct tick *tick)
{
    self->next = 0;
    self->is_in_round = true;
    self->round_ns = tick->now.boot_ns;
    events(&self->base, &tick->now);
    take_unanswered(self);
    say_none(self);
}

// The same count of statistics does not prove the same names.
static void end_round(struct ena *self, const struct tick *tick)
{
    self->is_in_round = false;
    for (size_t i = 0; tick->is_last && i < self->n_sources; i++)
        self->sources[i]->are_names_due = true;
}

static enum collect collect_eni(
    struct collector *collector, const struct tick *tick, struct sample *ret_sample)
{
    struct ena *self = (struct ena *)collector;
    if (!self->is_in_round || self->round_ns != tick->now.boot_ns)
        begin_round(self, tick);
    if (self->next >= self->n_sources) {
        end_round(self, tick);
        return COLLECT_DONE;
    }
    struct eni_source *source = self->sources[self->next++];
    ret_sample->read_ns = 0;
    if (!eni_source_is_due(source, tick))
        return COLLECT_NOTHING;
    return read_source(self, source, &tick->now, ret_sample);
}

static void destroy(struct collector *collector)
{
    struct ena *self = (struct ena *)collector;
    for (size_t i = 0; i < self->n_sources; i++) {
        eni_source_finish(self->sources[i]);
        free(self->sources[i]);
    }
    free(self->sources);
    free(self->foreign.links);
    free(self->reader.names_kept.slots);
    free(self->unanswered);
    free(self);
}

static const struct collector_ops ops = {
    .name = "ena",
    .descriptor = descriptor,
    .events = events,
    .collect = collect_eni,
    .destroy = destroy,
};

struct collector *ena_create(const struct ena_options *options, uint64_t interval_ms,
    const struct catalog *catalog, struct counters *counters)
{
    struct ena *self = xcalloc(1, sizeof(*self));
    self->base.ops = &ops;
    self->options = options;
    self->budget_ns = (uint64_t)(options->budget_percent / 100 * (double)(interval_ms * NS_PER_MS));
    self->reader = (struct eni_reader){.catalog = catalog, .counters = counters};
    return &self->base;
}
