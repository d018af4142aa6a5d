# SPDX-License-Identifier: Apache-2.0
"""What the daemon really emits, read off the documents of the unmodified binary: on the rig, with each default
dimension set complete, ENA Express on, every allowance exceeded, and the kernel's connection tracking there. And of a
drill."""
import json
import pathlib
import subprocess

from harness import BINARY, COMMON, EXCEEDED, bodies, is_eni

CLUSTER = "demo"
NETFILTER = {"nf_conntrack_count": "1\n", "nf_conntrack_max": "100\n"}
QUICK = ["-o", f"identity.cluster={CLUSTER}", "-o", "sample.interval=100ms", "-o", "publish.period=1s", "-o",
         "publish.sink=stdout"]


def metrics_of(document):
    """{(namespace, dimension set, name)} of one document."""
    return {(directive["Namespace"], frozenset(names), metric["Name"])
            for directive in document["_aws"]["CloudWatchMetrics"]
            for names in directive["Dimensions"] for metric in directive["Metrics"]}


class Emitted:
    """metrics: {(namespace, dimension set, name)}; eni_sets: dimension sets of ENIs; members: names in documents, of
    nested ones with a dot."""

    def __init__(self, documents):
        self.metrics = set().union(*map(metrics_of, documents))
        self.eni_sets = {dimensions for d in documents if is_eni(d) for _, dimensions, _ in metrics_of(d)}
        self.members = {name for d in documents for name in d}
        self.members |= {f"{name}.{inner}" for d in documents for name, value in d.items()
                         if isinstance(value, dict) and name != "_aws" for inner in value}


def run_on(bench):
    """The documents of a run on a rig. The kernel's numbers are files in the place of /proc/sys/net."""
    folder = pathlib.Path(bench.directory, "sys", "netfilter")
    folder.mkdir(parents=True)
    for name, text in NETFILTER.items():
        folder.joinpath(name).write_text(text)
    eni = bench.add("ens5")
    eni.set(ena_srd_mode=1)
    daemon = bench.start("unshare", "-m", "sh", "-c", f'mount --bind {folder.parent} /proc/sys/net && exec "$0" "$@"',
                         BINARY, "run", *COMMON, *QUICK)
    daemon.wait_for(lambda d: d.documents)
    eni.add(**{name: 7 for name in EXCEEDED}, ena_srd_tx_pkts=5, ena_srd_eligible_tx_pkts=9)
    daemon.wait_for(lambda d: any(map(is_eni, bodies(d))))
    if daemon.stop() != 0:
        raise RuntimeError(f"the daemon failed: {daemon}")
    return bodies(daemon)


def documents_of(command, *options):
    words = [word for option in (f"identity.cluster={CLUSTER}", "publish.sink=stdout", *options)
             for word in ("-o", option)]
    done = subprocess.run([BINARY, command, *COMMON, *words], capture_output=True, text=True, timeout=60,
                          stdin=subprocess.DEVNULL)
    if done.returncode:
        raise RuntimeError(done.stderr)
    return [json.loads(line) for line in done.stdout.splitlines()]


def play(path, *options):
    """The documents of a recording."""
    return documents_of("run", f"sample.replay={path}", *options)


def drill():
    """The documents of `enawatch drill`."""
    return documents_of("drill")
