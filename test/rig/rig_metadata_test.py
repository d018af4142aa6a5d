# SPDX-License-Identifier: Apache-2.0
"""Checks the stand-in for the metadata service with http.client. Expected: the EC2 User Guide's rules."""
import http.client
import json
import socket
import time
import unittest

import rig
from rig_metadata import NO_HTTP, OVERSIZE, TOKEN_HEADER, TTL_HEADER, TOKEN_PATH

MAC, OTHER = "02:00:00:00:00:01", "02:00:00:00:00:02"
META = "/latest/meta-data/"
MACS = META + "network/interfaces/macs/"


class OnMetadata(unittest.TestCase):
    def setUp(self):
        self.metadata = rig.Metadata()
        self.addCleanup(self.metadata.stop)

    def connect(self, metadata=None, timeout=30):
        metadata = metadata or self.metadata
        connection = http.client.HTTPConnection(metadata.host, metadata.port, timeout=timeout)
        self.addCleanup(connection.close)
        return connection

    def ask(self, path, headers=None, method="GET", connection=None):
        """(status, body)"""
        connection = connection or self.connect()
        connection.request(method, path, headers=headers or {})
        response = connection.getresponse()
        return response.status, response.read()

    def put(self, headers, path=TOKEN_PATH):
        return self.ask(path, headers, "PUT")

    def token(self, ttl=60):
        """The headers of a client with a new token."""
        status, body = self.put({TTL_HEADER: str(ttl)})
        self.assertEqual(status, 200)
        return {TOKEN_HEADER: body.decode()}

    def get(self, path):
        return self.ask(path, self.token())

    def texts(self, folder, names):
        return [self.get(folder + name)[1].decode() for name in names]

    def wait_for_status(self, status, path, headers, timeout=30):
        end = time.monotonic() + timeout
        while self.ask(path, headers)[0] != status:
            self.assertLess(time.monotonic(), end, f"{path} is not {status}")
            time.sleep(0.02)

    def violations(self):
        return [reason for _, reason in self.metadata.violations]


class Tokens(OnMetadata):
    def test_a_token_lives_from_1_to_21600_seconds(self):
        for ttl in ("1", "21600"):
            self.assertEqual(self.put({TTL_HEADER: ttl})[0], 200, ttl)
        self.assertEqual(self.violations(), [])
        wrong = ({}, *({TTL_HEADER: ttl} for ttl in ("0", "21601", "-1", "", "1.5", "1x", "9" * 40)))
        for headers in wrong:
            self.assertEqual(self.put(headers)[0], 400, headers)
        self.assertEqual(len(self.violations()), len(wrong))

    def test_no_token_is_given_through_a_proxy(self):
        self.assertEqual(self.put({TTL_HEADER: "60", "X-Forwarded-For": "192.0.2.1"})[0], 403)
        self.assertEqual(self.violations(), ["X-Forwarded-For"])

    def test_tokens_come_from_one_path_by_put(self):
        for method, path in (("PUT", "/2021-07-15/api/token"), ("PUT", TOKEN_PATH + "/"), ("PUT", META),
                             ("POST", TOKEN_PATH), ("DELETE", META)):
            status, body = self.ask(path, {TTL_HEADER: "60"}, method)
            self.assertEqual((status, self.violations()[-1:]), (405, [f"{method} {path}"]))
            self.assertEqual(self.ask(META, {TOKEN_HEADER: body.decode().strip()})[0], 401)

    def test_a_get_without_a_token_is_401_and_a_violation(self):
        for path in (META + "instance-id", MACS, "/latest/user-data", "/no/such/key", TOKEN_PATH):
            self.assertEqual(self.ask(path)[0], 401, path)
        self.assertEqual(self.violations(), ["no token"] * 5)
        self.assertEqual(self.ask(META, {TOKEN_HEADER: "made-up"})[0], 401)
        self.assertEqual(self.violations()[5:], ["a token that was never given out"])

    def test_an_expired_token_is_401_and_no_violation(self):
        begin, headers = time.monotonic(), self.token(4)
        self.assertEqual(self.ask(META, headers)[0], 200)
        self.wait_for_status(401, META, headers)
        self.assertGreaterEqual(time.monotonic() - begin, 4)
        self.assertEqual([self.get(META)[0], self.violations()], [200, []])

    def test_tokens_end_before_their_time(self):
        old = self.token(21600)
        self.metadata.expire_tokens()
        self.assertEqual([self.ask(META, old)[0], self.get(META)[0]], [401, 200])
        self.metadata.token_ttl = 0.2
        short = self.token(21600)
        self.wait_for_status(401, META, short)
        self.assertEqual(self.violations(), [])

    def test_the_answer_to_a_token_says_how_long_it_lives(self):
        connection = self.connect()
        connection.request("PUT", TOKEN_PATH, headers={TTL_HEADER: "77"})
        response = connection.getresponse()
        self.assertEqual([response.getheader(TTL_HEADER), response.getheader("Content-Type")], ["77", "text/plain"])

    def test_what_is_no_request_is_recorded(self):
        self.assertEqual(self.ask(TOKEN_PATH, {TTL_HEADER: "60", "Content-Length": "3"}, "PUT")[0], 400)
        self.assertEqual(self.ask(META, {"Transfer-Encoding": "chunked"})[0], 400)
        self.assertEqual(self.violations(), ["a body", "a body"])
        with socket.create_connection((self.metadata.host, self.metadata.port), 5) as raw:
            raw.sendall(b"GET /latest/ HTTP/1.1\r\n\r\nnonsense\r\n\r\n")
            answers = b"".join(iter(lambda: raw.recv(4096), b""))
        self.assertEqual(answers.count(b" 400 "), 2)
        self.assertEqual(self.violations()[2], "no Host")
        self.assertIn("nonsense", self.violations()[3])


