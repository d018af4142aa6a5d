// SPDX-License-Identifier: Apache-2.0
// Findings, and the texts that they are made of.
#include <stdarg.h>
#include <string.h>

#include "command/check.h"
#include "encode/document.h"

// Names of interfaces and files, and what a configuration holds, come from outside.
static char *clean(char *text)
{
    json_t *repaired = document_text(text, SIZE_MAX);
    char *copy = xstrdup(json_string_value(repaired));
    json_decref(repaired);
    free(text);
    for (char *at = copy; *at != '\0'; at++)
        if (((unsigned char)*at < ' ' && *at != '\n') || *at == 0x7f)
            *at = '?';
    return copy;
}

void report_add(struct report *report, struct finding finding)
{
    finding.text = clean(finding.text);
    finding.remedy = finding.remedy != NULL ? clean(finding.remedy) : NULL;
    report->findings = xreallocarray(
        report->findings, report->n_findings + 1, sizeof(*report->findings));
    report->findings[report->n_findings++] = finding;
}

void report_finish(struct report *report)
{
    for (size_t i = 0; i < report->n_findings; i++) {
        free(report->findings[i].text);
        free(report->findings[i].remedy);
        json_decref(report->findings[i].details);
    }
    free(report->findings);
    *report = (struct report){0};
}

size_t report_count(const struct report *report, enum check_status status)
{
    size_t n = 0;
    for (size_t i = 0; i < report->n_findings; i++)
        n += report->findings[i].status == status;
    return n;
}

enum check_status report_status(const struct report *report)
{
    if (report_count(report, CHECK_FAIL) > 0)
        return CHECK_FAIL;
    return report_count(report, CHECK_WARN) > 0 ? CHECK_WARN : CHECK_OK;
}

void text_add(char **text, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    scoped_free char *more = xvasprintf(format, arguments);
    va_end(arguments);
    char *longer = xasprintf("%s%s", *text != NULL ? *text : "", more);
    free(*text);
    *text = longer;
}

void text_add_word(char **text, const char *word)
{
    text_add(text, "%s%s", *text != NULL ? ", " : "", word);
}
