# SPDX-License-Identifier: Apache-2.0
"""Strangers who would send through us to somebody else: every form is refused, and nothing leaves.

The daemon relays to any domain for 127.0.0.9 alone, takes mail for ours.test and reports for bounces.ours.test from
anybody. Everything it sends would go to the simulator, which counts it."""
import base64
import socket
import struct

import pytest
from daemon import Daemon, RawClient, message
from simulator import SLOW, Simulator
from test_relay import SINK, relay

STRANGER, FRIEND = "127.0.0.66", "127.0.0.9"
LISTENER = """hostname = "mta.test"
relay_domains = ["ours.test"]
report_domains = ["bounces.ours.test"]
xclient_from = ["127.0.0.8"]
proxy_from = ["127.0.0.5"]
"""

# What stands behind "RCPT ": from <user@ours.test>, after EHLO.
RECIPIENTS = """
TO:<victim@elsewhere.test>
TO:victim@elsewhere.test
to:<VICTIM@ELSEWHERE.TEST>
To:<Victim@Elsewhere.Test>
TO:<victim@elsewhere.test.>
TO: <victim@elsewhere.test>
TO:   victim@elsewhere.test
TO:\t<victim@elsewhere.test>
TO:< victim@elsewhere.test >
TO:<victim@elsewhere.test >
TO:<victim @elsewhere.test>
TO:<<victim@elsewhere.test>>
TO:<victim@elsewhere.test
TO:victim@elsewhere.test>
TO:Victim <victim@elsewhere.test>
TO:(ours.test) <victim@elsewhere.test>
TO:<victim@elsewhere.test(user@ours.test)>
TO:<victim%elsewhere.test@ours.test>
TO:<victim%elsewhere.test%ours.test@ours.test>
TO:<victim%elsewhere.test@mta.test>
TO:<victim%elsewhere.test@[127.0.0.1]>
TO:<victim%elsewhere.test>
TO:<"victim%elsewhere.test"@ours.test>
TO:<"victim@elsewhere.test"@ours.test>
TO:<"victim\\@elsewhere.test"@ours.test>
TO:<"victim@elsewhere.test">
TO:<"victim"@elsewhere.test>
TO:<victim@elsewhere.test@ours.test>
TO:<victim@elsewhere.test@[127.0.0.1]>
TO:<victim@ours.test@elsewhere.test>
TO:<@ours.test:victim@elsewhere.test>
TO:<@ours.test,@mta.test:victim@elsewhere.test>
TO:<@[127.0.0.1]:victim@elsewhere.test>
TO:<@elsewhere.test:victim%elsewhere.test@ours.test>
TO:<@ours.test:>
TO:<elsewhere.test!victim>
TO:<elsewhere.test!victim@ours.test>
TO:<ours.test!elsewhere.test!victim>
TO:<elsewhere.test!victim@[127.0.0.1]>
TO:<"elsewhere.test!victim"@ours.test>
TO:<victim@[127.0.0.1]>
TO:<victim@[192.0.2.1]>
TO:<victim@[IPv6:::1]>
TO:<victim@[IPv6:2001:db8::1]>
TO:<victim@127.0.0.1>
TO:<victim@localhost>
TO:<victim@mta.test>
TO:<postmaster@elsewhere.test>
TO:<postmaster>
TO:<>
TO:<@>
TO:<victim@>
TO:<victim>
TO:<victim@below.ours.test>
TO:<victim@xours.test>
TO:<victim@ours.test.elsewhere.test>
TO:<victim@elsewhere.test:25>
TO:<smtp:victim@elsewhere.test>
TO:<mailto:victim@elsewhere.test>
TO:<user@ours.test>,<victim@elsewhere.test>
TO:<user@ours.test,victim@elsewhere.test>
TO:<victim@elsewhere.test;user@ours.test>
TO:<user@ours.test> <victim@elsewhere.test>
TO:<user@ours.test> ORCPT=victim@elsewhere.test
TO:<user@ours.test> RELAY=victim@elsewhere.test
TO:<victim@elsewhere.test> ORCPT=rfc822;user@ours.test
TO:<victim@elsewhere.test> NOTIFY=SUCCESS,FAILURE,DELAY
TO:<victim@elsewhere.test> NOTIFY=NEVER ORCPT=rfc822;postmaster@ours.test
TO:<victim@bounces.ours.test.elsewhere.test>
TO:<victim\0@ours.test>
TO:<victim@elsewhere.test\0@ours.test>
FROM:<victim@elsewhere.test>
CC:<victim@elsewhere.test>
""".strip("\n").splitlines()
# With SMTPUTF8: other letters, other dots, another at sign.
UTF8_RECIPIENTS = ["<用户@elsewhere.test>", "<victim@élsewhere.test>", "<victim@ours。test>", "<victim@оurs.test>",
                   "<victim＠elsewhere.test>", "<victim@elsewhere.test＠ours.test>", "<\"victim@elsewhere.test\"@ours.test>"]
