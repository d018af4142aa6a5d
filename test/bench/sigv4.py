# SPDX-License-Identifier: Apache-2.0
"""Signatures per second, beside botocore's, and instructions per signature."""
import collections
import os
import pathlib
import shutil
import statistics
import subprocess

from callgrind import OPTIONS, Profile
from processes import Unmeasured

HERE = pathlib.Path(__file__).resolve().parent
VENV_PYTHON = HERE.parents[1] / "build-interop/venv/bin/python"
N_OURS, N_THEIRS, ROUNDS = 40_000, 4_000, 5
N_COUNTED = 500
Found = collections.namedtuple("Found", "ours theirs instructions")


def measure(folder):
    """A Found: signatures per second, and instructions; what was not to be had is an Unmeasured in its place."""
    ours = [str(pathlib.Path(os.environ["ENAWATCH_BINARY"]).parents[1] / "test/bench/sigv4-rate")]
    if not os.access(ours[0], os.X_OK):
        raise Unmeasured(f"{ours[0]} is not there")
    rates = collections.defaultdict(list)
    why_not = None
    for _ in range(ROUNDS):
        rate, signature = _rate(ours, N_OURS)
        rates["ours"].append(rate)
        try:
            rates["theirs"].append(_their_rate(signature))
        except Unmeasured as error:
            why_not = error
    return Found(statistics.median(rates["ours"]), why_not or statistics.median(rates["theirs"]),
                 _instructions(ours, folder))


def _their_rate(signature):
    if not VENV_PYTHON.exists():
        raise Unmeasured("botocore is not there: test/interop/run installs it")
    rate, theirs = _rate([str(VENV_PYTHON), str(HERE / "sigv4_botocore.py")], N_THEIRS)
    if theirs != signature:
        raise Unmeasured(f"botocore signs otherwise: {theirs}, not {signature}")
    return rate


def _rate(command, n):
    done = subprocess.run(command + [str(n)], capture_output=True, text=True, check=False, timeout=60)
    if done.returncode != 0:
        raise Unmeasured(f"{command[-1]} ended with {done.returncode}: {done.stderr[-300:]}")
    seconds, signature = done.stdout.split()
    return n / float(seconds), signature


def _instructions(command, folder):
    """Of the second N_COUNTED signatures: the first of all derives the key and makes libcrypto ready."""
    if not shutil.which("valgrind"):
        return Unmeasured("valgrind is not installed")
    profiles = []
    for n in (N_COUNTED, 2 * N_COUNTED):
        path = os.path.join(folder, f"callgrind.sigv4.{n}")
        subprocess.run(["valgrind", "--tool=callgrind", f"--callgrind-out-file={path}",
                        "--toggle-collect=sigv4_sign", *OPTIONS, *command, str(n)],
                       capture_output=True, check=True, timeout=60)
        profiles.append(Profile(path))
    if not profiles[0].instructions:
        return Unmeasured("callgrind saw no call of sigv4_sign")
    return profiles[1].minus(profiles[0]).instructions / N_COUNTED


def report(found, table):
    """Adds the rows."""
    table.section("Signatures (SigV4 of a PutMetricData of 3,000 bytes, with a session token)")
    table.add("signatures per second", f"{found.ours:,.0f}")
    if isinstance(found.theirs, Unmeasured):
        table.skipped("botocore", found.theirs)
    else:
        table.add("signatures per second: botocore, and ours to that",
                  f"{found.theirs:,.0f}, {found.ours / found.theirs:.0f} times")
    if isinstance(found.instructions, Unmeasured):
        table.missing("instructions per signature", found.instructions)
    else:
        table.add("instructions per signature, libcrypto included", f"{found.instructions:,.0f}")
    table.note(f"Signatures: the median of {ROUNDS} runs in turn; the derived key is there already. Callgrind's processor "
               "has no instructions for SHA-256, so that most of what it counts is hashing.")
