# SPDX-License-Identifier: Apache-2.0
"""The shipped recordings through the whole program: the heads of the files say by hand what is right."""
import json
import pathlib
import re
import subprocess
import tempfile
import time
import unittest

from harness import AVAILABLE, BINARY, DATA, EXCEEDED, is_eni, is_instance, main, total, values

SUM = re.compile(r"^# sum (\S+)\s+(\S+)\s+(\d+)", re.MULTILINE)


def play(path, *options, timeout=20):
    command = [BINARY, "run", "-o", "publish.sink=stdout", "-o", f"sample.replay={path}",
               "-o", "identity.instance_id=i-1"]
    command += [w for option in options for w in ("-o", option)]
    result = subprocess.run(command, capture_output=True, text=True, timeout=timeout, stdin=subprocess.DEVNULL)
    assert result.returncode == 0, result.stderr
    return [json.loads(line) for line in result.stdout.splitlines()]


def expected_sums(path):
    """{(interface, metric): sum} from the heads of the files."""
    files = sorted(path.glob("*.txt")) if path.is_dir() else [path]
    return {(i, m): int(n) for file in files for i, m, n in SUM.findall(file.read_text())}


def called(names):
    return lambda document: document.get("interface") in names


class Recordings(unittest.TestCase):
    def check_sums(self, path):
        """Of an interface that is renamed the head gives both names: ens5/net0."""
        documents = play(path, "publish.quiet_enis=send")
        sums = expected_sums(path)
        for (interface, metric), expected in sums.items():
            names = set(interface.split("/"))
            self.assertEqual(total(documents, metric, called(names)), expected, (interface, metric))
        for metric in EXCEEDED:
            self.assertEqual(total(documents, metric), sum(n for (_, m), n in sums.items() if m == metric), metric)
        return documents

    def test_quiet(self):
        documents = self.check_sums(DATA / "quiet")
        self.assertEqual({len(d["pps_allowance_exceeded"]) for d in documents if is_instance(d)}, {60})

    def test_quiet_enis_are_omitted(self):
        self.assertFalse([d for d in play(DATA / "quiet") if is_eni(d)])

    def test_burst(self):
        documents = self.check_sums(DATA / "burst")
        self.assertIn(48211, values(documents, "bw_out_allowance_exceeded"))
        self.assertEqual(sum(1 for v in values(documents, "bw_out_allowance_exceeded") if v), 1)
        self.assertEqual(min(values(documents, AVAILABLE)), 135214)
        self.assertEqual([d["throttled"].get("linklocal_allowance_exceeded") for d in documents if is_instance(d)],
                         [None, 2])

    def test_conntrack_exhaustion_is_a_true_zero(self):
        documents = self.check_sums(DATA / "conntrack")
        self.assertEqual(min(values(documents, AVAILABLE)), 0)

    def test_hotplug(self):
        documents = self.check_sums(DATA / "hotplug" / "node.txt")
        # The second that could not be read is seen together with the next: two seconds in one value.
        self.assertEqual([v for v in values(documents, "bw_in_allowance_exceeded") if v], [13])
        self.assertEqual([d["gap_ms"] for d in documents if is_instance(d) and "gap_ms" in d], [2000])

    def test_same_recording_gives_the_same_bytes(self):
        self.assertEqual(play(DATA / "burst"), play(DATA / "burst"))

    def test_timestamps_are_those_of_the_recording(self):
        stamps = {d["_aws"]["Timestamp"] for d in play(DATA / "burst")}
        self.assertEqual(stamps, {1795255200000, 1795255260000})  # 2026-11-21T10:00:00Z and a minute later

    def test_two_captures_without_times(self):
        with tempfile.TemporaryDirectory(prefix="enawatch-") as folder:
            capture = pathlib.Path(folder) / "ens7.txt"
            for value in (1000, 1042):
                with open(capture, "a", encoding="ascii") as file:
                    file.write(f"NIC statistics:\n     pps_allowance_exceeded: {value}\n")
            documents = play(capture)
        self.assertEqual(total(documents, "pps_allowance_exceeded", called({"ens7"})), 42)

    def test_long_windows_are_cut_into_parts_and_lose_nothing(self):
        documents = play(DATA / "burst", "publish.period=1h")
        parts = [d for d in documents if is_instance(d)]
        self.assertEqual([len(d["bw_out_allowance_exceeded"]) for d in parts], [100, 20])
        self.assertEqual([(d["part"], d["parts"]) for d in parts], [(1, 2), (2, 2)])
        self.assertEqual(total(documents, "bw_out_allowance_exceeded"), 48211)

    def test_slow_reader_gets_everything(self):
        with tempfile.TemporaryDirectory(prefix="enawatch-") as folder:
            recording = pathlib.Path(folder) / "long.txt"
            recording.write_text("interface ens5\nNIC statistics:\n pps_allowance_exceeded: 1\ntime +1s * 5000\n")
            command = f"{BINARY} run -o publish.sink=stdout -o sample.replay={recording} -o publish.period=1s" \
                      " -o journal.max_bytes=1MiB | (sleep 7; cat)"
            result = subprocess.run(command, shell=True, capture_output=True, text=True, timeout=40)
        self.assertEqual(len(result.stdout.splitlines()), 5000, result.stderr)

    def test_signal_ends_a_recording_that_waits_for_its_next_moment(self):
        with tempfile.TemporaryDirectory(prefix="enawatch-") as folder:
            recording = pathlib.Path(folder) / "slow.txt"
            recording.write_text("interface ens5\nNIC statistics:\n pps_allowance_exceeded: 1\ntime +1h * 3\n")
            command = [BINARY, "run", "-o", "publish.sink=stdout", "-o", f"sample.replay={recording}",
                       "-o", "sample.replay_speed=1"]
            with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
                time.sleep(0.5)
                process.terminate()
                self.assertEqual(process.wait(5), 0)

    def test_recorded_pace(self):
        began = time.monotonic()
        play(DATA / "quiet", "sample.replay_speed=60")
        self.assertGreater(time.monotonic() - began, 1.5)


if __name__ == "__main__":
    main()
