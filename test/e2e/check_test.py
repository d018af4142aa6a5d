# SPDX-License-Identifier: Apache-2.0
"""`enawatch check`: configuration, interfaces, statistics and destination; how it prints and ends. Who and
where we are is in check_identity_test.py."""
import json
import os
import pty
import re
import socket
import subprocess
import tempfile
import time
import unittest

from check_bench import ENI_ID, MAC, OTHER, OnNode, Packets, add_netless_listener, rig_library
from harness import AVAILABLE, BINARY, DATA, EXCEEDED, INSTANCE, main

USED = "conntrack_allowance_used_percent"
# Published by default; ena_srd_mode is not.
SRD = ["ena_srd_tx_pkts", "ena_srd_eligible_tx_pkts", "ena_srd_rx_pkts", "ena_srd_resource_utilization",
       "ena_srd_tx_share_percent"]
FINE = ["configuration", "interface", "left out", "statistics", "conntrack", "metadata", "ENI ids", "cluster",
        "journal", "sink"]


def run(*words, **named):
    return subprocess.run([BINARY, "check", *words], capture_output=True, text=True, timeout=20,
                          stdin=subprocess.DEVNULL, **named)


def replay(name="burst"):
    return ["-o", f"sample.replay={DATA / name}", "-o", "publish.sink=stdout"]


def squeeze(text):
    """Without blanks and line breaks, which are the screen's."""
    return re.sub(r"\s+", "", text)


class Fine(OnNode):
    def setUp(self):
        super().setUp()
        self.bench.add("ens5", mac=MAC)

    def test_a_node_that_is_fine(self):
        status, report = self.check()
        self.assertEqual((status, report["status"]), (0, "ok"), report)
        self.assertEqual([c["name"] for c in report["checks"]], FINE)
        self.assert_finding(self.one(report, "interface"), "ok", f"ens5 {MAC}, ena 2.17.0g, 112 statistics")
        interface = self.one(report, "interface")
        self.assertEqual([interface[key] for key in ("interface", "mac", "driver", "driver_version", "n_statistics")],
                         ["ens5", MAC, "ena", "2.17.0g", 112])
        self.assertEqual(self.one(report, "left out")["by_driver"], {"veth": 1})  # the far end of its link
        self.assertEqual(set(self.one(report, "statistics")["metrics"]), {*EXCEEDED, AVAILABLE, USED, *SRD})
        metadata = self.one(report, "metadata")
        self.assertEqual([metadata[key] for key in ("endpoint", "instance_id", "instance_type", "availability_zone")],
                         [self.metadata.endpoint, INSTANCE, "c7g.large", "eu-west-1b"])
        self.assertEqual(self.one(report, "ENI ids")["enis"],
                         [{"interface": "ens5", "mac": MAC, "network_interface_id": ENI_ID}])
        cluster = self.one(report, "cluster")
        self.assertEqual((cluster["cluster"], cluster["source"]), ("green", "the tags of the instance"))
        self.assertEqual(self.one(report, "sink")["sink"], "agent")

    def test_each_device_is_read_once_and_the_agent_gets_a_connection_and_not_one_byte(self):
        with Packets() as packets:
            process = self.start("--json")
            self.assertEqual(process.wait(), 0, process)
        self.assertEqual(process.counts()[(MAC, "GSTATS")], 1)
        agent = self.agent
        agent.wait_for(lambda a: a.n_connections == 1, 30)
        self.assertEqual((agent.documents, agent.garbage, agent.torn), ([], [], []))
        to_agent = [p for p in packets.list if p.port == agent.port]
        self.assertTrue(to_agent)
        self.assertEqual([p for p in to_agent if p.n_bytes != 0], [])

    def test_nothing_is_written_to_the_folder_it_runs_in(self):
        with tempfile.TemporaryDirectory(prefix="enawatch-") as folder:
            process = self.bench.start(BINARY, "check", "-o", f"agent.endpoint={self.agent.endpoint}", "-o",
                                       "identity.imds=off", cwd=folder)
            self.assertEqual(process.wait(), 0, process)
            self.assertEqual(os.listdir(folder), [])

    def test_the_screen_says_what_json_says(self):
        self.bench.add("ens6", mac=OTHER, version="2.2.10g", stats=rig_library.ena_stats(available=None, srd=False))
        self.bench.add("eth2", driver="virtio_net")
        long_word = "x" * 300
        for options in ([], ["agent.endpoint=tcp://127.0.0.1:1", "identity.imds=off"],
                        [f"identity.property.Team={long_word}", "identity.property.Town=Zürich"],
                        ["sample.interfaces=nothing*", "agent.endpoint=udp://127.0.0.1:1"]):
            with self.subTest(options=options):
                status, report = self.check(*options)
                screen_status, lines = self.screen(*options)
                self.assertEqual(screen_status, status)
                self.assertLessEqual(max(len(line) for line in lines), 100, lines)
                expected = "".join(c["status"] + c["name"] + c["text"] + ("->" + c["remedy"] if "remedy" in c else "")
                                   for c in report["checks"]) + report["status"]
                text = re.sub(r"^(OK|WARN|FAIL)", lambda m: m.group().lower(), "\n".join(lines), flags=re.M)
                self.assertTrue(squeeze(text).startswith(squeeze(expected)), f"{text}\n{report}")
                last = squeeze(text)[len(squeeze(expected)):]
                n = {s: sum(c["status"] == s for c in report["checks"]) for s in ("warn", "fail")}
                self.assertEqual(last.startswith("publishingwouldnotwork"), status == 1)
                self.assertIn(str(n["warn"]) if n["warn"] else "", last)
                self.assertIn(str(n["fail"]) if n["fail"] else "", last)

    def test_the_screen_to_the_letter(self):
        """By hand, from what README.md promises."""
        status, lines = self.screen("identity.cluster=blue", "sample.interfaces=ens*")
        self.assertEqual(status, 0)
        self.assertRegex(lines[0], r"^OK    configuration  \S")
        for line in (f"OK    interface      ens5 {MAC}, ena 2.17.0g, 112 statistics",
                     "OK    left out       by sample.drivers: 1 veth",
                     "                     identity.cluster = blue (-o)",
                     f"OK    metadata       {self.metadata.endpoint}: {INSTANCE}, c7g.large in eu-west-1b",
                     f"OK    ENI ids        ens5 is {ENI_ID}",
                     "OK    cluster        blue, from identity.cluster",
                     f"OK    sink           agent {self.agent.endpoint}: takes connections; nothing was sent"):
            self.assertIn(line, lines)
        self.assertEqual(lines[-2:], ["", "OK    publishing would work"])