# Envelope senders that might be taken for a permission; the recipient is <victim@elsewhere.test>.
SENDERS = ["<>", "<postmaster>", "<postmaster@ours.test>", "<user@ours.test>", "<user@OURS.TEST>", "<user@mta.test>",
           "<user@[127.0.0.1]>", "<user@localhost>", "<victim@elsewhere.test>", "<@ours.test:user@ours.test>",
           "<user@bounces.ours.test>", "<user@ours.test> AUTH=user@ours.test", "<user@ours.test> AUTH=<>",
           "<user@ours.test> RET=FULL ENVID=ours", "<user@ours.test> SIZE=10 BODY=8BITMIME", "user@ours.test"]
GREETINGS = ["HELO localhost", "EHLO [127.0.0.9]", "EHLO mta.test", "EHLO ours.test", "EHLO 127.0.0.9"]
# Said before the transaction, to be somebody else.
PREFACES = ["XCLIENT ADDR=127.0.0.9 NAME=friend.test", "XCLIENT LOGIN=user", "XFORWARD ADDR=127.0.0.9",
            "PROXY TCP4 127.0.0.9 127.0.0.1 4711 25", "AUTH PLAIN " + base64.b64encode(b"\0user\0pass").decode(),
            "AUTH LOGIN", "AUTH EXTERNAL =", "STARTTLS", "ETRN elsewhere.test", "TURN", "VRFY victim@elsewhere.test",
            "EXPN victim", "SEND FROM:<user@ours.test>", "SAML FROM:<user@ours.test>"]


class Gate(Daemon):
    """A daemon with one friend; `arrived` is what has left through it."""

    def __init__(self, folder, sim):
        self.sim = sim
        super().__init__(folder, stream=relay(sim) + '\ndsn = "off"', listener=LISTENER)
        text = self.config_file.read_text()
        assert 'relay_from = ["127.0.0.0/8"]' in text
        self.config_file.write_text(text.replace('relay_from = ["127.0.0.0/8"]', f'relay_from = ["{FRIEND}"]'))

    def stranger(self):
        """A connection from an address that nobody named."""
        return RawClient(self.port, source=STRANGER)

    def accepted(self):
        """Recipients of all mail that was accepted."""
        return sorted(event["recipient"] for event in self.events("accepted"))


def is_yes(reply):
    return reply.startswith(("2", "3"))


def denies(client, recipient):
    """Tries RCPT and, whatever it says, the message; the reply to RCPT, which was no."""
    reply = client.ask(f"RCPT {recipient}")
    assert not is_yes(reply), (recipient, reply)
    data = client.ask("DATA")
    assert not is_yes(data), (recipient, data)
    return reply


@pytest.fixture(name="mta", scope="module")
def fixture_mta(tmp_path_factory):
    folder = tmp_path_factory.mktemp("gate")
    with Simulator(folder, SINK) as sim, Gate(folder, sim) as mta:
        yield mta
        # After all tests, each of which leaves only what it says: nothing went to anybody else.
        assert all(recipient.endswith(("@ours.test", "@allowed.test")) for recipient in mta.accepted())


def nothing_left(mta, accepted, received):
    """Nothing was accepted or sent since `accepted` and `received` were looked at."""
    assert mta.accepted() == accepted
    mta.until_queue(total=0)
    assert mta.sim.report()["received"] == received


@pytest.fixture(name="closed", autouse=True)
def fixture_closed(mta, request):
    """Nothing gets through in any test but the controls."""
    accepted, received = mta.accepted(), mta.sim.report()["received"]
    yield
    if "control" not in request.node.name:
        nothing_left(mta, accepted, received)


def test_forms_of_recipients(mta):
    assert len(RECIPIENTS) >= 40
    for recipient in RECIPIENTS:
        with mta.stranger() as client:
            client.ask("EHLO client.test")
            assert is_yes(client.ask("MAIL FROM:<user@ours.test>"))
            denies(client, recipient)


def test_forms_of_recipients_in_other_alphabets(mta):
    for recipient in UTF8_RECIPIENTS:
        with mta.stranger() as client:
            client.ask("EHLO client.test")
            assert is_yes(client.ask("MAIL FROM:<user@ours.test> SMTPUTF8"))
            denies(client, "TO:" + recipient)


