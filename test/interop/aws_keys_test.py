# SPDX-License-Identifier: Apache-2.0
"""Checks who the stand-in for AWS lets in, and whom it gives keys: signatures (boto3's are good, and one that AWS
published), clocks, expired and unknown keys, STS, and the container credential endpoint."""
import datetime
import hashlib
import http.client
import json
import time
import urllib.parse

from botocore.credentials import ContainerProvider
from botocore.httpsession import URLLib3Session
from botocore.utils import ContainerMetadataFetcher

from aws_front import Request
from aws_harness import FORM, JSON_1_0, LOGS_TARGET, TARGET, OnAws, datum, main
from aws_service import KEYS, Aws
from aws_signature import Keys, Refusal, Rules, check
from aws_sts import CONTAINER_PATH

ROLE = "arn:aws:iam::123456789012:role/node"
BODY = json.dumps({"Namespace": "N", "MetricData": [datum()]}).encode()
BAD, UNKNOWN = "InvalidSignatureException", "UnrecognizedClientException"
TEMPORARY = Keys("ASIAEXAMPLEEXAMPLE00", "a secret/+", "a token/+==" * 50)


class Signatures(OnAws):
    def assert_refused(self, code, headers, body=BODY, about=None):
        self.assertEqual(self.send(body, headers)[:2], (400, code), about)
        self.assertEqual((self.aws.requests[-1].access_key_id, self.aws.count(taken=True)), (None, 0), about)
        self.assertEqual(len(self.violations()), 1, about)
        self.aws.violations.clear()

    def test_those_of_boto3_are_good(self):
        for service, call in (("cloudwatch", lambda c: c.put_metric_data(Namespace="N", MetricData=[datum()])),
                              ("logs", lambda c: c.create_log_group(logGroupName="a"))):
            call(self.client(service))
        self.aws.add_keys(TEMPORARY)
        self.client("cloudwatch", TEMPORARY).put_metric_data(Namespace="N", MetricData=[datum()])
        self.assertEqual([r.access_key_id for r in self.aws.requests],
                         ["AKIDEXAMPLE", "AKIDEXAMPLE", TEMPORARY.access_key_id])
        self.assertEqual(self.violations(), [])

    def test_whatever_is_changed_after_signing_is_seen(self):
        good = self.signed(BODY, {"X-Amz-Target": TARGET, "Content-Type": JSON_1_0, "X-Amz-Extra": "a  b"})
        self.assertEqual(self.send(BODY, {**good, "X-Amz-Extra": " a b ", "X-More": "1"})[0], 200, "the same in effect")
        self.aws.requests.clear()
        self.assert_refused(BAD, good, BODY + b" ", "body")
        for name, text in (("Content-Type", "text/plain"), ("X-Amz-Extra", "a c"), ("Host", "monitoring.example")):
            self.assert_refused(BAD, {**good, name: text}, about=name)
        for old, new in (("Signature=", "Signature=0"), ("us-east-1", "us-east-2"), ("/monitoring/", "/logs/"),
                         ("host;", ""), (";x-amz-target", ""), ("x-amz-date", "x-amz-date;x-amz-date"),
                         ("content-type;host", "host;content-type"), (";x-amz-target", ";x-amz-target;x-none")):
            changed = good["Authorization"].replace(old, new)
            changed = changed[:-1] if old == "Signature=" else changed
            self.assertNotEqual(changed, good["Authorization"])
            self.assert_refused(BAD, {**good, "Authorization": changed}, about=(old, new))
        self.assertEqual(self.send(BODY, good, path="/?a=b")[:2], (404, "UnknownOperationException"))

    def test_the_wrong_secret_region_service_or_day_is_no_good(self):
        self.assert_refused(BAD, self.signed(BODY, TARGET, Keys(KEYS.access_key_id, "wrong")))
        for scope in (("monitoring", "eu-west-1"), ("logs", "us-east-1"), ("cloudwatch", "us-east-1")):
            self.assert_refused(BAD, self.signed(BODY, TARGET, scope=scope), about=scope)
        self.assert_refused(BAD, self.signed(b"{}", LOGS_TARGET, scope=("monitoring", "us-east-1")), b"{}")
        headers = self.signed(BODY, TARGET)
        day = headers["X-Amz-Date"][:8]
        headers["Authorization"] = headers["Authorization"].replace(f"/{day}/", "/20200101/")
        self.assert_refused(BAD, headers)

    def test_every_header_of_amazon_must_be_signed(self):
        headers = self.signed(BODY, TARGET)
        self.assert_refused(BAD, {**headers, "X-Amz-Meta": "1"})
        self.assertEqual(self.send(BODY, {**headers, "X-Amzn-Meta": "1", "Amz-Sdk-Request": "1"})[0], 200)

    def test_a_hash_of_the_body_must_be_its_own(self):
        headers = {"X-Amz-Target": TARGET, "Content-Type": JSON_1_0}
        for text in ("0" * 64, "UNSIGNED-PAYLOAD"):
            self.assert_refused(BAD, self.signed(BODY, {**headers, "X-Amz-Content-SHA256": text}), about=text)
        headers["X-Amz-Content-SHA256"] = hashlib.sha256(BODY).hexdigest()
        self.assertEqual(self.send(BODY, self.signed(BODY, headers))[0], 200)

    def test_a_request_must_be_signed(self):
        headers = self.signed(BODY, TARGET)
        unsigned = {name: text for name, text in headers.items() if name != "Authorization"}
        self.assert_refused("MissingAuthenticationTokenException", unsigned)
        for text in ("", "Bearer x", headers["Authorization"].replace("Credential=", ""),
                     headers["Authorization"].replace("SHA256", "SHA1"), headers["Authorization"][:-1],
                     headers["Authorization"].replace("aws4_request", "aws5_request")):
            self.assert_refused("IncompleteSignatureException", {**headers, "Authorization": text}, about=text)
        for text in ("", "20261121", "20261121T10000Z", "20261321T100000Z", "Sat, 21 Nov 2026 10:00:00 GMT"):
            self.assert_refused("IncompleteSignatureException", {**headers, "X-Amz-Date": text}, about=text)

    def test_keys_must_be_known_with_their_token(self):
        self.aws.add_keys(TEMPORARY)
        for keys in (Keys("AKIDOTHER", KEYS.secret_access_key), Keys(TEMPORARY.access_key_id, "a secret/+"),
                     Keys(TEMPORARY.access_key_id, "a secret/+", "another token"),
                     Keys(KEYS.access_key_id, KEYS.secret_access_key, "a token")):
            self.assert_refused(UNKNOWN, self.signed(BODY, TARGET, keys), about=keys)

    def test_one_that_aws_published_is_good(self):
        """get-vanilla of the SigV4 test suite, awslabs/aws-c-auth."""
        request = Request(0, "GET", "/", http.client.HTTPMessage())
        for name, text in (("Host", "example.amazonaws.com"), ("X-Amz-Date", "20150830T123600Z"), (
                "Authorization", "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/us-east-1/service/aws4_request, "
                "SignedHeaders=host;x-amz-date, "
                "Signature=5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31")):
            request.headers[name] = text
        noon = datetime.datetime(2015, 8, 30, 12, 36, tzinfo=datetime.timezone.utc).timestamp()
        self.assertIs(check(request, self.aws.keys, "service", Rules(), noon), KEYS)
        request.raw = b"x"
        with self.assertRaises(Refusal):
            check(request, self.aws.keys, "service", Rules(), noon)


