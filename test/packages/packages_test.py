#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The packages, built twice each, and once with a newer systemd: the same bytes, what is in them, and what they do when
they come and go. Prints sizes and dependencies."""
import os
import pathlib
import re
import stat
import subprocess
import tempfile
import unittest

from recipes import PAGES, ROOT, build, execute, newer_systemd, other_checkout, project_version

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
    """What both formats must hold. `recipe`, `pages` (suffix of a manual page), unpack(), version(), list_files() and
    beside() are the format's; the last is what lies where the package is built: (what an earlier build left, what is
    none of the build's business)."""

    @classmethod
    def setUpClass(cls):
        folder = tempfile.TemporaryDirectory(prefix="enawatch-")
        cls.addClassCleanup(folder.cleanup)
        top = pathlib.Path(folder.name)
        cls.top = top
        (top / cls.recipe).mkdir()
        for name in sum(cls.beside(), []):
            (top / cls.recipe / name).touch()
        cls.package = build(cls.recipe, top / cls.recipe)
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

    def test_what_the_readme_installs_is_this_package_alone(self):
        """Not what lies beside it: an earlier one is gone, the others remain."""
        install = rf"install (\./{self.recipe}/.*?\.(?:deb|rpm))"
        pattern, = re.findall(install, (ROOT / "README.md").read_text())
        self.assertEqual(execute("bash", "-c", f"printf '%s\\n' {pattern}", cwd=self.top).split(),
                         [f"./{self.recipe}/{self.package.name}"])
        beside = {path.name for path in self.package.parent.glob("*.[dr][ep][bm]")} - {self.package.name}
        self.assertEqual(beside, set(self.beside()[1]))

    def test_what_a_newer_systemd_understands_is_in_it(self):
        (self.top / "pkgconfig").mkdir()
        newer = build(self.recipe, self.top / "newer", env=newer_systemd(self.top / "pkgconfig"))
        drop_in = "systemd/system/enawatch.service.d/restart-steps.conf"
        self.assertIn(drop_in, self.list_files(newer))
        self.assertNotIn(drop_in, self.list_files(self.package))

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

    @staticmethod
    def beside():
        architecture = execute("dpkg", "--print-architecture").strip()
        return ([f"enawatch_0.0.9-1_{architecture}.deb"],
                [f"enawatch-dbgsym_0.0.9-1_{architecture}.deb", "enawatch_0.1.0-1_other.deb"])

    @staticmethod
    def list_files(package):
        return execute("dpkg-deb", "--contents", package)

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

    @staticmethod
    def beside():
        end = f"0.0.9-1.{os.uname().machine}.rpm"
        return [f"enawatch-{end}", f"enawatch-debuginfo-{end}"], ["enawatch-0.1.0-1.other.rpm"]

    @staticmethod
    def list_files(package):
        return execute("rpm", "-qpl", package)

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
