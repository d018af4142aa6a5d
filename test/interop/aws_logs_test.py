# SPDX-License-Identifier: Apache-2.0
"""Checks the stand-in for CloudWatch Logs, with boto3 as the client: groups and streams, what it takes and refuses on
either side of every limit, which events it leaves out, and the metrics it makes of EMF. Limits are those of the model
and its documentation, those of EMF of its specification."""
import collections
import gzip
import json
import time

from aws_harness import JSON_1_1, LOGS_TARGET, OnAws, main

DAY_MS, HOUR_MS, MINUTE_MS = 86_400_000, 3_600_000, 60_000
INVALID, ABSENT, EXISTS = "InvalidParameterException", "ResourceNotFoundException", "ResourceAlreadyExistsException"


def now_ms():
    return int(time.time() * 1000)


class OnLogs(OnAws):
    def setUp(self):
        super().setUp()
        self.logs = self.client("logs")
        self.aws.logs.add_group("g", "s")

    def put(self, *events, group="g", stream="s", **more):
        """Events are messages of now, or (milliseconds, message)."""
        events = [event if isinstance(event, tuple) else (now_ms(), event) for event in events]
        return self.logs.put_log_events(logGroupName=group, logStreamName=stream, logEvents=[
            {"timestamp": ms, "message": message} for ms, message in events], **more)

    def messages(self):
        return [event.message for event in self.aws.logs.events("g", "s")]


class Groups(OnLogs):
    def test_group_and_stream_must_be_created_first(self):
        def put():
            return self.put("text", group="new", stream="one")
        for create in (lambda: self.logs.create_log_group(logGroupName="new"),
                       lambda: self.logs.create_log_stream(logGroupName="new", logStreamName="one")):
            with self.refused(ABSENT):
                put()
            create()
            with self.refused(EXISTS):
                create()
        put()
        self.assertEqual([e.message for e in self.aws.logs.events("new", "one")], ["text"])
        with self.refused(ABSENT):
            self.logs.create_log_stream(logGroupName="none", logStreamName="one")
        self.assertEqual(self.violations(), [], "nobody can know beforehand")

    def test_they_can_go_away(self):
        self.put("text")
        self.aws.logs.remove_group("g")
        with self.refused(ABSENT):
            self.put("text")

    def test_names_have_limits(self):
        for name in ("a", "g" * 512, "/aws/x.y-z_#1"):
            self.logs.create_log_group(logGroupName=name)
        for name in ("", "h" * 513, "a b", "a:b", "\u00fc", "aws/x"):
            with self.refused(INVALID, about=name):
                self.logs.create_log_group(logGroupName=name)
        for name in ("a", "s" * 512, "\u00fc b/#"):
            self.logs.create_log_stream(logGroupName="g", logStreamName=name)
            self.put("text", stream=name)
        for name in ("", "t" * 513, "a:b", "a*"):
            with self.refused(INVALID, about=name):
                self.logs.create_log_stream(logGroupName="g", logStreamName=name)
            with self.refused(INVALID, about=name):
                self.put("text", stream=name)
        self.assertEqual(len(self.violations()), 6 + 4 * 2)


