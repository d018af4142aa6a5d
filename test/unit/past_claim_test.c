// SPDX-License-Identifier: Apache-2.0
// Whose the records of another boot are: the whole table of what was known then, what is known
// today, and which MACs are seen.
#include <string.h>

#include "identity/past.h"
#include "support/identity_fixture.h"
#include "support/unit.h"

#define WAIT_S 300 // the default of identity.wait

// What the metadata service says of the instance today.
enum service { SAME, OTHER, SILENT, OFF, N_SERVICES };
// Which of the two ENIs of then are seen today; OTHERS: one that was not there then.
enum macs { BOTH, ONE, OTHERS, NONE, N_MACS };

static void set_mac(struct identity_fixture *fixture, size_t eni, uint8_t octet)
{
    fixture->enis[eni].mac.octets[4] = octet;
}

static void tell_other_id(struct identity_fixture *fixture)
{
    scripted_http_key(&fixture->http, "dynamic/instance-identity/document",
        "{\"instanceId\": \"i-0fedcba9876543210\"}");
}

// A boot with two ENIs, whose journal the past is from; then the machine is off.
static void live_once(struct identity_fixture *fixture, bool is_id_told, struct past *past)
{
    identity_fixture_tell_all(fixture, 2);
    if (!is_id_told)
        identity_fixture_fall_silent(fixture);
    identity_fixture_start(fixture);
    json_auto_t *who = identity_tell(&fixture->identity);
    identity_finish(&fixture->identity);
    past_init(past, &fixture->options, who);
    scripted_http_recover(&fixture->http);
    fixture->now.boot_ns = 20 * NS_PER_S;
}

static void wake_up(struct identity_fixture *fixture, enum service service, enum macs macs)
{
    if (service == OTHER)
        tell_other_id(fixture);
    if (service == SILENT)
        identity_fixture_fall_silent(fixture);
    if (service == OFF)
        identity_fixture_set(fixture, "imds", NULL, "off");
    fixture->n_enis = macs == BOTH ? 2 : macs == NONE ? 0 : 1;
    if (macs == OTHERS)
        set_mac(fixture, 0, 0xaa);
    identity_fixture_start(fixture);
}

static struct record record_of(size_t eni)
{
    if (eni == 0)
        return (struct record){.scope = METRIC_SCOPE_INSTANCE};
    return (struct record){
        .scope = METRIC_SCOPE_ENI, .eni = {.mac = {{2, 0, 0, 0, 0, (uint8_t)eni}}}};
}

static char claim_of(const struct past *past, const struct identity_fixture *fixture, size_t eni)
{
    struct record record = record_of(eni);
    return "OPF"[past_claim(past, &fixture->identity, &record)];
}

static const struct row {
    bool is_id_told; // then
    enum service service;
    bool is_late;                // identity.wait is over
    const char expected[N_MACS]; // O: ours, P: pending, F: foreign
} rows[] = {
    // Two ids that are known decide, whatever MACs say.
    {true, SAME, false, "OOOO"},
    {true, SAME, true, "OOOO"},
    {true, OTHER, false, "FFFF"},
    {true, OTHER, true, "FFFF"},
    // Today's may come: neither is said before.
    {true, SILENT, false, "PPPP"},
    {false, SILENT, false, "PPPP"},
    // It will not: one MAC of then is enough; that there is none is believed after the wait, and
    // never while no ENI is seen at all.
    {true, SILENT, true, "OOFP"},
    {true, OFF, false, "OOPP"},
    {true, OFF, true, "OOFP"},
    // That of then was not known: nothing to compare today's with.
    {false, SAME, false, "OOPP"},
    {false, SAME, true, "OOFP"},
    {false, OTHER, false, "OOPP"},
    {false, OTHER, true, "OOFP"},
    {false, SILENT, true, "OOFP"},
    {false, OFF, false, "OOPP"},
    {false, OFF, true, "OOFP"},
};

