# SPDX-License-Identifier: Apache-2.0
"""What CloudWatch Logs makes of an event in the Embedded Metric Format.

Rules: "Specification: Embedded metric format", CloudWatch User Guide. What it says of names, dimensions and units is
no more than what CloudWatch wants of a metric: that is asked of the model of PutMetricData.
"""
from aws_metrics import FUTURE_S, ILLOGICAL, PAST_S
from aws_model import MODELS, complaints, load_json

MAX_METRICS, MAX_VALUES = 100, 100  # of a directive, of an array
INPUT = MODELS["cloudwatch"].operation_model("PutMetricData").input_shape


class EmfError(Exception):
    """CloudWatch extracts nothing from this event, and counts it in EMFParsingErrors or EMFValidationErrors."""


def demand(condition, what):
    if not condition:
        raise EmfError(what)


def extract(message, metrics, now):
    """[(namespace, MetricDatum, unix time), ...] for every data point of an event; [] where it is none of EMF."""
    if '"_aws"' not in message:
        return []
    try:
        root = load_json(message)
    except ValueError as error:
        raise EmfError(f"no JSON: {error}") from error
    demand(isinstance(root, dict), "no object")
    head = root.get("_aws")
    demand(isinstance(head, dict), "_aws is no object")
    timestamp = head.get("Timestamp")
    demand(isinstance(timestamp, int), f"Timestamp {timestamp!r}")
    demand(-PAST_S <= timestamp / 1000 - now <= FUTURE_S, f"Timestamp {timestamp} is beyond two weeks, or two hours")
    directives = head.get("CloudWatchMetrics")
    demand(isinstance(directives, list), "CloudWatchMetrics is no array")
    found = [one for directive in directives for one in _of_directive(root, directive)]
    for namespace, datum in found:
        parameters = {"Namespace": namespace, "MetricData": [{**datum, "Timestamp": now}]}
        wrong = complaints(parameters, INPUT) or [c for c in metrics.complaints(parameters, now) if c.kind != ILLOGICAL]
        demand(not wrong, f"{wrong[:3]}")
    return [(namespace, datum, timestamp / 1000) for namespace, datum in found]


def is_number(value):
    return isinstance(value, (int, float))  # a boolean, which is one in Python, the model refuses


def _of_directive(root, directive):
    """(namespace, MetricDatum) of every set of dimensions, metric and value."""
    demand(isinstance(directive, dict), "a directive is no object")
    namespace, sets, metrics = (directive.get(name) for name in ("Namespace", "Dimensions", "Metrics"))
    demand(isinstance(namespace, str), f"Namespace {namespace!r}")
    demand(isinstance(sets, list) and sets, f"Dimensions {sets!r}")
    demand(isinstance(metrics, list) and len(metrics) <= MAX_METRICS, "Metrics is no array of at most 100")
    for names in sets:
        dimensions = _dimensions(root, names)
        for metric in metrics:
            for value in _values(root, metric):
                yield namespace, _datum(metric, dimensions, value)


def _dimensions(root, names):
    demand(isinstance(names, list), f"a set of dimensions: {names!r}")
    for name in names:
        demand(isinstance(name, str) and isinstance(root.get(name), str), f"the dimension {name!r} has no text")
    return [{"Name": name, "Value": root[name]} for name in names]


def _values(root, metric):
    """Every element of an array is a data point."""
    demand(isinstance(metric, dict) and isinstance(metric.get("Name"), str), f"a metric: {metric!r}")
    target = root.get(metric["Name"])
    values = target if isinstance(target, list) else [target]
    demand(len(values) <= MAX_VALUES, f"{metric['Name']} has {len(values)} values")
    demand(all(map(is_number, values)), f"{metric['Name']} is {target!r}")
    return values


def _datum(metric, dimensions, value):
    known = {name: metric[name] for name in ("Unit", "StorageResolution") if name in metric}
    return {"MetricName": metric["Name"], "Dimensions": dimensions, "Value": value, **known}
