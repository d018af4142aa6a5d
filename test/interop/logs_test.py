# SPDX-License-Identifier: Apache-2.0
"""The logs sink on the rig, against our CloudWatch Logs over TLS: what arrives is what stdout would print, the metrics
in it are the truth, what is missing is created, and whatever goes wrong loses nothing. Then against moto."""
import collections
import json
import pathlib
import re
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "e2e"))

from aws_faults import access_denied, failing, reset, reset_before, server_error, throttled  # noqa: E402
from aws_service import Aws  # noqa: E402
from aws_tls import Certificates  # noqa: E402
from aws_turns import Turns, turn_of  # noqa: E402
from harness import AVAILABLE, BINARY, COMMON, DATA, EXCEEDED, INSTANCE, OnRig, main, name_of  # noqa: E402
from moto_service import Moto  # noqa: E402

GROUP, POLICY = "/enawatch/metrics", "packaging/iam/logs.json"
PUT, CREATE_STREAM, CREATE_GROUP = "PutLogEvents", "CreateLogStream", "CreateLogGroup"
SAMPLES = ["-o", "sample.interval=100ms", "-o", "sample.budget=100"]  # on a busy machine, too
PACE = [*SAMPLES, "-o", "publish.period=1s"]
SLOW = [*SAMPLES, "-o", "publish.period=1h"]  # nothing to send before the end
DRAIN_S = 20
DAY_S = 86400
RECORDING_S = 1795255200  # 2026-11-21T10:00:00Z, at which the recording of the burst begins


class OnLogs(OnRig):
    @classmethod
    def setUpClass(cls):
        cls.certificates = Certificates()
        cls.addClassCleanup(cls.certificates.close)

    def setUp(self):
        super().setUp()
        self.aws = Aws(self.certificates.context())
        self.addCleanup(self.aws.stop)
        self.logs, self.metrics = self.aws.logs, self.aws.metrics

    def run_logs(self, *options, pace=PACE, **environment):
        arguments = ["run", *COMMON, *pace, "-o", "publish.sink=logs", "-o", "logs.spread=0s",
                     "-o", f"run.drain={DRAIN_S}s"]
        return self.bench.start(BINARY, *arguments, *(w for o in options for w in ("-o", o)), env={
            **self.aws.environment(self.certificates.ca), **environment})

    def play(self, *options, sink="logs"):
        """The recording of the burst, to its end."""
        recording = [f"sample.replay={DATA / 'burst'}", "publish.quiet_enis=send", f"publish.sink={sink}", *options]
        daemon = self.run_logs(*recording, pace=["-o", "publish.period=10s"])
        self.assertEqual(daemon.wait(60), 0, daemon)
        return daemon

    def messages(self, stream=INSTANCE, group=GROUP):
        return [event.message for event in self.logs.events(group, stream)]

    def documents(self):
        return [json.loads(message) for message in self.messages()]

    def refused(self):
        """What the documents say of documents that were refused."""
        return sum(d.get("self_documents_refused", 0) for d in self.documents())

    def has_events(self, n=1):
        """Until so many arrived, in the stream of the instance."""
        def count(aws):
            streams = aws.logs.groups[GROUP].streams if GROUP in aws.logs.groups else {}
            return len(streams.get(INSTANCE, [])) >= n
        return count

    def says(self, daemon, *texts):
        """How many lines of the log have them all."""
        return sum(all(text in line for text in texts) for line in daemon.log)

    def assert_truth(self, eni, moved, metric="pps_allowance_exceeded"):
        """Of the metrics that CloudWatch makes of the events."""
        of_instance = self.metrics.statistics("EnaWatch", metric, {"InstanceId": INSTANCE})
        of_eni = self.metrics.statistics("EnaWatch", metric, {"InstanceId": INSTANCE, "NetworkInterfaceId": eni.mac})
        self.assertEqual((of_instance.sum, of_eni.sum, of_eni.units), (moved, moved, {"Count"}))
        self.assertEqual([self.aws.violations, self.logs.emf_errors], [[], []])
        keys = list(map(name_of, self.documents()))
        self.assertEqual(len(keys), len(set(keys)), "a document came twice")

    def move_until(self, eni, predicate, timeout=30):
        """Moves a counter, once at least, until the service has seen it; by how much."""
        moved, end = 0, time.monotonic() + timeout
        while moved == 0 or not predicate(self.aws):
            self.assertLess(time.monotonic(), end, self.aws)
            eni.add(pps_allowance_exceeded=7)
            moved += 7
            time.sleep(0.1)
        return moved


