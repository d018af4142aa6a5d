#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""One node that publishes to the stand-in for AWS. Prints JSON, for aws.py:

    aws_node.py memory PROGRAM one|system [NAME=VALUE...]   its memory, with one CA, or with the system's
    aws_node.py traffic PROGRAM quiet|moving                bytes of a window

In a network namespace, and for "system" in a mount namespace, that it may spoil. Needs botocore."""
import json
import os
import pathlib
import random
import re
import shutil
import signal
import sys
import threading
import time

HERE = pathlib.Path(__file__).resolve().parent
sys.dont_write_bytecode = True
sys.path[:0] = [str(HERE), str(HERE.parent / "rig"), str(HERE.parent / "interop")]

import rig  # noqa: E402
from aws_service import Aws  # noqa: E402
from aws_signature import Keys  # noqa: E402
from aws_tls import Certificates  # noqa: E402
from processes import Unmeasured, memory  # noqa: E402

N_ENIS, N_MOVING = 4, 2
KEYS = Keys("ASIAIOSFODNN7EXAMPLE", "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY", "t" * 1000)
INTERVAL_S = 0.1
MEMORY_WINDOWS = 30
TRAFFIC_PERIOD_S = 6  # 60 samples, as in a minute at the default interval
TRAFFIC_WINDOWS = 6
BUNDLES = ("/etc/ssl/certs/ca-certificates.crt", "/etc/pki/tls/certs/ca-bundle.crt")


class Node:
    """Use it in a `with` statement. Names tell its ENIs from those of other nodes in the namespace."""

    def __init__(self, name, is_moving, stats=None):
        self._name, self._is_moving, self._stats = name, is_moving, stats
        self._certificates, self._rig, self._over = Certificates(), rig.Rig(), threading.Event()
        self._mover = threading.Thread(target=self._move, daemon=True)
        self.aws = Aws(self._certificates.context())
        self.aws.add_keys(KEYS)

    def __enter__(self):
        try:
            for i in range(N_ENIS):
                mac = f"02:00:00:{ord(self._name[0]):02x}:00:{i:02x}"
                self._rig.add(f"{self._name}{i}", mac=mac, stats=self._stats)
        except BaseException:
            self.__exit__()
            raise
        if self._is_moving:
            self._mover.start()
        return self

    def __exit__(self, *_):
        self._over.set()
        if self._mover.ident:
            self._mover.join(5)
        self._rig.close()
        self.aws.stop()
        self._certificates.close()

    def start(self, program, period_s, has_system_authorities=False, environment=()):
        options = ("publish.sink=cloudwatch", "identity.imds=off", "identity.instance_id=i-0123456789abcdef0",
                   f"sample.interval={INTERVAL_S * 1000:.0f}ms", f"publish.period={period_s}s", "cloudwatch.spread=0s")
        authorities = None if has_system_authorities else self._certificates.ca
        if has_system_authorities:
            self._join_system()
        self.daemon = self._rig.start(program, "run", "-c", "/dev/null", *(w for o in options for w in ("-o", o)),
                                      env={**self.aws.environment(authorities, KEYS), **dict(environment)})
        return self.daemon

    def wait_for_requests(self, n, timeout):
        """Until so many were taken."""
        try:
            self.aws.wait_for(lambda aws: aws.count("PutMetricData", taken=True) >= n, timeout)
        except TimeoutError as error:
            raise Unmeasured(f"{error} {self.daemon}") from None

    def check(self):
        """One connection, and nothing but requests that were taken."""
        if self.aws.n_connections != 1 or self.aws.count() != self.aws.count(taken=True) or self.aws.violations:
            raise Unmeasured(f"{self.aws.n_connections} connections; {self.aws}")

    def _join_system(self):
        """The system's bundle is, in this mount namespace, a copy with our authority at its end."""
        bundle = next((path for path in BUNDLES if os.path.exists(path)), None)
        if not bundle:
            raise Unmeasured("the system has no bundle of CAs where it was looked for")
        copy = os.path.join(self._rig.directory, "bundle.pem")
        shutil.copy(bundle, copy)
        with open(copy, "a", encoding="ascii") as file:
            file.write("\n" + pathlib.Path(self._certificates.ca).read_text(encoding="ascii"))
        rig.run("mount", "--bind", copy, bundle)

    def _move(self):
        amounts = random.Random(1)
        while not self._over.wait(INTERVAL_S):
            for eni in self._rig.enis[:N_MOVING]:
                eni.add(**{f"{what}_allowance_exceeded": amounts.randrange(10_000) for what in
                           ("bw_in", "bw_out", "pps")})
                eni.set(conntrack_allowance_available=136_000 - amounts.randrange(10_000))


def measure_memory(program, authorities, *environment):
    """{"windows", "memory"}: with the connection open."""
    with Node(authorities[:3], True, rig.ena_stats_1192()) as node:
        daemon = node.start(program, 1, authorities == "system", [word.split("=", 1) for word in environment])
        node.wait_for_requests(MEMORY_WINDOWS, 20 + 1.2 * MEMORY_WINDOWS)
        used = memory(daemon.pid)
        node.check()
        if daemon.stop() != 0:
            raise Unmeasured(f"{daemon}")
    return {"windows": MEMORY_WINDOWS, "memory": used}


def measure_traffic(program, load):
    """{"windows", "period_s", "bodies", "plain", "wire"}: the last three in bytes per window."""
    with Node(load[:3], load == "moving") as node:
        node.start(program, TRAFFIC_PERIOD_S)
        before = _quiet_moment(node, 2)
        after = _quiet_moment(node, 2 + TRAFFIC_WINDOWS)
        node.check()
        requests = node.aws.requests[before[0]:after[0]]
    if len(requests) != TRAFFIC_WINDOWS or round((after[2] - before[2]) / TRAFFIC_PERIOD_S) != TRAFFIC_WINDOWS:
        raise Unmeasured(f"{len(requests)} requests in {after[2] - before[2]:.1f} s: not one in a window")
    return {"windows": TRAFFIC_WINDOWS, "period_s": TRAFFIC_PERIOD_S,
            "bodies": sum(len(request.raw) for request in requests) / TRAFFIC_WINDOWS,
            "plain": sum(len(request.body) for request in requests) / TRAFFIC_WINDOWS,
            "wire": (after[1] - before[1]) / TRAFFIC_WINDOWS}


def _quiet_moment(node, n):
    """(requests, bytes of loopback, time) in the middle of a window, after n requests."""
    node.wait_for_requests(n, (n + 2) * TRAFFIC_PERIOD_S)
    time.sleep(TRAFFIC_PERIOD_S / 3)
    return node.aws.count(), _loopback_bytes(), time.monotonic()


def _loopback_bytes():
    """What it received, which is all that was sent. Under /sys are the interfaces outside."""
    text = pathlib.Path("/proc/self/net/dev").read_text(encoding="ascii")
    return int(re.search(r"^\s*lo:\s*(\d+)", text, re.MULTILINE)[1])


def stop(*_):
    sys.exit("aws_node: stopped")


def main():
    signal.signal(signal.SIGTERM, stop)
    what, *words = sys.argv[1:]
    try:
        print(json.dumps({"memory": measure_memory, "traffic": measure_traffic}[what](*words)))
    except (Unmeasured, OSError, RuntimeError, TimeoutError) as error:
        sys.exit(f"{error}")


if __name__ == "__main__":
    main()
