# SPDX-License-Identifier: Apache-2.0
"""Signing in by SMTP AUTH: with smtplib, swaks and a SCRAM client written here; what users may, and who guesses."""
import base64
import collections
import contextlib
import hashlib
import hmac
import os
import shutil
import smtplib
import ssl
import subprocess
import time

import pytest
from daemon import CLI, Daemon, RawClient, message, until
from simulator import SLOW
from test_tls import Certificates

PASSWORD = "correct-horse-battery"
AUTH = 'auth = "offer"\n'
FAST = '[auth]\ndelay = "50ms"\ndelay_max = "50ms"\n'


def coded(text):
    """Base64 of a text or bytes."""
    return base64.b64encode(text.encode() if isinstance(text, str) else text).decode()


def plain(user, password):
    """The response of PLAIN."""
    return coded(f"\0{user}\0{password}")


class Submission(Daemon):
    """A daemon that signs in users; its mail goes nowhere."""

    def __init__(self, folder, listener=AUTH, extra=FAST, stream='route = "null"', **options):
        super().__init__(folder, listener=listener, extra=extra, stream=stream, **options)

    def give(self, command, password, *arguments):
        """One command that reads a password."""
        return subprocess.run([CLI, "--socket", self.socket, *command.split(), *arguments], input=password + "\n",
                              capture_output=True, text=True, timeout=60 * SLOW, check=False)

    def add_user(self, name, *limits, password=PASSWORD):
        """`penstock user add`, which must succeed."""
        done = self.give(f"user add {name}", password, *limits)
        assert done.returncode == 0, done.stderr
        return done.stdout

    def sign_in(self, user="shop", password=PASSWORD):
        """A client that has signed in."""
        client = self.client()
        client.login(user, password)
        return client


class Scram:
    """The client's side of SCRAM-SHA-256 (RFC 5802, 7677)."""

    def __init__(self, user, password):
        self.bare, self.password, self.signature = f"n={user},r=clientnonce", password, None
        self.first = "n,," + self.bare

    def answer(self, server_first):
        """The client-final message."""
        values = dict(part.split("=", 1) for part in server_first.split(","))
        assert values["r"].startswith("clientnonce") and len(values["r"]) > 20
        salted = hashlib.pbkdf2_hmac("sha256", self.password.encode(), base64.b64decode(values["s"]), int(values["i"]))
        key = hmac.digest(salted, b"Client Key", "sha256")
        without_proof = f"c=biws,r={values['r']}"
        told = f"{self.bare},{server_first},{without_proof}".encode()
        signature = hmac.digest(hashlib.sha256(key).digest(), told, "sha256")
        self.signature = hmac.digest(hmac.digest(salted, b"Server Key", "sha256"), told, "sha256")
        return without_proof + ",p=" + coded(bytes(a ^ b for a, b in zip(key, signature)))

    def talk(self, client):
        """The whole exchange on a RawClient; the last reply."""
        reply = client.ask("AUTH SCRAM-SHA-256 " + coded(self.first))
        assert reply.startswith("334 "), reply
        reply = client.ask(coded(self.answer(base64.b64decode(reply[4:]).decode())))
        if not reply.startswith("334 "):
            return reply
        assert base64.b64decode(reply[4:]).decode() == "v=" + coded(self.signature)
        return client.ask("")


def test_every_mechanism_signs_in_and_sends(tmp_path):
    with Submission(tmp_path, listener='auth = "require"\n') as mta:
        mta.add_user("Shop")
        with RawClient(mta.port) as client:
            assert "250-AUTH SCRAM-SHA-256 PLAIN LOGIN" in client.ask("EHLO client.test")
            assert client.ask("MAIL FROM:<a@sender.test>").startswith("530 5.7.0")
            assert Scram("shop", PASSWORD).talk(client).startswith("235 2.7.0")
            client.open_message()
            assert client.ask("Subject: x\r\n\r\nhello\r\n.").startswith("250")
        for mechanism in ("PLAIN", "LOGIN"):
            client = mta.client()
            client.esmtp_features["auth"] = mechanism
            client.login("shop", PASSWORD)
            client.sendmail("a@sender.test", ["b@receiver.test"], message())
            client.quit()
        events = mta.until_events("accepted", 3)
        assert {event["user"] for event in events} == {"shop"}
        assert {event["detail"] for event in events} == {"ESMTPA"}
        assert mta.cli("user", "show", "shop")["recipients_today"] == 3


