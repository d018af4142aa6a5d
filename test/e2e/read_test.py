# SPDX-License-Identifier: Apache-2.0
"""`enawatch read` as a user calls it, and on the rig; what stands in a look is in read_replay_test.py."""
import datetime
import json
import os
import pathlib
import signal
import socket
import statistics
import subprocess
import tempfile
import time
import unittest

from harness import AVAILABLE, BINARY, DATA, EXCEEDED, OnRig, main

DERIVED = ["conntrack_allowance_used_percent", "ena_srd_tx_share_percent"]
SRD = [f"ena_srd_{name}" for name in ("mode", "tx_pkts", "eligible_tx_pkts", "rx_pkts", "resource_utilization")]
DRIVER = ["total_resets", "reset_fail", "wd_expired", "admin_q_pause", "ena_admin_q_aborted_cmd",
          "ena_admin_q_no_completion"]

# By hand from the heads of test/data/ethtool/burst: in the first 30 seconds ens5 moves and ens6 does not.
BURST = """\
2026-11-21 10:00:00Z   since the driver's last reset
ens5  02:00:00:00:00:01  ena 2.17.0g
  bw_in_allowance_exceeded                        12
  bw_out_allowance_exceeded                     9071
  pps_allowance_exceeded                        4402
  conntrack_allowance_exceeded                     0
  linklocal_allowance_exceeded                    37
  conntrack_allowance_available               136812
  ena_srd_mode                                0: off
ens6  02:00:00:00:00:02  ena 2.17.0g
  bw_in_allowance_exceeded                         0
  bw_out_allowance_exceeded                      513
  pps_allowance_exceeded                          77
  conntrack_allowance_exceeded                     0
  linklocal_allowance_exceeded                  2204
  conntrack_allowance_available               135980
  ena_srd_mode                                0: off

2026-11-21 10:00:30Z  30.000 s                 total         moved   per second
ens5  02:00:00:00:00:01  ena 2.17.0g
  bw_in_allowance_exceeded                        12             0
  bw_out_allowance_exceeded                    57282         48211       1607.0
  pps_allowance_exceeded                        4402             0
  conntrack_allowance_exceeded                     0             0
  linklocal_allowance_exceeded                    37             0
  conntrack_allowance_available               136010          -802
  ena_srd_mode                                0: off
ens6: quiet, conntrack_allowance_available 135980
"""


def read(*words, timeout=20):
    return subprocess.run([BINARY, "read", *words], capture_output=True, text=True, timeout=timeout,
                          stdin=subprocess.DEVNULL)


def option(path):
    return "-o", f"sample.replay={path}"


def parse(text):
    return [json.loads(line) for line in text.splitlines()]


def find(look, interface):
    return next((eni for eni in look["enis"] if eni["interface"] == interface), None)


def statistic(look, interface, name):
    return find(look, interface)["statistics"][name]


class Words(unittest.TestCase):
    def assert_refused(self, *words, says):
        result = read(*words)
        self.assertEqual((result.returncode, result.stdout), (78, ""), result)
        self.assertEqual(len(result.stderr.splitlines()), 1, result.stderr)
        for word in ("allowed", says):
            self.assertIn(word, result.stderr)

    def test_bad_words_are_refused_with_what_is_allowed(self):
        for word in ("soon", "0", "0.09", "99ms", "3601", "61m", "1e9", "-1", "-.5", "1.5s", ""):
            self.assert_refused(word, says="INTERVAL of 100ms to 1h")
        for word in ("0", "-1", "1.5", "x", ""):
            self.assert_refused("1", word, says="COUNT")
        self.assert_refused("1", "2", "3", says="INTERVAL and COUNT")
        self.assert_refused("--jsno", says="enawatch read --help")
        self.assert_refused("-", says="enawatch read --help")
        self.assert_refused("-o", says="a value after it")
        self.assert_refused("1", "-c", says="a value after it")
        self.assert_refused("-o", "sample.verdict=soon", says="sample.verdict")

    def test_bad_files_are_refused(self):
        for words in (["-c", "/does/not/exist"], option("/does/not/exist")):
            result = read(*words)
            self.assertEqual((result.returncode, len(result.stderr.splitlines())), (78, 1), result)

    def test_help_and_version(self):
        self.assertRegex(read("--version").stdout, r"^enawatch \d+\.\d+\.\d+\n$")
        for words in ("--json", "INTERVAL", "COUNT", "--config", "--option"):
            self.assertIn(words, read("-h").stdout)
        everything = subprocess.run([BINARY, "--help"], capture_output=True, text=True, timeout=10)
        self.assertIn("enawatch read --help", everything.stdout)

    def test_configuration_file_counts(self):
        with tempfile.TemporaryDirectory(prefix="enawatch-") as folder:
            path = pathlib.Path(folder) / "test.conf"
            path.write_text(f"[sample]\nreplay = {DATA / 'burst'}\n", encoding="utf-8")
            self.assertEqual(read("-c", str(path), "30", "2").stdout, BURST)

    def test_reader_that_goes_away_ends_it_without_a_word(self):
        for words in ([], ["--json"]):
            reader, writer = os.pipe()
            os.close(reader)  # before all of it is written, which fits into a pipe
            result = subprocess.run([BINARY, "read", *option(DATA / "quiet"), *words, "1"], stdout=writer,
                                    stderr=subprocess.PIPE, timeout=30)
            os.close(writer)
            self.assertEqual((result.returncode, result.stderr), (1, b""))

    def test_full_disk_is_told(self):
        with open("/dev/full", "w", encoding="ascii") as full:
            result = subprocess.run([BINARY, "read", *option(DATA / "quiet"), "1"], stdout=full,
                                    stderr=subprocess.PIPE, text=True, timeout=10)
        self.assertEqual(result.returncode, 1)
        self.assertEqual(result.stderr.count("cannot write"), 1)
        self.assertEqual(len(result.stderr.splitlines()), 1)


