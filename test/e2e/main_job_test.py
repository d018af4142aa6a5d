# SPDX-License-Identifier: Apache-2.0
"""The main job on the rig: counters in, exact EMF out."""
import signal
import time

from harness import (AVAILABLE, BINARY, EXCEEDED, INSTANCE, OnRig, bodies, is_eni, is_instance, main, of_mac, total,
                     values, rig_library)


class MainJob(OnRig):
    def test_two_enis_sum_to_last_minus_first(self):
        first, second = self.bench.add("ens5"), self.bench.add("ens6")
        first.set(bw_in_allowance_exceeded=123456789, pps_allowance_exceeded=17)
        daemon = self.run_daemon()
        self.wait_for_samples(daemon)
        for step in range(1, 16):
            first.add(bw_in_allowance_exceeded=step, pps_allowance_exceeded=3)
            second.add(linklocal_allowance_exceeded=step * 2)
            time.sleep(0.2)
        self.assertEqual(daemon.stop(), 0, daemon)
        documents = bodies(daemon)
        self.assert_identified(documents)
        self.assert_published(documents, first, bw_in_allowance_exceeded=120, pps_allowance_exceeded=45)
        self.assert_published(documents, second, linklocal_allowance_exceeded=240)
        for metric in EXCEEDED:
            self.assertEqual(total(documents, metric), total(documents, metric, is_eni), metric)

    def test_instance_values_are_the_sum_and_the_minimum_per_sample(self):
        first, second = self.bench.add("ens5"), self.bench.add("ens6")
        first.set(conntrack_allowance_available=9000)
        second.set(conntrack_allowance_available=4000)
        daemon = self.run_daemon("publish.quiet_enis=send",
                                 "publish.metrics=default, conntrack_allowance_available", "sample.budget=100")
        self.wait_for_samples(daemon)
        end = time.monotonic() + 60
        while not self.whole_windows(bodies(daemon)) and time.monotonic() < end:
            first.add(pps_allowance_exceeded=5)
            second.add(pps_allowance_exceeded=6)
            time.sleep(0.1)
        self.assertTrue(self.whole_windows(bodies(daemon)), daemon)
        self.assertEqual(daemon.stop(), 0, daemon)
        documents = bodies(daemon)
        for enis, instance, _ in self.windows(documents):
            self.assertEqual(sum(map(sum, enis)), sum(instance))
        for enis, instance, available in self.whole_windows(documents):
            self.assertEqual([sum(v) for v in zip(*enis)], instance)
            self.assertEqual(set(available), {4000})

    def windows(self, documents):
        """Of each window the packets that are told of every ENI, those of the instance, and the connections left."""
        packets = "pps_allowance_exceeded"
        for sequence in {d["_aws"]["Timestamp"] for d in documents}:
            same = [d for d in documents if d["_aws"]["Timestamp"] == sequence]
            yield ([values([d], packets, is_eni) for d in same if is_eni(d)], values(same, packets),
                   values(same, AVAILABLE))

    def whole_windows(self, documents):
        """Those in which every sample of the instance is one of each ENI, and something moved: on a machine under load
        a slow read lets an ENI be read less often for some seconds."""
        return [window for window in self.windows(documents)
                if sum(window[1]) > 0 and {len(eni) for eni in window[0]} == {len(window[1])}]

    def test_burst_of_one_second_stands_alone_in_its_element(self):
        eni = self.bench.add("ens5")
        daemon = self.run_daemon("sample.budget=100", pace=["-o", "publish.period=5s"])
        self.wait_for_samples(daemon)
        time.sleep((0.5 - time.time()) % 1)
        eni.add(bw_out_allowance_exceeded=48211)
        self.wait_for_reads(daemon)
        daemon.wait_for(lambda d: self.full(bodies(d)), 60)
        self.assertEqual(daemon.stop(), 0, daemon)
        moved = [v for v in values(bodies(daemon), "bw_out_allowance_exceeded") if v]
        self.assertEqual(moved, [48211])
        self.assertTrue(self.full(bodies(daemon)), "no window of five seconds has five values")

    def full(self, documents):
        return [d for d in documents if is_instance(d) and len(d.get("bw_out_allowance_exceeded", [])) == 5]

    def test_documents_are_what_cloudwatch_takes(self):
        eni = self.bench.add("ens5")
        before = int(time.time() * 1000)
        daemon = self.run_daemon("identity.cluster=blue", "identity.property.team=net")
        self.wait_for_samples(daemon)
        eni.add(conntrack_allowance_exceeded=2)
        daemon.wait_for(lambda d: any(is_eni(a.document) for a in d.documents), 30)
        self.assertEqual(daemon.stop(), 0, daemon)
        instance = next(d for d in bodies(daemon) if is_instance(d))
        directive = instance["_aws"]["CloudWatchMetrics"][0]
        self.assertEqual(directive["Namespace"], "EnaWatch")
        self.assertEqual(directive["Dimensions"], [["InstanceId"], ["ClusterName"]])
        self.assertEqual(instance["_aws"]["LogGroupName"], "/enawatch/metrics")
        self.assertEqual(instance["_aws"]["Timestamp"] % 2000, 0)
        self.assertGreaterEqual(instance["_aws"]["Timestamp"], before - 2000)
        self.assertEqual((instance["InstanceId"], instance["ClusterName"], instance["team"]),
                         (INSTANCE, "blue", "net"))
        eni_document = next(d for d in bodies(daemon) if is_eni(d))
        self.assertEqual(eni_document["_aws"]["CloudWatchMetrics"][0]["Dimensions"],
                         [["InstanceId", "NetworkInterfaceId"]])
        self.assertEqual(eni_document["NetworkInterfaceId"], eni.mac)
        self.assertEqual(eni_document["throttled"], {"conntrack_allowance_exceeded": 1})
        self.assertEqual((eni_document["interface"], eni_document["driver_version"]), ("ens5", "2.17.0g"))
        for document in bodies(daemon):
            for metric in document["_aws"]["CloudWatchMetrics"][0]["Metrics"]:
                self.assertIsInstance(document[metric["Name"]], list)

    def test_quiet_eni_is_not_published_and_the_instance_always_is(self):
        self.bench.add("ens5")
        daemon = self.run_daemon()
        daemon.wait_for(lambda d: len(d.documents) >= 2, 30)
        self.assertEqual(daemon.stop(), 0, daemon)
        self.assertFalse([d for d in bodies(daemon) if is_eni(d)])
        self.assertEqual(set(values(bodies(daemon), "bw_in_allowance_exceeded")), {0})

    def test_default_window_of_the_node_costs_a_read_per_second(self):
        eni = self.bench.add("ens5")
        daemon = self.run_daemon("sample.budget=100", pace=["-o", "publish.period=5s"])
        self.wait_for_samples(daemon)
        reads = 0
        for _ in range(4):  # a machine under load may miss some of five seconds, but makes up for none
            began, before = time.monotonic(), daemon.counts()
            time.sleep(5)
            after, lasted = daemon.counts(), time.monotonic() - began
            reads = after[(eni.mac, "GSTATS")] - before[(eni.mac, "GSTATS")]
            names = after[(eni.mac, "GSTRINGS")] - before[(eni.mac, "GSTRINGS")]
            self.assertLessEqual(reads, lasted + 1)
            self.assertLessEqual(names, lasted / 5 + 1)
            if reads >= 4:
                break
        self.assertGreaterEqual(reads, 4)
        daemon.stop()

    def test_periods_end_the_program(self):
        self.bench.add("ens5")
        daemon = self.bench.start(BINARY, "run", "--periods", "2", "-o", "publish.sink=stdout",
                                  "-o", "sample.interval=100ms", "-o", "publish.period=1s")
        self.assertEqual(daemon.wait(), 0)
        self.assertEqual(len({d["_aws"]["Timestamp"] for d in bodies(daemon)}), 2)

    def test_sigterm_publishes_the_open_window_with_a_last_sample(self):
        eni = self.bench.add("ens5")
        daemon = self.run_daemon(pace=["-o", "sample.interval=1s", "-o", "publish.period=1h"])
        self.wait_for_samples(daemon, 2)
        eni.add(pps_allowance_exceeded=11)
        self.assertEqual(daemon.stop(), 0, daemon)
        self.assertEqual(total(bodies(daemon), "pps_allowance_exceeded"), 11)
        self.assertEqual(bodies(daemon)[0]["_aws"]["Timestamp"] % 3600000, 0)


