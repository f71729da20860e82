# SPDX-License-Identifier: Apache-2.0
"""A private penstockd for tests, with a configuration of its own and everything it keeps below one folder.

    with Daemon(tmp_path, stream='route = { relay = ["127.0.0.1:2599"] }') as mta:
        mta.submit("a@one.test", ["b@two.test"], "Subject: x\\r\\n\\r\\nhello\\r\\n")
        mta.until_events("delivered", 1)
        assert mta.cli("status")["queue"]["total"] == 0

At the end of the block it is stopped (SIGTERM, exit status 0 within its limit), and its log is searched for reports of
sanitizers and failed checks. Everything waits for a condition with a deadline; nothing sleeps for a fixed time.
"""
import http.client
import json
import os
import pathlib
import random
import re
import signal
import smtplib
import socket
import subprocess
import time

from simulator import BIN, SLOW

DAEMON = str(BIN / "penstockd")
CLI = str(BIN / "penstock")
CRASHED = re.compile(r"AddressSanitizer|LeakSanitizer|ThreadSanitizer|runtime error:|check failed|CHECK failed|"
                     r"PENSTOCK_CHECK|terminate called|Segmentation", re.IGNORECASE)


def until(condition, what, seconds=20, pause=0.02):
    """Waits until condition() is true and returns its value; fails with `what` after so many seconds."""
    deadline = time.monotonic() + seconds * SLOW
    while True:
        value = condition()
        if value:
            return value
        assert time.monotonic() < deadline, f"still waiting for {what() if callable(what) else what}"
        time.sleep(pause)


def free_port(host="127.0.0.1"):
    """A port nobody listens on, below those the kernel gives to connections, so that a restart finds it free."""
    while True:
        port = random.randrange(20000, 32000)
        with socket.socket() as probe:
            try:
                probe.bind((host, port))
                return port
            except OSError:
                continue


def message(body="hello\r\n", **fields):
    """A small message; fields are header fields, "_" in their names stands for "-"."""
    fields = {"From": "a@sender.test", "To": "b@receiver.test", "Subject": "test", **fields}
    return "".join(f"{name.replace('_', '-')}: {value}\r\n" for name, value in fields.items()) + "\r\n" + body


