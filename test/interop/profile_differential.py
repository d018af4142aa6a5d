#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Random files of AWS profiles, read by enawatch and by botocore, AWS's SDK for Python (not in the standard library):
the same profiles and services sections, with the same settings.

    profile_differential.py build/test/interop/profile-print [FILES [SEED]]

botocore refuses a file for one bad line, where we leave out the line and say which: it reads the file without that
line, and we must name it. It refuses duplicates too, unless it is told to let the last one win, as its parser can; that
is done here. Left out is what one of the two does not do: a colon in place of the equals sign, [DEFAULT] as the parent
of all sections, one profile in two spellings, blanks within the brackets of a section, empty lines within a value."""
import configparser
import functools
import json
import pathlib
import random
import re
import subprocess
import sys
import tempfile
from unittest import mock

import botocore
from botocore import configloader

KEYS = ["region", "aws_access_key_id", "aws_secret_access_key", "AWS_Session_Token", "role_arn", "Region", "s3", "S3",
        "cloudwatch", "endpoint_url", "services", "a b", "key.x"]
VALUES = ["us-east-1", "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY", "a = b", "a # b", "a ; b", "a;b", "#a", "[a]", "= b",
          '"a b"', "it's", "a\tb", "\u00fc\u1234", "http://127.0.0.1:4566/a?b=c", "x" * 900, "%(a)s", "\\", "a  b"]
NESTED = ["endpoint_url", "Other", "a b", "max_attempts"]
COMMENTS = ["# x", "; x = y", "#", "#[a]", "", "  "]
PROFILES = ["prod", "a.b", "a/b@c", '"a b"', "'a b c'", 'a"b c"', "c\\ d", '"a\\"b"', '"a\\b"', "x" * 300, "\u00fc", "default"]
REFUSED = ["a b", '"a', "'", "a\\", "", '"a" "b"']  # after "profile": no name
OTHERS = ["sso-session x", "preview", "profilex", "services", "prod", "Default", "profile"]
BAD = ["word", "= x", "two words", "=", "\u00fc"]


def pad(rng):
    return rng.choice(["", " ", " ", "  ", "\t"])


def setting(rng, indent):
    """The lines of one."""
    key, value = rng.choice(KEYS), rng.choice(VALUES)
    kind = rng.random()
    if kind < 0.7:
        return [f"{indent}{key}{pad(rng)}={pad(rng)}{value}{pad(rng)}"]
    more = [f"{indent}{rng.choice([' ', '    ', chr(9)])}"
            + (f"{rng.choice(NESTED)}{pad(rng)}={pad(rng)}{rng.choice([*VALUES, ''])}" if kind < 0.9 else rng.choice(
                ["more", "a = b", "[a]", "= x"])) + pad(rng) for _ in range(rng.randrange(4))]
    for _ in range(rng.choice([0, 0, 1])):
        more.insert(rng.randrange(len(more) + 1), rng.choice(COMMENTS))
    if kind < 0.9:
        return [f"{indent}{key}{pad(rng)}={pad(rng)}", *more]
    return [f"{indent}{key} = {value[:100]}", *more]


def headers(rng, is_credentials):
    """Some sections; none is another's in other words."""
    if is_credentials:
        names = ["default", "services x", "profile prod", "a  b", *PROFILES]
    else:
        names = ["default", *(f"profile{rng.choice([' ', '  ', chr(9)])}{name}" for name in PROFILES + REFUSED),
                 *(f"services {name}" for name in PROFILES + REFUSED), *OTHERS]
    chosen = rng.sample(names, rng.randrange(1, 6))
    # Where both spellings of the default are there, botocore takes the last: for us it is [profile default].
    chosen.sort(key=lambda name: bool(re.fullmatch(r"profile\s+default", name)))
    return chosen + rng.choices(chosen, k=rng.choice([0, 0, 1]))


