#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The arrow of includes: who may include whom, no cycle, the configuration for few eyes only."""
import pathlib
import re
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]

# A folder or file of src/ may include what has a lower rank, and its own folder. Folders that share a rank
# do not see each other.
RANKS = {
    "base": 0,
    "include": 1,
    "os": 2, "flow": 2, "encode": 2,
    "aws": 3, "store": 3,
    "collector": 4, "identity": 4, "sink": 4,
    "delivery": 4.5, "pipeline": 5, "sources": 5,
    "setting": 6, "exit_status": 6,
    "config": 7, "config_check": 7.5, "config_counters": 7.5, "config_file": 7.5,
    "config_settings": 7.5,
    "outside": 7.6, "engine": 7.8,
    "daemon_state": 7.9, "daemon": 8, "daemon_change": 8.1,
    "command": 9,
    "main": 10,
}
# What base/ implements is declared where everybody can see it.
BASE_HEADERS = {"base.h", "log.h"}
MAY_SEE_CONFIG = {"config", "config_check", "config_counters", "config_file", "config_settings", "outside", "engine", "daemon_state", "daemon", "daemon_change",
                  "command"}
INCLUDE = re.compile(r'^\s*#\s*include\s+"([^"]+)"', re.MULTILINE)
# A library that only one room may use: its folder of headers, and who.
LIBRARIES = {"curl": "os", "openssl": "aws"}
LIBRARY = re.compile(r'^\s*#\s*include\s+<(\w+)/', re.MULTILINE)


def place(path):
    """The room a file is in: its folder below src/, its own name at the top, or include."""
    if path.is_relative_to(ROOT / "include"):
        return "include"
    parts = path.relative_to(ROOT / "src").parts
    return parts[0] if len(parts) > 1 else path.stem


def resolve(name):
    """The file that an include names; None for one that the build makes."""
    for folder in (ROOT / "include", ROOT / "src"):
        if (folder / name).is_file():
            return folder / name
    return None


def sources():
    return sorted(p for d in ("include", "src") for p in (ROOT / d).rglob("*.[ch]"))


def complaints_of(path, target):
    here, there = place(path), place(target)
    if here == there:
        return
    if here == "base" and target.name in BASE_HEADERS:
        return
    if RANKS[there] >= RANKS[here]:
        yield f"{path.relative_to(ROOT)}: may not include {target.relative_to(ROOT)}: {here} is not above {there}"
    if there == "config" and here not in MAY_SEE_CONFIG:
        yield f"{path.relative_to(ROOT)}: only config, daemon and command/ may include config.h"


def complaints_of_libraries(path):
    for name in LIBRARY.findall(path.read_text()):
        if LIBRARIES.get(name, place(path)) != place(path):
            yield f"{path.relative_to(ROOT)}: only {LIBRARIES[name]}/ may include <{name}/...>"


def find_cycle(graph):
    done, path = set(), []

    def visit(node):
        if node in path:
            return path[path.index(node):] + [node]
        if node in done:
            return None
        path.append(node)
        for target in graph.get(node, ()):
            cycle = visit(target)
            if cycle:
                return cycle
        path.pop()
        done.add(node)
        return None

    for start in graph:
        cycle = visit(start)
        if cycle:
            return cycle
    return None


def main():
    graph, complaints = {}, []
    for path in sources():
        if place(path) not in RANKS:
            complaints.append(f"{path.relative_to(ROOT)}: {place(path)} has no rank in test/checks/layers.py")
            continue
        complaints.extend(complaints_of_libraries(path))
        targets = [t for t in map(resolve, INCLUDE.findall(path.read_text())) if t is not None]
        graph[path] = targets
        for target in targets:
            complaints.extend(complaints_of(path, target))
    cycle = find_cycle(graph)
    if cycle:
        complaints.append("cycle: " + " -> ".join(str(p.relative_to(ROOT)) for p in cycle))
    print("\n".join(complaints) if complaints else f"{len(graph)} files, no include upwards, no cycle")
    return 1 if complaints else 0


if __name__ == "__main__":
    sys.exit(main())
