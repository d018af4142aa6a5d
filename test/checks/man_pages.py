#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The manual pages named on the command line: nothing that mandoc or groff would complain about, and nothing left out
that the program has: each command, option, key, default and variable of the environment."""
import os
import pathlib
import re
import subprocess
import sys
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]
BINARY = os.environ["ENAWATCH_BINARY"]
PAGES = [pathlib.Path(page) for page in sys.argv[1:]]
VARIABLE = re.compile(r'"((?:AWS|NO)_[A-Z0-9_]+)"')
ITEM = re.compile(r"(?:^| )([a-z_]+(?:\.NAME)?) = (?:duration|size|number|word, \.\.\.|choice|text) ")
OPTION = re.compile(r"(?<![\w-])--?[a-z][a-z-]*")


def run(*command, **named):
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=30, stdin=subprocess.DEVNULL,
                          **named)


def shown(name):
    """The page as a reader sees it, with each gap one space."""
    page, = (p for p in PAGES if p.name == name)
    text = run("mandoc", "-Tascii", "-Owidth=1000", str(page)).stdout
    return re.sub(r"\s+", " ", re.sub(r".\x08", "", text))


def items(section):
    """{key: what is said of it} of a section of enawatch.conf(5)."""
    options = shown("enawatch.conf.5").partition(" OPTIONS ")[2].partition(" FILES ")[0]
    text = options.partition(f" {section} ")[2] or options.partition(f"{section} ")[2]
    words = re.split(ITEM, re.split(r" \[[a-z]+\] ", text)[0])
    return dict(zip(words[1::2], words[2::2]))


def help_of(*words):
    return run(BINARY, *words, "--help").stdout


def commands():
    return re.findall(r"^  ([a-z]+) ", help_of(), re.MULTILINE)


def keys():
    """(section, key, default or None) of all that can be configured."""
    section = None
    for line in run(BINARY, "run", "-c", "/dev/null", "--print-config").stdout.splitlines():
        if line.startswith("["):
            section = line
        found = re.fullmatch(r"([a-z_]+) = (.+)|# ([a-z_]+(?:\.NAME)?) =", line)
        if found:
            yield section, found[1] or found[3], found[2]


class Pages(unittest.TestCase):
    def test_mandoc_has_no_complaint(self):
        for page in PAGES:
            with self.subTest(page=page.name):
                result = run("mandoc", "-Tlint", "-Wwarning", str(page))
                self.assertEqual((result.returncode, result.stdout), (0, ""))

    def test_groff_has_no_complaint(self):
        for page in PAGES:
            with self.subTest(page=page.name):
                result = run("groff", "-mandoc", "-Tutf8", "-ww", "-z", str(page))
                self.assertEqual((result.returncode, result.stderr), (0, ""))

    def test_every_command_and_option_is_there(self):
        page = shown("enawatch.8")
        self.assertGreaterEqual(len(commands()), 3)
        for command in commands():
            self.assertIn(f" enawatch {command} ", page)
            options = OPTION.findall(help_of(command))
            self.assertIn("--help", options)
            for option in options:
                self.assertIn(f" {option}", page.replace("[", " "), command)

    def test_every_key_is_there_with_its_default(self):
        found = list(keys())
        self.assertGreater(len(found), 30)
        for section, key, default in found:
            item = items(section)[key]
            self.assertRegex(item, r"^\w.*\.", key)
            if default is not None:
                self.assertIn(f"Default: `{default}'.", item, key)

    def test_every_variable_of_the_environment_is_there(self):
        page = shown("enawatch.8")
        variables = {v for path in (ROOT / "src").rglob("*.c") for v in VARIABLE.findall(path.read_text())}
        self.assertGreater(len(variables), 20)
        self.assertEqual([v for v in sorted(variables) if not re.search(rf"\b{v}\b", page)], [])


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1], verbosity=2)
