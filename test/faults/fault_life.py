# SPDX-License-Identifier: Apache-2.0
"""What happens to an ENI while its daemon is killed and started: the lives of test/e2e/schedule.py, without garbage,
which write down every state that the device had and what had truly happened by then. Times are of the boot clock."""
import bisect
import collections
import time

from harness import EXCEEDED
from schedule import HIGH, NEW_LIFE, SMALL, SRD, VERDICT_S, Life

EPOCH = ("epoch", "")  # among the counts that a life is sent: how many starts of the daemon there were
GROUPS = {"allowances": EXCEEDED, "srd": SRD}  # as a baseline calls what the device gives by one command
STAMP_NS = 1_000_000_000  # a sample is stamped when it is asked for: slow devices answer later

# A state of one group: when it began, its values, and what had happened by then, by counter.
State = collections.namedtuple("State", "boot_ns values truth")


class FaultLife(Life):
    """`states[mac, group]`, `changes[mac]`: when a life of counters ended or began, `gone[mac]`: when it went, and
    `sound_ns`: since when nothing is wrong with its device; None: something is."""

    def __init__(self, bench, seed, schedule, place, horizon):
        self.states, self.changes, self.gone = collections.defaultdict(list), collections.defaultdict(list), {}
        self.horizon, self.sound_ns, self.was_rebooted = horizon, 0, False
        super().__init__(bench, seed, schedule, place)
        self.leaves_at, self.is_gone = horizon - self.dice.uniform(0, 6), False

    @property
    def is_there(self):
        return self.eni is not None and not self.is_gone

    def play(self):
        if self.is_late:
            yield from self.pause(self.dice.uniform(0.3, 2.5))
            self.attach()
            yield from self.first_sight()
        yield from self.taken_in(2)
        while time.monotonic() < (self.leaves_at if self.is_leaving else self.horizon):
            yield from self.step(has_garbage=False)
        yield from self.taken_in(1)
        if self.is_leaving:
            self.note("leaves")
            self.note_change()
            self.eni.remove()
            self.is_gone = True
            self.gone[self.eni.mac] = boot_ns()
        self.note("the end")

    def taken_in(self, n):
        """By one and the same start of the daemon, whatever it did with what others had read."""
        self.note(f"waits until taken in {n} times")
        counts = yield
        while True:
            epoch, start = counts[EPOCH], self.answers(counts)
            while (counts := (yield))[EPOCH] == epoch:
                values, names, _ = (a - b for a, b in zip(self.answers(counts), start))
                if values - names - 2 >= n:
                    return

    def within(self, fault, change, room_after, room_before=0):
        self.sound_ns = None if fault != "none" else self.sound_ns
        yield from super().within(fault, change, room_after, room_before)
        self.sound_ns = self.sound_ns if fault == "none" else boot_ns()

    def step(self, has_garbage):
        self.was_rebooted = False
        yield from super().step(has_garbage)

    def after(self, change):
        """A verdict falls in a daemon that lives long enough."""
        yield from super().after(change)
        while change == "untold reset":
            epoch = (yield)[EPOCH]
            yield from self.pause(VERDICT_S)
            yield from self.taken_in(1)
            if (yield)[EPOCH] == epoch:
                return

    # What is written down.

    def record(self, boot_ns):
        mac = self.eni.mac
        truth = dict(self.expected[mac])
        for group, counters in GROUPS.items():
            values = tuple(self.eni.stats[c] for c in counters)
            self.states[mac, group].append(State(boot_ns, values, truth))

    def truth_at(self, mac, at_ns):
        states = self.states[mac, "allowances"]
        n_before = bisect.bisect_right([state.boot_ns for state in states], at_ns)
        return states[n_before - 1].truth if n_before else {}

    def has_changed(self, mac, begin_ns, end_ns):
        return any(begin_ns <= at_ns <= end_ns for at_ns in self.changes[mac])

    def state_of(self, mac, group, values, asked_ns):
        """What had happened in the state with these values that was in force when a sample was asked for, else soon
        after, else before that; and when that state ended. None: there was none."""
        states = self.states[mac, group]
        ends = [state.boot_ns for state in states[1:]] + [float("inf")]
        known = [(state, end_ns) for state, end_ns in zip(states, ends) if state.values == values]
        first_choice = [pair for pair in known if pair[0].boot_ns <= asked_ns < pair[1]]
        second = [pair for pair in known if asked_ns < pair[0].boot_ns <= asked_ns + STAMP_NS]
        third = [pair for pair in known if pair[1] <= asked_ns][-1:]
        return next(((state.truth, end_ns) for state, end_ns in first_choice + second + third), None)

    def note_change(self):
        self.changes[self.eni.mac].append(boot_ns())

    def attach(self):
        now_ns = boot_ns()
        self.has_gauge = True  # who has none is doubted for longer: that is for schedule_test.py
        super().attach()
        self.note_change()
        self.record(now_ns)

    def count(self, amounts):
        now_ns = boot_ns()
        super().count(amounts)
        self.record(now_ns)

    def do(self, change):
        if self.was_rebooted and (change == "other order" or not self.can_fall()):
            change = "nothing"  # there is no fault any more to do it in, or nothing that could fall
        now_ns = boot_ns()
        if change in NEW_LIFE:
            self.note_change()
        super().do(change)
        if change in NEW_LIFE:
            self.note_change()
        self.record(now_ns)

    def another_device(self):
        mac = self.eni.mac
        super().another_device()
        self.changes[mac].append(boot_ns())
        self.gone[mac] = boot_ns()

    def re_attach(self):
        """What it counts while it is away is for schedule_test.py: who has an old baseline only cannot tell it from what
        was counted before."""
        self.eni.replace()

    def can_fall(self):
        return all(max(self.eni.get(c) for c in group) >= HIGH for group in self.groups)

    def reload(self):
        self.restart_at_zero()
        self.count({self.dice.choice(EXCEEDED): self.dice.randint(1, SMALL)})

    def restart_at_zero(self):
        now_ns = boot_ns()
        self.eni.replace(keep_stats=False)
        self.record(now_ns)

    def reboot(self):
        """While no daemon runs: another life of everything, and nothing is wrong with it."""
        self.eni.heal()
        self.sound_ns, self.was_rebooted = boot_ns(), True
        self.note_change()
        self.restart_at_zero()
        self.note_change()
        self.note("rebooted")


def boot_ns():
    return time.clock_gettime_ns(time.CLOCK_BOOTTIME)
