# SPDX-License-Identifier: Apache-2.0
"""The journal on disk: what waits outlasts the daemon and the boot, deltas go on where they were, and nobody speaks in
another's name. journal_file.py, which shares no line with the daemon, reads and writes the file here."""
import os
import random
import shutil
import sys
import time

from harness import (BINARY, COMMON, INSTANCE, TEST, OnRig, bodies, counted, is_eni, is_instance, main, name_of,
                     of_mac, properties, total, values)

sys.path.insert(0, str(TEST / "faults"))

import journal_file  # noqa: E402

PPS = "pps_allowance_exceeded"
FIRST, SECOND = "02:00:00:00:00:01", "02:00:00:00:00:02"
OTHER_BOOT = "00000000-1111-2222-3333-444444444444"
OTHER_INSTANCE = "i-0fedcba9876543210"
N_KILLS = 100

with open("/proc/sys/kernel/random/boot_id", encoding="ascii") as boot_id_file:
    BOOT = boot_id_file.read().strip()


class Kept(OnRig):
    """A daemon with a directory, to which `moved` was counted."""

    def setUp(self):
        super().setUp()
        self.directory = os.path.join(self.bench.directory, "state")
        self.path = os.path.join(self.directory, "journal")
        self.eni, self.moved, self.killed = self.bench.add("ens5", mac=FIRST), 0, []

    def run_kept(self, *options, env=None, sink="stdout", period="1s", who=COMMON):
        pace = ["sample.interval=100ms", "sample.budget=100", f"publish.period={period}", "publish.quiet_enis=send"]
        words = [w for o in (*pace, f"publish.sink={sink}", *options) for w in ("-o", o)]
        return self.bench.start(BINARY, "run", *who, *words, env=env)

    def run_in(self, *options, **named):
        return self.run_kept(f"journal.directory={self.directory}", *options, **named)

    def run_to_nobody(self, *options, **named):
        """The agent is away, and what waits cannot go anywhere."""
        agent = self.bench.agent()
        agent.stop()
        return self.run_in(f"agent.endpoint={agent.endpoint}", "run.drain=100ms", *options, sink="agent", **named)

    def count(self, n):
        self.eni.add(**{PPS: n})
        self.moved += n

    def journal(self):
        return journal_file.read(self.path, BOOT)

    def wait_for_journal(self, predicate, timeout=60):
        """The file as soon as it says so."""
        end = time.monotonic() + timeout
        while time.monotonic() < end:
            if os.path.exists(self.path) and predicate(self.journal()):
                return self.journal()
            time.sleep(0.02)
        self.fail(f"the journal never says so: {os.path.exists(self.path) and self.journal()}")

    def wait_for_baseline(self):
        return self.wait_for_journal(lambda j: PPS in j.life(FIRST)[0])

    def end(self, *daemons):
        """All that was counted has arrived, by any of them, and nothing waits."""
        self.wait_for_reads(daemons[-1])
        self.assertEqual(daemons[-1].stop(), 0, daemons[-1])
        documents = self.first_of_each(*daemons)
        self.assertEqual(total(documents, PPS, is_eni), self.moved)
        self.assertEqual(total(documents, PPS, is_instance), self.moved)
        self.assertEqual(self.journal().waiting, {})
        return documents

    def first_of_each(self, *daemons):
        """What a daemon published and was killed before it noted that comes again, word for word, from its successor."""
        firsts = {}
        for daemon in daemons:
            for document in bodies(daemon):
                first, publisher = firsts.setdefault(name_of(document), (document, daemon))
                if first is not document:
                    self.assertEqual(document, first)
                    self.assertIn(publisher, self.killed, "a document came twice")
                    self.assertIsNot(publisher, daemon, "a document came twice")
        return [document for document, _ in firsts.values()]

    def kill(self, daemon):
        self.assertEqual(daemon.kill(), 137)
        self.killed.append(daemon)

    def said(self, daemon, text):
        return [line for line in daemon.log if text in line]


