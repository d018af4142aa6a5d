# SPDX-License-Identifier: Apache-2.0
"""Checks the stand-in for the CloudWatch agent with plain sockets."""
import socket
import unittest

import rig


class Agents(unittest.TestCase):
    HOSTS = ("127.0.0.1", "::1")

    def start(self, *args, **named):
        agent = rig.Agent(*args, **named)
        self.addCleanup(agent.stop)
        return agent

    def connect(self, agent):
        connection = socket.create_connection((agent.host, agent.port), 5)
        self.addCleanup(connection.close)
        return connection

    def documents(self, agent, n):
        agent.wait_for(lambda a: len(a.documents) >= n, 30)
        return [arrival.document for arrival in agent.documents]

    def test_tcp_documents_end_with_a_newline(self):
        for host in self.HOSTS:
            agent = self.start("tcp", host)
            connection = self.connect(agent)
            connection.sendall(b'{"a": 1}\n{"b"')
            self.assertEqual(self.documents(agent, 1), [{"a": 1}])
            connection.sendall(b': 2}\nnonsense\n{"torn"')
            self.assertEqual(self.documents(agent, 2), [{"a": 1}, {"b": 2}])
            connection.close()
            agent.wait_for(lambda a: a.torn, 30)
            self.assertEqual([agent.torn, agent.garbage], [[b'{"torn"'], [b"nonsense"]])

    def test_udp_documents_are_datagrams(self):
        for host, family in zip(self.HOSTS, (socket.AF_INET, socket.AF_INET6)):
            agent = self.start("udp", host)
            with socket.socket(family, socket.SOCK_DGRAM) as sender:
                for text_sent in (b'{"a": 1}', b'{"b": 2}\n', b"{"):
                    sender.sendto(text_sent, (agent.host, agent.port))
            agent.wait_for(lambda a: a.garbage, 30)
            self.assertEqual(self.documents(agent, 2), [{"a": 1}, {"b": 2}])

    def test_a_stopped_agent_refuses_and_comes_back_on_its_port(self):
        agent = self.start()
        connection, port = self.connect(agent), agent.port
        agent.wait_for(lambda a: a.n_connections == 1, 30)
        agent.stop()
        self.assertEqual(connection.recv(1), b"")
        with self.assertRaises(ConnectionRefusedError):
            self.connect(agent)
        agent.start()
        self.assertEqual(agent.endpoint, f"tcp://127.0.0.1:{port}")
        self.connect(agent).sendall(b"[3]\n")
        self.assertEqual(self.documents(agent, 1), [[3]])

    def test_a_paused_agent_fills_up_and_a_resumed_one_has_it_all(self):
        agent = self.start(receive_buffer=4096)
        connection = self.connect(agent)
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 4096)
        agent.pause()
        connection.setblocking(False)
        n_sent, line = 0, b'"' + b"x" * 997 + b'"\n'
        with self.assertRaises(BlockingIOError):
            while n_sent < 50_000_000:
                n_sent += connection.send(line[n_sent % 1000:])
        self.assertEqual(agent.documents, [])
        agent.resume()
        self.assertEqual(len(self.documents(agent, n_sent // 1000)), n_sent // 1000)

    def test_a_reset_is_seen_by_the_sender(self):
        agent = self.start()
        connection = self.connect(agent)
        agent.wait_for(lambda a: a.n_connections == 1, 30)
        agent.reset()
        with self.assertRaises(ConnectionResetError):
            connection.recv(1)
        self.connect(agent).sendall(b"4\n")
        self.assertEqual(self.documents(agent, 1), [4])


if __name__ == "__main__":
    rig.in_namespace()
    unittest.main()