class Keys(OnMetadata):
    def test_the_instance_is_what_it_was_said_to_be(self):
        self.metadata.instance(  # in a Local Zone, where the zone says less of the region than elsewhere
            instance_id="i-1", instance_type="c7gn.large", image_id="ami-1", architecture="arm64",
            account="111122223333", region="us-west-2", availability_zone="us-west-2-lax-1b",
            availability_zone_id="usw2-lax1-az2", partition="aws-cn", domain="amazonaws.com.cn", life_cycle="spot",
            private_ip="10.1.2.3", primary_mac=OTHER, group_name="g", partition_number=7, host_id="h-1")
        texts = {"instance-id": "i-1", "instance-type": "c7gn.large", "ami-id": "ami-1", "instance-life-cycle": "spot",
                 "local-ipv4": "10.1.2.3", "mac": OTHER, "placement/region": "us-west-2",
                 "placement/availability-zone": "us-west-2-lax-1b", "placement/availability-zone-id": "usw2-lax1-az2",
                 "placement/group-name": "g", "placement/partition-number": "7", "placement/host-id": "h-1",
                 "services/partition": "aws-cn", "services/domain": "amazonaws.com.cn"}
        self.assertEqual(self.texts(META, texts), list(texts.values()))
        document = json.loads(self.get("/latest/dynamic/instance-identity/document")[1])
        expected = {"accountId": "111122223333", "architecture": "arm64", "availabilityZone": "us-west-2-lax-1b",
                    "imageId": "ami-1", "instanceId": "i-1", "instanceType": "c7gn.large", "privateIp": "10.1.2.3",
                    "region": "us-west-2"}
        self.assertEqual({name: document[name] for name in expected}, expected)

    def test_a_directory_lists_what_is_in_it(self):
        self.metadata.add_eni(MAC)
        self.metadata.add_eni(OTHER)
        for path in (META + "placement", META + "placement/"):
            self.assertEqual(self.get(path), (200, b"availability-zone\navailability-zone-id\nregion"))
        self.assertEqual(self.get(MACS), (200, f"{MAC}/\n{OTHER}/".encode()))
        self.assertEqual(self.get(META)[1].decode().split("\n"), [
            "ami-id", "instance-id", "instance-life-cycle", "instance-type", "local-ipv4", "mac", "network/",
            "placement/", "services/"])
        self.assertEqual(self.get("/latest/"), (200, b"dynamic/\nmeta-data/"))

    def test_what_is_not_there_is_404(self):
        self.metadata.instance(availability_zone_id=None)
        for path in ("/", "/latest/meta-data/mac", META + "nothing", META + "instance-id/", META + "instance-i",
                     META + "placement/availability-zone-id", META + "tags/instance/", "/latest/user-data", MACS,
                     "/1.0/meta-data/instance-id", TOKEN_PATH):
            self.assertEqual(self.get(path)[0], 404, path)
        self.assertEqual(self.violations(), [])

    def test_a_key_can_be_set_and_taken_away(self):
        self.metadata.set_key("meta-data/spot/instance-action", "{}")
        self.metadata.set_key("meta-data/instance-type", None)
        self.assertEqual([self.get(META + "spot/")[1], self.get(META + "spot/instance-action")[1]],
                         [b"instance-action", b"{}"])
        self.assertEqual(self.get(META + "instance-type")[0], 404)

    def test_tags_and_user_data_are_there_when_they_are_given(self):
        self.metadata.tags({"Name": "a node", "team:x": "y"})
        self.metadata.user_data(b"\x1f\x8b\0\xff")
        self.assertEqual(self.get(META + "tags/instance/"), (200, b"Name\nteam:x"))
        self.assertEqual(self.texts(META + "tags/instance/", ["Name", "team:x"]), ["a node", "y"])
        self.assertEqual(self.get("/latest/user-data"), (200, b"\x1f\x8b\0\xff"))
        self.metadata.tags(None)
        self.metadata.user_data(None)
        self.assertEqual([self.get(META + "tags/instance/Name")[0], self.get("/latest/user-data")[0]], [404, 404])


