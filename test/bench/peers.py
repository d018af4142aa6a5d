# SPDX-License-Identifier: Apache-2.0
"""prometheus-node-exporter and collectd beside the daemon: the same 15 ENIs, the same minute, once a second.

Each peer runs twice: with all 1,192 statistics of an ENI, and with the six allowance statistics only,
which is what the daemon publishes.
"""
import http.client
import os
import socket
import subprocess
import threading
import time

import fleet
import packages
import rig
from binaries import lonely_copy
from processes import KIB_PER_MIB, STOP, USER_HZ, Unmeasured, cpu, memory, sleep, wait_for

SETTLE, SECONDS = 8, 60
TICK_MS = 1000 / USER_HZ
TELLING_MS = 1000
PLUGINS = "usr/lib/collectd"
ALLOWANCES = [f"{name}_allowance_exceeded" for name in ("bw_in", "bw_out", "pps", "conntrack", "linklocal")]
ALLOWANCES += ["conntrack_allowance_available"]


class Exporter:
    """node_exporter and who scrapes it. Inside the namespace /sys still shows the interfaces outside, so
    it is given a tree of its own; of that it needs a folder per interface."""

    package = packages.NODE_EXPORTER

    def __init__(self, bench, root, port, is_small):
        self.name = f"node_exporter, {'6' if is_small else 'all'} statistics"
        self._port, self._page = port, b""
        sysfs = os.path.join(bench.directory, f"sys{port}")
        for name in bench.names:
            os.makedirs(os.path.join(sysfs, "class", "net", name))
        program, _ = lonely_copy(os.path.join(bench.directory, f"copy{port}"),
                                 os.path.join(root, packages.PROGRAMS[self.package]))
        only = [f"--collector.ethtool.metrics-include=^({'|'.join(ALLOWANCES)})$"] * is_small
        self.process = bench.start(
            program, "--collector.disable-defaults", "--collector.ethtool", f"--path.sysfs={sysfs}",
            f"--web.listen-address=127.0.0.1:{port}", *only, stdout=subprocess.DEVNULL)
        self._scraper = threading.Thread(target=self._scrape, daemon=True)
        self._scraper.start()

    def _scrape(self):
        while not STOP.wait(1 - time.time() % 1):
            try:
                connection = http.client.HTTPConnection("127.0.0.1", self._port, timeout=5)
                connection.request("GET", "/metrics")
                self._page = connection.getresponse().read()
                connection.close()
            except (OSError, http.client.HTTPException):
                continue

    def works(self):
        """Whether the page has the allowances of all ENIs."""
        return self._page.count(b"bw_in_allowance_exceeded{") == fleet.N_ENIS


class Collectd:
    """collectd with ethstat, and the network plugin's binary datagrams to a socket of ours."""

    package = packages.COLLECTD

    def __init__(self, bench, root, port, is_small):
        self.name = f"collectd, {'6' if is_small else 'all'} statistics"
        files = [os.path.join(root, name) for name in
                 (packages.PROGRAMS[self.package], f"{PLUGINS}/ethstat.so", f"{PLUGINS}/network.so")]
        packages.check_libraries(*files)
        folder = os.path.join(bench.directory, f"copy{port}")
        program, environment = lonely_copy(folder, *files)
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.bind(("127.0.0.1", port))
        self._socket.setblocking(False)
        configuration = os.path.join(folder, "conf")
        with open(configuration, "w", encoding="ascii") as file:
            file.write(self._configuration(bench.names, folder, root, port, is_small))
        self.process = bench.start(program, "-f", "-C", configuration, env=environment,
                                   stdout=subprocess.DEVNULL)

    @staticmethod
    def _configuration(names, folder, root, port, is_small):
        lines = ["Hostname bench", "FQDNLookup false", "Interval 1", f'BaseDir "{folder}"',
                 f'PIDFile "{folder}/pid"', f'PluginDir "{folder}"',
                 f'TypesDB "{os.path.join(root, "usr/share/collectd/types.db")}"',
                 "LoadPlugin ethstat", "LoadPlugin network",
                 f'<Plugin network>\nServer "127.0.0.1" "{port}"\n</Plugin>', "<Plugin ethstat>"]
        lines += [f'Interface "{name}"' for name in names]
        lines += [f'Map "{name}" "derive" "{name}"' for name in ALLOWANCES * is_small]
        lines += ["MappedOnly true"] * is_small + ["</Plugin>"]
        return "\n".join(lines) + "\n"

    def works(self):
        """Whether a datagram came with an allowance: none can be read before there was a sample."""
        try:
            while b"_allowance_" not in self._socket.recv(65536):
                pass
        except BlockingIOError:
            return False
        return True


