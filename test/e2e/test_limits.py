# SPDX-License-Identifier: Apache-2.0
"""Static limits, measured by the receivers: their own counters of violations stay at zero."""
import time

import pytest
from daemon import Daemon, free_port
from simulator import SLOW, Simulator
from test_relay import SINK, deliver, relay, send

VMTAS = """
[[vmta]]
name = "v1"
source = ["127.0.0.11"]
ehlo = "v1.sender.test"
[[vmta]]
name = "v2"
source = ["127.0.0.12"]
ehlo = "v2.sender.test"
[[pool]]
name = "main"
members = [{ vmta = "v1", weight = 1 }, { vmta = "v2", weight = 1 }]
"""


def no_violations(report):
    """Whether no receiver has counted anything against us."""
    return not any(report["violations"].values()), report["violations"]


@pytest.mark.parametrize("table", ["[defaults]", '[[domain]]\nname = "tight.test"',
                                   '[[path]]\nstream = "default"',
                                   '[[provider]]\nname = "tight"\ndomains = ["tight.test"]'])
def test_connections_and_messages_per_connection(tmp_path, table):
    scenario = SINK + 'max_connections_per_source = 3\nmax_messages_per_connection = 10\nlatency = "2ms"\n'
    extra = f"{table}\nconnections = 3\nmessages_per_connection = 10\n"
    stream = relay
    if "provider" in table:  # a provider is found by MX
        port = free_port()
        scenario = "[dns]\n" + scenario + '[[domain]]\nname = "tight.test"\nreceivers = ["sink"]\n'
    with Simulator(tmp_path, scenario, port=port if "provider" in table else 0) as sim:
        if "provider" in table:
            extra += sim.found_by_mx()
            stream = lambda _: 'route = "mx"'
        with Daemon(tmp_path, stream=stream(sim), extra=extra) as mta:
            report = deliver(tmp_path, sim, mta, "--messages", 200, "--domains", "tight.test")
            assert no_violations(report) == (True, report["violations"])
            assert report["connections"] >= 20 and report["received"] == 200
            assert not report["refused"] and not mta.events("deferred")


def test_a_streams_own_path_is_listed_and_explained(tmp_path):
    with Simulator(tmp_path, SINK) as sim, Daemon(tmp_path, stream=relay(sim), extra="""
[[path]]
stream = "default"
connections = 3
tls = "none"
""") as mta:
        mta.submit("a@shop.test", ["r@one.test"])
        mta.until_events("delivered", 1)
        row, = mta.cli("paths")["paths"]
        assert row["path"].startswith("v1/stream:default/relay:") and row["connections_max"] == 3
        told = mta.cli("path", "explain", "v1", "one.test", "--stream", "default")
        values = {value["key"]: (value["value"], value["origin"]) for value in told["values"]}
        assert told["path"] == row["path"]
        assert values["connections"] == ("3", "[[path]] 1") and values["tls"] == ("none", "[[path]] 1")


def test_domain_limits_hold_beside_free_domains(tmp_path):
    scenario = SINK + 'latency = "2ms"\n' + SINK.replace("sink", "tight").replace(
        "127.0.0.2", "127.0.0.3") + "max_connections_per_source = 2\n"
    with Simulator(tmp_path, scenario) as sim, Daemon(tmp_path, stream=relay(sim), extra=f"""
[[domain]]
name = "tight.test"
connections = 2
route = {{ relay = ["{sim.address("tight")}"] }}
""") as mta:
        report = deliver(tmp_path, sim, mta, "--messages", 300, "--domains", "tight.test=50,free.test=50")
        assert no_violations(report)[0], report["violations"]
        assert set(report["by_receiver"]) == {"sink", "tight"} and not report["refused"]


def test_message_rate(tmp_path):
    with Simulator(tmp_path, SINK + 'message_rate_per_source = "21/s"\n') as sim, Daemon(
            tmp_path, stream=relay(sim), extra='[defaults]\nmessage_rate = "20/s"\n') as mta:
        begun = time.monotonic()
        report = deliver(tmp_path, sim, mta, "--messages", 80)
        assert no_violations(report)[0], report["violations"]
        assert time.monotonic() - begun > 2.5  # 80 at 20/s, a second's worth of them at once
        assert not mta.events("deferred")


def test_new_connections_in_a_span(tmp_path):
    with Simulator(tmp_path, SINK) as sim, Daemon(
            tmp_path, stream=relay(sim),
            extra='[defaults]\nconnection_rate = "5/s"\nmessages_per_connection = 1\n') as mta:
        begun = time.monotonic()
        report = deliver(tmp_path, sim, mta, "--messages", 20)
        assert report["connections"] >= 20 and time.monotonic() - begun > 2.5


def test_a_pool_spreads_by_weight_and_binds_its_addresses(tmp_path):
    vmtas = VMTAS.replace('"v2", weight = 1', '"v2", weight = 3')
    with Simulator(tmp_path, SINK) as sim, Daemon(tmp_path, vmta=vmtas, stream=relay(sim)) as mta:
        report = deliver(tmp_path, sim, mta, "--messages", 400)
        assert set(report["by_source"]) == {"127.0.0.11", "127.0.0.12"}
        assert 50 <= report["by_source"]["127.0.0.11"] <= 160  # 100 of 400
        assert report["by_ehlo"] == {"v1.sender.test": report["by_source"]["127.0.0.11"],
                                     "v2.sender.test": report["by_source"]["127.0.0.12"]}


def test_limits_count_for_each_vmta(tmp_path):
    with Simulator(tmp_path, SINK + 'max_connections_per_source = 2\nlatency = "2ms"\n') as sim, Daemon(
            tmp_path, vmta=VMTAS, stream=relay(sim), extra="[defaults]\nconnections = 2\n") as mta:
        report = deliver(tmp_path, sim, mta, "--messages", 200)
        assert no_violations(report)[0], report["violations"]


def test_a_deferred_recipient_stays_on_its_vmta(tmp_path):
    scenario = SINK + '[[receiver.on]]\nstep = "rcpt"\nfirst = 2\nreply = "451 4.7.1 greylisted"\n'
    with Simulator(tmp_path, scenario) as sim, Daemon(
            tmp_path, vmta=VMTAS,
            stream=relay(sim) + '\nretry = { schedule = ["1s"], jitter = 0 }') as mta:
        send(mta, "--messages", 40)
        assert sim.wait(40, f"{30 * SLOW}s")
        used = {}
        for event in mta.until_events("delivered", 40) + mta.events("deferred"):
            used.setdefault(event["recipient"], set()).add(event["source"])
        assert len(used) == 40 and all(len(sources) == 1 for sources in used.values())
        assert len(mta.events("deferred")) == 80
        assert set(sim.report()["by_source"]) == {"127.0.0.11", "127.0.0.12"}


def test_a_vmta_that_cannot_be_used_is_reported_and_left_out(tmp_path):
    vmtas = VMTAS.replace("127.0.0.12", "192.0.2.77")
    with Simulator(tmp_path, SINK) as sim, Daemon(tmp_path, vmta=vmtas, stream=relay(sim)) as mta:
        report = deliver(tmp_path, sim, mta, "--messages", 50)
        assert report["by_source"] == {"127.0.0.11": 50}
        troubles = mta.cli("status")["troubles"]
        assert any("v2" in str(trouble) and "192.0.2.77" in str(trouble) for trouble in troubles), troubles
        assert "192.0.2.77" in mta.log()
