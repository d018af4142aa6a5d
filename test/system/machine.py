# SPDX-License-Identifier: Apache-2.0
"""A machine with systemd, in a container of systemd-nspawn:

    with Machine("bare", roots) as machine:      # a copy of roots/bare, which is not written to
        machine.boot()
        machine.run("systemctl", "start", "thing")
        with machine.network():                  # what opens a socket here opens it there
            agent = Agent(port=25888)
        machine.power_off()                      # its files stay until the end of the `with`

It has loopback and one interface, ens5, a veth whose other end is `machine.far` here: nowhere is a way out. Only for
what runs behind fence.py, which clears away whatever is left.
"""
import contextlib
import ctypes
import fcntl
import itertools
import os
import pathlib
import re
import shutil
import signal
import socket
import struct
import subprocess
import time

from cgroup import Group

PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
INTERFACE = "ens5"
NEAR, FAR, PREFIX = "192.0.2.2", "192.0.2.1", 24  # RFC 5737: for documentation
DISCARD = 9  # RFC 863; nobody listens
BOOT_SECONDS, STOP_SECONDS = 60, 60
# Hierarchies of version 1 are read-only in a container: systemd could set no limit. They show our own group only.
START = """
if [ ! -e /sys/fs/cgroup/cgroup.controllers ]; then
    mount -o remount,rw /sys/fs/cgroup
    for folder in /sys/fs/cgroup/*/; do mount -o remount,bind,rw "$folder"; done
    mount -o remount,ro /sys/fs/cgroup
fi
exec /lib/systemd/systemd
"""
SIOCETHTOOL, ETHTOOL_STSO, ETHTOOL_SGRO = 0x8946, 0x1F, 0x2C  # linux/sockios.h, linux/ethtool.h
CLONE_NEWNET = 0x40000000  # linux/sched.h
LIBC = ctypes.CDLL(None, use_errno=True)


class Failed(Exception):
    pass


def run(*command, timeout=60, **named):
    """What it wrote; Failed with that, if it failed."""
    done = subprocess.run([str(word) for word in command], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, text=True, timeout=timeout, **named)
    if done.returncode != 0:
        raise Failed(f"{' '.join(map(str, command[-4:]))}: exit status {done.returncode}\n{done.stdout}")
    return done.stdout


def _memory(folder):
    """A file system in memory, which only what is behind the fence sees."""
    folder.mkdir(exist_ok=True)
    if not os.path.ismount(folder):
        run("mount", "-t", "tmpfs", "tmpfs", folder)
    return folder


def _enter_network(path):
    with open(path, "rb") as namespace:
        if LIBC.setns(namespace.fileno(), CLONE_NEWNET) != 0:
            raise OSError(ctypes.get_errno(), f"setns: {path}")


