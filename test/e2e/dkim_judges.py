# SPDX-License-Identifier: Apache-2.0
"""Other people's verifiers of DKIM signatures: dkimpy, OpenDKIM's library, Mail::DKIM. Their packages are listed in
packaging/build-deps.txt, so one that does not work fails the test that asks for it.

    for name, judge in available("rsa2048"):
        assert judge(message_bytes, {"s1._domainkey.example.com": "v=DKIM1; p=…"}) == "pass"

A judge says "pass" or what is wrong with the first signature. Keys come from the dictionary, never from DNS.
"""
import ctypes
import json
import subprocess
import tempfile

import pytest

DKIMPY = r"""
import json, sys
import dkim
keys = json.loads(sys.argv[1])
def look_up(name, timeout=5):
    return keys.get(name.decode().rstrip("."), "").encode() or None
try:
    print("pass" if dkim.DKIM(sys.stdin.buffer.read()).verify(dnsfunc=look_up) else "fail")
except dkim.DKIMException as error:
    print(repr(error))
"""

MAIL_DKIM = r"""
use strict; use warnings;
use JSON::PP; use Mail::DKIM::Verifier; use Net::DNS;
my $keys = decode_json($ARGV[0]);
{ no warnings "redefine";
  *Mail::DKIM::DNS::query = sub {
    my ($name) = @_;
    my $text = $keys->{$name} or return;
    $text =~ s/(.{1,255})/"$1" /g;
    return Net::DNS::RR->new("$name. 60 IN TXT $text");
  }; }
binmode STDIN;
my $dkim = Mail::DKIM::Verifier->new;
while (<STDIN>) { $dkim->PRINT($_) }
$dkim->CLOSE;
print $dkim->result eq "pass" ? "pass" : $dkim->result_detail, "\n";
"""


def _run(command, message, keys):
    done = subprocess.run([*command, json.dumps(keys)], input=message, capture_output=True, timeout=120, check=False)
    assert done.returncode == 0, done.stderr.decode()
    return done.stdout.decode().strip()


def _dkimpy(message, keys):
    return _run(["/usr/bin/python3", "-c", DKIMPY], message, keys)


def _mail_dkim(message, keys):
    return _run(["perl", "-e", MAIL_DKIM], message, keys)


class _OpenDkim:
    """libopendkim through ctypes: its command line tool asks DNS only, the library reads keys from a file as well."""

    SET, QUERY_METHOD, QUERY_INFO, QUERY_FILE = 1, 6, 7, 1  # of its dkim.h

    def __init__(self):
        self.lib = ctypes.CDLL("libopendkim.so.11")
        pointer = ctypes.c_void_p
        self.lib.dkim_init.restype = pointer
        self.lib.dkim_init.argtypes = [pointer, pointer]
        self.lib.dkim_options.argtypes = [pointer, ctypes.c_int, ctypes.c_int, pointer, ctypes.c_size_t]
        self.lib.dkim_verify.restype = pointer
        self.lib.dkim_verify.argtypes = [pointer, ctypes.c_char_p, pointer, ctypes.POINTER(ctypes.c_int)]
        self.lib.dkim_chunk.argtypes = [pointer, ctypes.c_char_p, ctypes.c_size_t]
        self.lib.dkim_eom.argtypes = [pointer, pointer]
        self.lib.dkim_free.argtypes = [pointer]
        self.lib.dkim_close.argtypes = [pointer]
        self.lib.dkim_getresultstr.restype = ctypes.c_char_p
        self.lib.dkim_geterror.restype = ctypes.c_char_p
        self.lib.dkim_geterror.argtypes = [pointer]

    def __call__(self, message, keys):
        lib = self.lib.dkim_init(None, None)
        with tempfile.NamedTemporaryFile("w") as file:
            file.write("".join(f"{name} {record}\n" for name, record in keys.items()))
            file.flush()
            method = ctypes.c_int(self.QUERY_FILE)
            path = ctypes.create_string_buffer(file.name.encode())
            assert self.lib.dkim_options(lib, self.SET, self.QUERY_METHOD, ctypes.byref(method), 4) == 0
            assert self.lib.dkim_options(lib, self.SET, self.QUERY_INFO, path, len(path)) == 0
            status = ctypes.c_int(0)
            session = self.lib.dkim_verify(lib, b"test", None, ctypes.byref(status))
            result = status.value
            for i in range(0, len(message), 65536):
                result = result or self.lib.dkim_chunk(session, message[i:i + 65536], len(message[i:i + 65536]))
            result = result or self.lib.dkim_chunk(session, None, 0)
            result = result or self.lib.dkim_eom(session, None)
            why = self.lib.dkim_geterror(session)
            self.lib.dkim_free(session)
            self.lib.dkim_close(lib)
        if result == 0:
            return "pass"
        return f"{self.lib.dkim_getresultstr(result).decode()}: {(why or b'').decode()}"


def _must_work(package, command):
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        why = done.stderr if done.returncode else ""
    except FileNotFoundError as error:
        why = str(error)
    if why:
        pytest.fail(f"{package} of packaging/build-deps.txt does not work here: {why}")


def available(key_type):
    """Name and judge of those that know keys of this type. Debian 12's Mail::DKIM has no Ed25519 at all."""
    _must_work("python3-dkim", ["/usr/bin/python3", "-c", "import dkim, nacl.signing"])
    _must_work("libmail-dkim-perl", ["perl", "-MMail::DKIM::Verifier", "-MJSON::PP", "-MNet::DNS", "-e", "1"])
    try:
        open_dkim = _OpenDkim()
    except OSError as error:
        pytest.fail(f"opendkim-tools of packaging/build-deps.txt does not work here: {error}")
    judges = [("dkimpy", _dkimpy), ("OpenDKIM", open_dkim)]
    return judges if key_type == "ed25519" else [*judges, ("Mail::DKIM", _mail_dkim)]
