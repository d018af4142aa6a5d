// SPDX-License-Identifier: Apache-2.0
// The way to the host: by a proxy or not.
#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#include "support/http_peer.h"
#include "support/tls_server.h"
#include "support/unit.h"
#include "unit/http_patience.h"

#define OK_HI           "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi"
#define TUNNEL          "HTTP/1.1 200 Connection established\r\nX-From: proxy\r\n\r\n"
#define A_TLS_HANDSHAKE 0x16 // the first byte of TLS, RFC 8446 5.1

static const char *const proxy_variables[] = {"http_proxy", "HTTP_PROXY", "https_proxy",
    "HTTPS_PROXY", "all_proxy", "ALL_PROXY", "no_proxy", "NO_PROXY"};

static void forget_proxies(void)
{
    for (size_t i = 0; i < ARRAY_SIZE(proxy_variables); i++)
        unsetenv(proxy_variables[i]);
}

static int way_setup(void **state)
{
    forget_proxies();
    return http_peer_setup(state);
}

#define way_test(function) cmocka_unit_test_setup_teardown(function, way_setup, http_peer_teardown)

// --- Who is asked ---

struct proxy {
    struct loopback loopback;
    char url[PEER_URL_MAX];
};

// One to which nobody should come.
static void start_proxy(struct proxy *proxy)
{
    loopback_bind(&proxy->loopback, AF_INET, false, 0);
    loopback_listen(&proxy->loopback, 0, 8);
    snprintf(proxy->url, sizeof(proxy->url), "http://127.0.0.1:%u", proxy->loopback.port);
}

static void assert_nobody_came(struct proxy *proxy)
{
    struct pollfd event = {.fd = proxy->loopback.fd, .events = POLLIN};
    assert_int_equal(poll(&event, 1, 0), 0);
    close(proxy->loopback.fd);
}

static void assert_gets_http(struct http_peer *peer, bool is_direct)
{
    struct http_request request = http_peer_get(peer);
    request.is_direct = is_direct;
    struct http_exchange *exchange = http_peer_send(peer, &request);
    scoped_fd int fd = -1;
    assert_int_equal(http_peer_serve(peer, exchange, OK_HI, &fd), HTTP_ANSWERED);
    assert_int_equal(strncmp(peer->request, "GET / HTTP/1.1\r\n", 16), 0);
    http_peer_end(peer, exchange);
}

static void tls_url(const struct http_peer *peer, char *ret_url)
{
    snprintf(ret_url, PEER_URL_MAX, "https://127.0.0.1:%u/", peer->loopback.port);
}

static void assert_gets_tls(struct http_peer *peer, bool is_direct)
{
    char url[PEER_URL_MAX], byte = 0;
    tls_url(peer, url);
    struct http_request request = http_peer_get(peer);
    request.is_direct = is_direct;
    request.url = url;
    struct http_exchange *exchange = http_peer_send(peer, &request);
    scoped_fd int fd = http_peer_accept(peer);
    http_peer_settle(peer, 20);
    assert_int_equal(loopback_read(fd, &byte, 1), 1);
    assert_int_equal(byte, A_TLS_HANDSHAKE);
    http_peer_end(peer, exchange);
}

static void a_direct_request_does_not_know_of_proxies(void **state)
{
    struct http_peer *peer = *state;
    struct proxy proxy;
    start_proxy(&proxy);
    for (size_t i = 0; i < 6; i++)
        setenv(proxy_variables[i], proxy.url, 1);
    assert_gets_http(peer, true);
    assert_gets_tls(peer, true);
    assert_nobody_came(&proxy);
}

// As all programs have it since CGI scripts are given HTTP_PROXY by whom they serve.
static void http_proxy_in_capitals_is_nobodys_word(void **state)
{
    struct http_peer *peer = *state;
    struct proxy proxy;
    start_proxy(&proxy);
    setenv("HTTP_PROXY", proxy.url, 1);
    assert_gets_http(peer, false);
    assert_nobody_came(&proxy);
}

static void hosts_in_no_proxy_are_asked_themselves(void **state)
{
    struct http_peer *peer = *state;
    static const char *const variables[] = {"no_proxy", "NO_PROXY"};
    for (size_t i = 0; i < ARRAY_SIZE(variables); i++) {
        struct proxy proxy;
        start_proxy(&proxy);
        forget_proxies();
        setenv("http_proxy", proxy.url, 1);
        setenv("https_proxy", proxy.url, 1);
        setenv(variables[i], "host.test,127.0.0.1,169.254.170.2", 1);
        assert_gets_http(peer, false);
        assert_gets_tls(peer, false);
        assert_nobody_came(&proxy);
    }
}

