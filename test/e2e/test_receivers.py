# SPDX-License-Identifier: Apache-2.0
"""Real mail servers as receivers: Postfix (a private instance) and OpenSMTPD (unpacked by tools/fetch_opensmtpd)."""
import email
import email.policy
import os
import pathlib
import pwd
import shutil
import signal
import socket
import subprocess
import sys
import tempfile

import pytest
from daemon import Daemon, free_port, message, until
from simulator import ROOT, SLOW
from test_relay import send

sys.path.insert(0, str(ROOT / "bench" / "relay"))

ROOT_ONLY = pytest.mark.skipif(os.geteuid() != 0, reason="starting a mail server needs root")


def greets(port):
    """Whether a mail server answers there."""
    try:
        with socket.create_connection(("127.0.0.1", port), timeout=2) as link:
            return link.recv(4) == b"220 "
    except OSError:
        return False


class PostfixReceiver:
    """A private Postfix that delivers box@* into mbox files and refuses nobody@*."""

    SERVICES = """pickup unix n n 60 1; cleanup unix n n - 0; qmgr unix n n 300 1; rewrite unix - n - - trivial-rewrite;
        bounce unix - n - 0; defer unix - n - 0 bounce; trace unix - n - 0 bounce; verify unix - n - 1;
        flush unix n n 1000? 0; proxymap unix - n - -; smtp unix - n - 10; showq unix n n - -; error unix - n - -;
        retry unix - n - - error; discard unix - n - -; virtual unix - n - -; anvil unix - n - 1;
        tlsmgr unix - n 1000? 1; postlog unix-dgram n n - 1 postlogd"""

    def __init__(self, folder):
        if not shutil.which("postfix"):
            pytest.skip("postfix is not installed")
        self.base, self.port = folder, free_port()
        self.boxes = folder / "boxes"

    def __enter__(self):
        for name in ("etc", "queue", "data", "log", "boxes"):
            (self.base / name).mkdir(parents=True)
        shutil.chown(self.base / "data", "postfix")
        owner = pwd.getpwnam("nobody")
        os.chown(self.boxes, owner.pw_uid, owner.pw_gid)
        (self.base / "etc" / "boxes").write_text("box@box.test all\n")
        (self.base / "etc" / "refused").write_text("/^nobody/ 550 5.1.1 nobody of that name\n"
                                                   "/^later/ 451 4.3.0 come back\n")
        settings = {
            "compatibility_level": "3.6", "queue_directory": self.base / "queue", "data_directory": self.base / "data",
            "maillog_file": self.base / "log/maillog", "maillog_file_prefixes": self.base, "mail_owner": "postfix",
            "setgid_group": "postdrop", "command_directory": "/usr/sbin", "daemon_directory": "/usr/lib/postfix/sbin",
            "myhostname": "postfix.test", "mydestination": "", "mynetworks": "127.0.0.0/8",
            "inet_interfaces": "127.0.0.1", "inet_protocols": "ipv4", "alias_maps": "",
            "virtual_mailbox_domains": "box.test", "virtual_mailbox_base": self.boxes,
            "virtual_mailbox_maps": "static:all",
            "virtual_uid_maps": f"static:{owner.pw_uid}", "virtual_gid_maps": f"static:{owner.pw_gid}",
            "virtual_mailbox_limit": "0", "virtual_minimum_uid": "1",
            "smtpd_recipient_restrictions":
            f"check_recipient_access regexp:{self.base}/etc/refused, permit_mynetworks, reject",
            "smtpd_peername_lookup": "no", "smtpd_tls_security_level": "none", "smtp_dns_support_level": "disabled",
            "smtp_host_lookup": "native", "in_flow_delay": "0"}
        (self.base / "etc/main.cf").write_text("".join(f"{key} = {value}\n" for key, value in settings.items()))
        lines = [f"127.0.0.1:{self.port} inet n - n - 20 smtpd"]
        for service in self.SERVICES.split(";"):
            name, kind, private, chroot, wakeup, limit, *command = service.split()
            unprivileged = "n" if name == "virtual" else "-"
            lines.append(" ".join([name, kind, private, unprivileged, chroot, wakeup, limit, *(command or [name])]))
        (self.base / "etc/master.cf").write_text("\n".join(lines) + "\n")
        self.postfix("start")
        until(lambda: greets(self.port), lambda: f"Postfix: {self.log()}", 30)
        return self

    def postfix(self, command):
        """One of postfix's commands."""
        subprocess.run(["postfix", "-c", str(self.base / "etc"), command], stdin=subprocess.DEVNULL,
                       stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, timeout=60 * SLOW, check=False)

    def log(self):
        """What it logged."""
        path = self.base / "log/maillog"
        return path.read_text()[-3000:] if path.exists() else ""

    def text(self):
        """Everything that was delivered."""
        return b"".join(path.read_bytes() for path in self.boxes.iterdir())

    def __exit__(self, *_):
        self.postfix("stop")


