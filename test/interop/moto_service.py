# SPDX-License-Identifier: Apache-2.0
"""moto in server mode: an AWS that others wrote, as an independent judge of signatures and framing.

    with Moto() as moto:                             # moto.endpoint: http://127.0.0.1:PORT
        keys = moto.add_user("monitoring:PutMetricData")
        moto.require_signatures()
        ...
        moto.statistics("ENA", "pps_allowance_exceeded", {"InstanceId": "i-1"}, timestamp)

What it does otherwise than AWS is held fast in moto_service_test.py. It validates next to nothing and has no faults:
for those there is aws_service.py. Every metric that is asked for needs a name of its own: moto takes a metric for
another one whose dimensions are among its own.
"""
import json
import re
import ssl
import sys
import time
import urllib.request

from aws_boto import client
from aws_signature import Keys
from counterpart import Counterpart

ADMINISTRATOR = Keys("administrator", "its secret")  # unknown to moto: only good until signatures are required
STATISTICS = ["SampleCount", "Sum", "Minimum", "Maximum"]
TRUST = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Principal": {"AWS": "*"}, "Action": "sts:*"}]}


def policy(actions):
    return json.dumps({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": list(actions),
                                                                "Resource": "*"}]})


class Moto(Counterpart):
    """moto on a free port; its log has a line for each request. `files` are a certificate and its key, PEM: then it
    speaks TLS, and `ca` is whom to trust."""

    def __init__(self, files=None, ca=None):
        super().__init__()
        self.ca, self.scheme = ca, "https" if files else "http"
        self.reader = None  # the keys that read back
        command = [sys.executable, "-m", "moto.server", "-H", "127.0.0.1", "-p", "0"]
        command += ["-c", files[0], "-k", files[1]] if files else []
        self._run(command, ("AWS_", "MOTO_"), AWS_EC2_METADATA_DISABLED="true")
        try:
            self._wait_until_it_listens()
            self.reader = self.add_user("monitoring:*", "logs:*")
        except BaseException:
            self.stop()
            raise

    @property
    def pid(self):
        return self._process.pid

    def client(self, service, keys=None, **config):
        """boto3 for it; as an administrator unless told otherwise."""
        return client(service, (self.endpoint, self.ca), keys or ADMINISTRATOR, **config)

    # --- Who may do what: before signatures are required ---

    def add_user(self, *actions):
        """Keys of a new user that may do these: its names of them are those of signing, monitoring:PutMetricData."""
        iam, name = self.client("iam"), f"user{time.monotonic_ns()}"
        iam.create_user(UserName=name)
        iam.put_user_policy(UserName=name, PolicyName="p", PolicyDocument=policy(actions))
        made = iam.create_access_key(UserName=name)["AccessKey"]
        return Keys(made["AccessKeyId"], made["SecretAccessKey"])

    def add_role(self, name, *actions):
        """The ARN of a role that may do these, and that anybody may assume."""
        iam = self.client("iam")
        arn = iam.create_role(RoleName=name, AssumeRolePolicyDocument=json.dumps(TRUST))["Role"]["Arn"]
        iam.put_role_policy(RoleName=name, PolicyName="p", PolicyDocument=policy(actions))
        return arn

    def require_signatures(self, is_required=True):
        """From now on only who signs well and may do it is served. Keys from STS have to be fetched before: it wants
        a signature with AssumeRoleWithWebIdentity too."""
        request = urllib.request.Request(self.endpoint + "/moto-api/reset-auth", b"0" if is_required else b"inf",
                                         {"Content-Type": "text/plain"})  # a form would be swallowed
        with urllib.request.urlopen(request, timeout=30, context=self._trust()) as answer:
            answer.read()

    # --- What it would return ---

    def statistics(self, namespace, name, dimensions=None, timestamp=None, period=60):
        """{"SampleCount": 1, "Sum": ...} of the period that the timestamp is in; None where there is nothing."""
        begin = int((time.time() if timestamp is None else timestamp) // period * period)
        found = self.client("cloudwatch", self.reader).get_metric_statistics(
            Namespace=namespace, MetricName=name, StartTime=begin, EndTime=begin + period, Period=period,
            Statistics=STATISTICS, Dimensions=[{"Name": n, "Value": v} for n, v in (dimensions or {}).items()])
        points = found["Datapoints"]
        if len(points) > 1:
            raise LookupError(f"{len(points)} data points for one period: {points}")
        return {key: points[0][key] for key in [*STATISTICS, "Unit"] if key in points[0]} if points else None

    def names(self):
        """{(namespace, name, frozenset of (dimension, value))}, as ListMetrics."""
        pages = self.client("cloudwatch", self.reader).get_paginator("list_metrics").paginate()
        return {(m["Namespace"], m["MetricName"], frozenset((d["Name"], d["Value"]) for d in m["Dimensions"]))
                for page in pages for m in page["Metrics"]}

    def events(self, group, stream):
        """[(milliseconds, message), ...]"""
        found = self.client("logs", self.reader).get_log_events(logGroupName=group, logStreamName=stream,
                                                                 startFromHead=True)
        return [(event["timestamp"], event["message"]) for event in found["events"]]

    # ---

    def _trust(self):
        return ssl.create_default_context(cafile=self.ca) if self.ca else None

    def _wait_until_it_listens(self, timeout=90.0):
        end = time.monotonic() + timeout
        while self._process.poll() is None and time.monotonic() < end:
            match = re.search(r"Running on https?://127\.0\.0\.1:(\d+)", self.log)
            if match:
                self.port = int(match[1])
                return
            time.sleep(0.02)
        raise RuntimeError(f"moto does not start:\n{self.log[-2000:]}")
