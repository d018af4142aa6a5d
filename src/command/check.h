// SPDX-License-Identifier: Apache-2.0
// What `enawatch check` looks at, and what it found. A probe is a function that adds findings to
// the report; check.c has the list of them.
#pragma once

#include <jansson.h>
#include <stdbool.h>
#include <stdio.h>

#include "collector/ena_survey.h"
#include "config.h"
#include "outside.h"

enum check_status { CHECK_OK, CHECK_WARN, CHECK_FAIL };

// One line of the screen. All but the name are owned by the report.
struct finding {
    const char *name; // what was looked at: one word
    enum check_status status;
    char *text;      // what was found; may have several lines
    char *remedy;    // of WARN and FAIL: what to do about it
    json_t *details; // an object whose members --json shows beside these; NULL: none
};

struct report {
    size_t n_findings;
    struct finding *findings;
};

// Takes over what the finding owns. Texts may hold anything: what could play with a terminal or is
// no UTF-8 becomes a '?'.
void report_add(struct report *report, struct finding finding);
void report_finish(struct report *report);
// The worst of all findings.
enum check_status report_status(const struct report *report);
size_t report_count(const struct report *report, enum check_status status);

// Appends to a text that is the caller's; NULL is an empty one.
printf_like(2, 3) void text_add(char **text, const char *format, ...);
// As text_add(), after ", " unless the text is empty.
void text_add_word(char **text, const char *word);

// `is_colored`: the status words.
void check_print_screen(FILE *to, const struct report *report, bool is_colored);
// One object on a line. Its members are told in README.md.
void check_print_json(FILE *to, const struct report *report);

// What the probes share: the parts of the daemon that can be looked at without publishing.
struct check {
    const struct config *config; // borrowed
    struct catalog catalog;
    struct counters *counters;
    struct ena_survey survey;
    struct outside outside; // has been asking for a while
    struct report report;
};

static inline bool check_is_replay(const struct check *check)
{
    return check->counters->ops->advance != NULL;
}

// Asks who and where we are, for a few seconds at most, before the probes. Logs what is wrong and
// returns the exit status.
must_check int check_identify(struct check *check);

// In the order in which they are on the screen.
void check_configuration(struct check *check);
void check_interfaces(struct check *check);
void check_statistics(struct check *check);
void check_conntrack(struct check *check);
void check_metadata(struct check *check);
void check_enis(struct check *check);
void check_cluster(struct check *check);
void check_journal(struct check *check);
void check_sink(struct check *check);
