# SPDX-License-Identifier: Apache-2.0
"""What state a rendered alarm would be in, over the values that a daemon published: CloudWatch's statistics and M out
of N, by its documentation. Simpler than CloudWatch in one thing: where the newest windows are missing, it looks further
back for others.

    Rule(alarm, interpolated).state([[0, 0, 5, ...], ...])      # "ALARM" or "OK"

`published` is {seconds since 1970: values that have this time}.
"""
import math
import re
import statistics

OPERATORS = {"GreaterThanThreshold": lambda a, b: a > b, "LessThanThreshold": lambda a, b: a < b}
FUNCTIONS = {"MAX": "Maximum", "MIN": "Minimum", "SUM": "Sum", "COUNT": "SampleCount"}


def interpolated(values, percent):
    """Between the two values around the rank, which counts from 0 to n - 1. By Python's own statistics."""
    if len(values) < 2:
        return values[0]
    return statistics.quantiles(values, n=100, method="inclusive")[percent - 1]


def nearest_rank(values, percent):
    """The smallest value that at least so many percent do not exceed."""
    return sorted(values)[math.ceil(percent / 100 * len(values)) - 1]


class Rule:
    """How CloudWatch computes a percentile it does not say: `percentile` is one of the two above."""

    def __init__(self, alarm, percentile=interpolated):
        self.alarm, self.percentile = alarm, percentile
        self.statistic, self.samples_per_node = self._statistic()

    def _statistic(self):
        """(the statistic of the values, what it is divided by and rounded up; None if it is not)"""
        if "Metrics" not in self.alarm:
            return self.alarm.get("Statistic") or self.alarm["ExtendedStatistic"], None
        first = self.alarm["Metrics"][0]
        stat = FUNCTIONS[first["Expression"].split()[1].split("(")[0]] if "Expression" in first else \
            first["MetricStat"]["Stat"]
        match = re.fullmatch(r"CEIL\(samples \* 60 / \((\d+) \* (\d+)\)\)",
                             self.alarm["Metrics"][-1].get("Expression", ""))
        return stat, int(match[1]) * int(match[2]) / 60 if match else None

    def windows(self, published, end):
        """What falls into each of its periods, the last of which ends at `end`; None where nothing does."""
        first = self.alarm.get("Period") or self.alarm["Metrics"][0]
        period = first if isinstance(first, int) else first.get("Period") or first["MetricStat"]["Period"]
        starts = range(min(published) // period * period, end, period)
        return [sum((v for at, v in published.items() if start <= at < start + period), []) or None for start in starts]

    def value(self, values):
        found = {"Maximum": max, "Minimum": min, "Sum": sum, "SampleCount": len}.get(
            self.statistic, lambda v: self.percentile(v, int(self.statistic[1:])))(values)
        return math.ceil(found / self.samples_per_node) if self.samples_per_node else found

    def is_breaching(self, values):
        """Of one window; None is a window without data."""
        if not values:
            return self.alarm["TreatMissingData"] == "breaching"
        return OPERATORS[self.alarm["ComparisonOperator"]](self.value(values), self.alarm["Threshold"])

    def state(self, windows):
        """After the last of them."""
        newest = windows[-self.alarm["EvaluationPeriods"]:]
        return "ALARM" if sum(map(self.is_breaching, newest)) >= self.alarm["DatapointsToAlarm"] else "OK"
