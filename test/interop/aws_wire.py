# SPDX-License-Identifier: Apache-2.0
"""How the stand-in for AWS talks: what test/rig/rig_metadata_wire.py has, with TLS, bodies of requests, and answers
that AWS would give. What is answered, and to whom, is in aws_service.py."""
import dataclasses
import email.utils
import http
import http.server
import pathlib
import select
import socket
import ssl
import struct
import sys
import uuid

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "rig"))

from rig_metadata_wire import Answer, Listener  # noqa: E402

MAX_BODY_BYTES = 64 << 20  # of a request; beyond it is not even read


@dataclasses.dataclass
class Reply(Answer):
    """An Answer with what AWS adds. `date` is unix time: what the header Date says, None: nothing. `n_missing` cuts
    the body short: the last so many bytes of it never come."""
    body: bytes = b""
    kind: str = "text/html"  # Content-Type
    date: float = None
    is_reset_unread: bool = False  # RST before the body of the request is read

    def is_http(self):
        return super().is_http() and not self.is_reset_unread

    def head_and_body(self):
        try:
            reason = http.HTTPStatus(self.status).phrase
        except ValueError:
            reason = "Unknown"
        lines = [f"HTTP/1.1 {self.status} {reason}", f"x-amzn-RequestId: {uuid.uuid4()}",
                 f"Content-Type: {self.kind}", f"Content-Length: {len(self.body)}"]
        if self.date is not None:
            lines.append("Date: " + email.utils.formatdate(self.date, usegmt=True))
        lines += [f"{name}: {text}" for name, text in self.headers]
        return "\r\n".join([*lines, "", ""]).encode("latin-1"), self.body[:len(self.body) - self.n_missing]


def abort(connection):
    """Closing it will be RST."""
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))


def is_aborted(connection):
    return struct.unpack("ii", connection.getsockopt(socket.SOL_SOCKET, socket.SO_LINGER, 8)) == (1, 0)


class TlsListener(Listener):
    """A Listener that speaks TLS if it has a context, which may be changed at any time for connections to come.

    on_head(method, path, headers) is asked before the body of a request is read: a Reply, or None to go on.
    on_request(method, path, headers, body, peer) gives the Reply; `body` is None where it was not to be had, `peer`
    the port at the other end. `broken_tls` says why handshakes, and connections of TLS, came to nothing."""

    def __init__(self, host, port, context, service):
        self.context, self.broken_tls = context, []
        self.n_to_break = 0  # connections that are reset as soon as they are there
        self.on_head = service.on_head
        super().__init__(host, port, service.on_request, service.on_nonsense)

    def get_request(self):
        connection, address = super().get_request()
        if self.context:
            connection = self.context.wrap_socket(connection, server_side=True, do_handshake_on_connect=False)
        return connection, address

    def finish_request(self, request, client_address):
        if self.n_to_break > 0:
            self.n_to_break -= 1
            abort(request)
        else:
            Connection(request, client_address, self)

    def handle_error(self, request, client_address):
        problem = sys.exc_info()[1]
        if isinstance(problem, ssl.SSLError):
            self.broken_tls.append(str(problem))
        super().handle_error(request, client_address)


class Connection(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    timeout = 60  # seconds without a request, or with nothing that can be sent
    disable_nagle_algorithm = True
    SILENCE_SECONDS = 600

    def setup(self):
        self.request.settimeout(self.timeout)
        if isinstance(self.request, ssl.SSLSocket):
            self.request.do_handshake()
        super().setup()

    def finish(self):
        super().finish()
        if isinstance(self.connection, ssl.SSLSocket) and not is_aborted(self.connection):
            self._say_goodbye()

    def handle_one_request(self):
        """Waits for one outside of TLS, which would answer reset() with an alert: there is to be RST and no more."""
        if not getattr(self.connection, "pending", int)():
            self._is_open_after(self.timeout)
        super().handle_one_request()

    def _answer(self):
        reply = self.server.on_head(self.command, self.path, self.headers)
        if reply is None:
            body = self._read_body()
            reply = self.server.on_request(self.command, self.path, self.headers, body, self.client_address[1])
            self.close_connection = self.close_connection or body is None
        self.close_connection = self.close_connection or reply.is_end() or reply.is_reset_unread
        if reply.is_silent:
            self._is_open_after(self.SILENCE_SECONDS)
        elif reply.delay and not self._is_open_after(reply.delay):
            self.close_connection = True
        elif reply.is_reset or reply.is_reset_unread:
            abort(self.connection)
        elif reply.raw is not None:
            self.connection.sendall(reply.raw)
        else:
            self._send(*reply.head_and_body(), reply.pace)

    do_GET = do_PUT = do_POST = do_DELETE = do_PATCH = do_OPTIONS = _answer

    def _read_body(self):
        length = self.headers.get("Content-Length", "")
        if "Transfer-Encoding" in self.headers:
            return None
        if self.command == "GET" and not length:
            return b""
        if not length.isascii() or not length.isdigit() or int(length) > MAX_BODY_BYTES:
            return None
        body = self.rfile.read(int(length))
        return body if len(body) == int(length) else None

    def _send(self, head, body, pace):
        if not pace:
            self.connection.sendall(head + body)
            return
        self.connection.sendall(head)
        for i in range(len(body)):
            if not self._is_open_after(pace):
                self.close_connection = True
                return
            self.connection.sendall(body[i:i + 1])

    def _is_open_after(self, seconds):
        """Lets time pass, at most as long as the connection is open. The next request may not come yet."""
        return not select.select([self.connection], [], [], seconds)[0]

    def _say_goodbye(self):
        """close_notify, without waiting for theirs."""
        try:
            self.connection.settimeout(0)
            self.connection.unwrap()
        except (OSError, ValueError):
            pass  # theirs has not come, or they are gone

    def send_error(self, code, message=None, explain=None):
        """The base class could not make sense of the request."""
        self.server.on_nonsense(f"{code} {message}: {self.raw_requestline[:80]}")
        super().send_error(code, message, explain)

    def log_message(self, *_):
        """Every request is recorded already."""
