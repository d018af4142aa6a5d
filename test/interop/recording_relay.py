# SPDX-License-Identifier: Apache-2.0
"""A TCP relay on loopback that stands between a client and a server and changes nothing: what the client sent is kept,
and read as HTTP afterwards."""
import dataclasses
import http.client
import io
import json
import socket
import threading


@dataclasses.dataclass
class Sent:
    """A request as it went by; `headers` finds names however they are written."""
    headers: http.client.HTTPMessage
    body: bytes


class Relay:
    """On a port of its own, to that port of 127.0.0.1."""

    def __init__(self, port):
        self._target = ("127.0.0.1", port)
        self._streams, self._open = [], []  # what each client sent, sockets
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._open.append(self._listener)
        self.endpoint = f"http://127.0.0.1:{self._listener.getsockname()[1]}"
        threading.Thread(target=self._accept, daemon=True).start()

    def stop(self):
        for one in self._open:
            try:
                one.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass  # it has ended already
            one.close()

    def requests(self):
        """All that came to their end."""
        return [request for stream in list(self._streams) for request in self._parse(bytes(stream))]

    def data(self):
        """The metric data of all requests, in their order."""
        return [datum for request in self.requests() for datum in json.loads(request.body)["MetricData"]]

    @staticmethod
    def _parse(stream):
        file = io.BytesIO(stream)
        while file.readline():
            headers = http.client.parse_headers(file)
            length = int(headers["Content-Length"])
            body = file.read(length)
            if len(body) == length:
                yield Sent(headers, body)

    def _accept(self):
        try:
            while True:
                client, _ = self._listener.accept()
                server = socket.create_connection(self._target)
                kept = bytearray()
                self._streams.append(kept)
                self._open += [client, server]
                threading.Thread(target=self._pump, args=(client, server, kept), daemon=True).start()
                threading.Thread(target=self._pump, args=(server, client, None), daemon=True).start()
        except OSError:
            pass  # stop()

    @staticmethod
    def _pump(source, target, kept):
        try:
            while data := source.recv(65536):
                if kept is not None:
                    kept += data
                target.sendall(data)
            target.shutdown(socket.SHUT_WR)
        except OSError:
            pass  # one end is gone: so is the connection
