# SPDX-License-Identifier: Apache-2.0
"""Callgrind's output files, and their differences.

Whatever happens once, at the start or the end, is in a short run as in a long one: the difference of
two profiles is what the ticks between them took. A function that is kept apart by its callers
(--separate-callers) is called "malloc'xmalloc'main". The numbers on `calls=` lines are of all calls,
even where --toggle-collect leaves their instructions out: so calls are told apart by callers.
"""
import collections
import os
import re

ALLOCATORS = ("malloc", "calloc", "realloc", "reallocarray", "aligned_alloc", "posix_memalign",
              "memalign", "valloc", "pvalloc")
N_CALLERS = 16
OPTIONS = ["--compress-strings=no", "--compress-pos=no"]
OPTIONS += [f"--separate-callers{N_CALLERS}={name}" for name in ALLOCATORS]
ALIAS = re.compile(r"^(__GI_+)?(__libc_)?")


def _name(function, binary):
    """One name per function, whatever callgrind says of its version, alias, or depth of recursion."""
    if function.startswith("0x"):
        return f"{os.path.basename(binary)}:{function}"
    name = re.split("['@]", function)[0]
    plain = ALIAS.sub("", name)
    return plain if plain in ALLOCATORS else name


class Profile:
    """`own[function]` and `below[caller, callee]` are instructions, `calls[caller, callee]` calls.

    `paths[callers]` are calls of the allocator, but for those that it makes of itself (reallocarray's
    realloc); `callers` is a tuple, the nearest first.
    """

    def __init__(self, path=None):
        self.own, self.calls, self.below, self.paths = (collections.Counter() for _ in range(4))
        if path:
            with open(path, encoding="utf-8", errors="replace") as file:
                self._parse(file)

    def _parse(self, file):
        binary = function = called = called_in = path = None
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
                called, path = _name(value, called_in), tuple(value.split("'")[1:])
                called_in = binary
            elif key == "calls":
                n, is_call = int(value.split()[0]), True
                self.calls[function, called] += n
                if called in ALLOCATORS and function not in ALLOCATORS:
                    self.paths[path] += n
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
        for name in ("own", "calls", "below", "paths"):
            mine = getattr(rest, name)
            mine.update(getattr(self, name))
            mine.subtract(getattr(other, name))
        return rest

    @property
    def instructions(self):
        """All that was counted."""
        return sum(self.own.values())

    def allocations(self, below=None):
        """Calls of the allocator: all, or those that any function of `below` is behind."""
        return sum(n for path, n in self.paths.items() if below is None or set(below) & set(path))

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
