# SPDX-License-Identifier: Apache-2.0
"""The unmodified daemon finds CloudWatch, and keys to sign with, or says what it lacks: regions, endpoints,
certificates, clocks, keys that end; and what `enawatch check` says of all that without sending anything."""
import os
import re
import tempfile
import time

from aws_service import Aws
from cloudwatch_harness import INSTANCE, PPS, OnCloudWatch, main

CLOUDWATCH_AT = r"<6>cloudwatch: CloudWatch at {}, region {}$"
WITH_METADATA = {"AWS_EC2_METADATA_DISABLED": None}


class Places(OnCloudWatch):
    def test_clocks_that_are_an_hour_apart(self):
        for offset_s, word in ((3600, "behind"), (-3600, "ahead")):
            with self.subTest(offset_s):
                self.aws.metrics.data.clear()
                self.aws.clock_offset_s = offset_s
                eni = self.bench.add(f"ens{5 if offset_s > 0 else 6}")
                daemon = self.publish(f"sample.interfaces={eni.name}")
                self.aws.wait_for(lambda aws: aws.count("PutMetricData", taken=True))
                eni.add(pps_allowance_exceeded=5)
                self.wait_for_delivery(daemon, 3)
                self.stop(daemon)
                self.assertEqual(self.total(PPS, eni), 5, daemon)
                self.assert_said_once(daemon, rf"by the clock of CloudWatch ours is (359\d|360\d) s {word}: requests "
                                              "are signed with its time, data keep ours; correct the clock")
                self.assertEqual(self.lines(daemon, "cannot deliver"), [])
                self.aws.requests.clear()

    def test_the_region_comes_late_from_the_metadata_service(self):
        metadata = self.bench.metadata()
        metadata.instance(instance_id=INSTANCE, region="us-east-1")
        metadata.stop()
        eni = self.bench.add("ens5")
        daemon = self.publish("identity.imds=auto", f"identity.imds_endpoint={metadata.endpoint}",
                              env={**WITH_METADATA, "AWS_REGION": None})
        self.wait_for_samples(daemon)
        eni.add(pps_allowance_exceeded=6)
        self.wait_for_line(daemon, "<4>cloudwatch: the region is not known, the metadata service has not named it yet: "
                                   "set cloudwatch.region or AWS_REGION; until then nothing is sent$")
        self.assertEqual(self.aws.requests, [])
        metadata.start()
        self.wait_for_line(daemon, CLOUDWATCH_AT.format(self.aws.endpoint, "us-east-1"), 60)
        self.wait_for_delivery(daemon)
        self.stop(daemon)
        self.assert_said_once(daemon, "the region is not known")
        self.assertEqual(self.total(PPS), 6, daemon)
        self.assertEqual(self.violations(), [])

    def test_where_nobody_names_a_region_that_is_said_at_once(self):
        self.bench.add("ens5")
        daemon = self.publish("run.drain=1s", env={"AWS_REGION": None})
        self.wait_for_line(daemon, "<4>cloudwatch: the region is not known: set cloudwatch.region or AWS_REGION; "
                                   "until then nothing is sent$", 9)  # the metadata service would have 10 s
        self.wait_for_samples(daemon, 12)
        self.stop(daemon)
        self.assert_said_once(daemon, "the region is not known")
        self.assert_said_once(daemon, r"records were not taken in time and are lost")

    def test_our_configuration_is_before_the_environment(self):
        self.aws.rules.region = "eu-west-3"
        daemon, eni = self.started("cloudwatch.region=eu-west-3", f"cloudwatch.endpoint={self.aws.endpoint}",
                                   env={"AWS_REGION": "us-east-1", "AWS_ENDPOINT_URL": "https://127.0.0.1:1"})
        self.stop(daemon)
        self.assert_said_once(daemon, CLOUDWATCH_AT.format(self.aws.endpoint, "eu-west-3"))
        self.assert_whole(daemon)

    def test_http_is_taken_and_said(self):
        plain = Aws()
        self.addCleanup(plain.stop)
        self.aws = plain
        daemon, eni = self.started()
        eni.add(pps_allowance_exceeded=8)
        self.wait_for_reads(daemon, 2)
        self.stop(daemon)
        self.assert_said_once(daemon, f"<4>cloudwatch: {plain.endpoint} is not encrypted")
        self.assert_whole(daemon)

    def distrust(self, kind, said):
        self.aws.show(self.certificates.context(kind))
        eni = self.bench.add("ens5")
        daemon = self.publish()
        self.wait_for_samples(daemon)
        eni.add(pps_allowance_exceeded=5)
        said = rf"<4>cloudwatch: cannot deliver to \S+: SSL.*({said}).*; data wait, trying again$"
        self.wait_for_line(daemon, said)
        self.assertEqual(self.aws.requests, [])
        self.aws.show(self.certificates.context())
        self.wait_for_delivery(daemon)
        self.stop(daemon)
        self.assert_said_once(daemon, said)
        self.assert_whole(daemon)

    def test_an_authority_that_is_too_new_for_our_bundle(self):
        self.distrust("unknown CA", "self-signed certificate in certificate chain|unable to get local issuer")

    def test_a_certificate_of_another_host(self):
        self.distrust("wrong host", "does not match|no alternative certificate subject name matches")

    def test_a_certificate_that_has_expired(self):
        self.distrust("expired", "certificate has expired")

    def test_a_ca_bundle_that_is_not_there(self):
        eni = self.bench.add("ens5")
        with tempfile.TemporaryDirectory() as folder:
            path = os.path.join(folder, "ca.pem")
            daemon = self.publish(env={"AWS_CA_BUNDLE": path})
            self.wait_for_samples(daemon)
            eni.add(pps_allowance_exceeded=5)
            self.wait_for_line(daemon, r"<4>cloudwatch: cannot deliver to \S+: .*; data wait, trying again$")
            self.assertEqual(self.aws.requests, [])
            with open(self.certificates.ca, "rb") as source, open(path, "wb") as target:
                target.write(source.read())
            self.wait_for_delivery(daemon)
            self.stop(daemon)
        self.assert_whole(daemon)

    def test_connections_after_the_first_are_counted(self):
        daemon, _ = self.started("publish.metrics=default, self_reconnects")
        for _ in range(2):
            self.wait_for_delivery(daemon)
            self.aws.reset()
        self.wait_for_delivery(daemon, 3)
        n = self.aws.n_connections
        self.stop(daemon)
        self.assertEqual(self.total("self_reconnects"), n - 1, daemon)
        self.assertGreater(n, 1)


