# SPDX-License-Identifier: Apache-2.0
"""Receivers with personalities, driven by the load generator and by smtplib: hidden limits, snowshoe, reports."""
import email
import re
import smtplib
import socket
import time

import pytest
from simulator import ROOT, SLOW, Simulator, run

SCENARIO = """
[personality.gmail]
kind = "gmail"
rate = "200/s"
connections = 2
tolerance = 3
hold = "1h"
[personality.microsoft]
kind = "microsoft"
rate = "1/min"
connections = 1
[personality.yahoo]
kind = "yahoo"
rate = "1000/s"
messages_per_connection = 3
[personality.apple]
kind = "apple"
connections = 1
[[timeline]]
at = "1h"
personality = "gmail"
rate = "1/s"
[[receiver]]
name = "gmail"
addresses = ["127.0.0.1"]
personality = "gmail"
[[receiver]]
name = "microsoft"
addresses = ["127.0.0.1"]
personality = "microsoft"
[[receiver]]
name = "yahoo"
addresses = ["127.0.0.1"]
personality = "yahoo"
[[receiver]]
name = "apple"
addresses = ["127.0.0.1"]
personality = "apple"
[[receiver]]
name = "halfway"
addresses = ["127.0.0.1"]
[[receiver.on]]
step = "rcpt"
action = "half_reply"
"""
TEXT = "Subject: x\r\nX-Sim-Id: t-1\r\n\r\ntext\r\n"


@pytest.fixture(name="sim")
def fixture_sim(tmp_path):
    with Simulator(tmp_path, SCENARIO) as sim:
        yield sim


def provider(sim, name):
    return sim.report()["providers"][name]


def test_load_above_the_hidden_rate_is_refused_and_measured(sim):
    result = sim.send("gmail", "--messages", "400", "--sessions", "2", "--source", "127.0.0.5")
    seen = provider(sim, "gmail")
    mine = seen["sources"]["127.0.0.5"]
    assert result["acknowledged"] == mine["taken"] == seen["taken"] < 400
    assert mine["refused"]["rate"] >= 3, "enough to be held"
    assert mine["violations"] >= 3 and seen["violations"] == mine["violations"]
    assert sum(second[3] for second in seen["seconds"]) == mine["taken"]
    with pytest.raises(smtplib.SMTPConnectError) as held:
        sim.connect("gmail", "127.0.0.5")
    assert (held.value.smtp_code, held.value.smtp_error) == (421, b"4.7.0 Try again later, closing connection.")
    sim.connect("gmail", "127.0.0.6").quit()  # another source is another matter


def test_hidden_limits_change_while_running(sim):
    with sim.connect("gmail") as client:
        client.sendmail("a@client.test", ["u1@gmail.test"], TEXT)
        sim.set("personality=gmail", "complaint_share=0.5")
        with pytest.raises(smtplib.SMTPDataError) as refused:
            client.sendmail("a@client.test", ["u2@gmail.test"], TEXT)
        assert refused.value.smtp_code == 550 and b"5.7.1" in refused.value.smtp_error
        sim.set("personality=gmail", "complaint_share=0")
        client.sendmail("a@client.test", ["u3@gmail.test"], TEXT)
    assert provider(sim, "gmail")["sources"]["127.0.0.1"]["refused"] == {"complaints": 1}
    sim.set("personality=micro*", "blocked=true", "source=127.0.0.9")
    with sim.connect("microsoft", "127.0.0.9") as client:
        client.ehlo()
        code, text = client.mail("a@client.test")
    assert (code, b"block list (S3140)" in text, b"[127.0.0.9]" in text) == (550, True, True)
    for nonsense in (["personality=nobody", "rate=1/s"], ["personality=gmail", "colour=1"],
                     ["personality=gmail", "rate=quick"], ["personality=gmail"]):
        assert sim.set(*nonsense, check=False).returncode == 2


def test_microsoft_defers_and_tells_snowshoe(sim):
    with sim.connect("microsoft") as client:
        client.sendmail("a@client.test", ["u1@outlook.test"], TEXT)
        client.send("MAIL FROM:<b@client.test>\r\nRCPT TO:<u2@outlook.test>\r\n")
        code, text = client.getreply()
        assert (code, text.startswith(b"4.7.650 The mail server [127.0.0.1]")) == (451, True)
        assert client.getreply()[0] == 503
        with sim.connect("microsoft") as second:
            second.ehlo()
            assert second.mail("c@client.test")[1].startswith(b"4.7.652"), "one connection is allowed"
    assert provider(sim, "microsoft")["snowshoe"] == 0
    with sim.connect("microsoft", "127.0.0.7") as dodger:
        dodger.sendmail("b@client.test", ["u2@outlook.test"], TEXT)
    seen = provider(sim, "microsoft")
    assert (seen["snowshoe"], seen["sources"]["127.0.0.7"]["snowshoe"]) == (1, 1)
    assert seen["sources"]["127.0.0.1"]["refused"] == {"rate": 1, "connections": 1}
    run("reset", "--control", sim.control)
    assert (provider(sim, "microsoft")["offered"], provider(sim, "microsoft")["snowshoe"]) == (0, 0)


