#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Rules of the house that a compiler does not know: lengths, licence lines, banned calls, headers that stand
alone, test switches in the product, and layout."""
import pathlib
import re
import shutil
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
MAX_LINES = 500
TOP_LEVEL = {"src", "include", "test", "packaging", "systemd", "meson.build", "meson_options.txt", "README.md",
             "LICENSE"}
BANNED = re.compile(r"\b(sprintf|strcpy|strcat|strncpy|strtok|atoi|atol|gets|alloca|system|popen)\s*\(")
SWITCH = re.compile(r"#\s*if.*\b(TEST|TESTING|UNIT_TEST)\b")
UNFINISHED = re.compile(r"\b(TODO|FIXME|XXX|HACK)\b")
COMMENT = re.compile(r"//.*|/\*.*?\*/", re.DOTALL)
STRING = re.compile(r'"(\\.|[^"\\])*"')


def tracked(*patterns):
    """Files of the project: what git knows where this is a checkout, else all but build folders."""
    if (ROOT / ".git").exists() and shutil.which("git"):
        command = ["git", "-C", str(ROOT), "ls-files", "--cached", "--others", "--exclude-standard", "-z", "--"]
        names = subprocess.run(command + list(patterns), capture_output=True, check=True).stdout
        return [ROOT / n for n in names.decode().split("\0") if n and (ROOT / n).is_file()]
    return [p for pattern in patterns for p in ROOT.rglob(pattern) if "build" not in p.parts[len(ROOT.parts)]]


def code_only(text):
    return STRING.sub('""', COMMENT.sub("", text))


def check_text(path):
    text = path.read_text(errors="replace")
    name = path.relative_to(ROOT)
    if text.count("\n") > MAX_LINES:
        yield f"{name}: {text.count(chr(10))} lines: split it by the noun it holds (at most {MAX_LINES})"
    if "SPDX-License-Identifier: Apache-2.0" not in "\n".join(text.splitlines()[:2]):
        yield f"{name}: no SPDX line at the top"
    if name.parts[0] != "test" and UNFINISHED.search(text):
        yield f"{name}: unfinished work is marked"


def check_code(path):
    name, code = path.relative_to(ROOT), code_only(path.read_text(errors="replace"))
    for match in BANNED.finditer(code):
        yield f"{name}: {match.group(1)} is banned"
    if name.parts[0] in ("src", "include") and SWITCH.search(code):
        yield f"{name}: a test switch in the product"


def check_header_alone(path):
    """Each header compiles by itself, and twice."""
    source = f'#include "{path}"\n#include "{path}"\n'
    command = ["cc", "-std=gnu11", "-D_GNU_SOURCE", "-Wall", "-Wextra", "-Werror", "-fsyntax-only",
               f"-I{ROOT}/include", f"-I{ROOT}/src", "-x", "c", "-"]
    result = subprocess.run(command, input=source, text=True, capture_output=True)
    if result.returncode != 0:
        yield f"{path.relative_to(ROOT)}: does not compile alone:\n{result.stderr}"


def check_top_level():
    for path in {p.relative_to(ROOT).parts[0] for p in tracked("*")}:
        if path not in TOP_LEVEL and not path.startswith("."):
            yield f"{path}: the top level holds {', '.join(sorted(TOP_LEVEL))} and dot-files"


def check_format(paths):
    if shutil.which("clang-format") is None:
        yield "clang-format is missing"
        return
    result = subprocess.run(["clang-format", "--dry-run", "-Werror", *map(str, paths)], capture_output=True,
                            text=True, cwd=ROOT)
    if result.returncode != 0:
        yield "clang-format -i is due:\n" + "\n".join(
            sorted({line.split(":")[0] for line in result.stderr.splitlines() if ": error:" in line}))


def main():
    c_files = tracked("*.c", "*.h")
    headers = [p for p in c_files if p.suffix == ".h" and p.relative_to(ROOT).parts[0] in ("include", "src")]
    complaints = list(check_top_level()) + list(check_format(c_files))
    for path in c_files + tracked("*.py", "*meson.build"):
        complaints.extend(check_text(path))
    for path in c_files:
        complaints.extend(check_code(path))
    for path in headers:
        complaints.extend(check_header_alone(path))
    print("\n".join(complaints) if complaints else f"{len(c_files)} C files, {len(headers)} headers alone: fine")
    return 1 if complaints else 0


if __name__ == "__main__":
    sys.exit(main())
