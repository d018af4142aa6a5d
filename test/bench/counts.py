# SPDX-License-Identifier: Apache-2.0
"""Instructions and allocations per tick, counted by callgrind: the daemon's own work in user space.

Four runs at the same time, a short and a long one of each kind; counts do not depend on the load of the
machine. 100 ms and 6 s are the 60 samples a window of the defaults, ten times faster.
"""
import os
import shutil
import signal
import subprocess
import time

import binaries
import fleet
from callgrind import OPTIONS, Profile
from processes import Unmeasured, sleep_until

PERIOD = 6
SHORT, LONG = 2, 6  # windows that are closed by the time; the first ones fill what is kept
PHASE = 3           # seconds into the next window, when a run is stopped
KINDS = ("tick", "whole")
MAX_INSTRUCTIONS = 30_000


class Run:
    """One run under callgrind, which counts only what is called by `functions`, or everything."""

    def __init__(self, bench, name, functions):
        self._bench, self._path = bench, os.path.join(bench.directory, f"callgrind.{name}")
        self._instance = bench.instance()
        limits = [f"--toggle-collect={pattern}" for f in functions for pattern in (f, f + ".*")]
        self._daemon = bench.start(
            "valgrind", "--tool=callgrind", f"--callgrind-out-file={self._path}", *limits,
            *OPTIONS, os.environ["ENAWATCH_BINARY"],
            *bench.arguments(self._instance, "sample.interval=100ms", f"publish.period={PERIOD}s"),
            stdout=subprocess.DEVNULL)

    def ask_to_stop(self):
        """SIGTERM."""
        self._daemon.signal(signal.SIGTERM)

    def finish(self):
        """Takes the counts in."""
        try:
            status = self._daemon.wait(40)
        except TimeoutError:
            self._daemon.kill()
            raise Unmeasured("callgrind did not end") from None
        if status != 0:
            raise Unmeasured(f"a run under callgrind ended with {status}: {self._daemon.log[-1:]}")
        self.profile = Profile(self._path)
        self.n_ticks = fleet.n_samples(self._daemon)
        self.n_windows = self._bench.n_windows(self._instance)


class Difference:
    """A long run without a short one."""

    def __init__(self, short, long):
        for run in (short, long):
            run.finish()
        if not short.profile.instructions:
            raise Unmeasured("callgrind saw no call of the function")
        self.n_ticks, self.n_windows = long.n_ticks - short.n_ticks, long.n_windows - short.n_windows
        expected = (LONG - SHORT) * 60
        if self.n_windows != LONG - SHORT or not 0.8 * expected <= self.n_ticks <= 1.2 * expected:
            raise Unmeasured(f"{self.n_ticks:.0f} ticks in {self.n_windows} windows: the machine is too slow")
        self.profile = long.profile.minus(short.profile)


def measure(bench):
    """{kind: Difference, or Unmeasured}."""
    if not shutil.which("valgrind"):
        raise Unmeasured("valgrind is not installed")
    results = {"tick": _or_error(binaries.tick_functions), "whole": []}
    start = (time.time() // PERIOD + 1) * PERIOD
    sleep_until(start)
    runs = {kind: [Run(bench, f"{kind}.{length}", functions) for length in (SHORT, LONG)]
            for kind, functions in results.items() if not isinstance(functions, Unmeasured)}
    for i, length in enumerate((SHORT, LONG)):
        sleep_until(start + length * PERIOD + PHASE)
        for pair in runs.values():
            pair[i].ask_to_stop()
    for kind, pair in runs.items():
        results[kind] = _or_error(Difference, *pair)
    return results


def _or_error(function, *arguments):
    try:
        return function(*arguments)
    except Unmeasured as error:
        return error


def report(results, table):
    """Adds the rows."""
    table.section("Counts (callgrind, the daemon's own work in user space)")
    for kind, what, tell in (("tick", "instructions per tick", _tell_tick),
                             ("whole", "allocations, and the whole process", _tell_whole)):
        if isinstance(results[kind], Unmeasured):
            table.missing(what, results[kind])
        else:
            tell(results[kind], table)
    table.note("Counts: 100 ms and 6 s, the 60 samples a window of the defaults; the difference of a run of "
               f"{LONG} and one of {SHORT} windows, so that start-up and warm-up are left out; "
               f"{fleet.N_MOVING} of the {fleet.N_ENIS} ENIs move. A system call counts as its one "
               "instruction, and so does clock_gettime(), which callgrind makes a system call; without "
               "callgrind it is some dozen instructions in the vDSO.")


def _tell_tick(found, table):
    each = found.profile.instructions / found.n_ticks
    table.at_most("instructions per tick: read, delta, window", each, MAX_INSTRUCTIONS, f"{each:,.0f}",
                  f"{MAX_INSTRUCTIONS:,}")


def _tell_whole(found, table):
    profile, n_ticks = found.profile, found.n_ticks
    table.add("instructions per tick: whole process, publishing", f"{profile.instructions / n_ticks:,.0f}")
    _tell_allocations(profile, n_ticks, table)
    table.add("allocations per window: whole process", f"{profile.allocations() / found.n_windows:,.0f}")
    table.add("calls of clock_gettime() per tick", f"{profile.called('clock_gettime') / n_ticks:,.1f}")


def _tell_allocations(profile, n_ticks, table):
    what = "allocations per tick: read and fold all ENIs"
    functions = _or_error(binaries.read_functions)
    if isinstance(functions, Unmeasured):
        table.missing(what, functions)
        return
    each = max(0, round(profile.allocations(functions) / n_ticks, 2))
    table.at_most(what, each, 0, f"{each:.2f}", "0")
    if len(functions) > 1:
        table.note("read_sources() is inlined in this binary: its allocations are those below the calls "
                   f"in it, {' and '.join(functions)}.")


def print_profile(results, n_functions=16):
    """The functions that cost most, in a tick and in all, and who allocates."""
    for kind, found in results.items():
        if not isinstance(found, Unmeasured):
            _print_costs(kind, found, n_functions)
    if not isinstance(results["whole"], Unmeasured):
        print("\nallocations per window")
        for path, n in results["whole"].profile.paths.most_common(n_functions):
            print(f"{n / results['whole'].n_windows:12,.1f}  {' < '.join(path[:7])}")


def _print_costs(kind, found, n_functions):
    own, inclusive = found.profile.own, found.profile.inclusive()
    for name in [name for name, cost in inclusive.items() if cost > 0.99 * found.profile.instructions]:
        del inclusive[name]  # main() and who calls it
    top = dict.fromkeys(name for costs in (own, inclusive) for name, _ in costs.most_common(n_functions))
    print(f"\n{kind}: instructions per tick, own and inclusive")
    for name in top:
        print(f"{own[name] / found.n_ticks:12,.0f}{inclusive[name] / found.n_ticks:12,.0f}  {name}")
