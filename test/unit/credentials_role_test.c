// SPDX-License-Identifier: Apache-2.0
// Roles of profiles. Keys of profiles: AWS SDKs and Tools Reference Guide, "Assume role credential
// provider"; which source counts: botocore, AssumeRoleProvider. Requests: STS, API reference,
// AssumeRole.
#include "unit/credentials_bench.h"

#define ROLE_ARN   "arn:aws:iam::123456789012:role/path/R"
#define PAIR       "aws_access_key_id = AKIDFILE\naws_secret_access_key = " BENCH_SECRET "\n"
#define ROLE       "[default]\nrole_arn = " ROLE_ARN "\n"
#define OK(id)     STS_ANSWER("AssumeRole", id, "2026-11-21T11:00:00Z")
#define OK_LATER   STS_ANSWER("AssumeRole", "ASIALATER", "2026-11-21T12:00:00Z")
#define LIST       "meta-data/iam/security-credentials/"
#define URL        "https://sts.eu-west-1.amazonaws.com/"
#define SAID_BY(x) "credentials: from the role: " ROLE_ARN ", by " x "\n"

static void start(struct bench *bench, const char *config)
{
    aws_home_write(bench->home, "config", config, strlen(config));
    bench_start(bench);
}

// Signature: botocore 1.44.5, SigV4Auth, of the body and headers below.
static void a_role_is_assumed_with_the_keys_of_its_source(void **state)
{
    struct bench *bench = *state;
    sts_answers(bench, 200, OK("ASIAROLE"));
    start(bench,
        ROLE "source_profile = base\nexternal_id = a:b/c=d\nduration_seconds = 1800\n"
             "role_session_name = n@1\n[profile base]\n" PAIR);
    settle(bench);
    assert_keys(bench, "ASIAROLE");
    assert_string_equal(keys_of(bench)->session_token, BENCH_TOKEN);
    assert_int_equal(view(bench).expires_ms, BENCH_WALL_MS + (int64_t)HOUR_MS);
    assert_string_equal(view(bench).provider, "role");
    assert_int_equal(bench->http.n_requests, 1);
    assert_string_equal(sent(bench, 0)->url, URL);
    assert_string_equal(sent(bench, 0)->body,
        "Action=AssumeRole&Version=2011-06-15"
        "&RoleArn=arn%3Aaws%3Aiam%3A%3A123456789012%3Arole%2Fpath%2FR&RoleSessionName=n%401"
        "&ExternalId=a%3Ab%2Fc%3Dd&DurationSeconds=1800");
    assert_header(sent(bench, 0),
        "Authorization: AWS4-HMAC-SHA256 "
        "Credential=AKIDFILE/20261121/eu-west-1/sts/aws4_request, "
        "SignedHeaders=amz-sdk-request;content-type;host;x-amz-content-sha256;x-amz-date, "
        "Signature=f0f9e6cee57f6f5886e6bc1480f286fdaa1ce050d8f6ffe906acd4b9b5a52699");
    assert_int_equal(bench_lines(bench), 1);
    assert_int_equal(bench_said(bench, SAID_BY("profile [base] of the config file")), 1);
}

static void a_role_can_build_on_a_role(void **state)
{
    struct bench *bench = *state;
    struct scripted_answer first = status(200, OK("ASIAFIRST"));
    first.n_times = 1;
    sts_answers(bench, 200, OK("ASIASECOND"));
    answer(bench, "POST", NULL, &first);
    start(bench,
        "[default]\nrole_arn = arn:aws:iam::2:role/second\nsource_profile = one\n"
        "[profile one]\nrole_arn = arn:aws:iam::1:role/first\nsource_profile = base\n"
        "[profile base]\n" PAIR);
    settle(bench);
    assert_keys(bench, "ASIASECOND");
    assert_int_equal(bench->http.n_requests, 2);
    assert_non_null(strstr(sent(bench, 0)->body, "iam%3A%3A1%3Arole%2Ffirst"));
    assert_header(sent(bench, 1), "X-Amz-Security-Token: " BENCH_TOKEN);
    assert_header(sent(bench, 1),
        "Authorization: AWS4-HMAC-SHA256 "
        "Credential=ASIAFIRST/20261121/eu-west-1/sts/aws4_request, "
        "SignedHeaders=amz-sdk-request;content-type;host;x-amz-content-sha256;x-amz-date;"
        "x-amz-security-token, "
        "Signature=e5d8bb36cd62757205a08982f56d0ec0d5ddb49eadfc8299ad230e707fcbce4e");
}