// Of the instance, and of the second ENI, which was seen then, and today with BOTH only. Fails
// after the teardown: till then nobody would hear of it.
static void check_row(const struct row *row, enum macs macs)
{
    void *state = NULL;
    identity_fixture_setup(&state);
    struct identity_fixture *fixture = state;
    struct past past;
    live_once(fixture, row->is_id_told, &past);
    wake_up(fixture, row->service, macs);
    identity_fixture_pass(fixture, row->is_late ? WAIT_S : WAIT_S - 1);
    char of_instance = claim_of(&past, fixture, 0), of_eni = claim_of(&past, fixture, 2);
    past_finish(&past);
    identity_fixture_teardown(&state);
    if (of_instance != row->expected[macs] || of_eni != row->expected[macs])
        fail_msg("row %zu, macs %d: %c and %c, not %c", (size_t)(row - rows), (int)macs,
            of_instance, of_eni, row->expected[macs]);
}

static void every_row_of_the_table(void **state)
{
    (void)state;
    assert_int_equal(ARRAY_SIZE(rows), 2 * N_SERVICES * 2);
    for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
        for (enum macs macs = 0; macs < N_MACS; macs++)
            check_row(&rows[i], macs);
}

// A thousand nodes of one image, which carries the configuration too: a name in it is no evidence.
static void a_configured_id_claims_nothing(void **state)
{
    struct identity_fixture *fixture = *state;
    struct past past;
    identity_fixture_set(fixture, "instance_id", NULL, "golden");
    live_once(fixture, true, &past);
    wake_up(fixture, OTHER, OTHERS);
    assert_int_equal(claim_of(&past, fixture, 0), 'F');
    past_finish(&past);
}

static void a_configured_id_disowns_nothing(void **state)
{
    struct identity_fixture *fixture = *state;
    struct past past;
    identity_fixture_set(fixture, "instance_id", NULL, "before");
    live_once(fixture, true, &past);
    identity_fixture_set(fixture, "instance_id", NULL, "after");
    wake_up(fixture, SAME, BOTH);
    assert_int_equal(claim_of(&past, fixture, 0), 'O');
    past_finish(&past);
}

static void check_without_a_note(enum service service)
{
    void *state = NULL;
    identity_fixture_setup(&state);
    struct identity_fixture *fixture = state;
    struct past past;
    live_once(fixture, true, &past);
    past_finish(&past);
    past_init(&past, &fixture->options, NULL);
    wake_up(fixture, service, ONE);
    identity_fixture_pass(fixture, WAIT_S);
    char claims[4] = {0};
    for (size_t eni = 0; eni < 3; eni++)
        claims[eni] = claim_of(&past, fixture, eni);
    past_finish(&past);
    identity_fixture_teardown(&state);
    assert_string_equal(claims, "FOF");
}

static void without_a_note_a_record_of_an_eni_is_claimed_by_its_own_mac(void **state)
{
    (void)state;
    for (enum service service = 0; service < N_SERVICES; service++)
        check_without_a_note(service);
}

// Its labels will not be pending, so its claim is until what it is called is known.
static void a_record_waits_for_the_id_of_its_eni(void **state)
{
    struct identity_fixture *fixture = *state;
    struct past past;
    identity_fixture_tell_instance(fixture);
    identity_fixture_attach(fixture);
    identity_fixture_start(fixture);
    json_auto_t *who = identity_tell(&fixture->identity);
    identity_finish(&fixture->identity);
    past_init(&past, &fixture->options, who);
    identity_fixture_start(fixture);
    assert_int_equal(claim_of(&past, fixture, 0), 'O');
    assert_int_equal(claim_of(&past, fixture, 1), 'P');
    assert_int_equal(claim_of(&past, fixture, 2), 'O'); // nobody asks about one that is not there
    uint64_t n_changes = fixture->identity.n_changes;
    identity_fixture_tell_eni(fixture);
    identity_fixture_pass(fixture, 2);
    assert_true(fixture->identity.n_changes > n_changes);
    assert_int_equal(claim_of(&past, fixture, 1), 'O');
    past_finish(&past);
}

