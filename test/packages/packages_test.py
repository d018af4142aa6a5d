#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The packages, built twice each: the same bytes, what is in them, and what they do when they come and go. Prints sizes
and dependencies."""
import os
import pathlib
import re
import stat
import subprocess
import tempfile
import unittest

from recipes import PAGES, build, execute, other_checkout, project_version

# Of the second build, besides another folder, age of the files and mask.
ELSEWHERE = {"TZ": "Pacific/Auckland", "LC_ALL": "C", "HOME": "/nonexistent"}
EVERYWHERE = {"usr/sbin/enawatch", "etc/enawatch/enawatch.conf", "etc/enawatch/conf.d",
              "usr/share/enawatch/agent-only.conf", "usr/share/enawatch/iam/cloudwatch.json",
              "usr/share/bash-completion/completions/enawatch"}


def files_below(folder):
    return {str(p.relative_to(folder)) for p in pathlib.Path(folder).rglob("*")}


def libraries(program):
    """(those the program names, all that are loaded)."""
    needed = re.findall(r"\(NEEDED\).*\[(.*)\]", execute("readelf", "-d", program))
    return needed, [line for line in execute("ldd", program).splitlines() if "=>" in line]


class Package:
    """What both formats must hold. `recipe`, `pages` (suffix of a manual page),
    unpack() and version() are the format's."""

    @classmethod
    def setUpClass(cls):
        folder = tempfile.TemporaryDirectory(prefix="enawatch-")
        cls.addClassCleanup(folder.cleanup)
        top = pathlib.Path(folder.name)
        cls.package = build(cls.recipe, top / "one")
        cls.again = build(cls.recipe, top / "two", top=other_checkout(top / "elsewhere"), env=ELSEWHERE, umask=0o077)
        cls.root = top / "root"
        cls.root.mkdir()
        cls.unpack()
        cls.files = files_below(cls.root)
        cls.program = cls.root / "usr/sbin/enawatch"

    def test_two_builds_give_the_same_bytes(self):
        self.assertEqual(self.package.name, self.again.name)
        self.assertNotEqual(self.package, self.again)
        self.assertEqual(self.package.read_bytes(), self.again.read_bytes())

    def test_everything_is_in_it(self):
        self.assertEqual(EVERYWHERE - self.files, set())
        self.assertEqual({f"usr/share/man/{page}{self.pages}" for page in PAGES} - self.files, set())

    def test_everybody_can_read_it_and_only_root_write(self):
        for name in self.files:
            mode = (self.root / name).lstat().st_mode
            if not stat.S_ISLNK(mode):
                is_executable = stat.S_ISDIR(mode) or name == "usr/sbin/enawatch"
                self.assertEqual(stat.S_IMODE(mode), 0o755 if is_executable else 0o644, name)

    def test_the_program_runs_and_keeps_the_configuration_file(self):
        self.assertEqual(execute(self.program, "--version"), f"enawatch {project_version()}\n")
        shipped = self.root / "etc/enawatch/enawatch.conf"
        self.assertEqual(execute(self.program, "run", "-c", shipped, "--print-config"),
                         execute(self.program, "run", "-c", "/dev/null", "--print-config"))

    def test_the_version_is_that_of_the_project(self):
        self.assertEqual(self.version(), f"{project_version()}-1")

    def test_the_unit_waits_for_the_word_of_the_program(self):
        unit, = (f for f in self.files if f.endswith("systemd/system/enawatch.service"))
        text = (self.root / unit).read_text()
        self.assertIn("\nExecStart=/usr/sbin/enawatch run\n", text)
        self.assertIn("\nType=notify\n", text)

    def test_sizes_are_told(self):
        needed, loaded = libraries(self.program)
        size_bytes = sum(p.stat().st_size for p in self.root.rglob("*") if p.is_file() and not p.is_symlink())
        print(f"{self.package.name}: {self.package.stat().st_size:,} bytes, installed {size_bytes:,} bytes, "
              f"of them the program {self.program.stat().st_size:,}; {len(needed)} libraries, {len(loaded)} with theirs "
              "(ldd)", flush=True)
        self.assertLess(size_bytes, 2 << 20)


