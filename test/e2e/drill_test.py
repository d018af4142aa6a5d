# SPDX-License-Identifier: Apache-2.0
"""`enawatch drill`: an exceedance that did not happen, marked as such, by the sink that is configured."""
import json
import socket
import subprocess
import threading
import unittest

from harness import BINARY, EXCEEDED, INSTANCE, main, name_of, names_of_metrics

OFFLINE = ["-o", "identity.imds=off", "-o", f"identity.instance_id={INSTANCE}"]


def drill(*words, timeout=30):
    return subprocess.run([BINARY, "drill", *OFFLINE, *words], capture_output=True, text=True, timeout=timeout,
                          stdin=subprocess.DEVNULL)


class Listener:
    """Takes what one connection sends until it is closed."""

    def __init__(self):
        self.socket = socket.create_server(("127.0.0.1", 0))
        self.endpoint = f"tcp://127.0.0.1:{self.socket.getsockname()[1]}"
        self.text = b""
        self.thread = threading.Thread(target=self.listen, daemon=True)
        self.thread.start()

    def listen(self):
        connection, _ = self.socket.accept()
        with connection:
            while chunk := connection.recv(65536):
                self.text += chunk

    def documents(self):
        self.thread.join(timeout=10)
        self.socket.close()
        return [json.loads(line) for line in self.text.decode().splitlines()]


class Drill(unittest.TestCase):
    def assert_marked(self, document):
        directive, = document["_aws"]["CloudWatchMetrics"]
        self.assertEqual(directive["Namespace"], "EnaWatch/Drill")
        self.assertEqual(directive["Dimensions"], [["Drill"], ["Drill", "InstanceId"]])
        self.assertEqual(names_of_metrics(document), set(EXCEEDED))
        self.assertEqual({document[name][0] for name in EXCEEDED}, {1})
        self.assertEqual({len(document[name]) for name in EXCEEDED}, {1})
        self.assertEqual((document["Drill"], document["drill"], document["InstanceId"]), ("true", "true", INSTANCE))

    def test_one_document_that_says_what_it_is(self):
        result = drill("-o", "publish.sink=stdout")
        self.assertEqual(result.returncode, 0, result.stderr)
        document, = [json.loads(line) for line in result.stdout.splitlines()]
        self.assert_marked(document)
        self.assertIn(f"handed to the standard output, as of {INSTANCE}: ", result.stderr)
        self.assertIn("EnaWatch/Drill", result.stderr)

    def test_it_goes_the_way_that_is_configured(self):
        listener = Listener()
        result = drill("-o", f"agent.endpoint={listener.endpoint}", "-o", "publish.namespace=Team/Network",
                       "-o", "publish.metrics=self_lies", "-o", "publish.instance_dimensions=ClusterName")
        self.assertEqual(result.returncode, 0, result.stderr)
        self.assertIn(f"drill: handed to the agent, as of {INSTANCE}: ", result.stderr)
        self.assertNotIn("taken", result.stderr)  # nobody said so
        document, = listener.documents()
        self.assertEqual(document["_aws"]["CloudWatchMetrics"][0]["Namespace"], "Team/Network/Drill")
        document["_aws"]["CloudWatchMetrics"][0]["Namespace"] = "EnaWatch/Drill"
        self.assert_marked(document)

    def test_two_drills_are_two(self):
        names = set()
        for _ in range(2):
            document, = [json.loads(line) for line in drill("-o", "publish.sink=stdout").stdout.splitlines()]
            names.add(name_of(document))
        self.assertEqual(len(names), 2)

    def test_where_nobody_takes_it_that_is_said(self):
        with socket.socket() as nobody:  # bound, but not listening
            nobody.bind(("127.0.0.1", 0))
            result = drill("-o", f"agent.endpoint=tcp://127.0.0.1:{nobody.getsockname()[1]}")
        self.assertEqual(result.returncode, 1)
        self.assertIn("drill: agent: not taken", result.stderr)

    def test_what_is_wrong_is_refused(self):
        for words in (["-o", "publish.sink=nowhere"], ["now"], ["--json"]):
            self.assertEqual(drill(*words).returncode, 78, words)


if __name__ == "__main__":
    main()
