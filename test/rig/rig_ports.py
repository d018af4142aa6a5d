# SPDX-License-Identifier: Apache-2.0
"""Ports to listen on from below those that Linux gives to the near end of a connection (net.ipv4.ip_local_port_range,
from 32768 on): a service that is stopped and started again finds its port free, and nobody reaches itself meanwhile."""
import errno
import itertools
import random

FIRST, END = 20000, 32768
_ports = itertools.cycle(random.sample(range(FIRST, END), END - FIRST))


def bind(listener, host, port):
    """As listener.bind(), but 0 is one of these."""
    if port:
        listener.bind((host, port))
        return
    for candidate in itertools.islice(_ports, END - FIRST):
        try:
            listener.bind((host, candidate))
            return
        except OSError as problem:
            if problem.errno != errno.EADDRINUSE:
                raise
    raise OSError(errno.EADDRINUSE, "every port is in use")
