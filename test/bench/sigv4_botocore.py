#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""botocore signs the request of sigv4_rate.c so many times: `sigv4_botocore.py N` prints the seconds that took, and
the signature."""
import datetime
import sys
import time

import botocore.auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

TIME_S = 1795255200
HEADERS = {"Host": "monitoring.eu-west-1.amazonaws.com", "User-Agent": "enawatch",
           "Content-Type": "application/x-amz-json-1.0", "Content-Encoding": "gzip",
           "X-Amz-Target": "GraniteServiceVersion20100801.PutMetricData"}


def main():
    now = datetime.datetime(1970, 1, 1) + datetime.timedelta(seconds=TIME_S)
    botocore.auth.get_current_datetime = lambda: now
    keys = Credentials("ASIAIOSFODNN7EXAMPLE", "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY", "t" * 1000)
    signer = botocore.auth.SigV4Auth(keys, "monitoring", "eu-west-1")
    request = AWSRequest("POST", "https://monitoring.eu-west-1.amazonaws.com/", HEADERS, b"b" * 3000)
    start = time.monotonic()
    for _ in range(int(sys.argv[1])):
        signer.add_auth(request)
    print(time.monotonic() - start, request.headers["Authorization"].rpartition("=")[2])


if __name__ == "__main__":
    main()