class Enis(OnMetadata):
    def test_an_eni_has_its_keys(self):
        self.metadata.add_eni(MAC)
        self.metadata.add_eni(OTHER, eni_id="eni-2", device_number=3, network_card=1, keys={
            "subnet-id": "subnet-2", "vpc-id": "vpc-2", "owner-id": "444455556666",
            "security-group-ids": ["sg-1", "sg-2"], "local-ipv4s": "10.0.0.9"})
        names = ["mac", "interface-id", "device-number", "network-card", "subnet-id", "vpc-id", "owner-id",
                 "security-group-ids", "local-ipv4s"]
        self.assertEqual(self.texts(MACS + OTHER + "/", names), [
            OTHER, "eni-2", "3", "1", "subnet-2", "vpc-2", "444455556666", "sg-1\nsg-2", "10.0.0.9"])
        self.assertEqual(self.get(META + "mac"), (200, MAC.encode()), "the one that was added first")
        self.assertEqual([self.get(f"{MACS}{MAC}/{name}")[0] for name in ("network-card", "local-ipv4s")], [404, 404])

    def test_a_fresh_eni_shows_late(self):
        self.metadata.add_eni(MAC)
        eni = self.metadata.add_eni(OTHER, device_number=2, late=3600, device_number_late=3600)
        self.assertEqual([self.get(MACS)[1].decode(), self.get(f"{MACS}{OTHER}/interface-id")[0]], [MAC + "/", 404])
        eni.settle()
        self.assertEqual(self.get(MACS)[1].decode(), f"{MAC}/\n{OTHER}/")
        self.assertEqual(self.get(f"{MACS}{OTHER}/device-number"), (200, b"2"))

    def test_a_fresh_eni_can_be_listed_before_it_has_keys(self):
        eni = self.metadata.add_eni(OTHER, keys_late=3600)
        self.assertEqual([self.get(MACS)[1].decode(), self.get(MACS + OTHER)[0]], [OTHER + "/", 404])
        self.assertEqual(self.get(f"{MACS}{OTHER}/interface-id")[0], 404)
        eni.settle()
        self.assertEqual(self.get(f"{MACS}{OTHER}/interface-id")[0], 200)

    def test_a_fresh_device_number_reads_0(self):
        begin, headers, path = time.monotonic(), self.token(), f"{MACS}{OTHER}/device-number"
        eni = self.metadata.add_eni(OTHER, device_number=2, late=0.2, device_number_late=3600)
        self.wait_for_status(200, path, headers)
        self.assertGreaterEqual(time.monotonic() - begin, 0.2)
        self.assertEqual(self.ask(path, headers)[1], b"0")
        begin = time.monotonic()
        eni.settle(device_number_late=0.4)
        while self.ask(path, headers)[1] == b"0":
            self.assertLess(time.monotonic(), begin + 30)
        self.assertGreaterEqual(time.monotonic() - begin, 0.4)
        self.assertEqual(self.ask(path, headers)[1], b"2")

    def test_a_removed_eni_is_gone(self):
        self.metadata.add_eni(MAC)
        self.metadata.add_eni(OTHER)
        self.metadata.remove_eni(OTHER)
        self.assertEqual([self.get(MACS)[1].decode(), self.get(f"{MACS}{OTHER}/mac")[0]], [MAC + "/", 404])


