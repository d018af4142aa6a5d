// SPDX-License-Identifier: Apache-2.0
// The way to the host: by a proxy or not, and whom TLS believes.
#include <curl/curl.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/wait.h>

#include "support/http_peer.h"
#include "support/unit.h"

#define OK_HI "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi"

static const char *const proxy_variables[] = {
    "http_proxy", "https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY", "no_proxy", "NO_PROXY"};

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

static void a_direct_request_does_not_know_of_proxies(void **state)
{
    struct http_peer *peer = *state;
    struct loopback proxy;
    char proxy_url[PEER_URL_MAX];
    loopback_bind(&proxy, AF_INET, false, 0);
    loopback_listen(&proxy, 0, 8);
    snprintf(proxy_url, sizeof(proxy_url), "http://127.0.0.1:%u", proxy.port);
    setenv("http_proxy", proxy_url, 1);
    setenv("all_proxy", proxy_url, 1);
    struct http_request request = http_peer_get(peer);
    struct http_exchange *exchange = http_peer_send(peer, &request);
    scoped_fd int fd = -1;
    assert_int_equal(http_peer_serve(peer, exchange, OK_HI, &fd), HTTP_ANSWERED);
    assert_int_equal(strncmp(peer->request, "GET / HTTP/1.1\r\n", 16), 0);
    struct pollfd event = {.fd = proxy.fd, .events = POLLIN};
    assert_int_equal(poll(&event, 1, 0), 0);
    close(proxy.fd);
}