class Restarts(Kept):
    def test_a_restart_goes_on_where_it_was_and_tells_the_gap_as_one_value(self):
        first = self.run_in(period="1h")
        self.wait_for_samples(first)
        self.count(11)
        self.wait_for_reads(first)
        began = time.monotonic()
        self.assertEqual(first.stop(), 0, first)
        for _ in range(10):
            self.count(100)
            time.sleep(0.1)
        second = self.run_in(period="1h")
        self.wait_for_samples(second)
        self.count(7)
        documents = self.end(first, second)
        after = [d for d in documents if d["boot"] != documents[0]["boot"]]
        self.assertEqual([v for v in values(after, PPS, of_mac(FIRST)) if v], [1000, 7])
        gaps = {d.get("gap_ms") for d in after}
        self.assertEqual(len(gaps), 1, "the instance has the gap of its ENI")
        self.assertTrue(1000 <= gaps.pop() <= (time.monotonic() - began) * 1000 + 1000)
        before = [d for d in documents if d not in after]
        was_held_up = counted(before, "self_ticks_missed") > 0  # by a machine under load
        self.assertTrue(was_held_up or max(properties(before, "gap_ms"), default=0) < 500, before)

    def test_a_hundred_kills_within_one_period_lose_nothing(self):
        dice = random.Random(N_KILLS)
        daemons = [self.run_in(period="1h")]
        self.wait_for_baseline()
        for _ in range(N_KILLS):
            self.count(dice.randint(1, 1000))
            time.sleep(dice.choice([0, 0.02, 0.1, 0.3]) * dice.random())
            self.kill(daemons[-1])
            self.count(dice.randint(1, 1000))
            daemons.append(self.run_in(period="1h"))
        documents = self.end(*daemons)
        print(f"# {N_KILLS} kills: {self.moved} counted, {total(documents, PPS, is_eni)} published in "
              f"{len(documents)} documents", flush=True)

    def test_what_was_not_taken_waits_for_the_next_start(self):
        first = self.run_to_nobody()
        self.wait_for_samples(first)
        self.count(1000)
        self.wait_for_journal(lambda j: sum(r.sum(PPS) for r in j.waiting.values() if r.mac) == 1000)
        self.count(1)
        self.wait_for_reads(first)
        self.assertEqual(first.stop(), 0, first)
        left = self.journal()
        self.assertEqual(len(self.said(first, f"{len(left.waiting)} records were not taken in time: they wait in")), 1,
                         first)
        self.assertEqual(sum(r.sum(PPS) for r in left.waiting.values() if r.mac), 1001)
        second = self.run_in()
        documents = self.end(second)
        old = {(d["boot"], d["sequence"]) for d in documents if (d["boot"], d["sequence"]) in left.waiting}
        self.assertEqual(old, set(left.waiting))
        for d in documents:
            if (d["boot"], d["sequence"]) in old:
                self.assertEqual(d["_aws"]["Timestamp"], left.waiting[d["boot"], d["sequence"]].start_ms)

    def test_records_are_accounted_for_over_restarts(self):
        first = self.run_to_nobody()
        self.wait_for_journal(lambda j: len(j.waiting) >= 4)
        self.kill(first)
        n_before = self.journal().counts["made"]
        self.assertEqual(n_before, self.journal().counts["waiting"])
        second = self.run_in()
        second.wait_for(lambda d: sum(is_instance(a.document) for a in d.documents) >= n_before / 2 + 3, 30)
        documents = [d for d in self.end(second) if is_instance(d) and "self_records_made" in d]
        sums = {name: counted(documents, f"self_records_{name}") for name in
                ("made", "delivered", "refused", "expired", "unclaimed")}
        self.assertEqual(sums["made"] - sum(sums.values()) + sums["made"], documents[-1]["self_records_waiting"], sums)
        self.assertGreaterEqual(sums["delivered"], n_before)
        self.assertEqual((sums["refused"], sums["expired"], sums["unclaimed"]), (0, 0, 0))


