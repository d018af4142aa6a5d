# SPDX-License-Identifier: Apache-2.0
"""How the stand-in for AWS talks: what test/rig/rig_metadata_wire.py has, with TLS, bodies of requests, and answers
that AWS would give. What is answered, and to whom, is in aws_service.py."""
import dataclasses
import email.utils
import http
import pathlib
import ssl
import sys
import uuid

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "rig"))

from rig_metadata_wire import Answer, Connection, Listener, abort, is_aborted  # noqa: E402

MAX_BODY_BYTES = 64 << 20  # of a request; beyond it is not even read


@dataclasses.dataclass
class Reply(Answer):
    """An Answer with what AWS adds. `date` is unix time: what the header Date says, None: nothing. `n_missing` cuts
    the body short: the last so many bytes of it never come."""
    body: bytes = b""
    kind: str = "text/html"  # Content-Type
    date: float = None
    is_reset_unread: bool = False  # RST before the body of the request is read

    def __post_init__(self):
        self.is_reset = self.is_reset or self.is_reset_unread

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
            TlsConnection(request, client_address, self)

    def handle_error(self, request, client_address):
        problem = sys.exc_info()[1]
        if isinstance(problem, ssl.SSLError):
            self.broken_tls.append(str(problem))
        super().handle_error(request, client_address)


class TlsConnection(Connection):
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
            self.is_open_after(self.timeout)
        super().handle_one_request()

    def ask(self):
        reply = self.server.on_head(self.command, self.path, self.headers)
        if reply is None:
            body = self._read_body()
            reply = self.server.on_request(self.command, self.path, self.headers, body, self.client_address[1])
            self.close_connection = self.close_connection or body is None
        return reply

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

    def _say_goodbye(self):
        """close_notify, without waiting for theirs."""
        try:
            self.connection.settimeout(0)
            self.connection.unwrap()
        except (OSError, ValueError):
            pass  # theirs has not come, or they are gone
