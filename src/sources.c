// SPDX-License-Identifier: Apache-2.0
// Several collectors as one.
#include <assert.h>

#include "sources.h"

void sources_add(struct sources *sources, struct collector *collector)
{
    assert(sources->n_collectors < SOURCES_MAX);
    sources->collectors[sources->n_collectors++] = collector;
}

void sources_finish(struct sources *sources)
{
    for (size_t i = 0; i < sources->n_collectors; i++)
        sources->collectors[i]->ops->destroy(sources->collectors[i]);
    *sources = (struct sources){0};
}

enum collect sources_collect(
    struct sources *sources, const struct tick *tick, struct sample *ret_sample)
{
    if (sources->tick_ns != tick->now.boot_ns)
        sources->at = 0;
    sources->tick_ns = tick->now.boot_ns;
    for (; sources->at < sources->n_collectors; sources->at++) {
        struct collector *collector = sources->collectors[sources->at];
        enum collect r = collector->ops->collect(collector, tick, ret_sample);
        if (r != COLLECT_DONE)
            return r;
    }
    sources->at = 0;
    return COLLECT_DONE;
}

uint64_t sources_n_gone(const struct sources *sources)
{
    uint64_t n_gone = 0;
    for (size_t i = 0; i < sources->n_collectors; i++)
        n_gone += sources->collectors[i]->n_gone;
    return n_gone;
}

size_t sources_wait(const struct sources *sources, struct pollfd ret_fds[static SOURCES_MAX])
{
    for (size_t i = 0; i < sources->n_collectors; i++) {
        const struct collector *collector = sources->collectors[i];
        bool has_events = collector->ops->descriptor != NULL;
        ret_fds[i] = (struct pollfd){
            .fd = has_events ? collector->ops->descriptor(collector) : -1, .events = POLLIN};
    }
    return sources->n_collectors;
}

void sources_events(struct sources *sources, const struct pollfd *fds, const struct now *now)
{
    for (size_t i = 0; i < sources->n_collectors; i++)
        if (fds[i].revents != 0)
            sources->collectors[i]->ops->events(sources->collectors[i], now);
}
