// SPDX-License-Identifier: Apache-2.0
// The list of links, then one question and one read for each of them. The collector itself tells
// neither what it leaves out nor why a read gave nothing.
#include <errno.h>
#include <string.h>

#include "collector/ena_survey.h"
#include "collector/eni_source.h"

static void forget(struct ena_survey *survey, int ifindex)
{
    for (size_t i = survey->n_links; i > 0; i--) {
        struct surveyed *link = &survey->links[i - 1];
        if (link->eni.ifindex == ifindex)
            memmove(link, link + 1, (survey->n_links-- - i) * sizeof(*link));
    }
}

static void take_link(struct ena_survey *survey, const struct link *link)
{
    forget(survey, link->ifindex);
    if (!link->has_mac)
        return;
    survey->links = xreallocarray(survey->links, survey->n_links + 1, sizeof(*survey->links));
    struct surveyed *added = &survey->links[survey->n_links++];
    *added = (struct surveyed){.eni = {.ifindex = link->ifindex, .mac = link->mac}};
    memcpy(added->eni.ifname, link->ifname, sizeof(added->eni.ifname));
}

static void take_event(struct ena_survey *survey, const struct link_event *event)
{
    if (event->kind == LINK_LIST_STARTED)
        survey->n_links = 0;
    else if (event->kind == LINK_PRESENT)
        take_link(survey, &event->link);
    else if (event->kind == LINK_GONE)
        forget(survey, event->link.ifindex);
}

static enum surveyed_as judge(
    const struct ena_options *options, struct counters *counters, struct surveyed *surveyed)
{
    struct eni *eni = &surveyed->eni;
    struct link link = {.ifindex = eni->ifindex, .has_mac = true, .mac = eni->mac};
    memcpy(link.ifname, eni->ifname, sizeof(link.ifname));
    int r = counters->ops->driver(counters, &link, eni->driver, eni->driver_version);
    if (r < 0 && r != -EOPNOTSUPP) {
        surveyed->error = -r;
        return SURVEYED_UNANSWERED;
    }
    if (r < 0 || !ena_wants_driver(options, eni->driver))
        return SURVEYED_OTHER_DRIVER;
    return ena_wants_name(options, eni->ifname) ? SURVEYED_ENI : SURVEYED_OTHER_NAME;
}

static void read_eni(struct eni_reader *reader, struct surveyed *surveyed)
{
    struct eni_source source = {.eni = surveyed->eni, .are_names_due = true};
    struct sample sample;
    surveyed->error = -eni_source_read(&source, reader, &sample);
    surveyed->eni.offered = source.eni.offered;
    surveyed->n_statistics = source.n_statistics;
    eni_source_finish(&source);
}

int ena_survey_look(struct ena_survey *survey, const struct ena_options *options,
    const struct catalog *catalog, struct counters *counters)
{
    struct link_event event;
    int r;
    *survey = (struct ena_survey){0};
    while ((r = counters->ops->next_event(counters, &event)) == 0)
        take_event(survey, &event);
    if (r < 0)
        return r;
    struct eni_reader reader = {.catalog = catalog, .counters = counters};
    for (size_t i = 0; i < survey->n_links; i++) {
        struct surveyed *link = &survey->links[i];
        link->as = judge(options, counters, link);
        if (link->as == SURVEYED_ENI)
            read_eni(&reader, link);
    }
    free(reader.names_kept.slots);
    return 0;
}

void ena_survey_finish(struct ena_survey *survey)
{
    free(survey->links);
    *survey = (struct ena_survey){0};
}

bool surveyed_is_read(const struct surveyed *link)
{
    return link->as == SURVEYED_ENI && link->error == 0;
}

bool ena_survey_is_any_read(const struct ena_survey *survey)
{
    for (size_t i = 0; i < survey->n_links; i++)
        if (surveyed_is_read(&survey->links[i]))
            return true;
    return false;
}
