# SPDX-License-Identifier: Apache-2.0
"""Some seconds of a node on which everything goes wrong, drawn from a seed: events happen one after the other, most of
their effects last for a while, and all that is counted goes on meanwhile."""
import collections
import contextlib
import random
import re
import time
import traceback
import uuid

import fault_tear
import journal_file
from fault_arrivals import Break, balance_of_records, changed_contents, holes
from fault_books import SLACK_S, Books, Unlawful
from fault_disk import Disk
from fault_life import FaultLife, boot_ns
from fault_node import BOOT_ID, Node
from harness import BINARY, EXCEEDED, INSTANCE, is_instance, rig_library
from schedule import SRD, goes_on

HORIZON_S = 8.0  # from then on nothing new goes wrong
PATIENCE_S = 120.0
INTERVALS, PERIODS, MAX_PERIOD_S = ["100ms", "100ms", "150ms", "200ms"], ["1s", "1s", "2s", "5s"], 5.0
MANY = [name for name in rig_library.ena_stats(3) if name.startswith("queue_") and "_p" not in name][:70]
EVENTS = {"kill": 6, "series": 2, "stop": 2, "reload": 2, "bad_reload": 1, "reload_and_kill": 1, "second": 1,
          "agent_away": 3, "agent_resets": 3, "agent_stuck": 2, "no_metadata": 1, "full_disk": 1, "tear": 2,
          "read_only": 0.5, "reboot": 0.5}
SANITIZER = re.compile("runtime error|Sanitizer")
READS = (("GSTATS", 1), ("GSTRINGS", -1))  # names are read anew where values may not have fitted them
REBOOTED, SPOILED, READ_ONLY = "the machine was rebooted", "the journal was torn", "the directory was read-only"


