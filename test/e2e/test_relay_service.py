# SPDX-License-Identifier: Apache-2.0
"""Relays that one signs in to: Postfix with Dovecot's SASL, and a service written here that can be wrong."""
import base64
import contextlib
import json
import os
import pwd
import shutil
import socket
import ssl
import subprocess
import threading
import time

import pytest
from daemon import CLI, Daemon, free_port, message, until
from simulator import SLOW
from test_receivers import ROOT_ONLY, PostfixReceiver, fixture_outside  # noqa: F401
from test_tls import Certificates, tls

PASSWORD = "relay-secret-9f3"


def write_password(folder, text=PASSWORD, mode=0o600):
    """A password file; its path."""
    path = folder / "relay.password"
    path.write_text(text + "\n")
    path.chmod(mode)
    return path


def route(port, password_file, more=""):
    """A relay route with an account."""
    return (f'route = {{ relay = ["127.0.0.1:{port}"], user = "mta", password_file = "{password_file}"{more} }}\n'
            'dsn = "off"\nretry = { schedule = ["1s"], expire = "1h" }\n')


class Service:
    """Submission under TLS with one mechanism. `way`: "good", "refuse" (535 to AUTH), "none" (AUTH is not offered),
    "liar" (says yes to SCRAM without a proof). `implicit`: encrypted from the first byte on.
    `times`: when each message was there. `loads`: messages over each connection. `most`: connections at the same
    time. `resumed`: of each handshake, whether it went on with an earlier session."""

    def __init__(self, pair, mechanism="PLAIN", way="good", implicit=False):
        self.mechanism, self.way, self.port, self.messages, self.heard = mechanism, way, free_port(), [], []
        self.implicit, self.loads, self.open, self.most, self.resumed = implicit, {}, set(), 0, []
        self.times = []
        self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.context.load_cert_chain(*pair)
        self.listening = socket.create_server(("127.0.0.1", self.port))
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self):
        """Serves until the socket is closed."""
        with contextlib.suppress(OSError):
            while True:
                link, _ = self.listening.accept()
                threading.Thread(target=self.serve, args=(link,), daemon=True).start()

    def sign_in(self, lines, line):
        """Answers AUTH; the reply."""
        if self.way == "refuse":
            return b"535 5.7.8 go away\r\n"
        if self.way == "liar":
            return b"235 2.7.0 of course\r\n"
        if self.mechanism == "PLAIN":
            told = base64.b64decode(line.split()[2]).split(b"\0")
        else:
            told = [b""]
            for question in (b"User Name", b"Password"):
                lines.write(b"334 " + base64.b64encode(question) + b"\r\n")
                lines.flush()
                told.append(base64.b64decode(lines.readline()))
        return b"235 ok\r\n" if told == [b"", b"mta", PASSWORD.encode()] else b"535 5.7.8 wrong\r\n"

    def encrypt(self, link):
        """The handshake; the encrypted link."""
        link = self.context.wrap_socket(link, server_side=True)
        self.resumed.append(link.session_reused)
        return link

    def serve(self, link):
        """One conversation."""
        with contextlib.suppress(OSError, ssl.SSLError), contextlib.ExitStack() as stack:
            number = stack.enter_context(link).fileno(), time.monotonic()
            self.open.add(number)
            self.most = max(self.most, len(self.open))
            stack.callback(self.open.discard, number)
            encrypted = self.implicit
            if encrypted:
                link = stack.enter_context(self.encrypt(link))
            link.sendall(b"220 service.test\r\n")
            lines = link.makefile("rwb")
            while line := lines.readline():
                self.heard.append((encrypted, line))
                verb = line[:4].upper()
                reply = b"250 2.0.0 ok\r\n"
                if verb == b"EHLO" and encrypted:
                    auth = b"" if self.way == "none" else b"250-AUTH " + self.mechanism.encode() + b"\r\n"
                    reply = b"250-service.test\r\n" + auth + b"250 8BITMIME\r\n"
                elif verb == b"EHLO":
                    reply = b"250-service.test\r\n250-AUTH PLAIN\r\n250 STARTTLS\r\n"
                elif verb == b"STAR":
                    link.sendall(b"220 go on\r\n")
                    link = stack.enter_context(self.encrypt(link))
                    lines, encrypted = link.makefile("rwb"), True
                    continue
                elif verb == b"AUTH":
                    reply = self.sign_in(lines, line)
                elif verb == b"DATA":
                    lines.write(b"354 go on\r\n")
                    lines.flush()
                    self.messages.append(b"".join(iter(lines.readline, b".\r\n")).decode())
                    self.times.append(time.monotonic())
                    self.loads[number] = self.loads.get(number, 0) + 1
                if verb == b"QUIT":
                    self.open.discard(number)
                    link.sendall(b"221 bye\r\n")
                    return
                lines.write(reply)
                lines.flush()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.listening.close()


