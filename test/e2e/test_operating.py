# SPDX-License-Identifier: Apache-2.0
"""What an operator sees and does, through the command line."""
import json
import os
import signal
import subprocess
import urllib.request

import pytest
from daemon import CLI, Daemon, RawClient, free_port, message, until
from simulator import SLOW, Simulator
from test_relay import SINK, relay, send

RETRY = '\nretry = { schedule = ["1h"], jitter = 0 }\n'
CLOSED = '[[receiver.on]]\nstep = "rcpt"\nrecipient = "later*@*"\nreply = "451 4.7.1 try later"\n'
SECOND = """
[[vmta]]
name = "v2"
source = ["127.0.0.12"]
ehlo = "v2.sender.test"
[[pool]]
name = "second"
members = [{{ vmta = "v2" }}]
[[stream]]
name = "other"
pool = "second"
route = {{ relay = ["{address}"] }}
"""


@pytest.fixture(name="sim")
def fixture_sim(tmp_path):
    with Simulator(tmp_path, SINK + CLOSED) as sim:
        yield sim


@pytest.fixture(name="mta")
def fixture_mta(sim, tmp_path):
    with Daemon(tmp_path, stream=relay(sim) + RETRY, extra=SECOND.format(address=sim.address("sink"))) as mta:
        yield mta


def campaign(mta, name, recipients):
    """One message of a campaign."""
    return mta.submit("a@sender.test", recipients, message(X_Penstock_Campaign=name))


# Setting aside.

def test_pause_and_resume(sim, mta):
    mta.cli("pause", "--domain", "one.test", "--reason", "ticket 815")
    mta.submit("a@sender.test", "b@one.test")
    mta.submit("a@sender.test", "b@two.test")
    assert sim.wait(1, f"{20 * SLOW}s")
    mta.until_queue(held=1, total=1)
    pause, = mta.cli("pauses")["pauses"]
    assert "one.test" in json.dumps(pause) and pause["reason"] == "ticket 815"
    assert mta.cli("queue", "show")["recipients"][0]["reason"]
    mta.cli("resume", "--domain", "one.test")
    assert sim.wait(2, f"{20 * SLOW}s")
    assert mta.cli("pauses")["pauses"] == []


@pytest.mark.parametrize("selection", [("--all",), ("--stream", "default"), ("--campaign", "c1"), ("--vmta", "v1"),
                                       ("--path", None)])
def test_pause_by(sim, mta, selection):
    option, *value = selection
    value = [f"v1/relay:{sim.address('sink')}"] if value == [None] else value
    mta.cli("pause", option, *value)
    campaign(mta, "c1", "b@one.test")
    mta.until_queue(held=1, total=1)
    mta.cli("resume", option, *value)
    assert sim.wait(1, f"{20 * SLOW}s")
    mta.until_queue(total=0)


def test_pause_outlives_a_restart_and_ends_when_told(sim, mta):
    mta.cli("pause", "--all", "--until", "1h", "--reason", "maintenance")
    mta.submit("a@sender.test", "b@one.test")
    mta.until_queue(held=1)
    mta.restart()
    mta.until_queue(held=1, total=1)
    assert mta.cli("pauses")["pauses"][0]["reason"] == "maintenance"
    mta.submit("a@sender.test", "c@one.test")
    mta.until_queue(held=2, total=2)
    mta.cli("resume", "--all")
    assert sim.wait(2, f"{20 * SLOW}s")


def test_pause_with_an_end_lifts_itself(sim, mta):
    mta.cli("pause", "--all", "--until", "1s")
    mta.submit("a@sender.test", "b@one.test")
    assert sim.wait(1, f"{20 * SLOW}s")
    assert mta.cli("pauses")["pauses"] == []


def test_hold_and_release_over_a_restart(sim, mta):
    campaign(mta, "autumn", ["later1@one.test", "later2@one.test"])
    campaign(mta, "spring", "later3@one.test")
    mta.until_queue(deferred=3)
    assert mta.cli("hold", "--campaign", "autumn", "--reason", "wrong link")["changed"] == 2
    mta.until_queue(held=2, deferred=1)
    assert len(mta.until_events("held", 2)) == 2
    mta.restart()
    mta.until_queue(held=2, deferred=1)
    mta.cli("retry", "--all")  # held ones stay
    mta.until_events("deferred", 4)
    mta.until_queue(held=2, deferred=1)
    mta.cli("release", "--campaign", "autumn")
    mta.until_queue(held=0, total=3)
    assert len(mta.until_events("released", 2)) == 2