class Schedule:
    """`number` keeps names and MACs apart in the namespace that all share. `clouds` makes a Cloud, or is None."""

    def __init__(self, seed, number, clouds=None):
        self._clouds = clouds
        self.seed, self.number, self.dice = seed, number, random.Random(seed)
        self.notes, self.trouble, self.doubled, self.events = [], None, collections.Counter(), collections.Counter()
        self.cures, self.is_whole = [], True  # (when, what ends, how); nobody spoiled a journal
        self.n_documents, self.eni_ids, self.macs = 0, {}, {}
        self.lives, self.node, self.books = [], None, Books([], None, [])

    def run(self):
        with contextlib.ExitStack() as stack:
            self.bench, self.disk = stack.enter_context(rig_library.Rig()), stack.enter_context(Disk())
            self.began = time.time()
            try:
                self.set_up(stack)
                self.play()
                self.finish()
            except Exception as error:  # in a thread of its own: others go on, and this one tells of itself
                self.trouble = error
                self.trace = traceback.format_exc()
        return self

    # The node.

    def set_up(self, stack):
        self.end = time.monotonic() + HORIZON_S
        self.lives = [FaultLife(self.bench, self.seed, self.number, place, self.end)
                      for place in range(self.dice.randint(1, 3))]
        self.is_omitting = self.dice.random() < 0.3
        self.counters = EXCEEDED if self.is_omitting else EXCEEDED + SRD
        self.metadata = self.bench.metadata() if self.dice.random() < 0.4 else None
        if self.metadata:
            self.metadata.instance(instance_id=INSTANCE, instance_type="c7g.large", availability_zone="eu-west-1b")
        sink = self._clouds and self.dice.choice([*self._clouds.SINKS, None])
        self.cloud = self._clouds.Cloud(self.dice, sink, self.macs) if sink else None
        self.node = Node(self.bench, self.disk, self.cloud)
        stack.callback(self.node.close)
        self.node.settings.update(self.settings())
        self.books = Books(self.lives, self.node.arrivals, self.counters)
        self.scripts = [life.play() for life in self.lives]
        for script in self.scripts:
            next(script)
        self.start()

    def settings(self):
        many = ", ".join(["default", *MANY, "self_reconnects"] if self.dice.random() < 0.3 else ["default"])
        identity = {"identity.imds_endpoint": self.metadata.endpoint} if self.metadata else {
            "identity.imds": "off", "identity.instance_id": INSTANCE}
        return {"sample.verdict": "1s", "sample.interfaces": f"s{self.number}e*", "sample.budget": "100",
                "publish.quiet_enis": "omit" if self.is_omitting else "send", "publish.metrics": many,
                "journal.directory": self.disk.directory, "run.drain": self.dice.choice(["100ms", "1s", "3s"]),
                "identity.wait": "1h", **identity, **self.changeable()}

    def changeable(self):
        sink = {"publish.sink": self.dice.choice(["agent", "agent", "agent", "stdout"]),
                "agent.endpoint": self.dice.choice(self.node.agents).endpoint}
        return {"sample.interval": self.dice.choice(INTERVALS), "publish.period": self.dice.choice(PERIODS),
                "identity.property.generation": str(self.dice.randrange(10 ** 6)),
                **(self.cloud.settings() if self.cloud else sink)}

    def start(self):
        self.node.start()
        self.reads_from, self.looked_at, self.has_looked = {}, set(), False

    def died(self, what, stop_s=None):
        """After an end: the law, as far as the journal tells. A window is at most the longest period old; one that was
        told to stop has closed it, `stop_s` ago at the most."""
        window_s = SLACK_S + (MAX_PERIOD_S if stop_s is None else stop_s)
        diskless_s = self.disk.trouble_s(MAX_PERIOD_S + SLACK_S)
        self.is_whole = self.is_whole and not diskless_s
        self.books.died(self.node.journal(), f"{self.clock()} {what}", window_s, diskless_s)

    def stop_it(self, what):
        began = time.monotonic()
        has_heard = self.node.stop()
        self.died(what, time.monotonic() - began if has_heard else None)

    # Time goes by.

    def play(self):
        while time.monotonic() < self.end:
            self.live(self.dice.uniform(0.1, 1.2))
            event = self.dice.choices(list(EVENTS), EVENTS.values())[0]
            self.events[event] += 1
            getattr(self, event)()

    def live(self, seconds):
        end = time.monotonic() + seconds
        while True:
            self.drive()
            if time.monotonic() >= end:
                return
            time.sleep(0.01)

    def drive(self):
        counts = self.node.counts()
        self.look(counts)
        for cure in [cure for cure in self.cures if time.monotonic() >= cure[0]]:
            self.heal(cure)
        self.scripts = [script for script in self.scripts if goes_on(script, counts)]
        self.tell_metadata()

    def tell_metadata(self):
        """Of every ENI that there is, as soon as it is there."""
        for mac in [mac for life in self.lives for mac in life.expected if self.metadata and mac not in self.eni_ids]:
            self.eni_ids[mac] = f"eni-{len(self.eni_ids):017x}"
            self.macs[self.eni_ids[mac]] = mac
            self.metadata.add_eni(mac, self.eni_ids[mac])

    def look(self, counts):
        """Tells the books which devices this start has read since nothing was wrong with them."""
        for life in [life for life in self.lives if life.is_there and self.node.is_up]:
            mac = life.eni.mac
            if life.sound_ns is None or mac not in self.reads_from:
                self.reads_from[mac] = counts
            since = self.reads_from[mac]
            if sum(sign * (counts[mac, command] - since[mac, command]) for command, sign in READS) >= 3:
                self.books.has_looked(mac)
                self.looked_at.add(mac)
        self.has_looked = all(life.eni.mac in self.looked_at for life in self.lives if life.is_there)

    def note(self, text):
        self.notes.append((time.time(), "", text))

    def clock(self):
        return f"{time.time() - self.began:.3f} s"

    def last(self, what, cure, seconds=None):
        """Something is wrong, for a while."""
        self.note(what)
        self.cures.append((time.monotonic() + (seconds or self.dice.uniform(0.2, 2.5)), what, cure))

    def heal(self, cure):
        self.cures.remove(cure)
        self.note(f"over: {cure[1]}")
        cure[2]()

    # Events.

    def kill(self):
        self.note("killed")
        self.node.kill()
        self.died("killed")
        self.live(self.dice.choice([0, 0, self.dice.uniform(0, 0.7)]))
        self.start()

    def series(self):
        self.note("killed in a row")
        for _ in range(self.dice.randint(3, 8)):
            self.node.kill()
            self.died("killed in a row")
            self.start()
            time.sleep(self.dice.uniform(0, 0.3))

    def stop(self):
        self.note("stopped")
        self.stop_it("stopped")
        self.live(self.dice.uniform(0, 0.5))
        self.start()

    def reload(self):
        self.node.settings.update(self.changeable())
        self.note(f"reloaded: {[self.node.settings[k] for k in self.changeable()]}")
        self.node.reload()

    def bad_reload(self):
        self.note("a bad configuration")
        self.node.wait_for_ears()
        n_said = self.n_said("the configuration stays as it was")
        self.node.write_config(self.node.settings, self.dice.choice(["nonsense\n", "[publish]\nperiod = 7s\n"]))
        self.node.daemon.signal(1)
        self.node.daemon.wait_for(lambda _: self.n_said("the configuration stays as it was") > n_said, 30)
        self.node.write_config(self.node.settings)

    def n_said(self, text):
        return sum(text in line for line in self.node.daemon.log)

    def reload_and_kill(self):
        self.reload()
        time.sleep(self.dice.uniform(0, 0.3))
        self.kill()

    def second(self):
        self.note("a second one")
        with open(self.node.config_path, encoding="ascii") as file:
            config = file.read()
        path = self.node.config_path + ".second"
        with open(path, "w", encoding="ascii") as file:
            file.write(config + "[publish]\nsink = stdout\n")
        other = self.bench.start(BINARY, "run", "-c", path)
        code = other.wait(30)
        said = [line for line in other.log if f"(pid {self.node.daemon.pid})" in line]
        if code != 1 or not said or other.documents:
            raise Unlawful(f"a second daemon on the same directory: {other}")

    def agent_away(self):
        agent = self.dice.choice(self.node.agents)
        agent.stop()
        self.last(f"no agent at {agent.endpoint}", agent.start)

    def agent_resets(self):
        for agent in self.node.agents:
            if agent.is_running:
                self.note(f"{agent.endpoint} resets its connections")
                agent.reset()

    def agent_stuck(self):
        agent = self.dice.choice(self.node.agents)
        if agent.is_running:
            agent.pause()
            self.last(f"stuck: {agent.endpoint}", lambda: agent.is_running and agent.resume())

    def no_metadata(self):
        if self.metadata and self.dice.random() < 0.5:
            self.metadata.stop()
            self.last("no metadata service", self.metadata.start)
        elif self.metadata:
            self.metadata.fault("/latest/*", **self.dice.choice([{"status": 503}, {"is_silent": True}]))
            self.last("the metadata service fails", self.metadata.heal)

    def full_disk(self):
        self.disk.fill()
        self.last("the disk is full", self.disk.empty)

    def tear(self):
        self.node.kill()
        self.died("killed")
        if not self.disk.has_journal or self.disk.is_full:
            self.note("killed")
        else:
            self.note(f"killed, and the journal is torn: {fault_tear.tear(self.dice, self.disk.journal)}")
            self.books.spoiled(self.node.journal(), SPOILED)
            self.node.note_break(SPOILED)
            self.is_whole = False
        self.start()
        if self.dice.random() < 0.5:  # while it mends that, or soon after
            time.sleep(self.dice.uniform(0, 0.5))
            self.kill()

    def reboot(self):
        self.node.kill()
        self.died("killed")
        self.note("rebooted")
        if self.disk.has_journal and not self.disk.is_full:
            journal_file.change_boot(self.disk.journal, BOOT_ID, str(uuid.UUID(int=self.dice.getrandbits(128))))
        for life in self.lives:
            if life.is_there:
                life.reboot()
        self.books.spoiled(self.node.journal() or journal_file.Journal(), REBOOTED)
        self.is_whole = False
        self.start()
        self.wait_for_looks()

    def wait_for_looks(self):
        """Nothing is counted meanwhile."""
        end = time.monotonic() + 30
        while not self.has_looked:
            self.look(self.node.counts())
            if time.monotonic() > end:
                raise TimeoutError(f"the ENIs are not read: {self.node.daemon}")
            time.sleep(0.01)

    def read_only(self):
        """What the daemon publishes from memory is published again: the file cannot be told."""
        if not self.disk.has_journal or self.disk.is_full or self.cloud:  # nobody knows the start of a datum
            return
        self.node.kill()
        self.died("killed")
        self.note("the directory is read-only")
        self.disk.read_only()
        since_ms = boot_ns() // 10 ** 6
        self.start()
        self.live(self.dice.uniform(0.5, 2.5))
        self.node.kill()
        self.disk.read_only(False)
        self.note("killed, and no more read-only")
        self.books.repeated(self.node.journal(), since_ms, READ_ONLY)
        self.is_whole = False
        self.start()

    # The end.

    def finish(self):
        for cure in list(self.cures):
            self.heal(cure)
        self.note("all is well")
        self.node.settings["run.drain"] = "30s"
        if self.dice.random() < 0.5:
            self.node.reload()
        else:
            self.kill()
        end = time.monotonic() + PATIENCE_S
        while self.scripts or not self.has_looked:
            self.drive()
            if time.monotonic() > end:
                raise TimeoutError("the schedule does not come to its end")
            time.sleep(0.01)
        for life in [life for life in self.lives if life.is_there]:
            life.count({EXCEEDED[0]: 7})  # in the last sample, which the signal asks for
        self.deliver()
        self.books.close()
        self.check_documents()
        self.check_log()

    def check_log(self):
        said = [line for daemon in self.node.ended for line in daemon.log if SANITIZER.search(line)]
        if said:
            raise Unlawful(f"the sanitizers say: {said[:3]}")

    def deliver(self):
        for _ in range(4):
            self.stop_it("stopped at the end")
            waiting = self.node.journal().waiting
            if not waiting:
                return
            self.start()
            self.live(2.0)
        raise Unlawful(f"still waiting: {waiting}")

    def check_documents(self):
        arrivals = self.node.arrivals()
        ends = [Break(at, "a connection broke") for agent in self.node.agents for at in agent.ends]
        for name, reason in arrivals.doubled(self.node.breaks + ends):
            if reason is None:
                raise Unlawful(f"came again for no reason: {name}")
            self.doubled[reason] += 1
        changed, (whole, _) = changed_contents(arrivals), arrivals.records()
        if changed and self.is_whole:  # else the end of a window was cut off, and what was known before goes again
            raise Unlawful(f"came again with other values: {changed}")
        garbage = [line for agent in self.node.agents for line in agent.garbage]
        if garbage or (self.metadata and self.metadata.violations):
            raise Unlawful(f"garbage {garbage} or {self.metadata and self.metadata.violations}")
        if self.is_whole and not self.books.lost and arrivals.arrivals:
            self.check_records(arrivals, holes(whole))
        self.n_documents = sum(map(len, arrivals.times.values()))
        self.took_s = time.time() - self.began

    def check_records(self, arrivals, missing):
        if missing:
            raise Unlawful(f"records that nobody knows of: {missing}")
        unique = [group[0].document for group in arrivals.by_identity.values()]
        left, waiting, told = balance_of_records([d for d in unique if is_instance(d)])
        if left != waiting:
            raise Unlawful(f"made less settled is {left}, but {waiting} wait: {dict(told)}")

    def told(self):
        """In words, in the order of time."""
        notes = sorted(self.notes + self.books.notes + [note for life in self.lives for note in life.notes])
        lines = [f"{at - self.began:8.3f} {who} {text}" for at, who, text in notes]
        for daemon in (self.node.ended[-6:] + [self.node.daemon] * self.node.is_up) if self.node else ():
            lines += [f"--- pid {daemon.pid}", *daemon.log[-40:]]
        return "\n".join([*lines, self.trace if self.trouble else ""])