@pytest.fixture(name="outside")
def fixture_outside():
    """A folder other users may look into, which tmp_path is not."""
    folder = pathlib.Path(tempfile.mkdtemp(prefix="penstock-e2e-"))
    folder.chmod(0o755)
    yield folder
    shutil.rmtree(folder)


def stream_to(port):
    """Everything to that server, notices dropped."""
    return f'route = {{ relay = ["127.0.0.1:{port}"] }}\ndsn = "off"\n'


@ROOT_ONLY
def test_postfix(tmp_path, outside):
    with PostfixReceiver(outside) as receiver, Daemon(tmp_path, stream=stream_to(receiver.port)) as mta:
        identity = mta.submit("a@sender.test", ["box@box.test", "nobody@box.test", "later@box.test"],
                              message(body=".dots\r\n..\r\ngr\u00fc\u00dfe\r\n", Subject="to postfix").encode())
        delivered, = mta.until_events("delivered", 1)
        bounced, = mta.until_events("bounced", 1)
        deferred, = mta.until_events("deferred", 1)
        assert delivered["recipient"] == "box@box.test" and "queued as" in delivered["reply"]
        assert bounced["recipient"] == "nobody@box.test" and "nobody of that name" in bounced["reply"]
        assert deferred["recipient"] == "later@box.test" and deferred["code"] == 451
        until(lambda: b"to postfix" in receiver.text(), lambda: f"the mail in the box: {receiver.log()}")
        assert identity.encode() in receiver.text() and b"\n.dots\n..\n" in receiver.text()
        mta.cli("bounce", "--all")
        assert send(mta, "--messages", "300", "--sessions", "10", "--domains", "box.test")["acknowledged"] == 300
        mta.until_queue(60, total=0)
        until(lambda: receiver.text().count(b"X-Sim-Id: ") == 300, lambda: f"all in the boxes: {receiver.log()}", 60,
              0.2)
        assert mta.cli("status")["totals"]["delivered"] == 301


OPENSMTPD = """
listen on 127.0.0.1 port {port} hostname opensmtpd.test
action "keep" maildir "{folder}/mail" virtual {{ "box" = "nobody", "@box.test" = "nobody" }} user nobody
match from any for domain "box.test" action "keep"
"""


@ROOT_ONLY
def test_opensmtpd(tmp_path, outside):
    if not (ROOT / "build" / "opensmtpd").exists():
        fetched = subprocess.run([str(ROOT / "tools" / "fetch_opensmtpd")], capture_output=True, text=True, check=False)
        if fetched.returncode != 0:
            pytest.skip(f"OpenSMTPD cannot be fetched: {fetched.stderr[-200:]}")
    port, folder = free_port(), outside / "smtpd"
    folder.mkdir()
    folder.chmod(0o755)
    (folder / "mail").mkdir()
    shutil.chown(folder / "mail", "nobody", "nogroup")
    config = folder / "smtpd.conf"
    config.write_text(OPENSMTPD.format(port=port, folder=folder))
    config.chmod(0o600)
    with open(folder / "log", "wb") as log:
        process = subprocess.Popen([str(ROOT / "tools" / "run_opensmtpd"), str(config), str(folder)],
                                   stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True)
    try:
        until(lambda: process.poll() is not None or greets(port), lambda: (folder / "log").read_text()[-2000:], 20)
        if process.poll() is not None:
            text = (folder / "log").read_text()
            assert process.returncode == 77, text
            pytest.skip(text.strip())
        with Daemon(tmp_path, stream=stream_to(port)) as mta:
            mta.submit("a@sender.test", ["box@box.test"], message(body=".dots\r\n..\r\n", Subject="to opensmtpd"))
            mta.submit("a@sender.test", ["stranger@elsewhere.test"])
            mta.until_events("delivered", 1)
            assert mta.until_events("bounced", 1)[0]["code"] == 550
            assert send(mta, "--messages", "100", "--sessions", "5", "--domains", "box.test")["acknowledged"] == 100
            mta.until_queue(60, total=0)
            assert mta.cli("status")["totals"]["delivered"] == 101

            def files():
                return [path for path in (folder / "mail").rglob("new/*") if path.is_file()]
            until(lambda: len(files()) == 101,
                  lambda: f"{len(files())} files; {(folder / 'log').read_text()[-2000:]}", 30, 0.2)
            mails = [email.message_from_bytes(path.read_bytes(), policy=email.policy.default) for path in files()]
            mail, = [mail for mail in mails if mail["Subject"] == "to opensmtpd"]
            assert mail.get_payload().splitlines() == [".dots", ".."]
    finally:
        os.killpg(process.pid, signal.SIGTERM)
        process.wait(20 * SLOW)