def test_forms_of_senders(mta):
    for sender in SENDERS:
        with mta.stranger() as client:
            client.ask("EHLO client.test")
            client.ask("MAIL FROM:" + sender)
            denies(client, "TO:<victim@elsewhere.test>")


def test_forms_of_greetings(mta):
    for greeting in [*GREETINGS, ""]:
        with mta.stranger() as client:
            if greeting:
                client.ask(greeting)
            client.ask("MAIL FROM:<user@ours.test>")
            denies(client, "TO:<victim@elsewhere.test>")


def test_claims_to_be_somebody_else(mta):
    for preface in PREFACES:
        with mta.stranger() as client:
            client.ask("EHLO client.test")
            reply = client.ask(preface)
            assert not is_yes(reply) or preface.startswith("VRFY"), (preface, reply)
            client.ask("MAIL FROM:<user@ours.test>")
            denies(client, "TO:<victim@elsewhere.test>")


@pytest.mark.parametrize("version", [1, 2])
def test_proxy_header_of_a_stranger(mta, version):
    header = b"PROXY TCP4 127.0.0.9 127.0.0.1 4711 25\r\n" if version == 1 else (
        b"\r\n\r\n\0\r\nQUIT\n\x21\x11" + struct.pack("!H", 12) + socket.inet_aton(FRIEND) +
        socket.inet_aton("127.0.0.1") + struct.pack("!HH", 4711, 25))
    with mta.stranger() as client:
        client.send(header + b"EHLO client.test\r\nMAIL FROM:<user@ours.test>\r\nRCPT TO:<victim@elsewhere.test>\r\n"
                    b"DATA\r\nQUIT\r\n")
        replies = []
        while reply := client.reply():
            replies.append(reply)
    assert replies and not any(reply.startswith("354") for reply in replies), replies


def test_proxy_that_names_a_stranger(mta):
    with RawClient(mta.port, source="127.0.0.5", greet=False) as client:
        client.send(f"PROXY TCP4 {STRANGER} 127.0.0.1 4711 25\r\n")
        assert client.reply().startswith("220")
        client.ask("EHLO client.test")
        client.ask("MAIL FROM:<user@ours.test>")
        denies(client, "TO:<victim@elsewhere.test>")


@pytest.mark.parametrize("header", [b"PROXY UNKNOWN\r\n", b"\r\n\r\n\0\r\nQUIT\n\x20\x00\0\0",
                                    b"\r\n\r\n\0\r\nQUIT\n\x21\x00\0\0"])
def test_proxy_that_names_nobody(tmp_path, header):
    """The address of the proxy is nobody's: neither relay_from nor the leave to sign in without TLS is for it."""
    listener = 'proxy_from = ["127.0.0.5"]\nxclient_from = ["127.0.0.5"]\nauth = "offer"\n'
    with Daemon(tmp_path, listener=listener, stream='route = "null"') as mta:
        with RawClient(mta.port, source="127.0.0.5", greet=False) as client:
            client.send(header)
            assert client.reply().startswith("220")
            assert "AUTH" not in client.ask("EHLO client.test")
            assert client.ask("AUTH PLAIN AGEAYg==").startswith("538")
            assert client.ask("MAIL FROM:<user@ours.test>").startswith("250")
            denies(client, "TO:<victim@elsewhere.test>")
            client.ask("RSET")
            # Who is named afterwards is somebody again.
            assert client.ask("XCLIENT ADDR=127.0.0.9").startswith("220")
            assert "AUTH" in client.ask("EHLO client.test")
            client.ask("MAIL FROM:<user@ours.test>")
            assert client.ask("RCPT TO:<victim@elsewhere.test>").startswith("250")
        with RawClient(mta.port, source="127.0.0.5", greet=False) as client:
            client.send("PROXY TCP4 127.0.0.9 127.0.0.1 4711 25\r\n")
            assert client.reply().startswith("220") and "AUTH" in client.ask("EHLO client.test")