def some_file(rng, is_credentials):
    """Lines, and whether each is a bad one, that only we leave out."""
    lines = [(rng.choice(COMMENTS), False) for _ in range(rng.randrange(3))]
    is_spoilt = rng.random() < 0.3

    def spoil(indent, bad):
        if is_spoilt and rng.random() < 0.3:
            lines.append((indent + rng.choice(bad), True))
            return True
        return False

    spoil("", BAD + ["a = b"])
    for header in headers(rng, is_credentials):
        indent = rng.choice(["", "", "  ", "\t"])
        lines.append((f"[{header}]{rng.choice(['', '', ' # x', ';x'])}", False))
        for _ in range(rng.randrange(6)):
            spoil(indent, BAD)
            lines += [(line, False) for line in setting(rng, indent)]
            if not is_spoilt and rng.random() < 0.1:  # perhaps below the one above, perhaps not
                lines.append((rng.choice([" ", "   "]) + f"{rng.choice(KEYS)} = {rng.choice(VALUES)}", False))
            lines += [(rng.choice(COMMENTS), False) for _ in range(rng.choice([0, 0, 0, 1]))]
        if spoil("", ["[a", "[", "[]", "[a] b", "[ ]"]):
            lines += [(line, None) for line in setting(rng, "")]  # of no section that is known
    return lines


def text_of(lines, end):
    return "".join(line + end for line in lines)


def their_settings(path, text, is_credentials):
    path.write_text(text, encoding="utf-8", newline="")
    load = configloader.raw_config_parse if is_credentials else configloader.load_config
    lenient = functools.partial(configparser.RawConfigParser, strict=False)
    with mock.patch.object(configloader.configparser, "RawConfigParser", lenient):
        loaded = load(str(path))
    sections = {(False, name): values for name, values in (loaded if is_credentials else loaded["profiles"]).items()}
    if not is_credentials:
        sections.update({(True, name): values for name, values in loaded["services"].items()})
    settings = {}
    for (is_services, name), values in sections.items():
        settings[(is_services, name, "")] = ""
        for key, value in values.items():
            nested = value if isinstance(value, dict) else {}
            settings[(is_services, name, key)] = "" if nested or value == {} else re.sub(r"\n+", "\n", value)
            for below, text_below in nested.items():
                settings[(is_services, name, f"{key}.{below.lower()}")] = text_below
    return settings


def our_settings(answer):
    return {tuple(row[:3]): row[3] for row in answer["settings"] if row[3] is not None}


def main():
    n_files, rng = int((sys.argv[2:] or ["5000"])[0]), random.Random(int((sys.argv[3:] or ["1"])[0]))
    cases = []
    for _ in range(n_files):
        is_credentials = rng.random() < 0.4
        cases.append((is_credentials, some_file(rng, is_credentials), rng.choice(["\n", "\n", "\r\n"])))
    questions = [json.dumps({"is_credentials": is_credentials,
                             "text": rng.choice(["", "", "\ufeff"]) + text_of([line for line, _ in lines], end)})
                 for is_credentials, lines, end in cases]
    answers = subprocess.run([sys.argv[1]], input="\n".join(questions) + "\n", stdout=subprocess.PIPE, text=True,
                             check=True).stdout.splitlines()
    bad, n_settings, n_spoilt = [], 0, 0
    with tempfile.TemporaryDirectory() as folder:
        path = pathlib.Path(folder) / "file"
        for (is_credentials, lines, end), question, answer in zip(cases, questions, answers, strict=True):
            answer = json.loads(answer)
            theirs = their_settings(path, text_of([line for line, is_bad in lines if is_bad is False], end),
                                    is_credentials)
            spoilt = [number for number, (_, is_bad) in enumerate(lines, 1) if is_bad]
            n_settings += len(theirs)
            n_spoilt += bool(spoilt)
            ours = our_settings(answer)
            if ours != theirs or answer["n_bad"] != len(spoilt) or answer["line"] != (spoilt or [0])[0]:
                bad.append((question, ours, theirs, answer["n_bad"], answer["line"], spoilt))
    for row in bad[:3]:
        print("--- {}\nours   {}\ntheirs {}\nbad lines: {}, first {}; expected {}".format(*row))
    print(f"botocore {botocore.__version__}: {n_files} files, {n_spoilt} with bad lines, {n_settings} settings: "
          f"{len(bad)} wrong")
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