class Interfaces(OnNode):
    def test_no_ena_interface_is_a_failure_with_what_to_do(self):
        status, report = self.check()
        self.assertEqual(status, 1)
        self.assert_only_trouble(report, "interface")
        self.assert_finding(self.one(report, "interface"), "fail", "no interface", "sample.drivers = ena",
                            remedy="Nitro instance")
        self.assertIn("hostNetwork", self.one(report, "interface")["remedy"])
        self.assertEqual(self.find(report, "statistics"), [])

    def test_interfaces_of_other_drivers_are_counted_by_driver(self):
        self.bench.add("eth0", driver="virtio_net")
        self.bench.add("eth1", driver="virtio_net")
        status, report = self.check()
        self.assertEqual(status, 1)
        self.assertEqual(self.one(report, "left out")["by_driver"], {"virtio_net": 2, "veth": 2})
        self.assert_finding(self.one(report, "left out"), "ok", "2 virtio_net", "2 veth")
        status, report = self.check("sample.drivers=ena, virtio_net")
        self.assertEqual([c["interface"] for c in self.find(report, "interface")], ["eth0", "eth1"])

    def test_interfaces_that_are_left_out_by_name_are_named(self):
        self.bench.add("ens5", mac=MAC)
        self.bench.add("ens6", mac=OTHER)
        status, report = self.check("sample.interfaces=ens5")
        self.assertEqual((status, report["status"]), (0, "ok"), report)
        self.assertEqual(self.one(report, "interface")["interface"], "ens5")
        self.assertEqual(self.one(report, "left out")["by_name"], ["ens6"])
        status, report = self.check("sample.interfaces=eth*")
        self.assertEqual(status, 1)
        self.assert_finding(self.one(report, "interface"), "fail", remedy="sample.interfaces")
        self.assertEqual(self.one(report, "left out")["by_name"], ["ens5", "ens6"])

    def test_an_interface_that_cannot_be_read_is_told_with_its_reason(self):
        self.bench.add("ens5", mac=MAC)
        self.metadata.add_eni(OTHER, "eni-0aaaaaaaaaaaaaaa2")
        other = self.bench.add("ens6", mac=OTHER)
        for errno, command, words, remedy in (
                (19, "GSTATS", ("cannot be read", "the device is not there"), "dmesg"),
                (5, "GSTRINGS", ("cannot be read", "Input/output error"), "dmesg"),
                (1, "GDRVINFO", ("cannot be asked for its driver", "not permitted"), "SIOCETHTOOL")):
            with self.subTest(command=command):
                other.fail(errno, command)
                status, report = self.check()
                self.assertEqual(status, 0)
                self.assert_only_trouble(report, "interface")
                fine, broken = self.find(report, "interface")
                self.assertEqual((fine["interface"], fine["status"], broken["interface"]), ("ens5", "ok", "ens6"))
                self.assert_finding(broken, "warn", *words, remedy=remedy)
                other.heal()

    def test_no_interface_that_can_be_read_is_a_failure(self):
        eni = self.bench.add("ens5", mac=MAC)
        for errno, command in ((19, "GSTATS"), (1, "GDRVINFO")):
            eni.fail(errno, command)
            status, report = self.check()
            self.assertEqual(status, 1)
            self.assertEqual(self.one(report, "interface")["status"], "fail")
            self.assertEqual(self.find(report, "statistics"), [])
            eni.heal()


