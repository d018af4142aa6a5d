// SPDX-License-Identifier: Apache-2.0
// Where a service of AWS is: partitions, regions, and the switches for FIPS and dual-stack
// (endpoint rule sets of the CloudWatch, CloudWatch Logs and STS models; partitions.json of the
// SDKs). Pure but for the environment.
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "aws/profile.h"
#include "base.h"

enum aws_service { AWS_CLOUDWATCH, AWS_LOGS, AWS_STS, AWS_N_SERVICES };

struct aws_service_kind {
    const char *name;         // for the log: "CloudWatch"
    const char *signing_name; // of SigV4: "monitoring"
    const char *id;           // of AWS_ENDPOINT_URL_ID: "CLOUDWATCH"; in profiles in lower case
};

extern const struct aws_service_kind aws_services[AWS_N_SERVICES];

struct aws_partition {
    const char *name; // "aws", "aws-cn", ...
    const char *dns_suffix;
    const char *dual_stack_suffix; // NULL: it has none
};

// Letters, digits and hyphens, as a label of a host name: it becomes part of one.
bool aws_is_region(const char *text);
// By the region's prefix; of a region that nobody knows yet, "aws".
const struct aws_partition *aws_partition_of(const char *region);

// What was said about endpoints before a region is known. All borrowed or constant.
struct aws_endpoint_wish {
    enum aws_service service;
    const char *configured; // an endpoint of our own configuration, or NULL
    const struct aws_profiles *profiles;
};

// An endpoint that somebody gave: our configuration, AWS_ENDPOINT_URL_<ID>, AWS_ENDPOINT_URL, the
// profile's services section, the profile (AWS_IGNORE_CONFIGURED_ENDPOINT_URLS leaves out all but
// the first); else https:// with the host of the rule sets. "https://host[:port][/path]" without a
// slash at the end; the caller's. NULL: `ret_complaint`, the caller's too: what is wrong and where
// it was given.
char *aws_endpoint(const struct aws_endpoint_wish *wish, const char *region, char **ret_complaint);
// An endpoint as one would write it: http or https, a host, no user, query or fragment. NULL, or
// what would be allowed, as the end of "allowed is ...".
const char *aws_endpoint_check(const char *name, const char *text);

// AWS_REGION, AWS_DEFAULT_REGION, the profile. NULL: ask where we are. Borrowed. One that is none
// is said once and passed over.
const char *aws_region_of(const struct aws_profiles *profiles);
// AWS_CA_BUNDLE, the profile. NULL: the system's. Borrowed.
const char *aws_ca_bundle(const struct aws_profiles *profiles);
