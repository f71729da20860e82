# SPDX-License-Identifier: Apache-2.0
"""What becomes of a recipient that is not taken at once: tried again, given up, and the sender told."""
import contextlib
import datetime
import email
import email.policy
import os

import pytest
from daemon import Daemon, message, until
from simulator import SLOW, Simulator

SCENARIO = """
[[receiver]]
name = "notices"
addresses = ["127.0.0.3"]
[[receiver]]
name = "plain"
addresses = ["127.0.0.4"]
extensions = ["PIPELINING", "8BITMIME", "SIZE", "ENHANCEDSTATUSCODES"]
[[receiver]]
name = "full"
addresses = ["127.0.0.2"]
[[receiver.on]]
step = "rcpt"
recipient = "grey*@*"
first = 1
reply = "451 4.7.1 greylisted"
[[receiver.on]]
step = "rcpt"
recipient = "never*@*"
reply = "451 4.3.0 not now"
[[receiver.on]]
step = "rcpt"
recipient = "nobody*@*"
reply = "550 5.1.1 no such user\\nsee https://full.test/why"
[[receiver.on]]
step = "data"
recipient = "cut*@*"
first = 1
action = "drop"
[[receiver.on]]
step = "end-of-data"
recipient = "lost*@*"
first = 1
action = "accept_drop"
[[receiver.on]]
step = "mail"
sender = "closing@*"
first = 1
reply = "421 4.3.2 closing for a moment"
"""


class World:
    """A receiver that refuses this and that, another for the notices, and a daemon that goes to both by stream."""

    def __init__(self, folder, stream="", retry='schedule = ["1s"], jitter = 0', receiver="full", **options):
        self.mail = folder / "mail"
        self.stack = contextlib.ExitStack()
        self.folder, self.stream, self.retry, self.receiver, self.options = folder, stream, retry, receiver, options
        self.mta = self.sim = None

    def __enter__(self):
        self.sim = self.stack.enter_context(Simulator(self.folder, SCENARIO, "--maildir", str(self.mail)))
        self.mta = self.stack.enter_context(Daemon(self.folder, stream=f"""
route = {{ relay = ["{self.sim.address(self.receiver)}"] }}
retry = {{ {self.retry} }}
dsn_stream = "notices"
{self.stream}
[[stream]]
name = "notices"
pool = "main"
route = {{ relay = ["{self.sim.address("notices")}"] }}
""", **self.options))
        return self

    def __exit__(self, *what):
        self.stack.__exit__(*what)

    def arrived(self, to):
        """Messages that arrived for an address, parsed."""
        folder = self.mail / "new"
        files = sorted(folder.iterdir()) if folder.exists() else []
        found = [email.message_from_bytes(file.read_bytes(), policy=email.policy.default) for file in files]
        return [mail for mail in found if mail["X-Sim-Rcpt-To"].strip("<>") == to]

    def until_arrived(self, to, count=1):
        """Waits for so many of them."""
        return until(lambda: found if len(found := self.arrived(to)) >= count else None, f"mail to {to}")


def fields(part):
    """The groups of fields of a message/delivery-status part."""
    return [{name.lower(): str(value) for name, value in group.items()} for group in part.get_payload()]


def test_greylisted_recipient_is_accepted_the_second_time(tmp_path):
    with World(tmp_path) as world:
        world.mta.submit("a@sender.test", ["grey1@full.test", "other@full.test"])
        assert world.sim.wait(2, f"{20 * SLOW}s")
        deferred, = world.mta.until_events("deferred", 1)
        assert (deferred["recipient"], deferred["code"], deferred["enhanced"], deferred["step"]) == (
            "grey1@full.test", 451, "4.7.1", "rcpt")
        assert deferred["reply"] == "451 4.7.1 greylisted" and deferred["next"] > deferred["time"]
        delivered = world.mta.until_events("delivered", 2)
        assert {event["recipient"]: event["attempt"] for event in delivered} == {
            "grey1@full.test": 2, "other@full.test": 1}
        assert world.sim.report()["received"] == 2


def test_attempts_and_promised_time_outlive_a_restart(tmp_path):
    with World(tmp_path, retry='schedule = ["1s", "1s", "1h"], jitter = 0') as world:
        mta = world.mta
        mta.submit("a@sender.test", "never@full.test")
        third = mta.until_events("deferred", 3)[2]
        mta.restart()
        row, = mta.cli("queue", "show")["recipients"]
        assert (row["attempts"], row["state"]) == (3, "deferred")
        times = [datetime.datetime.fromisoformat(text) for text in (row["next_attempt"], third["next"])]
        assert abs(times[0] - times[1]) <= datetime.timedelta(seconds=1)
        mta.cli("retry", "--all")
        assert mta.until_events("deferred", 4)[3]["attempt"] == 4


def test_restart_in_the_middle_of_attempts_loses_nothing(tmp_path):
    with World(tmp_path) as world:
        for number in range(20):
            world.mta.submit("a@sender.test", f"grey{number}@full.test")
        world.mta.kill()
        world.mta.start()
        assert world.sim.wait(20, f"{20 * SLOW}s"), world.mta.cli("queue", "show")
        world.mta.until_queue(total=0)