class Clocks(OnAws):
    def put(self):
        self.client("cloudwatch").put_metric_data(Namespace="N", MetricData=[datum()])

    def test_a_signing_time_is_good_for_15_minutes(self):
        for offset_s, is_good in ((890, True), (-890, True), (910, False), (-910, False)):
            self.aws.clock_offset_s = offset_s
            if is_good:
                self.put()
            else:
                with self.refused(BAD, about=offset_s):
                    self.put()
        self.assertEqual(self.violations(), [], "a clock may be off")

    def test_how_far_and_what_it_is_called_can_be_said(self):
        self.aws.rules.tolerance_s, self.aws.clock_offset_s = 300, 310
        for code in ("RequestExpired", "RequestTimeTooSkewed", "RequestInTheFuture", BAD):
            self.aws.rules.skew_code = code
            with self.refused(code):
                self.put()
        self.aws.clock_offset_s = 290
        self.put()

    def test_answers_carry_the_clock_of_the_service(self):
        self.aws.clock_offset_s = 86400
        with self.assertRaises(Exception) as caught:
            self.put()
        said = caught.exception.response["ResponseMetadata"]["HTTPHeaders"]["date"]
        said = datetime.datetime.strptime(said, "%a, %d %b %Y %H:%M:%S GMT").replace(tzinfo=datetime.timezone.utc)
        self.assertAlmostEqual(said.timestamp(), time.time() + 86400, delta=60)

    def test_keys_end_by_that_clock(self):
        self.aws.add_keys(Keys("ASIAEXAMPLE", "secret", "token", time.time() + 60))
        keys = self.aws.keys["ASIAEXAMPLE"]
        self.assertEqual(self.send_json(BODY, keys=keys)[0], 200)
        self.aws.clock_offset_s = 61
        self.assertEqual(self.send_json(BODY, keys=keys)[:2], (400, "ExpiredTokenException"))
        wrong = Keys("ASIAEXAMPLE", "wrong", "token")
        self.assertEqual(self.send_json(BODY, keys=wrong)[:2], (400, BAD), "that comes before")
        self.assertEqual(len(self.violations()), 1)


