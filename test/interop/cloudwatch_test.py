# SPDX-License-Identifier: Apache-2.0
"""The unmodified daemon publishes to CloudWatch itself: what arrives at the stand-in is exactly what the counters of
the rig did, whatever goes wrong on the way, and the log says what it is."""
import collections
import time

from aws_faults import (access_denied, empty_error, expired_token, failing, html_error, no_http, redirect, reset,
                        server_error, throttled, xml_error)
from aws_turns import Turns, turn_of
from cloudwatch_harness import (EXCEEDED, INSTANCE, LINKLOCAL, NAMESPACE, OF_INSTANCE, PATIENT, PPS, OnCloudWatch,
                                complaints, main)

AGAIN = r"cloudwatch: delivering to \S+ again after \S+: nothing of what waited is lost"
DOUBLED = "self_maybe_doubled"
WITH_DOUBLED = f"publish.metrics=default, {DOUBLED}"

NAMES = [f"i-0123456789abcdef{i}" for i in range(10)]
MISSED = "self_ticks_missed"


def windows_of(request):
    """When those began that a request has data of."""
    return {datum["Timestamp"] for datum in request.parameters["MetricData"]}


class Published(OnCloudWatch):
    def step(self, daemon, eni, **counters):
        """One movement for one sample. The first read may have been under way already."""
        eni.add(**counters)
        self.wait_for_reads(daemon, 2)

    def test_sums_counts_extremes_and_distributions_are_those_of_the_samples(self):
        daemon, first = self.started()
        for n in (5, 7, 5, 900000):
            self.step(daemon, first, pps_allowance_exceeded=n)
        second = self.bench.add("ens9")  # hot plug
        self.wait_for_reads(daemon, 2)
        for n in (3, 3):
            self.step(daemon, second, linklocal_allowance_exceeded=n)
        self.step(daemon, first, conntrack_allowance_available=-1000)
        self.wait_for_reads(daemon, 2)
        self.stop(daemon)
        self.assert_whole(daemon)
        found = self.statistics(PPS)
        self.assertEqual((found.sum, found.minimum, found.maximum, found.units), (900017, 0, 900000, {"Count"}))
        moving = collections.Counter({value: n for value, n in found.distribution.items() if value})
        self.assertEqual(moving, {5: 2, 7: 1, 900000: 1}, daemon)
        self.assertEqual(sum(found.distribution.values()), found.n_samples)
        of_second = self.statistics(LINKLOCAL, second)
        self.assertEqual((of_second.sum, of_second.minimum, of_second.maximum, of_second.distribution[3]), (6, 0, 3, 2))
        available = self.statistics("conntrack_allowance_available")
        self.assertEqual((available.minimum, available.maximum), (135000, 136000))

    def test_every_sample_is_counted_once(self):
        daemon, eni = self.started(f"publish.metrics=default, {MISSED}")
        self.wait_for_delivery(daemon, 2)
        self.stop(daemon)
        reads = daemon.counts()[(eni.mac, "GSTATS")]
        # The first is what the others are counted from.
        self.assertEqual({self.statistics(metric).n_samples for metric in EXCEEDED}, {reads - 1}, daemon)
        stamps = self.aws.metrics.timestamps(NAMESPACE, PPS, OF_INSTANCE)
        self.assertEqual([stamp % 1 for stamp in stamps], [0] * len(stamps))
        n_absent = int(stamps[-1] - stamps[0]) + 1 - len(stamps)
        self.assertLessEqual(10 * n_absent, self.total(MISSED), "a window without a sample has missed ten")

    def test_requests_are_compressed_and_few(self):
        daemon, _ = self.started()
        self.wait_for_delivery(daemon, 2)
        self.stop(daemon)
        self.assertEqual({r.headers["Content-Encoding"] for r in self.aws.requests}, {"gzip"})
        self.assertEqual(len({r.peer for r in self.aws.requests}), 1, "one connection is kept")
        n_requests = collections.Counter(stamp for r in self.aws.requests for stamp in windows_of(r))
        self.assertEqual(set(n_requests.values()), {1}, "one request for a window, and what waits goes together")
        self.assert_said_once(daemon, f"cloudwatch: delivering to {self.aws.endpoint}$")
        self.assert_said_once(daemon, f"cloudwatch: CloudWatch at {self.aws.endpoint}, region us-east-1$")
        self.assertEqual(complaints(daemon), [], daemon)

    def test_the_end_comes_at_once_however_long_the_turn_would_be(self):
        """At the beginning of a period of twenty seconds, of which half is waited."""
        name = next(name for name in NAMES if turn_of(name) > 0.9)
        eni = self.bench.add("ens5")
        daemon = self.publish(f"identity.instance_id={name}",
                              pace=("sample.interval=100ms", "publish.period=20s", "cloudwatch.spread=10s", *PATIENT))
        self.wait_for_samples(daemon)
        eni.add(pps_allowance_exceeded=11)
        self.wait_for_reads(daemon, 2)
        time.sleep((0.3 - time.time()) % 20)
        self.stop(daemon)
        self.assertLess(time.time() % 20, 10 * turn_of(name), daemon)
        found = self.aws.metrics.statistics(NAMESPACE, PPS, {"InstanceId": name})
        self.assertEqual(found.sum, 11, daemon)

    def test_a_start_goes_on_where_the_last_one_ended(self):
        daemon, eni = self.started()
        for n in (2, 40, 500):
            eni.add(pps_allowance_exceeded=n)
            self.wait_for_reads(daemon, 2)
            self.stop(daemon)
            daemon = self.publish()
            self.wait_for_samples(daemon)
        self.stop(daemon)
        self.assert_whole(daemon)
        self.assertEqual(self.total(PPS), 542)

    def test_a_node_has_its_turn_in_each_period(self):
        """In the first half of a window of two seconds, at places that are apart."""
        self.bench.add("ens5")
        early, late = min(NAMES, key=turn_of), max(NAMES, key=turn_of)
        turns = Turns(2, 1, lambda request: max(windows_of(request)))
        for name in (early, late):
            self.aws.requests.clear()
            daemon = self.publish(f"identity.instance_id={name}",
                                  pace=("sample.interval=100ms", "publish.period=2s", "cloudwatch.spread=10s"))
            self.aws.wait_for(lambda aws: turns.are_punctual(name, aws.asked("PutMetricData", taken=True), 3))
            daemon.kill()
            self.assertGreaterEqual(min(turns.delays(name, self.aws.asked("PutMetricData", taken=True))), 0, name)
        self.assertGreater(turn_of(late) - turn_of(early), 0.8)


