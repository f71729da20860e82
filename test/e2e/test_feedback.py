# SPDX-License-Identifier: Apache-2.0
"""Reports that come back by mail: whose mail it was, what follows, and what forgers achieve."""
import json
import smtplib
import subprocess

from daemon import CLI, Daemon, message, until
from simulator import SLOW, Simulator
from test_accepting import Door
from test_relay import SINK

RETURN_PATH = '''
return_path = "b+{ref}@bounces.sender.test"
cfbl_address = "fbl@bounces.sender.test"'''
LISTENER = 'report_domains = ["bounces.sender.test"]'


def sender_of(mail):
    """Under which envelope sender it arrived."""
    return mail["X-Sim-Mail-From"].strip("<>")


class Shop(Door):
    """A daemon that marks what it sends and takes reports."""

    def __init__(self, folder, extra="", receiver=""):
        super().__init__(folder, listener=LISTENER, extra=extra)
        self.sim = Simulator(folder, SINK + receiver, "--maildir", str(self.mail))

    def __enter__(self):
        super().__enter__()
        stream = self.mta.parts["stream"] + RETURN_PATH
        self.mta.write_config(stream=stream)
        assert self.mta.cli("reload")["applied"]
        return self

    def sent_to(self, address, count=1):
        """Sends a message; its envelope sender and its reference as they arrived."""
        self.mta.submit("news@sender.test", [address], message(To=address))
        mail = self.arrived(count)[-1]
        assert mail["CFBL-Address"] == "fbl@bounces.sender.test; report=arf"
        delivered = self.mta.until_events("delivered", 1, recipient=address)[-1]
        assert delivered["sender"] == "news@sender.test"
        return sender_of(mail), mail["X-Penstock-Ref"]

    def report(self, to, text, sender=""):
        """Mails a report to us, as a stranger would."""
        with smtplib.SMTP("127.0.0.1", self.mta.port, timeout=20 * SLOW) as client:
            return client.sendmail(sender, [to], text.replace("\n", "\r\n"))


def bounce(address, status="5.1.1", words="user unknown"):
    return f"""From: MAILER-DAEMON@mx.receiver.test
Subject: Undelivered Mail Returned to Sender
MIME-Version: 1.0
Content-Type: multipart/report; report-type=delivery-status; boundary="=b"

--=b
Content-Type: text/plain

Your message could not be delivered.

--=b
Content-Type: message/delivery-status

Reporting-MTA: dns; mx.receiver.test

Final-Recipient: rfc822; {address}
Action: failed
Status: {status}
Diagnostic-Code: smtp; 550 {status} {words}

--=b--
"""


def complaint(address, reference=""):
    return f"""From: fbl@receiver.test
Subject: complaint
MIME-Version: 1.0
Content-Type: multipart/report; report-type=feedback-report; boundary="=b"

--=b
Content-Type: text/plain

This is an email abuse report.

--=b
Content-Type: message/feedback-report

Feedback-Type: abuse
User-Agent: receiver
Version: 1

--=b
Content-Type: message/rfc822

X-Penstock-Ref: {reference}
DKIM-Signature: v=1; a=rsa-sha256; d=sender.test; s=x; b=AA==
From: news@sender.test
To: {address}
Subject: test

hello
--=b--
"""


def test_bounce_that_comes_home_is_matched_by_its_envelope(tmp_path):
    with Shop(tmp_path) as shop:
        sender, reference = shop.sent_to("gone@one.test")
        assert sender == f"b+{reference}@bounces.sender.test"
        shop.report(sender, bounce("gone@one.test"))
        event = shop.mta.until_events("bounce-report", 1)[0]
        assert event["recipient"] == "gone@one.test"
        assert event["class"] == "invalid-mailbox" and event["enhanced"] == "5.1.1"
        assert event["stream"] == "default" and event["vmta"] == "v1"
        assert "a reference of ours" in event["detail"] and "suppressed" in event["detail"]


