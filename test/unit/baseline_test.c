// SPDX-License-Identifier: Apache-2.0
// Baselines as JSON: the form of store/baseline.h, what is left out of it, and whatever else a file
// may hold. That nothing is judged otherwise after a restart: restart_law_test.c, and the rules of
// truth with a restart before each sample (DELTA_RELOADED).
#include "base/mac.h"
#include "store/baseline.h"
#include "unit/delta_bench.h"

// A baseline of `lives`, in which the names are those of the first places.
#define NAMES                                                                                      \
    "\"metrics\":[\"pps_allowance_exceeded\",\"conntrack_allowance_available\",\"total_resets\"]"
#define BASELINE(lives) "{\"largest_available\":900," NAMES ",\"lives\":[" lives "]}"
#define GROUP                                                                                      \
    "\"allowances\":{\"state\":\"truthful\",\"resets\":3,\"shown\":true,\"lit\":true,"             \
    "\"confirmed\":true}"
#define LIFE_OF(mac, values, more)                                                                 \
    "{\"mac\":\"" mac "\",\"ifindex\":2,\"seen_ns\":101000000000,\"values\":" values more "}"
#define LIFE(values, more) LIFE_OF("02:00:00:00:00:01", values, more)
#define SOUND              LIFE("[1000,500,3]", "," GROUP)

static const struct now now = {.boot_ns = 102 * SECOND};

static char *save(const struct delta_table *table, uint64_t largest)
{
    struct window window;
    reload_window(&window, table->catalog);
    window.largest_available = largest;
    json_t *baseline = baseline_save(table, &window);
    char *text = json_dumps(baseline, JSON_COMPACT);
    json_decref(baseline);
    window_finish(&window);
    return text;
}

// Takes the reference. Returns the largest conntrack allowance in it.
static uint64_t take(struct bench *bench, json_t *baseline)
{
    struct window window;
    reload_window(&window, &bench->catalog);
    baseline_load(baseline, &now, &bench->table, &window);
    uint64_t largest = window.largest_available;
    window_finish(&window);
    json_decref(baseline);
    return largest;
}

static uint64_t load(struct bench *bench, const char *text)
{
    json_t *baseline = json_loads(text, JSON_DECODE_ANY, NULL);
    assert_non_null(baseline);
    return take(bench, baseline);
}

static void forget(struct bench *bench)
{
    struct delta_options options = {.verdict_ms = 10000};
    delta_table_finish(&bench->table);
    delta_table_init(&bench->table, &bench->catalog, &options);
}

static void what_is_saved_has_the_form_that_is_told(void **state)
{
    struct bench *bench = confirmed(state);
    scoped_free char *text = save(&bench->table, 900);
    assert_string_equal(text, BASELINE(SOUND));
}

static void what_is_loaded_goes_on_where_it_was(void **state)
{
    struct bench *bench = *state;
    assert_int_equal(load(bench, BASELINE(SOUND)), 900);
    assert_int_equal(look(bench, 60, 1007, 400, 3), DELTA_PUBLISH);
    assert_int_equal(pps(bench), 7);
    assert_int_equal(bench->delta.elapsed_ns, 59 * SECOND);
    assert_int_equal(bench->delta.verdicts, 0);
    assert_false(bench->delta.is_turning_point);
}

static void what_was_loaded_is_saved_as_it_was(void **state)
{
    struct bench *bench = *state;
    static const char text[] = BASELINE(LIFE("[1000,null,3]",
        ",\"value_ns\":{\"pps_allowance_exceeded\":5},\"shown\":[\"total_resets\"],"
        "\"allowances\":{\"state\":\"suspect\",\"truthful_ns\":6,\"ifindex\":7,\"dark_since_ns\":8,"
        "\"lit\":true,\"suspect_since_ns\":9,\"suspect_ifindex\":10,"
        "\"suspect\":{\"pps_allowance_exceeded\":[12,11]}},"
        "\"srd\":{\"state\":\"truthful\",\"resets\":3,\"shown\":true,\"confirmed\":true,"
        "\"doubted\":true,\"on_trial\":true,\"was_dark_long\":true}") "," LIFE_OF("ff:ff:ff:ff:ff:"
                                                                                  "ff",
        "[null,5,4]", ",\"dark\":true"));
    load(bench, text);
    scoped_free char *saved = save(&bench->table, 900);
    json_t *expected = json_loads(text, 0, NULL), *found = json_loads(saved, 0, NULL);
    assert_true(json_equal(expected, found));
    json_decref(expected);
    json_decref(found);
}

