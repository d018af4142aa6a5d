// SPDX-License-Identifier: Apache-2.0
// A state and the request get-vanilla of AWS's signing test suite, for the tests of aws/sigv4.c.
#pragma once

#include "aws/sigv4.h"
#include "support/unit.h"

#define EXAMPLE_SECRET "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"
#define EXAMPLE_S      INT64_C(1440938160) // 2015-08-30T12:36:00Z
#define NOTHING_HASH   "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"

struct bench {
    struct sigv4 sigv4;
    struct sigv4_header headers[SIGV4_MAX_HEADERS + 1];
    struct sigv4_request request;
    struct sigv4_keys keys;
    struct sigv4_scope scope;
    int64_t time_s;
};

static inline int set_up(void **state)
{
    struct bench *bench = xcalloc(1, sizeof(*bench));
    bench->headers[0] = (struct sigv4_header){"Host", "example.amazonaws.com"};
    bench->request = (struct sigv4_request){
        .method = "GET", .path = "/", .headers = bench->headers, .n_headers = 1};
    bench->keys = (struct sigv4_keys){"AKIDEXAMPLE", EXAMPLE_SECRET, NULL};
    bench->scope = (struct sigv4_scope){"us-east-1", "service"};
    bench->time_s = EXAMPLE_S;
    *state = bench;
    return 0;
}

static inline int tear_down(void **state)
{
    struct bench *bench = *state;
    sigv4_finish(&bench->sigv4);
    free(bench);
    return 0;
}

static inline int try_to_sign(struct bench *bench)
{
    return sigv4_sign(&bench->sigv4, &bench->request, &bench->keys, &bench->scope, bench->time_s);
}

static inline void sign(struct bench *bench)
{
    assert_int_equal(try_to_sign(bench), 0);
}
