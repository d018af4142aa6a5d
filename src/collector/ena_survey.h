// SPDX-License-Identifier: Apache-2.0
// One look at all interfaces, for `enawatch check`: which are ENIs by the rules of the collector,
// why the others are not, and whether each can be read. Whoever looks owns the survey.
#pragma once

#include "collector/ena.h"

enum surveyed_as {
    SURVEYED_ENI,
    SURVEYED_OTHER_DRIVER, // not in sample.drivers, or it has none
    SURVEYED_OTHER_NAME,   // its driver is, its name is not in sample.interfaces
    SURVEYED_UNANSWERED,   // it cannot be asked for its driver
};

struct surveyed {
    enum surveyed_as as;
    struct eni eni;        // driver: empty where there is none; offered: of an ENI that was read
    int error;             // of an ENI or of one that is unanswered: an errno; 0: it was read
    uint32_t n_statistics; // of an ENI that was read
};

// Of links with a MAC, in the order of the kernel or the recording.
struct ena_survey {
    size_t n_links;
    struct surveyed *links; // owned
};

// Reads every ENI once. `counters` are fresh: their first events are the list of links. Negative
// errno: the kernel does not list them; there is a survey to finish in either case.
must_check int ena_survey_look(struct ena_survey *survey, const struct ena_options *options,
    const struct catalog *catalog, struct counters *counters);
void ena_survey_finish(struct ena_survey *survey);

bool surveyed_is_read(const struct surveyed *link);
bool ena_survey_is_any_read(const struct ena_survey *survey);
