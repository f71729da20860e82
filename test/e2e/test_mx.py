# SPDX-License-Identifier: Apache-2.0
"""Hosts found by MX look-ups in the simulator's DNS."""
import pytest
from daemon import Daemon, free_port, until
from simulator import SLOW, Simulator

PORT = free_port()

SCENARIO = """
[dns]
ttl = "1s"
negative_ttl = "1s"
[[receiver]]
name = "m{1..4}"
addresses = ["127.3.0.{1..4}"]
[[domain]]
name = "preferred.test"
receivers = ["10 m1", "20 m2"]
[[domain]]
name = "equal.test"
receivers = ["10 m1", "10 m2", "10 m3", "10 m4"]
[[domain]]
name = "implicit.test"
receivers = []
addresses = ["127.3.0.3"]
[[domain]]
name = "null.test"
null_mx = true
[[domain]]
name = "target.test"
receivers = ["m4"]
[[record]]
name = "alias.test"
type = "CNAME"
value = "target.test"
[[record]]
name = "hostalias.test"
type = "MX"
value = "10 www.hostalias.test"
[[record]]
name = "www.hostalias.test"
type = "CNAME"
value = "m2.mx.test"
[[domain]]
name = "sick.test"
receivers = ["m1"]
[[domain]]
name = "gone.test"
receivers = ["m1"]
dns = "nxdomain"
[[domain]]
name = "nowhere.test"
receivers = []
[[record]]
name = "nowhere.test"
type = "TXT"
value = "neither MX nor address"
"""

STREAM = """
route = "mx"
dsn = "off"
retry = { schedule = ["1s"], jitter = 0 }
"""
TROUBLE = """
[defaults]
trouble = { failures = 3, first = "1s", longest = "1s" }
"""


@pytest.fixture(name="sim")
def fixture_sim(tmp_path):
    with Simulator(tmp_path, SCENARIO, port=PORT) as sim:
        yield sim


def dns(sim, more=""):
    """Configuration that asks the simulator."""
    return sim.found_by_mx('ttl_min = "0s"\nfailure_ttl = "1s"\n' + more) + TROUBLE


@pytest.fixture(name="mta")
def fixture_mta(sim, tmp_path):
    with Daemon(tmp_path, stream=STREAM, extra=dns(sim)) as mta:
        yield mta


def deliver(sim, mta, domain, count=1):
    """Sends so many messages to a domain; returns the receivers that took them."""
    before = sim.report()["received"]
    for number in range(count):
        mta.submit("a@sender.test", f"user{number}@{domain}")
    assert sim.wait(before + count, f"{30 * SLOW}s"), mta.events()
    return sim.report()["by_receiver"]


def test_lowest_preference_number_is_used(sim, mta):
    assert deliver(sim, mta, "preferred.test", 5) == {"m1": 5}
    event = mta.until_events("delivered", 5)[0]
    assert (event["peer_host"], event["peer"], event["route"]) == ("m1.mx.test", "127.3.0.1", "mx")


def test_backup_is_used_while_the_first_is_down(sim, mta):
    sim.set("receiver=m1", "down=true")
    assert deliver(sim, mta, "preferred.test", 3) == {"m2": 3}
    assert {event["attempt"] for event in mta.until_events("delivered", 3)} == {1}


def test_equal_preferences_share_the_connections(tmp_path):
    with Simulator(tmp_path, SCENARIO, port=PORT) as sim, Daemon(
            tmp_path, stream=STREAM, extra=dns(sim) + "messages_per_connection = 1") as mta:
        by_receiver = deliver(sim, mta, "equal.test", 60)
        assert len(by_receiver) == 4 and min(by_receiver.values()) >= 2, by_receiver


def test_domain_without_mx_is_its_own_host(sim, mta):
    assert deliver(sim, mta, "implicit.test") == {"m3": 1}


def test_cname_of_a_domain_is_followed(sim, mta):
    assert deliver(sim, mta, "alias.test") == {"m4": 1}


