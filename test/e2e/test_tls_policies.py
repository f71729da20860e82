# SPDX-License-Identifier: Apache-2.0
"""What recipient domains publish about TLS, with real peers: DANE with Postfix and a signed zone on NSD, MTA-STS with an
HTTPS host. What must be refused is shown to be refused."""
import contextlib
import email
import gzip
import json
import os
import smtplib
import sqlite3
import ssl
import subprocess

import pytest
from daemon import CLI, Daemon, free_port, message, until
from signed_zone import SignedZone, spki_digest
from test_receivers import ROOT_ONLY, fixture_outside  # noqa: F401
from test_retry import FAKETIME
from test_tls import Certificates, TlsPostfix
from tls_peers import PolicyHost, TlsReceiver

HOST = "@ MX 10 mx\nmx A 127.0.0.1\n"
WRONG = "ab" * 32


@pytest.fixture(name="certificates")
def fixture_certificates(tmp_path):
    return Certificates(tmp_path / "tls")


def mx_daemon(folder, zone, certificates, port, tls="", extra="", listener="", **more):
    """A daemon that finds hosts by MX in that zone, and connects to them at that port."""
    folder.mkdir(exist_ok=True)
    return Daemon(folder, node="shards = 1\n", stream='dsn = "off"\n', listener=listener, **more,
                  extra=zone.dns('ttl_min = "0s"\nnegative_ttl_max = "1s"\nfailure_ttl = "1s"') +
                  f'[client]\nmx_port = {port}\n[tls]\nca_file = "{certificates.ca_file}"\n{tls}\n{extra}')


def deliver(mta, domain):
    """One message to box@domain; its first outcome."""
    mta.submit("a@sender.test", [f"box@{domain}"], message(Subject="by policy"))
    until(lambda: mta.events("delivered", "deferred", "bounced", domain=domain), f"an outcome at {domain}")
    return mta.events("delivered", "deferred", "bounced", domain=domain)[0]


@ROOT_ONLY
def test_dane_with_postfix(tmp_path, outside, certificates):
    """Records of usages 2 and 3; the certificate is of an authority that nobody trusts and names another host."""
    stranger = Certificates(outside / "tls")
    pair = stranger.make("mx", "DNS:mx.anchor.signed.test")
    chain = outside / "tls" / "chain.pem"
    chain.write_text(pair[0].read_text() + stranger.ca_file.read_text())
    with TlsPostfix(outside / "postfix", (chain, pair[1])) as receiver:
        records = (HOST + f"_{receiver.port}._tcp.mx TLSA 3 1 1 {spki_digest(pair[0])}\n"
                   "anchor MX 10 mx.anchor\nmx.anchor A 127.0.0.1\n"
                   f"_{receiver.port}._tcp.mx.anchor TLSA 2 1 1 {spki_digest(stranger.ca_file)}\n"
                   "wrong MX 10 mx.wrong\nmx.wrong A 127.0.0.1\n"
                   f"_{receiver.port}._tcp.mx.wrong TLSA 3 1 1 {WRONG}\n"
                   "name MX 10 mx.name\nmx.name A 127.0.0.1\n"
                   f"_{receiver.port}._tcp.mx.name TLSA 2 1 1 {spki_digest(stranger.ca_file)}\n")
        with SignedZone(outside / "zone", "signed.test", records) as zone, \
                mx_daemon(tmp_path / "mta", zone, certificates, receiver.port) as mta:
            for domain in ("signed.test", "anchor.signed.test"):
                event = deliver(mta, domain)
                assert event["tls"] and event["tls_verified"] == "yes" and event["tls_policy"] == "dane", event
                assert event["type"] == "delivered", event
            for domain, reason in (("wrong.signed.test", "TLSA"), ("name.signed.test", "mismatch")):
                event = deliver(mta, domain)
                assert event["type"] == "deferred" and event["class"] == "tls", event
                assert event["tls_policy"] == "dane" and reason.lower() in event["reply"].lower(), event
            mta.cli("bounce", "--all")