class Setbacks(OnCloudWatch):
    """Each is said once, ends, and costs nothing."""

    def arrive(self, daemon, eni):
        """A first movement arrives, and the daemon knows: an answer that is cut would let it come twice."""
        eni.add(pps_allowance_exceeded=3)
        self.aws.wait_for(lambda _: self.total(PPS) == 3)
        self.wait_for_delivery(daemon)

    def survive(self, said, *options, script=None, **named):
        """The daemon meets the fault for all requests until the line is there. Returns the daemon, stopped."""
        daemon, eni = self.started(*options, **named)
        self.arrive(daemon, eni)
        self.aws.fault("PutMetricData", **script)
        eni.add(pps_allowance_exceeded=20)
        self.wait_for_line(daemon, said, 40)
        eni.add(pps_allowance_exceeded=100)
        self.wait_for_reads(daemon, 2)
        self.aws.heal()
        return daemon, eni

    def recover(self, daemon, eni, said):
        self.wait_for_line(daemon, AGAIN, 90)
        eni.add(pps_allowance_exceeded=4000)
        self.wait_for_reads(daemon, 2)
        self.stop(daemon)
        self.assert_said_once(daemon, said)
        self.assert_said_once(daemon, AGAIN)
        self.assert_whole(daemon)
        self.assertEqual(self.total(PPS), 4123)

    def test_throttling(self):
        said = (r"<4>cloudwatch: cannot deliver to \S+: ThrottlingException: Rate exceeded; the service throttles "
                r"calls of this account.*; data wait, trying again$")
        self.recover(*self.survive(said, script=throttled()), said)

    def test_errors_of_the_service(self):
        said = r"cannot deliver to \S+: InternalFailure: of the service's own; data wait"
        daemon, eni = self.survive(said, WITH_DOUBLED, script=server_error(500))
        self.recover(daemon, eni, said)
        self.assertGreater(self.total(DOUBLED), 0, "a 500 does not say whether it was taken")

    def test_xml(self):
        said = r"cannot deliver to \S+: ServiceUnavailable: in XML; data wait"
        self.recover(*self.survive(said, script=xml_error()), said)

    def test_html_of_a_load_balancer(self):
        said = r"cannot deliver to \S+: HTTP status 503: 503; data wait"
        self.recover(*self.survive(said, script=html_error()), said)

    def test_what_is_no_http(self):
        said = r"cannot deliver to \S+: .+; data wait"
        self.recover(*self.survive(said, script=no_http()), said)

    def test_access_denied(self):
        said = (r"cannot deliver to \S+: AccessDeniedException: User: .*not authorized.*; it needs the IAM action "
                r"cloudwatch:PutMetricData, as in packaging/iam/cloudwatch.json; data wait")
        self.recover(*self.survive(said, script=access_denied()), said)

    def test_keys_that_have_expired(self):
        said = r"cannot deliver to \S+: ExpiredTokenException: .*; the keys are not taken: see to what gives them"
        self.recover(*self.survive(said, script=expired_token()), said)

    def end_at_once(self, said, **script):
        """What nothing but somebody's hand mends is tried again seldom; the end does not wait for that."""
        daemon, eni = self.survive(said, script=script)
        self.stop(daemon)
        self.assert_said_once(daemon, said)
        self.assert_said_once(daemon, AGAIN)
        self.assert_whole(daemon)
        self.assertEqual(self.total(PPS), 123)

    def test_redirects(self):
        self.end_at_once(r"cannot deliver to \S+: HTTP status 307: redirects to https://127.0.0.1:9/, which is not "
                         r"followed: correct the endpoint; that is no answer of CloudWatch",
                         **redirect("https://127.0.0.1:9/"))

    def test_a_proxy_that_forbids(self):
        self.end_at_once(r"cannot deliver to \S+: HTTP status 403.*; that is no answer of CloudWatch: see to the proxy",
                         **empty_error(403))

    def test_another_service(self):
        self.end_at_once(r"cannot deliver to \S+: UnknownOperationException: .*; see to cloudwatch.endpoint",
                         **failing("UnknownOperationException", status=404))

    def test_a_service_that_is_away(self):
        said = r"cannot deliver to \S+: .*(refused|connect).*; data wait"
        daemon, eni = self.started()
        self.arrive(daemon, eni)
        self.aws.stop()
        eni.add(pps_allowance_exceeded=120)
        self.wait_for_line(daemon, said, 40)
        self.aws.start()
        self.recover(daemon, eni, said)

    def test_after_a_long_outage_batches_are_full(self):
        """20 ENIs and the instance are more than 100 data a second."""
        self.aws.stop()
        enis = [self.bench.add(f"ens{i}") for i in range(20)]
        pace = ("sample.interval=500ms", "publish.period=1s", "cloudwatch.spread=0s", *PATIENT)
        daemon = self.publish("publish.quiet_enis=send", pace=pace)
        self.wait_for_samples(daemon)
        for _ in range(12):
            for i, eni in enumerate(enis):
                eni.add(pps_allowance_exceeded=i + 1)
            self.wait_for_reads(daemon, 2)
        self.aws.start()
        self.wait_for_line(daemon, AGAIN, 90)
        self.wait_for_delivery(daemon, 2)
        self.stop(daemon)
        self.assert_whole(daemon)
        self.assertEqual(self.total(PPS), 12 * 210)
        sizes = [len(r.parameters["MetricData"]) for r in self.aws.requests]
        self.assertEqual(max(sizes), 1000, sizes)


