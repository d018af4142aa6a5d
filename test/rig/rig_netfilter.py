# SPDX-License-Identifier: Apache-2.0
"""Connection tracking of the network namespace that we are in, ordered by netlink: no program has to be installed
for it. Numbers: linux/netfilter/nfnetlink.h, nf_tables.h, nfnetlink_conntrack.h, nfnetlink_compat.h.

    rig_netfilter.track()                     # from now on IPv4 connections of this namespace are tracked
    rig_netfilter.open_flows(300, 5001)       # 300 of them
    rig_netfilter.forget_flows()
"""
import os
import socket
import struct

NETLINK_NETFILTER = 12
REQUEST, ACK, CREATE, APPEND = 0x1, 0x4, 0x400, 0x800
BATCH_BEGIN, BATCH_END, NESTED = 0x10, 0x11, 0x8000
CONNTRACK, NFTABLES = 1, 10  # subsystems
DELETE_ENTRIES = CONNTRACK << 8 | 2
NEW_TABLE, NEW_CHAIN, NEW_RULE = (NFTABLES << 8 | number for number in (0, 3, 6))
LOCAL_OUT = 3
REGISTER_1 = 1


def _number(value):
    return struct.pack("!I", value)


def _text(words):
    return words.encode() + b"\0"


def _attribute(kind, data):
    return struct.pack("HH", 4 + len(data), kind) + data + b"\0" * (-len(data) % 4)


def _nest(kind, *attributes):
    return _attribute(kind | NESTED, b"".join(attributes))


def _message(kind, flags=0, *attributes, family=socket.AF_INET, resource=0):
    body = struct.pack("!BBH", family, 0, resource) + b"".join(attributes)
    return struct.pack("IHHII", 16 + len(body), kind, flags | REQUEST, 0, 0) + body


def _order(*messages):
    """Sends them together. OSError when the kernel refuses one with ACK."""
    wanted = sum(1 for m in messages if struct.unpack_from("IHH", m)[2] & ACK)
    with socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, NETLINK_NETFILTER) as channel:
        channel.settimeout(5)
        channel.send(b"".join(messages))
        for _ in range(wanted):
            error = -struct.unpack_from("IHHIIi", channel.recv(65536))[-1]
            if error:
                raise OSError(error, os.strerror(error))


def track():
    """A rule that looks at the state of each connection, which makes the kernel track them all in this namespace.
    OSError where the kernel has no nf_tables."""
    table, chain = _text("enawatch"), _text("output")
    state = _nest(1, _attribute(1, _text("ct")),
                  _nest(2, _attribute(1, _number(REGISTER_1)), _attribute(2, _number(0))))
    hook = _nest(4, _attribute(1, _number(LOCAL_OUT)), _attribute(2, _number(0)))
    _order(
        _message(BATCH_BEGIN, family=0, resource=NFTABLES),
        _message(NEW_TABLE, CREATE | ACK, _attribute(1, table)),
        _message(NEW_CHAIN, CREATE | ACK, _attribute(1, table), _attribute(3, chain), hook,
                 _attribute(7, _text("filter"))),
        _message(NEW_RULE, CREATE | APPEND | ACK, _attribute(1, table), _attribute(2, chain), _nest(4, state)),
        _message(BATCH_END, family=0, resource=NFTABLES))


def open_flows(n, source_port):
    """n connections on loopback, each of a UDP packet to another port."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
        sender.bind(("", source_port))
        for i in range(n):
            sender.sendto(b"x", (f"127.0.{1 + i // 50000}.1", 10000 + i % 50000))


def forget_flows():
    """Empties the table of this namespace."""
    _order(_message(DELETE_ENTRIES, ACK))
