// SPDX-License-Identifier: Apache-2.0
// HTTP by libcurl's multi interface, driven by events: curl names the sockets that it waits for,
// which an epoll instance collects into one descriptor, and one time. Nothing here waits but the
// threads in which curl resolves names.
#include <errno.h>
#include <sys/epoll.h>
#include <sys/socket.h>

#include "os/clock.h"
#include "os/http_exchange.h"

#define MAX_IDLE_CONNECTIONS  4L
#define EVENTS_AT_ONCE        8
#define QUICK_EXIT_SINCE_8_20 ((CURLMoption)21) // CURLMOPT_QUICK_EXIT of multi.h

struct curl_http {
    struct http base;
    CURLM *multi;
    int epoll_fd;
    uint64_t deadline_ns;
    struct http_exchange *first;
    struct http_addresses addresses;
    char *ca_bundle; // NULL: the system's
};

static const struct http_ops curl_http_ops;

static struct curl_http *of_base(const struct http *base)
{
    return (struct curl_http *)base;
}

// --- What curl calls ---

static void *allocate(size_t n_bytes)
{
    return xreallocarray(NULL, n_bytes, 1);
}

static void *reallocate(void *memory, size_t n_bytes)
{
    return xreallocarray(memory, n_bytes, 1);
}

// A pipe or socket of curl's threads is none.
static bool has_tcp_peer(int fd)
{
    struct sockaddr_storage address = {.ss_family = AF_UNSPEC};
    socklen_t size = sizeof(address);
    return getpeername(fd, (struct sockaddr *)&address, &size) == 0 && address.ss_family != AF_UNIX;
}

// What curl waits for changes when TCP has connected and when it turns to another socket: for the
// last one it is told here whether it is connected, before TLS and alike in all versions of curl,
// whose times and ports are not (tried: 7.88, 8.5, 8.11, 8.17,
// 8.22).
static void note_connection(CURL *easy, curl_socket_t fd)
{
    char *exchange = NULL;
    curl_easy_getinfo(easy, CURLINFO_PRIVATE, &exchange);
    if (exchange != NULL) // curl has exchanges of its own
        ((struct http_exchange *)exchange)->is_connected = has_tcp_peer(fd);
}

// A socket that cannot be watched (no memory in the kernel) leaves its exchange to its timeout.
static int watch(CURL *easy, curl_socket_t fd, int what, void *data, void *socket_data)
{
    (void)socket_data;
    const struct curl_http *http = data;
    struct epoll_event event = {.data.fd = fd};
    if (what == CURL_POLL_REMOVE) {
        epoll_ctl(http->epoll_fd, EPOLL_CTL_DEL, fd, NULL);
        return 0;
    }
    note_connection(easy, fd);
    event.events = (what & CURL_POLL_IN ? (uint32_t)EPOLLIN : 0) |
        (what & CURL_POLL_OUT ? (uint32_t)EPOLLOUT : 0);
    if (epoll_ctl(http->epoll_fd, EPOLL_CTL_MOD, fd, &event) < 0 && errno == ENOENT)
        epoll_ctl(http->epoll_fd, EPOLL_CTL_ADD, fd, &event);
    return 0;
}

static int set_deadline(CURLM *multi, long in_ms, void *data)
{
    (void)multi;
    struct curl_http *http = data;
    http->deadline_ns = in_ms < 0 ? 0 : clock_now().boot_ns + (uint64_t)in_ms * NS_PER_MS;
    return 0;
}

// --- The interface ---

static struct http_exchange *add_exchange(struct curl_http *http)
{
    struct http_exchange *exchange = xcalloc(1, sizeof(*exchange));
    exchange->addresses = &http->addresses;
    exchange->ca_bundle = http->ca_bundle;
    exchange->next = http->first;
    exchange->link = &http->first;
    if (exchange->next != NULL)
        exchange->next->link = &exchange->next;
    http->first = exchange;
    return exchange;
}

// Adding sets a deadline of now.
static struct http_exchange *curl_http_send(struct http *base, const struct http_request *request)
{
    struct curl_http *http = of_base(base);
    struct http_exchange *exchange = add_exchange(http);
    http_exchange_init(exchange, request);
    curl_multi_add_handle(http->multi, exchange->easy);
    return exchange;
}

static enum http_outcome curl_http_poll(
    struct http *base, const struct http_exchange *exchange, struct http_response *ret_response)
{
    (void)base;
    bool has_body = exchange->outcome == HTTP_ANSWERED && exchange->body != NULL;
    if (exchange->outcome != HTTP_BUSY)
        *ret_response = (struct http_response){
            .status = exchange->status,
            .body = has_body ? exchange->body : "",
            .n_body_bytes = has_body ? exchange->n_body_bytes : 0,
            .reason = exchange->reason != NULL ? exchange->reason : "",
            .is_fresh_connection = exchange->is_fresh_connection,
            .is_by_old_address = exchange->first_reason != NULL,
            .is_repeated = exchange->n_sent > 1,
            .may_have_arrived = exchange->n_sent > 0,
        };
    return exchange->outcome;
}

