# SPDX-License-Identifier: Apache-2.0
"""Simulated ENIs for rig.py: the statistics of the driver, and a veth link with its device file."""
import collections
import os
import re
import socket
import subprocess
import threading
import time

GAUGES = re.compile(r"conntrack_allowance_available|ena_srd_(mode|resource_utilization)|"
                    r"num_of_active_io_queues|queue_\d+_tx_pending_timedout_p.*")

# The statistics of the out-of-tree driver 2.17, in its order.
GLOBAL = """total_resets reset_fail tx_timeout wd_expired admin_q_pause bad_tx_req_id bad_rx_req_id
    bad_rx_desc_num missing_intr suspected_poll_starvation missing_tx_cmpl rx_desc_malformed
    tx_desc_malformed invalid_state os_netdev_wd missing_admin_interrupt admin_to
    device_request_reset missing_first_intr suspend resume interface_down interface_up""".split()
EXCEEDED = [f"{what}_allowance_exceeded" for what in
            ("bw_in", "bw_out", "pps", "conntrack", "linklocal")]
AVAILABLE = "conntrack_allowance_available"
SRD = [f"ena_srd_{what}" for what in
       ("mode", "tx_pkts", "eligible_tx_pkts", "rx_pkts", "resource_utilization")]
ADMIN_QUEUE = [f"ena_admin_q_{what}" for what in
               ("aborted_cmd", "submitted_cmd", "completed_cmd", "out_of_space", "no_completion")]
TX = """tx_poll doorbells unmask_interrupt lost_interrupt cnt bytes queue_stop queue_wakeup
    dma_mapping_err linearize linearize_failed napi_comp prepare_ctx_err bad_req_id llq_buffer_copy
    missed_tx pending_timedout_pkts""".split()
RX = """cnt bytes rx_copybreak_pkt csum_good refil_partial csum_bad page_alloc_fail skb_alloc_fail
    dma_mapping_err bad_desc_num bad_req_id empty_rx_ring csum_unchecked xdp_aborted xdp_drop
    xdp_pass xdp_tx xdp_invalid xdp_redirect""".split()


def ena_stats(queues=2, available=136000, srd=True):
    """Statistics of a fresh 2.17 device: 40 and 36 per queue, all 0 but the gauges.

    available=None leaves the gauge out, as a device that only has the five counters does.
    """
    names = GLOBAL + EXCEEDED + ([AVAILABLE] if available is not None else [])
    names += (SRD if srd else []) + ADMIN_QUEUE + ["num_of_active_io_queues"]
    for queue in range(queues):
        names += [f"queue_{queue}_tx_{name}" for name in TX]
        names += [f"queue_{queue}_rx_{name}" for name in RX]
    # The driver prints into 32-byte slots with a terminator: queue_9_tx_pending_timedout_pkt
    stats = dict.fromkeys((name[:31] for name in names), 0)
    stats["num_of_active_io_queues"] = queues
    if available is not None:
        stats[AVAILABLE] = available
    return stats


def ena_stats_1192():
    """The 1192 statistics of a device with 32 queues, for benchmarks."""
    return ena_stats(queues=32)


def run(*command):
    """Runs a short command; its first complaint becomes the exception."""
    done = subprocess.run(command, capture_output=True, text=True, timeout=20)
    if done.returncode:
        raise RuntimeError(f"{' '.join(command)}: {done.stderr.strip() or done.returncode}")


def works(*command):
    """Whether a short command succeeds."""
    try:
        run(*command)
    except (OSError, RuntimeError, subprocess.TimeoutExpired):
        return False
    return True


def _escape(name):
    """Bytes that are not plain text, as the device file spells them. Accepts str and bytes."""
    data = name.encode("utf-8", "surrogateescape") if isinstance(name, str) else name
    return "".join(chr(byte) if 0x21 <= byte <= 0x7e and byte != 0x5c else f"\\x{byte:02x}"
                   for byte in data)


