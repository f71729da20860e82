# SPDX-License-Identifier: Apache-2.0
"""The whole way of an outcome: receivers answer, bounce later and complain, readers unsubscribe, forgers try; each
address ends where the table of docs/suppression.md says."""
import datetime
import re

from daemon import Daemon, free_port, message, until
from simulator import SLOW, Simulator
from test_feedback import bounce, complaint
from test_mx import TROUBLE
from test_unsubscribe import ONE_CLICK, ask

SCENARIO = """
[dns]
ttl = "1s"
[[receiver]]
name = "m1"
addresses = ["127.4.1.1"]
%(on)s
%(after)s
[[domain]]
name = "receiver.test"
receivers = ["m1"]
"""
STREAM = """
route = "mx"
dsn = "off"
retry = { schedule = ["1s"], jitter = 0 }
return_path = "b+{ref}@bounces.sender.test"
unsubscribe = { add = "missing", url = "https://u.sender.test/" }
"""
# What is said in the dialogue, and what it means: cause, days it lasts (0: for good), to be looked at.
SAID = {
    "gone": ("550 5.1.1 no such user", ("invalid-mailbox", 0, False)),
    "gone4": ("450 4.1.1 no such user here", ("invalid-mailbox", 0, False)),
    "nohost": ("550 5.1.2 Host unknown", ("invalid-domain", 0, False)),
    "disabled": ("550 5.2.1 The email account that you tried to reach is disabled", ("inactive-mailbox", 0, False)),
    "choosy": ("550 5.7.1 The user does not accept mail from outside", ("policy", 0, True)),
    "full": ("452 4.2.2 mailbox full", ("mailbox-full", 14, False)),
    "spam": ("550 5.7.1 message looks like spam", None),
    "sender": ("550 5.1.0 Sender address rejected: user unknown", None),
    "large": ("552 5.3.4 message too large", None),
}
# What a bounce mail says that comes later.
LATER = {
    "late-rfc": ("rfc3464", "550 5.1.1 no such user", ("invalid-mailbox", 0, False)),
    "late-qmail": ("qmail", "550 5.1.1 no such user", ("invalid-mailbox", 0, False)),
    "late-exchange": ("exchange", "550 5.1.1 no such user", ("invalid-mailbox", 0, False)),
    "late-full": ("rfc3464", "552 5.2.2 mailbox full", ("mailbox-full", 14, False)),
    "late-choosy": ("rfc3464", "550 5.7.1 The user does not accept mail from outside", ("policy", 0, True)),
    "late-spam": ("rfc3464", "550 5.7.1 message looks like spam", None),
    "late-sender": ("rfc3464", "550 5.1.0 Sender address rejected: user unknown", None),
}
# Instead of a day.
FULL = '[[suppression.bounce]]\nname = "mailbox-full"\ntries = 3\nwithin = "3s"\ninvestigate = false\n'
# What receivers say of us, by step: it is not the recipients' fault.
OF_US = {
    "banner": "554 5.7.1 Access denied for your host",
    "mail": "550 5.7.1 Access denied for 192.0.2.1",
    "rcpt": "554 ERROR: Mail Refused - <192.0.2.1> - See http://receiver.test/amiblocked.htm",
    "end-of-data": "550 5.7.1 Requested action not taken: message refused",
}
COMPLAINING = {"angry": "true", "open": "false"}  # whether the report hides the address


def scenario(port):
    on = "".join(f'[[receiver.on]]\nstep = "rcpt"\nrecipient = "{name}@*"\nreply = "{reply}"\n'
                 for name, (reply, _) in SAID.items())
    after = "".join(f'[[receiver.after]]\nkind = "bounce"\nrecipient = "{name}@*"\nto = "127.0.0.1:{port}"\n'
                    f'formats = ["{form}"]\nreply = "{reply}"\n' for name, (form, reply, _) in LATER.items())
    after += "".join(f'[[receiver.after]]\nkind = "complaint"\nrecipient = "{name}@*"\nto = "127.0.0.1:{port}"\n'
                     f'address = "fbl@bounces.sender.test"\nredacted = {hidden}\n'
                     for name, hidden in COMPLAINING.items())
    return SCENARIO % {"on": on, "after": after}