def test_yahoo_hangs_up_after_its_messages_and_apple_refuses_connections(sim):
    with sim.connect("yahoo") as client:
        for number in range(3):
            client.sendmail("a@client.test", [f"u{number}@yahoo.test"], TEXT)
        with pytest.raises(smtplib.SMTPServerDisconnected):
            client.mail("a@client.test")
    assert provider(sim, "yahoo")["sources"]["127.0.0.1"]["refused"] == {"messages_per_connection": 1}
    with sim.connect("apple"):
        with pytest.raises((ConnectionError, smtplib.SMTPServerDisconnected)):
            sim.connect("apple")
    assert provider(sim, "apple")["sources"]["127.0.0.1"]["refused"] == {"connections": 1}


def test_half_a_reply_and_then_nothing(sim):
    with sim.connect("halfway") as client:
        client.ehlo()
        client.mail("a@client.test")
        client.send("RCPT TO:<u@halfway.test>\r\n")
        client.sock.settimeout(0.3)
        heard = b""
        with pytest.raises(socket.timeout):
            while True:
                heard += client.sock.recv(100)
        assert heard.startswith(b"250 2.1.5") and not heard.endswith(b"\n")
        client.close()


REPORTS = """
[[receiver]]
name = "reports"
addresses = ["127.0.0.1"]
[[receiver]]
name = "site"
addresses = ["127.0.0.1"]
host = "mx.site.test"
[[receiver.after]]
kind = "bounce"
recipient = "gone*@*"
to = "127.0.0.1:%(port)d"
formats = ["rfc3464", "qmail", "exchange"]
delay = "20ms"
[[receiver.after]]
kind = "complaint"
recipient = "angry*@*"
to = "127.0.0.1:%(port)d"
address = "fbl@sender.test"
[[receiver.after]]
kind = "complaint"
recipient = "open*@*"
to = "127.0.0.1:%(port)d"
address = "fbl@sender.test"
redacted = false
[[receiver.after]]
kind = "complaint"
recipient = "some*@*"
share = 0.25
to = "127.0.0.1:%(port)d"
address = "fbl@sender.test"
"""


def mails_of(folder, recipient):
    """The kept messages for one recipient."""
    texts = [file.read_bytes() for file in (folder / "new").iterdir()]
    return [email.message_from_bytes(text) for text in texts if b"X-Sim-Rcpt-To: <%s>" % recipient in text]


@pytest.fixture(name="reporting")
def fixture_reporting(tmp_path):
    # Reports go to another simulator, whose port is known before this one's scenario is written.
    (tmp_path / "a").mkdir()
    (tmp_path / "b").mkdir()
    with Simulator(tmp_path / "a", REPORTS % {"port": 9}, "--maildir", str(tmp_path / "mail")) as inbox:
        port = int(inbox.address("reports").rsplit(":", 1)[1])
        with Simulator(tmp_path / "b", REPORTS % {"port": port}) as site:
            yield site, inbox, tmp_path / "mail"


def settled(sim, count):
    """The aftermath once so many reports have gone out."""
    deadline = time.monotonic() + 20 * SLOW
    while time.monotonic() < deadline:
        after = sim.report()["aftermath"]
        if after["bounces"] + after["complaints"] + after["failed"] >= count and after["pending"] == 0:
            break
        time.sleep(0.02)
    return after


def test_bounces_come_later_in_three_formats(reporting):
    site, inbox, folder = reporting
    with site.connect("site") as client:
        for number in range(3):
            client.sendmail("verp+7@sender.test", [f"gone{number}@site.test"], TEXT)
    assert settled(site, 3) == {"bounces": 3, "complaints": 0, "pending": 0, "failed": 0, "dropped": 0}
    assert inbox.wait(3)
    mails = mails_of(folder, b"verp+7@sender.test")
    assert [mail["X-Sim-Mail-From"] for mail in mails] == ["<>"] * 3
    texts = sorted(mail.as_string() for mail in mails)
    assert sum("qmail-send program" in text for text in texts) == 1
    assert sum("Diagnostic information for administrators" in text for text in texts) == 1
    assert sum("Final-Recipient: rfc822; gone" in text for text in texts) == 2
    assert sum(mail.get_content_type() == "multipart/report" for mail in mails) == 2


def test_complaints_come_in_arf(reporting):
    site, inbox, folder = reporting
    with site.connect("site") as client:
        client.sendmail("verp+8@sender.test", ["angry@site.test"], "To: angry@site.test\r\n" + TEXT)
        client.sendmail("verp+8@sender.test", ["open@site.test"], "To: open@site.test\r\n" + TEXT)
    assert settled(site, 2)["complaints"] == 2
    assert inbox.wait(2)
    mails = mails_of(folder, b"fbl@sender.test")
    assert [mail.get_param("report-type") for mail in mails] == ["feedback-report"] * 2
    texts = [mail.as_string() for mail in mails]
    assert all("Feedback-Type: abuse" in text and "Source-IP: 127.0.0.1" in text for text in texts)
    assert sum("angry@site.test" in text for text in texts) == 0, "redacted"
    assert sum(bool(re.search("Original-Rcpt-To: <open@site.test>", text)) for text in texts) == 1


def test_a_share_of_readers_complains(reporting):
    site, _, _ = reporting
    site.send("site", "--messages", "400", "--recipient", "some{n}", "--domains", "site.test", "--run", "fixed",
              "--size", "1KiB")
    complaints = settled(site, 60)["complaints"]
    assert 60 <= complaints <= 140


@pytest.mark.parametrize("name", ["internet", "shaping"])
def test_shipped_scenarios_are_good(name):
    done = run("check", "--scenario", ROOT / "sim" / "scenarios" / f"{name}.toml")
    assert re.search(r": [1-9]\d* receivers on [1-9]\d* addresses, [1-9]\d* domains, ", done.stdout), done.stdout
