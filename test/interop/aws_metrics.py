# SPDX-License-Identifier: Apache-2.0
"""What CloudWatch makes of data points: what it refuses of a PutMetricData beyond the model's own limits, and what it
would return of those it took.

    metrics.statistics("ENA", "pps_allowance_exceeded", {"InstanceId": "i-1"}, timestamp).sum

Limits: the documentation of PutMetricData and MetricDatum in the model; the special number and range of values are
in its text only.
"""
import collections
import dataclasses
import fnmatch
import json
import math

from aws_model import MISSING, RANGE, Complaint

MAX_DATUMS = 1000  # in MetricData and EntityMetricData together
MAX_VALUES = 150  # unique ones, of a datum
MAX_MAGNITUDE = 2.0 ** 360
MAX_ENTITIES = 2
PAST_S, FUTURE_S = 14 * 86400, 2 * 3600
RESOLUTIONS = (1, 60)
ENTITY_KEYS = {"Type", "ResourceType", "Identifier", "Name", "Environment", "AwsAccountId"}  # the agent has the last
# More kinds of Complaint: what must not be given together; what the test wants refused, which is nobody's fault; and
# what is nowhere said to be refused, but that no client of ours may send.
COMBINATION, ORDERED, ILLOGICAL = "combination", "ordered", "illogical"


@dataclasses.dataclass(frozen=True)
class Datum:
    """What came of one metric for one timestamp. `distribution`: how often which value; empty where a statistic set
    hides it."""
    namespace: str
    name: str
    dimensions: frozenset  # of (name, value)
    timestamp: float  # unix time
    n_samples: float
    sum: float
    minimum: float
    maximum: float
    distribution: tuple  # of (value, count)
    unit: str = "None"
    resolution: int = 60
    entity: str = None  # as JSON


@dataclasses.dataclass
class Statistics:
    """What GetMetricStatistics would say, and the distribution behind it: a Counter, or None where it is not known."""
    n_samples: float
    sum: float
    minimum: float
    maximum: float
    distribution: collections.Counter
    units: set
    n_datums: int


def distribution_of(datum):
    """((value, count), ...) of what a MetricDatum says, and the four numbers of it: (n, sum, minimum, maximum)."""
    if "StatisticValues" in datum:
        one = datum["StatisticValues"]
        numbers = one["SampleCount"], one["Sum"], one["Minimum"], one["Maximum"]
        # The two conditions under which CloudWatch knows percentiles of it.
        is_known = one["Minimum"] == one["Maximum"] and one["Sum"] == one["Minimum"] * one["SampleCount"]
        return ((one["Minimum"], one["SampleCount"]),) if is_known else (), numbers
    values = datum["Values"] if "Values" in datum else [datum["Value"]]
    pairs = tuple(zip(values, datum.get("Counts", [1] * len(values))))
    numbers = sum(n for _, n in pairs), math.fsum(v * n for v, n in pairs), min(values), max(values)
    return pairs, numbers