def test_refusal_for_good_gives_a_notice_to_the_sender(tmp_path):
    with World(tmp_path) as world:
        identity = world.mta.submit("author@sender.test", "nobody@full.test",
                                    message(Subject="the original", Message_ID="<orig@sender.test>"),
                                    ["ENVID=QQ+2B314"], ["ORCPT=rfc822;old+2Dname@full.test"])
        bounced, = world.mta.until_events("bounced", 1)
        assert bounced["reply"] == "550 5.1.1 no such user / see https://full.test/why"
        assert (bounced["id"], bounced["class"], bounced["attempt"]) == (identity, "invalid-mailbox", 1)
        notice, = world.until_arrived("author@sender.test")
        assert notice["X-Sim-Mail-From"].strip("<>") == ""
        assert notice["From"] and notice["To"] == "author@sender.test" and notice["Auto-Submitted"] == "auto-replied"
        assert notice.get_content_type() == "multipart/report"
        assert notice.get_param("report-type") == "delivery-status"
        text, status, original = notice.iter_parts()
        assert "nobody@full.test" in text.get_content() and "no such user" in text.get_content()
        of_message, of_recipient = fields(status)
        assert of_message["reporting-mta"] == "dns; mta.test" or of_message["reporting-mta"] == "dns;mta.test"
        assert of_message["original-envelope-id"] == "QQ+314"
        assert of_recipient["final-recipient"].replace(" ", "") == "rfc822;nobody@full.test"
        assert of_recipient["original-recipient"].replace(" ", "") == "rfc822;old-name@full.test"
        assert (of_recipient["action"], of_recipient["status"]) == ("failed", "5.1.1")
        assert "550 5.1.1 no such user" in of_recipient["diagnostic-code"]
        assert original.get_content_type() in ("message/rfc822", "text/rfc822-headers")
        assert "the original" in original.as_string()
        world.mta.until_queue(total=0)


def test_two_refused_recipients_share_a_notice(tmp_path):
    with World(tmp_path) as world:
        world.mta.submit("author@sender.test", ["nobody1@full.test", "yes@full.test", "nobody2@full.test"])
        notice, = world.until_arrived("author@sender.test")
        assert len(fields(list(notice.iter_parts())[1])) == 3
        world.mta.until_queue(total=0)
        assert len(world.arrived("author@sender.test")) == 1


@pytest.mark.parametrize("case", ["null sender", "dsn off", "never"])
def test_no_notice_where_none_is_wanted(tmp_path, case):
    with World(tmp_path, stream='dsn = "off"' if case == "dsn off" else "") as world:
        world.mta.submit("" if case == "null sender" else "author@sender.test", "nobody@full.test",
                         rcpt_options=["NOTIFY=NEVER"] if case == "never" else [])
        world.mta.until_events("bounced", 1)
        world.mta.until_queue(total=0)
        assert world.mta.cli("status")["totals"]["accepted"] == 1
        assert world.sim.report()["received"] == 0


def test_success_notice_when_the_receiver_gives_none(tmp_path):
    with World(tmp_path, receiver="plain") as world:
        world.mta.submit("author@sender.test", "someone@full.test", rcpt_options=["NOTIFY=SUCCESS,FAILURE"])
        notice, = world.until_arrived("author@sender.test")
        assert fields(list(notice.iter_parts())[1])[1]["action"] == "relayed"


def test_success_notice_is_left_to_a_receiver_that_gives_them(tmp_path):
    with World(tmp_path) as world:
        world.mta.submit("author@sender.test", "someone@full.test", rcpt_options=["NOTIFY=SUCCESS"])
        assert world.sim.wait(1, f"{20 * SLOW}s")
        world.mta.until_queue(total=0)
        assert not world.arrived("author@sender.test")


def test_link_lost_before_the_message_is_a_deferral(tmp_path):
    with World(tmp_path, extra="[client]\nchunking = false\n") as world:
        world.mta.submit("a@sender.test", "cut@full.test")
        assert world.sim.wait(1, f"{20 * SLOW}s")
        assert world.mta.until_events("deferred", 1)[0]["step"] == "data"
        assert world.mta.until_events("delivered", 1)[0]["attempt"] == 2
        assert world.sim.report()["received"] == 1


def test_answer_lost_after_the_message_is_a_deferral(tmp_path):
    with World(tmp_path) as world:
        world.mta.submit("a@sender.test", "lost@full.test")
        assert world.sim.wait(2, f"{20 * SLOW}s")  # nobody can know that the first was taken
        assert world.mta.until_events("deferred", 1)[0]["step"] == "end-of-data"
        world.mta.until_queue(total=0)
        assert len(world.mta.events("delivered")) == 1 and not world.mta.events("bounced")


def test_receiver_that_closes_with_421_is_asked_again(tmp_path):
    with World(tmp_path) as world:
        world.mta.submit("closing@sender.test", "b@full.test")
        assert world.sim.wait(1, f"{20 * SLOW}s")
        assert [event["code"] for event in world.mta.until_events("deferred", 1)] == [421]


FAKETIME = "/usr/lib/x86_64-linux-gnu/faketime/libfaketime.so.1"


@pytest.mark.skipif(not os.path.exists(FAKETIME), reason="needs the package libfaketime")
@pytest.mark.release_only
def test_recipient_expires_and_the_sender_is_told(tmp_path):
    with World(tmp_path, retry='schedule = ["1h"], expire = "2d"') as world:
        world.mta.submit("author@sender.test", "never@full.test")
        world.mta.until_events("deferred", 1)
        world.mta.stop()
        world.mta.env.update(LD_PRELOAD=FAKETIME, FAKETIME="+3d", FAKETIME_DONT_FAKE_MONOTONIC="1")
        world.mta.start()
        expired, = world.mta.until_events("expired", 1)
        assert expired["recipient"] == "never@full.test"
        notice, = world.until_arrived("author@sender.test")
        of_recipient = fields(list(notice.iter_parts())[1])[1]
        assert (of_recipient["action"], of_recipient["status"]) == ("failed", "4.4.7")
        assert of_recipient["diagnostic-code"]
