# SPDX-License-Identifier: Apache-2.0
"""The simulator against itself, Python's smtplib and raw DNS: what tests of the daemon rely on."""
import json
import smtplib
import socket
import struct
import subprocess

import pytest
from simulator import SIM, Simulator, run

SCENARIO = """
[dns]
[behaviour.blocked]
[[behaviour.blocked.on]]
step = "mail"
reply = "554 5.7.1 blocked"
[[receiver]]
name = "big"
addresses = ["127.0.0.1"]
[[receiver.on]]
step = "rcpt"
recipient = "nouser*@*"
reply = "550 5.1.1 no such user"
[[receiver.on]]
step = "rcpt"
recipient = "grey*@*"
first = 1
reply = "451 4.7.1 greylisted"
[[receiver]]
name = "narrow"
addresses = ["127.0.0.1"]
max_connections_per_source = 1
max_messages_per_connection = 3
[[receiver]]
name = "lossy"
addresses = ["127.0.0.1"]
[[receiver.on]]
step = "end-of-data"
share = 0.2
action = "accept_drop"
[[domain]]
name = "big.test"
receivers = ["big"]
[[domain]]
name = "d{1..1000}.test"
receivers = ["big"]
[[record]]
name = "long.test"
type = "TXT"
value = "%s"
""" % ("x" * 2000)


@pytest.fixture(name="sim")
def fixture_sim(tmp_path):
    with Simulator(tmp_path, SCENARIO) as sim:
        yield sim


def ask(sim, name, rtype, tcp=False):
    """Returns (rcode, truncated, number of answers, packet)."""
    host, port = sim.addresses["dns"].rsplit(":", 1)
    query = struct.pack("!6H", 77, 0x0100, 1, 0, 0, 0)
    query += b"".join(bytes([len(label)]) + label.encode() for label in name.split(".")) + b"\0"
    query += struct.pack("!2H", rtype, 1)
    if tcp:
        with socket.create_connection((host, int(port)), timeout=20) as link:
            link.sendall(struct.pack("!H", len(query)) + query)
            stream = link.makefile("rb")
            packet = stream.read(struct.unpack("!H", stream.read(2))[0])
    else:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as link:
            link.settimeout(20)
            link.sendto(query, (host, int(port)))
            packet = link.recv(65535)
    number, flags, _, answers, _, _ = struct.unpack("!6H", packet[:12])
    assert number == 77
    return flags & 0xF, bool(flags & 0x0200), answers, packet


def test_every_acknowledged_recipient_is_received_once(sim, tmp_path):
    ledger = tmp_path / "ledger"
    result = sim.send("big", "--messages", "2000", "--sessions", "20", "--recipients-per-message", "3", "--domains",
                      "big.test=1,d{1..1000}.test=1", "--size", "1KiB:3,20KiB:1", "--ledger", ledger)
    assert (result["acknowledged"], result["recipients_acknowledged"], result["unknown"]) == (2000, 6000, 0)
    assert result["latency_ms"]["p50"] > 0
    report = sim.report()
    assert (report["received"], report["unique"], report["duplicates"]) == (6000, 6000, 0)
    assert (report["unexpected"], report["without_id"]) == (0, 0)
    assert sum(report["by_domain"].values()) == 6000
    assert report["violations"] == dict.fromkeys(report["violations"], 0)
    found = sim.compare(ledger)
    assert (found["acknowledged"], found["lost"], found["duplicates"]) == (6000, 0, 0)


def test_lost_and_duplicate_are_told(sim, tmp_path):
    for ledger in ("one", "two"):
        sim.send("big", "--messages", "10", "--run", "same", "--ledger", tmp_path / ledger)
    with open(tmp_path / "one", "a", encoding="ascii") as ledger:
        ledger.write("same-999 ghost@big.test\n")
    found = sim.compare(tmp_path / "one")
    assert (found["lost"], found["duplicates"]) == (1, 10)
    assert found["lost_first"] == ["same-999 ghost@big.test"]
    assert run("compare", "--ledger", tmp_path / "one", "--report", sim.report_file, check=False).returncode == 1
    assert sim.report()["duplicates"] == 10


def test_pipelining_makes_no_difference_but_speed(sim):
    for option in ("on", "off"):
        result = sim.send("big", "--messages", "50", "--pipelining", option)
        assert result["acknowledged"] == 50
    assert sim.report()["violations"]["protocol"] == 0


def test_lost_answers_are_unknown_and_replaced(sim, tmp_path):
    result = sim.send("lossy", "--messages", "200", "--ledger", tmp_path / "ledger")
    assert result["acknowledged"] == 200
    assert result["unknown"] > 0
    assert result["sent"] == 200 + result["unknown"]
    found = sim.compare(tmp_path / "ledger")
    assert (found["lost"], found["duplicates"], found["unacknowledged"]) == (0, 0, result["unknown"])


def test_all_receivers_down_and_back(sim, tmp_path):
    command = [SIM, "send", "--to", sim.address("big"), "--json", "--messages", "800", "--rate", "200/s", "--sessions",
               "4", "--retry-for", "30s", "--ledger", str(tmp_path / "ledger")]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as load:
        assert sim.wait(50)
        sim.set("receiver=*", "down=true")
        assert sim.send("big", "--messages", "1")["acknowledged"] == 0
        sim.set("receiver=*", "down=false")
        result = json.loads(load.communicate(timeout=60)[0])
    assert result["acknowledged"] == 800
    assert result["failures"]
    assert sim.compare(tmp_path / "ledger")["lost"] == 0


