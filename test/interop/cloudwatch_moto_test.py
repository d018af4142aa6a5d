# SPDX-License-Identifier: Apache-2.0
"""The unmodified daemon publishes to moto, an AWS that others wrote, which checks its signatures; boto3 reads back
what the counters of the rig did, and a relay between both keeps what went by. moto takes no gzip with JSON."""
import collections
import os
import pathlib
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "e2e"))

from aws_service import Aws  # noqa: E402
from cloudwatch_harness import EXCEEDED, INSTANCE, LINKLOCAL, NAMESPACE, OF_INSTANCE, PPS, QUICK  # noqa: E402
from cloudwatch_harness import complaints, is_of_slow_read  # noqa: E402
from harness import BINARY, COMMON, OnRig, main  # noqa: E402
from moto_service import STATISTICS, Moto  # noqa: E402
from recording_relay import Relay  # noqa: E402

BANDWIDTH = "bw_in_allowance_exceeded"


def of_eni(eni):
    return {**OF_INSTANCE, "NetworkInterfaceId": eni.mac}


def distribution(data, metric, dimensions):
    """How many samples had which value, as bodies of requests say."""
    found = collections.Counter()
    for datum in data:
        if datum["MetricName"] == metric and {d["Name"]: d["Value"] for d in datum["Dimensions"]} == dimensions:
            found.update(dict(zip(datum["Values"], datum["Counts"], strict=True)))
    return found


def numbers(counts):
    """What CloudWatch would make of a distribution; None where there is nothing."""
    return {"SampleCount": counts.total(), "Sum": sum(v * n for v, n in counts.items()), "Minimum": min(counts),
            "Maximum": max(counts)} if counts else None


class OnMoto(OnRig):
    def setUp(self):
        super().setUp()
        self.moto = Moto()
        self.addCleanup(self.moto.stop)
        self.relay = Relay(self.moto.port)
        self.addCleanup(self.relay.stop)

    def start(self, keys, **environment):
        """After the first samples."""
        aws = Aws()  # for its environment only
        aws.stop()
        options = [*QUICK, "publish.sink=cloudwatch", "cloudwatch.compression=none",
                   f"cloudwatch.endpoint={self.relay.endpoint}"]
        daemon = self.bench.start(BINARY, "run", *COMMON, *(w for o in options for w in ("-o", o)),
                                  env={**aws.environment(keys=keys), **environment})
        self.wait_for_samples(daemon)
        return daemon

    def run_with(self, keys, **environment):
        eni = self.bench.add("ens5")
        return self.start(keys, **environment), eni

    def read_back(self, metric, dimensions, namespace=NAMESPACE):
        """The numbers of the last minutes together, of exactly these dimensions; None where there is nothing."""
        now, period = int(time.time()), 600
        named = {"Namespace": namespace, "MetricName": metric,
                 "Dimensions": [{"Name": name, "Value": value} for name, value in dimensions.items()]}
        queries = [{"Id": name.lower(), "Label": name,
                    "MetricStat": {"Metric": named, "Period": period, "Stat": name}} for name in STATISTICS]
        answer = self.moto.client("cloudwatch", self.moto.reader).get_metric_data(
            MetricDataQueries=queries, StartTime=now - period + 60, EndTime=now + 60)
        found = {one["Label"]: one["Values"] for one in answer["MetricDataResults"]}
        self.assertLessEqual({len(values) for values in found.values()}, {0, 1}, found)
        return {name: values[0] for name, values in found.items()} if all(found.values()) else None


class Published(OnMoto):
    def windows(self, name, dimensions):
        """What boto3 reads: the numbers of each minute that there is."""
        now = time.time()
        found = (self.moto.statistics(NAMESPACE, name, dimensions, now - 60 * i) for i in range(3))
        return [one for one in found if one]

    def test_what_moto_has_is_what_happened(self):
        keys = self.moto.add_user("monitoring:PutMetricData")
        self.moto.require_signatures()
        daemon, eni = self.run_with(keys)
        for n in (3, 40, 500):
            eni.add(pps_allowance_exceeded=n)
            self.wait_for_reads(daemon, 2)
        self.assertEqual(daemon.stop(), 0, daemon)
        self.assertIn((NAMESPACE, PPS, frozenset(of_eni(eni).items())), self.moto.names())
        windows = self.windows(PPS, of_eni(eni))
        self.assertEqual(sum(w["Sum"] for w in windows), 543, daemon)
        self.assertEqual((min(w["Minimum"] for w in windows), max(w["Maximum"] for w in windows)), (0, 500))
        self.assertEqual({w["Unit"] for w in windows}, {"Count"})
        self.assertEqual(len(complaints(daemon)), 1, "that it is not encrypted")

    def test_who_may_not_is_told(self):
        keys = self.moto.add_user("logs:*")
        self.moto.require_signatures()
        daemon, _ = self.run_with(keys)
        daemon.wait_for(lambda d: any("it needs the IAM action cloudwatch:PutMetricData" in line for line in d.log), 20)
        daemon.kill()


