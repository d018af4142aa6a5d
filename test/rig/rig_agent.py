# SPDX-License-Identifier: Apache-2.0
"""A loopback stand-in for the CloudWatch agent's EMF socket, and what collects its documents."""
import collections
import json
import select
import selectors
import socket
import struct
import threading
import time

import rig_ports
from rig_service import Awaited

Arrival = collections.namedtuple("Arrival", "time document")  # unix time, parsed JSON


def unacknowledged(port):
    """Bytes that wait at the near end of each connection to a port of this namespace (proc_net_tcp)."""
    for version in ("tcp", "tcp6"):
        with open(f"/proc/net/{version}", encoding="ascii") as file:
            rows = [line.split() for line in file][1:]
        yield from (int(row[4].split(":")[0], 16) for row in rows if int(row[2].split(":")[1], 16) == port)


class Watched(Awaited):
    """Things arrive in other threads: documents, and what was no JSON (garbage)."""

    def __init__(self):
        super().__init__()
        self.documents, self.garbage = [], []

    def take(self, text):
        """Keeps one line or datagram."""
        with self.changed:
            try:
                self.documents.append(Arrival(time.time(), json.loads(text)))
            except ValueError:
                self.garbage.append(text)
            self.changed.notify_all()


class Agent(Watched):
    """The CloudWatch agent's EMF socket on loopback: one JSON document per line or datagram.

    `torn` keeps what a connection left behind without a newline. A small receive_buffer makes a
    paused TCP agent stuck sooner.
    """

    MAX_DOCUMENT_BYTES, MAX_DOCUMENTS = 2 << 20, 100_000

    def __init__(self, protocol="tcp", host="127.0.0.1", port=0, receive_buffer=None):
        super().__init__()
        self.protocol, self.host, self.port = protocol, host, port
        self.torn, self.n_connections, self.n_dropped = [], 0, 0
        self._receive_buffer, self._orders = receive_buffer, collections.deque()
        self._thread, self._paused, self._partial = None, False, {}
        self.start()

    def __str__(self):
        return (f"agent {self.endpoint}, {len(self.documents)} documents, garbage "
                f"{self.garbage[-3:]}")

    @property
    def endpoint(self):
        """For example tcp://127.0.0.1:25888."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{self.protocol}://{host}:{self.port}"

    def start(self):
        """Listens; on the same port as before when it was stopped."""
        if self._thread:
            return
        kind = socket.SOCK_STREAM if self.protocol == "tcp" else socket.SOCK_DGRAM
        listener = socket.socket(socket.AF_INET6 if ":" in self.host else socket.AF_INET, kind)
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if self._receive_buffer:
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, self._receive_buffer)
        listener.setblocking(False)
        rig_ports.bind(listener, self.host, self.port)
        if self.protocol == "tcp":
            listener.listen(16)
        self.port = listener.getsockname()[1]
        self._paused, self._running = False, True
        self._thread = threading.Thread(target=self._serve, args=(listener,), daemon=True)
        self._thread.start()

    def stop(self):
        """Closes the listener and every connection."""
        if self._thread:
            self._order(lambda: setattr(self, "_running", False))
            self._thread.join(30)
            self._thread = None

    def pause(self):
        """Neither accepts nor reads: an agent that is stuck."""
        self._order(lambda: setattr(self, "_paused", True))

    def resume(self):
        """Takes up what waits."""
        self._order(lambda: setattr(self, "_paused", False))

    def reset(self):
        """Breaks every connection with RST; the listener stays."""
        self._order(lambda: [self._close(connection, abort=True) for connection in
                             list(self._partial)])

    def catch_up(self, timeout=30.0):
        """Until it has read all that was sent so far, by those too that have ended since."""
        end = time.monotonic() + timeout
        while not self._ask(self._has_all):
            if time.monotonic() > end:
                raise TimeoutError(f"{self} still reads")
            time.sleep(0.01)

    def _ask(self, question):
        """The answer of the serving thread."""
        answers = []
        self._order(lambda: answers.append(question()))
        return answers[0]

    def _has_all(self):
        is_under_way = self.protocol == "tcp" and any(unacknowledged(self.port))
        return not is_under_way and not select.select([self._listening, *self._partial], [], [], 0)[0]

    def _order(self, action):
        """Lets the serving thread do it, and waits until it is done."""
        done = threading.Event()
        self._orders.append((action, done))
        if not self._thread or not done.wait(30):
            raise RuntimeError(f"{self} does not run")

    def _serve(self, listener):
        self._listening = listener
        with selectors.DefaultSelector() as self._selector:
            self._selector.register(listener, selectors.EVENT_READ)
            while self._running:
                ready = [] if self._paused else self._selector.select(0.02)
                for key, _ in ready:
                    self._on_ready(key.fileobj, listener)
                while self._orders:
                    action, done = self._orders.popleft()
                    action()
                    done.set()
                if self._paused:
                    time.sleep(0.02)
            for connection in list(self._partial):
                self._close(connection)
            listener.close()

    def _on_ready(self, ready, listener):
        try:
            if self.protocol == "udp":
                self._keep(ready.recv(65536))
            elif ready is listener:
                connection, _ = listener.accept()
                connection.setblocking(False)
                self._partial[connection] = b""
                self._selector.register(connection, selectors.EVENT_READ)
                self.n_connections += 1
            else:
                self._read(ready)
        except OSError:
            if ready is not listener:
                self._close(ready)

    def _read(self, connection):
        data = connection.recv(65536)
        *lines, rest = (self._partial[connection] + data).split(b"\n")
        for line in lines:
            self._keep(line)
        self._partial[connection] = rest
        if not data or len(rest) > self.MAX_DOCUMENT_BYTES:
            self._close(connection)

    def _keep(self, document):
        if len(self.documents) >= self.MAX_DOCUMENTS:
            self.n_dropped += 1
        else:
            self.take(document)

    def _close(self, connection, abort=False):
        rest = self._partial.pop(connection)
        if rest:
            self.torn.append(rest)
        self._selector.unregister(connection)
        if abort:
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        connection.close()
