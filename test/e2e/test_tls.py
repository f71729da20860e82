# SPDX-License-Identifier: Apache-2.0
"""TLS with real peers: Postfix as receiver, openssl s_client as client, and servers that hang or strip the offer."""
import contextlib
import os
import smtplib
import socket
import ssl
import subprocess
import threading

import pytest
from daemon import Daemon, free_port, message, until
from test_receivers import ROOT_ONLY, PostfixReceiver, fixture_outside, greets, stream_to  # noqa: F401


class Certificates:
    """An authority, and certificates it signs: path.pem and path.key below one folder."""

    def __init__(self, folder):
        self.folder = folder
        folder.mkdir(parents=True, exist_ok=True)
        folder.chmod(0o755)
        self.run("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2",
                 "-subj", "/CN=Test Authority", "-keyout", "ca.key", "-out", "ca.pem")
        self.ca_file = folder / "ca.pem"

    def run(self, *arguments):
        """One openssl command."""
        subprocess.run(["openssl", *arguments], cwd=self.folder, check=True, stdin=subprocess.DEVNULL,
                       capture_output=True, timeout=60)

    def make(self, name, alternative, days="2"):
        """A certificate for a subjectAltName; days below zero: it has expired."""
        self.run("req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-subj", f"/CN={name}",
                 "-keyout", f"{name}.key", "-out", f"{name}.csr")
        (self.folder / f"{name}.ext").write_text(f"subjectAltName={alternative}\n")
        self.run("x509", "-req", "-in", f"{name}.csr", "-CA", "ca.pem", "-CAkey", "ca.key", "-CAcreateserial",
                 "-days", days, "-extfile", f"{name}.ext", "-out", f"{name}.pem")
        os.chmod(self.folder / f"{name}.key", 0o600)
        return self.folder / f"{name}.pem", self.folder / f"{name}.key"


class TlsPostfix(PostfixReceiver):
    """A Postfix that offers STARTTLS with this certificate."""

    def __init__(self, folder, pair):
        super().__init__(folder)
        self.pair = pair

    def postfix(self, command):
        if command == "start":
            path = self.base / "etc/main.cf"
            text = path.read_text().replace("smtpd_tls_security_level = none", "smtpd_tls_security_level = may")
            path.write_text(text + f"smtpd_tls_chain_files = {self.pair[1]}, {self.pair[0]}\n"
                            "smtpd_tls_received_header = yes\nsmtpd_tls_loglevel = 1\n")
        super().postfix(command)


class ClearServer:
    """An SMTP server in clear. "hang": offers STARTTLS and then says nothing. "strip": does not offer it."""

    def __init__(self, way):
        self.way, self.port, self.handshakes, self.messages = way, free_port(), 0, 0
        self.listening = socket.create_server(("127.0.0.1", self.port))
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self):
        """Serves until the socket is closed."""
        with contextlib.suppress(OSError):
            while True:
                link, _ = self.listening.accept()
                threading.Thread(target=self.serve, args=(link,), daemon=True).start()

    def serve(self, link):
        """One conversation."""
        with contextlib.suppress(OSError), link, link.makefile("rb") as lines:
            link.sendall(b"220 clear.test\r\n")
            for line in lines:
                verb = line[:4].upper()
                if verb == b"EHLO":
                    link.sendall(b"250-clear.test\r\n250 STARTTLS\r\n" if self.way == "hang" else b"250 clear.test\r\n")
                elif verb == b"STAR":
                    self.handshakes += 1
                    link.sendall(b"220 go on\r\n")
                    while link.recv(4096):
                        pass
                    return
                elif verb == b"DATA":
                    link.sendall(b"354 go on\r\n")
                    while lines.readline() not in (b".\r\n", b""):
                        pass
                    self.messages += 1
                    link.sendall(b"250 2.0.0 taken\r\n")
                elif verb == b"QUIT":
                    link.sendall(b"221 bye\r\n")
                    return
                else:
                    link.sendall(b"250 2.0.0 ok\r\n")

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.listening.close()


def tls(certificates, **keys):
    """The [tls] table."""
    lines = [f'ca_file = "{certificates.ca_file}"'] + [f'{key} = "{value}"' for key, value in keys.items()]
    return "[tls]\n" + "\n".join(lines) + "\n"


@pytest.fixture(name="certificates")
def fixture_certificates(outside):
    return Certificates(outside / "tls")


@ROOT_ONLY
@pytest.mark.parametrize("level", ["opportunistic", "require", "verify"])
def test_good_certificate(tmp_path, outside, certificates, level):
    pair = certificates.make("good", "IP:127.0.0.1")
    with TlsPostfix(outside / "postfix", pair) as receiver, \
            Daemon(tmp_path, stream=stream_to(receiver.port), extra=tls(certificates, delivery=level)) as mta:
        mta.submit("a@sender.test", ["box@box.test"], message(Subject="encrypted"))
        event, = mta.until_events("delivered", 1)
        assert event["tls"] == "TLSv1.3" and event["cipher"] and event["tls_verified"] == "yes"
        assert event["tls_policy"] == level
        until(lambda: b"encrypted" in receiver.text(), receiver.log)
        assert b"using TLSv1.3" in receiver.text()


