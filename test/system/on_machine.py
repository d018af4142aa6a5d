# SPDX-License-Identifier: Apache-2.0
"""What the tests on a machine share: the package, a configuration that has a minute pass in a second, an agent to ship
to, and what is to be known of the service."""
import pathlib
import re
import sys
import unittest

TEST = pathlib.Path(__file__).resolve().parents[1]
TOP = TEST.parent
sys.path[:0] = [str(TEST / name) for name in ("rig", "e2e", "interop", "checks")]

from harness import is_eni, is_instance, name_of, total  # noqa: E402,F401
from kernel_log import KernelLog  # noqa: E402
from machine import FAR, INTERFACE, Failed, Machine  # noqa: E402,F401
from rig_agent import Agent  # noqa: E402

ROOTS = TOP / "build-system"
PACKAGE = ROOTS / "enawatch.deb"  # of the newcomer's machine
PLACE = "/packages/enawatch.deb"
PROGRAM, UNIT = "/usr/sbin/enawatch", "enawatch.service"
CONF, DROP_INS = "/etc/enawatch/conf.d/test.conf", f"/etc/systemd/system/{UNIT}.d"
STATE = "/var/lib/private/enawatch"
AGENT_PORT = 25888
INSTANCE = "i-0123456789abcdef0"
PACKETS = "rx_queue_0_xdp_packets"
SETTINGS = {"sample.drivers": "veth", "sample.interval": "200ms", "publish.period": "1s",
            "publish.metrics": f"default, {PACKETS}", "publish.quiet_enis": "send", "identity.imds": "off",
            "identity.instance_id": INSTANCE}


def configuration(**changed):
    """As a file; in what is changed __ stands for the point of a key."""
    wanted = {**SETTINGS, **{key.replace("__", "."): value for key, value in changed.items()}}
    lines = []
    for key in sorted(wanted):
        section, name = key.split(".", 1)
        lines += [f"[{section}]", f"{name} = {wanted[key]}"]
    return "\n".join(lines) + "\n"


class OnMachine(unittest.TestCase):
    """One machine for all tests of a class, which prepare() makes ready. No test passes in which a system call of the
    program was denied."""

    ROOT = "bare"

    @classmethod
    def setUpClass(cls):
        cls.kernel_log = KernelLog()
        cls.addClassCleanup(cls.kernel_log.close)
        cls.machine = cls.enterClassContext(Machine(cls.ROOT, ROOTS))
        cls.machine.boot()
        cls.prepare()

    @classmethod
    def prepare(cls):
        pass

    def tearDown(self):
        self.assertEqual(self.kernel_log.denials(PROGRAM), [])

    # --- systemd ---

    @classmethod
    def systemctl(cls, *words, check=True):
        return cls.machine.run("systemctl", *words, check=check)

    @classmethod
    def show(cls, name):
        """A property of the unit."""
        return cls.systemctl("show", "--value", f"--property={name}", UNIT).strip()

    def pid(self):
        return int(self.show("MainPID"))

    def kill(self, signal="KILL"):
        """The program alone."""
        self.systemctl("kill", "--kill-whom=main", f"--signal={signal}", UNIT)

    def wait_for_state(self, state, timeout=60):
        self.machine.wait_for(lambda: self.show("SubState") == state, timeout)

    def use_drop_in(self, text):
        self.machine.write(f"{DROP_INS}/test.conf", f"[Service]\n{text}\n")
        self.systemctl("daemon-reload")

    # --- The log ---

    def log(self, since=None, *options):
        """Of the unit, what it and systemd say; `since` is one of log_position()."""
        self.machine.run("journalctl", "--sync")
        after = [f"--after-cursor={since}"] if since else []
        return self.machine.run("journalctl", "--output=cat", f"--unit={UNIT}", *after, *options)

    def log_position(self):
        return self.machine.run("journalctl", "--lines=0", "--show-cursor").split("-- cursor: ")[1].strip()

    def say(self):
        """What explains a failure."""
        try:
            return self.machine.run("journalctl", "--output=short-monotonic", "--lines=40")
        except Exception as error:  # it may be off
            return f"{error}\n{self.machine.console()}"


