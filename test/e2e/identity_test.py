# SPDX-License-Identifier: Apache-2.0
"""Who and where a document is from: labels that come late, or not at all, while no number is lost."""
import os
import time

from harness import (BINARY, INSTANCE, OnRig, bodies, is_eni, is_instance, main, of_mac, rig_library, total)

# How much shorter an outage is here than in life: 90 s without metadata, keys that are 30 s late.
SCALE = float(os.environ.get("ENAWATCH_TEST_SCALE", "0.1"))
METADATA_ADDRESS = "169.254.169.254"  # on the loopback interface of a namespace of the test's own
FIRST, SECOND = "02:00:00:00:00:01", "02:00:00:00:00:02"
ENI_IDS = {FIRST: "eni-0aaaaaaaaaaaaaaa1", SECOND: "eni-0aaaaaaaaaaaaaaa2"}
PERIOD = ["-o", "sample.interval=100ms", "-o", "publish.period=1s"]
NODEADM = '{"spec": {"cluster": {"name": "blue"}}, "status": {"instance": {"id": "i-1"}}}'


class Identity(OnRig):
    def setUp(self):
        super().setUp()
        self.metadata = self.bench.metadata()
        self.metadata.instance(instance_id=INSTANCE, instance_type="c7g.large", availability_zone="eu-west-1b")
        self.metadata.add_eni(FIRST, ENI_IDS[FIRST])

    def run_node(self, *options, env=None, endpoint=None):
        options = [f"identity.imds_endpoint={endpoint or self.metadata.endpoint}", "publish.sink=stdout", *options]
        words = [w for o in options for w in ("-o", o)]
        return self.bench.start(BINARY, "run", *PERIOD, *words, env=env)

    def every_100_ms(self, seconds, act):
        """Returns how often."""
        end, n = time.monotonic() + seconds, 0
        while time.monotonic() < end:
            act()
            n += 1
            time.sleep(0.1)
        return n

    def assert_labelled(self, documents):
        """Every document says the right thing, and says all of it."""
        self.assertTrue(documents)
        for d in documents:
            self.assertEqual((d["InstanceId"], d["InstanceType"], d["AvailabilityZone"]),
                             (INSTANCE, "c7g.large", "eu-west-1b"), d)
            self.assertEqual((d["ResourceType"], d["Identifier"]), ("AWS::EC2::Instance", INSTANCE))
            self.assertNotIn("unidentified", d)
            self.assertEqual(d.get("NetworkInterfaceId"), ENI_IDS[d["mac"]] if is_eni(d) else None, d)

    def test_labels_that_come_late_are_right_in_every_document(self):
        """The metadata service is away at the start, and knows a hot-plugged ENI only later."""
        first = self.bench.add("ens5", mac=FIRST)
        self.metadata.stop()
        daemon = self.run_node("identity.wait=5m", "publish.quiet_enis=send")
        self.wait_for_samples(daemon)
        n_early = self.every_100_ms(90 * SCALE, lambda: first.add(pps_allowance_exceeded=3))
        self.assertEqual(daemon.documents, [])
        self.metadata.start()
        daemon.wait_for(lambda d: d.documents, 90 * SCALE + 60)

        late = self.metadata.add_eni(SECOND, ENI_IDS[SECOND], device_number=1, late=3600, device_number_late=3600)
        second = self.bench.add("ens6", mac=SECOND)
        self.wait_for_reads(daemon, 2)
        before = len(daemon.documents)
        n_late = self.every_100_ms(30 * SCALE, lambda: (first.add(pps_allowance_exceeded=1),
                                                  second.add(linklocal_allowance_exceeded=2)))
        daemon.wait_for(lambda d: any(is_instance(a) for a in bodies(d)[before:]), 30)  # the others do not wait
        self.assertFalse(any(d.get("mac") == SECOND for d in bodies(daemon)[before:]))
        late.settle(device_number_late=1)
        daemon.wait_for(lambda d: any(a.document.get("mac") == SECOND for a in d.documents), 90)
        daemon.wait_for(lambda d: any(a.document.get("DeviceIndex") == "1" for a in d.documents), 90)
        self.wait_for_reads(daemon, 2)
        self.assertEqual(daemon.stop(), 0, daemon)

        documents = bodies(daemon)
        self.assert_labelled(documents)
        self.assert_identified(documents)
        self.assertEqual({d["DeviceIndex"] for d in documents if d.get("mac") == FIRST}, {"0"})
        self.assertEqual({d.get("DeviceIndex") for d in documents if d.get("mac") == SECOND} - {None}, {"1"})
        self.assert_published(documents, first, pps_allowance_exceeded=3 * n_early + n_late)
        self.assert_published(documents, second, linklocal_allowance_exceeded=2 * n_late)
        self.assertEqual(self.metadata.violations, [])

    def test_after_the_wait_documents_go_out_with_what_is_known(self):
        eni = self.bench.add("ens5", mac=FIRST)
        self.metadata.stop()
        start = time.monotonic()
        daemon = self.run_node("identity.wait=2s", "identity.cluster=blue")
        self.wait_for_samples(daemon)
        eni.add(pps_allowance_exceeded=7)
        daemon.wait_for(lambda d: any(is_eni(a.document) for a in d.documents), 30)
        self.assertGreaterEqual(time.monotonic() - start, 2)
        document = next(d for d in bodies(daemon) if is_eni(d))
        self.assertEqual((document["InstanceId"], document["NetworkInterfaceId"], document["ClusterName"]),
                         (os.uname().nodename, FIRST, "blue"))
        self.assertEqual(document["unidentified"], ["InstanceId", "NetworkInterfaceId"])
        self.assertNotIn("Identifier", document)
        self.metadata.start()
        daemon.wait_for(lambda d: d.documents and "unidentified" not in d.documents[-1].document, 30)
        eni.add(pps_allowance_exceeded=5)
        self.wait_for_reads(daemon, 2)
        self.assertEqual(daemon.stop(), 0, daemon)
        documents = bodies(daemon)
        self.assertEqual(documents[-1]["InstanceId"], INSTANCE)
        self.assertEqual(total(documents, "pps_allowance_exceeded", is_eni), 12)
        for text in ("nothing answers there", "no instance id within identity.wait",
                     "no ENI id within identity.wait", f"identity: {INSTANCE}, c7g.large in eu-west-1b"):
            self.assertEqual(sum(text in line for line in daemon.log), 1, daemon)

    def test_a_stop_does_not_wait_for_labels(self):
        eni = self.bench.add("ens5", mac=FIRST)
        self.metadata.fault("/latest/*", is_silent=True)
        daemon = self.run_node()
        self.wait_for_samples(daemon)
        eni.add(pps_allowance_exceeded=7)
        self.wait_for_reads(daemon, 2)
        self.assertEqual(daemon.documents, [])
        self.assertEqual(daemon.stop(), 0, daemon)
        self.assertEqual(total(bodies(daemon), "pps_allowance_exceeded", is_eni), 7)

    def test_samples_go_on_while_the_service_stalls(self):
        self.bench.add("ens5", mac=FIRST)
        self.metadata.fault("/latest/*", is_silent=True)
        daemon = self.run_node("identity.instance_id=i-0aaaaaaaaaaaaaaaa", "identity.cluster=blue",
                               "sample.budget=100")
        daemon.wait_for(self.goes_on, 90)
        self.assertEqual(daemon.stop(), 0, daemon)

    def goes_on(self, daemon):
        """Whether there was a request, which nobody answers, in whose second and the next there are most of the ten
        samples: waiting for it would take half of them from one or the other."""
        full = {d["_aws"]["Timestamp"] // 1000 for d in bodies(daemon)
                if len(d.get("pps_allowance_exceeded", [])) >= 7}
        return any({int(request.time), int(request.time) + 1} <= full for request in list(self.metadata.requests))

    def test_imds_off_sends_nothing_and_waits_for_nothing(self):
        """The metadata service is at its own address, in a namespace of the test's own; nobody calls."""
        rig_library.run("ip", "address", "replace", f"{METADATA_ADDRESS}/32", "dev", "lo")
        self.addCleanup(rig_library.run, "ip", "address", "del", f"{METADATA_ADDRESS}/32", "dev", "lo")
        metadata = self.bench.metadata(METADATA_ADDRESS, 80)
        metadata.instance(instance_id=INSTANCE, instance_type="c7g.large", availability_zone="eu-west-1b")
        metadata.add_eni(FIRST, ENI_IDS[FIRST])
        eni = self.bench.add("ens5", mac=FIRST)
        for options, env in ((["identity.imds=off"], {}), ([], {"AWS_EC2_METADATA_DISABLED": "true"})):
            with self.subTest(options=options, env=env), PacketCount() as packets:
                daemon = self.run_daemon_at_default(*options, env=env)
                self.wait_for_samples(daemon)
                eni.add(pps_allowance_exceeded=1)
                daemon.wait_for(lambda d: any(is_eni(a.document) for a in d.documents), 30)
                self.assertEqual(daemon.stop(), 0, daemon)
                self.assertEqual(packets.count(), 0)
        with PacketCount() as packets:  # the counter counts, and this is where it is asked by default
            daemon = self.run_daemon_at_default()
            daemon.wait_for(lambda d: d.documents, 30)
            self.assertEqual(daemon.stop(), 0, daemon)
            self.assertGreater(packets.count(), 0)
            self.assertEqual(bodies(daemon)[0]["InstanceId"], INSTANCE)
        self.assertEqual((metadata.violations, self.metadata.requests), ([], []))

    def run_daemon_at_default(self, *options, env=None):
        words = [w for o in ("publish.sink=stdout", *options) for w in ("-o", o)]
        return self.bench.start(BINARY, "run", *PERIOD, *words, env=env)

    def test_the_environment_of_awss_own_programs_is_understood(self):
        self.bench.add("ens5", mac=FIRST)
        words = [w for o in ("publish.sink=stdout",) for w in ("-o", o)]
        six = self.bench.metadata("::1")
        six.instance(instance_id="i-06666666666666666")
        for endpoint, expected in ((self.metadata.endpoint, INSTANCE), (six.endpoint + "/", "i-06666666666666666")):
            env = {"AWS_EC2_METADATA_SERVICE_ENDPOINT": endpoint}
            daemon = self.bench.start(BINARY, "run", *PERIOD, *words, env=env)
            daemon.wait_for(lambda d: d.documents, 30)
            self.assertEqual(daemon.stop(), 0, daemon)
            self.assertEqual({d["InstanceId"] for d in bodies(daemon) if is_instance(d)}, {expected})
        for env in ({"AWS_EC2_METADATA_SERVICE_ENDPOINT": "169.254.169.254"},
                    {"AWS_EC2_METADATA_SERVICE_ENDPOINT_MODE": "IPv5"}):
            daemon = self.bench.start(BINARY, "run", *PERIOD, *words, env=env)
            self.assertEqual(daemon.wait(), 78, daemon)
            self.assertEqual(len(daemon.log), 1, daemon)

    def test_the_cluster_comes_from_the_first_source_that_knows_it(self):
        self.bench.add("ens5", mac=FIRST)
        path = os.path.join(self.bench.directory, "nodeadm.json")
        self.metadata.tags({"Name": "n", "eks:cluster-name": "green"})
        self.metadata.user_data(b"---\napiVersion: node.eks.aws/v1alpha1\nkind: NodeConfig\nspec:\n"
                                b"  cluster:\n    name: red\n")
        with open(path, "w", encoding="ascii") as file:
            file.write(NODEADM)
        for options, expected, origin in (
                ([], "blue", path),
                (["identity.cluster_from=tags,user-data"], "green", "the tags of the instance"),
                (["identity.cluster_from=user-data"], "red", "the user data of the instance"),
                (["identity.cluster_from=none"], None, None),
                (["identity.cluster=mine"], "mine", None)):
            with self.subTest(options=options):
                daemon = self.run_node(f"identity.nodeadm_file={path}", *options)
                daemon.wait_for(lambda d: d.documents, 30)
                self.assertEqual(daemon.stop(), 0, daemon)
                self.assertEqual({d.get("ClusterName") for d in bodies(daemon)}, {expected})
                said = [line for line in daemon.log if "identity: cluster" in line]
                self.assertEqual(len(said), origin is not None, daemon)
                self.assertTrue(origin is None or origin in said[0], daemon)


class PacketCount:
    """Packets on the loopback interface of this namespace, which the metadata address is on."""

    def __enter__(self):
        self._before = self._read()
        return self

    def __exit__(self, *_):
        pass

    def count(self):
        return self._read() - self._before

    @staticmethod
    def _read():
        with open("/proc/net/dev", encoding="ascii") as file:
            line = next(line for line in file if line.strip().startswith("lo:"))
        return int(line.split(":")[1].split()[9])


if __name__ == "__main__":
    main()
