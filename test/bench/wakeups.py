# SPDX-License-Identifier: Apache-2.0
"""Wake-ups a minute at the default settings: ordinary veths, no rig in between, an agent on loopback."""
import os
import shutil
import subprocess
import time

from processes import child, sleep, sleep_until, voluntary_switches

MINUTE = 60
MAX_PER_MINUTE = 62
SETTLE = 8
EARLIEST, LATEST = 10, 45  # seconds of a minute to start at: windows close with the minute


def measure(bench):
    """[voluntary switches, ppoll calls or None] of a minute with one window's end in it."""
    instance = bench.instance()
    command = [os.environ["ENAWATCH_BINARY"]] + bench.arguments(
        instance, "sample.drivers=veth", "sample.interfaces=bench*", "publish.metrics=peer_ifindex")
    with child(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as daemon:
        sleep_until(_good_start(time.time() + SETTLE))
        before = voluntary_switches(daemon.pid)
        sleep(MINUTE)
        n_switches = voluntary_switches(daemon.pid) - before
        bench.wait_for_windows(instance, 1, 2)
        n_polls = _count_polls(daemon.pid, os.path.join(bench.directory, "strace"))
    return n_switches, n_polls


def _good_start(earliest):
    second = earliest % MINUTE
    if EARLIEST <= second <= LATEST:
        return earliest
    return earliest - second + EARLIEST + (MINUTE if second > LATEST else 0)


def _count_polls(pid, path):
    if not shutil.which("strace"):
        return None
    command = ["strace", "-f", "-qq", "-e", "trace=ppoll", "-e", "signal=none", "-o", path, "-p", pid]
    with child(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL):
        sleep(MINUTE)
    with open(path, encoding="ascii", errors="replace") as file:
        return sum(1 for line in file if "ppoll(" in line) or None


def report(result, table):
    """Adds the rows."""
    n_switches, n_polls = result
    table.section("Wake-ups (15 veths, 1 s and 60 s, a minute with one window's end)")
    table.at_most("wake-ups per minute: voluntary switches", n_switches, MAX_PER_MINUTE, str(n_switches),
                  str(MAX_PER_MINUTE))
    if n_polls is not None:
        table.add("calls of ppoll() in the minute after it (strace)", str(n_polls))
    table.note("Wake-ups: defaults, but for the agent's port, imds=off and publish.metrics=peer_ifindex, as "
               "a veth has no allowance statistics; one document per minute is sent.")