static void other_requests_go_by_the_proxy_of_the_environment(void **state)
{
    struct http_peer *peer = *state;
    static const char *const variables[] = {"http_proxy", "all_proxy"};
    for (size_t i = 0; i < ARRAY_SIZE(variables); i++) {
        forget_proxies();
        setenv(variables[i], peer->url, 1);
        setenv("no_proxy", "other.invalid", 1);
        struct http_request request = http_peer_get(peer);
        request.is_direct = false;
        request.url = "http://host.invalid/path";
        struct http_exchange *exchange = http_peer_send(peer, &request);
        scoped_fd int fd = -1;
        assert_int_equal(http_peer_serve(peer, exchange, OK_HI, &fd), HTTP_ANSWERED);
        assert_int_equal(
            strncmp(peer->request, "GET http://host.invalid/path HTTP/1.1\r\n", 39), 0);
    }
}

// --- Tunnels ---

static int connect_to(unsigned int port)
{
    struct sockaddr_in address = {.sin_family = AF_INET,
        .sin_port = htons((uint16_t)port),
        .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_int_equal(connect(fd, (struct sockaddr *)&address, sizeof(address)), 0);
    return fd;
}

static struct http_exchange *send_to(struct http_peer *peer, const char *url)
{
    static const char *const headers[] = {"Authorization: AWS4-HMAC-SHA256 a", NULL};
    struct http_request request = http_peer_get(peer);
    request.is_direct = false;
    request.url = url;
    request.headers = headers;
    return http_peer_send(peer, &request);
}

// The peer is the proxy.
static void ask_through_tunnel(struct http_peer *peer, const struct tls_server *server)
{
    char first[64];
    int n = snprintf(first, sizeof(first), "CONNECT 127.0.0.1:%u HTTP/1.1\r\n", server->port);
    struct http_exchange *exchange = send_to(peer, server->url);
    scoped_fd int fd = http_peer_accept(peer);
    http_peer_receive(peer, fd);
    assert_int_equal(strncmp(peer->request, first, (size_t)n), 0);
    http_peer_say(peer, fd, TUNNEL);
    scoped_fd int other = connect_to(server->port);
    assert_int_equal(http_peer_relay(peer, exchange, fd, other), HTTP_ANSWERED);
    assert_non_null(strstr(peer->response.body, "TLSv1."));
    assert_true(peer->response.is_fresh_connection);
    assert_null(peer->http->ops->header(peer->http, exchange, "X-From"));
    assert_non_null(peer->http->ops->header(peer->http, exchange, "Content-Type"));
    http_peer_end(peer, exchange);
}

static void tls_goes_through_a_tunnel_of_the_proxy(void **state)
{
    struct http_peer *peer = *state;
    static const char *const variables[] = {"https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY"};
    struct tls_server server;
    tls_server_start(&server, &(struct tls_wish){.name = "IP:127.0.0.1"});
    http_peer_restart(peer, &(struct http_curl_options){.ca_bundle = server.ca});
    for (size_t i = 0; i < ARRAY_SIZE(variables); i++) {
        forget_proxies();
        setenv(variables[i], peer->url, 1);
        ask_through_tunnel(peer, &server);
    }
    tls_server_stop(&server);
}

// Who wants to see the certificate of another is not believed for being the proxy.
static void through_a_tunnel_too_the_host_must_prove_its_name(void **state)
{
    struct http_peer *peer = *state;
    struct tls_server server;
    tls_server_start(&server, &(struct tls_wish){.name = "IP:127.0.0.2"});
    http_peer_restart(peer, &(struct http_curl_options){.ca_bundle = server.ca});
    setenv("https_proxy", peer->url, 1);
    struct http_exchange *exchange = send_to(peer, server.url);
    scoped_fd int fd = http_peer_accept(peer);
    http_peer_receive(peer, fd);
    http_peer_say(peer, fd, TUNNEL);
    scoped_fd int other = connect_to(server.port);
    assert_int_equal(http_peer_relay(peer, exchange, fd, other), HTTP_UNTRUSTED);
    assert_false(peer->response.may_have_arrived);
    tls_server_stop(&server);
}

// "Basic", and the base64 of me:secret.
static void a_proxy_learns_its_own_password_and_none_of_ours(void **state)
{
    struct http_peer *peer = *state;
    char proxy[PEER_URL_MAX];
    snprintf(proxy, sizeof(proxy), "http://me:secret@127.0.0.1:%u", peer->loopback.port);
    setenv("https_proxy", proxy, 1);
    struct http_exchange *exchange = send_to(peer, "https://host.invalid/");
    scoped_fd int fd = -1;
    assert_int_equal(
        http_peer_serve(peer, exchange, "HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n", &fd),
        HTTP_UNREACHABLE);
    assert_non_null(strstr(peer->request, "\r\nProxy-Authorization: Basic bWU6c2VjcmV0\r\n"));
    assert_null(strstr(peer->request, "\r\nAuthorization"));
    assert_null(strstr(peer->request, "AWS4"));
    assert_null(strstr(peer->response.reason, "secret"));
}

static void a_proxy_that_refuses_makes_the_host_unreachable(void **state)
{
    struct http_peer *peer = *state;
    static const struct {
        const char *answer, *why;
    } cases[] = {
        {"HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n", "answered CONNECT with 403"},
        {"HTTP/1.1 407 Proxy Authentication Required\r\nProxy-Authenticate: Basic realm=\"a\"\r\n"
         "Content-Length: 0\r\n\r\n",
            "answered CONNECT with 407, it wants a name and a password"},
        {"HTTP/1.1 502 Bad Gateway\r\nContent-Length: 3\r\n\r\nwhy", "answered CONNECT with 502"},
        {"HTTP/1.1 302 Found\r\nLocation: /\r\nContent-Length: 0\r\n\r\n",
            "answered CONNECT with 302"},
    };
    setenv("https_proxy", peer->url, 1);
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        struct http_exchange *exchange = send_to(peer, "https://host.invalid/");
        scoped_fd int fd = -1;
        assert_int_equal(http_peer_serve(peer, exchange, cases[i].answer, &fd), HTTP_UNREACHABLE);
        assert_int_equal(strncmp(peer->request, "CONNECT host.invalid:443 HTTP/1.1\r\n", 35), 0);
        assert_non_null(strstr(peer->response.reason, cases[i].why));
        assert_false(peer->response.may_have_arrived);
        http_peer_end(peer, exchange);
    }
}

