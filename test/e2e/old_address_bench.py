# SPDX-License-Identifier: Apache-2.0
"""A name server that can be throttled, hosts with TLS, proxies, and a program that asks them. All of it on the
loopback interface of a namespace; the resolver is the C library's own, with files of its own in /etc."""
import json
import os
import select
import socket
import ssl
import struct
import subprocess
import threading
import time

ASKER = os.environ.get("ENAWATCH_ASKER", "http-asker")
HOSTS = "127.0.0.1 localhost\n"
RESOLVER = "nameserver 127.0.0.1\noptions timeout:5 attempts:2\n"
SERVICES = "hosts: files dns\n"
SERVFAIL, NXDOMAIN = 2, 3  # RFC 1035, 4.1.1
A, AAAA = 1, 28


class NameServer:
    """On port 53. `mood`: "answers", "silent" as when its packets are dropped, SERVFAIL or NXDOMAIN."""

    def __init__(self):
        self.mood, self.names, self.n_questions = "answers", {}, 0
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.bind(("127.0.0.1", 53))
        self._socket.settimeout(0.05)
        self._is_over = False
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()

    def close(self):
        self._is_over = True
        self._thread.join()
        self._socket.close()

    def _serve(self):
        while not self._is_over:
            try:
                question, who = self._socket.recvfrom(512)
            except TimeoutError:
                continue
            self.n_questions += 1
            if self.mood != "silent":
                self._socket.sendto(self._answer(question), who)

    def _answer(self, question):
        """Header and question as they came, then the addresses, whose name is a pointer to the question's."""
        labels, at = [], 12
        while question[at]:
            labels.append(question[at + 1:at + 1 + question[at]].decode().lower())
            at += 1 + question[at]
        kind, = struct.unpack_from("!H", question, at + 1)
        addresses = self._addresses(".".join(labels), kind) if self.mood == "answers" else []
        code = 0 if self.mood == "answers" else self.mood
        head = question[:2] + struct.pack("!HHHHH", 0x8180 | code, 1, len(addresses), 0, 0)
        records = [struct.pack("!HHHIH", 0xC00C, kind, 1, 60, len(a)) + a for a in addresses]
        return head + question[12:at + 5] + b"".join(records)

    def _addresses(self, name, kind):
        family = {A: socket.AF_INET, AAAA: socket.AF_INET6}.get(kind)
        return [socket.inet_pton(family, a) for a in self.names.get(name, ())
                if (":" in a) == (kind == AAAA)]


class Listener:
    """Takes connections, a thread for each."""

    def __init__(self, address, port):
        self.n_connections = 0
        self._socket = socket.create_server((address, port), backlog=8,
                                            family=socket.AF_INET6 if ":" in address else socket.AF_INET)
        threading.Thread(target=self._listen, daemon=True).start()

    def close(self):
        if self._socket.fileno() >= 0:
            self._socket.shutdown(socket.SHUT_RDWR)  # which wakes the thread
            self._socket.close()

    def _listen(self):
        while True:
            try:
                connection, _ = self._socket.accept()
            except OSError:
                return
            self.n_connections += 1
            threading.Thread(target=self._handle, args=[connection], daemon=True).start()

    def _handle(self, connection):
        try:
            with connection:
                self.serve(connection)
        except OSError:
            pass  # the other side has had enough

    @staticmethod
    def read_head(connection):
        head = b""
        while b"\r\n\r\n" not in head:
            more = connection.recv(4096)
            if not more:
                return None
            head += more
        return head.decode()


class Host(Listener):
    """HTTP, by TLS unless there is no certificate. Its body says where it is; /keep keeps the connection, and
    /drop on a kept one ends it without a word."""

    def __init__(self, address, certificate=None, port=443):
        self._context = None
        if certificate:
            self._context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            self._context.load_cert_chain(*certificate)
            self._context.set_alpn_protocols(["h2", "http/1.1"])
        self.address = address
        super().__init__(address, port)

    def serve(self, connection):
        if not self._context:
            self._answer(connection, "none")
            return
        with self._context.wrap_socket(connection, server_side=True) as secret:
            self._answer(secret, secret.selected_alpn_protocol())

    def _answer(self, connection, protocol):
        n_requests, is_kept = 0, True
        while is_kept and (head := self.read_head(connection)):
            n_requests += 1
            if n_requests > 1 and head.startswith("GET /drop "):
                return
            is_kept = head.startswith("GET /keep ")
            lines = ["HTTP/1.1 200 OK", f"Content-Length: {len(self.address)}", f"X-Protocol: {protocol}"]
            lines += [] if is_kept else ["Connection: close"]
            connection.sendall("\r\n".join([*lines, "", self.address]).encode())


