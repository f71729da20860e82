# SPDX-License-Identifier: Apache-2.0
"""Addresses that must not be mailed: learned from a receiver, told by people, and never mailed again."""
import json
import smtplib
import subprocess

import pytest
from daemon import CLI, Daemon, free_port, message, until
from simulator import SLOW, Simulator
from test_mx import STREAM, TROUBLE

PORT = free_port()

SCENARIO = """
[dns]
ttl = "1s"
[behaviour.picky]
[[behaviour.picky.on]]
step = "rcpt"
recipient = "gone*@*"
reply = "550 5.1.1 no such user here"
[[behaviour.picky.on]]
step = "rcpt"
recipient = "blamed*@*"
reply = "550 5.1.0 Sender address rejected: user unknown"
[[behaviour.picky.on]]
step = "rcpt"
recipient = "later*@*"
reply = "451 4.3.0 come back later"
[[receiver]]
name = "m1"
addresses = ["127.4.0.1"]
behaviour = "picky"
[[domain]]
name = "receiver.test"
receivers = ["m1"]
"""


@pytest.fixture(name="sim")
def fixture_sim(tmp_path):
    """A receiver that knows no gone*@receiver.test."""
    with Simulator(tmp_path, SCENARIO, port=PORT) as sim:
        yield sim


@pytest.fixture(name="mta")
def fixture_mta(tmp_path, sim):
    """A daemon that sends to it."""
    with Daemon(tmp_path, stream=STREAM, extra=sim.found_by_mx('ttl_min = "0s"') + TROUBLE) as mta:
        yield mta


def rcpt(mta, address):
    """The reply to RCPT."""
    with mta.client() as client:
        client.mail("a@sender.test")
        code, text = client.rcpt(address)
        return code, text.decode()


def test_reply_about_our_sender_suppresses_no_recipient(mta):
    mta.submit("a@sender.test", "blamed@receiver.test")
    bounced, = mta.until_events("bounced", 1)
    assert bounced["scope"] == "sender-domain"
    assert rcpt(mta, "blamed@receiver.test")[0] == 250


def test_unknown_user_is_refused_at_the_next_rcpt_and_after_a_restart(mta):
    mta.submit("a@sender.test", "gone1@receiver.test")
    event = mta.until_events("bounced", 1)[0]
    assert event["class"] == "invalid-mailbox"
    # The event is there: so is the suppression.
    code, text = rcpt(mta, "Gone1@RECEIVER.test")
    assert code == 550 and "invalid-mailbox" in text
    assert rcpt(mta, "other@receiver.test")[0] == 250
    shown = mta.cli("suppress", "show", "gone1@receiver.test")["suppressions"][0]
    assert "no such user here" in shown["reason"] and shown["source"].startswith(event["id"])
    mta.restart()
    assert rcpt(mta, "gone1@receiver.test")[0] == 550


def test_accept_and_record_sends_nothing(tmp_path, sim):
    with Daemon(tmp_path, stream=STREAM, listener='suppressed = "accept"', extra=sim.found_by_mx('ttl_min = "0s"') + TROUBLE) as mta:
        mta.cli("suppress", "add", "no@receiver.test", "--cause", "complaint")
        mta.submit("a@sender.test", ["no@receiver.test", "yes@receiver.test"])
        event = mta.until_events("suppressed", 1)[0]
        assert event["recipient"] == "no@receiver.test" and event["class"] == "suppressed"
        assert "complaint" in event["reply"]
        assert [e["recipient"] for e in mta.until_events("delivered", 1)] == ["yes@receiver.test"]
        mta.until_queue(total=0)


def test_queued_recipient_who_is_suppressed_never_leaves(mta, sim):
    sim.set("receiver=m1", "down=true")
    mta.submit("a@sender.test", ["queued@receiver.test", "kept@receiver.test"])
    mta.until_events("deferred", 2)
    assert mta.cli("suppress", "add", "queued@receiver.test", "--note", "called us")["added"] == 1
    sim.set("receiver=m1", "down=false")
    assert mta.until_events("suppressed", 1)[0]["recipient"] == "queued@receiver.test"
    assert [e["recipient"] for e in mta.until_events("delivered", 1)] == ["kept@receiver.test"]
    mta.until_queue(total=0)
    assert sim.report()["received"] == 1


def test_scope_of_a_stream_stops_its_mail_only(mta):
    mta.cli("suppress", "add", "some@receiver.test", "--scope", "stream:other")
    mta.submit("a@sender.test", "some@receiver.test")
    mta.until_events("delivered", 1)
    mta.cli("suppress", "add", "some@receiver.test", "--scope", "stream:default")
    mta.submit("a@sender.test", "some@receiver.test")
    mta.until_events("suppressed", 1)


def test_scope_of_a_list_stops_what_is_labelled_so(mta):
    mta.cli("suppress", "add", "reader@receiver.test", "--scope", "list:weekly")
    mta.submit("a@sender.test", "reader@receiver.test", message(X_Penstock_List="weekly"))
    suppressed, = mta.until_events("suppressed", 1)
    assert suppressed["list"] == "weekly" and "list:weekly" in suppressed["reply"]
    mta.submit("a@sender.test", "reader@receiver.test", message(X_Penstock_List="monthly"))
    assert mta.until_events("delivered", 1)[0]["list"] == "monthly"
    assert {event["list"] for event in mta.events("accepted")} == {"weekly", "monthly"}


