# SPDX-License-Identifier: Apache-2.0
"""What the cloudwatch sink costs a node with 4 ENIs: memory with TLS open, and bytes on the wire. Against the stand-in
for AWS of test/interop, each in a process of its own under a Python that has botocore."""
import concurrent.futures
import json
import os
import pathlib
import subprocess

from binaries import lonely_copy
from processes import KIB_PER_MIB, Memory, Unmeasured, child, wait_for

HERE = pathlib.Path(__file__).resolve().parent
VENV_PYTHON = HERE.parents[1] / "build-interop/venv/bin/python"
MAX_ANONYMOUS_MIB = 4
WINDOWS_PER_HOUR = 60
TIMEOUT = 150
AUTHORITIES = {"one": "one CA", "system": "the system's CAs"}
LOADS = {"quiet": "quiet", "moving": "two ENIs move"}


def measure(folder):
    """{"memory": {authorities: Memory}, "traffic": {load: bytes of a window and more}}; None without botocore."""
    if not VENV_PYTHON.exists():
        return None
    with concurrent.futures.ThreadPoolExecutor(len(AUTHORITIES)) as pool:
        running = {name: pool.submit(_memory, folder, name) for name in AUTHORITIES}
        used = {name: future.result() for name, future in running.items()}
    return {"memory": used, "traffic": {load: _node("traffic", os.environ["ENAWATCH_BINARY"], load) for load in LOADS}}


def _memory(folder, authorities):
    """Of a copy that no other daemon shares."""
    copy, environment = lonely_copy(os.path.join(folder, f"aws-{authorities}"), os.environ["ENAWATCH_BINARY"])
    found = _node("memory", copy, authorities, *(f"{name}={text}" for name, text in environment.items()))
    return found["windows"], Memory(*found["memory"])


def _node(*words):
    """What aws_node.py prints. Its own mount namespace: it may change what the system's CAs are."""
    command = ["unshare", "-m", VENV_PYTHON, HERE / "aws_node.py", *words]
    with child(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        wait_for(lambda: process.poll() is not None, TIMEOUT, " ".join(words[:1] + words[2:3]))
        with process.stdout as output, process.stderr as problems:
            if process.returncode != 0:
                raise Unmeasured(f"{words[0]} {words[2]}: {problems.read()[-600:]}")
            return json.loads(output.read())


def report(found, table):
    """Adds the rows."""
    if found is None:
        table.skipped("aws", "botocore is not there: test/interop/run installs it")
        return
    table.section("Straight to CloudWatch (4 ENIs, TLS, gzip)")
    for name, (n, used) in found["memory"].items():
        mib = used.anonymous_kib / KIB_PER_MIB
        table.add(f"private memory, {n} windows, {AUTHORITIES[name]}", f"{used.private_kib / KIB_PER_MIB:.2f} MiB")
        table.at_most("of it anonymous: no page of a file", mib, MAX_ANONYMOUS_MIB, f"{mib:.2f} MiB",
                      f"{MAX_ANONYMOUS_MIB} MiB")
    for load, what in LOADS.items():
        one = found["traffic"][load]
        table.add(f"request bodies per hour: {what}", _hour(one["bodies"]))
        table.add(f"all bytes on the wire per hour: {what}", _hour(one["wire"]))
        table.add(f"request bodies before gzip: {what}", _hour(one["plain"]))
    table.note("Straight to CloudWatch, memory: as above, of 4 ENIs of 1,192 statistics each, two of which move; the "
               "system's CAs are its bundle with one more.")
    one = found["traffic"]["quiet"]
    table.note(f"Bytes: counted by the loopback interface over {one['windows']} windows of {one['period_s']} s with as "
               f"many samples as 60 s have by default, times {WINDOWS_PER_HOUR}: requests, answers, TLS, TCP and IP, "
               "without Ethernet; one connection, whose handshake is not in it. Loopback makes one packet of what has "
               "two or three on a real link. Keys have a session token of 1,000 characters. Answers are "
               "the stand-in's. Two ENIs move: three counters and the gauge of each, in each sample, at random.")


def _hour(n_bytes):
    return f"{WINDOWS_PER_HOUR * n_bytes / 1000:,.0f} KB ({n_bytes:,.0f} each)"
