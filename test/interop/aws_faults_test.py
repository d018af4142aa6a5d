# SPDX-License-Identifier: Apache-2.0
"""Checks what the stand-in for AWS does wrong when it is told to: as the client saw it, whether it was taken, and
that all is well afterwards. Certificates too."""
import http.client
import json
import os
import socket
import ssl
import time

import aws_faults
from aws_faults import (access_denied, closed_without_answer, cut_short, dated, empty_error, ending, expired_token,
                        failing, html_error, http_date, invalid_value, no_http, oversized, redirect, reset,
                        reset_before, server_error, silent, slow, throttled, trickling, undated, unknown_client,
                        xml_error)
from aws_harness import LOGS_TARGET, TARGET, OnAws, datum, main
from aws_service import Aws
from aws_tls import KINDS
from botocore.exceptions import ClientError


class OnFaults(OnAws):
    def setUp(self):
        super().setUp()
        self.body = json.dumps({"Namespace": "N", "MetricData": [datum()]}).encode()

    def put(self, connection=None):
        """(status, code, body)"""
        return self.send(self.body, self.signed(self.body, TARGET), connection)

    def n_taken(self):
        """How many data points it has."""
        return len(self.aws.metrics.data)

    def say(self, connection):
        """Sends it, and no more."""
        connection.request("POST", "/", self.body, self.signed(self.body, TARGET))

    def assert_unanswered(self, fault):
        """What is sent now: that it was received is waited for, that there is no answer soon is seen."""
        connection = self.connect()
        self.say(connection)
        self.aws.wait_for(lambda _: fault.n_done == 1)
        connection.sock.settimeout(0.2)
        with self.assertRaises(TimeoutError):
            connection.getresponse()

    def ask(self, connection):
        self.say(connection)
        return connection.getresponse()

    def assert_ends(self, connection, is_reset):
        """By RST, or not: ssl and http.client do not tell the two apart."""
        with socket.socket(fileno=os.dup(connection.sock.fileno())) as wire:
            wire.settimeout(30)
            try:
                while wire.recv(65536):
                    pass
                self.assertFalse(is_reset)
            except ConnectionResetError:
                self.assertTrue(is_reset)

    def assert_well(self):
        n = self.n_taken()
        self.assertEqual([self.put(), self.n_taken()], [(200, "", b""), n + 1])
        self.assertEqual(self.violations(), [])


