# SPDX-License-Identifier: Apache-2.0
"""Memory with 15 ENIs of 1,192 statistics each."""
import subprocess

from processes import KIB_PER_MIB, memory

WINDOWS, LONG_WINDOWS = 30, 1000
MAX_PRIVATE_MIB = 2.5


def measure(bench, copy, environment, is_long):
    """[(windows, Memory)] of one run, with the agent as its sink."""
    instance, found = bench.instance(), []
    daemon = bench.start(
        copy, *bench.arguments(instance, "sample.interval=100ms", "publish.period=1s"),
        env=environment, stdout=subprocess.DEVNULL)
    for n in [WINDOWS] + [LONG_WINDOWS] * is_long:
        bench.wait_for_windows(instance, n, timeout=20 + 1.2 * n)
        found.append((n, memory(daemon.pid)))
    daemon.stop()
    return found


def report(found, table):
    """Adds the rows."""
    table.section("Memory (15 ENIs of 1,192 statistics, windows of 1 s)")
    for n, used in found:
        mib = used.private_kib / KIB_PER_MIB
        table.at_most(f"private memory after {n:,} windows", mib, MAX_PRIVATE_MIB, f"{mib:.2f} MiB",
                      f"{MAX_PRIVATE_MIB} MiB")
        table.add("of it anonymous: no page of a file", f"{used.anonymous_kib / KIB_PER_MIB:.2f} MiB")
        table.add(f"resident memory after {n:,} windows", f"{used.rss_kib / KIB_PER_MIB:.2f} MiB")
    if len(found) == 1:
        table.note(f"Memory after {WINDOWS} windows; --long takes {LONG_WINDOWS:,} (17 minutes).")
    table.note("Private memory: Private_Clean + Private_Dirty. The daemon runs from a copy of its own with "
               "copies of its libraries but libc, as if nobody else used them. Most of it are pages of libcurl and of the "
               "libraries that the distribution's build of it brings.")
