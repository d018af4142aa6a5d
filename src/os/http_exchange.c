// SPDX-License-Identifier: Apache-2.0
// What curl is asked to do, and what it calls while it does it.
//
// What curl does by itself is left alone: certificates and names are verified, redirects are not
// followed, no cookies, no .netrc, no HTTP/0.9, no compression is asked for, our headers are not
// said to a proxy that tunnels, and a request that meets a kept connection which the peer has
// closed goes out again on a fresh one.
#include <string.h>
#include <sys/socket.h>

#include "os/clock.h"
#include "os/http_exchange.h"

#define BODY_FIRST_BYTES ((size_t)4096)

// AWS is asked once a minute to once in ten minutes: by default curl drops a connection that was
// idle for 118 s, and a TLS handshake costs more than many requests. One that its peer has closed
// is no error.
#define MAX_IDLE_S 900L

// --- What curl calls ---

static size_t trimmed(const char *line, size_t n)
{
    while (n > 0 && strchr(" \t\r\n", line[n - 1]) != NULL)
        n--;
    return n;
}

// Interim answers and a proxy's come before the answer, each with a status line; trailers after its
// empty line.
static void keep_header(struct http_exchange *exchange, const char *line, size_t n)
{
    if (n >= 5 && memcmp(line, "HTTP/", 5) == 0) {
        exchange->n_answer_header_bytes = 0;
        exchange->has_all_headers = false;
        return;
    }
    n = trimmed(line, n);
    exchange->has_all_headers |= n == 0;
    if (exchange->has_all_headers)
        return;
    size_t n_before = exchange->n_answer_header_bytes;
    exchange->answer_headers = xreallocarray(exchange->answer_headers, n_before + n + 1, 1);
    memcpy(exchange->answer_headers + n_before, line, n);
    exchange->answer_headers[n_before + n] = '\0';
    exchange->n_answer_header_bytes = n_before + n + 1;
}