class Errors(OnFaults):
    def test_an_error_is_given_as_often_as_it_was_ordered(self):
        first = self.aws.fault("Put*", count=2, **throttled())
        self.aws.fault("PutMetricData", count=1, **server_error(503))
        self.aws.fault("PutLogEvents", **access_denied())
        codes = [self.put()[1] for _ in range(4)]
        self.assertEqual(codes, ["ThrottlingException", "ThrottlingException", "ServiceUnavailable", ""])
        self.assertEqual([first.n_done, self.n_taken()], [2, 1])
        self.assertEqual([(r.status, r.code, r.is_taken, r.fault is first) for r in self.aws.requests], [
            (400, "ThrottlingException", False, True), (400, "ThrottlingException", False, True),
            (503, "ServiceUnavailable", False, False), (200, None, True, False)])
        self.aws.fault("*", **server_error())
        self.assertEqual(self.put()[1], "InternalFailure")
        self.aws.heal()
        self.assert_well()
        with self.assertRaises(TypeError):
            self.aws.fault("*", no_such_thing=1)

    def test_errors_have_the_code_and_status_of_aws(self):
        for script, status, code in (
                (throttled(), 400, "ThrottlingException"), (throttled("TooManyRequestsException", 429), 429,
                                                            "TooManyRequestsException"),
                (throttled("LimitExceededException"), 400, "LimitExceededException"),
                (server_error(500), 500, "InternalFailure"), (server_error(503), 503, "ServiceUnavailable"),
                (failing("InternalServiceError"), 500, "InternalServiceFault"),
                (failing("InvalidParameterCombination"), 400, "InvalidParameterCombinationException"),
                (expired_token(), 400, "ExpiredTokenException"), (access_denied(), 400, "AccessDeniedException"),
                (unknown_client(), 400, "UnrecognizedClientException"),
                (failing("AccessDeniedException", status=403), 403, "AccessDeniedException"),
                (invalid_value(), 400, "InvalidParameterValueException")):
            self.aws.fault("*", count=1, **script)
            self.assertEqual(self.put()[:2], (status, code))
        self.assertEqual(self.n_taken(), 0)
        self.assert_well()

    def test_boto3_understands_them(self):
        cloudwatch, logs, sts = map(self.client, ("cloudwatch", "logs", "sts"))
        for call in (lambda: cloudwatch.put_metric_data(Namespace="N", MetricData=[datum()]),
                     lambda: logs.create_log_group(logGroupName="g"),
                     lambda: sts.assume_role(RoleArn="arn:aws:iam::123456789012:role/node", RoleSessionName="ab")):
            for script, code in ((throttled(), "ThrottlingException"), (expired_token(), "ExpiredTokenException"),
                                 (access_denied(), "AccessDeniedException"), (server_error(), "InternalFailure")):
                self.aws.fault("*", count=1, **script)
                with self.assertRaises(ClientError) as caught:
                    call()
                error = caught.exception.response["Error"]
                self.assertEqual([error["Code"], error["Message"]], [code, script["error"][1]])

    def test_headers_can_be_added(self):
        self.aws.fault("*", **failing("ThrottlingException", x_amz_retry_after="1500", x_amzn_errortype="Other:x"))
        response = self.ask(self.connect())
        self.assertEqual([response.headers["x-amz-retry-after"], response.headers["x-amzn-errortype"]],
                         ["1500", "Other:x"])

    def test_errors_of_others_are_no_json(self):
        for script, status, kind, part in (
                (xml_error(), 503, "text/xml", b"<Code>ServiceUnavailable</Code>"),
                (html_error(502), 502, "text/html", b"<html>"), (server_error(504), 504, "text/html", b"<html>"),
                (empty_error(), 500, "text/plain", b"")):
            self.aws.fault("*", count=1, **script)
            response = self.ask(self.connect())
            text = response.read()
            self.assertEqual([response.status, response.headers["Content-Type"]], [status, kind])
            self.assertIn(part, text)
            self.assertEqual([self.aws.requests[-1].code, self.n_taken()], [None, 0])
        self.assert_well()

    def test_redirects(self):
        for status in (301, 302, 303, 307, 308):
            self.aws.fault("*", count=1, **redirect("https://127.0.0.2/", status))
            response = self.ask(self.connect())
            self.assertEqual([response.status, response.headers["Location"], self.n_taken()],
                             [status, "https://127.0.0.2/", 0])

    def test_an_error_can_be_a_lie(self):
        self.aws.fault("*", count=1, **server_error(500, is_taken=True))
        self.assertEqual([self.put()[0], self.n_taken()], [500, 1])
        self.assertEqual([(r.status, r.is_taken) for r in self.aws.requests], [(500, True)])

    def test_faults_change_nothing_of_the_rules(self):
        self.aws.fault("*", **throttled())
        self.assertEqual(self.send(b"{}", self.signed(self.body, TARGET))[1], "ThrottlingException")
        self.assertIn("InvalidSignatureException", self.violations()[0])
        self.aws.heal()
        self.aws.fault("*", **slow(0))
        self.assertEqual(self.send(b"{}", self.signed(b"{}", TARGET))[1], "MissingRequiredParameterException")
        self.assertEqual([self.n_taken(), len(self.violations())], [0, 2])

    def test_sts_and_the_container_endpoint_can_fail_too(self):
        self.aws.fault("AssumeRole*", **failing("IDPCommunicationError"))
        self.aws.fault("container", **failing("Throttled", status=429))
        body = b"Action=AssumeRoleWithWebIdentity"
        status, _, text = self.send(body, {"Content-Type": "application/x-www-form-urlencoded"})
        self.assertEqual(status, 400)
        self.assertIn(b"<Code>IDPCommunicationError</Code>", text)
        self.assertEqual(self.send(None, {}, method="GET", path="/v1/credentials")[:2], (429, "Throttled"))
        self.assertEqual(self.aws.sts.issued, [])


