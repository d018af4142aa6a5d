// SPDX-License-Identifier: Apache-2.0
// HTTP by libcurl's multi interface, driven by events: curl names the sockets that it waits for,
// which an epoll instance collects into one descriptor, and one time. Nothing here waits but the
// threads in which curl resolves names.
//
// What curl does by itself is left alone: certificates and names are verified, redirects are not
// followed, no cookies, no .netrc, no HTTP/0.9, no compression is asked for, and a request that
// meets a kept connection which the peer has closed goes out again on a fresh one.
#include <ctype.h>
#include <curl/curl.h>
#include <errno.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>

#include "os/clock.h"
#include "os/http.h"

#define MAX_IDLE_CONNECTIONS 4L
#define EVENTS_AT_ONCE       8
#define BODY_FIRST_BYTES     ((size_t)4096)
#define TOO_LARGE_SINCE_8_6  100 // CURLE_TOO_LARGE of curl.h

struct http_exchange {
    struct http_exchange *next, **link; // of all that have not been ended; link points at this one
    enum http_outcome outcome;
    CURL *easy;        // NULL: it is over
    bool is_connected; // by TCP, to the host or its proxy
    struct curl_slist *headers;
    size_t max_body_bytes, n_header_bytes;
    char *body;
    size_t n_body_bytes, n_reserved_bytes; // NULL and none until something came
    bool is_too_large;
    long status;
    char reason[CURL_ERROR_SIZE];
};

