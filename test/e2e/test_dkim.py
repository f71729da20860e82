# SPDX-License-Identifier: Apache-2.0
"""DKIM: signatures of others as `penstock dkim verify` sees them, and ours as others see them."""
import contextlib
import csv
import fnmatch
import json
import re
import socketserver
import subprocess
import threading

import dkim_judges
import pytest
from daemon import CLI, DAEMON, Daemon, message, until
from simulator import ROOT, SLOW

CORPUS = ROOT.parent / "shared" / "corpus" / "dkim"
WITH_CORPUS = pytest.mark.skipif(not CORPUS.is_dir(), reason="../shared/corpus/dkim is not here; its messages are verified where it is")
NOT_PASSED = {"fail": ("fail", "policy", "permerror"), "invalid": ("permerror", "temperror")}


def penstock(*arguments, stdin=None):
    return subprocess.run([CLI, *map(str, arguments)], input=stdin, capture_output=True, timeout=60 * SLOW, check=False)


def verify(path, keys, *more):
    """What it says of one message; the exit status agrees with it."""
    done = penstock("dkim", "verify", path, "--keys", keys, "--json", *more)
    assert not done.stderr, done.stderr
    said = json.loads(done.stdout)
    assert (done.returncode == 0) == (said["result"] == "pass")
    return said


def deviations():
    """The rows of the table in docs/dkim.md: pattern, expected, result, result with --historic."""
    rows = re.findall(r"^\| `([a-z-]+/[^`]+)` \| ([a-z ]+) \| (\w+) \| (\w+) \| .+ \|$",
                      (ROOT / "docs" / "dkim.md").read_text(), re.MULTILINE)
    assert len(rows) > 10
    return rows


def corpus_rows():
    with open(CORPUS / "manifest.tsv", encoding="utf-8") as file:
        return list(csv.DictReader(file, delimiter="\t"))


def unpacked(row, tmp_path):
    """Message and key file; some messages carry their keys before them."""
    path = CORPUS / row["file"]
    if not row["dns_file"].startswith("in the file"):
        return path, CORPUS / row["dns_file"]
    keys, message = path.read_bytes().split(b"\n\n", 1)
    (tmp_path / "keys").write_bytes(keys)
    (tmp_path / "message").write_bytes(message)
    return tmp_path / "message", tmp_path / "keys"


@WITH_CORPUS
def test_messages_of_others_give_what_they_expect_or_what_the_table_says(tmp_path):
    table, used, wrong = deviations(), set(), []
    for row in corpus_rows():
        message, keys = unpacked(row, tmp_path)
        result = verify(message, keys)["result"]
        expected = row["expected_result"]
        deviation = next((line for line in table if fnmatch.fnmatch(row["file"], line[0])), None)
        if deviation:
            used.add(deviation)
            got = (expected, result, verify(message, keys, "--historic")["result"])
            good = got == deviation[1:]
        else:
            good = expected in ("", "error") or result in NOT_PASSED.get(expected, ("pass",))
        if not good:
            wrong.append((row["file"], expected, result, deviation))
    assert not wrong
    assert used == set(table), "the table in docs/dkim.md has rows for nothing"


@WITH_CORPUS
def test_expired_signature_passes_as_of_its_time(tmp_path):
    row = next(row for row in corpus_rows() if row["file"] == "stalwart-mail-auth/005.txt")
    message, keys = unpacked(row, tmp_path)
    said = verify(message, keys)
    assert said["result"] == "fail" and "expired" in said["signatures"][0]["reason"]
    assert verify(message, keys, "--at", "2022-11-07T18:00:00Z")["result"] == "pass"


@WITH_CORPUS
def test_received_field_tells_the_time(tmp_path):
    message, keys = next(CORPUS.glob("dkim_verifier/Fastmail*")), CORPUS / "dns" / "dkim_verifier.dns"
    assert verify(message, keys)["as_of"] == "2023-10-23T21:05:27.000Z"
    assert verify(message, keys)["result"] == "pass"
    assert verify(message, keys, "--at", "now")["result"] != "pass"


