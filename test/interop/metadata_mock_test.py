# SPDX-License-Identifier: Apache-2.0
"""AWS's metadata mock beside ours of test/rig: where both must say the same, and where the mock is not EC2.

Asked with http.client. What is the mock's own way is checked too, so that a test of the daemon against it is not
surprised, and another version of the mock shows.
"""
import http.client
import json
import pathlib
import sys
import time
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "rig"))

import rig  # noqa: E402
from metadata_mock import DEFAULT_MAC, MACS, MetadataMock  # noqa: E402
from rig_metadata import TOKEN_HEADER, TOKEN_PATH, TTL_HEADER  # noqa: E402

MAC, ENI = "02:00:00:00:00:01", "eni-0aaaaaaaaaaaaaaaa"
META, DOCUMENT = "/latest/meta-data/", "/latest/dynamic/instance-identity/document"
INSTANCE = {"instance_id": "i-0aaaaaaaaaaaaaaaa", "instance_type": "c7gn.large", "image_id": "ami-0aaaaaaaaaaaaaaaa",
            "architecture": "arm64", "account": "111122223333", "region": "us-west-2",
            "availability_zone": "us-west-2-lax-1b", "availability_zone_id": "usw2-lax1-az2", "group_name": "group",
            "partition_number": "3", "host_id": "h-0aaaaaaaaaaaaaaaa", "partition": "aws-cn",
            "domain": "amazonaws.com.cn", "life_cycle": "spot", "private_ip": "10.1.2.3"}
ENI_KEYS = {"subnet-id": "subnet-0a", "vpc-id": "vpc-0a", "owner-id": "444455556666", "security-group-ids": "sg-0a"}
# The mock's name of a value: ours in INSTANCE.
NAMES = {"instance-id": "instance_id", "instance-type": "instance_type", "ami-id": "image_id",
         "instance-life-cycle": "life_cycle", "local-ipv4": "private_ip", "placement-region": "region",
         "placement-availability-zone": "availability_zone", "placement-group-name": "group_name",
         "placement-availability-zone-id": "availability_zone_id", "placement-host-id": "host_id",
         "placement-partition-number": "partition_number", "services-partition": "partition",
         "services-domain": "domain"}


def set_up_mock():
    values = {name: INSTANCE[ours] for name, ours in NAMES.items()}
    values.update({f"mac-{name}": text for name, text in ENI_KEYS.items()})
    values.update({"mac": MAC, "mac-mac": MAC, "mac-network-interface-id": ENI, "mac-device-number": "0",
                   "mac-network-interface-card-index": "1", "tags-instance-name": "node", "tags-instance-test": "x"})
    identity = {"accountId": INSTANCE["account"], "availabilityZone": INSTANCE["availability_zone"]}
    identity.update({name: INSTANCE[ours] for name, ours in (
        ("architecture", "architecture"), ("imageId", "image_id"), ("instanceId", "instance_id"),
        ("instanceType", "instance_type"), ("privateIp", "private_ip"), ("region", "region"))})
    # The key that EC2 really has.
    paths = {"mac-network-interface-card-index": MACS + DEFAULT_MAC + "/network-card"}
    return MetadataMock(values, paths, identity, b"#!/bin/sh\n")


def set_up_ours():
    ours = rig.Metadata()
    ours.instance(**INSTANCE)
    ours.add_eni(MAC, eni_id=ENI, network_card=1, keys=ENI_KEYS)
    ours.tags({"Name": "node", "Test": "x"})
    ours.user_data(b"#!/bin/sh\n")
    return ours


def ask(service, path, headers=None, method="GET"):
    """(status, body)"""
    connection = http.client.HTTPConnection("127.0.0.1", service.port, timeout=30)
    try:
        connection.request(method, path, headers=headers or {})
        response = connection.getresponse()
        return response.status, response.read()
    finally:
        connection.close()


def token(service, ttl=60):
    return {TOKEN_HEADER: ask(service, TOKEN_PATH, {TTL_HEADER: str(ttl)}, "PUT")[1].decode()}


def get(service, path):
    return ask(service, path, token(service))


