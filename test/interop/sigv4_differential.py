#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Random requests, signed by enawatch and by botocore, AWS's SDK for Python (not in the standard library): canonical
request, string to sign and Authorization must be the same.

    sigv4_differential.py build/test/interop/sigv4-print [REQUESTS [SEED]]

Left out is what one of the two does not sign: control characters, which are refused here, white space of Unicode,
which botocore folds like a space, and the header Date, which botocore replaces. Paths that are kept as they are go to
botocore's signer for S3, encoded, since S3 wants that done once and all others twice."""
import datetime
import json
import random
import subprocess
import sys
from urllib.parse import quote

import botocore.auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

ASCII = [chr(code) for code in range(0x20, 0x7f)]
OTHERS = ["\u00fc", "\u1234", "\U0001f600", "\u0301"]
SEGMENTS = ["", "", ".", "..", "...", "a", "b.c", "%20", "%2F", "%", "a b", "~", "-_.~", "*", "a=b&c", "a+b", "\u1234"]
VERBS = ["GET", "POST", "PUT", "HEAD", "DELETE", "OPTIONS", "PATCH", "M-SEARCH"]
HEADERS = ["Content-Type", "content-length", "X-Amz-Target", "x-amz-meta-a", "X-Amz-Meta-B", "ACCEPT", "a", "A-b", "a_b",
           "zz", "x-amzn-query-mode", "!#$%&'*+-.^`|~", "Smithy-Protocol", "X-Amz-Date-2", "x-amz-dat"]
UNSIGNED = ["Connection", "Expect", "keep-alive", "Proxy-Authenticate", "proxy-authorization", "TE", "trailer",
            "Transfer-Encoding", "UPGRADE", "User-Agent", "X-Amzn-Trace-Id"]
HOSTS = ["monitoring.eu-west-1.amazonaws.com", "127.0.0.1:4566", "[::1]:8080", "EXAMPLE.com", " a.b  "]
KEYS = [["AKIDEXAMPLE", "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"], ["AKIDEXAMPLE", "rotated"], ["ASIA2", "rotated"],
        ["a", "s"], ["A" * 128, "x" * 256], ["A" * 64, "x" * 60], ["A" * 64, "x" * 61]]
TOKENS = [None, None, "token", "AQoDYXdzEPT//////////wEXAMPLE==", "t" * 4000]
REGIONS = ["us-east-1", "eu-west-1", "cn-north-1", "us-iso-east-1"]
SERVICES = ["monitoring", "logs", "s3", "service"]
LAST_S = 253402300799  # of the year 9999
DAY_S = 86400


def some_text(rng, most=8, without=""):
    allowed = [c for c in ASCII + OTHERS if c not in without]
    return "".join(rng.choice(allowed) for _ in range(rng.randrange(most + 1)))


def some_path(rng):
    """Nothing that ends a path in a URL."""
    segments = [rng.choice(SEGMENTS + [some_text(rng, without="?#/")]) for _ in range(rng.randrange(6))]
    return rng.choice(["", "/"]) if not segments else "/" + "/".join(segments)


def some_wire(rng, text, keeps):
    """One of the ways to write it in a query: what must be encoded and what need not be, digits in either case."""
    def write(c):
        if c in keeps + "".join(OTHERS) and rng.random() < 0.7:
            return c
        return "".join(rng.choice(["%%%02X", "%%%02x"]) % byte for byte in c.encode())
    return "".join(map(write, text))


def some_query(rng):
    """The parameters, and the query that says them."""
    names = ["", "a", "A", "a-b", "a=b", "a b", "\u1234", "Action", "X-Amz", "%41", "a+"] + [some_text(rng)]
    pairs = [(rng.choice(names), rng.choice(["", "1", "2", "=", "a&b", some_text(rng)])) for _ in range(rng.randrange(8))]
    plain = "".join(c for c in ASCII if c not in "%&=+# ")
    words = []
    for name, value in pairs:
        is_bare = not value and name and rng.random() < 0.5
        words.append(some_wire(rng, name, plain) + ("" if is_bare else "=" + some_wire(rng, value, plain + "=+ ")))
    return pairs, "&".join(words)


