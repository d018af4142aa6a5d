// SPDX-License-Identifier: Apache-2.0
// Records that wait for their labels: others pass them, nothing is lost, and nothing spins.
#include <jansson.h>

#include "encode/metric_datum.h"
#include "support/scripted_http.h"
#include "unit/pipeline_bench.h"

#define WAIT_S   UINT64_C(300)
#define DOCUMENT "dynamic/instance-identity/document"
#define LIST     "meta-data/network/interfaces/macs/"
#define ENI      LIST "02:00:00:00:00:01/"

struct labels_bench {
    struct bench *bench;
    struct scripted_http http;
};

// The id of the instance is not configured; nothing answers yet.
static int set_up_labels(void **state)
{
    struct labels_bench *self = xcalloc(1, sizeof(*self));
    set_up((void **)&self->bench);
    scripted_http_init(&self->http);
    self->http.is_held = true;
    struct bench *bench = self->bench;
    identity_finish(&bench->identity);
    bench->identity_options.instance_id = NULL;
    bench->identity_options.wait_ms = WAIT_S * SECOND;
    identity_init(&bench->identity,
        &(struct identity_setting){
            &bench->identity_options, &self->http.base, SCRIPTED_ENDPOINT, false},
        &bench->now);
    *state = self;
    return 0;
}

static int tear_down_labels(void **state)
{
    struct labels_bench *self = *state;
    tear_down((void **)&self->bench);
    scripted_http_finish(&self->http);
    free(self);
    return 0;
}

// As the daemon does at each wake-up, until nothing more happens.
static void turn(struct labels_bench *self)
{
    struct bench *bench = self->bench;
    for (size_t i = 0; i < 100; i++) {
        size_t n_requests = self->http.n_requests;
        identity_work(&bench->identity, &bench->now);
        ship(bench);
        if (self->http.n_requests == n_requests && !has_work(bench))
            return;
    }
    fail_msg("it does not come to rest");
}

static void run(struct labels_bench *self, size_t n_s, uint64_t increase)
{
    for (size_t i = 0; i < n_s; i++) {
        tick(self->bench, increase);
        turn(self);
    }
}

static void tell_instance(struct labels_bench *self)
{
    scripted_http_key(&self->http, DOCUMENT, "{\"instanceId\": \"i-0123456789abcdef0\"}");
    scripted_http_key(&self->http, "meta-data/mac", "02:00:00:00:00:01");
    self->http.is_held = false;
}

static void tell_eni(struct labels_bench *self)
{
    scripted_http_key(&self->http, LIST, "02:00:00:00:00:01/");
    scripted_http_key(&self->http, ENI "interface-id", "eni-00000001");
    self->http.is_held = false;
}

static json_t *document(const struct labels_bench *self, size_t i)
{
    assert_true(i < self->bench->sink.n_documents);
    json_t *root = json_loads(self->bench->sink.documents[i], JSON_REJECT_DUPLICATES, NULL);
    assert_non_null(root);
    return root;
}

static const char *text_of(const json_t *root, const char *name)
{
    const char *text = json_string_value(json_object_get(root, name));
    return text != NULL ? text : "(none)";
}

// Of the documents of ENIs, or of the instance.
static json_int_t sum_of(const struct labels_bench *self, bool is_of_eni, size_t *ret_n_documents)
{
    json_int_t sum = 0;
    *ret_n_documents = 0;
    for (size_t i = 0; i < self->bench->sink.n_documents; i++) {
        json_auto_t *root = document(self, i);
        if ((json_object_get(root, "interface") != NULL) != is_of_eni)
            continue;
        size_t k;
        json_t *value;
        json_array_foreach(json_object_get(root, "pps_allowance_exceeded"), k, value)
            sum += json_integer_value(value);
        (*ret_n_documents)++;
    }
    return sum;
}

static void records_wait_unlabelled_and_nothing_spins(void **state)
{
    struct labels_bench *self = *state;
    run(self, 100, 1);
    assert_int_equal(self->bench->sink.n_documents, 0);
    assert_int_equal(self->bench->journal.queue.n_records, 20);
    assert_false(has_work(self->bench));
    assert_false(delivery_is_drained(&self->bench->pipeline.delivery));
}

static void they_go_out_with_their_labels_when_these_come(void **state)
{
    struct labels_bench *self = *state;
    run(self, 100, 1);
    tell_instance(self);
    tell_eni(self);
    run(self, 1, 1);
    assert_int_equal(self->bench->sink.n_documents, 20);
    uint64_t seen = 0;
    for (size_t i = 0; i < 20; i++) {
        json_auto_t *root = document(self, i);
        seen |= UINT64_C(1) << json_integer_value(json_object_get(root, "sequence"));
        assert_string_equal(text_of(root, "InstanceId"), "i-0123456789abcdef0");
        assert_null(json_object_get(root, "unidentified"));
        assert_string_equal(text_of(root, "Identifier"), "i-0123456789abcdef0");
        if (json_object_get(root, "interface") != NULL)
            assert_string_equal(text_of(root, "NetworkInterfaceId"), "eni-00000001");
    }
    size_t n;
    assert_int_equal(seen, 0x1ffffe);             // 1 to 20
    assert_int_equal(sum_of(self, true, &n), 99); // the first is the baseline
    assert_int_equal(sum_of(self, false, &n), 99);
}

