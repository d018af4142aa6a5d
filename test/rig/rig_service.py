# SPDX-License-Identifier: Apache-2.0
"""What the stand-ins of the tests have in common: to be waited for, and, of services that are asked over HTTP, a
listener that comes and goes, faults that a test sets, and what was asked so far."""
import threading
import time


class Awaited:
    """Things happen to it in other threads, which notify `changed`."""

    def __init__(self):
        self.changed = threading.Condition()  # holds a lock that may be taken twice

    def is_over(self):
        """Whether nothing can happen any more."""
        return False

    def wait_for(self, predicate, timeout=30.0):
        """The first true predicate(self), asked whenever something happened and 20 times a second."""
        end = time.monotonic() + timeout
        with self.changed:
            while True:
                over, late = self.is_over(), time.monotonic() >= end
                result = predicate(self)
                if result:
                    return result
                if over or late:
                    raise TimeoutError(f"{'over' if over else 'timeout'} while waiting: {self}")
                self.changed.wait(0.05)


class Service(Awaited):
    """`requests` has every request, `violations` (request, reason) of what no client may do. What is known, and the
    port, outlast stop(), which is also how it refuses connections. Whoever is one has _listen(), which returns a
    listener, and calls start()."""

    scheme = "http"

    def __init__(self, host, port):
        super().__init__()
        self.host, self.port = host, port
        self.requests, self.violations = [], []
        self._faults, self._listener = [], None

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.stop()

    @property
    def endpoint(self):
        """For example http://127.0.0.1:1338."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{self.scheme}://{host}:{self.port}"

    @property
    def n_connections(self):
        """Since it was started last."""
        return self._listener.n_connections if self._listener else 0

    def start(self):
        """Listens; on the same port as before when it was stopped."""
        if not self._listener:
            self._listener = self._listen()
            self.port = self._listener.server_address[1]

    def stop(self):
        """Closes the listener and every connection: from now on connections are refused."""
        if self._listener:
            listener, self._listener = self._listener, None
            listener.end()

    def reset(self):
        """Breaks every connection that waits with RST; the listener stays."""
        self._listener.reset()

    def heal(self):
        """Forgets all faults."""
        self._faults = []

    def _add_fault(self, fault):
        with self.changed:
            self._faults = self._faults + [fault]
        return fault

    def _fault_of(self, name):
        """The first that is not used up and meets it; None: none."""
        return next((fault for fault in self._faults if fault.meets(name)), None)