class Eni:
    """One simulated ENI. `stats` is the truth; `history[name]` is [(unix time, value), ...]."""

    def __init__(self, directory, name, mac, stats, head):
        self.name, self.mac, self.stats = name, mac, dict(stats)
        self.history = collections.defaultdict(list)
        self._path = os.path.join(directory, mac)
        self._head, self._lock, self._stamp = dict(head), threading.RLock(), 0
        self._note(self.stats)
        self._write()
        self._create()

    @property
    def ifindex(self):
        """The kernel's index of the link, new after replace()."""
        return socket.if_nametoindex(self.name)

    def get(self, name):
        """The current value of one statistic."""
        return self.stats[name]

    def set(self, **counters):
        """Sets existing statistics, all in one step as seen by the binary."""
        with self._lock:
            unknown = set(counters) - set(self.stats)
            if unknown:
                raise KeyError(f"{self.name} has no statistic {sorted(unknown)}")
            changed = {k: v for k, v in counters.items() if self.stats[k] != v}
            self.stats.update(changed)
            self._note(changed)
            self._write()

    def add(self, **counters):
        """Adds to existing statistics, in one step."""
        with self._lock:
            self.set(**{name: self.stats[name] + n for name, n in counters.items()})

    def replace_stats(self, stats):
        """Another set of names, in this order: what an XDP attach or a driver update does."""
        with self._lock:
            self.stats = dict(stats)
            self._note(self.stats)
            self._write()

    def fail(self, errno, command=None):
        """Lets every ethtool command, or just command ("GSTATS"), fail with errno."""
        self._order(f"errno.{command}" if command else "errno", errno)

    def latency(self, ms):
        """GSTATS answers this much later; every other caught call waits too, as for RTNL."""
        self._order("latency_ms", ms or None)

    def zeros(self, on=True):
        """GSTATS succeeds with allowance and SRD values 0: a failed admin command."""
        self._order("zeros", "GSTATS" if on else None)

    def kernel(self, which):
        """ "new" refuses a wrong input count with count 0, "old" ignores the input count."""
        self._order("kernel", which)

    def heal(self):
        """Takes back fail(), latency() and zeros()."""
        with self._lock:
            for key in [key for key in self._head if key.startswith(("errno", "latency", "zeros"))]:
                del self._head[key]
            self._write()

    def rename(self, new):
        """Renames the link (and its peer); MAC, ifindex and statistics stay."""
        for old_end, new_end in ((self.name, new), (f"peer{self.name}", f"peer{new}")):
            try:
                run("ip", "link", "set", "dev", old_end, "name", new_end)
            except RuntimeError:  # before Linux 6.2 only a link that is down may change its name
                run("ip", "link", "set", "dev", old_end, "down")
                run("ip", "link", "set", "dev", old_end, "name", new_end)
                run("ip", "link", "set", "dev", new_end, "up")
        self.name = new

    def remove(self):
        """Detaches the ENI: the link goes first, then its file."""
        if works("ip", "link", "show", "dev", self.name):
            run("ip", "link", "del", "dev", self.name)
        if os.path.exists(self._path):
            os.unlink(self._path)

    def replace(self, new_mac=None, keep_stats=True):
        """Deletes the link and makes it anew, which gives it another ifindex.

        Without keep_stats the counters restart at 0, as after a driver reload; gauges stay.
        """
        with self._lock:
            self.remove()
            if not keep_stats:
                self.stats = {k: v if GAUGES.fullmatch(k) else 0 for k, v in self.stats.items()}
                self._note(self.stats)
            self.mac = new_mac or self.mac
            self._path = os.path.join(os.path.dirname(self._path), self.mac)
            self._write()
            self._create()

    def _order(self, key, value):
        with self._lock:
            self._head.pop(key, None)
            if value is not None:
                self._head[key] = value
            self._write()

    def _note(self, changed):
        now = time.time()
        for name, value in changed.items():
            self.history[name].append((now, value))

    def _write(self):
        """Replaces the file. The time stamp never repeats, so the rig cannot miss a change."""
        lines = [f"{key}: {value}" for key, value in self._head.items()] + ["NIC statistics:"]
        lines += [f"     {_escape(name)}: {value}" for name, value in self.stats.items()]
        directory, base = os.path.split(self._path)
        temporary = os.path.join(directory, f".{base}.tmp")
        with open(temporary, "w", encoding="ascii") as file:
            file.write("\n".join(lines) + "\n")
        self._stamp = max(time.time_ns(), self._stamp + 1)
        os.utime(temporary, ns=(self._stamp, self._stamp))
        os.rename(temporary, self._path)

    def _create(self):
        run("ip", "link", "add", self.name, "address", self.mac, "type", "veth",
            "peer", "name", f"peer{self.name}")
        run("ip", "link", "set", "dev", f"peer{self.name}", "up")
        run("ip", "link", "set", "dev", self.name, "up")
