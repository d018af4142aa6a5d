# SPDX-License-Identifier: Apache-2.0
"""What the stand-in for AWS does with one request: which operation it is, who signed it, what is wrong with it, what
is to be kept of it, and the answer in the words of the service that was asked.
"""
import dataclasses
import gzip
import json
import zlib

from aws_metrics import COMBINATION, ILLOGICAL, ORDERED, entity_failures
from aws_model import MISSING, MODELS, RANGE, TYPE, UNKNOWN, Complaint, complaints, error_of, load_json
from aws_signature import Refusal, check
from aws_sts import CONTAINER_PATH, error_xml, read_form
from aws_wire import Reply

OPERATIONS = {"cloudwatch": ("PutMetricData",), "logs": ("PutLogEvents", "CreateLogGroup", "CreateLogStream"),
              "sts": ("AssumeRole", "AssumeRoleWithWebIdentity")}
TARGETS = {f"{MODELS[service].metadata['targetPrefix']}.{operation}": (service, operation)
           for service in ("cloudwatch", "logs") for operation in OPERATIONS[service]}
FORM = "application/x-www-form-urlencoded"
# "1 MB in size for HTTP POST requests" (documentation of PutMetricData), as they are sent. Which megabyte is not
# said: the smaller one, for what passes here is to pass there.
MAX_POST_BYTES = 1_000_000
# What the services say for each kind of Complaint; AWS passes over what it does not know.
CODES = {"cloudwatch": {MISSING: "MissingParameter", RANGE: "InvalidParameterValue", ORDERED: "InvalidParameterValue",
                        COMBINATION: "InvalidParameterCombination", TYPE: "SerializationException"},
         "logs": {MISSING: "InvalidParameterException", RANGE: "InvalidParameterException",
                  TYPE: "SerializationException"},
         "sts": {MISSING: "ValidationError", RANGE: "ValidationError", TYPE: "ValidationError"}}


@dataclasses.dataclass(repr=False)
class Request:
    """`raw` is the body as it came (None: it did not, or not with a length), `body` decompressed, `parameters` what
    that says. `service` and `operation` are None where nobody is asked. `status` and `code` are those of the answer
    as it was sent: None when it was none of HTTP, or no error."""
    time: float
    method: str
    path: str
    headers: object
    raw: bytes = b""
    peer: int = None  # port of the client: the same while a connection lasts
    body: bytes = None
    service: str = None
    operation: str = None
    parameters: dict = None
    access_key_id: str = None  # whose good signature it has; None: nobody's
    status: int = None
    code: str = None
    is_taken: bool = False
    fault: object = None

    def __repr__(self):
        taken = "taken" if self.is_taken else "not taken"
        return f"<{self.operation or self.method} {self.status} {self.code}, {len(self.raw or b'')} bytes, {taken}>"


@dataclasses.dataclass
class Judgement:
    reply: Reply = None
    code: str = None
    keep: object = None  # does what was asked for; None: refused
    violations: list = dataclasses.field(default_factory=list)


