# SPDX-License-Identifier: Apache-2.0
"""What can go wrong with a request to AWS, as scripts for Aws.fault():

    aws.fault("PutMetricData", count=2, **throttled())
    aws.fault("*", count=1, **reset(is_taken=True))

Whether the service has taken what it was sent is said, or it follows: an error is not taken, all else is.
"""
import email.utils
import fnmatch

from aws_sts import error_xml
from aws_wire import Reply

NO_HTTP = b"\x16\x03\x01 this is no HTTP\r\n\r\n"


class Fault:
    """What happens to the next `count` (None: all) requests of operations that match. `error` is (code, message,
    status) in the words of the service that was asked, `changes` are of Reply. `n_done` counts those it met."""

    def __init__(self, pattern, count=None, is_taken=None, error=None, **changes):
        self.pattern, self.count, self.error, self.changes, self.n_done = pattern, count, error, changes, 0
        is_refusal = error or any(changes.get(name) for name in ("is_reset", "is_reset_unread", "is_silent", "raw"))
        self.is_taken = not is_refusal and changes.get("status", 200) < 300 if is_taken is None else is_taken
        if self.is_taken and self.is_unread:
            raise ValueError("what was not read cannot be taken")
        Reply(**changes).head_and_body()  # what is wrong fails where the test says it

    @property
    def is_unread(self):
        return self.changes.get("is_reset_unread", False)

    def meets(self, operation):
        return (self.count is None or self.n_done < self.count) and fnmatch.fnmatchcase(operation, self.pattern)


# --- Errors that the service itself says ---

def failing(code, message="the test wants it so", status=None, is_taken=False, **headers):
    """Any error; `status` None: what comes with the code. Headers by name with _ for -."""
    return {"error": (code, message, status), "is_taken": is_taken,
            "headers": tuple((name.replace("_", "-"), text) for name, text in headers.items())}


def throttled(code="ThrottlingException", status=400):
    """Commonly 400: the code says it, not the status. TooManyRequestsException comes with 429."""
    return failing(code, "Rate exceeded", status)


def server_error(status=500, is_taken=False):
    """Of the service (500, 503), or of what stands before it (502, 504): those speak HTML."""
    if status in (502, 504):
        return {**html_error(status), "is_taken": is_taken}
    code = {500: "InternalFailure", 503: "ServiceUnavailable"}.get(status, "InternalFailure")
    return failing(code, "of the service's own", status, is_taken)


def expired_token():
    return failing("ExpiredTokenException", "The security token included in the request is expired")


def unknown_client():
    return failing("UnrecognizedClientException", "The security token included in the request is invalid.")


def access_denied(action="cloudwatch:PutMetricData"):
    return failing("AccessDeniedException",
                   f"User: arn:aws:sts::123456789012:assumed-role/node/i-0 is not authorized to perform: {action}")


def invalid_value(member="MetricData.member.1.Value"):
    """The whole request, for one data point. Aws.metrics.refused_names does it to those who send that metric."""
    return failing("InvalidParameterValue", f"The value for parameter {member} is invalid.")


# --- Errors of something else ---

def xml_error(code="ServiceUnavailable", status=503):
    """As the query protocol has it, whatever was asked."""
    return {"status": status, "kind": "text/xml", "body": error_xml(code, "in XML", "Receiver").encode()}


def html_error(status=503):
    return {"status": status, "kind": "text/html",
            "body": f"<html><head><title>{status}</title></head><body>an error &amp; no JSON</body></html>".encode()}


def empty_error(status=500):
    return {"status": status, "body": b"", "kind": "text/plain"}


def redirect(location, status=307):
    return {"status": status, "body": b"", "headers": (("Location", location),)}


# --- Answers that do not come as they should ---

def slow(delay_s, is_taken=True):
    """Read at once, answered late."""
    return {"delay": delay_s, "is_taken": is_taken}


def trickling(pace_s, is_taken=True):
    """So many seconds before each byte of the body."""
    return {"pace": pace_s, "is_taken": is_taken, "body": b"{}"}


def silent(is_taken):
    return {"is_silent": True, "is_taken": is_taken}


def reset(is_taken):
    """RST after the request was read, instead of an answer: who asked cannot know whether it was taken."""
    return {"is_reset": True, "is_taken": is_taken}


def reset_before():
    """RST after the headers of the request, with its body unread."""
    return {"is_reset_unread": True}


def cut_short(is_taken=True, body=b'{"rejectedLogEventsInfo": {}}'):
    """The connection ends in the middle of the body."""
    return {"n_missing": len(body) // 2, "body": body, "is_taken": is_taken}


def closed_without_answer(is_taken):
    """The connection ends properly, without a byte."""
    return {"raw": b"", "is_taken": is_taken}


def no_http(is_taken=False):
    return {"raw": NO_HTTP, "is_taken": is_taken}


def oversized(n_bytes=10 << 20, status=200, is_taken=True):
    return {"status": status, "body": b" " * n_bytes, "is_taken": is_taken}


def ending(is_taken=True):
    """An answer as it should be, after which the connection ends unannounced."""
    return {"is_last": True, "is_taken": is_taken}


def dated(time, age_s=None):
    """Another header Date than the service's clock has; with the Age that a cache would add."""
    return {"date": time, "headers": (("Age", str(age_s)),) if age_s is not None else ()}


def undated(text=None):
    """No header Date; or one that is none."""
    return {"date": None, "headers": (("Date", text),) if text is not None else ()}


def http_date(time):
    return email.utils.formatdate(time, usegmt=True)