@ROOT_ONLY
@pytest.mark.parametrize("alternative,days,reason", [
    ("DNS:other.test", "2", "mismatch"),
    ("IP:127.0.0.1", "-1", "expired"),
])
def test_bad_certificate_is_refused_where_it_counts(tmp_path, outside, certificates, alternative, days, reason):
    pair = certificates.make("bad", alternative, days)
    with TlsPostfix(outside / "postfix", pair) as receiver:
        (tmp_path / "strict").mkdir()
        (tmp_path / "lax").mkdir()
        with Daemon(tmp_path / "strict", stream=stream_to(receiver.port),
                    extra=tls(certificates, delivery="verify")) as mta:
            mta.submit("a@sender.test", ["box@box.test"])
            event, = mta.until_events("deferred", 1)
            assert event["class"] == "tls" and reason in event["reply"], event
            assert not receiver.text()
            mta.cli("bounce", "--all")
        with Daemon(tmp_path / "lax", stream=stream_to(receiver.port), extra=tls(certificates)) as mta:
            mta.submit("a@sender.test", ["box@box.test"])
            event, = mta.until_events("delivered", 1)
            assert event["tls"] and reason in event["tls_verified"], event


@pytest.mark.parametrize("level", ["require", "verify"])
def test_stripped_offer_is_refused_where_tls_is_required(tmp_path, certificates, level):
    with ClearServer("strip") as receiver, \
            Daemon(tmp_path, stream=stream_to(receiver.port), extra=tls(certificates, delivery=level)) as mta:
        mta.submit("a@sender.test", ["box@box.test"])
        event, = mta.until_events("deferred", 1)
        assert event["class"] == "tls" and "does not offer STARTTLS" in event["reply"], event
        assert receiver.messages == 0
        mta.cli("bounce", "--all")


def test_hung_handshake_costs_once_and_goes_in_clear(tmp_path, certificates):
    with ClearServer("hang") as receiver, \
            Daemon(tmp_path, node='shards = 1\n', stream=stream_to(receiver.port),
                   extra=tls(certificates, handshake_timeout="1s")) as mta:
        for number in (1, 2):
            mta.submit("a@sender.test", ["box@box.test"])
            mta.until_events("delivered", number, 40)
        assert receiver.handshakes == 1 and receiver.messages == 2
        assert all("tls" not in event for event in mta.events("delivered"))


def listener_tls(pair, way="starttls"):
    """Keys of a listener."""
    return f'tls = "{way}"\ncert_file = "{pair[0]}"\nkey_file = "{pair[1]}"\n'


@contextlib.contextmanager
def sink_daemon(tmp_path, listener):
    """A daemon that takes mail and drops it."""
    with Daemon(tmp_path, listener=listener, stream='route = "null"\n') as mta:
        yield mta


@pytest.fixture(name="sink", scope="module")
def fixture_sink(tmp_path_factory):
    """One daemon with STARTTLS for several tests; its authority is sink.authority."""
    folder = tmp_path_factory.mktemp("sink")
    authority = Certificates(folder / "tls")
    with sink_daemon(folder, listener_tls(authority.make("mta", "IP:127.0.0.1"))) as mta:
        mta.authority = authority
        yield mta