class Machine:
    _numbers = itertools.count(1)

    def __init__(self, root, roots):
        self.name = f"{root}{next(self._numbers)}"
        self.far = f"far-{self.name}"
        self._folder = _memory(roots / "machines") / self.name
        self._folder.mkdir()
        layers = {name: self._folder / name for name in ("upper", "work", "root")}
        for folder in layers.values():
            folder.mkdir()
        self.root = layers["root"]  # what it sees as /, but for what it has in memory: /run and /tmp
        run("mount", "-t", "overlay", "overlay", "-o",
            f"lowerdir={roots / root},upperdir={layers['upper']},workdir={layers['work']}", self.root)
        self._process, self._leader, self._group, self.n_boots = None, None, None, 0

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.kill()
        run("umount", "--lazy", self.root)
        shutil.rmtree(self._folder)

    def __str__(self):
        return f"{self.name}, booted {self.n_boots} times"

    # --- On and off ---

    def boot(self):
        """Until systemd says that it has started everything."""
        self.n_boots += 1
        self._group = Group.own().parent().child(f"{self.name}-{self.n_boots}")
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as notices:
            address = self._folder / f"notify-{self.n_boots}"
            notices.bind(str(address))
            notices.settimeout(BOOT_SECONDS)
            self._start(address)
            self._await_leader(notices)
            self._connect()
            self._await_ready(notices)

    def _start(self, address):
        options = ("--quiet", "--register=no", "--keep-unit", "--notify-ready=yes", "--kill-signal=SIGRTMIN+3",
                   "--console=pipe", "--resolv-conf=off", "--timezone=off", "--link-journal=no",
                   f"--network-veth-extra={self.far}:{INTERFACE}", f"--machine={self.name}", f"--directory={self.root}",
                   "--system-call-filter=bpf",  # for IPAddressDeny= and the like
                   # With this, systemd has the kernel log every system call that a filter of a unit denies.
                   "--setenv=SYSTEMD_LOG_SECCOMP=1")
        with open(self._folder / f"console-{self.n_boots}", "wb") as console:
            self._process = subprocess.Popen(
                ["systemd-nspawn", *options, "/bin/sh", "-c", START], stdin=subprocess.DEVNULL, stdout=console,
                stderr=console, preexec_fn=self._group.enter, env={**os.environ, "NOTIFY_SOCKET": str(address)})

    def _notice(self, notices, name):
        """The value of the first assignment by that name."""
        while True:
            try:
                words = notices.recv(4096).decode().splitlines()
            except TimeoutError:
                raise Failed(f"{self} does not boot: no {name}\n{self.console()}") from None
            for word in words:
                if word.startswith(name + "="):
                    return word[len(name) + 1:]

    def _await_leader(self, notices):
        self._leader = int(self._notice(notices, "X_NSPAWN_LEADER_PID"))

    def _await_ready(self, notices):
        self._notice(notices, "READY")
        self.wait_for(lambda: self.run("systemctl", "is-system-running", check=False).strip() in ("running", "degraded"))

    def power_off(self):
        """As its administrator does; returns when it is off."""
        self.run("systemctl", "--no-block", "poweroff")
        self._process.wait(STOP_SECONDS)
        self._gone()

    def kill(self):
        if self._process is None:
            return
        if self._leader is not None:
            os.kill(self._leader, signal.SIGKILL)  # its processes go with it
        else:
            self._process.kill()
        self._process.wait(STOP_SECONDS)
        self._gone()

    def _gone(self):
        self._process, self._leader = None, None
        self._group.remove()

    def console(self):
        return (self._folder / f"console-{self.n_boots}").read_text(errors="replace")

    # --- Inside ---

    def run(self, *command, check=True, user=None, timeout=60):
        """What it wrote; as root, or as a user who has logged in."""
        words = [str(word) for word in command]
        if user:
            words = ["su", "--login", user, "--command", " ".join(words)]
        enter = ["nsenter", "--target", str(self._leader), "--all", "--", "env", "-i", f"PATH={PATH}", "HOME=/root",
                 "LANG=C.UTF-8", "DEBIAN_FRONTEND=noninteractive", "SYSTEMD_PAGER=", "SYSTEMD_COLORS=0"]
        try:
            return run(*enter, *words, timeout=timeout)
        except Failed as failed:
            if check:
                raise
            return str(failed).split("\n", 1)[1]

    def process(self, pid):
        """The folder in /proc, here, of the process that has this number there."""
        there = os.readlink(f"/proc/{self._leader}/ns/pid")
        for folder in pathlib.Path("/proc").glob("[0-9]*"):
            with contextlib.suppress(OSError):
                numbers = re.search(r"^NSpid:(.*)$", (folder / "status").read_text(), re.MULTILINE)[1].split()
                if numbers[-1] == str(pid) and os.readlink(folder / "ns/pid") == there:
                    return folder
        raise Failed(f"{self}: no process {pid}")

    def path(self, name):
        return self.root / str(name).lstrip("/")

    def write(self, name, text, mode=0o644):
        path = self.path(name)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        path.chmod(mode)
        return path

    def copy(self, file, name):
        self.path(name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(file, self.path(name))

    def wait_for(self, predicate, timeout=60):
        """Its first true answer."""
        end = time.monotonic() + timeout
        while True:
            late = time.monotonic() >= end
            answer = predicate()
            if answer:
                return answer
            if late:
                raise Failed(f"{self}: not so after {timeout} s; the last answer: {answer!r}")
            time.sleep(0.05)

    # --- Its network ---

    @contextlib.contextmanager
    def network(self):
        """This thread, and those that it starts, are in it."""
        here = f"/proc/{os.getpid()}/task/{LIBC.gettid()}/ns/net"
        with open(here, "rb") as back:
            _enter_network(f"/proc/{self._leader}/ns/net")
            try:
                yield
            finally:
                if LIBC.setns(back.fileno(), CLONE_NEWNET) != 0:
                    raise OSError(ctypes.get_errno(), "setns")

    def _connect(self):
        """Addresses at both ends, and nothing that anybody sends by itself: what moves a counter is what a test sent.
        Packets for a veth go through its queue, which counts them in rx_queue_0_xdp_packets, with XDP or without, if
        it does GRO and the other end sends no TSO (drivers/net/veth.c: veth_skb_is_eligible_for_gro, veth_poll)."""
        with self.network():
            self.mac = _configure(INTERFACE, NEAR)
            _set_feature(INTERFACE, ETHTOOL_SGRO, True)
        far_mac = _configure(self.far, FAR)
        _set_feature(self.far, ETHTOOL_STSO, False)
        _introduce(self.far, NEAR, self.mac)
        with self.network():
            _introduce(INTERFACE, FAR, far_mac)

    def send(self, n_packets):
        """So many packets to ens5, until it has taken them all. Not all at once: its queue has room for 256."""
        taken = self.n_received()
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
            for n in range(1, n_packets + 1):
                sender.sendto(b"", (NEAR, DISCARD))
                time.sleep(0.0005)
                if n % 100 == 0 or n == n_packets:
                    self.wait_for(lambda n=n: self.n_received() >= taken + n)

    def n_received(self):
        """Packets, by ens5, as /proc has it."""
        with self.network():
            lines = pathlib.Path("/proc/thread-self/net/dev").read_text().splitlines()
        return next(int(line.split()[2]) for line in lines if line.strip().startswith(INTERFACE + ":"))


def _configure(interface, address):
    """Its MAC."""
    pathlib.Path(f"/proc/sys/net/ipv6/conf/{interface}/disable_ipv6").write_text("1")
    run("ip", "address", "add", f"{address}/{PREFIX}", "dev", interface)
    run("ip", "link", "set", interface, "up")
    return run("ip", "-oneline", "link", "show", "dev", interface).split("link/ether ")[1].split()[0]


def _introduce(interface, address, mac):
    """Nobody needs to ask for it."""
    run("ip", "neighbour", "replace", address, "lladdr", mac, "dev", interface, "nud", "permanent")


def _set_feature(interface, command, is_on):
    value = ctypes.create_string_buffer(struct.pack("II", command, is_on))
    request = struct.pack("16sP", interface.encode(), ctypes.addressof(value))
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as any_socket:
        fcntl.ioctl(any_socket, SIOCETHTOOL, request)