static void a_proxy_that_is_not_there_makes_the_host_unreachable(void **state)
{
    struct http_peer *peer = *state;
    struct proxy proxy;
    start_proxy(&proxy);
    close(proxy.loopback.fd);
    setenv("https_proxy", proxy.url, 1);
    struct http_exchange *exchange = send_to(peer, "https://host.invalid/");
    assert_int_equal(http_peer_await(peer, exchange), HTTP_UNREACHABLE);
    assert_non_null(strstr(peer->response.reason, "onnect"));
    assert_false(peer->response.may_have_arrived);
}

// It has heard of the host, and of nothing else.
static void a_proxy_that_is_silent_has_not_passed_on_anything(void **state)
{
    struct http_peer *peer = *state;
    setenv("https_proxy", peer->url, 1);
    struct http_request request = http_peer_get(peer);
    request.is_direct = false;
    request.url = "https://host.invalid/";
    request.connect_ms = 2 * LONG_MS;
    request.total_ms = LONG_MS;
    struct http_exchange *exchange = http_peer_send(peer, &request);
    scoped_fd int fd = http_peer_accept(peer);
    http_peer_receive(peer, fd);
    assert_int_equal(outcome_at_last(peer, exchange), HTTP_SILENT);
    assert_false(peer->response.may_have_arrived);
}

// --- Peers that are no TLS servers ---

static struct http_exchange *send_tls(struct http_peer *peer, uint64_t total_ms)
{
    char url[PEER_URL_MAX];
    tls_url(peer, url);
    struct http_request request = http_peer_get(peer);
    request.url = url;
    request.connect_ms = 2 * total_ms;
    request.total_ms = total_ms;
    return http_peer_send(peer, &request);
}

static void a_peer_that_does_not_speak_tls_is_untrusted(void **state)
{
    struct http_peer *peer = *state;
    struct http_exchange *exchange = send_tls(peer, 20000);
    scoped_fd int fd = http_peer_accept(peer);
    http_peer_say(peer, fd, "HTTP/1.1 400 Bad Request\r\n\r\n");
    assert_int_equal(http_peer_await(peer, exchange), HTTP_UNTRUSTED);
    assert_true(strlen(peer->response.reason) > 0);
    assert_false(peer->response.may_have_arrived);
}

static void a_peer_that_is_silent_instead_of_tls_is_silent(void **state)
{
    struct http_peer *peer = *state;
    struct http_exchange *exchange = send_tls(peer, LONG_MS);
    scoped_fd int fd = http_peer_accept(peer);
    assert_true(fd >= 0);
    assert_int_equal(outcome_at_last(peer, exchange), HTTP_SILENT);
    assert_false(peer->response.may_have_arrived);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        way_test(a_direct_request_does_not_know_of_proxies),
        way_test(http_proxy_in_capitals_is_nobodys_word),
        way_test(hosts_in_no_proxy_are_asked_themselves),
        way_test(other_requests_go_by_the_proxy_of_the_environment),
        way_test(tls_goes_through_a_tunnel_of_the_proxy),
        way_test(through_a_tunnel_too_the_host_must_prove_its_name),
        way_test(a_proxy_learns_its_own_password_and_none_of_ours),
        way_test(a_proxy_that_refuses_makes_the_host_unreachable),
        way_test(a_proxy_that_is_not_there_makes_the_host_unreachable),
        way_test(a_proxy_that_is_silent_has_not_passed_on_anything),
        way_test(a_peer_that_does_not_speak_tls_is_untrusted),
        way_test(a_peer_that_is_silent_instead_of_tls_is_silent),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
