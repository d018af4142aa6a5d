// SPDX-License-Identifier: Apache-2.0
// ENIs as the kernel shows them, and what the metadata service tells of each.
#include <string.h>

#include "base/mac.h"
#include "identity/eni_table.h"
#include "support/unit.h"

#define WAIT_NS (300 * NS_PER_S)

struct bench {
    struct eni_table table;
    struct now now;
};

static int set_up(void **state)
{
    struct bench *bench = xcalloc(1, sizeof(*bench));
    bench->now.boot_ns = 1000 * NS_PER_S;
    eni_table_init(&bench->table, WAIT_NS);
    *state = bench;
    return 0;
}

static int tear_down(void **state)
{
    struct bench *bench = *state;
    eni_table_finish(&bench->table);
    eni_table_finish(&bench->table);
    free(bench);
    return 0;
}

static void pass(struct bench *bench, uint64_t s)
{
    bench->now.boot_ns += s * NS_PER_S;
}

static struct eni eni_of(unsigned int number, int ifindex)
{
    return (struct eni){
        .mac = {{2, 0, 0, 0, (uint8_t)(number >> 8), (uint8_t)number}}, .ifindex = ifindex};
}

static struct eni_entry *find(const struct bench *bench, unsigned int number)
{
    struct eni eni = eni_of(number, 0);
    return eni_table_find(&bench->table, &eni.mac);
}

static bool see(struct bench *bench, unsigned int number, int ifindex)
{
    struct eni eni = eni_of(number, ifindex);
    return eni_table_see(&bench->table, &eni, &bench->now);
}

static bool take_list(struct bench *bench, const char *body)
{
    struct answer answer = {body, body != NULL ? strlen(body) : 0};
    return eni_table_take_list(&bench->table, &bench->now, &answer);
}

static bool take(struct bench *bench, unsigned int number, enum eni_fact fact, const char *body)
{
    struct eni_entry *entry = find(bench, number);
    struct answer answer = {body, body != NULL ? strlen(body) : 0};
    return eni_entry_take(entry, &entry->questions[fact], &bench->now, &answer, number == 1);
}

// The next question; fails where that is not due.
static const char *next_path(const struct bench *bench, char path[static 128])
{
    struct eni_entry *entry = NULL;
    struct question *question = eni_table_next(&bench->table, &bench->now, &entry);
    path[0] = '\0';
    if (question == NULL || question->due_ns > bench->now.boot_ns)
        return path;
    scoped_free char *text = eni_entry_path(entry, question);
    memcpy(path, text, strlen(text) + 1);
    return path;
}

#define ASSERT_NEXT(bench, expected)                                                               \
    do {                                                                                           \
        char text[128];                                                                            \
        assert_string_equal(next_path(bench, text), expected);                                     \
    } while (0)

static uint64_t due_s(const struct bench *bench, unsigned int number, enum eni_fact fact)
{
    uint64_t due_ns = find(bench, number)->questions[fact].due_ns;
    return due_ns == QUESTION_NEVER ? UINT64_MAX : due_ns / NS_PER_S;
}

static void only_what_is_new_is_news(void **state)
{
    struct bench *bench = *state;
    assert_true(see(bench, 1, 2));
    assert_true(see(bench, 2, 3));
    for (size_t i = 0; i < 5; i++) {
        assert_false(see(bench, 1, 2));
        assert_false(see(bench, 2, 3));
        assert_false(see(bench, 2, 3));
    }
    assert_int_equal(bench->table.n_entries, 2);
    assert_true(see(bench, 2, 9));
    assert_int_equal(bench->table.n_entries, 2);
}

static void a_new_eni_asks_for_the_list_and_for_nothing_else(void **state)
{
    struct bench *bench = *state;
    see(bench, 1, 2);
    ASSERT_NEXT(bench, "meta-data/network/interfaces/macs/");
    assert_true(take_list(bench, "02:00:00:00:00:09/\n"));
    ASSERT_NEXT(bench, "");
    pass(bench, 2);
    see(bench, 1, 2);
    ASSERT_NEXT(bench, "meta-data/network/interfaces/macs/");
    assert_null(find(bench, 9)); // what the kernel does not show is nobody's
}

