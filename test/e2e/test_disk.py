# SPDX-License-Identifier: Apache-2.0
"""Surroundings that fail: a full disk, a broken one, receivers and DNS that are gone, a clock that jumps."""
import contextlib
import json
import os
import pathlib
import shutil
import subprocess

import pytest
from daemon import Daemon, free_port, message, until
from simulator import SIM, SLOW, Simulator
from test_relay import SINK, relay

FAKETIME = "/usr/lib/x86_64-linux-gnu/faketime/libfaketimeMT.so.1"
RETRY = '\nretry = { schedule = ["1s"], jitter = 0 }\n'
TROUBLE = '[defaults]\ntrouble = { first = "1s", longest = "1s" }\n'


@pytest.fixture(name="disk")
def fixture_disk(tmp_path):
    """A file system of 24 MiB."""
    folder = tmp_path / "data"
    folder.mkdir()
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=24m", "none", str(folder)], capture_output=True,
                             check=False)
    if mounted.returncode != 0:
        pytest.skip("mounting a tmpfs is not allowed here")
    try:
        yield folder
    finally:
        subprocess.run(["umount", "-l", str(folder)], check=True)


SMALL_SPOOL = """
[spool]
segment_size = "2 MiB"
spare_segments = 0
free_floor = "4 MiB"
"""


def fill(mta, text):
    """Sends until it is refused; returns how many were acknowledged, and the refusal."""
    with mta.client() as client:
        for number in range(1000):
            code, reply = client.mail("a@sender.test")
            if code == 250:
                client.rcpt(f"u{number}@one.test")
                code, reply = client.data(text)
            if code != 250:
                return number, (code, reply)
    raise AssertionError("the disk does not get full")


def test_full_disk_is_452_until_there_is_room(tmp_path, disk):
    with Simulator(tmp_path, SINK) as sim, Daemon(
            tmp_path, stream=relay(sim) + RETRY, spool=SMALL_SPOOL, listener='max_message_size = "1 MiB"',
            extra=TROUBLE) as mta:
        sim.set("receiver=sink", "down=true")
        text = message(body=("x" * 70 + "\r\n") * 3000)
        acknowledged, (code, reply) = fill(mta, text)
        assert code == 452 and reply.startswith(b"4.3.1") and acknowledged > 20, (acknowledged, code, reply)
        assert any("spool" in json.dumps(trouble) or "disk" in json.dumps(trouble)
                   for trouble in mta.cli("status")["troubles"])
        mta.restart()  # a full disk does not keep it from starting
        mta.until_queue(total=acknowledged)
        sim.set("receiver=sink", "down=false")
        assert sim.wait(acknowledged, f"{60 * SLOW}s"), mta.cli("status")
        mta.until_queue(total=0)

        def taken_again():
            with mta.client() as client:
                code, _ = client.mail("a@sender.test")
                return code == 250 and client.rcpt("again@one.test")[0] == 250 and client.data(text)[0] == 250
        until(taken_again, "mail to be taken again", 30, 0.2)
        assert sim.wait(acknowledged + 1, f"{30 * SLOW}s")
        report = sim.report()
        assert report["messages"] == acknowledged + 1  # none lost, none twice


def test_disk_filled_by_somebody_else(tmp_path, disk):
    with Simulator(tmp_path, SINK) as sim, Daemon(
            tmp_path, stream=relay(sim) + RETRY, spool=SMALL_SPOOL, listener='max_message_size = "1 MiB"') as mta:
        mta.submit("a@sender.test", "b@one.test")
        ballast = disk / "ballast"
        try:
            with open(ballast, "wb") as file:
                while True:
                    file.write(b"x" * 65536)
                    file.flush()
        except OSError:
            pass
        fill(mta, message(body=("x" * 70 + "\r\n") * 3000))
        mta.cli("status")
        ballast.unlink()

        def taken_again():
            with mta.client() as client:
                return (client.mail("a@sender.test")[0] == 250 and client.rcpt("again@one.test")[0] == 250
                        and client.data(message())[0] == 250)
        until(taken_again, "mail to be taken again", 30, 0.2)
        mta.until_queue(30, total=0)


