# SPDX-License-Identifier: Apache-2.0
"""Hosts that say nothing more at some step, or not enough: each gives its slot back within the deadline of that step."""
import socket
import time

import pytest
from daemon import Daemon, free_port, until
from hostile_receiver import HostileReceiver, endless, say
from simulator import SLOW, Simulator

PORT = free_port()
STEPS = ["banner", "ehlo", "mail", "rcpt", "data", "end-of-data"]
# One connection to each: the second message has to wait until the first one's slot is given back.
EXTRA = """
[timeouts]
connect = "1s"
banner = "1s"
ehlo = "1s"
mail = "1s"
rcpt = "1s"
data = "1s"
end_of_data = "1s"
quit = "1s"
[defaults]
connections = 1
trouble = { failures = 0 }
"""
STREAM = 'dsn = "off"\nretry = { schedule = ["10m"], jitter = 0 }\nroute = '


def scenario(action):
    """A receiver for each step, that does this there."""
    return '[dns]\nttl = "1s"\n' + "".join(f"""
[[receiver]]
name = "{step}"
addresses = ["127.3.2.{number}"]
[[receiver.on]]
step = "{step}"
action = "{action}"
[[domain]]
name = "{step}.test"
receivers = ["{step}"]
""" for number, step in enumerate(STEPS, 1))


def gives_slots_back(mta, domains, problem="timeout"):
    """Two messages to each domain are deferred for this one after the other, and no connection is left."""
    began = time.monotonic()
    for domain in domains:
        mta.submit("a@sender.test", f"one@{domain}")
        mta.submit("a@sender.test", f"two@{domain}")
    events = mta.until_events("deferred", 2 * len(domains), 30)
    # Two of a second one after the other, and the end of a connection with QUIT.
    assert time.monotonic() - began < 12 * SLOW
    for event in events:
        assert event["class"] == problem, event
    assert sorted(event["recipient"] for event in events) == sorted(
        f"{who}@{domain}" for domain in domains for who in ("one", "two"))
    until(lambda: all(row["connections"] == 0 for row in mta.cli("paths")["paths"]), lambda: mta.cli("paths"))


# "drip": lines of an answer that never ends, a byte every 20 ms. Each byte comes in time; the answer does not.
@pytest.mark.parametrize("action", ["hang", "half_reply", "drip"])
def test_hang_at_each_step_gives_its_slot_back(tmp_path, action):
    with Simulator(tmp_path, scenario(action), port=PORT) as sim, Daemon(
            tmp_path, stream=STREAM + '"mx"', extra=sim.found_by_mx() + "chunking = false\n" + EXTRA) as mta:
        gives_slots_back(mta, [f"{step}.test" for step in STEPS])


# Who promised TLS and does not go on with it, in silence or in drips, while clear text is no way out.
@pytest.mark.parametrize("trick,problem", [(say(b"220 go on\r\n"), "tls"), (say(b"220 go"), "timeout"),
                                           (endless(b"220-wait\r\n", 0.05), "timeout")],
                         ids=["silent", "half_reply", "drip"])
def test_hang_at_starttls(tmp_path, trick, problem):
    with HostileReceiver({"STARTTLS": trick}, offers=["STARTTLS"]) as receiver, Daemon(
            tmp_path, stream=STREAM + f'{{ relay = ["{receiver.address}"] }}\ntls = "require"',
            extra=EXTRA + '[tls]\nhandshake_timeout = "1s"\n') as mta:
        gives_slots_back(mta, ["one.test"], problem)


def test_hang_at_connect(tmp_path):
    with socket.create_server(("127.0.0.1", 0), backlog=0) as deaf, socket.create_connection(
            deaf.getsockname()), Daemon(
                tmp_path, stream=STREAM + f'{{ relay = ["127.0.0.1:{deaf.getsockname()[1]}"] }}', extra=EXTRA) as mta:
        gives_slots_back(mta, ["one.test"])
