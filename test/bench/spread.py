# SPDX-License-Identifier: Apache-2.0
"""How many first requests of a fleet are throttled, with and without turns: arithmetic, of a seed. The turns are those
of spread.c; the limit is CloudWatch's default for PutMetricData of an account in a region."""
import bisect
import collections
import os
import pathlib
import random
import subprocess

from processes import Unmeasured

N_NODES, SEED = 10_000, 1
PER_SECOND, DEPTH = 500, 500  # requests; a bucket holds what a second brings
CLOCKS_MS = 100  # nodes' clocks, and they themselves, are late by up to this
DEFAULT_MS = 20_000
Found = collections.namedtuple("Found", "throttled peak")


def measure():
    """{spread in ms: Found: the throttled of N_NODES, and the most requests in any second}."""
    program = str(pathlib.Path(os.environ["ENAWATCH_BINARY"]).parents[1] / "test/bench/spread-turns")
    if not os.access(program, os.X_OK):
        raise Unmeasured(f"{program} is not there")
    found = {}
    for within_ms in (0, DEFAULT_MS):
        times = _arrivals(program, within_ms)
        found[within_ms] = Found(_n_throttled(times), _peak(times))
    return found


def _arrivals(program, within_ms):
    """In ms after the window's end, in order."""
    done = subprocess.run([program, str(N_NODES), str(SEED), str(within_ms)], capture_output=True, text=True,
                          check=False, timeout=60)
    turns = [int(line) for line in done.stdout.split()]
    if done.returncode != 0 or len(turns) != N_NODES:
        raise Unmeasured(f"{program} ended with {done.returncode} and {len(turns)} turns")
    clocks = random.Random(SEED)
    return sorted(turn + clocks.uniform(0, CLOCKS_MS) for turn in turns)


def _n_throttled(times):
    """Of a token bucket that is full at first."""
    tokens, last, n = float(DEPTH), times[0], 0
    for time in times:
        tokens, last = min(DEPTH, tokens + (time - last) * PER_SECOND / 1000), time
        if tokens >= 1:
            tokens -= 1
        else:
            n += 1
    return n


def _peak(times):
    """In any 1,000 ms."""
    return max(bisect.bisect_left(times, time + 1000) - i for i, time in enumerate(times))


def report(found, table):
    """Adds the rows."""
    table.section(f"Spread ({N_NODES:,} simulated nodes, a request each in 60 s, a limit of {PER_SECOND} per second)")
    for within_ms, what in ((0, "no spread"), (DEFAULT_MS, f"{DEFAULT_MS // 1000} s, the default")):
        share = 100 * found[within_ms].throttled / N_NODES
        table.add(f"first requests throttled: {what}", f"{share:.1f} %")
        table.add(f"most of them in any second: {what}", f"{found[within_ms].peak:,}")
    table.note(f"Spread: arithmetic, seed {SEED}: random instance ids, turns by the daemon's own code, clocks late by "
               f"up to {CLOCKS_MS} ms. The limit is a bucket of {DEPTH} tokens, full when the window ends, to which "
               f"{PER_SECOND} come per second. What is throttled would be sent again, which is not simulated.")