def test_retry_delivers_what_waits(sim, mta):
    sim.set("receiver=sink", "step=mail", "reply=451 4.3.0 closed")
    for number in range(30):
        mta.submit("a@sender.test", f"u{number}@d{number % 3}.test")
    mta.until_queue(deferred=30)
    sim.set("receiver=sink", "clear=true")
    assert mta.cli("retry", "--domain", "d1.test")["changed"] == 10
    assert sim.wait(10, f"{20 * SLOW}s")
    mta.until_queue(deferred=20)
    mta.cli("retry", "--all")
    assert sim.wait(30, f"{20 * SLOW}s")


def test_bounce_tells_the_sender_why(sim, mta):
    mta.submit("author@sender.test", ["later1@one.test", "later2@one.test"])
    mta.until_queue(deferred=2)
    mta.cli("bounce", "--recipient", "later1@one.test", "--reason", "no such campaign")
    event, = mta.until_events("bounced", 1)
    assert event["recipient"] == "later1@one.test" and "no such campaign" in event["reply"]
    assert sim.wait(1, f"{20 * SLOW}s")  # the notice
    mta.until_queue(deferred=1, total=1)


def test_reroute_to_a_vmta_and_to_a_stream(sim, mta):
    sim.set("receiver=sink", "step=mail", "reply=451 4.3.0 closed")
    mta.submit("a@sender.test", "a@one.test")
    mta.submit("a@sender.test", "b@two.test")
    mta.until_queue(deferred=2)
    kept = mta.cli("reroute", "--domain", "one.test", "--to-vmta", "v2")
    assert (kept["matched"], kept["changed"], kept["kept"]) == (1, 0, 1), "deferred from v1, so it waits for v1"
    for arguments in (["--domain", "two.test"], ["--recipient", "b@two.test"]):
        said = mta.run_cli("reroute", *arguments, "--to-stream", "other", "--dry-run").stdout
        assert said == "reroute would touch 0 recipients; 1 kept: deferred for rate or reputation; nothing was changed\n"
        said = mta.run_cli("reroute", *arguments, "--to-stream", "other").stdout
        assert said == "reroute: 0 recipients changed, 1 matched; 1 kept: deferred for rate or reputation\n"
    mta.cli("reroute", "--domain", "one.test", "--to-vmta", "v2", "--force")
    mta.cli("reroute", "--domain", "two.test", "--to-stream", "other", "--force")
    forced = [event["detail"] for event in mta.events("admin") if "force=true" in event["detail"]]
    assert len(forced) == 2 and all("deferred for rate or reputation" in detail for detail in forced), forced
    mta.restart()
    sim.set("receiver=sink", "clear=true")
    mta.cli("retry", "--all")
    assert sim.wait(2, f"{20 * SLOW}s")
    delivered = {event["recipient"]: event for event in mta.until_events("delivered", 2)}
    assert delivered["a@one.test"]["vmta"] == "v2" and delivered["b@two.test"]["stream"] == "other"
    assert sim.report()["by_source"] == {"127.0.0.12": 2}


def test_mail_of_a_vmta_that_is_gone_waits_for_the_operator(sim, mta):
    sim.set("receiver=sink", "step=mail", "reply=451 4.3.0 closed")
    mta.submit("a@sender.test", "a@one.test")
    mta.until_queue(deferred=1)
    sim.set("receiver=sink", "clear=true")
    text = mta.config_file.read_text()
    vmta = mta.parts["vmta"]
    mta.write_config(vmta=vmta.replace('name = "v1"', 'name = "v9"').replace('vmta = "v1"', 'vmta = "v9"'))
    assert mta.config_file.read_text() != text
    assert mta.cli("reload")["applied"]
    mta.cli("retry", "--all")
    mta.until_queue(held=1, total=1)
    reason = mta.cli("queue", "show")["recipients"][0]["reason"]
    assert '"v1"' in reason and "reroute --to-vmta NAME --force" in reason, reason
    assert not mta.events("delivered"), "nobody else takes it"
    mta.cli("reroute", "--domain", "one.test", "--to-vmta", "v2", "--force")
    mta.cli("retry", "--all")
    assert mta.until_events("delivered", 1)[0]["vmta"] == "v2"


