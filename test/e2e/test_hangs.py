# SPDX-License-Identifier: Apache-2.0
"""Hosts that say nothing more at some step: each gives its slot back within the deadline of that step."""
import time

from daemon import Daemon, free_port, until
from simulator import SLOW, Simulator

PORT = free_port()
STEPS = ["banner", "ehlo", "mail", "rcpt", "data", "end-of-data"]
SCENARIO = '[dns]\nttl = "1s"\n' + "".join(f"""
[[receiver]]
name = "{step}"
addresses = ["127.3.2.{number}"]
[[receiver.on]]
step = "{step}"
action = "hang"
[[domain]]
name = "{step}.test"
receivers = ["{step}"]
""" for number, step in enumerate(STEPS, 1))
# One connection to each: the second message has to wait until the first one's slot is given back.
EXTRA = """
[timeouts]
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


def test_hang_at_each_step_gives_its_slot_back(tmp_path):
    with Simulator(tmp_path, SCENARIO, port=PORT) as sim, Daemon(
            tmp_path, stream='route = "mx"\ndsn = "off"\nretry = { schedule = ["10m"], jitter = 0 }',
            extra=sim.found_by_mx() + "chunking = false\n" + EXTRA) as mta:
        began = time.monotonic()
        for step in STEPS:
            mta.submit("a@sender.test", f"one@{step}.test")
            mta.submit("a@sender.test", f"two@{step}.test")
        events = mta.until_events("deferred", 2 * len(STEPS), 30)
        # Two of a second one after the other, and the end of a connection with QUIT.
        assert time.monotonic() - began < 12 * SLOW
        for event in events:
            assert event["class"] == "timeout", event
        assert sorted(event["recipient"] for event in events) == sorted(
            f"{who}@{step}.test" for step in STEPS for who in ("one", "two"))
        until(lambda: all(row["connections"] == 0 for row in mta.cli("paths")["paths"]), lambda: mta.cli("paths"))
