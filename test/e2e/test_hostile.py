# SPDX-License-Identifier: Apache-2.0
"""Peers that mean no good, on both sides, while somebody else's mail goes through the same daemon: each of his messages
is delivered within WITHIN seconds."""
import collections
import contextlib
import csv
import json
import os
import pathlib
import re
import resource
import select
import socket
import ssl
import threading
import time

import pytest
from daemon import Daemon, RawClient, free_port, message, until
from hostile_receiver import HostileReceiver, endless, say
from simulator import SLOW, Simulator
from test_feedback import Shop, bounce
from test_recording import ACCOUNTING, records
from test_relay import SINK, relay
from test_tls import Certificates
from test_unsubscribe import Shop as LinkShop

WITHIN = 10 * SLOW
# Of everything that is not a line end, what steers a terminal, ends a line for some, or turns it round.
CONTROL = re.compile("[\x00-\x09\x0b-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069]")


class NormalMail:
    """Somebody who sends one message after another from an address of his own, and waits for each to be delivered."""

    def __init__(self, mta, sim, port=None):
        self.mta, self.sim, self.port = mta, sim, port
        self.before = sim.report()["received"]
        self.took, self.problem = [], None
        self.done = threading.Event()
        self.thread = threading.Thread(target=self.run, daemon=True)

    def run(self):
        """Until told to stop, or until a message takes too long."""
        try:
            while not self.done.is_set():
                began = time.monotonic()
                with self.mta.client(self.port, source_address=("127.0.0.20", 0)) as client:
                    client.sendmail("normal@sender.test", ["normal@receiver.test"], message())
                assert self.sim.wait(self.before + len(self.took) + 1, f"{WITHIN}s"), "normal mail is not delivered"
                self.took.append(time.monotonic() - began)
        except (AssertionError, OSError) as problem:
            self.problem = problem

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, kind, *_):
        if kind is None:
            until(lambda: len(self.took) >= 3 or self.problem, "three messages", 3 * WITHIN)
        self.done.set()
        self.thread.join(2 * WITHIN)
        if kind is None:
            assert self.problem is None, self.problem
            assert max(self.took) < WITHIN, self.took


# AddressSanitizer keeps 256 MiB of what is freed before it gives it out again, and would be most of the daemon's memory.
SMALL_QUARANTINE = {"ASAN_OPTIONS": ":".join(filter(None, [os.environ.get("ASAN_OPTIONS"), "quarantine_size_mb=8",
                                                          "thread_local_quarantine_size_kb=64"]))}


@contextlib.contextmanager
def besieged(folder, listener="", extra="", port=None):
    """A daemon whose normal mail flows to a simulator all the while."""
    with Simulator(folder, SINK) as sim, Daemon(folder, stream=relay(sim) + '\ndsn = "off"', listener=listener,
                                                extra=extra, env=SMALL_QUARANTINE) as mta, NormalMail(mta, sim, port):
        yield mta


def memory(mta):
    """Bytes of memory that the daemon has."""
    status = pathlib.Path(f"/proc/{mta.process.pid}/status").read_text(encoding="ascii")
    return int(re.search(r"VmRSS:\s+(\d+) kB", status).group(1)) * 1024