def test_dry_run_counts_and_changes_nothing(mta):
    mta.submit("a@sender.test", ["later1@one.test", "later2@one.test"])
    mta.until_queue(deferred=2)
    for command in (["hold"], ["bounce"], ["retry"], ["reroute", "--to-vmta", "v2"]):
        answer = mta.cli(command[0], "--domain", "one.test", "--dry-run", *command[1:])
        assert answer["matched"] == 2 and answer.get("kept", 2) == 2, answer
    mta.until_queue(deferred=2, total=2)
    assert not mta.events("held", "bounced")


def test_dry_run_of_pause_and_resume(sim, mta):
    campaign(mta, "c1", ["later1@one.test", "later2@one.test"])
    mta.until_queue(deferred=2)
    assert mta.cli("pause", "--campaign", "c1", "--dry-run")["matched"] == 2
    assert mta.cli("pauses")["pauses"] == []
    assert "2 recipients" in mta.run_cli("pause", "--domain", "one.test", "--dry-run").stdout
    mta.cli("pause", "--campaign", "c1")
    would, = mta.cli("resume", "--campaign", "c1", "--dry-run")["would_resume"]
    assert would["matched"] == 2 and would["selection"] == {"campaign": "c1"}
    assert len(mta.cli("pauses")["pauses"]) == 1
    assert mta.run_cli("resume", "--domain", "one.test", "--dry-run").returncode == 1


def test_waiting_mail_is_selected_by_provider_and_path_after_a_restart(tmp_path):
    scenario = """
[dns]
[[receiver]]
name = "big"
addresses = ["127.3.0.1"]
[[domain]]
name = "d{0..9}.test"
receivers = ["big"]
"""
    port = free_port()
    with Simulator(tmp_path, scenario, port=port) as sim:
        sim.set("receiver=big", "step=rcpt", "reply=451 4.7.1 try later")
        big = '\n[[provider]]\nname = "bigmail"\nmx = ["big.mx.test"]\n'
        with Daemon(tmp_path, node="shards = 2", stream='route = "mx"\ndsn = "off"' + RETRY,
                    extra=sim.found_by_mx() + big) as mta:
            for number in range(20):
                mta.submit("a@sender.test", f"later{number}@d{number % 10}.test")
            mta.until_queue(deferred=20)
            for restarted in (False, True):
                if restarted:
                    mta.restart()
                    mta.until_queue(deferred=20)
                row, = mta.cli("queue", "list", "--by", "provider")["queues"]
                assert (row["name"], row["counts"]["deferred"]) == ("bigmail", 20), (restarted, row)
                assert mta.cli("hold", "--provider", "bigmail", "--dry-run")["matched"] == 20
                assert mta.cli("retry", "--path", "v1/provider:bigmail", "--dry-run")["matched"] == 20
                assert mta.cli("retry", "--path", "v1/site:other.test", "--dry-run")["matched"] == 0
            mta.restart()
            sim.set("receiver=big", "clear=true")
            assert mta.cli("retry", "--path", "v1/provider:bigmail")["changed"] == 20
            assert sim.wait(20, f"{20 * SLOW}s")


def test_changes_need_a_criterion_and_known_names(mta):
    for arguments in (["hold"], ["bounce", "--campaign", ""], ["reroute", "--all"],
                      ["hold", "--all", "--domain", "x.test"]):
        done = mta.run_cli(*arguments)
        assert done.returncode == 2 and done.stderr, arguments
    for arguments in (["reroute", "--all", "--to-vmta", "v9"], ["hold", "--stream", "nosuch"],
                      ["bounce", "--vmta", "nosuch"], ["pause", "--provider", "nosuch"],
                      ["reroute", "--stream", "nosuch", "--to-vmta", "v1"], ["events", "tail", "--type", "nosuch"]):
        done = mta.run_cli(*arguments)
        assert done.returncode == 1 and "nosuch" in done.stderr or "v9" in done.stderr, arguments


def test_large_changes_work_in_the_background(mta):
    mta.cli("pause", "--all")
    send(mta, "--messages", "3000", "--sessions", "20", "--size", "1KiB", "--recipients-per-message", "3")
    mta.until_queue(held=9000, total=9000)
    job = mta.cli("bounce", "--all", "--no-wait", "--reason", "test")
    done = mta.cli("job", "wait", job["id"])
    assert done["state"] == "done" and done["changed"] == 9000, done
    mta.cli("resume", "--all")
    assert mta.cli("status")["totals"]["bounced"] == 9000