static void one_list_serves_every_eni(void **state)
{
    struct bench *bench = *state;
    for (unsigned int i = 1; i <= 3; i++)
        see(bench, i, (int)i + 1);
    assert_true(take_list(bench, "02:00:00:00:00:01/\n02:00:00:00:00:03/"));
    assert_true(find(bench, 1)->is_listed);
    assert_false(find(bench, 2)->is_listed);
    assert_true(find(bench, 3)->is_listed);
    assert_int_equal(find(bench, 2)->listing.due_ns, 1002 * NS_PER_S);
}

// The id comes last: who has it has all.
static void keys_are_asked_for_in_order(void **state)
{
    static const char *const keys[] = {"device-number", "subnet-id", "vpc-id", "owner-id",
        "security-group-ids", "network-card", "interface-id"};
    static const char *const answers[] = {"1", "subnet-12345678", "vpc-12345678", "012345678901",
        "sg-12345678", NULL, "eni-12345678"};
    struct bench *bench = *state;
    see(bench, 0xab, 2);
    take_list(bench, "02:00:00:00:00:AB/\n");
    for (enum eni_fact i = 0; i < ENI_N_FACTS; i++) {
        scoped_free char *path = xasprintf(
            "meta-data/network/interfaces/macs/02:00:00:00:00:ab/%s", keys[i]);
        ASSERT_NEXT(bench, path);
        assert_true(take(bench, 0xab, i, answers[i]));
    }
    ASSERT_NEXT(bench, "");
    assert_string_equal(find(bench, 0xab)->facts[ENI_CARD], "0");
}

static void two_enis_have_their_own_answers(void **state)
{
    struct bench *bench = *state;
    see(bench, 1, 2);
    see(bench, 2, 3);
    take_list(bench, "02:00:00:00:00:01/\n02:00:00:00:00:02/\n");
    take(bench, 1, ENI_ID, "eni-00000001");
    take(bench, 2, ENI_ID, "eni-00000002\n");
    assert_string_equal(find(bench, 1)->facts[ENI_ID], "eni-00000001");
    assert_string_equal(find(bench, 2)->facts[ENI_ID], "eni-00000002");
}

static void a_late_key_is_asked_for_again_the_others_are_not_held_up(void **state)
{
    struct bench *bench = *state;
    see(bench, 1, 2);
    take_list(bench, "02:00:00:00:00:01/");
    assert_false(take(bench, 1, ENI_DEVICE, NULL));
    assert_int_equal(due_s(bench, 1, ENI_DEVICE), 1002);
    ASSERT_NEXT(bench, "meta-data/network/interfaces/macs/02:00:00:00:00:01/subnet-id");
    pass(bench, 30);
    assert_true(take(bench, 1, ENI_DEVICE, "0"));
    assert_int_equal(due_s(bench, 1, ENI_DEVICE), UINT64_MAX);
}

// amazon-ec2-net-utils, lib.sh: a device that was just attached may say 0 for a while.
static void device_0_is_believed_of_the_primary_only(void **state)
{
    struct bench *bench = *state;
    see(bench, 1, 2);
    see(bench, 2, 3);
    take_list(bench, "02:00:00:00:00:01/\n02:00:00:00:00:02/");
    assert_true(take(bench, 1, ENI_DEVICE, "0"));
    assert_string_equal(find(bench, 1)->facts[ENI_DEVICE], "0");
    assert_true(take(bench, 2, ENI_DEVICE, "0")); // it is no bad answer
    assert_null(find(bench, 2)->facts[ENI_DEVICE]);
    assert_int_equal(due_s(bench, 2, ENI_DEVICE), 1002);
    pass(bench, 2);
    assert_true(take(bench, 2, ENI_DEVICE, "1"));
    assert_string_equal(find(bench, 2)->facts[ENI_DEVICE], "1");
}

static void no_network_card_is_card_0_once_keys_are_there(void **state)
{
    struct bench *bench = *state;
    see(bench, 1, 2);
    take_list(bench, "02:00:00:00:00:01/");
    assert_false(take(bench, 1, ENI_CARD, NULL));
    assert_null(find(bench, 1)->facts[ENI_CARD]);
    take(bench, 1, ENI_SUBNET, "subnet-12345678");
    assert_true(take(bench, 1, ENI_CARD, NULL));
    assert_string_equal(find(bench, 1)->facts[ENI_CARD], "0");
    assert_int_equal(due_s(bench, 1, ENI_CARD), UINT64_MAX);
}