class SaslPostfix(PostfixReceiver):
    """A Postfix that takes mail under TLS from who has signed in, with Dovecot to ask."""

    def __init__(self, folder, pair, mechanisms):
        super().__init__(folder)
        self.pair, self.mechanisms, self.dovecot = pair, mechanisms, None
        if not shutil.which("dovecot"):
            pytest.skip("dovecot is not installed")

    def postfix(self, command):
        if command == "start":
            path = self.base / "etc/main.cf"
            text = path.read_text().replace("smtpd_tls_security_level = none", "smtpd_tls_security_level = may")
            text = text.replace("permit_mynetworks, reject", "permit_sasl_authenticated, reject")
            path.write_text(text + f"smtpd_tls_chain_files = {self.pair[1]}, {self.pair[0]}\n"
                            "smtpd_sasl_auth_enable = yes\nsmtpd_sasl_type = dovecot\nsmtpd_sasl_path = private/auth\n"
                            "smtpd_tls_auth_only = yes\nsmtpd_sasl_authenticated_header = yes\n"
                            "smtpd_relay_restrictions = permit_sasl_authenticated, reject\n")
            self.start_dovecot()
        super().postfix(command)

    def start_dovecot(self):
        """Only its authentication."""
        private = self.base / "queue/private"
        private.mkdir(parents=True, exist_ok=True)
        shutil.chown(private, "postfix")
        folder = self.base / "dovecot"
        folder.mkdir()
        (folder / "users").write_text(f"mta:{{PLAIN}}{PASSWORD}\n")
        owner = pwd.getpwnam("postfix").pw_name
        (folder / "dovecot.conf").write_text(f"""
base_dir = {folder}/run
state_dir = {folder}/state
log_path = {folder}/log
protocols =
ssl = no
default_internal_user = dovecot
default_login_user = dovenull
auth_mechanisms = {self.mechanisms}
passdb {{
  driver = passwd-file
  args = {folder}/users
}}
userdb {{
  driver = static
  args = uid=nobody gid=nogroup home=/nonexistent
}}
service auth {{
  unix_listener {private}/auth {{
    mode = 0660
    user = {owner}
  }}
}}
""")
        self.dovecot = subprocess.Popen(["dovecot", "-F", "-c", str(folder / "dovecot.conf")],
                                        stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                                        stderr=subprocess.DEVNULL)
        until((private / "auth").exists, lambda: f"dovecot: {(folder / 'log').read_text()}", 20)

    def __exit__(self, *everything):
        super().__exit__(*everything)
        if self.dovecot is not None:
            self.dovecot.terminate()
            self.dovecot.wait(20)


@pytest.fixture(name="certificates")
def fixture_certificates(outside):
    return Certificates(outside / "tls")


@ROOT_ONLY
@pytest.mark.parametrize("mechanisms", ["scram-sha-256", "plain", "login"])
def test_postfix_with_dovecot(tmp_path, outside, certificates, mechanisms):
    pair = certificates.make("postfix.test", "IP:127.0.0.1")
    password = write_password(tmp_path)
    with SaslPostfix(outside / "postfix", pair, mechanisms) as receiver, \
            Daemon(tmp_path, stream=route(receiver.port, password), extra=tls(certificates)) as mta:
        mta.submit("a@sender.test", ["box@box.test"], message(Subject="signed in"))
        delivered, = mta.until_events("delivered", 1)
        assert delivered["tls_verified"] == "yes" and delivered["tls_policy"] == "verify"
        until(lambda: b"signed in" in receiver.text(), lambda: f"the mail in the box: {receiver.log()}")
        assert b"(Authenticated sender: mta)" in receiver.text()


