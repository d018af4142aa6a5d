# SPDX-License-Identifier: Apache-2.0
"""Simulated ENIs, a binary running against them, and stand-ins for the CloudWatch agent and the metadata service.

    rig.in_namespace()                       # first thing in a test script
    with rig.Rig() as bench:
        eni = bench.add("ens5")
        daemon = bench.start("/path/to/enawatch", "run")
        eni.add(bw_in_allowance_exceeded=7)
        daemon.wait_for(lambda d: d.documents, timeout=5)
        assert daemon.stop() == 0

An ENI is a veth pair in a private network namespace plus a device file that the `rig` program
reads. The far end ("peer" + name) has no device file: to the binary it is an ordinary veth. Every
wait has an end; nothing leaves the namespace but files in a temporary directory.
"""
import glob
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import threading

from rig_agent import Agent, Arrival, Watched  # noqa: F401  (Arrival is for the tests)
from rig_eni import Eni, ena_stats, ena_stats_1192, run, works  # noqa: F401
from rig_metadata import Metadata

OUTSIDE = "ENAWATCH_RIG_OUTSIDE"


def in_namespace(mounts=False):
    """Restarts the script in a network namespace of its own unless it already is in one; with `mounts` what it
    mounts is its own, too."""
    here = os.readlink("/proc/self/ns/net")
    if os.environ.get(OUTSIDE, here) != here:
        run("ip", "link", "set", "lo", "up")
        return
    os.environ[OUTSIDE] = here
    script = [sys.executable] + getattr(sys, "orig_argv", [""] + sys.argv)[1:]
    kept = [f"{key}={value}" for key, value in os.environ.items()
            if key.startswith(("ENAWATCH_", "MESON_", "PYTHON", "PATH", "TMPDIR"))]
    wanted = "nm" if mounts else "n"
    if works("unshare", f"-r{wanted}", "true"):
        command = ["unshare", f"-r{wanted}"]
    elif works("unshare", f"-{wanted}", "true"):
        command = ["unshare", f"-{wanted}"]
    elif works("sudo", "-n", "unshare", f"-{wanted}", "true"):
        print("rig: user namespaces are refused here, using sudo", file=sys.stderr)
        command = ["sudo", "-n", "unshare", f"-{wanted}", "env"] + kept
    else:
        sys.exit("rig: needs a network namespace: allow user namespaces, or sudo without a password")
    sys.stdout.flush()
    os.execvp(command[0], command + script)


def rig_path():
    """The rig program: $ENAWATCH_RIG, or the newest one in a build directory of the checkout."""
    path = os.environ.get("ENAWATCH_RIG")
    if path:
        return path
    root = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
    built = glob.glob(os.path.join(root, "*build*", "test", "rig", "rig"))
    if not built:
        raise FileNotFoundError("no rig program: build it, or set ENAWATCH_RIG")
    return max(built, key=os.path.getmtime)


class Rig:
    """The devices, and what was started against them; use it in a `with` statement."""

    def __init__(self):
        self.directory = tempfile.mkdtemp(prefix="enawatch-rig-")
        self.devices = os.path.join(self.directory, "devices")
        os.mkdir(self.devices)
        self.enis, self._open, self._n_started = [], [], 0

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def add(self, name, mac=None, driver="ena", version="2.17.0g", stats=None, queues=2, bus=None):
        """Attaches an ENI. `name` may have 11 characters; stats=None is ena_stats(queues)."""
        n = len(self.enis) + 1
        head = {"driver": driver, "version": version, "bus": bus or f"0000:00:{4 + n:02x}.0"}
        eni = Eni(self.devices, name, mac or f"02:00:00:00:{n >> 8:02x}:{n & 255:02x}",
                  ena_stats(queues) if stats is None else stats, head)
        self.enis.append(eni)
        return eni

    def start(self, binary, *args, env=None, stdout=subprocess.PIPE, cwd=None):
        """Runs a binary under the rig. env is laid over our own; None takes a variable away."""
        self._n_started += 1
        base = os.path.join(self.directory, f"run{self._n_started}")
        merged = {k: v for k, v in {**os.environ, **(env or {})}.items() if v is not None}
        command = [rig_path(), "--pid-file", base + ".pid", "--count", base + ".count",
                   self.devices, "--", str(binary), *map(str, args)]
        daemon = Daemon(command, base, merged, stdout, cwd)
        self._open.append(daemon.kill)
        return daemon

    def agent(self, *args, **named):
        """An Agent that is stopped together with the rig."""
        agent = Agent(*args, **named)
        self._open.append(agent.stop)
        return agent

    def metadata(self, *args, **named):
        """A Metadata that is stopped together with the rig."""
        metadata = Metadata(*args, **named)
        self._open.append(metadata.stop)
        return metadata

    def close(self):
        """Ends every binary, agent and metadata service, removes links and files."""
        for finish in reversed(self._open):
            finish()
        for eni in self.enis:
            eni.remove()
        self._open, self.enis = [], []
        shutil.rmtree(self.directory, ignore_errors=True)


