# SPDX-License-Identifier: Apache-2.0
"""A loopback stand-in for CloudWatch, CloudWatch Logs, STS and the container credential endpoint.

    with Aws(certificates.context()) as aws:         # aws.endpoint: https://127.0.0.1:PORT
        aws.fault("PutMetricData", count=2, **throttled())
        ...
        aws.wait_for(lambda a: a.count("PutMetricData", taken=True) >= 3)
        assert aws.metrics.statistics("ENA", "pps_allowance_exceeded", {"InstanceId": "i-1"}).sum == 7
        assert not aws.violations and not aws.logs.emf_errors

Unlike moto it enforces the service models, takes gzip with JSON, and can be told to fail. What it knows of requests
is botocore's: models (aws_model.py) and signatures (aws_signature.py). One port serves all four; AWS JSON 1.0 and 1.1
and, for STS, the query protocol.
"""
import dataclasses
import time

from aws_faults import Fault
from aws_front import Front, Request
from aws_logs import Logs
from aws_metrics import Metrics
from aws_signature import Keys, Refusal, Rules
from aws_sts import CONTAINER_PATH, Sts
from aws_wire import Reply, TlsListener
from rig_service import Service

KEYS = Keys("AKIDEXAMPLE", "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY")  # that it knows from the beginning


class Aws(Service):
    """That keys or tokens have ended, clocks are off and groups are missing is no violation. `clock_offset_s` is what
    its clock is ahead of ours by; `rules` how it checks signatures; `keys` all that it knows, by access key id."""

    MAX_REQUESTS = 100_000

    def __init__(self, context=None, host="127.0.0.1", region="us-east-1"):
        super().__init__(host, 0)
        self.context = context
        self.clock_offset_s, self.rules = 0.0, Rules(region)
        self.keys = {KEYS.access_key_id: KEYS}
        self.metrics = Metrics()
        self.logs, self.sts = Logs(self.metrics), Sts(self.keys)
        self._front = Front(self)
        self._ended = []  # what broken_tls had of listeners that are gone
        self.start()

    def __str__(self):
        return (f"aws {self.endpoint}, {len(self.requests)} requests {self.requests[-5:]}, violations "
                f"{self.violations[-3:]}, TLS {self.broken_tls[-3:]}")

    # --- Where it is ---

    @property
    def scheme(self):
        return "https" if self.context else "http"

    @property
    def container_uri(self):
        """What AWS_CONTAINER_CREDENTIALS_FULL_URI names."""
        return self.endpoint + CONTAINER_PATH

    def environment(self, ca=None, keys=KEYS):
        """For who is to talk to it and to nobody else; None takes a variable away (rig.start)."""
        names = ("AWS_SESSION_TOKEN", "AWS_PROFILE", "AWS_DEFAULT_REGION", "AWS_WEB_IDENTITY_TOKEN_FILE",
                 "AWS_ROLE_ARN", "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI", "AWS_CONTAINER_CREDENTIALS_FULL_URI",
                 "HTTPS_PROXY", "https_proxy", "http_proxy", "ALL_PROXY", "all_proxy")
        return {**dict.fromkeys(names), "AWS_ENDPOINT_URL": self.endpoint, "AWS_CA_BUNDLE": ca,
                "AWS_REGION": self.rules.region, "AWS_EC2_METADATA_DISABLED": "true",
                "AWS_CONFIG_FILE": "/dev/null", "AWS_SHARED_CREDENTIALS_FILE": "/dev/null",
                "AWS_ACCESS_KEY_ID": keys and keys.access_key_id, "AWS_SESSION_TOKEN": keys and keys.session_token,
                "AWS_SECRET_ACCESS_KEY": keys and keys.secret_access_key}

    # --- What a test can do to it ---

    def stop(self):
        self._ended = self.broken_tls
        super().stop()

    def break_connections(self, n):
        """The next n connections are RST as soon as they are there, before TLS."""
        self._listener.n_to_break = n

    def show(self, context):
        """Another certificate, for connections to come."""
        self.context = self._listener.context = context

    def add_keys(self, keys):
        with self.changed:
            self.keys[keys.access_key_id] = keys

    def expire_keys(self):
        """All keys that were given out so far have ended."""
        with self.changed:
            for keys in self.sts.issued:
                keys.ends = 0.0

    def fault(self, pattern, count=None, **script):
        """From now on answers to operations that match (fnmatch; "container" for its endpoint, "" for what is none)
        go wrong: see aws_faults.py. Of several that match, the one that was set first and is not used up counts. A
        fault changes answers, not rules: violations are as without it."""
        return self._add_fault(Fault(pattern, count, **script))

    # --- What a test can ask of it ---

    def now(self):
        """Unix time by its clock."""
        return time.time() + self.clock_offset_s

    @property
    def broken_tls(self):
        """Why handshakes, and connections of TLS, came to nothing."""
        return self._ended + (self._listener.broken_tls if self._listener else [])

    def asked(self, operation=None, status=None, code=None, taken=None):
        """The requests of that kind."""
        return [r for r in list(self.requests) if operation in (None, r.operation) and status in (None, r.status) and
                code in (None, r.code) and taken in (None, r.is_taken)]

    def count(self, *args, **named):
        """How many requests there were of that kind: as asked()."""
        return len(self.asked(*args, **named))

    # --- The listener, and what it asks ---

    def _listen(self):
        return TlsListener(self.host, self.port, self.context, self)

    def on_head(self, method, path, headers):
        """Of a request whose body has not been read yet: what is to go on here is only RST."""
        request = Request(time.time(), method, path, headers)
        with self.changed:
            self._front.find_operation(request)
            fault = self._fault_of(request.operation or "")
            if not fault or not fault.is_unread:
                return None
            fault.n_done += 1
            request.fault = fault
            self._record(request)
            return Reply(**fault.changes)

    def on_request(self, method, path, headers, body, peer):
        request = Request(time.time(), method, path, headers, body, peer)
        with self.changed:
            judgement = self._front.judge(request, self.now())
            request.fault = fault = self._fault_of(request.operation or "")
            reply, request.code = judgement.reply, judgement.code
            if fault:
                fault.n_done += 1
                reply, request.code = self._go_wrong(request, judgement)
            if judgement.keep and (not fault or fault.is_taken):
                judgement.keep()
                request.is_taken = True
            request.status = reply.status if reply.is_http() else None
            self._record(request, *judgement.violations)
            return reply

    def on_nonsense(self, reason):
        with self.changed:
            self._record(Request(time.time(), None, "", {}), reason)

    def _go_wrong(self, request, judgement):
        """(Reply, code of the error in it)"""
        fault, reply, code = request.fault, judgement.reply, judgement.code
        if fault.error:
            reply, code = self._front.refuse(request, Refusal(*fault.error), self.now())
        elif "status" in fault.changes or not dataclasses.replace(reply, **fault.changes).is_http():
            code = None
        return dataclasses.replace(reply, **fault.changes), code

    def _record(self, request, *violations):
        if len(self.requests) >= self.MAX_REQUESTS:
            raise RuntimeError(f"more than {self.MAX_REQUESTS} requests")
        self.requests.append(request)
        self.violations += [(request, violation) for violation in violations]
        self.changed.notify_all()
