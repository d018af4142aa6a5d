// SPDX-License-Identifier: Apache-2.0
// Whom TLS believes. The settings of OpenSSL for the whole machine are as weak as they can be, so
// that what is refused is refused by us.
#include <curl/curl.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>

#include "support/http_peer.h"
#include "support/tls_server.h"
#include "support/unit.h"

static time_t time_shift_s;

// In the place of the C library's, for OpenSSL too.
time_t time(time_t *ret_time)
{
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    if (ret_time != NULL)
        *ret_time = now.tv_sec + time_shift_s;
    return now.tv_sec + time_shift_s;
}

static enum http_outcome ask(struct http_peer *peer, const char *url)
{
    struct http_request request = http_peer_get(peer);
    request.url = url;
    return http_peer_await(peer, http_peer_send(peer, &request)); // the end of the test ends it
}

// Of a request that believes `ca_bundle`.
static enum http_outcome ask_believing(
    struct http_peer *peer, const struct tls_server *server, const char *ca_bundle)
{
    http_peer_restart(peer, &(struct http_curl_options){.ca_bundle = ca_bundle});
    return ask(peer, server->url);
}

static void assert_untrusted_for(const struct http_peer *peer, const char *why)
{
    assert_non_null(strcasestr(peer->response.reason, why));
    assert_null(strpbrk(peer->response.reason, "\r\n"));
    assert_false(peer->response.may_have_arrived);
    assert_false(peer->response.is_by_old_address);
}

static void a_server_whose_ca_is_in_the_bundle_is_believed(void **state)
{
    struct http_peer *peer = *state;
    struct tls_server server;
    tls_server_start(&server, &(struct tls_wish){.name = "IP:127.0.0.1"});
    scoped_free char *bundle = xstrdup(server.ca);
    assert_int_equal(ask_believing(peer, &server, bundle), HTTP_ANSWERED);
    assert_int_equal(peer->response.status, 200);
    assert_non_null(strstr(peer->response.body, "TLSv1."));
    assert_true(peer->response.is_fresh_connection);
    assert_true(peer->response.may_have_arrived);
    tls_server_stop(&server);
}

static void the_path_of_the_bundle_is_a_copy(void **state)
{
    struct http_peer *peer = *state;
    struct tls_server server;
    tls_server_start(&server, &(struct tls_wish){.name = "IP:127.0.0.1"});
    char path[sizeof(server.ca)];
    memcpy(path, server.ca, sizeof(path));
    http_peer_restart(peer, &(struct http_curl_options){.ca_bundle = path});
    memset(path, 'x', sizeof(path) - 1);
    assert_int_equal(ask(peer, server.url), HTTP_ANSWERED);
    tls_server_stop(&server);
}

static void a_server_of_another_ca_is_untrusted(void **state)
{
    struct http_peer *peer = *state;
    struct tls_server server, other;
    tls_server_start(&server, &(struct tls_wish){.name = "IP:127.0.0.1"});
    tls_server_start(&other, &(struct tls_wish){.name = "IP:127.0.0.1"});
    assert_int_equal(ask_believing(peer, &server, other.ca), HTTP_UNTRUSTED);
    assert_untrusted_for(peer, "certificate");
    assert_int_equal(ask_believing(peer, &server, NULL), HTTP_UNTRUSTED);
    assert_untrusted_for(peer, "certificate");
    tls_server_stop(&other);
    tls_server_stop(&server);
}

static void a_certificate_of_another_host_is_untrusted(void **state)
{
    struct http_peer *peer = *state;
    static const char *const names[] = {"IP:127.0.0.2", "DNS:host.test", NULL};
    for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
        struct tls_server server;
        tls_server_start(&server, &(struct tls_wish){.name = names[i]});
        assert_int_equal(ask_believing(peer, &server, server.ca), HTTP_UNTRUSTED);
        assert_untrusted_for(peer, "127.0.0.1");
        tls_server_stop(&server);
    }
}

// Certificates are good for two days.
static void a_certificate_out_of_its_time_is_untrusted(void **state)
{
    struct http_peer *peer = *state;
    static const struct {
        time_t days;
        enum http_outcome outcome;
        const char *why;
    } cases[] = {{3, HTTP_UNTRUSTED, "expired"}, {-1, HTTP_UNTRUSTED, "not yet valid"},
        {1, HTTP_ANSWERED, ""}};
    struct tls_server server;
    tls_server_start(&server, &(struct tls_wish){.name = "IP:127.0.0.1"});
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        time_shift_s = cases[i].days * 24 * 3600;
        assert_int_equal(ask_believing(peer, &server, server.ca), cases[i].outcome);
        assert_non_null(strstr(peer->response.reason, cases[i].why));
    }
    time_shift_s = 0;
    tls_server_stop(&server);
}