def test_rules_answer_by_recipient(sim):
    with sim.connect("big") as client:
        client.ehlo()
        assert client.has_extn("pipelining") and client.has_extn("smtputf8")
        assert client.mail("s@client.test")[0] == 250
        assert client.rcpt("nouser7@big.test") == (550, b"5.1.1 no such user")
        assert client.rcpt("grey@big.test")[0] == 451
        assert client.rcpt("grey@big.test")[0] == 250
    assert sim.report()["refused"]["rcpt"] == {"550 5.1.1 no such user": 1, "451 4.7.1 greylisted": 1}


def test_limits_of_connections_and_messages(sim):
    with sim.connect("narrow") as client:
        with pytest.raises(smtplib.SMTPConnectError) as refused:
            sim.connect("narrow")
        assert refused.value.smtp_code == 421
        for _ in range(3):
            client.sendmail("s@client.test", ["u@narrow.test"], "Subject: x\r\n\r\ntext\r\n")
        assert client.mail("s@client.test")[0] == 421
    violations = sim.report()["violations"]
    assert (violations["connections"], violations["messages"]) == (1, 1)


def test_behaviour_changes_while_running(sim):
    with sim.connect("big") as client:
        client.ehlo()
        sim.set("receiver=big", "behaviour=blocked")
        assert client.mail("s@client.test") == (554, b"5.7.1 blocked")
        sim.set("receiver=big", "behaviour=original")
        sim.set("receiver=b*", "step=mail", "reply=450 4.2.0 later")
        assert client.mail("s@client.test")[0] == 450
        sim.set("receiver=big", "clear=true")
        assert client.mail("s@client.test")[0] == 250
    for nonsense in (["receiver=nobody", "down=true"], ["receiver=big", "colour=red"], ["dns=perhaps"], ["down"]):
        assert sim.set(*nonsense, check=False).returncode == 2


def test_contents_are_kept(tmp_path):
    with Simulator(tmp_path, SCENARIO, "--maildir", str(tmp_path / "mail")) as sim:
        with sim.connect("big") as client:
            client.sendmail("s@client.test", ["a@big.test", "b@big.test"], "Subject: x\r\n\r\n.dot\r\n")
        assert sim.wait(2)
        (file,) = (tmp_path / "mail" / "new").iterdir()
        text = file.read_bytes().decode()
    assert text.startswith("X-Sim-Mail-From: <s@client.test>\r\nX-Sim-Rcpt-To: <a@big.test>\r\n")
    assert text.endswith("Subject: x\r\n\r\n.dot\r\n")


def test_dns_answers_by_udp_and_tcp(sim):
    assert ask(sim, "big.test", 15)[:3] == (0, False, 1)
    assert ask(sim, "d1000.test", 15)[:3] == (0, False, 1)
    assert ask(sim, "d1001.test", 15)[:3] == (3, False, 0)
    assert ask(sim, "big.mx.test", 1)[3].endswith(b"\x00\x04\x7f\x00\x00\x01")
    assert ask(sim, "long.test", 16)[:3] == (0, True, 0), "too long for UDP without EDNS"
    assert ask(sim, "long.test", 16, tcp=True)[:3] == (0, False, 1)
    sim.set("domain=big.test", "dns=servfail")
    assert ask(sim, "big.test", 15)[0] == 2
    sim.set("dns=refused")
    assert ask(sim, "d1.test", 15)[0] == 5
    assert sim.report()["dns_queries"]["MX"] == 5


def test_wait_gives_up_and_reset_forgets(sim):
    assert not sim.wait(1, timeout="50ms")
    assert sim.send("big", "--messages", "5", "--run", "r")["acknowledged"] == 5
    assert sim.wait(5)
    run("reset", "--control", sim.control)
    sim.send("big", "--messages", "5", "--run", "r")
    assert (sim.report()["received"], sim.report()["duplicates"]) == (5, 0)


def test_nothing_listens_gives_status_one_and_counts_failures(tmp_path):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))  # bound but not listening: refused
        done = run("send", "--to", f"127.0.0.1:{taken.getsockname()[1]}", "--messages", "3", "--json", check=False)
    result = json.loads(done.stdout)
    assert done.returncode == 1
    assert (result["acknowledged"], result["unsent"]) == (0, 3)
    assert any("refused" in reason for reason in result["failures"])


def test_bad_scenario_is_refused_with_its_line(tmp_path):
    (tmp_path / "bad.toml").write_text("[sim]\nsede = 1\n")
    done = run("check", "--scenario", tmp_path / "bad.toml", check=False)
    assert done.returncode == 2
    assert 'bad.toml:2: unknown key "sede" in [sim]; did you mean "seed"?' in done.stderr


def test_every_command_has_help():
    for command in ("serve", "send", "compare", "check", "report", "set", "wait", "reset"):
        assert "--help" in run(command, "--help").stdout
    assert run("--version").stdout.startswith("penstock-sim ")