def days_of(row):
    """How long an entry lasts; 0: for good."""
    if not row.get("until"):
        return 0
    return round((datetime.datetime.fromisoformat(row["until"].replace("Z", "+00:00"))
                  - datetime.datetime.fromisoformat(row["since"].replace("Z", "+00:00"))) / datetime.timedelta(days=1))


def at(name):
    return f"{name}@receiver.test"


def forge(mta, sender):
    """Everything that a stranger can try; `sender` is an envelope sender of ours that was used already."""
    reference = re.search(r"\+(\w+)@", sender)[1]
    changed = ("a" if reference[0] != "a" else "b") + reference[1:]
    attempts = [(f"b+{changed}@bounces.sender.test", bounce(at("fine"))),  # wrong MAC
                (sender, bounce(at("fine"))),                              # a good reference, for somebody else
                ("b+@bounces.sender.test", bounce(at("fine"))),            # none
                ("fbl@bounces.sender.test", complaint(at("fine"))),
                ("fbl@bounces.sender.test", complaint(at("fine"), changed))]
    for to, text in attempts:
        with mta.client() as client:
            client.sendmail("stranger@foreign.test", [to], text.replace("\n", "\r\n"))
    return len(attempts)


def test_each_address_ends_where_the_table_says(tmp_path):
    port = free_port("127.4.1.1")
    page = free_port()
    mta = Daemon(tmp_path, stream=STREAM, listener='report_domains = ["bounces.sender.test"]')
    mail = tmp_path / "mail"
    with Simulator(tmp_path, scenario(mta.port), "--maildir", str(mail), port=port) as sim:
        extra = FULL + sim.found_by_mx('ttl_min = "0s"') + TROUBLE + f'[unsubscribe]\naddress = "127.0.0.1:{page}"\n'
        mta.write_config(extra=extra + '[[stream]]\nname = "orders"\npool = "main"\nroute = "mx"\ndsn = "off"\n')
        with mta:
            people = [*SAID, *LATER, *COMPLAINING, "leaving", "fine"]
            for name in people:
                mta.submit("news@sender.test", at(name))
            expected = {(at(name), "global", *meant) for name, (_, meant) in SAID.items() if meant}
            expected |= {(at(name), "global", *meant) for name, (_, _, meant) in LATER.items() if meant}
            expected |= {(at(name), scope, "complaint", 0, False)
                         for name in COMPLAINING for scope in ("global", "stream:default")}
            expected.add((at("leaving"), "stream:default", "unsubscribe", 0, False))

            mta.until_events("bounce-report", len(LATER))
            mta.until_events("complaint", len(COMPLAINING))
            mta.until_queue(total=0, seconds=30)
            letter, = (file.read_text() for file in (mail / "new").iterdir() if f"<{at('leaving')}>" in file.read_text())
            link = re.search(r"^List-Unsubscribe: <https://u\.sender\.test/(\S+)>", letter, re.MULTILINE)[1]
            assert ask(f"http://127.0.0.1:{page}/{link}", ONE_CLICK)[0] == 200

            used, = (file.read_text() for file in (mail / "new").iterdir() if f"<{at('late-rfc')}>" in file.read_text())
            tried = forge(mta, re.search(r"^X-Sim-Mail-From: <(.*)>", used, re.MULTILINE)[1])
            until(lambda: len(mta.events("bounce-report")) + len(mta.events("complaint"))
                  == len(LATER) + len(COMPLAINING) + tried, "the forged reports")

            rows = mta.cli("suppress", "list", "--limit", "1000")["suppressions"]
            found = {(row["address"], row["scope"], row["cause"], days_of(row), bool(row.get("investigate")))
                     for row in rows}
            assert found == expected, (found - expected, expected - found)
            assert {row["address"] for row in mta.cli("suppress", "review")["suppressions"]} == {at("choosy"), at("late-choosy")}
            # A full mailbox was tried again, others whose word was final were not.
            assert mta.events("bounced", recipient=at("full"))[0]["attempt"] in (2, 3)
            assert not mta.events("deferred", recipient=at("gone4"))

            # Events of reports bear the labels of the message they are about.
            for event in mta.events("bounce-report", "complaint"):
                if event["recipient"] != at("fine"):
                    assert (event["stream"], event["vmta"], event["pool"]) == ("default", "v1", "main"), event
                    assert event["sender"] == "news@sender.test", event
                    assert re.fullmatch(r"[0-9a-f]{16}\.\d", event["report"])

            # Nobody on the list is mailed again, everybody else is.
            arrived = sim.report()["received"]
            gone = {row[0] for row in expected}
            for name in people:
                with mta.client() as client:
                    client.mail("news@sender.test")
                    code = client.rcpt(at(name))[0]
                assert code == (550 if at(name) in gone - {at("leaving")} else 250), name
            for stream in ("default", "orders"):
                mta.submit("news@sender.test", [at("leaving"), at("fine")], message(X_Penstock_Stream=stream))
            assert mta.until_events("suppressed", 1)[0]["recipient"] == at("leaving")
            assert sim.wait(arrived + 3, f"{20 * SLOW}s"), mta.events()[-5:]
            mta.until_queue(total=0)
            assert len(mta.events("suppressed")) == 1


