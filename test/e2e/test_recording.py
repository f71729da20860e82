# SPDX-License-Identifier: Apache-2.0
"""What is written down: event fields, accounting files, places of readers over restarts."""
import csv
import datetime
import json

from daemon import Daemon, message, until
from simulator import SLOW, Simulator
from test_relay import SINK, relay, send

ACCOUNTING = """
[accounting]
enabled = true
rotate_every = "1h"
rotate_size = "1 MiB"
"""
COLUMNS = ["type", "timeLogged", "timeQueued", "orig", "rcpt", "orcpt", "dsnAction", "dsnStatus", "dsnDiag", "dsnMta",
           "bounceCat", "srcType", "srcMta", "dlvType", "dlvSourceIp", "dlvDestinationIp", "dlvEsmtpAvailable",
           "dlvSize", "vmta", "jobId", "envId", "queue", "vmtaPool"]
REFUSING = """
[[receiver.on]]
step = "rcpt"
recipient = "nobody@*"
reply = "550 5.1.1 no, \\"never\\" heard of"
[[receiver.on]]
step = "rcpt"
recipient = "later@*"
reply = "451 4.7.1 try later"
"""


def time_of(text):
    """A time of an event."""
    return datetime.datetime.fromisoformat(text)


def records(mta, count):
    """Rows of all accounting files, once there are so many."""
    def read():
        rows = []
        for path in sorted((mta.data / "accounting").glob("*.csv*")):
            with open(path, encoding="utf-8", newline="") as file:
                rows += list(csv.DictReader(file))
        return rows if len(rows) >= count else None
    return until(read, f"{count} records")


def test_fields_of_events(tmp_path):
    with Simulator(tmp_path, SINK + REFUSING) as sim, Daemon(tmp_path, stream=relay(sim) + '\ndsn = "off"') as mta:
        identity = mta.submit("a@sender.test", ["yes@one.test", "nobody@one.test", "later@one.test"],
                              message(X_Job="autumn", X_Penstock_Tenant="shop"), ["ENVID=e+3D1"],
                              ["ORCPT=rfc822;old@x.test"])
        delivered, = mta.until_events("delivered", 1)
        bounced, = mta.until_events("bounced", 1)
        deferred, = mta.until_events("deferred", 1)
        accepted = {event["recipient"]: event for event in mta.until_events("accepted", 3)}
        for event in (delivered, bounced, deferred):
            came = accepted[event["recipient"]]
            assert event["node"] == "mta.test" and event["id"] == came["id"] == identity
            assert event["rcpt_index"] == came["rcpt_index"]
            assert (event["stream"], event["tenant"], event["campaign"]) == ("default", "shop", "autumn")
            assert (event["sender"], event["domain"], event["envid"]) == ("a@sender.test", "one.test", "e=1")
            assert event["orcpt"].endswith("old@x.test")
            assert [event[key] for key in ("vmta", "pool", "source", "peer")] == [
                "v1", "main", "127.0.0.1", "127.0.0.2"]
            assert event["route"] == "relay" and event["attempt"] == 1 and event["connection"] >= 1
            assert event["size"] == came["size"] > 100 and event["took_us"] > 0
            passed = (time_of(event["time"]) - time_of(came["time"])) / datetime.timedelta(microseconds=1)
            assert abs(passed - event["queued_us"]) < 100_000 * SLOW, (passed, event["queued_us"])
        assert (delivered["step"], delivered["code"], delivered["enhanced"]) == ("end-of-data", 250, "2.0.0")
        assert (bounced["step"], bounced["code"], bounced["enhanced"], bounced["class"]) == (
            "rcpt", 550, "5.1.1", "invalid-mailbox")
        assert bounced["reply"] == '550 5.1.1 no, "never" heard of'
        assert (deferred["step"], deferred["code"]) == ("rcpt", 451) and deferred["next"] > deferred["time"]
        came = accepted["yes@one.test"]
        assert (came["peer"], came["peer_host"], came["protocol"]) == ("127.0.0.1", "client.test", "smtp")


