# SPDX-License-Identifier: Apache-2.0
"""How the daemon tells of itself, and of what it derives: self_* after a history that is known, what no ENI offers,
shares of ENA Express, and how much of the tracked connections is used."""
import itertools
import statistics

from harness import (EXCEEDED, OnRig, bodies, counted, is_eni, is_instance, main, names_of_metrics, of_mac,
                     properties, total, values, rig_library)

# The budget is for neighbour_test.py: here each tick reads all, on a machine under load too.
PACE = ["-o", "sample.interval=100ms", "-o", "sample.budget=100"]
HOUR, SECOND = PACE + ["-o", "publish.period=1h"], PACE + ["-o", "publish.period=1s"]
AVAILABLE, USED = "conntrack_allowance_available", "conntrack_allowance_used_percent"
SRD = [f"ena_srd_{what}" for what in ("tx_pkts", "eligible_tx_pkts", "rx_pkts", "resource_utilization")]
SRD_MODE, SRD_SHARE = "ena_srd_mode", "ena_srd_tx_share_percent"


def units(document):
    return {m["Name"]: m["Unit"] for d in document["_aws"]["CloudWatchMetrics"] for m in d["Metrics"]}


class Health(OnRig):
    def reads(self, daemon, eni):
        return daemon.counts()[(eni.mac, "GSTATS")]

    def assert_counted(self, documents, **expected):
        self.assertEqual({name: counted(documents, name) for name in expected}, expected)

    def stop(self, daemon):
        """The last sample is a tick of its own, after a whole one."""
        self.wait_between_ticks()
        self.assertEqual(daemon.stop(), 0, daemon)

    def n_published(self, documents, eni):
        """Samples of an ENI of which the allowances were published."""
        return len(values(documents, "pps_allowance_exceeded", of_mac(eni.mac)))

    def check_records_made(self, documents):
        """A window tells of the records that were made since the last one that told, with which that one itself was
        made. One that was closed late, by a tick after it, had no last sample to tell it in. Of the records of the
        last window nobody tells: returns how many those are."""
        n_untold = 0
        for _, window in itertools.groupby(documents, key=lambda d: d["_aws"]["Timestamp"]):
            window = list(window)
            told = properties(window, "self_records_made")
            self.assertIn(told, ([n_untold], []))
            n_untold = len(window) + (0 if told else n_untold)
        return n_untold

    def test_verdicts_and_records_are_counted(self):
        eni = self.bench.add("ens5")
        eni.set(bw_in_allowance_exceeded=7000)
        daemon = self.run_daemon("publish.quiet_enis=send", pace=SECOND)
        self.wait_for_samples(daemon)
        before = self.reads(daemon, eni)
        eni.zeros()
        first = self.reads(daemon, eni)
        self.wait_for_reads(daemon, 3)
        last = self.reads(daemon, eni)
        eni.heal()
        after = self.reads(daemon, eni)
        self.wait_for_reads(daemon)
        eni.set(bw_in_allowance_exceeded=3, total_resets=1)
        self.wait_for_reads(daemon)
        eni.replace(keep_stats=True)
        self.wait_for_reads(daemon)
        n_seen = len(daemon.documents)
        daemon.wait_for(lambda d: len(d.documents) >= n_seen + 4, 30)
        self.stop(daemon)
        documents = bodies(daemon)
        self.assert_published(documents, eni, bw_in_allowance_exceeded=3)
        self.assert_counted(documents, self_lies=1, self_resets=1, self_rebased=1, self_reconnects=0,
                            self_records_refused=0, self_records_dropped=0)
        n_suspect, n_samples = counted(documents, "self_suspect"), counted(documents, "self_samples")
        self.assertGreaterEqual(n_suspect, last - first)
        self.assertLessEqual(n_suspect, after - before)
        # Of all samples nothing is published of the first, of the suspect ones, and of the new device's first.
        self.assertEqual(n_samples, self.n_published(documents, eni) + n_suspect + 2)
        # Each answer of the device is a sample, but for one that met the link's events.
        self.assertLessEqual(n_samples, self.reads(daemon, eni))
        self.assertGreaterEqual(n_samples + counted(documents, "self_samples_missed"), self.reads(daemon, eni))
        self.check_records(documents)

    def check_records(self, documents):
        n_made = len(documents) - self.check_records_made(documents)
        self.assert_counted(documents, self_records_made=n_made)
        # Two records a window; those of one that was closed late, by the last tick, went after that.
        self.assertIn(n_made - counted(documents, "self_records_delivered"), (0, 1, 2))
        self.assertNotIn("self_delivery_age_ms", documents[0])
        ages = properties(documents, "self_delivery_age_ms")
        self.assertTrue(0 < statistics.median_low(ages) < 1000 + 1500, ages)  # all but where the machine was held up

    def test_reads_that_fail_are_missed_samples(self):
        eni = self.bench.add("ens5")

        def fail_for_a_while():
            n_failed = 10
            while n_failed >= 10:  # of so many in a row it is left alone, which is no read
                daemon = self.run_daemon("publish.quiet_enis=send", pace=HOUR)
                self.wait_for_samples(daemon)
                eni.fail(19, "GSTATS")
                first = self.reads(daemon, eni)
                self.wait_for_reads(daemon, 4)
                last = self.reads(daemon, eni)
                eni.heal()
                n_failed = self.reads(daemon, eni) - first + 1
                self.wait_for_reads(daemon)
                self.stop(daemon)
            return daemon, first, last
        daemon, first, last = self.undisturbed(fail_for_a_while)
        documents = bodies(daemon)
        n_read, n_good = self.reads(daemon, eni), self.n_published(documents, eni) + 1
        self.assert_counted(documents, self_samples=n_good, self_samples_missed=n_read - n_good, self_suspect=0,
                            self_lies=0, self_resets=0, self_rebased=0)
        self.assertGreaterEqual(n_read - n_good, last - first)
        self.assertTrue(any(f"readable again after {n_read - n_good} failed reads" in line for line in daemon.log))

    def test_agent_that_comes_back_is_a_reconnect(self):
        eni, agent = self.bench.add("ens5"), self.bench.agent()
        daemon = self.run_to_agent(agent, pace=SECOND)
        self.wait_for_samples(daemon)
        agent.wait_for(lambda a: a.documents, 30)
        self.after_its_last_word(daemon, agent, agent.reset)
        n_seen = len(agent.documents)
        agent.wait_for(lambda a: a.n_connections == 2 and len(a.documents) > n_seen, 30)
        self.after_its_last_word(daemon, agent, agent.stop)
        self.wait_for_reads(daemon, 30)
        agent.start()
        n_seen = len(agent.documents)
        agent.wait_for(lambda a: len(a.documents) > n_seen, 30)
        n_seen = len(agent.documents)
        self.wait_for_reads(daemon, 3)
        self.stop(daemon)
        agent.catch_up()
        documents = bodies(agent)
        self.assertEqual(agent.n_connections, 3)
        self.assert_identified(documents)
        n_made = len(documents) - self.check_records_made(documents)
        self.assert_counted(documents, self_reconnects=2, self_records_made=n_made, self_records_refused=0,
                            self_records_dropped=0)
        # What the agent had before the last three samples, and nothing that was not made.
        self.assertGreaterEqual(counted(documents, "self_records_delivered"), n_seen)
        self.assertLessEqual(counted(documents, "self_records_delivered"), n_made)
        # Three windows ended while it was away, the last of them 2.5 s after the last delivery, or if that was late
        # and had no sample of ours, the one before.
        self.assertGreaterEqual(max(properties(documents, "self_delivery_age_ms")), 1500)

    def test_what_is_asked_for_becomes_a_metric_with_its_unit(self):
        eni, slow = self.bench.add("ens5"), self.bench.add("ens6")
        eni.set(pps_allowance_exceeded=100)
        slow.latency(60)
        daemon = self.run_daemon("publish.metrics=default, self_lies, self_read_ms", "publish.quiet_enis=send",
                                 pace=HOUR)
        self.wait_for_samples(daemon)
        eni.zeros()
        self.wait_for_reads(daemon)
        eni.heal()
        self.wait_for_reads(daemon)
        self.stop(daemon)
        documents = bodies(daemon)
        for d in documents:
            expected = {"self_read_ms": "Milliseconds", **({"self_lies": "Count"} if is_instance(d) else {})}
            self.assertEqual({name: unit for name, unit in units(d).items() if name.startswith("self_")}, expected)
        self.assertEqual(values(documents, "self_lies"), [1], "a value for the window")
        self.check_read_times(documents, *([self.reads(daemon, e), *values(documents, "self_read_ms", of_mac(e.mac))]
                                           for e in (eni, slow)))

    def check_read_times(self, documents, eni, slow):
        """How often each was read, and how long each read took; a tick of the instance has the longest."""
        for n_reads, *times in (eni, slow):
            self.assertEqual(len(times), n_reads)
        self.assertEqual(max(values(documents, "self_read_ms")), max(eni[1:] + slow[1:]))
        # A machine under load makes reads longer, and none shorter.
        self.assertGreaterEqual(min(slow[1:]), 60 - 1)
        self.assertLess(min(slow[1:]), 60 + 30)
        self.assertLess(min(eni[1:]), 30)


