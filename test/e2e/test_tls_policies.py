# SPDX-License-Identifier: Apache-2.0
"""What recipient domains publish about TLS, with real peers: DANE with Postfix and a signed zone on NSD, MTA-STS with an
HTTPS host. What must be refused is shown to be refused."""
import pytest
from daemon import Daemon, free_port, message, until
from signed_zone import SignedZone, spki_digest
from test_receivers import ROOT_ONLY, fixture_outside  # noqa: F401
from test_tls import Certificates, TlsPostfix
from tls_peers import TlsReceiver

HOST = "@ MX 10 mx\nmx A 127.0.0.1\n"
WRONG = "ab" * 32


@pytest.fixture(name="certificates")
def fixture_certificates(tmp_path):
    return Certificates(tmp_path / "tls")


def mx_daemon(folder, zone, certificates, port, tls="", extra=""):
    """A daemon that finds hosts by MX in that zone, and connects to them at that port."""
    folder.mkdir(exist_ok=True)
    return Daemon(folder, node="shards = 1\n", stream='dsn = "off"\n',
                  extra=zone.dns(f'ttl_min = "0s"\nnegative_ttl_max = "1s"\nfailure_ttl = "1s"') +
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
                   f"_{port}._tcp.mx.pkixclear TLSA 0 1 1 {WRONG}\n")

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
                                   ("pkixclear.signed.test", "STARTTLS")):
                event = deliver(mta, domain)
                assert event["type"] == "deferred" and event["class"] == "tls" and reason in event["reply"], event
            assert not clear.mails and len(encrypted.mails) == 1
            event = deliver(mta, "pkix.signed.test")
            assert event["type"] == "delivered" and event["tls_policy"] == "dane-unusable", event
            event = deliver(mta, "plain.test")
            assert event["type"] == "delivered" and event["tls_policy"] == "opportunistic", event
            # The same host as the refused ones, for a domain that publishes nothing.
            event = deliver(mta, "none.signed.test")
            assert event["type"] == "delivered" and "tls" not in event, event
            mta.cli("bounce", "--all")
