# SPDX-License-Identifier: Apache-2.0
"""The pickup folder: files that appear by rename are sent and removed; bad ones stay, with the reason."""
import email
import email.policy

import pytest
from daemon import Daemon, until
from simulator import SLOW, Simulator
from test_relay import SINK, relay


@pytest.fixture(name="place")
def fixture_place(tmp_path):
    """Receiver, daemon and folder."""
    folder = tmp_path / "pickup"
    folder.mkdir()
    with Simulator(tmp_path, SINK, "--maildir", str(tmp_path / "mail")) as sim, Daemon(
            tmp_path, stream=relay(sim), extra=f"""
[pickup]
dir = "{folder}"
scan_interval = "100ms"
tenant = "files"
max_message_size = "1 MiB"
""") as mta:
        yield sim, mta, folder


def drop(folder, name, text):
    """Writes a file and renames it into place."""
    hidden = folder / f".{name}.new"
    hidden.write_bytes(text if isinstance(text, bytes) else text.encode())
    hidden.rename(folder / name)


def arrived(folder):
    """The messages that arrived, parsed."""
    return [email.message_from_bytes(file.read_bytes(), policy=email.policy.default)
            for file in (folder.parent / "mail" / "new").iterdir()]


def files(folder):
    """Names of files in the folder."""
    return sorted(path.name for path in folder.iterdir() if path.is_file())


def test_a_file_is_sent_and_removed(place):
    sim, mta, folder = place
    drop(folder, "one.eml", "X-Sender: <bounces@sender.test>\nX-Receiver: <b@one.test>\nX-Receiver: c@two.test\n"
         "X-Penstock-Campaign: autumn\nFrom: a@sender.test\nSubject: by file\n\n.hello\n..\n")
    assert sim.wait(2, f"{20 * SLOW}s"), mta.events()
    until(lambda: files(folder) == [], "the file to be removed")
    mail = arrived(folder)[0]
    assert mail["X-Sim-Mail-From"].strip("<>") == "bounces@sender.test" and mail["Subject"] == "by file"
    assert mail["Date"] and mail["Message-ID"] and not mail["X-Sender"] and not mail["X-Receiver"]
    assert mail.get_payload().splitlines() == [".hello", ".."]
    accepted = mta.until_events("accepted", 2)
    assert {(event["recipient"], event["tenant"], event["campaign"], event["protocol"]) for event in accepted} == {
        ("b@one.test", "files", "autumn", "pickup"), ("c@two.test", "files", "autumn", "pickup")}


@pytest.mark.parametrize("text", ["", "Subject: nobody\n\nx\n", "X-Sender: <a@s.test>\n\nno receiver\n",
                                  "X-Sender: <a@s.test>\nX-Receiver: <not an address\n\nx\n",
                                  "X-Sender: <a@s.test>\nX-Receiver: <b@x.test>\nX-Penstock-Stream: nowhere\n\nx\n",
                                  b"X-Sender: <a@s.test>\nX-Receiver: <b@x.test>\n\n" + b"x\n" * (1 << 20)],
                         ids=["empty", "no sender", "no receiver", "bad address", "unknown stream", "too large"])
def test_a_bad_file_is_put_aside_with_the_reason(place, text):
    sim, mta, folder = place
    drop(folder, "bad.eml", text)
    until(lambda: files(folder) == [], "the file to be taken")
    assert files(folder / "bad") == ["bad.eml", "bad.eml.reason"]
    assert len((folder / "bad" / "bad.eml.reason").read_text().strip()) > 10
    assert mta.until_events("rejected", 1)[0]["detail"] == "bad.eml"
    drop(folder, "good.eml", "X-Sender: <>\nX-Receiver: <b@one.test>\nSubject: x\n\nx\n")
    assert sim.wait(1, f"{20 * SLOW}s")


def test_incomplete_and_hidden_files_are_left_alone(place):
    sim, _, folder = place
    good = "X-Sender: <a@s.test>\nX-Receiver: <b@one.test>\nSubject: x\n\nx\n"
    (folder / ".hidden").write_text(good)
    (folder / "half.tmp").write_text(good)
    drop(folder, "whole", good)
    assert sim.wait(1, f"{20 * SLOW}s")
    until(lambda: files(folder) == [".hidden", "half.tmp"], "only the complete one to go")


def test_many_files_over_a_kill(place):
    sim, mta, folder = place
    for number in range(300):
        drop(folder, f"{number:03}.eml",
             f"X-Sender: <a@s.test>\nX-Receiver: <u{number}@one.test>\nX-Sim-Id: p-{number}\n\nx\n")
        if number == 150:
            mta.kill()
    mta.start()
    until(lambda: files(folder) == [], "all files to be taken", 30)
    mta.until_queue(30, total=0)
    assert sim.report()["unique"] == 300
    messages = {}
    for event in mta.events("accepted", "delivered"):
        messages.setdefault(event["recipient"], set()).add(event["id"])
    assert len(messages) > 100 and all(len(ids) == 1 for ids in messages.values())  # no file was taken twice
