# SPDX-License-Identifier: Apache-2.0
"""Checks the rig against the rules of net/ethtool/ioctl.c; rig_client.py is the binary under it."""
import errno
import json
import os
import platform
import signal
import statistics
import struct
import subprocess
import sys
import time
import unittest

import rig
from rig_client import FEATURES, GUARD, STATS, drvinfo, strings, text

CLIENT = os.path.join(os.path.dirname(os.path.abspath(__file__)), "rig_client.py")
LINUX = tuple(int(part) for part in platform.release().split("-")[0].split(".")[:2])
EXCEEDED = "bw_in_allowance_exceeded"


class RigTest(unittest.TestCase):
    def setUp(self):
        self.rig = rig.Rig()
        self.addCleanup(self.rig.close)

    def start(self, *steps):
        return self.rig.start(sys.executable, CLIENT, json.dumps(steps))

    def ask(self, *steps):
        """The results of the steps; the client must end well."""
        daemon = self.start(*steps)
        self.assertEqual(daemon.wait(), 0, str(daemon))
        self.assertEqual(daemon.garbage, [])
        results = [arrival.document for arrival in daemon.documents]
        return results[0] if len(results) == 1 else results

    def names_of(self, answer, n):
        data = bytes.fromhex(answer["data"])
        return [text(data[32 * i:32 * i + 32]) for i in range(n)]

    def values_of(self, answer, n):
        return list(struct.unpack_from(f"{n}Q", bytes.fromhex(answer["data"])))

    def wait_for_a_delayed_call(self, daemon, eni):
        """Until one is under way."""
        daemon.wait_for(lambda d: d.counts().get((eni.mac, "DELAYED")))