class Arrives(OnLogs):
    def test_events_are_the_documents_that_stdout_prints(self):
        printed = self.play(sink="stdout").lines
        self.aws.clock_offset_s = RECORDING_S + 200 - time.time()  # clocks that are apart are no obstacle
        self.play()
        self.assertEqual(self.messages(), printed)
        self.assertGreater(len(printed), 30)
        for event in self.logs.events(GROUP, INSTANCE):
            self.assertEqual(event.time_ms, json.loads(event.message)["_aws"]["Timestamp"])
        self.assertEqual([self.aws.violations, self.logs.emf_errors], [[], []])
        worst = self.metrics.statistics("EnaWatch", "bw_out_allowance_exceeded", {"InstanceId": INSTANCE})
        self.assertEqual((worst.sum, worst.maximum), (48211, 48211))
        least = self.metrics.statistics("EnaWatch", AVAILABLE, {"InstanceId": INSTANCE})
        self.assertEqual(least.minimum, 135214)

    def test_what_has_waited_goes_out_in_batches_as_large_as_they_may_be(self):
        away = self.aws.fault(PUT, count=3, **server_error(503))
        self.aws.clock_offset_s = RECORDING_S + 200 - time.time()
        text = "\u00fc" * 250  # two bytes each
        ballast = [f"identity.property.ballast{i}={text}" for i in range(20)]
        daemon = self.play("publish.period=1s", *ballast)
        sizes = [sum(len(event["message"].encode()) + 26 for event in request.parameters["logEvents"])
                 for request in self.aws.asked(PUT, taken=True)]
        longest = max(len(message.encode()) for message in self.messages())
        self.assertGreater(sum(sizes), 3 << 20, "too little for this test")
        self.assertGreater(max(sizes), (1 << 20) - longest - 26)
        self.assertEqual([away.n_done, self.aws.violations, self.logs.emf_errors], [3, [], []])
        self.assertEqual([d["sequence"] for d in self.documents()], list(range(1, len(self.messages()) + 1)), daemon)

    def test_metrics_are_the_truth_and_what_is_missing_is_created(self):
        eni = self.bench.add("ens5")
        daemon = self.run_logs()
        self.wait_for_samples(daemon)
        moved = self.move_until(eni, self.has_events(4))
        self.assertEqual(daemon.stop(), 0, daemon)
        self.assert_truth(eni, moved)
        self.assertEqual({name for namespace, name, _ in self.metrics.names() if namespace == "EnaWatch"} &
                         set(EXCEEDED), set(EXCEEDED))
        asked = [(r.operation, r.code) for r in self.aws.requests if r.operation != PUT or not r.is_taken]
        absent = "ResourceNotFoundException"
        self.assertEqual(asked, [(PUT, absent), (CREATE_STREAM, absent), (CREATE_GROUP, None), (CREATE_STREAM, None)])
        self.assertEqual(self.says(daemon, "created log group", GROUP), 1, daemon)
        self.assertEqual(self.says(daemon, f"delivering to {self.aws.endpoint}"), 1, daemon)
        for request in self.aws.asked(PUT):
            self.assertEqual([request.headers["X-Amz-Target"], request.headers["Content-Type"],
                              request.headers["Content-Encoding"]],
                             ["Logs_20140328.PutLogEvents", "application/x-amz-json-1.1", None])
        self.assertEqual(len({r.peer for r in self.aws.requests}), 1, "one connection serves all")

    def test_what_is_there_is_not_created(self):
        eni = self.bench.add("ens5")
        self.logs.add_group("/x/y", "my stream")
        daemon = self.run_logs("publish.log_group=/x/y", "logs.stream=my stream")
        self.aws.wait_for(lambda a: a.count(PUT, taken=True) >= 2)
        self.assertEqual(daemon.stop(), 0, daemon)
        self.assertEqual([self.aws.count(CREATE_STREAM), self.aws.count(CREATE_GROUP)], [0, 0])
        self.assertGreaterEqual(len(self.messages("my stream", "/x/y")), 2)
        self.assertTrue(eni)

    def test_group_that_another_node_creates_meanwhile_is_fine(self):
        self.bench.add("ens5")
        aborted = self.aws.fault(CREATE_GROUP, count=1, **failing("OperationAbortedException"))
        daemon = self.run_logs()
        self.aws.wait_for(lambda a: aborted.n_done == 1)
        self.logs.add_group(GROUP, INSTANCE)
        self.aws.wait_for(self.has_events())
        self.assertEqual(daemon.stop(), 0, daemon)
        self.assertEqual(self.aws.violations, [])

    def test_without_an_instance_id_the_stream_is_the_host_name(self):
        self.bench.add("ens5")
        arguments = ["run", "-o", "identity.imds=off", *PACE, "-o", "publish.sink=logs", "-o", "logs.spread=0s"]
        daemon = self.bench.start(BINARY, *arguments, env=self.aws.environment(self.certificates.ca))
        self.aws.wait_for(lambda a: a.count(PUT, taken=True))
        self.assertEqual(daemon.stop(), 0, daemon)
        events = self.messages(re.sub(r"[:*]", "_", pathlib.Path("/proc/sys/kernel/hostname").read_text().strip()))
        self.assertEqual(json.loads(events[0])["unidentified"], ["InstanceId"])

    def test_last_window_arrives_before_the_end_however_long_the_spread(self):
        eni = self.bench.add("ens5")
        daemon = self.run_logs("logs.spread=30m", pace=SLOW)
        self.wait_for_samples(daemon)
        eni.add(pps_allowance_exceeded=7)
        self.wait_for_reads(daemon)
        began = time.monotonic()
        self.assertEqual(daemon.stop(2 * DRAIN_S), 0, daemon)
        self.assertLess(time.monotonic() - began, DRAIN_S - 5, daemon)
        self.assert_truth(eni, 7)

    def test_each_node_of_a_fleet_has_a_turn_of_its_own(self):
        self.bench.add("ens5")
        nodes = [f"i-{n:017x}" for n in range(4)]
        for node in nodes:
            self.run_logs("logs.spread=1s", f"identity.instance_id={node}", pace=[*SAMPLES, "-o", "publish.period=2s"])
        turns = Turns(2, 1, lambda request: max(e["timestamp"] for e in request.parameters["logEvents"]) / 1000)

        def sent_by(node):
            return [r for r in self.aws.asked(PUT, taken=True) if r.parameters["logStreamName"] == node]

        self.aws.wait_for(lambda _: all(turns.are_punctual(node, sent_by(node), 2) for node in nodes))
        for node in nodes:
            self.assertGreaterEqual(min(turns.delays(node, sent_by(node))), 0, node)
        self.assertGreater(max(map(turn_of, nodes)) - min(map(turn_of, nodes)), 0.2)


