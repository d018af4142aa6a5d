#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The unit: what systemd says of it, how exposed it leaves the service, and that its limits fit the defaults of the
program. Prints the exposure."""
import os
import pathlib
import re
import shutil
import subprocess
import tempfile
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]
UNIT = ROOT / "systemd" / "enawatch.service"
AGENT_ONLY = ROOT / "systemd" / "agent-only.conf"
BINARY = os.environ["ENAWATCH_BINARY"]
# In tenths. The floor of what must reach AWS over the network; and with addresses of this node only.
MAX_EXPOSURE, MAX_AGENT_ONLY_EXPOSURE = 11, 10
MIB = 1 << 20


def analyze(*arguments):
    return subprocess.run(["systemd-analyze", *arguments], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                          check=False, timeout=60, env={**os.environ, "SYSTEMD_PAGER": "", "LC_ALL": "C.UTF-8"})


def settings(path):
    """{key: [value]} of all sections."""
    found = {}
    for line in path.read_text().splitlines():
        key, equals, value = line.partition("=")
        if equals and not line.startswith("#"):
            found.setdefault(key, []).append(value)
    return found


class Unit(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory(prefix="enawatch-")
        self.addCleanup(folder.cleanup)
        self.unit = pathlib.Path(folder.name) / UNIT.name
        self.unit.write_text(UNIT.read_text().replace("/usr/sbin/enawatch", BINARY))

    def use(self, drop_in):
        folder = self.unit.with_name(self.unit.name + ".d")
        folder.mkdir()
        shutil.copy(drop_in, folder)

    def assert_verified(self):
        # No word on other units of this machine.
        result = analyze("verify", "--man=no", "--recursive-errors=no", str(self.unit))
        self.assertEqual((result.returncode, result.stdout), (0, ""))

    def assert_exposed_at_most(self, tenths, how):
        result = analyze("security", "--offline=true", "--no-pager", f"--threshold={tenths}", str(self.unit))
        exposure = re.search(r"Overall exposure level for \S+: (\d+\.\d+)", result.stdout)
        self.assertIsNotNone(exposure, result.stdout)
        print(f"exposure {how}: {exposure[1]}", flush=True)
        self.assertEqual(result.returncode, 0, result.stdout)

    def test_systemd_understands_every_line(self):
        self.assert_verified()

    def test_the_exposure_is_the_floor_of_what_must_reach_aws(self):
        self.assert_exposed_at_most(MAX_EXPOSURE, "of the unit")

    def test_the_exposure_is_lower_when_only_this_node_is_reached(self):
        self.use(AGENT_ONLY)
        self.assert_verified()
        self.assert_exposed_at_most(MAX_AGENT_ONLY_EXPOSURE, "with agent-only.conf")

    def test_the_counters_of_conntrack_and_the_boot_id_are_not_hidden(self):
        self.assertEqual(settings(UNIT)["ProcSubset"], ["all"])

    def test_a_wrong_configuration_is_not_tried_again(self):
        self.assertEqual(settings(UNIT)["RestartPreventExitStatus"], ["78"])

    def test_agent_and_network_stop_later_and_are_not_pulled_in(self):
        found = settings(UNIT)
        self.assertEqual(found["After"], ["network-online.target amazon-cloudwatch-agent.service"])
        self.assertEqual(found.keys() & {"Wants", "Requires", "BindsTo", "Requisite", "PartOf"}, set())

    def test_the_limits_have_room_for_the_defaults_of_the_program(self):
        found = settings(UNIT)
        defaults = subprocess.run([BINARY, "run", "-c", "/dev/null", "--print-config"], capture_output=True, text=True,
                                  check=True, timeout=20).stdout
        drain_s = int(re.search(r"^drain = (\d+)s$", defaults, re.MULTILINE)[1])
        journal_bytes = int(re.search(r"^max_bytes = (\d+)MiB$", defaults, re.MULTILINE)[1]) * MIB
        memory_bytes = int(re.fullmatch(r"(\d+)M", found["MemoryMax"][0])[1]) * MIB
        stop_s = int(re.fullmatch(r"(\d+)s", found["TimeoutStopSec"][0])[1])
        self.assertTrue(drain_s + 5 <= stop_s <= drain_s + 30, (drain_s, stop_s))
        self.assertGreaterEqual(memory_bytes, 1.5 * journal_bytes)


if __name__ == "__main__":
    unittest.main(verbosity=2)