def test_header_fields_are_set_before_signing(tmp_path, certificates):
    pair = certificates.make("service.test", "IP:127.0.0.1")
    headers = (', headers = { "X-SES-CONFIGURATION-SET" = "main", '
               '"X-SES-MESSAGE-TAGS" = "campaign={campaign}, stream={stream}" }')
    subprocess.run(["openssl", "genpkey", "-algorithm", "ed25519", "-out", tmp_path / "dkim.key"], check=True)
    os.chmod(tmp_path / "dkim.key", 0o600)
    dkim = (f'[[dkim]]\ndomain = "sender.test"\nselector = "s1"\nkey_file = "{tmp_path}/dkim.key"\n'
            'headers = ["X-SES-CONFIGURATION-SET"]\n')
    with Service(pair) as service, Daemon(
            tmp_path, stream=route(service.port, write_password(tmp_path), headers) + 'dkim = "from"\n',
            extra=tls(certificates) + dkim) as mta:
        mta.submit("a@sender.test", ["b@receiver.test"],
                   message(X_Penstock_Campaign="autumn", X_Ses_Configuration_Set="of-somebody-else"))
        mta.until_events("delivered", 1)
        text, = service.messages
        assert "X-SES-CONFIGURATION-SET: main\r\n" in text and "of-somebody-else" not in text
        assert "X-SES-MESSAGE-TAGS: campaign=autumn, stream=default\r\n" in text
        signature = text[text.index("DKIM-Signature:"):].split("\r\nX-SES")[0].lower()
        assert "x-ses-configuration-set" in signature
        # Nothing of the account went in clear.
        assert not any(line.startswith(b"AUTH") for encrypted, line in service.heard if not encrypted)


@pytest.mark.parametrize("way, mechanism, words", [
    ("refuse", "PLAIN", "535 5.7.8 go away"), ("none", "PLAIN", "does not offer AUTH"),
    ("good", "CRAM-MD5", "no mechanism of ours"), ("liar", "SCRAM-SHA-256", "without proving")])
def test_a_failed_sign_in_defers(tmp_path, certificates, way, mechanism, words):
    pair = certificates.make("service.test", "IP:127.0.0.1")
    with Service(pair, mechanism, way) as service, Daemon(
            tmp_path, stream=route(service.port, write_password(tmp_path)), extra=tls(certificates)) as mta:
        mta.submit("a@sender.test", ["b@receiver.test"])
        event = mta.until_events("deferred", 1)[0]
        assert event["step"] == "auth" and event["class"] == "authentication" and words in event["reply"]
        assert event["rule"] == "relay-sign-in"
        assert "our configuration is at fault" in mta.log()
        assert not mta.events("bounced") and not service.messages
        assert PASSWORD not in mta.log()


def test_login_and_a_wrong_password_that_is_mended(tmp_path, certificates):
    pair = certificates.make("service.test", "IP:127.0.0.1")
    password = write_password(tmp_path, "wrong")
    with Service(pair, "LOGIN") as service, Daemon(tmp_path, stream=route(service.port, password),
                                                   extra=tls(certificates)) as mta:
        mta.submit("a@sender.test", ["b@receiver.test"])
        mta.until_events("deferred", 1)
        write_password(tmp_path)
        assert mta.run_cli("reload").returncode == 0
        mta.until_events("delivered", 1)
        told = mta.log() + str(mta.events()) + mta.run_cli("--json", "config", "show").stdout
        assert PASSWORD not in told and base64.b64encode(PASSWORD.encode()).decode() not in told


def test_a_server_with_another_name_is_told_nothing(tmp_path, certificates):
    pair = certificates.make("other.test", "DNS:other.test")
    with Service(pair) as service, Daemon(tmp_path, stream=route(service.port, write_password(tmp_path)),
                                          extra=tls(certificates)) as mta:
        mta.submit("a@sender.test", ["b@receiver.test"])
        assert mta.until_events("deferred", 1)[0]["class"] == "tls"
        assert not any(line.startswith(b"AUTH") for _, line in service.heard)


@pytest.mark.parametrize("name", ["IP:127.0.0.1", "DNS:other.test"])
def test_a_service_that_is_encrypted_from_the_first_byte(tmp_path, certificates, name):
    """Without STARTTLS, as on port 465; a certificate of another name is as bad as with it."""
    pair = certificates.make("service.test", name)
    with Service(pair, implicit=True) as service, Daemon(
            tmp_path, stream=route(service.port, write_password(tmp_path), ", implicit_tls = true"),
            extra=tls(certificates)) as mta:
        mta.submit("a@sender.test", ["b@receiver.test"])
        if name.startswith("IP"):
            event, = mta.until_events("delivered", 1)
            assert event["tls"] and event["tls_verified"] == "yes" and event["tls_policy"] == "verify", event
            assert len(service.messages) == 1 and not any(line.startswith(b"STARTTLS") for _, line in service.heard)
        else:
            event = mta.until_events("deferred", 1)[0]
            assert event["class"] == "tls" and event["step"] == "starttls" and "mismatch" in event["reply"], event
            assert not service.heard