class Whose(Kept):
    """What was left by another boot, or on another machine."""

    def setUp(self):
        super().setUp()
        self.metadata = self.bench.metadata()
        self.metadata.instance(instance_id=INSTANCE, instance_type="c7g.large", availability_zone="eu-west-1b")
        self.metadata.add_eni(FIRST, "eni-0aaaaaaaaaaaaaaa1")
        self.who = ["-o", f"identity.imds_endpoint={self.metadata.endpoint}"]

    def leave(self, who):
        """A daemon ends with 50 counted that nobody took; then another boot begins."""
        daemon = self.run_to_nobody(who=who)
        self.wait_for_journal(lambda j: FIRST in j.who.get(BOOT, {}).get("enis", {}) and j.life(FIRST)[0])
        if who == self.who:
            self.wait_for_journal(lambda j: j.who[BOOT]["enis"][FIRST] and j.who[BOOT]["instance"].get("InstanceId"))
        self.eni.add(**{PPS: 50})
        self.wait_for_journal(lambda j: sum(r.sum(PPS) for r in j.waiting.values() if r.mac) == 50)
        self.kill(daemon)
        journal_file.change_boot(self.path, BOOT, OTHER_BOOT)
        self.assertIsNone(self.journal().baseline)
        return self.journal()

    def test_records_of_another_boot_have_the_labels_of_then(self):
        self.leave(self.who)
        self.eni.replace(keep_stats=False)
        self.metadata.instance(instance_type="c7g.xlarge")
        second = self.run_in(who=self.who)
        self.wait_for_samples(second)
        self.count(7)
        self.moved += 50
        documents = self.end(second)
        types = {d["boot"]: set() for d in documents}
        for d in documents:
            types[d["boot"]].add(d["InstanceType"])
            self.assertEqual(d["InstanceId"], INSTANCE)
            self.assertEqual(d.get("NetworkInterfaceId"), "eni-0aaaaaaaaaaaaaaa1" if is_eni(d) else None)
        last = documents[-1]["boot"]
        self.assertEqual(types.pop(last), {"c7g.xlarge"})
        self.assertEqual(list(types.values()), [{"c7g.large"}])

    def test_what_an_image_brought_with_it_is_set_aside(self):
        left = self.leave(self.who)
        self.eni.replace(new_mac=SECOND, keep_stats=False)
        self.metadata.remove_eni(FIRST)
        self.metadata.add_eni(SECOND, "eni-0bbbbbbbbbbbbbbb2")
        self.metadata.instance(instance_id=OTHER_INSTANCE)
        clone = self.run_in(who=self.who)
        self.wait_for_samples(clone)
        self.count(7)
        clone.wait_for(lambda d: counted([a.document for a in d.documents], "self_records_unclaimed"), 30)
        documents = self.end(clone)
        self.assertEqual({d["InstanceId"] for d in documents}, {OTHER_INSTANCE})
        self.assertEqual(counted(documents, "self_records_unclaimed"), len(left.waiting))
        self.assertEqual(len(self.said(clone, "there are records of another instance")), 1, clone)
        kept = journal_file.read(os.path.join(self.directory, "unclaimed"), BOOT)
        self.assertEqual(set(kept.waiting), set(left.waiting))
        self.assertEqual(sum(r.sum(PPS) for r in kept.waiting.values() if r.mac), 50)
        self.assertEqual(kept.who[OTHER_BOOT]["instance"]["InstanceId"], INSTANCE)

    def test_an_image_whose_settings_it_carries_is_told_by_its_addresses(self):
        """With the metadata service off the settings name the instance, and an image has them, too."""
        left = self.leave(COMMON)
        self.eni.replace(new_mac=SECOND, keep_stats=False)
        clone = self.run_in("identity.wait=1s")
        clone.wait_for(lambda d: counted([a.document for a in d.documents], "self_records_unclaimed"), 30)
        documents = self.end(clone)
        self.assertEqual(counted(documents, "self_records_unclaimed"), len(left.waiting))
        self.assertEqual({d["mac"] for d in documents if is_eni(d)}, {SECOND})