class Both(unittest.TestCase):
    """The same question to both."""

    @classmethod
    def setUpClass(cls):
        cls.mock, cls.ours = set_up_mock(), set_up_ours()
        cls.addClassCleanup(cls.mock.stop)
        cls.addClassCleanup(cls.ours.stop)

    def assert_both(self, expected, question, *args):
        self.assertEqual(question(self.mock, *args), expected, f"mock: {args}")
        self.assertEqual(question(self.ours, *args), expected, f"ours: {args}")

    def test_a_token_lives_from_1_to_21600_seconds(self):
        def status(service, headers):
            return ask(service, TOKEN_PATH, headers, "PUT")[0]
        self.assert_both(400, status, {})
        for ttl, expected in (("0", 400), ("1", 200), ("21600", 200), ("21601", 400), ("-1", 400), ("", 400),
                              ("x", 400), ("1.5", 400)):
            self.assert_both(expected, status, {TTL_HEADER: ttl})

    def test_keys_need_a_token(self):
        for path in (META, META + "mac", f"{MACS}{MAC}/interface-id", "/latest/user-data", DOCUMENT):
            for headers in ({}, {TOKEN_HEADER: ""}, {TOKEN_HEADER: "made-up"}):
                self.assert_both(401, lambda service, *a: ask(service, *a)[0], path, headers)

    def test_a_token_of_one_second_is_over_after_one(self):
        for service in (self.mock, self.ours):
            begin, headers = time.monotonic(), token(service, 1)
            status = ask(service, META + "mac", headers)[0]
            self.assertTrue(status == 200 or time.monotonic() - begin >= 1, status)
            while ask(service, META + "mac", headers)[0] == 200 and time.monotonic() < begin + 20:
                time.sleep(0.02)
            self.assertEqual(ask(service, META + "mac", headers)[0], 401)
            self.assertGreaterEqual(time.monotonic() - begin, 1)

    def test_keys_have_the_paths_and_the_form_of_aws(self):
        for name, ours in NAMES.items():
            folder = next((f for f in ("placement-", "services-") if name.startswith(f)), "")
            path = META + name.replace(folder, folder[:-1] + "/", 1) if folder else META + name
            self.assert_both((200, INSTANCE[ours].encode()), get, path)
        expected = {"mac": MAC, "interface-id": ENI, "device-number": "0", "network-card": "1", **ENI_KEYS}
        for name, text in expected.items():
            self.assert_both((200, text.encode()), get, f"{MACS}{MAC}/{name}")
        for path, text in ((META + "mac", MAC), (META + "tags/instance/Name", "node"),
                           (META + "tags/instance/Test", "x"), ("/latest/user-data", "#!/bin/sh\n")):
            self.assert_both((200, text.encode()), get, path)

    def test_directories_are_listed_as_by_aws(self):
        for path, entries in ((MACS, [MAC + "/"]), (META + "services/", ["domain", "partition"]),
                              (META + "tags/instance/", ["Name", "Test"]), (META + "placement/", [
                                  "availability-zone", "availability-zone-id", "group-name", "host-id",
                                  "partition-number", "region"])):
            self.assert_both((200, "\n".join(entries).encode()), get, path)

    def test_the_identity_document_has_the_members_of_aws(self):
        mock, ours = (json.loads(get(service, DOCUMENT)[1]) for service in (self.mock, self.ours))
        self.assertEqual({**mock, "pendingTime": None}, {**ours, "pendingTime": None})

    def test_what_is_not_there_is_404(self):
        for path in (META + "nothing", f"{MACS}{MAC}/nothing", "/nothing"):
            self.assert_both(404, lambda service, p: get(service, p)[0], path)


class Mock(unittest.TestCase):
    """As it ships; where it is not EC2."""

    @classmethod
    def setUpClass(cls):
        cls.mock = MetadataMock()
        cls.addClassCleanup(cls.mock.stop)

    def test_it_lists_directories_without_a_token(self):
        for path in (MACS, META + "placement/", META + "services/", META + "tags/instance/"):
            self.assertEqual(ask(self.mock, path)[0], 200, path)
        self.assertEqual(ask(self.mock, META)[0], 401, "but for this one")

    def test_it_gives_tokens_through_a_proxy(self):
        headers = {TTL_HEADER: "60", "X-Forwarded-For": "192.0.2.1"}
        self.assertEqual(ask(self.mock, TOKEN_PATH, headers, "PUT")[0], 200)

    def test_it_answers_part_of_a_name_with_a_list(self):
        folder = f"{MACS}{DEFAULT_MAC}/"
        self.assertEqual(get(self.mock, folder + "network-card-index"), (200, b"0"))
        self.assertEqual(get(self.mock, folder + "network-card"), (200, b"network/"))

    def test_it_is_always_about_to_be_terminated(self):
        # As a spot instance by spot/instance-action, as one of an Auto Scaling group by target-lifecycle-state.
        self.assertEqual(json.loads(get(self.mock, META + "spot/instance-action")[1])["action"], "terminate")
        self.assertEqual(get(self.mock, META + "autoscaling/target-lifecycle-state"), (200, b"Terminated"))

    def test_its_keys_of_an_eni_are_these(self):
        self.assertEqual(get(self.mock, f"{MACS}{DEFAULT_MAC}/")[1].decode().split("\n"), [
            "device-number", "interface-id", "ipv4-associations/", "ipv6s", "local-hostname", "local-ipv4s", "mac",
            "network-card-index", "owner-id", "public-hostname", "public-ipv4s", "security-group-ids",
            "security-groups", "subnet-id", "subnet-ipv4-cidr-block", "subnet-ipv6-cidr-blocks", "vpc-id",
            "vpc-ipv4-cidr-block", "vpc-ipv4-cidr-blocks", "vpc-ipv6-cidr-blocks"])


if __name__ == "__main__":
    rig.in_namespace()
    unittest.main(verbosity=2)
