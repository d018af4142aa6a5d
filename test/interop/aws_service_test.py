# SPDX-License-Identifier: Apache-2.0
"""Checks the stand-in for CloudWatch, with boto3 as the client: what it takes, what it refuses on either side of
every limit, and what it says it would return. Limits are those of the model and its documentation; statistics are
worked out by hand."""
import collections
import gzip
import json
import math
import time

from aws_harness import JSON_1_0, TARGET, OnAws, datum, main

DAY_S, HOUR_S = 86400, 3600
BIGGEST = 2.0 ** 360
BEYOND = math.nextafter(BIGGEST, math.inf)
ENTITY = {"KeyAttributes": {"Type": "AWS::Resource", "ResourceType": "AWS::EC2::Instance", "Identifier": "i-1"}}
INVALID, MISSING, COMBINATION = "InvalidParameterValue", "MissingParameter", "InvalidParameterCombination"


def dimensions(*pairs):
    return [{"Name": name, "Value": value} for name, value in pairs]


def call(*data, **more):
    """A whole PutMetricData."""
    return {"Namespace": "N", "MetricData": list(data), **more}


def statistic_set(n=1, total=1, minimum=1, maximum=1):
    return {"SampleCount": n, "Sum": total, "Minimum": minimum, "Maximum": maximum}


class OnCloudWatch(OnAws):
    def setUp(self):
        super().setUp()
        self.cloudwatch = self.client("cloudwatch")

    def put(self, *data, **more):
        return self.cloudwatch.put_metric_data(**call(*data, **more))

    def assert_taken(self, *calls):
        for one in calls:
            self.cloudwatch.put_metric_data(**one)
            self.assertTrue(self.aws.requests[-1].is_taken, one)
            self.assertEqual(self.violations(), [], one)

    def assert_refused(self, code, *calls):
        for one in calls:
            with self.refused(code, about=str(one)[:300]):
                self.cloudwatch.put_metric_data(**one)
            self.assertEqual(len(self.violations()), 1, one)
            self.aws.violations.clear()


class Taken(OnCloudWatch):
    def test_what_is_put_is_there(self):
        now = int(time.time())
        self.put(datum("m", Dimensions=dimensions(("a", "b"), ("c", "d")), Values=[1, 2.5, -4], Counts=[3, 2, 1],
                       Unit="Count", Timestamp=now))
        statistics = self.aws.metrics.statistics("N", "m", {"c": "d", "a": "b"}, now)
        self.assertEqual((statistics.n_samples, statistics.sum, statistics.minimum, statistics.maximum),
                         (6, 3 + 5 - 4, -4, 2.5))
        self.assertEqual(statistics.distribution, collections.Counter({1: 3, 2.5: 2, -4: 1}))
        self.assertEqual((statistics.units, statistics.n_datums), ({"Count"}, 1))
        self.assertEqual(self.aws.metrics.names(), {("N", "m", frozenset({("a", "b"), ("c", "d")}))})
        for other in (("M", "m", {"a": "b", "c": "d"}), ("N", "n", {"a": "b", "c": "d"}), ("N", "m", {"a": "b"}),
                      ("N", "m", {"a": "b", "c": "d", "e": "f"}), ("N", "m", None)):
            self.assertIsNone(self.aws.metrics.statistics(*other), other)
        self.assertEqual(self.violations(), [])

    def test_data_points_of_a_period_are_put_together(self):
        minute = int(time.time()) // 60 * 60 - 600
        for seconds, value in ((0, 1), (59, 2), (60, 4), (-1, 8)):
            self.put(datum(Value=value, Timestamp=minute + seconds))
        sums = [self.aws.metrics.statistics("N", "m", None, minute + 60 * i) for i in (-2, -1, 0, 1, 2)]
        self.assertEqual([one and (one.sum, one.n_samples, one.n_datums) for one in sums],
                         [None, (8, 1, 1), (3, 2, 2), (4, 1, 1), None])
        self.assertEqual(self.aws.metrics.statistics("N", "m").sum, 15)
        self.assertEqual(self.aws.metrics.statistics("N", "m", None, minute + 59, period=1).sum, 2)
        self.assertEqual(self.aws.metrics.timestamps("N", "m"), [minute - 1, minute, minute + 59, minute + 60])

    def test_a_statistic_set_hides_the_distribution_unless_all_values_are_one(self):
        of_one = {"SampleCount": 4, "Sum": 12, "Minimum": 3, "Maximum": 3}
        self.put(datum("same", StatisticValues=of_one))
        self.assertEqual(self.aws.metrics.statistics("N", "same").distribution, {3: 4})
        self.put(datum("many", StatisticValues={"SampleCount": 4, "Sum": 12, "Minimum": 1, "Maximum": 8}))
        self.put(datum("many", Value=9))
        many = self.aws.metrics.statistics("N", "many")
        self.assertEqual((many.n_samples, many.sum, many.minimum, many.maximum, many.distribution),
                         (5, 21, 1, 9, None))

    def test_gzip_is_taken_off(self):
        self.put(datum("m" * 200))
        plain = self.client("cloudwatch", disable_request_compression=True)
        plain.put_metric_data(Namespace="N", MetricData=[datum("m" * 200)])
        zipped, other = self.aws.requests
        self.assertEqual([r.headers.get("Content-Encoding") for r in (zipped, other)], ["gzip", None])
        self.assertEqual([gzip.decompress(zipped.raw), other.raw], [zipped.body, other.body])
        self.assertEqual(zipped.parameters["MetricData"][0]["MetricName"], "m" * 200)
        self.assertEqual(self.aws.metrics.statistics("N", "m" * 200).sum, 2)

    def test_every_request_is_recorded(self):
        begin = time.time()
        self.put(datum())
        with self.refused("InvalidParameterValue"):
            self.put(datum(""))
        requests = self.aws.requests
        self.assertEqual([(r.method, r.path, r.service, r.operation, r.status, r.code, r.is_taken, r.access_key_id)
                          for r in requests],
                         [("POST", "/", "cloudwatch", "PutMetricData", 200, None, True, "AKIDEXAMPLE"), (
                             "POST", "/", "cloudwatch", "PutMetricData", 400, "InvalidParameterValue", False,
                             "AKIDEXAMPLE")])
        self.assertTrue(begin <= requests[0].time <= requests[1].time <= time.time())
        self.assertEqual(requests[0].headers["x-amz-target"], TARGET)
        self.assertEqual([requests[0].peer, self.aws.n_connections], [requests[1].peer, 1], "one connection for both")
        self.assertEqual([self.aws.count(), self.aws.count("PutMetricData", taken=True), self.aws.count(status=400),
                          self.aws.count(code="InvalidParameterValue"), self.aws.count("PutLogEvents")],
                         [2, 1, 1, 1, 0])
        with self.assertRaises(TimeoutError):
            self.aws.wait_for(lambda a: a.count() > 2, 0.1)