def test_what_cannot_be_read_is_said(tmp_path):
    done = penstock("dkim", "verify", tmp_path / "nothing")
    assert done.returncode == 1 and b"cannot be read" in done.stderr
    (tmp_path / "message").write_text("From: a@b.example\n\nhello\n")
    done = penstock("dkim", "verify", tmp_path / "message", "--at", "tomorrow")
    assert done.returncode == 2 and b"not a time" in done.stderr
    assert penstock("dkim", "verify", "-", stdin=b"From: a@b.example\n\nhello\n").stdout == b"-: none\n"


TYPES = ("rsa2048", "rsa3072", "rsa4096", "ed25519")
WAYS = ("relaxed/relaxed", "relaxed/simple", "simple/relaxed", "simple/simple")
HEADER = ("From: The Shop <news@shop.test>\r\nTo: a@one.test,\r\n\tb@two.test,\r\n  c@three.test\r\n"
          "Subject:  =?utf-8?q?Gr=C3=BC=C3=9Fe?=\r\n from  us \r\nDate: Fri, 02 Jan 2026 03:04:05 +0000\r\n"
          "Message-ID: <1@shop.test>\r\nMIME-Version: 1.0\r\nContent-Type: text/plain; charset=utf-8\r\n"
          "Content-Transfer-Encoding: 8bit\r\nList-Unsubscribe: <https://shop.test/u/1>\r\n"
          "List-Unsubscribe-Post: List-Unsubscribe=One-Click\r\nList-Id: <l.shop.test>\r\n").encode()
MESSAGES = {
    "plain": HEADER + b"\r\nHello  there \r\n\r\n.\r\n..dots\r\n",
    "eight-bit": HEADER + "\r\nGr\u00fc\u00dfe\taus  K\u00f6ln \t\r\n\r\n\r\n".encode(),
    "latin-1 in header and body": HEADER + b"X-Note: gr\xfc\xdfe\r\n\r\n\xe4\xf6\xfc\r\n",
    "empty body": HEADER + b"\r\n",
    "empty lines": HEADER + b"\r\n\r\n\r\n \t\r\n\r\n",
    "no end of the last line": HEADER + b"\r\nHello",
    "empty and folded fields": HEADER + b"Reply-To:\r\n \r\nCc: \r\n x@y.test\r\nSender:z@shop.test\r\n\r\nHello\r\n",
    "other blanks in the header": HEADER + b"Reply-To: \x0bone \x0c two\x0b@x.test\x0c\r\n\r\nHello\r\n",
    "other blanks in the body": HEADER + b"\r\n\x0c Hello \x0b there\x0c\r\n\x0b\r\n",
    "fields twice": HEADER + b"Subject: again\r\nTo: d@four.test\r\n\r\nHello\r\n",
}


class Keys:
    """Key pairs made by `penstock dkim new`, one of each type, for shop.test; the type is the selector."""

    def __init__(self, folder):
        self.folder, self.records = folder, {}

    def file(self, kind):
        path = self.folder / f"shop.test.{kind}.pem"
        if not path.exists():
            done = penstock("dkim", "new", "shop.test", "--selector", kind, "--type", kind, "--out", self.folder, "--json")
            assert done.returncode == 0, done.stderr
            made = json.loads(done.stdout)
            assert made["key_file"] == str(path) and path.stat().st_mode & 0o777 == 0o600
            self.records[made["name"]] = made["record"]
            with open(self.folder / "zone", "a", encoding="ascii") as zone:
                zone.write(made["zone_line"] + "\n")
        return path

    def sign(self, kind, message, *more):
        path = self.file(kind)
        done = penstock("dkim", "sign", "-", "--key", path, "--domain", "shop.test", "--selector", kind, *more,
                        stdin=message)
        assert done.returncode == 0, done.stderr
        assert done.stdout.endswith(message) and done.stdout.startswith(b"DKIM-Signature: ")
        return done.stdout


@pytest.fixture(name="keys", scope="module")
def fixture_keys(tmp_path_factory):
    return Keys(tmp_path_factory.mktemp("keys"))


