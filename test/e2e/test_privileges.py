# SPDX-License-Identifier: Apache-2.0
"""Root binds the ports, then the daemon is nobody special; the unit that starts it without root."""
import os
import pathlib
import pwd
import shutil
import socket
import subprocess

import pytest
from daemon import Daemon, message
from simulator import ROOT, SLOW
from test_receivers import ROOT_ONLY, fixture_outside  # noqa: F401

NOBODY = pwd.getpwnam("nobody")
UNIT = ROOT / "packaging" / "penstock.service"


class LowPort(Daemon):
    """A daemon that root starts on a port below 1024 and that becomes nobody."""

    def __init__(self, folder, **options):
        super().__init__(folder, node='user = "nobody"', stream='route = "null"', **options)
        for port in range(700, 1000):
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", port)) != 0:
                    self.port = port
                    break
        self.socket = str(self.folder / "run" / "admin.sock")
        self.write_config()


def status_of(process):
    """/proc/PID/status of every thread."""
    for thread in pathlib.Path(f"/proc/{process.pid}/task").iterdir():
        yield dict(line.split(":\t", 1) for line in (thread / "status").read_text().splitlines() if ":\t" in line)


@ROOT_ONLY
def test_root_is_given_up_once_the_port_is_bound(outside):
    with LowPort(outside) as mta:
        threads = list(status_of(mta.process))
        assert len(threads) > 3
        for status in threads:
            assert set(status["Uid"].split()) == {str(NOBODY.pw_uid)} and set(status["Gid"].split()) == {
                str(NOBODY.pw_gid)}, status["Name"]
            assert status["Groups"].strip() == "" and status["NoNewPrivs"] == "1"
            assert all(int(status[name], 16) == 0 for name in ("CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb"))
        if SLOW == 1:  # a sanitizer's tools read the process, so its build leaves these alone
            assert "Max core file size        0                    0" in \
                pathlib.Path(f"/proc/{mta.process.pid}/limits").read_text()
        mta.submit("a@sender.test", ["b@receiver.test"], message())
        mta.until_events("delivered", 1)
        assert mta.run_cli("reload").returncode == 0
        for path in [mta.data, *mta.data.rglob("*")]:
            facts = path.stat()
            assert facts.st_uid == NOBODY.pw_uid and facts.st_mode & 0o077 == 0, f"{path} {oct(facts.st_mode)}"
        mta.restart()


@ROOT_ONLY
def test_data_of_somebody_else_stops_the_start(outside):
    with LowPort(outside) as mta:
        mta.stop()
        os.chown(mta.data / "state.db", 0, 0)
        mta.spawn()
        assert mta.process.wait(30) == 1
        assert "state.db belongs to root" in mta.log() and f"chown -R nobody {mta.data}" in mta.log()


@ROOT_ONLY
def test_an_unknown_user_stops_the_start(tmp_path):
    mta = Daemon(tmp_path, node='user = "no-such-user"', stream='route = "null"')
    mta.spawn()
    assert mta.process.wait(30) == 1
    assert 'there is no user "no-such-user"' in mta.log()


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="systemd-analyze is not installed")
def test_the_unit_is_sound_and_tight(tmp_path):
    # The programs are elsewhere here than where the unit expects them.
    unit = tmp_path / "penstock.service"
    unit.write_text(UNIT.read_text().replace("/usr/local/sbin/penstockd", "/bin/true").replace(
        "Documentation=", "#Documentation="))
    verified = subprocess.run(["systemd-analyze", "verify", unit], capture_output=True, text=True, timeout=60,
                              check=False)
    assert verified.returncode == 0 and "penstock.service" not in verified.stderr, verified.stderr
    judged = subprocess.run(["systemd-analyze", "security", "--offline=yes", "--threshold=25", unit],
                            capture_output=True, text=True, timeout=60, check=False)
    assert judged.returncode == 0, judged.stdout[-600:]