def test_dane_refusals_and_what_is_no_dane(tmp_path, certificates):
    """Downgrades and forged records refuse; unsigned records are ignored; unusable ones ask for encryption only."""
    port = free_port()
    pair = certificates.make("other", "DNS:other.test", days="-1")
    with TlsReceiver(port, pair) as encrypted, TlsReceiver(port, address="127.0.0.2") as clear:
        hosts = "".join(f"{name} MX 10 mx.{name}\nmx.{name} A {address}\n"
                        for name, address in (("strip", "127.0.0.2"), ("forged", "127.0.0.1"), ("pkix", "127.0.0.1"),
                                              ("pkixclear", "127.0.0.2"), ("none", "127.0.0.2")))
        records = (HOST + hosts + f"_{port}._tcp.mx TLSA 3 1 1 {spki_digest(pair[0])}\n"
                   f"_{port}._tcp.mx.strip TLSA 3 1 1 {WRONG}\n"
                   f"_{port}._tcp.mx.forged TLSA 3 1 1 {WRONG}\n"
                   f"_{port}._tcp.mx.pkix TLSA 1 1 1 {WRONG}\n"
                   f"_{port}._tcp.mx.pkixclear TLSA 0 1 1 {WRONG}\n"
                   # Proven aliases of a host in a zone that nothing proves (RFC 7672 §2.2).
                   "alias MX 10 mx.alias\nmx.alias CNAME mx.plain.test.\n"
                   f"_{port}._tcp.mx.alias TLSA 3 1 1 {spki_digest(pair[0])}\n"
                   "away MX 10 mx.away\nmx.away CNAME mx.plain.test.\n"
                   f"_{port}._tcp.mx.away TLSA 3 1 1 {WRONG}\n")

        def forge(text):
            lines = text.splitlines()
            return "\n".join(line.replace("abab", "cdcd") if "mx.forged" in line and "\tTLSA\t" in line else line
                             for line in lines) + "\n"

        unsigned = {"plain.test": HOST + f"_{port}._tcp.mx TLSA 3 1 1 {WRONG}\n"}
        with SignedZone(tmp_path / "zone", "signed.test", records, unsigned, forge) as zone, \
                mx_daemon(tmp_path / "mta", zone, certificates, port) as mta:
            # An expired certificate of another name: the record is of the certificate itself (RFC 7672 §3.1.1).
            event = deliver(mta, "signed.test")
            assert event["type"] == "delivered" and event["tls_policy"] == "dane", event
            assert "mx.signed.test" in encrypted.names
            for domain, reason in (("strip.signed.test", "STARTTLS"), ("forged.signed.test", "DNSSEC"),
                                   ("pkixclear.signed.test", "STARTTLS"), ("away.signed.test", "TLSA")):
                event = deliver(mta, domain)
                assert event["type"] == "deferred" and event["class"] == "tls" and reason in event["reply"], event
            assert not clear.mails and len(encrypted.mails) == 1
            event = deliver(mta, "alias.signed.test")
            assert event["type"] == "delivered" and event["tls_policy"] == "dane", event
            event = deliver(mta, "pkix.signed.test")
            assert event["type"] == "delivered" and event["tls_policy"] == "dane-unusable", event
            event = deliver(mta, "plain.test")
            assert event["type"] == "delivered" and event["tls_policy"] == "opportunistic", event
            # The same host as the refused ones, for a domain that publishes nothing.
            event = deliver(mta, "none.signed.test")
            assert event["type"] == "delivered" and "tls" not in event, event
            mta.cli("bounce", "--all")


STS_HOSTS = "mx A 127.0.0.1\nmx2 A 127.0.0.2\n"


def sts_zone(folder, *names, more=""):
    """Domains below policy.test, each with mx as its host and an MTA-STS record; none of it signed."""
    records = STS_HOSTS + "".join(f'{name} MX 10 mx\n_mta-sts.{name} TXT "v=STSv1; id=1;"\nmta-sts.{name} A 127.0.0.1\n'
                                  for name in names) + more
    return SignedZone(folder, "signed.test", HOST, {"policy.test": records})


def sts_keys(host):
    """Keys of [tls]."""
    return f"mta_sts_port = {host.port}\nprivate_hosts = true\n"


