# SPDX-License-Identifier: Apache-2.0
"""What AWS's own models of its services say of requests and errors. They come with botocore: types, required and
known members are judged by its ParamValidator; max, pattern and enum, which that leaves to the services, by a walk
over the same shapes.
"""
import collections
import json
import math
import re

import botocore.loaders
import botocore.model
import botocore.validate

# What is wrong (KINDS), where ("MetricData.member.1.MetricName", counted from 1 as CloudWatch does), and in words.
Complaint = collections.namedtuple("Complaint", "kind where text")
MISSING, TYPE, UNKNOWN, RANGE = KINDS = ("missing", "type", "unknown", "range")
# Reasons of botocore.validate.
REASONS = {"missing required field": MISSING, "invalid type": TYPE, "unknown field": UNKNOWN, "invalid range": RANGE,
           "invalid length": RANGE}
# What an error code of AWS at large comes with: "Common Errors" of the API references. There UnrecognizedClient-,
# ExpiredToken- and AccessDeniedException are 403; services of AWS JSON answer them with 400, and so do we.
STATUS = {"RequestEntityTooLargeException": 413, "UnknownOperationException": 404, "InternalFailure": 500,
          "ServiceUnavailable": 503, "TooManyRequestsException": 429}
LOADER = botocore.loaders.Loader()
MODELS = {name: botocore.model.ServiceModel(LOADER.load_service_model(name, "service-2"), name)
          for name in ("cloudwatch", "logs", "sts")}


def load_json(text):
    """JSON as RFC 8259 has it: no NaN, and no member twice, of which one would be lost."""
    def members(pairs):
        if len(dict(pairs)) < len(pairs):
            raise ValueError(f"a member twice: {[name for name, _ in pairs]}")
        return dict(pairs)

    def refuse(word):
        raise ValueError(f"{word} is no JSON")
    try:
        return json.loads(text, object_pairs_hook=members, parse_constant=refuse)
    except RecursionError as error:
        raise ValueError("too deep") from error


def where_of(name):
    """botocore's ".A[0].B" as AWS writes it: "A.member.1.B"."""
    return re.sub(r"\[(\d+)\]", lambda match: f".member.{int(match[1]) + 1}", name).lstrip(".")


def complaints(parameters, shape):
    """All that the model has against parameters, as they were in JSON."""
    found = []
    for reason, name, more in botocore.validate.ParamValidator().validate(parameters, shape)._errors:
        name += "." + more["required_name"] if reason == "missing required field" else ""
        name += "." + more["unknown_param"] if reason == "unknown field" else ""
        found.append(Complaint(REASONS[reason], where_of(name), reason))
    return found + list(_walk(parameters, shape, ""))


def _walk(value, shape, name):
    """What ParamValidator does not look at. It has seen the types already: what is of another is passed over."""
    if shape.type_name == "structure" and isinstance(value, dict):
        for member in value.keys() & shape.members.keys():
            yield from _walk(value[member], shape.members[member], f"{name}.{member}")
    elif shape.type_name == "map" and isinstance(value, dict):
        yield from _beyond(len(value), shape, name, shape.metadata.get("min", 0))
        for key, item in value.items():
            yield from _walk(key, shape.key, f"{name}.{key}")
            yield from _walk(item, shape.value, f"{name}.{key}")
    elif shape.type_name == "list" and isinstance(value, list):
        yield from _beyond(len(value), shape, name)
        for i, item in enumerate(value):
            yield from _walk(item, shape.member, f"{name}[{i}]")
    elif shape.type_name == "string" and isinstance(value, str):
        yield from _beyond(len(value), shape, name)
        yield from _unlike(value, shape, name)
    else:
        yield from _no_number(value, shape, name)


def _beyond(size, shape, name, least=0):
    """The lower end is ParamValidator's business, but for maps, where it forgets it."""
    most = shape.metadata.get("max", math.inf)
    if not least <= size <= most:
        yield Complaint(RANGE, where_of(name), f"{size} is not between {least} and {most}")


def _unlike(text, shape, name):
    # AWS's \w is that of ASCII. \p{...} is unknown to Python's re: only tags have it, which nobody here sends.
    pattern = shape.metadata.get("pattern", "").replace(r"\p{L}\p{Z}\p{N}", r"\w\s")
    if pattern and not re.fullmatch(pattern, text, re.ASCII):
        yield Complaint(RANGE, where_of(name), f"it is not like {pattern}")
    if shape.enum and text not in shape.enum:
        yield Complaint(RANGE, where_of(name), f"it is none of {shape.enum}")


def _no_number(value, shape, name):
    if shape.type_name not in ("integer", "long", "float", "double", "timestamp"):
        return
    # In JSON a timestamp is a number, and a number is no boolean, which in Python it could be.
    if isinstance(value, bool) or (shape.type_name == "timestamp" and not isinstance(value, (int, float))):
        yield Complaint(TYPE, where_of(name), "invalid type")
    elif isinstance(value, (int, float)) and value > shape.metadata.get("max", math.inf):
        yield Complaint(RANGE, where_of(name), f"it is above {shape.metadata['max']}")


def error_of(service, code):
    """(name of the shape, code, status, whose fault) of an error by its code or the name of its shape; what the model
    does not have is one of AWS at large."""
    for shape in MODELS[service].error_shapes:
        error = shape.metadata.get("error", {})
        if code in (shape.name, error.get("code")):
            is_ours = shape.metadata.get("fault") or error.get("httpStatusCode", 400) >= 500
            return shape.name, error.get("code", shape.name), error.get("httpStatusCode", 500 if is_ours else 400), \
                "Receiver" if is_ours else "Sender"
    status = STATUS.get(code, 400)
    return code, code, status, "Receiver" if status >= 500 else "Sender"