class Wire(OnFaults):
    def test_a_reset_after_the_request_leaves_open_whether_it_was_taken(self):
        for is_taken in (True, False):
            fault = self.aws.fault("*", count=1, **reset(is_taken))
            n = self.n_taken()
            connection = self.connect()
            self.say(connection)
            self.assert_ends(connection, is_reset=True)
            self.assertEqual([self.n_taken() - n, fault.n_done], [is_taken, 1])
            request = self.aws.requests[-1]
            self.assertEqual([request.status, request.is_taken, request.body], [None, is_taken, self.body])
        self.assert_well()

    def test_a_reset_before_it_is_read_leaves_nothing_open(self):
        self.aws.fault("PutMetricData", count=1, **reset_before())
        connection = self.connect()
        connection.request("POST", "/", b"", {**self.signed(self.body, TARGET), "Content-Length": "1000"})
        self.assert_ends(connection, is_reset=True)
        request = self.aws.requests[-1]
        self.assertEqual([request.operation, request.is_taken, request.body], ["PutMetricData", False, None])
        with self.assertRaises(ValueError):
            self.aws.fault("*", is_taken=True, is_reset_unread=True)
        self.assert_well()

    def test_connections_are_reset_before_tls(self):
        self.aws.break_connections(2)
        for _ in range(2):
            with self.assertRaises(ConnectionResetError):
                self.connect().connect()
        self.assert_well()
        self.assertEqual(len(self.aws.requests), 1)

    def test_waiting_connections_are_reset(self):
        idle = self.connect()
        self.assertEqual(self.put(idle)[0], 200)
        self.aws.reset()
        self.assert_ends(idle, is_reset=True)
        self.assert_well()

    def test_an_answer_is_slow(self):
        self.aws.fault("*", count=1, **slow(0.3))
        begin = time.monotonic()
        self.assertEqual(self.put()[0], 200)
        self.assertGreaterEqual(time.monotonic() - begin, 0.3)
        self.assert_unanswered(self.aws.fault("*", count=1, **slow(60)))
        self.assertEqual(self.n_taken(), 2, "it was taken before")

    def test_an_answer_trickles(self):
        self.aws.fault("*", count=1, **trickling(0.1))
        begin = time.monotonic()
        self.assertEqual(self.put()[2], b"{}")
        self.assertGreaterEqual(time.monotonic() - begin, 0.2)

    def test_an_answer_never_comes(self):
        for is_taken in (True, False):
            n = self.n_taken()
            self.assert_unanswered(self.aws.fault("*", count=1, **silent(is_taken)))
            self.assertEqual(self.n_taken() - n, is_taken)
        self.assert_well()

    def test_an_answer_is_cut_short(self):
        self.aws.fault("*", count=1, **cut_short())
        with self.assertRaises(http.client.IncompleteRead):
            self.ask(self.connect()).read()
        self.assertEqual(self.n_taken(), 1)
        self.assert_well()

    def test_a_connection_ends_without_an_answer(self):
        self.aws.fault("*", count=1, **closed_without_answer(is_taken=True))
        connection = self.connect()
        self.say(connection)
        self.assert_ends(connection, is_reset=False)
        self.assertEqual(self.n_taken(), 1)

    def test_a_connection_ends_after_an_answer(self):
        self.aws.fault("*", count=1, **ending())
        connection = self.connect()
        self.assertEqual(self.put(connection)[0], 200)
        self.assert_ends(connection, is_reset=False)
        self.assert_well()

    def test_what_comes_is_no_http(self):
        self.aws.fault("*", count=1, **no_http())
        with self.assertRaises(http.client.BadStatusLine):
            self.ask(self.connect())
        self.assertEqual(self.n_taken(), 0)

    def test_an_answer_is_oversized(self):
        self.aws.fault("*", count=1, **oversized(10 << 20))
        self.aws.fault("*", count=1, **oversized(1 << 20, status=500, is_taken=False))
        self.assertEqual([(status, len(text)) for status, _, text in (self.put(), self.put())],
                         [(200, 10 << 20), (500, 1 << 20)])
        self.aws.fault("*", count=1, **oversized(10 << 20))
        connection = self.connect()
        self.assertEqual(self.ask(connection).read(1), b" ")
        connection.close()
        self.assert_well()

    def test_the_date_can_be_another_or_none(self):
        for script, date, age in ((dated(0), "Thu, 01 Jan 1970 00:00:00 GMT", None),
                                  (dated(1e9, 7), "Sun, 09 Sep 2001 01:46:40 GMT", "7"),
                                  (undated(), None, None), (undated("yesterday"), "yesterday", None)):
            self.aws.fault("*", count=1, **script)
            response = self.ask(self.connect())
            self.assertEqual([response.status, response.headers.get_all("Date"), response.headers["Age"]],
                             [200, date and [date], age])
        self.assertEqual(http_date(0), "Thu, 01 Jan 1970 00:00:00 GMT")
        self.assertEqual(self.n_taken(), 4)

    def test_one_service_may_fail_and_the_other_not(self):
        self.aws.logs.add_group("g", "s")
        self.aws.fault("PutMetricData", **server_error())
        body = json.dumps({"logGroupName": "g", "logStreamName": "s", "logEvents": [
            {"timestamp": int(time.time() * 1000), "message": "x"}]}).encode()
        self.assertEqual([self.put()[0], self.send_json(body, LOGS_TARGET)[0]], [500, 200])
        self.aws.fault("PutLogEvents", count=1, **throttled())
        self.assertEqual(json.loads(self.send_json(body, LOGS_TARGET)[2]),
                         {"__type": "ThrottlingException", "message": "Rate exceeded"})

    def test_every_script_is_one(self):
        scripts = (throttled(), server_error(), server_error(502), expired_token(), unknown_client(), access_denied(),
                   invalid_value(), xml_error(), html_error(), empty_error(), redirect("/"), slow(0), trickling(0),
                   silent(False), reset(False), reset_before(), cut_short(), closed_without_answer(False), no_http(),
                   oversized(1), ending(), dated(0), undated())
        taken = [aws_faults.Fault("*", **script).is_taken for script in scripts]
        self.assertEqual(taken, [False] * 11 + [True, True, False, False, False, True, False, False] + [True] * 4)