def some_headers(rng):
    headers = [[rng.choice(["Host", "host", "HOST"]), rng.choice(HOSTS)]]
    for _ in range(rng.randrange(10)):
        name = rng.choice(HEADERS * 3 + UNSIGNED)
        value = rng.choice(["", " ", "a", "  a  b ", '"a   b"', "a,b", some_text(rng, 20), " " * rng.randrange(9) + "z"])
        headers.append([rng.choice([name, name.upper(), name.lower()]), value])
    rng.shuffle(headers)
    return headers


def some_time(rng, now_s):
    """Often of the same day."""
    step_s = rng.choice([1, 60, 60, 3600, DAY_S - now_s % DAY_S, DAY_S])
    far_s = rng.choice([0, 1, 951827696, LAST_S, rng.randrange(LAST_S)])
    return far_s if rng.random() < 0.05 else min(now_s + step_s, LAST_S)


def some_request(rng, before):
    pairs, query = some_query(rng)
    identity = dict(zip(["access_key_id", "secret"], rng.choice(KEYS)), region=rng.choice(REGIONS),
                    service=rng.choice(SERVICES))
    if before:  # As a rule the derived key serves again.
        identity.update({key: before[key] for key in identity if rng.random() < 0.9})
    is_kept = rng.random() < 0.3
    return {"method": rng.choice(VERBS), "path": some_path(rng), "pairs": pairs, "query": query if pairs else None,
            "headers": some_headers(rng), "body": rng.choice(["", "{}", some_text(rng, 200), "\0\n", "x" * 70000]),
            "is_path_kept": is_kept, "has_hash": is_kept or rng.random() < 0.3, "token": rng.choice(TOKENS),
            "time": some_time(rng, before["time"] if before else 1440938160), **identity}


def recording(signer):
    """A signer of botocore that keeps its stages."""
    class Recorder(signer):
        def canonical_request(self, request):
            self.answer = {"canonical_request": super().canonical_request(request)}
            return self.answer["canonical_request"]

        def string_to_sign(self, request, canonical_request):
            self.answer["string_to_sign"] = super().string_to_sign(request, canonical_request)
            return self.answer["string_to_sign"]
    return Recorder


SIGNERS = {False: recording(botocore.auth.SigV4Auth), True: recording(botocore.auth.S3SigV4Auth)}


def oracle(asked):
    path = quote(asked["path"], safe="/~") or "/" if asked["is_path_kept"] else asked["path"]
    request = AWSRequest(asked["method"], "https://example.amazonaws.com" + path, data=asked["body"].encode(),
                         params=asked["pairs"])
    for name, value in asked["headers"]:
        request.headers[name] = value  # One more: it replaces nothing.
    keys = Credentials(asked["access_key_id"], asked["secret"], asked["token"])
    signer = SIGNERS[asked["is_path_kept"]](keys, asked["service"], asked["region"])
    if asked["has_hash"] and not asked["is_path_kept"]:
        request.headers["x-amz-content-sha256"] = signer.payload(request)
    now = datetime.datetime(1970, 1, 1) + datetime.timedelta(seconds=asked["time"])
    botocore.auth.get_current_datetime = lambda: now
    signer.add_auth(request)
    return {**signer.answer, "authorization": request.headers["Authorization"]}


def ask(program, asked):
    lines = "\n".join(json.dumps({key: value for key, value in one.items()
                                  if key != "pairs" and value is not None}) for one in asked)
    done = subprocess.run([program], input=lines, stdout=subprocess.PIPE, text=True, check=True)
    return [json.loads(line) for line in done.stdout.splitlines()]


def main():
    n_requests, rng = int((sys.argv[2:] or ["6000"])[0]), random.Random(int((sys.argv[3:] or ["1"])[0]))
    asked = []
    while len(asked) < n_requests:
        asked.append(some_request(rng, asked[-1] if asked else None))
    answers = zip(asked, ask(sys.argv[1], asked), map(oracle, asked), strict=True)
    bad = [(one, ours, theirs) for one, ours, theirs in answers if ours != theirs]
    for row in bad[:3]:
        print("--- {}\nours:   {}\ntheirs: {}".format(*row))
    print(f"{n_requests} requests: {len(bad)} signed otherwise by botocore {botocore.__version__}")
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
