// SPDX-License-Identifier: Apache-2.0
// A client of the metadata service on HTTP in memory, and a clock that only the test moves.
#pragma once

#include <string.h>

#include "aws/imds.h"
#include "support/log_catcher.h"
#include "support/scripted_http.h"
#include "support/unit.h"

#define SECOND_MS UINT64_C(1000)

struct bench {
    struct scripted_http http;
    struct imds imds;
    struct now now;
    struct answer answer; // the last
    struct log_catcher log;
};

static inline int bench_set_up(void **state)
{
    struct bench *bench = xcalloc(1, sizeof(*bench));
    scripted_http_init(&bench->http);
    imds_init(&bench->imds, &bench->http.base, SCRIPTED_ENDPOINT, 7);
    bench->now = (struct now){.boot_ns = 1000 * NS_PER_S, .wall_ms = 1795255200000};
    log_catcher_start(&bench->log);
    *state = bench;
    return 0;
}

static inline int bench_tear_down(void **state)
{
    struct bench *bench = *state;
    log_catcher_stop(&bench->log);
    imds_finish(&bench->imds);
    scripted_http_finish(&bench->http);
    free(bench);
    return 0;
}

static inline void pass(struct bench *bench, uint64_t ms)
{
    bench->now.boot_ns += ms * NS_PER_MS;
    bench->now.wall_ms += (int64_t)ms;
}

// Works until there is an answer. A question takes four requests at most: two tokens, two tries.
static inline enum imds_answer settle(struct bench *bench)
{
    enum imds_answer answer = IMDS_NOTHING_NEW;
    for (int i = 0; i < 5 && answer == IMDS_NOTHING_NEW; i++)
        answer = imds_work(&bench->imds, &bench->now, &bench->answer);
    return answer;
}

static inline enum imds_answer ask(struct bench *bench, const char *path)
{
    assert_true(imds_is_ready(&bench->imds, &bench->now));
    imds_ask(&bench->imds, &bench->now, path);
    return settle(bench);
}

// As soon as it does not rest any more.
static inline enum imds_answer ask_after_rest(struct bench *bench, const char *path)
{
    uint64_t until_ns = imds_rests_until_ns(&bench->imds);
    if (until_ns > bench->now.boot_ns)
        bench->now.boot_ns = until_ns;
    return ask(bench, path);
}

static inline void answer_with(
    struct bench *bench, const char *method, const char *path, long status)
{
    scripted_http_answer(&bench->http, method, path,
        &(struct scripted_answer){.outcome = HTTP_ANSWERED, .status = status});
}

static inline void end_with(
    struct bench *bench, const char *method, const char *path, enum http_outcome outcome)
{
    scripted_http_answer(&bench->http, method, path, &(struct scripted_answer){.outcome = outcome});
}

// Of all requests so far.
static inline size_t n_puts(const struct bench *bench)
{
    return scripted_http_count(&bench->http, 0, "PUT", SCRIPTED_TOKEN_PATH);
}

static inline size_t n_gets(const struct bench *bench)
{
    return scripted_http_count(&bench->http, 0, "GET", "*");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, bench_set_up, bench_tear_down)
