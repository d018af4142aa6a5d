// SPDX-License-Identifier: Apache-2.0
// What is told beside status and body: headers, whether the connection is new, and whether a
// request that failed may have arrived.
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>

#include "support/http_peer.h"
#include "support/unit.h"
#include "unit/http_patience.h"

#define OK_HI "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi"

static const char *header(
    const struct http_peer *peer, const struct http_exchange *exchange, const char *name)
{
    return peer->http->ops->header(peer->http, exchange, name);
}

static struct http_exchange *ask(struct http_peer *peer, const char *answer)
{
    struct http_request request = http_peer_get(peer);
    struct http_exchange *exchange = http_peer_send(peer, &request);
    scoped_fd int fd = -1;
    assert_int_equal(http_peer_serve(peer, exchange, answer, &fd), HTTP_ANSWERED);
    return exchange; // which the end of the test ends
}

static void a_header_is_found_by_its_name_in_whatever_case(void **state)
{
    struct http_peer *peer = *state;
    const struct http_exchange *exchange = ask(peer,
        "HTTP/1.1 400 Bad Request\r\n"
        "x-amzn-ErrorType: \t ThrottlingException:http://internal.test/ \t \r\n"
        "Date:Tue, 17 Nov 2026 10:00:00 GMT\r\n"
        "X-Empty:\r\n"
        "X-Blank:   \r\n"
        "Content-Length: 0\r\n\r\n");
    assert_string_equal(
        header(peer, exchange, "X-Amzn-ErrorType"), "ThrottlingException:http://internal.test/");
    assert_string_equal(header(peer, exchange, "date"), "Tue, 17 Nov 2026 10:00:00 GMT");
    assert_string_equal(header(peer, exchange, "CONTENT-LENGTH"), "0");
    assert_string_equal(header(peer, exchange, "X-Empty"), "");
    assert_string_equal(header(peer, exchange, "X-Blank"), "");
}

static void a_header_that_is_not_there_is_none(void **state)
{
    struct http_peer *peer = *state;
    const struct http_exchange *exchange = ask(
        peer, "HTTP/1.1 200 OK\r\nX-Date-Long: a\r\nContent-Length: 2\r\n\r\nhi");
    static const char *const names[] = {
        "X-Date", "Date-Long", "X-Date-Long-er", "Date", "HTTP/1.1", "hi", "X-Date-Long: a", ""};
    for (size_t i = 0; i < ARRAY_SIZE(names); i++)
        assert_null(header(peer, exchange, names[i]));
    assert_null(header(peer, ask(peer, "HTTP/1.1 204 No\r\n\r\n"), "Date"));
}

static void of_several_the_first_header_counts(void **state)
{
    struct http_peer *peer = *state;
    const struct http_exchange *exchange = ask(
        peer, "HTTP/1.1 200 OK\r\nX-A: first\r\nx-a: second\r\nContent-Length: 2\r\n\r\nhi");
    assert_string_equal(header(peer, exchange, "X-A"), "first");
}

// An interim answer comes before it, trailers come after its body.
static void only_the_headers_of_the_answer_itself_count(void **state)
{
    struct http_peer *peer = *state;
    const struct http_exchange *exchange = ask(peer,
        "HTTP/1.1 100 Continue\r\nX-A: interim\r\nX-Interim: b\r\n\r\n"
        "HTTP/1.1 200 OK\r\nX-A: answer\r\nTransfer-Encoding: chunked\r\n\r\n"
        "2\r\nhi\r\n0\r\nX-A: trailer\r\nX-Trailer: c\r\n\r\n");
    assert_string_equal(peer->response.body, "hi");
    assert_string_equal(header(peer, exchange, "X-A"), "answer");
    assert_null(header(peer, exchange, "X-Interim"));
    assert_null(header(peer, exchange, "X-Trailer"));
}

static void without_a_whole_answer_there_are_no_headers(void **state)
{
    struct http_peer *peer = *state;
    struct http_request request = http_peer_get(peer);
    struct http_exchange *exchange = http_peer_send(peer, &request);
    assert_null(header(peer, exchange, "Date"));
    int fd = http_peer_accept(peer);
    http_peer_receive(peer, fd);
    http_peer_say(peer, fd, "HTTP/1.1 200 OK\r\nDate: now\r\nContent-Length: 9\r\n\r\nhalf");
    http_peer_settle(peer, 5);
    assert_null(header(peer, exchange, "Date"));
    close(fd);
    assert_int_equal(http_peer_await(peer, exchange), HTTP_BROKEN);
    assert_null(header(peer, exchange, "Date"));
}