class Daemon(Watched):
    """A binary under the rig: `documents`, `lines` (stdout), `log` (stderr), `pid`."""

    def __init__(self, command, base, env, stdout, cwd):
        super().__init__()
        self.lines, self.log, self._base = [], [], base
        self._rig = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=stdout, cwd=cwd,
                                     stderr=subprocess.PIPE, env=env)
        self._readers = [threading.Thread(target=self._read, args=pair, daemon=True) for pair in
                         ((self._rig.stdout, self._on_line), (self._rig.stderr, self.log.append))
                         if pair[0]]
        for reader in self._readers:
            reader.start()
        self.pid = self._read_pid()

    def __str__(self):
        return (f"exit {self.exit_code}, {len(self.documents)} documents, garbage "
                f"{self.garbage[-3:]}, log:\n" + "\n".join(self.log[-30:]))

    @property
    def exit_code(self):
        """None while it runs; 128 + signal when it was killed."""
        return self._rig.poll()

    def is_over(self):
        return self.exit_code is not None and not any(r.is_alive() for r in self._readers)

    def signal(self, number):
        """Sends a signal to the binary itself."""
        if self._rig.poll() is None:
            os.kill(self.pid, number)

    def wait(self, timeout=30.0):
        """Waits for the end; returns the exit code, and what was said is all there. TimeoutError leaves it running."""
        try:
            self._rig.wait(timeout)
        except subprocess.TimeoutExpired:
            raise TimeoutError(f"still running after {timeout} s: {self}") from None
        for reader in self._readers:
            reader.join(30)
        return self._rig.returncode

    def stop(self, timeout=60.0):
        """SIGTERM, through the rig; returns the exit code. Too late is SIGKILL and TimeoutError."""
        if self._rig.poll() is None:
            self._rig.send_signal(signal.SIGTERM)
        try:
            return self.wait(timeout)
        except TimeoutError:
            self.kill()
            raise

    def kill(self):
        """SIGKILL to the binary; returns the exit code."""
        self.signal(signal.SIGKILL)
        try:
            return self.wait()
        except TimeoutError:
            self._rig.kill()  # takes the binary with it
            raise

    def counts(self):
        """{(mac, "GSTATS"): answered calls, (mac, "DELAYED"): calls that a latency has begun to delay, ("kernel", ...):
        calls left to the kernel}."""
        path = self._base + ".count"
        if self._rig.poll() is None:
            if os.path.exists(path):
                os.unlink(path)
            self._rig.send_signal(signal.SIGUSR2)
            self.wait_for(lambda _: os.path.exists(path) or self._rig.poll() is not None, 30)
        with open(path, encoding="ascii") as file:
            rows = [line.split() for line in file]
        return {(who, command): int(n) for who, command, n in rows}

    def _read(self, stream, keep):
        with stream:
            for line in stream:
                with self.changed:
                    keep(line.decode("utf-8", "backslashreplace").rstrip("\n"))
                    self.changed.notify_all()

    def _on_line(self, line):
        self.lines.append(line)
        self.take(line)

    def _read_pid(self):
        path = self._base + ".pid"
        self.wait_for(lambda _: os.path.exists(path) or self._rig.poll() is not None, 30)
        if not os.path.exists(path):
            raise RuntimeError(f"the rig did not start: {self}")
        with open(path, encoding="ascii") as file:
            return int(file.read())
