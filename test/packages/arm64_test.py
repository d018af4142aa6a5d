#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The package for Graviton, cross-built: it is made, the program in it does under emulation what the one of this machine
does, and the unit tests pass there, but for what the emulator cannot do."""
import json
import pathlib
import re
import tempfile
import unittest

from recipes import PAGES, ROOT, build, execute, project_version

BUILD = ROOT / "build-arm64"
TESTS, PROGRAM = BUILD / "tests", BUILD / "package/usr/sbin/enawatch"
EMULATOR = "qemu-aarch64-static"
FAILED = re.compile(r"^not ok \d+ - (\w+)", re.MULTILINE)
# qemu's user emulation is a process of several threads, which the kernel lets make no user namespace; it does not show
# VmFlags in /proc/self/smaps, and does not know TCP_USER_TIMEOUT.
BEYOND_EMULATION = {
    "agent": {"a_stuck_agent_is_waited_for_and_then_gets_everything", "the_timeout_is_back_when_the_agent_reads_again"},
    "agent_dialer": {"a_connection_with_oneself_is_no_agent"},
    "http_curl_failure": {"without_a_route_a_host_is_unreachable"},
    "http_curl_tls": {"without_a_bundle_of_ours_the_systems_is_believed",
                      "a_system_without_certificates_trusts_nobody_and_says_where_they_should_be",
                      "a_bundle_of_ours_replaces_the_systems_file_and_folder",
                      "the_systems_folder_does_not_count_beside_its_file"},
    "identity": {"a_host_name_that_is_no_dimension_value_is_not_used"},
    "sigv4_key": {"a_key_is_not_in_core_dumps"},
}
# Each of its tests needs a namespace.
ALL_BEYOND_EMULATION = {"config_default", "journal_disk"}


def in_root(*command, timeout=1200):
    return execute(ROOT / "packaging/arm64-root", ROOT, *command, timeout=timeout)


class Arm64(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        folder = tempfile.TemporaryDirectory(prefix="enawatch-")
        cls.addClassCleanup(folder.cleanup)
        cls.folder = pathlib.Path(folder.name)
        BUILD.mkdir(exist_ok=True)
        cls.package = build("build-deb", cls.folder / "one", "arm64")
        execute("rm", "-rf", BUILD / "package")
        execute("dpkg-deb", "--extract", cls.package, BUILD / "package")
        here = build("build-deb", cls.folder / "here")
        execute("dpkg-deb", "--extract", here, cls.folder / "root")
        cls.native = cls.folder / "root/usr/sbin/enawatch"

    def test_two_builds_give_the_same_bytes(self):
        again = build("build-deb", self.folder / "elsewhere" / "two", "arm64")
        self.assertEqual(self.package.read_bytes(), again.read_bytes())

    def test_the_package_is_whole(self):
        self.assertEqual(execute("dpkg-deb", "--field", self.package, "Architecture").strip(), "arm64")
        for page in PAGES:
            self.assertTrue((BUILD / f"package/usr/share/man/{page}.gz").is_file(), page)

    def test_the_program_runs(self):
        self.assertEqual(in_root(EMULATOR, PROGRAM, "--version"), f"enawatch {project_version()}\n")

    def assert_alike(self, *words):
        native = execute(self.native, *words)
        self.assertGreater(len(native.splitlines()), 1)
        self.assertEqual(in_root(EMULATOR, PROGRAM, *words), native, words)

    def test_recordings_come_out_as_they_do_here(self):
        for name in ("quiet", "burst", "conntrack", "hotplug"):
            recording = f"sample.replay={ROOT}/test/data/ethtool/{name}"
            with self.subTest(recording=name):
                self.assert_alike("run", "-c", "/dev/null", "-o", recording, "-o", "publish.sink=stdout",
                                  "-o", "identity.instance_id=i-0123456789abcdef0", "-o", "identity.cluster=demo")
                self.assert_alike("read", "-c", "/dev/null", "--json", "-o", recording, "1", "60")

    def test_unit_tests_pass_but_for_what_is_beyond_emulation(self):
        wipe = ["--wipe"] if (TESTS / "build.ninja").exists() else []
        in_root("meson", "setup", *wipe, TESTS, "--cross-file", "packaging/arm64.ini", "-Dtests=true", "-Dwerror=true")
        in_root("ninja", "-C", TESTS)
        in_root("sh", "-c", f"meson test -C {TESTS} --no-rebuild --suite unit --timeout-multiplier 5 || true")
        log = (TESTS / "meson-logs/testlog.json").read_text().splitlines()
        n_passed = 0
        for result in map(json.loads, log):
            name = result["name"].split(" / ")[-1]
            failed = set(FAILED.findall(result["stdout"]))
            if name in ALL_BEYOND_EMULATION:
                continue
            n_passed += len(re.findall(r"^ok ", result["stdout"], re.MULTILINE))
            with self.subTest(test=name):
                self.assertEqual(failed - BEYOND_EMULATION.get(name, set()), set())
                if not failed:
                    self.assertEqual(result["result"], "OK", result)
        print(f"arm64: {n_passed} unit tests in {len(log)} programs passed under {EMULATOR}", flush=True)
        self.assertGreater(len(log), 100)


if __name__ == "__main__":
    unittest.main(verbosity=2)
