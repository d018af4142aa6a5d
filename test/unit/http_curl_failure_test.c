// SPDX-License-Identifier: Apache-2.0
// What each kind of trouble is called. Names are resolved by this program itself, so that no test
// asks a name server.
#include <errno.h>
#include <fcntl.h>
#include <malloc.h>
#include <netdb.h>
#include <netinet/in.h>
#include <poll.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>

#include "os/clock.h"
#include "support/http_peer.h"
#include "support/unit.h"
#include "unit/http_patience.h"

#define HANG_MS 60000

static int asked[2], answered[2]; // pipes from and to the thread that resolves hangs.invalid

// In the place of the C library's, for libcurl too.
int getaddrinfo(const char *host, const char *service, const struct addrinfo *hints,
    struct addrinfo **ret_addresses)
{
    (void)service;
    (void)hints;
    (void)ret_addresses;
    if (strcmp(host, "hangs.invalid") != 0)
        return EAI_NONAME;
    struct pollfd answer = {.fd = answered[0], .events = POLLIN};
    bool is_said = write(asked[1], "?", 1) == 1;
    return is_said && poll(&answer, 1, HANG_MS) == 1 ? EAI_NONAME : EAI_AGAIN;
}

static int make_pipes(void **state)
{
    (void)state;
    return pipe2(asked, O_CLOEXEC) == 0 && pipe2(answered, O_CLOEXEC) == 0 ? 0 : -1;
}

static uint64_t ms_since(uint64_t start_ns)
{
    return (clock_now().boot_ns - start_ns) / NS_PER_MS;
}

// Not one byte of the request went out.
static void assert_not_sent(const struct http_peer *peer)
{
    assert_false(peer->response.may_have_arrived);
    assert_false(peer->response.is_fresh_connection);
    assert_false(peer->response.is_by_old_address);
}

static void assert_says_why(const struct http_peer *peer, const char *why)
{
    assert_non_null(strcasestr(peer->response.reason, why));
    assert_null(strpbrk(peer->response.reason, "\r\n"));
    assert_int_equal(peer->response.status, 0);
    assert_int_equal(peer->response.n_body_bytes, 0);
    assert_string_equal(peer->response.body, "");
}

// Of a request that needs no server.
static enum http_outcome outcome_alone(struct http_peer *peer, const struct http_request *request)
{
    struct http_exchange *exchange = http_peer_send(peer, request);
    assert_int_equal(http_peer_poll(peer, exchange), HTTP_BUSY);
    return http_peer_await(peer, exchange); // the end of the test ends it
}

// A peer that says `bytes` and then closes.
static enum http_outcome outcome_of(struct http_peer *peer, const char *bytes, size_t n)
{
    struct http_request request = http_peer_get(peer);
    struct http_exchange *exchange = http_peer_send(peer, &request);
    int fd = http_peer_accept(peer);
    http_peer_receive(peer, fd);
    assert_true(http_peer_write(peer, fd, bytes, n));
    close(fd);
    return http_peer_await(peer, exchange);
}

static void a_name_without_an_address_is_unresolved(void **state)
{
    struct http_peer *peer = *state;
    struct http_request request = http_peer_get(peer);
    request.url = "http://host.invalid/";
    assert_int_equal(outcome_alone(peer, &request), HTTP_UNRESOLVED);
    assert_says_why(peer, "resolve host");
    assert_not_sent(peer);
}

static void a_name_server_that_hangs_leaves_a_name_unresolved_and_holds_up_nobody(void **state)
{
    struct http_peer *peer = *state;
    struct http_request request = http_peer_get(peer);
    request.url = "http://hangs.invalid/";
    request.connect_ms = LONG_MS;
    request.total_ms = 2 * LONG_MS;
    assert_int_equal(outcome_at_last(peer, http_peer_send(peer, &request)), HTTP_UNRESOLVED);
    assert_says_why(peer, "timed out");
    assert_not_sent(peer);
    assert_int_equal(write(answered[1], "!", 1), 1);
}