def test_complaint_is_matched_by_the_header_though_the_address_is_hidden(tmp_path):
    with Shop(tmp_path) as shop:
        _, reference = shop.sent_to("annoyed@one.test")
        shop.report("fbl@bounces.sender.test", complaint("redacted@receiver.test", reference), "fbl@receiver.test")
        event = shop.mta.until_events("complaint", 1)[0]
        assert event["recipient"] == "annoyed@one.test"
        assert event["dkim_domain"] == "sender.test"
        assert "suppressed" in event["detail"]


def test_each_recipient_of_a_message_has_a_reference_of_his_own(tmp_path):
    people = ["anna@one.test", "bert@one.test", "carl@one.test", "dora@one.test"]
    with Shop(tmp_path) as shop:
        shop.mta.submit("news@sender.test", people, message())
        senders = {mail["X-Sim-Rcpt-To"].strip("<>"): sender_of(mail) for mail in shop.arrived(4)}
        assert sorted(senders) == people and len(set(senders.values())) == 4
        references = {address: sender[2:sender.index("@")] for address, sender in senders.items()}
        shop.report(senders["anna@one.test"], bounce("dora@one.test"))  # what a recipient could forge
        shop.report(senders["bert@one.test"], bounce("bert@one.test"))
        shop.report("fbl@bounces.sender.test", complaint("redacted@receiver.test", references["carl@one.test"]))
        events = shop.mta.until_events("bounce-report", 2) + shop.mta.until_events("complaint", 1)
        suppressed = {event["recipient"] for event in events if event["detail"].endswith("; suppressed")}
        # The forger reported himself.
        assert suppressed == {"anna@one.test", "bert@one.test", "carl@one.test"}, events
        assert {event["rcpt_index"] for event in events} == {0, 1, 2}
        listed = shop.mta.cli("suppress", "list")["suppressions"]
        assert {row["address"] for row in listed} == suppressed


def test_failure_notice_goes_to_who_sent_the_message(tmp_path):
    gone = '[[receiver.on]]\nstep = "rcpt"\nrecipient = "gone@*"\nreply = "550 5.1.1 no such user"\n'
    with Shop(tmp_path, receiver=gone) as shop:
        shop.mta.submit("author@sender.test", ["gone@one.test"], message())
        assert shop.mta.until_events("bounced", 1)[0]["sender"] == "author@sender.test"
        notice, = shop.arrived(1)
        assert notice["X-Sim-Rcpt-To"] == "<author@sender.test>" and sender_of(notice) == ""
        assert "X-Penstock-Ref" not in notice


def test_complaint_about_nobody_is_an_event(tmp_path):
    with Shop(tmp_path) as shop:
        text = complaint("x").replace("X-Penstock-Ref: \n", "").replace("To: x\n", "")
        shop.report("fbl@bounces.sender.test", text)
        event, = shop.mta.until_events("complaint", 1)
        assert "recipient" not in event and "suppressed" not in event["detail"], event
        assert 'penstock_reports_total{kind="complaint",proof="none"} 1' in shop.mta.run_cli("metrics").stdout


def test_suppression_follows_a_report_within_a_second(tmp_path):
    with Shop(tmp_path) as shop:
        sender, _ = shop.sent_to("gone@one.test")
        shop.report(sender, bounce("gone@one.test"))
        event, = shop.mta.until_events("bounce-report", 1)
        assert event["detail"].endswith("; suppressed")
        # By the daemon's own clock: the event is recorded after the suppression is on disk.
        assert 0 < event["queued_us"] <= 1_000_000 * SLOW, event


def test_late_report_of_missing_authentication_raises_the_alarm(tmp_path):
    words = "This mail is unauthenticated: neither SPF nor DKIM passed"
    with Shop(tmp_path) as shop:
        sender, _ = shop.sent_to("anna@one.test")
        shop.report("fbl@bounces.sender.test", bounce("anna@one.test", "5.7.26", words))  # a stranger's word
        shop.report(sender, bounce("anna@one.test", "5.7.26", words))
        _, event = shop.mta.until_events("bounce-report", 2)
        assert event["class"] == "authentication" and event["rule"], event
        assert "suppressed" not in event["detail"]

        def alarm():
            return [trouble["message"] for trouble in shop.mta.cli("status")["troubles"]
                    if "configuration is wrong" in trouble["message"]]
        message_of, = until(alarm, "the alarm")
        assert message_of.startswith("1 refusals") and words in message_of