def test_refusals_of_us_suppress_nobody(tmp_path):
    receivers = "".join(f'[[receiver]]\nname = "m{i}"\naddresses = ["127.4.1.{i}"]\n'
                        f'[[receiver.on]]\nstep = "{step}"\nreply = "{reply}"\n'
                        for i, (step, reply) in enumerate(OF_US.items(), 1))
    domains = "".join(f'[[domain]]\nname = "{step}.test"\nreceivers = ["m{i}"]\n' for i, step in enumerate(OF_US, 1))
    mta = Daemon(tmp_path, stream='route = "mx"\ndsn = "off"\nretry = { schedule = ["1h"], jitter = 0 }\n')
    with Simulator(tmp_path, f'[dns]\nttl = "1s"\n{receivers}{domains}', port=free_port("127.4.1.1")) as sim:
        mta.write_config(extra=sim.found_by_mx('ttl_min = "0s"') + TROUBLE)
        with mta:
            for step in OF_US:
                for name in ("ann", "bob"):
                    mta.submit("news@sender.test", f"{name}@{step}.test")
            mta.until_queue(total=2, seconds=30)
            # Whoever refuses the link may take the next one: its recipients wait, the others are given up.
            for step, reply in OF_US.items():
                kind = "deferred" if step == "banner" else "bounced"
                for name in ("ann", "bob"):
                    said, = mta.until_events(kind, 1, recipient=f"{name}@{step}.test")
                    assert said["step"] == step and reply[4:] in said["reply"].replace("5.7.1 5.7.1", "5.7.1"), said
                    assert said["scope"] in ("source-ip", "sender-domain", "message"), said
            assert mta.cli("suppress", "list")["suppressions"] == []
            assert mta.cli("suppress", "review")["suppressions"] == []
            shown = mta.cli("classify", OF_US["banner"], "--step", "banner")
            assert shown["outcome"] == "retry" and not shown["suppresses"], shown


def test_refusal_of_a_whole_transaction_suppresses_nobody(tmp_path):
    """One answer to the data for several recipients does not tell whom it means, unless it names one."""
    scenario = ('[dns]\nttl = "1s"\n[[receiver]]\nname = "m1"\naddresses = ["127.4.1.1"]\n'
                '[[receiver.on]]\nstep = "end-of-data"\nsender = "named@*"\nreply = "550 5.1.1 <bob@all.test> no such user"\n'
                '[[receiver.on]]\nstep = "end-of-data"\nreply = "550 5.1.1 no such user"\n'
                '[[domain]]\nname = "all.test"\nreceivers = ["m1"]\n')
    mta = Daemon(tmp_path, stream='route = "mx"\ndsn = "off"\nretry = { schedule = ["1h"], jitter = 0 }\n')
    with Simulator(tmp_path, scenario, port=free_port("127.4.1.1")) as sim:
        mta.write_config(extra=sim.found_by_mx('ttl_min = "0s"') + TROUBLE)
        with mta:
            def suppressed():
                return {row["address"] for row in mta.cli("suppress", "list")["suppressions"]}
            mta.submit("news@sender.test", ["ann@all.test", "bob@all.test"])
            assert {event["class"] for event in mta.until_events("bounced", 2)} == {"invalid-mailbox"}
            assert suppressed() == set()
            mta.submit("named@sender.test", ["ann@all.test", "bob@all.test"])
            mta.until_events("bounced", 4)
            assert suppressed() == {"bob@all.test"}
            mta.submit("news@sender.test", ["eve@all.test"])
            mta.until_events("bounced", 5)
            assert suppressed() == {"bob@all.test", "eve@all.test"}
