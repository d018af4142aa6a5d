#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Runs a command fenced in:

    fence.py SECONDS COMMAND...

It has namespaces of its own for network, mounts and processes, and a control group of its own. However it ends, and at
the latest after so many seconds, nothing is left of what it started, mounted or made there. Exit status: that of the
command; 124 when its time was up.
"""
import ctypes
import os
import pathlib
import signal
import subprocess
import sys

from cgroup import Group

DELEGATED = "ENAWATCH_SYSTEM_DELEGATED"
UNSHARE = ("unshare", "--mount", "--net", "--pid", "--fork", "--kill-child", "--mount-proc")
PR_SET_PDEATHSIG = 1  # linux/prctl.h


def main():
    if pathlib.Path("/run/systemd/system").is_dir() and DELEGATED not in os.environ:
        os.environ[DELEGATED] = "1"
        scope = ("systemd-run", "--quiet", "--scope", "--collect", "--property=Delegate=yes")
        os.execvp(scope[0], (*scope, sys.executable, *sys.argv))
    seconds, command = float(sys.argv[1]), sys.argv[2:]
    outside = Group.own()
    ours = outside.child(f"enawatch-system-{os.getpid()}")
    try:
        return run_in(ours, seconds, command)
    finally:
        ours.remove()


def run_in(group, seconds, command):
    leaf = group.child("tests")  # in cgroup2 only a leaf has processes
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(124))

    def begin():
        leaf.enter()
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)

    process = subprocess.Popen([*UNSHARE, *command], preexec_fn=begin)
    try:
        return process.wait(seconds)
    except subprocess.TimeoutExpired:
        print(f"{command[-1]}: not done after {seconds:.0f} s", flush=True)
        return 124
    finally:
        process.kill()
        process.wait()


if __name__ == "__main__":
    sys.exit(main())
