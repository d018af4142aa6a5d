# SPDX-License-Identifier: Apache-2.0
"""`enawatch check` on who and where we are: the metadata service in all its moods, ENI ids, the cluster."""
import os

from check_bench import ENI_ID, INSTANCE, MAC, OTHER, OnNode, Packets
from harness import main

USER_DATA = ("---\napiVersion: node.eks.aws/v1alpha1\nkind: NodeConfig\nspec:\n  cluster:\n    name: {}\n")


class Metadata(OnNode):
    def setUp(self):
        super().setUp()
        self.bench.add("ens5", mac=MAC)

    def assert_trouble(self, *words, remedy, within=5.5):
        """A failure as long as nothing else says who we are, then a warning."""
        status, report = self.check_within(within)
        self.assertEqual(status, 1, report)
        finding = self.one(report, "metadata")
        self.assert_finding(finding, "fail", self.metadata.endpoint, *words,
                            f"InstanceId would be the host name, {os.uname().nodename}", remedy=remedy)
        self.assert_finding(self.one(report, "ENI ids"), "warn", "ens5", remedy="identity.eni")
        self.assertEqual(self.one(report, "cluster")["status"], "ok")

    def test_a_service_that_is_not_there(self):
        self.metadata.stop()
        self.assert_trouble("nothing answers there: this is not EC2", remedy="identity.imds = off")
        finding = self.look("metadata", f"identity.instance_id={INSTANCE}")
        self.assert_finding(finding, "warn", f"InstanceId is {INSTANCE}, as set", remedy="identity.imds = off")

    def test_a_hop_limit_that_is_too_low(self):
        self.metadata.fault("/latest/api/token", is_silent=True)
        self.assert_trouble("its token does not arrive", "hop limit", remedy="--http-put-response-hop-limit 2")

    def test_a_service_that_is_switched_off(self):
        self.metadata.fault("/latest/*", status=403)
        self.assert_trouble("is switched off", remedy="--http-endpoint enabled")

    def test_a_service_that_throttles(self):
        self.metadata.fault("/latest/*", status=503)
        self.assert_trouble("is throttling", remedy="identity.instance_id")

    def test_something_that_is_no_metadata_service(self):
        self.metadata.fault("/latest/api/token", status=200, body=b"<html>Please log in</html>")
        self.assert_trouble("is not the metadata service of EC2", remedy="identity.imds_endpoint")

    def test_answers_that_break_off(self):
        self.metadata.fault("/latest/*", is_reset=True)
        self.assert_trouble("break off", remedy="curl")

    def test_a_service_that_becomes_silent(self):
        self.metadata.fault("/latest/meta-data/*", is_silent=True)
        self.assert_trouble("does not answer in time", remedy="find what")

    def test_a_document_that_is_none(self):
        self.metadata.fault("/latest/dynamic/*", status=200, body=b"no JSON")
        status, report = self.check()
        self.assertEqual(status, 1)
        self.assert_finding(self.one(report, "metadata"), "fail", "not with the id", remedy="identity.instance_id")
        self.assert_only_trouble(report, "metadata")

    def test_questions_that_get_no_answer_are_warnings_where_the_rest_is_known(self):
        for pattern, name, words in ((f"*/macs/{MAC}/interface-id", "ENI ids", "the MAC stands for the id of ens5"),
                                     ("/latest/meta-data/tags/*", "cluster", "did not tell")):
            with self.subTest(pattern=pattern):
                self.metadata.fault(pattern, is_silent=True)
                status, report = self.check()
                self.assertEqual(status, 0)
                self.assert_only_trouble(report, name)
                self.assert_finding(self.one(report, name), "warn", words)
                self.metadata.heal()

    def test_one_failure_is_noise(self):
        for changes in ({"status": 503}, {"is_reset": True}):
            self.metadata.fault("/latest/*", count=1, **changes)
            self.assertEqual(self.check()[1]["status"], "ok")

    def test_another_id_than_the_configured_one(self):
        finding = self.look("metadata", "identity.instance_id=i-0ffffffffffffffff")
        self.assert_finding(finding, "warn", INSTANCE, "i-0ffffffffffffffff, as set", remedy="identity.instance_id")
        self.assertEqual(self.look("metadata", f"identity.instance_id={INSTANCE}")["status"], "ok")

    def test_nobody_is_asked_where_that_is_off(self):
        """Packets go to the agent, or its refusal, and nowhere else."""
        for options, env, reason in ((["identity.imds=off"], {}, "identity.imds = off"),
                                     ([], {"AWS_EC2_METADATA_DISABLED": "true"}, "AWS_EC2_METADATA_DISABLED")):
            with self.subTest(options=options), Packets() as packets:
                finding = self.look("metadata", *options, env=env)
                self.assert_finding(finding, "warn", "not asked", reason, os.uname().nodename,
                                    remedy="set identity.instance_id")
                status, report = self.check(*options, f"identity.instance_id={INSTANCE}", env=env)
                self.assertEqual((status, report["status"]), (0, "ok"), report)
                self.assert_finding(self.one(report, "ENI ids"), "ok", "the MAC stands for the id of ens5")
            # From the agent's port come its answers.
            self.assertEqual({p.protocol for p in packets.list}, {"tcp"})
            self.assertEqual(sum(p.n_bytes for p in packets.list), 0)
            self.assertNotIn(self.metadata.port, {p.port for p in packets.list})
        self.assertEqual((self.metadata.requests, self.metadata.n_connections), ([], 0))