// openssl(1) itself can talk to it, so it is there and speaks TLS 1.1.
static void tls_of_1_1_is_too_old(void **state)
{
    struct http_peer *peer = *state;
    struct tls_server server;
    tls_server_start(&server, &(struct tls_wish){.name = "IP:127.0.0.1", .option = "-tls1_1"});
    const char *words[] = {
        "openssl", "s_client", "-connect", server.url + strlen("https://"), "-tls1_1", NULL};
    server.url[strlen(server.url) - 1] = '\0'; // its slash
    assert_int_equal(run_quietly(words), 0);
    assert_int_equal(ask_believing(peer, &server, server.ca), HTTP_UNTRUSTED);
    assert_untrusted_for(peer, "protocol");
    tls_server_stop(&server);
}

static void tls_of_1_2_is_new_enough(void **state)
{
    struct http_peer *peer = *state;
    struct tls_server server;
    tls_server_start(&server, &(struct tls_wish){.name = "IP:127.0.0.1", .option = "-tls1_2"});
    assert_int_equal(ask_believing(peer, &server, server.ca), HTTP_ANSWERED);
    assert_non_null(strstr(peer->response.body, "TLSv1.2"));
    tls_server_stop(&server);
}

static void a_bundle_that_cannot_be_read_is_named_with_what_is_wrong(void **state)
{
    struct http_peer *peer = *state;
    struct tls_server server;
    tls_server_start(&server, &(struct tls_wish){.name = "IP:127.0.0.1"});
    const struct {
        const char *path, *why;
    } cases[] = {
        {"/does/not/exist", "cannot be read: /does/not/exist: No such file or directory"},
        {server.folder, "Is a directory"},
        {"/dev/null", "holds no certificate that can be read (PEM): /dev/null"},
        {server.key, "holds no certificate that can be read (PEM): /tmp/"},
    };
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        assert_int_equal(ask_believing(peer, &server, cases[i].path), HTTP_UNTRUSTED);
        assert_untrusted_for(peer, cases[i].why);
    }
    tls_server_stop(&server);
}

// A bundle that was repaired is read again.
static void a_bundle_that_came_late_is_found(void **state)
{
    struct http_peer *peer = *state;
    struct tls_server server;
    tls_server_start(&server, &(struct tls_wish){.name = "IP:127.0.0.1"});
    scoped_free char *path = xasprintf("%s/late", server.folder);
    assert_int_equal(ask_believing(peer, &server, path), HTTP_UNTRUSTED);
    assert_int_equal(rename(server.ca, path), 0);
    assert_int_equal(ask(peer, server.url), HTTP_ANSWERED);
    assert_int_equal(unlink(path), 0);
    tls_server_stop(&server);
}

// --- The system's bundle: what lies where curl looks, for a process of its own ---

#define NO_NAMESPACE 77

struct belief {
    const char *file, *folder; // in the place of the system's; NULL: as it is
    const char *ca_bundle;     // our option
    const char *why;           // part of the reason
};

static bool lay_over(const char *place, const char *other)
{
    return other == NULL || (place != NULL && mount(other, place, "", MS_BIND, NULL) == 0);
}

// The outcome, or HTTP_BUSY where the reason is not the right one.
static int outcome_in_process(const struct tls_server *server, const struct belief *belief)
{
    struct http_peer *peer = NULL;
    const curl_version_info_data *curl = curl_version_info(CURLVERSION_NOW);
    if (unshare(CLONE_NEWUSER | CLONE_NEWNS) < 0 || !lay_over(curl->capath, belief->folder) ||
        !lay_over(curl->cainfo, belief->file))
        return NO_NAMESPACE;
    http_peer_setup((void **)&peer);
    enum http_outcome outcome = ask_believing(peer, server, belief->ca_bundle);
    if (strstr(peer->response.reason, belief->why) == NULL ||
        strpbrk(peer->response.reason, "\r\n") != NULL)
        outcome = HTTP_BUSY;
    http_peer_teardown((void **)&peer);
    return (int)outcome;
}

static enum http_outcome outcome_of_believing(
    const struct tls_server *server, const struct belief *belief)
{
    pid_t child = fork();
    if (child == 0)
        _exit(outcome_in_process(server, belief));
    int status = 0;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFEXITED(status));
    assert_int_not_equal(WEXITSTATUS(status), NO_NAMESPACE);
    return (enum http_outcome)WEXITSTATUS(status);
}

static void without_a_bundle_of_ours_the_systems_is_believed(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        enum http_outcome outcome;
    } cases[] = {
        {"IP:127.0.0.1", HTTP_ANSWERED}, {"IP:127.0.0.2", HTTP_UNTRUSTED}, {NULL, HTTP_UNTRUSTED}};
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        struct tls_server server;
        tls_server_start(&server, &(struct tls_wish){.name = cases[i].name});
        assert_int_equal(
            outcome_of_believing(&server, &(struct belief){.file = server.ca, .why = ""}),
            cases[i].outcome);
        tls_server_stop(&server);
    }
}

