// SPDX-License-Identifier: Apache-2.0
// Where a service of AWS is: an endpoint that somebody gave, or else the host of the region, with
// the switches for FIPS and dual-stack (endpoint rule sets of the CloudWatch, CloudWatch Logs and
// STS models, botocore 1.43.67). Pure but for the environment.
#pragma once

#include "aws/profile.h"

enum aws_service { AWS_CLOUDWATCH, AWS_LOGS, AWS_STS, AWS_N_SERVICES };

struct aws_service_kind {
    const char *name;         // for the log: "CloudWatch"
    const char *signing_name; // of SigV4, and the first label of its hosts: "monitoring"
    const char *variable;     // of an endpoint: "AWS_ENDPOINT_URL_CLOUDWATCH"
    const char *key;          // the same in a services section: "cloudwatch.endpoint_url"
};

extern const struct aws_service_kind aws_services[AWS_N_SERVICES];

// What was said about endpoints before a region is known. All borrowed or constant.
struct aws_endpoint_wish {
    enum aws_service service;
    const char *configured; // an endpoint of our own configuration; NULL: none
    const struct aws_profiles *profiles;
};

// An endpoint that was given: our configuration, AWS_ENDPOINT_URL_<ID>, AWS_ENDPOINT_URL, the
// services section that the profile names, the profile (AWS_IGNORE_CONFIGURED_ENDPOINT_URLS leaves
// out all but the first). It stays as it is whatever the switches say, as in botocore: whoever
// gives one knows what it is. Else https:// and the host of the rule sets in this region, which may
// be NULL where an endpoint was given. "http[s]://host[:port]", after one that was given perhaps a
// path, without a slash at the end; the caller's. NULL: `ret_complaint`, the caller's too: what is
// wrong, where it was said, and what to do.
char *aws_endpoint(const struct aws_endpoint_wish *wish, const char *region, char **ret_complaint);

// For the row of an option: http or https, a host, perhaps a port and a path; no user, query or
// fragment. NULL, or what would be allowed.
const char *aws_endpoint_check(const char *name, const char *text);
