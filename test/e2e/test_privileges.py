# SPDX-License-Identifier: Apache-2.0
"""Root binds the ports, then the daemon is nobody special; the unit that starts it without root."""
import ctypes
import functools
import os
import pathlib
import platform
import pwd
import re
import shutil
import socket
import ssl
import struct
import subprocess

import pytest
import daemon
from daemon import Daemon, free_port, message
from simulator import ROOT, SLOW, Simulator
from test_receivers import ROOT_ONLY, fixture_outside  # noqa: F401
from test_recording import ACCOUNTING
from test_relay import SINK, relay
from test_tls import Certificates, listener_tls

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


def test_state_that_others_can_read_is_made_private(tmp_path):
    with Daemon(tmp_path, stream='route = "null"') as mta:
        mta.stop()
        (mta.data / "state.db-wal").touch()
        for name in ("state.db", "state.db-wal"):
            (mta.data / name).chmod(0o666)
        mta.data.chmod(0o755)
        mta.start()
        for name in ("state.db", "state.db-wal", "state.db-shm"):
            assert (mta.data / name).stat().st_mode & 0o777 == 0o600, name
        assert "state.db had mode 0666 and is 0600 now" in mta.log()
        assert f"the folder {mta.data} has mode 0755" in mta.log()


@ROOT_ONLY
def test_root_without_a_user_is_a_trouble(tmp_path):
    with Daemon(tmp_path, stream='route = "null"') as mta:
        trouble, = (trouble for trouble in mta.cli("status")["troubles"] if trouble["part"] == "process")
        assert "runs as root" in trouble["message"] and "node.user" in trouble["hint"]
        assert "node.user" in mta.run_cli("status").stdout


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


# The unit's filter of system calls, without systemd.

NUMBERS = pathlib.Path("/usr/include/x86_64-linux-gnu/asm/unistd_64.h")
AUDIT_ARCH_X86_64, SECCOMP_RET_KILL_PROCESS, SECCOMP_RET_ALLOW = 0xC000003E, 0x80000000, 0x7FFF0000
PR_SET_NO_NEW_PRIVS, PR_SET_SECCOMP, SECCOMP_MODE_FILTER = 38, 22, 2


def calls_of(name):
    """The system calls that a word of SystemCallFilter= means."""
    if not name.startswith("@"):
        return {name}
    listed = subprocess.run(["systemd-analyze", "syscall-filter", name], capture_output=True, text=True, timeout=60,
                            check=True).stdout
    words = [line.strip() for line in listed.splitlines()[1:]]
    return set().union(*(calls_of(word) for word in words if word and not word.startswith("#")))


def calls_of_unit():
    """What the unit lets through: its lines one after the other, "~" takes away. systemd itself adds what starts a
    program."""
    allowed = calls_of("@default") | {"execve"}
    for line in re.findall(r"^SystemCallFilter=(.*)$", UNIT.read_text(), re.M):
        words = set().union(*(calls_of(word) for word in line.lstrip("~").split()))
        allowed = allowed - words if line.startswith("~") else allowed | words
    return allowed


class Program(ctypes.Structure):
    """struct sock_fprog"""
    _fields_ = [("length", ctypes.c_ushort), ("filter", ctypes.c_char_p)]


def filter_of(allowed):
    """A classic BPF program that kills the process at a call that is not allowed. The unit answers EPERM, which the
    daemon might not notice."""
    numbers = {name: int(number) for name, number in re.findall(r"#define __NR_(\w+) (\d+)", NUMBERS.read_text())}
    wanted = sorted(numbers[name] for name in allowed if name in numbers)
    load, jump_equal, give = 0x20, 0x15, 0x06
    code = [(load, 0, 0, 4), (jump_equal, 1, 0, AUDIT_ARCH_X86_64), (give, 0, 0, SECCOMP_RET_KILL_PROCESS), (load, 0, 0, 0)]
    for number in wanted:
        code += [(jump_equal, 0, 1, number), (give, 0, 0, SECCOMP_RET_ALLOW)]
    code.append((give, 0, 0, SECCOMP_RET_KILL_PROCESS))
    return b"".join(struct.pack("HBBI", *line) for line in code)


def confine(program):
    """In the child, before the daemon: nobody, and under the filter."""
    libc = ctypes.CDLL(None, use_errno=True)
    os.setgroups([])
    os.setgid(NOBODY.pw_gid)
    os.setuid(NOBODY.pw_uid)
    libc.prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)
    given = Program(len(program) // 8, program)
    if libc.prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, ctypes.byref(given)) != 0:
        os._exit(97)


class Confined(Daemon):
    """A daemon as the unit starts it: nobody special, and with its system calls only."""

    def spawn(self):
        with open(self.log_file, "ab") as log:
            self.process = subprocess.Popen([self.program, "--config", str(self.config_file)], stdin=subprocess.DEVNULL,
                                            stdout=log, stderr=log, env=self.env,
                                            preexec_fn=functools.partial(confine, filter_of(calls_of_unit())))


@ROOT_ONLY
@pytest.mark.release_only  # sanitizers want calls of their own
@pytest.mark.skipif(shutil.which("systemd-analyze") is None or platform.machine() != "x86_64" or not NUMBERS.exists() or
                    not pathlib.Path("/proc/sys/kernel/seccomp").exists(), reason="no seccomp here")
def test_the_units_system_calls_are_enough(outside):
    assert "setpriority" in calls_of_unit() and "ptrace" not in calls_of_unit() and "nice" not in calls_of_unit()
    pair = Certificates(outside / "tls").make("mta", "IP:127.0.0.1")
    program = shutil.copy(daemon.DAEMON, outside)
    page = free_port()
    with Simulator(outside, SINK) as sim:
        mta = Confined(outside, listener=listener_tls(pair), stream=relay(sim), extra=ACCOUNTING +
                       f'[unsubscribe]\naddress = "127.0.0.1:{page}"\n[events]\nsegment_size = "1 MiB"\n')
        mta.program = program
        for path in [outside, *outside.rglob("*")]:
            os.chown(path, NOBODY.pw_uid, NOBODY.pw_gid)
        with mta:
            assert next(status_of(mta.process))["Seccomp"].strip() == "2"
            context = ssl.create_default_context(cafile=outside / "tls" / "ca.pem")
            with mta.client() as client:
                client._host = "127.0.0.1"
                client.starttls(context=context)
                client.ehlo()
                client.sendmail("a@sender.test", ["b@receiver.test"], message())
            mta.until_events("delivered", 1)
            assert mta.run_cli("reload").returncode == 0
            with socket.create_connection(("127.0.0.1", page), timeout=20) as link:
                link.sendall(b"GET / HTTP/1.1\r\nHost: u\r\nConnection: close\r\n\r\n")
                assert link.recv(12) == b"HTTP/1.1 404"
            mta.restart()
            assert mta.cli("status")["queue"]["total"] == 0
