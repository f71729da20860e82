# SPDX-License-Identifier: Apache-2.0
"""penstock preflight against a simulated internet: one where all is well, and one where nothing is."""
import json
import subprocess

import pytest
from daemon import CLI, free_port
from simulator import SLOW, Simulator
from test_tls import Certificates


def record(name, kind, value):
    """One [[record]] of a scenario."""
    return f"[[record]]\nname = {json.dumps(name)}\ntype = {json.dumps(kind)}\nvalue = {json.dumps(value)}\n"


ZONES = '[dns]\nttl = "1s"\nnegative_ttl = "1s"\nzones = ["test", "127.in-addr.arpa", %s]\n'

GOOD = ZONES % '"sender.test"' + """
[[receiver]]
name = "big"
addresses = ["127.6.0.1"]
[[receiver]]
name = "home"
host = "mta1.sender.test"
addresses = ["127.6.0.2"]
[[domain]]
name = "big.test"
receivers = ["big"]
[[domain]]
name = "bounces.sender.test"
receivers = ["home"]
""" + "".join([
    record("bounces.sender.test", "TXT", "v=spf1 include:_spf.sender.test -all"),
    record("_spf.sender.test", "TXT", "v=spf1 ip4:127.6.0.2 ip4:127.6.0.16/28 -all"),
    record("_dmarc.sender.test", "TXT", "v=DMARC1; p=reject; rua=mailto:dmarc@sender.test"),
    record("mta2.sender.test", "A", "127.6.0.17"),
    record("17.0.6.127.in-addr.arpa", "PTR", "mta2.sender.test"),
])

BAD = ZONES % '"bl.test"' + """
[[behaviour.grim.on]]
step = "rcpt"
recipient = "abuse@*"
reply = "550 5.1.1 no such user"
[[behaviour.blocking.on]]
step = "banner"
reply = "554 5.7.1 you are on our list, see https://big.test/why"
[[receiver]]
name = "home"
addresses = ["127.7.0.1"]
behaviour = "grim"
[[receiver]]
name = "big"
addresses = ["127.7.0.2"]
behaviour = "blocking"
[[domain]]
name = "big.test"
receivers = ["big"]
[[domain]]
name = "closed.test"
receivers = []
addresses = ["127.7.0.3"]
[[domain]]
name = "bounces.other.test"
receivers = ["home"]
[[domain]]
name = "sick.test"
receivers = []
dns = "servfail"
""" + "".join([
    record("15.0.7.127.in-addr.arpa", "PTR", "elsewhere.test"),
    record("elsewhere.test", "A", "127.7.0.99"),
    record("bounces.other.test", "TXT", "v=spf1 mx include:a.test include:nowhere.test -all"),
    record("a.test", "TXT", "v=spf1 ip4:192.0.2.1 -all"),
    record("14.0.7.127.bl.test", "A", "127.0.0.2"),
    record("14.0.7.127.bl.test", "TXT", "listed for spam traps"),
    record("s1._domainkey.sender.test", "TXT", "v=DKIM1; k=ed25519; p=11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo="),
])


class Preflight:
    """A simulator, and the configuration of a daemon that would live in it."""

    def __init__(self, folder, scenario):
        self.folder, self.port = folder, free_port()
        self.sim = Simulator(folder, scenario, port=self.port)
        self.config = folder / "penstock.toml"

    def write(self, text):
        dns = self.sim.addresses["dns"]
        zones = ", ".join(f'{{ zone = "{zone}", server = "{dns}" }}' for zone in ("test", "127.in-addr.arpa"))
        self.config.write_text(f"""
[node]
name = "mta1.sender.test"
data_dir = "{self.folder}/data"
[dns]
stub = [{zones}]
timeout = "5s"
[client]
mx_port = {self.port}
[tls]
dane = false  # DNSSEC is asked of the internet, which no test reaches
{text}""")

    def run(self, *arguments):
        return subprocess.run([CLI, "preflight", "--config", str(self.config), *arguments], capture_output=True, text=True,
                              timeout=60 * SLOW, check=False)

    def report(self, *arguments):
        """The report of --json, and its findings as {(group, check): [finding, …]}."""
        done = self.run("--json", *arguments)
        assert not done.stderr, done.stderr
        said = json.loads(done.stdout)
        assert done.returncode == (0 if said["ready"] else 1)
        found = {}
        for group in said["groups"]:
            for each in group["findings"]:
                found.setdefault((group["name"], each["check"]), []).append(each)
        return said, found


