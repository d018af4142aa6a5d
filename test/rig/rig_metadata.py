# SPDX-License-Identifier: Apache-2.0
"""A loopback stand-in for the EC2 instance metadata service, version 2 (IMDSv2) only.

    with rig.Metadata() as metadata:         # metadata.endpoint: http://127.0.0.1:PORT
        metadata.instance(instance_type="m5.large", region="eu-west-1")
        metadata.add_eni("02:00:00:00:00:01", late=30.0)
        metadata.fault("/latest/api/token", count=2, status=503)
        ...
        metadata.wait_for(lambda m: m.count("/latest/meta-data/", status=200) >= 3)
        assert not metadata.violations

Rules: "Use the Instance Metadata Service to access instance metadata", EC2 User Guide. A token comes from
PUT /latest/api/token with a time to live of 1 to 21600 seconds (else 400), not through a proxy
(X-Forwarded-For: 403); every GET needs one (else 401); what is not there is 404. The status of other methods
is written nowhere: 405 here.
"""
import collections
import dataclasses
import fnmatch
import re
import secrets
import time

from rig_metadata_keys import EniKeys, Keys
from rig_metadata_wire import Answer, Listener
from rig_service import Service

TOKEN_PATH = "/latest/api/token"
TTL_HEADER, TOKEN_HEADER = "X-aws-ec2-metadata-token-ttl-seconds", "X-aws-ec2-metadata-token"
MAX_TTL_SECONDS = 21600
NO_HTTP = b"\x16\x03\x01 this is no HTTP\r\n\r\n"
OVERSIZE = b"x" * (10 << 20)

# When (unix time), what was asked with which headers, and the status of the answer: None when it had none.
Request = collections.namedtuple("Request", "time method path headers status")


class Fault:
    """What happens to the next `count` (None: all) requests that match. `n_done` counts those it met."""

    def __init__(self, pattern, count, changes):
        self.pattern, self.count, self.changes, self.n_done = pattern, count, changes, 0
        self.apply(Answer()).head_and_body()  # what is wrong fails where the test says it

    def meets(self, path):
        return (self.count is None or self.n_done < self.count) and fnmatch.fnmatchcase(path, self.pattern)

    def apply(self, answer):
        page = {"body": None, "headers": ()} if "status" in self.changes else {}
        return dataclasses.replace(answer, **{**page, **self.changes})