static void a_system_without_certificates_trusts_nobody_and_says_where_they_should_be(void **state)
{
    (void)state;
    struct tls_server server;
    tls_server_start(&server, &(struct tls_wish){.name = "IP:127.0.0.1"});
    scoped_free char *why = xasprintf(
        "The CA bundle holds no certificate that can be read (PEM): %s",
        curl_version_info(CURLVERSION_NOW)->cainfo);
    const struct belief belief = {.file = "/dev/null", .why = why};
    assert_int_equal(outcome_of_believing(&server, &belief), HTTP_UNTRUSTED);
    tls_server_stop(&server);
}

// A folder of certificates as the system's: with the file, and each CA under the hash of its name.
static void make_folder(const char *folder, const char *ca, const char *file_name)
{
    scoped_free char *copy = xasprintf("%s/ca.pem", folder);
    scoped_free char *file = xasprintf("%s/%s", folder, file_name);
    assert_int_equal(mkdir(folder, 0755), 0);
    assert_int_equal(run_quietly((const char *[]){"cp", ca, copy, NULL}), 0);
    assert_int_equal(run_quietly((const char *[]){"openssl", "rehash", folder, NULL}), 0);
    assert_int_equal(run_quietly((const char *[]){"cp", ca, file, NULL}), 0);
}

// A system's file and, where curl knows of one, its folder; of whom is believed in either.
static void lay_out(struct belief *belief, const struct tls_server *server, const char *folder)
{
    const curl_version_info_data *curl = curl_version_info(CURLVERSION_NOW);
    make_folder(folder, server->ca, strrchr(curl->cainfo, '/') + 1);
    belief->file = server->ca;
    belief->folder = curl->capath != NULL ? folder : NULL;
}

static void a_bundle_of_ours_replaces_the_systems_file_and_folder(void **state)
{
    (void)state;
    struct tls_server server, other;
    struct belief belief = {.why = ""};
    tls_server_start(&server, &(struct tls_wish){.name = "IP:127.0.0.1"});
    tls_server_start(&other, &(struct tls_wish){.name = "IP:127.0.0.1"});
    scoped_free char *folder = xasprintf("%s/folder", server.folder);
    lay_out(&belief, &server, folder);
    assert_int_equal(outcome_of_believing(&server, &belief), HTTP_ANSWERED);
    belief.ca_bundle = other.ca;
    belief.why = "certificate";
    assert_int_equal(outcome_of_believing(&server, &belief), HTTP_UNTRUSTED);
    assert_int_equal(run_quietly((const char *[]){"rm", "-r", folder, NULL}), 0);
    tls_server_stop(&other);
    tls_server_stop(&server);
}

// Which is what lets connections share what was read.
static void the_systems_folder_does_not_count_beside_its_file(void **state)
{
    (void)state;
    struct tls_server server, other;
    struct belief belief = {.why = "certificate"};
    tls_server_start(&server, &(struct tls_wish){.name = "IP:127.0.0.1"});
    tls_server_start(&other, &(struct tls_wish){.name = "IP:127.0.0.1"});
    scoped_free char *folder = xasprintf("%s/folder", server.folder);
    lay_out(&belief, &server, folder);
    belief.file = other.ca;
    assert_int_equal(outcome_of_believing(&server, &belief), HTTP_UNTRUSTED);
    assert_int_equal(run_quietly((const char *[]){"rm", "-r", folder, NULL}), 0);
    tls_server_stop(&other);
    tls_server_stop(&server);
}

#define WEAK_SETTINGS                                                                              \
    "openssl_conf = all\n[all]\nssl_conf = ssl\n[ssl]\nsystem_default = weak\n"                    \
    "[weak]\nMinProtocol = TLSv1\nCipherString = ALL:@SECLEVEL=0\n"

static char weak_path[] = "/tmp/enawatch-tls-conf-XXXXXX";

static int weaken(void **state)
{
    (void)state;
    scoped_fd int fd = mkstemp(weak_path);
    size_t n = strlen(WEAK_SETTINGS);
    if (fd < 0 || write(fd, WEAK_SETTINGS, n) != (ssize_t)n)
        return -1;
    return setenv("OPENSSL_CONF", weak_path, 1);
}

static int forget_settings(void **state)
{
    (void)state;
    return unlink(weak_path);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        http_test(a_server_whose_ca_is_in_the_bundle_is_believed),
        http_test(the_path_of_the_bundle_is_a_copy),
        http_test(a_server_of_another_ca_is_untrusted),
        http_test(a_certificate_of_another_host_is_untrusted),
        http_test(a_certificate_out_of_its_time_is_untrusted),
        http_test(tls_of_1_1_is_too_old),
        http_test(tls_of_1_2_is_new_enough),
        http_test(a_bundle_that_cannot_be_read_is_named_with_what_is_wrong),
        http_test(a_bundle_that_came_late_is_found),
        http_test(without_a_bundle_of_ours_the_systems_is_believed),
        http_test(a_system_without_certificates_trusts_nobody_and_says_where_they_should_be),
        http_test(a_bundle_of_ours_replaces_the_systems_file_and_folder),
        http_test(the_systems_folder_does_not_count_beside_its_file),
    };
    return cmocka_run_group_tests(tests, weaken, forget_settings);
}