static void headers_stay_until_the_exchange_ends(void **state)
{
    struct http_peer *peer = *state;
    const struct http_exchange *exchange = ask(
        peer, "HTTP/1.1 200 OK\r\nX-A: mine\r\nContent-Length: 0\r\n\r\n");
    const char *value = header(peer, exchange, "X-A");
    for (int i = 0; i < 3; i++)
        http_peer_end(
            peer, ask(peer, "HTTP/1.1 200 OK\r\nX-A: other\r\nContent-Length: 0\r\n\r\n"));
    assert_ptr_equal(header(peer, exchange, "X-A"), value);
    assert_string_equal(value, "mine");
}

static void a_connection_is_fresh_once(void **state)
{
    struct http_peer *peer = *state;
    struct http_request request = http_peer_get(peer);
    struct http_exchange *exchange = http_peer_send(peer, &request);
    int fd = -1;
    assert_int_equal(http_peer_serve(peer, exchange, OK_HI, &fd), HTTP_ANSWERED);
    assert_true(peer->response.is_fresh_connection);
    assert_true(peer->response.may_have_arrived);
    assert_false(peer->response.is_by_old_address);
    exchange = http_peer_send(peer, &request);
    http_peer_receive(peer, fd);
    http_peer_say(peer, fd, OK_HI);
    assert_int_equal(http_peer_await(peer, exchange), HTTP_ANSWERED);
    assert_false(peer->response.is_fresh_connection);
    assert_true(peer->response.may_have_arrived);
    close(fd); // and the next one needs another
    ask(peer, OK_HI);
    assert_true(peer->response.is_fresh_connection);
    assert_false(peer->response.is_repeated);
}

// It meets the end of a kept connection, and goes out again.
static void a_request_that_needs_a_second_connection_has_a_fresh_one(void **state)
{
    struct http_peer *peer = *state;
    struct http_request request = http_peer_get(peer);
    struct http_exchange *exchange = http_peer_send(peer, &request);
    int fd = -1;
    assert_int_equal(http_peer_serve(peer, exchange, OK_HI, &fd), HTTP_ANSWERED);
    exchange = http_peer_send(peer, &request);
    http_peer_receive(peer, fd);
    close(fd);
    assert_int_equal(http_peer_serve(peer, exchange, OK_HI, &fd), HTTP_ANSWERED);
    assert_true(peer->response.is_fresh_connection);
    assert_true(peer->response.is_repeated);
    close(fd);
}

// The first one reached the host, as far as anybody knows; what the second one meets changes
// nothing of that.
static void what_was_sent_on_a_kept_connection_may_have_arrived(void **state)
{
    struct http_peer *peer = *state;
    struct http_request request = http_peer_get(peer);
    struct http_exchange *exchange = http_peer_send(peer, &request);
    int fd = -1;
    assert_int_equal(http_peer_serve(peer, exchange, OK_HI, &fd), HTTP_ANSWERED);
    exchange = http_peer_send(peer, &request);
    http_peer_receive(peer, fd);
    close(peer->loopback.fd);
    close(fd);
    assert_int_equal(http_peer_await(peer, exchange), HTTP_UNREACHABLE);
    assert_true(peer->response.may_have_arrived);
    assert_false(peer->response.is_repeated);
    assert_false(peer->response.is_fresh_connection);
    loopback_bind(&peer->loopback, AF_INET, false, 0); // for the end of the test
}

// A body that is still on its way counts.
static void half_a_request_may_have_arrived(void **state)
{
    struct http_peer *peer = *state;
    static char body[1 << 20];
    struct http_request request = http_peer_get(peer);
    request.method = "POST";
    request.body = body;
    request.n_body_bytes = sizeof(body);
    request.total_ms = LONG_MS;
    struct http_exchange *exchange = http_peer_send(peer, &request);
    scoped_fd int fd = http_peer_accept(peer);
    assert_true(fd >= 0); // and reads nothing
    assert_int_equal(outcome_at_last(peer, exchange), HTTP_SILENT);
    assert_true(peer->response.may_have_arrived);
    assert_true(peer->response.is_fresh_connection);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        http_test(a_header_is_found_by_its_name_in_whatever_case),
        http_test(a_header_that_is_not_there_is_none),
        http_test(of_several_the_first_header_counts),
        http_test(only_the_headers_of_the_answer_itself_count),
        http_test(without_a_whole_answer_there_are_no_headers),
        http_test(headers_stay_until_the_exchange_ends),
        http_test(a_connection_is_fresh_once),
        http_test(a_request_that_needs_a_second_connection_has_a_fresh_one),
        http_test(what_was_sent_on_a_kept_connection_may_have_arrived),
        http_test(half_a_request_may_have_arrived),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
