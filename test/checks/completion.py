#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Completion, as the shells do it: commands, options, keys and choices are offered that the program has. Bash is asked
for what its function found; zsh is typed at, on a terminal."""
import os
import pathlib
import pty
import re
import select
import signal
import subprocess
import tempfile
import time
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]
BINARY = os.environ["ENAWATCH_BINARY"]
COMPLETIONS = ROOT / "packaging" / "completion"
OPTION = re.compile(r"(?<![\w-])--?[a-z][a-z-]*")
BASH = """source "$1"; shift
COMP_WORDS=("$@") COMP_CWORD=$(($# - 1)); _enawatch 2>/dev/null; printf '%s\\n' "${COMPREPLY[@]}" """
DEADLINE_SECONDS = 20


def output(*words):
    return subprocess.run([BINARY, *words], capture_output=True, text=True, check=True, timeout=20).stdout


def commands():
    return set(re.findall(r"^  ([a-z]+) ", output("--help"), re.MULTILINE))


def options(*words):
    first_column = re.findall(r"^ {2,6}((?:-[A-Za-z], )?--[a-z-]+)", output(*words, "--help"), re.MULTILINE)
    return {option for words in first_column for option in OPTION.findall(words)}


def choices(key):
    """What --print-config says is allowed for a key of [publish]."""
    section = output("run", "-c", "/dev/null", "--print-config").partition("[publish]")[2]
    allowed, = re.findall(rf"Allowed: (.*)\.\n{key} = ", section)
    return set(allowed.split(" | "))


class Bash(unittest.TestCase):
    def offered(self, *words):
        result = subprocess.run(["bash", "-c", BASH, "bash", str(COMPLETIONS / "enawatch"), BINARY, *words],
                                capture_output=True, text=True, check=True, timeout=20)
        return set(result.stdout.split())

    def test_commands_and_options(self):
        self.assertEqual(self.offered(""), commands() | options())
        self.assertEqual(self.offered("r"), {c for c in commands() if c.startswith("r")})
        for command in commands():
            self.assertEqual(self.offered(command, ""), options(command))
            self.assertLess({"-h", "--help"}, options(command))

    def test_keys_and_their_choices(self):
        self.assertTrue({"publish.sink=", "identity.property.", "logs.stream="} < self.offered("run", "-o", ""))
        self.assertEqual(self.offered("run", "-o", "publish.si"), {"publish.sink="})
        self.assertEqual(self.offered("run", "-o", "publish.sink", "="), choices("sink"))
        self.assertEqual(self.offered("run", "-o", "publish.sink", "=", "st"), {"stdout"})

    def test_files(self):
        self.assertEqual(self.offered("run", "-c", "/et"), {"/etc"})
        self.assertEqual(self.offered("run", "-o", "sample.replay", "=", "/et"), {"/etc"})


class Zsh(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory(prefix="enawatch-")
        self.addCleanup(folder.cleanup)
        os.symlink(BINARY, pathlib.Path(folder.name) / "enawatch")
        path = folder.name + ":" + os.environ["PATH"]
        self.pid, self.terminal = pty.fork()
        if self.pid == 0:
            os.chdir(folder.name)
            os.execvpe("zsh", ["zsh", "-f", "-i"], {**os.environ, "TERM": "dumb", "PATH": path, "PS1": "", "LISTMAX": "999"})
        self.addCleanup(self.end)
        self.type(f"fpath=({COMPLETIONS} $fpath); autoload -Uz compinit; compinit -u -D; echo re''ady\n")
        self.wait_for({"ready"})

    def end(self):
        os.kill(self.pid, signal.SIGKILL)
        os.waitpid(self.pid, 0)
        os.close(self.terminal)

    def type(self, text):
        os.write(self.terminal, text.encode())

    def wait_for(self, words):
        """Until all of them are on the screen."""
        screen, deadline = "", time.monotonic() + DEADLINE_SECONDS
        while not words <= set(screen.replace("\r", " ").split()):
            left = deadline - time.monotonic()
            if left <= 0 or not select.select([self.terminal], [], [], left)[0]:
                self.fail(f"{words - set(screen.split())} not in {screen!r}")
            screen += os.read(self.terminal, 65536).decode()

    def offers(self, line, words):
        self.type(line + "\t\t")
        self.wait_for(words)
        self.type("\x03\n")  # another line

    def test_commands_options_keys_and_choices(self):
        self.offers("enawatch ", commands() | options())
        for command in commands():
            self.offers(f"enawatch {command} -", options(command))
        self.offers("enawatch run -o publish.", {"publish.sink=", "publish.period="})
        self.offers("enawatch run -o publish.sink=", choices("sink"))


if __name__ == "__main__":
    unittest.main(verbosity=2)