class Limits(OnCloudWatch):
    def test_of_namespaces(self):
        self.assert_taken(*(call(datum(), Namespace=text) for text in (
            "N", "n" * 255, "a:b", "AWS", "aws/x", "a b!/#")))
        self.assert_refused(INVALID, *(call(datum(), Namespace=text) for text in (
            "", "n" * 256, ":a", "AWS/x", "a\x1fb", "a\x7f", "\u00fc", " ")))

    def test_of_names(self):
        self.assert_taken(*(call(datum(text)) for text in ("m", "m" * 255, ":m", " m", "~")))
        self.assert_refused(INVALID, *(call(datum(text)) for text in ("", "m" * 256, "a\nb", "\u00fc", "  ")))

    def test_of_dimensions(self):
        def of(*pairs):
            return call(datum(Dimensions=dimensions(*pairs)))
        thirty = [(f"d{i}", "v") for i in range(30)]
        self.assert_taken(of(), of(*thirty), of(("n" * 255, "v" * 1024)), of(("n:", ":v"), (" n", " v ")))
        self.assert_refused(INVALID, of(*thirty, ("d30", "v")), *map(of, (
            ("", "v"), ("n" * 256, "v"), (":n", "v"), ("  ", "v"), ("n\t", "v"), ("\u00fc", "v"), ("n", ""),
            ("n", "v" * 1025), ("n", " "), ("n", "v\x00"), ("n", "\u00fc"))))
        self.put(datum(Dimensions=dimensions(("n", "1"), ("n", "2"))))
        self.assertIn("twice", self.violations()[0], "AWS is not known to refuse it")

    def test_of_values(self):
        values = [float(i) for i in range(151)]
        self.assert_taken(*map(call, (
            datum(Values=values[:150]), datum(Values=values[:150], Counts=values[1:]), datum(Value=BIGGEST),
            datum(Value=-BIGGEST), datum(Values=[BIGGEST, -BIGGEST, 0]), datum(Value=5e-324),
            datum(StatisticValues=statistic_set(2, 3, 1, 2)),
            datum(StatisticValues=statistic_set(1, *[-BIGGEST] * 3)))))
        self.assert_refused(INVALID, *map(call, (
            datum(Values=values), datum(Values=[]), datum(Values=[1, 2], Counts=[1]), datum(Values=[1], Counts=[]),
            datum(Value=BEYOND), datum(Value=-BEYOND), datum(Values=[1, BEYOND]), datum(Values=[1], Counts=[BEYOND]),
            datum(StatisticValues=statistic_set(1, *[BEYOND] * 3)))))
        self.assert_refused(COMBINATION, *map(call, (
            datum(Value=1, Values=[1]), datum(Value=1, Counts=[1]), datum(Value=1, StatisticValues=statistic_set()),
            datum(Values=[1], StatisticValues=statistic_set()))))

    def test_of_what_must_be_there(self):
        whole = statistic_set()
        self.assert_refused(MISSING, call(datum(None)), call(datum(Value=None)), call(datum(Value=None, Counts=[1])),
                            call(datum(Dimensions=[{"Name": "n"}])), call(datum(Dimensions=[{"Value": "v"}])), call(),
                            {"MetricData": [datum()]}, {"Namespace": "N"}, *(call(datum(StatisticValues={
                                other: whole[other] for other in whole if other != name})) for name in whole))
        begin = time.time()
        self.put(datum(Timestamp=None))
        self.assertIn("Timestamp", self.violations()[0], "CloudWatch takes its own")
        self.assertTrue(begin <= self.aws.metrics.timestamps("N", "m")[0] <= time.time())

    def test_of_units_and_resolutions(self):
        self.assert_taken(*(call(datum(Unit=unit)) for unit in (
            "Seconds", "Bytes", "Percent", "Count", "Bytes/Second", "Count/Second", "None")),
            call(datum(StorageResolution=1)), call(datum(StorageResolution=60)))
        self.assert_refused(INVALID, *(call(datum(Unit=unit)) for unit in ("Packets", "count", "")), *(
            call(datum(StorageResolution=seconds)) for seconds in (-1, 0, 2, 59, 61, 300)))

    def test_of_times(self):
        now = int(time.time())
        self.assert_taken(*(call(datum(Timestamp=now + s)) for s in (-14 * DAY_S + 60, 0, 2 * HOUR_S - 60)))
        self.assert_refused(INVALID, *(call(datum(Timestamp=now + s)) for s in (-14 * DAY_S - 60, 2 * HOUR_S + 60)))
        self.aws.clock_offset_s, self.aws.rules.tolerance_s = 3 * HOUR_S, DAY_S
        self.assert_taken(call(datum(Timestamp=now + 5 * HOUR_S - 60)))
        self.assert_refused(INVALID, call(datum(Timestamp=now + 5 * HOUR_S + 60)))

    def test_of_how_many_metrics(self):
        def split(n, *of_entities):
            return call(*[datum()] * n, StrictEntityValidation=True, EntityMetricData=[
                {"Entity": ENTITY, "MetricData": [datum()] * k} for k in of_entities])
        self.assert_taken(call(*[datum()] * 1000), split(500, 300, 200))
        self.assert_refused(INVALID, call(*[datum()] * 1001), split(500, 300, 201))
        self.assertEqual(self.aws.metrics.statistics("N", "m").sum, 2000)

    def test_of_the_size_of_a_post(self):
        body = json.dumps(call(datum())).encode()
        self.assertEqual(self.send_json(body.ljust(1_000_000)), (200, "", b""))
        self.assertEqual(self.send_json(body.ljust(1_000_001))[:2], (413, "RequestEntityTooLargeException"))
        zipped = self.signed(packed := gzip.compress(body.ljust(2_000_000)), {
            "X-Amz-Target": TARGET, "Content-Type": JSON_1_0, "Content-Encoding": "gzip"})
        self.assertEqual(self.send(packed, zipped)[0], 200, "it is what is sent that counts")
        self.assertEqual(self.aws.metrics.statistics("N", "m").sum, 2)

    def test_one_bad_data_point_fails_them_all(self):
        with self.refused(INVALID):
            self.put(datum("a"), datum("b", Value=BEYOND), datum("c"), datum("d", Unit="x"))
        self.assertIsNone(self.aws.metrics.statistics("N", "a"))
        self.assertIn("MetricData.member.2.Value", self.violations()[0])

    def test_the_message_names_every_data_point_that_is_refused(self):
        self.aws.metrics.refused_names = ["bad*"]
        with self.assertRaises(self.cloudwatch.exceptions.InvalidParameterValueException) as caught:
            self.put(datum("good"), datum("bad"), datum("ill"), datum("bad2"))
        message = caught.exception.response["Error"]["Message"]
        self.assertEqual([line.split(":")[0] for line in message.split("\n")], [
            "The parameter MetricData.member.2.MetricName", "The parameter MetricData.member.4.MetricName"])
        self.assertEqual(self.violations(), [], "the test wanted it so")
        self.put(datum("good"))

    def test_what_makes_no_sense_is_a_violation_even_where_it_is_taken(self):
        odd = [datum(Values=[1, 1]), datum(Values=[1], Counts=[0]), datum(Values=[1], Counts=[-1]),
               datum(StatisticValues=statistic_set(0, 0)), datum(StatisticValues=statistic_set(2, 5, 1, 2)),
               datum(StatisticValues=statistic_set(2, 1, 1, 2)), datum(StatisticValues=statistic_set(1, 1, 2, 1))]
        for one in odd:
            self.put(one)
            self.assertEqual(len(self.violations()), 1, one)
            self.aws.violations.clear()
        self.put(datum(StatisticValues=statistic_set(10, 0.1 * 3 * 10, 0.3, 0.3)))
        self.put(datum(StatisticValues=statistic_set(3, -3e300 / 1e300, -1, -1)))
        self.assertEqual(self.violations(), [], "sums are rounded")


