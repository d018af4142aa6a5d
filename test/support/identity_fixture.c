// SPDX-License-Identifier: Apache-2.0
// The instance and its time.
#include <stdio.h>
#include <string.h>

#include "setting.h"
#include "support/identity_fixture.h"
#include "support/unit.h"

#define MAX_TURNS 400

void identity_fixture_set(
    struct identity_fixture *fixture, const char *key, const char *name, const char *value)
{
    for (size_t i = 0; i < identity_option_table.n_rows; i++) {
        const struct option *row = &identity_option_table.rows[i];
        if (strcmp(row->name, key) != 0)
            continue;
        scoped_free char *complaint = setting_parse(row, &fixture->options, name, value);
        if (complaint != NULL)
            fail_msg("%s = %s: %s", key, value, complaint);
        return;
    }
    fail_msg("no row %s", key);
}

int identity_fixture_setup(void **state)
{
    struct identity_fixture *fixture = xcalloc(1, sizeof(*fixture));
    scripted_http_init(&fixture->http);
    for (size_t i = 0; i < identity_option_table.n_rows; i++)
        if (identity_option_table.rows[i].fallback != NULL)
            identity_fixture_set(fixture, identity_option_table.rows[i].name, NULL,
                identity_option_table.rows[i].fallback);
    identity_fixture_set(fixture, "cluster_from", NULL, "none");
    fixture->now = (struct now){.boot_ns = 1000 * NS_PER_S, .wall_ms = 1795255200000};
    log_catcher_start(&fixture->log);
    *state = fixture;
    return 0;
}

int identity_fixture_teardown(void **state)
{
    struct identity_fixture *fixture = *state;
    log_catcher_stop(&fixture->log);
    identity_finish(&fixture->identity);
    scripted_http_finish(&fixture->http);
    for (size_t i = 0; i < identity_option_table.n_rows; i++)
        setting_free(&identity_option_table.rows[i], &fixture->options);
    free(fixture);
    return 0;
}

void identity_fixture_tell_instance(struct identity_fixture *fixture)
{
    static const char *const keys[][2] = {
        {"dynamic/instance-identity/document",
            "{\"accountId\": \"012345678901\", \"availabilityZone\": \"us-east-1a\", "
            "\"imageId\": \"ami-0123456789abcdef0\", \"instanceId\": \"i-0123456789abcdef0\", "
            "\"instanceType\": \"m5.large\", \"privateIp\": \"10.0.0.1\", \"region\": "
            "\"us-east-1\"}"},
        {"meta-data/placement/availability-zone-id", "use1-az4"},
        {"meta-data/services/partition", "aws"}, {"meta-data/instance-life-cycle", "on-demand"},
        {"meta-data/mac", "02:00:00:00:00:01"}};
    for (size_t i = 0; i < ARRAY_SIZE(keys); i++)
        scripted_http_key(&fixture->http, keys[i][0], keys[i][1]);
}

void identity_fixture_attach(struct identity_fixture *fixture)
{
    struct eni *eni = &fixture->enis[fixture->n_enis++];
    assert_true(fixture->n_enis <= IDENTITY_FIXTURE_MAX_ENIS);
    *eni = (struct eni){
        .mac = {{2, 0, 0, 0, 0, (uint8_t)fixture->n_enis}}, .ifindex = 1 + (int)fixture->n_enis};
    snprintf(eni->ifname, sizeof(eni->ifname), "ens%zu", 4 + fixture->n_enis);
}

char *identity_fixture_path(size_t eni, const char *key)
{
    return xasprintf("meta-data/network/interfaces/macs/02:00:00:00:00:%02zx/%s", eni, key);
}

static void tell_list(struct identity_fixture *fixture)
{
    char list[IDENTITY_FIXTURE_MAX_ENIS * 20] = {0};
    size_t n = 0;
    for (size_t i = 1; i <= fixture->n_listed; i++)
        n += (size_t)snprintf(list + n, sizeof(list) - n, "02:00:00:00:00:%02zx/\n", i);
    list[n - 1] = '\0';
    scripted_http_key(&fixture->http, "meta-data/network/interfaces/macs/", list);
}