static void a_container_can_be_the_source(void **state)
{
    struct bench *bench = *state;
    setenv("AWS_CONTAINER_CREDENTIALS_FULL_URI", "http://169.254.170.23/v1/credentials", 1);
    struct scripted_answer keys = status(200, CONTAINER_ANSWER("ASIATASK", "2026-11-21T16:00:00Z"));
    answer(bench, "GET", NULL, &keys);
    sts_answers(bench, 200, OK("ASIAROLE"));
    start(bench, ROLE "credential_source = EcsContainer\n");
    settle(bench);
    assert_keys(bench, "ASIAROLE");
    assert_non_null(strstr(sent(bench, 1)->headers, "Credential=ASIATASK/"));
    assert_int_equal(bench_said(bench, SAID_BY("container endpoint http://169.254.170.23")), 1);
}

static void the_metadata_service_can_be_the_source(void **state)
{
    struct bench *bench = *state;
    bench->setting.imds_endpoint = SCRIPTED_ENDPOINT;
    scripted_http_key(&bench->http, LIST, "NodeRole");
    scripted_http_key(
        &bench->http, LIST "NodeRole", IMDS_ANSWER("ASIANODE", "2026-11-21T16:00:00Z"));
    sts_answers(bench, 200, OK("ASIAROLE"));
    start(bench, ROLE "credential_source = Ec2InstanceMetadata\n");
    settle(bench);
    assert_keys(bench, "ASIAROLE");
    assert_non_null(strstr(sent(bench, 3)->headers, "Credential=ASIANODE/"));
    assert_int_equal(bench_said(bench, SAID_BY("metadata service")), 1);
    // The keys of the source are asked for when they are needed, and are not yet over.
    sts_answers(bench, 200, OK_LATER);
    live(bench, 55 * MINUTE_MS);
    assert_keys(bench, "ASIALATER");
    assert_int_equal(bench->http.n_requests, 5);
}

static void variables_can_be_the_source(void **state)
{
    struct bench *bench = *state;
    aws_home_write(bench->home, "config", "", 0);
    sts_answers(bench, 200, OK("ASIAROLE"));
    start(bench, ROLE "credential_source = Environment\n");
    settle(bench);
    assert_non_null(strstr(view(bench).trouble, "AWS_ACCESS_KEY_ID is not set"));
    assert_string_equal(view(bench).provider, "role");
    // With them set the environment itself is the first of the chain.
    setenv("AWS_ACCESS_KEY_ID", "AKIDENV", 1);
    setenv("AWS_SECRET_ACCESS_KEY", BENCH_SECRET, 1);
    bench_start(bench);
    settle(bench);
    assert_keys(bench, "AKIDENV");
    assert_int_equal(bench->http.n_requests, 0);
}

static void a_web_identity_of_a_profile_can_be_the_source(void **state)
{
    struct bench *bench = *state;
    scoped_free char *path = aws_home_path(bench->home, "other");
    scoped_free char *config = xasprintf(ROLE
        "source_profile = web\n[profile web]\nrole_arn = arn:aws:iam::1:role/web\n"
        "web_identity_token_file = %s\n",
        path);
    aws_home_write(bench->home, "other", "S3CRET.jwt", 10);
    struct scripted_answer first = status(
        200, STS_ANSWER("AssumeRoleWithWebIdentity", "ASIAWEB", "2026-11-21T11:00:00Z"));
    first.n_times = 1;
    sts_answers(bench, 200, OK("ASIAROLE"));
    answer(bench, "POST", NULL, &first);
    setenv("AWS_ROLE_ARN", "arn:aws:iam::9:role/not-this-one", 1);
    start(bench, config);
    settle(bench);
    assert_keys(bench, "ASIAROLE");
    assert_non_null(strstr(sent(bench, 0)->body, "RoleArn=arn%3Aaws%3Aiam%3A%3A1%3Arole%2Fweb&"));
    assert_null(strstr(sent(bench, 0)->headers, "Authorization"));
    assert_non_null(strstr(sent(bench, 1)->headers, "Credential=ASIAWEB/"));
}

static void a_profile_can_be_its_own_source(void **state)
{
    struct bench *bench = *state;
    sts_answers(bench, 200, OK("ASIAROLE"));
    start(bench, ROLE "source_profile = default\n" PAIR);
    settle(bench);
    assert_keys(bench, "ASIAROLE");
    assert_non_null(strstr(sent(bench, 0)->headers, "Credential=AKIDFILE/"));
}

static void keys_of_a_source_go_before_its_role(void **state)
{
    struct bench *bench = *state;
    sts_answers(bench, 200, OK("ASIAROLE"));
    start(bench,
        ROLE "source_profile = base\n[profile base]\nrole_arn = arn:aws:iam::1:role/none\n" PAIR);
    settle(bench);
    assert_keys(bench, "ASIAROLE");
    assert_int_equal(bench->http.n_requests, 1);
    assert_non_null(strstr(sent(bench, 0)->headers, "Credential=AKIDFILE/"));
}