# Looking.

def test_queue_list_show_age_and_message(sim, mta):
    identity = campaign(mta, "autumn", ["later1@one.test", "later2@one.test", "now@one.test"])
    mta.submit("a@sender.test", "later3@two.test")
    mta.until_queue(deferred=3, total=3)
    listed = {row["name"]: row for row in mta.cli("queue", "list")["queues"]}
    assert listed["one.test"]["counts"]["deferred"] == 2 and listed["two.test"]["counts"]["deferred"] == 1
    for group, name in (("campaign", "autumn"), ("stream", "default"), ("vmta", "v1")):
        assert name in [row["name"] for row in mta.cli("queue", "list", "--by", group)["queues"]], group
    assert mta.cli("queue", "show", "one.test")["matched"] == 2
    assert mta.cli("queue", "show", "--recipient", "later3@two.test")["matched"] == 1
    ages = mta.cli("queue", "age")
    assert ages["total"][0] == 3 and sum(ages["total"]) == 3
    detail = mta.cli("message", "show", identity)
    states = {row["recipient"]: row["state"] for row in detail["recipients"]}
    assert states == {"later1@one.test": "deferred", "later2@one.test": "deferred", "now@one.test": "done"}
    assert [row["last_reply"] for row in detail["recipients"]][0] == "451 4.7.1 try later"
    assert mta.run_cli("message", "show", "0000000000000").returncode == 1
    for command in (["queue", "list"], ["queue", "show"], ["queue", "age"], ["message", "show", identity],
                    ["paths"], ["status"]):
        text = mta.run_cli(*command)
        assert text.returncode == 0 and text.stdout.strip(), command


def test_top_once_and_what_is_wrong(sim, mta):
    mta.submit("a@sender.test", "b@one.test")
    mta.until_events("delivered", 1)
    text = mta.run_cli("top", "--once").stdout
    assert "mta.test" in text and "v1" in text
    assert mta.troubles() == []
    assert mta.run_cli("completion", "bash").stdout.count("penstock") > 3
    assert mta.cli("version")["daemon"] == mta.cli("status")["version"]


def test_a_job_can_be_cancelled_or_is_done(mta):
    mta.cli("pause", "--all")
    send(mta, "--messages", "200", "--size", "1KiB", "--recipients-per-message", "10")
    mta.until_queue(held=2000, total=2000)
    job = mta.cli("reroute", "--all", "--to-vmta", "v2", "--no-wait")
    mta.cli("job", "cancel", job["id"], check=False)
    done = mta.cli("job", "wait", job["id"], check=False)
    assert done["state"] in ("cancelled", "done") and done["changed"] <= 2000
    mta.until_queue(held=2000, total=2000)
    assert [row["id"] for row in mta.cli("jobs")["jobs"]] == [job["id"]]


def test_paths_say_why_they_are_not_normal(sim, mta):
    sim.set("receiver=sink", "down=true")
    for number in range(10):
        mta.submit("a@sender.test", f"u{number}@one.test")
    mta.until_queue(total=10, in_delivery=0)  # those that came after the suspension wait for its end
    until(lambda: mta.cli("paths")["paths"][0]["state"] == "suspended", "the suspension")
    path, = mta.cli("paths")["paths"]
    assert path["state"] == "suspended" and "refused" in json.dumps(path).lower(), path
    assert mta.cli("paths", "--vmta", "v2")["paths"] == []


def test_trace_and_events(mta):
    identity = mta.submit("a@sender.test", ["later1@one.test", "now@one.test"])
    mta.until_events("delivered", 1)
    mta.until_events("deferred", 1)
    assert [event["type"] for event in mta.cli("trace", "now@one.test")["events"]] == ["accepted", "delivered"]
    assert len(mta.cli("trace", "--message", identity)["events"]) == 4
    assert mta.run_cli("trace", "nobody@one.test").returncode == 1
    text = mta.run_cli("trace", "later1@one.test").stdout
    assert "try later" in text
    only = mta.run_cli("--json", "events", "tail", "--last", "100", "--type", "deferred").stdout.splitlines()
    assert [json.loads(line)["type"] for line in only] == ["deferred"]


