# SPDX-License-Identifier: Apache-2.0
"""The package over its life on a machine: installed, upgraded, switched off with the machine, removed, purged."""
import json
import pathlib
import re
import tempfile
import time

import on_machine
from machine import run
from on_machine import CONF, PACKAGE, PACKETS, PLACE, STATE, UNIT, OnMachine, OnService, configuration

CONFFILE = "/etc/enawatch/enawatch.conf"
NEWER = "99-1"
PERIOD_MS = 3600 * 1000
AGENT_UNIT = "/etc/systemd/system/amazon-cloudwatch-agent.service"
HEARD = "/var/log/agent.heard"
# Whatever comes over a connection is in the file. Those who write there do not end with the listener, as they have what
# is in the socket still to read: systemd ends them with the machine.
AGENT = f"""[Service]
ExecStart=/usr/bin/systemd-socket-activate --listen=127.0.0.1:{on_machine.AGENT_PORT} --accept --inetd \\
    /bin/sh -c "exec cat >>{HEARD}"
KillMode=process
[Install]
WantedBy=multi-user.target
"""


def field(name, package=PACKAGE):
    return run("dpkg-deb", "--field", package, name).strip()


def make_newer(folder):
    """The package of a later version that is the same otherwise."""
    tree, file = pathlib.Path(folder) / "tree", pathlib.Path(folder) / "enawatch.deb"
    run("dpkg-deb", "--raw-extract", PACKAGE, tree)
    control = tree / "DEBIAN/control"
    control.write_text(control.read_text().replace(f"\nVersion: {field('Version')}\n", f"\nVersion: {NEWER}\n"))
    run("dpkg-deb", "--root-owner-group", "--build", tree, file)
    return file


class Upgrade(OnService):
    def version(self):
        return self.machine.run("dpkg-query", "--show", "--showformat=${Version}", "enawatch")

    def test_an_upgrade_restarts_it_keeps_edits_and_loses_nothing(self):
        """Asked nothing, with what waited for the agent in its journal."""
        conffile = self.machine.path(CONFFILE)
        edited = conffile.read_text() + "\n[identity]\nproperty.team = network\n"
        conffile.write_text(edited)
        self.systemctl("restart", UNIT)
        self.agent.wait_for(lambda _: any(d.get("team") == "network" for d in self.documents()))
        del self.agent.documents[:]
        self.agent.stop()
        self.machine.send(20)
        self.machine.wait_for(lambda: re.search(r" ([4-9]|\d\d+) records wait", self.show("StatusText")))
        pid = self.pid()
        with tempfile.TemporaryDirectory(prefix="enawatch-") as folder:
            self.machine.copy(make_newer(folder), PLACE)
        self.machine.run("apt-get", "install", "--yes", PLACE)
        self.assertEqual(self.version(), NEWER)
        self.assertEqual(self.show("ActiveState"), "active")
        self.assertNotEqual(self.pid(), pid)
        self.assertEqual(conffile.read_text(), edited)
        self.machine.send(10)
        self.start_agent()
        self.assert_published(30)
        self.assertEqual({d["team"] for d in self.documents()}, {"network"})


class Off(OnMachine):
    """A machine that is switched off, with the agent as a unit of its own."""

    @classmethod
    def prepare(cls):
        cls.machine.write(AGENT_UNIT, AGENT)
        cls.systemctl("enable", "--now", "amazon-cloudwatch-agent")
        cls.machine.write(CONF, configuration(publish__period="1h"))
        cls.machine.copy(PACKAGE, PLACE)
        cls.machine.run("apt-get", "install", "--yes", PLACE)

    def heard(self):
        file = self.machine.path(HEARD)
        return [json.loads(line) for line in file.read_text().splitlines()] if file.exists() else []

    def test_the_agent_still_hears_the_last_window_when_the_machine_is_switched_off(self):
        """And the machine comes up again with both, and nothing that was heard before comes again."""
        self.machine.send(33)
        now_ms = time.time() * 1000
        early = [d for d in self.heard() if d["_aws"]["Timestamp"] + PERIOD_MS > now_ms]  # an hour may have ended
        self.assertEqual(early, [])
        self.machine.power_off()
        self.assertEqual(on_machine.total(self.heard(), PACKETS), 33)
        self.machine.boot()
        self.machine.wait_for(lambda: self.show("SubState") == "running")
        self.assertNotIn("wait for delivery", self.log())
        self.machine.send(11)
        self.machine.power_off()
        names = list(map(on_machine.name_of, self.heard()))
        self.assertEqual(len(names), len(set(names)), names)
        self.assertEqual(on_machine.total(self.heard(), PACKETS), 33 + 11)


class Purge(OnMachine):
    @classmethod
    def prepare(cls):
        cls.machine.write("/etc/enawatch/conf.d/veth.conf", configuration())
        cls.machine.copy(PACKAGE, PLACE)
        cls.machine.run("apt-get", "install", "--yes", PLACE)

    @classmethod
    def files(cls):
        """All whose name says that they are ours."""
        return set(cls.machine.run("find", "/", "-xdev", "-name", "*enawatch*", "-not", "-path", "/packages/*",
                                   "-not", "-path", "/proc/*").splitlines())

    def users(self):
        return self.machine.run("getent", "passwd")

    def test_what_it_costs_to_install_is_printed(self):
        depends = [name.split()[0] for name in field("Depends").split(",")]
        print(f"package: {PACKAGE.stat().st_size} bytes, installed {field('Installed-Size')} KiB, depends on "
              f"{len(depends)}: {' '.join(depends)}", flush=True)
        self.assertGreater(len(depends), 0)

    def test_removed_it_keeps_what_is_the_administrators_purged_nothing(self):
        users = self.users()
        self.assertEqual(self.show("ActiveState"), "active")
        self.machine.run("apt-get", "remove", "--yes", "enawatch")
        self.assertEqual(self.show("LoadState"), "not-found")
        self.assertTrue(self.machine.path(CONFFILE).exists())
        self.assertTrue(list(self.machine.path(STATE).glob("*")))
        self.machine.path("/etc/enawatch/conf.d/veth.conf").unlink()
        self.machine.run("apt-get", "purge", "--yes", "enawatch")
        self.systemctl("daemon-reload")
        self.assertEqual(self.files(), set())
        self.assertEqual(self.users(), users)
        self.assertEqual(self.systemctl("list-unit-files", "--no-legend", "enawatch*", check=False), "")
        self.assertEqual(self.systemctl("list-units", "--all", "--no-legend", "enawatch*"), "")
