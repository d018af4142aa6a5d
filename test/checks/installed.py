#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""What `meson install` would put where: each file has its place, and a builder's options decide where that is."""
import json
import pathlib
import subprocess
import tempfile
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]
PROGRAM, UNIT, AGENT_ONLY = "sbin/enawatch", "enawatch.service", "share/enawatch/agent-only.conf"
PAGES = {"share/man/man8/enawatch.8", "share/man/man5/enawatch.conf.5"}
BASH, ZSH = "share/bash-completion/completions/enawatch", "share/zsh/site-functions/_enawatch"
IAM = {f"share/enawatch/iam/{name}.json" for name in ("agent", "cloudwatch", "logs")}


class Installed(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory(prefix="enawatch-")
        self.addCleanup(folder.cleanup)
        self.build = pathlib.Path(folder.name) / "build"

    def meson(self, *arguments):
        result = subprocess.run(["meson", *map(str, arguments)], capture_output=True, text=True, check=False, timeout=120)
        self.assertEqual(result.returncode, 0, result.stdout + result.stderr)
        return result.stdout

    def places(self, *options):
        """Of all that would be installed."""
        self.meson("setup", self.build, ROOT, *options)
        return set(json.loads(self.meson("introspect", "--installed", self.build)).values())

    def unit(self):
        return (self.build / "systemd" / UNIT).read_text()

    def test_everything_is_below_the_prefix(self):
        places = self.places("--prefix=/opt/ena")
        wanted = {f"/opt/ena/{name}" for name in PAGES | IAM | {PROGRAM, AGENT_ONLY, BASH, ZSH}}
        self.assertEqual(wanted - places, set())
        self.assertIn(f"/opt/ena/lib/systemd/system/{UNIT}", places)
        self.assertEqual({p for p in places if not p.startswith("/opt/ena/")}, set())
        self.assertIn("\nExecStart=/opt/ena/sbin/enawatch run\n", self.unit())
        self.assertNotIn("/usr/sbin/enawatch", self.unit())

    def test_options_say_where(self):
        places = self.places("--prefix=/usr", "-Dsystemdsystemunitdir=/lib/units", "-Dbashcompletiondir=no",
                             "-Dzshcompletiondir=/usr/share/zsh/vendor-completions")
        self.assertIn(f"/lib/units/{UNIT}", places)
        self.assertIn("/usr/share/zsh/vendor-completions/_enawatch", places)
        self.assertEqual({p for p in places if p.endswith(("site-functions/_enawatch", BASH))}, set())
        self.assertIn("\nExecStart=/usr/sbin/enawatch run\n", self.unit())

    def test_the_unit_may_be_left_out(self):
        places = self.places("-Dsystemdsystemunitdir=no")
        self.assertEqual({p for p in places if p.endswith((".service", "agent-only.conf"))}, set())


if __name__ == "__main__":
    unittest.main(verbosity=2)