static const char *curl_http_header(
    const struct http *base, const struct http_exchange *exchange, const char *name)
{
    (void)base;
    return http_exchange_header(exchange, name);
}

static void curl_http_end(struct http *base, struct http_exchange *exchange)
{
    if (exchange == NULL)
        return;
    if (exchange->easy != NULL) {
        curl_multi_remove_handle(of_base(base)->multi, exchange->easy);
        http_exchange_drop(exchange);
    }
    *exchange->link = exchange->next;
    if (exchange->next != NULL)
        exchange->next->link = exchange->link;
    http_exchange_finish(exchange);
    free(exchange);
}

static int curl_http_descriptor(const struct http *base)
{
    return of_base(base)->epoll_fd;
}

static uint64_t curl_http_deadline_ns(const struct http *base)
{
    return of_base(base)->deadline_ns;
}

static void take_result(struct curl_http *http, struct http_exchange *exchange, CURLcode code)
{
    bool goes_on = http_exchange_revive(exchange, code);
    if (!goes_on)
        http_exchange_conclude(exchange, code);
    curl_multi_remove_handle(http->multi, exchange->easy);
    if (goes_on)
        curl_multi_add_handle(http->multi, exchange->easy);
    else
        http_exchange_drop(exchange);
}

static void take_results(struct curl_http *http)
{
    const CURLMsg *message;
    int n_left;
    while ((message = curl_multi_info_read(http->multi, &n_left)) != NULL) {
        char *exchange = NULL;
        curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, &exchange);
        take_result(http, (struct http_exchange *)exchange, message->data.result);
    }
}

static void act(struct curl_http *http, const struct epoll_event *event)
{
    int n_running;
    int what = (event->events & EPOLLIN ? CURL_CSELECT_IN : 0) |
        (event->events & EPOLLOUT ? CURL_CSELECT_OUT : 0) |
        (event->events & (EPOLLERR | EPOLLHUP) ? CURL_CSELECT_ERR : 0);
    curl_multi_socket_action(http->multi, event->data.fd, what, &n_running);
}

// A timeout that is told too early (our clock goes on during suspend, curl's does not) makes curl
// name the time again.
static void curl_http_work(struct http *base, const struct now *now)
{
    struct curl_http *http = of_base(base);
    struct epoll_event events[EVENTS_AT_ONCE];
    int n = epoll_wait(http->epoll_fd, events, EVENTS_AT_ONCE, 0), n_running;
    for (int i = 0; i < n; i++)
        act(http, &events[i]);
    if (http->deadline_ns != 0 && now->boot_ns >= http->deadline_ns) {
        http->deadline_ns = 0;
        curl_multi_socket_action(http->multi, CURL_SOCKET_TIMEOUT, 0, &n_running);
    }
    take_results(http);
}

static void curl_http_destroy(struct http *base)
{
    struct curl_http *http = of_base(base);
    for (struct http_exchange *exchange = http->first, *next; exchange != NULL; exchange = next) {
        next = exchange->next;
        curl_http_end(base, exchange);
    }
    curl_multi_cleanup(http->multi);
    http_addresses_finish(&http->addresses);
    free(http->ca_bundle);
    close(http->epoll_fd);
    free(http);
    curl_global_cleanup();
}

static const struct http_ops curl_http_ops = {
    .send = curl_http_send,
    .poll = curl_http_poll,
    .header = curl_http_header,
    .end = curl_http_end,
    .descriptor = curl_http_descriptor,
    .deadline_ns = curl_http_deadline_ns,
    .work = curl_http_work,
    .destroy = curl_http_destroy,
};

// curl allocates as we do: what returns is never NULL.
int http_curl_create(const struct http_curl_options *options, struct http **ret_http)
{
    int fd = epoll_create1(EPOLL_CLOEXEC);
    if (fd < 0)
        return -errno;
    if (curl_global_init_mem(CURL_GLOBAL_DEFAULT, allocate, free, reallocate, xstrdup, xcalloc) !=
        CURLE_OK) {
        close(fd);
        return -ELIBACC;
    }
    struct curl_http *http = xcalloc(1, sizeof(*http));
    http->base.ops = &curl_http_ops;
    http->epoll_fd = fd;
    http->ca_bundle = options->ca_bundle != NULL ? xstrdup(options->ca_bundle) : NULL;
    http->multi = curl_multi_init();
    curl_multi_setopt(http->multi, CURLMOPT_MAXCONNECTS, MAX_IDLE_CONNECTIONS);
    curl_multi_setopt(http->multi, QUICK_EXIT_SINCE_8_20, 1L); // as set_manners() has it
    curl_multi_setopt(http->multi, CURLMOPT_SOCKETFUNCTION, watch);
    curl_multi_setopt(http->multi, CURLMOPT_SOCKETDATA, http);
    curl_multi_setopt(http->multi, CURLMOPT_TIMERFUNCTION, set_deadline);
    curl_multi_setopt(http->multi, CURLMOPT_TIMERDATA, http);
    *ret_http = &http->base;
    return 0;
}