class Metrics:
    """All data points that were taken, by PutMetricData or out of logs. `refused_names` are patterns (fnmatch) of
    metrics of which every data point is invalid, whatever it says."""

    def __init__(self):
        self.data, self.refused_names = [], []

    # --- What is asked by tests ---

    def statistics(self, namespace, name, dimensions=None, timestamp=None, period=60):
        """Of the period that the timestamp is in, of all time without one; None where there is nothing.
        `dimensions`: exactly these, text by name."""
        wanted = namespace, name, frozenset((dimensions or {}).items())
        data = [d for d in list(self.data) if (d.namespace, d.name, d.dimensions) == wanted and
                (timestamp is None or d.timestamp // period == timestamp // period)]
        if not data:
            return None
        distribution = collections.Counter()
        for value, count in (pair for d in data for pair in d.distribution):
            distribution[value] += count
        return Statistics(
            sum(d.n_samples for d in data), math.fsum(d.sum for d in data), min(d.minimum for d in data),
            max(d.maximum for d in data), distribution if all(d.distribution for d in data) else None,
            {d.unit for d in data}, len(data))

    def names(self):
        """{(namespace, name, frozenset of (dimension, value))}, as ListMetrics."""
        return {(d.namespace, d.name, d.dimensions) for d in list(self.data)}

    def timestamps(self, namespace, name, dimensions=None):
        """Those that data points of a metric came for, in their order, each once."""
        wanted = namespace, name, frozenset((dimensions or {}).items())
        return sorted({d.timestamp for d in list(self.data) if (d.namespace, d.name, d.dimensions) == wanted})

    # --- What the service does ---

    def complaints(self, parameters, now):
        """All that CloudWatch has against parameters that are as the model wants them."""
        yield from self._of_namespace(parameters["Namespace"])
        n_datums = 0
        for where, datum in _datums(parameters):
            n_datums += 1
            yield from self._of_datum(datum, where, now)
        if n_datums > MAX_DATUMS:
            yield Complaint(RANGE, "MetricData", f"{n_datums} metrics: at most {MAX_DATUMS}")
        if n_datums == 0:
            yield Complaint(MISSING, "MetricData", "no metric at all")
        if "EntityMetricData" in parameters and "StrictEntityValidation" not in parameters:
            yield Complaint(MISSING, "StrictEntityValidation", "needed with EntityMetricData")

    def take(self, parameters, now, bad_entities=()):
        """Keeps what PutMetricData brought; without the entities at those places."""
        for datum in parameters.get("MetricData", []):
            self.add(parameters["Namespace"], datum, datum.get("Timestamp", now))
        for i, one in enumerate(parameters.get("EntityMetricData", [])):
            entity = None if i in bad_entities else json.dumps(one["Entity"], sort_keys=True)
            for datum in one.get("MetricData", []):
                self.add(parameters["Namespace"], datum, datum.get("Timestamp", now), entity)

    def add(self, namespace, datum, timestamp, entity=None):
        """One MetricDatum."""
        pairs, numbers = distribution_of(datum)
        dimensions = frozenset((d["Name"], d["Value"]) for d in datum.get("Dimensions", []))
        self.data.append(Datum(namespace, datum["MetricName"], dimensions, timestamp, *numbers, pairs,
                               datum.get("Unit", "None"), datum.get("StorageResolution", 60), entity))

    def _of_namespace(self, namespace):
        if namespace.startswith("AWS/"):
            yield Complaint(RANGE, "Namespace", "AWS/ is reserved")
        yield from _of_text(namespace, "Namespace", "")

    def _of_datum(self, datum, where, now):
        name = datum["MetricName"]
        if any(fnmatch.fnmatchcase(name, pattern) for pattern in self.refused_names):
            yield Complaint(ORDERED, where + ".MetricName", "is invalid")
        yield from _of_text(name, where + ".MetricName", "")
        yield from _of_dimensions(datum.get("Dimensions", []), where)
        yield from _of_time(datum, where, now)
        yield from _of_values(datum, where)
        if datum.get("StorageResolution", 60) not in RESOLUTIONS:
            yield Complaint(RANGE, where + ".StorageResolution", "it is 1 or 60")


def _datums(parameters):
    """(where, MetricDatum) of all there are."""
    for i, datum in enumerate(parameters.get("MetricData", [])):
        yield f"MetricData.member.{i + 1}", datum
    for i, of_entity in enumerate(parameters.get("EntityMetricData", [])):
        for k, datum in enumerate(of_entity.get("MetricData", [])):
            yield f"EntityMetricData.member.{i + 1}.MetricData.member.{k + 1}", datum


def _of_text(text, where, not_first):
    """ASCII without control characters, and not all of it white space."""
    if not text.isascii() or not text.isprintable():
        yield Complaint(RANGE, where, "only ASCII without control characters")
    if text and not text.strip():
        yield Complaint(RANGE, where, "only white space")
    if not_first and text.startswith(not_first):
        yield Complaint(RANGE, where, f"starts with {not_first}")


def _of_dimensions(dimensions, where):
    for i, dimension in enumerate(dimensions):
        here = f"{where}.Dimensions.member.{i + 1}"
        yield from _of_text(dimension["Name"], here + ".Name", ":")
        yield from _of_text(dimension["Value"], here + ".Value", "")
    if len({d["Name"] for d in dimensions}) < len(dimensions):
        yield Complaint(ILLOGICAL, where + ".Dimensions", "one of them twice")


def _of_time(datum, where, now):
    if "Timestamp" not in datum:
        yield Complaint(ILLOGICAL, where + ".Timestamp", "none: the time it is received is taken")
    elif not -PAST_S <= datum["Timestamp"] - now <= FUTURE_S:
        yield Complaint(RANGE, where + ".Timestamp", "must specify a time within the past two weeks, or the next two "
                        "hours")


def _of_values(datum, where):
    given = [name for name in ("Value", "Values", "StatisticValues") if name in datum]
    if not given:
        yield Complaint(MISSING, where + ".Value", "no value")
    elif len(given) > 1 or ("Counts" in datum and given != ["Values"]):
        yield Complaint(COMBINATION, where + "." + given[0], f"{given}, Counts: too many of them")
    values, counts = datum.get("Values", [0]), datum.get("Counts")
    if not values or (counts is not None and len(counts) != len(values)):
        yield Complaint(RANGE, where + ".Values", f"{len(values)} values, {len(counts or [])} counts")
    if len(values) > MAX_VALUES:
        yield Complaint(RANGE, where + ".Values", f"{len(values)} values: at most {MAX_VALUES}")
    if len(set(values)) < len(values):
        yield Complaint(ILLOGICAL, where + ".Values", "one of them twice")
    if any(n <= 0 for n in counts or []):
        yield Complaint(ILLOGICAL, where + ".Counts", "nothing, and less")
    numbers = [*values, *(counts or []), datum.get("Value", 0), *datum.get("StatisticValues", {}).values()]
    if not all(abs(number) <= MAX_MAGNITUDE for number in numbers):
        yield Complaint(RANGE, where + "." + "".join(given[:1]), "beyond 2^360")
    yield from _of_statistics(datum.get("StatisticValues"), where + ".StatisticValues")


def _of_statistics(one, where):
    if not one:
        return
    lowest, highest = one["Minimum"] * one["SampleCount"], one["Maximum"] * one["SampleCount"]
    slack = 1e-9 * max(abs(lowest), abs(highest))  # sums are rounded
    if not (one["SampleCount"] > 0 and lowest - slack <= one["Sum"] <= highest + slack):
        yield Complaint(ILLOGICAL, where, f"of no set of values: {one}")


def entity_failures(parameters, complaints):
    """{place in EntityMetricData: what X-Amzn-Failure-Message says of it}, given what the model has against the
    parameters. How strict the service is with Type, and what that needs, is not in the model: not judged here."""
    failures = {}
    for i, one in enumerate(parameters.get("EntityMetricData", [])):
        here = f"EntityMetricData.member.{i + 1}.Entity"
        keys = (one.get("Entity") or {}).get("KeyAttributes")
        if i >= MAX_ENTITIES:
            failures[i] = "EntitySizeTooLarge"
        elif not keys:
            failures[i] = "InvalidEntity"
        elif any(c.where.startswith(here + ".KeyAttributes") for c in complaints) or not keys.keys() <= ENTITY_KEYS:
            failures[i] = "InvalidKeyAttributes"
        elif any(c.where.startswith(here + ".Attributes") for c in complaints):
            failures[i] = "InvalidAttributes"
        elif "Type" not in keys:
            failures[i] = "MissingRequiredFields"
    return failures