class Bodies(OnCloudWatch):
    """By hand: boto3 would not send them."""

    def test_json_must_be_json(self):
        good = json.dumps(call(datum()))
        for text in ("", "{", "[]", "null", good + "x", good.replace("1.0", "NaN"), good.replace("1.0", "Infinity"),
                     good.replace("1.0", "1.0,"), good[:-1] + ', "Namespace": "N"}', "[" * 100_000,
                     good.replace('"N"', '"\udcff"')):
            sent = self.send_json(text.encode("utf-8", "surrogateescape"))
            self.assertEqual(sent[:2], (400, "SerializationException"), text[:200])
        self.assertEqual(len(self.violations()), 11)

    def test_values_have_types(self):
        for member, value in (("Value", '"1"'), ("Value", '"NaN"'), ("Value", "true"), ("Value", "null"),
                              ("Value", "[1]"), ("Timestamp", '"2026-01-01T00:00:00Z"'), ("Timestamp", "true"),
                              ("MetricName", "1"), ("StorageResolution", "60.0"), ("Dimensions", "{}"),
                              ("Values", "1"), ("Values", '["1"]'), ("Unit", "1"), ("StatisticValues", "[]")):
            one = {**datum(), member: "@"}
            sent = self.send_json(json.dumps(call(one)).replace('"@"', value).encode())
            self.assertEqual(sent[:2], (400, "SerializationException"), (member, value))
        self.assertEqual(self.send_json(json.dumps(call(datum(Value=1e400))).replace("Infinity", "1e400").encode())[:2],
                         (400, "InvalidParameterValueException"), "beyond what a double can hold")

    def test_members_that_nobody_knows_are_passed_over_but_wrong(self):
        self.assertEqual(self.send_json(json.dumps(call({**datum(), "Name": "m"}, Color="red")).encode())[0], 200)
        self.assertEqual(len(self.violations()), 2)
        self.assertEqual(self.aws.metrics.statistics("N", "m").sum, 1)

    def test_gzip_must_be_gzip(self):
        good, body = gzip.compress(b"{}"), json.dumps(call(datum())).encode()
        for encoding, packed in (("gzip", body), ("gzip", good[:-1]), ("gzip", good + b"x"), ("deflate", body),
                                 ("gzip", good[:-8] + bytes(8)), ("gzip", b"")):
            headers = {"X-Amz-Target": TARGET, "Content-Type": JSON_1_0, "Content-Encoding": encoding}
            sent = self.send(packed, self.signed(packed, headers))
            expected = (400, "SerializationException" if packed == b"" else "MalformedHttpRequestException")
            self.assertEqual(sent[:2], expected, (encoding, packed[:20]))

    def test_only_the_right_type_target_method_and_path_find_an_operation(self):
        body = json.dumps(call(datum())).encode()
        for changes in ({"Content-Type": "application/json"}, {"Content-Type": "application/x-amz-json-1.1"},
                        {"Content-Type": JSON_1_0 + "; charset=utf-8"}, {"X-Amz-Target": TARGET + "2"},
                        {"X-Amz-Target": "Logs_20140328.PutMetricData"}, {"X-Amz-Target": ""}):
            headers = {"X-Amz-Target": TARGET, "Content-Type": JSON_1_0, **changes}
            sent = self.send(body, self.signed(body, headers))
            self.assertEqual(sent[:2], (404, "UnknownOperationException"), changes)
        headers = self.signed(body, TARGET)
        for where in ({"method": "PUT"}, {"path": "/x"}, {"path": "/?a"}, {"method": "GET"}):
            self.assertEqual(self.send(body, headers, **where)[:2], (404, "UnknownOperationException"), where)
        self.assertEqual([len(self.violations()), self.aws.count(taken=True)], [10, 0])

    def test_a_body_must_tell_its_length(self):
        headers = self.signed(b"{}", TARGET)
        for more in ({"Transfer-Encoding": "chunked", "Content-Length": "2"}, {"Transfer-Encoding": "chunked"},
                     {"Content-Length": "-1"}, {"Content-Length": "x"},
                     {"Content-Length": str(1 << 40)}):
            sent = self.send(None, {**headers, **more})
            self.assertEqual(sent[:2], (400, "MalformedHttpRequestException"), more)