class Doubts(OnCloudWatch):
    """Where nobody can know whether a request was taken it comes again, and what may have come twice is counted."""

    def broken(self, n_faults=1, **script):
        """The daemon after the faults, and its end; with the requests that they met."""
        daemon, eni = self.started(WITH_DOUBLED)
        eni.add(pps_allowance_exceeded=3)
        self.wait_for_reads(daemon, 2)
        self.wait_for_delivery(daemon)
        fault = self.aws.fault("PutMetricData", count=n_faults, **script)
        eni.add(pps_allowance_exceeded=20)
        self.aws.wait_for(lambda _: fault.n_done == n_faults)
        self.wait_for_delivery(daemon, 3)
        self.stop(daemon)
        self.assertEqual(self.violations(), [])
        return daemon, [r for r in self.aws.requests if r.fault is fault]

    def assert_doubled(self, daemon, broken, is_taken):
        twice = sum(datum["MetricName"] == PPS and datum["Dimensions"] == [{"Name": "InstanceId", "Value": INSTANCE}]
                    and sum(v * n for v, n in zip(datum["Values"], datum["Counts"]))
                    for r in broken for datum in r.parameters["MetricData"])
        self.assertEqual(self.total(PPS), self.moved(PPS) + (twice if is_taken else 0), daemon)
        n_items = sum(len(r.parameters["MetricData"]) for r in broken)
        self.assertEqual(self.total(DOUBLED), n_items, daemon)
        self.assertEqual(self.lines(daemon, "cannot deliver"), [], "the second attempt was good")

    def test_a_reset_after_the_request_was_taken(self):
        self.assert_doubled(*self.broken(**reset(is_taken=True)), True)

    def test_a_reset_after_the_request_was_not_taken(self):
        self.assert_doubled(*self.broken(**reset(is_taken=False)), False)

    def test_a_500_after_the_request_was_taken(self):
        self.assert_doubled(*self.broken(**server_error(500, is_taken=True)), True)

    def test_a_503_says_that_nothing_was_taken(self):
        daemon, broken = self.broken(**server_error(503))
        self.assertEqual((self.total(DOUBLED), len(broken)), (0, 1), daemon)
        self.assert_whole(daemon)