def test_policy_hosts_at_private_addresses_are_not_asked(tmp_path, certificates):
    """A stranger's domain says where its policy is: unless we are told so, not on this machine."""
    port = free_port()
    web = certificates.make("web", "DNS:mta-sts.good.policy.test")
    with TlsReceiver(port, certificates.make("mx", "DNS:mx.policy.test")), PolicyHost(web) as host:
        host.policy("good.policy.test", hosts=["mx.policy.test"])
        with sts_zone(tmp_path / "zone", "good") as zone, \
                mx_daemon(tmp_path / "mta", zone, certificates, port, f"mta_sts_port = {host.port}\n") as mta:
            deliver(mta, "good.policy.test")
            told = mta.run_cli("tls", "check", "good.policy.test", "--config", mta.config_file).stdout
            assert "no public address" in told, told
            assert not host.asked


def test_mta_sts(tmp_path, certificates):
    """Enforced, tested and broken policies of domains on the same host, and a host that only some may use."""
    port = free_port()
    names = ("good", "mismatch", "clear", "testing", "redirect", "forged")
    pair = certificates.make("mx", "DNS:mx.policy.test")
    web = certificates.make("web", ",".join(f"DNS:mta-sts.{name}.policy.test" for name in names if name != "forged"))
    more = "clear2 MX 10 mx2\nclear MX 5 mx2\n"
    with TlsReceiver(port, pair) as encrypted, TlsReceiver(port, address="127.0.0.2") as clear, \
            PolicyHost(web) as host, sts_zone(tmp_path / "zone", *names, more=more) as zone:
        for name in ("good", "forged", "redirect"):
            host.policy(f"{name}.policy.test", hosts=["mx.policy.test"])
        host.policy("mismatch.policy.test", hosts=["other.policy.test"])
        host.policy("clear.policy.test", hosts=["mx2.policy.test"])
        host.policy("testing.policy.test", mode="testing", hosts=["other.policy.test"])
        host.answers["mta-sts.redirect.policy.test"] = (302, "text/plain", "")
        with mx_daemon(tmp_path / "mta", zone, certificates, port, sts_keys(host)) as mta:
            event = deliver(mta, "good.policy.test")
            assert event["type"] == "delivered" and event["tls_policy"] == "mta-sts", event
            assert event["tls_verified"] == "yes" and encrypted.names == ["mx.policy.test"], event
            event = deliver(mta, "mismatch.policy.test")
            assert event["type"] == "deferred" and "does not list the host mx.policy.test" in event["reply"], event
            event = deliver(mta, "clear.policy.test")
            assert event["type"] == "deferred" and event["class"] == "tls", event
            # The broken policy of one domain is no matter of another on the same hosts.
            assert deliver(mta, "good.policy.test")["type"] == "delivered"
            for name, policy in (("testing", "mta-sts-testing"), ("redirect", "opportunistic"),
                                 ("forged", "opportunistic")):
                event = deliver(mta, f"{name}.policy.test")
                assert event["type"] == "delivered" and event["tls_policy"] == policy, event
            assert deliver(mta, "clear2.policy.test")["type"] == "delivered"
            assert len(clear.mails) == 1 and not any("forged" in path for path in host.asked)
            assert host.asked.count("mta-sts.good.policy.test/.well-known/mta-sts.txt") == 1
            mta.cli("bounce", "--all")
            # Known after a restart, with the policy's host and DNS gone.
            mta.stop()
            host.answers.clear()
            mta.start()
            mta.submit("a@sender.test", ["two@mismatch.policy.test"], message())
            until(lambda: len(mta.events("deferred", domain="mismatch.policy.test")) > 1, "another deferral")
            mta.cli("bounce", "--all")


