# SPDX-License-Identifier: Apache-2.0
"""Straight to AWS from the sandbox: names resolved by DNS, TLS, signatures, compression. All that libcurl, OpenSSL and
the C library call for it is allowed. Whether what is sent is right is for test/interop to say."""
import gzip
import http.server
import json
import pathlib
import re
import socket
import struct
import threading

import aws_tls
import on_machine
from on_machine import PACKETS, OnService, configuration
from rig_service import Awaited

ENVIRONMENT, CA = "/etc/default/enawatch", "/etc/enawatch/ca.pem"
KIND = "wrong host"  # a certificate that is good for a name which only DNS knows
NAME = "elsewhere.example"
KEY, SECRET = "AKIDEXAMPLE", "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"
KEYS = f"AWS_ACCESS_KEY_ID={KEY}\nAWS_SECRET_ACCESS_KEY={SECRET}\nAWS_CA_BUNDLE={CA}\n"
KEY_OF_ROOT = "AKIDOFROOT"
FILE_OF_ROOT = f"[default]\naws_access_key_id = {KEY_OF_ROOT}\naws_secret_access_key = {SECRET}\n"


class Names(threading.Thread):
    """Says of every name that it is on loopback, to who asks for an address of version 4 (RFC 1035); of 6 it has none."""

    def __init__(self):
        super().__init__(daemon=True)
        self.asked = set()
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.bind(("127.0.0.1", 53))
        self.start()

    def run(self):
        while True:
            question, who = self._socket.recvfrom(512)
            end = question.index(b"\0", 12) + 5
            is_v4 = question[end - 4:end - 2] == b"\0\1"
            self.asked.add(_name(question[12:end - 5]))
            head = question[:2] + struct.pack(">5H", 0x8180, 1, is_v4, 0, 0)
            answer = struct.pack(">3HIH4B", 0xC00C, 1, 1, 60, 4, 127, 0, 0, 1) if is_v4 else b""
            self._socket.sendto(head + question[12:end] + answer, who)


def _name(labels):
    found = []
    while labels:
        found.append(labels[1:labels[0] + 1].decode())
        labels = labels[labels[0] + 1:]
    return ".".join(found)


class Aws(Awaited):
    """Takes whatever comes; `requests` has (what was asked for, its body, the key that signed it)."""

    def __init__(self, context):
        super().__init__()
        self.requests, aws = [], self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self):
                body = self.rfile.read(int(self.headers["Content-Length"]))
                if self.headers["Content-Encoding"] == "gzip":
                    body = gzip.decompress(body)
                key = re.search(r"Credential=(\w+)/", self.headers["Authorization"])[1]
                with aws.changed:
                    aws.requests.append((self.headers["X-Amz-Target"], json.loads(body), key))
                    aws.changed.notify_all()
                self.send_response(200)
                self.send_header("Content-Length", "2")
                self.end_headers()
                self.wfile.write(b"{}")

            def log_message(self, *_):
                pass

        server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        server.socket = context.wrap_socket(server.socket, server_side=True)
        server.daemon_threads = True
        self.endpoint = f"https://{NAME}:{server.server_port}"
        threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()

    def bodies(self, operation):
        return [body for target, body, _ in list(self.requests) if target.endswith("." + operation)]

    def keys_of_drills(self):
        return [key for _, body, key in list(self.requests) if body.get("Namespace") == "EnaWatch/Drill"]


class Direct(OnService):
    @classmethod
    def prepare(cls):
        super().prepare()
        certificates = cls.enterClassContext(aws_tls.Certificates())
        cls.machine.write(CA, pathlib.Path(certificates.ca).read_text())
        cls.machine.write(ENVIRONMENT, KEYS)
        cls.machine.write("/etc/resolv.conf", "nameserver 127.0.0.1\n")
        cls.context = certificates.context(KIND)
        with cls.machine.network():
            cls.names = Names()

    def use(self, sink, **settings):
        with self.machine.network():
            aws = Aws(self.context)
        self.machine.write(on_machine.CONF, configuration(
            publish__sink=sink, **{f"{sink}__region": "eu-west-1", f"{sink}__endpoint": aws.endpoint,
                                   f"{sink}__spread": "0s", **settings}))
        self.systemctl("restart", on_machine.UNIT)
        self.machine.send(50)
        return aws

    def assert_clean(self):
        self.assertIn(NAME, self.names.asked)
        self.assertEqual(self.show("NRestarts"), "0")

    def test_metrics_go_to_cloudwatch(self):
        aws = self.use("cloudwatch")
        aws.wait_for(lambda _: self.n_sent(aws.bodies("PutMetricData")) == 50)
        self.assert_clean()

    def test_a_drill_as_the_service_has_its_environment_and_nothing_of_root(self):
        """What the file of the service alone says: its keys, and whose certificates are good. As any command, it has
        root's keys, and without what the file says no certificate is good."""
        self.machine.write("/root/.aws/credentials", FILE_OF_ROOT, mode=0o600)
        self.addCleanup(self.machine.run, "rm", "-r", "/root/.aws")
        aws = self.use("cloudwatch")
        command = on_machine.as_the_service()
        self.assertIn("drill: taken by the sink cloudwatch, ", self.machine.run("sh", "-c", command))
        self.assertEqual(aws.keys_of_drills(), [KEY])
        self.assertIn("drill: cloudwatch: not taken", self.machine.run(*command.split()[-2:], check=False))
        self.machine.run("env", f"AWS_CA_BUNDLE={CA}", *command.split()[-2:])
        self.assertEqual(aws.keys_of_drills(), [KEY, KEY_OF_ROOT])
        self.assert_clean()

    def test_a_check_as_the_service_finds_its_keys_and_has_its_own_status(self):
        self.use("cloudwatch")
        command = on_machine.as_the_service().replace(" drill", " check")
        said = self.machine.run("sh", "-c", f"{command}; echo status $?")
        self.assertRegex(" ".join(said.split()), "cloudwatch https://.*: keys from the environment")
        self.assertIn("status 1", said)  # a veth has no allowances
        self.assertEqual(self.machine.run("systemctl", "list-units", "--failed", "--plain", "--no-legend", "run-*"), "")

    @staticmethod
    def n_sent(bodies):
        """The sum of what the data of the instance say."""
        data = [datum for body in bodies for datum in body["MetricData"] if datum["MetricName"] == PACKETS]
        return sum(value * n for datum in data if [d["Name"] for d in datum["Dimensions"]] == ["InstanceId"]
                   for value, n in zip(datum["Values"], datum["Counts"]))

    def test_documents_go_to_cloudwatch_logs(self):
        aws = self.use("logs")

        def documents(_):
            found = [json.loads(event["message"]) for body in aws.bodies("PutLogEvents") for event in body["logEvents"]]
            return on_machine.total(found, PACKETS) == 50

        aws.wait_for(documents)
        self.assert_clean()
