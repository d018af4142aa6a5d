# SPDX-License-Identifier: Apache-2.0
"""The service as the package brings it: what it reads and publishes, and that nothing is lost, whatever systemd or its
administrator does to it."""
import re
import time

import on_machine
from on_machine import INTERFACE, PACKETS, OnService, configuration, is_eni, is_instance

USEC = 1_000_000


class Reading(OnService):
    def test_it_is_ready_with_its_first_sample(self):
        """READY is said when every source was read once."""
        started, begun, ready = (int(self.show(f"{name}TimestampMonotonic"))
                                 for name in ("InactiveExit", "ExecMainStart", "ActiveEnter"))
        print(f"from systemctl start to READY, which is the first sample: {(ready - min(started, begun)) / 1000:.0f} ms",
              flush=True)
        self.assertEqual(self.show("Type"), "notify")
        self.assertLess(ready - begun, 5 * USEC)
        self.assertIn("1 interfaces every 200 ms, to agent", self.show("StatusText"))

    def test_what_the_kernel_counts_is_published(self):
        before = self.machine.n_received()
        self.machine.send(500)
        self.assertEqual(self.machine.n_received() - before, 500)
        self.assert_published(500)

    def test_a_document_says_which_interface_it_was(self):
        self.machine.send(3)
        self.assert_published(3)
        of_eni = [d for d in self.documents() if is_eni(d)]
        self.assertEqual(on_machine.total(of_eni, PACKETS, is_eni), 3)
        self.assertEqual({(d["interface"], d["mac"], d["driver"]) for d in of_eni},
                         {(INTERFACE, self.machine.mac, "veth")})

    def test_the_boot_id_and_conntrack_are_read_in_the_sandbox(self):
        """A container shows another boot id than its kernel's; the sandbox has a /proc of its own, which does not."""
        with open("/proc/sys/kernel/random/boot_id", encoding="ascii") as file:
            boot_id = file.read().strip()
        document = self.agent.wait_for(lambda _: [d for d in self.documents() if is_instance(d)])[-1]
        self.assertTrue(document["boot"].startswith(f"{boot_id}."), document["boot"])
        try:
            largest = self.machine.run("cat", "/proc/sys/net/netfilter/nf_conntrack_max").strip()
        except on_machine.Failed:
            self.skipTest("this kernel has no conntrack")
        found = {name: value for name, value in document.items() if name.startswith("kernel_conntrack_")}
        print(f"conntrack: {found}", flush=True)
        self.assertEqual(found["kernel_conntrack_max"], int(largest))
        self.assertEqual({name[len("kernel_conntrack_"):] for name in found},
                         {"count", "max", "drop", "early_drop", "insert_failed", "used_percent"})

    def test_it_has_no_complaint(self):
        self.machine.send(1)
        self.assert_published(1)
        complaints = self.log(None, "--priority=warning").splitlines()
        self.assertEqual([line for line in complaints if "veth 1.0 offers no allowance statistics" not in line], [])