@pytest.fixture(name="failing_disk", scope="module")
def fixture_failing_disk(tmp_path_factory):
    """A library that makes the disk fail when it is preloaded; see its source."""
    if shutil.which("cc") is None:
        pytest.skip("needs a C compiler")
    library = tmp_path_factory.mktemp("failing") / "failing_disk.so"
    source = pathlib.Path(__file__).with_name("failing_disk.c")
    subprocess.run(["cc", "-O1", "-Wall", "-Wextra", "-Werror", "-shared", "-fPIC", "-o", str(library), str(source),
                    "-ldl"], check=True)
    return library


@contextlib.contextmanager
def on_failing_disk(tmp_path, failing_disk):
    """A receiver that is down, a daemon that relays to it, and the file that makes the daemon's disk fail."""
    flag = tmp_path / "flag"
    env = {"LD_PRELOAD": str(failing_disk), "FAILING_FLAG": str(flag), "FAILING_FOLDER": str(tmp_path / "data/spool")}
    with Simulator(tmp_path, SINK) as sim, Daemon(tmp_path, stream=relay(sim) + RETRY, extra=TROUBLE, env=env) as mta:
        sim.set("receiver=sink", "down=true")
        yield sim, mta, flag


def answer(mta, recipient):
    """The reply that decides about a message: the first that is not 250 or 354, or that to its end."""
    with mta.client() as client:
        for step in (lambda: client.mail("a@sender.test"), lambda: client.rcpt(recipient)):
            code, reply = step()
            if code != 250:
                return code, reply
        return client.data(message())


@pytest.mark.release_only
@pytest.mark.parametrize("what", ["writes", "syncs"])
def test_broken_disk(tmp_path, failing_disk, what):
    """EIO: senders keep their mail and are told so; what we have is delivered; a restart with a sound disk mends it."""
    with on_failing_disk(tmp_path, failing_disk) as (sim, mta, flag):
        for number in range(5):
            mta.submit("a@sender.test", f"before{number}@one.test")
        mta.until_queue(total=5)
        flag.write_text(what)
        for number in range(5):
            code, reply = answer(mta, f"broken{number}@one.test")
            assert code == 451, (code, reply)
        told = json.dumps(mta.cli("status")["troubles"])
        assert "spool" in told and "Input/output error" in told and "restart" in told, told
        assert "unhealthy" in mta.log()
        mta.until_queue(total=5)  # nothing was half taken
        # What is with us goes out while the disk is broken.
        sim.set("receiver=sink", "down=false")
        mta.cli("retry", "--all")
        assert sim.wait(5, f"{30 * SLOW}s"), mta.cli("status")
        # A disk that has failed once is not trusted until somebody has looked at it and restarted us.
        flag.unlink()
        code, reply = answer(mta, "mended@one.test")
        assert code == 451, (code, reply)
        mta.until_queue(total=0)
        mta.restart()
        mta.submit("a@sender.test", "after@one.test")
        assert sim.wait(6, f"{30 * SLOW}s")
        mta.until_queue(total=0)
        assert not mta.troubles()
        report = sim.report()
        assert report["messages"] == 6, report  # none of the refused, none twice


@pytest.mark.release_only
def test_killed_on_a_broken_disk(tmp_path, failing_disk):
    """What was delivered while Finals could not be written is not sent again, even after a kill."""
    with on_failing_disk(tmp_path, failing_disk) as (sim, mta, flag):
        for number in range(20):
            mta.submit("a@sender.test", f"u{number}@one.test")
        flag.write_text("writes")
        sim.set("receiver=sink", "down=false")
        mta.cli("retry", "--all")
        assert sim.wait(20, f"{30 * SLOW}s"), mta.cli("status")
        mta.until_queue(total=0)
        mta.kill()
        flag.unlink()
        mta.start()
        mta.until_queue(total=0)
        mta.submit("a@sender.test", "after@one.test")
        assert sim.wait(21, f"{30 * SLOW}s")
        mta.until_queue(total=0)
        assert sim.report()["messages"] == 21


