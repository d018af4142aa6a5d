# SPDX-License-Identifier: Apache-2.0
"""What /proc tells of a process, children that end with their block, and waits that can be called off."""
import collections
import contextlib
import os
import pathlib
import subprocess
import threading
import time

KIB_PER_MIB = 1024
USER_HZ = os.sysconf("SC_CLK_TCK")
STOP = threading.Event()  # ends every wait of every measurement

Memory = collections.namedtuple("Memory", "private_kib anonymous_kib rss_kib")
Cpu = collections.namedtuple("Cpu", "total_ns user_ticks")


class Unmeasured(Exception):
    """A measurement that did not come about, and why."""


def sleep(seconds):
    """Sleeps; Unmeasured when the bench is being stopped."""
    if STOP.wait(max(0.0, seconds)):
        raise Unmeasured("stopped")


def sleep_until(unix_time):
    """The same, until a moment."""
    sleep(unix_time - time.time())


def wait_for(is_true, timeout, what):
    """Asks ten times a second; Unmeasured, with `what` did not happen, when it took too long."""
    end = time.monotonic() + timeout
    while not is_true():
        if time.monotonic() > end:
            raise Unmeasured(f"{what}: not within {timeout:.0f} s")
        sleep(0.1)


@contextlib.contextmanager
def child(command, **named):
    """A process that is told to end with the block, and killed when it does not."""
    process = subprocess.Popen([str(word) for word in command], stdin=subprocess.DEVNULL, **named)
    try:
        yield process
    finally:
        process.terminate()
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait(10)


def _read(pid, name):
    try:
        return pathlib.Path(f"/proc/{pid}/{name}").read_text(encoding="ascii", errors="replace")
    except OSError as error:
        raise Unmeasured(f"process {pid} is gone: {error}") from None


def _tasks(pid, name):
    """One file of every thread; a thread that ended meanwhile is left out."""
    texts = []
    for task in os.listdir(f"/proc/{pid}/task"):
        with contextlib.suppress(Unmeasured):
            texts.append(_read(pid, f"task/{task}/{name}"))
    return texts


def memory(pid):
    """Pages that only this process has mapped, those of them that no file backs, and all of its resident ones."""
    kib = {}
    for line in _read(pid, "smaps_rollup").splitlines()[1:]:
        key, value = line.split(":")
        kib[key] = int(value.split()[0])
    return Memory(kib["Private_Clean"] + kib["Private_Dirty"], kib["Anonymous"], kib["Rss"])


def cpu(pid):
    """Time on a processor, exact; and of it in user space, in ticks of USER_HZ and by sampling."""
    total_ns = sum(int(text.split()[0]) for text in _tasks(pid, "schedstat"))
    return Cpu(total_ns, int(_read(pid, "stat").rsplit(")", 1)[1].split()[11]))


def voluntary_switches(pid):
    """How often its threads went to sleep: each needs a wake-up."""
    return sum(int(line.split()[1]) for text in _tasks(pid, "status") for line in text.splitlines()
               if line.startswith("voluntary_ctxt_switches"))
