# SPDX-License-Identifier: Apache-2.0
"""What the end-to-end tests share: the daemon on the rig, and the published values as plain numbers."""
import contextlib
import os
import pathlib
import signal
import sys
import time
import unittest

TEST = pathlib.Path(__file__).resolve().parents[1]
sys.path.insert(0, str(TEST / "rig"))

import rig as rig_library  # noqa: E402

BINARY = os.environ.get("ENAWATCH_BINARY", "enawatch")
DATA = TEST / "data" / "ethtool"
EXCEEDED = [f"{name}_allowance_exceeded" for name in ("bw_in", "bw_out", "pps", "conntrack", "linklocal")]
AVAILABLE = "conntrack_allowance_available"
INSTANCE = "i-0123456789abcdef0"

# Ten samples a second and windows of two seconds: as by default, only faster.
FAST = ["-o", "sample.interval=100ms", "-o", "publish.period=2s"]
COMMON = ["-o", f"identity.instance_id={INSTANCE}", "-o", "identity.imds=off"]


def is_eni(document):
    return "interface" in document


def is_instance(document):
    return not is_eni(document)


def values(documents, metric, keep=is_instance):
    """All values of a metric, in the order of their documents."""
    return [v for d in documents if keep(d) for v in d.get(metric, []) if isinstance(d.get(metric), list)]


def total(documents, metric, keep=is_instance):
    return sum(values(documents, metric, keep))


def properties(documents, name, keep=is_instance):
    """What is no metric: its values in the order of the documents, those left out that have none."""
    return [d[name] for d in documents if keep(d) and name in d]


def counted(documents, name):
    """What a counter of the instance came to that is published as a property."""
    return sum(properties(documents, name))


def names_of_metrics(document):
    return {m["Name"] for directive in document["_aws"]["CloudWatchMetrics"] for m in directive["Metrics"]}


def of_mac(mac):
    return lambda document: document.get("mac") == mac


def name_of(document):
    """What tells it apart from all others: one that comes again has it again."""
    return document["boot"], document["sequence"], document["part"]


def bodies(watched):
    return [arrival.document for arrival in list(watched.documents)]


def stay_clear_of_the_hour(seconds=90):
    """Windows are cut at the full hour at the latest: a test that has one window of an hour must not meet it."""
    left = -time.time() % 3600
    if left < seconds:
        time.sleep(left + 0.1)


class Timed:
    def assert_within(self, limit, act, n_tries=4):
        """What act() says that it took. A machine under load makes it more, and never less: the best try counts."""
        took = [act()]
        while took[-1] >= limit and len(took) < n_tries:
            took.append(act())
        self.assertLess(took[-1], limit, took)


class OnRig(Timed, unittest.TestCase):
    """A test with a rig of its own, and a log on failure."""

    def setUp(self):
        stay_clear_of_the_hour()
        self.bench = rig_library.Rig()
        self.addCleanup(self.bench.close)

    def run_daemon(self, *options, sink="stdout", pace=FAST):
        arguments = ["run", *COMMON, *pace, "-o", f"publish.sink={sink}"]
        return self.bench.start(BINARY, *arguments, *(w for o in options for w in ("-o", o)))

    def run_to_agent(self, agent, *options, pace=FAST):
        return self.run_daemon(f"agent.endpoint={agent.endpoint}", *options, sink="agent", pace=pace)

    def wait_for_samples(self, daemon, n=3):
        """Until every ENI was read n times: from then on whatever moves is seen."""
        self.wait_for_reads(daemon, n, since={})

    def wait_for_reads(self, daemon, n=2, since=None, timeout=60):
        """Until every ENI was read n times more: after two whatever was there before was seen."""
        since = daemon.counts() if since is None else since
        wanted = {(eni.mac, "GSTATS"): since.get((eni.mac, "GSTATS"), 0) + n for eni in self.bench.enis}
        end = time.monotonic() + timeout
        while time.monotonic() < end:
            counts = daemon.counts()
            if all(counts.get(key, 0) >= least for key, least in wanted.items()):
                return
            time.sleep(0.05)
        self.fail(f"the ENIs are not read: {daemon.counts()} {daemon}")

    @contextlib.contextmanager
    def held(self, daemon):
        """The daemon stands still meanwhile, wherever it is."""
        daemon.signal(signal.SIGSTOP)
        stat = pathlib.Path(f"/proc/{daemon.pid}/stat")
        daemon.wait_for(lambda _: stat.read_text().rpartition(")")[2].split()[0] == "T")
        try:
            yield
        finally:
            daemon.signal(signal.SIGCONT)

    def after_its_last_word(self, daemon, agent, act):
        """Lets something happen to the agent when it has read all that the daemon has sent: what its kernel has, and
        it has not, would be lost with a connection, and nobody could tell."""
        with self.held(daemon):
            agent.catch_up()
            act()

    def undisturbed(self, act, *enis, n_tries=8):
        """What act() returns, a daemon that has ended first: the first that read these ENIs, or all, in every tick. A
        machine under load lets it read one less often."""
        for _ in range(n_tries):
            daemon, *more = act()
            if not any("read less often" in line and any(f" {eni.name}: " in line for eni in enis or self.bench.enis)
                       for line in daemon.log):
                return (daemon, *more)
        self.fail(f"no calm moment in {n_tries} tries: {daemon}")

    def wait_between_ticks(self):
        """Ticks of 100 ms are on the multiples of the wall clock: what is done in the middle meets none."""
        time.sleep((0.05 - time.time()) % 0.1)

    def assert_published(self, documents, eni, **moved):
        """What was published of an ENI's exceeded counters is exactly what moved, all else nothing."""
        for metric in EXCEEDED:
            self.assertEqual(total(documents, metric, of_mac(eni.mac)), moved.get(metric, 0), metric)

    def assert_identified(self, documents):
        """boot, sequence and part name each document once; all parts are there."""
        keys = [name_of(d) for d in documents]
        self.assertEqual(len(keys), len(set(keys)), "a document came twice")
        for d in documents:
            n_parts = sum(1 for e in documents if e["sequence"] == d["sequence"])
            self.assertEqual(n_parts, d["parts"])


def main():
    rig_library.in_namespace()
    unittest.main(verbosity=2)