class Proxy(Listener):
    """Takes everybody to one host, whatever was asked."""

    def __init__(self, address, port, target):
        self._target = target
        super().__init__(address, port)

    def serve(self, connection):
        if self.greet(connection):
            with socket.create_connection((self._target, 443)) as other:
                self.pass_on(connection, other)

    def greet(self, connection):
        """CONNECT, RFC 9110, 9.3.6."""
        if not self.read_head(connection):
            return False
        connection.sendall(b"HTTP/1.1 200 Connection established\r\n\r\n")
        return True

    @staticmethod
    def pass_on(one, other):
        while True:
            for ready in select.select([one, other], [], [])[0]:
                data = ready.recv(65536)
                if not data:
                    return
                (other if ready is one else one).sendall(data)


class Socks(Proxy):
    """RFC 1928: no authentication, one CONNECT, by name or by address."""

    def greet(self, connection):
        connection.recv(512)
        connection.sendall(b"\x05\x00")
        connection.recv(512)
        connection.sendall(b"\x05\x00\x00\x01\x7f\x00\x00\x01\x00\x00")
        return True


class Blackhole:
    """Takes no connection and refuses none: its queue is full, and Linux drops what comes."""

    def __init__(self, address, port=443):
        self._socket = socket.socket()
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self._socket.bind((address, port))
        self._socket.listen(0)
        self._fillers = [socket.socket() for _ in range(2)]
        for filler in self._fillers:
            filler.setblocking(False)
            filler.connect_ex((address, port))

    def close(self):
        for s in [*self._fillers, self._socket]:
            s.close()


def make_ca(folder):
    """Path of a CA, which signs for name()."""
    _openssl(folder, "ca", "/CN=test CA")
    return folder / "ca"


def make_certificate(folder, name):
    """(certificate, key) for one name."""
    _openssl(folder, name, f"/CN={name}", "-addext", f"subjectAltName=DNS:{name}", "-CA", folder / "ca",
             "-CAkey", folder / "ca-key")
    return folder / name, folder / f"{name}-key"


def _openssl(folder, file, subject, *more):
    subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes",
                    "-days", "2", "-keyout", folder / f"{file}-key", "-out", folder / file, "-subj", subject, *more],
                   check=True, capture_output=True)


class Asker:
    """The program, in a mount namespace with files of its own in /etc."""

    def __init__(self, folder, bundle):
        script = "".join(f'mount --bind "$0/{name}" "/etc/{name}"; ' for name in self._write(folder))
        kept = {k: v for k, v in os.environ.items() if not k.lower().endswith("_proxy")}
        self._process = subprocess.Popen(
            ["unshare", "-m", "sh", "-ec", script + 'exec "$@"', folder, ASKER, bundle], env=kept,
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, bufsize=1)

    @staticmethod
    def _write(folder):
        texts = {"hosts": HOSTS, "resolv.conf": RESOLVER, "nsswitch.conf": SERVICES}
        for name, text in texts.items():
            (folder / name).write_text(text)
        return texts

    def close(self):
        """It does not wait for a name server, which has 10 s by resolv.conf."""
        self._process.stdin.close()
        status = self._process.wait(9)
        self._process.stdout.close()
        assert status == 0, status

    def tell(self, line):
        self._process.stdin.write(line + "\n")

    def get(self, url, connect_ms=4000, total_ms=20000):
        """What came, and `ms` that it took."""
        start = time.monotonic()
        self.tell(f"get {url} {connect_ms} {total_ms}")
        answer = json.loads(self._process.stdout.readline())
        return {**answer, "ms": (time.monotonic() - start) * 1000}

    def forget_names(self):
        """What libcurl keeps of name servers it keeps for a minute."""
        self.tell("later 61")