class Tls(OnFaults):
    def test_only_a_good_certificate_is_believed(self):
        for kind in KINDS:
            self.aws.show(self.certificates.context(kind))
            if kind == "good":
                self.assertEqual(self.put()[0], 200)
                continue
            with self.assertRaises(ssl.SSLCertVerificationError) as caught:
                self.put()
            expected = {"wrong host": "IP address mismatch", "expired": "expired", "not yet valid": "not yet valid",
                        "unknown CA": "unable to get local issuer"}[kind]
            self.assertIn(expected, str(caught.exception))
        self.assertEqual(len(self.aws.requests), 1)
        self.aws.wait_for(lambda a: any("unknown ca" in reason for reason in a.broken_tls))

    def test_each_kind_is_what_it_says(self):
        self.assertEqual({kind for kind in KINDS if self.certificates.context(kind)}, set(KINDS))
        self.assertIs(self.certificates.context("good"), self.certificates.context())

    def test_plain_http_is_no_tls_and_the_other_way_round(self):
        with Aws() as plain:
            self.assertEqual(plain.endpoint[:7], "http://")
            with self.assertRaises(ssl.SSLError):
                self.trust.wrap_socket(socket.create_connection(("127.0.0.1", plain.port), 5),
                                       server_hostname="127.0.0.1")
            self.assertEqual(len(plain.violations), 1)
        with socket.create_connection(("127.0.0.1", self.aws.port), 5) as raw:
            raw.sendall(b"GET / HTTP/1.1\r\n\r\n")
            self.assertNotIn(b"HTTP/1.1", raw.recv(1000))
        self.aws.wait_for(lambda a: len(a.broken_tls) == 1)
        self.aws.stop()
        self.assertEqual(len(self.aws.broken_tls), 1)

    def test_a_stopped_service_refuses_and_comes_back_as_it_was(self):
        idle, endpoint = self.connect(), self.aws.endpoint
        self.assertEqual(self.put(idle)[0], 200)
        self.aws.stop()
        self.assert_ends(idle, is_reset=False)
        with self.assertRaises(ConnectionRefusedError):
            self.put()
        self.aws.start()
        self.assert_well()
        self.assertEqual([self.aws.endpoint, len(self.aws.requests), self.n_taken()], [endpoint, 2, 2])

    def test_a_connection_serves_many_requests(self):
        connection = self.connect()
        self.assertEqual([self.put(connection)[0] for _ in range(5)], [200] * 5)
        self.assertEqual([self.aws.n_connections, len({r.peer for r in self.aws.requests})], [1, 1])

    def test_it_listens_on_ipv6(self):
        with Aws(self.certificates.context(), "::1") as self.aws:
            self.assertEqual(self.aws.endpoint, f"https://[::1]:{self.aws.port}")
            self.assert_well()


class Environment(OnFaults):
    def test_it_names_this_service_and_nothing_else(self):
        environment = self.aws.environment("/ca.pem")
        self.assertEqual([environment[name] for name in (
            "AWS_ENDPOINT_URL", "AWS_CA_BUNDLE", "AWS_REGION", "AWS_ACCESS_KEY_ID", "AWS_SESSION_TOKEN",
            "AWS_EC2_METADATA_DISABLED", "AWS_PROFILE")], [
                self.aws.endpoint, "/ca.pem", "us-east-1", "AKIDEXAMPLE", None, "true", None])
        self.assertIsNone(self.aws.environment(keys=None)["AWS_SECRET_ACCESS_KEY"])


if __name__ == "__main__":
    main()
