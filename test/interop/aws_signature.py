# SPDX-License-Identifier: Apache-2.0
"""Whether a request was signed as it had to be: botocore's SigV4Auth signs what came over the wire once more, and
the two must be the same.

What has to be signed, and errors: "Signing AWS API requests" and "Troubleshoot Signature Version 4", IAM User Guide.
"""
import dataclasses
import datetime
import hmac
import re

import botocore.auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

AUTHORIZATION = re.compile("AWS4-HMAC-SHA256 Credential=([^/, ]+)/([0-9]{8})/([^/, ]+)/([^/, ]+)/aws4_request, "
                           "SignedHeaders=([^, ]+), Signature=([0-9a-f]{64})")
TIME = "%Y%m%dT%H%M%SZ"


@dataclasses.dataclass
class Keys:
    """`ends` is unix time by the service's clock; None: never."""
    access_key_id: str
    secret_access_key: str
    session_token: str = None
    ends: float = None


class Refusal(Exception):
    """What a request is answered with instead of being taken. A violation is what no client may do; that keys have
    expired or a clock is off is none."""

    def __init__(self, code, message, status=None, is_violation=True):
        super().__init__(f"{code}: {message}")
        self.code, self.message, self.status, self.is_violation = code, message, status, is_violation


@dataclasses.dataclass
class Rules:
    """What the service goes by. `skew_code` is what it says of a signing time that is off by more than tolerance_s
    ("Common Errors": RequestExpired beyond 15 minutes; services of AWS JSON say InvalidSignatureException)."""
    region: str = "us-east-1"
    tolerance_s: float = 900
    skew_code: str = "InvalidSignatureException"


def check(request, known, service, rules, now):
    """The Keys that a request (method, path, headers, raw) was signed with for a service; or Refusal. `known` is
    Keys by access key id, `now` the service's clock."""
    header = _only(request.headers, "Authorization", "MissingAuthenticationTokenException")
    match = AUTHORIZATION.fullmatch(header)
    if not match:
        raise Refusal("IncompleteSignatureException", f"Authorization: {header}")
    identity, day, region, signed_for, names, signature = match.groups()
    time = _only(request.headers, "X-Amz-Date", "IncompleteSignatureException")
    age_s = now - _as_unix_time(time)
    keys = _find(known, identity, request.headers)
    if (day, region, signed_for) != (time[:8], rules.region, service):
        raise Refusal("InvalidSignatureException", "Credential should be scoped to "
                      f"{time[:8]}/{rules.region}/{service}, not {day}/{region}/{signed_for}.")
    _check_names(request.headers, names)
    if not hmac.compare_digest(signature, _sign(request, keys, (service, region), (time, names))):
        raise Refusal("InvalidSignatureException", "The request signature we calculated does not match the "
                      "signature you provided.")
    if abs(age_s) > rules.tolerance_s:
        raise Refusal(rules.skew_code, f"Signature expired, or not yet valid: it is {age_s:.0f} s old",
                      is_violation=False)
    if keys.ends is not None and now >= keys.ends:
        raise Refusal("ExpiredTokenException", "The security token included in the request is expired",
                      is_violation=False)
    return keys


def _only(headers, name, code):
    values = headers.get_all(name, [])
    if len(values) != 1:
        raise Refusal(code, f"{len(values)} headers {name}")
    return values[0]


def _as_unix_time(text):
    try:
        if len(text) == len("YYYYMMDDTHHMMSSZ"):  # strptime would take fewer digits
            return datetime.datetime.strptime(text, TIME).replace(tzinfo=datetime.timezone.utc).timestamp()
    except ValueError:
        pass
    raise Refusal("IncompleteSignatureException", f"X-Amz-Date: {text}")


def _find(known, identity, headers):
    keys = known.get(identity)
    if keys is None or headers.get("X-Amz-Security-Token") != keys.session_token:
        raise Refusal("UnrecognizedClientException", "The security token included in the request is invalid.")
    return keys


def _check_names(headers, names):
    """Every x-amz-* header must be signed, and only what came can be. That Host is among them, and their order, is
    left to botocore."""
    names, came = set(names.split(";")), {name.lower() for name in headers.keys()}
    needed = {name for name in came if name.startswith("x-amz-")}
    if not needed <= names <= came:
        raise Refusal("InvalidSignatureException", f"signed are {names}, needed {needed}, came {came}")


def _sign(request, keys, scope, stamp):
    """The signature as botocore makes it, of the headers that were said to be signed; `stamp` has time and names."""
    time, names = stamp
    signer = botocore.auth.SigV4Auth(Credentials(keys.access_key_id, keys.secret_access_key, keys.session_token),
                                     *scope)
    again = AWSRequest(request.method, "https://" + request.headers["Host"] + request.path, data=request.raw)
    again.context["timestamp"] = time
    for name in names.split(";"):
        for value in request.headers.get_all(name):
            again.headers[name] = value  # one more: it replaces nothing
    hashed = request.headers.get("X-Amz-Content-SHA256")
    if hashed not in (None, signer.payload(again)):
        raise Refusal("InvalidSignatureException", "X-Amz-Content-SHA256 is not that of the body")
    canonical = signer.canonical_request(again)
    if signer.signed_headers(signer.headers_to_sign(again)) != names:
        raise Refusal("InvalidSignatureException", f"botocore does not sign all of {names}")
    return signer.signature(signer.string_to_sign(again, canonical), again)