def test_removal_lets_mail_through_and_is_recorded(mta):
    mta.cli("suppress", "add", "@receiver.test")
    assert rcpt(mta, "anyone@receiver.test")[0] == 550
    assert mta.cli("suppress", "remove", "@receiver.test", "--note", "a mistake")["removed"] == 1
    assert rcpt(mta, "anyone@receiver.test")[0] == 250
    removal, = (event["detail"] for event in mta.events("admin") if "remove suppressions" in event["detail"])
    assert "@receiver.test" in removal and "1 removed; a mistake" in removal
    feed = mta.api("/v1/suppressions/changes?cursor=0")
    assert [row.get("removed") for row in feed["suppressions"]] == [True]


def test_import_check_and_export(mta, tmp_path):
    listed = tmp_path / "list.csv"
    listed.write_text("email,cause\nu1@x.test,complaint\nnobody\nu2@x.test,invalid-mailbox\n")
    first = mta.cli("suppress", "import", listed)
    assert (first["added"], first["bad"]) == (2, 1) and first["bad_lines"][0]["line"] == 3
    assert mta.cli("suppress", "import", listed)["unchanged"] == 2
    # What is past, and fields of several lines.
    listed.write_text('address,note,until\nold@x.test,"two\nlines",2020-01-01\n')
    assert mta.cli("suppress", "import", listed)["added"] == 1
    assert mta.cli("suppress", "import", listed)["unchanged"] == 1
    assert mta.cli("suppress", "remove", "old@x.test")["removed"] == 1
    done = mta.run_cli("suppress", "remove", "nobody@x.test")
    assert done.returncode == 1 and "nothing like that is suppressed" in done.stderr
    done = mta.run_cli("suppress", "check", "bad addr")
    assert done.returncode == 2 and '"bad addr" is no address' in done.stderr, done
    found = mta.cli("suppress", "check", "u1@x.test", "U2@X.TEST", "u3@x.test")
    assert found["checked"] == 3 and [one["given"] for one in found["suppressed"]] == ["u1@x.test", "U2@X.TEST"]
    lines = mta.run_cli("suppress", "export", "--format", "csv").stdout.splitlines()
    assert len(lines) == 3 and lines[0].startswith("address,scope,cause")
    assert rcpt(mta, "u1@x.test")[0] == 550


def test_import_from_standard_input_in_pieces(mta, tmp_path):
    """Large enough for several pieces; bad lines are told by their place in the whole."""
    lines = ["email,note"] + [f"user{number}@x.test,a remark that makes the line longer" for number in range(30_000)]
    lines[1] = "nobody at all"
    lines[15_000] = "user15000@@x.test"
    lines[29_000] = "m\udcfcller@x.test"  # Latin-1
    lines[30_000] = "@"
    text = "\n".join(lines).encode(errors="surrogateescape")

    def load(file):
        done = subprocess.run([CLI, "--socket", mta.socket, "--json", "suppress", "import", file, "--cause", "complaint"],
                              input=text, capture_output=True, timeout=60 * SLOW, check=False)
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)
    first = load("-")
    assert [line["line"] for line in first["bad_lines"]] == [2, 15_001, 29_001, 30_001]
    assert (first["added"], first["bad"]) == (29_996, 4)
    again = load("/dev/stdin")
    assert (again["added"], again["changed"], again["unchanged"], again["bad"]) == (0, 0, 29_996, 4)
    shown = mta.cli("suppress", "show", "user29998@x.test")["suppressions"][0]
    assert shown["cause"] == "complaint" and shown["note"].startswith("a remark")
    listed = tmp_path / "list.ndjson"
    listed.write_bytes(b'{"address": "other@x.test", "cause": "unsubscribe", "scope": "list:weekly"}\nnonsense\n')
    with listed.open("rb") as file:
        text = file.read()
    done = load("-")
    assert done["added"] == 1 and [line["line"] for line in done["bad_lines"]] == [2]
    assert mta.cli("suppress", "show", "other@x.test")["suppressions"][0]["scope"] == "list:weekly"
    done = subprocess.run([CLI, "--socket", mta.socket, "suppress", "import", "-"], input=b"no address\n",
                          capture_output=True, text=False, timeout=60 * SLOW, check=False)
    assert b"line 1: " in done.stderr and b"1 bad" in done.stdout


def test_killed_daemon_remembers_what_it_learned(mta):
    for number in range(20):
        mta.submit("a@sender.test", f"gone{number}@receiver.test")
    told = {event["recipient"] for event in mta.until_events("bounced", 5)}
    mta.kill()
    mta.start()
    until(lambda: len(mta.cli("suppress", "list")["suppressions"]) == 20, "all twenty suppressed")
    listed = {row["address"] for row in mta.cli("suppress", "list")["suppressions"]}
    assert told <= listed
    with pytest.raises(smtplib.SMTPRecipientsRefused), mta.client() as client:
        client.sendmail("a@sender.test", ["gone0@receiver.test"], "Subject: x\r\n\r\n")