void identity_fixture_tell_eni(struct identity_fixture *fixture)
{
    size_t eni = ++fixture->n_listed;
    char device[24], id[24];
    snprintf(device, sizeof(device), "%zu", eni - 1);
    snprintf(id, sizeof(id), "eni-%08zx", eni);
    const char *keys[][2] = {{"device-number", device}, {"interface-id", id},
        {"subnet-id", "subnet-12345678"}, {"vpc-id", "vpc-12345678"}, {"owner-id", "012345678901"},
        {"security-group-ids", "sg-12345678\nsg-12345679"}};
    for (size_t i = 0; i < ARRAY_SIZE(keys); i++) {
        scoped_free char *path = identity_fixture_path(eni, keys[i][0]);
        scripted_http_key(&fixture->http, path, keys[i][1]);
    }
    tell_list(fixture);
}

void identity_fixture_tell_all(struct identity_fixture *fixture, size_t n_enis)
{
    identity_fixture_tell_instance(fixture);
    for (size_t i = 0; i < n_enis; i++) {
        identity_fixture_attach(fixture);
        identity_fixture_tell_eni(fixture);
    }
}

void identity_fixture_fall_silent(struct identity_fixture *fixture)
{
    scripted_http_break(&fixture->http, &(struct scripted_answer){.outcome = HTTP_UNREACHABLE});
}

void identity_fixture_start(struct identity_fixture *fixture)
{
    struct identity_setting setting = {.options = &fixture->options,
        .http = fixture->options.imds == IDENTITY_IMDS_OFF ? NULL : &fixture->http.base,
        .endpoint = SCRIPTED_ENDPOINT};
    assert_null(identity_options_check(&fixture->options));
    identity_init(&fixture->identity, &setting, &fixture->now);
    identity_fixture_pass(fixture, 0);
}

// One question at a time: never more than one exchange without an answer.
static void work(struct identity_fixture *fixture)
{
    for (size_t i = 0; i < MAX_TURNS; i++) {
        identity_work(&fixture->identity, &fixture->now);
        assert_true(fixture->http.n_busy <= 1);
        bool is_quiet = fixture->http.is_held || fixture->http.n_busy == 0;
        if (is_quiet && identity_due_ns(&fixture->identity) > fixture->now.boot_ns)
            return;
    }
    fail_msg("it does not come to rest");
}

static void move(struct identity_fixture *fixture, uint64_t boot_ns)
{
    fixture->now.wall_ms += (int64_t)((boot_ns - fixture->now.boot_ns) / NS_PER_MS);
    fixture->now.boot_ns = boot_ns;
}

static void pass_a_second(struct identity_fixture *fixture)
{
    uint64_t end_ns = fixture->now.boot_ns + NS_PER_S, due_ns;
    while ((due_ns = identity_due_ns(&fixture->identity)) < end_ns) {
        move(fixture, due_ns > fixture->now.boot_ns ? due_ns : fixture->now.boot_ns);
        work(fixture);
    }
    move(fixture, end_ns);
}

static void see(struct identity_fixture *fixture)
{
    for (size_t i = 0; i < fixture->n_enis; i++)
        identity_see(&fixture->identity, &fixture->enis[i], &fixture->now);
    work(fixture);
}

void identity_fixture_pass(struct identity_fixture *fixture, uint64_t s)
{
    see(fixture);
    for (uint64_t i = 0; i < s; i++) {
        pass_a_second(fixture);
        see(fixture);
    }
}

const struct label *identity_fixture_label(
    struct identity_fixture *fixture, size_t eni, const char *name)
{
    struct record record = {.scope = eni > 0 ? METRIC_SCOPE_ENI : METRIC_SCOPE_INSTANCE};
    if (eni > 0)
        record.eni = (struct eni){.mac = {{2, 0, 0, 0, 0, (uint8_t)eni}}};
    identity_label(&fixture->identity, &record, &fixture->now, &fixture->labels);
    const struct label *found = NULL;
    for (size_t i = 0; i < fixture->labels.n_labels; i++) {
        if (strcmp(fixture->labels.labels[i].name, name) != 0)
            continue;
        assert_null(found); // once only
        found = &fixture->labels.labels[i];
    }
    return found;
}

const char *identity_fixture_value(struct identity_fixture *fixture, size_t eni, const char *name)
{
    static char text[1100];
    const struct label *label = identity_fixture_label(fixture, eni, name);
    if (label == NULL)
        return "(none)";
    snprintf(text, sizeof(text), "%s%s%s%s", label->value != NULL ? label->value : "",
        label->is_stand_in ? " (stand-in)" : "",
        label->value != NULL && label->is_pending ? " " : "", label->is_pending ? "(pending)" : "");
    return text;
}
