# SPDX-License-Identifier: Apache-2.0
"""The unmodified daemon publishes to moto, an AWS that others wrote, which checks its signatures; boto3 reads back
what the counters of the rig did. moto takes no gzip with JSON."""
import pathlib
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "e2e"))

from aws_service import Aws  # noqa: E402
from cloudwatch_harness import INSTANCE, NAMESPACE, PPS, QUICK  # noqa: E402
from harness import BINARY, COMMON, OnRig, main  # noqa: E402
from moto_service import Moto  # noqa: E402


class OnMoto(OnRig):
    def setUp(self):
        super().setUp()
        self.moto = Moto()
        self.addCleanup(self.moto.stop)

    def run_with(self, keys):
        eni = self.bench.add("ens5")
        aws = Aws()  # for its environment only
        aws.stop()
        options = [*QUICK, "publish.sink=cloudwatch", "cloudwatch.compression=none",
                   f"cloudwatch.endpoint={self.moto.endpoint}"]
        daemon = self.bench.start(BINARY, "run", *COMMON, *(w for o in options for w in ("-o", o)),
                                  env=aws.environment(keys=keys))
        self.wait_for_samples(daemon)
        return daemon, eni

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
            self.wait_for_reads(daemon, 1)
        self.wait_for_reads(daemon, 2)
        self.assertEqual(daemon.stop(), 0, daemon)
        of_eni = {"InstanceId": INSTANCE, "NetworkInterfaceId": eni.mac}
        self.assertIn((NAMESPACE, PPS, frozenset(of_eni.items())), self.moto.names())
        windows = self.windows(PPS, of_eni)
        self.assertEqual(sum(w["Sum"] for w in windows), 543, daemon)
        self.assertEqual((min(w["Minimum"] for w in windows), max(w["Maximum"] for w in windows)), (0, 500))
        self.assertEqual({w["Unit"] for w in windows}, {"Count"})
        self.assertEqual(sum(line.startswith("<4>") for line in daemon.log), 1, "that it is not encrypted")

    def test_who_may_not_is_told(self):
        keys = self.moto.add_user("logs:*")
        self.moto.require_signatures()
        daemon, _ = self.run_with(keys)
        daemon.wait_for(lambda d: any("it needs the IAM action cloudwatch:PutMetricData" in line for line in d.log), 20)
        daemon.kill()


if __name__ == "__main__":
    main()
