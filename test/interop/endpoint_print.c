// SPDX-License-Identifier: Apache-2.0
// The endpoint of each service and region on standard input ("logs eu-west-1", a line each), in
// this environment: the endpoint, or "! " and the complaint. Of "region" the region, or "-". For
// endpoint_differential.py.
#include <stdio.h>
#include <string.h>

#include "aws/endpoint.h"
#include "aws/environment.h"
#include "base.h"

static void print_endpoint(
    const struct aws_profiles *profiles, enum aws_service service, const char *region)
{
    char *complaint = NULL;
    struct aws_endpoint_wish wish = {.service = service, .profiles = profiles};
    scoped_free char *endpoint = aws_endpoint(&wish, region, &complaint);
    printf("%s%s\n", endpoint != NULL ? endpoint : "! ", endpoint != NULL ? "" : complaint);
    free(complaint);
}

static void answer(const struct aws_profiles *profiles, char *line)
{
    const char *service = strsep(&line, " \n"), *region = strsep(&line, " \n");
    for (size_t i = 0; i < AWS_N_SERVICES; i++)
        if (strcmp(aws_services[i].signing_name, service) == 0)
            print_endpoint(profiles, (enum aws_service)i, region);
    if (strcmp(service, "region") == 0) {
        region = aws_region_of(profiles);
        printf("%s\n", region != NULL ? region : "-");
    }
}

int main(void)
{
    struct aws_profiles profiles;
    aws_profiles_read(&profiles);
    scoped_free char *line = NULL;
    size_t capacity = 0;
    while (getline(&line, &capacity, stdin) > 0)
        answer(&profiles, line);
    aws_profiles_finish(&profiles);
    return 0;
}
