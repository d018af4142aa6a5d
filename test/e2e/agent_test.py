# SPDX-License-Identifier: Apache-2.0
"""The CloudWatch agent's socket on the rig: it stops, starts, hangs and resets, and nothing is missing."""
import time

from harness import OnRig, bodies, main, name_of, total

# A second's window, ten values each: much to send in a short test.
PACE = ["-o", "sample.interval=100ms", "-o", "publish.period=1s"]


class AgentSocket(OnRig):
    def move_for(self, eni, seconds, step=0.1):
        """Moves a counter all the time; returns by how much."""
        moved, end = 0, time.monotonic() + seconds
        while time.monotonic() < end:
            eni.add(pps_allowance_exceeded=7)
            moved += 7
            time.sleep(step)
        return moved

    def run_to(self, agent, *options, pace=PACE):
        """It waits for the agent at the end however long a machine under load takes."""
        return self.run_to_agent(agent, "run.drain=60s", *options, pace=pace)

    def end(self, daemon, agent, eni, moved):
        self.wait_for_reads(daemon)
        self.assertEqual(daemon.stop(90), 0, daemon)
        agent.catch_up()
        documents = {name_of(d): d for d in bodies(agent)}
        self.assertEqual(len(documents), len(agent.documents), "a document came twice")
        self.assert_published(list(documents.values()), eni, pps_allowance_exceeded=moved)
        self.assertEqual(total(documents.values(), "pps_allowance_exceeded"), moved)
        self.assertEqual(agent.garbage, [])

    def test_agent_that_stops_for_seconds_gets_everything(self):
        eni, agent = self.bench.add("ens5"), self.bench.agent()
        daemon = self.run_to(agent)
        self.wait_for_samples(daemon)
        moved = self.move_for(eni, 2)
        self.after_its_last_word(daemon, agent, agent.stop)
        moved += self.move_for(eni, 4)
        daemon.wait_for(lambda d: any("documents wait, trying again" in line for line in d.log))
        agent.start()
        moved += self.move_for(eni, 2)
        self.end(daemon, agent, eni, moved)
        self.assertTrue(any("connected again" in line for line in daemon.log), daemon)

    def test_agent_that_starts_late_gets_the_first_window(self):
        eni, agent = self.bench.add("ens5"), self.bench.agent()
        agent.stop()
        daemon = self.run_to(agent)
        self.wait_for_samples(daemon)
        moved = self.move_for(eni, 2)
        agent.start()
        agent.wait_for(lambda a: a.documents, 30)
        self.end(daemon, agent, eni, moved)

    def test_reset_connections_lose_nothing(self):
        eni, agent = self.bench.add("ens5"), self.bench.agent()
        daemon = self.run_to(agent)
        self.wait_for_samples(daemon)
        moved = 0
        for _ in range(3):
            moved += self.move_for(eni, 1.2)
            self.after_its_last_word(daemon, agent, agent.reset)
        moved += self.move_for(eni, 1)
        self.end(daemon, agent, eni, moved)

    def test_stuck_agent_delays_no_sample_and_gets_everything_later(self):
        eni, agent = self.bench.add("ens5"), self.bench.agent(receive_buffer=4096)
        daemon = self.run_to(agent, "sample.budget=100", "publish.quiet_enis=send",
                             f"identity.property.ballast={'x' * 1000}")
        self.wait_for_samples(daemon)
        agent.pause()
        moved, n_reads = 0, []
        # What the agent delays it delays all the time that it is stuck; a machine under load delays at times.
        while len(n_reads) < 3 or (max(n_reads) < 18 and len(n_reads) < 30):
            before = daemon.counts()[(eni.mac, "GSTATS")]
            moved += self.move_for(eni, 2)
            n_reads.append(daemon.counts()[(eni.mac, "GSTATS")] - before)
        self.assertGreaterEqual(max(n_reads), 18, "samples were missed")
        agent.resume()
        self.end(daemon, agent, eni, moved)

    def test_udp_takes_a_document_per_datagram(self):
        eni, agent = self.bench.add("ens5"), self.bench.agent("udp")
        daemon = self.run_to(agent)
        self.wait_for_samples(daemon)
        moved = self.move_for(eni, 2)
        self.end(daemon, agent, eni, moved)

    def test_udp_agent_that_is_away_gets_everything_on_loopback(self):
        eni, agent = self.bench.add("ens5"), self.bench.agent("udp")
        daemon = self.run_to(agent)
        self.wait_for_samples(daemon)
        moved = self.move_for(eni, 1)
        self.after_its_last_word(daemon, agent, agent.stop)
        moved += self.move_for(eni, 2)
        agent.start()
        moved += self.move_for(eni, 1)
        self.end(daemon, agent, eni, moved)

    def test_ipv6_literal(self):
        eni, agent = self.bench.add("ens5"), self.bench.agent(host="::1")
        daemon = self.run_to(agent)
        self.wait_for_samples(daemon)
        moved = self.move_for(eni, 1)
        self.end(daemon, agent, eni, moved)

    def test_last_window_is_delivered_before_the_end(self):
        eni, agent = self.bench.add("ens5"), self.bench.agent()
        daemon = self.run_to(agent, pace=["-o", "sample.interval=100ms", "-o", "publish.period=1h"])
        self.wait_for_samples(daemon)
        moved = self.move_for(eni, 1)
        self.end(daemon, agent, eni, moved)

    def test_end_without_the_agent_says_what_is_lost(self):
        eni, agent = self.bench.add("ens5"), self.bench.agent()
        agent.stop()
        daemon = self.run_to_agent(agent, "run.drain=100ms", pace=PACE)
        self.wait_for_samples(daemon)
        self.move_for(eni, 1)
        self.assertEqual(daemon.stop(), 0, daemon)
        self.assertTrue(any("are lost" in line for line in daemon.log), daemon)


if __name__ == "__main__":
    main()
