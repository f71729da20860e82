# SPDX-License-Identifier: Apache-2.0
"""Receivers that answer, bounce later and complain: each address ends where the table of classes says."""
import datetime

import pytest
from daemon import Daemon, free_port, message, until
from simulator import Simulator

PORT = free_port()

SCENARIO = """
[dns]
ttl = "1s"
[[receiver]]
name = "answers"
addresses = ["127.4.1.1"]
[[receiver.on]]
step = "rcpt"
recipient = "unknown*@*"
reply = "550 5.1.1 No such user here"
[[receiver.on]]
step = "rcpt"
recipient = "deferred*@*"
reply = "450 4.1.1 Recipient address rejected: User unknown in virtual mailbox table"
[[receiver.on]]
step = "rcpt"
recipient = "inactive*@*"
reply = "550 5.2.1 The mailbox is disabled"
[[receiver.on]]
step = "rcpt"
recipient = "refusing*@*"
reply = "554 5.7.1 Recipient address rejected: Access denied"
[[receiver.on]]
step = "rcpt"
recipient = "full*@*"
reply = "552 5.2.2 Mailbox full"
[[receiver.on]]
step = "rcpt"
recipient = "blamed*@*"
reply = "550 5.1.0 Sender address rejected: user unknown"
[[receiver]]
name = "slow"
addresses = ["127.4.1.2"]
[[receiver.on]]
step = "rcpt"
reply = "450 4.7.1 Too many messages, slow down"
[[receiver]]
name = "later"
addresses = ["127.4.1.3"]
[[receiver.after]]
kind = "bounce"
recipient = "late*@*"
to = "127.0.0.1:%(port)d"
reply = "550 5.1.1 no such user"
formats = ["rfc3464", "qmail", "exchange"]
[[receiver.after]]
kind = "bounce"
recipient = "busy*@*"
to = "127.0.0.1:%(port)d"
reply = "451 4.7.1 Too many messages, slow down"
[[receiver.after]]
kind = "complaint"
recipient = "hidden*@*"
to = "127.0.0.1:%(port)d"
address = "fbl@bounces.sender.test"
[[receiver.after]]
kind = "complaint"
recipient = "open*@*"
to = "127.0.0.1:%(port)d"
address = "fbl@bounces.sender.test"
redacted = false
[[domain]]
name = "answers.test"
receivers = ["answers"]
[[domain]]
name = "slow.test"
receivers = ["slow"]
[[domain]]
name = "later.test"
receivers = ["later"]
"""

STREAM = """
route = "mx"
retry = { schedule = ["1s"], jitter = 0 }
return_path = "b+{ref}@bounces.sender.test"
dsn = "off"
"""


@pytest.fixture(name="mta")
def fixture_mta(tmp_path):
    """A daemon among these receivers, whose reports come to its own listener."""
    port = free_port()
    with Simulator(tmp_path, SCENARIO % {"port": port}, port=PORT) as sim:
        mta = Daemon(tmp_path, stream=STREAM, listener='report_domains = ["bounces.sender.test"]',
                     extra=sim.found_by_mx('ttl_min = "0s"'))
        mta.port = port
        mta.write_config()
        with mta:
            yield mta


def suppressions(mta, address):
    """What stands about an address: scope to row."""
    return {row["scope"]: row for row in mta.cli("suppress", "show", address, check=False).get("suppressions", [])}


def hours(since, until_then):
    """Between two times of the API."""
    times = [datetime.datetime.fromisoformat(text.replace("Z", "+00:00")) for text in (since, until_then)]
    return (times[1] - times[0]).total_seconds() / 3600


def send(mta, *addresses):
    """One message to each."""
    for address in addresses:
        mta.submit("news@sender.test", address, message(To=address))


@pytest.mark.parametrize("address, cause", [
    ("unknown@answers.test", "invalid-mailbox"), ("deferred@answers.test", "invalid-mailbox"),
    ("inactive@answers.test", "inactive-mailbox"), ("refusing@answers.test", "policy")])