class Errors(OnCloudWatch):
    def test_the_codes_of_the_query_protocol_come_with_the_query_mode_only(self):
        body = json.dumps(call(datum(""))).encode()
        for mode, expected in ((None, None), ("false", None), ("true", "InvalidParameterValue;Sender")):
            connection = self.connect()
            headers = {"X-Amz-Target": TARGET, "Content-Type": JSON_1_0}
            headers.update({"x-amzn-query-mode": mode} if mode else {})
            connection.request("POST", "/", body, self.signed(body, headers))
            response = connection.getresponse()
            self.assertEqual(response.headers["x-amzn-query-error"], expected)
            self.assertEqual(json.loads(response.read())["__type"],
                             "com.amazonaws.cloudwatch#InvalidParameterValueException")

    def test_answers_say_when_and_which(self):
        answer = self.put(datum())["ResponseMetadata"]
        self.assertEqual(answer["RequestId"], answer["HTTPHeaders"]["x-amzn-requestid"])
        self.assertEqual(answer["HTTPHeaders"]["content-type"], JSON_1_0)
        self.assertIn("GMT", answer["HTTPHeaders"]["date"])


class Entities(OnCloudWatch):
    def put_entity(self, entity, is_strict=True, n=1):
        return self.cloudwatch.put_metric_data(Namespace="N", StrictEntityValidation=is_strict, EntityMetricData=[
            {"Entity": entity, "MetricData": [datum()]}] * n)

    def test_data_points_can_have_an_entity(self):
        self.put_entity(ENTITY, n=2)
        self.put_entity({**ENTITY, "Attributes": {f"a{i}": "v" * 2048 for i in range(10)}})
        self.assertEqual([json.loads(d.entity) for d in self.aws.metrics.data[:2]], [ENTITY, ENTITY])
        self.assertEqual((self.violations(), self.aws.metrics.statistics("N", "m").sum), ([], 3))

    def test_whether_it_must_be_a_good_one_has_to_be_said(self):
        with self.refused(MISSING):
            self.cloudwatch.put_metric_data(Namespace="N", EntityMetricData=[{"Entity": ENTITY,
                                                                              "MetricData": [datum()]}])

    def test_a_bad_one_fails_all_when_it_is_to_and_else_only_itself(self):
        keys = ENTITY["KeyAttributes"]
        for code, entity in (
                ("InvalidEntity", {}), ("InvalidKeyAttributes", {"KeyAttributes": {"Type": "Service"}}),
                ("InvalidKeyAttributes", {"KeyAttributes": {**keys, "Name": "n", "Environment": "e"}}),
                ("InvalidKeyAttributes", {"KeyAttributes": {**keys, "Color": "red"}}),
                ("InvalidKeyAttributes", {"KeyAttributes": {**keys, "Name": "n" * 2049}}),
                ("InvalidAttributes", {**ENTITY, "Attributes": {f"a{i}": "v" for i in range(11)}}),
                ("InvalidAttributes", {**ENTITY, "Attributes": {"a" * 257: "v"}}),
                ("MissingRequiredFields", {"KeyAttributes": {"Name": "n", "Environment": "e"}})):
            with self.refused(INVALID, about=entity):
                self.put_entity(entity)
            self.aws.metrics.data.clear()
            answer = self.put_entity(entity, is_strict=False)
            self.assertEqual(answer["ResponseMetadata"]["HTTPHeaders"]["x-amzn-failure-message"], code, entity)
            self.assertEqual([(d.entity, d.sum) for d in self.aws.metrics.data], [(None, 1)])
        answer = self.put_entity(ENTITY, is_strict=False, n=3)
        self.assertEqual(answer["ResponseMetadata"]["HTTPHeaders"]["x-amzn-failure-message"], "EntitySizeTooLarge")


if __name__ == "__main__":
    main()
