# SPDX-License-Identifier: Apache-2.0
"""kill -9, again and again, under load: what was acknowledged arrives.

PENSTOCK_CRASH_KILLS sets how often (50). A duplicate is a message that a receiver has taken, but that the next start
found unfinished. There are two kinds, told apart by the receiver (docs/simulator.md): its answer was not read yet when
the daemon died, which no sender can help; or it was read, and the daemon had not noted it (docs/formats/spool.md). Only
the second kind is ours. Its share is measured with a long queue and in free flow, where nothing waits; messages in
flight are those that each start finds in the spool, summed over all kills (one that waits through several counts each
time). Both kinds together are told too, as a share of those that were in delivery at the moments of the kills: a figure,
nothing is asserted of it."""
import dataclasses
import json
import os
import random
import re
import subprocess
import time

import pytest
from daemon import Daemon
from simulator import SIM, SLOW, Simulator
from test_relay import SINK, relay

KILLS = int(os.environ.get("PENSTOCK_CRASH_KILLS", "50"))
SESSIONS, RATE = 20, 1000  # of the sender; RATE a second


def crash(mta, sender, kills, random_numbers):
    """Kills and starts the daemon so often, while `sender` sends; returns how many were in delivery right before."""
    in_delivery = 0
    for _ in range(kills):
        deadline = time.monotonic() + random_numbers.uniform(0.02, 0.8)  # a random moment is the point here
        try:
            sender.wait(max(deadline - time.monotonic(), 0))
            raise AssertionError(f"the sender ended early: {sender.communicate()[0]}")
        except subprocess.TimeoutExpired:
            in_delivery += mta.api("/v1/status")["queue"]["in_delivery"]
            mta.kill()
        mta.start()
    return in_delivery


@dataclasses.dataclass
class Outcome:
    kills: int
    acknowledged: int
    compared: dict
    in_flight: int
    in_delivery: int
    unread: int  # duplicates whose first answer the daemon had not read

    @property
    def ours(self):
        return self.compared["duplicates"] - self.unread

    def words(self, how):
        share = 100 * self.ours / max(self.in_flight, 1)
        return (f"\n{self.kills} kills {how}: {self.acknowledged} recipients acknowledged, "
                f"{self.compared['lost']} lost; {self.in_flight} in flight at the kills; "
                f"{self.compared['duplicates']} duplicates, {self.unread} of them by answers not read yet, {self.ours} of "
                f"our own ({share:.3f} % of those in flight); of {self.in_delivery} in delivery at the kills "
                f"{100 * self.compared['duplicates'] / max(self.in_delivery, 1):.1f} % came twice for either reason")


def kill_under_load(tmp_path, kills, deferred_share):
    seed = int(os.environ.get("PENSTOCK_SEED", random.randrange(1 << 30)))
    print(f"PENSTOCK_SEED={seed}")
    ledger = tmp_path / "ledger"
    with Simulator(tmp_path, SINK) as sim, Daemon(
            tmp_path, stream=relay(sim) + '\nretry = { schedule = ["5s"], jitter = 0.5 }',
            extra="[defaults]\ntrouble = { failures = 0 }\n") as mta:
        if deferred_share > 0:
            sim.set("receiver=sink", "step=rcpt", "reply=451 4.3.0 try later", f"share={deferred_share}")
        with subprocess.Popen(
                [SIM, "send", "--to", f"127.0.0.1:{mta.port}", "--sessions", str(SESSIONS), "--messages", "10000000",
                 "--for", "1h", "--rate", f"{RATE}/s", "--size", "2KiB:70,20KiB:30", "--domains", "d{1..40}.test",
                 "--ledger", str(ledger), "--retry-for", "30s", "--quiet", "--json", "--seed", str(seed)],
                stdout=subprocess.PIPE, text=True) as sender:
            try:
                in_delivery = crash(mta, sender, kills, random.Random(seed))
            finally:
                sender.terminate()
                sender.communicate(timeout=30)
        acknowledged = len(set(ledger.read_text().splitlines()))
        sim.set("receiver=sink", "clear=true")
        mta.cli("retry", "--all")
        try:
            mta.until_queue(60, total=0)
            given_up = mta.events("bounced", "expired")
            assert not given_up, given_up[:5]
        finally:  # for whoever has to find out what went wrong
            report = sim.report()
            compared = sim.compare(ledger)
            print(f"report {json.dumps(report)}\ncompared {json.dumps(compared)}\nstatus {mta.cli('status')}")
        in_flight = sum(int(n) for n in re.findall(r"(\d+) recipients were in the spool", mta.log()))
        return Outcome(kills, acknowledged, compared, in_flight, in_delivery, report["duplicates_unread"])