class Batches(OnLogs):
    def test_events_are_kept_as_they_came(self):
        ms = now_ms()
        self.assertNotIn("rejectedLogEventsInfo", self.put((ms, "one"), (ms, "\u00fc\U0001f600"), (ms + 1, '{"a": 1}')))
        self.put((ms - 5, "earlier"))
        self.assertEqual(self.aws.logs.events("g", "s"), [
            (ms, "one"), (ms, "\u00fc\U0001f600"), (ms + 1, '{"a": 1}'), (ms - 5, "earlier")])
        self.assertEqual([self.violations(), self.aws.requests[0].service], [[], "logs"])

    def test_their_number_has_a_limit(self):
        self.put(*["x"] * 10_000)
        for n in (0, 10_001):
            with self.refused(INVALID, about=n):
                self.put(*["x"] * n)

    def test_their_size_has_a_limit_of_bytes_and_26_more_for_each(self):
        self.put("x" * (1_048_576 - 26))
        self.put("\u00fc" * ((1_048_576 - 2 * 26) // 2 - 1), "ab")
        for events in (["x" * (1_048_576 - 25)], ["\u00fc" * ((1_048_576 - 2 * 26) // 2), "a"],
                       ["x" * (1_048_576 // 2 - 26), "x" * (1_048_576 // 2 - 25)], ["x" * 2_000_000]):
            with self.refused(INVALID, about=len(events)):
                self.put(*events)
        self.assertEqual(len(self.violations()), 4)

    def test_they_must_be_in_their_order(self):
        ms = now_ms()
        self.put((ms, "a"), (ms, "b"), (ms + 1, "c"))
        with self.refused(INVALID):
            self.put((ms, "a"), (ms - 1, "b"))

    def test_they_span_a_day_at_most(self):
        ms = now_ms()
        self.put((ms - DAY_MS, "a"), (ms, "b"))
        with self.refused(INVALID):
            self.put((ms - DAY_MS - 1, "a"), (ms, "b"))
        self.put((ms - 20 * DAY_MS, "one that is left out does not count"), (ms, "b"))

    def test_an_event_has_a_message_and_a_time(self):
        for event in ({"message": "", "timestamp": now_ms()}, {"message": "x", "timestamp": -1}, {"message": "x"},
                      {"timestamp": now_ms()}):
            with self.refused(INVALID, about=event):
                self.logs.put_log_events(logGroupName="g", logStreamName="s", logEvents=[event])

    def test_what_is_too_old_or_too_new_is_left_out(self):
        ms, old, new = now_ms(), now_ms() - 14 * DAY_MS - MINUTE_MS, now_ms() + 2 * HOUR_MS + MINUTE_MS
        answer = self.put((old, "a"), (old, "b"), (ms, "c"), (new - 2 * MINUTE_MS, "d"), (new, "e"), (new, "f"))
        self.assertEqual(answer["rejectedLogEventsInfo"], {"tooOldLogEventEndIndex": 2, "tooNewLogEventStartIndex": 4})
        self.assertEqual(self.messages(), ["c", "d"])
        answer = self.put((old + 2 * MINUTE_MS, "g"))
        self.assertNotIn("rejectedLogEventsInfo", answer)
        self.assertEqual(self.put((new, "h"))["rejectedLogEventsInfo"], {"tooNewLogEventStartIndex": 0})
        self.assertEqual(self.put((old, "i"))["rejectedLogEventsInfo"], {"tooOldLogEventEndIndex": 1})
        self.assertEqual([self.messages(), self.violations()], [["c", "d", "g"], []])

    def test_what_is_past_the_retention_of_the_group_is_left_out(self):
        self.aws.logs.add_group("g", "s", retention_days=1)
        ms = now_ms()
        answer = self.put((ms - DAY_MS - MINUTE_MS, "a"), (ms - DAY_MS + MINUTE_MS, "b"), (ms, "c"))
        self.assertEqual(answer["rejectedLogEventsInfo"], {"expiredLogEventEndIndex": 1})
        self.assertEqual(self.messages(), ["b", "c"])

    def test_gzip_is_taken_off(self):
        body = gzip.compress(json.dumps({"logGroupName": "g", "logStreamName": "s", "logEvents": [
            {"timestamp": now_ms(), "message": "zipped"}]}).encode())
        headers = {"X-Amz-Target": LOGS_TARGET, "Content-Type": JSON_1_1, "Content-Encoding": "gzip"}
        self.assertEqual(self.send(body, self.signed(body, headers, scope=("logs", "us-east-1")))[0], 200)
        self.assertEqual(self.messages(), ["zipped"])


def emf(metrics, dimensions=(("InstanceId",),), namespace="ENA", ms=None, **members):
    """A document with metrics by name; a value is a number or a list."""
    head = {"Timestamp": now_ms() if ms is None else ms, "CloudWatchMetrics": [{
        "Namespace": namespace, "Dimensions": [list(names) for names in dimensions],
        "Metrics": [{"Name": name, "Unit": "Count"} for name in metrics]}]}
    return {"_aws": head, "InstanceId": "i-1", **metrics, **members}


class Emf(OnLogs):
    def extracted(self, document):
        self.put(document if isinstance(document, str) else json.dumps(document))
        return self.aws.metrics.data

    def assert_invalid(self, document):
        n = len(self.aws.logs.emf_errors)
        self.assertEqual(self.extracted(document), [], document)
        self.assertEqual(len(self.aws.logs.emf_errors), n + 1, document)

    def test_each_number_is_a_data_point(self):
        ms = now_ms() - 5000
        self.extracted(emf({"pps": [0, 0, 7], "bw": 2.5}, ms=ms))
        pps = self.aws.metrics.statistics("ENA", "pps", {"InstanceId": "i-1"}, ms / 1000)
        self.assertEqual((pps.n_samples, pps.sum, pps.minimum, pps.maximum, pps.units), (3, 7, 0, 7, {"Count"}))
        self.assertEqual(pps.distribution, collections.Counter({0: 2, 7: 1}))
        self.assertEqual(self.aws.metrics.statistics("ENA", "bw", {"InstanceId": "i-1"}).sum, 2.5)
        self.assertEqual(self.aws.metrics.timestamps("ENA", "bw", {"InstanceId": "i-1"}), [ms / 1000])
        self.assertEqual([self.aws.logs.emf_errors, len(self.messages())], [[], 1])

    def test_each_set_of_dimensions_is_a_metric(self):
        self.extracted(emf({"m": 1}, dimensions=((), ("InstanceId",), ("InstanceId", "a")), a="b"))
        self.assertEqual(self.aws.metrics.names(), {("ENA", "m", frozenset(pairs)) for pairs in (
            (), {("InstanceId", "i-1")}, {("InstanceId", "i-1"), ("a", "b")})})

    def test_what_is_no_emf_is_a_log_event(self):
        for text in ("text", "{", '{"a": 1}', "[]"):
            self.assertEqual(self.extracted(text), [])
        self.assertEqual([self.aws.logs.emf_errors, len(self.messages())], [[], 4])

    def test_limits_inside(self):
        for document in (emf({f"m{i}": 1 for i in range(100)}), emf({"m": [1] * 100}), emf({"m" * 255: 1}),
                         emf({"m": 1}, dimensions=([f"d{i}" for i in range(30)],), **{f"d{i}": "v" for i in range(30)}),
                         emf({"m": 1}, InstanceId="v" * 1024), emf({"m": -2.0 ** 360}),
                         emf({"m": 1}, ms=now_ms() - 14 * DAY_MS + MINUTE_MS),
                         emf({"m": 1}, ms=now_ms() + 2 * HOUR_MS - MINUTE_MS)):
            self.put(json.dumps(document))
        self.assertEqual(self.aws.logs.emf_errors, [])
        self.assertEqual(len(self.aws.metrics.data), 100 + 100 + 6)

    def test_limits_outside(self):
        for document in (emf({f"m{i}": 1 for i in range(101)}), emf({"m": [1] * 101}), emf({"m" * 256: 1}),
                         emf({"m": 1}, dimensions=([f"d{i}" for i in range(31)],), **{f"d{i}": "v" for i in range(31)}),
                         emf({"m": 1}, InstanceId="v" * 1025), emf({"m": 2.0 ** 361}), emf({"m": "1"}),
                         emf({"m": [1, "1"]}), emf({"m": True}), emf({"m": None}), emf({"m": {"Values": [1]}}),
                         emf({"m": 1}, InstanceId=1), emf({"m": 1}, InstanceId=""), emf({"m": 1}, namespace=""),
                         emf({"m": 1}, namespace="AWS/x"), emf({"m": 1}, namespace="n" * 256),
                         emf({"m": 1}, dimensions=()), emf({"m": 1}, dimensions=(("none",),)),
                         emf({"m": 1}, ms=now_ms() - 14 * DAY_MS - MINUTE_MS),
                         emf({"m": 1}, ms=now_ms() + 2 * HOUR_MS + MINUTE_MS), emf({"m": 1}, ms="1"),
                         emf({"m": 1}, ms=now_ms() + 0.5), {**emf({"m": 1}), "_aws": 1}, {"_aws": {}},
                         {"_aws": {"Timestamp": now_ms(), "CloudWatchMetrics": {}}},
                         {"_aws": {"Timestamp": now_ms(), "CloudWatchMetrics": [1]}},
                         json.dumps(emf({"m": 1})) + "x", json.dumps(emf({"m": 1})).replace('"m": 1', '"m": NaN'),
                         json.dumps(emf({"m": 1}))[:-1] + ', "m": 2}'):
            self.assert_invalid(document)

    def test_units_and_resolutions_are_those_of_cloudwatch(self):
        for unit, resolution, is_good in (("Count/Second", 1, True), ("None", 60, True), ("Packets", 60, False),
                                          ("Count", 30, False), ("Count", 0, False)):
            document = emf({"m": 1})
            document["_aws"]["CloudWatchMetrics"][0]["Metrics"] = [{"Name": "m", "Unit": unit,
                                                                    "StorageResolution": resolution}]
            self.aws.metrics.data.clear()
            if is_good:
                self.assertEqual([(d.unit, d.resolution) for d in self.extracted(document)], [(unit, resolution)])
            else:
                self.assert_invalid(document)

    def test_an_event_that_is_left_out_is_no_metric(self):
        self.put((now_ms() - 15 * DAY_MS, json.dumps(emf({"m": 1}))))
        self.assertEqual([self.aws.metrics.data, self.aws.logs.emf_errors], [[], []])


if __name__ == "__main__":
    main()