def test_accounting_has_every_outcome_once(tmp_path):
    with Simulator(tmp_path, SINK + REFUSING) as sim, Daemon(
            tmp_path, stream=relay(sim) + '\ndsn = "off"', extra=ACCOUNTING) as mta:
        mta.submit("a@sender.test", ["yes@one.test", "nobody@one.test", "later@one.test"], message(X_Job="autumn"))
        rows = records(mta, 6)
        assert list(rows[0])[:len(COLUMNS)] == COLUMNS
        by_type = {kind: [row for row in rows if row["type"] == kind] for kind in "rdbt"}
        assert [len(by_type[kind]) for kind in "rdbt"] == [3, 1, 1, 1]
        row, = by_type["d"]
        assert [row[key] for key in ("orig", "rcpt", "dsnAction", "vmta", "jobId", "queue", "vmtaPool")] == [
            "a@sender.test", "yes@one.test", "relayed", "v1", "autumn", "one.test/v1", "main"]
        assert (row["dlvSourceIp"], row["dlvDestinationIp"], row["dlvType"]) == ("127.0.0.1", "127.0.0.2", "smtp")
        row, = by_type["b"]
        assert row["dsnDiag"] == 'smtp;550 5.1.1 no, "never" heard of' and row["bounceCat"] == "bad-mailbox"
        assert row["dsnStatus"].startswith("5.1.1") and row["dsnAction"] == "failed"
        assert by_type["t"][0]["dsnAction"] == "delayed"
        for row in rows:
            datetime.datetime.strptime(row["timeLogged"], "%Y-%m-%d %H:%M:%S%z")
        mta.stop()
        assert not list((mta.data / "accounting").glob("*.new"))


def test_accounting_over_kills_has_each_event_once(tmp_path):
    with Simulator(tmp_path, SINK) as sim, Daemon(tmp_path, stream=relay(sim), extra=ACCOUNTING) as mta:
        for _ in range(3):
            send(mta, "--messages", "200")
            mta.until_queue(total=0)
            until(lambda: mta.events("delivered")[-1:] and len(records(mta, 1)) > 0, "some records")
            mta.kill()
            mta.start()
        mta.submit("a@sender.test", "last@one.test")

        def complete():
            rows = [row for row in records(mta, 1) if row["type"] == "d"]
            return rows if any(row["rcpt"] == "last@one.test" for row in rows) else None
        assert len(until(complete, "the last record")) == len(mta.events("delivered"))


def test_accounting_files_rotate(tmp_path):
    with Simulator(tmp_path, SINK) as sim, Daemon(tmp_path, stream=relay(sim), extra=ACCOUNTING) as mta:
        send(mta, "--messages", "4000", "--sessions", "20", "--size", "1KiB")
        mta.until_queue(30, total=0)
        until(lambda: list((mta.data / "accounting").glob("*.csv")), "a finished file")
        rows = records(mta, 8000)
        assert len(rows) == 8000 and sum(row["type"] == "d" for row in rows) == 4000
        first = sorted((mta.data / "accounting").glob("*.csv"))[0]
        assert 1 << 19 < first.stat().st_size < 3 << 20


def test_a_reader_goes_on_where_it_was_over_a_restart(tmp_path):
    def read(mta, cursor):
        path = f"/v1/events?cursor={cursor}&max=1000" if cursor is not None else "/v1/events?last=1"
        answer = mta.api(path)
        return answer["events"], answer["cursor"]

    with Daemon(tmp_path, stream='route = "null"') as mta:
        _, cursor = read(mta, None)
        mta.submit("a@sender.test", "b@one.test")
        mta.until_events("delivered", 1)
        seen, cursor = read(mta, cursor)
        assert [event["type"] for event in seen] == ["accepted", "delivered"]
        mta.restart()
        mta.submit("a@sender.test", "c@one.test")
        mta.until_events("delivered", 2)
        seen, cursor = read(mta, cursor)
        assert [event["type"] for event in seen if event["type"] != "config"] == ["accepted", "delivered"]
        assert all(event.get("recipient") in (None, "c@one.test") for event in seen)
        assert read(mta, cursor)[0] == []


def test_admin_acts_are_recorded_with_who_did_them(tmp_path):
    with Daemon(tmp_path, stream='route = "null"') as mta:
        mta.cli("pause", "--domain", "x.test", "--reason", "why not")
        mta.cli("resume", "--all")
        acts = mta.until_events("admin", 2)
        assert "root" in json.dumps(acts[0]) and "x.test" in json.dumps(acts[0]) and "why not" in json.dumps(acts[0])
