# SPDX-License-Identifier: Apache-2.0
"""What the simulated metadata service knows of an instance: the keys below /latest/ and their texts.

Paths: "Instance metadata categories" in the EC2 User Guide. A directory is no key of its own: it lists
what is below it, one entry a line, those that are directories with a / at the end.
"""
import dataclasses
import json
import time

MACS = "meta-data/network/interfaces/macs/"


def _as_bytes(text):
    if isinstance(text, bytes):
        return text
    return "\n".join(map(str, text)).encode() if isinstance(text, (list, tuple)) else str(text).encode()


class EniKeys:
    """The keys of one ENI, which EC2 does not show at once: its entry in the list comes after `late` seconds,
    its keys after `keys_late` (as its entry unless told), and until `device_number_late` its device number
    reads 0. `keys` is text by name and may be changed; settle() ends every wait."""

    def __init__(self, keys, late=0.0, keys_late=None, device_number_late=0.0):
        self.keys, now = keys, time.monotonic()
        self._listed = now + late
        self._told = self._listed if keys_late is None else now + keys_late
        self._numbered = now + device_number_late

    def settle(self, device_number_late=0.0):
        """From now on all of it is there and true, the device number after so many seconds more."""
        self._listed = self._told = 0.0
        self._numbered = time.monotonic() + device_number_late

    def is_listed(self):
        return time.monotonic() >= self._listed

    def shown(self):
        """The keys as they are to be seen now."""
        now = time.monotonic()
        if now < self._told:
            return {}
        return self.keys if now >= self._numbered else {**self.keys, "device-number": "0"}


@dataclasses.dataclass
class Instance:
    """None is a key that is not there. Without a primary MAC the ENI that was added first is it."""
    instance_id: str = "i-0123456789abcdef0"
    instance_type: str = "m5.large"
    image_id: str = "ami-0123456789abcdef0"
    architecture: str = "x86_64"
    account: str = "123456789012"
    region: str = "us-east-1"
    availability_zone: str = "us-east-1a"
    availability_zone_id: str = "use1-az1"
    group_name: str = None
    partition_number: int = None
    host_id: str = None
    partition: str = "aws"
    domain: str = "amazonaws.com"
    life_cycle: str = "on-demand"
    private_ip: str = "10.0.0.10"
    primary_mac: str = None

    def keys(self):
        """Text by path below meta-data/; None where there is no such key."""
        return {"instance-id": self.instance_id, "instance-type": self.instance_type, "ami-id": self.image_id,
                "instance-life-cycle": self.life_cycle, "local-ipv4": self.private_ip, "mac": self.primary_mac,
                "placement/region": self.region, "placement/availability-zone": self.availability_zone,
                "placement/availability-zone-id": self.availability_zone_id,
                "placement/group-name": self.group_name, "placement/partition-number": self.partition_number,
                "placement/host-id": self.host_id,
                "services/partition": self.partition, "services/domain": self.domain}

    def document(self):
        """dynamic/instance-identity/document."""
        return json.dumps({
            "accountId": self.account, "architecture": self.architecture,
            "availabilityZone": self.availability_zone, "billingProducts": None, "devpayProductCodes": None,
            "imageId": self.image_id, "instanceId": self.instance_id, "instanceType": self.instance_type,
            "kernelId": None, "marketplaceProductCodes": None, "pendingTime": "2026-11-21T10:00:00Z",
            "privateIp": self.private_ip, "ramdiskId": None, "region": self.region, "version": "2017-09-30",
        }, indent=2)


class Keys:
    """The whole tree, as it is at the moment it is looked at."""

    def __init__(self):
        self.instance, self.enis, self.tags, self.user_data = Instance(), {}, None, None
        self.changed = {}  # text or bytes by path below /latest/, over all others; None takes a key away

    def find(self, path):
        """The bytes of a key, or the list of a directory; None where there is neither."""
        if not path.startswith("/latest/"):
            return None
        path, texts = path[len("/latest/"):], self._texts()
        if path in texts:
            return _as_bytes(texts[path])
        folder = path.rstrip("/") + "/" if path else ""
        below = [name[len(folder):].partition("/") for name in [*texts, *self._folders()] if name.startswith(folder)]
        entries = {entry + slash for entry, slash, _ in below} - {""}
        return "\n".join(sorted(entries)).encode() if entries else None

    def _folders(self):
        """An ENI is in the list even while it has no keys."""
        return [MACS + mac + "/" for mac, eni in self.enis.items() if eni.is_listed()]

    def _texts(self):
        instance = {"mac": next(iter(self.enis), None)}
        instance.update((k, v) for k, v in self.instance.keys().items() if v is not None)
        texts = {f"meta-data/{name}": text for name, text in instance.items()}
        texts["dynamic/instance-identity/document"] = self.instance.document()
        texts["user-data"] = self.user_data
        texts.update((f"meta-data/tags/instance/{name}", text) for name, text in (self.tags or {}).items())
        for mac, eni in self.enis.items():
            texts.update((f"{MACS}{mac}/{name}", text) for name, text in eni.shown().items())
        texts.update(self.changed)
        return {name: text for name, text in texts.items() if text is not None}