static void destroying_does_not_wait_for_a_name_server(void **state)
{
    struct http_peer *peer = *state;
    struct http_request request = http_peer_get(peer);
    struct pollfd question = {.fd = asked[0], .events = POLLIN};
    char byte;
    while (poll(&question, 1, 0) > 0) // of the test before
        assert_int_equal(read(asked[0], &byte, 1), 1);
    request.url = "http://hangs.invalid/";
    http_peer_send(peer, &request);
    http_peer_settle(peer, 5);
    assert_int_equal(poll(&question, 1, HANG_MS), 1);
    uint64_t start_ns = clock_now().boot_ns;
    peer->http->ops->destroy(peer->http);
    peer->http = NULL;
    assert_in_range(ms_since(start_ns), 0, HANG_MS / 4);
    assert_int_equal(write(answered[1], "!", 1), 1);
}

static void a_port_that_refuses_is_unreachable(void **state)
{
    struct http_peer *peer = *state;
    struct loopback deaf;
    char url[PEER_URL_MAX];
    loopback_bind(&deaf, AF_INET, false, 0);
    snprintf(url, sizeof(url), "http://127.0.0.1:%u/", deaf.port);
    struct http_request request = http_peer_get(peer);
    request.url = url;
    assert_int_equal(outcome_alone(peer, &request), HTTP_UNREACHABLE);
    assert_says_why(peer, "connect");
    assert_not_sent(peer);
    close(deaf.fd);
}

static void what_is_no_url_of_http_is_unreachable(void **state)
{
    struct http_peer *peer = *state;
    static const char *const urls[] = {"", "http://", "file:///etc/hostname", "ftp://127.0.0.1/",
        "http://127.0.0.1:99999/", "http://a b/"};
    for (size_t i = 0; i < ARRAY_SIZE(urls); i++) {
        struct http_request request = http_peer_get(peer);
        request.url = urls[i];
        assert_int_equal(outcome_alone(peer, &request), HTTP_UNREACHABLE);
        assert_true(strlen(peer->response.reason) > 0);
    }
}

#define NO_NAMESPACE 77

// In a network of its own whose only interface is down: ENETUNREACH at once.
static int connect_without_a_network(void)
{
    if (unshare(CLONE_NEWUSER | CLONE_NEWNET) < 0)
        return NO_NAMESPACE;
    struct http_peer peer = {0};
    if (http_curl_create(&(struct http_curl_options){0}, &peer.http) < 0)
        return NO_NAMESPACE;
    struct http_request request = http_peer_get(&peer);
    request.url = "http://127.0.0.1:80/";
    uint64_t start_ns = clock_now().boot_ns;
    enum http_outcome outcome = outcome_alone(&peer, &request);
    peer.http->ops->destroy(peer.http);
    return ms_since(start_ns) < request.connect_ms / 2 ? (int)outcome : HTTP_NO_CONTACT;
}

static void without_a_route_a_host_is_unreachable(void **state)
{
    (void)state;
    pid_t child = fork();
    if (child == 0)
        _exit(connect_without_a_network());
    int status = 0;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), HTTP_UNREACHABLE);
}