@pytest.mark.skipif(shutil.which("swaks") is None, reason="swaks is not installed")
def test_swaks_signs_in_under_tls(tmp_path):
    certificate, key = Certificates(tmp_path / "tls").make("mta.test", "DNS:mta.test,IP:127.0.0.1")
    listener = AUTH + f'tls = "starttls"\ncert_file = "{certificate}"\nkey_file = "{key}"\n'
    with Submission(tmp_path, listener=listener) as mta:
        mta.add_user("shop")
        for mechanism in ("PLAIN", "LOGIN"):
            done = subprocess.run(["swaks", "--server", f"127.0.0.1:{mta.port}", "--tls", "--auth", mechanism,
                                   "--auth-user", "shop", "--auth-password", PASSWORD, "--from", "a@sender.test",
                                   "--to", "b@receiver.test"], capture_output=True, text=True, timeout=60, check=False)
            assert done.returncode == 0, done.stdout + done.stderr
        events = mta.until_events("accepted", 2)
        assert {event["detail"] for event in events} == {"ESMTPSA"}
        assert {event["tls"] for event in events} == {"TLSv1.3"}


def test_in_clear_only_this_machine_may_sign_in(tmp_path):
    certificate, key = Certificates(tmp_path / "tls").make("mta.test", "DNS:mta.test")
    listener = AUTH + f'tls = "starttls"\ncert_file = "{certificate}"\nkey_file = "{key}"\nproxy_from = ["127.0.0.2"]\n'
    with Submission(tmp_path, listener=listener) as mta:
        mta.add_user("shop")
        with RawClient(mta.port, source="127.0.0.2", greet=False) as client:
            client.send("PROXY TCP4 192.0.2.7 127.0.0.1 4711 25\r\n")
            assert client.reply().startswith("220")
            assert "AUTH" not in client.ask("EHLO client.test")
            assert client.ask("AUTH PLAIN " + plain("shop", PASSWORD)).startswith("538 5.7.11")
            assert client.ask("STARTTLS").startswith("220")
            context = ssl.create_default_context()
            context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
            client.link = context.wrap_socket(client.link)
            client.file = client.link.makefile("rb")
            assert "AUTH" in client.ask("EHLO client.test")
            assert client.ask("AUTH PLAIN " + plain("shop", PASSWORD)).startswith("235")


def test_guessing_is_slowed_and_banned(tmp_path):
    auth = '[auth]\nfailures = 5\ndelay = "200ms"\ndelay_max = "400ms"\nban = "1h"\n'
    with Submission(tmp_path, extra=auth) as mta:
        mta.add_user("shop")
        replies = []
        for attempt in range(2):
            with RawClient(mta.port, source="127.0.0.9") as client:
                client.ask("EHLO client.test")
                for user in ("shop", "nobody", "shop"):
                    if len(replies) == 5:
                        break
                    began = time.monotonic()
                    replies.append(client.ask("AUTH PLAIN " + plain(user, "wrong")))
                    assert time.monotonic() - began >= 0.2, "answered at once"
        # Known and unknown are told the same; the third on one connection ends it.
        assert [reply[:9] for reply in replies] == ["535 5.7.8"] * 2 + ["421 4.7.0"] + ["535 5.7.8"] * 2, replies
        assert len(set(replies) - {replies[2]}) == 1
        with RawClient(mta.port, source="127.0.0.9") as client:
            client.ask("EHLO client.test")
            banned = client.ask("AUTH PLAIN " + plain("shop", PASSWORD))
            assert banned.startswith("421 4.7.0 too many failed"), banned
        with mta.sign_in() as client:  # from elsewhere
            assert client.noop()[0] == 250
        events = mta.until_events("rejected", 5, step="auth")
        assert [event.get("user") for event in events] == ["shop", None, "shop", "shop", None]
        assert {event["class"] for event in events} == {"authentication"}
        metrics = mta.run_cli("metrics").stdout
        assert "penstock_ingest_sign_in_failures_total 5" in metrics
        assert "penstock_auth_banned_addresses 1" in metrics


