// SPDX-License-Identifier: Apache-2.0
// The interfaces of a replay: which come, go, are renamed or replaced, and what is heard of that.
#include <errno.h>
#include <stdio.h>

#include "support/replay_player.h"
#include "support/unit.h"

static void gone_interface_cannot_be_read_and_comes_back_as_another(void **state)
{
    (void)state;
    scoped_counters *counters = play("NIC statistics:\na: 1\ntime +1s\ngone\ntime +1s\n"
                                     "interface ens5\na: +1");
    assert_heard(counters, "list +2 ens5 00:01 end ");
    go_on(counters, 1);
    assert_heard(counters, "-2 ");
    assert_seen(counters, "ens5", "names -19 values -19 ");
    go_on(counters, 1);
    assert_heard(counters, "+3 ens5 00:01 ");
    assert_seen(counters, "ens5", "a=2 ");
}

static void interface_that_comes_back_at_once_was_gone(void **state)
{
    (void)state;
    scoped_counters *counters = play("interface ens5 ifindex=7\nNIC statistics:\na: 1\ntime "
                                     "+1s\ngone\ninterface ens5 ifindex=7");
    assert_heard(counters, "list +7 ens5 00:01 end ");
    go_on(counters, 1);
    assert_heard(counters, "-7 +7 ens5 00:01 ");
}

static void nobody_hears_of_an_interface_that_came_and_went_in_one_moment(void **state)
{
    (void)state;
    scoped_counters *counters = play(
        "interface ens5\ntime +1s\ninterface ens6\nNIC statistics:\na: 1\ngone\ntime +1s");
    assert_heard(counters, "list +2 ens5 00:01 end ");
    go_on(counters, 1);
    assert_heard(counters, "");
}

static void events_that_nobody_asked_for_come_to_the_difference(void **state)
{
    (void)state;
    scoped_counters *counters = play("interface ens5\ninterface ens6\ntime +1s\ngone\ntime +1s\n"
                                     "interface ens7\ntime +1s\ninterface ens5 version=2");
    go_on(counters, 3);
    assert_heard(counters, "list +2 ens5 00:01 +4 ens7 00:03 end ");
}

static void rename_keeps_ifindex_and_values(void **state)
{
    (void)state;
    scoped_counters *counters = play("NIC statistics:\na: 1\ntime +1s\n"
                                     "interface net0 mac=02:00:00:00:00:01\na: +1\ntime +1s\n"
                                     "interface net1 mac=02:00:00:00:00:01 ifindex=2");
    assert_heard(counters, "list +2 ens5 00:01 end ");
    go_on(counters, 1);
    assert_heard(counters, "+2 net0 00:01 ");
    assert_seen(counters, "net0", "a=2 ");
    assert_seen(counters, "ens5", "names -19 values -19 ");
    go_on(counters, 1);
    assert_heard(counters, "+2 net1 00:01 ");
}

static void two_interfaces_can_swap_their_names(void **state)
{
    (void)state;
    scoped_counters *counters = play(
        "interface a mac=0a:00:00:00:00:0a\ninterface b mac=0a:00:00:00:00:0b\ntime +1s\n"
        "interface c mac=0a:00:00:00:00:0a\ninterface a mac=0a:00:00:00:00:0b\n"
        "interface b mac=0a:00:00:00:00:0a");
    assert_heard(counters, "list +2 a 00:0a +3 b 00:0b end ");
    go_on(counters, 1);
    assert_heard(counters, "+2 b 00:0a +3 a 00:0b ");
}

static void another_ifindex_is_another_device(void **state)
{
    (void)state;
    scoped_counters *counters = play("NIC statistics:\na: 1\ntime +1s\ninterface ens5 ifindex=9\n"
                                     "time +1s\ninterface ens7 mac=02:00:00:00:00:01 ifindex=12\n"
                                     "interface ens8");
    assert_heard(counters, "list +2 ens5 00:01 end ");
    go_on(counters, 1);
    assert_heard(counters, "-2 +9 ens5 00:01 ");
    assert_seen(counters, "ens5", "a=1 ");
    go_on(counters, 1);
    assert_heard(counters, "-9 +12 ens7 00:01 +13 ens8 00:02 ");
}