static void all_64_bits_of_a_number_are_kept(void **state)
{
    struct bench *bench = *state;
    look(bench, 0, UINT64_MAX - 9, 500, UINT64_MAX - 1);
    look(bench, 1, UINT64_MAX - 9, 500, UINT64_MAX - 1);
    scoped_free char *text = save(&bench->table, UINT64_MAX - 7);
    forget(bench);
    assert_int_equal(load(bench, text), UINT64_MAX - 7);
    look(bench, 2, UINT64_MAX - 2, 500, UINT64_MAX - 1);
    assert_int_equal(pps(bench), 7);
    assert_int_equal(bench->delta.verdicts, 0);
}

static void look_at_ourselves(struct bench *bench, uint64_t second, uint64_t n)
{
    begin(bench, second);
    bench->sample.eni = NULL;
    put(bench, METRIC_KERNEL_CONNTRACK_DROP, n);
    for (uint32_t metric = METRIC_SELF_SAMPLES; metric < METRIC_SELF_DELIVERY_AGE_MS; metric++)
        if (bench->table.is_counter[metric])
            put(bench, metric, n);
    apply(bench);
}

// Our own counts begin at zero with the next start; those of records are in the journal too.
static void of_our_own_health_the_counts_of_records_are_kept(void **state)
{
    struct bench *bench = *state;
    look_at_ourselves(bench, 0, 100);
    scoped_free char *text = save(&bench->table, 0);
    forget(bench);
    load(bench, text);
    look_at_ourselves(bench, 3, 110);
    for (uint32_t i = 0; i < bench->sample.n_readings; i++) {
        uint32_t metric = bench->sample.readings[i].metric;
        const char *name = bench->catalog.metrics[metric].name;
        bool is_kept = strncmp(name, "self_records_", 13) == 0 ||
            strcmp(name, "kernel_conntrack_drop") == 0;
        assert_int_equal(has(bench, metric), is_kept);
        if (is_kept)
            assert_int_equal(of(bench, metric), 10);
    }
    assert_true(bench->delta.n_readings >= 5);
}

static void kept_names_that_are_not_to_be_kept_are_left_out(void **state)
{
    struct bench *bench = *state;
    load(bench,
        "{\"metrics\":[\"self_samples\",\"self_records_made\"],\"lives\":["
        "{\"mac\":\"ff:ff:ff:ff:ff:ff\",\"ifindex\":0,\"seen_ns\":1,\"values\":[5,5]}]}");
    look_at_ourselves(bench, 3, 7);
    assert_int_equal(bench->delta.n_readings, 1);
    assert_int_equal(of(bench, METRIC_SELF_RECORDS_MADE), 2);
}

// The user has named a metric less: the others are found by their names.
static void another_catalog_finds_its_metrics(void **state)
{
    struct bench *bench = *state;
    begin(bench, 0);
    put(bench, METRIC_PPS_ALLOWANCE_EXCEEDED, 1000);
    put(bench, METRIC_N_KNOWN, 70);    // queue_0_tx_cnt
    put(bench, METRIC_N_KNOWN + 1, 8); // num_of_active_io_queues
    apply(bench);
    scoped_free char *text = save(&bench->table, 0);
    static char *words[] = {(char *)"rx_drops", (char *)"queue_0_tx_cnt"};
    struct catalog_options options = {.metrics = {ARRAY_SIZE(words), words}};
    catalog_init(&bench->catalog, &options);
    forget(bench);
    load(bench, text);
    begin(bench, 3);
    put(bench, METRIC_PPS_ALLOWANCE_EXCEEDED, 1004);
    put(bench, METRIC_N_KNOWN, 900);    // rx_drops, never seen before
    put(bench, METRIC_N_KNOWN + 1, 75); // queue_0_tx_cnt
    apply(bench);
    assert_int_equal(bench->delta.n_readings, 2);
    assert_int_equal(pps(bench), 4);
    assert_int_equal(of(bench, METRIC_N_KNOWN + 1), 5);
}