class Answers(RigTest):
    def test_drvinfo_is_what_the_file_says(self):
        self.rig.add("ens5", version="2.13.0g", bus="0000:00:07.0")
        self.assertEqual(self.ask(["drvinfo", "ens5"]), {
            "driver": "ena", "version": "2.13.0g", "bus": "0000:00:07.0", "n_stats": 112})

    def test_a_file_without_a_head_is_an_in_kernel_ena(self):
        eni = self.rig.add("ens5")
        self.write(eni, "NIC statistics:\n  suspend: 1\n")
        self.assertEqual(self.ask(["drvinfo", "ens5"]), {
            "driver": "ena", "version": platform.release()[:31], "bus": "", "n_stats": 1})

    def write(self, eni, content):
        path = os.path.join(self.rig.devices, eni.mac)
        with open(path + ".new", "w", encoding="ascii") as file:
            file.write(content)
        os.rename(path + ".new", path)

    def test_names_and_values_come_in_the_order_of_the_file(self):
        eni = self.rig.add("ens5")
        eni.set(bw_in_allowance_exceeded=2**64 - 1, total_resets=3)
        names, values = self.ask(["strings", "ens5", 112, 112], ["stats", "ens5", 112, 112])
        self.assertEqual([names["n"], values["n"]], [112, 112])
        self.assertEqual(self.names_of(names, 112), list(eni.stats))
        self.assertEqual(self.values_of(values, 112), list(eni.stats.values()))
        self.assertEqual(eni.stats["conntrack_allowance_available"], 136000)
        for answer in (names, values):
            self.assertTrue(answer["data"].endswith(GUARD.hex()))

    def test_sset_info_gives_size_and_bit_of_the_set(self):
        self.rig.add("ens5")
        size = struct.pack("I", 112) + GUARD[4:]
        self.assertEqual(self.ask(["sset_info", "ens5", 1 << STATS]),
                         {"reserved": 0, "mask": 2, "tail": size.hex()})

    def test_sset_info_of_several_sets_mixes_in_the_kernels(self):
        eni = self.rig.add("ens5")
        test_and_stats_and_features = 1 | 1 << STATS | 1 << FEATURES
        ours, kernels = self.ask(["sset_info", "ens5", test_and_stats_and_features],
                                 ["sset_info", f"peer{eni.name}", 1 << FEATURES])
        features = bytes.fromhex(kernels["tail"])[:4]
        self.assertGreater(struct.unpack("I", features)[0], 32)
        self.assertEqual(ours["mask"], 1 << STATS | 1 << FEATURES)
        self.assertEqual(ours["tail"], (struct.pack("I", 112) + features + GUARD[8:]).hex())

    def test_sset_info_without_a_mask_writes_nothing(self):
        self.rig.add("ens5")
        self.assertEqual(self.ask(["sset_info", "ens5", 0]),
                         {"reserved": 0x5a5a, "mask": 0, "tail": GUARD.hex()})

    def test_other_string_sets_are_the_kernels(self):
        self.rig.add("ens5")
        ours, kernels = self.ask(["strings", "ens5", 0, 128, FEATURES],
                                 ["strings", "peerens5", 0, 128, FEATURES])
        self.assertGreater(ours["n"], 32)
        self.assertEqual(ours, kernels)

    def test_a_device_without_statistics_has_no_such_set(self):
        self.rig.add("ens5", stats={})
        info, sset, names, values = self.ask(
            ["drvinfo", "ens5"], ["sset_info", "ens5", 2], ["strings", "ens5", 0, 0],
            ["stats", "ens5", 0, 0])
        self.assertEqual(info["n_stats"], 0)
        self.assertEqual(sset, {"reserved": 0, "mask": 0, "tail": GUARD.hex()})
        self.assertEqual([names, values], [{"errno": errno.EOPNOTSUPP}] * 2)

    def test_names_may_fill_their_slot_and_hold_any_byte(self):
        names = [b"x" * 32, b"caf\xc3\xa9 \\x41: b", b"\x01\xff", b"a:b"]
        self.rig.add("ens5", stats={name: i for i, name in enumerate(names)})
        answer, values = self.ask(["strings", "ens5", 4, 4], ["stats", "ens5", 4, 4])
        data = bytes.fromhex(answer["data"])
        self.assertEqual([data[32 * i:32 * i + 32] for i in range(4)],
                         [name.ljust(32, b"\0") for name in names])
        self.assertEqual(self.values_of(values, 4), [0, 1, 2, 3])

    def test_sixteen_thousand_statistics(self):
        wide = {f"statistic_{i}": i * i for i in range(16384)}
        self.rig.add("ens5", stats=wide)
        names, values = self.ask(["strings", "ens5", 16384, 16384],
                                 ["stats", "ens5", 16384, 16384])
        self.assertEqual(self.names_of(names, 16384), list(wide))
        self.assertEqual(self.values_of(values, 16384), list(wide.values()))
        self.assertTrue(values["data"].endswith(GUARD.hex()))

    def test_threads_and_child_processes_are_answered_too(self):
        self.rig.add("ens5")
        for answer in self.ask(["in_thread", "drvinfo", "ens5"], ["in_child", "drvinfo", "ens5"]):
            self.assertEqual(answer["driver"], "ena")

    def test_malformed_files_are_eio_and_one_line(self):
        eni = self.rig.add("ens5")
        many = "NIC statistics:\n" + "a: 1\n" * 16385
        for content, complaint in (
                ("speed: 9\n", "1: unknown key"), ("driver: ena\nkernel: odd\n", "2: expected old"),
                ("driver\n", "1: expected key: value"), ("errno: 5000\n", "1: number out of range"),
                ("errno.GLINK: 5\n", "1: errno of an unknown command"),
                ("zeros: all\n", "1: expected GSTATS"), ("latency_ms: soon\n", "1: expected a num"),
                ("version: " + "9" * 32 + "\n", "1: longer than 31 bytes"),
                ("NIC statistics:\n a 1\n", "2: expected name: number"),
                ("NIC statistics:\n a: -1\n", "2: expected a number"),
                ("NIC statistics:\n a: 1 2\n", "2: expected a number and nothing"),
                ("NIC statistics:\n a: 18446744073709551616\n", "2: number out of range"),
                ("NIC statistics:\n : 1\n", "2: statistic without a name"),
                ("NIC statistics:\n a\\x4: 1\n", "2: expected \\xNN"),
                ("NIC statistics:\n a\\: 1\n", "2: expected \\xNN"),
                ("NIC statistics:\n " + "a" * 33 + ": 1\n", "2: name longer than 32 bytes"),
                (many, "16386: more than 16384 statistics")):
            with self.subTest(complaint):
                self.write(eni, content)
                daemon = self.start(["drvinfo", "ens5"], ["stats", "ens5", 0, 1])
                daemon.wait()
                self.assertEqual([arrival.document for arrival in daemon.documents],
                                 [{"errno": errno.EIO}] * 2)
                where = f"rig: {self.rig.devices}/{eni.mac}:{complaint}"
                self.assertEqual([line[:len(where)] for line in daemon.log], [where])


