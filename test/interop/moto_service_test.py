# SPDX-License-Identifier: Apache-2.0
"""moto as boto3 sees it: what is put can be read back, who signs badly is refused; and where moto is not AWS, so that
a test of the daemon against it is not surprised, and another version of moto shows."""
import os
import time
import unittest

from aws_boto import client
from aws_harness import main
from aws_signature import Keys
from aws_tls import Certificates
from botocore.exceptions import ClientError
from botocore.parsers import ResponseParserError
from moto_service import Moto

PLAIN = {"disable_request_compression": True}


class OnMoto(unittest.TestCase):
    """One moto for all: each test has metrics, groups and roles of its own."""

    @classmethod
    def setUpClass(cls):
        cls.moto = Moto()
        cls.addClassCleanup(cls.moto.stop)
        cls.keys = cls.moto.add_user("monitoring:PutMetricData", "logs:*", "sts:*")
        cls.poor = cls.moto.add_user("logs:*")
        cls.role = cls.moto.add_role("node", "monitoring:PutMetricData")
        named = {"RoleArn": cls.role, "RoleSessionName": "session"}
        unsigned = client("sts", (cls.moto.endpoint, None))
        cls.given = [cls.as_keys(answer) for answer in (
            cls.moto.client("sts", cls.keys).assume_role(**named),
            unsigned.assume_role_with_web_identity(WebIdentityToken="a web token", **named))]
        cls.moto.require_signatures()

    @staticmethod
    def as_keys(answer):
        given = answer["Credentials"]
        return Keys(given["AccessKeyId"], given["SecretAccessKey"], given["SessionToken"])

    def put(self, name, keys=None, config=(), **more):
        datum = {"MetricName": name, "Timestamp": int(time.time()), "Value": 1.0, **more}
        self.moto.client("cloudwatch", keys or self.keys, **{**PLAIN, **dict(config)}).put_metric_data(
            Namespace="N", MetricData=[{name: value for name, value in datum.items() if value is not None}])

    def assert_refused(self, code, call):
        """In XML, whatever was asked: boto3 makes no sense of it."""
        with self.assertRaises(ClientError) as caught:
            call()
        self.assertEqual(caught.exception.response["ResponseMetadata"]["HTTPStatusCode"], 403)
        self.assertIn(f"<Code>{code}</Code>", caught.exception.response["Error"]["Message"])


class Counterpart(OnMoto):
    def test_what_is_put_can_be_read_back(self):
        now = int(time.time()) - 120
        self.put("a", Timestamp=now, Value=None, Values=[1.0, 2.5], Counts=[3.0, 1.0], Unit="Count",
                 Dimensions=[{"Name": "InstanceId", "Value": "i-1"}])
        expected = {"SampleCount": 4, "Sum": 5.5, "Minimum": 1, "Maximum": 2.5, "Unit": "Count"}
        self.assertEqual(self.moto.statistics("N", "a", {"InstanceId": "i-1"}, now), expected)
        self.assertIsNone(self.moto.statistics("N", "a", {"InstanceId": "i-1"}, now - 120))
        self.assertIsNone(self.moto.statistics("N", "a", {"InstanceId": "i-2"}, now))
        self.assertIn(("N", "a", frozenset({("InstanceId", "i-1")})), self.moto.names())

    def test_log_events_can_be_read_back(self):
        logs, now = self.moto.client("logs", self.keys), int(time.time() * 1000)
        logs.create_log_group(logGroupName="g")
        logs.create_log_stream(logGroupName="g", logStreamName="s")
        logs.put_log_events(logGroupName="g", logStreamName="s", logEvents=[
            {"timestamp": now, "message": "one"}, {"timestamp": now + 1, "message": "two"}])
        self.assertEqual(self.moto.events("g", "s"), [(now, "one"), (now + 1, "two")])

    def test_a_bad_signature_is_refused(self):
        self.assert_refused("SignatureDoesNotMatch", lambda: self.put("b", Keys(self.keys.access_key_id, "wrong")))
        self.assert_refused("InvalidClientTokenId", lambda: self.put("b", Keys("AKIDOTHER", "secret")))
        self.assert_refused("AccessDenied", lambda: self.put("b", self.poor))
        self.assertNotIn("b", {name for _, name, _ in self.moto.names()})

    def test_keys_of_roles_are_good_with_their_token_only(self):
        for i, keys in enumerate(self.given):
            name, now = f"role{i}", int(time.time())
            for token in (None, "another", self.given[1 - i].session_token):
                self.assert_refused("InvalidClientTokenId", lambda: self.put(name, Keys(
                    keys.access_key_id, keys.secret_access_key, token)))
            self.assert_refused("SignatureDoesNotMatch", lambda: self.put(name, Keys(
                keys.access_key_id, "wrong", keys.session_token)))
            self.assertNotIn(name, {known for _, known, _ in self.moto.names()})
            self.put(name, keys, Timestamp=now)
            self.assertEqual(self.moto.statistics("N", name, None, now)["Sum"], 1)

    def test_it_speaks_tls(self):
        with Certificates() as certificates, Moto(certificates.files(), certificates.ca) as moto:
            keys = moto.add_user("monitoring:PutMetricData")
            moto.require_signatures()
            now = int(time.time())
            moto.client("cloudwatch", keys, **PLAIN).put_metric_data(
                Namespace="N", MetricData=[{"MetricName": "a", "Value": 2.0, "Timestamp": now}])
            self.assertEqual([moto.endpoint[:8], moto.statistics("N", "a", None, now)["Sum"]], ["https://", 2])

    def test_it_ends_by_its_pid(self):
        moto = Moto()
        os.kill(moto.pid, 0)
        moto.stop()
        with self.assertRaises(ProcessLookupError):
            os.kill(moto.pid, 0)


class Otherwise(OnMoto):
    """Where it is not AWS."""

    def test_json_with_gzip_is_beyond_it(self):
        with self.assertRaises(ClientError) as caught:
            self.put("zipped", config={"disable_request_compression": False, "request_min_compression_size_bytes": 1})
        self.assertEqual(caught.exception.response["Error"]["Code"], "500")

    def test_it_validates_nothing(self):
        self.put("x" * 300, Value=2.0 ** 400, Timestamp=1, config={"parameter_validation": False}, Dimensions=[
            {"Name": f"d{i}", "Value": "v"} for i in range(31)], Unit="Packets")

    def test_it_takes_a_metric_for_one_with_fewer_dimensions(self):
        now = int(time.time())
        self.put("sub", Timestamp=now, Dimensions=[{"Name": "a", "Value": "b"}, {"Name": "c", "Value": "d"}])
        self.assertEqual(self.moto.statistics("N", "sub", {"a": "b"}, now)["Sum"], 1)

    def test_a_role_for_a_web_token_needs_a_signature_once_they_are_required(self):
        unsigned = client("sts", (self.moto.endpoint, None))
        with self.assertRaises(ResponseParserError):  # 500
            unsigned.assume_role_with_web_identity(RoleArn=self.role, RoleSessionName="session",
                                                   WebIdentityToken="a web token")


if __name__ == "__main__":
    main()