def test_limits_of_a_service_are_kept_and_sessions_resumed(tmp_path, certificates):
    """Connections, messages over each and rate are the route's; later connections go on with a TLS session."""
    pair = certificates.make("service.test", "IP:127.0.0.1")
    limits = ', connections = 2, messages_per_connection = 3, message_rate = "8/s"'
    with Service(pair) as service, Daemon(tmp_path, stream=route(service.port, write_password(tmp_path), limits),
                                          extra=tls(certificates)) as mta:
        mta.cli("pause", "--all", "--reason", "until all are there")
        for number in range(20):
            mta.submit("a@sender.test", [f"b{number}@receiver.test"])
        mta.cli("resume", "--all")
        mta.until_events("delivered", 20)
        assert service.most <= 2 and max(service.loads.values()) <= 3 and not mta.events("deferred")
        # 8/s, a second's worth of them at once; each is counted a little after it was let go.
        times = sorted(service.times)
        assert all(when - times[0] > (number - 8) / 8 - 0.1 for number, when in enumerate(times)), times
        # Two begin before a ticket has come. One more whole handshake was seen once, under ASan on a full machine, and is
        # not explained.
        whole = 0 if SLOW == 1 else 1
        assert not service.resumed[0] and service.resumed[2:].count(False) <= whole, service.resumed
        assert len(service.resumed) >= 7, service.resumed


@pytest.mark.parametrize("mode, text, words", [(0o644, PASSWORD, "others can use this secret"),
                                               (0o600, "", "is empty")])
def test_a_loose_or_empty_password_file_is_refused(tmp_path, mode, text, words):
    mta = Daemon(tmp_path, stream=route(2525, write_password(tmp_path, text, mode)))
    mta.spawn()
    assert mta.process.wait(30) == 1
    assert words in mta.log() and str(tmp_path / "relay.password") in mta.log() and PASSWORD not in mta.log()


def account_at(tmp_path, service, more="", password=PASSWORD):
    """What `penstock preflight` says of the account: (level, sentence)."""
    mta = Daemon(tmp_path, stream=route(service.port, write_password(tmp_path, password), more),
                 extra=f'[tls]\nca_file = "{tmp_path / "tls" / "ca.pem"}"\ndane = false\n[preflight]\ntimeout = "5s"\n')
    done = subprocess.run([CLI, "preflight", "--config", str(mta.config_file), "--stream", "default", "--json"],
                          capture_output=True, text=True, timeout=120, check=False)
    group, = (group for group in json.loads(done.stdout)["groups"] if group["kind"] == "relay")
    assert group["name"] == f"127.0.0.1:{service.port}" and group["detail"] == "mta, stream default"
    finding, = group["findings"]
    assert finding["check"] == "relay" and done.returncode == (1 if finding["level"] == "fail" else done.returncode)
    return finding["level"], finding["what"]


def test_preflight_signs_in_and_sends_nothing(tmp_path):
    pair = Certificates(tmp_path / "tls").make("service", "IP:127.0.0.1")
    for service, more in ((Service(pair), ""), (Service(pair, "LOGIN"), ""), (Service(pair, implicit=True), ", implicit_tls = true")):
        level, what = account_at(tmp_path, service, more)
        assert level == "pass" and "mta of 127.0.0.1" in what and "signs in, by " + service.mechanism in what, what
        assert not service.messages and [line for _, line in service.heard if line.startswith(b"QUIT")]
        assert not [line for encrypted, line in service.heard if line[:4] in (b"AUTH", b"MAIL") and not encrypted]
        assert not [line for _, line in service.heard if line.startswith(b"MAIL")]
    level, what = account_at(tmp_path, Service(pair), password="wrong")
    assert level == "fail" and "535 5.7.8 wrong" in what, what
    level, what = account_at(tmp_path, Service(pair, way="none"))
    assert level == "fail" and "does not offer AUTH" in what, what
    level, what = account_at(tmp_path, Service(pair, "SCRAM-SHA-256", way="liar"))
    assert level == "fail" and "without proving" in what, what
    stranger = Certificates(tmp_path / "other").make("service", "IP:127.0.0.1")
    service = Service(stranger)
    level, what = account_at(tmp_path, service)
    assert level == "fail" and "certificate" in what and not any(encrypted for encrypted, _ in service.heard), what