class Counts(RigTest):
    def test_a_new_kernel_refuses_a_wrong_count_with_zero(self):
        self.rig.add("ens5", stats={"a": 7, "b": 8, "c": 9})
        untouched = (bytes(32) + GUARD).hex()
        self.assertEqual(self.ask(["strings", "ens5", 1, 1], ["strings", "ens5", 4, 1]),
                         [{"n": 0, "data": untouched}] * 2)
        untouched = (bytes(8) + GUARD).hex()
        self.assertEqual(self.ask(["stats", "ens5", 2, 1], ["stats", "ens5", 4, 1]),
                         [{"n": 0, "data": untouched}] * 2)

    def test_a_new_kernel_ignores_a_count_of_zero(self):
        self.rig.add("ens5", stats={"a": 7, "b": 8})
        names, values = self.ask(["strings", "ens5", 0, 2], ["stats", "ens5", 0, 2])
        self.assertEqual([names["n"], values["n"]], [2, 2])
        self.assertEqual(self.values_of(values, 2), [7, 8])

    def test_an_old_kernel_overruns_a_small_buffer(self):
        eni = self.rig.add("ens5", stats={"a": 7, "b": 8, "c": 9})
        eni.kernel("old")
        names, values = self.ask(["strings", "ens5", 1, 1], ["stats", "ens5", 1, 1])
        self.assertEqual([names["n"], values["n"]], [3, 3])
        self.assertEqual(self.names_of(names, 3), ["a", "b", "c"])
        self.assertEqual(self.values_of(values, 3), [7, 8, 9])
        self.assertTrue(values["data"].endswith(GUARD[16:].hex()))

    def test_a_changed_set_is_seen_at_once(self):
        eni = self.rig.add("ens5", stats={"a": 7})
        daemon = self.start(["stats", "ens5", 0, 3], ["wait_signal", signal.SIGUSR1],
                            ["stats", "ens5", 1, 3], ["strings", "ens5", 2, 3])
        daemon.wait_for(lambda d: len(d.documents) == 2)
        eni.replace_stats({"b": 1, "c": 2})
        daemon.signal(signal.SIGUSR1)
        daemon.wait()
        before, _, _, refused, names = [arrival.document for arrival in daemon.documents]
        self.assertEqual([before["n"], refused["n"], names["n"]], [1, 0, 2])
        self.assertEqual(self.names_of(names, 2), ["b", "c"])