// By hand: an integer of a metric that is a sum; the rest is left out.
static void what_no_record_tells_is_kept(void **state)
{
    struct bench *bench = *state;
    struct window window;
    struct reading untold[METRIC_MAX];
    json_auto_t *baseline = json_loads("{\"lives\":[],\"untold\":{\"self_records_made\":3,"
                                       "\"self_records_refused\":\"9\",\"nobody_knows\":1,"
                                       "\"pps_allowance_exceeded\":8}}",
        0, NULL);
    assert_non_null(baseline);
    reload_window(&window, &bench->catalog);
    baseline_load(baseline, &now, &bench->table, &window);
    assert_int_equal(window_untold(&window, untold), 1);
    assert_int_equal(untold[0].metric, METRIC_SELF_RECORDS_MADE);
    assert_int_equal(untold[0].value, 3);
    json_auto_t *saved = baseline_save(&bench->table, &window);
    scoped_free char *text = json_dumps(json_object_get(saved, "untold"), JSON_COMPACT);
    assert_string_equal(text, "{\"self_records_made\":3}");
    window_finish(&window);
}

// Nothing of the life is believed.
static void life_that_nobody_saved_is_left_out(void **state)
{
    struct bench *bench = *state;
    static const char *const texts[] = {
        "null",
        "7",
        "[]",
        "{}",
        "{\"lives\":7}",
        BASELINE("null,7,[],{}"),
        BASELINE(LIFE_OF("02:00:00:00:00", "[1000,500,3]", "," GROUP)),
        BASELINE("{\"mac\":7,\"ifindex\":2,\"seen_ns\":9,\"values\":[1]}"),
        BASELINE("{\"mac\":\"02:00:00:00:00:01\",\"seen_ns\":9,\"values\":[1]}"),
        BASELINE("{\"mac\":\"02:00:00:00:00:01\",\"ifindex\":-2,\"seen_ns\":9,\"values\":[1]}"),
        BASELINE(
            "{\"mac\":\"02:00:00:00:00:01\",\"ifindex\":2147483648,\"seen_ns\":9,\"values\":[1]}"),
        BASELINE("{\"mac\":\"02:00:00:00:00:01\",\"ifindex\":2,\"values\":[1]}"),
        BASELINE("{\"mac\":\"02:00:00:00:00:01\",\"ifindex\":2,\"seen_ns\":0,\"values\":[1]}"),
        BASELINE("{\"mac\":\"02:00:00:00:00:01\",\"ifindex\":2,\"seen_ns\":\"9\",\"values\":[1]}"),
        BASELINE("{\"mac\":\"02:00:00:00:00:01\",\"ifindex\":2,\"seen_ns\":102000000001,\"values\":"
                 "[1]}"),
        BASELINE("{\"mac\":\"02:00:00:00:00:01\",\"ifindex\":2,\"seen_ns\":-1,\"values\":[1]}"),
        BASELINE("{\"mac\":\"02:00:00:00:00:01\",\"ifindex\":2,\"seen_ns\":9}"),
        BASELINE("{\"mac\":\"02:00:00:00:00:01\",\"ifindex\":2,\"seen_ns\":9,\"values\":{}}"),
        BASELINE(LIFE("[1000,500,3]", ",\"dark\":1," GROUP)),
        BASELINE(LIFE("[1000,500,3]", ",\"shown\":{}," GROUP)),
        BASELINE(LIFE("[1000,500,3]", ",\"value_ns\":[]," GROUP)),
        BASELINE(LIFE("[1000,500,3]", ",\"value_ns\":{\"total_resets\":101000000001}," GROUP)),
        BASELINE(LIFE("[1000,500,3]", ",\"value_ns\":{\"total_resets\":\"\"}," GROUP)),
        BASELINE(LIFE("[1000,500,3]", ",\"allowances\":7")),
        BASELINE(LIFE("[1000,500,3]", ",\"allowances\":{}")),
        BASELINE(LIFE("[1000,500,3]", ",\"allowances\":{\"state\":1}")),
        BASELINE(LIFE("[1000,500,3]", ",\"allowances\":{\"state\":\"guilty\"}")),
        BASELINE(LIFE("[1000,500,3]", ",\"allowances\":{\"state\":\"truthful\",\"lit\":0}")),
        BASELINE(LIFE("[1000,500,3]", ",\"allowances\":{\"state\":\"truthful\",\"ifindex\":-1}")),
        BASELINE(LIFE("[1000,500,3]", ",\"allowances\":{\"state\":\"truthful\",\"resets\":1.5}")),
        BASELINE(LIFE("[1000,500,3]",
            ",\"allowances\":{\"state\":\"truthful\",\"truthful_ns\":101000000001}")),
        BASELINE(LIFE("[1000,500,3]",
            ",\"allowances\":{\"state\":\"truthful\",\"dark_since_ns\":101000000001}")),
        BASELINE(LIFE("[1000,500,3]", ",\"allowances\":{\"state\":\"suspect\"}")),
        BASELINE(LIFE("[1000,500,3]",
            ",\"allowances\":{\"state\":\"suspect\",\"suspect_ifindex\":2,\"suspect\":{}}")),
        BASELINE(LIFE("[1000,500,3]",
            ",\"allowances\":{\"state\":\"suspect\",\"suspect_since_ns\":5,\"suspect\":{}}")),
        BASELINE(LIFE("[1000,500,3]",
            ",\"allowances\":{\"state\":\"suspect\",\"suspect_since_ns\":5,\"suspect_ifindex\":"
            "2}")),
        BASELINE(LIFE("[1000,500,3]",
            ",\"allowances\":{\"state\":\"suspect\",\"suspect_since_ns\":5,\"suspect_ifindex\":2,"
            "\"suspect\":{\"pps_allowance_exceeded\":[1]}}")),
        BASELINE(LIFE("[1000,500,3]", ",\"srd\":{\"state\":\"truthful\",\"shown\":\"yes\"}")),
    };
    for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
        forget(bench);
        load(bench, texts[i]);
        if (bench->table.n_lives != 0)
            fail_msg("believed: %s", texts[i]);
        assert_int_equal(look(bench, 3, 2000, 500, 3), DELTA_BASELINE);
    }
    forget(bench);
    take(bench, NULL);
    assert_int_equal(bench->table.n_lives, 0);
}