def test_final_answer_about_the_recipient_suppresses_for_good(mta, address, cause):
    send(mta, address)
    event, = mta.until_events("bounced", 1)
    assert event["class"] == cause and event["attempt"] == 1
    row, = suppressions(mta, address).values()
    assert (row["scope"], row["cause"]) == ("global", cause) and "until" not in row
    assert row.get("investigate", False) == (cause == "policy")


def test_full_mailbox_is_tried_three_times_in_a_day_and_rests_two_weeks(mta):
    send(mta, "full@answers.test")
    for attempt in (1, 2):
        event = mta.until_events("deferred", attempt)[-1]
        assert (event["class"], event["code"], event["attempt"]) == ("mailbox-full", 552, attempt)
        assert hours(event["time"], event["next"]) == pytest.approx(12, abs=0.1)
        assert mta.cli("suppress", "list")["suppressions"] == []
        mta.cli("retry", "--domain", "answers.test")
    event, = mta.until_events("bounced", 1)
    assert (event["class"], event["attempt"]) == ("mailbox-full", 3)
    row, = suppressions(mta, "full@answers.test").values()
    assert row["cause"] == "mailbox-full"
    assert hours(event["time"], row["until"]) == pytest.approx(14 * 24, abs=0.1)


def test_stream_that_gives_up_sooner_leaves_the_full_mailbox_the_last_word(mta):
    mta.write_config(stream=STREAM.replace('schedule = ["1s"]', 'schedule = ["8s"], expire = "10s"'))
    assert mta.cli("reload")["applied"]
    send(mta, "full@answers.test")
    event, = mta.until_events("expired", 1)
    assert (event["class"], event["attempt"]) == ("expired", 2)
    row, = suppressions(mta, "full@answers.test").values()
    assert row["cause"] == "mailbox-full"
    assert hours(event["time"], row["until"]) == pytest.approx(14 * 24, abs=0.1)


def test_answers_about_the_sender_and_the_rate_suppress_nobody(mta):
    send(mta, "blamed@answers.test", "quick@slow.test", "busy@later.test")
    assert mta.until_events("bounced", 1, recipient="blamed@answers.test")[0]["scope"] == "sender-domain"
    assert mta.until_events("deferred", 1, recipient="quick@slow.test")[0]["class"] == "rate-limit"
    report = mta.until_events("bounce-report", 1)[0]
    assert report["class"] == "rate-limit" and "suppressed" not in report["detail"]
    assert mta.cli("suppress", "list")["suppressions"] == []


def test_bounces_that_come_later_suppress_in_every_format(mta):
    addresses = [f"late{number}@later.test" for number in range(3)]
    send(mta, *addresses)
    mta.until_events("delivered", 3)
    reports = mta.until_events("bounce-report", 3)
    assert sorted(event["recipient"] for event in reports) == addresses
    assert {event["class"] for event in reports} == {"invalid-mailbox"}
    for address in addresses:
        assert suppressions(mta, address)["global"]["cause"] == "invalid-mailbox"
    assert mta.client().docmd("NOOP")[0] == 250


@pytest.mark.parametrize("address", ["open@later.test", "hidden@later.test"])
def test_complaint_suppresses_in_its_stream_and_everywhere(mta, address):
    send(mta, address)
    event, = mta.until_events("complaint", 1)
    assert event["recipient"] == address
    rows = suppressions(mta, address)
    assert set(rows) == {"global", "stream:default"}
    assert {row["cause"] for row in rows.values()} == {"complaint"}


def test_suppressed_address_is_refused_and_others_go_on(mta):
    send(mta, "late@later.test", "hidden@later.test")
    mta.until_events("bounce-report", 1)
    mta.until_events("complaint", 1)
    with mta.client() as client:
        client.mail("news@sender.test")
        answers = [client.rcpt(f"{name}@later.test")[0] for name in ("late", "hidden", "reader")]
    assert answers == [550, 550, 250]
    until(lambda: len(mta.cli("suppress", "list")["suppressions"]) == 3, "three entries")