static int connect_to(uint16_t port)
{
    struct sockaddr_in address = {
        .sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    assert_true(fd >= 0);
    assert_true(
        connect(fd, (struct sockaddr *)&address, sizeof(address)) == 0 || errno == EINPROGRESS);
    return fd;
}

// A queue of connections to accept that is full makes Linux drop what comes: no answer at all.
static void a_host_that_drops_what_comes_is_no_contact(void **state)
{
    struct http_peer *peer = *state;
    loopback_listen(&peer->loopback, 0, 0);
    int fillers[] = {connect_to(peer->loopback.port), connect_to(peer->loopback.port)};
    struct http_request request = http_peer_get(peer);
    request.connect_ms = LONG_MS;
    request.total_ms = 2 * LONG_MS;
    assert_int_equal(outcome_at_last(peer, http_peer_send(peer, &request)), HTTP_NO_CONTACT);
    assert_says_why(peer, "time");
    assert_not_sent(peer);
    request.connect_ms = 2 * LONG_MS;
    request.total_ms = LONG_MS;
    assert_int_equal(outcome_at_last(peer, http_peer_send(peer, &request)), HTTP_NO_CONTACT);
    close(fillers[0]);
    close(fillers[1]);
}

static void a_peer_that_accepts_and_never_answers_is_silent(void **state)
{
    struct http_peer *peer = *state;
    struct http_request request = http_peer_get(peer);
    request.connect_ms = LONG_MS / 3;
    request.total_ms = LONG_MS;
    assert_int_equal(outcome_at_last(peer, http_peer_send(peer, &request)), HTTP_SILENT);
    assert_says_why(peer, "timed out");
    assert_true(peer->response.may_have_arrived);
}

static void a_kept_connection_that_falls_silent_is_silent(void **state)
{
    struct http_peer *peer = *state;
    struct http_request request = http_peer_get(peer);
    request.total_ms = LONG_MS;
    struct http_exchange *exchange = http_peer_send(peer, &request);
    scoped_fd int fd = -1;
    assert_int_equal(
        http_peer_serve(peer, exchange, "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", &fd),
        HTTP_ANSWERED);
    exchange = http_peer_send(peer, &request);
    http_peer_receive(peer, fd);
    assert_int_equal(outcome_at_last(peer, exchange), HTTP_SILENT);
}

// It ends when the request is there, and the fresh connection meets nobody.
static void a_kept_connection_whose_host_went_away_is_no_contact(void **state)
{
    struct http_peer *peer = *state;
    struct http_request request = http_peer_get(peer);
    request.connect_ms = LONG_MS;
    request.total_ms = 2 * LONG_MS;
    struct http_exchange *exchange = http_peer_send(peer, &request);
    int fd = -1;
    assert_int_equal(
        http_peer_serve(peer, exchange, "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", &fd),
        HTTP_ANSWERED);
    exchange = http_peer_send(peer, &request);
    http_peer_receive(peer, fd);
    loopback_listen(&peer->loopback, 0, 0);
    int fillers[] = {connect_to(peer->loopback.port), connect_to(peer->loopback.port)};
    close(fd);
    assert_int_equal(outcome_at_last(peer, exchange), HTTP_NO_CONTACT);
    close(fillers[0]);
    close(fillers[1]);
}

static void a_body_that_trickles_is_silent_in_the_end(void **state)
{
    struct http_peer *peer = *state;
    struct http_request request = http_peer_get(peer);
    request.total_ms = 11 * LONG_MS;
    struct http_exchange *exchange = http_peer_send(peer, &request);
    scoped_fd int fd = http_peer_accept(peer);
    http_peer_receive(peer, fd);
    http_peer_say(peer, fd, "HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n");
    for (int i = 0; i < 10; i++) {
        http_peer_say(peer, fd, "x");
        http_peer_settle(peer, 5);
        assert_int_equal(http_peer_poll(peer, exchange), HTTP_BUSY);
        clock_shift_s += LONG_S;
    }
    assert_int_equal(outcome_at_last(peer, exchange), HTTP_SILENT);
    assert_says_why(peer, "timed out");
}

static void an_answer_that_ends_too_early_is_broken(void **state)
{
    struct http_peer *peer = *state;
    static const char *const answers[] = {"", "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nfive!",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nfi"};
    for (size_t i = 0; i < ARRAY_SIZE(answers); i++) {
        assert_int_equal(outcome_of(peer, answers[i], strlen(answers[i])), HTTP_BROKEN);
        assert_says_why(peer, "");
        assert_true(strlen(peer->response.reason) > 0);
        assert_true(peer->response.may_have_arrived);
    }
}

static void a_reset_is_broken(void **state)
{
    struct http_peer *peer = *state;
    static const char *const answers[] = {"", "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nfive!"};
    for (size_t i = 0; i < ARRAY_SIZE(answers); i++) {
        struct http_request request = http_peer_get(peer);
        struct http_exchange *exchange = http_peer_send(peer, &request);
        int fd = http_peer_accept(peer);
        http_peer_receive(peer, fd);
        http_peer_say(peer, fd, answers[i]);
        http_peer_settle(peer, 5);
        loopback_reset(fd);
        assert_int_equal(http_peer_await(peer, exchange), HTTP_BROKEN);
        assert_says_why(peer, "reset");
        assert_true(peer->response.may_have_arrived);
    }
}

static void what_is_no_http_is_broken(void **state)
{
    struct http_peer *peer = *state;
    static const struct {
        const char *bytes;
        size_t n;
    } garbage[] = {{"SSH-2.0-OpenSSH_9.2\r\n", 21}, {"just text, as HTTP/0.9 had it", 29},
        {"\0\1\2\3\r\n\r\n", 8}, {"HTTP/7.3 200 OK\r\n\r\n", 19},
        {"HTTP/1.1 200 OK\r\nContent-Length: -5\r\n\r\n", 39}};
    for (size_t i = 0; i < ARRAY_SIZE(garbage); i++) {
        assert_int_equal(outcome_of(peer, garbage[i].bytes, garbage[i].n), HTTP_BROKEN);
        assert_true(strlen(peer->response.reason) > 0);
        assert_says_why(peer, "");
    }
}

// Under the address sanitizer, whose allocator tells the C library nothing.
size_t __sanitizer_get_current_allocated_bytes(void) __attribute__((weak));

static size_t heap_bytes(void)
{
    return __sanitizer_get_current_allocated_bytes != NULL
        ? __sanitizer_get_current_allocated_bytes()
        : mallinfo2().uordblks;
}

// Writes `line` until the other end has enough of it, after `start`; returns what the heap grew by.
static size_t say_without_end(struct http_peer *peer, const char *start, const char *line)
{
    size_t before = heap_bytes(), n_written = 0, max_bytes = (size_t)10 << 20;
    struct http_request request = http_peer_get(peer);
    request.max_body_bytes = 64 << 10;
    struct http_exchange *exchange = http_peer_send(peer, &request);
    scoped_fd int fd = http_peer_accept(peer);
    http_peer_receive(peer, fd);
    bool is_heard = http_peer_say(peer, fd, start);
    for (; is_heard && n_written < max_bytes; n_written += strlen(line))
        is_heard = http_peer_say(peer, fd, line);
    assert_int_equal(http_peer_await(peer, exchange), HTTP_TOO_LARGE);
    size_t after = heap_bytes();
    assert_says_why(peer, "too large");
    assert_true(n_written < max_bytes);
    http_peer_end(peer, exchange);
    return after > before ? after - before : 0;
}

// 100 bytes.
#define LINE                                                                                       \
    "X-Filler: fillerfillerfillerfillerfillerfillerfillerfiller"                                   \
    "fillerfillerfillerfillerfillerfillerfill\r\n"

static void a_body_of_10_mb_is_too_large_and_not_kept(void **state)
{
    struct http_peer *peer = *state;
    assert_in_range(say_without_end(peer, "HTTP/1.1 200 OK\r\n\r\n", LINE), 0, 256 << 10);
    assert_in_range(say_without_end(peer,
                        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nA00000\r\n", LINE),
        0, 256 << 10);
}

static void an_announced_body_that_is_too_large_is_not_read(void **state)
{
    struct http_peer *peer = *state;
    const char *answer = "HTTP/1.1 200 OK\r\nContent-Length: 10485760\r\n\r\n";
    struct http_request request = http_peer_get(peer);
    struct http_exchange *exchange = http_peer_send(peer, &request);
    scoped_fd int fd = -1;
    assert_int_equal(http_peer_serve(peer, exchange, answer, &fd), HTTP_TOO_LARGE);
    assert_says_why(peer, "too large");
}

static void a_body_may_be_as_large_as_was_said_and_no_byte_larger(void **state)
{
    struct http_peer *peer = *state;
    struct http_request request = http_peer_get(peer);
    static const struct {
        size_t max_body_bytes;
        enum http_outcome outcome;
    } cases[] = {{5, HTTP_ANSWERED}, {4, HTTP_TOO_LARGE}, {0, HTTP_TOO_LARGE}};
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        request.max_body_bytes = cases[i].max_body_bytes;
        struct http_exchange *exchange = http_peer_send(peer, &request);
        int fd = http_peer_accept(peer);
        http_peer_receive(peer, fd);
        http_peer_say(peer, fd, "HTTP/1.1 200 OK\r\n\r\nfive!");
        close(fd);
        assert_int_equal(http_peer_await(peer, exchange), cases[i].outcome);
    }
}

static void headers_without_end_are_too_large(void **state)
{
    struct http_peer *peer = *state;
    assert_in_range(say_without_end(peer, "HTTP/1.1 200 OK\r\n", LINE), 0, 256 << 10);
    assert_in_range(say_without_end(peer, "", "HTTP/1.1 100 Continue\r\n\r\n"), 0, 256 << 10);
    // One line is curl's to bound: 100 KB.
    assert_in_range(
        say_without_end(peer, "HTTP/1.1 200 OK\r\nX-Long: ", "fillerfiller"), 0, 256 << 10);
}

// With the first line and the last, 655 lines of 100 bytes are below 64 KiB and 656 are not.
static void headers_may_have_64_kib(void **state)
{
    struct http_peer *peer = *state;
    static const struct {
        int n_lines;
        enum http_outcome outcome;
    } cases[] = {{655, HTTP_ANSWERED}, {656, HTTP_TOO_LARGE}};
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        struct http_request request = http_peer_get(peer);
        struct http_exchange *exchange = http_peer_send(peer, &request);
        int fd = http_peer_accept(peer);
        http_peer_receive(peer, fd);
        http_peer_say(peer, fd, "HTTP/1.1 200 OK\r\n");
        for (int line = 0; line < cases[i].n_lines; line++)
            http_peer_say(peer, fd, LINE);
        http_peer_say(peer, fd, "\r\n");
        close(fd);
        assert_int_equal(http_peer_await(peer, exchange), cases[i].outcome);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        http_test(a_name_without_an_address_is_unresolved),
        http_test(a_name_server_that_hangs_leaves_a_name_unresolved_and_holds_up_nobody),
        http_test(destroying_does_not_wait_for_a_name_server),
        http_test(a_port_that_refuses_is_unreachable),
        http_test(what_is_no_url_of_http_is_unreachable),
        http_test(without_a_route_a_host_is_unreachable),
        http_test(a_host_that_drops_what_comes_is_no_contact),
        http_test(a_peer_that_accepts_and_never_answers_is_silent),
        http_test(a_kept_connection_that_falls_silent_is_silent),
        http_test(a_kept_connection_whose_host_went_away_is_no_contact),
        http_test(a_body_that_trickles_is_silent_in_the_end),
        http_test(an_answer_that_ends_too_early_is_broken),
        http_test(a_reset_is_broken),
        http_test(what_is_no_http_is_broken),
        http_test(a_body_of_10_mb_is_too_large_and_not_kept),
        http_test(an_announced_body_that_is_too_large_is_not_read),
        http_test(a_body_may_be_as_large_as_was_said_and_no_byte_larger),
        http_test(headers_without_end_are_too_large),
        http_test(headers_may_have_64_kib),
    };
    return cmocka_run_group_tests(tests, make_pipes, NULL);
}