def test_mta_sts_wrong_certificates(tmp_path, certificates):
    """An expired certificate, and one of another name, behind an enforced policy."""
    port = free_port()
    expired = certificates.make("expired", "DNS:mx.policy.test", days="-1")
    other = certificates.make("other", "DNS:elsewhere.test")
    web = certificates.make("web", "DNS:mta-sts.old.policy.test,DNS:mta-sts.wrong.policy.test")
    records = ("mx A 127.0.0.1\nmx2 A 127.0.0.2\nold MX 10 mx\nwrong MX 10 mx2\n" +
               "".join(f'_mta-sts.{name} TXT "v=STSv1; id=1"\nmta-sts.{name} A 127.0.0.1\n'
                       for name in ("old", "wrong")))
    with TlsReceiver(port, expired) as one, TlsReceiver(port, other, address="127.0.0.2") as two, \
            PolicyHost(web) as host, SignedZone(tmp_path / "zone", "signed.test", HOST, {"policy.test": records}) as zone:
        for name in ("old", "wrong"):
            host.policy(f"{name}.policy.test", hosts=["*.policy.test"])
        with mx_daemon(tmp_path / "mta", zone, certificates, port, sts_keys(host)) as mta:
            for domain, reason in (("old.policy.test", "expired"), ("wrong.policy.test", "mismatch")):
                event = deliver(mta, domain)
                assert event["type"] == "deferred" and event["class"] == "tls" and reason in event["reply"], event
            assert not one.mails and not two.mails
            mta.cli("bounce", "--all")


def submit_required(mta, certificates, domain, options=("REQUIRETLS",), text=None):
    """One message over TLS with these options of MAIL; the EHLO keywords that were offered."""
    context = ssl.create_default_context(cafile=certificates.ca_file)
    with smtplib.SMTP("127.0.0.1", mta.port, timeout=20) as client:
        client.ehlo()
        assert "requiretls" not in client.esmtp_features  # in clear it is no promise
        client.starttls(context=context)
        client.ehlo()
        client.sendmail("a@sender.test", [f"box@{domain}"], text or message(), mail_options=list(options))
        return client.esmtp_features


def test_require_tls(tmp_path, certificates):
    """REQUIRETLS is kept and passed on, or the message comes back; TLS-Required: No lets policies be."""
    port = free_port()
    pair = certificates.make("mx", "DNS:mx.policy.test,DNS:mx2.policy.test,IP:127.0.0.1")
    names = ("takes", "lacks", "broken")
    web = certificates.make("web", ",".join(f"DNS:mta-sts.{name}.policy.test" for name in names))
    records = ("mx A 127.0.0.1\nmx2 A 127.0.0.2\ntakes MX 10 mx\nlacks MX 10 mx2\nplain MX 10 mx\nbroken MX 10 mx\n" +
               "".join(f'_mta-sts.{name} TXT "v=STSv1; id=1"\nmta-sts.{name} A 127.0.0.1\n' for name in names))
    listener = f'tls = "starttls"\ncert_file = "{pair[0]}"\nkey_file = "{pair[1]}"\n'
    with TlsReceiver(port, pair, offers=["REQUIRETLS"]) as takes, TlsReceiver(port, pair, "127.0.0.2") as lacks, \
            PolicyHost(web) as host, SignedZone(tmp_path / "zone", "signed.test", HOST, {"policy.test": records}) as zone:
        host.policy("takes.policy.test", hosts=["mx.policy.test"])
        host.policy("lacks.policy.test", hosts=["mx2.policy.test"])
        host.policy("broken.policy.test", hosts=["other.policy.test"])
        with mx_daemon(tmp_path / "mta", zone, certificates, port, sts_keys(host), listener=listener) as mta:
            assert "requiretls" in submit_required(mta, certificates, "takes.policy.test")
            mta.until_events("delivered", 1)
            assert b" REQUIRETLS" in takes.mails[0][0] and takes.mails[0][2], takes.mails
            for domain in ("lacks.policy.test", "plain.policy.test"):
                submit_required(mta, certificates, domain)
                until(lambda name=domain: mta.events("bounced", domain=name), f"the bounce of {domain}")
                event, = mta.events("bounced", domain=domain)
                assert event["enhanced"] == "5.7.30" and "code" not in event, event
            assert not lacks.mails and len(takes.mails) == 1
            # A policy that cannot be kept, and a sender who would rather have it arrive.
            submit_required(mta, certificates, "broken.policy.test", (), message(TLS_Required="No"))
            event, = mta.until_events("delivered", 1, domain="broken.policy.test")
            assert event["tls_policy"] == "opportunistic" and event["tls"], event


