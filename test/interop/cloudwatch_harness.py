# SPDX-License-Identifier: Apache-2.0
"""What the tests of the cloudwatch sink share: the unmodified daemon on the rig, publishing to the stand-in for AWS
over TLS, and the comparison of what arrived there with what the counters of the rig did."""
import pathlib
import re
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "e2e"))

from aws_harness import OnAws  # noqa: E402
from harness import BINARY, COMMON, EXCEEDED, INSTANCE, OnRig, main  # noqa: E402,F401

NAMESPACE = "EnaWatch"
PPS, LINKLOCAL = "pps_allowance_exceeded", "linklocal_allowance_exceeded"
OF_INSTANCE = {"InstanceId": INSTANCE}
# Ten samples a second, windows of one second, no waiting for our turn; and patience with a machine that is busy.
PATIENT = ("sample.budget=100", "run.drain=20s")
QUICK = ("sample.interval=100ms", "publish.period=1s", "cloudwatch.spread=0s", *PATIENT)


def is_of_slow_read(line):
    """A warning that is a busy machine's doing."""
    return "a read takes" in line and "more than sample.budget allows" in line


def complaints(daemon):
    """Warnings and errors in its log, but for those."""
    return [line for line in list(daemon.log) if line.startswith(("<3>", "<4>")) and not is_of_slow_read(line)]


class OnCloudWatch(OnRig, OnAws):
    """A rig, and the stand-in with a good certificate."""

    def setUp(self):
        OnRig.setUp(self)
        OnAws.setUp(self)

    def publish(self, *options, pace=QUICK, env=None, binary_command="run"):
        words = [w for o in (*pace, "publish.sink=cloudwatch", *options) for w in ("-o", o)]
        return self.bench.start(BINARY, binary_command, *COMMON, *words, env={**self.environment(), **(env or {})})

    def environment(self):
        return self.aws.environment(self.certificates.ca)

    def started(self, *options, n_enis=1, **named):
        """(daemon, its first ENI), after the first data were taken."""
        enis = [self.bench.add(f"ens{5 + i}") for i in range(n_enis)]
        daemon = self.publish(*options, **named)
        self.wait_for_samples(daemon)
        self.aws.wait_for(lambda aws: aws.count("PutMetricData", taken=True))
        return daemon, enis[0]

    def stop(self, daemon):
        self.assertEqual(daemon.stop(40), 0, daemon)

    # --- What arrived ---

    def statistics(self, metric, eni=None):
        dimensions = {**OF_INSTANCE, "NetworkInterfaceId": eni.mac} if eni else OF_INSTANCE
        return self.aws.metrics.statistics(NAMESPACE, metric, dimensions)

    def total(self, metric, eni=None):
        found = self.statistics(metric, eni)
        return found.sum if found else 0

    def moved(self, metric):
        """What a counter of all ENIs together did since they were there."""
        return sum(eni.history[metric][-1][1] - eni.history[metric][0][1] for eni in self.bench.enis)

    def assert_whole(self, daemon, but=()):
        """Every counter came to what it truly did, of each ENI and of all together; the service had no complaint."""
        for metric in EXCEEDED:
            if metric in but:
                continue
            self.assertEqual(self.total(metric), self.moved(metric), f"{metric} {daemon} {self.aws}")
            for eni in self.bench.enis:
                done = eni.history[metric][-1][1] - eni.history[metric][0][1]
                self.assertEqual(self.total(metric, eni), done, f"{eni.name} {metric} {daemon}")
        self.assertEqual(self.violations(), [], daemon)

    # --- What was said ---

    def wait_for_line(self, daemon, pattern, timeout=30):
        daemon.wait_for(lambda d: any(re.search(pattern, line) for line in list(d.log)), timeout)

    def lines(self, daemon, pattern):
        return [line for line in list(daemon.log) if re.search(pattern, line)]

    def assert_said_once(self, daemon, pattern):
        self.assertEqual(len(self.lines(daemon, pattern)), 1, f"{pattern}: {daemon}")

    def wait_for_delivery(self, daemon, n=1):
        """Until so many more requests were taken."""
        least = self.aws.count("PutMetricData", taken=True) + n
        try:
            self.aws.wait_for(lambda aws: aws.count("PutMetricData", taken=True) >= least, 30)
        except TimeoutError as error:
            self.fail(f"{error} {daemon}")
