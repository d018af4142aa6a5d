// SPDX-License-Identifier: Apache-2.0
// Signs one request, as it goes to CloudWatch, so many times: `sigv4-rate N` prints the seconds
// that took, and the signature. For sigv4.py; sigv4_botocore.py does the same.
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "aws/sigv4.h"
#include "base/parse.h"

#define TIME_S        INT64_C(1795255200)
#define N_BODY_BYTES  3000
#define N_TOKEN_BYTES 1000

static double seconds(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + (double)now.tv_nsec / NS_PER_S;
}

static int sign(struct sigv4 *sigv4, const char *body, const char *token, uint64_t n)
{
    static const struct sigv4_header headers[] = {{"Host", "monitoring.eu-west-1.amazonaws.com"},
        {"User-Agent", "enawatch"}, {"Content-Type", "application/x-amz-json-1.0"},
        {"Content-Encoding", "gzip"},
        {"X-Amz-Target", "GraniteServiceVersion20100801.PutMetricData"}};
    struct sigv4_request request = {.method = "POST",
        .path = "/",
        .headers = headers,
        .n_headers = ARRAY_SIZE(headers),
        .body = body,
        .n_body_bytes = N_BODY_BYTES};
    struct sigv4_keys keys = {
        "ASIAIOSFODNN7EXAMPLE", "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY", token};
    struct sigv4_scope scope = {"eu-west-1", "monitoring"};
    int r = 0;
    for (; r == 0 && n > 0; n--)
        r = sigv4_sign(sigv4, &request, &keys, &scope, TIME_S);
    return r;
}

int main(int argc, char **argv)
{
    static char body[N_BODY_BYTES], token[N_TOKEN_BYTES + 1];
    struct sigv4 sigv4 = {0};
    uint64_t n;
    if (argc != 2 || !parse_u64(argv[1], &n))
        return 78;
    memset(body, 'b', N_BODY_BYTES);
    memset(token, 't', N_TOKEN_BYTES);
    double start = seconds();
    if (sign(&sigv4, body, token, n) < 0)
        return 1;
    printf("%.9f %s\n", seconds() - start, sigv4.signature);
    sigv4_finish(&sigv4);
    return 0;
}
