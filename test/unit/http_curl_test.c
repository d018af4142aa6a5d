// SPDX-License-Identifier: Apache-2.0
// Requests as they arrive, answers as they come back, connections that are kept, and what ends
// before its time.
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#include "os/clock.h"
#include "support/http_peer.h"
#include "support/unit.h"
#include "unit/http_patience.h"

#define OK_HI "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi"

// Sends it, serves it on a new connection and forgets it.
static enum http_outcome exchange_once(
    struct http_peer *peer, const struct http_request *request, const char *answer)
{
    struct http_exchange *exchange = http_peer_send(peer, request);
    scoped_fd int fd = -1;
    enum http_outcome outcome = http_peer_serve(peer, exchange, answer, &fd);
    http_peer_end(peer, exchange);
    return outcome;
}

static void a_get_arrives_as_it_was_written(void **state)
{
    struct http_peer *peer = *state;
    char expected[512], url[PEER_URL_MAX + 32];
    const char *headers[] = {"X-aws-ec2-metadata-token: abc=", "Accept: text/plain", NULL};
    snprintf(url, sizeof(url), "%slatest/meta-data/?a=b%%20c", peer->url);
    struct http_request request = http_peer_get(peer);
    request.url = url;
    request.headers = headers;
    assert_int_equal(exchange_once(peer, &request, OK_HI), HTTP_ANSWERED);
    snprintf(expected, sizeof(expected),
        "GET /latest/meta-data/?a=b%%20c HTTP/1.1\r\n"
        "Host: 127.0.0.1:%u\r\n"
        "User-Agent: enawatch/" ENAWATCH_VERSION "\r\n"
        "X-aws-ec2-metadata-token: abc=\r\n"
        "Accept: text/plain\r\n\r\n",
        peer->loopback.port);
    assert_string_equal(peer->request, expected);
}

static void the_answer_is_a_status_and_a_body(void **state)
{
    struct http_peer *peer = *state;
    struct http_request request = http_peer_get(peer);
    struct http_exchange *exchange = http_peer_send(peer, &request);
    scoped_fd int fd = -1;
    assert_int_equal(http_peer_poll(peer, exchange), HTTP_BUSY);
    assert_int_equal(http_peer_serve(peer, exchange, OK_HI, &fd), HTTP_ANSWERED);
    assert_int_equal(peer->response.status, 200);
    assert_int_equal(peer->response.n_body_bytes, 2);
    assert_string_equal(peer->response.body, "hi");
    http_peer_end(peer, exchange);
}

static void an_answer_without_a_body_has_an_empty_one(void **state)
{
    struct http_peer *peer = *state;
    struct http_request request = http_peer_get(peer);
    request.max_body_bytes = 0;
    struct http_exchange *exchange = http_peer_send(peer, &request);
    scoped_fd int fd = -1;
    assert_int_equal(
        http_peer_serve(peer, exchange, "HTTP/1.1 204 No\r\n\r\n", &fd), HTTP_ANSWERED);
    assert_int_equal(peer->response.status, 204);
    assert_int_equal(peer->response.n_body_bytes, 0);
    assert_string_equal(peer->response.body, "");
    http_peer_end(peer, exchange);
}

static void a_put_without_a_body_says_so(void **state)
{
    struct http_peer *peer = *state;
    struct http_request request = http_peer_get(peer);
    request.method = "PUT";
    assert_int_equal(exchange_once(peer, &request, OK_HI), HTTP_ANSWERED);
    assert_int_equal(strncmp(peer->request, "PUT / HTTP/1.1\r\n", 16), 0);
    assert_non_null(strstr(peer->request, "\r\nContent-Length: 0\r\n"));
    assert_null(strcasestr(peer->request, "\r\nContent-Type"));
    assert_null(strcasestr(peer->request, "\r\nTransfer-Encoding"));
}