def test_made_keys_are_checked_against_what_is_published(keys, tmp_path):
    for kind in TYPES:
        keys.file(kind)
    for kind in TYPES:
        check = ["dkim", "check", "shop.test", "--selector", kind, "--keys", keys.folder / "zone", "--key"]
        assert penstock(*check, keys.file(kind)).returncode == 0
        other = keys.file("rsa3072" if kind == "rsa2048" else "rsa2048")
        done = penstock(*check, other, "--json")
        assert done.returncode == 1 and "DNS has" in json.loads(done.stdout)["problem"]
    assert penstock("dkim", "check", "shop.test", "--selector", "none", "--keys", keys.folder / "zone", "--key",
                    keys.file("ed25519")).returncode == 1
    (tmp_path / "two").write_text((keys.folder / "zone").read_text() + "ed25519._domainkey.shop.test v=DKIM1; p=\n")
    done = penstock("dkim", "check", "shop.test", "--selector", "ed25519", "--keys", tmp_path / "two", "--key",
                    keys.file("ed25519"))
    assert done.returncode == 1 and b"there are 2 TXT records" in done.stdout


def test_a_key_for_reports_of_tls_is_for_nothing_else(tmp_path):
    made = json.loads(penstock("dkim", "new", "shop.test", "--selector", "r1", "--type", "ed25519", "--service", "tlsrpt",
                               "--out", tmp_path, "--json").stdout)
    assert "; s=tlsrpt;" in made["record"]
    (tmp_path / "zone").write_text(made["zone_line"] + "\n")
    check = ["dkim", "check", "shop.test", "--selector", "r1", "--keys", tmp_path / "zone", "--key", made["key_file"]]
    assert penstock(*check, "--service", "tlsrpt").returncode == 0
    done = penstock(*check)
    assert done.returncode == 1 and b"not for mail (s=)" in done.stdout


def test_keys_of_the_configuration_are_checked_by_their_dates(keys, tmp_path):
    for kind in TYPES:
        keys.file(kind)
    dates = {"rsa2048": "", "ed25519": 'sign = "2999-01-01"', "rsa3072": 'publish = "2999-01-01"',
             "rsa4096": 'retire = "2020-01-01"'}
    config = tmp_path / "penstock.toml"
    config.write_text("".join(f"""[[dkim]]
domain = "shop.test"
selector = "{kind}"
key_file = "{keys.file(kind)}"
{more}
""" for kind, more in dates.items()) + """[[vmta]]
name = "v1"
[[pool]]
name = "main"
members = [{ vmta = "v1" }]
[[stream]]
name = "default"
pool = "main"
""")

    def check(zone, *more):
        (tmp_path / "zone").write_text(zone)
        return penstock("dkim", "check", "shop.test", "--config", config, "--keys", tmp_path / "zone", *more)

    zone = (keys.folder / "zone").read_text()
    done = check(zone, "--json")
    said = json.loads(done.stdout)
    assert done.returncode == 0 and said["ok"], done
    assert {row["name"].split(".")[0]: row["state"] for row in said["keys"]} == {
        "rsa2048": "signs", "ed25519": "waits", "rsa3072": "unpublished", "rsa4096": "retired"}
    # One that does not sign yet may be missing; one that signs may not.
    done = check("".join(line for line in zone.splitlines(True) if line.startswith("rsa2048.")))
    assert done.returncode == 0 and b"(it does not sign yet)" in done.stdout, done
    done = check("".join(line for line in zone.splitlines(True) if not line.startswith("rsa2048.")))
    assert done.returncode == 1 and b"wanted: " in done.stdout, done
    done = penstock("dkim", "check", "other.test", "--config", config, "--keys", tmp_path / "zone")
    assert done.returncode == 1 and b"has no [[dkim]] key of other.test" in done.stderr
    assert penstock("dkim", "check", "shop.test", "--selector", "s1").returncode == 2