class Statistics(OnNode):
    def statistics(self, *options, status):
        """What is no good, by the first of its metrics, and what is fine."""
        got, report = self.check(*options)
        self.assertEqual(got, status, report)
        found = self.find(report, "statistics")
        trouble = {c["metrics"][0]: c for c in found if c["status"] != "ok"}
        return trouble, [c for c in found if c["status"] == "ok"]

    def test_a_driver_without_allowances_is_a_failure(self):
        self.bench.add("ens5", mac=MAC, version="2.2.3g", stats={"tx_timeout": 0, "suspend": 0})
        trouble, fine = self.statistics(status=1)
        self.assertEqual((set(trouble), [set(c["metrics"]) for c in fine]), ({EXCEEDED[0], AVAILABLE}, [set(SRD)]))
        self.assert_finding(trouble[EXCEEDED[0]], "fail", *EXCEEDED, remedy="ENA driver 2.2.10 or Linux 5.10")
        with self.subTest("one of two interfaces"):
            self.bench.add("ens6", mac=OTHER)
            self.metadata.add_eni(OTHER, "eni-0aaaaaaaaaaaaaaa2")
            trouble, fine = self.statistics("publish.metrics=bw_in_allowance_exceeded", status=0)
            self.assertEqual(list(trouble), [EXCEEDED[0]])
            self.assert_finding(trouble[EXCEEDED[0]], "warn")
            self.assertEqual(trouble[EXCEEDED[0]]["interfaces"], ["ens5"])

    def test_a_driver_without_the_gauge_is_a_warning_and_ena_express_is_none(self):
        self.bench.add("ens5", mac=MAC, version="2.2.10g", stats=rig_library.ena_stats(available=None, srd=False))
        trouble, fine = self.statistics(status=0)
        self.assertEqual(list(trouble), [AVAILABLE])
        gauge = trouble[AVAILABLE]
        self.assertEqual((set(gauge["metrics"]), gauge["interfaces"]), ({AVAILABLE, USED}, ["ens5"]))
        self.assert_finding(gauge, "warn", remedy="ENA driver 2.8.1 or Linux 6.12")
        offered, missing = fine
        self.assertEqual((set(offered["metrics"]), set(missing["metrics"])), (set(EXCEEDED), set(SRD)))
        self.assertIn("ENA Express", missing["text"])

    def test_what_the_user_names_is_missed(self):
        self.bench.add("ens5", mac=MAC, stats=rig_library.ena_stats(srd=False))
        trouble, _ = self.statistics("publish.metrics=default, ena_srd_tx_pkts", status=0)
        self.assertEqual([(c["status"], c["metrics"]) for c in trouble.values()], [("warn", ["ena_srd_tx_pkts"])])
        trouble, _ = self.statistics("publish.metrics=default, queue_9_tx_cnt, queue_1_tx_cnt", status=0)
        self.assertEqual([(c["status"], c["metrics"]) for c in trouble.values()], [("warn", ["queue_9_tx_cnt"])])
        trouble, fine = self.statistics("publish.metrics=queue_9_tx_cnt", status=1)
        self.assertEqual(([c["status"] for c in trouble.values()], fine), (["fail"], []))


