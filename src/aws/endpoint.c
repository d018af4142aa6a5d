// SPDX-License-Identifier: Apache-2.0
// The one endpoint of a service, out of all that was said about it.
#include <string.h>

#include "aws/endpoint.h"
#include "aws/environment.h"
#include "aws/partition.h"
#include "base.h"
#include "base/host.h"

const struct aws_service_kind aws_services[AWS_N_SERVICES] = {
    [AWS_CLOUDWATCH] = {"CloudWatch", "monitoring", "AWS_ENDPOINT_URL_CLOUDWATCH",
        "cloudwatch.endpoint_url"},
    [AWS_LOGS] = {"CloudWatch Logs", "logs", "AWS_ENDPOINT_URL_CLOUDWATCH_LOGS",
        "cloudwatch_logs.endpoint_url"},
    [AWS_STS] = {"STS", "sts", "AWS_ENDPOINT_URL_STS", "sts.endpoint_url"},
};

// An endpoint that somebody wrote.
struct given {
    const char *text;        // borrowed; NULL: nobody did
    const char *place, *key; // where it stands, for who wrote it
};

// Unreserved characters, sub-delims, ':' and '@' of a path (RFC 3986, 3.3), and its slashes.
static bool is_path(const char *text)
{
    static const char plain[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
                                "-._~!$&'()*+,;=:@/";
    static const char hex[] = "0123456789abcdefABCDEF";
    for (text += strspn(text, plain); *text != '\0'; text += strspn(text, plain)) {
        if (*text != '%' || strspn(text + 1, hex) < 2)
            return false;
        text += 3;
    }
    return true;
}

static bool is_authority(const char *text, size_t length)
{
    char host[HOST_TEXT_MAX], port[PORT_TEXT_MAX];
    bool is_literal;
    scoped_free char *copy = xasprintf("%.*s", (int)length, text);
    char *bracket = strchr(copy, ']');
    char *colon = strrchr(bracket != NULL ? bracket : copy, ':');
    if (colon != NULL) {
        *colon = '\0';
        if (!port_parse(colon + 1, port))
            return false;
    }
    return host_parse(copy, strlen(copy), host, &is_literal);
}

const char *aws_endpoint_check(const char *name, const char *text)
{
    (void)name;
    const char *host = strncmp(text, "http://", 7) == 0 ? text + 7
        : strncmp(text, "https://", 8) == 0             ? text + 8
                                                        : "";
    size_t n = strcspn(host, "/");
    if (is_authority(host, n) && is_path(host + n))
        return NULL;
    return "http://HOST or https://HOST, perhaps with a port and a path, an IPv6 address in "
           "brackets";
}

// FIPS by the plain name: in GovCloud every host is such, but for those that the rule sets name
// otherwise.
static bool is_fips_anyhow(enum aws_service service, const char *region, bool is_dual_stack)
{
    if (strcmp(aws_partition_of(region)->name, "aws-us-gov") != 0)
        return false;
    if (service == AWS_LOGS)
        return !is_dual_stack &&
            (strcmp(region, "us-gov-east-1") == 0 || strcmp(region, "us-gov-west-1") == 0);
    return service == AWS_CLOUDWATCH || !is_dual_stack;
}

static char *of_region(const struct aws_endpoint_wish *wish, const char *region)
{
    const struct aws_partition *partition = aws_partition_of(region);
    bool is_dual_stack = aws_switch_is_on(wish->profiles, AWS_USE_DUAL_STACK);
    bool has_fips_name = aws_switch_is_on(wish->profiles, AWS_USE_FIPS) &&
        !is_fips_anyhow(wish->service, region, is_dual_stack);
    return xasprintf("https://%s%s.%s.%s", aws_services[wish->service].signing_name,
        has_fips_name ? "-fips" : "", region,
        is_dual_stack ? partition->dual_stack_suffix : partition->dns_suffix);
}

static bool take(struct given *given, const char *text, const char *place, const char *key)
{
    if (text == NULL || *text == '\0')
        return false;
    *given = (struct given){text, place, key};
    return true;
}

static void find_in_profile(const struct aws_endpoint_wish *wish, struct given *given)
{
    const char *key = aws_services[wish->service].key;
    const char *services = aws_profile_get(wish->profiles, NULL, "services");
    if (services != NULL &&
        take(given, aws_services_get(wish->profiles, services, key),
            "the services section of the profile, ", key))
        return;
    take(given, aws_profile_get(wish->profiles, NULL, "endpoint_url"), "the profile, ",
        "endpoint_url");
}

// Where the section that the profile names is missing, nobody knows what it would say.
static bool lacks_services(const struct aws_profiles *profiles)
{
    const char *services = aws_profile_get(profiles, NULL, "services");
    return services != NULL && *services != '\0' &&
        aws_services_get(profiles, services, "") == NULL;
}

static void find_given(const struct aws_endpoint_wish *wish, struct given *given, char **complaint)
{
    const char *variable = aws_services[wish->service].variable;
    if (take(given, wish->configured, "the endpoint of the configuration", "") ||
        aws_switch_is_on(wish->profiles, AWS_IGNORE_ENDPOINTS) ||
        take(given, aws_variable(variable), variable, "") ||
        take(given, aws_variable("AWS_ENDPOINT_URL"), "AWS_ENDPOINT_URL", ""))
        return;
    if (lacks_services(wish->profiles))
        *complaint = xstrdup("the profile names a services section that AWS's config file does not "
                             "have: add [services NAME], or take \"services\" out of the profile");
    else
        find_in_profile(wish, given);
}

static char *complaint_of(const struct given *given)
{
    const char *allowed = aws_endpoint_check(NULL, given->text);
    return allowed == NULL ? NULL
                           : xasprintf("%s%s: allowed is %s", given->place, given->key, allowed);
}

static char *complaint_of_region(const char *region)
{
    if (region == NULL)
        return xstrdup("the region is not known: set AWS_REGION, or region in the profile");
    return aws_is_region(region)
        ? NULL
        : xstrdup("the region is none: allowed are letters, digits and hyphens, as in eu-west-1");
}

static char *without_slash(const char *text)
{
    char *copy = xstrdup(text);
    for (size_t n = strlen(copy); n > 0 && copy[n - 1] == '/'; n--)
        copy[n - 1] = '\0';
    return copy;
}

char *aws_endpoint(const struct aws_endpoint_wish *wish, const char *region, char **ret_complaint)
{
    struct given given = {0};
    char *complaint = NULL;
    find_given(wish, &given, &complaint);
    if (complaint == NULL)
        complaint = given.text != NULL ? complaint_of(&given) : complaint_of_region(region);
    if (complaint == NULL)
        return given.text != NULL ? without_slash(given.text) : of_region(wish, region);
    *ret_complaint = complaint;
    return NULL;
}