static void other_requests_go_by_the_proxy_of_the_environment(void **state)
{
    struct http_peer *peer = *state;
    static const char *const variables[] = {"http_proxy", "all_proxy"};
    for (size_t i = 0; i < ARRAY_SIZE(variables); i++) {
        forget_proxies();
        setenv(variables[i], peer->url, 1);
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

static void a_proxy_that_refuses_makes_the_host_unreachable(void **state)
{
    struct http_peer *peer = *state;
    setenv("https_proxy", peer->url, 1);
    struct http_request request = http_peer_get(peer);
    request.is_direct = false;
    request.url = "https://host.invalid/";
    struct http_exchange *exchange = http_peer_send(peer, &request);
    scoped_fd int fd = -1;
    assert_int_equal(
        http_peer_serve(peer, exchange, "HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n", &fd),
        HTTP_UNREACHABLE);
    assert_int_equal(strncmp(peer->request, "CONNECT host.invalid:443 HTTP/1.1\r\n", 35), 0);
    assert_non_null(strstr(peer->response.reason, "403"));
}

static struct http_exchange *send_tls(struct http_peer *peer, uint64_t total_ms)
{
    char url[PEER_URL_MAX];
    snprintf(url, sizeof(url), "https://127.0.0.1:%u/", peer->loopback.port);
    struct http_request request = http_peer_get(peer);
    request.url = url;
    request.total_ms = total_ms;
    return http_peer_send(peer, &request);
}

static void a_peer_that_does_not_speak_tls_is_untrusted(void **state)
{
    struct http_peer *peer = *state;
    struct http_exchange *exchange = send_tls(peer, 4000);
    scoped_fd int fd = http_peer_accept(peer);
    http_peer_say(peer, fd, "HTTP/1.1 400 Bad Request\r\n\r\n");
    assert_int_equal(http_peer_await(peer, exchange), HTTP_UNTRUSTED);
    assert_true(strlen(peer->response.reason) > 0);
}

static void a_peer_that_is_silent_instead_of_tls_is_silent(void **state)
{
    struct http_peer *peer = *state;
    struct http_exchange *exchange = send_tls(peer, 100);
    assert_int_equal(http_peer_await(peer, exchange), HTTP_SILENT);
}

// --- A server of TLS: openssl(1) with a certificate that it has just made ---

struct tls_server {
    char folder[32], key[48], certificate[48];
    pid_t pid;
    unsigned int port;
};

// Standard output is `out_fd`, the rest goes nowhere.
static pid_t start_program(const char *const *words, int out_fd)
{
    extern char **environ;
    posix_spawn_file_actions_t actions;
    pid_t pid;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDWR, 0);
    posix_spawn_file_actions_adddup2(&actions, STDIN_FILENO, STDERR_FILENO);
    posix_spawn_file_actions_adddup2(&actions, out_fd >= 0 ? out_fd : STDIN_FILENO, STDOUT_FILENO);
    assert_int_equal(
        posix_spawnp(&pid, words[0], &actions, NULL, (char *const *)words, environ), 0);
    posix_spawn_file_actions_destroy(&actions);
    return pid;
}

// For one address; NULL: for no host at all, with a name of two lines.
static void make_certificate(struct tls_server *server, const char *address)
{
    scoped_free char *name = xasprintf("subjectAltName=IP:%s", address != NULL ? address : "");
    const char *words[] = {"openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt",
        "ec_paramgen_curve:P-256", "-nodes", "-days", "2", "-keyout", server->key, "-out",
        server->certificate, "-subj", "/CN=two\nlines", address != NULL ? "-addext" : NULL, name,
        NULL};
    int status = -1;
    assert_true(waitpid(start_program(words, -1), &status, 0) > 0);
    assert_int_equal(status, 0);
}

// "ACCEPT 127.0.0.1:PORT" is the first that openssl says.
static void start_tls(struct tls_server *server, const char *address)
{
    *server = (struct tls_server){.folder = "/tmp/enawatch-tls-XXXXXX"};
    assert_non_null(mkdtemp(server->folder));
    snprintf(server->key, sizeof(server->key), "%s/key", server->folder);
    snprintf(server->certificate, sizeof(server->certificate), "%s/certificate", server->folder);
    make_certificate(server, address);
    const char *words[] = {"openssl", "s_server", "-accept", "127.0.0.1:0", "-www", "-key",
        server->key, "-cert", server->certificate, NULL};
    char said[256] = "";
    int out[2];
    assert_int_equal(pipe2(out, O_CLOEXEC), 0);
    server->pid = start_program(words, out[1]);
    close(out[1]);
    const char *at = NULL;
    for (size_t n = 0; at == NULL || strchr(at, '\n') == NULL; at = strstr(said, "ACCEPT ")) {
        ssize_t r = read(out[0], said + n, sizeof(said) - 1 - n);
        assert_true(r > 0);
        n += (size_t)r;
    }
    close(out[0]);
    assert_int_equal(sscanf(strchr(at, ':'), ":%u", &server->port), 1);
}

static void stop_tls(const struct tls_server *server)
{
    kill(server->pid, SIGTERM);
    waitpid(server->pid, NULL, 0);
    unlink(server->key);
    unlink(server->certificate);
    rmdir(server->folder);
}

static enum http_outcome ask_tls(struct http_peer *peer, const struct tls_server *server)
{
    char url[PEER_URL_MAX];
    snprintf(url, sizeof(url), "https://127.0.0.1:%u/", server->port);
    struct http_request request = http_peer_get(peer);
    request.url = url;
    return http_peer_await(peer, http_peer_send(peer, &request));
}

static void a_certificate_that_nobody_vouches_for_is_untrusted(void **state)
{
    struct http_peer *peer = *state;
    struct tls_server server;
    start_tls(&server, "127.0.0.1");
    assert_int_equal(ask_tls(peer, &server), HTTP_UNTRUSTED);
    assert_non_null(strstr(peer->response.reason, "certificate"));
    stop_tls(&server);
}

#define NO_NAMESPACE 77

// The outcome where `believed` lies, for this process, over the file of all whom libcurl believes.
// A reason of two lines is none.
static int ask_believing(const struct tls_server *server, const char *believed)
{
    struct http_peer *peer = NULL;
    const char *file = curl_version_info(CURLVERSION_NOW)->cainfo;
    if (file == NULL || unshare(CLONE_NEWUSER | CLONE_NEWNS) < 0 ||
        mount(believed, file, "", MS_BIND, NULL) < 0)
        return NO_NAMESPACE;
    if (http_peer_setup((void **)&peer) < 0)
        return NO_NAMESPACE;
    enum http_outcome outcome = ask_tls(peer, server);
    if (outcome == HTTP_ANSWERED && strstr(peer->response.body, "TLSv1.") == NULL)
        outcome = HTTP_BROKEN;
    if (strpbrk(peer->response.reason, "\r\n") != NULL)
        outcome = HTTP_BUSY;
    http_peer_teardown((void **)&peer);
    return (int)outcome;
}

static enum http_outcome outcome_of_believing(const struct tls_server *server, const char *believed)
{
    pid_t child = fork();
    if (child == 0)
        _exit(ask_believing(server, believed));
    int status = 0;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFEXITED(status));
    assert_int_not_equal(WEXITSTATUS(status), NO_NAMESPACE);
    return (enum http_outcome)WEXITSTATUS(status);
}

static void a_certificate_that_is_believed_is_believed_for_its_host_only(void **state)
{
    (void)state;
    static const struct {
        const char *address;
        enum http_outcome outcome;
    } cases[] = {
        {"127.0.0.1", HTTP_ANSWERED}, {"127.0.0.2", HTTP_UNTRUSTED}, {NULL, HTTP_UNTRUSTED}};
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        struct tls_server server;
        start_tls(&server, cases[i].address);
        assert_int_equal(outcome_of_believing(&server, server.certificate), cases[i].outcome);
        stop_tls(&server);
    }
}

static void where_nobody_is_believed_nothing_is_trusted(void **state)
{
    (void)state;
    struct tls_server server;
    start_tls(&server, "127.0.0.1");
    assert_int_equal(outcome_of_believing(&server, "/dev/null"), HTTP_UNTRUSTED);
    stop_tls(&server);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        way_test(a_direct_request_does_not_know_of_proxies),
        way_test(other_requests_go_by_the_proxy_of_the_environment),
        way_test(a_proxy_that_refuses_makes_the_host_unreachable),
        way_test(a_peer_that_does_not_speak_tls_is_untrusted),
        way_test(a_peer_that_is_silent_instead_of_tls_is_silent),
        way_test(a_certificate_that_nobody_vouches_for_is_untrusted),
        way_test(a_certificate_that_is_believed_is_believed_for_its_host_only),
        way_test(where_nobody_is_believed_nothing_is_trusted),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
