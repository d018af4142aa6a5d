# SPDX-License-Identifier: Apache-2.0
"""What the tests of the stand-in for AWS share: one of it for each test, boto3 as its client, and requests by hand
for what boto3 would not send."""
import contextlib
import http.client
import json
import pathlib
import ssl
import sys
import time
import unittest
import urllib.parse

import botocore.auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from botocore.exceptions import ClientError

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "rig"))

import rig  # noqa: E402
from aws_boto import client  # noqa: E402
from aws_service import KEYS, Aws  # noqa: E402
from aws_tls import Certificates  # noqa: E402

TARGET = "GraniteServiceVersion20100801.PutMetricData"
LOGS_TARGET = "Logs_20140328.PutLogEvents"
JSON_1_0, JSON_1_1, FORM = "application/x-amz-json-1.0", "application/x-amz-json-1.1", \
    "application/x-www-form-urlencoded; charset=utf-8"


class OnAws(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.certificates = Certificates()
        cls.addClassCleanup(cls.certificates.close)
        cls.trust = ssl.create_default_context(cafile=cls.certificates.ca)

    def setUp(self):
        self.aws = Aws(self.certificates.context())
        self.addCleanup(self.aws.stop)

    def client(self, service, keys=KEYS, **config):
        """A boto3 client that sends what it is told to, right or wrong."""
        made = client(service, (self.aws.endpoint, self.certificates.ca), keys,
                      **{"parameter_validation": False, "request_min_compression_size_bytes": 1, **config})
        self.addCleanup(made.close)
        return made

    @contextlib.contextmanager
    def refused(self, code, status=400, about=None):
        """What is inside is an error with that code, and status, of something; nothing of it was taken."""
        n_taken = self.aws.count(taken=True)
        with self.assertRaises(ClientError, msg=about) as caught:
            yield
        answer = caught.exception.response
        self.assertEqual((answer["Error"]["Code"], answer["ResponseMetadata"]["HTTPStatusCode"]), (code, status),
                         about or answer)
        self.assertEqual(self.aws.count(taken=True), n_taken, about)
        self.assertEqual(self.aws.requests[-1].code, code)

    def signed(self, body, headers, keys=KEYS, scope=("monitoring", "us-east-1")):
        """Headers of a request by hand, with its signature."""
        if isinstance(headers, str):
            headers = {"X-Amz-Target": headers, "Content-Type": JSON_1_1 if headers == LOGS_TARGET else JSON_1_0}
        request = AWSRequest("POST", self.aws.endpoint + "/", dict(headers), data=body)
        botocore.auth.SigV4Auth(Credentials(keys.access_key_id, keys.secret_access_key, keys.session_token),
                                *scope).add_auth(request)
        return dict(request.headers.items())

    def connect(self, timeout=30):
        where = urllib.parse.urlsplit(self.aws.endpoint)
        if where.scheme == "http":
            connection = http.client.HTTPConnection(where.hostname, where.port, timeout=timeout)
        else:
            connection = http.client.HTTPSConnection(where.hostname, where.port, timeout=timeout, context=self.trust)
        self.addCleanup(connection.close)
        return connection

    def send(self, body, headers, connection=None, method="POST", path="/"):
        """(status, code of the error in the answer or "", body)"""
        connection = connection or self.connect()
        connection.request(method, path, body, headers)
        response = connection.getresponse()
        text = response.read()
        try:
            answer = json.loads(text)
            return response.status, answer.get("__type", answer.get("code", "")).rpartition("#")[2], text
        except ValueError:
            return response.status, "", text

    def send_json(self, body, target=TARGET, **signed):
        """The same, of a body that is as it should be but for what it says."""
        scope = ("logs" if target == LOGS_TARGET else "monitoring", "us-east-1")
        return self.send(body, self.signed(body, target, scope=scope, **signed))

    def violations(self):
        return [reason for _, reason in self.aws.violations]


def datum(name="m", **more):
    """A MetricDatum of one 1, now, unless told otherwise; None takes a member away."""
    named = {"MetricName": name, "Timestamp": int(time.time()), "Value": 1.0, **more}
    if "Values" in more or "StatisticValues" in more:
        named["Value"] = more.get("Value")
    return {name: value for name, value in named.items() if value is not None}


def main():
    rig.in_namespace()
    unittest.main()
