# SPDX-License-Identifier: Apache-2.0
"""How the simulated metadata service talks: an answer with what can go wrong on its way, and the listener,
with a thread for each connection. What the answer is, and to whom, is in rig_metadata.py."""
import dataclasses
import http
import http.server
import select
import socket
import socketserver
import struct
import sys
import threading

import rig_ports


@dataclasses.dataclass
class Answer:
    """What goes back. A connection that is to end does so without a word of it in the headers."""
    status: int = 200
    body: bytes = None  # None: an error page that names the status
    headers: tuple = ()  # more of them, (name, text)
    delay: float = 0.0  # seconds before anything is sent
    pace: float = 0.0  # seconds before each byte of the body
    n_missing: int = 0  # bytes that Content-Length has more than the body; then it closes
    raw: bytes = None  # sent instead of HTTP; then it closes
    is_last: bool = False  # closes after it
    is_silent: bool = False  # takes the request, never answers; closing is left to the client
    is_reset: bool = False  # RST instead of an answer

    def is_http(self):
        return not (self.is_silent or self.is_reset or self.raw is not None)

    def is_end(self):
        return bool(self.n_missing) or self.is_last or not self.is_http()

    def head_and_body(self):
        reason = http.HTTPStatus(self.status).phrase
        page = f"<html><body><h1>{self.status} - {reason}</h1></body></html>\n".encode()
        body, kind = (page, "html") if self.body is None else (self.body, "plain")
        lines = [f"HTTP/1.1 {self.status} {reason}", f"Content-Type: text/{kind}",
                 f"Content-Length: {len(body) + self.n_missing}"]
        lines += [f"{name}: {text}" for name, text in self.headers]
        return "\r\n".join([*lines, "", ""]).encode(), body


def abort(connection):
    """Closing it will be RST."""
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))


def is_aborted(connection):
    return struct.unpack("ii", connection.getsockopt(socket.SOL_SOCKET, socket.SO_LINGER, 8))[0] == 1


def _shut(connection, how):
    try:
        connection.shutdown(how)
    except OSError:
        pass  # the other side was first


class Listener(socketserver.ThreadingMixIn, socketserver.TCPServer):
    """Listens at once. on_request(method, path, headers) gives the Answer; on_nonsense(reason) hears of what
    was no request. Both are called in the threads of the connections."""

    daemon_threads, request_queue_size = True, 64

    def __init__(self, host, port, on_request, on_nonsense):
        self.address_family = socket.AF_INET6 if ":" in host else socket.AF_INET
        self.on_request, self.on_nonsense, self.n_connections = on_request, on_nonsense, 0
        self._open, self._changed = set(), threading.Condition()
        super().__init__((host, port), Connection)
        self._thread = threading.Thread(target=self.serve_forever, args=(0.02,), daemon=True)
        self._thread.start()

    def server_bind(self):
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        rig_ports.bind(self.socket, *self.server_address)
        self.server_address = self.socket.getsockname()

    def end(self):
        """Closes the listener and every connection."""
        self.shutdown()
        self._thread.join(30)
        self.server_close()
        with self._changed:
            for connection in self._open:
                _shut(connection, socket.SHUT_RDWR)
            if not self._changed.wait_for(lambda: not self._open, 30):
                raise RuntimeError(f"{len(self._open)} connections of port {self.server_address[1]} do not end")

    def reset(self):
        """Breaks every connection on which nothing is being sent."""
        with self._changed:
            for connection in self._open:
                abort(connection)
                _shut(connection, socket.SHUT_RD)  # wakes its thread; the other side hears nothing yet

    def process_request(self, request, client_address):
        with self._changed:
            self._open.add(request)
            self.n_connections += 1
        super().process_request(request, client_address)

    def shutdown_request(self, request):
        with self._changed:
            if not is_aborted(request):
                _shut(request, socket.SHUT_WR)
            self._open.discard(request)
            self.close_request(request)
            self._changed.notify_all()

    def handle_error(self, request, client_address):
        """That the other side went away is its right; all else is a fault of the rig."""
        if not isinstance(sys.exc_info()[1], OSError):
            super().handle_error(request, client_address)


class Connection(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    timeout = 60  # seconds without a request, or with nothing that can be sent
    disable_nagle_algorithm = True
    SILENCE_SECONDS = 600

    def ask(self):
        """The Answer to the request whose headers are there."""
        return self.server.on_request(self.command, self.path, self.headers)

    def _answer(self):
        answer = self.ask()
        self.close_connection = self.close_connection or answer.is_end()
        if answer.is_silent:
            self.is_open_after(self.SILENCE_SECONDS)
        elif answer.delay and not self.is_open_after(answer.delay):
            self.close_connection = True
        elif answer.is_reset:
            abort(self.connection)
        elif answer.raw is not None:
            self.connection.sendall(answer.raw)
        else:
            self._send(*answer.head_and_body(), answer.pace)

    do_GET = do_PUT = do_POST = do_DELETE = do_PATCH = do_OPTIONS = _answer

    def _send(self, head, body, pace):
        if not pace:
            self.connection.sendall(head + body)
            return
        self.connection.sendall(head)
        for i in range(len(body)):
            if not self.is_open_after(pace):
                self.close_connection = True
                return
            self.connection.sendall(body[i:i + 1])

    def is_open_after(self, seconds):
        """Lets time pass, at most as long as the connection is open. The next request may not come yet."""
        return not select.select([self.connection], [], [], seconds)[0]

    def send_error(self, code, message=None, explain=None):
        """The base class could not make sense of the request."""
        self.server.on_nonsense(f"{code} {message}: {self.raw_requestline[:80]}")
        super().send_error(code, message, explain)

    def log_message(self, *_):
        """Every request is recorded already."""
