# SPDX-License-Identifier: Apache-2.0
"""The sandbox of the service: that its limits are in force, that what it denies is seen, and what is left open."""
import os
import re
import stat

import on_machine
from on_machine import PROGRAM, STATE, UNIT, OnService, configuration

AGENT_ONLY = "/usr/share/enawatch/agent-only.conf"
# Where anybody may write: private to the service, or in memory and small.
COMMON = {"/tmp", "/var/tmp", "/dev/shm", "/dev/mqueue", "/run/lock"}
OPEN = "/srv/open"
OWN = {STATE, "/run/private/enawatch", "/run/enawatch"}
FILE_OF_LIMIT = {"memory": ("memory.max", "memory.limit_in_bytes"), "pids": ("pids.max", "pids.max"),
                 "cpu": ("cpu.max", "cpu.cfs_quota_us")}


class Sandbox(OnService):
    # --- What it may have ---

    def limit(self, controller):
        """As the kernel has it for the group of the service."""
        lines = self.machine.run("cat", f"/proc/{self.pid()}/cgroup").splitlines()
        paths = {names: path for _, names, path in (line.split(":", 2) for line in lines)}
        unified, version_1 = FILE_OF_LIMIT[controller]
        of_version_1 = next((path for names, path in paths.items() if controller in names.split(",")), None)
        file = f"/sys/fs/cgroup{paths['']}/{unified}" if of_version_1 is None else \
            f"/sys/fs/cgroup/{controller}{of_version_1}/{version_1}"
        try:
            return self.machine.run("cat", file).strip()
        except on_machine.Failed:
            self.skipTest(f"this machine has no controller {controller} to give away")

    def test_memory_is_limited(self):
        self.assertEqual(self.limit("memory"), str(128 << 20))

    def test_the_number_of_tasks_is_limited(self):
        self.assertEqual(self.limit("pids"), "32")

    def test_time_is_limited_to_a_fifth_of_a_processor(self):
        self.assertIn(self.limit("cpu"), ("20000 100000", "20000"))

    # --- What it may do ---

    def test_it_is_nobody_and_can_become_nobody(self):
        status = dict(line.split(":\t", 1) for line in
                      self.machine.run("cat", f"/proc/{self.pid()}/status").splitlines() if ":\t" in line)
        self.assertEqual({name: int(status[name], 16) for name in status if name.startswith("Cap")},
                         dict.fromkeys(("CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb"), 0))
        self.assertEqual((status["NoNewPrivs"], status["Seccomp"]), ("1", "2"))
        # systemd.exec(5), DynamicUser=: 61184 to 65519
        self.assertTrue(all(61184 <= int(uid) <= 65519 for uid in status["Uid"].split()), status["Uid"])

    def test_it_can_write_nothing_but_its_own(self):
        """Tried as its user, through its own view of the file system, in which somebody left a folder open."""
        self.machine.path(OPEN).mkdir(exist_ok=True)
        self.machine.path(OPEN).chmod(0o777)
        process = self.machine.process(self.pid())
        points = {line.split()[4] for line in (process / "mountinfo").read_text().splitlines()}
        for folder in ("/etc", "/usr", "/usr/sbin", "/var", "/var/lib", "/home", "/root", "/boot", OPEN, *OWN):
            points.add(folder)
        uid = process.stat().st_uid
        found = {point for point in points if _can_create(f"{process}/root{point}", uid)}
        print(f"it can write to {', '.join(sorted(found))}", flush=True)
        self.assertIn(STATE, found)
        self.assertEqual(found - COMMON - OWN, set())

    def test_a_denial_is_seen(self):
        """Of the list of calls, and of families of addresses: the test would notice."""
        for line in ("SystemCallFilter=~@sync", "RestrictAddressFamilies=~AF_NETLINK"):
            with self.subTest(line):
                self.use_drop_in(line)
                self.systemctl("restart", UNIT, check=False)
                self.machine.wait_for(lambda: self.kernel_log.denials(PROGRAM))
                self.systemctl("stop", UNIT, check=False)
                self.kernel_log.denials(PROGRAM)  # of starts that followed

    def test_systemd_understands_the_unit(self):
        self.assertEqual(self.machine.run("systemd-analyze", "verify", "--man=no", UNIT), "")

    def test_its_exposure_is_that_of_a_service_that_reaches_aws(self):
        self.assertLessEqual(self.exposure(), 1.1)

    def exposure(self):
        said = self.machine.run("systemd-analyze", "security", "--no-pager", UNIT)
        value = float(re.search(rf"Overall exposure level for {re.escape(UNIT)}: (\d+\.\d+)", said)[1])
        print(f"exposure: {value}", flush=True)
        return value

    def use_agent_only(self):
        """As its first lines say."""
        commands = re.findall(r"^#   (.*)$", self.machine.path(AGENT_ONLY).read_text(), re.MULTILINE)
        self.assertEqual(len(commands), 2, commands)
        self.machine.run("sh", "-ec", "\n".join(commands))

    def test_with_agent_only_it_ships_to_the_agent_and_is_less_exposed(self):
        self.use_agent_only()
        self.machine.send(10)
        self.assert_published(10)
        self.assertLessEqual(self.exposure(), 1.0)

    def test_with_agent_only_it_reaches_no_other_machine(self):
        """The far end of the veth is one; without the drop-in it is reached."""
        far = on_machine.Agent(host=on_machine.FAR)
        self.addCleanup(far.stop)
        self.machine.write(on_machine.CONF, configuration(agent__endpoint=far.endpoint))
        self.use_agent_only()
        self.machine.wait_for(lambda: f"cannot reach {far.endpoint}" in self.log(self.began))
        self.assertEqual(far.n_connections, 0)
        self.machine.run("rm", f"{on_machine.DROP_INS}/agent-only.conf")
        self.systemctl("daemon-reload")
        self.systemctl("restart", UNIT)
        far.wait_for(lambda _: far.documents)


def _can_create(folder, uid):
    """Whether this user can make a file there: in a child that becomes it, for there is no way back."""
    try:
        fd = os.open(folder, os.O_PATH | os.O_DIRECTORY)
    except OSError:
        return False  # a file; or what is not there
    try:
        child = os.fork()
        if child == 0:
            os._exit(_try_to_create(fd, uid))
        return os.waitpid(child, 0)[1] == 0
    finally:
        os.close(fd)


def _try_to_create(folder, uid):
    try:
        os.setgroups([])
        os.setresgid(uid, uid, uid)
        os.setresuid(uid, uid, uid)
        os.close(os.open("probe", os.O_CREAT | os.O_WRONLY | os.O_EXCL, stat.S_IRUSR, dir_fd=folder))
        os.unlink("probe", dir_fd=folder)
        return 0
    except OSError:
        return 1