class OnService(OnMachine):
    """With the package installed, and the service that runs. Each test begins with the service as it is by default, all
    that was counted before published, and an agent that remembers nothing."""

    @classmethod
    def prepare(cls):
        cls.machine.write(CONF, configuration())
        cls.machine.copy(PACKAGE, PLACE)
        with cls.machine.network():
            cls.agent = Agent(port=AGENT_PORT)
        cls.addClassCleanup(cls.agent.stop)
        cls.machine.run("apt-get", "install", "--yes", PLACE)
        cls.as_left = None

    def setUp(self):
        self.start_agent()
        if not self.is_untouched():
            self.reset()
        self.began = self.log_position()
        started_ms = int(self.show("ExecMainStartTimestampMonotonic")) // 1000
        self.agent.wait_for(lambda _: self.is_settled(started_ms))
        del self.agent.documents[:]

    def is_untouched(self):
        state = (self.show("SubState"), self.pid(), self.machine.path(CONF).read_text(),
                 self.machine.path(DROP_INS).exists())
        is_same = state == self.as_left
        type(self).as_left = None
        return is_same

    def reset(self):
        self.machine.write(CONF, configuration())
        self.machine.run("rm", "-rf", DROP_INS)
        self.systemctl("daemon-reload")
        self.systemctl("reset-failed", UNIT)
        self.systemctl("restart", UNIT)

    def tearDown(self):
        super().tearDown()
        if self.show("NRestarts") == "0":
            type(self).as_left = ("running", self.pid(), configuration(), False)

    def is_settled(self, started_ms):
        """A window of this start was published, and no other waits. A start is named after its time since boot."""
        return any(d.get("self_records_waiting") == 0 and d.get("self_samples", 0) >= 3 and
                   int(d["boot"].rsplit(".", 1)[1]) >= started_ms for d in self.documents())

    def start_agent(self):
        with self.machine.network():
            self.agent.start()

    def documents(self):
        return [arrival.document for arrival in list(self.agent.documents)]

    def n_published(self):
        """Packets, of the instance; what came twice counts once."""
        return total({name_of(d): d for d in self.documents()}.values(), PACKETS)

    def assert_published(self, n_packets, was_killed=False):
        """Exactly so many, a window later, too; each document came once, but for what was on its way when the program
        was killed: it did not live to note that it had been sent."""
        self.agent.wait_for(lambda _: self.n_published() >= n_packets)
        since = len(self.documents())
        self.agent.wait_for(lambda _: any(is_instance(d) for d in self.documents()[since:]))
        self.assertEqual(self.n_published(), n_packets)
        names = list(map(name_of, self.documents()))
        self.assertTrue(was_killed or len(names) == len(set(names)), "a document came twice")


def as_the_service():
    """The command of the README by which a drill runs as the service does, as it stands there; the manual has the same."""
    readme = (TOP / "README.md").read_text()
    command, = re.findall(r"^\$ (sudo systemd-run .*? enawatch drill)$", readme, re.MULTILINE | re.DOTALL)
    manual = (TOP / "packaging/man/enawatch.8").read_text()
    in_manual, = re.findall(r"^(sudo systemd-run .*? enawatch drill)$", manual, re.MULTILINE | re.DOTALL)
    if in_manual.replace("\\e\n", "").split() != command.replace("\\\n", "").split():
        raise Failed(f"the README says {command}, the manual {in_manual}")
    return command


def install_block():
    """The commands of the README by which a newcomer gets the service, as they stand there."""
    text = (TOP / "README.md").read_text()
    block = re.search(r"^## Install\n.*?^```console\n(.*?)^```", text, re.MULTILINE | re.DOTALL)[1]
    return [line[2:] for line in re.sub(r"\\\n\s*", "", block).splitlines() if line.startswith("$ ")]

