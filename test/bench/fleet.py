# SPDX-License-Identifier: Apache-2.0
"""What every measurement uses: the simulated ENIs, ordinary veths, an agent. No link comes or goes while
anything is measured, as each would wake up every daemon in the namespace."""
import itertools
import threading

import rig
from processes import STOP, wait_for

N_ENIS = 15
N_STATISTICS = 1192
N_MOVING = 2
MOVE_SECONDS = 0.35


class Fleet:
    """Use it in a `with` statement. Two of the ENIs move, about three times a second."""

    def __init__(self):
        self._lock, self._numbers = threading.Lock(), itertools.count(1)
        self._rig = rig.Rig()
        self.directory = self._rig.directory
        self._mover = threading.Thread(target=self._move, daemon=True)

    def __enter__(self):
        try:
            for i in range(N_ENIS):
                self._rig.add(f"ens{5 + i}", stats=rig.ena_stats_1192())
                self._add_veth(i)
            self.agent = self._rig.agent()
        except BaseException:
            self.__exit__()
            raise
        self._mover.start()
        return self

    def __exit__(self, *_):
        STOP.set()
        if self._mover.ident:
            self._mover.join(5)
        self._rig.close()
        for i in range(N_ENIS):
            rig.works("ip", "link", "del", "dev", f"bench{i}")

    @property
    def names(self):
        """The interfaces of the ENIs."""
        return [eni.name for eni in self._rig.enis]

    def start(self, program, *args, **named):
        """Rig.start, for any thread."""
        with self._lock:
            return self._rig.start(program, *args, **named)

    def instance(self):
        """An instance id of its own for each run, which tells the documents apart."""
        with self._lock:
            return f"i-{next(self._numbers):017x}"

    def arguments(self, instance, *options):
        """The daemon's command line: defaults, but for its name, the agent's port and `options`."""
        options = ("identity.imds=off", f"identity.instance_id={instance}",
                   f"agent.endpoint={self.agent.endpoint}") + options
        return ["run", "-c", "/dev/null"] + [word for option in options for word in ("-o", option)]

    def n_windows(self, instance):
        """How many windows of a run the agent has."""
        return sum(1 for _, document in list(self.agent.documents)
                   if document["InstanceId"] == instance and "interface" not in document)

    def wait_for_windows(self, instance, n, timeout):
        """Until the agent has so many."""
        wait_for(lambda: self.n_windows(instance) >= n, timeout, f"{n} windows")

    def _add_veth(self, i):
        rig.run("ip", "link", "add", f"bench{i}", "type", "veth", "peer", "name", f"far{i}")
        rig.run("ip", "link", "set", "dev", f"far{i}", "up")
        rig.run("ip", "link", "set", "dev", f"bench{i}", "up")

    def _move(self):
        for step in itertools.count():
            if STOP.wait(MOVE_SECONDS):
                return
            for eni in self._rig.enis[:N_MOVING]:
                eni.set(bw_in_allowance_exceeded=3 * step, conntrack_allowance_available=136000 - step % 97)


def n_samples(daemon):
    """How often all ENIs were read."""
    return sum(n for (_, command), n in daemon.counts().items() if command == "GSTATS") / N_ENIS


def n_ioctls(daemon):
    """How often the rig was asked anything."""
    return sum(daemon.counts().values())