class Deb(Package, unittest.TestCase):
    recipe, pages = "build-deb", ".gz"

    @classmethod
    def unpack(cls):
        execute("dpkg-deb", "--extract", cls.package, cls.root)
        cls.control = cls.root.with_name("control")
        execute("dpkg-deb", "--control", cls.package, cls.control)

    def script(self, name, *arguments, root):
        # Without the tools of a running systemd, as in an image that is being made.
        execute("sh", self.control / name, *arguments, env={"DPKG_ROOT": str(root), "PATH": "/usr/bin:/bin"})

    def test_configuration_files_are_kept(self):
        self.assertEqual((self.control / "conffiles").read_text().split(),
                         ["/etc/default/enawatch", "/etc/enawatch/enawatch.conf"])

    def test_the_service_is_enabled_and_cannot_fail_the_installation(self):
        text = (self.control / "postinst").read_text()
        self.assertIn("deb-systemd-helper enable 'enawatch.service'", text)
        for line in text.splitlines():
            if "deb-systemd-invoke" in line:
                self.assertTrue(line.endswith("|| true"), line)

    def test_purge_takes_the_state_and_removal_does_not(self):
        with tempfile.TemporaryDirectory(prefix="enawatch-") as root:
            state = pathlib.Path(root, "var/lib/private/enawatch")
            other = pathlib.Path(root, "var/lib/private/other")
            for folder in (state, other):
                folder.mkdir(parents=True)
            (state / "journal").touch()
            os.symlink("private/enawatch", pathlib.Path(root, "var/lib/enawatch"))
            self.script("postrm", "remove", root=root)
            self.assertTrue((state / "journal").exists())
            self.script("postrm", "purge", root=root)
            self.assertEqual(files_below(root), {"var", "var/lib", "var/lib/private", "var/lib/private/other"})

    def test_dependencies_are_told(self):
        depends = execute("dpkg-deb", "--field", self.package, "Depends").strip()
        print(f"{self.package.name} depends on {depends.count(',') + 1} packages: {depends}", flush=True)
        self.assertNotIn("systemd (", depends)

    def version(self):
        return execute("dpkg-deb", "--field", self.package, "Version").strip()


class Rpm(Package, unittest.TestCase):
    recipe, pages = "build-rpm", ""

    @classmethod
    def unpack(cls):
        archive = subprocess.run(["rpm2cpio", cls.package], stdout=subprocess.PIPE, check=True, timeout=60).stdout
        subprocess.run(["cpio", "--extract", "--make-directories", "--quiet"], input=archive, cwd=cls.root, check=True,
                       timeout=60)

    def query(self, *what):
        return execute("rpm", "-qp", *what, self.package)

    def version(self):
        return self.query("--queryformat", "%{VERSION}-%{RELEASE}").partition(".amzn")[0]

    def test_configuration_files_are_kept(self):
        flagged = self.query("--queryformat", "[%{FILENAMES} %{FILEFLAGS:fflags}\\n]").splitlines()
        self.assertEqual([line.split()[0] for line in flagged if line.endswith(" cn")],
                         ["/etc/enawatch/enawatch.conf", "/etc/sysconfig/enawatch"])

    def test_the_service_is_left_to_presets_and_restarted_by_an_upgrade(self):
        scripts = self.query("--scripts")
        for name, words in (("postinstall", "preset"), ("preuninstall", "disable"), ("postuninstall", "restart")):
            script = scripts.partition(f"{name} scriptlet")[2].partition("scriptlet (")[0]
            self.assertIn(words, script, name)
            self.assertIn("|| :", script, name)


if __name__ == "__main__":
    unittest.main(verbosity=2)