class Devices(OnRig):
    def wait_for_calls(self, daemon, command, *enis):
        """Until each device was asked this once more."""
        before = daemon.counts()
        keys = [(eni.mac, command) for eni in enis]
        daemon.wait_for(lambda d: (now := d.counts()) and all(now.get(k, 0) > before.get(k, 0) for k in keys), 60)

    def test_eni_that_is_attached_later_is_not_counted_from_its_history(self):
        self.bench.add("ens5")
        daemon = self.run_daemon()
        self.wait_for_samples(daemon)
        late = self.bench.add("ens6")
        late_history = dict(bw_in_allowance_exceeded=900000)
        late.set(**late_history)
        time.sleep(0.5)
        moved_before = late.get("bw_in_allowance_exceeded")
        self.wait_for_samples(daemon)
        late.add(bw_in_allowance_exceeded=21)
        time.sleep(0.5)
        daemon.stop()
        published = total(bodies(daemon), "bw_in_allowance_exceeded", of_mac(late.mac))
        self.assertIn(published, (21, 21 + moved_before), "neither with nor without the second value")
        self.assertLess(published % 900000, 22)

    def test_rename_changes_nothing(self):
        eni = self.bench.add("eth0")
        daemon = self.run_daemon()
        self.wait_for_samples(daemon)
        eni.add(pps_allowance_exceeded=4)
        time.sleep(0.3)
        eni.rename("ens5")
        eni.add(pps_allowance_exceeded=5)
        self.wait_for_reads(daemon)
        self.assertEqual(daemon.stop(), 0, daemon)
        self.assert_published(bodies(daemon), eni, pps_allowance_exceeded=9)
        self.assertTrue(any("eth0 is now called ens5" in line for line in daemon.log), daemon)

    def test_eni_that_leaves_takes_nothing_with_it(self):
        stays, leaves = self.bench.add("ens5"), self.bench.add("ens6")
        daemon = self.run_daemon()
        self.wait_for_samples(daemon)
        leaves.add(bw_in_allowance_exceeded=8)
        self.wait_for_reads(daemon)
        leaves.remove()
        stays.add(bw_in_allowance_exceeded=3)
        time.sleep(2.5)
        self.assertEqual(daemon.stop(), 0, daemon)
        self.assert_published(bodies(daemon), stays, bw_in_allowance_exceeded=3)
        self.assert_published(bodies(daemon), leaves, bw_in_allowance_exceeded=8)
        self.assertEqual(total(bodies(daemon), "bw_in_allowance_exceeded"), 11)

    def test_reloaded_device_starts_at_zero(self):
        eni = self.bench.add("ens5")
        eni.set(pps_allowance_exceeded=5000)
        daemon = self.run_daemon()
        self.wait_for_samples(daemon)
        eni.replace(keep_stats=False)
        time.sleep(0.5)
        eni.add(pps_allowance_exceeded=6)
        self.wait_for_reads(daemon)
        self.assertEqual(daemon.stop(), 0, daemon)
        self.assert_published(bodies(daemon), eni, pps_allowance_exceeded=6)

    def test_errno_keeps_the_baseline_and_is_said_once(self):
        eni = self.bench.add("ens5")
        daemon = self.run_daemon()
        self.wait_for_samples(daemon)
        eni.fail(19)
        eni.add(linklocal_allowance_exceeded=50)
        daemon.wait_for(lambda d: any("cannot read the statistics" in line for line in d.log))
        time.sleep(0.6)
        eni.heal()
        self.wait_for_reads(daemon)
        self.assertEqual(daemon.stop(), 0, daemon)
        self.assert_published(bodies(daemon), eni, linklocal_allowance_exceeded=50)
        said = [line for line in daemon.log if "cannot read the statistics" in line]
        self.assertEqual(len(said), 1, daemon)
        gap = [d["gap_ms"] for d in bodies(daemon) if d.get("gap_ms")]
        self.assertTrue(gap and max(gap) >= 500, gap)

    def test_zeros_of_a_failed_command_are_not_published(self):
        eni = self.bench.add("ens5")
        eni.set(bw_in_allowance_exceeded=7000)
        daemon = self.run_daemon()
        self.wait_for_samples(daemon)
        eni.zeros()
        time.sleep(0.7)
        eni.add(bw_in_allowance_exceeded=9)
        eni.heal()
        time.sleep(0.7)
        self.assertEqual(daemon.stop(), 0, daemon)
        self.assert_published(bodies(daemon), eni, bw_in_allowance_exceeded=9)
        self.assertNotIn(0, values(bodies(daemon), AVAILABLE))

    def names_move(self, kernel):
        eni = self.bench.add("ens5")
        eni.kernel(kernel)
        daemon = self.run_daemon()
        self.wait_for_samples(daemon)
        eni.replace_stats({"rx_first": 1, **dict(reversed(eni.stats.items()))})
        eni.add(pps_allowance_exceeded=13)
        self.wait_for_reads(daemon, 4)  # one is lost with the old names, the next brings the new ones
        self.assertEqual(daemon.stop(), 0, daemon)
        self.assert_published(bodies(daemon), eni, pps_allowance_exceeded=13)

    def test_names_that_move_are_found_again(self):
        self.names_move("new")

    def test_names_that_move_are_found_again_on_kernels_that_ignore_the_count(self):
        self.names_move("old")

    def test_same_count_with_other_names_is_noticed_within_a_window(self):
        eni = self.bench.add("ens5")
        daemon = self.run_daemon()
        self.wait_for_samples(daemon)
        eni.replace_stats(dict(reversed(eni.stats.items())))
        self.wait_for_calls(daemon, "GSTRINGS", eni)
        self.wait_for_reads(daemon)
        eni.add(pps_allowance_exceeded=13)
        self.wait_for_reads(daemon)
        daemon.stop()
        self.assertGreaterEqual(total(bodies(daemon), "pps_allowance_exceeded"), 13)

    def test_odd_names_and_thousands_of_statistics_are_survived(self):
        eni = self.bench.add("ens5")
        eni.replace_stats({**eni.stats, "caf\u00e9": 3, "x" * 32: 4, **{f"q_{i}": i for i in range(5000)}})
        daemon = self.run_daemon()
        self.wait_for_samples(daemon)
        eni.add(pps_allowance_exceeded=2)
        self.wait_for_reads(daemon)
        self.assertEqual(daemon.stop(), 0, daemon)
        self.assert_published(bodies(daemon), eni, pps_allowance_exceeded=2)
        self.assertTrue(any("2 statistic names" in line for line in daemon.log), daemon)

    def test_device_without_allowances_is_said_and_others_go_on(self):
        bare = self.bench.add("ens5", stats={"tx_timeout": 0, "suspend": 0})
        eni = self.bench.add("ens6")
        daemon = self.run_daemon()
        self.wait_for_samples(daemon)
        eni.add(pps_allowance_exceeded=2)
        self.wait_for_reads(daemon)
        self.assertEqual(daemon.stop(), 0, daemon)
        self.assert_published(bodies(daemon), eni, pps_allowance_exceeded=2)
        said = [line for line in daemon.log if "offers no allowance statistics" in line]
        self.assertEqual(len(said), 1, daemon)
        self.assertIn(bare.name, said[0])

    def test_no_interface_is_no_error_and_one_that_comes_is_read(self):
        daemon = self.run_daemon()
        daemon.wait_for(lambda d: any("waiting for one" in line for line in d.log), 30)
        eni = self.bench.add("ens5")
        self.wait_for_samples(daemon)
        eni.add(pps_allowance_exceeded=2)
        self.wait_for_reads(daemon)
        self.assertEqual(daemon.stop(), 0, daemon)
        self.assert_published(bodies(daemon), eni, pps_allowance_exceeded=2)

    def test_slow_device_delays_a_signal_by_no_more_than_its_own_read(self):
        slow = self.bench.add("ens5")
        for i in range(4):
            self.bench.add(f"eth{i}")

        def stop():
            slow.heal()
            daemon = self.run_daemon(pace=["-o", "publish.period=5s"])
            self.wait_for_samples(daemon)
            slow.latency(1500)
            time.sleep(2)
            began = time.monotonic()
            self.assertEqual(daemon.stop(), 0, daemon)
            return time.monotonic() - began
        # The read that was under way, and the one of the last sample.
        self.assert_within(2 * 1.5 + 1.5, stop)

    def test_name_that_passes_to_another_device_in_the_middle_of_a_tick(self):
        """A slow read before them gives two ENIs time to swap their names: no value changes its owner."""
        slow, low, high = self.bench.add("ens1"), self.bench.add("ens5"), self.bench.add("ens6")
        low.set(pps_allowance_exceeded=1000)
        high.set(pps_allowance_exceeded=900000)
        daemon = self.run_daemon(pace=["-o", "publish.period=60s"])
        self.wait_for_samples(daemon)
        slow.latency(1500)
        time.sleep(1.2)
        for _ in range(3):
            for first, second in ((low, high), (high, low)):
                first.rename("tmp0")
                second.rename("ens5")
                first.rename("ens6")
                time.sleep(1.3)
        slow.heal()
        time.sleep(1.5)
        self.assertEqual(daemon.stop(), 0, daemon)
        self.assertEqual(total(bodies(daemon), "pps_allowance_exceeded"), 0)

    def test_driver_that_cannot_be_asked_at_first_is_asked_again(self):
        eni = self.bench.add("ens5")
        eni.fail(19, "GDRVINFO")
        daemon = self.run_daemon()
        daemon.wait_for(lambda d: any("waiting for one" in line for line in d.log), 30)
        time.sleep(0.5)
        self.assertEqual(len([line for line in daemon.log if "cannot be asked" in line]), 1, daemon)
        eni.heal()
        self.wait_for_samples(daemon)
        eni.add(pps_allowance_exceeded=7)
        self.wait_for_reads(daemon)
        self.assertEqual(daemon.stop(), 0, daemon)
        self.assert_published(bodies(daemon), eni, pps_allowance_exceeded=7)

    def test_foreign_interfaces_are_asked_once_under_each_name(self):
        """Each question takes the lock that a network plugin needs while pods come and go."""
        self.bench.add("ens5")
        daemon = self.run_daemon()
        self.wait_for_samples(daemon)
        before = daemon.counts().get(("kernel", "GDRVINFO"), 0)
        pods = [self.bench.add(f"pod{i}", driver="veth") for i in range(5)]
        self.wait_until_asked(daemon, pods, 1, before)
        for pod in pods:
            pod.rename(pod.name + "x")
        self.wait_until_asked(daemon, pods, 2, before)
        time.sleep(0.5)
        counts = daemon.counts()
        daemon.stop()
        self.assertLessEqual(counts.get(("kernel", "GDRVINFO"), 0) - before, 10)
        for pod in pods:
            self.assertEqual(counts[(pod.mac, "GDRVINFO")], 2)

    def wait_until_asked(self, daemon, pods, n, n_before):
        """So often each, and their far ends, which are the kernel's."""
        def are_asked(_):
            counts = daemon.counts()
            return min(counts.get((pod.mac, "GDRVINFO"), 0) for pod in pods) >= n and \
                counts.get(("kernel", "GDRVINFO"), 0) - n_before >= n * len(pods)
        daemon.wait_for(are_asked, 60)

    def test_port_that_leaves_a_bridge_is_not_gone(self):
        eni = self.bench.add("ens5")
        daemon = self.run_daemon()
        self.wait_for_samples(daemon)
        # An address of its own: a bridge takes that of its first port, by which the rig knows its devices.
        for words in (["link", "add", "br0", "address", "02:00:00:00:0b:00", "type", "bridge"],
                      ["link", "set", "ens5", "master", "br0"], ["link", "set", "ens5", "nomaster"]):
            rig_library.run("ip", *words)
        eni.add(pps_allowance_exceeded=3)
        self.wait_for_reads(daemon)
        self.assertEqual(daemon.stop(), 0, daemon)
        self.assert_published(bodies(daemon), eni, pps_allowance_exceeded=3)
        self.assertFalse([line for line in daemon.log if "is gone" in line], daemon)

    def test_links_with_long_messages_are_read(self):
        """Alternative names can make a link's message larger than any buffer one would start with."""
        eni = self.bench.add("ens5")
        for i in range(150):
            rig_library.run("ip", "link", "property", "add", "dev", "peerens5", "altname", f"{i:03}" + "a" * 118)
        daemon = self.run_daemon()
        self.wait_for_samples(daemon)
        eni.add(pps_allowance_exceeded=3)
        self.wait_for_reads(daemon)
        self.assertEqual(daemon.stop(), 0, daemon)
        self.assert_published(bodies(daemon), eni, pps_allowance_exceeded=3)

    def test_more_statistics_than_anybody_has_are_refused_once(self):
        eni = self.bench.add("ens5")
        eni.replace_stats({f"q_{i}": i for i in range(16385)})
        daemon = self.run_daemon()
        daemon.wait_for(lambda d: any("more than 16384" in line for line in d.log), 60)
        time.sleep(0.5)
        self.assertEqual(daemon.stop(), 0, daemon)
        said = [line for line in daemon.log if "more than 16384 statistics" in line]
        self.assertEqual(len(said), 1, daemon)

    def test_second_signal_ends_the_waiting_for_the_sink(self):
        self.bench.add("ens5")
        daemon = self.run_daemon("agent.endpoint=tcp://127.0.0.1:9", "run.drain=60s", sink="agent")
        self.wait_for_samples(daemon)
        began = time.monotonic()
        daemon.signal(signal.SIGTERM)
        daemon.wait_for(lambda d: any("publishing the open window" in line for line in d.log))
        time.sleep(0.5)
        daemon.signal(signal.SIGINT)
        self.assertEqual(daemon.wait(), 0, daemon)
        self.assertLess(time.monotonic() - began, 30)

    def test_real_veth_is_read_through_the_kernel(self):
        """No simulated device: the far ends of the pairs are ordinary veth interfaces of this kernel."""
        self.bench.add("ens5")
        daemon = self.run_daemon("sample.drivers=veth", "sample.interfaces=peer*", "publish.quiet_enis=send",
                                 "publish.metrics=rx_queue_0_xdp_packets")
        daemon.wait_for(lambda d: any(is_eni(a.document) for a in d.documents), 30)
        self.assertEqual(daemon.stop(), 0, daemon)
        eni = next(d for d in bodies(daemon) if is_eni(d))
        self.assertEqual((eni["interface"], eni["driver"]), ("peerens5", "veth"))
        self.assertEqual(set(eni["rx_queue_0_xdp_packets"]), {0})


if __name__ == "__main__":
    main()
