// SPDX-License-Identifier: Apache-2.0
// Asks by HTTP what standard input tells it to, a line each, and says what came as a line of JSON.
// The real resolver is asked; only the clock can be moved, for what keeps names for a minute.
//   get URL CONNECT_MS TOTAL_MS
//   later SECONDS
//   set NAME VALUE, unset NAME: of the environment
#include <jansson.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <time.h>

#include "base.h"
#include "os/clock.h"
#include "os/http.h"

#define LINE_MAX_BYTES 1024

static time_t clock_shift_s;

// Both in the place of the C library's, for libcurl too: its older versions date names by the one,
// its newer by the other.
int clock_gettime(clockid_t clock, struct timespec *ret_time)
{
    int r = (int)syscall(SYS_clock_gettime, clock, ret_time);
    ret_time->tv_sec += clock_shift_s;
    return r;
}

time_t time(time_t *ret_time)
{
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    if (ret_time != NULL)
        *ret_time = now.tv_sec;
    return now.tv_sec;
}

static const char *const outcomes[] = {"busy", "answered", "unresolved", "unreachable",
    "no contact", "untrusted", "silent", "broken", "too large"};

static enum http_outcome await(
    struct http *http, const struct http_exchange *exchange, struct http_response *ret_response)
{
    enum http_outcome outcome;
    while ((outcome = http->ops->poll(http, exchange, ret_response)) == HTTP_BUSY) {
        struct pollfd event = {.fd = http->ops->descriptor(http), .events = POLLIN};
        uint64_t deadline_ns = http->ops->deadline_ns(http), now_ns = clock_now().boot_ns;
        int wait_ms = deadline_ns > now_ns ? (int)((deadline_ns - now_ns) / NS_PER_MS) + 1 : 0;
        poll(&event, 1, deadline_ns == 0 ? -1 : wait_ms);
        struct now now = clock_now();
        http->ops->work(http, &now);
    }
    return outcome;
}

static void get(struct http *http, const char *url, uint64_t connect_ms, uint64_t total_ms)
{
    const struct http_request request = {.method = "GET",
        .url = url,
        .connect_ms = connect_ms,
        .total_ms = total_ms,
        .max_body_bytes = 1 << 20};
    struct http_response response;
    struct http_exchange *exchange = http->ops->send(http, &request);
    enum http_outcome outcome = await(http, exchange, &response);
    json_t *said = json_pack("{s:s, s:i, s:s, s:s, s:b, s:b, s:b, s:s*}", "outcome",
        outcomes[outcome], "status", (int)response.status, "body", response.body, "reason",
        response.reason, "is_fresh", response.is_fresh_connection, "is_by_old_address",
        response.is_by_old_address, "may_have_arrived", response.may_have_arrived, "protocol",
        http->ops->header(http, exchange, "X-Protocol"));
    json_dumpf(said, stdout, 0);
    printf("\n");
    fflush(stdout);
    json_decref(said);
    http->ops->end(http, exchange);
}

static void obey(struct http *http, const char *line)
{
    char first[512], second[512];
    unsigned int connect_ms, total_ms, seconds;
    if (sscanf(line, "get %511s %u %u", first, &connect_ms, &total_ms) == 3)
        get(http, first, connect_ms, total_ms);
    else if (sscanf(line, "later %u", &seconds) == 1)
        clock_shift_s += seconds;
    else if (sscanf(line, "set %511s %511s", first, second) == 2)
        setenv(first, second, 1);
    else if (sscanf(line, "unset %511s", first) == 1)
        unsetenv(first);
    else
        exit(2);
}

int main(int n_words, char **words)
{
    struct http *http;
    signal(SIGPIPE, SIG_IGN);
    const struct http_curl_options options = {.ca_bundle = n_words > 1 ? words[1] : NULL};
    if (http_curl_create(&options, &http) < 0)
        return 1;
    char line[LINE_MAX_BYTES];
    while (fgets(line, sizeof(line), stdin) != NULL)
        obey(http, line);
    http->ops->destroy(http);
    return 0;
}
