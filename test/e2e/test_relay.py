# SPDX-License-Identifier: Apache-2.0
"""Everything to one host: what was acknowledged arrives, once, unchanged."""
import json
import pathlib

import pytest
from daemon import Daemon, until
from simulator import ROOT, SLOW, Simulator, run

SINK = """
[[receiver]]
name = "sink"
addresses = ["127.0.0.2"]
"""

FIRST_CONFIGURATION = """
# relay everything to one host: the smallest useful file
[node]
name = "mta1"
data_dir = "/var/lib/penstock"
[admin]
socket = "/run/penstock/admin.sock"
[[listener]]
address = "127.0.0.1:2525"
relay_from = ["127.0.0.0/8"]
[[vmta]]
name = "v1"
source = ["127.0.0.1"]
ehlo = "mta1.example.com"
[[pool]]
name = "main"
members = [{ vmta = "v1", weight = 1 }]
[[stream]]
name = "default"
pool = "main"
route = { relay = ["127.0.0.2:2599"] }
"""


def send(mta, *options):
    """Runs the load generator against the daemon; its JSON result."""
    return json.loads(run("send", "--to", f"127.0.0.1:{mta.port}", "--json", "--quiet", *options).stdout)


def deliver(tmp_path, sim, mta, *options):
    """Sends, waits for everything acknowledged to arrive, and compares."""
    ledger = tmp_path / "ledger"
    send(mta, "--ledger", ledger, *options)
    acknowledged = len(ledger.read_text().splitlines())
    assert sim.wait(acknowledged, f"{30 * SLOW}s"), \
        f"{acknowledged} {sim.report()} {mta.cli('status')} {mta.cli('paths')}"
    compared = sim.compare(ledger)
    assert compared["lost"] == 0 and compared["duplicates"] == 0, compared
    mta.until_queue(total=0)
    return sim.report()


def relay(sim, receiver="sink"):
    """A stream's route to a receiver."""
    return f'route = {{ relay = ["{sim.address(receiver)}"] }}'


def test_first_configuration_as_written_relays_a_thousand(tmp_path):
    with Simulator(tmp_path, SINK) as sim:
        mta = Daemon(tmp_path, config=" ")
        text = FIRST_CONFIGURATION
        for written, here in (("/var/lib/penstock", str(mta.data)), ("/run/penstock/admin.sock", mta.socket),
                              ("127.0.0.1:2525", f"127.0.0.1:{mta.port}"), ("127.0.0.2:2599", sim.address("sink"))):
            assert text.count(written) == 1
            text = text.replace(written, here)
        mta.write_config(text)
        with mta:
            report = deliver(tmp_path, sim, mta, "--messages", 1000, "--sessions", 10, "--domains", "d{1..50}.test")
            assert report["received"] == 1000 and report["messages"] == 1000
            assert report["by_ehlo"] == {"mta1.example.com": 1000}
            assert report["by_source"] == {"127.0.0.1": 1000}
            assert report["connections"] < 100  # they are used again


def test_shipped_configuration_is_good(tmp_path):
    mta = Daemon(tmp_path)
    done = mta.run_cli("check-config", ROOT / "conf" / "penstock.toml")
    assert done.returncode == 0, done.stdout + done.stderr


def test_recipients_of_a_message_share_a_transaction(tmp_path):
    with Simulator(tmp_path, SINK) as sim, Daemon(tmp_path, stream=relay(sim)) as mta:
        report = deliver(tmp_path, sim, mta, "--messages", 50, "--recipients-per-message", 12)
        assert (report["received"], report["messages"]) == (600, 50)


def test_recipients_are_split_at_the_limit(tmp_path):
    with Simulator(tmp_path, SINK) as sim, Daemon(
            tmp_path, stream=relay(sim), extra="[defaults]\nrecipients_per_message = 5") as mta:
        report = deliver(tmp_path, sim, mta, "--messages", 20, "--recipients-per-message", 12)
        assert report["received"] == 240
        assert 60 <= report["messages"] <= 240  # at least three transactions each


def test_many_sessions_and_sizes(tmp_path):
    with Simulator(tmp_path, SINK) as sim, Daemon(tmp_path, stream=relay(sim)) as mta:
        deliver(tmp_path, sim, mta, "--messages", 600, "--sessions", 60, "--size", "1KiB:50,40KiB:45,300KiB:5",
                "--messages-per-session", 7, "--pipelining", "off")


