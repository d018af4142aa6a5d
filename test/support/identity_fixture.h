// SPDX-License-Identifier: Apache-2.0
// An instance with ENIs: what its metadata service tells, what its kernel shows, and the identity
// in between, on a clock that only the test moves. The test owns it, made by
// identity_fixture_setup() of cmocka.
#pragma once

#include "identity/identity.h"
#include "support/log_catcher.h"
#include "support/scripted_http.h"

#define IDENTITY_FIXTURE_MAX_ENIS 16

struct identity_fixture {
    struct scripted_http http;
    struct identity_options options; // the defaults, but for cluster_from: none
    struct identity identity;
    struct now now;
    size_t n_enis; // the kernel shows, each second
    struct eni enis[IDENTITY_FIXTURE_MAX_ENIS];
    size_t n_listed; // of them the service knows
    struct labels labels;
    struct log_catcher log;
};

int identity_fixture_setup(void **state);
int identity_fixture_teardown(void **state);

#define identity_fixture_test(function)                                                            \
    cmocka_unit_test_setup_teardown(function, identity_fixture_setup, identity_fixture_teardown)

void identity_fixture_set(
    struct identity_fixture *fixture, const char *key, const char *name, const char *value);
// What the service tells of the instance: i-0123456789abcdef0, an m5.large in us-east-1a.
void identity_fixture_tell_instance(struct identity_fixture *fixture);
// The kernel shows one more: 02:00:00:00:00:01 and so on.
void identity_fixture_attach(struct identity_fixture *fixture);
// The service tells of one more: eni-00000001, device 0, and so on, in one subnet and VPC.
void identity_fixture_tell_eni(struct identity_fixture *fixture);
// All three, with so many ENIs.
void identity_fixture_tell_all(struct identity_fixture *fixture, size_t n_enis);
// From now on the service is not there, until scripted_http_recover().
void identity_fixture_fall_silent(struct identity_fixture *fixture);
// Path of a key of an ENI, from 1; the caller's.
char *identity_fixture_path(size_t eni, const char *key);

void identity_fixture_start(struct identity_fixture *fixture);
// Time passes: each second the ENIs are seen, and at each time that it asks for the identity works,
// with all answers that arrive. Fails where it does not come to rest.
void identity_fixture_pass(struct identity_fixture *fixture, uint64_t s);
// The label of the record of an ENI, from 1, or with 0 of the instance; NULL: there is none.
const struct label *identity_fixture_label(
    struct identity_fixture *fixture, size_t eni, const char *name);
// Its value; "(none)", "(pending)"; with " (pending)" or " (stand-in)" behind it.
const char *identity_fixture_value(struct identity_fixture *fixture, size_t eni, const char *name);