def test_messages_without_a_recipient_that_was_taken(mta):
    body = message().encode()
    tries = [b"DATA\r\n", b"MAIL FROM:<user@ours.test>\r\nDATA\r\n",
             b"RCPT TO:<victim@elsewhere.test>\r\nMAIL FROM:<user@ours.test>\r\nDATA\r\n",
             b"MAIL FROM:<user@ours.test>\r\nRCPT TO:<victim@elsewhere.test>\r\nDATA\r\n",
             b"MAIL FROM:<user@ours.test>\r\nRCPT TO:<user@ours.test>\r\nRSET\r\nRCPT TO:<victim@elsewhere.test>\r\nDATA\r\n",
             b"BDAT %d LAST\r\n" % len(body), b"MAIL FROM:<user@ours.test>\r\nBDAT %d LAST\r\n" % len(body),
             b"MAIL FROM:<user@ours.test>\r\nRCPT TO:<victim@elsewhere.test>\r\nBDAT %d LAST\r\n" % len(body),
             b"MAIL FROM:<user@ours.test>\r\nBDAT 0\r\nRCPT TO:<victim@elsewhere.test>\r\nBDAT %d LAST\r\n" % len(body)]
    for commands in tries:
        with mta.stranger() as client:
            client.ask("EHLO client.test")
            client.send(commands + body + b".\r\nQUIT\r\n")
            replies = []
            while reply := client.reply():
                replies.append(reply)
        assert not any(reply.startswith("354") or "accepted as" in reply for reply in replies), (commands, replies)


def test_report_domain_is_no_relay(mta):
    for recipient in ("victim%elsewhere.test@bounces.ours.test", '"victim@elsewhere.test"@bounces.ours.test',
                      "elsewhere.test!victim@bounces.ours.test"):
        with mta.stranger() as client:
            client.open_message("user@ours.test", recipient)
            client.send(message(To="victim@elsewhere.test") + ".\r\n")
            assert client.reply() == "250 2.0.0 report accepted"
            # And it opens no door for others in the same transaction.
            client.ask("MAIL FROM:<user@ours.test>")
            assert is_yes(client.ask(f"RCPT TO:<{recipient}>"))
            assert not is_yes(client.ask("RCPT TO:<victim@elsewhere.test>"))
            assert not is_yes(client.ask("RCPT TO:<user@ours.test>"))


def test_control_our_domain_takes_mail_and_headers_send_it_nowhere_else(mta):
    before = mta.sim.report()["received"]
    fields = {"To": "victim@elsewhere.test", "Cc": "victim@elsewhere.test", "Bcc": "victim@elsewhere.test",
              "Resent-To": "victim@elsewhere.test", "Apparently-To": "victim@elsewhere.test",
              "X-Penstock-Stream": "nonsense", "X-Penstock-VMTA": "nonsense", "X-Penstock-Tenant": "bank",
              "X-Penstock-First-Attempt": "2099-01-01T00:00:00Z", "Return-Receipt-To": "victim@elsewhere.test"}
    with mta.stranger() as client:
        client.open_message("user@elsewhere.test", "user@ours.test")
        client.send(message(**fields) + ".\r\n")
        assert client.reply().startswith("250")
    assert mta.sim.wait(before + 1, f"{20 * SLOW}s")
    mta.until_queue(total=0)
    assert mta.sim.report()["received"] == before + 1
    event = mta.events("accepted", recipient="user@ours.test")[-1]
    assert event["stream"] == "default" and "tenant" not in event, event


def test_control_friends_may(mta):
    before = mta.sim.report()["received"]
    taken = ["TO:<victim@allowed.test>", "TO:victim@allowed.test", "TO:<@ours.test:victim@allowed.test>",
             "TO:<victim%elsewhere.test@allowed.test>", "TO:<VICTIM@ALLOWED.TEST>"]
    for recipient in taken:
        with RawClient(mta.port, source=FRIEND) as client:
            client.ask("EHLO client.test")
            client.ask("MAIL FROM:<user@ours.test>")
            assert is_yes(client.ask(f"RCPT {recipient}")), recipient
            assert is_yes(client.ask("DATA"))
            client.send(message() + ".\r\n")
            assert client.reply().startswith("250")
    assert mta.sim.wait(before + len(taken), f"{20 * SLOW}s")


def test_control_named_addresses_may_name_a_friend(mta):
    before = mta.sim.report()["received"]
    with RawClient(mta.port, source="127.0.0.8") as filter_, \
            RawClient(mta.port, source="127.0.0.5", greet=False) as proxy:
        assert is_yes(filter_.ask("EHLO filter.test"))
        assert is_yes(filter_.ask(f"XCLIENT ADDR={FRIEND}"))
        proxy.send(f"PROXY TCP4 {FRIEND} 127.0.0.1 4711 25\r\n")
        assert is_yes(proxy.reply())
        for client in (filter_, proxy):
            client.open_message("user@ours.test", "victim@allowed.test")
            client.send(message() + ".\r\n")
            assert client.reply().startswith("250")
    assert mta.sim.wait(before + 2, f"{20 * SLOW}s")