class Restarting(OnService):
    def test_a_restart_loses_nothing(self):
        self.machine.send(40)
        self.assert_published(40)
        self.agent.stop()
        self.machine.send(30)
        self.wait_for_log("cannot reach")
        self.systemctl("restart", on_machine.UNIT)
        self.machine.send(20)
        self.machine.wait_for(lambda: re.search(r" ([4-9]|\d\d+) records wait", self.show("StatusText")))
        self.start_agent()
        self.assert_published(90)
        self.assertEqual(len({d["boot"] for d in self.documents()}), 2)

    def test_what_is_counted_while_it_is_stopped_is_published(self):
        self.systemctl("stop", on_machine.UNIT)
        time.sleep(1)  # longer than a burst
        self.machine.send(25)
        self.systemctl("start", on_machine.UNIT)
        self.assert_published(25)
        self.assertTrue(any("gap_ms" in d for d in self.documents()))

    def test_a_reload_takes_another_configuration_and_goes_on(self):
        pid = self.pid()
        self.machine.send(10)
        self.machine.write(on_machine.CONF, configuration(identity__property__team="network"))
        self.systemctl("reload", on_machine.UNIT)
        self.agent.wait_for(lambda _: any(d.get("team") == "network" for d in self.documents()))
        self.machine.send(10)
        self.assert_published(20)
        self.assertEqual(self.pid(), pid)
        self.assertIn("the new configuration is in force", self.log(self.began))

    def test_a_reload_with_a_mistake_changes_nothing_and_says_where_it_is(self):
        pid = self.pid()
        self.machine.write(on_machine.CONF, configuration() + "tema = network\n")
        n_lines = configuration().count("\n") + 1
        self.systemctl("reload", on_machine.UNIT)
        self.wait_for_log(f"{on_machine.CONF}:{n_lines}: ")
        self.wait_for_log("the configuration stays as it was")
        self.machine.send(10)
        self.assert_published(10)
        self.assertEqual((self.pid(), self.show("ActiveState")), (pid, "active"))

    def wait_for_log(self, words):
        self.machine.wait_for(lambda: words in self.log(self.began))

    def test_a_wrong_configuration_ends_it_with_78_for_good(self):
        self.machine.write(on_machine.CONF, configuration(publish__period="7s"))
        self.assertIn("failed", self.systemctl("restart", on_machine.UNIT, check=False))
        self.assertEqual([self.show(name) for name in ("ActiveState", "SubState", "ExecMainStatus", "NRestarts")],
                         ["failed", "failed", "78", "0"])

    def test_a_kill_is_followed_by_a_start_at_the_pace_of_the_unit(self):
        """And nothing is lost: an increase is published by whoever runs when its window ends."""
        self.machine.send(15)
        self.assert_published(15)
        self.kill()
        self.machine.send(15)
        self.machine.wait_for(lambda: (self.show("NRestarts"), self.show("SubState")) == ("1", "running"))
        ended, started = (int(self.show(f"{name}TimestampMonotonic")) for name in ("ActiveExit", "ExecMainStart"))
        print(f"killed, running again after {(started - ended) / USEC:.1f} s", flush=True)
        self.assertGreater(started - ended, USEC / 2)
        self.assert_published(30, was_killed=True)

    def test_it_is_started_again_however_often_it_is_killed(self):
        """More often than systemd allows by default: 5 times in 10 s."""
        self.use_drop_in("RestartSec=50ms\nRestartSteps=0")
        self.systemctl("restart", on_machine.UNIT)
        for n in range(1, 9):
            self.kill()
            self.machine.wait_for(lambda: (self.show("NRestarts"), self.show("SubState")) == (str(n), "running"))
        self.machine.send(5)
        self.assert_published(5, was_killed=True)

    def test_the_watchdog_starts_it_again_when_it_hangs(self):
        self.assertEqual(self.show("WatchdogUSec"), "1min")
        self.use_drop_in("WatchdogSec=2s\nRestartSec=50ms")
        self.systemctl("restart", on_machine.UNIT)
        pid = self.pid()
        self.kill("STOP")
        began = time.monotonic()
        self.machine.send(5)
        self.machine.wait_for(lambda: self.pid() not in (0, pid))
        print(f"stopped, started anew by a watchdog of 2 s after {time.monotonic() - began:.1f} s", flush=True)
        self.wait_for_log("Watchdog timeout (limit 2s)")
        self.wait_for_state("running")
        self.assert_published(5, was_killed=True)

    def test_the_watchdog_leaves_it_alone_while_it_works(self):
        self.use_drop_in("WatchdogSec=10s")
        self.systemctl("restart", on_machine.UNIT)
        pid, ready = self.pid(), int(self.show("ActiveEnterTimestampMonotonic"))
        self.machine.wait_for(lambda: time.monotonic() * USEC > ready + 25 * USEC)
        self.assertEqual((self.pid(), self.show("NRestarts")), (pid, "0"))
