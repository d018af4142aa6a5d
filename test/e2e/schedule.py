# SPDX-License-Identifier: Apache-2.0
"""What may happen to one ENI, drawn from a seed, and what has to be published of it.

A Life draws steps, does them to a simulated ENI, and keeps the sums that follow from the rules of truth
(src/flow/truth.md). It knows them without a tolerance, for nothing is left to the moment at which the daemon
happens to look: before counters restart, or become another device's, the life waits until the last values
were taken in twice, and afterwards until the new ones were, or until their verdict has fallen. All else may
overlap as it likes: increments, failing reads, zeros of a failed command, renames, other names.

A life is a generator: it is sent the rig's counts of answered calls and yields for the next ones.
"""
import collections
import errno
import random
import time

from harness import AVAILABLE, EXCEEDED, rig_library

VERDICT_S = 1.0  # sample.verdict
RESETS = "total_resets"
SRD = ["ena_srd_tx_pkts", "ena_srd_eligible_tx_pkts", "ena_srd_rx_pkts"]
LARGE, SMALL = 1_000_000, 20  # the most that a burst adds to a counter; SMALL ones leave a fall a fall
HIGH = 5_000  # from where a counter can fall
ERRNOS = [errno.ENODEV, errno.EIO, errno.ETIMEDOUT, errno.EBUSY, errno.ENOMEM]
COMMANDS = [None, None, "GSTATS", "GSTATS", "GSTRINGS", "GSSET_INFO", "GDRVINFO"]

# Each change, a method of Life, with the faults in which it may happen.
ANY = ["none", "zeros", "long zeros", "fail"]
CHANGES = {
    "nothing": ANY,
    "garbage": ["garbage"],
    "told reset": ANY,
    "untold reset": ANY,
    "told but not reset": ANY,
    "reload": ANY,
    "re-attach": ANY,
    "another device": ANY,
    "rename": ANY,
    "other queues": ANY,
    "other order": ["fail everything"],
}
NEW_LIFE = {"told reset", "untold reset", "reload", "re-attach", "another device"}
RESTART = {"told reset", "untold reset", "reload"}