class Faults(RigTest):
    def test_an_errno_fails_every_command(self):
        eni = self.rig.add("ens5")
        eni.fail(errno.ENODEV)
        steps = (["drvinfo", "ens5"], ["sset_info", "ens5", 2], ["strings", "ens5", 0, 112],
                 ["stats", "ens5", 0, 112], ["link", "ens5"])
        self.assertEqual(self.ask(*steps), [{"errno": errno.ENODEV}] * 5)
        eni.heal()
        self.assertFalse([a for a in self.ask(*steps) if isinstance(a, dict) and "errno" in a])

    def test_an_errno_of_one_command_leaves_the_others(self):
        eni = self.rig.add("ens5")
        eni.fail(errno.EIO, "GSTATS")
        info, values = self.ask(["drvinfo", "ens5"], ["stats", "ens5", 0, 112])
        self.assertEqual([info["driver"], values], ["ena", {"errno": errno.EIO}])

    def test_zeros_hide_what_the_device_knows_and_nothing_else(self):
        eni = self.rig.add("ens5")
        eni.set(bw_in_allowance_exceeded=5, ena_srd_tx_pkts=6, total_resets=7, queue_1_rx_cnt=8)
        eni.zeros()
        hidden = dict(eni.stats, bw_in_allowance_exceeded=0, ena_srd_tx_pkts=0,
                      conntrack_allowance_available=0)
        self.assertEqual(self.values_of(self.ask(["stats", "ens5", 112, 112]), 112),
                         list(hidden.values()))
        eni.zeros(False)
        self.assertEqual(self.values_of(self.ask(["stats", "ens5", 112, 112]), 112),
                         list(eni.stats.values()))

    def test_latency_delays_the_values_only(self):
        eni = self.rig.add("ens5")
        eni.latency(400)
        for _ in range(4):  # what a machine under load delays it does not delay each time
            *others, values = self.ask(["timed", "drvinfo", "ens5"], ["timed", "strings", "ens5", 0, 112],
                                       ["timed", "stats", "ens5", 1, 112], ["timed", "stats", "ens5", 0, 112])
            self.assertGreaterEqual(values, 0.399)  # the rig's clock
            if max(others) < 0.2 and values < 1.5:
                return
        self.fail(f"{others} {values}")

    @unittest.skipIf(LINUX < (5, 19), "an older kernel lets signals interrupt the call")
    def test_a_handled_signal_does_not_interrupt_the_call(self):
        eni = self.rig.add("ens5")
        eni.latency(1000)
        whole = dict(self.ask(["stats", "ens5", 0, 112]), n_alarms=1)
        for _ in range(4):  # for a machine under load the call may be over when the alarm comes
            daemon = self.start(["alarmed_stats", "ens5", 0, 112], ["wait_signal", signal.SIGTERM])
            self.wait_for_a_delayed_call(daemon, eni)
            daemon.signal(signal.SIGALRM)
            self.assertEqual(daemon.stop(), 0)
            if daemon.documents[0].document != dict(whole, n_alarms=0):
                break
        self.assertEqual(daemon.documents[0].document, whole)

    def test_a_binary_killed_while_it_waits_ends_the_rig(self):
        eni = self.rig.add("ens5")
        eni.latency(60000)
        daemon = self.start(["stats", "ens5", 0, 112])
        self.wait_for_a_delayed_call(daemon, eni)
        start = time.monotonic()
        self.assertEqual(daemon.kill(), 128 + signal.SIGKILL)
        self.assertLess(time.monotonic() - start, 30)  # half of what it waits for
        self.assertEqual(daemon.log, [])

    def test_a_thread_that_dies_while_it_waits_hurts_nobody(self):
        slow, quick = self.rig.add("ens5"), self.rig.add("ens6")
        slow.latency(5000)
        script = ("import signal, subprocess, sys\n"
                  "signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGUSR1])\n"
                  "child = subprocess.Popen([sys.executable, *sys.argv[1:3]])\n"
                  "signal.sigwait([signal.SIGUSR1])\n"
                  "child.kill(); child.wait()\n"
                  "sys.exit(subprocess.call([sys.executable, sys.argv[1], sys.argv[3]]))\n")
        daemon = self.rig.start(sys.executable, "-c", script, CLIENT, json.dumps([["stats", "ens5", 0, 112]]),
                                json.dumps([["drvinfo", quick.name]]))
        self.wait_for_a_delayed_call(daemon, slow)
        daemon.signal(signal.SIGUSR1)
        self.assertEqual(daemon.wait(), 0)
        self.assertEqual([arrival.document["driver"] for arrival in daemon.documents], ["ena"])
        self.assertEqual(daemon.counts(), {(slow.mac, "DELAYED"): 1, (slow.mac, "GSTATS"): 1,
                                           (quick.mac, "GDRVINFO"): 1})
        self.assertEqual(daemon.log, [])

    def test_signals_reach_a_binary_that_another_call_delays(self):
        eni = self.rig.add("ens5")
        eni.latency(1000)
        daemon = self.start(["stats", "ens5", 0, 112], ["wait_signal", signal.SIGTERM])
        self.wait_for_a_delayed_call(daemon, eni)
        self.assertEqual(daemon.stop(), 0)
        self.assertEqual(daemon.documents[-1].document, signal.SIGTERM)