def make_key(folder, domain):
    done = subprocess.run([CLI, "dkim", "new", domain, "--selector", "s1", "--out", str(folder), "--json"],
                          capture_output=True, text=True, timeout=60 * SLOW, check=True)
    return json.loads(done.stdout)


@pytest.fixture(name="good")
def fixture_good(tmp_path):
    key = make_key(tmp_path, "sender.test")
    certificate, private = Certificates(tmp_path / "tls").make("mx", "DNS:mta1.sender.test", days="90")
    check = Preflight(tmp_path, GOOD + record(key["name"], "TXT", key["record"]))
    with check.sim:
        check.write(f"""
[[vmta]]
name = "v1"
source = "127.6.0.2"
ehlo = "mta1.sender.test"
[[vmta]]
name = "v2"
source = "127.6.0.17"
ehlo = "mta2.sender.test"
[[pool]]
name = "main"
members = [{{ vmta = "v1" }}, {{ vmta = "v2" }}]
[[pool]]
name = "second"
members = [{{ vmta = "v2" }}]
[[dkim]]
domain = "sender.test"
selector = "s1"
key_file = "{key["key_file"]}"
[[stream]]
name = "default"
pool = "main"
dkim = "from"
return_path = "b+{{ref}}@bounces.sender.test"
[[stream]]
name = "second"
pool = "second"
dkim = "from"
[[listener]]
address = "127.0.0.1:2525"
hostname = "mta1.sender.test"
tls = "starttls"
cert_file = "{certificate}"
key_file = "{private}"
[preflight]
blocklists = "bl.test"
reach_domains = "big.test"
timeout = "5s"
""")
        yield check


def test_all_is_well(good):
    said, found = good.report("--stream", "default")
    # Whether a time service runs is this machine's affair.
    wrong = [each for (_, check), all_of in found.items() for each in all_of if each["level"] != "pass" and check != "clock"]
    assert not wrong, json.dumps(wrong, indent=1)
    assert said["ready"] and said["failed"] == 0
    checks = {check for _, check in found}
    assert checks == {"clock", "source", "ptr", "ehlo", "reach", "blocklist", "spf", "spf-lookups", "dkim", "dmarc",
                      "alignment", "mx", "postmaster", "soa", "tls"}
    spf = found["bounces.sender.test", "spf"]
    assert [each["what"] for each in spf] == [
        "bounces.sender.test lets 127.6.0.17 send, by ip4:127.6.0.16/28 of _spf.sender.test",
        "bounces.sender.test lets 127.6.0.2 send, by ip4:127.6.0.2 of _spf.sender.test"]


def test_a_stream_is_checked_alone_and_text_ends_with_a_summary(good):
    said, _ = good.report("--stream", "second")
    assert [group["name"] for group in said["groups"] if group["kind"] == "vmta"] == ["v2"]
    done = good.run("--stream", "default")
    assert done.returncode == 0 and not done.stderr
    lines = done.stdout.splitlines()
    assert "vMTA v1 (127.6.0.2, mta1.sender.test)" in lines
    assert "  pass  ptr          127.6.0.2 is called mta1.sender.test, and that" in done.stdout
    assert " failed, in " in lines[-1] and lines[-1].endswith(("Ready to send.", "Ready, with warnings."))
    assert "pass" not in good.run("--stream", "default", "--problems").stdout.split("\n", 1)[0]


def test_a_sample_is_held_against_the_rules_of_its_stream(good):
    sample = good.folder / "sample.eml"
    sample.write_text("From: shop@sender.test\nDate: Thu, 01 Jan 2026 00:00:00 +0000\nMessage-ID: <1@sender.test>\n\nhello\n")
    said, found = good.report("--stream", "default", "--message", str(sample))
    assert said["ready"] and said["groups"][-2]["kind"] == "message", said["groups"]
    assert [each["level"] for each in found[str(sample), "message"]] == ["pass"]
    sample.write_text("From: shop@elsewhere.test\nSubject: one\nSubject: two\n\nhello\n")
    said, found = good.report("--stream", "second", "--message", str(sample), "--sender", "bounce@sender.test")
    told = {each["what"]: each["level"] for each in found[str(sample), "message"]}
    assert told == {"repeated-field: more than one Subject": "fail",
                    "dkim: no DKIM key signs for elsewhere.test or its organisation": "fail",
                    "envelope-domain: the envelope sender's domain, sender.test, is not of elsewhere.test's organisation":
                        "warn"}, told
    assert not said["ready"] and all(each["mend"] for each in found[str(sample), "message"])
    for wrong in (["--message", str(sample)], ["--sender", "a@sender.test"],
                  ["--stream", "default", "--message", str(good.folder / "none.eml")]):
        assert good.run(*wrong).returncode == 2, wrong


