# SPDX-License-Identifier: Apache-2.0
"""Simulated providers and the provider files that ship: the daemon learns each one's hidden limits, keeps deferred
recipients on their vMTA, and suspends what the replies name."""
import pytest
from daemon import Daemon, free_port, until
from simulator import SLOW, Simulator
from test_limits import VMTAS
from test_relay import send

KINDS = ("gmail", "microsoft", "yahoo", "apple")
SCENARIO = """
[dns]
[personality.gmail]
kind = "gmail"
rate = "4/s"
[personality.microsoft]
kind = "microsoft"
connections = 2
[personality.yahoo]
kind = "yahoo"
messages_per_connection = 3
[personality.apple]
kind = "apple"
connections = 1
""" + "".join(f"""
[[receiver]]
name = "{kind}"
addresses = ["127.4.0.{number}"]
personality = "{kind}"
latency = {{ end-of-data = "10ms" }}
[[domain]]
name = "{kind}.test"
receivers = ["{kind}"]
""" for number, kind in enumerate(KINDS, 1))
# The shipped files, but for whom they are about; where the rate is no matter they begin faster, to be quick.
PROVIDERS = "".join(f'[[provider]]\nname = "{kind}"\ndomains = ["{kind}.test"]\ntls = "opportunistic"\n'
                    + ("" if kind == "gmail" else 'message_rate_start = "40/s"\n') for kind in KINDS)


@pytest.fixture(name="world", scope="module")
def fixture_world(tmp_path_factory):
    """The simulator, and a daemon with two vMTAs that finds it by MX. Each test has a provider of its own."""
    folder = tmp_path_factory.mktemp("providers")
    with Simulator(folder, SCENARIO, port=free_port()) as sim, Daemon(
            folder, node="shards = 1", vmta=VMTAS, stream='route = "mx"\ndsn = "off"',
            extra=sim.found_by_mx() + PROVIDERS) as mta:
        yield sim, mta


def deliver(world, kind, messages, **options):
    """Sends so many messages to a provider and waits until each has had its outcome."""
    sim, mta = world
    before = len(outcomes(mta, kind))
    arguments = [part for key, value in options.items() for part in (f"--{key}", value)]
    send(mta, "--messages", messages, "--domains", f"{kind}.test", "--recipient", f"{kind}{before}-{{n}}", *arguments)
    until(lambda: len(outcomes(mta, kind)) >= before + messages,
          lambda: f"outcomes: {len(outcomes(mta, kind))} {paths(mta, kind)} {sim.report()['providers'][kind]}")
    return sim.report()["providers"][kind]


def outcomes(mta, kind):
    """First answers to recipients of a provider."""
    found = {}
    for event in mta.events("delivered", "deferred", "bounced"):
        if event["recipient"].endswith(f"@{kind}.test"):
            found.setdefault(event["recipient"], event)
    return found


def paths(mta, kind):
    """What the daemon has found out about a provider: for each vMTA, the explanation of its path."""
    return [scope for vmta in ("v1", "v2")
            for scope in mta.cli("path", "explain", vmta, f"{kind}.test")["scopes"]]


def test_gmail_has_a_ceiling_where_it_refused_and_keeps_who_was_deferred_where_he_is(world):
    sim, mta = world
    seen = deliver(world, "gmail", 30)
    refused = mta.events("deferred", rule="gmail-unusual-rate")
    assert 1 <= len(refused) <= 12, len(refused)
    assert seen["violations"] == len(refused)
    learned = [path for path in paths(mta, "gmail") if path.get("rate_ceiling")]
    assert {path["scope"].split("/")[0] for path in learned} == {event["vmta"] for event in refused}
    assert learned
    for path in learned:
        assert path["state"] in ("normal", "slowed") and path["rate_ceiling"] < 15, path  # of 30 messages
    sim.set("personality=gmail", "rate=1000/s")
    mta.cli("retry", "--domain", "gmail.test")
    mta.until_queue(total=0)
    sources = {event["recipient"]: event["vmta"] for event in refused}
    for event in mta.events("delivered"):
        assert sources.get(event["recipient"], event["vmta"]) == event["vmta"]
    assert sim.report()["providers"]["gmail"]["snowshoe"] == 0


def test_microsoft_learns_its_connections_and_suspends_a_listed_address(world):
    sim, mta = world
    deliver(world, "microsoft", 80)
    assert mta.events("deferred", rule="microsoft-connections")
    found = paths(mta, "microsoft")
    assert found
    for path in found:
        assert path["connections_max"] <= 3 and path["state"] != "suspended", path
    sim.set("personality=microsoft", "blocked=true", "source=127.0.0.11")
    deliver(world, "microsoft", 80)
    action = until(lambda: mta.cli("actions")["actions"], "an action")[0]
    assert (action["kind"], action["rule"], action["alarm"]) == ("suspend", "address-listed", True)
    assert action["tuple"] == {"vmta": "v1", "provider": "microsoft"} and "S3140" in action["reply"]
    refused = len(mta.events("bounced", rule="microsoft-block-list"))
    deliver(world, "microsoft", 20)
    assert len(mta.events("bounced", rule="microsoft-block-list")) == refused, "the other vMTA carries them all"
    assert sim.report()["providers"]["microsoft"]["snowshoe"] == 0


def test_yahoo_learns_its_messages_and_backs_off_as_the_provider_file_says(world):
    sim, mta = world
    deliver(world, "yahoo", 120, sessions=10)
    found = [path.get("messages_per_connection") for path in paths(mta, "yahoo")]
    assert 3 in found, found
    assert not mta.events("deferred", rule="yahoo-deferred")
    sim.set("personality=yahoo", "rate=1/min")
    send(mta, "--messages", 40, "--domains", "yahoo.test", "--recipient", "more{n}")
    backed = until(lambda: [path for path in paths(mta, "yahoo") if path["state"] == "backoff"], "a back-off")
    assert all(path["connections_max"] == 1 and "TSS04" in path["cause"] for path in backed), backed
    assert all("TSS04" in event["reply"] for event in mta.events("deferred", rule="yahoo-deferred"))
    shown = {row["key"]: row for row in mta.cli("path", "explain", "v1", "yahoo.test")["values"]}
    assert (shown["backoff.first"]["value"], shown["backoff.first"]["standing"]) == ("30m", "practice")
    assert sim.report()["providers"]["yahoo"]["snowshoe"] == 0


def test_apple_learns_the_connections_it_resets_and_slows_for_volume_without_a_suspension(world):
    sim, mta = world
    seen = deliver(world, "apple", 120, sessions=10)
    assert seen["violations"] >= 1, "more connections were opened than it takes"
    found = paths(mta, "apple")
    assert found
    assert all(path["connections_max"] <= 2 for path in found), found
    sim.set("personality=apple", "connections=4", "rate=5/s")
    send(mta, "--messages", 100, "--domains", "apple.test", "--recipient", "more{n}")
    refused = until(lambda: mta.events("deferred", rule="apple-volume"), "a refusal for volume")
    assert all((event["class"], event["scope"]) == ("rate-limit", "source-ip") for event in refused), refused
    until(lambda: [path for path in paths(mta, "apple") if path.get("rate_ceiling", 100) < 10], "a ceiling")
    assert not [event for event in mta.events("action") if "apple" in str(event)], "no back-off and no suspension"
    assert sim.report()["providers"]["apple"]["snowshoe"] == 0
