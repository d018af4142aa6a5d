# SPDX-License-Identifier: Apache-2.0
"""A stand-in for the CloudWatch agent that comes, goes and breaks connections, and never loses what its kernel has
acknowledged: what the real one loses of that nobody can tell, so no law could be tested over it."""
import ctypes
import select
import socket
import struct
import time

from rig_agent import Agent

SO_ATTACH_FILTER = 26  # asm-generic/socket.h
DROP_ALL = struct.pack("HBBI", 0x06, 0, 0, 0)  # BPF_RET | BPF_K, 0: linux/filter.h, bpf_common.h
UNDER_WAY_S = 0.002  # segments that passed the filter before it was there


def deafen(sock):
    """From now on the kernel drops what comes, unacknowledged."""
    steps = ctypes.create_string_buffer(DROP_ALL, len(DROP_ALL))
    program = struct.pack("HxxxxxxP", 1, ctypes.addressof(steps))
    sock.setsockopt(socket.SOL_SOCKET, SO_ATTACH_FILTER, program)


class FaultAgent(Agent):
    """`ends` has the times at which it ended connections by itself."""

    def __init__(self, *args, **named):
        self.ends = []
        super().__init__(*args, **named)

    @property
    def is_running(self):
        return self._thread is not None

    def stop(self):
        if self._thread:
            self._order(self._take_all)
        super().stop()

    def reset(self):
        self._order(lambda: self._end(list(self._partial)))

    def settle(self, timeout=10.0):
        """Once nobody talks to it any more: until it has read all that was sent. Stuck before, stuck again."""
        if not self._thread:
            return
        was_paused = self._paused
        if was_paused:
            self.resume()
        end = time.monotonic() + timeout
        while self._ask(self._is_busy):
            if time.monotonic() > end:
                raise TimeoutError(f"{self} still reads")
            time.sleep(0.01)
        if was_paused:
            self.pause()

    def _is_busy(self):
        return bool(self._partial) or bool(select.select([self._listening], [], [], 0)[0])

    def _take_all(self):
        """Who connected already is let in first, then nobody any more."""
        deafen(self._listening)
        time.sleep(UNDER_WAY_S)
        while select.select([self._listening], [], [], 0)[0]:
            self._on_ready(self._listening, self._listening)
        self._end(list(self._partial))

    def _end(self, connections):
        for connection in connections:
            deafen(connection)
        time.sleep(UNDER_WAY_S)
        for connection in connections:
            self._read_rest(connection)
        if connections:
            self.ends.append(time.time())

    def _read_rest(self, connection):
        try:
            while connection in self._partial:
                self._read(connection)  # closes it where the other side has
        except BlockingIOError:
            self._close(connection, abort=True)
        except OSError:
            self._close(connection)
