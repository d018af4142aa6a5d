# SPDX-License-Identifier: Apache-2.0
"""The kernel's own connection tracking, with the real kernel: what is published is what /proc tells in the network
namespace of the daemon. On a kernel without it nothing of it is published, and that is what is tested then."""
import pathlib
import sys

from harness import (BINARY, COMMON, OnRig, bodies, counted, is_eni, is_instance, main, names_of_metrics, properties,
                     rig_library, values)

import rig_netfilter

NETFILTER = pathlib.Path("/proc/sys/net/netfilter")
COUNT, MAX, USED = (f"kernel_conntrack_{what}" for what in ("count", "max", "used_percent"))
COUNTERS = [f"kernel_conntrack_{what}" for what in ("drop", "early_drop", "insert_failed")]
PACE = ["-o", "sample.interval=100ms", "-o", "publish.period=1s"]

# /proc/net/stat/nf_conntrack of Linux 6.18 on two processors, the columns that are asked for set by hand.
STATISTICS = """\
entries  clashres found new invalid ignore delete chainlength insert insert_failed drop early_drop icmp_error  \
expect_new expect_create expect_delete search_restart
"""
ROW = "00000001  00000000 00000000 00000000 00000007 00000000 00000000 00000000 00000001 {2:08x} {0:08x} {1:08x} " \
      "00000000  00000000 00000000 00000000 00000000\n"


def number(name):
    return int((NETFILTER / name).read_text())


def percent(part, whole):
    """Two decimals; a half is rounded up."""
    return (part * 20000 + whole) // (2 * whole) / 100


def ours(document):
    return sorted(name for name in document if name.startswith("kernel_conntrack"))


class KernelConntrack(OnRig):
    def setUp(self):
        super().setUp()
        self.is_tracked = True
        try:
            rig_netfilter.track()
        except OSError as error:
            self.is_tracked = False
            print(f"conntrack_test: this kernel tracks no connections for us: {error}", file=sys.stderr)
        self.has_table = NETFILTER.joinpath("nf_conntrack_count").exists()
        self.bench.add("ens5")

    def assert_nothing(self, documents):
        self.assertTrue([d for d in documents if is_instance(d)], "no document at all")
        for d in documents:
            self.assertEqual(ours(d), [])
            self.assertFalse([name for name in names_of_metrics(d) if name.startswith("kernel_conntrack")])

    def run_with_other_proc(self, *mounts):
        """The daemon in a mount namespace of its own. /proc/net is a link into the folder of the process that
        looks, which for the daemon is that of the shell that becomes it."""
        prepare = "".join(f"mount {mount} && " for mount in mounts)
        return self.bench.start("unshare", "-m", "sh", "-c", prepare + 'exec "$0" "$@"', BINARY, "run", *COMMON,
                                *PACE, "-o", "publish.sink=stdout")

    def run_without(self):
        hidden = ["/proc/$$/net"] + [str(NETFILTER)] * NETFILTER.exists()
        return self.run_with_other_proc(*(f"-t tmpfs none {folder}" for folder in hidden))

    def wait_for_count(self, daemon, n):
        """Until the last document of the instance tells of n entries."""
        daemon.wait_for(lambda d: properties(bodies(d), COUNT)[-1:] == [n], 30)

    def test_table_is_published_as_the_kernel_tells_it(self):
        daemon = self.run_daemon("publish.quiet_enis=send", pace=PACE)
        self.wait_for_samples(daemon)
        if not self.has_table:
            daemon.wait_for(lambda d: len(d.documents) >= 4, 30)
            self.assertEqual(daemon.stop(), 0, daemon)
            self.assert_nothing(bodies(daemon))
            return
        limit, steps = number("nf_conntrack_max"), [number("nf_conntrack_count")]
        many = max(900, limit // 500)
        for n, source_port in ((300, 5001), (many, 5002)):
            rig_netfilter.open_flows(n, source_port)
            steps.append(number("nf_conntrack_count"))
            self.wait_for_count(daemon, steps[-1])
        rig_netfilter.forget_flows()
        self.wait_for_count(daemon, 0)
        self.assertEqual(daemon.stop(), 0, daemon)
        if self.is_tracked:
            self.assertEqual(steps, [0, 300, 300 + many])
        self.check_table(bodies(daemon), limit, max(steps))

    def check_table(self, documents, limit, most):
        for name in COUNTERS:
            self.assertEqual(counted(documents, name), 0)
            self.assertIn(name, [d for d in documents if is_instance(d)][-1])
        self.assertEqual(max(values(documents, USED)), percent(most, limit))
        for d in documents:
            if is_eni(d):
                self.assertEqual(ours(d), [])
                continue
            self.assertEqual(set(ours(d)) - set(COUNTERS), {COUNT, MAX, USED})
            self.assertEqual((d[MAX], d[USED][-1]), (limit, percent(d[COUNT], limit)))
            self.assertIn({"Name": USED, "Unit": "Percent"}, d["_aws"]["CloudWatchMetrics"][0]["Metrics"])
            self.assertEqual(names_of_metrics(d) & set(ours(d)), {USED})

    def test_kernel_without_it_has_nothing_to_publish(self):
        daemon = self.run_without()
        self.wait_for_samples(daemon)
        self.assertEqual(daemon.stop(), 0, daemon)
        self.assert_nothing(bodies(daemon))

    def test_tracking_that_is_loaded_later_is_seen_after_a_window(self):
        daemon = self.run_without()
        daemon.wait_for(lambda d: any(is_instance(b) for b in bodies(d)), 30)
        self.assert_nothing(bodies(daemon))
        for folder in [f"/proc/{daemon.pid}/net"] + [str(NETFILTER)] * NETFILTER.exists():
            rig_library.run("nsenter", "-m", "-t", str(daemon.pid), "umount", folder)
        seen = sorted([COUNT, MAX, USED, *COUNTERS]) if self.has_table else []
        n_before = len(daemon.documents)
        daemon.wait_for(lambda d: ours(bodies(d)[-1]) == seen and len(d.documents) >= n_before + 2, 30)
        self.assertEqual(daemon.stop(), 0, daemon)

    def test_counters_of_all_processors_are_added_up(self):
        """No kernel drops a connection to order: the text is made by hand, in the place of the kernel's."""
        folder = pathlib.Path(self.bench.directory, "net", "stat")
        folder.mkdir(parents=True)
        text = folder / "nf_conntrack"
        text.write_text(STATISTICS + ROW.format(9, 0, 0xfffffffe) + ROW.format(0, 4, 70))
        daemon = self.run_with_other_proc(f"--bind {folder.parent} /proc/$$/net")
        self.wait_for_samples(daemon)
        with text.open("r+") as file:
            file.write(STATISTICS + ROW.format(11, 0, 2) + ROW.format(5, 5, 71))
        self.wait_for_reads(daemon)
        self.assertEqual(daemon.stop(), 0, daemon)
        # drop: 2 + 5; early_drop: 0 + 1; insert_failed: 4, for the kernel counts in 32 bits, and 1.
        self.assertEqual([counted(bodies(daemon), name) for name in COUNTERS], [7, 1, 5])


if __name__ == "__main__":
    main()