def test_require_tls_outlives_restarts(tmp_path, certificates):
    """Mail that waits is as strict after a kill, when it is read from the records, and after that from the hint."""
    port = free_port()
    pair = certificates.make("mx", "DNS:mx.policy.test,IP:127.0.0.1")
    web = certificates.make("web", "DNS:mta-sts.takes.policy.test,DNS:mta-sts.broken.policy.test")
    records = ("mx A 127.0.0.1\ntakes MX 10 mx\nplain MX 10 mx\nbroken MX 10 mx\n" +
               "".join(f'_mta-sts.{name} TXT "v=STSv1; id=1"\nmta-sts.{name} A 127.0.0.1\n'
                       for name in ("takes", "broken")))
    listener = f'tls = "starttls"\ncert_file = "{pair[0]}"\nkey_file = "{pair[1]}"\n'
    with TlsReceiver(port, pair, offers=["REQUIRETLS"]) as receiver, PolicyHost(web) as host, \
            SignedZone(tmp_path / "zone", "signed.test", HOST, {"policy.test": records}) as zone:
        host.policy("takes.policy.test", hosts=["mx.policy.test"])
        host.policy("broken.policy.test", hosts=["other.policy.test"])
        with mx_daemon(tmp_path / "mta", zone, certificates, port, sts_keys(host), listener=listener) as mta:
            mta.cli("pause", "--all")
            submit_required(mta, certificates, "takes.policy.test")
            submit_required(mta, certificates, "plain.policy.test")
            submit_required(mta, certificates, "broken.policy.test", (), message(TLS_Required="No"))
            mta.until_queue(held=3, total=3)
            mta.kill()
            mta.start()
            mta.until_queue(held=3, total=3)
            mta.restart()
            mta.until_queue(held=3, total=3)
            mta.cli("resume", "--all")
            # Nothing proves the host of this domain: without its wish it would have gone out.
            bounced, = mta.until_events("bounced", 1)
            assert bounced["domain"] == "plain.policy.test" and bounced["enhanced"] == "5.7.30", bounced
            delivered = {event["domain"]: event for event in mta.until_events("delivered", 2)}
            assert delivered["takes.policy.test"]["tls_verified"] == "yes", delivered
            assert delivered["broken.policy.test"]["tls_policy"] == "opportunistic", delivered
            assert sorted(b" REQUIRETLS" in mail[0] for mail in receiver.mails) == [False, True], receiver.mails


def left_reports(mta):
    """Reports that are still to be sent."""
    with contextlib.closing(sqlite3.connect(f"file:{mta.data}/state.db?mode=ro", uri=True)) as db:
        return db.execute("SELECT count(*) FROM tls_report").fetchone()[0]


REPORTS = """
[tls_report]
organization = "Sender Inc"
contact = "tls@sender.test"
stream = "reports"
[[stream]]
name = "reports"
pool = "main"
dkim = "from"
match = { sender = "tls@sender.test" }
"""
# What dkimpy says of a report that must be signed by a key for reports, and of the same as other mail.
TLSRPT_JUDGE = """
import sys, dkim
text, record = sys.stdin.buffer.read(), sys.argv[1].encode()
def verify(tlsrpt):
    try:
        return dkim.DKIM(text, tlsrpt=tlsrpt).verify(dnsfunc=lambda *_, **__: record)
    except dkim.DKIMException as why:
        return "not tlsrpt" if "not tlsrpt" in str(why) else why
print(verify("strict"), verify(False))
"""


def mail_report(text):
    """The JSON within a report that came by mail."""
    mail = email.message_from_bytes(text)
    assert mail.get_content_type() == "multipart/report" and mail.get_param("report-type") == "tlsrpt", mail
    part = mail.get_payload()[1]
    assert part.get_content_type() == "application/tlsrpt+gzip"
    return json.loads(gzip.decompress(part.get_payload(decode=True)))