static void a_body_arrives_with_its_nuls_and_the_type_that_was_given(void **state)
{
    struct http_peer *peer = *state;
    static const char body[] = "{\"a\":\0\"b\"}\0";
    const char *headers[] = {"Content-Type: application/x-amz-json-1.1", NULL};
    struct http_request request = http_peer_get(peer);
    request.method = "POST";
    request.headers = headers;
    request.body = body;
    request.n_body_bytes = sizeof(body);
    assert_int_equal(exchange_once(peer, &request, OK_HI), HTTP_ANSWERED);
    assert_int_equal(strncmp(peer->request, "POST / HTTP/1.1\r\n", 17), 0);
    assert_non_null(strstr(peer->request, "\r\nContent-Length: 12\r\n"));
    assert_non_null(strstr(peer->request, "\r\nContent-Type: application/x-amz-json-1.1\r\n"));
    assert_null(strstr(peer->request, "urlencoded"));
    assert_int_equal(peer->n_body_bytes, 12);
    assert_memory_equal(peer->request + peer->n_header_bytes, body, 12);
}

// curl asks "Expect: 100-continue" of bodies beyond 1 MiB, and waits a second for the word.
static void a_large_body_is_sent_without_asking_first_and_is_a_copy(void **state)
{
    struct http_peer *peer = *state;
    size_t n = ((size_t)1 << 20) + 4096;
    char *body = xcalloc(1, n), *copy = xcalloc(1, n);
    for (size_t i = 0; i < n; i++)
        body[i] = copy[i] = (char)(i % 251);
    struct http_request request = http_peer_get(peer);
    request.method = "POST";
    request.body = body;
    request.n_body_bytes = n;
    struct http_exchange *exchange = http_peer_send(peer, &request);
    memset(body, 'x', n);
    free(body);
    scoped_fd int fd = -1;
    assert_int_equal(http_peer_serve(peer, exchange, OK_HI, &fd), HTTP_ANSWERED);
    assert_null(strcasestr(peer->request, "\r\nExpect"));
    assert_int_equal(peer->n_body_bytes, n);
    assert_memory_equal(peer->request + peer->n_header_bytes, copy, n);
    free(copy);
    http_peer_end(peer, exchange);
}

static void every_status_is_an_answer(void **state)
{
    struct http_peer *peer = *state;
    static const long statuses[] = {400, 401, 403, 404, 429, 500, 503};
    for (size_t i = 0; i < ARRAY_SIZE(statuses); i++) {
        char answer[128];
        snprintf(
            answer, sizeof(answer), "HTTP/1.1 %ld No\r\nContent-Length: 3\r\n\r\nwhy", statuses[i]);
        struct http_request request = http_peer_get(peer);
        struct http_exchange *exchange = http_peer_send(peer, &request);
        scoped_fd int fd = -1;
        assert_int_equal(http_peer_serve(peer, exchange, answer, &fd), HTTP_ANSWERED);
        assert_int_equal(peer->response.status, statuses[i]);
        assert_string_equal(peer->response.body, "why");
        http_peer_end(peer, exchange);
    }
}

static void a_redirect_is_an_answer_and_not_followed(void **state)
{
    struct http_peer *peer = *state;
    char answer[256];
    snprintf(answer, sizeof(answer),
        "HTTP/1.1 302 Found\r\nLocation: %sother\r\nContent-Length: 0\r\n\r\n", peer->url);
    struct http_request request = http_peer_get(peer);
    struct http_exchange *exchange = http_peer_send(peer, &request);
    scoped_fd int fd = -1;
    assert_int_equal(http_peer_serve(peer, exchange, answer, &fd), HTTP_ANSWERED);
    assert_int_equal(peer->response.status, 302);
    http_peer_settle(peer, 20);
    assert_int_equal(loopback_end(fd), -EAGAIN); // no further request
    http_peer_end(peer, exchange);
}