class Daemon:
    """A penstockd of its own. The configuration is put together from these parts, each some lines of TOML:
    node, listener and stream are added to the tables of these names; vmta replaces vMTAs and pools; extra ends it."""

    VMTA = """
[[vmta]]
name = "v1"
source = ["127.0.0.1"]
ehlo = "v1.sender.test"
[[pool]]
name = "main"
members = [{ vmta = "v1", weight = 1 }]
"""
    SPOOL = """
[spool]
segment_size = "16 MiB"
spare_segments = 1
free_floor = "0 B"
"""

    def __init__(self, folder, *, node="", listener="", vmta=VMTA, stream="", spool=SPOOL, extra="", config=None,
                 env=None):
        self.folder = pathlib.Path(folder)
        self.port = free_port()
        self.socket = str(self.folder / "admin.sock")
        self.config_file = self.folder / "penstock.toml"
        self.log_file = self.folder / "penstockd.log"
        self.data = self.folder / "data"
        self.parts = {"node": node, "listener": listener, "vmta": vmta, "stream": stream, "spool": spool,
                      "extra": extra}
        self.env = dict(os.environ, **(env or {}))
        self.process = None
        self.write_config(config)

    def write_config(self, text=None, **parts):
        """Writes the configuration: `text` as it is, or the parts, of which some may be replaced."""
        self.parts.update(parts)
        self.config_file.write_text(text or """
[node]
name = "mta.test"
data_dir = "{data}"
{node}
[admin]
socket = "{socket}"
{vmta}
[[listener]]
address = "127.0.0.1:{port}"
relay_from = ["127.0.0.0/8"]
{max_size}
{listener}
[[stream]]
name = "default"
pool = "main"
{stream}
{spool}
{extra}
""".format(data=self.data, socket=self.socket, port=self.port,
           max_size="" if "max_message_size" in self.parts["listener"] else 'max_message_size = "8 MiB"',
           **self.parts))

    # Life.

    def __enter__(self):
        self.start()
        return self

    def __exit__(self, kind, *_):
        try:
            if self.process is not None and self.process.poll() is None:
                self.stop()
        finally:
            if self.process is not None and self.process.poll() is None:
                self.process.kill()
                self.process.wait()
            if kind is not None:
                print(f"--- log of penstockd\n{self.log()[-8000:]}")
        self.check_log()

    def spawn(self):
        """Starts the process and does not wait for it."""
        with open(self.log_file, "ab") as log:
            self.process = subprocess.Popen([DAEMON, "--config", str(self.config_file)], stdin=subprocess.DEVNULL,
                                            stdout=log, stderr=log, env=self.env)

    def start(self, seconds=20):
        """Starts it and waits until its listener greets."""
        self.spawn()
        until(self.is_up, lambda: f"penstockd to listen\n{self.log()[-3000:]}", seconds, 0.01)

    def is_up(self):
        """Whether it takes connections; fails when the process has ended."""
        assert self.process.poll() is None, f"penstockd ended with {self.process.returncode}\n{self.log()[-3000:]}"
        try:
            with socket.create_connection(("127.0.0.1", self.port), timeout=5) as link:
                return link.recv(4) in (b"220 ", b"421 ")
        except OSError:
            return False

    def stop(self, seconds=60):
        """SIGTERM, and the end within the time with status 0."""
        self.process.send_signal(signal.SIGTERM)
        try:
            status = self.process.wait(seconds * SLOW)
        except subprocess.TimeoutExpired:
            raise AssertionError(f"penstockd does not stop\n{self.log()[-3000:]}") from None
        assert status == 0, f"penstockd ended with {status}\n{self.log()[-3000:]}"

    def kill(self):
        """SIGKILL."""
        self.process.kill()
        self.process.wait()

    def restart(self):
        """An orderly stop and a start."""
        self.stop()
        self.start()

    def log(self):
        """Everything it has logged, over restarts."""
        return self.log_file.read_text(errors="replace") if self.log_file.exists() else ""

    def check_log(self):
        """Fails when the log has a report of a sanitizer or a failed check."""
        found = CRASHED.search(self.log())
        assert not found, f"in the log:\n{self.log()[max(0, found.start() - 500):found.start() + 6000]}"

    # Steering and watching.

    def run_cli(self, *arguments, timeout=60):
        """One command of penstock; the finished process."""
        return subprocess.run([CLI, "--socket", self.socket, *map(str, arguments)], capture_output=True, text=True,
                              timeout=timeout * SLOW, check=False)

    def cli(self, *arguments, check=True):
        """One command with --json; its object, or with several lines a list of theirs."""
        done = self.run_cli("--json", *arguments)
        if check and done.returncode != 0:
            command = " ".join(map(str, arguments))
            raise AssertionError(f"penstock {command}: {done.returncode}\n{done.stdout}{done.stderr}")
        text = done.stdout if done.returncode == 0 else done.stdout + done.stderr
        try:
            return json.loads(text)
        except json.JSONDecodeError:
            return [json.loads(line) for line in text.splitlines()]

    def troubles(self):
        """What `status` says is the matter, but for running as root, which tests often do."""
        return [trouble for trouble in self.cli("status")["troubles"] if trouble["part"] != "process"]

    def api(self, path):
        """The JSON of one GET of the admin API."""
        with socket.socket(socket.AF_UNIX) as link:
            link.settimeout(30 * SLOW)
            link.connect(self.socket)
            link.sendall(f"GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n".encode())
            answer = http.client.HTTPResponse(link)
            answer.begin()
            return json.loads(answer.read())

    def events(self, *types, **fields):
        """The newest events, oldest first, of these types and with these values."""
        done = self.run_cli("--json", "events", "tail", "--last", "5000")
        assert done.returncode == 0, done.stderr
        found = [json.loads(line) for line in done.stdout.splitlines()]
        return [event for event in found if (not types or event["type"] in types)
                and all(event.get(key) == value for key, value in fields.items())]

    def until_events(self, kind, count, seconds=20, **fields):
        """Waits for at least so many events of a type with these values; returns them."""
        def enough():
            found = self.events(kind, **fields)
            return found if len(found) >= count else None
        return until(enough, lambda: f"{count} {kind} events {fields}; the last are {self.events()[-4:]}", seconds,
                     0.05)

    def until_queue(self, seconds=20, **counts):
        """Waits until `status` counts exactly these, for example deferred=3, total=3."""
        def fits():
            queue = self.cli("status")["queue"]
            return all(queue[key] == value for key, value in counts.items())
        until(fits, lambda: f"{counts} in {self.cli('status')['queue']}", seconds, 0.05)

    # Mail.

    def client(self, port=None, **options):
        """An smtplib client that has said EHLO."""
        client = smtplib.SMTP("127.0.0.1", port or self.port, local_hostname="client.test", timeout=30 * SLOW,
                              **options)
        client.ehlo()
        return client

    def submit(self, sender, recipients, text=None, mail_options=(), rcpt_options=()):
        """Sends one message; returns its id."""
        with self.client() as client:
            if client.mail(sender, list(mail_options))[0] != 250:
                raise AssertionError("MAIL refused")
            for recipient in [recipients] if isinstance(recipients, str) else recipients:
                code, reply = client.rcpt(recipient, list(rcpt_options))
                assert code == 250, reply
            code, reply = client.data(text if text is not None else message())
            assert code == 250, reply
            return reply.decode().rsplit(" ", 1)[-1]


class RawClient:
    """SMTP byte for byte."""

    def __init__(self, port, host="127.0.0.1", source=None, greet=True):
        self.link = socket.create_connection((host, port), timeout=20 * SLOW,
                                             source_address=(source, 0) if source else None)
        self.file = self.link.makefile("rb")
        self.banner = self.reply() if greet else None

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.file.close()
        self.link.close()

    def send(self, data):
        """Bytes as they are."""
        self.link.sendall(data if isinstance(data, bytes) else data.encode())

    def reply(self):
        """The next reply, its lines joined by newlines; empty at the end of the connection."""
        lines = []
        while True:
            try:
                line = self.file.readline().decode().rstrip("\r\n")
            except ConnectionResetError:
                line = ""
            lines.append(line)
            if len(line) < 4 or line[3] != "-":
                return "\n".join(lines)

    def ask(self, line):
        """A command and its reply."""
        self.send((line if isinstance(line, bytes) else line.encode()) + b"\r\n")
        return self.reply()

    def open_message(self, sender="a@sender.test", recipient="b@receiver.test"):
        """EHLO to DATA."""
        for line in ("EHLO client.test", f"MAIL FROM:<{sender}>", f"RCPT TO:<{recipient}>", "DATA"):
            reply = self.ask(line)
            assert reply.startswith("354" if line == "DATA" else "250"), (line, reply)