class Files(Kept):
    def leave(self):
        """What a daemon left that was killed: two windows at least, of which nobody took anything."""
        daemon = self.run_to_nobody()
        self.wait_for_samples(daemon)
        self.count(50)
        self.wait_for_journal(lambda j: len(j.waiting) >= 4 and sum(r.sum(PPS) for r in j.waiting.values()) == 100)
        self.kill(daemon)
        return self.journal()

    def set_aside(self):
        return [name for name in sorted(os.listdir(self.directory)) if "set-aside" in name]

    def bytes_of(self, name):
        with open(os.path.join(self.directory, name), "rb") as file:
            return file.read()

    def test_the_directory_of_systemd_is_used_where_none_is_configured(self):
        other = os.path.join(self.bench.directory, "other")
        for variable, options in ((f"{self.directory}:{other}", []),
                                  (other, [f"journal.directory={self.directory}"])):
            with self.subTest(variable=variable):
                daemon = self.run_kept(*options, env={"STATE_DIRECTORY": variable})
                self.wait_for_baseline()
                self.assertEqual(daemon.stop(), 0, daemon)
                self.assertFalse(os.path.exists(other))
                shutil.rmtree(self.directory)
        daemon = self.run_kept(env={"STATE_DIRECTORY": None})
        self.wait_for_samples(daemon)
        self.assertEqual(daemon.stop(), 0, daemon)
        self.assertEqual(len(self.said(daemon, "journal: in memory only")), 1, daemon)

    def test_a_second_daemon_is_refused_and_told_who_has_the_directory(self):
        first = self.run_in()
        self.wait_for_baseline()
        second = self.run_in()
        self.assertEqual(second.wait(20), 1, second)
        self.assertEqual(len(self.said(second, f"another process (pid {first.pid}) has {self.directory}")), 1, second)
        self.assertEqual(second.documents, [])
        self.count(5)
        self.end(first)

    def test_what_a_removed_directory_cannot_keep_is_said_to_be_lost(self):
        daemon = self.run_to_nobody()
        self.wait_for_baseline()
        with self.held(daemon):
            shutil.rmtree(self.directory)
        self.wait_for_reads(daemon, 25)
        self.assertEqual(len(self.said(daemon, "it was removed: make it again")), 1, daemon)
        self.assertEqual(daemon.stop(), 0, daemon)
        self.assertEqual(len(self.said(daemon, "those that are not in it already are lost")), 1, daemon)

    def test_another_versions_file_is_left_alone(self):
        self.leave()
        entries = journal_file.entries(self.path)
        journal_file.write(self.path, [{**entries[0], "journal": 2}, *entries[1:]])
        data = self.bytes_of("journal")
        self.moved = 0
        daemon = self.run_in()
        self.wait_for_samples(daemon)
        self.count(7)
        self.end(daemon)
        self.assertEqual(self.set_aside(), ["journal.set-aside.1"])
        self.assertEqual(self.bytes_of("journal.set-aside.1"), data)
        self.assertEqual(len(self.said(daemon, "is of another version of enawatch")), 1, daemon)
        self.assertEqual(len(self.said(daemon, f"{self.directory}/journal.set-aside.1: delete it when")), 1, daemon)

    def test_of_a_damaged_file_what_can_be_read_is_delivered_and_the_rest_kept(self):
        left = self.leave()
        lines, _ = journal_file.parse(self.bytes_of("journal"))
        windows = [line for line in lines if "window" in line.json]
        data = bytearray(self.bytes_of("journal"))
        data[windows[0].start + 60] ^= 1
        with open(self.path, "wb") as file:
            file.write(data)
        damaged = self.journal()
        self.assertEqual(damaged.n_bad, 1)
        self.assertLess(len(damaged.waiting), len(left.waiting))
        self.moved = sum(r.sum(PPS) for r in damaged.waiting.values() if r.mac)
        daemon = self.run_in()
        self.wait_for_samples(daemon)
        self.count(7)
        documents = self.end(daemon)
        self.assertLessEqual(set(damaged.waiting), {(d["boot"], d["sequence"]) for d in documents})
        self.assertEqual(self.set_aside(), ["journal.set-aside.1"])
        self.assertEqual(self.bytes_of("journal.set-aside.1"), data)
        self.assertEqual(len(self.said(daemon, "is damaged: 1 of its lines cannot be read")), 1, daemon)

    def test_a_torn_tail_is_cut_without_much_ado(self):
        for tail in (bytes(5000), b'0123abcd {"window":{"start":1,"rec', b"\xff"):
            with self.subTest(tail=tail[:10]):
                self.moved = 0
                self.leave()
                with open(self.path, "ab") as file:
                    file.write(tail)
                self.count(9)  # while nobody looks: the baseline holds
                daemon = self.run_in()
                self.end(daemon)
                self.assertEqual(self.set_aside(), [])
                self.assertEqual(len(self.said(daemon, "the last entry was not written whole")), 1, daemon)

    def test_a_directory_that_cannot_be_made_stops_nothing(self):
        self.directory = os.path.join(self.bench.directory, "not", "there")
        daemon = self.run_in()
        self.wait_for_samples(daemon)
        self.count(5)
        self.wait_for_reads(daemon)
        self.assertEqual(daemon.stop(), 0, daemon)
        self.assertEqual(total(bodies(daemon), PPS, is_eni), 5)
        self.assertEqual(len(self.said(daemon, f"journal: {self.directory} cannot be used")), 1, daemon)


if __name__ == "__main__":
    main()
