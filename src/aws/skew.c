// SPDX-License-Identifier: Apache-2.0
// A date in, a difference out.
#include <string.h>
#include <time.h>

#include "aws/skew.h"
#include "base.h"

#define MAX_ROUND_TRIP_NS (900 * NS_PER_S)

// Our own: a clock beyond these is not a service's, and one at the end of time could not be signed
// with.
#define FIRST_S INT64_C(1577836800)  // 2020-01-01
#define LAST_S  INT64_C(32503680000) // 3000-01-01

static const char week_days[] = "Sun,Mon,Tue,Wed,Thu,Fri,Sat,";
static const char months[] = "Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec ";

// Which of the four-letter `names` it is; -1: none.
static int index_of(const char *text, const char *names)
{
    for (int i = 0; *names != '\0'; i++, names += 4)
        if (memcmp(text, names, 4) == 0)
            return i;
    return -1;
}

static int number_of(const char *digits, int n)
{
    int number = 0;
    for (int i = 0; i < n; i++)
        number = number * 10 + digits[i] - '0';
    return number;
}

// Letters and blanks stand for themselves, 0 for a digit, ? for anything.
static bool has_form(const char *text, const char *form)
{
    for (; *form != '\0'; text++, form++)
        if (*text == '\0' ||
            (*form == '0' ? *text < '0' || *text > '9' : *form != '?' && *form != *text))
            return false;
    return *text == '\0';
}

// No strptime, which obeys the locale. timegm moves what no calendar has (31 Feb, 25:00), and says
// which day of the week it is.
bool aws_date_parse(const char *text, int64_t *ret_s)
{
    if (!has_form(text, "???, 00 ??? 0000 00:00:00 GMT"))
        return false;
    struct tm said = {.tm_wday = index_of(text, week_days),
        .tm_mday = number_of(text + 5, 2),
        .tm_mon = index_of(text + 8, months),
        .tm_year = number_of(text + 12, 4) - 1900,
        .tm_hour = number_of(text + 17, 2),
        .tm_min = number_of(text + 20, 2),
        .tm_sec = number_of(text + 23, 2)};
    struct tm true_tm = said;
    int64_t s = timegm(&true_tm);
    if (said.tm_mon < 0 || said.tm_wday != true_tm.tm_wday || said.tm_mday != true_tm.tm_mday ||
        said.tm_hour != true_tm.tm_hour || said.tm_min != true_tm.tm_min ||
        said.tm_sec != true_tm.tm_sec)
        return false;
    *ret_s = s;
    return true;
}

// By the boot clock, which does not step while the answer is on its way.
void aws_skew_learn(
    struct aws_skew *skew, const struct now *received, const struct aws_skew_answer *answer)
{
    uint64_t round_trip_ns = received->boot_ns - answer->sent_ns;
    int64_t date_s;
    skew->was_off = false;
    if (answer->date == NULL || answer->age != NULL || round_trip_ns > MAX_ROUND_TRIP_NS ||
        !aws_date_parse(answer->date, &date_s) || date_s < FIRST_S || date_s >= LAST_S)
        return;
    int64_t half_ms = (int64_t)(round_trip_ns / NS_PER_MS / 2);
    int64_t date_ms = date_s * (int64_t)MS_PER_S;
    int64_t off_ms = date_ms - half_ms - answer->signed_ms;
    skew->ms = date_ms + half_ms - received->wall_ms;
    skew->was_off = off_ms > AWS_SKEW_TOLERATED_MS || off_ms < -AWS_SKEW_TOLERATED_MS;
}