class Unsupported(OnRig):
    def said(self, daemon, word):
        return [line for line in daemon.log if "does not offer" in line and word in line]

    def test_what_no_eni_offers_is_listed_and_never_zero(self):
        bare = rig_library.ena_stats(available=None, srd=False)
        for name in ("ens5", "ens6"):
            self.bench.add(name, stats=bare, version="2.2.10g")
        daemon = self.run_daemon("publish.quiet_enis=send", pace=HOUR)
        self.wait_for_samples(daemon)
        self.assertEqual(daemon.stop(), 0, daemon)
        documents = bodies(daemon)
        self.assertEqual(len(documents), 3)
        for d in documents:
            self.assertEqual(sorted(d["unsupported"]), sorted(SRD + [SRD_SHARE] + ([] if is_eni(d) else [AVAILABLE, USED])))
            self.assertFalse({AVAILABLE, USED, SRD_MODE, SRD_SHARE, *SRD} & (set(d) | names_of_metrics(d)))
            self.assertTrue(set(EXCEEDED) <= names_of_metrics(d))
        for word, needs in ((AVAILABLE, "ENA driver 2.8.1"), (", ".join(SRD), "ENA driver 2.8.0")):
            lines = self.said(daemon, word)
            self.assertEqual(len(lines), 1, daemon)
            self.assertIn("ens5: driver ena 2.2.10g ", lines[0])
            self.assertIn(needs, lines[0])

    def test_what_one_eni_offers_the_instance_has(self):
        whole = self.bench.add("ens5")
        bare = self.bench.add("ens6", stats=rig_library.ena_stats(available=None, srd=False), version="2.2.10g")
        daemon = self.run_daemon("publish.quiet_enis=send", pace=HOUR)
        self.wait_for_samples(daemon)
        self.assertEqual(daemon.stop(), 0, daemon)
        documents = bodies(daemon)
        self.assertEqual([d["unsupported"] for d in documents if of_mac(bare.mac)(d)], [SRD + [SRD_SHARE]])
        self.assertEqual([d for d in documents if "unsupported" in d and not of_mac(bare.mac)(d)], [])
        self.assertEqual(set(values(documents, AVAILABLE)), {whole.get(AVAILABLE)})
        self.assertEqual(len(self.said(daemon, AVAILABLE)), 1, daemon)


