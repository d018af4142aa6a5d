# SPDX-License-Identifier: Apache-2.0
"""The daemon asks AWS's metadata mock, IMDSv2 only: what it says in its documents is what http.client reads there."""
import http.client
import json
import pathlib
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "e2e"))

from harness import BINARY, FAST, OnRig, bodies, is_eni, is_instance, main  # noqa: E402
from metadata_mock import DEFAULT_MAC, MACS, MetadataMock  # noqa: E402

MAC = "02:00:00:00:00:01"
# Labels by their path in the mock; the rest is in the identity document.
INSTANCE_PATHS = {"AvailabilityZoneId": "meta-data/placement/availability-zone-id",
                  "Partition": "meta-data/services/partition", "InstanceLifecycle": "meta-data/instance-life-cycle"}
DOCUMENT = {"InstanceId": "instanceId", "InstanceType": "instanceType", "ImageId": "imageId", "Region": "region",
            "AvailabilityZone": "availabilityZone", "AccountId": "accountId", "PrivateIpAddress": "privateIp"}
ENI_PATHS = {"NetworkInterfaceId": "interface-id", "DeviceIndex": "device-number",
             "NetworkCardIndex": "network-card", "SubnetId": "subnet-id", "VpcId": "vpc-id",
             "OwnerId": "owner-id", "SecurityGroupIds": "security-group-ids"}


class Reader:
    """Another client of the mock, with a token of its own."""

    def __init__(self, mock):
        self._mock = mock
        self._token = self._ask("PUT", "/latest/api/token", {"X-aws-ec2-metadata-token-ttl-seconds": "60"})

    def get(self, path):
        return self._ask("GET", "/latest/" + path, {"X-aws-ec2-metadata-token": self._token})

    def _ask(self, method, path, headers):
        connection = http.client.HTTPConnection("127.0.0.1", self._mock.port, timeout=30)
        connection.request(method, path, headers=headers)
        response = connection.getresponse()
        body = response.read().decode()
        connection.close()
        if response.status != 200:
            raise LookupError(f"{method} {path}: {response.status}")
        return body


class DaemonOnMock(OnRig):
    def run_on_mock(self, mock, *options):
        eni = self.bench.add("ens5", mac=MAC)
        options = [f"identity.imds_endpoint={mock.endpoint}", "publish.sink=stdout", *options]
        daemon = self.bench.start(BINARY, "run", *FAST, *(w for o in options for w in ("-o", o)))
        self.wait_for_samples(daemon)
        eni.add(pps_allowance_exceeded=1)
        daemon.wait_for(lambda d: any(is_eni(a.document) for a in d.documents))
        self.assertEqual(daemon.stop(), 0, daemon)
        return daemon, bodies(daemon)

    def test_documents_say_what_the_mock_says(self):
        values = {"mac": MAC, "mac-mac": MAC, "mac-owner-id": "111122223333", "mac-device-number": "0",
                  "mac-network-interface-id": "eni-0aaaaaaaaaaaaaaaa", "mac-subnet-id": "subnet-0aaaaaaaaaaaaaaaa",
                  "mac-network-interface-card-index": "1", "mac-vpc-id": "vpc-0aaaaaaaaaaaaaaaa", "mac-security-group-ids": "sg-0aaaaaaaaaaaaaaaa"}
        # Its own account has ten digits, which no account has: the daemon leaves that out.
        identity = {"accountId": "111122223333"}
        paths = {"mac-network-interface-card-index": MACS + DEFAULT_MAC + "/network-card"}  # as EC2 calls it
        with MetadataMock(values, paths, identity) as mock:
            _, documents = self.run_on_mock(mock)
            reader = Reader(mock)
            expected = {label: reader.get(path) for label, path in INSTANCE_PATHS.items()}
            identity = json.loads(reader.get("dynamic/instance-identity/document"))
            expected.update((label, identity[name]) for label, name in DOCUMENT.items())
            of_eni = {label: reader.get(f"{MACS[len('/latest/'):]}{MAC}/{name}") for label, name in ENI_PATHS.items()}
        for d in documents:
            self.assertEqual({label: d.get(label) for label in expected}, expected)
            self.assertNotIn("unidentified", d)
        for d in filter(is_eni, documents):
            self.assertEqual({label: d.get(label) for label in of_eni}, of_eni)
        self.assertTrue(any(map(is_instance, documents)))

    def test_the_cluster_is_found_in_the_mocks_user_data(self):
        text = b"---\napiVersion: node.eks.aws/v1alpha1\nkind: NodeConfig\nspec:\n  cluster:\n    name: blue\n"
        with MetadataMock({"mac": MAC, "mac-mac": MAC}, user_data=text) as mock:
            daemon, documents = self.run_on_mock(mock, "identity.cluster_from=user-data")
        self.assertEqual({d.get("ClusterName") for d in documents}, {"blue"}, daemon)


if __name__ == "__main__":
    main()
