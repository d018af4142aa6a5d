// SPDX-License-Identifier: Apache-2.0
// The profile of RFC 3339, which is what services and tools write. No strptime, which obeys the
// locale.
#include <ctype.h>
#include <string.h>
#include <time.h>

#include "aws/timestamp.h"
#include "base.h"

#define DATE_FORM "0000-00-00T00:00:00"
#define ZONE_FORM "00:00"

// A 0 stands for a digit, all else for itself.
static bool has_form(const char *text, const char *form)
{
    for (; *form != '\0'; text++, form++)
        if (*form == '0' ? !isdigit((unsigned char)*text) : *form != *text)
            return false;
    return true;
}

static int number_of(const char *digits, int n)
{
    int number = 0;
    for (int i = 0; i < n; i++)
        number = number * 10 + digits[i] - '0';
    return number;
}

// timegm moves what no calendar has: 31 Feb to another month, 25:00 to another hour.
static bool seconds_of(const char *text, int64_t *ret_s)
{
    struct tm said = {.tm_year = number_of(text, 4) - 1900,
        .tm_mon = number_of(text + 5, 2) - 1,
        .tm_mday = number_of(text + 8, 2),
        .tm_hour = number_of(text + 11, 2),
        .tm_min = number_of(text + 14, 2),
        .tm_sec = number_of(text + 17, 2)};
    struct tm moved = said;
    *ret_s = timegm(&moved);
    return moved.tm_mon == said.tm_mon && moved.tm_hour == said.tm_hour &&
        moved.tm_min == said.tm_min && moved.tm_sec == said.tm_sec;
}

// Behind the seconds; digits beyond the third are cut off.
static const char *skip_fraction(const char *at, int64_t *ret_ms)
{
    *ret_ms = 0;
    if (*at != '.' || !isdigit((unsigned char)at[1]))
        return at;
    at++;
    for (int64_t unit_ms = 100; isdigit((unsigned char)*at); at++, unit_ms /= 10)
        *ret_ms += unit_ms * (*at - '0');
    return at;
}

// East of Greenwich.
static bool zone_of(const char *text, int64_t *ret_s)
{
    *ret_s = 0;
    if (strcmp(text, "Z") == 0)
        return true;
    if ((*text != '+' && *text != '-') || !has_form(text + 1, ZONE_FORM) ||
        text[1 + strlen(ZONE_FORM)] != '\0')
        return false;
    int hours = number_of(text + 1, 2), minutes = number_of(text + 4, 2);
    *ret_s = (*text == '-' ? INT64_C(-60) : INT64_C(60)) * (60 * hours + minutes);
    return hours < 24 && minutes < 60;
}

bool aws_timestamp_parse(const char *text, int64_t *ret_ms)
{
    int64_t s, fraction_ms, zone_s;
    if (!has_form(text, DATE_FORM) || !seconds_of(text, &s))
        return false;
    if (!zone_of(skip_fraction(text + strlen(DATE_FORM), &fraction_ms), &zone_s))
        return false;
    *ret_ms = (s - zone_s) * (int64_t)MS_PER_S + fraction_ms;
    return true;
}