class GoesWrong(OnLogs):
    def test_faults_of_all_kinds_lose_nothing(self):
        eni = self.bench.add("ens5")
        daemon = self.run_logs()
        self.wait_for_samples(daemon)
        moved = 0
        for script in (reset_before(), reset(is_taken=False), server_error(503), server_error(502), throttled(),
                       throttled("LimitExceededException")):
            fault = self.aws.fault(PUT, count=4, **script)  # more than the client tries
            moved += self.move_until(eni, lambda a, f=fault: f.n_done == 4)
            n_taken = self.aws.count(PUT, taken=True)
            moved += self.move_until(eni, lambda a, n=n_taken: a.count(PUT, taken=True) > n)
        self.assertEqual(daemon.stop(), 0, daemon)
        self.assert_truth(eni, moved)
        self.assertEqual(self.says(daemon, "again after"), 6, daemon)
        self.assertEqual(self.says(daemon, "refused"), 0, daemon)

    def test_what_was_taken_without_an_answer_comes_again_and_is_counted(self):
        eni = self.bench.add("ens5")
        daemon = self.run_logs("publish.quiet_enis=send")
        self.aws.wait_for(self.has_events(4))
        fault = self.aws.fault(PUT, count=2, **reset(is_taken=True))
        self.aws.wait_for(lambda a: fault.n_done == 2)
        n = len(self.messages())
        self.aws.wait_for(self.has_events(n + 6))
        self.assertEqual(daemon.stop(), 0, daemon)
        keys = collections.Counter(map(name_of, self.documents()))
        doubled = [key for key, n in keys.items() if n > 1]
        told = {name_of(d): d.get("self_maybe_doubled", 0) for d in self.documents()}
        self.assertGreaterEqual(len(doubled), 1)
        self.assertEqual(sum(told.values()), len(doubled), daemon)
        self.assertTrue(eni)

    def test_service_that_is_away_gets_everything_later(self):
        eni = self.bench.add("ens5")
        daemon = self.run_logs()
        self.wait_for_samples(daemon)
        moved = self.move_until(eni, self.has_events(2))
        self.aws.stop()
        end = time.monotonic() + 3
        moved += self.move_until(eni, lambda a: time.monotonic() > end)
        self.aws.start()
        # The daemon counts a connection when its answer is there: the documents after it say so.
        daemon.wait_for(lambda d: self.says(d, "again after"), 20)
        n = len(self.messages())
        moved += self.move_until(eni, self.has_events(n + 8))
        self.assertEqual(daemon.stop(), 0, daemon)
        self.assert_truth(eni, moved)
        self.assertEqual(self.says(daemon, "cannot deliver to", "documents wait"), 1, daemon)
        self.assertEqual(self.says(daemon, "again after"), 1, daemon)
        self.assertEqual(sum(d.get("self_reconnects", 0) for d in self.documents()), 1, daemon)

    def test_group_that_is_deleted_is_created_again(self):
        eni = self.bench.add("ens5")
        daemon = self.run_logs()
        self.wait_for_samples(daemon)
        self.aws.wait_for(self.has_events(2))
        self.logs.remove_group(GROUP)
        moved = self.move_until(eni, self.has_events(4))
        self.assertEqual(daemon.stop(), 0, daemon)
        self.assert_truth(eni, moved)
        self.assertEqual(self.aws.count(CREATE_GROUP, taken=True), 2)

    def test_denied_action_is_named_and_tried_again(self):
        for operation in (PUT, CREATE_STREAM, CREATE_GROUP):
            with self.subTest(operation):
                self.logs.groups.clear()
                self.metrics.data.clear()
                action = f"logs:{operation}"
                denied = self.aws.fault(operation, **access_denied(action))
                eni = self.bench.add(f"e{len(self.bench.enis)}")
                daemon = self.run_logs(f"sample.interfaces={eni.name}")
                self.wait_for(daemon, eni)
                moved = self.move_until(eni, lambda a: denied.n_done >= 2)
                self.aws.heal()
                moved += self.move_until(eni, self.has_events(4))
                self.assertEqual(daemon.stop(), 0, daemon)
                self.assert_truth(eni, moved)
                self.assertEqual(self.says(daemon, f"needs the IAM action {action}", POLICY), 1, daemon)

    def wait_for(self, daemon, eni):
        end = time.monotonic() + 30
        while daemon.counts().get((eni.mac, "GSTATS"), 0) < 3:
            self.assertLess(time.monotonic(), end, daemon)
            time.sleep(0.05)

    def test_document_that_is_refused_takes_no_other_with_it(self):
        good, bad = self.bench.add("ens5"), self.bench.add("ens6")
        self.logs.refused_texts = [bad.mac]
        away = self.aws.fault("*", **server_error(503))
        daemon = self.run_logs("publish.quiet_enis=send")
        self.wait_for_samples(daemon)
        good.add(pps_allowance_exceeded=7)
        bad.add(pps_allowance_exceeded=5)
        self.aws.wait_for(lambda a: away.n_done >= 6)  # so that a batch has several of both
        self.aws.heal()
        self.aws.wait_for(self.has_events(12))
        self.logs.refused_texts = []
        n = len(self.messages())
        self.aws.wait_for(self.has_events(n + 6))
        self.assertEqual(daemon.stop(), 0, daemon)
        named = {"InstanceId": INSTANCE}
        self.assertEqual(self.metrics.statistics("EnaWatch", "pps_allowance_exceeded", named).sum, 12)
        self.assertEqual(self.metrics.statistics("EnaWatch", "pps_allowance_exceeded",
                                                 {**named, "NetworkInterfaceId": good.mac}).sum, 7)
        documents = self.documents()
        made = max(d["sequence"] for d in documents)
        arrived = collections.Counter(d["sequence"] for d in documents)
        self.assertEqual(set(arrived.values()), {1}, "some came twice")
        self.assertEqual(self.refused(), made - len(arrived), daemon)
        self.assertGreaterEqual(self.refused(), 3)
        self.assertGreaterEqual(self.says(daemon, "documents are refused for good", "InvalidParameterException"), 1)

    def test_what_is_too_old_is_refused_and_the_rest_taken(self):
        printed = self.play(sink="stdout").lines
        # Fourteen days after the middle of the recording, where time stands still: the first half is too old.
        middle_s = RECORDING_S + 55
        self.aws.now = lambda: middle_s + 14 * DAY_S
        daemon = self.play()
        times = [json.loads(line)["_aws"]["Timestamp"] for line in printed]
        expected = [line for line, ms in zip(printed, times) if ms > middle_s * 1000]
        self.assertEqual([line for line in self.messages() if line in expected], expected)
        self.assertEqual(self.messages(), expected)
        n_old = len(printed) - len(expected)
        said = sum(int(re.search(r"(\d+) of \d+ documents are refused", line)[1]) for line in daemon.log if "for good" in line)
        self.assertEqual(said, n_old, daemon)
        self.assertGreaterEqual(self.says(daemon, "older than 14 days"), 1, daemon)
        self.assertEqual(self.says(daemon, "lost"), 0, daemon)

    def test_what_was_accepted_already_is_taken(self):
        eni = self.bench.add("ens5")
        fault = self.aws.fault(PUT, count=2, **failing("DataAlreadyAcceptedException"))
        daemon = self.run_logs()
        self.wait_for_samples(daemon)
        self.aws.wait_for(self.has_events(2))
        self.assertEqual(daemon.stop(), 0, daemon)
        accepted = [json.loads(event["message"])["sequence"] for request in self.aws.asked(PUT)
                    if request.fault is fault for event in request.parameters["logEvents"]]
        self.assertEqual(accepted, list(range(1, len(accepted) + 1)), "sent again")
        self.assertEqual([fault.n_done, min(d["sequence"] for d in self.documents())], [2, len(accepted) + 1])
        self.assertEqual([self.says(daemon, "waits"), self.refused()], [0, 0], daemon)
        self.assertTrue(eni)

    def test_nothing_is_sent_to_whom_the_certificate_does_not_name(self):
        self.bench.add("ens5")
        self.aws.show(self.certificates.context("wrong host"))
        daemon = self.run_logs()
        daemon.wait_for(lambda d: self.says(d, "cannot deliver to"))
        self.aws.show(self.certificates.context())
        self.aws.wait_for(self.has_events(3), 20)
        self.assertEqual(daemon.stop(), 0, daemon)
        self.assertIn(1, [d["sequence"] for d in self.documents()])


