# SPDX-License-Identifier: Apache-2.0
"""Rules for bulk mail at the door: refused with reasons, warned about, mended."""
import smtplib

import pytest
from daemon import Daemon, message
from simulator import Simulator

SINK = """
[[receiver]]
name = "sink"
addresses = ["127.0.0.2"]
"""
STREAMS = """
[[stream]]
name = "strict"
pool = "main"
route = {{ relay = ["{sink}"] }}
bulk_rules = "refuse"
marketing = true
[[stream]]
name = "mended"
pool = "main"
route = {{ relay = ["{sink}"] }}
bulk_rules = "fix"
marketing = true
feedback_id = "senderco"
"""


@pytest.fixture(name="door")
def fixture_door(tmp_path):
    """A daemon with a strict, a mending and (the default) a warning stream, and the folder mail arrives in."""
    folder = tmp_path / "mail"
    with Simulator(tmp_path, SINK, "--maildir", str(folder)) as sim:
        sink = sim.address("sink")
        with Daemon(tmp_path, stream=f'route = {{ relay = ["{sink}"] }}\nbulk_rules = "warn"',
                    extra=STREAMS.format(sink=sink)) as mta:
            yield mta, sim, folder


def arrived(folder):
    """The one mail that came."""
    mails = [path.read_text() for path in sorted(folder.rglob("*")) if path.is_file()]
    assert len(mails) == 1, mails
    return mails[0]


def test_a_refusal_names_all_that_is_missing(door):
    mta, _, _ = door
    with pytest.raises(smtplib.SMTPDataError) as refused, mta.client() as client:
        client.sendmail("a@other.test", ["b@receiver.test"], message(X_Penstock_Stream="strict"))
    text = refused.value.smtp_error.decode()
    assert refused.value.smtp_code == 550 and text.startswith("5.7.1 the message breaks rules for bulk mail\n")
    for rule in ("list-unsubscribe: ", "one-click: ", "feedback-id: ", "dkim: ", "envelope-domain: "):
        assert rule in text
    rejected = mta.events("rejected")
    assert len(rejected) == 1 and rejected[0]["code"] == 550
    assert not mta.events("bulk-rules")


def test_a_warning_is_an_event_and_a_field(door):
    mta, sim, folder = door
    mta.submit("a@sender.test", "b@receiver.test", message())
    event = mta.until_events("bulk-rules", 1)[0]
    assert event["detail"] == "dkim: no DKIM key signs for sender.test or its organisation"
    assert event["stream"] == "default" and "recipient" not in event
    assert sim.wait(1)
    assert "X-Penstock-Bulk-Rules: dkim\n" in arrived(folder).replace("\r\n", "\n")
    assert 'penstock_bulk_faults_total{rule="dkim"} 1' in mta.run_cli("metrics").stdout


def test_what_can_be_mended_is(door):
    mta, sim, folder = door
    text = message(X_Penstock_Stream="mended", X_Penstock_Campaign="spring", Date="not a date")
    mta.submit("a@sender.test", "b@receiver.test", "Subject: test\r\n" + text)
    assert sim.wait(1)
    mail = arrived(folder).replace("\r\n", "\n")
    assert "Feedback-ID: spring::mended:senderco\n" in mail
    assert mail.count("\nSubject: test\n") == 1 and "not a date" not in mail and mail.count("\nDate: ") == 1
    assert "X-Penstock-Bulk-Rules: list-unsubscribe, one-click, dkim\n" in mail
    assert 'penstock_bulk_fixes_total{rule="feedback-id"} 1' in mta.run_cli("metrics").stdout
