# SPDX-License-Identifier: Apache-2.0
"""The binary under the rig in rig_test.py: ethtool calls made with Python's own ioctl.

    rig_client.py '[["drvinfo", "ens5"], ["stats", "ens5", 112, 112]]'

runs the steps in order and prints one JSON line per result; a failed call is {"errno": n}. Buffers
end in a guard, so that what was written beyond the expected length shows.
"""
import ctypes
import fcntl
import json
import os
import signal
import socket
import struct
import subprocess
import sys
import threading
import time

SIOCETHTOOL = 0x8946
GDRVINFO, GLINK, GSTRINGS, GSTATS, GSSET_INFO = 0x3, 0xA, 0x1B, 0x1D, 0x37
STATS, FEATURES = 1, 4
GUARD = b"\xa5" * 64


def ethtool(name, data, fd=None):
    """One ioctl. Returns the structure as the kernel (or the rig) left it."""
    buffer = ctypes.create_string_buffer(data, len(data))
    ifreq = struct.pack("16sQ16x", name.encode(), ctypes.addressof(buffer))
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as control:
        fcntl.ioctl(control.fileno() if fd is None else fd, SIOCETHTOOL, ifreq)
    return buffer.raw


def text(data):
    return data.split(b"\0")[0].decode("latin-1")


def drvinfo(name):
    raw = ethtool(name, struct.pack("I192x", GDRVINFO))
    return {"driver": text(raw[4:36]), "version": text(raw[36:68]), "bus": text(raw[100:132]),
            "n_stats": struct.unpack_from("I", raw, 180)[0]}


def sset_info(name, mask):
    raw = ethtool(name, struct.pack("IIQ", GSSET_INFO, 0x5a5a, mask) + GUARD)
    reserved, mask = struct.unpack_from("=IQ", raw, 4)
    return {"reserved": reserved, "mask": mask, "tail": raw[16:].hex()}


def strings(name, n, room, which=STATS):
    raw = ethtool(name, struct.pack("III", GSTRINGS, which, n) + bytes(32 * room) + GUARD)
    return {"n": struct.unpack_from("I", raw, 8)[0], "data": raw[12:].hex()}


def stats(name, n, room):
    raw = ethtool(name, struct.pack("II", GSTATS, n) + bytes(8 * room) + GUARD)
    return {"n": struct.unpack_from("I", raw, 4)[0], "data": raw[8:].hex()}


def alarmed_stats(*args):
    """Counts the alarms that come meanwhile."""
    alarms = []
    signal.signal(signal.SIGALRM, lambda *_: alarms.append(1))
    result = stats(*args)
    return dict(result, n_alarms=len(alarms))


def in_thread(function, *args):
    results = []
    thread = threading.Thread(target=lambda: results.append(FUNCTIONS[function](*args)))
    thread.start()
    thread.join()
    return results[0]


def in_child(function, *args):
    line = subprocess.run([sys.executable, __file__, json.dumps([[function, *args]])],
                          capture_output=True, text=True, timeout=20, check=True).stdout
    return json.loads(line)


def bad_descriptor(name, fd):
    return ethtool(name, struct.pack("I192x", GDRVINFO), fd)[4:36].hex()


def bad_address(name, address):
    """The structure is at an address of its own; the errno tells who looked at it."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as control:
        fcntl.ioctl(control, SIOCETHTOOL, struct.pack("16sQ16x", name.encode(), address))


def many_stats(name, n, rounds):
    """Microseconds of one GSTATS call of n statistics."""
    buffer = ctypes.create_string_buffer(8 + 8 * n)
    struct.pack_into("II", buffer, 0, GSTATS, n)
    ifreq = struct.pack("16sQ16x", name.encode(), ctypes.addressof(buffer))
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as control:
        start = time.monotonic()
        for _ in range(rounds):
            fcntl.ioctl(control, SIOCETHTOOL, ifreq)
    return 1e6 * (time.monotonic() - start) / rounds


def timed(function, *args):
    """Seconds of a call, whatever comes of it."""
    start = time.monotonic()
    FUNCTIONS[function](*args)
    return time.monotonic() - start


def wait_signal(*numbers):
    print(json.dumps({"waits": True}), flush=True)
    return int(signal.sigwait(numbers))


def die(number):
    os.kill(os.getpid(), number)


FUNCTIONS = {function.__name__: function for function in (
    drvinfo, sset_info, strings, stats, alarmed_stats, in_thread, in_child, bad_descriptor,
    bad_address, many_stats, timed, wait_signal, die)}
FUNCTIONS["exit"] = sys.exit
FUNCTIONS["sleep"] = time.sleep
FUNCTIONS["link"] = lambda name: struct.unpack("II", ethtool(name, struct.pack("II", GLINK, 9)))[1]
FUNCTIONS["say"] = lambda words: words


def client(steps):
    signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGTERM, signal.SIGINT, signal.SIGHUP,
                                              signal.SIGUSR1])
    for function, *args in steps:
        try:
            result = FUNCTIONS[function](*args)
        except OSError as error:
            result = {"errno": error.errno}
        print(json.dumps(result), flush=True)


if __name__ == "__main__":
    client(json.loads(sys.argv[1]))