class Live(OnRig):
    def read(self, *words):
        return self.bench.start(BINARY, "read", *words)

    def watch(self, *words):
        """JSON looks until the test has seen enough; waits for the first."""
        reader = self.read("--json", *words)
        reader.wait_for(lambda d: d.documents, 30)
        return reader

    def wait_for_looks(self, reader, n):
        """So many more, and the first of them was begun after this call."""
        seen = self.n_with_enis(reader)
        reader.wait_for(lambda d: self.n_with_enis(d) > seen + n, 30)

    @staticmethod
    def n_with_enis(reader):
        """A look may be without: an interface that a machine under load lets be read less often."""
        return sum(bool(arrival.document["enis"]) for arrival in list(reader.documents))

    @staticmethod
    def rows(reader, mac, name):
        return [eni["statistics"][name] for a in list(reader.documents) for eni in a.document["enis"]
                if eni["mac"] == mac]

    def test_one_look_shows_what_is_and_reads_once(self):
        eni = self.bench.add("ens5")
        eni.set(bw_in_allowance_exceeded=123456789, conntrack_allowance_available=77)
        reader = self.read()
        self.assertEqual(reader.wait(), 0, reader)
        self.assertEqual(reader.log, [])
        self.assertIn("  bw_in_allowance_exceeded                 123456789", reader.lines)
        self.assertIn("  conntrack_allowance_available                   77", reader.lines)
        self.assertRegex(reader.lines[0], r"^\d{4}-\d\d-\d\d \d\d:\d\d:\d\dZ   since the driver's last reset$")
        self.assertEqual(reader.counts()[(eni.mac, "GSTATS")], 1)

    def test_increases_are_exact_and_rates_follow_the_elapsed_time(self):
        eni = self.bench.add("ens5")
        reader = self.watch("200ms", "-o", "sample.budget=100")
        for _ in range(10):
            eni.add(pps_allowance_exceeded=1000)
            time.sleep(0.13)
        self.wait_for_looks(reader, 1)
        reader.signal(signal.SIGINT)
        self.assertEqual(reader.wait(), 128 + signal.SIGINT)
        rows = self.rows(reader, eni.mac, "pps_allowance_exceeded")
        self.assertNotIn("increase", rows[0])
        self.assertEqual(sum(row["increase"] for row in rows[1:]) + rows[0]["value"], 10000)
        self.assertEqual(rows[-1]["value"], 10000)
        # A look that was held up before it read has another time than its read: most were not.
        off = []
        for row, arrival in zip(rows[1:], reader.documents[1:]):
            rate = row["increase"] * 1000 / arrival.document["elapsed_ms"]
            off.append(abs(row["per_second"] - rate) / (0.2 * rate + 0.001))
        self.assertLessEqual(statistics.median(off), 1, off)

    def test_looks_do_not_drift(self):
        self.bench.add("ens5")

        def drift_ms():
            reader = self.read("--json", "0.2", "11")
            self.assertEqual(reader.wait(), 0, reader)
            looks = [arrival.document for arrival in reader.documents]
            self.assertEqual(len(looks), 11)
            return abs(sum(look["elapsed_ms"] for look in looks) - 2000)
        self.assert_within(100, drift_ms)

    def test_look_that_takes_too_long_skips_those_that_are_due(self):
        eni = self.bench.add("ens5")

        def farthest_from_a_multiple():
            eni.heal()
            reader = self.watch("200ms", "-o", "sample.budget=100")
            eni.latency(500)
            self.wait_for_looks(reader, 3)
            reader.kill()
            times = [datetime.datetime.fromisoformat(a.document["time"].replace("Z", "+00:00"))
                     for a in reader.documents]
            since_ms = [(t - times[0]).total_seconds() * 1000 for t in times]
            self.assertGreaterEqual(max(b - a for a, b in zip(since_ms, since_ms[1:])), 500)
            return max((ms + 10) % 200 for ms in since_ms)
        self.assert_within(110, farthest_from_a_multiple)

    def test_failed_reads_are_marked_and_lose_nothing(self):
        eni = self.bench.add("ens5")
        eni.set(pps_allowance_exceeded=500)
        reader = self.watch("100ms", "-o", "sample.budget=100")
        eni.zeros()
        self.wait_for_looks(reader, 2)
        eni.add(pps_allowance_exceeded=40)
        self.wait_for_looks(reader, 2)
        eni.heal()
        self.wait_for_looks(reader, 2)
        reader.kill()
        rows = self.rows(reader, eni.mac, "pps_allowance_exceeded")
        suspects = [row for row in rows if row.get("is_suspect")]
        self.assertGreaterEqual(len(suspects), 3)
        for row in suspects:
            self.assertEqual(row, {"kind": "counter", "value": 0, "is_suspect": True})
        self.assertEqual([row["increase"] for row in rows if row.get("increase")], [40])
        self.assertEqual(rows[-1]["value"], 540)

    def test_eni_that_appears_is_counted_from_there_and_one_that_is_renamed_goes_on(self):
        eni = self.bench.add("ens5")
        reader = self.read("200ms")
        reader.wait_for(lambda d: d.lines, 30)
        late = self.bench.add("ens6")
        reader.wait_for(lambda d: "ens6 appeared" in d.lines, 30)
        eni.rename("net0")
        reader.wait_for(lambda d: "ens5 is now called net0" in d.lines, 30)
        late.remove()
        reader.wait_for(lambda d: "ens6 is gone" in d.lines, 30)
        eni.add(pps_allowance_exceeded=31)
        line = reader.wait_for(lambda d: [x for x in d.lines if x.startswith("  pps_") and " 31 " in x], 30)[0]
        self.assertEqual(line.split()[:3], ["pps_allowance_exceeded", "31", "31"])
        reader.kill()

    def test_replaced_device_shows_no_increase(self):
        eni = self.bench.add("ens5")
        eni.set(pps_allowance_exceeded=500)
        reader = self.watch("100ms")
        self.wait_for_looks(reader, 1)
        before = eni.ifindex
        eni.replace()
        eni.add(pps_allowance_exceeded=9)
        reader.wait_for(lambda d: any(e["ifindex"] != before for e in d.documents[-1].document["enis"]), 30)
        self.wait_for_looks(reader, 1)
        reader.kill()
        rows = self.rows(reader, eni.mac, "pps_allowance_exceeded")
        self.assertIn(sum(row.get("increase", 0) for row in rows), (0, 9))

    def test_unreadable_eni_is_not_called_gone(self):
        self.bench.add("ens5")
        eni = self.bench.add("ens6")
        reader = self.read("200ms")
        reader.wait_for(lambda d: d.lines, 30)
        eni.fail(19, "GSTATS")
        reader.wait_for(lambda d: d.lines.count("ens6 was not read") >= 2, 30)
        eni.heal()
        n_lines = len(reader.lines)
        reader.wait_for(lambda d: any("quiet" in line for line in d.lines[n_lines + 4:]), 30)
        reader.kill()
        self.assertFalse([line for line in reader.lines if "is gone" in line or "appeared" in line])
        self.assertEqual(len([line for line in reader.log if "cannot read the statistics" in line]), 1)

    def test_device_without_allowances(self):
        self.bench.add("ens5", stats={"tx_timeout": 0, "suspend": 0})
        reader = self.read("--json")
        self.assertEqual(reader.wait(), 0, reader)
        eni = reader.documents[0].document["enis"][0]
        self.assertEqual(eni["statistics"], {})
        self.assertEqual(set(eni["unsupported"]), {*EXCEEDED, AVAILABLE, *SRD[1:], *DERIVED})

    def test_real_veth_is_read_through_the_kernel(self):
        self.bench.add("ens5")
        reader = self.read("--json", "-o", "sample.drivers=veth", "-o", "sample.interfaces=peer*", "-o",
                           "publish.metrics=rx_queue_0_xdp_packets")
        self.assertEqual(reader.wait(), 0, reader)
        eni = reader.documents[0].document["enis"][0]
        self.assertEqual(eni["ifindex"], socket.if_nametoindex("peerens5"))
        self.assertEqual(eni["statistics"]["rx_queue_0_xdp_packets"], {"kind": "counter", "value": 0})

    def test_node_without_an_eni(self):
        reader = self.read()
        self.assertEqual(reader.wait(), 1)
        self.assertEqual(len([line for line in reader.log if "read: no ENI could be read" in line]), 1)
        self.assertEqual(len([line for line in reader.log if "no interface with driver ena" in line]), 1)


if __name__ == "__main__":
    main()