BODIES = {
    "empty body": b"",
    "one line": b"x\r\n",
    "no line end": b"x",
    "dots": b".\r\n..\r\n.a\r\n\r\n.\r\nend\r\n",
    "eight bits": "gr\u00fc\u00dfe \u4f60\u597d\r\n".encode() + bytes(range(128, 256)) + b"\r\n",
    "controls": bytes(b for b in range(1, 32) if b not in (10, 13)) + b"\r\n",
    "long lines": (b"y" * 4000 + b"\r\n") * 3,
    "a mebibyte": (b"0123456789" * 7 + b"\r\n") * 14564,
}


@pytest.mark.parametrize("chunking", [True, False])
def test_bodies_arrive_byte_by_byte(tmp_path, chunking):
    extensions = "" if chunking else 'extensions = ["PIPELINING", "8BITMIME", "SIZE"]'
    mail = tmp_path / "mail"
    with Simulator(tmp_path, SINK + extensions, "--maildir", str(mail)) as sim, Daemon(
            tmp_path, stream=relay(sim)) as mta:
        sent = {}
        with mta.client() as client:
            for number, body in enumerate(BODIES.values()):
                sent[number] = body
                client.mail("a@sender.test", ["BODY=8BITMIME"])
                client.rcpt(f"n{number}@sink.test")
                assert client.data(f"Subject: {number}\r\n\r\n".encode() + body)[0] == 250
        assert sim.wait(len(BODIES), f"{20 * SLOW}s")
        files = until(lambda: found if len(found := list((mail / "new").iterdir())) == len(BODIES) else None, "files")
        for file in files:
            head, body = pathlib.Path(file).read_bytes().split(b"\r\n\r\n", 1)
            number = int(head.split(b"Subject: ")[1].split(b"\r\n")[0])
            expected = sent[number] if sent[number].endswith(b"\r\n") or not sent[number] else sent[number] + b"\r\n"
            assert body == expected, list(BODIES)[number]
            assert b"\r\nReceived: from client.test" in b"\r\n" + head and b"\r\nMessage-ID: <" in head


def test_message_without_any_header(tmp_path):
    mail = tmp_path / "mail"
    with Simulator(tmp_path, SINK, "--maildir", str(mail)) as sim, Daemon(tmp_path, stream=relay(sim)) as mta:
        mta.submit("a@sender.test", "b@sink.test", "")
        assert sim.wait(1, f"{20 * SLOW}s")
        text = next((mail / "new").iterdir()).read_bytes()
        assert b"Message-ID:" in text and b"Date:" in text and b"Received:" in text


def test_second_relay_host_is_used_when_the_first_is_down(tmp_path):
    with Simulator(tmp_path, SINK + SINK.replace("sink", "second").replace("127.0.0.2", "127.0.0.3")) as sim, Daemon(
            tmp_path, stream=f'route = {{ relay = ["{sim.address("sink")}", "{sim.address("second")}"] }}') as mta:
        mta.submit("a@sender.test", "b@sink.test")
        assert sim.wait(1, f"{20 * SLOW}s")
        assert sim.report()["by_receiver"] == {"sink": 1}
        sim.set("receiver=sink", "down=true")
        mta.submit("a@sender.test", "b@sink.test")
        assert sim.wait(2, f"{20 * SLOW}s")
        assert sim.report()["by_receiver"] == {"sink": 1, "second": 1}


def test_null_route_counts_and_drops(tmp_path):
    with Daemon(tmp_path, stream='route = "null"') as mta:
        assert send(mta, "--messages", 100)["acknowledged"] == 100
        mta.until_queue(total=0)
        assert mta.cli("status")["totals"]["delivered"] == 100
        assert mta.events("delivered")[0]["route"] == "null"


def test_lmtp_over_tcp_gives_each_recipient_its_answer(tmp_path):
    scenario = SINK + """
lmtp = true
[[receiver.on]]
step = "end-of-data"
recipient = "gone@*"
reply = "550 5.1.1 no such user"
"""
    with Simulator(tmp_path, scenario) as sim, Daemon(
            tmp_path, stream=f'dsn = "off"\nroute = {{ lmtp = ["{sim.address("sink")}"] }}') as mta:
        mta.submit("a@sender.test", ["one@sink.test", "gone@sink.test", "two@sink.test"])
        delivered = mta.until_events("delivered", 2)
        bounced = mta.until_events("bounced", 1)
        assert sorted(event["recipient"] for event in delivered) == ["one@sink.test", "two@sink.test"]
        assert bounced[0]["recipient"] == "gone@sink.test" and bounced[0]["enhanced"] == "5.1.1"
