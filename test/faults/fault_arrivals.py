# SPDX-License-Identifier: Apache-2.0
"""What arrived: documents by the name that each has (boot, sequence, part), which of them came more than once and why,
and the records that they are parts of."""
import collections

import journal_file
from harness import name_of

# Before a document is read it was sent: a break may be so much older than what it doubled, on a machine under load.
UNDER_WAY_S = 4.0

# What CloudWatch got of one metric of a window: `pairs` of (value, how often). It has no name; but what is not all
# zeros is not likely to be there twice by chance.
Datum = collections.namedtuple("Datum", "mac metric start_ms pairs")

LEVELS = ("conntrack_allowance_available", "conntrack_allowance_used_percent", "kernel_conntrack_used_percent")

# Something happened at a time after which a document may come again, for this reason.
Break = collections.namedtuple("Break", "time reason")


def content(document):
    """Without what a document that comes later may know better: labels, and the clock after a step."""
    return {name: value for name, value in document.items() if isinstance(value, list) and name != "unidentified"}


class Arrivals:
    """Of all sinks, in the order of their times: documents, and data as (unix time, Datum)."""

    def __init__(self, arrivals, data=()):
        self.arrivals = sorted(arrivals, key=lambda arrival: arrival.time)
        self.by_identity, self.times = collections.defaultdict(list), collections.defaultdict(list)
        for arrival in self.arrivals:
            self.by_identity[name_of(arrival.document)].append(arrival)
            self.times[name_of(arrival.document)].append(arrival.time)
        # A level is the same in two windows of one period, which a restart makes; and so is nothing.
        self.data = {datum for _, datum in data
                     if datum.metric not in LEVELS and any(value for value, _ in datum.pairs)}
        for at, datum in data:
            if datum in self.data:
                self.times[datum].append(at)

    def doubled(self, breaks):
        """Yields (identity, reason) of each document that came again; the reason is None where there is none."""
        for name, times in self.times.items():
            for before, after in zip(sorted(times), sorted(times)[1:]):
                reasons = [b.reason for b in breaks if before - UNDER_WAY_S <= b.time <= after]
                yield name, reasons[-1] if reasons else None

    def records(self):
        """{(boot, sequence): Record} of what is whole, as the journal has them, and the keys of what is not."""
        parts = collections.defaultdict(dict)
        for (boot, sequence, part), arrivals in self.by_identity.items():
            for arrival in arrivals:  # another configuration cuts otherwise, and sends all of it again
                parts[boot, sequence, arrival.document["parts"]].setdefault(part, arrival.document)
        whole, torn = {}, set()
        for (boot, sequence, n_parts), documents in parts.items():
            if len(documents) == n_parts:
                whole[boot, sequence] = record_of(documents.values())
            else:
                torn.add((boot, sequence))
        return whole, torn - set(whole)


def record_of(documents):
    values = {name: collections.Counter(array) for document in documents for name, array in document.items()
              if isinstance(array, list) and array and all(isinstance(v, int) for v in array)}
    first = next(iter(documents))
    return journal_file.Record(first.get("mac"), first["_aws"]["Timestamp"], values)


def datum_of(record, metric):
    return Datum(record.mac, metric, record.start_ms, frozenset(record.values.get(metric, {}).items()))


def changed_contents(arrivals):
    """Identities under which two documents came that say different things."""
    return [name for name, group in arrivals.by_identity.items()
            if len({repr(content(a.document)) for a in group if a.document["parts"] == group[0].document["parts"]}) > 1]


def holes(records):
    """Sequences that are missing before the last one of their start: {boot: [sequence]}."""
    known = collections.defaultdict(set)
    for boot, sequence in records:
        known[boot].add(sequence)
    missing = {boot: sorted(set(range(1, max(seen) + 1)) - seen) for boot, seen in known.items()}
    return {boot: sequences for boot, sequences in missing.items() if sequences}


def balance_of_records(documents):
    """What the daemons told of their own records: made less what became of them, and how many wait at last."""
    told = collections.Counter()
    for document in documents:
        for name in ("made", "delivered", "refused", "expired", "unclaimed"):
            told[name] += document.get(f"self_records_{name}", 0)
    last = max((d for d in documents if "self_records_waiting" in d), default=None,
               key=lambda d: (d["_aws"]["Timestamp"], int(d["boot"].rsplit(".", 1)[1]), d["sequence"]))
    waiting = last["self_records_waiting"] if last else 0
    return told["made"] - sum(told[n] for n in ("delivered", "refused", "expired", "unclaimed")), waiting, told