struct curl_http {
    struct http base;
    CURLM *multi;
    int epoll_fd;
    uint64_t deadline_ns;
    struct http_exchange *first;
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
// whose times and ports are not (tried: 7.88, 8.5, 8.11, 8.22).
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

static size_t take_header(char *bytes, size_t size, size_t n, void *data)
{
    (void)bytes;
    (void)size; // 1
    struct http_exchange *exchange = data;
    exchange->n_header_bytes += n;
    exchange->is_too_large = exchange->n_header_bytes > HTTP_MAX_HEADERS;
    return exchange->is_too_large ? CURL_WRITEFUNC_ERROR : n;
}

// Room for one more byte than there are: the terminator.
static void reserve(struct http_exchange *exchange, size_t n_body_bytes)
{
    if (n_body_bytes < exchange->n_reserved_bytes)
        return;
    size_t n = exchange->n_reserved_bytes > 0 ? exchange->n_reserved_bytes : BODY_FIRST_BYTES;
    while (n <= n_body_bytes)
        n *= 2;
    exchange->body = xreallocarray(exchange->body, n, 1);
    exchange->n_reserved_bytes = n;
}

static size_t take_body(char *bytes, size_t size, size_t n, void *data)
{
    (void)size; // 1
    struct http_exchange *exchange = data;
    exchange->is_too_large = n > exchange->max_body_bytes - exchange->n_body_bytes;
    if (exchange->is_too_large)
        return CURL_WRITEFUNC_ERROR;
    reserve(exchange, exchange->n_body_bytes + n);
    memcpy(exchange->body + exchange->n_body_bytes, bytes, n);
    exchange->n_body_bytes += n;
    exchange->body[exchange->n_body_bytes] = '\0';
    return n;
}

// --- Outcomes ---

// A proxy that refuses to tunnel is no way to the host.
static bool has_reached(const struct http_exchange *exchange)
{
    long proxy_status = 0;
    curl_easy_getinfo(exchange->easy, CURLINFO_HTTP_CONNECTCODE, &proxy_status);
    return exchange->is_connected && proxy_status < 300;
}

// Memory does not run out here: CURLE_OUT_OF_MEMORY is what a line of headers beyond curl's own
// limit, 100 KB, was called before curl 8.6.
static enum http_outcome outcome_of(const struct http_exchange *exchange, CURLcode code)
{
    switch ((int)code) {
    case CURLE_OK:
        return HTTP_ANSWERED;
    case CURLE_COULDNT_RESOLVE_HOST:
    case CURLE_COULDNT_RESOLVE_PROXY:
        return HTTP_UNRESOLVED;
    case CURLE_OPERATION_TIMEDOUT:
        return exchange->is_connected ? HTTP_SILENT : HTTP_NO_CONTACT;
    case CURLE_SSL_CONNECT_ERROR:
    case CURLE_PEER_FAILED_VERIFICATION:
    case CURLE_SSL_CACERT_BADFILE:
        return HTTP_UNTRUSTED;
    case CURLE_FILESIZE_EXCEEDED:
    case CURLE_OUT_OF_MEMORY:
    case TOO_LARGE_SINCE_8_6:
        return HTTP_TOO_LARGE;
    default:
        return has_reached(exchange) ? HTTP_BROKEN : HTTP_UNREACHABLE;
    }
}

static void say_why(struct http_exchange *exchange, CURLcode code)
{
    const char *why = exchange->reason[0] != '\0' ? exchange->reason : curl_easy_strerror(code);
    if (exchange->outcome == HTTP_TOO_LARGE)
        why = "The answer is too large";
    if (why != exchange->reason)
        snprintf(exchange->reason, sizeof(exchange->reason), "%s", why);
    for (char *at = exchange->reason; *at != '\0'; at++)
        if (iscntrl((unsigned char)*at))
            *at = ' ';
}

static void drop_easy(struct curl_http *http, struct http_exchange *exchange)
{
    curl_multi_remove_handle(http->multi, exchange->easy);
    curl_easy_cleanup(exchange->easy);
    curl_slist_free_all(exchange->headers);
    exchange->easy = NULL;
}

static void conclude(struct curl_http *http, struct http_exchange *exchange, CURLcode code)
{
    exchange->outcome = exchange->is_too_large ? HTTP_TOO_LARGE : outcome_of(exchange, code);
    if (exchange->outcome == HTTP_ANSWERED)
        curl_easy_getinfo(exchange->easy, CURLINFO_RESPONSE_CODE, &exchange->status);
    else
        say_why(exchange, code);
    drop_easy(http, exchange);
}

// --- The request ---

// What has no body has none by "Content-Length: 0", but for GET.
static void set_request(CURL *easy, const struct http_request *request)
{
    curl_easy_setopt(easy, CURLOPT_URL, request->url);
    curl_easy_setopt(easy, CURLOPT_CUSTOMREQUEST, request->method);
    if (request->body == NULL && strcmp(request->method, "GET") == 0)
        return;
    curl_easy_setopt(easy, CURLOPT_POST, 1L);
    curl_easy_setopt(easy, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)request->n_body_bytes);
    curl_easy_setopt(easy, CURLOPT_COPYPOSTFIELDS, request->body != NULL ? request->body : "");
}

// A name without a value keeps curl from adding that header, not us from giving it a value.
static void set_headers(struct http_exchange *exchange, const struct http_request *request)
{
    exchange->headers = curl_slist_append(exchange->headers, "Expect:");
    exchange->headers = curl_slist_append(exchange->headers, "Content-Type:");
    for (const char *const *header = request->headers; header != NULL && *header != NULL; header++)
        exchange->headers = curl_slist_append(exchange->headers, *header);
    curl_easy_setopt(exchange->easy, CURLOPT_HTTPHEADER, exchange->headers);
    curl_easy_setopt(exchange->easy, CURLOPT_USERAGENT, "enawatch/" ENAWATCH_VERSION);
}