class Derived(OnRig):
    def test_share_of_ena_express(self):
        """Modes, from ena_admin_defs.h: bit 0 is on; 2 is off, with the setting for UDP remembered."""
        half, third, idle, off, away = enis = [self.bench.add(f"ens{i}") for i in range(5, 10)]
        for eni, mode in zip(enis, (1, 3, 1, 2, 0)):
            eni.set(ena_srd_mode=mode)
        half.set(ena_srd_tx_pkts=1000, ena_srd_eligible_tx_pkts=5000)
        daemon = self.run_daemon("publish.quiet_enis=send", pace=HOUR)
        self.wait_for_samples(daemon)
        half.add(ena_srd_tx_pkts=30, ena_srd_eligible_tx_pkts=40, ena_srd_rx_pkts=5)
        third.add(ena_srd_tx_pkts=1, ena_srd_eligible_tx_pkts=3)
        self.wait_for_reads(daemon)
        self.assertEqual(daemon.stop(), 0, daemon)
        documents = bodies(daemon)
        # 30 of 40, 1 of 3; of the instance 31 of 43 = 72.093 %.
        for keep, shares in ((of_mac(half.mac), [75]), (of_mac(third.mac), [33.33]), (of_mac(idle.mac), []),
                             (is_instance, [72.09])):
            self.assertEqual(values(documents, SRD_SHARE, keep), shares)
        self.assertEqual([properties(documents, SRD_MODE, of_mac(eni.mac)) for eni in enis], [[1], [3], [1], [2], [0]])
        for d in documents:
            expected = set(SRD) | ({SRD_SHARE} if SRD_SHARE in d else set())
            is_off = d.get("mac") in (off.mac, away.mac)
            self.assertEqual({name for name in units(d) if "srd" in name}, set() if is_off else expected)
            self.assertEqual({name for name in d if "srd" in name} - {SRD_MODE}, set() if is_off else expected)
            self.assertNotIn("unsupported", d)
            self.assertEqual(units(d).get(SRD_SHARE, "Percent"), "Percent")
        self.assertEqual((total(documents, "ena_srd_tx_pkts"), total(documents, "ena_srd_rx_pkts")), (31, 5))
        self.assertEqual(properties(documents, SRD_MODE), [], "the instance has no mode")

    def test_used_share_of_tracked_connections_is_of_the_most_that_was_ever_left(self):
        first, second = self.bench.add("ens5"), self.bench.add("ens6")
        # The second one always has 136000 left; the least of both is the instance's.
        steps = ((136000, 136000, 0), (68000, 68000, 50), (90667, 90667, 33.33), (272000, 136000, 50),
                 (34000, 34000, 87.5))

        def take_steps():
            first.set(conntrack_allowance_available=steps[0][0])
            daemon = self.run_daemon(pace=SECOND)
            self.wait_for_samples(daemon)
            for available, _, _ in steps[1:]:
                first.set(conntrack_allowance_available=available)
                self.wait_for_reads(daemon)
            n_seen = len(daemon.documents)
            daemon.wait_for(lambda d: len(d.documents) >= n_seen + 2, 30)  # in another window it is the same
            self.assertEqual(daemon.stop(), 0, daemon)
            return (daemon,)
        daemon, = self.undisturbed(take_steps)
        documents = bodies(daemon)
        for name, expected in ((AVAILABLE, [left for _, left, _ in steps]), (USED, [used for _, _, used in steps])):
            self.assertEqual([value for value, _ in itertools.groupby(values(documents, name))], expected)
        self.assertEqual({units(d)[USED] for d in documents}, {"Percent"})
        self.assertEqual(second.get(AVAILABLE), 136000)


if __name__ == "__main__":
    main()
