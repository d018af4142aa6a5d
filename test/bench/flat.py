# SPDX-License-Identifier: Apache-2.0
"""Whether memory is flat: a generated recording of 105,000 windows, played as fast as it can."""
import fcntl
import os
import select
import struct
import subprocess
import termios
import time

from processes import STOP, Unmeasured, child, memory

MARKS = (1_000, 10_000, 50_000, 100_000)
PERIOD, N_ENIS, N_MOVES, SECONDS_BETWEEN = 10, 4, 2100, 500
FLAT_KIB = 64  # less than a byte per window is no leak
F_SETPIPE_SZ, PIPE_BYTES, CROWDED_BYTES = 1031, 1 << 20, 700_000
TIMEOUT, ATTEMPTS = 60, 3


def measure(copy, environment, directory):
    """[(windows, private KiB)]; again when the reader of the documents was too slow for the daemon, as
    documents that wait are memory too."""
    path = os.path.join(directory, "recording.txt")
    with open(path, "w", encoding="ascii") as file:
        file.write(_recording())
    command = [copy, "run", "-c", "/dev/null", "-o", "identity.imds=off", "-o", "publish.sink=stdout",
               "-o", "identity.instance_id=i-0123456789abcdef0", "-o", f"sample.replay={path}",
               "-o", f"publish.period={PERIOD}s"]
    for _ in range(ATTEMPTS):
        with child(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
                   env={**os.environ, **environment}) as daemon:
            found, was_crowded = _follow(daemon)
            daemon.stdout.close()
        if not was_crowded:
            return found
    raise Unmeasured(f"the documents could not be read fast enough, {ATTEMPTS} times")


def _recording():
    """A few ENIs, of which one moves now and then."""
    lines = ["time 2026-01-01T00:00:00Z"]
    for i in range(N_ENIS):
        lines += [f"interface ens{5 + i} mac=02:00:00:00:00:{i + 1:02x} ifindex={i + 2} driver=ena "
                  "version=2.17.0g", "NIC statistics:", "conntrack_allowance_available: 136000"]
        lines += [f"{name}_allowance_exceeded: 5" for name in ("bw_in", "bw_out", "pps", "conntrack",
                                                               "linklocal")]
    for move in range(N_MOVES):
        lines += [f"time +1s * {SECONDS_BETWEEN}", f"interface ens{5 + move % N_ENIS}",
                  f"pps_allowance_exceeded: +{move + 1}",
                  f"conntrack_allowance_available: {130000 + move % 977}"]
    return "\n".join(lines) + "\n"


def _follow(daemon):
    """Counts windows on the daemon's pipe, and looks at its memory in between."""
    pipe, rest, n_windows, found, was_crowded = daemon.stdout, b"", 0, [], False
    fcntl.fcntl(pipe, F_SETPIPE_SZ, PIPE_BYTES)
    end = time.monotonic() + TIMEOUT
    while len(found) < len(MARKS):
        if STOP.is_set() or time.monotonic() > end:
            raise Unmeasured(f"only {n_windows:,} windows of the replay in {TIMEOUT} s")
        if not select.select([pipe], [], [], 1)[0]:
            continue
        was_crowded |= _n_waiting(pipe) > CROWDED_BYTES
        data = os.read(pipe.fileno(), 1 << 16)
        if not data:
            raise Unmeasured(f"the replay ended after {n_windows:,} windows: {daemon.wait(10)}")
        *lines, rest = (rest + data).split(b"\n")
        n_windows += sum(b'"interface"' not in line for line in lines)
        if n_windows >= MARKS[len(found)]:
            found.append((MARKS[len(found)], memory(daemon.pid).private_kib))
    return found, was_crowded


def _n_waiting(pipe):
    return struct.unpack("i", fcntl.ioctl(pipe, termios.FIONREAD, b"\0" * 4))[0]


def report(found, table):
    """Adds the rows."""
    table.section(f"Flat memory (a replay of {N_ENIS} ENIs, windows of {PERIOD} s)")
    for n, kib in found:
        table.add(f"private memory after {n:,} windows", f"{kib:,} KiB")
    growth = found[-1][1] - found[0][1]
    table.at_most(f"growth from {MARKS[0]:,} to {MARKS[-1]:,}", growth, FLAT_KIB, f"{growth:+,} KiB",
                  f"{FLAT_KIB} KiB")
    table.note("Flat memory: the recording itself is kept in memory and included, some 200 KiB; it is read "
               "while the replay runs, up to 1,000 windows after the mark.")