static void metric_that_nobody_saved_begins_with_its_first_sample(void **state)
{
    struct bench *bench = *state;
    static const char *const texts[] = {
        BASELINE(LIFE("[null,500,3]", "," GROUP)),
        BASELINE(LIFE("[\"1000\",500,3]", "," GROUP)),
        BASELINE(LIFE("[1000.5,500,3,4,5,6]", "," GROUP)),
        BASELINE(LIFE("[{},500,3]", "," GROUP)),
        "{\"metrics\":[7,\"conntrack_allowance_available\",\"total_resets\"],\"lives\":[" SOUND
        "]}",
        "{\"metrics\":[\"\",\"conntrack_allowance_available\",\"total_resets\"],\"lives\":[" SOUND
        "]}",
    };
    for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
        forget(bench);
        load(bench, texts[i]);
        assert_int_equal(look(bench, 3, 2000, 400, 3), DELTA_PUBLISH);
        assert_false(has(bench, METRIC_PPS_ALLOWANCE_EXCEEDED));
        assert_int_equal(of(bench, METRIC_CONNTRACK_ALLOWANCE_AVAILABLE), 400);
        look(bench, 4, 2001, 400, 3);
        assert_int_equal(pps(bench), 1);
    }
}

static void name_that_stands_twice_counts_once(void **state)
{
    struct bench *bench = *state;
    load(bench,
        "{\"metrics\":[\"pps_allowance_exceeded\",\"pps_allowance_exceeded\"],\"lives\":[" LIFE(
            "[1000,5]", "," GROUP) "," LIFE("[5]", "," GROUP) "]}");
    assert_int_equal(bench->table.n_lives, 1);
    look(bench, 3, 1001, 400, 3);
    assert_int_equal(pps(bench), 1);
}

static json_t *baseline_of_many(size_t n_lives)
{
    json_t *baseline = json_loads(BASELINE(""), 0, NULL);
    for (size_t i = 0; i < n_lives; i++) {
        json_t *life = json_loads(SOUND, 0, NULL);
        char mac[MAC_TEXT_MAX];
        uint8_t octets[] = {2, 0, 0, 0, (uint8_t)(i / 256), (uint8_t)i};
        mac_format(octets, mac);
        json_object_set_new(life, "mac", json_string(mac));
        json_array_append_new(json_object_get(baseline, "lives"), life);
    }
    return baseline;
}

static void no_more_lives_are_loaded_than_a_table_has(void **state)
{
    struct bench *bench = *state;
    take(bench, baseline_of_many(DELTA_MAX_LIVES + 50));
    assert_int_equal(bench->table.n_lives, DELTA_MAX_LIVES);
    bench->eni.mac.octets[5] = 0; // the first one
    assert_int_equal(look(bench, 3, 1004, 400, 3), DELTA_PUBLISH);
    assert_int_equal(pps(bench), 4);
}