def test_listener_with_starttls(tmp_path, certificates):
    pair = certificates.make("mta", "IP:127.0.0.1")
    with sink_daemon(tmp_path, listener_tls(pair)) as mta:
        with subprocess.Popen(["openssl", "s_client", "-starttls", "smtp", "-connect", f"127.0.0.1:{mta.port}",
                               "-CAfile", str(certificates.ca_file), "-verify_return_error", "-quiet"],
                              stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as shown:
            shown.stdin.write(b"EHLO me\r\n")
            shown.stdin.flush()
            offers = []
            while not offers or offers[-1][3:4] == b"-":
                offers.append(shown.stdout.readline())
            shown.stdin.write(b"QUIT\r\n")
            shown.stdin.flush()
            assert b"250-PIPELINING\r\n" in offers and b"250-STARTTLS\r\n" not in offers, offers
            assert shown.stdout.readline().startswith(b"221 ")
            shown.stdin.close()
        old = subprocess.run(["openssl", "s_client", "-starttls", "smtp", "-connect", f"127.0.0.1:{mta.port}",
                              "-tls1_1", "-cipher", "ALL:@SECLEVEL=0"], input=b"", capture_output=True, timeout=60,
                             check=False)
        assert b"Cipher is (NONE)" in old.stdout, old
        context = ssl.create_default_context(cafile=certificates.ca_file)
        with smtplib.SMTP("127.0.0.1", mta.port, timeout=20) as client:
            client.starttls(context=context)
            client.sendmail("a@sender.test", ["b@receiver.test"], message())
        event, = mta.until_events("accepted", 1)
        assert event["tls"] == "TLSv1.3" and event["detail"] == "ESMTPS", event


@pytest.mark.parametrize("wanted,good", [
    (("-tls1_3",), True),
    (("-tls1_2", "-cipher", "ECDHE-ECDSA-AES256-GCM-SHA384"), True),
    (("-tls1_1", "-cipher", "ALL:@SECLEVEL=0"), False),
    (("-tls1", "-cipher", "ALL:@SECLEVEL=0"), False),
    (("-tls1_2", "-cipher", "eNULL:@SECLEVEL=0"), False),
    (("-tls1_2", "-cipher", "aNULL:@SECLEVEL=0"), False),
    (("-tls1_2", "-cipher", "MEDIUM:LOW:EXPORT:!HIGH:@SECLEVEL=0"), False),
])
def test_versions_and_ciphers_of_a_listener(sink, wanted, good):
    done = subprocess.run(["openssl", "s_client", "-starttls", "smtp", "-connect", f"127.0.0.1:{sink.port}",
                           "-CAfile", str(sink.authority.ca_file), *wanted], input=b"QUIT\r\n", capture_output=True,
                          timeout=60, check=False)
    made = b"Cipher is (NONE)" not in done.stdout and b"Cipher is " in done.stdout
    assert made == good, done
    if good:
        assert b"Verify return code: 0 (ok)" in done.stdout and b"Compression: NONE" in done.stdout, done.stdout


def show_certificate(mta, certificates, shown):
    """One message from a client that shows this certificate, or none."""
    context = ssl.create_default_context(cafile=certificates.ca_file)
    if shown:
        context.load_cert_chain(*shown)
    with smtplib.SMTP("127.0.0.1", mta.port, timeout=20) as client:
        client.starttls(context=context)
        client.sendmail("a@sender.test", ["b@receiver.test"], message())


def test_certificates_of_clients(tmp_path, certificates):
    """None is served and so is a good one; a stranger's and an expired one end the handshake."""
    pair = certificates.make("mta", "IP:127.0.0.1")
    stranger = Certificates(tmp_path / "stranger")
    listener = listener_tls(pair) + f'client_ca_file = "{certificates.ca_file}"\n'
    with sink_daemon(tmp_path, listener) as mta:
        show_certificate(mta, certificates, None)
        event, = mta.until_events("accepted", 1)
        assert event["tls"] == "TLSv1.3" and "tls_verified" not in event, event
        show_certificate(mta, certificates, certificates.make("client", "DNS:client.test"))
        event = mta.until_events("accepted", 2)[1]
        assert event["tls_verified"] == "yes", event
        for bad in (stranger.make("client", "DNS:client.test"), certificates.make("old", "DNS:old.test", days="-1")):
            # In TLS 1.3 a client learns of it when it reads.
            with pytest.raises((ssl.SSLError, smtplib.SMTPServerDisconnected, ConnectionError)):
                show_certificate(mta, certificates, bad)
        assert len(mta.events("accepted")) == 2


def test_listener_with_implicit_tls(tmp_path, certificates):
    pair = certificates.make("mta", "IP:127.0.0.1")
    port = free_port()
    second = (f'[[listener]]\naddress = "127.0.0.1:{port}"\nname = "smtps"\nrelay_from = ["127.0.0.0/8"]\n'
              'max_message_size = "8 MiB"\n' + listener_tls(pair, "implicit"))
    with Daemon(tmp_path, stream='route = "null"\n', extra=second) as mta:
        context = ssl.create_default_context(cafile=certificates.ca_file)
        with smtplib.SMTP_SSL("127.0.0.1", port, timeout=20, context=context) as client:
            client.sendmail("a@sender.test", ["b@receiver.test"], message())
        assert mta.until_events("accepted", 1)[0]["tls"] == "TLSv1.3"


def test_commands_injected_behind_starttls_are_not_obeyed(tmp_path, certificates):
    pair = certificates.make("mta", "IP:127.0.0.1")
    with sink_daemon(tmp_path, listener_tls(pair)) as mta, \
            socket.create_connection(("127.0.0.1", mta.port), timeout=20) as link:
        lines = link.makefile("rb")
        lines.readline()
        link.sendall(b"EHLO me\r\n")
        while lines.readline()[3:4] == b"-":
            pass
        link.sendall(b"STARTTLS\r\nMAIL FROM:<evil@x.test>\r\n")
        assert lines.readline().startswith(b"554 ")
        assert lines.read() == b""


def test_loose_mode_of_the_key_is_refused(tmp_path, certificates):
    pair = certificates.make("mta", "IP:127.0.0.1")
    with sink_daemon(tmp_path, listener_tls(pair)) as mta:
        os.chmod(pair[1], 0o644)
        refused = mta.run_cli("reload")
        assert refused.returncode != 0 and "chmod 0600" in refused.stdout + refused.stderr, refused