static void another_address_under_a_name_that_is_gone_is_another_device(void **state)
{
    (void)state;
    scoped_counters *counters = play("NIC statistics:\na: 1\ntime +1s\ngone\ntime +1s\n"
                                     "interface ens5 mac=0a:00:00:00:00:0a");
    assert_heard(counters, "list +2 ens5 00:01 end ");
    go_on(counters, 2);
    assert_heard(counters, "-2 +3 ens5 00:0a ");
    assert_seen(counters, "ens5", "names -95 ");
}

static void interface_that_is_named_again_is_heard_of_only_when_it_changed(void **state)
{
    (void)state;
    scoped_counters *counters = play(
        "interface ens5 version=1\ntime +1s\ninterface ens5 version=1 driver=ena ifindex=2\n"
        "time +1s\ninterface ens5 version=2\ntime +1s\ninterface ens5 mac=0a:00:00:00:00:0a");
    assert_heard(counters, "list +2 ens5 00:01 end ");
    go_on(counters, 1);
    assert_heard(counters, "");
    go_on(counters, 1);
    assert_heard(counters, "+2 ens5 00:01 ");
    go_on(counters, 1);
    assert_heard(counters, "+2 ens5 00:0a ");
}

static void default_address_is_one_that_nobody_has(void **state)
{
    (void)state;
    scoped_counters *counters = play(
        "interface a mac=02:00:00:00:00:02\ninterface b ifindex=5\ninterface c");
    assert_heard(counters, "list +2 a 00:02 +5 b 00:03 +6 c 00:04 end ");
}

static void default_ifindex_is_above_all_others(void **state)
{
    (void)state;
    scoped_counters *counters = play("interface a ifindex=9\ninterface b ifindex=5\ninterface c");
    assert_heard(counters, "list +9 a 00:01 +5 b 00:02 +10 c 00:03 end ");
}

static void name_means_the_interface_that_is_present(void **state)
{
    (void)state;
    scoped_counters *counters = play(
        "interface ens5\ngone\ninterface ens5 mac=0a:00:00:00:00:0a\ngone\n"
        "interface ens5 mac=02:00:00:00:00:01\nNIC statistics:\na: 1\ninterface ens5\n");
    assert_heard(counters, "list +4 ens5 00:01 end ");
    assert_seen(counters, "ens5", "a=1 ");
}

static void assert_driver(
    struct counters *counters, const char *ifname, const char *driver, const char *version)
{
    char driver_found[DRIVER_TEXT_MAX], version_found[DRIVER_TEXT_MAX];
    struct link link = {0};
    snprintf(link.ifname, sizeof(link.ifname), "%s", ifname);
    assert_int_equal(counters->ops->driver(counters, &link, driver_found, version_found), 0);
    assert_string_equal(driver_found, driver);
    assert_string_equal(version_found, version);
}

static void driver_is_ena_unless_another_is_given(void **state)
{
    (void)state;
    scoped_counters *counters = play(
        "interface a\ninterface b driver=virtio_net version=1.0.0\ninterface c driver=\n");
    char driver[DRIVER_TEXT_MAX], version[DRIVER_TEXT_MAX];
    struct link c = {.ifname = "c"}, d = {.ifname = "d"};
    assert_driver(counters, "a", "ena", "");
    assert_driver(counters, "b", "virtio_net", "1.0.0");
    assert_int_equal(counters->ops->driver(counters, &c, driver, version), -EOPNOTSUPP);
    assert_int_equal(counters->ops->driver(counters, &d, driver, version), -ENODEV);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(gone_interface_cannot_be_read_and_comes_back_as_another),
        cmocka_unit_test(interface_that_comes_back_at_once_was_gone),
        cmocka_unit_test(nobody_hears_of_an_interface_that_came_and_went_in_one_moment),
        cmocka_unit_test(events_that_nobody_asked_for_come_to_the_difference),
        cmocka_unit_test(rename_keeps_ifindex_and_values),
        cmocka_unit_test(two_interfaces_can_swap_their_names),
        cmocka_unit_test(another_ifindex_is_another_device),
        cmocka_unit_test(another_address_under_a_name_that_is_gone_is_another_device),
        cmocka_unit_test(interface_that_is_named_again_is_heard_of_only_when_it_changed),
        cmocka_unit_test(default_address_is_one_that_nobody_has),
        cmocka_unit_test(default_ifindex_is_above_all_others),
        cmocka_unit_test(name_means_the_interface_that_is_present),
        cmocka_unit_test(driver_is_ena_unless_another_is_given),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
