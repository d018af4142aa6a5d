# SPDX-License-Identifier: Apache-2.0
"""The journal's file (src/store/journal.md), read and written by a program that shares no line with the daemon.

    journal = journal_file.read(path, boot_id)
    journal.waiting      # {(name of the start, sequence): Record}
    journal.baseline     # what the next start of this boot continues from; None: it begins anew

What is read is what the next start has to make of it: `waiting` is what is to be sent, `taken` parts of it were.
"""
import collections
import dataclasses
import json
import zlib

VERSION = 1
KINDS = {"start", "who", "totals", "waiting", "window", "open", "settled", "taken"}
HEAD_BYTES = 9  # checksum and space
NOBODY = "ff:ff:ff:ff:ff:ff"  # the life of the instance in a baseline

# One line: its bytes from..to, and its JSON, or None when it is none of a journal.
Line = collections.namedtuple("Line", "start end json")


@dataclasses.dataclass
class Record:
    """What waits: `mac` None is the instance's; how often it had which value in the window, by metric."""
    mac: str
    start_ms: int
    values: dict
    n_parts_taken: int = 0

    def sum(self, metric):
        return sum(value * n for value, n in self.values.get(metric, {}).items())


@dataclasses.dataclass
class Journal:
    """What a file comes to. `n_bad` lines with a newline were no lines; `torn` bytes at the end are none at all."""
    header: dict = None
    starts: dict = dataclasses.field(default_factory=dict)  # number: (name, boot id)
    who: dict = dataclasses.field(default_factory=dict)  # by boot id
    waiting: dict = dataclasses.field(default_factory=dict)
    counts: collections.Counter = dataclasses.field(default_factory=collections.Counter)
    baseline: dict = None
    n_bad: int = 0
    torn: int = 0

    @property
    def is_sound(self):
        return self.header is not None and self.header["baseline"] == "sound"

    def life(self, mac):
        """Of the baseline: {name: value} and the rest of that life; both empty when it has none."""
        for life in (self.baseline or {}).get("lives", []):
            if life["mac"] == mac:
                values = dict(zip(self.baseline["metrics"], life["values"]))
                return {name: value & 2 ** 64 - 1 for name, value in values.items() if value is not None}, life
        return {}, {}


def parse(data):
    """The lines of a file, and how many bytes at its end are no line."""
    lines, at = [], 0
    while (end := data.find(b"\n", at)) >= 0:
        lines.append(Line(at, end + 1, decode(data[at:end])))
        at = end + 1
    return lines, len(data) - at


def decode(line):
    head, body = line[:HEAD_BYTES], line[HEAD_BYTES:]
    if head != b"%08x " % zlib.crc32(body):
        return None
    try:
        entry = json.loads(body)
    except ValueError:
        return None
    return entry if isinstance(entry, dict) else None


def encode(entry):
    body = json.dumps(entry, separators=(",", ":"), ensure_ascii=False).encode()
    return b"%08x " % zlib.crc32(body) + body + b"\n"


def entries(path):
    """The JSON of every line; a line that is none is None."""
    with open(path, "rb") as file:
        return [line.json for line in parse(file.read())[0]]


def write(path, new_entries):
    """In place: whoever holds the file's name holds the new one."""
    with open(path, "wb") as file:
        file.write(b"".join(encode(entry) for entry in new_entries))


def change_boot(path, old, new):
    """As if it had been written in another boot of the machine, or on another machine."""
    changed = entries(path)
    for entry in changed:
        if entry.get("boot") == old:
            entry["boot"] = new
    write(path, changed)


def read(path, boot_id):
    with open(path, "rb") as file:
        return Reader(boot_id).read(file.read())


class Reader:
    """Entries in their order; the last checkpoint is held back until it is known whether its window was closed."""

    def __init__(self, boot_id):
        self.boot_id, self.journal = boot_id, Journal()
        self.open, self.last, self.all = None, {}, {}

    def read(self, data):
        lines, self.journal.torn = parse(data)
        for number, line in enumerate(lines):
            self.take(line.json, is_first=number == 0)
        if self.journal.header and not self.journal.is_sound:
            self.open = None
        self.close_open()
        if not self.journal.is_sound:
            self.journal.baseline = None
        self.journal.counts["waiting"] = len(self.journal.waiting)
        return self.journal

    def take(self, entry, is_first):
        if is_first and entry and entry.get("journal") == VERSION:
            self.journal.header = entry
            return
        kinds = KINDS & set(entry or ())
        if not kinds:
            self.journal.n_bad += 1
            self.journal.baseline = None
        for kind in sorted(kinds):
            getattr(self, f"take_{kind}")(entry)

    def name(self, number):
        return self.journal.starts.get(number, (f"lost-{number}", None))[0]

    def take_start(self, entry):
        self.close_open()
        self.journal.starts[entry["start"]] = (entry["name"], entry["boot"])

    def take_who(self, entry):
        self.journal.who[entry["boot"]] = entry["who"]

    def take_totals(self, entry):
        self.journal.counts.update(entry["totals"])
        self.journal.counts["made"] += sum(entry["totals"].values())

    def take_waiting(self, entry):
        self.add(entry["waiting"])

    def take_window(self, entry):
        window = entry["window"]
        self.end_open(window["start"])
        self.add(window)
        self.believe(window)

    def take_open(self, entry):
        self.end_open(entry["open"]["start"])
        self.open = entry["open"]
        self.believe(self.open)

    def end_open(self, number):
        if self.open and self.open["start"] == number:
            self.open = None
        self.close_open()

    def close_open(self):
        if self.open:
            self.add(self.open)
        self.open = None

    def add(self, window):
        number = window["start"]
        for json_record in window["records"]:
            if json_record["sequence"] > self.last.get(number, 0):
                self.last[number] = json_record["sequence"]
                self.journal.counts["made"] += 1
                self.journal.waiting[self.name(number), json_record["sequence"]] = record_of(json_record)

    def believe(self, window):
        boot_id = self.journal.starts.get(window["start"], (None, None))[1]
        self.journal.baseline = window.get("baseline") if boot_id == self.boot_id else None

    def take_settled(self, entry):
        for number, sequence, how in entry["settled"]:
            if self.find(number, sequence):
                del self.journal.waiting[self.name(number), sequence]
                self.journal.counts[how] += 1

    def take_taken(self, entry):
        for taken in entry["taken"]:
            record = self.find(taken["start"], taken["sequence"])
            if record:
                record.n_parts_taken = taken["parts"]["n_taken"]

    def find(self, number, sequence):
        if self.open and self.open["start"] == number and sequence > self.last.get(number, 0):
            self.close_open()
        return self.journal.waiting.get((self.name(number), sequence))


def record_of(json_record):
    values = {name: distribution(runs) for name, runs in json_record["series"].items()}
    return Record(json_record["eni"]["mac"] if json_record["scope"] == "eni" else None, json_record["start_ms"], values,
                  json_record.get("parts", {}).get("n_taken", 0))


def distribution(runs):
    counts = collections.Counter()
    for value, n in runs:
        counts[value & 2 ** 64 - 1] += n
    return counts
