# SPDX-License-Identifier: Apache-2.0
"""The daemon and the rig: given, or built here as for a release; and what the daemon's symbols offer."""
import collections
import os
import pathlib
import re
import shutil
import subprocess

import rig
from processes import Unmeasured

ROOT = pathlib.Path(__file__).resolve().parents[2]
BUILD = ROOT / "build-bench"
TARGETS = {"ENAWATCH_BINARY": "src/enawatch", "ENAWATCH_RIG": "test/rig/rig"}
BESIDE = ("test/bench/sigv4-rate", "test/bench/spread-turns")
EVERYBODY_HAS = re.compile(r"lib(c|pthread)\.so|ld-linux")


def locate(binary, rig_program):
    """Puts both into the environment, from where the rest of the bench and the rig take them."""
    if binary:
        os.environ["ENAWATCH_BINARY"] = os.path.abspath(binary)
    if rig_program:
        os.environ["ENAWATCH_RIG"] = os.path.abspath(rig_program)
    if "ENAWATCH_BINARY" in os.environ:
        os.environ.setdefault("ENAWATCH_RIG", str(rig.rig_path()))
    else:
        _build()
    for name in TARGETS:
        if not os.access(os.environ[name], os.X_OK):
            raise FileNotFoundError(f"{os.environ[name]} ({name}) is not there")


def _build():
    print(f"bench: building a release with debug symbols in {BUILD}", flush=True)
    if not (BUILD / "build.ninja").exists():
        _run("meson", "setup", BUILD, ROOT, "--buildtype=release", "-Ddebug=true", "-Dtests=true")
    _run("ninja", "-C", BUILD, *TARGETS.values(), *BESIDE)
    for name, target in TARGETS.items():
        os.environ.setdefault(name, str(BUILD / target))


def _run(*command):
    done = subprocess.run([str(word) for word in command], capture_output=True, text=True, timeout=240)
    if done.returncode != 0:
        raise RuntimeError(f"{command[0]} failed:\n" + (done.stdout + done.stderr)[-3000:])


def lonely_copy(folder, program, *plugins):
    """Copies a program, its plugins, and the libraries of all but libc into a folder. Nobody else maps
    these: what is private to it is then what it costs, however many others run. Returns the copy's path
    and the environment for it."""
    os.makedirs(folder)
    for path in (program,) + plugins:
        listed = subprocess.run(["ldd", path], capture_output=True, text=True, check=False, timeout=20)
        for library in re.findall(r"=> (/\S+)", listed.stdout):
            if not EVERYBODY_HAS.search(library):
                shutil.copy(library, folder)
        shutil.copy(path, folder)
    return os.path.join(folder, os.path.basename(program)), {"LD_LIBRARY_PATH": folder}


def _functions():
    """How many functions of the daemon have a name; .isra.0 and the like are the compiler's, .cold is a part."""
    listed = subprocess.run(["nm", os.environ["ENAWATCH_BINARY"]], capture_output=True, text=True,
                            check=False, timeout=20).stdout
    found = (re.match(r"\w+ [tT] ([^.\s]+)(?!\S*\.(part|cold))", line) for line in listed.splitlines())
    return collections.Counter(match.group(1) for match in found if match)


def tick_functions():
    """The function that is a tick; Unmeasured when it was inlined or stripped."""
    return _unique(_functions(), ["tick"])


def read_functions():
    """What reads and folds all ENIs: read_sources(), or where that is inlined the two calls in it."""
    functions = _functions()
    return _unique(functions, ["read_sources"] if functions["read_sources"] else ["collect_eni", "pipeline_add"])


def _unique(functions, names):
    for name in names:
        if functions[name] != 1:
            raise Unmeasured(f"the binary has {functions[name]} functions called {name}, not 1")
    return names
