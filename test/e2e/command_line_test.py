# SPDX-License-Identifier: Apache-2.0
"""The command line and the configuration as a user meets them."""
import os
import re
import subprocess
import tempfile
import unittest

from harness import BINARY, DATA, main


def enawatch(*arguments, timeout=10):
    return subprocess.run([BINARY, *arguments], capture_output=True, text=True, timeout=timeout, stdin=subprocess.DEVNULL)


class CommandLine(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.TemporaryDirectory(prefix="enawatch-")
        self.addCleanup(self.folder.cleanup)

    def file(self, text, name="test.conf"):
        path = os.path.join(self.folder.name, name)
        with open(path, "w", encoding="utf-8") as file:
            file.write(text)
        return path

    def assert_refused(self, result, *words):
        self.assertEqual(result.returncode, 78, result)
        self.assertEqual(result.stdout, "")
        self.assertEqual(len(result.stderr.strip().splitlines()), 1, result.stderr)
        for word in words:
            self.assertIn(word, result.stderr)

    def test_version_and_help(self):
        for words in (["--version"], ["run", "--version"]):
            self.assertRegex(enawatch(*words).stdout, r"^enawatch \d+\.\d+\.\d+\n$")
        self.assertIn("run", enawatch("--help").stdout)
        for option in ("--config", "--option", "--periods", "--print-config"):
            self.assertIn(option, enawatch("run", "--help").stdout)

    def test_unknown_commands_and_options_are_refused(self):
        self.assert_refused(enawatch(), "no command")
        self.assert_refused(enawatch("rnu"), "rnu")
        self.assert_refused(enawatch("run", "--perids", "3"), "--perids")
        self.assert_refused(enawatch("run", "--periods", "0"), "--periods")
        self.assert_refused(enawatch("run", "--periods", "-1"), "--periods")
        self.assert_refused(enawatch("run", "-o"), "-o")
        self.assert_refused(enawatch("run", "-c"), "-c")

    def test_bad_values_name_file_line_and_what_is_allowed(self):
        cases = [
            ("[sample]\ninterval = 10ms\n", ":2: sample.interval = 10ms", "100ms to 60s"),
            ("[sample]\n\ninterval = soon\n", ":3:", "a duration such as"),
            ("[sample]\nspeed = 3\n", ":2: unknown key speed", "interval"),
            ("[smaple]\ninterval = 1s\n", ":1: unknown section [smaple]", "[sample]"),
            ("interval = 1s\n", ":1: interval stands before any section", "[sample]"),
            ("[sample\n", ":1:", "[name]"),
            ("[sample]\ninterval\n", ":2:", "key = value"),
            ("[publish]\nperiod = 7s\n", ":2: publish.period", "divide one hour"),
            ("[publish]\nperiod = 90s\n", "publish.period", "multiple of 60s"),
            ("[publish]\nperiod = 2h\n", ":2: publish.period = 2h", "1s to 3600s"),
            ("[publish]\nsink = cloud\n", ":2: publish.sink = cloud", "agent | cloudwatch | logs | stdout"),
            ("[publish]\nperiod = 1s\n[sample]\ninterval = 2s\n", "sample.interval", "at most publish.period"),
            ("[publish]\nresolution = 1\n", ":2: publish.resolution", "1s, 5s, 10s or 30s"),
            ("[publish]\ninstance_dimensions = Fleet\n", ":2: publish.instance_dimensions", "identity.dimension.NAME"),
            ("[publish]\ninstance_dimensions = ClusterName\n[identity]\ncluster_from = none\n", "publish.instance_dimensions", "identity.cluster"),
            ("[publish]\nmetrics = part\n", "publish.metrics", "part"),
            ("[publish]\nnamespace = AWS/EC2\n", ":2: publish.namespace = AWS/EC2", "allowed is"),
            ("[publish]\nnamespace =\n", ":2: publish.namespace", "allowed is"),
            ("[agent]\nendpoint = http://localhost\n", ":2: agent.endpoint", "tcp://"),
            ("[agent]\nendpoint = tcp://::1:25888\n", ":2: agent.endpoint", "brackets"),
            ("[identity]\ndimension.boot = 1\n", ":2: identity.dimension.boot", "does not use itself"),
            ("[identity]\ninstance_id = \u00e9\n", ":2: identity.instance_id", "ASCII"),
            ("[journal]\nmax_bytes = 1KiB\n", ":2: journal.max_bytes", "1MiB to 16GiB"),
        ]
        for text, *words in cases:
            with self.subTest(text=text):
                path = self.file(text)
                self.assert_refused(enawatch("run", "-c", path), *words)

    def test_unreadable_files_are_refused(self):
        self.assert_refused(enawatch("run", "-c", "/does/not/exist"), "/does/not/exist", "No such file")
        self.assert_refused(enawatch("run", "-c", self.folder.name), "folder")
        self.assert_refused(enawatch("run", "-o", "sample.replay=/does/not/exist"), "sample.replay", "/does/not/exist")
        empty = self.file("", "empty.txt")
        self.assert_refused(enawatch("run", "-o", f"sample.replay={empty}"), "sample.replay", "empty.txt")

    def test_option_overrides_file_and_the_print_says_where_from(self):
        path = self.file("[publish]\nperiod = 30s\nnamespace = Fleet # not a comment\n")
        result = enawatch("run", "-c", path, "-o", "publish.period=10s", "--print-config")
        self.assertEqual(result.returncode, 0, result.stderr)
        self.assertIn("Set by -o publish.period=10s.\nperiod = 10s\n", result.stdout)
        self.assertIn(f"Set by {path}:3.\nnamespace = Fleet # not a comment\n", result.stdout)

    def test_printed_configuration_is_a_configuration(self):
        first = enawatch("run", "-o", "identity.cluster=blue", "-o", "identity.property.team=net", "--print-config")
        path = self.file(first.stdout)
        second = enawatch("run", "-c", path, "--print-config")
        self.assertEqual(second.returncode, 0, second.stderr)
        without_origin = [re.sub(r" Set by .*", "", text) for text in (first.stdout, second.stdout)]
        self.assertEqual(*without_origin)

    def test_every_key_of_the_design_is_there(self):
        text = enawatch("run", "--print-config").stdout
        for key in ("interval", "drivers", "interfaces", "verdict", "replay", "replay_speed", "sink", "metrics", "period",
                    "quiet_enis", "namespace", "log_group", "resolution", "instance_dimensions", "eni_dimensions",
                    "endpoint", "imds", "instance_id", "cluster", "max_bytes", "drain"):
            self.assertRegex(text, rf"(?m)^(# )?{key} =")

    def test_reader_that_goes_away_ends_the_program(self):
        command = [BINARY, "run", "-o", "publish.sink=stdout", "-o", f"sample.replay={DATA / 'quiet'}",
                   "-o", "publish.period=1s"]
        reader, writer = os.pipe()
        os.close(reader)
        self.assertEqual(subprocess.run(command, stdout=writer, stderr=subprocess.PIPE, timeout=30).returncode, 1)
        os.close(writer)


if __name__ == "__main__":
    main()
