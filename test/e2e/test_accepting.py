# SPDX-License-Identifier: Apache-2.0
"""The SMTP door: what real clients and rude ones hear."""
import csv
import email
import email.policy
import shutil
import smtplib
import socket
import struct
import subprocess

import pytest
from daemon import Daemon, RawClient, message, until
from simulator import ROOT, SLOW, Simulator
from test_relay import SINK, relay

SMUGGLING = ROOT.parent / "shared" / "corpus" / "smtp" / "smuggling_sequences.tsv"
NULL = 'route = "null"'


class Door:
    """A daemon that relays to a receiver which keeps what arrives."""

    def __init__(self, folder, stream="", **options):
        self.mail = folder / "mail"
        self.sim = Simulator(folder, SINK, "--maildir", str(self.mail))
        self.folder, self.stream, self.options = folder, stream, options
        self.mta = None

    def __enter__(self):
        self.sim.__enter__()
        try:
            self.mta = Daemon(self.folder, stream=relay(self.sim), **self.options)
            self.mta.__enter__()
        except BaseException:
            self.sim.__exit__()
            raise
        return self

    def __exit__(self, *what):
        try:
            self.mta.__exit__(*what)
        finally:
            self.sim.__exit__(*what)

    def arrived(self, count):
        """The messages that arrived, parsed, once there are so many."""
        assert self.sim.wait(count, f"{20 * SLOW}s"), self.mta.events()
        files = until(lambda: found if len(found := sorted((self.mail / "new").iterdir())) >= count else None, "files")
        return [email.message_from_bytes(file.read_bytes(), policy=email.policy.default) for file in files]


@pytest.fixture(name="mta")
def fixture_mta(tmp_path):
    with Daemon(tmp_path, stream=NULL) as mta:
        yield mta


def need(program):
    """Skips when a client is not installed."""
    path = shutil.which(program)
    if not path:
        pytest.skip(f"{program} is not installed")
    return path


# Real clients.

def test_smtplib_and_what_is_offered(mta):
    with mta.client() as client:
        offered = set(client.esmtp_features)
        assert {"pipelining", "size", "8bitmime", "smtputf8", "enhancedstatuscodes", "chunking", "dsn"} <= offered
        assert "starttls" not in offered and "auth" not in offered and "xclient" not in offered
        assert client.esmtp_features["size"] == str(8 << 20)
        assert client.noop()[0] == 250
        assert client.docmd("HELP")[0] == 214
        assert client.verify("someone")[0] == 252
        assert client.docmd("EXPN staff")[0] in (502, 252)
        assert client.docmd("NONSENSE")[0] == 500
        assert client.sendmail("a@sender.test", ["b@x.test", "c@y.test"], message()) == {}
        assert client.rset()[0] == 250
        assert client.quit()[0] == 221
    mta.until_events("delivered", 2)