@pytest.mark.skipif(not os.path.exists(FAKETIME), reason="needs the package libfaketime")
@pytest.mark.release_only  # what is preloaded must not come before a sanitizer
def test_reports_are_brought_to_no_private_address(tmp_path, certificates):
    """A stranger's record says where reports go: unless we are told so, not to this machine."""
    port = free_port()
    web = certificates.make("web", "DNS:rpt.policy.test", days="5")
    with TlsReceiver(port, certificates.make("mx", "DNS:mx.policy.test")), PolicyHost(web) as host:
        records = (f'mx A 127.0.0.1\nrpt A 127.0.0.1\ntold MX 10 mx\n_smtp._tls.told TXT '
                   f'"v=TLSRPTv1; rua=https://rpt.policy.test:{host.port}/v1/tls"\n')
        with SignedZone(tmp_path / "zone", "signed.test", HOST, {"policy.test": records}) as zone, \
                mx_daemon(tmp_path / "mta", zone, certificates, port, "", REPORTS.replace('dkim = "from"\n', "")) as mta:
            assert deliver(mta, "told.policy.test")["type"] == "delivered"
            mta.stop()
            mta.env.update({"LD_PRELOAD": FAKETIME, "FAKETIME": "+30h", "FAKETIME_DONT_FAKE_MONOTONIC": "1"})
            mta.start()
            until(lambda: "no public address" in mta.log(), lambda: f"the report: {mta.log()[-2000:]}", 30)
        assert not host.posts


@pytest.mark.skipif(not os.path.exists(FAKETIME), reason="needs the package libfaketime")
@pytest.mark.release_only  # what is preloaded must not come before a sanitizer
def test_tls_reports(tmp_path, certificates):
    """What sessions came to is told the next day, by mail and by HTTPS, once."""
    port = free_port()
    pair = certificates.make("mx", "DNS:mx.policy.test,DNS:rpt.policy.test")
    web = certificates.make("web", "DNS:mta-sts.told.policy.test,DNS:rpt.policy.test", days="5")
    with TlsReceiver(port, pair) as receiver, PolicyHost(web) as host:
        records = ("mx A 127.0.0.1\nrpt A 127.0.0.1\ntold MX 10 mx\n_mta-sts.told TXT \"v=STSv1; id=1\"\n"
                   "mta-sts.told A 127.0.0.1\nbox MX 10 mx\nquiet MX 10 mx\n"
                   "_smtp._tls.told TXT \"v=TLSRPTv1; rua=mailto:tls@box.policy.test,"
                   f"https://rpt.policy.test:{host.port}/v1/tls\"\n")
        host.policy("told.policy.test", mode="testing", hosts=["other.policy.test"])
        key = json.loads(subprocess.run([CLI, "dkim", "new", "sender.test", "--selector", "tlsrpt1", "--service", "tlsrpt",
                                         "--out", str(tmp_path), "--json"], capture_output=True, check=True).stdout)
        reports = (REPORTS + f'[[dkim]]\ndomain = "sender.test"\nselector = "tlsrpt1"\n'
                   f'key_file = "{key["key_file"]}"\nstreams = ["reports"]\n')
        with SignedZone(tmp_path / "zone", "signed.test", HOST, {"policy.test": records}) as zone, \
                mx_daemon(tmp_path / "mta", zone, certificates, port, sts_keys(host), reports) as mta:
            assert deliver(mta, "told.policy.test")["type"] == "delivered"
            assert deliver(mta, "quiet.policy.test")["type"] == "delivered"
            mta.stop()
            tomorrow = {"LD_PRELOAD": FAKETIME, "FAKETIME": "+30h", "FAKETIME_DONT_FAKE_MONOTONIC": "1"}
            mta.env.update(tomorrow)
            mta.start()
            until(lambda: host.posts and len(receiver.mails) == 3, lambda: f"the reports: {mta.log()[-2000:]}", 30)
            until(lambda: not left_reports(mta), "the report to be done with")
        path, fields, body = host.posts[0]
        assert path == "/v1/tls" and fields["Content-Type"] == "application/tlsrpt+gzip"
        report = json.loads(gzip.decompress(body))
        assert report == mail_report(receiver.mails[2][1]) and len(host.posts) == 1
        assert report["organization-name"] == "Sender Inc" and report["contact-info"] == "tls@sender.test"
        policy, = report["policies"]
        assert policy["policy"]["policy-type"] == "sts" and policy["policy"]["policy-domain"] == "told.policy.test"
        assert policy["summary"] == {"total-successful-session-count": 0, "total-failure-session-count": 1}
        failure, = policy["failure-details"]
        assert failure["result-type"] == "validation-failure" and failure["receiving-mx-hostname"] == "mx.policy.test"
        # RFC 8460 §3: signed, by a key that says what it is for. The other mail is not.
        signature, = email.message_from_bytes(receiver.mails[2][1]).get_all("DKIM-Signature")
        tags = dict(tag.strip().split("=", 1) for tag in signature.split(";"))
        assert tags["d"] == "sender.test" and tags["s"] == "tlsrpt1" and "from" in tags["h"].lower(), signature
        assert "; s=tlsrpt;" in key["record"]
        judged = subprocess.run(["/usr/bin/python3", "-c", TLSRPT_JUDGE, key["record"]], input=receiver.mails[2][1],
                                env={**os.environ, **tomorrow}, capture_output=True, check=False)
        assert judged.stdout == b"True not tlsrpt\n", (judged.stdout, judged.stderr)
        assert not any(b"DKIM-Signature" in mail[1] for mail in receiver.mails[:2])