def test_forgers_get_nobody_suppressed(tmp_path):
    with Shop(tmp_path) as shop:
        sender, reference = shop.sent_to("anna@one.test")
        forged = ("a" if reference[0] != "a" else "b") + reference[1:]
        shop.report(f"b+{forged}@bounces.sender.test", bounce("victim@one.test"))
        shop.report("fbl@bounces.sender.test", complaint("victim@one.test"))
        shop.report(sender, bounce("victim@one.test"))  # acts on what the reference names, on nobody else
        shop.report(sender, bounce("anna@one.test"))    # once
        events = shop.mta.until_events("bounce-report", 3) + shop.mta.until_events("complaint", 1)
        suppressed = [event["recipient"] for event in events if event["detail"].endswith("; suppressed")]
        assert suppressed == ["anna@one.test"], events


TRUSTING = """
[dns]
stub = [{ zone = "test", server = "%s" }]
ttl_min = "0s"
[feedback]
trusted_domains = ["receiver.test"]
"""
SIGNERS = """
[dns]
ttl = "1s"
[[receiver]]
name = "nobody"
addresses = ["127.0.0.1"]
[[domain]]
name = "receiver.test"
receivers = ["nobody"]
"""


def test_complaint_without_a_reference_needs_the_signature_of_a_trusted_domain(tmp_path):
    def penstock(*arguments, **more):
        done = subprocess.run([CLI, *map(str, arguments)], capture_output=True, timeout=60 * SLOW, check=False, **more)
        assert done.returncode == 0, done.stderr
        return done.stdout

    def sign(domain, address):
        text = complaint(address).replace("\n", "\r\n").encode()
        key = tmp_path / f"{domain}.s1.pem"
        return penstock("dkim", "sign", "-", "--key", key, "--domain", domain, "--selector", "s1", input=text)

    scenario = SIGNERS
    for domain in ("receiver.test", "foreign.test"):
        made = json.loads(penstock("dkim", "new", domain, "--selector", "s1", "--type", "ed25519", "--out", tmp_path,
                                   "--json"))
        scenario += f'[[record]]\nname = "{made["name"]}"\ntype = "TXT"\nvalue = "{made["record"]}"\n'
    with Simulator(tmp_path, scenario) as sim, Daemon(tmp_path, stream='route = "null"', listener=LISTENER,
                                                      extra=TRUSTING % sim.addresses["dns"]) as mta:
        tampered = sign("receiver.test", "tampered@one.test").replace(b"abuse report", b"other report")
        for text in (sign("foreign.test", "foreign@one.test"), tampered,
                     complaint("unsigned@one.test").replace("\n", "\r\n").encode(),
                     sign("receiver.test", "annoyed@one.test")):
            with smtplib.SMTP("127.0.0.1", mta.port, timeout=20 * SLOW) as client:
                client.sendmail("fbl@receiver.test", ["fbl@bounces.sender.test"], text)
        events = {event["recipient"]: event["detail"] for event in mta.until_events("complaint", 4)}
        assert [address for address, detail in events.items() if "suppressed" in detail] == ["annoyed@one.test"], events
        assert len(events) == 4
        listed = mta.cli("suppress", "list")["suppressions"]
        assert {row["address"] for row in listed} == {"annoyed@one.test"}


def test_automatic_answers_change_nothing(tmp_path):
    with Shop(tmp_path) as shop:
        sender, _ = shop.sent_to("away@one.test")
        shop.report(sender, "From: away@one.test\nSubject: Out of office\nAuto-Submitted: auto-replied\n\nAway.\n")
        shop.report(sender, bounce("away@one.test", "4.2.2", "mailbox full"))
        # Reports are dealt with in order: the first event is the second report's.
        event, = shop.mta.until_events("bounce-report", 1)
        assert event["enhanced"] == "4.2.2", event
        assert shop.mta.events("complaint") == []


