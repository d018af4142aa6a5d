// SPDX-License-Identifier: Apache-2.0
// What the answer of a sink makes of each item and of its record, and what the pipeline tells the
// sink.
#include <stdio.h>

#include "log.h"
#include "unit/dice.h"
#include "unit/pipeline_bench.h"

static const struct health *health_of(const struct bench *bench)
{
    return &bench->health;
}

static void assert_health(
    const struct bench *bench, uint64_t n_delivered, uint64_t n_refused, uint64_t n_documents)
{
    assert_int_equal(health_of(bench)->n_records_delivered, n_delivered);
    assert_int_equal(health_of(bench)->n_records_refused, n_refused);
    assert_int_equal(health_of(bench)->n_documents_refused, n_documents);
}

static void an_item_that_is_refused_is_not_delivered(void **state)
{
    struct bench *bench = *state;
    static const unsigned char is_refused[] = {0, 1, 1, 0, 0, 0};
    ticks(bench, 30, 1);
    bench->sink.answer = (struct ship_answer){.ship = SHIP_TAKEN, .is_refused = is_refused};
    ship(bench);
    assert_int_equal(bench->sink.n_documents, 4);
    assert_health(bench, 4, 2, 2);
    assert_int_equal(health_of(bench)->delivered_ns, bench->now.boot_ns);
    assert_true(delivery_is_drained(&bench->pipeline.delivery));
}

static void the_rest_comes_again_and_what_was_refused_does_not(void **state)
{
    struct bench *bench = *state;
    static const unsigned char is_refused[] = {1, 0, 1};
    ticks(bench, 30, 1);
    bench->sink.answer = (struct ship_answer){SHIP_LATER, 3, is_refused};
    ship(bench);
    assert_health(bench, 1, 2, 2);
    assert_int_equal(bench->journal.queue.n_records, 3);
    bench->sink.answer = (struct ship_answer){.ship = SHIP_TAKEN};
    ship(bench);
    assert_int_equal(bench->sink.n_documents, 4);
    assert_health(bench, 4, 2, 2);
}

static void all_that_is_refused_item_by_item_is_no_delivery(void **state)
{
    struct bench *bench = *state;
    static const unsigned char is_refused[] = {1, 1};
    ticks(bench, 10, 1);
    bench->sink.answer = (struct ship_answer){SHIP_LATER, 2, is_refused};
    ship(bench);
    assert_health(bench, 0, 2, 2);
    assert_int_equal(health_of(bench)->delivered_ns, 0);
    assert_true(delivery_is_drained(&bench->pipeline.delivery));
}

// Records of several documents, as many as the test is told.
static uint32_t cut_small(struct bench *bench)
{
    bench->sink.limits.item_bytes = 580;
    ticks(bench, 10, UINT64_C(1) << 29);
    bench->sink.answer = (struct ship_answer){SHIP_LATER, 0};
    ship(bench);
    uint32_t n_parts = bench->journal.queue.last->parts.n_parts; // of the ENI
    assert_true(n_parts >= 3);
    assert_int_equal(bench->journal.queue.first->parts.n_parts, 1);
    bench->sink.limits.batch_items = 1;
    return n_parts;
}

static void answer_one(struct bench *bench, unsigned char is_refused)
{
    bench->sink.answer = (struct ship_answer){.ship = SHIP_TAKEN, .is_refused = &is_refused};
    ship(bench);
}

static void a_refused_part_tells_when_the_last_one_is_settled(void **state)
{
    struct bench *bench = *state;
    uint32_t n_parts = cut_small(bench);
    answer_one(bench, 0); // the instance
    assert_health(bench, 1, 0, 0);
    answer_one(bench, 1);
    assert_health(bench, 1, 0, 1);
    for (uint32_t i = 1; i < n_parts - 1; i++) {
        answer_one(bench, 0);
        assert_health(bench, 1, 0, 1);
    }
    answer_one(bench, 0);
    assert_health(bench, 1, 1, 1);
    assert_true(delivery_is_drained(&bench->pipeline.delivery));
}