class Roles(OnAws):
    def setUp(self):
        super().setUp()
        self.sts = self.client("sts")
        self.role = self.aws.sts.add_role(ROLE, web_tokens={"a web token": None})

    def assume(self, **more):
        return self.sts.assume_role(**{"RoleArn": ROLE, "RoleSessionName": "session", **more})["Credentials"]

    def assume_by_web(self, **more):
        named = {"RoleArn": ROLE, "RoleSessionName": "session", "WebIdentityToken": "a web token", **more}
        return self.client("sts", None).assume_role_with_web_identity(**named)["Credentials"]

    def assert_good(self, given):
        keys = Keys(given["AccessKeyId"], given["SecretAccessKey"], given["SessionToken"])
        self.client("cloudwatch", keys).put_metric_data(Namespace="N", MetricData=[datum()])
        self.assertEqual(self.aws.requests[-1].access_key_id, given["AccessKeyId"])
        return self.aws.keys[given["AccessKeyId"]]

    def test_keys_of_a_role_are_good(self):
        for assume in (self.assume, self.assume_by_web):
            given = assume(DurationSeconds=900)
            self.assertAlmostEqual(given["Expiration"].timestamp(), time.time() + 900, delta=60)
            self.assertAlmostEqual(self.assert_good(given).ends, given["Expiration"].timestamp(), delta=1)
        self.assertAlmostEqual(self.assume()["Expiration"].timestamp(), time.time() + 3600, delta=60)
        self.assertEqual([r.access_key_id for r in self.aws.asked("AssumeRole")], ["AKIDEXAMPLE"] * 2)
        self.assertEqual([r.access_key_id for r in self.aws.asked("AssumeRoleWithWebIdentity")], [None])
        self.assertEqual(self.violations(), [])

    def test_they_expire(self):
        keys = self.assert_good(self.assume_by_web())
        self.aws.expire_keys()
        self.assertEqual(self.send_json(BODY, keys=keys)[:2], (400, "ExpiredTokenException"))
        self.aws.sts.ttl_s = 2
        begin = time.time()
        ends = self.assume()["Expiration"].timestamp()  # in whole seconds
        self.assertTrue(begin + 1 <= ends <= time.time() + 2, (begin, ends))
        self.assertEqual(self.violations(), [])

    def test_web_tokens_are_looked_at(self):
        self.aws.sts.add_role(ROLE + "2", web_tokens={"another token": None, "old token": time.time() - 1})
        for token, code, status in (
                ("no such token", "InvalidIdentityToken", 400), ("another token", "AccessDenied", 403),
                ("old token", "ExpiredTokenException", 400)):
            with self.refused(code, status, about=token):
                self.assume_by_web(WebIdentityToken=token)
        with self.refused("AccessDenied", 403):
            self.assume_by_web(RoleArn=ROLE + "3")
        self.role.web_tokens["fresh token"] = time.time() + 60
        self.assert_good(self.assume_by_web(WebIdentityToken="fresh token"))

    def test_a_role_trusts_whom_it_does(self):
        self.role.access_key_ids = {"AKIDOTHER"}
        with self.refused("AccessDenied", 403):
            self.assume()
        self.role.access_key_ids.add(KEYS.access_key_id)
        self.assume()
        self.role.external_id = "id-1"
        for more in ({}, {"ExternalId": "id-2"}):
            with self.refused("AccessDenied", 403, about=more):
                self.assume(**more)
        self.assume(ExternalId="id-1")
        with self.refused("AccessDenied", 403):
            self.assume(RoleArn=ROLE + "3", ExternalId="id-1")

    def test_limits(self):
        self.role.web_tokens.update({"t" * 4: None, "t" * 20_000: None})
        for more in ({"DurationSeconds": 900}, {"DurationSeconds": 43200}, {"WebIdentityToken": "t" * 4},
                     {"WebIdentityToken": "t" * 20_000}, {"RoleSessionName": "ab"}, {"RoleSessionName": "a" * 64},
                     {"RoleSessionName": "=,.@-_"}, {"ProviderId": "p" * 4}):
            self.assume_by_web(**more)
        for more in ({"DurationSeconds": 899}, {"DurationSeconds": 43201}, {"WebIdentityToken": "t" * 3},
                     {"WebIdentityToken": "t" * 20_001}, {"RoleSessionName": "a"}, {"RoleSessionName": "a" * 65},
                     {"RoleSessionName": "a b"}, {"RoleSessionName": "a/b"}, {"RoleSessionName": "\u00fc\u00fc"},
                     {"RoleArn": "arn"}, {"RoleArn": "a" * 2049}, {"ProviderId": "p" * 3}):
            with self.refused("ValidationError", about=str(more)[:100]):
                self.assume_by_web(**more)
        self.assertEqual(len(self.violations()), 12)

    def test_forms_are_read_strictly(self):
        good = {"Action": "AssumeRoleWithWebIdentity", "Version": "2011-06-15", "RoleArn": ROLE,
                "RoleSessionName": "session", "WebIdentityToken": "a web token"}
        headers = {"Content-Type": FORM}
        for changes, status in (({}, 200), ({"RoleArn": None}, 400), ({"WebIdentityToken": None}, 400),
                                ({"DurationSeconds": "x"}, 400), ({"Action": "AssumeRoleWithSAML"}, 404),
                                ({"Action": None}, 404), ({"Color": "red"}, 200)):
            named = {name: text for name, text in {**good, **changes}.items() if text is not None}
            self.assertEqual(self.send(urllib.parse.urlencode(named).encode(), headers)[0], status, changes)
        twice = urllib.parse.urlencode(good) + "&RoleSessionName=other"
        for body in (twice, "Action=AssumeRoleWithWebIdentity&RoleArn", "Action=AssumeRoleWithWebIdentity&%ff=\u00fc"):
            sent = self.send(body.encode(), headers)
            self.assertEqual(sent[0], 400)
            self.assertIn(b"<Code>MalformedQueryString</Code>", sent[2])

    def test_assume_role_must_be_signed(self):
        body = urllib.parse.urlencode({"Action": "AssumeRole", "RoleArn": ROLE, "RoleSessionName": "ab"}).encode()
        self.assertEqual(self.send(body, {"Content-Type": FORM})[0], 400)
        self.assertEqual(self.send(body, self.signed(body, {"Content-Type": FORM}, scope=("sts", "us-east-1")))[0], 200)
        self.assertEqual(self.send(body, self.signed(body, {"Content-Type": FORM}))[0], 400)