class Faults(OnMetadata):
    def setUp(self):
        super().setUp()
        self.headers = self.token()

    def look(self, path=META + "instance-id", connection=None):
        return self.ask(path, self.headers, connection=connection)

    def test_a_status_is_given_as_often_as_it_was_ordered(self):
        path, other = META + "instance-id", META + "mac"
        self.metadata.add_eni(MAC)
        first = self.metadata.fault(META + "instance-*", count=2, status=503)
        self.metadata.fault(path, count=1, status=403)
        self.assertEqual([self.look(path)[0] for _ in range(4)], [503, 503, 403, 200])
        self.assertEqual([self.look(other)[0], first.n_done], [200, 2])
        self.assertNotIn(b"i-0123", self.metadata.fault(path, status=503) and self.look(path)[1])
        self.metadata.heal()
        self.assertEqual(self.look(path), (200, b"i-0123456789abcdef0"))
        with self.assertRaises(TypeError):
            self.metadata.fault("*", no_such_fault=1)

    def test_tokens_can_be_refused(self):
        for status in (400, 401, 403, 404, 500, 503):
            self.metadata.fault(TOKEN_PATH, count=1, status=status)
            self.assertEqual(self.put({TTL_HEADER: "60"})[0], status)
        self.assertEqual([self.put({TTL_HEADER: "60"})[0], self.violations()], [200, []])

    def test_a_wrong_body_is_given(self):
        self.metadata.fault(META + "*", count=1, body=b"<html>")
        self.assertEqual([self.look(), self.look()[1]], [(200, b"<html>"), b"i-0123456789abcdef0"])
        self.metadata.fault(TOKEN_PATH, count=1, body=b"wrong", headers=())
        self.assertEqual(self.put({TTL_HEADER: "60"}), (200, b"wrong"))
        self.assertEqual(self.ask(META, {TOKEN_HEADER: "wrong"})[0], 401)
        self.assertEqual(self.violations(), [], "it was given out")

    def test_an_answer_is_delayed(self):
        self.metadata.fault("*", count=1, delay=0.3)
        begin = time.monotonic()
        self.assertEqual(self.look()[0], 200)
        self.assertGreaterEqual(time.monotonic() - begin, 0.3)

    def test_a_body_trickles(self):
        self.metadata.fault("*", count=1, pace=60)
        connection = self.connect()
        connection.request("GET", META + "instance-id", headers=self.headers)
        self.assertEqual(connection.getresponse().status, 200)  # the headers do not wait for the body
        connection.close()
        self.metadata.fault("*", count=1, pace=0.02)
        connection, begin = self.connect(), time.monotonic()
        connection.request("GET", META + "instance-id", headers=self.headers)
        response = connection.getresponse()
        self.assertEqual(response.read(), b"i-0123456789abcdef0")
        self.assertGreaterEqual(time.monotonic() - begin, 19 * 0.02)
        self.assertEqual(self.look(connection=connection)[0], 200)

    def test_a_silent_service_holds_up_nobody_else(self):
        fault = self.metadata.fault(META + "mac", is_silent=True)
        with self.assertRaises(TimeoutError):
            self.look(META + "mac", self.connect(timeout=0.3))
        waiting = self.connect()
        waiting.request("GET", META + "mac", headers=self.headers)
        self.metadata.wait_for(lambda _: fault.n_done == 2)
        self.assertEqual(self.look()[0], 200)
        begin = time.monotonic()
        self.metadata.stop()
        self.assertLess(time.monotonic() - begin, 30)  # it would be silent for much longer
        with self.assertRaises(http.client.RemoteDisconnected):
            waiting.getresponse()

    def test_a_body_is_cut_off(self):
        self.metadata.fault("*", count=1, n_missing=5)
        connection = self.connect()
        connection.request("GET", META + "instance-id", headers=self.headers)
        with self.assertRaises(http.client.IncompleteRead) as caught:
            connection.getresponse().read()
        self.assertEqual([caught.exception.partial, caught.exception.expected], [b"i-0123456789abcdef0", 5])

    def test_a_body_is_too_large(self):
        self.metadata.fault("*", count=1, body=OVERSIZE)
        self.assertEqual(len(self.look()[1]), 10 << 20)

    def test_a_client_may_leave_in_the_middle_of_a_large_body(self):
        self.metadata.fault("*", count=1, body=OVERSIZE)
        connection = self.connect()
        connection.request("GET", META, headers=self.headers)
        self.assertEqual(connection.getresponse().read(1), b"x")
        connection.close()
        self.assertEqual(self.look()[0], 200)

    def test_what_comes_is_no_http(self):
        self.metadata.fault("*", count=1, raw=NO_HTTP)
        with self.assertRaises(http.client.BadStatusLine):
            self.look()
        self.assertEqual([r.status for r in self.metadata.requests], [200, None])

    def test_a_connection_is_reset_instead_of_an_answer(self):
        self.metadata.fault("*", count=1, is_reset=True)
        connection = self.connect()
        connection.request("GET", META, headers=self.headers)
        with self.assertRaises(ConnectionResetError):
            connection.sock.recv(1)  # http.client's own RemoteDisconnected would pass for it
        self.assertEqual(self.look()[0], 200)

    def test_a_connection_ends_unannounced(self):
        self.metadata.fault("*", count=1, is_last=True)
        connection = self.connect()
        self.assertEqual(self.look(connection=connection)[0], 200)
        self.assertEqual(connection.sock.recv(1), b"")

    def test_faults_change_nothing_of_the_rules(self):
        self.metadata.fault("*", status=200, body=b"come in")
        self.assertEqual([self.ask(META), self.violations()], [(200, b"come in"), ["no token"]])