def test_what_cannot_be_used_is_said(good):
    done = good.run("--stream", "secnd")
    assert done.returncode == 2 and 'did you mean "second"?' in done.stderr
    good.config.write_text("[node]\nnam = 1\n")
    done = good.run()
    assert done.returncode == 2 and "did you mean \"name\"" in done.stderr


def test_everything_that_can_be_wrong_is_found(tmp_path):
    key = make_key(tmp_path, "sender.test")
    certificate, private = Certificates(tmp_path / "tls").make("mx", "DNS:other.test", days="90")
    check = Preflight(tmp_path, BAD)
    with check.sim:
        check.write(f"""
[[vmta]]
name = "nameless"
source = "127.7.0.14"
ehlo = "nobody.sender.test"
[[vmta]]
name = "misnamed"
source = "127.7.0.15"
ehlo = "elsewhere.test"
[[vmta]]
name = "absent"
source = "192.0.2.77"
ehlo = "absent"
[[pool]]
name = "main"
members = [{{ vmta = "nameless" }}, {{ vmta = "misnamed" }}, {{ vmta = "absent" }}]
[[dkim]]
domain = "sender.test"
selector = "s1"
key_file = "{key["key_file"]}"
[[dkim]]
domain = "operator.test"
selector = "s1"
key_file = "{tmp_path}/missing.pem"
[[stream]]
name = "default"
pool = "main"
match = {{ sender = ["@news.test"] }}
dkim = "operator.test"
return_path = "b+{{ref}}@bounces.other.test"
[[stream]]
name = "sick"
pool = "main"
match = {{ sender = ["@sick.test"] }}
[[stream]]
name = "own"
pool = "main"
match = {{ sender = ["@sender.test"] }}
dkim = "from"
[[listener]]
address = "127.0.0.1:2525"
hostname = "mta1.sender.test"
tls = "starttls"
cert_file = "{certificate}"
key_file = "{private}"
[preflight]
blocklists = "bl.test"
reach_domains = ["big.test", "closed.test"]
timeout = "5s"
""")
        said, found = check.report()
        text = check.run().stdout
    assert not said["ready"]
    expected = {
        ("nameless", "ptr"): "127.7.0.14 has no PTR record",
        ("nameless", "ehlo"): "the EHLO name nobody.sender.test has no address",
        ("nameless", "blocklist"): "127.7.0.14 is in bl.test (127.0.0.2): listed for spam traps",
        ("nameless", "reach"): "refused: 554 5.7.1 you are on our list",
        ("misnamed", "ptr"): "127.7.0.15 is called elsewhere.test, but that name does not lead back to it",
        ("absent", "source"): "192.0.2.77 is not an address of this machine",
        ("absent", "ehlo"): 'the EHLO name "absent" is no full domain name',
        ("bounces.other.test", "spf"): "include:nowhere.test leads nowhere",
        ("bounces.other.test", "postmaster"): "abuse@bounces.other.test is refused: 550 5.1.1 no such user",
        ("bounces.other.test", "soa"): "there is no zone other.test",
        ("operator.test", "dkim"): "missing.pem",
        ("sender.test", "dkim"): "DNS has a key of type ed25519, the file one of type rsa",
        ("news.test", "dmarc"): "there is no DMARC record at _dmarc.news.test",
        ("news.test", "alignment"): "neither fits news.test",
        ("sender.test", "mx"): "sender.test",
        ("sender.test", "spf"): "sender.test has no SPF record",
        ("127.0.0.1:2525", "tls"): "the certificate is for other.test, not for mta1.sender.test",
    }
    for (group, name), words in expected.items():
        failed = [each for each in found[group, name] if each["level"] == "fail" and words in each["what"]]
        assert failed, f"{group} {name}: no failure with {words!r} in {found[group, name]}"
        assert failed[0]["mend"] and failed[0]["why"]
    closed = [each["what"] for each in found["misnamed", "reach"] if "closed.test" in each["what"]]
    assert closed and "no connection" in closed[0]
    # What DNS cannot tell just now is no fault of the set-up.
    for name in ("spf", "mx", "soa"):
        assert [each["level"] for each in found["sick.test", name]] == ["warn"] * len(found["sick.test", name]), name
    assert ("absent", "reach") not in found
    assert "\n                           14.0.7.127.in-addr.arpa. IN PTR nobody.sender.test.\n" in text
    assert text.rstrip().endswith("Not ready: mend what failed before sending.")