def test_all_receivers_down_and_back(tmp_path):
    with Simulator(tmp_path, SINK) as sim, Daemon(tmp_path, stream=relay(sim) + RETRY, extra=TROUBLE) as mta:
        ledger = tmp_path / "ledger"
        with subprocess.Popen([SIM, "send", "--to", f"127.0.0.1:{mta.port}", "--messages", "2000", "--rate", "500/s",
                               "--quiet", "--domains", "d{1..20}.test", "--ledger", str(ledger)],
                              stdout=subprocess.DEVNULL) as sender:
            for _ in range(2):
                before = sim.report()["received"]
                sim.wait(before + 100, f"{20 * SLOW}s")
                sim.set("receiver=*", "down=true")
                until(lambda: mta.cli("status")["queue"]["total"] > 100, "a queue")
                sim.set("receiver=*", "down=false")
            assert sender.wait(60 * SLOW) == 0
        mta.until_queue(60, total=0)
        compared = sim.compare(ledger)
        assert compared["lost"] == 0 and compared["acknowledged"] == 2000, compared
        assert compared["duplicates"] <= 40, compared  # answers that were lost with their connections
        assert not mta.events("bounced")


def test_dns_down_and_back(tmp_path):
    port = free_port()
    scenario = '[dns]\nttl = "1s"\n' + SINK + '[[domain]]\nname = "d{1..20}.test"\nreceivers = ["sink"]\n'
    with Simulator(tmp_path, scenario, port=port) as sim, Daemon(
            tmp_path, stream='route = "mx"' + RETRY,
            extra=sim.found_by_mx('timeout = "1s"\nfailure_ttl = "1s"')) as mta:
        sim.set("dns=timeout")
        ledger = tmp_path / "ledger"
        subprocess.run([SIM, "send", "--to", f"127.0.0.1:{mta.port}", "--messages", "200", "--quiet", "--domains",
                        "d{1..20}.test", "--ledger", str(ledger)], stdout=subprocess.DEVNULL, timeout=60 * SLOW,
                       check=True)
        mta.until_events("deferred", 200)
        sim.set("dns=ok")
        assert sim.wait(200, f"{90 * SLOW}s"), mta.cli("status")
        compared = sim.compare(ledger)
        assert (compared["lost"], compared["duplicates"]) == (0, 0)
        assert not mta.events("bounced")


@pytest.mark.skipif(not os.path.exists(FAKETIME), reason="needs the package libfaketime")
@pytest.mark.release_only
@pytest.mark.parametrize("step", ["+2d", "-2d"])
def test_clock_step(tmp_path, step):
    """The wall clock jumps while mail waits: what is due is counted by the steady clock."""
    control = tmp_path / "clock"
    control.write_text("+0d")
    env = {"LD_PRELOAD": FAKETIME, "FAKETIME_TIMESTAMP_FILE": str(control), "FAKETIME_NO_CACHE": "1",
           "FAKETIME_DONT_FAKE_MONOTONIC": "1"}
    scenario = SINK + '[[receiver.on]]\nstep = "rcpt"\nfirst = 1\nreply = "451 4.7.1 greylisted"\n'
    with Simulator(tmp_path, scenario) as sim, Daemon(
            tmp_path, stream=relay(sim) + '\nretry = { schedule = ["2s"], jitter = 0, expire = "5d" }\n',
            env=env) as mta:
        for number in range(10):
            mta.submit("a@sender.test", f"u{number}@one.test")
        mta.until_queue(deferred=10)
        control.write_text(step)
        assert sim.wait(10, f"{20 * SLOW}s"), mta.cli("queue", "show")
        mta.submit("a@sender.test", "after@one.test")
        assert sim.wait(11, f"{20 * SLOW}s"), mta.cli("queue", "show")
        mta.until_queue(total=0)
        assert not mta.events("expired", "bounced")
        until(lambda: mta.events("accepted", recipient="after@one.test"), "the event")
