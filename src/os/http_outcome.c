// SPDX-License-Identifier: Apache-2.0
// What the end of an exchange is called and how it is said, and whether it is the end.
#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>

#include "os/clock.h"
#include "os/http_exchange.h"

#define TOO_LARGE_SINCE_8_6 100 // CURLE_TOO_LARGE of curl.h

// --- Outcomes ---

// 0: no proxy was asked for a tunnel.
static long proxy_status_of(const struct http_exchange *exchange)
{
    long status = 0;
    curl_easy_getinfo(exchange->easy, CURLINFO_HTTP_CONNECTCODE, &status);
    return status;
}

static bool is_refused_by_proxy(const struct http_exchange *exchange)
{
    return proxy_status_of(exchange) >= 300;
}

static enum http_outcome outcome_of_timeout(const struct http_exchange *exchange)
{
    if (exchange->is_connected)
        return HTTP_SILENT;
    return exchange->has_address ? HTTP_NO_CONTACT : HTTP_UNRESOLVED;
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
        return outcome_of_timeout(exchange);
    case CURLE_SSL_CONNECT_ERROR:
    case CURLE_PEER_FAILED_VERIFICATION:
    case CURLE_SSL_CACERT_BADFILE:
        return HTTP_UNTRUSTED;
    case CURLE_FILESIZE_EXCEEDED:
    case CURLE_OUT_OF_MEMORY:
    case TOO_LARGE_SINCE_8_6:
        return HTTP_TOO_LARGE;
    default:
        return exchange->is_connected && !is_refused_by_proxy(exchange) ? HTTP_BROKEN
                                                                        : HTTP_UNREACHABLE;
    }
}

// --- Reasons ---

// curl names the file, and not what is wrong with it.
static char *say_bundle(const struct http_exchange *exchange)
{
    const char *path = exchange->ca_bundle;
    if (path == NULL)
        path = curl_version_info(CURLVERSION_NOW)->cainfo;
    if (path == NULL)
        return xstrdup(exchange->said);
    scoped_fd int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    char byte;
    if (fd < 0 || read(fd, &byte, 1) < 0)
        return xasprintf("The CA bundle cannot be read: %s: %s", path, strerror(errno));
    return xasprintf("The CA bundle holds no certificate that can be read (PEM): %s", path);
}

static char *say_proxy(long status)
{
    return xasprintf("The proxy does not let us through: it answered CONNECT with %ld%s", status,
        status == 407 ? ", it wants a name and a password, or other ones" : "");
}

static char *say_why(const struct http_exchange *exchange, CURLcode code)
{
    if (exchange->outcome == HTTP_TOO_LARGE)
        return xstrdup("The answer is too large");
    if (code == CURLE_SSL_CACERT_BADFILE)
        return say_bundle(exchange);
    if (is_refused_by_proxy(exchange))
        return say_proxy(proxy_status_of(exchange));
    return xstrdup(exchange->said[0] != '\0' ? exchange->said : curl_easy_strerror(code));
}

static void explain(struct http_exchange *exchange, CURLcode code)
{
    scoped_free char *why = say_why(exchange, code);
    exchange->reason = xasprintf(
        "%s%s", exchange->first_reason != NULL ? exchange->first_reason : "", why);
    for (char *at = exchange->reason; *at != '\0'; at++)
        if (iscntrl((unsigned char)*at))
            *at = ' ';
}

// --- The end, or not yet ---

static uint64_t ms_left(const struct http_exchange *exchange)
{
    uint64_t ms = (clock_now().boot_ns - exchange->started_ns) / NS_PER_MS;
    return ms < exchange->total_ms ? exchange->total_ms - ms : 0;
}

// Its name did not resolve, not its proxy's as far as curl tells, and did before.
static const char *old_address(const struct http_exchange *exchange, CURLcode code)
{
    bool is_unresolved = code == CURLE_COULDNT_RESOLVE_HOST ||
        (code == CURLE_OPERATION_TIMEDOUT && outcome_of_timeout(exchange) == HTTP_UNRESOLVED);
    if (!is_unresolved || exchange->first_reason != NULL || exchange->place == NULL)
        return NULL;
    return http_addresses_find(exchange->addresses, exchange->place);
}

// "+": forgotten by curl's own cache like any other answer of the name server, after 60 s.
bool http_exchange_revive(struct http_exchange *exchange, CURLcode code)
{
    const char *ip = old_address(exchange, code);
    uint64_t left_ms = ms_left(exchange);
    if (ip == NULL || left_ms == 0)
        return false;
    scoped_free char *line = xasprintf("+%s:%s", exchange->place, ip);
    exchange->resolve = curl_slist_append(NULL, line);
    exchange->first_reason = xasprintf("%s; by its last address, %s: ", exchange->said, ip);
    exchange->said[0] = '\0';
    curl_easy_setopt(exchange->easy, CURLOPT_RESOLVE, exchange->resolve);
    curl_easy_setopt(exchange->easy, CURLOPT_TIMEOUT_MS, (long)left_ms);
    return true;
}

static bool has_connected_anew(const struct http_exchange *exchange)
{
    long n_connects = 0;
    curl_easy_getinfo(exchange->easy, CURLINFO_NUM_CONNECTS, &n_connects);
    return n_connects > 0;
}

void http_exchange_conclude(struct http_exchange *exchange, CURLcode code)
{
    exchange->outcome = exchange->is_too_large ? HTTP_TOO_LARGE : outcome_of(exchange, code);
    exchange->is_fresh_connection = has_connected_anew(exchange);
    if (exchange->outcome == HTTP_ANSWERED)
        curl_easy_getinfo(exchange->easy, CURLINFO_RESPONSE_CODE, &exchange->status);
    else
        explain(exchange, code);
}