class CommandLine(OnLogs):
    def test_stream_that_no_stream_may_be_is_refused(self):
        for name in ("a:b", "a*", "x" * 513, "\u00fc"):
            daemon = self.run_logs(f"logs.stream={name}")
            self.assertEqual(daemon.wait(), 78, daemon)
            self.assertTrue(self.says(daemon, "logs.stream", "1 to 512"), daemon)

    def test_check_says_where_and_with_which_keys_and_sends_nothing(self):
        self.bench.add("ens5")
        checked = self.bench.start(BINARY, "check", "--json", *COMMON, "-o", "publish.sink=logs",
                                   env=self.aws.environment(self.certificates.ca))
        checked.wait()
        sink = next(c for c in json.loads("".join(checked.lines))["checks"] if c["name"] == "sink")
        self.assertEqual(sink["status"], "warn", sink)
        self.assertIn(self.aws.endpoint, sink["text"])
        for text in ("logs:PutLogEvents", POLICY):
            self.assertIn(text, sink["remedy"])
        self.assertEqual(self.aws.requests, [])


class OnMoto(OnLogs):
    @staticmethod
    def allowed():
        """What the policy that we ship allows."""
        statements = json.loads((pathlib.Path(__file__).resolve().parents[2] / POLICY).read_text())["Statement"]
        listed = [s["Action"] if isinstance(s["Action"], list) else [s["Action"]] for s in statements]
        return [action for actions in listed for action in actions]

    def test_events_are_read_back_from_moto_by_what_our_policy_allows(self):
        with Moto(self.certificates.files(), self.certificates.ca) as moto:
            keys = moto.add_user(*self.allowed())
            moto.require_signatures()
            eni = self.bench.add("ens5")
            daemon = self.run_logs(AWS_ENDPOINT_URL=moto.endpoint, AWS_ACCESS_KEY_ID=keys.access_key_id,
                                   AWS_SECRET_ACCESS_KEY=keys.secret_access_key)
            self.wait_for_samples(daemon)
            eni.add(pps_allowance_exceeded=7)
            time.sleep(3)
            self.assertEqual(daemon.stop(), 0, daemon)
            events = moto.events(GROUP, INSTANCE)
        documents = [json.loads(message) for _, message in events]
        self.assertEqual([d["_aws"]["Timestamp"] for d in documents], [ms for ms, _ in events])
        self.assertEqual(sum(sum(d["pps_allowance_exceeded"]) for d in documents if "interface" in d), 7)
        self.assertEqual(sorted(d["sequence"] for d in documents), list(range(1, len(documents) + 1)), daemon)


if __name__ == "__main__":
    main()