static void it_waits_for_no_id_that_will_not_come_or_is_configured(void **state)
{
    struct identity_fixture *fixture = *state;
    struct past past;
    identity_fixture_tell_instance(fixture);
    identity_fixture_attach(fixture);
    identity_fixture_attach(fixture);
    identity_fixture_start(fixture);
    json_auto_t *who = identity_tell(&fixture->identity);
    identity_finish(&fixture->identity);
    past_init(&past, &fixture->options, who);
    identity_fixture_set(fixture, "eni", "02:00:00:00:00:02", "eni-fedcba98");
    identity_fixture_start(fixture);
    assert_int_equal(claim_of(&past, fixture, 2), 'O');
    identity_fixture_pass(fixture, WAIT_S - 1);
    assert_int_equal(claim_of(&past, fixture, 1), 'P');
    identity_fixture_pass(fixture, 1);
    assert_int_equal(claim_of(&past, fixture, 1), 'O');
    past_finish(&past);
}

// The law that whoever waits relies on.
static void claims_change_with_n_changes_only(void **state)
{
    struct identity_fixture *fixture = *state;
    struct past past;
    char before[3] = {'P', 'P', 'P'}, after[3];
    size_t n_times = 0;
    uint64_t n_changes = 0;
    live_once(fixture, false, &past);
    identity_fixture_fall_silent(fixture);
    fixture->n_enis = 0;
    identity_fixture_start(fixture);
    for (size_t s = 0; s < 2 * WAIT_S; s++) {
        if (s == 100)
            scripted_http_recover(&fixture->http); // the id comes, and decides nothing
        fixture->n_enis = s < 400 ? 0 : s < 500 ? 1 : 2;
        fixture->http.is_held = s >= 400 && s < 450; // the ids of ENIs are late
        identity_fixture_pass(fixture, 1);
        for (size_t eni = 0; eni < 3; eni++)
            after[eni] = claim_of(&past, fixture, eni);
        bool is_other = memcmp(before, after, sizeof(after)) != 0;
        assert_true(!is_other || fixture->identity.n_changes > n_changes);
        n_times += is_other;
        n_changes = fixture->identity.n_changes;
        memcpy(before, after, sizeof(before));
    }
    assert_memory_equal(after, "OOO", 3);
    assert_true(n_times >= 2); // ENI 1 waits longer than the others
    past_finish(&past);
}

// One that is off asks nobody, and still has an end of the wait, which is told.
static void without_the_service_the_end_of_the_wait_is_a_change(void **state)
{
    struct identity_fixture *fixture = *state;
    struct past past;
    live_once(fixture, true, &past);
    wake_up(fixture, OFF, OTHERS);
    identity_fixture_pass(fixture, WAIT_S - 1);
    uint64_t n_changes = fixture->identity.n_changes;
    assert_int_equal(claim_of(&past, fixture, 0), 'P');
    identity_fixture_pass(fixture, 1);
    assert_int_equal(claim_of(&past, fixture, 0), 'F');
    assert_true(fixture->identity.n_changes > n_changes);
    assert_int_equal(identity_due_ns(&fixture->identity), UINT64_MAX);
    assert_int_equal(log_catcher_count(&fixture->log, "within identity.wait"), 0);
    past_finish(&past);
}

#define TEST(name) identity_fixture_test(name)

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_row_of_the_table),
        TEST(a_configured_id_claims_nothing),
        TEST(a_configured_id_disowns_nothing),
        cmocka_unit_test(without_a_note_a_record_of_an_eni_is_claimed_by_its_own_mac),
        TEST(a_record_waits_for_the_id_of_its_eni),
        TEST(it_waits_for_no_id_that_will_not_come_or_is_configured),
        TEST(claims_change_with_n_changes_only),
        TEST(without_the_service_the_end_of_the_wait_is_a_change),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