class Ourselves:
    """The daemon at its default interval, documents to /dev/null."""

    name = "enawatch"

    def __init__(self, bench, copy, environment):
        self.process = bench.start(copy, *bench.arguments(bench.instance(), "publish.sink=stdout"),
                                   env=environment, stdout=subprocess.DEVNULL)

    def works(self):
        """Whether it reads the ENIs."""
        return fleet.n_samples(self.process) > 0


class Measured:
    """What one program took per sample of all ENIs over the minute, and its memory."""

    def __init__(self, program):
        self.name, self._process = program.name, program.process
        self._before = self._look()

    def _look(self):
        used = cpu(self._process.pid)
        return (fleet.n_samples(self._process), fleet.n_ioctls(self._process), used.total_ns / 1e6,
                used.user_ticks * TICK_MS)

    def finish(self):
        """Takes the second look."""
        n_samples, *others = (after - before for after, before in zip(self._look(), self._before))
        if n_samples < SECONDS / 2:
            raise Unmeasured(f"{self.name} took {n_samples:.0f} samples in {SECONDS} s")
        self.n_ioctls, self.cpu_ms, self.user_ms = (value / n_samples for value in others)
        self.total_user_ms = self.user_ms * n_samples
        self.private_kib = memory(self._process.pid).private_kib


def measure(bench, copy, environment, roots):
    """([Measured], ourselves first; {name: why it is missing})."""
    # With nothing but 127.0.0.1 collectd's getaddrinfo(AI_ADDRCONFIG) finds no address.
    rig.works("ip", "address", "add", "192.0.2.1/32", "dev", "lo")
    missing = {}
    programs = [Ourselves(bench, copy, environment)] + list(_start(bench, roots, missing))
    programs = [program for program in programs if _works(program, missing)]
    if not programs or programs[0].name != Ourselves.name:
        raise Unmeasured("enawatch does not read the ENIs")
    sleep(SETTLE)
    measured = [Measured(program) for program in programs]
    sleep(SECONDS)
    for one in measured:
        one.finish()
    for program in programs:
        program.process.kill()
    return measured, missing


def _start(bench, roots, missing):
    for n, peer in enumerate((Exporter, Collectd)):
        try:
            root = roots[peer.package]
            if isinstance(root, packages.Missing):
                raise root
            for is_small in (0, 1):
                yield peer(bench, root, 9100 + 2 * n + is_small, is_small)
        except (packages.Missing, RuntimeError) as error:
            missing[peer.package] = error


def _works(program, missing):
    try:
        wait_for(program.works, 20, "working")
    except Unmeasured as error:
        program.process.kill()
        missing[program.name] = error
    return program.name not in missing


def report(result, table):
    """Adds the rows."""
    measured, missing = result
    us = measured[0]
    table.section(f"Peers, once a second for {SECONDS} s, all under the rig (ratio to enawatch)")
    for one in measured:
        table.add(f"CPU per sample: {one.name}", _with_ratio(f"{one.cpu_ms:.2f} ms", one.cpu_ms, us.cpu_ms))
    for one in measured:
        table.add(f"of it in user space: {one.name}", _user(one, us))
    for one in measured:
        table.add(f"private memory: {one.name}", _with_ratio(
            f"{one.private_kib / KIB_PER_MIB:.2f} MiB", one.private_kib, us.private_kib))
    for one in measured:
        table.add(f"ethtool ioctls per sample: {one.name}", f"{one.n_ioctls:.1f}")
    for name, why in missing.items():
        (table.skipped if isinstance(why, packages.Missing) else table.missing)(name, why)
    table.note("Peers: CPU time and memory of the programs alone, without the rig and the scraper; but the "
               "system time of each ioctl has two changes of process in it, to the rig and back, where a "
               "real device has its own work.")
    table.note("Not the same work: node_exporter formats a page at every scrape (uncompressed, loopback) and "
               "is a Go program with its run time; collectd sends binary datagrams every second; enawatch "
               "encodes one window in the minute. The peers with 6 statistics have the six allowances "
               "only (metrics-include, MappedOnly), as near to enawatch's job as they come.")
    table.note("User space: the kernel tells it from system time by looking every few milliseconds, which "
               f"says nothing of less than {TELLING_MS / 1000:.0f} s in all; the ratios are to all CPU time "
               "of enawatch.")


def _user(one, us):
    if one.total_user_ms < TELLING_MS:
        return "too little to tell"
    return f"{one.user_ms:.2f} ms, > {one.user_ms / us.cpu_ms:,.0f} x"


def _with_ratio(text, value, our_value):
    return text if value == our_value else f"{text}, {value / our_value:,.1f} x"