static void a_batch_that_is_refused_marks_the_record_that_it_cuts(void **state)
{
    struct bench *bench = *state;
    uint32_t n_parts = cut_small(bench);
    answer_one(bench, 0);
    bench->sink.answer = (struct ship_answer){.ship = SHIP_NEVER};
    ship(bench);
    assert_health(bench, 1, 0, 1);
    for (uint32_t i = 1; i < n_parts; i++)
        answer_one(bench, 0);
    assert_health(bench, 1, 1, 1);
}

static void what_never_goes_is_counted_item_by_item(void **state)
{
    struct bench *bench = *state;
    ticks(bench, 30, 1);
    bench->sink.answer.ship = SHIP_NEVER;
    ship(bench);
    assert_health(bench, 0, 6, 6);
}

static void doubts_of_the_sink_are_passed_on(void **state)
{
    struct bench *bench = *state;
    bench->sink.base.n_maybe_doubled = 3;
    ship(bench);
    assert_int_equal(health_of(bench)->n_maybe_doubled, 3);
    bench->sink.base.n_maybe_doubled = 7;
    ship(bench);
    assert_int_equal(health_of(bench)->n_maybe_doubled, 7);
}

static void the_sink_is_told_to_hurry_once(void **state)
{
    struct bench *bench = *state;
    assert_int_equal(bench->sink.n_hurries, 0);
    delivery_hurry(&bench->pipeline.delivery);
    delivery_hurry(&bench->pipeline.delivery);
    assert_int_equal(bench->sink.n_hurries, 1);
}

static void a_sink_need_not_know_how_to_hurry(void **state)
{
    struct bench *bench = *state;
    struct sink_ops ops = scripted_ops;
    ops.hurry = NULL;
    bench->sink.base.ops = &ops;
    delivery_hurry(&bench->pipeline.delivery);
    assert_true(bench->pipeline.delivery.is_hurried);
}

// Windows of ten seconds, two records each.
static void a_batch_ends_before_its_span_is_passed(void **state)
{
    struct bench *bench = *state;
    bench->sink.is_ready = false;
    ticks(bench, 60, 1);
    bench->sink.is_ready = true;
    bench->sink.limits.span_ms = 20000;
    ship(bench);
    assert_int_equal(bench->sink.n_documents, 6);
    assert_int_equal(bench->pipeline.delivery.batch.items[0].timestamp_ms, T0);
    assert_int_equal(bench->pipeline.delivery.batch.items[5].timestamp_ms, T0 + 20000);
    assert_true(has_work(bench));
    ship(bench);
    assert_int_equal(bench->sink.n_documents, 12);
    assert_true(delivery_is_drained(&bench->pipeline.delivery));
}

static void a_batch_ends_before_its_bytes_with_the_overhead_are_passed(void **state)
{
    struct bench *bench = *state;
    bench->sink.is_ready = false;
    ticks(bench, 20, 1);
    bench->sink.is_ready = true;
    bench->sink.answer = (struct ship_answer){SHIP_LATER, 0};
    ship(bench);
    const struct batch_item *items = bench->pipeline.delivery.batch.items;
    assert_int_equal(bench->pipeline.delivery.batch.n_items, 4);
    size_t n_bytes = items[0].n_bytes + items[1].n_bytes + items[2].n_bytes;
    bench->sink.limits.item_overhead_bytes = 26;
    bench->sink.limits.batch_bytes = n_bytes + (size_t)3 * 26;
    ship(bench);
    assert_int_equal(bench->pipeline.delivery.batch.n_items, 3);
    bench->sink.limits.batch_bytes--;
    ship(bench);
    assert_int_equal(bench->pipeline.delivery.batch.n_items, 2);
}

// The limit of a batch is one of its items too: else a record would be planned again and again.
static void a_document_is_cut_to_what_a_batch_takes(void **state)
{
    struct bench *bench = *state;
    bench->sink.limits.batch_bytes = 700;
    bench->sink.limits.item_overhead_bytes = 120;
    ticks(bench, 10, UINT64_C(1) << 29);
    for (int i = 0; i < 20 && has_work(bench); i++)
        ship(bench);
    assert_true(delivery_is_drained(&bench->pipeline.delivery));
    assert_health(bench, 2, 0, 0);
    assert_true(bench->sink.n_documents > 2);
}