class Drilled(OnMoto):
    def test_a_drill_is_there_and_touches_nothing_else(self):
        keys = self.moto.add_user("monitoring:PutMetricData")
        self.moto.require_signatures()
        aws = Aws()  # for its environment only
        aws.stop()
        options = ["publish.sink=cloudwatch", "cloudwatch.compression=none", f"cloudwatch.endpoint={self.relay.endpoint}"]
        environment = {**os.environ, **aws.environment(keys=keys)}  # None: not set
        result = subprocess.run([BINARY, "drill", *COMMON, *(w for o in options for w in ("-o", o))], timeout=60,
                                env={name: value for name, value in environment.items() if value is not None},
                                capture_output=True, text=True)
        self.assertEqual(result.returncode, 0, result.stderr)
        self.assertIn("drill: taken by the sink cloudwatch, ", result.stderr)
        plain, with_id = {"Drill": "true"}, {"Drill": "true", **OF_INSTANCE}
        drilled = {(f"{NAMESPACE}/Drill", name, frozenset(d.items())) for name in EXCEEDED for d in (plain, with_id)}
        self.assertEqual(set(self.moto.names()), drilled)
        for namespace, name, dimensions in drilled:
            self.assertEqual(self.read_back(name, dict(sorted(dimensions)), namespace),
                             {"SampleCount": 1, "Sum": 1, "Minimum": 1, "Maximum": 1}, name)


class Whole(OnMoto):
    """Over windows, a hot plug and a second start."""

    def setUp(self):
        super().setUp()
        self.bursts = collections.defaultdict(collections.Counter)  # by ENI and metric: {movement: how often}
        self.n_samples = 0  # of the first ENI, those without one before them left out
        self.was_slow = False  # an ENI was read less often, so that the other may have been read alone

    def burst(self, daemon, eni, metric, n):
        """One movement for one sample. The first read may have been under way already."""
        eni.add(**{metric: n})
        self.bursts[eni.mac, metric][n] += 1
        self.wait_for_reads(daemon, 2)

    def end(self, daemon):
        self.wait_for_reads(daemon, 2)
        self.assertEqual(daemon.stop(), 0, daemon)
        self.assertEqual(len(complaints(daemon)), 1, daemon)  # not encrypted
        self.was_slow |= any(map(is_of_slow_read, daemon.log))
        self.n_samples += daemon.counts()[(self.bench.enis[0].mac, "GSTATS")] - 1

    def live(self):
        """Bursts of two ENIs and of two starts."""
        keys = self.moto.add_user("monitoring:PutMetricData")
        self.moto.require_signatures()
        daemon, first = self.run_with(keys)
        for n in (3, 40, 3):
            self.burst(daemon, first, PPS, n)
        second = self.bench.add("ens6", stats={**first.stats, PPS: 77, LINKLOCAL: 9})  # a baseline, no movement
        self.wait_for_reads(daemon, 2)
        for eni, metric, n in ((second, PPS, 500), (first, BANDWIDTH, 6), (second, LINKLOCAL, 20)):
            self.burst(daemon, eni, metric, n)
        self.wait_for_reads(daemon, 22)  # there is a window in it, with nothing in that
        self.burst(daemon, first, PPS, 7000)
        self.end(daemon)
        daemon = self.start(keys)
        for eni, n in ((first, 80000), (second, 500)):
            self.burst(daemon, eni, PPS, n)
        self.end(daemon)
        return self.relay.data()

    def assert_moved(self, counts, movements, about):
        moving = collections.Counter({value: n for value, n in counts.items() if value})
        self.assertEqual(moving, movements, about)

    def assert_eni(self, data, eni, metric):
        counts, about = distribution(data, metric, of_eni(eni)), (eni.name, metric)
        self.assert_moved(counts, self.bursts[eni.mac, metric], about)
        history = eni.history[metric]
        self.assertEqual(numbers(counts)["Sum"], history[-1][1] - history[0][1], about)
        self.assertEqual(self.read_back(metric, of_eni(eni)), numbers(counts), about)

    def assert_instance(self, data, metric):
        counts = distribution(data, metric, OF_INSTANCE)
        bursts = sum((self.bursts[eni.mac, metric] for eni in self.bench.enis), collections.Counter())
        self.assert_moved(counts, bursts, metric)
        n_samples = max(self.n_samples, counts.total()) if self.was_slow else self.n_samples
        expected = {"SampleCount": n_samples, "Sum": sum(v * n for v, n in bursts.items()), "Minimum": 0,
                    "Maximum": max(bursts, default=0)}
        self.assertEqual(numbers(counts), expected, metric)
        self.assertEqual(self.read_back(metric, OF_INSTANCE), expected, metric)

    def assert_quiet_enis_are_left_out(self, data, eni):
        """A window has data of an ENI where one of its counters moved; those of the instance have it always."""
        windows, loud = set(), set()
        for datum in data:
            if {"Name": "NetworkInterfaceId", "Value": eni.mac} in datum["Dimensions"]:
                windows.add(datum["Timestamp"])
                if datum["MetricName"] in EXCEEDED and any(datum["Values"]):
                    loud.add(datum["Timestamp"])
        self.assertEqual(windows, loud, eni.name)
        self.assertLess(len(windows), len({datum["Timestamp"] for datum in data}), eni.name)

    def test_bodies_and_what_moto_has_are_what_happened(self):
        data = self.live()
        for metric in EXCEEDED:
            self.assert_instance(data, metric)
            for eni in self.bench.enis:
                self.assert_eni(data, eni, metric)
        for eni in self.bench.enis:
            self.assert_quiet_enis_are_left_out(data, eni)