class Journal(OnNode):
    def setUp(self):
        super().setUp()
        self.bench.add("ens5", mac=MAC)
        folder = tempfile.TemporaryDirectory(prefix="enawatch-")
        self.addCleanup(folder.cleanup)
        self.folder = folder.name

    def test_where_it_is_kept(self):
        self.assert_finding(self.look("journal", f"journal.directory={self.folder}"), "ok", self.folder)
        self.assert_finding(self.look("journal", f"journal.directory={self.folder}/made-later"), "ok", "made-later")
        self.assert_finding(self.look("journal"), "ok", "in memory only")
        self.assertEqual(os.listdir(self.folder), [])

    def test_where_it_cannot_be_kept(self):
        path = f"{self.folder}/file"
        with open(path, "w", encoding="ascii"):
            pass
        for directory, error in ((path, "Not a directory"), (f"{self.folder}/a/b", "No such file or directory")):
            self.assert_finding(self.look("journal", f"journal.directory={directory}"), "warn", directory, error,
                                remedy=f"make {directory} writable")


class Sink(OnNode):
    def setUp(self):
        super().setUp()
        self.bench.add("ens5", mac=MAC)

    def test_an_agent_that_is_not_there_is_a_failure_with_what_to_do(self):
        self.agent.stop()
        status, report = self.check()
        self.assertEqual(status, 1)
        self.assert_only_trouble(report, "sink")
        self.assert_finding(self.one(report, "sink"), "fail", self.agent.endpoint, "Connection refused",
                            remedy="start the CloudWatch agent")
        self.assertIn(f'"service_address": "{self.agent.endpoint}"', self.one(report, "sink")["remedy"])

    def test_a_name_without_an_address_is_a_failure(self):
        sink = self.look("sink", "agent.endpoint=tcp://nobody.invalid:25888")
        self.assert_finding(sink, "fail", "nobody.invalid", remedy="correct the name")

    def test_udp_is_uncertain_and_nothing_is_sent(self):
        listener = self.bench.agent("udp")
        for endpoint in (listener.endpoint, "udp://127.0.0.1:1"):
            with Packets() as packets:
                sink = self.look("sink", f"agent.endpoint={endpoint}", "identity.imds=off", "identity.instance_id=i-1")
            self.assert_finding(sink, "warn", endpoint, "UDP", remedy="tcp://")
            self.assertEqual(packets.list, [])
        self.assertEqual((listener.documents, listener.garbage), ([], []))

    def test_stdout_is_fine(self):
        self.agent.stop()
        self.assert_finding(self.look("sink", "publish.sink=stdout"), "ok", "stdout")

    def test_nothing_waits_for_long(self):
        """3 s for an agent that does not answer, 5 s for the metadata service."""
        endpoint = add_netless_listener(self)
        start = time.monotonic()
        _, report = self.check_within(4.5, f"agent.endpoint={endpoint}")
        self.assertGreater(time.monotonic() - start, 2.9)
        sink = self.one(report, "sink")
        self.assert_finding(sink, "fail", "no answer within 3 s", remedy="start the CloudWatch agent")


