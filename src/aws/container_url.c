// SPDX-License-Identifier: Apache-2.0
// Strict: what is not understood to the last byte is refused, since whoever can put a host of his
// own there would be given the token.
#include <arpa/inet.h>
#include <string.h>

#include "aws/container_url.h"
#include "aws/environment.h"
#include "base.h"
#include "base/host.h"

#define RELATIVE "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI"
#define FULL     "AWS_CONTAINER_CREDENTIALS_FULL_URI"
#define ECS      "http://169.254.170.2"

// A path and perhaps a query (RFC 3986, 3.3 and 3.4); nothing at all is fine.
static bool is_path(const char *text)
{
    static const char letters[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
                                  "-._~!$&'()*+,;=:@/?%";
    return (*text == '\0' || *text == '/' || *text == '?') && strspn(text, letters) == strlen(text);
}

static bool is_near(const char *host)
{
    static const char *const agents[] = {"169.254.170.2", "169.254.170.23"};
    struct in_addr v4;
    struct in6_addr v6, agent;
    if (strcmp(host, "localhost") == 0)
        return true;
    if (inet_pton(AF_INET6, host, &v6) == 1 && inet_pton(AF_INET6, "fd00:ec2::23", &agent) == 1)
        return IN6_IS_ADDR_LOOPBACK(&v6) || memcmp(&v6, &agent, sizeof(v6)) == 0;
    if (inet_pton(AF_INET, host, &v4) == 1 && ntohl(v4.s_addr) >> 24 == IN_LOOPBACKNET)
        return true;
    for (size_t i = 0; i < ARRAY_SIZE(agents); i++)
        if (strcmp(host, agents[i]) == 0)
            return true;
    return false;
}

// "host[:port]".
static bool take_host(const char *text, size_t n, char ret_host[static HOST_TEXT_MAX])
{
    char port[PORT_TEXT_MAX];
    bool is_literal;
    scoped_free char *copy = xasprintf("%.*s", (int)n, text);
    char *bracket = strchr(copy, ']');
    char *colon = strrchr(bracket != NULL ? bracket : copy, ':');
    if (colon != NULL) {
        *colon = '\0';
        if (!port_parse(colon + 1, port))
            return false;
    }
    return host_parse(copy, strlen(copy), ret_host, &is_literal);
}

static bool is_allowed(const char *url)
{
    char host[HOST_TEXT_MAX];
    bool is_https = strncmp(url, "https://", 8) == 0;
    if (!is_https && strncmp(url, "http://", 7) != 0)
        return false;
    const char *authority = url + (is_https ? 8 : 7);
    size_t n = strcspn(authority, "/?");
    return take_host(authority, n, host) && is_path(authority + n) && (is_https || is_near(host));
}

char *container_url(char **ret_why)
{
    const char *relative = aws_variable(RELATIVE), *full = aws_variable(FULL);
    if (relative != NULL && *relative == '/' && is_path(relative))
        return xasprintf("%s%s", ECS, relative);
    if (relative != NULL)
        *ret_why = xstrdup(RELATIVE ": allowed is a path, such as /v2/credentials/ID");
    else if (full != NULL && is_allowed(full))
        return xstrdup(full);
    else if (full != NULL)
        *ret_why = xstrdup(FULL ": allowed is https, or http to this machine, 169.254.170.2, "
                                "169.254.170.23 or [fd00:ec2::23]");
    return NULL;
}

char *container_url_name(const char *url)
{
    const char *authority = strstr(url, "://") + strlen("://");
    return xasprintf("%.*s", (int)(authority + strcspn(authority, "/?") - url), url);
}