def test_events_tail_follows(mta):
    mta.submit("a@sender.test", "first@one.test")
    mta.until_events("accepted", 1)
    with subprocess.Popen([CLI, "--socket", mta.socket, "--json", "events", "tail", "--follow", "--last", "1", "--type",
                           "accepted"], stdout=subprocess.PIPE, text=True) as tail:
        try:
            assert json.loads(tail.stdout.readline())["recipient"] == "first@one.test"
            mta.submit("a@sender.test", "second@one.test")  # it follows from what it has shown
            assert json.loads(tail.stdout.readline())["recipient"] == "second@one.test"
        finally:
            tail.terminate()


def test_metrics_on_socket_and_tcp(sim, tmp_path):
    port = free_port()
    with Daemon(tmp_path, stream=relay(sim)) as mta:
        mta.stop()
        text = mta.config_file.read_text()
        mta.config_file.write_text(text.replace("[admin]", f'[admin]\nmetrics = "127.0.0.1:{port}"'))
        mta.start()
        send(mta, "--messages", "50")
        assert sim.wait(50, f"{20 * SLOW}s")
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=10) as answer:
            text = answer.read().decode()
        assert "# TYPE penstock_queue_recipients gauge" in text
        lines = [line.rsplit(" ", 1) for line in text.splitlines() if line[:1] != "#"]
        samples = {name: float(value) for name, value in lines}
        assert all(name.startswith("penstock_") or name.startswith("process_") for name in samples)
        assert samples["penstock_ingest_messages_total"] == 50
        assert samples['penstock_delivery_outcomes_total{outcome="delivered"}'] == 50
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/healthz", timeout=10) as answer:
            assert answer.status == 200
        with pytest.raises(urllib.error.HTTPError):
            urllib.request.urlopen(f"http://127.0.0.1:{port}/v1/status", timeout=10)
        assert mta.run_cli("metrics").stdout.count("penstock_") > 20


# Configuration.

def test_reload_of_a_good_file(sim, mta):
    mta.write_config(extra=SECOND.format(address=sim.address("sink")) + '[[domain]]\nname = "x.test"\nroute = "null"\n')
    answer = mta.cli("reload")
    assert answer["applied"] and any("domain" in key for key in answer["changed"]), answer
    mta.submit("a@sender.test", "b@x.test")
    assert mta.until_events("delivered", 1)[0]["route"] == "null"


def test_reload_of_a_bad_file_changes_nothing(mta):
    mta.config_file.write_text(mta.config_file.read_text() + "\n[nodee]\n")
    done = mta.run_cli("reload")
    assert done.returncode == 1 and "node" in done.stderr + done.stdout
    mta.submit("a@sender.test", "b@one.test")
    mta.until_events("delivered", 1)
    assert "mistakes" in mta.log()


def test_reload_says_what_needs_a_restart(mta):
    mta.write_config(node="shards = 3")
    answer = mta.cli("reload")
    assert answer["applied"] and answer["needs_restart"] == ["node.shards"], answer
    assert mta.cli("status")["shards"] != 3 or os.cpu_count() == 3


def test_the_nodes_name_follows_a_reload(mta):
    text = mta.config_file.read_text()
    mta.config_file.write_text(text.replace('name = "mta.test"', 'name = "other.test"'))
    answer = mta.cli("reload")
    assert answer["applied"] and not answer["needs_restart"], answer
    with RawClient(mta.port) as client:
        assert "other.test" in client.banner
    mta.submit("a@sender.test", "b@one.test")
    assert mta.until_events("accepted", 1)[0]["node"] == "other.test"
    assert mta.cli("status")["node"] == "other.test"


def test_sighup_reloads(mta):
    mta.write_config(stream=mta.parts["stream"].replace("1h", "2h"))
    mta.process.send_signal(signal.SIGHUP)
    until(lambda: any("reloaded" in event["detail"] for event in mta.events("config")), "the reload")
    settings = {row["key"]: row["value"] for row in mta.cli("config", "show", "--changed")["settings"]}
    assert "2h" in settings["stream.default.retry.schedule"], settings


