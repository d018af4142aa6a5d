# SPDX-License-Identifier: Apache-2.0
"""The law, checked whenever a daemon has ended, and at the end: what arrived, and what waits in the journal, is what
had truly happened when the journal's baseline was read. A difference stays; what is new of it must be explained:

  lost     a life of an ENI's counters ended or began in the dark: while no daemon looked, or in the window that was
           open when one was killed; or the daemon had no disk. At most what happened in that time.
  spoiled  by the harness: exactly what the file said before, less what it says now.

All else is unlawful.
"""
import collections
import dataclasses
import time

from fault_arrivals import datum_of
from fault_life import GROUPS, boot_ns
from schedule import SRD

INSTANCE = None  # in place of a MAC
SLACK_S = 3.0  # what a loaded machine takes longer


class Unlawful(Exception):
    """The daemon broke the law."""


@dataclasses.dataclass
class Dark:
    """Of one device: from the baseline that a daemon left at its end until the next one has looked. Or, where
    `is_lacking`, there was none: from when there might have been one."""
    begin_ns: int
    is_lacking: bool
    end_ns: int = None


class Books:
    """`lost` and `doubled`: {reason: sum of increments}."""

    def __init__(self, lives, arrivals, counters):
        self.lives, self._arrivals, self._counters = lives, arrivals, counters  # arrivals() makes Arrivals
        self.balances, self._darks, self._cut = collections.Counter(), collections.defaultdict(list), set()
        self._explained = collections.Counter()
        self.lost, self.doubled = collections.Counter(), collections.Counter()
        self._last_death_ns, self.notes = 0, []

    # What happens to the daemon.

    def died(self, journal, what, window_s, diskless_s=0.0):
        """`journal`: what the next start will read. `window_s`: how long ago the open window began at the most, and
        `diskless_s`, since when there may have been no room for it."""
        truth, known_until = self.positions(journal)
        begin_ns = boot_ns() - int((window_s + diskless_s) * 10 ** 9)
        if not diskless_s:
            self.check_age(journal, known_until, begin_ns, what)
        self.darken_unknown(known_until, begin_ns)
        self.compare(self.published(journal), truth, what)
        self.darken_all(known_until)

    def check_age(self, journal, known_until, begin_ns, what):
        """What a daemon has seen of a sound device before the open window began, it has written down."""
        for life in [life for life in self.lives if life.is_there]:
            mac = life.eni.mac
            last = self._darks[mac][-1] if self._darks[mac] else None
            is_due = life.sound_ns is not None and life.sound_ns < begin_ns and (
                not last or (last.end_ns and last.end_ns < begin_ns))
            if is_due and mac not in known_until and any(life.truth_at(mac, begin_ns).values()):
                raise Unlawful(f"{what}: no baseline is written of {mac}")
            if is_due and mac in known_until and journal.life(mac)[1]["seen_ns"] < begin_ns:
                raise Unlawful(f"{what}: the baseline of {mac} is old")

    def has_looked(self, mac):
        """The daemon that was started since has read it."""
        if self._darks[mac] and not self._darks[mac][-1].end_ns:
            self._darks[mac][-1].end_ns = boot_ns()

    def spoiled(self, journal, reason):
        """Since died() the file says this, because the harness wanted it so."""
        truth, known_until = self.positions(journal)
        published = self.published(journal, is_spoiled=True)
        for key in truth:
            change = published[key] - truth[key] - self.balances[key]
            self.balances[key] += change
            if change > 0:
                self.expect_again(key, change, reason)
            elif key[0] is not INSTANCE:
                self.lost[reason] -= change
        self.darken_all(known_until)

    def repeated(self, journal, since_ms, reason):
        """A daemon that could not use the file ended. What it has published since then comes again."""
        truth, known_until = self.positions(journal)
        self.darken_unknown(known_until, self._last_death_ns)
        twice = collections.Counter()
        for (boot, _), record in self._arrivals().records()[0].items():
            if boot_ms(boot) >= since_ms:
                for counter in self._counters:
                    twice[record.mac, counter] += record.sum(counter)
        for key, n in twice.items():
            self.balances[key] += n
            self.expect_again(key, n, reason)
        self.compare(self.published(journal), truth, reason)
        self.darken_all(known_until)

    def expect_again(self, key, n, reason):
        """It will be published again; but not where that life has ended, and then so much more is lost."""
        self._explained[key] -= n
        if key[0] is not INSTANCE:
            self.doubled[reason] += n

    def macs(self):
        return [mac for life in self.lives for mac in life.expected]

    def darken_unknown(self, known_until, begin_ns):
        for mac in self.macs():
            if mac not in known_until:
                self.darken(mac, begin_ns, True)

    def darken_all(self, known_until):
        for mac in self.macs():
            self.darken(mac, known_until.get(mac, boot_ns()), mac not in known_until)
        self._last_death_ns = boot_ns()

    def darken(self, mac, begin_ns, is_lacking):
        """What overlaps is one."""
        darks = self._darks[mac]
        if darks and (not darks[-1].end_ns or begin_ns <= darks[-1].end_ns):
            last = darks.pop()
            begin_ns, is_lacking = min(begin_ns, last.begin_ns), is_lacking or last.is_lacking
        darks.append(Dark(begin_ns, is_lacking))

    def close(self):
        """All was delivered: what arrived is what happened at all."""
        truth = collections.Counter({(mac, counter): sums[counter] for life in self.lives
                                     for mac, sums in life.expected.items() for counter in self._counters})
        self.compare(self.published(None), summed_up(truth), "at the end")

    # What there is to compare.

    def published(self, journal, is_spoiled=False):
        """Sums by (mac, counter) of what arrived or waits, each record once."""
        waiting = journal.waiting if journal else {}
        arrivals = self._arrivals()
        whole, parts = arrivals.records()
        if is_spoiled:
            self._cut |= parts - set(waiting)
        missing = parts - set(waiting) - self._cut
        if missing:
            raise Unlawful(f"arrived in part, and the rest waits nowhere: {sorted(missing)[:3]}")
        sums = collections.Counter()
        for record in {**waiting, **whole}.values():
            for counter in self._counters:
                if datum_of(record, counter) not in arrivals.data:
                    sums[record.mac, counter] += record.sum(counter)
        for datum in arrivals.data:
            sums[datum.mac, datum.metric] += sum(value * n for value, n in datum.pairs)
        return sums

    def positions(self, journal):
        """How much had happened when the baseline was read, where there is none by now, as to devices that were gone
        before this start of the daemon. And by MAC from when on its baseline does not know; those without are absent."""
        truth, known_until = collections.Counter(), {}
        for life in self.lives:
            for mac, now in life.expected.items():
                known, until_ns = self.known(life, mac, journal)
                if len(known) == len(GROUPS):
                    known_until[mac] = until_ns
                if life.gone.get(mac, self._last_death_ns) < self._last_death_ns:
                    known = {}
                for counter in self._counters:
                    truth[mac, counter] = known.get("srd" if counter in SRD else "allowances", now)[counter]
        return summed_up(truth), known_until

    def known(self, life, mac, journal):
        """{group: what had happened} as far as there is a baseline, and until when that was so."""
        values, saved = journal.life(mac) if journal else ({}, {})
        known, until_ns = {}, saved.get("seen_ns", 0)
        for group, counters in GROUPS.items():
            if not all(c in values for c in counters):
                continue
            if saved[group].get("doubted") and counters[0] in life.counters:
                continue  # zeros of a command that failed: no baseline yet
            truthful_ns = saved[group].get("truthful_ns", saved["seen_ns"])
            found = life.state_of(mac, group, tuple(values[c] for c in counters), truthful_ns)
            if found is None:
                raise Unlawful(f"a baseline that never was: {mac} {group} {values}")
            known[group], until_ns = found[0], min(until_ns, truthful_ns, found[1] - 1)
        return known, until_ns

    # The law.

    def compare(self, published, truth, what):
        changes = {key: change for key in {*published, *truth} if key[1] in self._counters
                   if (change := published[key] - truth[key] - self.balances[key])}
        of_enis = collections.Counter()
        for (mac, counter), change in changes.items():
            if mac is not INSTANCE:
                of_enis[counter] += change
                self.explain(mac, counter, change, what)
        for counter in self._counters:
            self.check_instance(counter, changes.get((INSTANCE, counter), 0), of_enis[counter], what)
        self.balances.update(changes)

    def check_instance(self, counter, change, of_enis, what):
        """The instance is the sum of its ENIs, but for records of one window that no disk had: some were delivered."""
        most = sum(self.happened(mac, counter, dark) for mac in self.macs() for dark in self._darks[mac] if dark.is_lacking)
        if change != of_enis and not -most <= change <= 0:
            raise Unlawful(f"{what}: {counter}: {change:+d} in documents of the instance, {of_enis:+d} in those of its ENIs")

    def explain(self, mac, counter, change, what):
        if change > 0:
            raise Unlawful(f"{what}: {mac} {counter}: {change} more than happened")
        most = sum(self.happened(mac, counter, dark) for dark in self._darks[mac]) - self._explained[mac, counter]
        if -change > most:
            raise Unlawful(f"{what}: {mac} {counter}: {-change} are lost, of which nobody could tell {most} at the most")
        self._explained[mac, counter] -= change
        self.notes.append((time.time(), mac, f"{what}: {-change} {counter} are lost; nobody could tell {most}"))
        was_lacking = any(dark.is_lacking for dark in self._darks[mac])
        self.lost["no baseline was left" if was_lacking else "a life ended unseen"] -= change

    def happened(self, mac, counter, dark):
        """That may be lost: in which a life of this device began or ended, or which found no baseline."""
        life, end_ns = self.life_of(mac), dark.end_ns or boot_ns()
        if not dark.is_lacking and not life.has_changed(mac, dark.begin_ns, end_ns):
            return 0
        return life.truth_at(mac, end_ns).get(counter, 0) - life.truth_at(mac, dark.begin_ns).get(counter, 0)

    def life_of(self, mac):
        return next(life for life in self.lives if mac in life.expected)


def boot_ms(name):
    """When the start of this name was, on the boot clock."""
    return int(name.rsplit(".", 1)[1])


def summed_up(truth):
    for (mac, counter), n in list(truth.items()):
        truth[INSTANCE, counter] += n
    return truth