class Kernel(RigTest):
    def test_an_interface_without_a_file_is_the_kernels(self):
        self.rig.add("ens5")
        outside, inside = drvinfo("peerens5"), self.ask(["drvinfo", "peerens5"])
        self.assertEqual(inside, outside)
        self.assertEqual(inside["driver"], "veth")
        n = inside["n_stats"]
        self.assertEqual(self.ask(["strings", "peerens5", n, n]), strings("peerens5", n, n))

    def test_what_the_kernel_refuses_stays_refused(self):
        self.rig.add("ens5")
        self.assertEqual(
            self.ask(["drvinfo", "nonesuch"], ["bad_descriptor", "ens5", 99],
                     ["bad_descriptor", "ens5", 0], ["bad_address", "ens5", 0]),
            [{"errno": code} for code in (errno.ENODEV, errno.EBADF, errno.ENOTTY, errno.EFAULT)])

    def test_other_commands_of_a_simulated_device_are_the_kernels(self):
        self.rig.add("ens5")
        daemon = self.start(["link", "ens5"], ["drvinfo", "ens5"], ["stats", "ens5", 0, 112],
                            ["stats", "ens5", 3, 112], ["drvinfo", "peerens5"],
                            ["wait_signal", signal.SIGTERM])
        daemon.wait_for(lambda d: len(d.documents) == 6)
        expected = {("02:00:00:00:00:01", "GDRVINFO"): 1, ("02:00:00:00:00:01", "GSTATS"): 2,
                    ("kernel", "0x0000000a"): 1, ("kernel", "GDRVINFO"): 1}
        self.assertEqual(daemon.counts(), expected)
        self.assertEqual(daemon.stop(), 0)
        self.assertEqual(daemon.counts(), expected)
        self.assertEqual(daemon.documents[0].document, 1)


class Enis(RigTest):
    def test_a_renamed_interface_keeps_device_and_index(self):
        eni = self.rig.add("ens5")
        index = eni.ifindex
        eni.rename("ens99")
        self.assertEqual(eni.ifindex, index)
        new, old = self.ask(["drvinfo", "ens99"], ["drvinfo", "ens5"])
        self.assertEqual([new["driver"], old], ["ena", {"errno": errno.ENODEV}])

    def test_a_replaced_interface_has_a_new_index(self):
        eni = self.rig.add("ens5")
        eni.set(bw_in_allowance_exceeded=9)
        index = eni.ifindex
        eni.replace()
        self.assertNotEqual(eni.ifindex, index)
        self.assertEqual(eni.get(EXCEEDED), 9)
        eni.replace(new_mac="02:00:00:00:00:77", keep_stats=False)
        self.assertEqual([eni.get(EXCEEDED), eni.get("conntrack_allowance_available")], [0, 136000])
        self.assertEqual(os.listdir(self.rig.devices), ["02:00:00:00:00:77"])
        values = self.values_of(self.ask(["stats", "ens5", 112, 112]), 112)
        self.assertEqual(values, list(eni.stats.values()))

    def test_a_removed_interface_is_gone(self):
        eni = self.rig.add("ens5")
        eni.remove()
        self.assertEqual(self.ask(["drvinfo", "ens5"]), {"errno": errno.ENODEV})
        self.assertEqual(os.listdir(self.rig.devices), [])

    def test_every_write_is_seen_by_the_next_call(self):
        eni = self.rig.add("ens5", stats={"a": 0})
        steps = [step for _ in range(40) for step in
                 (["stats", "ens5", 1, 1], ["wait_signal", signal.SIGUSR1])]
        daemon = self.start(*steps)
        for i in range(40):
            daemon.wait_for(lambda d, n=3 * i + 2: len(d.documents) == n)
            self.assertEqual(self.values_of(daemon.documents[-2].document, 1), [3 * i])
            for _ in range(3):
                eni.add(a=1)
            daemon.signal(signal.SIGUSR1)
        self.assertEqual(daemon.wait(), 0)
        self.assertEqual([value for _, value in eni.history["a"]], list(range(121)))

    def test_a_mistyped_statistic_is_refused(self):
        with self.assertRaises(KeyError):
            self.rig.add("ens5").set(bw_in_alowance_exceeded=1)

    def test_fifteen_large_devices_are_cheap(self):
        for i in range(15):
            self.rig.add(f"ens{i}", stats=rig.ena_stats_1192())
        costs = self.ask(*[["many_stats", f"ens{i}", 1192, 200] for i in range(15)])
        self.assertEqual([c for c in costs if isinstance(c, dict)], [])
        print(f"a GSTATS call of 1192 statistics: {max(costs):.0f} us", file=sys.stderr)
        self.assertLess(statistics.median(costs), 5000)  # one parse alone takes about a tenth of that