def test_sighup_with_mistakes_tells_each_of_them(mta):
    good = mta.config_file.read_text()
    mta.config_file.write_text(good.replace("[node]", '[node]\nshrads = 2\nstop_limit = "soon"', 1))
    mta.process.send_signal(signal.SIGHUP)
    place = f"{mta.config_file}:{good[:good.index('[node]')].count(chr(10)) + 2}:1: "
    until(lambda: any("refused" in event["detail"] for event in mta.events("config")), "the refusal")
    detail = mta.events("config")[-1]["detail"]
    for words in (place, "shrads", "did you mean", "stop_limit"):
        assert words in detail and words in mta.log(), (detail, mta.log())
    trouble, = [each for each in mta.cli("status")["troubles"] if each["part"] == "configuration"]
    assert "refused" in trouble["message"] and place in trouble["message"], trouble
    mta.config_file.write_text(good)
    assert mta.cli("reload")["applied"]
    assert not [each for each in mta.cli("status")["troubles"] if each["part"] == "configuration"]


def test_check_config_names_places_and_remedies(mta, tmp_path):
    bad = tmp_path / "bad.toml"
    bad.write_text('[node]\nnmae = "x"\n[[listener]]\nrelay_from = ["0.0.0.0/0"]\n[spool]\nsegment_size = "1 KiB"\n')
    done = mta.run_cli("check-config", bad)
    assert done.returncode == 1
    text = done.stdout + done.stderr
    assert f"{bad}:2:1: " in text and '"name"' in text, text
    assert f"{bad}:4:" in text and f"{bad}:6:" in text
    assert mta.run_cli("check-config", mta.config_file).returncode == 0


# Stopping.

def test_drain_refuses_new_mail_and_ends(sim, mta):
    mta.cli("drain")
    assert mta.cli("status")["state"] == "draining"
    assert not mta.process.poll()
    with pytest.raises(Exception, match="421"):
        with mta.client() as client:
            client.sendmail("a@sender.test", ["b@one.test"], message())
    mta.cli("drain", "--end")
    mta.submit("a@sender.test", "b@one.test")
    assert sim.wait(1, f"{20 * SLOW}s")


def test_drain_stop_finishes_what_is_in_flight(sim, mta):
    sim.set("receiver=sink", "step=end-of-data", "action=delay", "delay=2s")
    mta.submit("a@sender.test", "b@one.test")
    mta.until_queue(in_delivery=1)
    mta.cli("drain", "--stop", "--limit", "20s")
    assert mta.process.wait(30 * SLOW) == 0
    assert sim.report()["received"] == 1
    mta.start()
    mta.until_queue(total=0)
    assert sim.report()["received"] == 1


def test_stop_tells_idle_clients_and_waits_for_a_message(sim, mta):
    with RawClient(mta.port) as idle, RawClient(mta.port) as busy:
        busy.open_message(recipient="b@one.test")
        busy.send("Subject: under way\r\n\r\n")
        mta.process.send_signal(signal.SIGTERM)
        assert idle.reply().startswith("421") and idle.reply() == ""
        busy.send("hello\r\n.\r\n")
        assert busy.reply().startswith("250")
        assert busy.reply().startswith("421")
    assert mta.process.wait(20 * SLOW) == 0
    mta.start()
    assert sim.wait(1, f"{20 * SLOW}s")
    assert sim.report()["duplicates"] == 0


def test_stop_limit_cuts_what_hangs(sim, tmp_path):
    sim.set("receiver=sink", "step=mail", "action=hang")
    with Daemon(tmp_path, stream=relay(sim), node='stop_limit = "1s"') as mta:
        mta.submit("a@sender.test", "b@one.test")
        mta.until_queue(in_delivery=1)
        mta.stop(20)
        assert "cut at the stop limit" in mta.log()
        sim.set("receiver=sink", "clear=true")
        mta.start()
        assert sim.wait(1, f"{20 * SLOW}s")


def test_two_daemons_cannot_share_a_spool(mta, tmp_path):
    other = tmp_path / "other"
    other.mkdir()
    with_same_spool = Daemon(other)
    text = with_same_spool.config_file.read_text().replace(str(with_same_spool.data), str(mta.data))
    with_same_spool.config_file.write_text(text)
    with_same_spool.spawn()
    assert with_same_spool.process.wait(20 * SLOW) == 1
    assert "use" in with_same_spool.log() or "lock" in with_same_spool.log()


def test_command_line_without_a_daemon(tmp_path):
    done = subprocess.run([CLI, "--socket", str(tmp_path / "none.sock"), "status"], capture_output=True, text=True,
                          timeout=20 * SLOW, check=False)
    assert done.returncode == 3 and "none.sock" in done.stderr
    assert subprocess.run([CLI, "nonsense"], capture_output=True, timeout=20 * SLOW, check=False).returncode == 2
