# SPDX-License-Identifier: Apache-2.0
"""Who has a checkout and reads the README only. The package that comes of it is the one of all other tests."""
import re
import shutil

import house
import on_machine
from machine import run
from on_machine import INTERFACE, OnMachine, PACKAGE, TOP
from rig_agent import Agent
from rig_metadata import Metadata
from roots import USER

MAX_COMMANDS = 5
METADATA = "169.254.169.254"
INSTANCE = "i-0fedcba9876543210"


class Newcomer(OnMachine):
    ROOT = "builder"

    @classmethod
    def prepare(cls):
        """A node: its metadata service, an agent, and for want of an ENA interface a veth."""
        super().prepare()
        cls.machine.write("/etc/enawatch/conf.d/veth.conf", "[sample]\ndrivers = veth\n")
        with cls.machine.network():
            # On loopback, and nowhere is a way out: no packet to this address leaves the machine.
            run("ip", "address", "add", f"{METADATA}/32", "dev", "lo")
            cls.metadata = cls.enterClassContext(Metadata(METADATA, 80))
            cls.agent = Agent(port=on_machine.AGENT_PORT)
        cls.addClassCleanup(cls.agent.stop)
        cls.metadata.instance(instance_id=INSTANCE)
        cls.metadata.add_eni(cls.machine.mac)

    def check_out(self):
        where = f"/home/{USER}/enawatch"
        for path in house.tracked("*"):
            self.machine.copy(path, f"{where}/{path.relative_to(TOP)}")
        self.machine.run("chown", "--recursive", f"{USER}:", where)

    def test_the_readme_alone_leads_to_a_running_service_in_five_commands(self):
        self.check_out()
        lines = on_machine.install_block()
        n_commands = sum(len(re.split(r"&&|;|\|", line)) for line in lines)
        self.assertTrue(1 <= n_commands <= MAX_COMMANDS, lines)
        script = "\n".join(["set -e", "cd enawatch", *lines])
        self.machine.write(f"/home/{USER}/commands", script)
        self.machine.run("bash", "commands", user=USER, timeout=240)
        self.machine.wait_for(lambda: self.systemctl("is-active", on_machine.UNIT, check=False).strip() == "active")
        print(f"a running service after {n_commands} commands of the README", flush=True)
        self.assertEqual(self.systemctl("is-enabled", on_machine.UNIT).strip(), "enabled")
        self.assertIn("1 interfaces every 1000 ms, to agent", self.show("StatusText"))
        self.keep_package()
        self.assert_it_publishes()

    def keep_package(self):
        built = list(self.machine.path(f"/home/{USER}/enawatch/build-deb").glob("enawatch_*.deb"))
        self.assertEqual(len(built), 1, built)
        shutil.copy(built[0], PACKAGE)

    def assert_it_publishes(self):
        """A signal to stop has it publish what the minute has so far."""
        self.systemctl("stop", on_machine.UNIT)
        document = self.agent.wait_for(lambda agent: agent.documents)[0].document
        self.assertEqual((document["InstanceId"], document["enis"]), (INSTANCE, 1), document)
        self.assertIn(f"{INTERFACE} is an ENI: {self.machine.mac}", self.log())
        self.assertEqual(self.metadata.violations, [])