class Words(unittest.TestCase):
    def assert_refused(self, result, *words):
        self.assertEqual((result.returncode, result.stdout), (78, ""), result)
        self.assertEqual(len(result.stderr.splitlines()), 1, result.stderr)
        for word in words:
            self.assertIn(word, result.stderr)

    def test_a_wrong_configuration_or_command_line_is_78(self):
        self.assert_refused(run("-o", "sample.interval=soon"), "-o sample.interval=soon", "allowed")
        self.assert_refused(run("-c", "/does/not/exist"), "/does/not/exist")
        self.assert_refused(run("-o", "sample.replay=/does/not/exist"), "sample.replay")
        self.assert_refused(run("--jsno"), "enawatch check --help")
        self.assert_refused(run("now"), "enawatch check --help")
        self.assert_refused(run("-o"), "a value after it")
        self.assert_refused(run(env={**os.environ, "AWS_EC2_METADATA_SERVICE_ENDPOINT_MODE": "IPv5"}),
                            "AWS_EC2_METADATA_SERVICE_ENDPOINT_MODE")

    def test_help_and_version(self):
        self.assertRegex(run("--version").stdout, r"^enawatch \d+\.\d+\.\d+\n$")
        for word in ("--json", "--config", "--option", "Exit status"):
            self.assertIn(word, run("-h").stdout)
        everything = subprocess.run([BINARY, "--help"], capture_output=True, text=True, timeout=10)
        self.assertIn("enawatch check --help", everything.stdout)

    def test_a_recording_is_checked_without_asking_anybody(self):
        result = run("--json", *replay())
        self.assertEqual((result.returncode, result.stderr), (0, ""))
        checks = json.loads(result.stdout)["checks"]
        self.assertEqual([c["interface"] for c in checks if c["name"] == "interface"], ["ens5", "ens6"])
        self.assertEqual([c for c in checks if c["name"] == "conntrack"], [])
        metadata = next(c for c in checks if c["name"] == "metadata")
        self.assertEqual((metadata["status"], "a recording" in metadata["text"], "endpoint" in metadata),
                         ("ok", True, False))

    def test_values_are_told_with_where_they_come_from(self):
        with tempfile.TemporaryDirectory(prefix="enawatch-") as folder:
            path = os.path.join(folder, "x.conf")
            with open(path, "w", encoding="ascii") as file:
                file.write("[publish]\nperiod = 30s\nsink = stdout\nnamespace = EnaWatch\n[sample]\n"
                           "interval = 1000ms\n[identity]\nproperty.Team = net\nproperty.Town = Ulm\n"
                           "wait = 5m\n")
            words = ["-c", path, "-o", f"sample.replay={DATA / 'quiet'}", "-o", "identity.property.Team=db",
                     "-o", "publish.period=10s", "-o", "identity.cluster_from=nodeadm,tags, user-data"]
            configuration = json.loads(run("--json", *words).stdout)["checks"][0]
        self.assertEqual((configuration["name"], configuration["files"]), ("configuration", [path]))
        self.assertEqual([(s["key"], s["value"], s["origin"]) for s in configuration["settings"]], [
            ("publish.sink", "stdout", f"{path}:3"),
            ("identity.property.Town", "Ulm", f"{path}:9"),
            ("sample.replay", str(DATA / "quiet"), f"-o sample.replay={DATA / 'quiet'}"[:83]),
            ("identity.property.Team", "db", "-o identity.property.Team=db"),
            ("publish.period", "10s", "-o publish.period=10s")])
        lines = configuration["text"].splitlines()
        self.assertEqual((lines[0], lines[1], lines[-1]),
                         (path, f"publish.sink = stdout ({path}:3)", "publish.period = 10s (-o)"))

    def test_colors_are_for_terminals_that_want_them(self):
        def on_terminal(**environment):
            leader, follower = pty.openpty()
            environment = {**os.environ, "TERM": "xterm", "NO_COLOR": "", **environment}
            with subprocess.Popen([BINARY, "check", *replay()], stdout=follower, stdin=subprocess.DEVNULL,
                                  env=environment) as process:
                os.close(follower)
                data = b""
                try:
                    while chunk := os.read(leader, 65536):
                        data += chunk
                except OSError:
                    pass  # EIO: the other end is closed
                os.close(leader)
                self.assertEqual(process.wait(10), 0)
            return data
        colored = on_terminal()
        self.assertIn(b"\x1b[32mOK\x1b[0m    interface", colored)
        for environment in ({"NO_COLOR": "1"}, {"TERM": "dumb"}):
            plain = on_terminal(**environment)
            self.assertNotIn(b"\x1b", plain)
            self.assertEqual(re.sub(rb"\x1b\[[0-9;]*m", b"", colored), plain)
        self.assertNotIn("\x1b", run(*replay(), env={**os.environ, "TERM": "xterm"}).stdout)

    def test_a_screen_that_cannot_be_written_is_a_failure(self):
        with open("/dev/full", "w", encoding="ascii") as full:
            result = subprocess.run([BINARY, "check", *replay()], stdout=full, stderr=subprocess.PIPE, text=True,
                                    timeout=10)
        self.assertEqual((result.returncode, result.stderr.count("cannot write")), (1, 1))
        with socket.socket() as nobody:  # the exit status of a failure is 1 as well
            nobody.bind(("127.0.0.1", 0))
            endpoint = f"tcp://127.0.0.1:{nobody.getsockname()[1]}"
            result = run("-o", f"sample.replay={DATA / 'burst'}", "-o", f"agent.endpoint={endpoint}")
        self.assertEqual((result.returncode, result.stderr), (1, ""))


if __name__ == "__main__":
    main()