// QUICK_EXIT: a thread that resolves a name is left behind to end by itself. Without it the end of
// an exchange, its timeout included, waits for the name server.
static void set_manners(CURL *easy, const struct http_request *request)
{
    curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "http,https");
    curl_easy_setopt(easy, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
    curl_easy_setopt(easy, CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2); // at least
    curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(easy, CURLOPT_QUICK_EXIT, 1L);
    curl_easy_setopt(easy, CURLOPT_CONNECTTIMEOUT_MS, (long)request->connect_ms);
    curl_easy_setopt(easy, CURLOPT_TIMEOUT_MS, (long)request->total_ms);
    curl_easy_setopt(easy, CURLOPT_MAXFILESIZE_LARGE, (curl_off_t)request->max_body_bytes);
    if (request->is_direct)
        curl_easy_setopt(easy, CURLOPT_NOPROXY, "*");
}

static void set_callbacks(struct http_exchange *exchange)
{
    curl_easy_setopt(exchange->easy, CURLOPT_PRIVATE, exchange);
    curl_easy_setopt(exchange->easy, CURLOPT_ERRORBUFFER, exchange->reason);
    curl_easy_setopt(exchange->easy, CURLOPT_HEADERFUNCTION, take_header);
    curl_easy_setopt(exchange->easy, CURLOPT_HEADERDATA, exchange);
    curl_easy_setopt(exchange->easy, CURLOPT_WRITEFUNCTION, take_body);
    curl_easy_setopt(exchange->easy, CURLOPT_WRITEDATA, exchange);
}

static struct http_exchange *add_exchange(struct curl_http *http)
{
    struct http_exchange *exchange = xcalloc(1, sizeof(*exchange));
    exchange->next = http->first;
    exchange->link = &http->first;
    if (exchange->next != NULL)
        exchange->next->link = &exchange->next;
    http->first = exchange;
    return exchange;
}

// --- The interface ---

// Options are not checked one by one: they fail for want of memory, which does not return, and for
// texts of 8 MB, without which the request then fails. Adding sets a deadline of now.
static struct http_exchange *curl_http_send(struct http *base, const struct http_request *request)
{
    struct curl_http *http = of_base(base);
    struct http_exchange *exchange = add_exchange(http);
    exchange->max_body_bytes = request->max_body_bytes;
    exchange->easy = curl_easy_init();
    set_callbacks(exchange);
    set_manners(exchange->easy, request);
    set_headers(exchange, request);
    set_request(exchange->easy, request);
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
            .reason = exchange->reason,
        };
    return exchange->outcome;
}

static void curl_http_end(struct http *base, struct http_exchange *exchange)
{
    if (exchange == NULL)
        return;
    if (exchange->easy != NULL)
        drop_easy(of_base(base), exchange);
    *exchange->link = exchange->next;
    if (exchange->next != NULL)
        exchange->next->link = exchange->link;
    free(exchange->body);
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

static void take_results(struct curl_http *http)
{
    const CURLMsg *message;
    int n_left;
    while ((message = curl_multi_info_read(http->multi, &n_left)) != NULL) {
        char *exchange = NULL;
        curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, &exchange);
        conclude(http, (struct http_exchange *)exchange, message->data.result);
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
    close(http->epoll_fd);
    free(http);
    curl_global_cleanup();
}

static const struct http_ops curl_http_ops = {
    .send = curl_http_send,
    .poll = curl_http_poll,
    .end = curl_http_end,
    .descriptor = curl_http_descriptor,
    .deadline_ns = curl_http_deadline_ns,
    .work = curl_http_work,
    .destroy = curl_http_destroy,
};

// curl allocates as we do: what returns is never NULL.
int http_curl_create(struct http **ret_http)
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
    http->multi = curl_multi_init();
    curl_multi_setopt(http->multi, CURLMOPT_MAXCONNECTS, MAX_IDLE_CONNECTIONS);
    curl_multi_setopt(http->multi, CURLMOPT_SOCKETFUNCTION, watch);
    curl_multi_setopt(http->multi, CURLMOPT_SOCKETDATA, http);
    curl_multi_setopt(http->multi, CURLMOPT_TIMERFUNCTION, set_deadline);
    curl_multi_setopt(http->multi, CURLMOPT_TIMERDATA, http);
    *ret_http = &http->base;
    return 0;
}
