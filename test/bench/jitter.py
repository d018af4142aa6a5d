# SPDX-License-Identifier: Apache-2.0
"""How late samples are while the metadata service takes connections and never answers, beside a daemon that asks
nobody: the same strace of both at the same time, of the read that begins each tick."""
import os
import shutil
import socket
import statistics
import subprocess

from processes import Unmeasured, child, sleep

SECONDS, SETTLE = 60, 2
INTERVAL_MS = 100
TICK_GAP_SECONDS = 0.03  # between the reads of one tick there is less


def measure(bench):
    """{"off" and "stalled": lateness of each tick in ms}."""
    if not shutil.which("strace"):
        raise Unmeasured("strace is not there")
    with socket.create_server(("127.0.0.1", 0), backlog=64) as silent:  # the kernel accepts, nobody answers
        endpoint = f"identity.imds_endpoint=http://127.0.0.1:{silent.getsockname()[1]}"
        with daemon(bench, "identity.imds=off") as off, daemon(bench, "identity.imds=auto", endpoint) as stalled:
            sleep(SETTLE)
            paths = {"off": os.path.join(bench.directory, "off"), "stalled": os.path.join(bench.directory, "stalled")}
            with trace(off.pid, paths["off"]), trace(stalled.pid, paths["stalled"]):
                sleep(SECONDS)
    return {name: lateness_ms(path) for name, path in paths.items()}


def daemon(bench, *options):
    options = (f"sample.interval={INTERVAL_MS}ms", "sample.drivers=veth", "sample.interfaces=bench*",
               "publish.metrics=peer_ifindex") + options
    command = [os.environ["ENAWATCH_BINARY"]] + bench.arguments(bench.instance(), *options)
    return child(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def trace(pid, path):
    command = ["strace", "-ttt", "-qq", "-e", "trace=ioctl", "-e", "signal=none", "-o", path, "-p", str(pid)]
    return child(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def lateness_ms(path):
    """Ticks are due at the multiples of the interval on the wall clock."""
    with open(path, encoding="ascii", errors="replace") as file:
        times = [float(line.split()[0]) for line in file if "SIOCETHTOOL" in line]
    firsts = [b for a, b in zip(times, times[1:]) if b - a > TICK_GAP_SECONDS]
    if len(firsts) < SECONDS * 1000 // INTERVAL_MS // 2:
        raise Unmeasured(f"{len(firsts)} ticks in {SECONDS} s")
    return [1000 * t % INTERVAL_MS for t in firsts]


def report(result, table):
    """Adds the rows."""
    table.section(f"Lateness of samples (15 veths, {INTERVAL_MS} ms, {SECONDS} s, both at once under strace)")
    for name, what in (("off", "identity.imds = off"), ("stalled", "a metadata service that stalls")):
        late = result[name]
        cuts = statistics.quantiles(late, n=100)
        table.add(what, f"{cuts[49]:.2f} ms, p99 {cuts[98]:.2f}, max {max(late):.1f}")
    table.note("Lateness: median, 99th percentile and longest of the first read of each tick after its due time.")
