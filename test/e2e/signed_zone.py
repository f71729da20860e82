# SPDX-License-Identifier: Apache-2.0
"""A DNSSEC-signed zone on an NSD of its own, and certificates' TLSA records.

    with SignedZone(folder, "signed.test", records) as zone:     # records: lines of a zone file, names below the zone
        Daemon(..., extra=zone.dns())                            # asks NSD, and validates from the zone's key

Zones given as `unsigned` are served beside it and are not signed. `spoil` changes the text of the signed zone file
before it is served, so that its signatures no longer fit.
"""
import hashlib
import pathlib
import shutil
import socket
import subprocess

import pytest
from daemon import free_port, until


def spki_digest(certificate):
    """SHA-256 of a certificate's public key, as a TLSA record "3 1 1" wants it."""
    key = subprocess.run(["openssl", "x509", "-in", str(certificate), "-noout", "-pubkey"], check=True,
                         capture_output=True, timeout=60).stdout
    der = subprocess.run(["openssl", "pkey", "-pubin", "-outform", "DER"], input=key, check=True, capture_output=True,
                         timeout=60).stdout
    return hashlib.sha256(der).hexdigest()


class SignedZone:
    """NSD with one signed zone and perhaps unsigned ones."""

    HEAD = "$ORIGIN {zone}.\n$TTL 60\n@ SOA ns hostmaster 1 3600 600 86400 60\n@ NS ns\nns A 127.0.0.1\n"

    def __init__(self, folder, zone, records, unsigned=None, spoil=None):
        for program in ("nsd", "ldns-signzone", "ldns-keygen"):
            if not shutil.which(program):
                pytest.skip(f"{program} is not installed")
        self.folder, self.zone, self.port = pathlib.Path(folder), zone, free_port()
        self.folder.mkdir(parents=True, exist_ok=True)
        self.unsigned, self.spoil, self.process = unsigned or {}, spoil, None
        self.anchor = self.folder / "anchor.key"
        self.write(zone, records)
        for name, lines in self.unsigned.items():
            self.write(name, lines)
        self.sign()

    def write(self, zone, records):
        """One zone file."""
        (self.folder / zone).write_text(self.HEAD.format(zone=zone) + records)

    def run(self, *arguments):
        """One program; what it printed."""
        return subprocess.run(arguments, cwd=self.folder, check=True, stdin=subprocess.DEVNULL, capture_output=True,
                              text=True, timeout=60).stdout.strip()

    def sign(self):
        """Makes a key and signs with it."""
        key = self.run("ldns-keygen", "-a", "ECDSAP256SHA256", "-k", self.zone)
        self.run("ldns-signzone", self.zone, key)
        shutil.copy(self.folder / f"{key}.key", self.anchor)
        signed = self.folder / f"{self.zone}.signed"
        if self.spoil:
            text = signed.read_text()
            spoilt = self.spoil(text)
            assert spoilt != text
            signed.write_text(spoilt)

    def __enter__(self):
        zones = {self.zone: f"{self.zone}.signed", **{name: name for name in self.unsigned}}
        config = self.folder / "nsd.conf"
        config.write_text(f'server:\n  ip-address: 127.0.0.1@{self.port}\n  username: ""\n  chroot: ""\n'
                          f'  zonesdir: "{self.folder}"\n  database: ""\n  pidfile: ""\n  server-count: 1\n'
                          f'  xfrdfile: "{self.folder}/xfrd"\n  zonelistfile: "{self.folder}/zonelist"\n'
                          f'  xfrdir: "{self.folder}"\n  cookie-secret-file: "{self.folder}/cookie"\n'
                          'remote-control:\n  control-enable: no\n' +
                          "".join(f'zone:\n  name: "{name}"\n  zonefile: "{file}"\n' for name, file in zones.items()))
        with open(self.folder / "nsd.log", "wb") as log:
            self.process = subprocess.Popen(["nsd", "-d", "-c", str(config)], stdin=subprocess.DEVNULL, stdout=log,
                                            stderr=log)
        until(self.answers, lambda: f"NSD: {(self.folder / 'nsd.log').read_text()[-2000:]}")
        return self

    def answers(self):
        """Whether it takes connections."""
        assert self.process.poll() is None, (self.folder / "nsd.log").read_text()[-2000:]
        try:
            with socket.create_connection(("127.0.0.1", self.port), timeout=2):
                return True
        except OSError:
            return False

    def __exit__(self, *_):
        self.process.terminate()
        try:
            self.process.wait(20)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()

    def dns(self, more=""):
        """The [dns] table of a daemon that asks it."""
        signed = f'{{ zone = "{self.zone}", server = "127.0.0.1:{self.port}", dnssec = true }}'
        others = "".join(f', {{ zone = "{name}", server = "127.0.0.1:{self.port}" }}' for name in self.unsigned)
        return f'[dns]\ntrust_anchor_file = "{self.anchor}"\nstub = [{signed}{others}]\n{more}\n'
