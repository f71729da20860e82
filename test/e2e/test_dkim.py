# SPDX-License-Identifier: Apache-2.0
"""DKIM: signatures of others as `penstock dkim verify` sees them, and ours as others see them."""
import csv
import fnmatch
import json
import re
import subprocess

import pytest
from daemon import CLI
from simulator import ROOT, SLOW

CORPUS = ROOT.parent / "shared" / "corpus" / "dkim"
WITH_CORPUS = pytest.mark.skipif(not CORPUS.is_dir(), reason="the corpus of DKIM messages is not here")
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