// --- Any answers to any batches ---

#define MAX_SEQUENCE 10000

struct account {
    struct dice dice;
    unsigned char is_refused[100];
    bool has_refused[MAX_SEQUENCE]; // of the record with this number
    uint64_t n_delivered, n_refused, n_documents_refused;
};

static void answer_at_random(struct bench *bench, struct account *account)
{
    static const enum ship answers[] = {SHIP_TAKEN, SHIP_LATER, SHIP_BUSY, SHIP_NEVER, SHIP_TAKEN};
    struct dice *dice = &account->dice;
    for (size_t i = 0; i < sizeof(account->is_refused); i++)
        account->is_refused[i] = dice_below(dice, 6) == 0;
    bench->sink.answer = (struct ship_answer){
        .ship = answers[dice_below(dice, ARRAY_SIZE(answers))],
        .n_taken = dice_below(dice, 6),
        .is_refused = dice_below(dice, 2) == 0 ? account->is_refused : NULL};
}

// By what the document says of itself.
static void account_item(struct account *account, const char *document, bool is_refused)
{
    unsigned int sequence, part, parts;
    const char *end = strstr(document, "\"sequence\":");
    assert_non_null(end);
    assert_int_equal(
        sscanf(end, "\"sequence\":%u,\"part\":%u,\"parts\":%u}", &sequence, &part, &parts), 3);
    assert_in_range(sequence, 1, MAX_SEQUENCE - 1);
    account->n_documents_refused += is_refused;
    account->has_refused[sequence] |= is_refused;
    if (part < parts)
        return;
    account->n_refused += account->has_refused[sequence];
    account->n_delivered += !account->has_refused[sequence];
}

static void account_batch(const struct bench *bench, struct account *account)
{
    const struct ship_answer *answer = &bench->sink.answer;
    const struct batch *batch = &bench->pipeline.delivery.batch;
    size_t n_taken = answer->ship == SHIP_LATER ? answer->n_taken : batch->n_items;
    for (size_t i = 0; answer->ship != SHIP_BUSY && i < n_taken && i < batch->n_items; i++)
        account_item(account, batch->bytes + batch->items[i].offset,
            answer->ship == SHIP_NEVER ||
                (answer->is_refused != NULL && answer->is_refused[i] != 0));
}

static void any_answers_settle_every_item_once(void **state)
{
    struct bench *bench = *state;
    struct account *account = xcalloc(1, sizeof(*account));
    dice_init(&account->dice);
    log_set_level((enum log_level)0); // silent
    bench->sink.limits.item_bytes = 620;
    for (int i = 0; i < 3000; i++) {
        ticks(bench, dice_below(&account->dice, 12), dice_below(&account->dice, 2) << 29);
        bench->sink.limits.batch_items = 1 + dice_below(&account->dice, 12);
        answer_at_random(bench, account);
        bool is_shipped = bench->pipeline.delivery.is_in_flight || has_work(bench);
        ship(bench);
        if (is_shipped)
            account_batch(bench, account);
        assert_health(
            bench, account->n_delivered, account->n_refused, account->n_documents_refused);
    }
    log_set_level(LOG_LEVEL_INFO);
    assert_true(account->n_delivered > 100 && account->n_refused > 100);
    assert_true(account->n_documents_refused > account->n_refused);
    free(account);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(an_item_that_is_refused_is_not_delivered),
        TEST(the_rest_comes_again_and_what_was_refused_does_not),
        TEST(all_that_is_refused_item_by_item_is_no_delivery),
        TEST(a_refused_part_tells_when_the_last_one_is_settled),
        TEST(a_batch_that_is_refused_marks_the_record_that_it_cuts),
        TEST(what_never_goes_is_counted_item_by_item),
        TEST(doubts_of_the_sink_are_passed_on),
        TEST(the_sink_is_told_to_hurry_once),
        TEST(a_sink_need_not_know_how_to_hurry),
        TEST(a_batch_ends_before_its_span_is_passed),
        TEST(a_batch_ends_before_its_bytes_with_the_overhead_are_passed),
        TEST(a_document_is_cut_to_what_a_batch_takes),
        TEST(any_answers_settle_every_item_once),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