class BadData(OnCloudWatch):
    def test_one_bad_datum_among_many_is_named_and_the_others_arrive(self):
        self.aws.metrics.refused_names.append("bw_in_*")
        eni = self.bench.add("ens5")
        daemon = self.publish("publish.metrics=default, self_documents_refused")
        self.wait_for_samples(daemon)
        eni.add(pps_allowance_exceeded=7, bw_in_allowance_exceeded=9)
        said = (r"<3>cloudwatch: a datum of bw_in_allowance_exceeded \{InstanceId=i-0123456789abcdef0, "
                r"NetworkInterfaceId=02:00:00:00:00:01\} is refused for good, and dropped: InvalidParameterValue")
        self.wait_for_line(daemon, said)
        self.wait_for_delivery(daemon, 8)
        self.stop(daemon)
        self.assert_said_once(daemon, said)
        self.assertIsNone(self.statistics("bw_in_allowance_exceeded"))
        n_refused = len(self.lines(daemon, "is refused for good, and dropped"))
        n_told = self.total("self_documents_refused")
        self.assertTrue(0 < n_told <= n_refused, (n_told, n_refused, daemon))
        self.assertEqual(self.lines(daemon, "cannot deliver"), [])
        for metric in EXCEEDED:
            if metric != "bw_in_allowance_exceeded":
                self.assertEqual(self.total(metric), self.moved(metric), daemon)
                self.assertEqual(self.total(metric, eni), self.moved(metric), daemon)

if __name__ == "__main__":
    main()
