# SPDX-License-Identifier: Apache-2.0
"""Callgrind's output files (written without compression of names and positions), and their differences.

Whatever happens once, at the start or the end, is in a short run as in a long one: the difference of
two profiles is what the ticks between them took.
"""
import collections
import os
import re

ALLOCATORS = {"malloc", "calloc", "realloc", "reallocarray", "aligned_alloc", "posix_memalign",
              "memalign", "valloc", "pvalloc"}
ALIAS = re.compile(r"^(__GI_+)?(__libc_)?(\w+?)(@.*)?('\d+)?$")


def _name(function, binary):
    """One name per function, whatever callgrind says of its version, alias, or depth of recursion."""
    if function.startswith("0x"):
        return f"{os.path.basename(binary)}:{function}"
    match = ALIAS.match(function)
    return match.group(3) if match and match.group(3) in ALLOCATORS else function.split("'")[0]


class Profile:
    """`own[function]`: instructions; `calls[caller, callee]` and `below[caller, callee]`: their sum."""

    def __init__(self, path=None):
        self.own, self.calls, self.below = (collections.Counter() for _ in range(3))
        if path:
            with open(path, encoding="utf-8", errors="replace") as file:
                self._parse(file)

    def _parse(self, file):
        binary = function = called = called_in = None
        is_call = False
        for line in file:
            key, is_pair, value = line.rstrip("\n").partition("=")
            if key == "ob":
                binary = called_in = value
            elif key == "fn":
                function = _name(value, binary)
                called_in = binary
            elif key == "cob":
                called_in = value
            elif key == "cfn":
                called = _name(value, called_in)
                called_in = binary
            elif key == "calls":
                self.calls[function, called] += int(value.split()[0])
                is_call = True
            elif not is_pair and function and line[:1].isdigit():
                cost = int(line.split()[-1])
                if is_call:
                    self.below[function, called] += cost
                else:
                    self.own[function] += cost
                is_call = False

    def minus(self, other):
        """What this longer run has more than the shorter one."""
        rest = Profile()
        for name in ("own", "calls", "below"):
            mine = getattr(rest, name)
            mine.update(getattr(self, name))
            mine.subtract(getattr(other, name))
        return rest

    @property
    def instructions(self):
        """All that was counted."""
        return sum(self.own.values())

    @property
    def allocations(self):
        """Calls of the allocator; those that it makes of itself (reallocarray's realloc) do not count."""
        return sum(n for (caller, callee), n in self.calls.items()
                   if callee in ALLOCATORS and caller not in ALLOCATORS)

    def called(self, name):
        """How often a function was called."""
        return sum(n for (_, callee), n in self.calls.items() if callee == name)

    def inclusive(self):
        """Instructions of every function and of all it called."""
        costs = collections.Counter(self.own)
        for (caller, callee), cost in self.below.items():
            if caller != callee:
                costs[caller] += cost
        return costs