class Life(RigTest):
    def test_signals_are_passed_on(self):
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGUSR1):
            daemon = self.start(["wait_signal", number])
            daemon.wait_for(lambda d: d.documents)
            daemon._rig.send_signal(number)
            self.assertEqual(daemon.wait(), 0)
            self.assertEqual(daemon.documents[-1].document, number)

    def test_the_exit_status_is_the_commands(self):
        self.assertEqual(self.start(["exit", 7]).wait(), 7)
        self.assertEqual(self.start(["die", signal.SIGABRT]).wait(), 128 + signal.SIGABRT)

    def test_a_command_that_cannot_run_says_so(self):
        for path, status in (("/nonesuch", 127), ("/", 126)):
            daemon = self.rig.start(path)
            self.assertEqual(daemon.wait(), status)
            self.assertEqual(len(daemon.log), 1)
            self.assertTrue(daemon.log[0].startswith(f"rig: {path}: "))

    def test_wrong_arguments_show_the_usage(self):
        for arguments in ([], ["."], [".", "true"], [".", "--"], ["--speed", ".", "--", "true"]):
            done = subprocess.run([rig.rig_path(), *arguments], capture_output=True, text=True,
                                  timeout=10, check=False)
            self.assertEqual(done.returncode, 125)
            self.assertIn("usage: rig [--pid-file FILE]", done.stderr)

    def test_the_command_dies_with_the_rig(self):
        daemon = self.start(["say", "go"], ["sleep", 60])
        daemon.wait_for(lambda d: d.documents)
        daemon._rig.kill()
        self.assertEqual(daemon.wait(), -signal.SIGKILL)
        end = time.monotonic() + 30
        while os.path.exists(f"/proc/{daemon.pid}/exe") and time.monotonic() < end:
            time.sleep(0.02)
        self.assertFalse(os.path.exists(f"/proc/{daemon.pid}/exe"))

    def test_the_command_inherits_nothing_of_the_rig(self):
        listing = self.rig.start("ls", "-l", "/proc/self/fd")
        self.assertEqual(listing.wait(), 0)
        links = [line for line in listing.lines if "->" in line]
        self.assertEqual(len(links), 4, listing.lines)  # 0, 1, 2 and the listing itself
        before = signal.signal(signal.SIGINT, signal.SIG_IGN)  # as in the background of a shell
        status = self.rig.start("grep", "-E", "Sig(Blk|Ign)", "/proc/self/status")
        signal.signal(signal.SIGINT, before)
        self.assertEqual(status.wait(), 0)
        blocked, ignored = (int(line.split()[1], 16) for line in status.lines)
        self.assertEqual((blocked, ignored & 1 << signal.SIGINT - 1), (0, 0))

    def test_a_wait_ends_with_the_binary(self):
        daemon = self.start(["exit", 3])
        with self.assertRaisesRegex(TimeoutError, "over while waiting: exit 3"):
            daemon.wait_for(lambda d: d.documents, 30)


if __name__ == "__main__":
    rig.in_namespace()
    unittest.main()
