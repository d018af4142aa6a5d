# SPDX-License-Identifier: Apache-2.0
"""`enawatch read` on recordings: every number and line of both forms, worked out by hand from the recording."""
import pathlib
import tempfile
import time
import unittest

from harness import AVAILABLE, DATA, EXCEEDED, main
from read_test import BURST, DERIVED, DRIVER, SRD, find, option, parse, read, statistic
from replay_test import expected_sums

# Two failed reads of one of the two groups, a reset, and another failed read.
ZEROS = """\
time 2026-11-21T10:00:00Z
interface ens5 mac=02:00:00:00:00:01 ifindex=2 driver=ena version=2.17.0g
NIC statistics:
     total_resets: 0
     bw_in_allowance_exceeded: 100
     pps_allowance_exceeded: 7
     conntrack_allowance_available: 136000
     ena_srd_mode: 1
     ena_srd_tx_pkts: 1000
time +1s
bw_in_allowance_exceeded: 0
pps_allowance_exceeded: 0
conntrack_allowance_available: 0
ena_srd_tx_pkts: +600
time +1s
ena_srd_tx_pkts: +600
time +1s
bw_in_allowance_exceeded: 130
pps_allowance_exceeded: 7
conntrack_allowance_available: 135990
time +1s
bw_in_allowance_exceeded: 3
pps_allowance_exceeded: 0
total_resets: 1
time +1s
bw_in_allowance_exceeded: 0
conntrack_allowance_available: 0
"""