class Enis(OnNode):
    def setUp(self):
        super().setUp()
        self.bench.add("ens5", mac=MAC)
        self.bench.add("ens6", mac=OTHER)

    def test_an_eni_that_is_not_known_yet_is_a_warning_at_once(self):
        status, report = self.check_within(2)
        self.assertEqual(status, 0)
        self.assert_only_trouble(report, "ENI ids")
        finding = self.one(report, "ENI ids")
        self.assert_finding(finding, "warn", f"ens5 is {ENI_ID}", "the id of ens6", remedy="try again")
        self.assertEqual(finding["enis"], [{"interface": "ens5", "mac": MAC, "network_interface_id": ENI_ID},
                                           {"interface": "ens6", "mac": OTHER}])

    def test_the_configuration_knows_enis_too(self):
        configured = f"identity.eni.{OTHER}=eni-0bbbbbbbbbbbbbbb2"
        status, report = self.check(configured)
        self.assertEqual(report["status"], "ok")
        self.assert_finding(self.one(report, "ENI ids"), "ok", "ens6 is eni-0bbbbbbbbbbbbbbb2")


class Cluster(OnNode):
    def setUp(self):
        super().setUp()
        self.bench.add("ens5", mac=MAC)

    def test_each_source_is_named(self):
        self.metadata.user_data(USER_DATA.format("red").encode())
        path = os.path.join(self.bench.directory, "nodeadm.json")
        with open(path, "w", encoding="ascii") as file:
            file.write('{"spec": {"cluster": {"name": "blue"}}}')
        for options, name, source in (
                ([], "green", "the tags of the instance"),
                ([f"identity.nodeadm_file={path}"], "blue", path),
                (["identity.cluster_from=user-data"], "red", "the user data of the instance"),
                (["identity.cluster=mine"], "mine", "identity.cluster"),
                ([f"identity.nodeadm_file={path}", "identity.imds=off", "identity.instance_id=i-1"], "blue", path)):
            with self.subTest(options=options):
                status, report = self.check(*options)
                self.assertEqual((status, report["status"]), (0, "ok"), report)
                cluster = self.one(report, "cluster")
                self.assertEqual((cluster["cluster"], cluster["source"]), (name, source))
                self.assertEqual(cluster["text"], f"{name}, from {source}")

    def test_a_node_need_not_be_in_a_cluster(self):
        self.metadata.tags(None)
        self.assert_finding(self.look("cluster"), "ok", "not known")
        for sets, status in (("InstanceId; ClusterName, InstanceType", "warn"), ("InstanceId", "ok"),
                             ("ClusterName; ClusterName, InstanceType", "fail")):
            finding = self.look("cluster", f"publish.instance_dimensions={sets}")
            self.assert_finding(finding, status, "not known", remedy="" if status == "ok" else "identity.cluster")
        finding = self.look("cluster", "publish.eni_dimensions=NetworkInterfaceId, ClusterName")
        self.assert_finding(finding, "fail", "nothing of it becomes a metric")
        self.assert_finding(self.look("cluster", "identity.cluster_from=none"), "ok", "not looked for")

    def test_a_source_in_doubt_is_a_warning(self):
        self.metadata.tags(None)
        self.metadata.user_data((USER_DATA.format("red") + USER_DATA.format("blue")).encode())
        finding = self.look("cluster")
        self.assert_finding(finding, "warn", "not known", "in doubt", remedy="set identity.cluster")


if __name__ == "__main__":
    main()