#define LINK(from, to)                                                                             \
    "[profile " from "]\nrole_arn = arn:aws:iam::1:role/" from "\nsource_profile = " to "\n"

static void a_wrong_configuration_stops_the_chain(void **state)
{
    static const struct {
        const char *config, *words;
    } rows[] = {
        {ROLE, "neither source_profile nor credential_source"},
        {ROLE "source_profile = b\ncredential_source = Environment\n", "both source_profile and"},
        {ROLE "source_profile = b\n", "source_profile b of [default] is in neither"},
        {ROLE "source_profile = default\n", "leads back"},
        {ROLE "source_profile = a\n" LINK("a", "b") LINK("b", "a"), "leads back"},
        {ROLE PAIR "source_profile = a\n" LINK("a", "default"), "leads back"},
        {ROLE "source_profile = a\n" LINK("a", "b") LINK("b", "c") LINK("c", "d") LINK("d", "e")
                LINK("e", "f") "[profile f]\n" PAIR,
            "more than 5 roles"},
        {ROLE "source_profile = b\n[profile b]\nregion = x\n", "[b] has no keys"},
        {ROLE "source_profile = b\n[profile b]\ncredential_process = x\n", "is refused"},
        {ROLE "source_profile = b\nmfa_serial = x\n[profile b]\n" PAIR, "mfa_serial in [default]"},
        {ROLE "source_profile = b\n[profile b]\nmfa_serial = x\nrole_arn = " ROLE_ARN "\n",
            "mfa_serial in [b]"},
        {ROLE "credential_source = Elsewhere\n", "allowed are Environment"},
        {ROLE "credential_source = EcsContainer\n", "FULL_URI is not set"},
        {ROLE "credential_source = Ec2InstanceMetadata\n", "switched off"},
        {ROLE "source_profile = b\nduration_seconds = 899\n[profile b]\n" PAIR, "900 to 43200"},
        {ROLE "source_profile = b\nduration_seconds = 1h\n[profile b]\n" PAIR, "900 to 43200"},
        {ROLE "source_profile = b\nexternal_id = x\n[profile b]\n" PAIR, "2 to 1224"},
        {ROLE "source_profile = b\nrole_session_name = a b\n[profile b]\n" PAIR, "2 to 64"},
        {"[default]\nrole_arn = R\nsource_profile = b\n[profile b]\n" PAIR, "the ARN of a role"},
    };
    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        struct bench *bench;
        bench_set_up((void **)&bench);
        start(bench, rows[i].config);
        assert_wrong(bench, "role", rows[i].words);
        bench_tear_down((void **)&bench);
    }
    (void)state;
}

static void five_roles_may_build_on_each_other(void **state)
{
    struct bench *bench = *state;
    sts_answers(bench, 200, OK("ASIAROLE"));
    start(bench,
        ROLE "source_profile = a\n" LINK("a", "b") LINK("b", "c") LINK("c", "d")
            LINK("d", "e") "[profile e]\n" PAIR);
    live(bench, MINUTE_MS);
    assert_keys(bench, "ASIAROLE");
    assert_int_equal(bench->http.n_requests, 5);
}

static void what_the_source_lacks_is_what_the_role_lacks(void **state)
{
    struct bench *bench = *state;
    bench->setting.imds_endpoint = SCRIPTED_ENDPOINT;
    start(bench, ROLE "credential_source = Ec2InstanceMetadata\n");
    live(bench, HOUR_MS);
    assert_null(keys_of(bench));
    assert_string_equal(view(bench).provider, "role");
    assert_non_null(
        strstr(view(bench).trouble, "its source, metadata service: no role is attached"));
    assert_int_equal(bench_lines(bench), 1);
    assert_in_range(scripted_http_count(&bench->http, 0, "GET", LIST), 7, 14);
    scripted_http_key(&bench->http, LIST, "NodeRole");
    scripted_http_key(
        &bench->http, LIST "NodeRole", IMDS_ANSWER("ASIANODE", "2026-11-21T18:00:00Z"));
    sts_answers(bench, 200, OK_LATER);
    live(bench, 10 * MINUTE_MS);
    assert_keys(bench, "ASIALATER");
}

