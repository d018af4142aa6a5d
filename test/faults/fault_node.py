# SPDX-License-Identifier: Apache-2.0
"""The daemon of a schedule: its configuration, its starts and ends, the sinks that it may have, and its journal."""
import collections
import os
import signal
import time

import journal_file
from fault_agent import FaultAgent
from fault_arrivals import Arrivals, Break
from fault_life import EPOCH
from harness import BINARY

with open("/proc/sys/kernel/random/boot_id", encoding="ascii") as boot_id_file:
    BOOT_ID = boot_id_file.read().strip()

STALL_BYTES = 4096  # an agent that is stuck is stuck soon
KILLED, TERMINATED = 128 + signal.SIGKILL, 128 + signal.SIGTERM


class Node:
    """`settings` are written when it starts or reloads; `breaks` are what may double a document; `ended` are the
    starts before this one."""

    def __init__(self, bench, disk, cloud=None):
        self.bench, self.disk, self.cloud, self.settings = bench, disk, cloud, {}
        self.daemon, self.ended, self.breaks, self.epoch = None, [], [], 0
        self.agents = [cloud] if cloud else [FaultAgent(receive_buffer=STALL_BYTES) for _ in range(2)]
        self._past = collections.Counter()

    def close(self):
        if self.daemon:
            self.daemon.kill()
        for agent in self.agents:
            agent.stop()

    @property
    def is_up(self):
        return self.daemon is not None

    # Its life.

    def start(self):
        self.write_config(self.settings)
        env = self.cloud.environment() if self.cloud else None
        self.daemon = self.bench.start(BINARY, "run", "-c", self.config_path, env=env)
        self.epoch += 1

    def reload(self):
        self.wait_for_ears()
        self.write_config(self.settings)
        self.note_break("sent again with another configuration")
        self.daemon.signal(signal.SIGHUP)

    def wait_for_ears(self):
        """A start takes signals from its first words on."""
        self.daemon.wait_for(lambda d: d.log, 30)

    @property
    def config_path(self):
        return os.path.join(self.bench.directory, "node.conf")

    def write_config(self, settings, extra=""):
        sections = collections.defaultdict(list)
        for name, value in settings.items():
            section, key = name.split(".", 1)
            sections[section].append(f"{key} = {value}\n")
        with open(self.config_path + ".new", "w", encoding="ascii") as file:
            file.writelines(line for section, lines in sections.items() for line in (f"[{section}]\n", *lines))
            file.write(extra)
        os.rename(self.config_path + ".new", self.config_path)

    def kill(self):
        self.note_break("an acknowledgement was lost in a kill")
        self.end(self.daemon.kill(), KILLED)

    def stop(self, timeout=40.0):
        """By SIGTERM. What is in flight at the end of run.drain may arrive all the same. False: it had not come to
        look for signals yet, and was killed by this one."""
        code = self.daemon.stop(timeout)
        self.note_break("an acknowledgement came after the end")
        self.end(code, 0, TERMINATED)
        return code == 0

    def end(self, code, *expected):
        daemon, self.daemon = self.daemon, None
        self.ended.append(daemon)
        self._past.update(daemon.counts())
        if code not in expected:
            raise RuntimeError(f"the daemon ended with {code} instead of {expected}: {daemon}")
        daemon.wait_for(lambda d: d.is_over(), 30)
        for agent in self.agents:
            agent.settle()

    def note_break(self, reason):
        self.breaks.append(Break(time.time(), reason))

    # What is known of it.

    def counts(self):
        """Answered calls by (mac, command) since the first start, and the number of starts."""
        counts = self._past.copy()
        if self.is_up:
            if self.daemon.exit_code is not None:
                raise RuntimeError(f"the daemon ended by itself: {self.daemon}")
            counts.update(self.daemon.counts())
        counts[EPOCH] = self.epoch
        return counts

    def journal(self):
        """What the next start has to make of the file; None: there is none."""
        if not os.path.exists(self.disk.journal):
            return None
        return journal_file.read(self.disk.journal, BOOT_ID)

    def arrivals(self):
        everybody = [*self.agents, *self.ended, *([self.daemon] if self.is_up else [])]
        return Arrivals([arrival for one in everybody for arrival in list(one.documents)],
                        self.cloud.data if self.cloud else ())