// One whole line.
static size_t take_header(char *bytes, size_t size, size_t n, void *data)
{
    (void)size; // 1
    struct http_exchange *exchange = data;
    exchange->n_header_bytes += n;
    exchange->is_too_large = exchange->n_header_bytes > HTTP_MAX_HEADERS;
    if (exchange->is_too_large)
        return CURL_WRITEFUNC_ERROR;
    keep_header(exchange, bytes, n);
    return n;
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

// The name is resolved by now. Programs that we start get no descriptor of ours.
static curl_socket_t open_socket(void *data, curlsocktype purpose, struct curl_sockaddr *address)
{
    (void)purpose;
    struct http_exchange *exchange = data;
    exchange->has_address = true;
    return socket(address->family, address->socktype | SOCK_CLOEXEC, address->protocol);
}

// Of a connection that was just made: curl tells of a proxy that tunnels that it answered, and of
// any other (SOCKS) by its port alone. A kept one may be a tunnel of which it tells nothing.
static bool is_host_itself(const struct http_exchange *exchange, int port)
{
    long n_connects = 0, proxy_status = 0;
    curl_easy_getinfo(exchange->easy, CURLINFO_NUM_CONNECTS, &n_connects);
    curl_easy_getinfo(exchange->easy, CURLINFO_HTTP_CONNECTCODE, &proxy_status);
    return n_connects > 0 && proxy_status == 0 &&
        http_place_port(exchange->place) == (unsigned int)port;
}

// Connected, by TLS too, and the request is about to be sent.
static int note_departure(
    void *data, char *remote_ip, char *local_ip, int remote_port, int local_port)
{
    (void)local_ip;
    (void)local_port;
    struct http_exchange *exchange = data;
    exchange->n_sent++;
    if (exchange->place != NULL && is_host_itself(exchange, remote_port))
        http_addresses_remember(exchange->addresses, exchange->place, remote_ip);
    return CURL_PREREQFUNC_OK;
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

// A name without a value keeps curl from adding that header, not us from giving it a value. Expect
// would cost large bodies a round trip, or a second where the server does not know it.
static void set_headers(struct http_exchange *exchange, const struct http_request *request)
{
    exchange->headers = curl_slist_append(exchange->headers, "Expect:");
    exchange->headers = curl_slist_append(exchange->headers, "Content-Type:");
    for (const char *const *header = request->headers; header != NULL && *header != NULL; header++)
        exchange->headers = curl_slist_append(exchange->headers, *header);
    curl_easy_setopt(exchange->easy, CURLOPT_HTTPHEADER, exchange->headers);
    curl_easy_setopt(exchange->easy, CURLOPT_USERAGENT, "enawatch/" ENAWATCH_VERSION);
}

// HTTP/1.1: one request at a time has nothing of HTTP/2 but its tables and windows in memory.
// QUICK_EXIT: a thread that resolves a name is left behind to end by itself. Without it the end of
// an exchange, its timeout included, waits for the name server.
static void set_manners(CURL *easy, const struct http_request *request)
{
    curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "http,https");
    curl_easy_setopt(easy, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
    curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(easy, CURLOPT_QUICK_EXIT, 1L);
    curl_easy_setopt(easy, CURLOPT_CONNECTTIMEOUT_MS, (long)request->connect_ms);
    curl_easy_setopt(easy, CURLOPT_TIMEOUT_MS, (long)request->total_ms);
    curl_easy_setopt(easy, CURLOPT_MAXFILESIZE_LARGE, (curl_off_t)request->max_body_bytes);
}

// Probes of a connection without traffic, as curl has them: after 60 s, and then every 60 s. On the
// way idle ones are forgotten after 350 s, by a NAT gateway (VPC User Guide, "Troubleshoot NAT
// gateways") and by the connection tracking of Nitro v6 instances (EC2 API,
// ConnectionTrackingConfiguration). None go to a link-local address, where they would count towards
// the allowance that is watched here.
static void set_way(CURL *easy, const struct http_request *request)
{
    if (request->is_direct) {
        curl_easy_setopt(easy, CURLOPT_NOPROXY, "*");
        return;
    }
    curl_easy_setopt(easy, CURLOPT_MAXAGE_CONN, MAX_IDLE_S);
    curl_easy_setopt(easy, CURLOPT_TCP_KEEPALIVE, 1L);
}

// From a file alone, all connections share one copy of the certificates. With a folder beside it,
// as Debian builds curl, each has its own: 860 KB of them (measured, 144 certificates). The folder
// holds the same ones.
static void set_trust(CURL *easy, const char *ca_bundle)
{
    curl_easy_setopt(easy, CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2); // at least
    if (ca_bundle != NULL)
        curl_easy_setopt(easy, CURLOPT_CAINFO, ca_bundle);
    if (ca_bundle != NULL || curl_version_info(CURLVERSION_NOW)->cainfo != NULL)
        curl_easy_setopt(easy, CURLOPT_CAPATH, NULL);
}

static void set_callbacks(struct http_exchange *exchange)
{
    curl_easy_setopt(exchange->easy, CURLOPT_PRIVATE, exchange);
    curl_easy_setopt(exchange->easy, CURLOPT_ERRORBUFFER, exchange->said);
    curl_easy_setopt(exchange->easy, CURLOPT_OPENSOCKETFUNCTION, open_socket);
    curl_easy_setopt(exchange->easy, CURLOPT_OPENSOCKETDATA, exchange);
    curl_easy_setopt(exchange->easy, CURLOPT_PREREQFUNCTION, note_departure);
    curl_easy_setopt(exchange->easy, CURLOPT_PREREQDATA, exchange);
    curl_easy_setopt(exchange->easy, CURLOPT_HEADERFUNCTION, take_header);
    curl_easy_setopt(exchange->easy, CURLOPT_HEADERDATA, exchange);
    curl_easy_setopt(exchange->easy, CURLOPT_WRITEFUNCTION, take_body);
    curl_easy_setopt(exchange->easy, CURLOPT_WRITEDATA, exchange);
}

// Options are not checked one by one: they fail for want of memory, which does not return, and for
// texts of 8 MB, without which the request then fails.
void http_exchange_init(struct http_exchange *exchange, const struct http_request *request)
{
    exchange->started_ns = clock_now().boot_ns;
    exchange->total_ms = request->total_ms;
    exchange->max_body_bytes = request->max_body_bytes;
    exchange->place = http_place(request->url);
    exchange->easy = curl_easy_init();
    set_callbacks(exchange);
    set_manners(exchange->easy, request);
    set_way(exchange->easy, request);
    set_trust(exchange->easy, exchange->ca_bundle);
    set_headers(exchange, request);
    set_request(exchange->easy, request);
}

void http_exchange_drop(struct http_exchange *exchange)
{
    curl_easy_cleanup(exchange->easy);
    curl_slist_free_all(exchange->headers);
    curl_slist_free_all(exchange->resolve);
    exchange->easy = NULL;
}

void http_exchange_finish(struct http_exchange *exchange)
{
    free(exchange->place);
    free(exchange->answer_headers);
    free(exchange->body);
    free(exchange->first_reason);
    free(exchange->reason);
}

const char *http_exchange_header(const struct http_exchange *exchange, const char *name)
{
    if (exchange->outcome != HTTP_ANSWERED)
        return NULL;
    size_t n_name = strlen(name);
    for (size_t at = 0; at < exchange->n_answer_header_bytes;) {
        const char *line = exchange->answer_headers + at;
        if (strncasecmp(line, name, n_name) == 0 && line[n_name] == ':')
            return line + n_name + 1 + strspn(line + n_name + 1, " \t");
        at += strlen(line) + 1;
    }
    return NULL;
}
