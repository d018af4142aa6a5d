# SPDX-License-Identifier: Apache-2.0
"""SIGHUP: another configuration takes effect, and nothing that was counted before, meanwhile or after is missing."""
import os
import re
import signal
import time

from harness import BINARY, DATA, INSTANCE, OnRig, bodies, counted, is_eni, is_instance, main, name_of, total

from rig_agent import unacknowledged

PPS = "pps_allowance_exceeded"
IN_FORCE, AS_IT_WAS = "the new configuration is in force", "the configuration stays as it was"


class Reload(OnRig):
    def setUp(self):
        super().setUp()
        self.eni, self.moved = self.bench.add("ens5"), 0
        self.path = os.path.join(self.bench.directory, "node.conf")

    def write(self, *lines, sink="stdout"):
        """A configuration; a line has its section, as with -o."""
        known = ["sample.interval=100ms", "sample.budget=100", "publish.period=1h", f"publish.sink={sink}",
                 "identity.imds=off", f"identity.instance_id={INSTANCE}", "publish.quiet_enis=send"]
        with open(self.path, "w", encoding="ascii") as file:
            for line in [*known, *lines]:
                section, rest = line.split(".", 1)
                file.write(f"[{section}]\n{rest}\n")

    def run_node(self, *lines, sink="stdout", options=()):
        self.write(*lines, sink=sink)
        daemon = self.bench.start(BINARY, "run", "-c", self.path, *options)
        self.wait_for_samples(daemon)
        return daemon

    def count(self, n):
        self.eni.add(**{PPS: n})
        self.moved += n

    def said(self, daemon, text):
        return [line for line in daemon.log if text in line]

    def reload(self, daemon, said=IN_FORCE, timeout=60):
        """Until it has said so once more. Something is counted before, and right after the signal."""
        n_said = len(self.said(daemon, said))
        self.count(3)
        daemon.signal(signal.SIGHUP)
        self.count(5)
        daemon.wait_for(lambda d: len(self.said(d, said)) > n_said, timeout)

    def end(self, daemon, *sinks):
        """All that was counted has arrived, in documents that have names of their own."""
        self.wait_for_reads(daemon)
        self.count(7)
        self.assertEqual(daemon.stop(), 0, daemon)
        for sink in sinks:
            sink.catch_up()
        documents = [d for sink in (daemon, *sinks) for d in bodies(sink)]
        self.assert_identified(documents)
        self.assertEqual(total(documents, PPS, is_eni), self.moved)
        self.assertEqual(total(documents, PPS, is_instance), self.moved)
        return documents

    def assert_windows_of_a_second(self, starts):
        """A machine under load may leave some out."""
        distances = {b - a for a, b in zip(starts, starts[1:])}
        self.assertEqual(min(distances), 1000)
        self.assertEqual({d % 1000 for d in distances}, {0})

    def test_a_new_period_and_new_labels_take_effect_and_the_open_window_is_published(self):
        daemon = self.run_node("identity.property.team=old")
        self.count(1000)
        self.wait_for_reads(daemon)
        self.assertEqual(daemon.documents, [])
        self.write("identity.property.team=new", "publish.period=1s", "sample.interval=200ms")
        self.reload(daemon)
        daemon.wait_for(lambda d: sum(is_instance(a.document) for a in d.documents) >= 4, 30)
        documents = self.end(daemon)
        instance = [d for d in documents if is_instance(d)]
        self.assertEqual([d["sample_ms"] for d in instance[:2]], [100, 200])
        self.assertGreaterEqual(total(instance[:1], PPS), 1000)
        # Labels are those of the time at which a document is sent.
        self.assertEqual({d["team"] for d in documents}, {"new"})
        starts = [d["_aws"]["Timestamp"] for d in instance[1:]]
        self.assert_windows_of_a_second(starts)
        self.assertEqual(len({d["boot"] for d in documents}), 1)

    def test_another_agent_takes_over(self):
        first, second = self.bench.agent(), self.bench.agent()
        daemon = self.run_node("publish.period=1s", f"agent.endpoint={first.endpoint}", sink="agent")
        self.count(100)
        first.wait_for(lambda a: a.documents, 30)
        self.write("publish.period=1s", f"agent.endpoint={second.endpoint}", sink="agent")
        self.reload(daemon)
        first.catch_up()
        n_first = len(first.documents)
        second.wait_for(lambda a: a.documents, 30)
        self.end(daemon, first, second)
        self.assertEqual(len(first.documents), n_first)

    def test_a_bad_file_leaves_everything_as_it_was_and_says_where_it_is_bad(self):
        daemon = self.run_node("publish.period=1s")
        daemon.wait_for(lambda d: d.documents, 30)
        self.write("publish.period=7s")
        self.reload(daemon, AS_IT_WAS)
        with open(self.path, encoding="ascii") as file:
            lines = file.read().splitlines()
        self.assertIn(f"{self.path}:{lines.index('period=7s') + 1}: ", self.said(daemon, "publish.period")[0])
        os.unlink(self.path)
        self.reload(daemon, AS_IT_WAS)
        n_seen = len(daemon.documents)
        daemon.wait_for(lambda d: len(d.documents) > n_seen, 30)
        self.assertEqual(self.said(daemon, IN_FORCE), [])
        documents = [d for d in self.end(daemon) if is_instance(d)][1:]
        self.assert_windows_of_a_second([d["_aws"]["Timestamp"] for d in documents])

    def test_counts_of_our_own_health_go_on(self):
        def stand_still_and_reload():
            began, self.moved = time.monotonic(), 0
            daemon = self.run_node()
            self.wait_between_ticks()
            with self.held(daemon):
                time.sleep(3)
            self.wait_for_reads(daemon)
            for _ in range(3):
                self.reload(daemon)
            return daemon, self.end(daemon), (time.monotonic() - began) * 10
        daemon, documents, n_due = self.undisturbed(stand_still_and_reload)
        n_reads = daemon.counts()[(self.eni.mac, "GSTATS")]
        # Thirty ticks were due meanwhile, and one of them was made late: they are told, and once. A reload and the end
        # have ticks of their own.
        self.assertGreaterEqual(counted(documents, "self_ticks_missed"), 27)
        self.assertLessEqual(n_reads + counted(documents, "self_ticks_missed"), n_due + 3 + 1)
        self.assertGreaterEqual(counted(documents, "self_ticks_late"), 1)
        self.assertEqual(counted(documents, "self_samples") + counted(documents, "self_samples_missed"), n_reads)

    def test_a_recording_is_refused(self):
        daemon = self.run_node()
        self.write(f"sample.replay={DATA / 'burst'}")
        self.reload(daemon, AS_IT_WAS)
        self.assertEqual(len(self.said(daemon, "sample.replay: ")), 1, daemon)
        self.end(daemon)

    def test_the_journal_stays_where_it_is(self):
        one, other = (os.path.join(self.bench.directory, name) for name in ("one", "other"))
        daemon = self.run_node(f"journal.directory={one}")
        self.write(f"journal.directory={other}")
        self.reload(daemon)
        self.assertEqual(len(self.said(daemon, "journal.directory: stays as it is until a restart")), 1, daemon)
        self.assertFalse(os.path.exists(other))
        self.write(f"journal.directory={one}")
        self.reload(daemon)
        self.assertEqual(len(self.said(daemon, "journal.directory: stays as it is until a restart")), 1, daemon)
        self.end(daemon)
        self.assertTrue(os.path.exists(os.path.join(one, "journal")))

    def test_options_of_the_command_line_outlast_it(self):
        daemon = self.run_node("identity.property.team=file", options=["-o", "identity.property.team=line"])
        self.write("identity.property.team=other")
        self.reload(daemon)
        self.assertEqual({d["team"] for d in self.end(daemon)}, {"line"})

    def test_an_agent_that_is_stuck_with_a_batch_delays_it_for_no_longer_than_a_drain(self):
        agent = self.bench.agent(receive_buffer=4096)
        ballast = [f"identity.property.ballast{i}={'x' * 1000}" for i in range(8)]
        lines = [f"agent.endpoint={agent.endpoint}", "publish.period=1s", "run.drain=1s", *ballast]
        daemon = self.run_node(*lines, sink="agent")
        agent.wait_for(lambda a: a.documents, 30)
        agent.pause()
        stuck_s, end = 0, time.monotonic() + 90
        while stuck_s < 1.5:  # the buffers of the connection are full
            self.count(11)
            time.sleep(0.1)
            stuck_s = stuck_s + 0.1 if any(unacknowledged(agent.port)) else 0
            self.assertLess(time.monotonic(), end, daemon)
        self.write(*lines, "identity.property.team=new", sink="agent")
        began = time.monotonic()
        self.reload(daemon)
        self.assertGreater(time.monotonic() - began, 0.5)
        self.assertLess(time.monotonic() - began, 15)  # most of it is for a machine under load
        doubts = self.said(daemon, "has not answered for")
        self.assertEqual(len(doubts), 1, daemon)
        agent.resume()
        self.write(*lines, "identity.property.team=new", "run.drain=60s", sink="agent")
        self.reload(daemon)
        self.wait_for_reads(daemon)
        self.count(7)
        self.assertEqual(daemon.stop(90), 0, daemon)
        agent.catch_up()
        documents = {name_of(d): d for d in bodies(agent)}
        self.assertEqual(total(documents.values(), PPS, is_eni), self.moved)
        self.assertEqual(total(documents.values(), PPS, is_instance), self.moved)
        self.assertEqual(agent.garbage, [])
        n_doubted = int(re.search(r"has not answered for (\d+) documents", doubts[0]).group(1))
        self.assertGreaterEqual(counted(documents.values(), "self_maybe_doubled"), n_doubted)
        self.assertEqual({d.get("team") for d in documents.values() if d["sequence"] == max(
            d["sequence"] for d in documents.values())}, {"new"})

    def test_many_signals_in_a_row_lose_nothing(self):
        daemon = self.run_node("publish.period=1s", "sample.interval=100ms")
        for turn in range(30):
            self.write("publish.period=1s", f"identity.property.turn={turn}",
                       f"sample.interval={100 + turn}ms")
            self.count(1)
            daemon.signal(signal.SIGHUP)
            time.sleep(0.01 * (turn % 7))
        self.write("publish.period=1s", "identity.property.turn=last")
        self.reload(daemon)
        self.assertEqual(self.end(daemon)[-1]["turn"], "last")


if __name__ == "__main__":
    main()