static void of_what_was_loaded_the_one_seen_longest_ago_is_forgotten_first(void **state)
{
    struct bench *bench = *state;
    json_t *baseline = baseline_of_many(DELTA_MAX_LIVES);
    json_t *oldest = json_array_get(json_object_get(baseline, "lives"), 100);
    json_object_set_new(oldest, "seen_ns", json_integer(100 * (json_int_t)SECOND));
    take(bench, baseline);
    bench->eni.mac.octets[0] = 6;
    assert_int_equal(look(bench, 3, 1004, 400, 3), DELTA_BASELINE);
    bench->eni.mac = (struct mac){{2}};
    assert_int_equal(look(bench, 3, 1004, 400, 3), DELTA_PUBLISH);
    bench->eni.mac.octets[5] = 100;
    assert_int_equal(look(bench, 3, 1004, 400, 3), DELTA_BASELINE);
}

// Both are suspect, and one has a value that is not its own.
static void suspect_value_of_another_group_is_left_out(void **state)
{
    struct bench *bench = *state;
#define SUSPECT "{\"state\":\"suspect\",\"suspect_since_ns\":9,\"suspect_ifindex\":2,\"suspect\":"
    load(bench,
        BASELINE(LIFE("[1000,500,3]",
            ",\"allowances\":" SUSPECT "{\"ena_srd_tx_pkts\":[5,6]}},\"srd\":" SUSPECT "{}}")));
    scoped_free char *text = save(&bench->table, 0);
    assert_int_equal(bench->table.n_lives, 1);
    assert_null(strstr(text, "ena_srd_tx_pkts"));
}

// Whoever reads zeros at first is not settled, though nothing changes.
static void zeros_at_first_are_still_no_baseline(void **state)
{
    struct bench *bench = *state;
    look(bench, 0, 0, 0, 3);
    scoped_free char *text = save(&bench->table, 0);
    assert_non_null(strstr(text,
        "\"allowances\":{\"state\":\"first\",\"truthful_ns\":0,\"resets\":0,\"ifindex\":0,"
        "\"dark_since_ns\":100000000000,\"shown\":true}"));
    forget(bench);
    load(bench, text);
    assert_int_equal(look(bench, 3, 0, 0, 3), DELTA_SUSPECT);
    assert_false(has(bench, METRIC_PPS_ALLOWANCE_EXCEEDED));
}

// Every ENI offers all that a catalog knows of one; counters are those of a node that was throttled
// for weeks.
static size_t n_bytes_of(struct bench *bench, uint8_t n_enis)
{
    for (uint64_t second = 0; second < 3; second++) {
        for (uint8_t eni = 0; eni < n_enis; eni++) {
            bench->eni.mac.octets[5] = eni;
            bench->eni.ifindex = 2 + eni;
            begin(bench, second);
            for (uint32_t metric = 0; metric < METRIC_N_ENI; metric++)
                put(bench, metric, metric < METRIC_N_DEVICE ? UINT64_C(123456789012) : metric);
            apply(bench);
        }
        look_at_ourselves(bench, second, 12345678);
    }
    scoped_free char *text = save(&bench->table, 123456789);
    return strlen(text);
}

static void quiet_node_has_a_small_baseline(void **state)
{
    size_t four = n_bytes_of(*state, 4), sixty_four = n_bytes_of(*state, 64);
    print_message("# %zu bytes with 4 ENIs, %zu with 64\n", four, sixty_four);
    assert_true(four < 4096);
    assert_true(sixty_four < 64 * 512);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(what_is_saved_has_the_form_that_is_told),
        TEST(what_is_loaded_goes_on_where_it_was),
        TEST(what_was_loaded_is_saved_as_it_was),
        TEST(all_64_bits_of_a_number_are_kept),
        TEST(of_our_own_health_the_counts_of_records_are_kept),
        TEST(kept_names_that_are_not_to_be_kept_are_left_out),
        TEST(another_catalog_finds_its_metrics),
        TEST(what_no_record_tells_is_kept),
        TEST(life_that_nobody_saved_is_left_out),
        TEST(metric_that_nobody_saved_begins_with_its_first_sample),
        TEST(name_that_stands_twice_counts_once),
        TEST(no_more_lives_are_loaded_than_a_table_has),
        TEST(of_what_was_loaded_the_one_seen_longest_ago_is_forgotten_first),
        TEST(suspect_value_of_another_group_is_left_out),
        TEST(zeros_at_first_are_still_no_baseline),
        TEST(quiet_node_has_a_small_baseline),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