class Metadata(Service):
    """The metadata service of one instance. To use an expired token is no violation. `token_ttl` ends tokens after
    so many seconds whatever their header says."""

    MAX_REQUESTS = 100_000

    def __init__(self, host="127.0.0.1", port=0):
        super().__init__(host, port)
        self.n_dropped, self.token_ttl = 0, MAX_TTL_SECONDS
        self._keys, self._tokens = Keys(), {}  # tokens: until when they are good
        self.start()

    def __str__(self):
        last = [(r.method, r.path, r.status) for r in self.requests[-5:]]
        return f"metadata {self.endpoint}, {len(self.requests)} requests {last}, {self.violations[-3:]}"

    def instance(self, **named):
        """Changes what is known of the instance: fields of rig_metadata_keys.Instance. primary_mac, once set,
        wins over the ENI that was added first."""
        with self.changed:
            self._keys.instance = dataclasses.replace(self._keys.instance, **named)

    def add_eni(self, mac, eni_id="eni-0123456789abcdef0", device_number=0, network_card=None, keys=None,
                **late):
        """Attaches an ENI; returns its EniKeys, which takes late, keys_late, device_number_late (seconds).
        `keys` has more keys, or others: subnet-id, security-group-ids, ... A list is a line for each; None is 404.
        """
        known = {"mac": mac, "interface-id": eni_id, "device-number": device_number, "network-card": network_card,
                 "subnet-id": "subnet-0123456789abcdef0", "vpc-id": "vpc-0123456789abcdef0",
                 "owner-id": self._keys.instance.account, "security-group-ids": "sg-0123456789abcdef0"}
        eni = EniKeys({**known, **(keys or {})}, **late)
        with self.changed:
            self._keys.enis = {**self._keys.enis, mac: eni}
        return eni

    def remove_eni(self, mac):
        """Detaches it: its keys are gone at once."""
        with self.changed:
            self._keys.enis = {m: eni for m, eni in self._keys.enis.items() if m != mac}

    def tags(self, tags):
        """The instance's tags as text by name; None, as at first: they are not offered (404)."""
        self._keys.tags = tags

    def user_data(self, data):
        """Bytes; None, as at first: there is none (404)."""
        self._keys.user_data = data

    def set_key(self, path, text):
        """A key below /latest/, over whatever else sets it; None takes it away."""
        with self.changed:
            self._keys.changed = {**self._keys.changed, path: text}

    def fault(self, pattern, count=None, **changes):
        """From now on the answers to paths that match (fnmatch; * is also for /) are changed: see Answer.

        Of several faults that match, the one that was set first and is not used up counts. A fault changes
        answers, not rules: tokens and violations are as without it.
        """
        return self._add_fault(Fault(pattern, count, changes))

    def expire_tokens(self):
        """All tokens given out so far become invalid."""
        with self.changed:
            self._tokens = dict.fromkeys(self._tokens, 0.0)

    def count(self, prefix="/", method=None, status=None):
        """How many requests there were of that kind."""
        return sum(1 for r in list(self.requests) if r.path.startswith(prefix) and
                   method in (None, r.method) and status in (None, r.status))

    def _listen(self):
        return Listener(self.host, self.port, self._on_request, self._on_nonsense)

    def _on_request(self, method, path, headers):
        with self.changed:
            answer, violation = self._judge(method, path, headers)
            fault = self._fault_of(path)
            if fault:
                fault.n_done += 1
                answer = fault.apply(answer)
                if path == TOKEN_PATH and answer.body is not None:
                    # Who sends it back has not made it up; but it is good for nothing.
                    self._tokens.setdefault(answer.body.decode("latin-1"), 0.0)
            status = answer.status if answer.is_http() else None
            self._record(Request(time.time(), method, path, headers, status), violation)
            return answer

    def _on_nonsense(self, reason):
        self._record(Request(time.time(), None, "", {}, None), reason)

    def _record(self, request, violation):
        with self.changed:
            if len(self.requests) >= self.MAX_REQUESTS:
                self.n_dropped += 1
                return
            self.requests.append(request)
            if violation:
                self.violations.append((request, violation))
            self.changed.notify_all()

    def _judge(self, method, path, headers):
        if "Host" not in headers:
            return Answer(400), "no Host"
        if "Transfer-Encoding" in headers or headers.get("Content-Length", "0") != "0":
            return Answer(400, is_last=True), "a body"
        if method == "PUT" and path == TOKEN_PATH:
            return self._give_token(headers)
        if method != "GET":
            return Answer(405), f"{method} {path}"
        token = headers.get(TOKEN_HEADER)
        if token not in self._tokens:
            return Answer(401), "no token" if token is None else "a token that was never given out"
        if time.monotonic() >= self._tokens[token]:
            return Answer(401), None
        found = self._keys.find(path)
        return (Answer(404) if found is None else Answer(200, found)), None

    def _give_token(self, headers):
        if "X-Forwarded-For" in headers:
            return Answer(403), "X-Forwarded-For"
        ttl = headers.get(TTL_HEADER, "")
        if not re.fullmatch("[0-9]{1,9}", ttl) or not 1 <= int(ttl) <= MAX_TTL_SECONDS:
            return Answer(400), f"a time to live of {ttl!r}"
        token = secrets.token_urlsafe(40) + "=="
        self._tokens[token] = time.monotonic() + min(int(ttl), self.token_ttl)
        return Answer(200, token.encode(), headers=((TTL_HEADER, ttl),)), None