def test_guesses_made_at_once_count_like_others(tmp_path):
    """A hundred passwords from one address at the same time, the right one among the last: no more are looked at than
    one after the other. Somebody with the right password may come as often at once."""
    auth = '[auth]\nfailures = 10\ndelay = "50ms"\ndelay_max = "50ms"\nban = "1h"\n'
    with Submission(tmp_path, extra=auth) as mta, contextlib.ExitStack() as stack:
        mta.add_user("shop")

        def at_once(passwords, source):
            clients = [stack.enter_context(RawClient(mta.port, source=source)) for _ in passwords]
            for client in clients:
                client.ask("EHLO client.test")
            for client, password in zip(clients, passwords):
                client.send("AUTH PLAIN " + plain("shop", password) + "\r\n")
            return [client.reply()[:9] for client in clients]

        replies = at_once([f"wrong{n}" for n in range(95)] + [PASSWORD] * 5, "127.0.0.9")
        assert collections.Counter(replies) == {"535 5.7.8": 10, "421 4.7.0": 90}, replies
        assert "penstock_ingest_sign_in_failures_total 10" in mta.run_cli("metrics").stdout
        assert at_once([PASSWORD] * 50, "127.0.0.10") == ["235 2.7.0"] * 50


def test_scram_with_a_wrong_password_fails_like_an_unknown_user(tmp_path):
    with Submission(tmp_path) as mta:
        mta.add_user("shop")
        for user, password in (("shop", "wrong"), ("nobody", PASSWORD)):
            with RawClient(mta.port) as client:
                client.ask("EHLO client.test")
                assert Scram(user, password).talk(client).startswith("535 5.7.8")


def test_what_a_user_may(tmp_path):
    streams = 'route = "null"\n[[stream]]\nname = "news"\npool = "main"\nroute = "null"\n'
    other = ('[[vmta]]\nname = "v2"\nsource = ["127.0.0.1"]\nehlo = "v2.sender.test"\n'
             '[[pool]]\nname = "other"\nmembers = [{ vmta = "v2" }]\n')
    with Submission(tmp_path, stream=streams + other) as mta:
        mta.add_user("shop", "--sender-domains", "shop.test,*.shop.test", "--streams", "news",
                     "--recipients-per-day", "3", "--connections", "1")
        with mta.sign_in() as client:
            assert client.mail("a@evil.test") == (553, b"5.7.1 user shop may not send from this address; his domains "
                                                       b"are shop.test, *.shop.test")
            with pytest.raises(smtplib.SMTPDataError) as refused:
                client.sendmail("a@shop.test", ["b@receiver.test"], message(From="ceo@bank.test"))
            assert b"From field" in refused.value.smtp_error
            with pytest.raises(smtplib.SMTPDataError) as refused:
                client.sendmail("a@shop.test", ["b@receiver.test"],
                                message(From="a@shop.test", X_Penstock_Stream="default"))
            assert b"may not send in stream" in refused.value.smtp_error
            for label in ({"X_Penstock_VMTA": "v2"}, {"X_Virtual_MTA": "other"}, {"X_Penstock_Tenant": "bank"}):
                with pytest.raises(smtplib.SMTPDataError) as refused:
                    client.sendmail("a@shop.test", ["b@receiver.test"], message(From="a@shop.test", **label))
                assert refused.value.smtp_code == 554 and b"user shop may not send " in refused.value.smtp_error, label
            client.sendmail("a@sub.shop.test", ["b@receiver.test", "c@receiver.test"],
                            message(From="a@shop.test", X_Penstock_VMTA="v1"))
            assert {event["stream"] for event in mta.until_events("accepted", 2)} == {"news"}
            failed = client.sendmail("a@shop.test", ["b@receiver.test", "c@receiver.test"], message(From="a@shop.test"))
            assert failed["c@receiver.test"][0] == 452, failed
            with RawClient(mta.port) as second:
                second.ask("EHLO client.test")
                reply = second.ask("AUTH PLAIN " + plain("shop", PASSWORD))
                assert reply == "421 4.7.0 user shop has 1 connections already"
            # What an operator changes counts from the next message on.
            assert mta.run_cli("user", "set", "shop", "--disable").returncode == 0
            assert client.mail("a@shop.test")[0] == 421