def cpu_seconds(mta):
    """Processor time that the daemon has had."""
    fields = pathlib.Path(f"/proc/{mta.process.pid}/stat").read_text(encoding="ascii").rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def need_descriptors(count):
    """Raises the bound on open files, or skips."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if hard != resource.RLIM_INFINITY and hard < count:
        pytest.skip(f"no more than {hard} files may be open here")
    if soft < count:
        resource.setrlimit(resource.RLIMIT_NOFILE, (count, hard))


def first_words(links):
    """How often each code was the first thing said."""
    counts = collections.Counter()
    for link in links:
        counts[link.recv(3)] += 1
    return counts


# Clients.

@pytest.mark.release_only
def test_ten_thousand_idle_connections(tmp_path):
    need_descriptors(12_000)
    port = free_port()
    second = f'[[listener]]\naddress = "127.0.0.1:{port}"\nrelay_from = ["127.0.0.0/8"]\nmax_message_size = "8 MiB"\n'
    with besieged(tmp_path, "max_connections = 9000", second, port) as mta, contextlib.ExitStack() as stack:
        until(lambda: mta.cli("status")["connections_in"] <= 1, "the first connections to end")
        links = [stack.enter_context(socket.create_connection(("127.0.0.1", mta.port), timeout=WITHIN,
                                                              source_address=(f"127.7.{n // 100}.1", 0)))
                 for n in range(10_000)]
        assert first_words(links) == {b"220": 9000, b"421": 1000}
        assert mta.cli("status")["connections_in"] >= 9000
        assert memory(mta) < 2 << 30


def test_flood_from_one_address(tmp_path):
    with besieged(tmp_path) as mta, contextlib.ExitStack() as stack:
        links = []
        for _ in range(2000):
            links.append(stack.enter_context(socket.create_connection(("127.0.0.1", mta.port), timeout=WITHIN,
                                                                      source_address=("127.0.0.30", 0))))
        counts = first_words(links)
        assert counts == {b"220": 100, b"421": 1900}, counts
        with RawClient(mta.port, source="127.0.0.31") as other:
            assert other.banner.startswith("220")


def test_flood_of_the_unsubscribe_endpoint(tmp_path):
    """Thousands of connections to it that never shake hands: the daemon keeps few of them, somebody else's mail goes
    on, and so does somebody else's wish to unsubscribe."""
    need_descriptors(4000)
    certificate, key = Certificates(tmp_path / "tls").make("u", "IP:127.0.0.1")
    context = ssl.create_default_context(cafile=tmp_path / "tls" / "ca.pem")
    with LinkShop(tmp_path, listen=f'cert_file = "{certificate}"\nkey_file = "{key}"\n') as shop:
        mta = shop.mta
        mta.submit("a@sender.test", "ann@receiver.test")
        mail, = shop.arrived(1)
        token = shop.link(mail).rpartition("/")[2]
        descriptors = len(os.listdir(f"/proc/{mta.process.pid}/fd"))
        with NormalMail(mta, shop.sim), contextlib.ExitStack() as stack:
            for number in range(3000):  # the last thousand from many addresses
                source = "127.0.0.30" if number < 2000 else f"127.8.{number % 100}.1"
                stack.enter_context(socket.create_connection(("127.0.0.1", shop.port), timeout=WITHIN,
                                                             source_address=(source, 0)))
            until(lambda: len(os.listdir(f"/proc/{mta.process.pid}/fd")) < descriptors + 350, "few connections")
            began = time.monotonic()
            link = stack.enter_context(socket.create_connection(("127.0.0.1", shop.port), timeout=WITHIN,
                                                                source_address=("127.0.0.31", 0)))
            client = stack.enter_context(context.wrap_socket(link, server_hostname="127.0.0.1"))
            client.sendall(f"POST /{token} HTTP/1.1\r\nHost: u\r\nConnection: close\r\nContent-Length: 26\r\nContent-Type: "
                           "application/x-www-form-urlencoded\r\n\r\nList-Unsubscribe=One-Click".encode())
            assert client.recv(12) == b"HTTP/1.1 200" and time.monotonic() - began < WITHIN
            assert {row[0] for row in shop.suppressed()} == {"ann@receiver.test"}
            turned_away = re.search(r'unsubscribe_requests_total{result="turned_away"} (\d+)', mta.run_cli("metrics").stdout)
            assert int(turned_away[1]) >= 1900


def test_slow_senders(tmp_path):
    """A byte at a time, always in time for the next: the command as a whole is late after a second, the message after
    ten."""
    listener = 'command_timeout = "1s"\nmessage_timeout = "10s"\nmax_connections_per_address = 200'
    with besieged(tmp_path, listener) as mta, contextlib.ExitStack() as stack:
        commands = [stack.enter_context(RawClient(mta.port, source="127.0.0.30")) for _ in range(50)]
        messages = [stack.enter_context(RawClient(mta.port, source="127.0.0.31")) for _ in range(50)]
        for client in messages:
            client.open_message()
        waiting = {client.link: client for client in commands + messages}
        began = time.monotonic()
        while waiting:
            assert time.monotonic() - began < 15 * SLOW, len(waiting)
            for link in list(waiting):
                with contextlib.suppress(OSError):
                    link.send(b"x")
            for link in select.select(list(waiting), [], [], 0.02)[0]:
                assert waiting.pop(link).reply().startswith("421 4.4.2")
        assert not mta.events("accepted", recipient="b@receiver.test")


def test_hundred_thousand_recipients(tmp_path):
    with besieged(tmp_path, "max_commands = 1000000") as mta, RawClient(mta.port) as client:
        client.ask("EHLO client.test")
        client.ask("MAIL FROM:<a@sender.test>")
        before = memory(mta)
        commands = "".join(f"RCPT TO:<r{n}@receiver.test>\r\n" for n in range(100_000))
        sender = threading.Thread(target=client.send, args=(commands,), daemon=True)
        sender.start()
        codes = collections.Counter(client.reply()[:3] for _ in range(100_000))
        sender.join()
        assert codes == {"250": 1000, "452": 99_000}
        assert memory(mta) - before < 64 << 20
        assert client.ask("RSET").startswith("250")


