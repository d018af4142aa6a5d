# SPDX-License-Identifier: Apache-2.0
"""What the tests of `enawatch check` share: a node that is fine in every way, and its report."""
import collections
import socket
import struct
import threading
import time

from harness import BINARY, INSTANCE, OnRig, rig_library

MAC, OTHER = "02:00:00:00:00:01", "02:00:00:00:00:02"
ENI_ID = "eni-0aaaaaaaaaaaaaaa1"
# Of ours and of AWS's own programs: what the machine of the developer has set is not meant.
NO_ENVIRONMENT = {f"AWS_EC2_METADATA_{name}": None for name in (
    "DISABLED", "SERVICE_ENDPOINT", "SERVICE_ENDPOINT_MODE")}

Packet = collections.namedtuple("Packet", "protocol port n_bytes")  # destination port, bytes it carries


class Packets:
    """What is sent on the loopback interface of this namespace, from here to the end of the `with` block."""

    OUTGOING = 4  # PACKET_OUTGOING, linux/if_packet.h

    def __enter__(self):
        self.list, self._is_over = [], False
        self._socket = socket.socket(socket.AF_PACKET, socket.SOCK_DGRAM, socket.htons(0x0003))
        self._socket.bind(("lo", 0x0003))
        self._socket.settimeout(0.1)
        self._thread = threading.Thread(target=self._listen, daemon=True)
        self._thread.start()
        return self

    def __exit__(self, *_):
        self._is_over = True
        self._thread.join(30)
        self._socket.close()

    def _listen(self):
        """Until nothing is left that was sent before the end."""
        while True:
            is_over = self._is_over
            try:
                data, address = self._socket.recvfrom(65536)
            except TimeoutError:
                if is_over:
                    return
                continue
            if address[2] == self.OUTGOING:
                self.list.append(self._packet(data))

    @staticmethod
    def _packet(data):
        """Of IPv4; anything else has no port."""
        if data[0] >> 4 != 4 or data[9] not in (6, 17):
            return Packet("other", None, len(data))
        header = (data[0] & 15) * 4
        total, port = struct.unpack_from("!H", data, 2)[0], struct.unpack_from("!H", data, header + 2)[0]
        length = (data[header + 12] >> 4) * 4 if data[9] == 6 else 8
        return Packet("tcp" if data[9] == 6 else "udp", port, total - header - length)


class OnNode(OnRig):
    """A node with metadata service and agent."""

    def setUp(self):
        super().setUp()
        self.metadata, self.agent = self.bench.metadata(), self.bench.agent()
        self.metadata.instance(instance_id=INSTANCE, instance_type="c7g.large", availability_zone="eu-west-1b")
        self.metadata.add_eni(MAC, ENI_ID)
        self.metadata.tags({"eks:cluster-name": "green"})
        self.addCleanup(lambda: self.assertEqual(self.metadata.violations, []))

    def start(self, *words, options=(), env=None):
        usual = [f"identity.imds_endpoint={self.metadata.endpoint}", f"agent.endpoint={self.agent.endpoint}",
                 "identity.nodeadm_file=/does/not/exist"]
        words = [*words, *(w for o in [*usual, *options] for w in ("-o", o))]
        return self.bench.start(BINARY, "check", *words, env={**NO_ENVIRONMENT, **(env or {})})

    def check_within(self, seconds, *options):
        """As check(), which takes less."""
        results = []

        def act():
            began = time.monotonic()
            results.append(self.check(*options))
            return time.monotonic() - began
        self.assert_within(seconds, act)
        return results[-1]

    def check(self, *options, env=None):
        """(exit status, the report as JSON has it); nothing was logged."""
        process = self.start("--json", options=options, env=env)
        status = process.wait()
        self.assertEqual((len(process.documents), process.log), (1, []), process)
        report = process.documents[0].document
        self.assertEqual(report["status"], max((c["status"] for c in report["checks"]),
                                               key=["ok", "warn", "fail"].index))
        self.assertEqual(status, 1 if report["status"] == "fail" else 0)
        for finding in report["checks"]:
            self.assertEqual("remedy" in finding, finding["status"] != "ok", finding)
            self.assertTrue(finding.get("remedy", "x") and finding["text"], finding)
        return status, report

    def screen(self, *options, env=None):
        """(exit status, lines); nothing was logged."""
        process = self.start(options=options, env=env)
        status = process.wait()
        self.assertEqual(process.log, [], process)
        return status, process.lines

    def find(self, report, name):
        return [c for c in report["checks"] if c["name"] == name]

    def one(self, report, name):
        found = self.find(report, name)
        self.assertEqual(len(found), 1, report)
        return found[0]

    def look(self, name, *options, env=None):
        """The one finding of this name."""
        return self.one(self.check(*options, env=env)[1], name)

    def assert_finding(self, finding, status, *words, remedy=""):
        self.assertEqual(finding["status"], status, finding)
        for word in words:
            self.assertIn(word, finding["text"])
        self.assertIn(remedy, finding.get("remedy", ""))

    def assert_only_trouble(self, report, *names):
        """Everything else is fine."""
        self.assertEqual({c["name"] for c in report["checks"] if c["status"] != "ok"}, set(names), report)


def add_netless_listener(test):
    """An endpoint whose connections stay half open: its queue is full."""
    listener = socket.socket()
    test.addCleanup(listener.close)
    listener.bind(("127.0.0.1", 0))
    listener.listen(0)
    for _ in range(3):
        filler = socket.socket()
        test.addCleanup(filler.close)
        filler.setblocking(False)
        filler.connect_ex(listener.getsockname())
    return f"tcp://127.0.0.1:{listener.getsockname()[1]}"


__all__ = ["ENI_ID", "INSTANCE", "MAC", "OTHER", "OnNode", "Packets", "add_netless_listener", "rig_library"]