static void a_chunked_body_is_put_together(void **state)
{
    struct http_peer *peer = *state;
    static const char rest[] = "lo\r\n3\r\n \0w\r\n0\r\n\r\n";
    struct http_request request = http_peer_get(peer);
    struct http_exchange *exchange = http_peer_send(peer, &request);
    scoped_fd int fd = http_peer_accept(peer);
    http_peer_receive(peer, fd);
    http_peer_say(peer, fd, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhel");
    http_peer_settle(peer, 5);
    http_peer_write(peer, fd, rest, sizeof(rest) - 1);
    assert_int_equal(http_peer_await(peer, exchange), HTTP_ANSWERED);
    assert_int_equal(peer->response.n_body_bytes, 8);
    assert_memory_equal(peer->response.body, "hello \0w", 9);
    http_peer_end(peer, exchange);
}

// 100,000 bytes: many times the first allocation.
static void a_body_without_a_length_ends_with_the_connection(void **state)
{
    struct http_peer *peer = *state;
    char block[1000];
    memset(block, 'b', sizeof(block));
    struct http_request request = http_peer_get(peer);
    request.max_body_bytes = 100 * sizeof(block);
    struct http_exchange *exchange = http_peer_send(peer, &request);
    int fd = http_peer_accept(peer);
    http_peer_receive(peer, fd);
    http_peer_say(peer, fd, "HTTP/1.1 200 OK\r\n\r\n");
    for (int i = 0; i < 100; i++)
        assert_true(http_peer_write(peer, fd, block, sizeof(block)));
    close(fd);
    assert_int_equal(http_peer_await(peer, exchange), HTTP_ANSWERED);
    assert_int_equal(peer->response.n_body_bytes, 100 * sizeof(block));
    assert_int_equal(strspn(peer->response.body, "b"), 100 * sizeof(block));
    http_peer_end(peer, exchange);
}

// Sizes at which the terminator needs more room than there is, and their neighbours.
static void a_body_in_two_parts_is_whole_and_terminated(void **state)
{
    struct http_peer *peer = *state;
    static char bytes[16385];
    memset(bytes, 'b', sizeof(bytes));
    for (size_t n = 4096; n <= 16384; n *= 2)
        for (size_t n_body_bytes = n - 1; n_body_bytes <= n + 1; n_body_bytes++) {
            struct http_request request = http_peer_get(peer);
            struct http_exchange *exchange = http_peer_send(peer, &request);
            int fd = http_peer_accept(peer);
            http_peer_receive(peer, fd);
            http_peer_say(peer, fd, "HTTP/1.1 200 OK\r\n\r\n");
            http_peer_write(peer, fd, bytes, n_body_bytes - 100);
            http_peer_settle(peer, 2);
            http_peer_write(peer, fd, bytes, 100);
            close(fd);
            assert_int_equal(http_peer_await(peer, exchange), HTTP_ANSWERED);
            assert_int_equal(peer->response.n_body_bytes, n_body_bytes);
            assert_int_equal(strlen(peer->response.body), n_body_bytes);
            http_peer_end(peer, exchange);
        }
}

static void two_exchanges_go_on_at_once_and_each_has_its_own_answer(void **state)
{
    struct http_peer *peer = *state;
    struct http_request request = http_peer_get(peer);
    struct http_exchange *first = http_peer_send(peer, &request);
    scoped_fd int first_fd = http_peer_accept(peer);
    http_peer_receive(peer, first_fd);
    struct http_exchange *second = http_peer_send(peer, &request);
    scoped_fd int second_fd = -1;
    const char *answer = "HTTP/1.1 404 No\r\nContent-Length: 6\r\n\r\nsecond";
    assert_int_equal(http_peer_serve(peer, second, answer, &second_fd), HTTP_ANSWERED);
    assert_string_equal(peer->response.body, "second");
    assert_int_equal(http_peer_poll(peer, first), HTTP_BUSY);
    http_peer_say(peer, first_fd, OK_HI);
    assert_int_equal(http_peer_await(peer, first), HTTP_ANSWERED);
    assert_string_equal(peer->response.body, "hi");
    assert_int_equal(http_peer_poll(peer, second), HTTP_ANSWERED);
    assert_int_equal(peer->response.status, 404);
    http_peer_end(peer, first);
    http_peer_end(peer, second);
}

static void the_connection_is_kept_for_the_next_request(void **state)
{
    struct http_peer *peer = *state;
    struct http_request request = http_peer_get(peer);
    struct http_exchange *exchange = http_peer_send(peer, &request);
    scoped_fd int fd = -1;
    assert_int_equal(http_peer_serve(peer, exchange, OK_HI, &fd), HTTP_ANSWERED);
    http_peer_end(peer, exchange);

    exchange = http_peer_send(peer, &request);
    http_peer_receive(peer, fd);
    http_peer_say(peer, fd, OK_HI);
    assert_int_equal(http_peer_await(peer, exchange), HTTP_ANSWERED);
    assert_string_equal(peer->response.body, "hi");
    http_peer_end(peer, exchange);
}

static void no_more_than_four_connections_are_kept(void **state)
{
    struct http_peer *peer = *state;
    struct http_exchange *exchanges[7];
    int fds[ARRAY_SIZE(exchanges)];
    struct http_request request = http_peer_get(peer);
    size_t n_kept = 0;
    for (size_t i = 0; i < ARRAY_SIZE(exchanges); i++) {
        exchanges[i] = http_peer_send(peer, &request);
        fds[i] = http_peer_accept(peer);
        http_peer_receive(peer, fds[i]);
    }
    for (size_t i = 0; i < ARRAY_SIZE(exchanges); i++) {
        http_peer_say(peer, fds[i], OK_HI);
        assert_int_equal(http_peer_await(peer, exchanges[i]), HTTP_ANSWERED);
        http_peer_end(peer, exchanges[i]);
    }
    for (size_t i = 0; i < ARRAY_SIZE(exchanges); i++) {
        n_kept += loopback_end(fds[i]) == -EAGAIN;
        close(fds[i]);
    }
    assert_int_equal(n_kept, 4);
}

static void a_kept_connection_that_the_peer_has_closed_is_no_error(void **state)
{
    struct http_peer *peer = *state;
    struct http_request request = http_peer_get(peer);
    assert_int_equal(exchange_once(peer, &request, OK_HI), HTTP_ANSWERED); // and closes
    assert_int_equal(exchange_once(peer, &request, OK_HI), HTTP_ANSWERED);
}

// It closes when the request is there already: curl cannot know before.
static void a_request_that_meets_the_end_of_a_kept_connection_goes_out_again(void **state)
{
    struct http_peer *peer = *state;
    struct http_request request = http_peer_get(peer);
    request.method = "POST";
    request.body = "body";
    request.n_body_bytes = 4;
    struct http_exchange *exchange = http_peer_send(peer, &request);
    int fd = -1;
    assert_int_equal(http_peer_serve(peer, exchange, OK_HI, &fd), HTTP_ANSWERED);
    http_peer_end(peer, exchange);

    exchange = http_peer_send(peer, &request);
    http_peer_receive(peer, fd);
    close(fd);
    assert_int_equal(http_peer_serve(peer, exchange, OK_HI, &fd), HTTP_ANSWERED);
    assert_string_equal(peer->request + peer->n_header_bytes, "body");
    close(fd);
    http_peer_end(peer, exchange);
}

static void when_idle_there_is_nothing_to_wait_for(void **state)
{
    struct http_peer *peer = *state;
    struct http_request request = http_peer_get(peer);
    struct pollfd event = {.fd = peer->http->ops->descriptor(peer->http), .events = POLLIN};
    assert_int_equal(peer->http->ops->deadline_ns(peer->http), 0);
    assert_int_equal(poll(&event, 1, 0), 0);

    struct http_exchange *exchange = http_peer_send(peer, &request);
    assert_in_range(peer->http->ops->deadline_ns(peer->http), 1, clock_now().boot_ns);
    int fd = -1;
    assert_int_equal(http_peer_serve(peer, exchange, OK_HI, &fd), HTTP_ANSWERED);
    assert_int_equal(peer->http->ops->deadline_ns(peer->http), 0);
    http_peer_end(peer, exchange);
    close(fd); // the end of a connection that is kept is nothing to do either
    assert_int_equal(poll(&event, 1, 20), 0);
    assert_int_equal(peer->http->ops->deadline_ns(peer->http), 0);
}

// A few wake-ups for the connection and for each part of the answer, none while it waits.
static void it_works_only_when_something_happens(void **state)
{
    struct http_peer *peer = *state;
    struct http_request request = http_peer_get(peer);
    struct http_exchange *exchange = http_peer_send(peer, &request);
    scoped_fd int fd = http_peer_accept(peer);
    http_peer_receive(peer, fd);
    http_peer_settle(peer, 400); // what libcurl still plans then is the end of its patience
    size_t n_works = peer->n_works;
    http_peer_settle(peer, 400);
    assert_in_range(n_works, 1, 12);
    assert_int_equal(peer->n_works, n_works);
    assert_true(peer->http->ops->deadline_ns(peer->http) > clock_now().boot_ns);
    http_peer_end(peer, exchange);
}

static void work_before_its_time_changes_nothing(void **state)
{
    struct http_peer *peer = *state;
    struct http_request request = http_peer_get(peer);
    request.total_ms = LONG_MS;
    struct http_exchange *exchange = http_peer_send(peer, &request);
    scoped_fd int fd = http_peer_accept(peer);
    http_peer_receive(peer, fd);
    http_peer_settle(peer, 5);
    struct now resumed = {.boot_ns = clock_now().boot_ns + LONG_S * NS_PER_S}; // after a suspend
    peer->http->ops->work(peer->http, &resumed);
    assert_int_equal(http_peer_poll(peer, exchange), HTTP_BUSY);
    assert_true(peer->http->ops->deadline_ns(peer->http) != 0);
    assert_int_equal(outcome_at_last(peer, exchange), HTTP_SILENT);
    http_peer_end(peer, exchange);
}

static void an_exchange_can_end_at_any_time(void **state)
{
    struct http_peer *peer = *state;
    struct http_request request = http_peer_get(peer);
    http_peer_end(peer, NULL);
    http_peer_end(peer, http_peer_send(peer, &request));
    http_peer_settle(peer, 5); // curl 8.17 wants a last look
    assert_int_equal(peer->http->ops->deadline_ns(peer->http), 0);

    struct http_exchange *exchange = http_peer_send(peer, &request);
    struct http_exchange *other = http_peer_send(peer, &request);
    scoped_fd int fd = http_peer_accept(peer);
    scoped_fd int other_fd = http_peer_accept(peer);
    http_peer_receive(peer, fd);
    http_peer_receive(peer, other_fd);
    http_peer_say(peer, fd, "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf");
    http_peer_say(peer, other_fd, "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf");
    http_peer_settle(peer, 5);
    http_peer_end(peer, exchange); // whichever of the two connections it had
    assert_int_equal((loopback_end(fd) == 0) + (loopback_end(other_fd) == 0), 1);
    http_peer_say(peer, fd, "_done");
    http_peer_say(peer, other_fd, "_done");
    assert_int_equal(http_peer_await(peer, other), HTTP_ANSWERED);
    assert_string_equal(peer->response.body, "half_done");
    http_peer_end(peer, other);
    assert_int_equal(peer->http->ops->deadline_ns(peer->http), 0);
}

static void destroying_ends_what_is_under_way(void **state)
{
    struct http_peer *peer = *state;
    struct http_request request = http_peer_get(peer);
    http_peer_send(peer, &request);
    scoped_fd int fd = http_peer_accept(peer);
    http_peer_receive(peer, fd);
    http_peer_say(peer, fd, "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf");
    http_peer_settle(peer, 5);
    http_peer_send(peer, &request);
    peer->http->ops->destroy(peer->http);
    peer->http = NULL;
    assert_int_equal(loopback_end(fd), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        http_test(a_get_arrives_as_it_was_written),
        http_test(the_answer_is_a_status_and_a_body),
        http_test(an_answer_without_a_body_has_an_empty_one),
        http_test(a_put_without_a_body_says_so),
        http_test(a_body_arrives_with_its_nuls_and_the_type_that_was_given),
        http_test(a_large_body_is_sent_without_asking_first_and_is_a_copy),
        http_test(every_status_is_an_answer),
        http_test(a_redirect_is_an_answer_and_not_followed),
        http_test(a_chunked_body_is_put_together),
        http_test(a_body_without_a_length_ends_with_the_connection),
        http_test(a_body_in_two_parts_is_whole_and_terminated),
        http_test(two_exchanges_go_on_at_once_and_each_has_its_own_answer),
        http_test(the_connection_is_kept_for_the_next_request),
        http_test(no_more_than_four_connections_are_kept),
        http_test(a_kept_connection_that_the_peer_has_closed_is_no_error),
        http_test(a_request_that_meets_the_end_of_a_kept_connection_goes_out_again),
        http_test(when_idle_there_is_nothing_to_wait_for),
        http_test(it_works_only_when_something_happens),
        http_test(work_before_its_time_changes_nothing),
        http_test(an_exchange_can_end_at_any_time),
        http_test(destroying_ends_what_is_under_way),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