def judge(outcome):
    assert outcome.acknowledged > 20 * outcome.kills, outcome
    assert outcome.compared["lost"] == 0, outcome
    # One is let pass where there are fewer than a thousand: a process may be stopped between any two instructions.
    assert outcome.ours <= max(1, outcome.in_flight / 1000), outcome


@pytest.mark.release_only
@pytest.mark.timeout(280)
def test_nothing_acknowledged_is_lost(tmp_path, record_property):
    # Most are asked to come again, so that many are on their way.
    outcome = kill_under_load(tmp_path, KILLS, 0.97)
    record_property("figures", outcome.words("with a queue"))
    judge(outcome)


@pytest.mark.release_only
@pytest.mark.timeout(280)
def test_nothing_acknowledged_is_lost_in_free_flow(tmp_path, record_property):
    outcome = kill_under_load(tmp_path, max(5, KILLS // 5), 0)
    record_property("figures", outcome.words("in free flow"))
    judge(outcome)


def test_orderly_restarts_under_load_lose_and_repeat_nothing(tmp_path):
    ledger = tmp_path / "ledger"
    with Simulator(tmp_path, SINK) as sim, Daemon(
            tmp_path, stream=relay(sim), extra="[defaults]\ntrouble = { failures = 0 }\n") as mta:
        with subprocess.Popen(
                [SIM, "send", "--to", f"127.0.0.1:{mta.port}", "--sessions", "10", "--messages", "10000000",
                 "--for", "1h", "--rate", "500/s", "--size", "2KiB", "--ledger", str(ledger), "--retry-for", "60s",
                 "--quiet"],
                stdout=subprocess.DEVNULL) as sender:
            try:
                for _ in range(4):
                    before = sim.report()["received"]
                    assert sim.wait(before + 100, f"{30 * SLOW}s")
                    mta.restart()
            finally:
                sender.terminate()
        mta.until_queue(30, total=0)
        compared = sim.compare(ledger)
        assert compared["acknowledged"] >= 400 and (compared["lost"], compared["duplicates"]) == (0, 0), compared


def test_one_kill_with_a_waiting_queue(tmp_path):
    ledger = tmp_path / "ledger"
    with Simulator(tmp_path, SINK) as sim, Daemon(
            tmp_path, stream=relay(sim) + '\nretry = { schedule = ["1s"], jitter = 0 }',
            extra="[defaults]\ntrouble = { first = \"1s\", longest = \"1s\" }\n") as mta:
        sim.set("receiver=sink", "down=true")
        sent = subprocess.run([SIM, "send", "--to", f"127.0.0.1:{mta.port}", "--messages", "500", "--json", "--quiet",
                               "--ledger", str(ledger)], capture_output=True, text=True, timeout=60 * SLOW, check=True)
        assert json.loads(sent.stdout)["acknowledged"] == 500
        mta.kill()
        sim.set("receiver=sink", "down=false")
        mta.start()
        assert sim.wait(500, f"{60 * SLOW}s"), mta.cli("status")
        compared = sim.compare(ledger)
        assert (compared["lost"], compared["duplicates"]) == (0, 0)
        mta.until_queue(total=0)
