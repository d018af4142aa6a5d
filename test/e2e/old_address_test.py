# SPDX-License-Identifier: Apache-2.0
"""Throttled DNS, the first victim of what is reported here, does not keep a request from a host that was reached
before; and nothing else is sent to where a host was once."""
import os
import pathlib
import tempfile
import unittest

from harness import Timed, main
from old_address_bench import (NXDOMAIN, SERVFAIL, Asker, Blackhole, Host, NameServer, Proxy, Socks, make_ca,
                               make_certificate)

URL = "https://host.test/"


class OldAddress(Timed, unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls._directory = tempfile.TemporaryDirectory(prefix="enawatch-address-")
        cls.folder = pathlib.Path(cls._directory.name)
        cls.ca = make_ca(cls.folder)
        cls.host_test, cls.other_test = (make_certificate(cls.folder, name) for name in ("host.test", "other.test"))

    @classmethod
    def tearDownClass(cls):
        cls._directory.cleanup()

    def setUp(self):
        self.names = self.have(NameServer())
        self.names.names = {"host.test": ["127.0.0.1"]}
        self.asker = self.have(Asker(self.folder, self.ca))

    def have(self, thing):
        self.addCleanup(thing.close)
        return thing

    def assert_came(self, answer, body="127.0.0.1", by_old=False):
        self.assertEqual((answer["outcome"], answer["body"]), ("answered", body), answer)
        self.assertEqual(answer["is_by_old_address"], by_old, answer)
        self.assertTrue(answer["may_have_arrived"], answer)

    def assert_failed(self, answer, outcome, *words, by_old=False):
        self.assertEqual(answer["outcome"], outcome, answer)
        self.assertEqual((answer["is_by_old_address"], answer["may_have_arrived"]), (by_old, False), answer)
        for word in words:
            self.assertIn(word, answer["reason"])

    def reach(self, url=URL, **host):
        """The host is there, and was reached; its name is not remembered by libcurl any more."""
        host = self.have(Host(**{"address": "127.0.0.1", "certificate": self.host_test, **host}))
        self.assert_came(self.asker.get(url), host.address)
        self.asker.forget_names()
        return host

    # --- It goes there ---

    def test_a_name_server_that_is_silent_costs_no_more_than_the_time_to_connect(self):
        self.reach()
        self.names.mood = "silent"

        def ask():
            self.asker.forget_names()
            answer = self.asker.get(URL)
            self.assert_came(answer, by_old=True)
            self.assertTrue(answer["is_fresh"])
            self.assertGreaterEqual(answer["ms"], 4000)
            return answer["ms"]
        self.assert_within(4600, ask)

    def test_a_name_server_that_says_no_costs_nothing(self):
        self.reach()
        for mood in (SERVFAIL, NXDOMAIN):
            self.names.mood = mood

            def ask():
                self.asker.forget_names()
                answer = self.asker.get(URL)
                self.assert_came(answer, by_old=True)
                return answer["ms"]
            self.assert_within(1000, ask)

    def test_without_a_name_server_it_goes_on(self):
        self.reach()
        self.names.close()
        self.assert_came(self.asker.get(URL), by_old=True)

    def test_names_are_asked_for_again_and_the_newest_address_counts(self):
        self.reach()
        self.have(Host("127.0.0.2", self.host_test))
        self.names.mood = SERVFAIL
        self.assert_came(self.asker.get(URL), by_old=True)
        self.asker.forget_names()
        self.names.mood, self.names.names["host.test"] = "answers", ["127.0.0.2"]
        self.assert_came(self.asker.get(URL), "127.0.0.2")
        self.asker.forget_names()
        self.names.mood = SERVFAIL
        self.assert_came(self.asker.get(URL), "127.0.0.2", by_old=True)

    @unittest.skipUnless(os.path.exists("/proc/sys/net/ipv6"), "a kernel without IPv6")
    def test_an_address_may_be_of_ipv6(self):
        self.names.names["host.test"] = ["::1"]
        self.reach(address="::1")
        self.names.mood = "silent"
        self.assert_came(self.asker.get(URL), "::1", by_old=True)

    def test_the_port_belongs_to_the_place(self):
        self.reach()
        self.have(Host("127.0.0.1", self.host_test, port=8443))
        self.names.mood = SERVFAIL
        self.assert_failed(self.asker.get("https://host.test:8443/"), "unresolved")

    def test_a_kept_connection_needs_no_name(self):
        host = self.reach(URL + "keep")
        self.names.mood = "silent"
        n_questions = self.names.n_questions
        for _ in range(2):
            self.asker.forget_names()
            answer = self.asker.get(URL + "keep")
            self.assert_came(answer)
            self.assertFalse(answer["is_fresh"])
        self.assertEqual((host.n_connections, self.names.n_questions), (1, n_questions))

    def test_the_connection_that_was_made_by_it_is_kept_too(self):
        host = self.reach()
        self.names.mood = "silent"
        self.assert_came(self.asker.get(URL + "keep"), by_old=True)
        self.asker.forget_names()
        answer = self.asker.get(URL + "keep")
        self.assert_came(answer)
        self.assertFalse(answer["is_fresh"])
        self.assertEqual(host.n_connections, 2)

    def test_the_end_of_a_kept_connection_leads_there_too(self):
        host = self.reach(URL + "keep")
        self.names.mood = "silent"
        answer = self.asker.get(URL + "drop")
        self.assert_came(answer, by_old=True)
        self.assertTrue(answer["is_fresh"])
        self.assertEqual(host.n_connections, 2)

    # --- It does not, or to no avail ---

    def test_a_host_that_was_never_reached_is_unresolved(self):
        self.have(Host("127.0.0.1", self.host_test))
        self.names.mood = "silent"

        def ask():
            answer = self.asker.get(URL, connect_ms=300)
            self.assert_failed(answer, "unresolved", "timed out")
            self.assertGreaterEqual(answer["ms"], 300)
            return answer["ms"]
        self.assert_within(900, ask)
        self.names.mood = SERVFAIL
        self.assert_failed(self.asker.get(URL), "unresolved", "resolve host: host.test")

    def test_who_was_not_believed_was_not_reached(self):
        host = self.have(Host("127.0.0.1", self.other_test))
        self.assert_failed(self.asker.get(URL), "untrusted")
        self.asker.forget_names()
        self.names.mood = SERVFAIL
        self.assert_failed(self.asker.get(URL), "unresolved")
        self.assertEqual(host.n_connections, 1)

    def test_another_host_at_the_old_address_is_not_believed(self):
        self.reach().close()
        self.have(Host("127.0.0.1", self.other_test))
        self.names.mood = SERVFAIL
        self.assert_failed(self.asker.get(URL), "untrusted", "host.test; by its last address, 127.0.0.1: ",
                           by_old=True)

    def test_nobody_at_the_old_address_is_said_with_both_reasons(self):
        self.reach().close()
        self.names.mood = "silent"
        self.assert_failed(self.asker.get(URL), "unreachable", "timed out", "; by its last address, 127.0.0.1: ",
                           "onnect", by_old=True)

    def test_both_ways_together_have_the_time_of_one_request(self):
        self.reach().close()
        self.have(Blackhole("127.0.0.1"))
        self.names.mood = "silent"

        def ask():
            answer = self.asker.get(URL, connect_ms=4000, total_ms=7500)
            self.assert_failed(answer, "no contact", by_old=True)
            self.assertGreaterEqual(answer["ms"], 7500)
            return answer["ms"]
        self.assert_within(7850, ask)

    def test_a_request_whose_time_is_up_is_not_tried_again(self):
        host = self.reach()
        self.names.mood = "silent"
        self.assert_failed(self.asker.get(URL, connect_ms=300, total_ms=300), "unresolved", "timed out")
        self.assertEqual(host.n_connections, 1)

    def test_without_tls_nobody_knows_who_is_there_now(self):
        self.reach("http://host.test/", certificate=None, port=80)
        self.names.mood = SERVFAIL
        self.assert_failed(self.asker.get("http://host.test/"), "unresolved")

    # --- Proxies, on the port of the host so that the port does not give them away ---

    def test_where_a_proxy_is_is_not_where_the_host_is(self):
        self.have(Host("127.0.0.1", self.host_test))
        proxy = self.have(Proxy("127.0.0.2", 443, "127.0.0.1"))
        self.asker.tell("set https_proxy http://127.0.0.2:443")
        for path in ("", "keep", "keep"):  # the last one by a tunnel of which curl does not tell again
            self.assert_came(self.asker.get(URL + path))
        self.assertEqual((proxy.n_connections, self.names.n_questions), (2, 0))
        self.asker.tell("unset https_proxy")
        self.names.mood = SERVFAIL
        self.assert_failed(self.asker.get(URL), "unresolved")

    def test_nor_where_a_socks_proxy_is(self):
        self.have(Host("127.0.0.1", self.host_test))
        proxy = self.have(Socks("127.0.0.2", 1080, "127.0.0.1"))
        self.asker.tell("set all_proxy socks5h://127.0.0.2:1080")
        self.assert_came(self.asker.get(URL))
        self.assertEqual((proxy.n_connections, self.names.n_questions), (1, 0))
        self.asker.tell("unset all_proxy")
        self.names.mood = SERVFAIL
        self.assert_failed(self.asker.get(URL), "unresolved")

    def test_a_proxy_without_an_address_is_not_gone_around(self):
        host = self.reach()
        self.asker.tell("set https_proxy http://proxy.test:3128")
        self.names.mood = SERVFAIL
        self.assert_failed(self.asker.get(URL), "unresolved", "proxy", "proxy.test")
        self.assertEqual(host.n_connections, 1)

    def test_a_host_in_no_proxy_has_its_old_address(self):
        self.asker.tell("set https_proxy http://127.0.0.9:3128")
        self.asker.tell("set no_proxy .other.test,host.test")
        self.reach()
        self.names.mood = SERVFAIL
        self.assert_came(self.asker.get(URL), by_old=True)

    # --- By the way ---

    def test_a_host_that_speaks_http_2_is_spoken_to_in_1_1(self):
        self.have(Host("127.0.0.1", self.host_test))
        self.assertEqual(self.asker.get(URL)["protocol"], "http/1.1")


if __name__ == "__main__":
    main()