def test_cname_of_a_host_is_followed(sim, mta):
    assert deliver(sim, mta, "hostalias.test") == {"m2": 1}


def test_address_literal_needs_no_dns(sim, mta):
    assert deliver(sim, mta, "[127.3.0.4]") == {"m4": 1}
    assert not any(key.startswith("[") for key in sim.report()["dns_queries"])


def test_null_mx_bounces_at_once(sim, mta):
    mta.submit("a@sender.test", "user@null.test")
    event = mta.until_events("bounced", 1)[0]
    assert event["enhanced"] == "5.1.10" and event["class"] == "invalid-domain"
    # Nobody has said so: no receiver was asked.
    assert event["attempt"] == 1 and "code" not in event and event["reply"] == "the domain null.test takes no mail (null MX)"
    assert not mta.events("deferred") and sim.report()["connections"] == 0
    mta.until_queue(total=0)


def test_missing_name_bounces_after_two_attempts_agree(mta):
    mta.submit("a@sender.test", "user@gone.test")
    event = mta.until_events("bounced", 1)[0]
    assert event["class"] == "invalid-domain" and event["enhanced"] == "5.1.2"
    deferred, = mta.events("deferred")
    assert (deferred["attempt"], event["attempt"]) == (1, 2)


def test_missing_name_that_comes_back_is_delivered(sim, mta):
    mta.submit("a@sender.test", "user@gone.test")
    mta.until_events("deferred", 1)
    sim.set("domain=gone.test", "dns=ok")
    assert sim.wait(1, f"{20 * SLOW}s"), mta.events()


def test_domain_with_neither_mx_nor_address_bounces(mta):
    mta.submit("a@sender.test", "user@nowhere.test")
    event = mta.until_events("bounced", 1)[0]
    assert event["class"] == "invalid-domain"


def test_servfail_is_a_deferral_until_dns_is_well(sim, mta):
    sim.set("domain=sick.test", "dns=servfail")
    mta.submit("a@sender.test", "user@sick.test")
    assert mta.until_events("deferred", 2)[0]["class"] == "dns"
    sim.set("domain=sick.test", "dns=ok")
    assert sim.wait(1, f"{30 * SLOW}s"), mta.events()
    mta.until_queue(total=0)
    assert not mta.events("bounced")


def test_silent_dns_is_a_deferral(tmp_path):
    with Simulator(tmp_path, SCENARIO, port=PORT) as sim, Daemon(
            tmp_path, stream=STREAM, extra=dns(sim, 'timeout = "1s"')) as mta:
        sim.set("dns=timeout")
        mta.submit("a@sender.test", "user@preferred.test")
        assert mta.until_events("deferred", 1)[0]["class"] == "dns"
        sim.set("dns=ok")
        assert sim.wait(1, f"{60 * SLOW}s"), mta.events()


def test_all_hosts_down_and_back(sim, mta):
    sim.set("receiver=*", "down=true")
    domains = ("preferred.test", "implicit.test")
    ids = {mta.submit("a@sender.test", f"u{n}@{domain}") for n in range(10) for domain in domains}
    mta.until_events("deferred", 20)
    assert {event["step"] for event in mta.events("deferred")} == {"connect"}
    sim.set("receiver=*", "down=false")
    assert sim.wait(20, f"{60 * SLOW}s"), mta.cli("status")
    until(lambda: {event["id"] for event in mta.events("delivered")} == ids, "all delivered")
    mta.until_queue(total=0)


def test_domains_of_one_provider_share_a_path(tmp_path):
    provider = '[[provider]]\nname = "big"\nmx = ["mx.test"]\n'
    with Simulator(tmp_path, SCENARIO, port=PORT) as sim, Daemon(
            tmp_path, stream=STREAM, extra=dns(sim) + provider) as mta:
        deliver(sim, mta, "preferred.test", 2)
        deliver(sim, mta, "target.test", 2)
        assert {event["provider"] for event in mta.until_events("delivered", 4)} == {"big"}
        assert [path["path"] for path in mta.cli("paths")["paths"]] == ["v1/provider:big"]