class Front:
    def __init__(self, aws):
        self._aws = aws  # its rules, keys, metrics, logs and sts

    def find_operation(self, request):
        """Sets service and operation, if they are there: in headers, but for STS in the body."""
        if request.path == CONTAINER_PATH:
            request.service = request.operation = "container"
        elif "X-Amz-Target" in request.headers:
            request.service, request.operation = TARGETS.get(request.headers["X-Amz-Target"], (None, None))
        elif request.headers.get_content_type() == FORM:
            actions = [one[len("Action="):] for one in (request.raw or b"").decode("latin-1").split("&")
                       if one.startswith("Action=")]
            if len(actions) == 1 and actions[0] in OPERATIONS["sts"]:
                request.service, request.operation = "sts", actions[0]

    def judge(self, request, now):
        judgement = Judgement()
        self.find_operation(request)
        try:
            judgement.keep, answer, headers = self._do(request, now, judgement.violations)
            judgement.reply = self._answer(request.service, answer, now)
            judgement.reply.headers = headers
        except Refusal as refusal:
            judgement.reply, judgement.code = self.refuse(request, refusal, now)
            judgement.violations += [str(refusal)] if refusal.is_violation else []
        return judgement

    def refuse(self, request, refusal, now):
        """(Reply, code): an error in the words of the service."""
        service = request.service
        if service in (None, "container"):
            body = json.dumps({"code": refusal.code, "message": refusal.message})
            return Reply(refusal.status or 400, body.encode(), kind="application/json", date=now), refusal.code
        shape, code, status, whose = error_of(service, refusal.code)
        status = refusal.status or status
        if service == "sts":
            body = error_xml(code, refusal.message, whose).encode()
            return Reply(status, body, kind="text/xml", date=now), code
        is_translated = "awsQueryCompatible" in MODELS[service].metadata and \
            request.headers.get("x-amzn-query-mode") == "true"
        headers = (("x-amzn-query-error", f"{code};{whose}"),) if is_translated else ()
        return Reply(status, _error_json(service, shape, refusal.message), headers, kind=_json_type(service),
                     date=now), code

    @staticmethod
    def _answer(service, answer, now):
        if service == "sts":
            return Reply(200, answer.encode(), kind="text/xml", date=now)
        kind = "application/json" if service == "container" else _json_type(service)
        return Reply(200, b"" if answer is None else json.dumps(answer).encode(), kind=kind, date=now)

    def _do(self, request, now, violations):
        """(what keeps it, answer, more headers)"""
        if request.service == "container":
            if request.method != "GET":
                raise Refusal("MethodNotAllowed", request.method, 405)
            return *self._aws.sts.give_to_container(request, now), ()
        if request.method != "POST" or request.path != "/" or request.operation is None:
            raise Refusal("UnknownOperationException",
                          f"{request.method} {request.path} {request.headers.get('X-Amz-Target')}", 404)
        if request.raw is None:
            raise Refusal("MalformedHttpRequestException", "no body of a length that was told")
        keys = self._check_signature(request, now)
        self._read(request)
        if request.service == "cloudwatch":
            return self._put_metric_data(request, now, violations)
        if request.service == "logs":
            return *self._do_logs(request, now, violations), ()
        return *self._do_sts(request, keys, now, violations), ()

    def _check_signature(self, request, now):
        model = MODELS[request.service]
        if model.operation_model(request.operation).auth_type == "none":
            return None
        keys = check(request, self._aws.keys, model.signing_name, self._aws.rules, now)
        request.access_key_id = keys.access_key_id
        return keys

    def _read(self, request):
        """The body, up to its parameters."""
        if request.service == "cloudwatch" and len(request.raw) > MAX_POST_BYTES:
            raise Refusal("RequestEntityTooLargeException", f"{len(request.raw)} bytes")
        request.body = _decompress(request)
        shape = MODELS[request.service].operation_model(request.operation).input_shape
        try:
            if request.service == "sts":
                request.parameters, left = read_form(request.body, shape)
                request.parameters.update(left)  # they are unknown: the model will say so
            elif request.headers.get("Content-Type") != _json_type(request.service):
                raise Refusal("UnknownOperationException", f"Content-Type {request.headers.get('Content-Type')}")
            else:
                request.parameters = load_json(request.body.decode("utf-8"))
        except ValueError as error:
            code = "MalformedQueryString" if request.service == "sts" else "SerializationException"
            raise Refusal(code, str(error)) from error

    def _put_metric_data(self, request, now, violations):
        parameters, metrics = request.parameters, self._aws.metrics
        found, failures = _of_model(request), {}
        if not any(c.kind in (TYPE, MISSING) for c in found):  # else there is no asking further
            failures = entity_failures(parameters, found)
            if parameters.get("StrictEntityValidation", True):
                found += [Complaint(RANGE, f"EntityMetricData.member.{i + 1}", code) for i, code in failures.items()]
            else:
                found = [c for c in found if ".Entity." not in c.where]
            found += metrics.complaints(parameters, now)
        _judge(request, found, violations)
        headers = tuple(("X-Amzn-Failure-Message", code) for code in list(failures.values())[:1])
        violations += failures.values()
        return lambda: metrics.take(parameters, now, failures), None, headers

    def _do_logs(self, request, now, violations):
        logs, parameters = self._aws.logs, request.parameters
        _judge(request, _of_model(request), violations)
        _judge(request, logs.complaints(request.operation, parameters), violations)
        if request.operation == "CreateLogGroup":
            return logs.create_log_group(parameters)
        if request.operation == "CreateLogStream":
            return logs.create_log_stream(parameters)
        return logs.put_log_events(parameters, now)

    def _do_sts(self, request, keys, now, violations):
        _judge(request, _of_model(request), violations)
        if keys is None:
            return self._aws.sts.assume_role_with_web_identity(request.parameters, now)
        return self._aws.sts.assume_role(request.parameters, keys, now)


def _of_model(request):
    shape = MODELS[request.service].operation_model(request.operation).input_shape
    return complaints(request.parameters, shape)


def _judge(request, found, violations):
    """Refuses for the first kind of Complaint that is refused, and says all of them, as CloudWatch does: a line for
    each."""
    found, codes = list(found), CODES[request.service]
    violations += [str(tuple(c)) for c in found if c.kind in (UNKNOWN, ILLOGICAL)]
    bad = [c for c in found if c.kind in codes]
    for kind in codes:
        if any(c.kind == kind for c in bad):
            message = "\n".join(f"The parameter {c.where}: {c.text}." for c in bad)
            raise Refusal(codes[kind], message, is_violation=any(c.kind != ORDERED for c in bad))


def _json_type(service):
    return f"application/x-amz-json-{MODELS[service].metadata['jsonVersion']}"


def _error_json(service, shape, message):
    """Logs writes the bare name; the others that of a namespace before it."""
    shapes = {one.name: one for one in MODELS[service].error_shapes}
    members = [name for name in (shapes[shape].members if shape in shapes else ()) if name.lower() == "message"]
    prefix = "" if service == "logs" else "com.amazonaws.cloudwatch#" if shape in shapes else \
        "com.amazon.coral.service#"
    name = members[0] if members else "Message" if shape == "AccessDeniedException" else "message"
    return json.dumps({"__type": prefix + shape, name: message}).encode()


def _decompress(request):
    encoding = request.headers.get("Content-Encoding")
    if encoding is None:
        return request.raw
    if encoding != "gzip":
        raise Refusal("MalformedHttpRequestException", f"Content-Encoding {encoding}")
    try:
        return gzip.decompress(request.raw)
    except (OSError, EOFError, zlib.error) as error:
        raise Refusal("MalformedHttpRequestException", f"gzip: {error}") from error