class Roles(OnMoto):
    """Keys from moto's STS. Who asks it may do nothing else: data are taken by the keys of the role alone."""

    def setUp(self):
        super().setUp()
        folder = tempfile.TemporaryDirectory(prefix="enawatch-keys-")
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)
        self.role = self.moto.add_role("node", "monitoring:PutMetricData")

    def write(self, name, text):
        path = self.folder / name
        path.write_text(text, "ascii")
        return str(path)

    def run_by_role(self, **environment):
        return self.run_with(None, AWS_ENDPOINT_URL_STS=self.moto.endpoint, **environment)

    def assert_taken(self, daemon, eni, provider):
        """What happens from now on, signatures being required, arrives under keys of that provider."""
        said = f"<6>credentials: from the {provider}"
        daemon.wait_for(lambda d: any(line.startswith(said) for line in d.log), 20)
        self.moto.require_signatures()
        n_before = len(self.relay.requests())
        for n in (5, 600):
            eni.add(pps_allowance_exceeded=n)
            self.wait_for_reads(daemon, 2)
        self.assertEqual(daemon.stop(), 0, daemon)
        self.assertEqual((self.read_back(PPS, of_eni(eni)) or {}).get("Sum"), 605, daemon)
        self.assertEqual([line for line in daemon.log if "credentials: from" in line and provider not in line], [])
        late = self.relay.requests()[n_before:]
        self.assertEqual({("Credential=ASIA" in r.headers["Authorization"], "X-Amz-Security-Token" in r.headers)
                          for r in late}, {(True, True)}, "temporary keys")

    def test_keys_of_a_role_that_a_profile_names(self):
        keys = self.moto.add_user("sts:AssumeRole")
        self.moto.require_signatures()
        daemon, eni = self.run_by_role(
            AWS_PROFILE="node",
            AWS_CONFIG_FILE=self.write("config", f"[profile node]\nrole_arn = {self.role}\nsource_profile = base\n"),
            AWS_SHARED_CREDENTIALS_FILE=self.write(
                "credentials", f"[base]\naws_access_key_id = {keys.access_key_id}\n"
                f"aws_secret_access_key = {keys.secret_access_key}\n"))
        self.assert_taken(daemon, eni, "role")

    def test_keys_for_a_web_token(self):
        """Only afterwards signatures are required: see require_signatures()."""
        daemon, eni = self.run_by_role(AWS_ROLE_ARN=self.role,
                                       AWS_WEB_IDENTITY_TOKEN_FILE=self.write("token", "a web token"))
        self.assert_taken(daemon, eni, "web identity")


if __name__ == "__main__":
    main()
