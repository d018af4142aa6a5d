#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""packaging/user-data/bootstrap.sh as it runs on a node: that it does its work, that whatever fails it says so once,
with what to do, and ends in time with status 0. In a root file system of its own, with real apt-get, dpkg and curl;
systemctl, rpm, dnf and aws are scripts that note how they were called."""
import hashlib
import http.server
import os
import pathlib
import sys
import threading
import unittest

HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parent / "rig"), str(HERE.parent / "interop")]

import aws_tls  # noqa: E402
import rig  # noqa: E402
import shipped  # noqa: E402
import standin  # noqa: E402
from throwaway_root import ThrowawayRoot  # noqa: E402

CONF = "etc/enawatch/conf.d/50-node.conf"
PACKAGE = "/packages/enawatch.deb"
LIMIT = 2
# Two seconds for what does not end at TERM, one for what is rounded, and what a busy machine takes.
BOUND = LIMIT + 20
FOR_EVER = "sleep 1000"


def sha256(content):
    return hashlib.sha256(content).hexdigest()


class OnNode(unittest.TestCase):
    """A node with systemd and without enawatch, and a package that lies on it."""

    def setUp(self):
        self.root = self.enterContext(ThrowawayRoot())
        self.root.write("run/systemd/system/this", "")
        self.root.write("bootstrap.sh", shipped.BOOTSTRAP.read_bytes())
        self.root.write(PACKAGE, standin.deb())
        self.root.command("systemctl", standin.SYSTEMCTL)
        self.root.command("logger", "")

    def bootstrap(self, *arguments, package=PACKAGE, **variables):
        environment = {f"ENAWATCH_{name.upper()}": str(value) for name, value in variables.items()}
        return self.root.run("bash", "/bootstrap.sh", *arguments, ENAWATCH_PACKAGE=package, **environment)

    def work(self, **variables):
        return self.bootstrap("here", **variables)

    def is_unit(self, what):
        return (self.root.path / "run/unit" / what).exists()

    def assert_done(self, result):
        self.assertEqual(result.status, 0, result)
        self.assertEqual(result.lines, ["enawatch-bootstrap: enawatch is installed and enabled"], result)
        self.assertTrue(self.is_unit("enabled"))

    def assert_failed(self, result, what, remedy, status=0):
        """One line, on stderr and through logger, with its remedy; in time."""
        self.assertEqual(result.status, status, result)
        self.assertEqual(len(result.lines), 1, result)
        self.assertRegex(result.lines[0], f"^enawatch-bootstrap: .*{what}.* -> .*{remedy}")
        text = result.lines[0].split(": ", 1)[1]
        self.assertEqual(self.root.calls("logger"), [f"logger -t enawatch-bootstrap -p daemon.3 -- {text}"])
        self.assertLess(result.seconds, BOUND, result)


class Work(OnNode):
    def test_a_deb_is_installed_configured_enabled_and_started(self):
        self.assert_done(self.work())
        self.assertEqual(self.root.calls("systemctl")[-2:],
                         ["systemctl enable enawatch.service", "systemctl start --no-block enawatch.service"])
        self.assertIn("sink = cloudwatch", self.root.read(CONF))
        self.assertEqual(self.root.mode(CONF), 0o644)
        self.assertIn("Status: install ok installed", self.root.read("var/lib/dpkg/status"))
        self.assertEqual([path.name for path in (self.root.path / CONF).parent.iterdir()], ["50-node.conf"])
        self.assertEqual(list((self.root.path / "tmp").iterdir()), [])

    def test_the_configuration_is_there_before_the_package_starts_the_service(self):
        self.root.command("systemctl", f"[ -e /{CONF} ] && echo configured >>/calls{standin.SYSTEMCTL}")
        self.assert_done(self.work())
        restart = self.root.calls().index("systemctl restart enawatch.service")
        self.assertEqual(self.root.calls()[restart + 1], "configured")

    def test_a_second_time_nothing_is_done_again(self):
        self.assert_done(self.work())
        before = (self.root.path / CONF).stat()
        n_calls = len(self.root.calls("systemctl"))
        self.assert_done(self.work())
        self.assertEqual(self.root.calls("systemctl")[n_calls:],
                         ["systemctl is-active -q enawatch.service", "systemctl enable enawatch.service",
                          "systemctl start --no-block enawatch.service"])
        self.assertEqual((self.root.path / CONF).stat().st_ino, before.st_ino)

    def test_another_configuration_restarts_what_runs(self):
        self.assert_done(self.work())
        self.assert_done(self.work(config="[publish]\nsink = logs"))
        self.assertEqual(self.root.calls("systemctl")[-1], "systemctl restart --no-block enawatch.service")
        self.assertEqual(self.root.read(CONF), "[publish]\nsink = logs\n")

    def test_a_package_of_another_version_takes_its_place_older_or_newer(self):
        for version in ("0.3.0", "0.2.0"):
            self.root.write(PACKAGE, standin.deb(version))
            self.assert_done(self.work())
            self.assertIn(f"Version: {version}", self.root.read("var/lib/dpkg/status"))

    def test_what_the_image_has_needs_no_package(self):
        self.assert_done(self.work())
        self.assert_done(self.work(package=""))

    def test_an_older_enawatch_starts_although_the_new_one_is_not_to_be_had(self):
        self.assert_done(self.work())
        result = self.work(package="/packages/no.deb")
        self.assertIn("no.deb was not read", result.lines[0])
        self.assertEqual(self.root.calls("systemctl")[-1], "systemctl start --no-block enawatch.service")

    def test_journald_is_told_the_priority_where_stderr_is_its_own(self):
        script = 'exec 2>/journal; JOURNAL_STREAM=$(stat -c %d:%i /journal) bash /bootstrap.sh here'
        self.root.run("bash", "-c", script, ENAWATCH_PACKAGE="ftp://x/y")
        self.assertRegex(self.root.read("journal"), r"\A<3>ftp://x/y is no place .* -> .*\n\Z")
        self.assertEqual(self.root.calls("logger"), [])

    def test_s3_goes_through_the_cli_of_aws(self):
        self.root.command("aws", f'cp {PACKAGE} "$5"')
        self.assert_done(self.work(package="s3://bucket/enawatch.deb", sha256=f"{'0' * 64}\n{sha256(standin.deb())}"))
        self.assertRegex(self.root.calls("aws")[0], "^aws s3 cp --only-show-errors s3://bucket/enawatch.deb /tmp/")

    def test_an_rpm_is_installed_without_repositories_and_with_them_only_where_it_must(self):
        install = f"dpkg-deb --fsys-tarfile {PACKAGE} | tar -x -C / ./{standin.PROGRAM}"
        self.root.write("packages/enawatch.rpm", standin.RPM)
        for rpm, dnf, is_dnf_asked in ((install, "exit 1", False), ("exit 1", install, True)):
            self.root.command("rpm", f"case $* in -q*) exit 1 ;; esac\n{rpm}")
            self.root.command("dnf", dnf)
            self.root.write("calls", "")
            self.assert_done(self.work(package="/packages/enawatch.rpm"))
            self.assertRegex(self.root.calls("rpm")[-1], r"^rpm -U --oldpackage /tmp/\S+/enawatch\.rpm$")
            self.assertEqual(len(self.root.calls("dnf")), is_dnf_asked)
            (self.root.path / "local/bin/enawatch").unlink()

    def test_an_rpm_that_is_installed_is_left_alone(self):
        self.assert_done(self.work())
        self.root.write("packages/enawatch.rpm", standin.RPM)
        self.root.command("rpm", "[ $1 = -q ] || echo enawatch-0.1.0-1.x86_64")
        self.assert_done(self.work(package="/packages/enawatch.rpm"))
        self.assertEqual(self.root.calls("rpm")[-1], "rpm -q enawatch-0.1.0-1.x86_64")


class Faults(OnNode):
    def test_a_place_that_is_none(self):
        self.assert_failed(self.work(package="http://packages.test/x.deb"), "is no place", "allowed are https://")

    def test_no_package_and_no_enawatch(self):
        self.assert_failed(self.work(package=""), "no package is named", "set package")

    def test_a_file_that_is_not_there(self):
        self.assert_failed(self.work(package="/x.deb"), "No such file", "is /x.deb on this node")

    def test_a_wrong_sum(self):
        result = self.work(sha256="0" * 64)
        self.assert_failed(result, f"another SHA-256 than named: {sha256(standin.deb())}", "who changed it")
        self.assertEqual(self.root.read("var/lib/dpkg/status"), "")

    def test_what_is_no_package(self):
        self.root.write(PACKAGE, "<html>sign in</html>")
        self.assert_failed(self.work(), "neither a .rpm nor a .deb", "the file itself")

    def test_a_deb_that_needs_what_is_nowhere(self):
        self.root.write(PACKAGE, standin.deb(depends="nowhere-to-be-had"))
        self.assert_failed(self.work(), "was not installed: .", "sudo apt-get install")
        self.assertEqual(self.root.calls("systemctl"), ["systemctl is-active -q enawatch.service"])

    def test_an_rpm_that_cannot_be_installed(self):
        self.root.write("packages/enawatch.rpm", standin.RPM)
        self.root.command("rpm", "exit 1")
        self.root.command("dnf", "echo; echo Error: no mirrors left; echo; exit 1")
        self.assert_failed(self.work(package="/packages/enawatch.rpm"), "installed: Error: no mirrors left", "dnf")

    def test_a_package_manager_that_hangs(self):
        self.root.write("packages/enawatch.rpm", standin.RPM)
        self.root.command("rpm", FOR_EVER)
        result = self.work(package="/packages/enawatch.rpm", limit=LIMIT)
        self.assert_failed(result, "was not installed: out of time", "try it on a node")

    def test_a_package_manager_that_hangs_and_ignores_signals(self):
        self.root.command("apt-get", f"trap '' TERM; {FOR_EVER}; {FOR_EVER}")
        self.assert_failed(self.work(limit=LIMIT), "was not installed: out of time", "try it on a node")

    def test_a_package_manager_that_leaves_something_behind(self):
        self.root.command("apt-get", f"setsid {FOR_EVER} & exit 1")
        self.assert_failed(self.work(limit=LIMIT), "was not installed: ", "try it on a node")

    def test_systemctl_that_fails(self):
        self.root.command("systemctl", "case $* in enable*) echo Failed to enable >&2; exit 1 ;; esac")
        self.assert_failed(self.work(), "not enabled: Failed to enable", "systemctl status")
        self.root.write("calls", "")
        self.root.command("systemctl", "case $* in start*) echo Failed to start >&2; exit 1 ;; esac")
        self.assert_failed(self.work(), "not started: Failed to start", "systemctl status")

    def test_systemctl_that_hangs(self):
        self.root.command("systemctl", f"case $* in *--no-block*) {FOR_EVER} ;; esac")
        self.assert_failed(self.work(limit=LIMIT), "not started: out of time", "systemctl status")

    def test_logger_that_hangs(self):
        self.root.command("logger", FOR_EVER)
        self.assert_done(self.work())

    def test_a_configuration_that_enawatch_refuses(self):
        result = self.work(config="[publish]\nsink = cloudwacht")
        self.assert_failed(result, "wrong: /etc/enawatch/conf.d/50-node.conf:2: ", "correct it")
        self.assertFalse([call for call in self.root.calls() if "--no-block" in call])

    def test_a_configuration_that_cannot_be_written(self):
        self.root.write("etc/enawatch", "in the way")
        self.assert_failed(self.work(), "50-node.conf was not written: ", "read-only")

    def test_no_systemd(self):
        (self.root.path / "run/systemd/system/this").unlink()
        (self.root.path / "run/systemd/system").rmdir()
        for way in ((), ("here",)):
            self.root.write("calls", "")
            self.assert_failed(self.bootstrap(*way), "systemd does not run", "needs it")

    def test_no_room_for_temporary_files(self):
        (self.root.path / "tmp").rmdir()
        result = self.work()
        self.assertIn("mktemp", result.lines[0])
        self.assertRegex(result.lines[1], "nothing can be written to /tmp -> is it full")
        self.assertEqual(result.status, 0)

    def test_not_root(self):
        self.root.command("id", "echo 1000")
        self.assert_failed(self.work(), "root alone", "sudo")

    def test_a_limit_that_is_no_number(self):
        self.assert_failed(self.work(limit="soon"), "limit is soon", "whole seconds")

    def test_an_unknown_way_to_run_it(self):
        self.assert_failed(self.bootstrap("her"), "her is no way", "here, image")

    def test_a_signal(self):
        self.root.command("apt-get", "kill -TERM $(cat /pid); exit 1")
        for way, status in (("here", 0), ("image", 1)):
            script = f"bash /bootstrap.sh {way} & echo $! >/pid; wait $!"
            self.assertEqual(self.root.run("bash", "-c", script, ENAWATCH_PACKAGE=PACKAGE).status, status)
            self.assertEqual(list((self.root.path / "tmp").iterdir()), [])


class Files(http.server.BaseHTTPRequestHandler):
    """/enawatch.deb, /moved, which leads there, /plain, which leads to http, and /slow, which never answers."""
    def do_GET(self):
        path = self.path.partition("?")[0]
        if path == "/slow":
            self.server.is_over.wait(1000)
            return
        status = {"/enawatch.deb": 200, "/moved": 302, "/plain": 302}.get(path, 404)
        body = standin.deb() if status == 200 else b""
        self.send_response(status)
        if status == 302:
            scheme = "http" if path == "/plain" else "https"
            self.send_header("Location", f"{scheme}://{self.headers['Host']}/enawatch.deb")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


class FromServer(OnNode):
    @classmethod
    def setUpClass(cls):
        cls.certificates = cls.enterClassContext(aws_tls.Certificates())
        cls.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Files)
        cls.server.is_over = threading.Event()
        cls.server.socket = cls.certificates.context("good").wrap_socket(cls.server.socket, server_side=True)
        threading.Thread(target=cls.server.serve_forever, args=(0.05,), daemon=True).start()
        cls.addClassCleanup(cls.server.shutdown)
        cls.addClassCleanup(cls.server.is_over.set)

    def fetch(self, path, sum=None, base=None, **variables):
        self.root.write("ca.pem", pathlib.Path(self.certificates.ca).read_bytes())
        base = base or f"https://localhost:{self.server.server_port}"
        environment = {f"ENAWATCH_{name.upper()}": str(value) for name, value in variables.items()}
        return self.root.run("bash", "/bootstrap.sh", "here", ENAWATCH_PACKAGE=base + path, CURL_CA_BUNDLE="/ca.pem",
                             ENAWATCH_SHA256=sha256(standin.deb()) if sum is None else sum, **environment)

    def test_a_package_comes_over_https(self):
        self.assert_done(self.fetch("/enawatch.deb"))

    def test_a_redirection_is_followed(self):
        self.assert_done(self.fetch("/moved"))

    def test_without_a_sum_nothing_is_fetched(self):
        self.assert_failed(self.fetch("/enawatch.deb", sum=""), "no SHA-256 is named for enawatch.deb", "sha256sum")

    def test_a_wrong_sum(self):
        self.assert_failed(self.fetch("/enawatch.deb", sum="1" * 64), "another SHA-256 than named", "another version")

    def test_nobody_is_led_away_from_https(self):
        self.assert_failed(self.fetch("/plain"), "not fetched: .*[Pp]rotocol", "is its URL right")

    def test_what_is_not_there_is_said_without_the_signature_in_its_url(self):
        result = self.fetch("/no.deb?X-Amz-Signature=secret")
        self.assert_failed(result, "no.deb was not fetched: .* 404", "is its URL right")
        self.assertNotIn("secret", result.said)

    def test_a_server_that_never_answers(self):
        self.assert_failed(self.fetch("/slow", limit=LIMIT), "slow was not fetched: out of time", "may this subnet")

    def test_a_port_where_nobody_listens(self):
        self.assert_failed(self.fetch("/x.deb", base="https://127.0.0.1:9"), "fetched: .*connect to .*127.0.0.1 port 9",
                           "may this subnet")

    def test_no_network(self):
        self.assert_failed(self.fetch("/x.deb", base="https://nowhere.test"), "fetched: .*resolve host",
                           "may this subnet")

    def test_a_server_that_is_another(self):
        self.assert_failed(self.fetch("/x.deb", base=f"https://packages.test:{self.server.server_port}"),
                           "not fetched: SSL.*packages.test", "is its URL right")


class HandOver(OnNode):
    """What user data runs: it is over at once, and what systemd is given does the work."""
    TAKE = 'for word; do printf "%s\\0" "$word"; done >/handed'

    def handed(self):
        return self.root.read("handed").split("\0")[:-1]

    def test_systemd_is_given_the_work_and_the_node_goes_on(self):
        self.root.command("apt-get", FOR_EVER)
        self.root.command("systemd-run", self.TAKE)
        result = self.bootstrap(limit=100, config="[publish]\nsink = logs")
        self.assertEqual(result.status, 0, result)
        self.assertLess(result.seconds, BOUND)
        self.assertEqual(len(result.lines), 1, result)
        self.assertIn("journalctl -t enawatch-bootstrap", result.lines[0])
        self.assertEqual(self.handed(), [
            "--quiet", "--no-block", "--collect", "--unit=enawatch-bootstrap",
            "--property=SyslogIdentifier=enawatch-bootstrap", "--property=CPUWeight=10", "--property=IOWeight=10",
            "--property=RuntimeMaxSec=130", f"--setenv=ENAWATCH_PACKAGE={PACKAGE}", "--setenv=ENAWATCH_LIMIT=100",
            "--setenv=ENAWATCH_CONFIG=[publish]\nsink = logs", "/bin/bash", "/bootstrap.sh", "here"])

    def test_what_systemd_is_given_does_the_work(self):
        self.root.command("systemd-run", self.TAKE)
        self.bootstrap()
        words = self.handed()
        environment = dict(word.split("=", 2)[1:] for word in words if word.startswith("--setenv="))
        self.assert_done(self.root.run(*words[words.index("/bin/bash"):], **environment))

    def test_what_is_written_in_the_script_itself_reaches_the_work(self):
        user_data = shipped.literals(shipped.text_of("karpenter.yaml"))[0]
        user_data = shipped.edited(user_data, PACKAGE, "[run]\ndrain = 2s\n")
        script = shipped.mime_parts(user_data)[0][1]
        self.root.write("var/lib/cloud/instance/scripts/part-001", script, 0o700)
        self.root.command("systemd-run", self.TAKE)
        self.root.run("/var/lib/cloud/instance/scripts/part-001")
        words = self.handed()
        self.assert_done(self.root.run(*words[words.index("/bin/bash"):]))
        self.assertEqual(self.root.read(CONF), "[run]\ndrain = 2s\n")

    def test_systemd_that_is_still_at_it(self):
        self.root.command("systemd-run", "echo Unit enawatch-bootstrap.service was already loaded >&2; exit 1")
        self.assert_failed(self.bootstrap(), "did not take the work: Unit .* already loaded", "is it still at it")

    def test_systemd_that_hangs(self):
        self.root.command("systemd-run", FOR_EVER)
        self.assert_failed(self.bootstrap(limit=LIMIT), "did not take the work: out of time", "systemctl status")

    def test_a_script_without_a_file(self):
        result = self.root.run("sh", "-c", "bash -s </bootstrap.sh", ENAWATCH_PACKAGE=PACKAGE)
        self.assert_failed(result, "is not the file of this script", "write it to one")


class Image(OnNode):
    """However an image is made: the service is enabled, stopped, and has no state; or the build fails."""

    def setUp(self):
        super().setUp()
        self.root.command("sudo", 'exec "$@"')

    def ways(self, package=PACKAGE, sum=sha256(standin.deb())):
        self.root.write("script_1.sh", shipped.BOOTSTRAP.read_bytes())
        build, self.validate = shipped.image_builder_commands(package, sum)
        return {"by hand": f"ENAWATCH_PACKAGE={package} ENAWATCH_SHA256={sum} bash /bootstrap.sh image",
                "Image Builder": build, "Packer": shipped.packer_command(package, sum, "/script_1.sh")}

    def files_in(self, folder):
        folder = self.root.path / folder
        return os.listdir(folder) if folder.exists() else []

    def assert_as_it_should_be(self, result):
        self.assert_done(result)
        self.assertFalse(self.is_unit("active"))
        self.assertIn("systemctl restart enawatch.service", self.root.calls(), "the package did not try to start it")
        self.assertFalse(self.is_unit("masked"))
        self.assertFalse(self.is_unit("ran"))
        for folder in ("var/lib/private/enawatch", "var/lib/enawatch"):
            self.assertEqual(self.files_in(folder), [])

    def test_by_hand(self):
        self.assert_as_it_should_be(self.root.run("bash", "-c", self.ways()["by hand"]))

    def test_by_image_builder(self):
        self.assert_as_it_should_be(self.root.run("bash", "-c", self.ways()["Image Builder"]))
        self.assertEqual(self.root.run("bash", "-c", self.validate).status, 0)

    def test_by_packer(self):
        self.assert_as_it_should_be(self.root.run("bash", "-c", self.ways()["Packer"]))

    def test_a_state_folder_that_is_no_link_is_emptied_too(self):
        self.root.write("var/lib/enawatch/journal", "x")
        self.root.command("systemctl", "case $* in *is-active*) exit 3 ;; esac; touch /run/unit-enabled")
        self.assertEqual(self.bootstrap("image").status, 0)
        self.assertEqual(self.files_in("var/lib/enawatch"), [])

    def test_what_ran_already_is_stopped_and_its_state_is_gone(self):
        self.assert_done(self.work())
        self.assertNotEqual(self.files_in("var/lib/private/enawatch"), [])
        self.assertEqual(self.bootstrap("image").status, 0)
        self.assertFalse(self.is_unit("active"))
        self.assertEqual(self.files_in("var/lib/private/enawatch"), [])

    def test_the_validation_sees_what_is_wrong(self):
        self.ways()
        for wrong in ("rm /run/unit/enabled", "touch /run/unit/active", "mkdir -p /var/lib/private/enawatch/x"):
            with self.subTest(wrong):
                self.assertEqual(self.bootstrap("image").status, 0)
                script = f"systemctl enable x; {wrong}; {self.validate}"
                self.assertNotEqual(self.root.run("bash", "-c", script).status, 0)

    def test_without_systemd_it_is_enabled_all_the_same(self):
        (self.root.path / "run/systemd/system/this").unlink()
        (self.root.path / "run/systemd/system").rmdir()
        self.assert_done(self.bootstrap("image"))
        self.assertNotIn("systemctl mask --runtime enawatch.service", self.root.calls())

    def test_a_build_that_cannot_have_enawatch_fails(self):
        for way, script in self.ways(sum="0" * 64).items():
            with self.subTest(way):
                self.root.write("calls", "")
                self.assert_failed(self.root.run("bash", "-c", script), "another SHA-256", "who changed it", status=1)

    def test_a_service_that_does_not_stop_fails_the_build(self):
        self.assert_done(self.work())
        self.root.write("calls", "")
        self.root.command("systemctl", f'case $* in stop*) exit 1 ;; esac{standin.SYSTEMCTL}')
        self.assert_failed(self.bootstrap("image"), "was not stopped", "systemctl status", status=1)

    def test_an_older_enawatch_is_not_good_enough(self):
        self.assert_done(self.work())
        self.root.write("calls", "")
        self.assert_failed(self.bootstrap("image", package="/x.deb"), "was not read", "on this node", status=1)


if __name__ == "__main__":
    rig.in_namespace()
    unittest.main(verbosity=2)
