# SPDX-License-Identifier: Apache-2.0
"""Time in which the machine ran. A virtual machine that is paused, or too busy to wake a thread, is nobody's doing: a
test that says how long something may take asks a Stopwatch, which leaves that out."""
import threading
import time

BEAT_S = 0.02
LATE_S = 0.05  # a beat that comes later than this was held up


class _Pulse(threading.Thread):
    """Beats as long as the process lives."""

    def __init__(self):
        super().__init__(daemon=True)
        self._lock, self._lost_s, self._beat = threading.Lock(), 0.0, time.monotonic()
        self.start()

    def run(self):
        while True:
            time.sleep(BEAT_S)
            self.beat()

    def beat(self):
        """The time now, and by how much all beats until now were late."""
        with self._lock:
            now = time.monotonic()
            late_s = now - self._beat - BEAT_S
            self._lost_s += late_s if late_s > LATE_S else 0.0
            self._beat = now
            return now, self._lost_s


_pulse = None


class Stopwatch:
    """Runs since it was made."""

    def __init__(self):
        global _pulse
        _pulse = _pulse if _pulse and _pulse.is_alive() else _Pulse()  # a forked process has none
        self._began, self._lost_s = _pulse.beat()

    def seconds(self):
        now, lost_s = _pulse.beat()
        return now - self._began - (lost_s - self._lost_s)

    def stalled_s(self):
        """What it has left out."""
        return _pulse.beat()[1] - self._lost_s