def test_swaks(mta):
    done = subprocess.run([need("swaks"), "--server", "127.0.0.1", "--port", str(mta.port), "--from", "a@sender.test",
                           "--to", "b@x.test,c@x.test", "--pipeline", "--ehlo", "swaks.test"], capture_output=True,
                          text=True, timeout=60 * SLOW, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert len(mta.until_events("delivered", 2)) == 2


def test_curl(mta, tmp_path):
    mail = tmp_path / "mail.txt"
    mail.write_bytes(message().encode())
    subprocess.run([need("curl"), "-s", "-S", f"smtp://127.0.0.1:{mta.port}/curl.test", "--mail-from", "a@sender.test",
                    "--mail-rcpt", "b@x.test", "--upload-file", str(mail)], timeout=60 * SLOW, check=True)
    assert mta.until_events("accepted", 1)[0]["peer_host"] == "curl.test"


def test_smtp_source(mta):
    subprocess.run([need("smtp-source"), "-s", "8", "-l", "4096", "-m", "200", "-f", "a@sender.test", "-t", "b@x.test",
                    "-r", "2", f"127.0.0.1:{mta.port}"], timeout=60 * SLOW, check=True)
    mta.until_queue(total=0)
    assert mta.cli("status")["totals"]["delivered"] == 400


def test_ipv6_listener(tmp_path):
    try:
        with socket.socket(socket.AF_INET6) as probe:
            probe.bind(("::1", 0))
            port = probe.getsockname()[1]
    except OSError:
        pytest.skip("no IPv6 on this machine")
    with Daemon(tmp_path, stream=NULL, extra=f'[[listener]]\naddress = "[::1]:{port}"\nrelay_from = ["::1"]\n'
                'max_message_size = "1 MiB"\n'):
        with smtplib.SMTP("::1", port, timeout=20 * SLOW) as client:
            client.sendmail("a@sender.test", ["b@x.test"], message())


# Extensions.

def test_pipelining_answers_each_command_in_order(mta):
    with RawClient(mta.port) as client:
        client.ask("EHLO c.test")
        client.send("MAIL FROM:<a@s.test>\r\nRCPT TO:<b@x.test>\r\nRCPT TO:<bad\r\nDATA\r\n")
        assert [client.reply()[:3] for _ in range(4)] == ["250", "250", "501", "354"]
        client.send("Subject: x\r\n\r\nhi\r\n.\r\nMAIL FROM:<a@s.test>\r\nRCPT TO:<b@x.test>\r\nQUIT\r\n")
        assert [client.reply()[:3] for _ in range(4)] == ["250", "250", "250", "221"]


def test_bdat_in_pieces(tmp_path):
    with Door(tmp_path) as door, RawClient(door.mta.port) as client:
        client.ask("EHLO c.test")
        client.send("MAIL FROM:<a@s.test>\r\nRCPT TO:<b@x.test>\r\n")
        assert [client.reply()[:3] for _ in range(2)] == ["250", "250"]
        first = b"Subject: pieces\r\n\r\none\r\n.\r\nstill "
        client.send(b"BDAT %d\r\n" % len(first) + first + b"BDAT 6\r\nhere\r\nBDAT 0 LAST\r\n")
        assert [client.reply()[:3] for _ in range(3)] == ["250", "250", "250"]
        mail, = door.arrived(1)
        assert mail.get_payload().splitlines() == ["one", ".", "still here"]


def test_message_above_size_is_refused_before_and_after(mta):
    with mta.client() as client:
        assert client.mail("a@s.test", [f"SIZE={9 << 20}"])[0] == 552
        client.rset()
        client.mail("a@s.test")
        client.rcpt("b@x.test")
        code, reply = client.data(b"Subject: big\r\n\r\n" + b"x" * 70 + (b"\r\n" + b"y" * 70) * (9 << 20 >> 6))
        assert code == 552 and reply.startswith(b"5.3.4")
        client.sendmail("a@s.test", ["b@x.test"], message())  # the session goes on
    assert {event["code"] for event in mta.until_events("rejected", 2)} == {552}


def test_utf8_addresses(mta):
    with mta.client() as client:
        client.send("MAIL FROM:<grüße@s.test> SMTPUTF8\r\n".encode())
        assert client.getreply()[0] == 250
        client.send("RCPT TO:<用户@x.test>\r\n".encode())
        assert client.getreply()[0] == 250
        assert client.data("Subject: x\r\n\r\nx\r\n")[0] == 250
    assert mta.until_events("accepted", 1)[0]["recipient"] == "用户@x.test"


# Bounds.

def test_recipients_above_the_limit_get_452(tmp_path):
    with Daemon(tmp_path, stream=NULL, listener="max_recipients = 100") as mta, mta.client() as client:
        client.mail("a@s.test")
        codes = [client.rcpt(f"u{n}@x.test")[0] for n in range(105)]
        assert codes == [250] * 100 + [452] * 5
        assert client.data(message())[0] == 250
        assert len(mta.until_events("accepted", 100)) == 100


def test_long_lines(tmp_path):
    with Daemon(tmp_path, stream=NULL, listener='max_command_line = "1 KiB"\nmax_text_line = "2 KiB"') as mta:
        with RawClient(mta.port) as client:
            assert client.ask("EHLO " + "x" * 3000).startswith("500")
            client.open_message()
            client.send(b"Subject: x\r\n\r\n" + b"y" * 2046 + b"\r\n.\r\n")
            assert client.reply().startswith("250")
        with RawClient(mta.port) as client:
            client.open_message()
            client.send(b"Subject: x\r\n\r\n" + b"y" * 5000 + b"\r\n.\r\n")
            assert client.reply().startswith("5")


def test_too_many_errors_end_the_session(tmp_path):
    with Daemon(tmp_path, stream=NULL, listener="max_errors = 5") as mta, RawClient(mta.port) as client:
        replies = [client.ask("WHAT")]
        while replies[-1].startswith("500"):
            replies.append(client.ask("WHAT"))
        assert replies[-1].startswith("421") and len(replies) <= 7


def test_connections_in_all_and_per_address(tmp_path):
    limits = "max_connections = 5\nmax_connections_per_address = 2"
    with Daemon(tmp_path, stream=NULL, listener=limits) as mta:
        until(lambda: mta.cli("status")["connections_in"] == 0, "the connection that saw it start to be counted out")
        open_clients = [RawClient(mta.port, source=f"127.0.0.{n}") for n in (1, 1, 2, 2, 3)]
        assert all(client.banner.startswith("220") for client in open_clients)
        for source in ("127.0.0.1", "127.0.0.4"):
            with RawClient(mta.port, source=source) as refused:
                assert refused.banner.startswith("421") and refused.reply() == ""
        for client in open_clients:
            client.link.close()
            client.file.close()
        until(lambda: mta.cli("status")["connections_in"] == 0, "connections to end")
        with RawClient(mta.port) as again:
            assert again.banner.startswith("220")


def test_early_talker_is_dropped(tmp_path):
    with Daemon(tmp_path, stream=NULL, listener='banner_delay = "300ms"') as mta:
        with RawClient(mta.port, greet=False) as client:
            client.send("EHLO impatient.test\r\n")
            reply = client.reply()
            assert reply[:3] in ("554", "421") and client.reply() == ""
        with RawClient(mta.port) as client:
            assert client.banner.startswith("220")


def test_silent_client_is_told_and_dropped(tmp_path):
    with Daemon(tmp_path, stream=NULL, listener='command_timeout = "1s"') as mta, RawClient(mta.port) as client:
        assert client.reply().startswith("421") and client.reply() == ""


# Who may.

def test_relaying_is_denied_to_strangers(tmp_path):
    listener = 'relay_domains = ["ours.test", "*.below.test"]'
    mta = Daemon(tmp_path, stream=NULL, listener=listener)
    mta.config_file.write_text(mta.config_file.read_text().replace('relay_from = ["127.0.0.0/8"]',
                                                                   'relay_from = ["127.0.0.9"]'))
    with mta:
        with mta.client() as client:
            client.mail("a@s.test")
            code, reply = client.rcpt("b@elsewhere.test")
            assert (code, reply[:5]) == (550, b"5.7.1")
            assert client.rcpt("b@OURS.test")[0] == 250
            assert client.rcpt("b@x.below.test")[0] == 250
            assert client.rcpt("b@below.test")[0] == 550
        with mta.client(source_address=("127.0.0.9", 0)) as client:
            client.sendmail("a@s.test", ["b@elsewhere.test"], message())
        event = mta.until_events("rejected", 2)[0]
        assert (event["recipient"], event["step"], event["code"]) == ("b@elsewhere.test", "rcpt", 550)


def proxy_v2(source, port):
    """A PROXY header, version 2, of a TCP connection over IPv4."""
    return (b"\r\n\r\n\0\r\nQUIT\n\x21\x11" + struct.pack("!H", 12) + socket.inet_aton(source) +
            socket.inet_aton("127.0.0.1") + struct.pack("!HH", port, 25))


@pytest.mark.parametrize("version", [1, 2])
def test_proxy_protocol_names_the_client(tmp_path, version):
    header = b"PROXY TCP4 127.0.0.77 127.0.0.1 4711 25\r\n" if version == 1 else proxy_v2("127.0.0.77", 4711)
    mta = Daemon(tmp_path, stream=NULL, listener='proxy_from = ["127.0.0.5"]')
    with mta:
        with RawClient(mta.port, source="127.0.0.5", greet=False) as client:
            client.send(header)
            assert client.reply().startswith("220")
            client.open_message()
            client.send(message() + ".\r\n")
            assert client.reply().startswith("250")
        assert mta.until_events("accepted", 1)[0]["peer"] == "127.0.0.77"
        with RawClient(mta.port, source="127.0.0.5", greet=False) as client:  # a proxy that says nothing of the kind
            client.send("EHLO x.test\r\n")
            assert client.reply() == ""
        with RawClient(mta.port) as client:  # who is no proxy cannot pose as one
            client.send(header)
            assert client.reply()[:1] == "5"


def test_xclient_from_named_addresses_only(tmp_path):
    with Daemon(tmp_path, stream=NULL, listener='xclient_from = ["127.0.0.5"]') as mta:
        with RawClient(mta.port, source="127.0.0.5") as client:
            assert "XCLIENT" in client.ask("EHLO filter.test")
            assert client.ask("XCLIENT ADDR=127.0.0.88 NAME=real.test HELO=real.test").startswith("220")
            client.open_message()
            client.send(message() + ".\r\n")
            assert client.reply().startswith("250")
        assert mta.until_events("accepted", 1)[0]["peer"] == "127.0.0.88"
        with RawClient(mta.port) as client:
            assert "XCLIENT" not in client.ask("EHLO x.test")
            assert client.ask("XCLIENT ADDR=127.0.0.88")[:2] in ("50", "55")


# Smuggling.

def smuggling_sequences():
    """Ends of data that are none: ours, and those of the corpus."""
    found = {"bare LF": b"\n.\n", "LF CRLF": b"\n.\r\n", "CR CR": b"\r.\r", "CRLF LF": b"\r\n.\n",
             "zero": b"\r\n\0.\r\n"}
    if SMUGGLING.exists():
        with open(SMUGGLING, encoding="utf-8", newline="") as file:
            for row in csv.DictReader(file, delimiter="\t"):
                if row["direction"] != "outbound":
                    found[row["id"]] = row["python_escape"].encode().decode("unicode_escape").encode("latin-1")
    return found


@pytest.mark.parametrize("sequence", smuggling_sequences().values(), ids=smuggling_sequences().keys())
def test_nothing_but_crlf_dot_crlf_ends_a_message(mta, sequence):
    with RawClient(mta.port) as client:
        client.open_message()
        client.send(b"Subject: outer\r\n\r\nouter" + sequence +
                    b"MAIL FROM:<evil@s.test>\r\nRCPT TO:<victim@x.test>\r\nDATA\r\n"
                    b"Subject: inner\r\n\r\ninner\r\n.\r\nQUIT\r\n")
        replies = []
        while (reply := client.reply()) != "":
            replies.append(reply[:3])
        assert replies[0] in ("250", "554") and "354" not in replies, replies
    assert not [event for event in mta.events() if event.get("sender") == "evil@s.test"]


# Headers.

def test_missing_fields_are_added_and_present_ones_kept(tmp_path):
    with Door(tmp_path) as door:
        door.mta.submit("a@s.test", "b@x.test", "Subject: bare\r\n\r\nx\r\n")
        door.mta.submit("a@s.test", "b@x.test",
                        message(Subject="full", Message_ID="<own@s.test>", Date="Tue, 24 Nov 2026 08:00:00 +0000"))
        mails = {mail["Subject"]: mail for mail in door.arrived(2)}
        bare, full = mails["bare"], mails["full"]
        assert bare["Message-ID"].endswith("mta.test>") and bare["Date"]
        assert full.get_all("Message-ID") == ["<own@s.test>"] and len(full.get_all("Date")) == 1
        for mail in (bare, full):
            received, = mail.get_all("Received")
            assert "from client.test" in received and "by mta.test" in received and "127.0.0.1" in received
            assert "for <b@x.test>" in received


STREAMS = """
[[stream]]
name = "bulk"
pool = "main"
match = { header = { "X-Campaign-Type" = "news*" } }
route = { relay = ["%s"] }
[[vmta]]
name = "v2"
source = ["127.0.0.12"]
ehlo = "v2.sender.test"
"""


@pytest.mark.parametrize("names", [("X-Penstock-Campaign", "X-Penstock-VMTA"), ("X-Job", "X-Virtual-MTA")])
def test_labels_in_headers_work_and_do_not_leave(tmp_path, names):
    with Simulator(tmp_path, SINK, "--maildir", str(tmp_path / "mail")) as sim, Daemon(
            tmp_path, stream=relay(sim), extra=STREAMS % sim.address("sink")) as mta:
        fields = {"X-Penstock-Stream": "bulk", "X-Penstock-Tenant": "shop", names[0]: "autumn", names[1]: "v2"}
        mta.submit("a@s.test", "b@x.test", message(**fields))
        delivered, = mta.until_events("delivered", 1)
        assert [delivered[key] for key in ("stream", "tenant", "campaign", "vmta", "source")] == [
            "bulk", "shop", "autumn", "v2", "127.0.0.12"]
        text = until(lambda: list((tmp_path / "mail" / "new").iterdir()), "the file")[0].read_text().lower()
        assert not any(name.lower() + ":" in text for name in fields)


def test_streams_by_match(tmp_path):
    with Daemon(tmp_path, stream=NULL, extra=STREAMS % "127.0.0.1:9") as mta:
        mta.submit("a@s.test", "b@x.test", message(X_Campaign_Type="newsletter"))
        mta.submit("a@s.test", "b@x.test", message(X_Campaign_Type="receipt"))
        assert sorted(event["stream"] for event in mta.until_events("accepted", 2)) == ["bulk", "default"]


@pytest.mark.parametrize("field", ["X-Penstock-Stream", "X-Virtual-MTA"])
def test_unknown_labels_are_refused(mta, field):
    with mta.client() as client:
        client.mail("a@s.test")
        client.rcpt("b@x.test")
        code, reply = client.data(message(**{field: "nowhere"}))
        assert code == 554 and b"nowhere" in reply
    assert mta.until_events("rejected", 1)[0]["step"] == "end-of-data"


def test_first_attempt_time_is_kept(mta):
    mta.submit("a@s.test", "b@x.test", message(**{"X-Penstock-First-Attempt": "2099-01-01T00:00:00Z"}))
    mta.until_queue(scheduled=1, total=1)
    mta.restart()
    mta.until_queue(scheduled=1, total=1)
    assert mta.cli("queue", "show")["recipients"][0]["next_attempt"].startswith("2099-01-01T00:00:0")


def test_mail_loop_is_refused(mta):
    with mta.client() as client:
        client.mail("a@s.test")
        client.rcpt("b@x.test")
        code, reply = client.data("Received: from x by y; Tue, 24 Nov 2026 08:00:00 +0000\r\n" * 101 + message())
        assert (code, reply[:5]) == (554, b"5.4.6")