static void the_instance_passes_an_eni_that_waits(void **state)
{
    struct labels_bench *self = *state;
    tell_instance(self);
    run(self, 100, 1);
    size_t n_enis, n_instance;
    assert_int_equal(sum_of(self, false, &n_instance), 99);
    assert_int_equal(n_instance, 10);
    sum_of(self, true, &n_enis);
    assert_int_equal(n_enis, 0);
    assert_int_equal(self->bench->journal.queue.n_records, 10);
    assert_false(has_work(self->bench));
    tell_eni(self);
    run(self, 9, 1); // the list is asked for every 60 s by now
    run(self, 55, 1);
    assert_int_equal(sum_of(self, true, &n_enis), 159);
    assert_int_equal(n_enis, 16);
}

static void after_the_wait_they_go_out_as_they_are_and_say_so(void **state)
{
    struct labels_bench *self = *state;
    struct bench *bench = self->bench;
    run(self, WAIT_S - 5, 1); // nothing is pushed by the end of a window
    assert_int_equal(bench->sink.n_documents, 0);
    run(self, 5, 1);
    size_t n_before = bench->sink.n_documents;
    pass(bench, 2 * SECOND); // the ENI was seen a second later
    turn(self);
    assert_true(bench->sink.n_documents > 0);
    assert_true(n_before > 0);
    assert_int_equal(bench->sink.n_documents, 60);
    for (size_t i = 0; i < 60; i++) {
        json_auto_t *root = document(self, i);
        bool is_of_eni = json_object_get(root, "interface") != NULL;
        const json_t *unidentified = json_object_get(root, "unidentified");
        assert_int_equal(json_array_size(unidentified), is_of_eni ? 2 : 1);
        assert_string_equal(json_string_value(json_array_get(unidentified, 0)), "InstanceId");
        assert_string_equal(text_of(root, "InstanceId"), bench->identity.host_name);
        assert_null(json_object_get(root, "ResourceType"));
        if (is_of_eni)
            assert_string_equal(text_of(root, "NetworkInterfaceId"), "02:00:00:00:00:01");
    }
}

// The id is known, another dimension is not: the end of the wait ends it, no window does.
static void the_wait_for_another_dimension_ends_with_the_wait(void **state)
{
    struct labels_bench *self = *state;
    struct bench *bench = self->bench;
    publish_by(bench, "InstanceId; AvailabilityZoneId", "InstanceId, NetworkInterfaceId");
    tell_instance(self);
    tell_eni(self);
    run(self, 20, 1);
    assert_int_equal(bench->sink.n_documents, 2); // the ENI's
    self->http.is_held = true;                    // no answer wakes anybody
    pass(bench, (WAIT_S - 20) * SECOND);
    turn(self);
    assert_int_equal(bench->sink.n_documents, 4);
    json_auto_t *root = document(self, 3);
    assert_string_equal(text_of(root, "InstanceId"), "i-0123456789abcdef0");
    assert_null(json_object_get(root, "AvailabilityZoneId"));
}

static void who_is_in_a_hurry_waits_no_more(void **state)
{
    struct labels_bench *self = *state;
    run(self, 30, 1);
    assert_int_equal(self->bench->sink.n_documents, 0);
    delivery_hurry(&self->bench->pipeline.delivery);
    assert_true(has_work(self->bench));
    turn(self);
    assert_int_equal(self->bench->sink.n_documents, 6);
    assert_true(delivery_is_drained(&self->bench->pipeline.delivery));
}

static void a_sink_that_is_busy_loses_nothing_of_what_waits(void **state)
{
    struct labels_bench *self = *state;
    struct bench *bench = self->bench;
    tell_instance(self);
    bench->sink.answer.ship = SHIP_BUSY;
    run(self, 35, 1); // ENI records wait, those of the instance are in flight
    assert_true(bench->pipeline.delivery.is_in_flight);
    bench->sink.answer = (struct ship_answer){SHIP_LATER, 1};
    ship(bench);
    bench->sink.answer = (struct ship_answer){SHIP_TAKEN, 0};
    tell_eni(self);
    run(self, 95, 1); // rests and windows
    size_t n_enis, n_instance;
    assert_int_equal(sum_of(self, false, &n_instance), 129);
    assert_int_equal(sum_of(self, true, &n_enis), 129);
    assert_int_equal(n_instance, 13);
    assert_int_equal(n_enis, 13);
}