def test_rate_is_held(tmp_path):
    with Submission(tmp_path) as mta:
        mta.add_user("shop", "--message-rate", "2/h")
        with mta.sign_in() as client:
            # A burst is a second's worth, and at least one.
            codes = [client.mail("a@shop.test")[0] for _ in range(2) if client.rset()]
        assert codes == [250, 450], codes


def test_stream_by_user(tmp_path):
    streams = ('route = "null"\n[[stream]]\nname = "alerts"\npool = "main"\nroute = "null"\n'
               'match = { auth_user = "alert-*" }\n')
    with Submission(tmp_path, stream=streams) as mta:
        mta.add_user("alert-1")
        with mta.sign_in("alert-1") as client:
            client.sendmail("a@sender.test", ["b@receiver.test"], message())
        mta.submit("a@sender.test", ["c@receiver.test"])
        events = {event["recipient"]: event for event in mta.until_events("accepted", 2)}
        assert events["b@receiver.test"]["stream"] == "alerts"
        assert events["c@receiver.test"]["stream"] == "default"
        assert "user" not in events["c@receiver.test"]


def test_users_are_managed_from_the_command_line(tmp_path):
    with Submission(tmp_path) as mta:
        assert "nobody can sign in" in mta.run_cli("user", "list").stdout
        shown = mta.add_user("shop", "--message-rate", "100/min", "--note", "the web shop")
        assert "100/min" in shown and PASSWORD not in shown
        assert mta.give("user add shop", "other").returncode == 1
        assert mta.give("user add other", "").returncode == 2
        assert mta.run_cli("user", "set", "shop").returncode == 2
        assert mta.run_cli("user", "show", "nobody").returncode == 1
        assert mta.give("user passwd shop", "other-password").returncode == 0
        with pytest.raises(smtplib.SMTPAuthenticationError):
            mta.sign_in()
        mta.sign_in(password="other-password").quit()
        mta.restart()
        mta.sign_in(password="other-password").quit()
        listed = mta.run_cli("user", "list").stdout
        assert "shop" in listed and "the web shop" in listed
        assert mta.run_cli("user", "remove", "shop").returncode == 0
        assert mta.cli("user", "list")["users"] == []
        assert "add user shop" in str(mta.events("admin"))


def test_no_secret_is_ever_written(tmp_path):
    # Whatever is told, logged or kept: neither a right nor a wrong password, in clear or coded.
    wrong = "wrong-but-telling"
    with Submission(tmp_path, node='log_level = "debug"') as mta:
        mta.add_user("shop")
        for user, password in (("shop", wrong), (wrong, "x"), ("shop", PASSWORD)):
            for mechanism in ("PLAIN", "LOGIN"):
                with RawClient(mta.port) as client:
                    client.ask("EHLO client.test")
                    if mechanism == "PLAIN":
                        client.ask("AUTH PLAIN " + plain(user, password))
                    else:
                        client.ask("AUTH LOGIN")
                        client.ask(coded(user))
                        client.ask(coded(password))
        with RawClient(mta.port) as client:
            client.ask("EHLO client.test")
            client.ask("AUTH PLAIN " + PASSWORD)
            client.ask("AUTH " + PASSWORD)
            client.ask("AUTH LOGIN")
            client.ask(PASSWORD)
        mta.until_events("rejected", 4, step="auth")
        outputs = [mta.run_cli("--json", *command.split()) for command in
                   ("user list", "user show shop", "events tail --last 5000", "status", "config show", "metrics")]
        told = "".join(done.stdout + done.stderr for done in outputs)
        mta.stop()
        told += mta.log()
        kept = b"".join(path.read_bytes() for path in mta.data.rglob("*") if path.is_file())
        for secret in (PASSWORD, wrong):
            for form in (secret, coded(secret), plain("shop", secret), secret[::-1]):
                assert form not in told, form
                assert form.encode() not in kept, form
        assert os.path.exists(mta.data / "state.db")
        until(lambda: mta.process.poll() is not None, "the end")
