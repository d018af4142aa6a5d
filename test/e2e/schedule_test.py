# SPDX-License-Identifier: Apache-2.0
"""Random schedules of faults on the rig: what the daemon publishes is exactly what truly happened.

ENAWATCH_TEST_SCHEDULES=N runs N of them, ENAWATCH_TEST_SEED=S those of the seeds S, S + 1 and so on: a
schedule that fails says its own seed, which repeats it alone.
"""
import concurrent.futures
import os
import random
import time

from harness import (AVAILABLE, BINARY, COMMON, EXCEEDED, FAST, OnRig, bodies, is_eni, is_instance, main, of_mac,
                     rig_library, total, values)
from schedule import SRD, VERDICT_S, Life, goes_on

N_SCHEDULES = int(os.environ.get("ENAWATCH_TEST_SCHEDULES", "12"))
SEED = int(os.environ.get("ENAWATCH_TEST_SEED") or random.SystemRandom().randrange(10 ** 9))
N_AT_ONCE = 32
PATIENCE_S = 120  # for a schedule of some ten seconds


class Schedule:
    """One daemon and its ENIs in the namespace that all share; `number` keeps their names and MACs apart."""

    def __init__(self, number):
        self.number, self.seed = number, SEED + number
        self.began, self.lives, self.daemon, self.trouble = time.time(), [], None, None

    def run(self):
        """Again without garbage when a loaded machine let that stand until its verdict."""
        for has_garbage in (True, False):
            try:
                self.run_once(has_garbage)
            except (TimeoutError, RuntimeError) as error:
                self.trouble = error
            if all(life.longest_garbage_s < VERDICT_S for life in self.lives):
                break
            print(f"# {self.seed}: garbage lasted too long, again without", flush=True)
        return self

    def run_once(self, has_garbage):
        with rig_library.Rig() as bench:
            n_enis = random.Random(self.seed).randint(1, 3)
            self.began, self.trouble = time.time(), None
            self.lives = [Life(bench, self.seed, self.number, place) for place in range(n_enis)]
            options = [f"sample.verdict={VERDICT_S:.0f}s", f"sample.interfaces=s{self.number}e*", "sample.budget=100",
                       "publish.quiet_enis=send", "publish.sink=stdout", f"publish.metrics=default, {AVAILABLE}"]
            self.daemon = bench.start(BINARY, "run", *COMMON, *FAST, *(w for o in options for w in ("-o", o)))
            self.play(has_garbage)
            self.daemon.stop(30)

    def play(self, has_garbage):
        scripts = [life.play(has_garbage) for life in self.lives]
        for script in scripts:
            next(script)
        end = time.monotonic() + PATIENCE_S
        while scripts:
            counts = self.daemon.counts()
            scripts = [script for script in scripts if goes_on(script, counts)]
            if self.daemon.exit_code is not None:
                raise RuntimeError("the daemon has ended")
            if time.monotonic() > end:
                raise TimeoutError("the schedule does not come to its end")

    def expected(self):
        return {mac: sums for life in self.lives for mac, sums in life.expected.items()}

    def told(self):
        """The schedule in words, in the order of time."""
        lines = [f"repeat with ENAWATCH_TEST_SEED={self.seed} ENAWATCH_TEST_SCHEDULES=1"]
        notes = sorted(note for life in self.lives for note in life.notes)
        lines += [f"{at - self.began:8.3f} {who} {text}" for at, who, text in notes]
        return "\n".join(["", *lines, f"{self.trouble or ''} {self.daemon}"])

    def series(self, metric, keep):
        """What was published, with the time of each window's begin."""
        rows = [f"{d['_aws']['Timestamp'] / 1000 - self.began:8.3f} {d.get('interface', 'instance')} {metric} "
                f"{d[metric]}" for d in bodies(self.daemon) if keep(d) and metric in d]
        return "\n".join(["", "published:", *rows])


class Schedules(OnRig):
    longMessage = True

    def test_whatever_happens_what_is_published_is_what_was_counted(self):
        print(f"# ENAWATCH_TEST_SEED={SEED} ENAWATCH_TEST_SCHEDULES={N_SCHEDULES}", flush=True)
        with concurrent.futures.ThreadPoolExecutor(N_AT_ONCE) as pool:
            for future in concurrent.futures.as_completed(
                    [pool.submit(Schedule(number).run) for number in range(N_SCHEDULES)]):
                schedule = future.result()
                with self.subTest(seed=schedule.seed):
                    self.check(schedule)

    def check(self, schedule):
        self.assertIsNone(schedule.trouble, schedule.told())
        self.assertEqual(schedule.daemon.exit_code, 0, schedule.told())
        self.assertFalse(schedule.daemon.garbage, schedule.told())
        documents = bodies(schedule.daemon)
        self.assert_identified(documents)
        self.check_sums(schedule, documents)
        self.check_instance(schedule, documents)
        self.check_levels(schedule, documents)

    def check_sums(self, schedule, documents):
        expected = schedule.expected()
        self.assertLessEqual({d["mac"] for d in documents if is_eni(d)}, set(expected), schedule.told())
        for mac, sums in expected.items():
            for metric in sums:
                self.assert_sum(schedule, metric, of_mac(mac), sums[metric])

    def assert_sum(self, schedule, metric, keep, wanted):
        documents = bodies(schedule.daemon)
        said = f"{metric}{schedule.told()}{schedule.series(metric, keep)}"
        self.assertEqual(total(documents, metric, keep), wanted, said)
        self.assertGreaterEqual(min(values(documents, metric, keep), default=0), 0, said)

    def check_instance(self, schedule, documents):
        """The instance is the sum of its ENIs, in each window and so in total."""
        for window in {d["_aws"]["Timestamp"] for d in documents}:
            same = [d for d in documents if d["_aws"]["Timestamp"] == window]
            for metric in EXCEEDED + SRD:
                self.assertEqual(total(same, metric, is_instance), total(same, metric, is_eni),
                                 f"{metric}{schedule.told()}{schedule.series(metric, lambda _: True)}")

    def check_levels(self, schedule, documents):
        """The gauge was never 0: what is published of it is what it was."""
        levels = {level for life in schedule.lives for level in life.levels}
        published = {d[AVAILABLE] for d in documents if is_eni(d) and AVAILABLE in d}
        published.update(values(documents, AVAILABLE))
        self.assertLessEqual(published, levels, schedule.told() + schedule.series(AVAILABLE, lambda _: True))


if __name__ == "__main__":
    main()