// What was sent in part has its labels, whatever becomes known since.
static void a_record_that_was_sent_in_part_does_not_wait_again(void **state)
{
    struct labels_bench *self = *state;
    struct bench *bench = self->bench;
    bench->sink.limits.item_bytes = 440;
    run(self, 10, UINT64_C(1) << 20);
    delivery_hurry(&bench->pipeline.delivery);
    bench->sink.answer = (struct ship_answer){SHIP_LATER, 1};
    ship(bench);
    assert_int_equal(bench->sink.n_documents, 1);
    bench->pipeline.delivery.is_hurried =
        false; // as the end of the wait and a new ENI would make it
    bench->sink.answer = (struct ship_answer){SHIP_TAKEN, 0};
    uint32_t n_parts = bench->journal.queue.first->parts.n_parts;
    assert_true(n_parts > 1);
    turn(self);
    assert_int_equal(bench->sink.n_documents, n_parts);
    for (uint32_t i = 0; i < n_parts; i++) {
        json_auto_t *root = document(self, i);
        assert_int_equal(json_integer_value(json_object_get(root, "sequence")), 1);
        assert_int_equal(json_integer_value(json_object_get(root, "part")), i + 1);
    }
    assert_int_equal(bench->journal.queue.n_records, 1);
}

// Of an ENI nobody knows the subnet yet: there is no datum of it, while there are of the instance.
static void publish_datums_by_subnet(struct labels_bench *self)
{
    self->bench->pipeline.delivery.encoder.ops = &metric_datum_encoder;
    publish_by(self->bench, "InstanceId", "SubnetId");
    tell_instance(self);
}

static void a_record_without_a_datum_waits_as_long_as_one_may_come(void **state)
{
    struct labels_bench *self = *state;
    struct bench *bench = self->bench;
    publish_datums_by_subnet(self);
    run(self, 20, 1);
    assert_int_equal(bench->sink.n_documents, 2);
    assert_int_equal(bench->journal.queue.n_records, 2);
    assert_int_equal(bench->health.n_records_refused, 0);
    scripted_http_key(&self->http, ENI "subnet-id", "subnet-00000001");
    tell_eni(self);
    run(self, 60, 1);
    assert_int_equal(bench->journal.queue.n_records, 0);
    assert_int_equal(bench->health.n_records_refused, 0);
    assert_int_equal(bench->sink.n_documents, 16);
}

static void a_record_without_a_datum_is_refused_when_none_will_come(void **state)
{
    struct labels_bench *self = *state;
    struct bench *bench = self->bench;
    publish_datums_by_subnet(self);
    run(self, WAIT_S - 5, 1);
    assert_int_equal(bench->health.n_records_refused, 0);
    run(self, 30, 1);
    assert_int_equal(bench->health.n_records_refused, 32);
    assert_int_equal(bench->sink.n_documents, 32);
    assert_true(delivery_is_drained(&bench->pipeline.delivery));
}

// The wait was over, but the sink did not take the batch; then the ENI was attached anew.
static void a_record_that_was_given_up_waits_again_when_a_datum_may_come(void **state)
{
    struct labels_bench *self = *state;
    struct bench *bench = self->bench;
    publish_datums_by_subnet(self);
    bench->sink.is_ready = false;
    run(self, WAIT_S + 10, 1);
    bench->sink.is_ready = true;
    bench->sink.answer = (struct ship_answer){SHIP_LATER, 0};
    ship(bench);
    assert_int_equal(bench->pipeline.delivery.batch.n_items, 31);
    bench->eni.ifindex = 9;
    tick(bench, 1);
    bench->sink.answer = (struct ship_answer){SHIP_TAKEN, 0};
    ship(bench);
    assert_int_equal(bench->sink.n_documents, 31);
    assert_int_equal(bench->journal.queue.n_records, 31);
    assert_int_equal(bench->health.n_records_refused, 0);
    scripted_http_key(&self->http, ENI "subnet-id", "subnet-00000001");
    tell_eni(self);
    run(self, 60, 1);
    assert_int_equal(bench->health.n_records_refused, 0);
    assert_true(delivery_is_drained(&bench->pipeline.delivery));
}

static void who_is_in_a_hurry_does_not_wait_for_a_datum(void **state)
{
    struct labels_bench *self = *state;
    struct bench *bench = self->bench;
    publish_datums_by_subnet(self);
    run(self, 20, 1);
    delivery_hurry(&bench->pipeline.delivery);
    turn(self);
    assert_int_equal(bench->health.n_records_refused, 2);
    assert_true(delivery_is_drained(&bench->pipeline.delivery));
}

#undef TEST
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up_labels, tear_down_labels)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(records_wait_unlabelled_and_nothing_spins),
        TEST(they_go_out_with_their_labels_when_these_come),
        TEST(the_instance_passes_an_eni_that_waits),
        TEST(after_the_wait_they_go_out_as_they_are_and_say_so),
        TEST(the_wait_for_another_dimension_ends_with_the_wait),
        TEST(who_is_in_a_hurry_waits_no_more),
        TEST(a_sink_that_is_busy_loses_nothing_of_what_waits),
        TEST(a_record_that_was_sent_in_part_does_not_wait_again),
        TEST(a_record_without_a_datum_waits_as_long_as_one_may_come),
        TEST(a_record_without_a_datum_is_refused_when_none_will_come),
        TEST(a_record_that_was_given_up_waits_again_when_a_datum_may_come),
        TEST(who_is_in_a_hurry_does_not_wait_for_a_datum),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