def test_endless_header(tmp_path):
    line = b"X-Endless: " + b"x" * 60 + b"\r\n"
    with besieged(tmp_path) as mta:
        before = memory(mta)
        for size, refusal in ((64 << 20, "552 5.3.4"), (6 << 20, "554 5.6.0")):
            with RawClient(mta.port) as client:
                client.open_message()
                for _ in range(size // (len(line) * 1000)):
                    client.send(line * 1000)
                client.send(b"\r\n.\r\n")
                assert client.reply().startswith(refusal)
        with RawClient(mta.port) as client:  # one line of a header, without end
            client.open_message()
            client.send(b"X-Endless: ")
            for _ in range(64):
                client.send(b"x" * (1 << 20))
            client.send(b"\r\n\r\n.\r\n")
            assert client.reply().startswith("55")
        assert memory(mta) - before < 128 << 20


def test_deep_mime_to_a_report_address(tmp_path):
    """Thousands of parts inside each other, and as many beside each other; the next report is read all the same."""
    def nested(depth):
        head = "".join(f"Content-Type: multipart/mixed; boundary=b{n}\n\n--b{n}\n" for n in range(depth))
        return "From: x@receiver.test\nSubject: deep\nMIME-Version: 1.0\n" + head + "\n\nend\n"

    def messages_in_messages(depth):
        return "From: x@receiver.test\nMIME-Version: 1.0\n" + "Content-Type: message/rfc822\n\n" * depth + "\nend\n"

    def many(count):
        return ("From: x@receiver.test\nMIME-Version: 1.0\nContent-Type: multipart/report; "
                "report-type=delivery-status; boundary=b\n\n" + "--b\n\npart\n" * count + "--b--\n")

    with Shop(tmp_path) as shop:
        sender, _ = shop.sent_to("gone@one.test")
        with NormalMail(shop.mta, shop.sim):
            for text in (nested(5000), messages_in_messages(5000), many(50_000)):
                shop.report(sender, text)
            shop.report(sender, bounce("gone@one.test"))
            event = shop.mta.until_events("bounce-report", 1, 30, recipient="gone@one.test")[0]
            assert event["class"] == "invalid-mailbox"


# Receivers.

TRICKS = {
    "endless-banner.test": {"BANNER": endless(b"220-" + b"x" * 60 + b"\r\n")},
    "huge-banner.test": {"BANNER": say(b"220 " + b"x" * (8 << 20) + b"\r\n")},
    "line-without-end.test": {"BANNER": endless(b"x" * 4096)},
    "endless-ehlo.test": {"EHLO": endless(b"250-EXTENSION" + b"x" * 60 + b"\r\n")},
    "endless-rcpt.test": {"RCPT": endless(b"250-" + b"x" * 60 + b"\r\n")},
    "endless-end.test": {".": endless(b"550-" + b"x" * 60 + b"\r\n")},
    "garbage.test": {"MAIL": endless(bytes(range(256)))},
    "zeros.test": {"MAIL": endless(b"\0" * 4096)},
    "words.test": {"RCPT": endless(b"550-5.7.1 mailbox full user unknown blocked using " * 2 + b"\r\n")},
}


def test_receivers_that_never_end(tmp_path):
    with contextlib.ExitStack() as stack:
        receivers = {name: stack.enter_context(HostileReceiver(tricks)) for name, tricks in TRICKS.items()}
        domains = "".join(f'[[domain]]\nname = "{name}"\nroute = {{ relay = ["{receiver.address}"] }}\n'
                          for name, receiver in receivers.items())
        mta = stack.enter_context(besieged(tmp_path, extra="[client]\nchunking = false\n" + domains))
        before = memory(mta)
        for name in TRICKS:
            mta.submit("a@sender.test", f"r@{name}")
        events = mta.until_events("deferred", len(TRICKS), WITHIN)
        assert {event["recipient"].partition("@")[2] for event in events} == set(TRICKS), events
        for event in events:
            assert event["class"] in ("protocol", "timeout", "network"), event
            assert len(event["reply"]) < 4096, event
        assert memory(mta) - before < 64 << 20


# Long, repeated, and almost what patterns look for.
WORDS = [b"a" * 900, b"mailbox " * 110, b"user unknown blocked using " * 33, b"(((((" * 180, b"\\x.*+?{9999}" * 70,
         b"quota exceeded over " * 45, "\u202e\u00e9".encode() * 180, b"see https://a.test/" * 48, b" " * 900, b"550 5.1.1 " * 90]


def test_replies_that_are_hostile_to_patterns(tmp_path):
    """Hundreds of refusals of the greatest length, each to be matched with every rule; what they are taken for does
    not matter."""
    count = 400
    replies = [b"".join(b"550-" + words + b"\r\n" for _ in range(3)) + b"550 " + words + b"\r\n" for words in WORDS]
    with contextlib.ExitStack() as stack:
        receivers = [stack.enter_context(HostileReceiver(answers={"RCPT": reply})) for reply in replies]
        domains = "".join(f'[[domain]]\nname = "p{number}.test"\nroute = {{ relay = ["{receiver.address}"] }}\n'
                          for number, receiver in enumerate(receivers))
        mta = stack.enter_context(besieged(tmp_path, extra=domains))
        began = cpu_seconds(mta)
        for number, _ in enumerate(receivers):
            mta.submit("a@sender.test", [f"r{n}@p{number}.test" for n in range(count // len(receivers))])
        until(lambda: len({event["recipient"] for event in mta.events("bounced", "deferred")}) >= count, "all answers", 40)
        # RE2 is linear: a reply costs well below a millisecond.
        assert cpu_seconds(mta) - began < 20 * SLOW


# What strangers say, where people and programs read it.

EVIL = [b"\x1b[2J\x1b]0;owned\x07", b"=cmd|'/c calc'!A1", b"@SUM(1+1)", b"\t=1", b"-1+1", b"\xc2\x9b31m", b"\x9b31m",
        b"\r\n2027-01-01 evil event", b"\r{\"type\":\"delivered\"}", b"\n=1+1", b"\"},{\"type\":\"delivered\"",
        b"\0\x08\x7f", "\u202egnol\u202c".encode(), "a\u2028b\u2029c".encode(), "\u2066x\u2069".encode(),
        "caf\u00e9".encode()]
# Those that are a label's value: UTF-8 without control characters of ASCII. Messages with the others are refused.
FINE_LABELS = EVIL[1:6] + EVIL[10:11] + EVIL[12:]


def converse(mta, lines):
    """Gives each command once the one before was answered. Where something of theirs has ended the session, another
    begins, with the good commands so far. The session."""
    client, good = RawClient(mta.port, source="127.0.0.40"), []
    for line, is_good in lines:
        # A line end of theirs makes two commands, and two answers.
        for piece in filter(None, re.split(rb"\r\n|\n", line)):
            said = client.ask(piece)
            if not said:
                client.__exit__()
                client = RawClient(mta.port, source="127.0.0.40")
                assert all(client.ask(again)[0] == "2" for again in good)
                said = client.ask(piece)
            assert is_harmless(said) and said[0] in ("23" if is_good else "245"), (line, said)
        if is_good:
            good.append(line)
    return client


def offer(mta, evil):
    """Says it wherever a client can: in EHLO, addresses, parameters, labels and fields, and waits for each answer.
    Returns the answers to the messages: by labels, by another field, by the subject."""
    lines = [(b"EHLO " + evil, False), (b"EHLO client.test", True), (b"MAIL FROM:<" + evil + b"@sender.test> SMTPUTF8", False),
             (b"RSET", True), (b"MAIL FROM:<\"" + evil + b"\"@sender.test> SMTPUTF8 ENVID=" + evil, False),
             (b"RSET", True), (b"MAIL FROM:<\"" + evil + b"\"@sender.test> SMTPUTF8", False), (b"RSET", True),
             (b"MAIL FROM:<a@sender.test> SMTPUTF8", True),
             (b"RCPT TO:<" + evil + b"@receiver.test>", False), (b"RCPT TO:<\"" + evil + b"\"@receiver.test>", False),
             (b"RCPT TO:<b@receiver.test> ORCPT=rfc822;" + evil, False)]
    fields = b"".join(name + b": " + evil + b"\r\n" for name in (
        b"X-Penstock-Campaign", b"X-Penstock-Tenant", b"X-Penstock-List", b"From", b"Subject", b"Message-ID", b"Date"))
    answers = []
    for number, label in enumerate((fields, b"X-Job: " + evil + b"\r\n", b"Subject: " + evil + b"\r\n")):
        # Somebody new each time: who was refused for good is suppressed.
        refused = b"RCPT TO:<b%d-%d@refusing.test>" % (EVIL.index(evil), number)
        with converse(mta, [*lines, (refused, True), (b"DATA", True)]) as client:
            answers.append(client.ask(label + b"\r\nhello\r\n."))
    return answers


def is_harmless(text):
    return not CONTROL.search(text)


def test_what_strangers_say_is_only_text(tmp_path):
    reply = b"550-5.1.1 no \x1b[2J\x07\x9b31m \xc2\x9b32m\r\n550 5.1.1 \rnext\x00 \x7f=1+1\r\n"
    with HostileReceiver(answers={"RCPT": reply}) as refusing:
        domain = f'[[domain]]\nname = "refusing.test"\nroute = {{ relay = ["{refusing.address}"] }}\n'
        with besieged(tmp_path, "max_errors = 1000\nmax_connections_per_address = 500",
                      domain + ACCOUNTING) as mta:
            said = {evil: offer(mta, evil) for evil in EVIL}
            mta.submit("=a@sender.test", "r@refusing.test", message(X_Job="=job"))
            mta.until_events("bounced", 1, recipient="r@refusing.test")

            # The event log: an object a line, each of a known type, none of it theirs.
            lines = mta.run_cli("--json", "events", "tail", "--last", "5000").stdout.splitlines()
            types = {json.loads(line)["type"] for line in lines}
            assert types <= {"accepted", "rejected", "delivered", "bounced", "suppressed", "config"}, types
            assert all(is_harmless(line) for line in lines)

            # Labels: taken as they are, or refused with the label's name.
            for evil, answers in said.items():
                if evil in FINE_LABELS:
                    assert answers[0].startswith("250") and answers[1].startswith("250"), (evil, answers)
                elif evil in (EVIL[0], EVIL[6]):
                    assert all("the header that names the campaign is " in answer for answer in answers[:2]), (evil, answers)
                    assert answers[0].startswith("5") and answers[1].startswith("5"), answers
                else:  # line ends, which end the field or the patience with the message, and NUL
                    assert all(answer.startswith(("250 ", "5")) for answer in answers), (evil, answers)
            campaigns = {json.loads(line)["campaign"] for line in lines if "campaign" in json.loads(line)}
            assert campaigns == {evil.decode().strip() for evil in FINE_LABELS} | {"=job"}, campaigns

            # The daemon's own log.
            assert is_harmless(mta.log())

            # The terminal.
            recipients = sorted({json.loads(line).get("recipient", "") for line in lines} - {""})
            typed = "\x1b[31m\u202e@x.test"
            for command in (["events", "tail", "--last", "5000"], ["status"], ["paths"], ["queue", "list"],
                            ["suppress", "add", typed], ["trace", typed], ["message", "show", typed],
                            ["queue", "list", "--recipient", typed], ["--" + typed], [typed], ["check-config", typed],
                            *(["trace", recipient] for recipient in recipients if not recipient.startswith("-"))):
                shown = mta.run_cli(*command)
                assert is_harmless(shown.stdout) and is_harmless(shown.stderr), (command, shown.stdout)

            # CSV: rows of the right length, no cell that a spreadsheet runs.
            rows = records(mta, len([line for line in lines if json.loads(line)["type"] in ("accepted", "bounced")]))
            for row in rows:
                assert None not in row and None not in row.values(), row
                for cell in row.values():
                    assert not re.match(r"[=@\t\r\n]|[+-](?![0-9.]+$)", cell), row
            assert any(row["orig"] == "'=a@sender.test" and row["jobId"] == "'=job" for row in rows)
            raw = "".join(path.read_text("utf-8") for path in sorted((mta.data / "accounting").glob("*.csv*")))
            assert sum(1 for _ in csv.reader(raw.splitlines(True))) >= len(rows)


def test_line_ends_in_http_requests_make_no_fields(tmp_path):
    with besieged(tmp_path) as mta:
        for path in ("/v1/suppressions/a%40x%0d%0aX-Evil:%20yes", "/v1/trace?recipient=a%40x.test%0d%0aX-Evil:%20yes",
                     "/v1/%0d%0aX-Evil:%20yes", "/v1/events?type=%0d%0a%0d%0aX-Evil:%20yes"):
            for head in (b"", b"X-Request-Id: a\rX-Evil: yes\r\n", b"X-Request-Id: a\nX-Evil: yes\r\n"):
                with socket.socket(socket.AF_UNIX) as link:
                    link.settimeout(WITHIN)
                    link.connect(mta.socket)
                    link.sendall(b"GET " + path.encode() + b" HTTP/1.1\r\nHost: localhost\r\n" + head +
                                 b"Connection: close\r\n\r\n")
                    answer = b"".join(iter(lambda: link.recv(65536), b""))
                fields = answer.partition(b"\r\n\r\n")[0].split(b"\r\n")[1:]
                assert answer.startswith(b"HTTP/1.1 ") and b"\r\nHTTP/1.1 " not in answer, answer
                assert not [field for field in fields if b"X-Evil" in field], answer