def test_own_rules_hold_for_bounces_that_come_by_mail(tmp_path):
    rules = tmp_path / "rules"
    rules.mkdir()
    rule = """
[[rule]]
id = "own-words"
pattern = 'user unknown'
class = "%s"
scope = "recipient"
reference = "https://sender.test/codes"
samples = ["550 5.1.1 user unknown"]
near_misses = ["552 5.2.2 mailbox full"]
"""
    (rules / "own.toml").write_text(rule % "inactive-mailbox")
    with Shop(tmp_path, extra=f'[classify]\nrules = "{rules}"\n') as shop:
        for name, expected in (("one", "inactive-mailbox"), ("two", "server-trouble")):
            (rules / "own.toml").write_text(rule % expected)
            assert shop.mta.cli("reload")["applied"]
            sender, _ = shop.sent_to(f"{name}@one.test", 1 if name == "one" else 2)
            shop.report(sender, bounce(f"{name}@one.test"))
            event = shop.mta.until_events("bounce-report", 1, recipient=f"{name}@one.test")[0]
            assert event["class"] == expected
            assert ("suppressed" in event["detail"]) == (name == "one")


def test_reports_wait_for_a_daemon_that_was_killed(tmp_path):
    with Shop(tmp_path) as shop:
        sender, _ = shop.sent_to("gone@one.test")
        shop.report(sender, bounce("gone@one.test"))
        shop.mta.kill()
        shop.mta.start()
        assert shop.mta.until_events("bounce-report", 1)[0]["recipient"] == "gone@one.test"


def test_parse_needs_no_daemon(tmp_path):
    (tmp_path / "good").write_text(bounce("gone@one.test"))
    done = subprocess.run([CLI, "feedback", "parse", "--json", tmp_path / "good", tmp_path / "missing"],
                          capture_output=True, text=True, timeout=60 * SLOW, check=False)
    good, missing = map(json.loads, done.stdout.splitlines())
    assert done.returncode == 1
    assert good["kind"] == "bounce" and good["recipients"][0]["address"] == "gone@one.test"
    assert good["recipients"][0]["class"] == "invalid-mailbox"
    assert missing["file"].endswith("missing") and missing["error"]


def test_import_takes_maildir_mbox_and_single_files(tmp_path):
    with Shop(tmp_path) as shop:
        folder = tmp_path / "old"
        (folder / "maildir" / "cur").mkdir(parents=True)
        (folder / "maildir" / "tmp").mkdir()
        (folder / "maildir" / "cur" / "1").write_text(bounce("a@one.test"))
        (folder / "maildir" / "tmp" / "2").write_text(bounce("never@one.test"))
        (folder / "one.eml").write_text(bounce("b@one.test").replace("\n", "\r\n"))
        (folder / "box").write_text("".join(f"From MAILER-DAEMON Tue Jan  6 10:00:00 2026\n{bounce(address)}\n"
                                            for address in ("c@one.test", "d@one.test")))
        done = shop.mta.run_cli("--json", "feedback", "import", folder, "--to", "b@bounces.sender.test",
                                "--smtp", f"127.0.0.1:{shop.mta.port}")
        assert done.returncode == 0, done.stderr
        assert json.loads(done.stdout) == {"taken": 4, "refused": 0, "unreadable": 0}
        events = shop.mta.until_events("bounce-report", 4)
        assert sorted(event["recipient"][0] for event in events) == ["a", "b", "c", "d"]
        # The daemon knows where reports go.
        empty = folder / "empty.eml"
        empty.write_text("")
        done = shop.mta.run_cli("feedback", "import", empty)
        assert done.returncode == 1 and "no report was found there" in done.stderr, done
        empty.unlink()
        done = shop.mta.run_cli("feedback", "import", folder / "nothing")
        assert done.returncode == 2 and "generic" not in done.stderr and "No such file" in done.stderr, done
        done = shop.mta.run_cli("--json", "feedback", "import", folder / "one.eml")
        assert done.returncode == 0, done.stderr
        assert json.loads(done.stdout)["taken"] == 1
        assert len(shop.mta.until_events("bounce-report", 5)) == 5
