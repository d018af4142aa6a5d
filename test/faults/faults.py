# SPDX-License-Identifier: Apache-2.0
"""The fault harness: seeded schedules under which the unmodified daemon is killed, loses its disk, its agent and its
metadata service, and in the end has published exactly what happened.

    faults.py [--seed N] [--schedules N] [--at-once N] [--aws]

Schedule number i has the seed N + i. Each prints a line; one that fails prints its history, and the command that repeats
it. With --aws, or ENAWATCH_FAULT_AWS in the environment, two of three publish to CloudWatch and CloudWatch Logs; that
needs build-interop/venv, which test/interop/run makes. Needs no root: it makes namespaces of its own (test/rig/rig.py).
"""
import argparse
import collections
import concurrent.futures
import importlib
import os
import pathlib
import random
import sys

HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parent / "e2e"), str(HERE.parent / "rig"), str(HERE)]

from fault_schedule import Schedule  # noqa: E402
from harness import rig_library  # noqa: E402


def main():
    arguments = parse()
    rig_library.in_namespace(mounts=True)
    seed = random.SystemRandom().randrange(10 ** 9) if arguments.seed is None else arguments.seed
    totals = collections.defaultdict(collections.Counter)
    clouds = importlib.import_module("fault_aws") if arguments.aws else None
    with concurrent.futures.ThreadPoolExecutor(arguments.at_once) as pool:
        schedules = [pool.submit(Schedule(seed + i, i, clouds).run) for i in range(arguments.schedules)]
        for future in concurrent.futures.as_completed(schedules):
            tell(future.result(), totals, " --aws" * arguments.aws)
    n_failed = totals["all"]["failed"]
    print(f"{arguments.schedules} schedules from seed {seed}, {n_failed} failed: {listed(totals['events'])}; "
          f"{totals['all']['documents']} documents, " +
          ("what failed is above" if n_failed else verdict(totals)))
    return 1 if n_failed else 0


def parse():
    parser = argparse.ArgumentParser()
    parser.add_argument("--seed", type=int, default=os.environ.get("ENAWATCH_FAULT_SEED"))
    parser.add_argument("--schedules", type=int, default=os.environ.get("ENAWATCH_FAULT_SCHEDULES", "20"))
    parser.add_argument("--at-once", type=int, default=os.environ.get("ENAWATCH_FAULT_AT_ONCE", "4"))
    parser.add_argument("--aws", action="store_true", default=bool(os.environ.get("ENAWATCH_FAULT_AWS")))
    return parser.parse_args()


def tell(schedule, totals, more=""):
    """A line, or all that there is to say."""
    sums = {"events": schedule.events, "all": collections.Counter(documents=schedule.n_documents),
            "doubled": schedule.doubled, "untold": +schedule.books.lost, "again": +schedule.books.doubled}
    for name, sum_of_one in sums.items():
        totals[name].update(sum_of_one)
    if not schedule.trouble:
        print(f"seed {schedule.seed}: {listed(schedule.events)}: {schedule.n_documents} documents, {verdict(sums)}",
              flush=True)
        return
    totals["all"]["failed"] += 1
    print(f"seed {schedule.seed}: failed\n{schedule.told()}\nrepeat with test/faults/faults.py --seed {schedule.seed} "
          f"--schedules 1{more}", flush=True)


def verdict(sums):
    """Of schedules that passed: what is lost fails one, unless nobody could have told it."""
    said = f"lost = 0, doubled = {sum(sums['doubled'].values())}"
    said += f" ({listed(sums['doubled'])})" if sums["doubled"] else ""
    said += f"; nobody could tell: {listed(sums['untold'])}" if sums["untold"] else ""
    return said + (f"; counted again: {listed(sums['again'])}" if sums["again"] else "")


def listed(counts):
    return ", ".join(f"{name} {n}" for name, n in sorted(counts.items()) if n)


if __name__ == "__main__":
    sys.exit(main())