class Recordings(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.TemporaryDirectory(prefix="enawatch-")
        self.addCleanup(self.folder.cleanup)

    def record(self, text):
        path = pathlib.Path(self.folder.name) / "node.txt"
        path.write_text(text, encoding="ascii")
        return path

    def table(self, path, *words, log=""):
        result = read(*option(path), *words)
        self.assertEqual(result.returncode, 0, result)
        self.assertRegex(result.stderr, f"^{log}$")
        for line in result.stdout.splitlines():
            self.assertLessEqual(len(line), 80, line)
            self.assertEqual(line, line.rstrip())
        return result.stdout

    def looks(self, path, *words):
        result = read("--json", *option(path), *words)
        self.assertEqual(result.returncode, 0, result)
        return parse(result.stdout)

    def page(self, path, moment, *words, log=""):
        """The look of that moment, without its headline."""
        text = self.table(path, *words, log=log)
        start = text.index(f"2026-11-21 {moment}Z")
        return text[start:].split("\n\n")[0].splitlines()[1:]

    def test_table_of_the_burst(self):
        self.assertEqual(self.table(DATA / "burst", "30", "2"), BURST)
        self.assertEqual(self.table(DATA / "burst"), BURST.split("\n\n")[0] + "\n")

    def test_seconds_without_an_increase_take_a_line_each(self):
        lines = self.table(DATA / "burst", "1").splitlines()
        # Six of the 120 seconds have an increase: the 17th, 41st, 42nd, 65th, 66th and 83rd.
        quiet = [line for line in lines if line.endswith("1.000 s  quiet, conntrack_allowance_available >= 135980")]
        self.assertEqual(len(quiet), 120 - 6)
        text = "\n".join(lines)
        self.assertIn("\n2026-11-21 10:00:16Z  1.000 s  quiet, conntrack_allowance_available >= 135980\n\n"
                      "2026-11-21 10:00:17Z  1.000 s                  total         moved   per second\n", text)
        self.assertIn("  conntrack_allowance_available               135214         -1598\n", text)
        self.assertIn("\n\n2026-11-21 10:00:18Z  1.000 s  quiet", text)

    def test_numbers_of_the_burst(self):
        looks = self.looks(DATA / "burst", "30")
        self.assertEqual([look["time"][11:] for look in looks],
                         ["10:00:00.000Z", "10:00:30.000Z", "10:01:00.000Z", "10:01:30.000Z", "10:02:00.000Z"])
        self.assertEqual([look["elapsed_ms"] for look in looks], [0, 30000, 30000, 30000, 30000])
        expected = {("ens5", "bw_out_allowance_exceeded"): (9071, [48211, 0, 0, 0]),
                    ("ens5", "pps_allowance_exceeded"): (4402, [0, 90, 150, 0]),
                    ("ens6", "pps_allowance_exceeded"): (77, [0, 64, 0, 0]),
                    ("ens6", "linklocal_allowance_exceeded"): (2204, [0, 0, 1510, 0])}
        for interface in ("ens5", "ens6"):
            for name in EXCEEDED:
                rows = [statistic(look, interface, name) for look in looks]
                first, increases = expected.get((interface, name), (rows[0]["value"], [0] * 4))
                self.assertEqual(rows[0], {"kind": "counter", "value": first})
                self.assertEqual([row["increase"] for row in rows[1:]], increases, (interface, name))
                self.assertEqual([row["value"] for row in rows[1:]],
                                 [first + sum(increases[:n]) for n in range(1, 5)])
                self.assertEqual([row["per_second"] for row in rows[1:]], [round(n / 30, 3) for n in increases])

    def test_increases_of_every_second_sum_up_to_what_the_heads_say(self):
        for path in (DATA / "burst", DATA / "conntrack", DATA / "hotplug" / "node.txt"):
            looks = self.looks(path, "1")
            self.assertEqual(len(looks), 121)
            for (names, metric), expected in expected_sums(path).items():
                rows = [eni["statistics"][metric] for look in looks for eni in look["enis"]
                        if eni["interface"] in names.split("/")]
                self.assertEqual(sum(row.get("increase", 0) for row in rows), expected, (names, metric))

    def test_looks_are_due_at_multiples_of_the_interval(self):
        cases = [(["7"], 18, 7000), (["0.5"], 121, 1000), (["1500ms"], 81, 2000), (["1m"], 3, 60000),
                 (["2m", "9"], 2, 120000), (["10", "4"], 4, 10000), ([], 1, None)]
        for words, n_looks, elapsed_ms in cases:
            with self.subTest(words=words):
                looks = self.looks(DATA / "quiet", *words)
                self.assertEqual(len(looks), n_looks)
                # 1.5 s falls between two recorded moments: then the next one is taken.
                self.assertIn(elapsed_ms, {look["elapsed_ms"] for look in looks[1:]} | {None})

    def test_lists_without_times_are_an_interval_of_sampling_apart(self):
        path = self.record("interface ens5\n" + "NIC statistics:\npps_allowance_exceeded: 1\n" * 3)
        looks = self.looks(path, "0.1", "-o", "sample.interval=500ms")
        self.assertEqual([look["elapsed_ms"] for look in looks], [0, 500, 500])

    def test_schema(self):
        first, second = self.looks(DATA / "burst", "30", "2")
        self.assertEqual(list(first), ["time", "elapsed_ms", "enis"])
        self.assertEqual(first["time"], "2026-11-21T10:00:00.000Z")
        eni = first["enis"][1]
        self.assertEqual(list(eni), ["interface", "mac", "ifindex", "driver", "driver_version", "statistics",
                                     "unsupported"])
        self.assertEqual([eni[key] for key in list(eni)[:5]], ["ens6", "02:00:00:00:00:02", 3, "ena", "2.17.0g"])
        self.assertEqual(eni["unsupported"], [])
        self.assertEqual(set(eni["statistics"]), {*EXCEEDED, AVAILABLE, *SRD, *DRIVER})
        kinds = {AVAILABLE: "gauge", "ena_srd_mode": "mode", "ena_srd_resource_utilization": "percent"}
        for look in (first, second):
            for name, row in find(look, "ens6")["statistics"].items():
                self.assertEqual(row["kind"], kinds.get(name, "counter"))
                has_increase = look is second and row["kind"] == "counter"
                self.assertEqual(set(row), {"kind", "value"} | ({"increase", "per_second"} if has_increase else set()))

    def test_fraction_of_a_second_in_the_time(self):
        recording = self.record("time 2026-11-21T10:00:00.25Z\ninterface ens5\nNIC statistics:\n"
                                "pps_allowance_exceeded: 1\ntime +350ms\npps_allowance_exceeded: +7\n")
        looks = self.looks(recording, "0.1")
        self.assertEqual([look["time"] for look in looks], ["2026-11-21T10:00:00.250Z", "2026-11-21T10:00:00.600Z"])
        self.assertEqual(statistic(looks[1], "ens5", "pps_allowance_exceeded")["per_second"], 20)

    def test_zeros_are_marked_and_the_right_increase_shows_after_them(self):
        path = self.record(ZEROS)
        page = self.page(path, "10:00:01", "1")
        self.assertEqual(page[1:4], ["  bw_in_allowance_exceeded                         0?",
                                     "  pps_allowance_exceeded                           0?",
                                     "  conntrack_allowance_available                    0?"])
        self.assertEqual(page[5:], ["  ena_srd_tx_pkts                               1600           600        600.0",
                                    "  ? suspect: a failed read, or a reset; nothing counts before the verdict"])
        page = self.page(path, "10:00:03", "1")
        # 30 in the three seconds since 10:00:00, when the group was believed last.
        self.assertIn("  bw_in_allowance_exceeded                       130            30         10.0", page)
        self.assertIn("  conntrack_allowance_available               135990           -10", page)
        self.assertEqual(page[-2:], ["  a read had failed: nothing of it was counted",
                                     "  what moved covers up to 3.000 s"])

    def test_suspect_zero_of_a_row_that_is_not_always_there(self):
        path = self.record("time 2026-11-21T10:00:00Z\ninterface ens5\nNIC statistics:\npps_allowance_exceeded: 1\n"
                           "ena_srd_mode: 1\nena_srd_tx_pkts: 1000\ntime +1s\nena_srd_mode: 0\nena_srd_tx_pkts: 0\n")
        page = self.page(path, "10:00:01", "1")
        self.assertEqual(page[2:4], ["  ena_srd_mode                                0: off?",
                                     "  ena_srd_tx_pkts                                  0?"])

    def test_zeros_in_json(self):
        looks = self.looks(self.record(ZEROS), "1")
        rows = [statistic(look, "ens5", "bw_in_allowance_exceeded") for look in looks]
        self.assertEqual(rows[1], {"kind": "counter", "value": 0, "is_suspect": True})
        self.assertEqual(rows[2], rows[1])
        self.assertEqual(rows[3], {"kind": "counter", "value": 130, "increase": 30, "per_second": 10.0})
        self.assertEqual(rows[4], {"kind": "counter", "value": 3, "increase": 3, "per_second": 3.0})
        self.assertEqual(rows[5], rows[1])
        self.assertTrue(statistic(looks[1], "ens5", AVAILABLE)["is_suspect"])
        self.assertEqual([statistic(look, "ens5", "ena_srd_tx_pkts").get("increase") for look in looks],
                         [None, 600, 600, 0, 0, 0])

    def test_reset_counts_from_zero_and_is_told(self):
        page = self.page(self.record(ZEROS), "10:00:04", "1")
        self.assertIn("  bw_in_allowance_exceeded                         3             3          3.0", page)
        self.assertIn("  total_resets                                     1             1          1.0", page)
        self.assertEqual(page[-1], "  the counters were reset: they count from zero")

    def test_zeros_at_the_first_look_are_marked(self):
        path = self.record("interface ens5\nNIC statistics:\npps_allowance_exceeded: 0\n"
                           "conntrack_allowance_available: 0\n")
        lines = self.table(path).splitlines()
        self.assertIn("  pps_allowance_exceeded                           0?", lines)
        self.assertEqual(sum(line.startswith("  ? ") for line in lines), 1)

    def test_level_of_zero_beside_a_reset_on_zeros_alone_stays_marked(self):
        text = "".join(ZEROS.splitlines(keepends=True)[:14]) + "time +1s * 3\n"
        looks = self.looks(self.record(text), "1", "-o", "sample.verdict=1s")
        marks = [[bool(statistic(look, "ens5", name).get("is_suspect"))
                  for name in ("bw_in_allowance_exceeded", AVAILABLE)] for look in looks]
        self.assertEqual(marks, [[False, False], [True, True], [False, True], [False, True], [False, True]])

    def test_modes_in_words(self):
        words = {0: "0: off", 1: "1: ENA Express on", 2: "2: ENA Express off, for UDP", 3: "3: ENA Express on, for UDP",
                 7: "7: ENA Express on, for UDP, UDP ordering bypassed", 8: "8: ENA Express off"}
        text = "interface ens5\nNIC statistics:\npps_allowance_exceeded: 1\nena_srd_mode: 0\n"
        text += "".join(f"time +1s\nena_srd_mode: {mode}\n" for mode in list(words)[1:])
        lines = self.table(self.record(text), "1").splitlines()
        lines = [line.split(None, 1)[1] for line in lines if "srd_mode" in line]
        before = [None, *words]
        self.assertEqual([" ".join(line.split()) for line in lines],
                         [w + (f" was {before[i]}" if i else "") for i, w in enumerate(words.values())])

    def test_percent_and_level_show_their_change(self):
        path = self.record("interface ens5\nNIC statistics:\nena_srd_mode: 1\nena_srd_resource_utilization: 30\n"
                           "conntrack_allowance_available: 5\npps_allowance_exceeded: 1\ntime +1s\n"
                           "ena_srd_resource_utilization: 12\nconntrack_allowance_available: 12\n")
        lines = self.table(path, "1").splitlines()
        self.assertIn("  ena_srd_resource_utilization                   30%", lines)
        self.assertIn("  ena_srd_resource_utilization                   12%           -18", lines)
        self.assertIn("  conntrack_allowance_available                   12            +7", lines)

    def test_zeros_that_never_move_are_left_out_and_others_are_not(self):
        path = self.record("time 2026-11-21T10:00:00Z\ninterface ens5\nNIC statistics:\npps_allowance_exceeded: 1\n"
                           "queue_0_tx_queue_stop: 0\nqueue_1_tx_queue_stop: 4\nrx_cnt: 9\ntotal_resets: 0\n"
                           "reset_fail: 2\ntime +1s\nqueue_0_tx_queue_stop: 3\n")
        names = "-o", "publish.metrics=pps_allowance_exceeded, queue_0_tx_queue_stop, queue_1_tx_queue_stop"
        self.assertEqual([line.split()[0] for line in self.page(path, "10:00:00", *names, "1")[1:]],
                         ["pps_allowance_exceeded", "reset_fail", "queue_1_tx_queue_stop"])
        self.assertEqual([line.split() for line in self.page(path, "10:00:01", *names, "1")[1:]],
                         [["pps_allowance_exceeded", "1", "0"], ["reset_fail", "2", "0"],
                          ["queue_0_tx_queue_stop", "3", "3", "3.0"], ["queue_1_tx_queue_stop", "4", "0"]])

    def test_what_is_not_offered_is_told_once(self):
        path = self.record("interface ens5\nNIC statistics:\nbw_in_allowance_exceeded: 1\npps_allowance_exceeded: 1\n"
                           "time +1s\npps_allowance_exceeded: +1\n")
        text = self.table(path, "1")
        self.assertEqual(text.count("not offered:"), 1)
        told = text[text.index("  not offered:"):].split("\n\n")[0].split(":", 1)[1].replace(",", " ").split()
        expected = {*EXCEEDED, AVAILABLE, *SRD[1:], *DERIVED} - {"bw_in_allowance_exceeded", "pps_allowance_exceeded"}
        self.assertEqual((set(told), len(told)), (expected, len(expected)))
        for look in self.looks(path, "1"):
            self.assertEqual(set(find(look, "ens5")["unsupported"]), expected)

    def test_statistics_of_the_host_are_not_looked_for_in_an_eni(self):
        looks = self.looks(DATA / "quiet", "-o", "publish.metrics=pps_allowance_exceeded, self_samples")
        self.assertEqual(find(looks[0], "ens5")["unsupported"], [])
        self.assertNotIn("self_samples", find(looks[0], "ens5")["statistics"])

    def test_largest_numbers_and_longest_names_fit(self):
        name, most = "x" * 31, 2**64 - 1
        path = self.record(f"interface ens5\nNIC statistics:\n{name}: {most}\npps_allowance_exceeded: {2**63 - 1}\n")
        words = "-o", f"publish.metrics=pps_allowance_exceeded, {name}"
        self.assertIn(f"  {name}  {most}\n", self.table(path, *words))
        look = self.looks(path, *words)[0]
        self.assertEqual(statistic(look, "ens5", "pps_allowance_exceeded")["value"], 2**63 - 1)
        self.assertAlmostEqual(statistic(look, "ens5", name)["value"] / most, 1)

    def test_enis_come_go_and_change_their_names(self):
        path = DATA / "hotplug" / "node.txt"
        page = self.page(path, "10:00:20", "10", "3")
        self.assertEqual(page[:2], ["ens6 appeared", "ens6  02:00:00:00:00:02  ena 2.17.0g"])
        self.assertIn("  bw_out_allowance_exceeded                   123456", page)
        self.assertEqual(page[-1], "ens5: quiet, conntrack_allowance_available 136400")
        self.assertEqual(self.page(path, "10:00:40", "10", "5")[0], "ens5 is now called net0")
        text = self.table(path, "10", "8")
        self.assertIn("2026-11-21 10:01:10Z  10.000 s  quiet, conntrack_allowance_available 136400\n"
                      "ens6 is gone\n", text)
        for line in ("ens6 appeared", "ens5 is now called net0", "ens6 is gone"):
            self.assertEqual(text.count(line), 1)

    def test_rename_of_a_quiet_eni_stands_apart(self):
        text = self.table(DATA / "hotplug" / "node.txt", "1", "42")
        self.assertIn("quiet, conntrack_allowance_available 136400\n\n2026-11-21 10:00:40Z  1.000 s  quiet, "
                      "conntrack_allowance_available 136400\nens5 is now called net0\n\n2026-11-21 10:00:41Z", text)

    def test_slow_increase_shows_in_the_rate(self):
        page = self.page(DATA / "hotplug" / "node.txt", "10:00:50", "10", "6")
        self.assertIn("  pps_allowance_exceeded                         322             7        0.700", page)
        self.assertIn("  pps_allowance_exceeded                        9012            12          1.2", page)

    def test_eni_that_comes_back_begins_with_its_totals(self):
        path = self.record("time 2026-11-21T10:00:00Z\ninterface ens5 mac=02:00:00:00:00:01\nNIC statistics:\n"
                           "pps_allowance_exceeded: 50\nconntrack_allowance_available: 9\ntime +1s * 2\ngone\n"
                           "time +1s\ninterface eth0 driver=veth\ntime +1s\n"
                           "interface ens5 mac=02:00:00:00:00:01\nNIC statistics:\npps_allowance_exceeded: 8\n"
                           "conntrack_allowance_available: 7\ntime +1s\npps_allowance_exceeded: +2\n")
        looks = self.looks(path, "1")
        rows = [statistic(look, "ens5", "pps_allowance_exceeded") for look in looks if find(look, "ens5")]
        self.assertEqual([(row["value"], row.get("increase")) for row in rows],
                         [(50, None), (50, 0), (8, None), (10, 2)])
        self.assertIn("\nens5 appeared\nens5  02:00:00:00:00:01  ena\n  pps_allowance_exceeded"
                      "                           8\n  conntrack_allowance_available                    7\n",
                      self.table(path, "1", log="[^\n]*no interface with driver ena[^\n]*\n"))

    def test_failed_read_is_told_after_it_though_nothing_moved(self):
        path = self.record("time 2026-11-21T10:00:00Z\ninterface ens5\nNIC statistics:\npps_allowance_exceeded: 50\n"
                           "conntrack_allowance_available: 9\ntime +1s\npps_allowance_exceeded: 0\n"
                           "conntrack_allowance_available: 0\ntime +1s\npps_allowance_exceeded: 50\n"
                           "conntrack_allowance_available: 9\ntime +1s\n")
        self.assertIn("  a read had failed: nothing of it was counted", self.page(path, "10:00:02", "1"))
        self.assertTrue(self.table(path, "1").endswith("10:00:03Z  1.000 s  quiet, conntrack_allowance_available 9\n"))

    def test_names_that_move_are_read_again_within_a_period(self):
        path = self.record("interface ens5\nNIC statistics:\npps_allowance_exceeded: 50\nbw_in_allowance_exceeded: 70\n"
                           "time +1s\nNIC statistics:\nbw_in_allowance_exceeded: 70\npps_allowance_exceeded: 50\n"
                           "time +1s * 3\n")
        last = self.looks(path, "1", "-o", "publish.period=2s")[-1]
        self.assertEqual(statistic(last, "ens5", "pps_allowance_exceeded")["value"], 50)

    def test_interface_that_cannot_be_read_is_told_and_its_next_increase_covers_more(self):
        result = read(*option(DATA / "hotplug" / "node.txt"), "1")
        self.assertEqual(len(result.stderr.splitlines()), 1)
        self.assertIn("net0", result.stderr)
        self.assertIn("2026-11-21 10:01:20Z  1.000 s  no ENI could be read\nnet0 was not read\n\n", result.stdout)
        self.assertIn("  bw_in_allowance_exceeded                        17            13          6.5\n",
                      result.stdout)
        self.assertIn("  what moved covers up to 2.000 s\n", result.stdout)
        self.assertNotIn("is gone\n", result.stdout.split("10:01:10Z")[1].split("\n", 2)[2])

    def test_quiet_enis_stand_together_and_wrap(self):
        text = "".join(f"interface eni{i} mac=02:00:00:00:00:{i:02x}\nNIC statistics:\npps_allowance_exceeded: {i}\n"
                       for i in range(1, 20)) + "time +1s\ninterface eni1\npps_allowance_exceeded: +1\n"
        lines = self.table(self.record(text), "1").split("\n\n")[1].splitlines()
        self.assertEqual(" ".join(" ".join(lines[3:]).split()), ", ".join(f"eni{i}" for i in range(2, 20)) + ": quiet")

    def test_nothing_to_read_is_a_failure(self):
        path = self.record("interface eth0 driver=veth\nNIC statistics:\nx: 1\ntime +1s * 2\n")
        for words, n_looks in (([], 1), (["1"], 3), (["--json", "1"], 3)):
            result = read(*option(path), *words)
            self.assertEqual(result.returncode, 1)
            self.assertEqual(len(result.stdout.splitlines()), n_looks)
            self.assertEqual(result.stderr.count("read: no ENI could be read"), 1, result.stderr)
        self.assertEqual([look["enis"] for look in parse(result.stdout)], [[], [], []])

    def test_eni_that_comes_later_is_enough(self):
        path = self.record("interface eth0 driver=veth\ntime +1s\ninterface ens5 driver=ena\nNIC statistics:\n"
                           "pps_allowance_exceeded: 1\n")
        result = read(*option(path), "1")
        self.assertEqual(result.returncode, 0, result.stderr)
        self.assertIn("ens5 appeared\n", result.stdout)

    def test_recorded_pace(self):
        path = self.record("interface ens5\nNIC statistics:\npps_allowance_exceeded: 1\ntime +1s * 10\n")
        began = time.monotonic()
        self.looks(path, "2", "-o", "sample.replay_speed=10")
        self.assertGreater(time.monotonic() - began, 0.9)


if __name__ == "__main__":
    main()