LEVELS = """
[[stream]]
name = "strict"
pool = "main"
tls = "verify"
match = { sender = "@strict.test" }
[[stream]]
name = "relayed"
pool = "main"
route = { relay = ["smarthost.test:465"] }
match = { sender = "@relayed.test" }
[[provider]]
name = "own"
domains = ["signed.test"]
tls = "require"
[[domain]]
name = "*.sub.signed.test"
tls = "none"
"""


def test_tls_check_tells_what_would_be(tmp_path, certificates):
    """The command line, against the same peers."""
    port = free_port()
    web = certificates.make("web", "DNS:mta-sts.good.policy.test")
    pair = certificates.make("mx", "DNS:mx.policy.test")
    records = HOST + (f"_{port}._tcp.mx TLSA 3 1 1 {spki_digest(pair[0])}\n"
                      "_smtp._tls TXT \"v=TLSRPTv1; rua=mailto:tls@signed.test\"\n"
                      "other MX 10 mx.other\nmx.other A 127.0.0.1\na.sub MX 10 mx.other\n")
    unsigned = {"policy.test": "mx A 127.0.0.1\nmx2 A 127.0.0.2\ngood MX 10 mx\ngood MX 20 mx2\n"
                               "_mta-sts.good TXT \"v=STSv1; id=7\"\nmta-sts.good A 127.0.0.1\n"}
    with PolicyHost(web) as host, SignedZone(tmp_path / "zone", "signed.test", records, unsigned) as zone:
        host.policy("good.policy.test", hosts=["mx.policy.test"])
        mta = mx_daemon(tmp_path / "mta", zone, certificates, port, sts_keys(host))
        check = ("tls", "check", "--config", mta.config_file)
        found = mta.cli(*check, "signed.test")
        assert found["hosts"] == [{"host": "mx.signed.test", "tls": "verify", "policy": "dane",
                                   "why": "usable TLSA records of mx.signed.test: 1"}], found
        assert found["reports_to"] == ["tls@signed.test"]
        assert (found["level"], found["level_by"]) == ("opportunistic", "[tls]"), found
        found = mta.cli(*check, "good.policy.test")
        assert found["mta_sts"]["id"] == "7" and found["mta_sts"]["mode"] == "enforce", found
        assert [one["tls"] for one in found["hosts"]] == ["verify", "no mail"], found
        assert "does not list the host mx2.policy.test" in mta.run_cli(*check, "good.policy.test").stdout
        # Who says what TLS is, from the widest to the narrowest; a relay asks nothing of the domain.
        mta.write_config(extra=mta.parts["extra"] + LEVELS)
        for domain, stream, by, level in (
                ("other.signed.test", "strict", "[[stream]] strict", "verify"),
                ("signed.test", "strict", "[[provider]] own", "require"),
                ("a.sub.signed.test", "strict", "[[domain]] *.sub.signed.test", "none")):
            found = mta.cli(*check, domain, "--stream", stream)
            assert (found["level_by"], found["level"]) == (by, level) and "route" not in found, found
            assert domain == "signed.test" or found["hosts"][0]["tls"] == level, found
        found = mta.cli(*check, "other.signed.test", "--stream", "relayed")
        assert found["route"] == "relay smarthost.test:465", found
        assert mta.run_cli(*check, "signed.test", "--stream", "strickt").returncode == 2