class Keys(OnCloudWatch):
    def test_keys_that_end_are_renewed_in_silence(self):
        """Of the container endpoint; what was given out ends at once, in the middle of a run."""
        self.aws.sts.container_token = None
        env = {"AWS_ACCESS_KEY_ID": None, "AWS_SECRET_ACCESS_KEY": None,
               "AWS_CONTAINER_CREDENTIALS_FULL_URI": self.aws.container_uri}
        daemon, eni = self.started(env=env)
        eni.add(pps_allowance_exceeded=3)
        self.wait_for_delivery(daemon)
        self.aws.expire_keys()
        eni.add(pps_allowance_exceeded=30)
        self.wait_for_delivery(daemon, 2)
        self.stop(daemon)
        self.assertGreater(self.aws.count("PutMetricData", code="ExpiredTokenException"), 0)
        used = {r.access_key_id for r in self.aws.asked("PutMetricData", taken=True)}
        self.assertEqual(len(used), 2, "renewed once; who waits for two seconds asks again, and uses one answer")
        self.assertGreaterEqual(self.aws.count("container", taken=True), 2)
        self.assertEqual(self.lines(daemon, "cannot deliver"), [], daemon)
        self.assert_whole(daemon)

    def test_without_keys_data_wait(self):
        self.bench.add("ens5")
        daemon = self.publish("run.drain=1s", env={"AWS_ACCESS_KEY_ID": None, "AWS_SECRET_ACCESS_KEY": None})
        self.wait_for_line(daemon, "<[34]>credentials: there are none; tried: ")
        self.wait_for_samples(daemon, 12)
        self.stop(daemon)
        self.assertEqual(self.aws.requests, [])
        self.assert_said_once(daemon, r"records were not taken in time and are lost")


class Check(OnCloudWatch):
    """`enawatch check` sends nothing to CloudWatch."""

    def check(self, *options, env=None):
        self.bench.add(f"ens{len(self.bench.enis)}")
        checked = self.publish(*options, env=env, binary_command="check")
        status = checked.wait()
        self.assertEqual(self.aws.count("PutMetricData"), 0)
        text = " ".join(" ".join(checked.lines).split())
        return status, text

    def test_it_says_where_data_would_go_and_with_which_keys(self):
        status, text = self.check()
        self.assertEqual(status, 0, text)
        self.assertIn(f"WARN sink cloudwatch {self.aws.endpoint}, region us-east-1: keys from the environment, without "
                      "an end; nothing was sent -> only publishing tells whether these keys may "
                      "cloudwatch:PutMetricData; the policy that allows it: packaging/iam/cloudwatch.json", text)

    def test_it_asks_for_keys_where_they_come_from_and_says_when_they_end(self):
        """By TLS, with the authority of AWS_CA_BUNDLE."""
        began = time.monotonic()
        for _ in range(5):
            status, text = self.check(env={"AWS_ACCESS_KEY_ID": None, "AWS_SECRET_ACCESS_KEY": None,
                                           "AWS_CONTAINER_CREDENTIALS_FULL_URI": self.aws.container_uri})
            if "no keys within 3 s" not in text:
                break  # else the machine was too busy to give them
        self.assertEqual(status, 0, text)
        is_late = time.monotonic() - began > 2  # who waits for two seconds asks again
        self.assertTrue(self.aws.count("container", taken=True) == 1 or is_late, self.aws)
        said = re.search(r"region us-east-1: keys from the container endpoint.*, until (\S+); nothing was sent", text)
        self.assertIn(said and said[1], [time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(keys.ends))
                                         for keys in self.aws.sts.issued], text)

    def test_it_says_what_is_missing(self):
        status, text = self.check(env={"AWS_REGION": None})
        self.assertEqual(status, 1, text)
        self.assertIn("FAIL sink cloudwatch without an endpoint, region unknown: the region is not known: set "
                      "cloudwatch.region or AWS_REGION", text)
        status, text = self.check(env={"AWS_ACCESS_KEY_ID": None, "AWS_SECRET_ACCESS_KEY": None})
        self.assertEqual(status, 1, text)
        self.assertIn(f"FAIL sink cloudwatch {self.aws.endpoint}, region us-east-1: ", text)
        self.assertIn("-> give this node keys", text)

    def test_bad_values_are_not_taken(self):
        for option in ("cloudwatch.region=eu_west_1", "cloudwatch.endpoint=monitoring", "cloudwatch.compression=zip",
                       "cloudwatch.spread=1h"):
            self.assertEqual(self.check(option)[0], 78, option)


if __name__ == "__main__":
    main()