static void a_card_that_is_told_is_that(void **state)
{
    struct bench *bench = *state;
    see(bench, 1, 2);
    take_list(bench, "02:00:00:00:00:01/");
    take(bench, 1, ENI_SUBNET, "subnet-12345678");
    assert_false(take(bench, 1, ENI_CARD, "-1"));
    assert_null(find(bench, 1)->facts[ENI_CARD]);
    assert_true(take(bench, 1, ENI_CARD, "3"));
    assert_string_equal(find(bench, 1)->facts[ENI_CARD], "3");
}

static void security_groups_are_asked_for_every_hour(void **state)
{
    struct bench *bench = *state;
    see(bench, 1, 2);
    take_list(bench, "02:00:00:00:00:01/");
    take(bench, 1, ENI_GROUPS, "sg-12345678");
    assert_int_equal(due_s(bench, 1, ENI_GROUPS), 1000 + 3600);
    pass(bench, 3600);
    take(bench, 1, ENI_GROUPS, "sg-12345679\nsg-1234567a");
    assert_string_equal(find(bench, 1)->facts[ENI_GROUPS], "sg-12345679,sg-1234567a");
    assert_int_equal(due_s(bench, 1, ENI_GROUPS), 1000 + 7200);
    pass(bench, 3600);
    assert_false(take(bench, 1, ENI_GROUPS, "junk")); // what was known stays
    assert_string_equal(find(bench, 1)->facts[ENI_GROUPS], "sg-12345679,sg-1234567a");
    assert_int_equal(due_s(bench, 1, ENI_GROUPS), 1000 + 7200 + 900);
}

static void lines_of_garbage_spoil_no_others(void **state)
{
    struct bench *bench = *state;
    see(bench, 1, 2);
    see(bench, 2, 3);
    assert_false(take_list(bench, "\n\nmac/\n02:00:00:00:00:01/\n02:00:00:00:00:0g/\n/\xff\n"));
    assert_true(find(bench, 1)->is_listed);
    assert_false(find(bench, 2)->is_listed);
    struct answer nul = {"02:00:00:00:00:02/\0\n", 20};
    assert_false(eni_table_take_list(&bench->table, &bench->now, &nul));
}

static void no_list_and_an_empty_list_are_no_error(void **state)
{
    struct bench *bench = *state;
    see(bench, 1, 2);
    assert_true(take_list(bench, NULL));
    assert_true(take_list(bench, ""));
    assert_int_equal(find(bench, 1)->listing.due_ns, 1002 * NS_PER_S);
}

static void an_eni_that_is_attached_again_keeps_its_id_and_is_asked_about(void **state)
{
    struct bench *bench = *state;
    see(bench, 2, 2);
    take_list(bench, "02:00:00:00:00:02/");
    take(bench, 2, ENI_ID, "eni-00000002");
    take(bench, 2, ENI_OWNER, "012345678901");
    take(bench, 2, ENI_DEVICE, "1");
    take(bench, 2, ENI_GROUPS, "sg-12345678");
    pass(bench, 600);
    assert_true(see(bench, 2, 7));
    struct eni_entry *entry = find(bench, 2);
    assert_string_equal(entry->facts[ENI_ID], "eni-00000002");
    assert_string_equal(entry->facts[ENI_OWNER], "012345678901");
    assert_null(entry->facts[ENI_DEVICE]);
    assert_null(entry->facts[ENI_GROUPS]);
    assert_int_equal(entry->span.since_ns, 1600 * NS_PER_S);
    assert_int_equal(entry->span.wait_until_ns, 1600 * NS_PER_S + WAIT_NS);
    ASSERT_NEXT(bench, "meta-data/network/interfaces/macs/");
}

static void beyond_the_most_the_one_not_seen_for_longest_is_forgotten(void **state)
{
    struct bench *bench = *state;
    for (unsigned int i = 1; i <= ENI_TABLE_MAX; i++) {
        bench->now.boot_ns++;
        see(bench, i, 2);
    }
    bench->now.boot_ns++;
    see(bench, 1, 2);
    take_list(bench, "02:00:00:00:00:02/");
    take(bench, 2, ENI_ID, "eni-00000002"); // freed with it
    assert_true(see(bench, 1000, 3));
    assert_int_equal(bench->table.n_entries, ENI_TABLE_MAX);
    assert_non_null(find(bench, 1));
    assert_null(find(bench, 2));
    assert_null(find(bench, 1000)->facts[ENI_ID]);
    assert_false(find(bench, 1000)->is_listed);
}