class Connections(OnMetadata):
    def test_it_listens_on_ipv4_and_ipv6(self):
        for host, shown in (("127.0.0.1", "127.0.0.1"), ("::1", "[::1]")):
            with rig.Metadata(host) as metadata:
                self.assertEqual(metadata.endpoint, f"http://{shown}:{metadata.port}")
                connection = self.connect(metadata)
                self.assertEqual(self.ask(TOKEN_PATH, {TTL_HEADER: "1"}, "PUT", connection)[0], 200)
            with self.assertRaises(ConnectionRefusedError):
                self.ask(META, connection=self.connect(metadata))

    def test_a_connection_serves_many_requests(self):
        headers, connection = self.token(), self.connect()
        before = self.metadata.n_connections
        answers = [self.ask(path, headers, connection=connection)[0] for path in (META, META + "none", META) * 5]
        self.assertEqual([answers, self.metadata.n_connections - before], [[200, 404, 200] * 5, 1])

    def test_a_stopped_service_refuses_and_comes_back_as_it_was(self):
        headers, idle, endpoint = self.token(), self.connect(), self.metadata.endpoint
        self.assertEqual(self.ask(META, headers, connection=idle)[0], 200)
        self.metadata.stop()
        self.assertEqual(idle.sock.recv(1), b"")
        with self.assertRaises(ConnectionRefusedError):
            self.ask(META, headers)
        self.metadata.start()
        self.assertEqual([self.metadata.endpoint, self.ask(META, headers)[0]], [endpoint, 200])

    def test_a_reset_is_seen_by_who_waits(self):
        headers, idle = self.token(), self.connect()
        self.assertEqual(self.ask(META, headers, connection=idle)[0], 200)
        self.metadata.reset()
        with self.assertRaises(ConnectionResetError):
            idle.sock.recv(1)
        self.assertEqual(self.ask(META, headers)[0], 200)

    def test_every_request_is_recorded(self):
        begin = time.time()
        self.assertEqual(self.ask(META, {**self.token(), "User-Agent": "me"})[0], 200)
        self.assertEqual(self.get(META + "none")[0], 404)
        self.assertEqual([(r.method, r.path, r.status) for r in self.metadata.requests], [
            ("PUT", TOKEN_PATH, 200), ("GET", META, 200), ("PUT", TOKEN_PATH, 200), ("GET", META + "none", 404)])
        self.assertTrue(begin <= self.metadata.requests[0].time <= time.time())
        self.assertEqual(self.metadata.requests[1].headers["user-agent"], "me")
        self.assertEqual([self.metadata.count(), self.metadata.count(META), self.metadata.count(META, status=404),
                          self.metadata.count(method="PUT")], [4, 2, 1, 2])
        with self.assertRaises(TimeoutError):
            self.metadata.wait_for(lambda m: m.count() > 4, 0.1)


if __name__ == "__main__":
    rig.in_namespace()
    unittest.main()
