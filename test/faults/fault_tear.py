# SPDX-License-Identifier: Apache-2.0
"""Spoils a journal's file as crashes, disks and people do. Each returns what it did, in words."""
import os

import journal_file

NAMED = ("start", "journal")  # lines that tell whose records those of other lines are


def tear(dice, path):
    return dice.choice([cut_the_last, cut_anywhere, add_zeros, add_garbage, add_half_a_line, flip])(dice, path)


def cut_the_last(dice, path):
    """In one of the last lines."""
    lines, _ = journal_file.parse(read(path))
    return cut(path, dice.randrange(lines[-min(len(lines), 3)].start, os.path.getsize(path)))


def cut_anywhere(dice, path):
    return cut(path, dice.randrange(os.path.getsize(path)))


def cut(path, n_bytes):
    was = os.path.getsize(path)
    os.truncate(path, n_bytes)
    return f"cut from {was} to {n_bytes} bytes"


def add_zeros(dice, path):
    return add(path, bytes(dice.randint(1, 8192)), "zeros")


def add_garbage(dice, path):
    return add(path, dice.randbytes(dice.randint(1, 2000)), "random bytes")


def add_half_a_line(dice, path):
    line = journal_file.encode({"window": {"start": 1, "records": [], "baseline": {"metrics": [], "lives": []}}})
    return add(path, line[:dice.randrange(1, len(line))], "bytes of a line")


def add(path, data, what):
    with open(path, "ab") as file:
        file.write(data)
    return f"{len(data)} {what} added"


def flip(dice, path):
    """A bit of a line, but of those without which nobody could say whose the other lines are."""
    data = bytearray(read(path))
    lines = [line for line in journal_file.parse(data)[0] if not any(kind in line.json for kind in NAMED)]
    if not lines:
        return cut_anywhere(dice, path)
    line = dice.choice(lines)
    at, bit = dice.randrange(line.start, line.end), 1 << dice.randrange(8)
    data[at] ^= bit
    with open(path, "wb") as file:
        file.write(data)
    return f"bit {bit} of byte {at} flipped, in {'/'.join(line.json)}"


def read(path):
    with open(path, "rb") as file:
        return file.read()
