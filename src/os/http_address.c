// SPDX-License-Identifier: Apache-2.0
// URLs are taken apart by libcurl, so that it and we mean the same host.
#include <arpa/inet.h>
#include <curl/curl.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "base.h"
#include "os/http_address.h"

void http_addresses_finish(struct http_addresses *addresses)
{
    for (size_t i = 0; i < HTTP_MAX_ADDRESSES; i++)
        free(addresses->all[i].place);
}

static bool is_address(const char *host)
{
    struct in_addr four;
    return host[0] == '[' || inet_pton(AF_INET, host, &four) == 1;
}

static char *place_of(const char *scheme, const char *host, const char *port)
{
    if (strcasecmp(scheme, "https") != 0 || is_address(host))
        return NULL;
    return xasprintf("%s:%s", host, port);
}

char *http_place(const char *url)
{
    CURLU *parts = curl_url();
    char *scheme = NULL, *host = NULL, *port = NULL, *place = NULL;
    if (curl_url_set(parts, CURLUPART_URL, url, 0) == CURLUE_OK &&
        curl_url_get(parts, CURLUPART_SCHEME, &scheme, 0) == CURLUE_OK &&
        curl_url_get(parts, CURLUPART_HOST, &host, 0) == CURLUE_OK &&
        curl_url_get(parts, CURLUPART_PORT, &port, CURLU_DEFAULT_PORT) == CURLUE_OK)
        place = place_of(scheme, host, port);
    curl_free(scheme);
    curl_free(host);
    curl_free(port);
    curl_url_cleanup(parts);
    return place;
}

unsigned int http_place_port(const char *place)
{
    return (unsigned int)strtoul(strrchr(place, ':') + 1, NULL, 10);
}

static const struct http_address *find(const struct http_addresses *addresses, const char *place)
{
    for (size_t i = 0; i < HTTP_MAX_ADDRESSES; i++) {
        const struct http_address *address = &addresses->all[i];
        if (address->place != NULL && strcasecmp(address->place, place) == 0)
            return address;
    }
    return NULL;
}

void http_addresses_remember(struct http_addresses *addresses, const char *place, const char *ip)
{
    struct http_address *address = (struct http_address *)find(addresses, place);
    if (address == NULL) {
        address = &addresses->all[addresses->n_taken++ % HTTP_MAX_ADDRESSES];
        free(address->place);
        address->place = xstrdup(place);
    }
    snprintf(address->ip, sizeof(address->ip), "%s", ip);
}

const char *http_addresses_find(const struct http_addresses *addresses, const char *place)
{
    const struct http_address *address = find(addresses, place);
    return address != NULL ? address->ip : NULL;
}
