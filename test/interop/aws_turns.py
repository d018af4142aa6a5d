# SPDX-License-Identifier: Apache-2.0
"""When a node has its turn in a period, worked out here once more; and whether what it sent kept to that."""

ALL_BITS = (1 << 64) - 1
SOON_S = 0.3  # between the turn and the service


def turn_of(name):
    """Where in its spread a node has its turn, from 0 to 1: FNV-1a, mixed by SplitMix64."""
    value = 0xcbf29ce484222325
    for byte in name.encode():
        value = (value ^ byte) * 0x100000001b3 & ALL_BITS
    value = (value + 0x9e3779b97f4a7c15) & ALL_BITS
    value = (value ^ value >> 30) * 0xbf58476d1ce4e5b9 & ALL_BITS
    value = (value ^ value >> 27) * 0x94d049bb133111eb & ALL_BITS
    return (value ^ value >> 31) / 2 ** 64


class Turns:
    """Of requests of nodes whose turn is in the first `spread_s` of a period, `period_s` long. `newest_s(request)` is
    when the newest window in one began."""

    def __init__(self, period_s, spread_s, newest_s):
        self._period_s, self._spread_s, self._newest_s = period_s, spread_s, newest_s

    def delays(self, name, requests):
        """By what they came after the turn that followed their newest window; what comes before it is below 0."""
        turn_s = int(turn_of(name) * self._spread_s * 1000) / 1000  # the daemon has milliseconds
        return [r.time - self._newest_s(r) - self._period_s - turn_s for r in requests]

    def are_punctual(self, name, requests, n):
        """Whether so many came soon after their turn: any may be held up on its way."""
        return sum(delay < SOON_S for delay in self.delays(name, requests)) >= n