class Life:
    """One ENI of a schedule: `expected[mac][counter]`, `levels` of its gauge, `notes` of what was done."""

    def __init__(self, bench, seed, schedule, place):
        self.dice = random.Random(f"{seed}/{place}")
        self.bench, self.prefix = bench, f"s{schedule}e{place}"
        self.octets = [2, 0, schedule >> 8 & 255, schedule & 255, place, 0]
        self.expected = collections.defaultdict(collections.Counter)
        self.levels, self.notes, self.eni, self.n_names = set(), [], None, 0
        # What the device gives by one command, and what therefore falls and comes back together.
        self.groups = [EXCEEDED, SRD] if self.dice.random() < 0.4 else [EXCEEDED]
        self.counters = sum(self.groups, [])
        self.has_gauge, self.has_resets = self.dice.random() < 0.8, self.dice.random() < 0.7
        self.is_late, self.is_leaving = self.dice.random() < 0.25, self.dice.random() < 0.2
        self.failing, self.longest_garbage_s = None, 0.0
        if not self.is_late:
            self.attach()

    def play(self, has_garbage):
        """The whole life. Without garbage, steps with it do nothing."""
        if self.is_late:
            yield from self.pause(self.dice.uniform(0.3, 2.5))
            self.attach()
            yield from self.first_sight()
        yield from self.taken_in(2)
        for _ in range(self.dice.randint(4, 6)):
            yield from self.step(has_garbage)
        yield from self.taken_in(1)
        if self.is_leaving:
            self.note("leaves")
            self.eni.remove()
        self.note("the end")

    # What is waited for.

    def pause(self, seconds):
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            yield

    def taken_in(self, n):
        """Until n samples were taken in that were begun after this moment.

        Of the answers since then the first may have been under way before, and the last may not be taken in
        yet. One in between is lost when a link event came with it, or when the names do not fit any more;
        then the names are read before the next one.
        """
        self.note(f"waits until taken in {n} times")
        start = self.answers((yield))
        while True:
            values, names, _ = (a - b for a, b in zip(self.answers((yield)), start))
            if values - names - 2 >= n:
                return

    def asked(self, n):
        """Until the device was asked n times, and once more for a question that was under way."""
        start = self.answers((yield))
        while self.answers((yield))[2] - start[2] < n + 1:
            pass

    def answers(self, counts):
        mine = {command: n for (who, command), n in counts.items() if who == self.eni.mac}
        return mine.get("GSTATS", 0), mine.get("GSTRINGS", 0), sum(mine.values())

    # What happens.

    def attach(self):
        stats = rig_library.ena_stats(self.dice.randint(1, 4), available=136000 if self.has_gauge else None)
        if not self.has_resets:
            del stats[RESETS]
        stats["ena_srd_mode"] = len(self.groups) - 1
        for counter in self.counters:
            stats[counter] = self.dice.choice([0, self.dice.randrange(100), self.dice.randrange(10 ** 9)])
        self.levels.add(stats.get(AVAILABLE))
        self.eni = self.bench.add(f"{self.prefix}n0", mac=self.next_mac(), stats=stats)
        self.eni.kernel(self.dice.choice(["new", "old"]))
        self.note(f"attached with {self.shown()}")

    def next_mac(self):
        self.octets[-1] += 1
        mac = ":".join(f"{octet:02x}" for octet in self.octets)
        self.expected[mac].update(dict.fromkeys(EXCEEDED + SRD, 0))
        return mac

    def first_sight(self):
        if self.has_gauge and self.dice.random() < 0.4:
            yield from self.within("zeros", lambda: None, 0)

    def step(self, has_garbage):
        change = self.dice.choice(list(CHANGES))
        fault = self.dice.choice(CHANGES[change])
        if change.startswith("told") and not self.has_resets:
            change = "untold reset" if change == "told reset" else "nothing"
        if change == "another device" and "zeros" in fault and not self.has_gauge:
            fault = "none"  # zeros without a gauge beside them are a first baseline: who could tell
        self.note(f"-- {change}, fault: {fault}")
        self.change_weather()
        yield from self.bursts(LARGE)
        if fault == "garbage":
            yield from self.garbage(has_garbage)
            return
        if change in NEW_LIFE:
            self.raise_one()
            yield from self.taken_in(2)
        room = SMALL if change in RESTART else 0 if change in NEW_LIFE else LARGE
        yield from self.within(fault, lambda: self.do(change), room, 0 if change in NEW_LIFE else LARGE)
        yield from self.after(change)

    def after(self, change):
        if change in RESTART:
            yield from self.bursts(SMALL)
        if change in NEW_LIFE or change == "other queues":  # for a next change may bring the same count again
            yield from self.taken_in(1)
        if change == "untold reset":
            end = time.monotonic() + VERDICT_S
            yield from self.bursts(SMALL)
            yield from self.pause(end - time.monotonic())
            yield from self.taken_in(1)
            self.note("the verdict has fallen")

    def change_weather(self):
        """Slow answers last for some steps, and may come with anything."""
        ms = self.dice.choice([0, 0, 0, 0, self.dice.randint(20, 200)])
        self.note(f"answers after {ms} ms")
        self.eni.latency(ms)
        self.eni.kernel(self.dice.choice(["new", "old"]))
        if self.has_gauge:
            level = self.dice.randint(1, 136000)
            self.levels.add(level)
            self.eni.set(**{AVAILABLE: level})

    def within(self, fault, change, room_after, room_before=0):
        """A change in the middle of a fault; bursts of at most that much before it and after it."""
        if fault != "none":
            self.begin(fault)
            yield from self.asked(self.dice.randint(1, 2))
            yield from self.bursts(room_before)
        verdict_s = self.dice.sample([0, VERDICT_S if fault == "long zeros" else 0], 2)
        yield from self.pause(verdict_s[0])
        change()
        if fault == "none":
            return
        yield from self.bursts(room_after)
        yield from self.asked(self.dice.randint(0, 2))
        yield from self.pause(verdict_s[1])
        self.note("heals")
        self.eni.zeros(False)
        self.eni.fail(None, self.failing)

    def begin(self, fault):
        if "zeros" in fault:
            self.note("zeros")
            self.eni.zeros()
            return
        number = self.dice.choice(ERRNOS)
        self.failing = None if fault == "fail everything" else self.dice.choice(COMMANDS)
        self.note(f"{self.failing or 'everything'} fails with {errno.errorcode[number]}")
        self.eni.fail(number, self.failing)

    def bursts(self, most):
        for _ in range(self.dice.randint(0, 2) if most else 0):
            self.count({c: self.dice.randint(1, most)
                        for c in self.dice.sample(self.counters, self.dice.randint(1, len(self.counters)))})
            yield from self.pause(self.dice.uniform(0, 0.1))

    def count(self, amounts):
        self.note("+ " + " ".join(f"{short(c)} {n}" for c, n in amounts.items()))
        self.eni.add(**amounts)
        self.expected[self.eni.mac].update(amounts)

    def raise_one(self):
        """So that there is something that can fall."""
        for group in self.groups:
            if max(self.eni.get(c) for c in group) < HIGH:
                self.count({self.dice.choice(group): HIGH})

    def do(self, change):
        getattr(self, change.replace(" ", "_").replace("-", "_"))()
        self.note(f"{change}: {self.shown()}")

    def nothing(self):
        pass

    def told_reset(self):
        self.restart(is_told=True)

    def untold_reset(self):
        self.restart(is_told=False)

    def restart(self, is_told):
        """The counters count from zero; one of a group has fallen far, the others may be above what they were."""
        old = {c: self.eni.get(c) for c in self.counters}
        new = {c: self.dice.choice([0, self.dice.randint(1, 100), old[c] + self.dice.randint(0, 100)]) for c in old}
        for group in self.groups:
            new[max(group, key=old.get)] = self.dice.randint(1, 100)
        self.expected[self.eni.mac].update(new)
        self.eni.set(**new, **({RESETS: self.eni.get(RESETS) + 1} if is_told else {}))

    def told_but_not_reset(self):
        """No counter fell: the difference it is."""
        amounts = {c: self.dice.choice([0, self.dice.randint(1, 100)]) for c in self.counters}
        self.expected[self.eni.mac].update(amounts)
        self.eni.add(**amounts, **{RESETS: 1})

    def reload(self):
        self.eni.replace(keep_stats=False)
        self.count({self.dice.choice(EXCEEDED): self.dice.randint(1, SMALL)})

    def re_attach(self):
        """What the device counted while it was away, or another one under this address, is no increase."""
        self.eni.remove()
        away = {c: self.dice.choice([0, self.dice.randint(1, LARGE)]) for c in self.counters}
        self.eni.stats.update({c: self.eni.get(c) + n for c, n in away.items()})
        self.eni.replace()

    def another_device(self):
        self.eni.replace(new_mac=self.next_mac())

    def rename(self):
        self.n_names += 1
        self.eni.rename(f"{self.prefix}n{self.n_names}")

    def other_queues(self):
        n_now = sum(name.endswith("_tx_cnt") for name in self.eni.stats)
        names = rig_library.ena_stats(self.dice.choice([n for n in range(1, 6) if n != n_now]))
        stats = {name: self.eni.stats.get(name, 0) for name in names
                 if (name != AVAILABLE or self.has_gauge) and (name != RESETS or self.has_resets)}
        self.replace_names(stats)

    def other_order(self):
        self.replace_names(self.eni.stats)

    def replace_names(self, stats):
        self.eni.replace_stats(dict(self.dice.sample(list(stats.items()), len(stats))))

    def garbage(self, has_garbage):
        """Values that no device can have counted, for less than the verdict, after others that it has."""
        truth = {c: self.eni.get(c) for c in [*self.counters, AVAILABLE] if c in self.eni.stats}
        lies = {c: self.dice.choice([n, n, n // 3, self.dice.randrange(2 ** 50, 2 ** 64)]) for c, n in truth.items()}
        lies[self.dice.choice(EXCEEDED)] = self.dice.randrange(2 ** 50, 2 ** 64)
        if not has_garbage:
            return
        self.eni.latency(0)
        yield from self.taken_in(1)
        self.note("garbage " + " ".join(f"{short(c)} {n}" for c, n in lies.items()))
        began = time.monotonic()
        self.eni.set(**lies)
        yield from self.asked(1)
        self.eni.set(**truth)
        yield from self.asked(1)  # the one that was under way has been taken in
        self.longest_garbage_s = max(self.longest_garbage_s, time.monotonic() - began)
        self.note("truth again")

    def shown(self):
        names = [c for c in [*self.counters, AVAILABLE, RESETS] if c in self.eni.stats]
        return f"{self.eni.name} {self.eni.mac} " + " ".join(f"{short(c)} {self.eni.get(c)}" for c in names)

    def note(self, text):
        self.notes.append((time.time(), self.prefix, text))


def short(name):
    return name.replace("_allowance", "").replace("_exceeded", "").replace("ena_", "")


def goes_on(script, counts):
    """Sends a life its counts; False when it has ended."""
    try:
        script.send(counts)
    except StopIteration:
        return False
    return True
