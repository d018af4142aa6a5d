# SPDX-License-Identifier: Apache-2.0
"""The script that user data and images run (packaging/user-data), with a real systemd and the real package. What it
does when anything fails: bootstrap_test.py, where nothing is real but the script."""
import time

import on_machine
from machine import run
from on_machine import Agent, PACKAGE, PACKETS, PLACE, STATE, TOP, UNIT, OnMachine, configuration

BOOTSTRAP = TOP / "packaging" / "user-data" / "bootstrap.sh"
SCRIPT = "/var/lib/cloud/instance/scripts/part-001"
TAG = "enawatch-bootstrap"


class Bootstrap(OnMachine):
    @classmethod
    def prepare(cls):
        cls.machine.copy(PACKAGE, PLACE)
        cls.machine.copy(BOOTSTRAP, SCRIPT)

    def bootstrap(self, *words, package=PLACE, **changed):
        """Fails if its status is not 0."""
        sum_of_it = run("sha256sum", PACKAGE).split()[0]
        return self.machine.run("env", f"ENAWATCH_PACKAGE={package}", f"ENAWATCH_SHA256={sum_of_it}",
                                f"ENAWATCH_CONFIG={configuration(**changed)}", "bash", SCRIPT, *words)

    def said(self):
        return self.machine.run("journalctl", "--output=cat", f"--identifier={TAG}")

    def listen(self):
        with self.machine.network():
            agent = Agent(port=on_machine.AGENT_PORT)
        self.addCleanup(agent.stop)
        return agent

    def assert_publishes(self, agent, n_packets):
        agent.wait_for(lambda _: agent.documents)
        self.machine.send(n_packets)
        agent.wait_for(lambda _: on_machine.total([a.document for a in list(agent.documents)], PACKETS) == n_packets)


class OnNode(Bootstrap):
    def test_it_lets_the_node_go_on_and_systemd_does_the_work(self):
        agent = self.listen()
        began = time.monotonic()
        self.bootstrap(package="/packages/missing.deb")
        self.bootstrap_is_done()
        self.assertIn("missing.deb was not read", self.said())
        self.bootstrap()
        handed_over_s = time.monotonic() - began
        self.machine.wait_for(lambda: self.show("SubState") == "running", 60)
        print(f"user data was done after {handed_over_s:.1f} s, the service ran after {time.monotonic() - began:.1f} s",
              flush=True)
        self.assertEqual(self.systemctl("is-enabled", UNIT).strip(), "enabled")
        self.assert_publishes(agent, 12)
        self.assert_again_changes_nothing_but_what_is_new()

    def bootstrap_is_done(self):
        self.machine.wait_for(lambda: "active" not in self.systemctl("is-active", TAG, check=False).split())

    def assert_again_changes_nothing_but_what_is_new(self):
        self.bootstrap_is_done()
        pid = self.pid()
        self.bootstrap("here")
        self.assertEqual(self.pid(), pid)
        self.bootstrap("here", identity__property__team="network")
        self.machine.wait_for(lambda: self.pid() not in (0, pid))


class InImage(Bootstrap):
    def test_an_image_has_it_enabled_never_run_and_a_node_of_it_runs_it(self):
        self.bootstrap("image")
        self.assertEqual(self.show("SubState"), "dead")
        self.assertEqual(self.systemctl("is-enabled", UNIT).strip(), "enabled")
        self.assertEqual(list(self.machine.path(STATE).glob("*")), [])
        self.machine.power_off()
        self.machine.boot()
        agent = self.listen()
        self.machine.wait_for(lambda: self.show("SubState") == "running")
        self.assert_publishes(agent, 12)