static void a_source_that_sts_does_not_take_is_renewed(void **state)
{
    struct bench *bench = *state;
    bench->setting.imds_endpoint = SCRIPTED_ENDPOINT;
    scripted_http_key(&bench->http, LIST, "NodeRole");
    scripted_http_key(
        &bench->http, LIST "NodeRole", IMDS_ANSWER("ASIANEW", "2026-11-21T16:00:00Z"));
    struct scripted_answer old = status(200, IMDS_ANSWER("ASIAOLD", "2026-11-21T16:00:00Z"));
    old.n_times = 1;
    answer(bench, "GET", LIST "NodeRole", &old);
    struct scripted_answer expired = status(400,
        "<ErrorResponse><Error><Code>ExpiredToken</Code><Message>x</Message></Error></"
        "ErrorResponse>");
    expired.n_times = 1;
    sts_answers(bench, 200, OK("ASIAROLE"));
    answer(bench, "POST", NULL, &expired);
    start(bench, ROLE "credential_source = Ec2InstanceMetadata\n");
    live(bench, 8000);
    assert_keys(bench, "ASIAROLE");
    assert_non_null(strstr(scripted_http_last(&bench->http)->headers, "Credential=ASIANEW/"));
}

static void a_source_that_ends_while_sts_is_asked_is_said(void **state)
{
    struct bench *bench = *state;
    scoped_free char *path = aws_home_path(bench->home, "other");
    scoped_free char *config = xasprintf(ROLE
        "source_profile = web\n[profile web]\nrole_arn = arn:aws:iam::1:role/web\n"
        "web_identity_token_file = %s\n",
        path);
    aws_home_write(bench->home, "other", "S3CRET.jwt", 10);
    struct scripted_answer first = status(
        200, STS_ANSWER("AssumeRoleWithWebIdentity", "ASIAWEB", "2026-11-21T10:00:02Z"));
    struct scripted_answer silent = {.outcome = HTTP_SILENT};
    first.n_times = 1;
    answer(bench, "POST", NULL, &silent);
    answer(bench, "POST", NULL, &first);
    start(bench, config);
    settle(bench);
    assert_int_equal(bench->http.n_requests, 2);
    unlink(path);
    pass(bench, 3000);
    live(bench, 5000);
    assert_non_null(strstr(view(bench).trouble, "its source, web identity: the token file"));
}

static void a_denied_role_is_said_and_tried_seldom(void **state)
{
    struct bench *bench = *state;
    sts_answers(bench, 403,
        "<ErrorResponse xmlns=\"https://sts.amazonaws.com/doc/2011-06-15/\"><Error><Type>Sender"
        "</Type><Code>AccessDenied</Code><Message>User: u is not authorized.</Message></Error>"
        "</ErrorResponse>");
    start(bench, ROLE "source_profile = base\n[profile base]\n" PAIR);
    live(bench, HOUR_MS);
    assert_null(keys_of(bench));
    assert_int_equal(bench_lines(bench), 1);
    assert_int_equal(
        bench_said(bench, "AccessDenied: User: u is not authorized; let the trust"), 1);
    assert_in_range(bench->http.n_requests, 12, 25); // every 2.5 to 5 minutes
}

static void without_a_region_nothing_is_signed(void **state)
{
    struct bench *bench = *state;
    static const char config[] = ROLE "source_profile = base\n[profile base]\n" PAIR;
    aws_home_write(bench->home, "config", config, strlen(config));
    setenv("AWS_ENDPOINT_URL_STS", "http://127.0.0.1:5000", 1);
    aws_profiles_read(&bench->home->profiles);
    bench->credentials = credentials_create(&bench->setting);
    sts_answers(bench, 200, OK("ASIAROLE"));
    live(bench, 30 * 1000);
    assert_int_equal(bench->http.n_requests, 0);
    credentials_set_region(bench->credentials, "eu-west-1");
    credentials_set_region(bench->credentials, NULL);
    live(bench, MINUTE_MS);
    assert_keys(bench, "ASIAROLE");
    assert_string_equal(sent(bench, 0)->url, "http://127.0.0.1:5000/");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_role_is_assumed_with_the_keys_of_its_source),
        TEST(a_role_can_build_on_a_role),
        TEST(a_container_can_be_the_source),
        TEST(the_metadata_service_can_be_the_source),
        TEST(variables_can_be_the_source),
        TEST(a_web_identity_of_a_profile_can_be_the_source),
        TEST(a_profile_can_be_its_own_source),
        TEST(keys_of_a_source_go_before_its_role),
        cmocka_unit_test(a_wrong_configuration_stops_the_chain),
        TEST(five_roles_may_build_on_each_other),
        TEST(what_the_source_lacks_is_what_the_role_lacks),
        TEST(a_source_that_sts_does_not_take_is_renewed),
        TEST(a_source_that_ends_while_sts_is_asked_is_said),
        TEST(a_denied_role_is_said_and_tried_seldom),
        TEST(without_a_region_nothing_is_signed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
