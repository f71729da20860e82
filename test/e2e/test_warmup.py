# SPDX-License-Identifier: Apache-2.0
"""Warm-ups through the whole program: v2 is new at the simulator's receiver, v1 is warm."""
import pytest
from daemon import Daemon, free_port, until
from simulator import Simulator

PORT = free_port()
SCENARIO = """
[dns]
ttl = "1s"
[[receiver]]
name = "big"
addresses = ["127.3.1.1"]
[[domain]]
name = "big.test"
receivers = ["big"]
"""
VMTAS = """
[[vmta]]
name = "v1"
source = ["127.0.2.1"]
[[vmta]]
name = "v2"
source = ["127.0.2.2"]
[[pool]]
name = "main"
members = [{ vmta = "v1" }, { vmta = "v2" }]
"""
STREAM = 'route = "mx"\ndsn = "off"'


def warmup(more):
    """The provider and a plan for v2."""
    return f"""
[[provider]]
name = "big"
mx = ["big.mx.test"]
[[warmup]]
vmta = "v2"
provider = "big"
{more}
"""


@pytest.fixture(name="sim")
def fixture_sim(tmp_path):
    with Simulator(tmp_path, SCENARIO, port=PORT) as sim:
        yield sim


def start(sim, tmp_path, more):
    return Daemon(tmp_path, vmta=VMTAS, stream=STREAM, extra=sim.found_by_mx('ttl_min = "0s"') + warmup(more))


def submit(mta, count):
    for number in range(count):
        mta.submit("a@sender.test", f"user{number}@big.test")


def by_vmta(mta):
    counts = {"v1": 0, "v2": 0}
    for event in mta.events("delivered"):
        counts[event["vmta"]] += 1
    return counts


def standing(mta):
    rows = mta.cli("warmup", "status")["warmups"]
    assert [(row["vmta"], row["provider"]) for row in rows] == [("v2", "big")]
    return rows[0]


def test_what_is_beyond_goes_by_the_warm_vmta(sim, tmp_path):
    # One in a second and a half: of what was drawn for v2 three may wait for their turn.
    with start(sim, tmp_path, 'days = [60_000, 120_000]\nahead = "5s"') as mta:
        submit(mta, 40)
        mta.until_events("delivered", 40)
        counts = by_vmta(mta)
        assert 1 <= counts["v2"] <= 12 and counts["v1"] >= 28, counts
        row = standing(mta)
        assert row["taken"] == counts["v2"] and row["under_way"] == 0, row
        assert row["allowance"] == 60_000 and row["plan_day"] == 1, row
        metrics = mta.run_cli("metrics").stdout
        assert f'penstock_warmup_taken{{provider="big",vmta="v2"}} {counts["v2"]}' in metrics


def test_what_is_beyond_waits_and_counts_survive_a_kill(sim, tmp_path):
    with start(sim, tmp_path, 'days = [60_000, 120_000]\nbeyond = "wait"') as mta:
        submit(mta, 24)
        # Those drawn for v2 go one in a second and a half.
        until(lambda: by_vmta(mta)["v2"] >= 2, lambda: by_vmta(mta))
        mta.cli("warmup", "pause", "v2", "big", "--reason", "a test")
        assert standing(mta)["state"] == "paused"
        until(lambda: standing(mta)["under_way"] == 0, "the last one under way")
        taken = standing(mta)["taken"]
        waiting = mta.cli("status")["queue"]["total"]
        assert taken == by_vmta(mta)["v2"] and waiting == 24 - taken - by_vmta(mta)["v1"] and waiting > 0
        mta.kill()
        mta.start()
        row = standing(mta)
        # What was taken in the last second may be forgotten.
        assert row["state"] == "paused" and taken - 1 <= row["taken"] <= taken, (row, taken)
        assert any("warm-up of v2 at big: pause: a test" in event.get("detail", "") for event in mta.events("admin"))
        mta.cli("warmup", "set", "v2", "big", "--day", "2")
        mta.cli("warmup", "resume", "v2", "big")
        until(lambda: by_vmta(mta)["v2"] > taken, "the warm-up to go on")
        row = standing(mta)
        assert row["allowance"] == 120_000 and "operator" in row["why"], row