static void nobody_asks_about_an_eni_that_is_gone(void **state)
{
    struct bench *bench = *state;
    see(bench, 1, 2);
    see(bench, 2, 3);
    take_list(bench, "02:00:00:00:00:01/\n02:00:00:00:00:02/");
    for (size_t i = 0; i < 900; i++) {
        pass(bench, 1);
        see(bench, 2, 3);
    }
    ASSERT_NEXT(bench, "meta-data/network/interfaces/macs/02:00:00:00:00:02/device-number");
    for (enum eni_fact fact = 0; fact < ENI_N_FACTS; fact++)
        find(bench, 2)->questions[fact].due_ns = QUESTION_NEVER;
    ASSERT_NEXT(bench, "");
}

// Its reads failed for a long time: what is to be asked about it is news again.
static void an_eni_that_is_seen_again_after_long_is_news(void **state)
{
    struct bench *bench = *state;
    see(bench, 1, 2);
    take_list(bench, "02:00:00:00:00:01/");
    take(bench, 1, ENI_ID, "eni-00000001");
    pass(bench, 899);
    assert_false(see(bench, 1, 2));
    pass(bench, 900);
    assert_true(see(bench, 1, 2));
    assert_true(find(bench, 1)->is_listed);
    assert_string_equal(find(bench, 1)->facts[ENI_ID], "eni-00000001");
    ASSERT_NEXT(bench, "meta-data/network/interfaces/macs/02:00:00:00:00:01/device-number");
}

static void what_is_recalled_is_there_and_not_asked_about_before_it_is_seen(void **state)
{
    struct bench *bench = *state;
    struct eni eni = eni_of(1, 0);
    bench->now.boot_ns = 1; // just booted: nothing was seen long ago
    struct eni_entry *entry = eni_table_recall(&bench->table, &eni.mac);
    assert_ptr_equal(entry, find(bench, 1));
    assert_ptr_equal(entry, eni_table_recall(&bench->table, &eni.mac));
    entry->facts[ENI_DEVICE] = xstrdup("1");
    ASSERT_NEXT(bench, "");
    assert_true(see(bench, 1, 2));
    assert_int_equal(bench->table.n_entries, 1);
    ASSERT_NEXT(bench, "meta-data/network/interfaces/macs/");
    assert_string_equal(find(bench, 1)->facts[ENI_DEVICE], "1");
    assert_false(see(bench, 1, 2));
    assert_true(see(bench, 1, 3));
    assert_null(find(bench, 1)->facts[ENI_DEVICE]);
}

static void what_is_recalled_takes_no_room_from_what_was_seen(void **state)
{
    struct bench *bench = *state;
    struct eni eni = eni_of(1000, 0);
    for (unsigned int i = 1; i <= ENI_TABLE_MAX; i++)
        see(bench, i, 2);
    assert_null(eni_table_recall(&bench->table, &eni.mac));
    for (unsigned int i = 1; i <= ENI_TABLE_MAX; i++)
        assert_non_null(find(bench, i));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(only_what_is_new_is_news),
        TEST(a_new_eni_asks_for_the_list_and_for_nothing_else),
        TEST(one_list_serves_every_eni),
        TEST(keys_are_asked_for_in_order),
        TEST(two_enis_have_their_own_answers),
        TEST(a_late_key_is_asked_for_again_the_others_are_not_held_up),
        TEST(device_0_is_believed_of_the_primary_only),
        TEST(no_network_card_is_card_0_once_keys_are_there),
        TEST(a_card_that_is_told_is_that),
        TEST(security_groups_are_asked_for_every_hour),
        TEST(lines_of_garbage_spoil_no_others),
        TEST(no_list_and_an_empty_list_are_no_error),
        TEST(an_eni_that_is_attached_again_keeps_its_id_and_is_asked_about),
        TEST(beyond_the_most_the_one_not_seen_for_longest_is_forgotten),
        TEST(nobody_asks_about_an_eni_that_is_gone),
        TEST(an_eni_that_is_seen_again_after_long_is_news),
        TEST(what_is_recalled_is_there_and_not_asked_about_before_it_is_seen),
        TEST(what_is_recalled_takes_no_room_from_what_was_seen),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
