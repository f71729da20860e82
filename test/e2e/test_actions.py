# SPDX-License-Identifier: Apache-2.0
"""Limits and actions on tuples: what replies name is held there, an operator sees why and ends it, and a restart
forgets neither that nor what was learned."""
import contextlib
import sqlite3

from daemon import Daemon, until
from simulator import Simulator
from test_relay import SINK, relay

UNAUTHENTICATED = "550 5.7.26 Unauthenticated email from shop.test is not accepted due to domain's DMARC policy"


def stopped(mta):
    """The one action in force."""
    actions = mta.cli("actions")["actions"]
    assert len(actions) == 1, actions
    return actions[0]


def test_stopped_sender_domain_is_seen_survives_a_restart_and_is_let_go(tmp_path):
    with Simulator(tmp_path, SINK) as sim, Daemon(tmp_path, stream=relay(sim) + '\ndsn = "off"',
                                                  extra="[defaults]\nconnections = 1\n") as mta:
        sim.set("receiver=sink", "step=end-of-data", f"reply={UNAUTHENTICATED}")
        for i in range(9):
            mta.submit("news@shop.test", [f"r{i}@one.test"])
        mta.until_events("bounced", 5)
        mta.until_events("held", 4)
        action = stopped(mta)
        assert action["kind"] == "stop" and action["alarm"] and action["held"] == 4
        assert action["tuple"]["sender_domain"] == "shop.test" and action["rule"] == "authentication-fails"
        assert "5.7.26" in action["reply"]
        assert any("sender_domain=shop.test" in trouble["part"] for trouble in mta.cli("status")["troubles"])
        assert "shop.test" in mta.run_cli("actions").stdout
        bears = [action for path in mta.cli("paths")["paths"] for action in path["actions"]]
        assert len(bears) == 1 and bears[0].startswith("stop ") and "sender_domain=shop.test" in bears[0]
        assert "sender_domain=shop.test" in mta.run_cli("paths").stdout
        sim.set("receiver=sink", "clear=true")
        mta.submit("news@other.test", ["r@one.test"])
        mta.until_events("delivered", 1)

        mta.restart()
        assert stopped(mta)["tuple"]["sender_domain"] == "shop.test"
        until(lambda: stopped(mta)["held"] == 4, "mail held again after the restart")
        done = mta.cli("action", "clear", "--sender-domain", "shop.test", "--provider",
                       action["tuple"]["provider"])
        assert len(done["cleared"]) == 1
        mta.until_events("delivered", 5)
        assert any("action clear; before: stop" in event["detail"] for event in mta.events("admin"))


def test_suspension_learned_from_a_reply_and_a_pin_outlast_a_restart(tmp_path):
    with Simulator(tmp_path, SINK) as sim, Daemon(tmp_path, stream=relay(sim), extra="""
[defaults]
connections = 10
connections_start = 2
""") as mta:
        sim.set("receiver=sink", "step=rcpt", "reply=450 4.7.1 Too many messages, try again in 2 hours")
        mta.submit("a@shop.test", ["r@one.test"])
        mta.until_events("deferred", 1)
        row = until(lambda: [p for p in mta.cli("paths")["paths"] if p["state"] == "suspended"], "a suspension")[0]
        mta.restart()
        mta.submit("a@shop.test", ["s@one.test"])
        again = until(lambda: [p for p in mta.cli("paths")["paths"] if p["state"] == "suspended"],
                      "the suspension after a restart")[0]
        assert (again["path"], again["until"][:16]) == (row["path"], row["until"][:16])
        assert "2 hours" in again["cause"]
        sim.set("receiver=sink", "clear=true")
        mta.cli("path", "clear", row["path"])
        mta.until_events("delivered", 1)
        mta.cli("path", "pin", row["path"], "--connections", "3", "--reason", "ticket 7")
        assert any("path pin" in e["detail"] and "before:" in e["detail"] for e in mta.events("admin"))
        mta.restart()
        mta.submit("a@shop.test", ["t@one.test"])
        mta.until_events("delivered", 2)
        pinned = [p for p in mta.cli("paths")["paths"] if p["path"] == row["path"]]
        assert pinned and pinned[0]["connections_max"] == 3 and "ticket 7" in pinned[0]["cause"]
        mta.cli("path", "unpin", row["path"])


def test_what_holds_mail_outlasts_a_kill_and_is_shown_before_anybody_sends(tmp_path):
    with Simulator(tmp_path, SINK) as sim, Daemon(tmp_path, stream=relay(sim), extra="""
[defaults]
connections = 10
connections_start = 2
""") as mta:
        sim.set("receiver=sink", "step=rcpt", "reply=450 4.7.1 Too many messages, try again in 2 hours")
        mta.submit("a@shop.test", ["r@one.test"])
        mta.until_events("deferred", 1)
        row = until(lambda: [p for p in mta.cli("paths")["paths"] if p["state"] == "suspended"], "a suspension")[0]

        def kept():
            with contextlib.closing(sqlite3.connect(mta.data / "state.db")) as db:
                return [text for text, in db.execute("SELECT value FROM shaping") if "2 hours" in text]
        until(kept, "the suspension in state.db")
        mta.cli("path", "pin", "v1/provider:gmail", "--suspend", "--reason", "ticket 8")
        mta.cli("action", "set", "stop", "--tenant", "acme")
        mta.kill()
        mta.start()
        shown = {p["path"]: p for p in mta.cli("paths")["paths"]}
        assert shown[row["path"]]["state"] == "suspended" and "2 hours" in shown[row["path"]]["cause"]
        pinned = shown["v1/provider:gmail"]
        assert pinned["state"] == "suspended" and "ticket 8" in pinned["cause"]
        assert pinned["since"][:10] == row["since"][:10]
        assert stopped(mta)["tuple"] == {"tenant": "acme"}
        assert "2 hours" in mta.run_cli("path", "explain", "v1", "one.test").stdout
        refused = mta.run_cli("path", "pin", "v1/provider:gmail", "--connections", "0")
        assert refused.returncode != 0 and "suspend" in refused.stderr


def test_limit_on_a_tenant_holds_over_all_shards(tmp_path):
    receivers = "".join(f'[[receiver]]\nname = "s{i}"\naddresses = ["127.0.0.{20 + i}"]\nlatency = "20ms"\n'
                        for i in range(4))
    with Simulator(tmp_path, receivers) as sim, Daemon(tmp_path, node="shards = 2", extra="""
[[limit]]
name = "one-at-a-time"
tenant = "*"
connections = 2
[[limit]]
name = "slow"
tenant = "slow"
message_rate = "4/s"
""" + "".join(f'[[domain]]\nname = "d{i}.test"\nroute = {{ relay = ["{sim.address(f"s{i}")}"] }}\n'
              for i in range(4))) as mta:
        for i in range(40):
            mta.submit("a@shop.test", [f"r{i}@d{i % 4}.test"], text="X-Penstock-Tenant: acme\r\nSubject: x\r\n\r\nx\r\n")
        mta.until_events("delivered", 40)
        shown = mta.cli("path", "explain", "v1", "d1.test")["values"]
        assert {row["origin"] for row in shown} >= {"[[limit]] one-at-a-time", "[[limit]] slow"}