class Containers(OnAws):
    def get(self, token=None, **more):
        headers = {} if token is None else {"Authorization": token}
        return self.send(None, headers, **{"method": "GET", "path": CONTAINER_PATH, **more})

    def test_keys_are_given_to_who_has_the_token(self):
        self.aws.sts.container_token = "a token"
        given = json.loads(self.get("a token")[2])
        self.assertEqual(given.keys(), {"AccessKeyId", "SecretAccessKey", "Token", "Expiration", "AccountId"})
        keys = Keys(given["AccessKeyId"], given["SecretAccessKey"], given["Token"])
        self.assertEqual(self.send_json(BODY, keys=keys)[0], 200)
        for token in (None, "", "another token"):
            self.assertEqual(self.get(token)[:2], (401, "InvalidAuthorization"), token)
        self.assertEqual(self.get("a token", method="POST")[0], 405)

    def test_where_no_token_is_wanted_none_is_sent(self):
        self.assertEqual([self.get()[0], self.get("a token")[0]], [200, 401])

    def test_boto3_takes_them(self):
        with Aws() as plain:  # http, as on loopback it may be
            plain.sts.container_token = "a token"
            provider = ContainerProvider({"AWS_CONTAINER_CREDENTIALS_FULL_URI": plain.container_uri,
                                          "AWS_CONTAINER_AUTHORIZATION_TOKEN": "a token"},
                                         ContainerMetadataFetcher(URLLib3Session(timeout=30)))
            keys = provider.load().get_frozen_credentials()
            self.assertEqual(plain.keys[keys.access_key].session_token, keys.token)
            self.assertEqual([(r.operation, r.status, r.is_taken) for r in plain.requests], [("container", 200, True)])


if __name__ == "__main__":
    main()