def test_key_is_never_replaced_and_loose_modes_are_refused(keys, tmp_path):
    arguments = ("dkim", "new", "shop.test", "--selector", "s1", "--type", "ed25519", "--out", tmp_path)
    assert penstock(*arguments).returncode == 0
    path = tmp_path / "shop.test.s1.pem"
    before = path.read_bytes()
    done = penstock(*arguments)
    assert done.returncode == 1 and b"never replaced" in done.stderr and path.read_bytes() == before
    path.chmod(0o644)
    done = penstock("dkim", "sign", "-", "--key", path, "--domain", "shop.test", "--selector", "s1",
                    stdin=MESSAGES["plain"])
    assert done.returncode == 1 and b"mode 0644" in done.stderr and b"chmod 0600" in done.stderr
    done = penstock("dkim", "sign", "-", "--key", keys.file("ed25519"), "--domain", "shop.test", "--selector", "s1",
                    stdin=b"Subject: x\r\n\r\nhello\r\n")
    assert done.returncode == 1 and b"has no From field" in done.stderr


@pytest.mark.parametrize("kind", TYPES)
def test_what_we_sign_verifies_elsewhere(keys, kind):
    judges = dkim_judges.available(kind)
    for way in WAYS if kind in ("rsa2048", "ed25519") else WAYS[:1]:
        some = MESSAGES if way in ("relaxed/relaxed", "simple/simple") else ("eight-bit", "empty body")
        for name in some:
            message = MESSAGES[name]
            signed = keys.sign(kind, message, "--canonicalization", way, "--identity", "news@shop.test", "--expire", "7d",
                               "--headers", "X-Note")
            # SMTP ends the last line where the message does not.
            arrived = signed if signed.endswith(b"\r\n") else signed + b"\r\n"
            said = {who: judge(arrived, keys.records) for who, judge in judges}
            assert set(said.values()) == {"pass"}, (name, way, said)
            assert penstock("dkim", "verify", "-", "--keys", keys.folder / "zone", stdin=signed).returncode == 0


@pytest.mark.parametrize("kind", ("rsa2048", "ed25519"))
def test_ten_mebibytes_verify_elsewhere(keys, kind):
    judges = dkim_judges.available(kind)
    line = "Gr\u00fc\u00dfe  aus K\u00f6ln, number {} \r\n".encode()
    body = b"".join(line.replace(b"{}", b"%d" % i) for i in range(1 + 10 * 2 ** 20 // (len(line) + 3)))
    assert len(body) > 10 * 2 ** 20
    signed = keys.sign(kind, HEADER + b"\r\n" + body, "--canonicalization", "relaxed/relaxed")
    for who, judge in judges:
        assert judge(signed, keys.records) == "pass", who
        assert judge(signed[:-20] + b"x" + signed[-19:], keys.records) != "pass", who


class Receiver(socketserver.StreamRequestHandler):
    """One SMTP session; `answers` of the server replaces answers by verb, `mails` keeps what was sent."""

    def handle(self):
        def say(text):
            self.wfile.write(text.encode() + b"\r\n")
        say("220 sink")
        for line in self.rfile:
            verb = line.split()[0].upper().decode() if line.split() else ""
            answer = self.server.answers.get(verb)
            if verb == "EHLO":
                say("250-sink\r\n250-PIPELINING\r\n250-CHUNKING\r\n250-8BITMIME\r\n250 SIZE 20000000")
            elif verb == "QUIT":
                return say("221 bye")
            elif verb == "DATA" and answer is None:
                say("354 go")
                lines = iter(self.rfile.readline, b".\r\n")
                self.server.mails.append(b"".join(line[1:] if line.startswith(b".") else line for line in lines))
                say("250 2.0.0 ok")
            else:
                say(answer or "250 2.0.0 ok")


@contextlib.contextmanager
def sink():
    """A receiver on a free port that keeps whole messages."""
    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), Receiver) as server:
        server.daemon_threads, server.mails, server.answers = True, [], {}
        threading.Thread(target=server.serve_forever, daemon=True).start()
        try:
            yield server
        finally:
            server.shutdown()


def signing(server, files, domains='["from"]'):
    """Parts of a configuration: a stream that signs and relays to the sink, and its keys."""
    keys = "".join(f'[[dkim]]\ndomain = "shop.test"\nselector = "{kind}"\nkey_file = "{path}"\n'
                   for kind, path in files.items())
    return {"stream": f'dkim = {domains}\nroute = {{ relay = ["127.0.0.1:{server.server_address[1]}"] }}', "extra": keys}


def counted(mta, name):
    """The value of one metric."""
    return float(re.search(rf"^{name} (.+)$", mta.run_cli("metrics").stdout, re.MULTILINE).group(1))


def test_daemon_signs_what_it_relays(keys, tmp_path):
    files = {kind: keys.file(kind) for kind in ("rsa2048", "ed25519")}
    with sink() as server, Daemon(tmp_path, **signing(server, files)) as mta:
        text = message("Gr\u00fc\u00dfe  \r\n.\r\n..\r\n \r\n\r\n", From="News <news@shop.test>",
                       List_Unsubscribe="<https://shop.test/u>").encode()
        mta.submit("bounces@shop.test", ["a@one.test", "b@one.test"], text)
        mta.until_events("delivered", 2)
        assert counted(mta, "penstock_dkim_signatures_total") == 2 * len(server.mails)
        assert counted(mta, "penstock_dkim_wasted_total") == 0
        for mail in server.mails:
            assert penstock("dkim", "verify", "-", "--keys", keys.folder / "zone", stdin=mail).returncode == 0
            fields = re.findall(rb"DKIM-Signature:.*?\r\n(?![ \t])", mail, re.DOTALL)
            assert len(fields) == 2
            for field in fields:
                kind = re.search(rb"s=(\w+);", field).group(1).decode()
                rest = mail.replace(fields[1] if field == fields[0] else fields[0], b"")
                for who, judge in dkim_judges.available(kind):
                    assert judge(rest, keys.records) == "pass", (who, kind)


def test_refused_recipients_cost_no_signature(keys, tmp_path):
    with sink() as server, Daemon(tmp_path, **signing(server, {"rsa2048": keys.file("rsa2048")})) as mta:
        server.answers["RCPT"] = "550 5.1.1 nobody"
        for i in range(50):
            mta.submit("", [f"r{i}@one.test"], message(From="news@shop.test"))
        mta.until_events("bounced", 50)
        assert counted(mta, "penstock_dkim_signatures_total") == 0
        server.answers.clear()
        mta.submit("", ["a@one.test"], message(From="news@shop.test"))
        mta.until_events("delivered", 1)
        assert counted(mta, "penstock_dkim_signatures_total") == 1
        assert counted(mta, "penstock_dkim_unsigned_total") == 0


def test_reload_changes_the_key_while_mail_flows(keys, tmp_path):
    old, new = ({kind: keys.file(kind)} for kind in ("rsa2048", "ed25519"))
    with sink() as server, Daemon(tmp_path, **signing(server, old)) as mta:
        mta.submit("", ["a@one.test"], message(From="news@shop.test"))
        mta.until_events("delivered", 1)
        mta.write_config(**signing(server, new))
        assert mta.run_cli("reload").returncode == 0
        until(lambda: mta.submit("", ["a@one.test"], message(From="news@shop.test")) or b"s=ed25519;" in server.mails[-1],
              "a signature with the new key", pause=0.2)
        assert b"s=rsa2048;" in server.mails[0]
        new["ed25519"] = tmp_path / "nothing.pem"
        mta.write_config(**signing(server, new))
        done = mta.run_cli("reload")
        assert done.returncode == 1 and "nothing.pem: cannot be read" in done.stdout + done.stderr
        count = len(server.mails)
        mta.submit("", ["a@one.test"], message(From="news@shop.test"))
        until(lambda: len(server.mails) > count, "mail after the refused reload")
        assert b"s=ed25519;" in server.mails[-1]


def test_daemon_refuses_loose_keys(tmp_path):
    assert penstock("dkim", "new", "shop.test", "--selector", "s1", "--type", "ed25519", "--out",
                    tmp_path).returncode == 0
    path = tmp_path / "shop.test.s1.pem"
    path.chmod(0o644)
    with sink() as server:
        mta = Daemon(tmp_path, **signing(server, {"s1": path}))
        done = subprocess.run([DAEMON, "--config", str(mta.config_file)], capture_output=True, text=True, timeout=20 * SLOW,
                              check=False)
    assert done.returncode != 0
    assert f"{path}: has mode 0644" in done.stderr + done.stdout and "chmod 0600" in done.stderr + done.stdout
