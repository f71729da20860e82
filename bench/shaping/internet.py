# SPDX-License-Identifier: Apache-2.0
"""penstock-sim serve for bench/shaping/realtime.py, and the transactional mail whose delay it measures."""
import collections
import json
import smtplib
import subprocess
import threading
import time

import procs


class Internet:
    """A running simulator; ends with the block."""
    port = 2598

    def __init__(self, folder, binaries, scenario):
        self.sim, self.control, self.ready = binaries / "penstock-sim", folder / "sim.sock", folder / "ready.json"
        self.command = [str(self.sim), "serve", "--scenario", str(scenario), "--control", str(self.control),
                        "--ready-file", str(self.ready), "--listen-port", str(self.port), "--dns", "127.0.0.1:0"]
        self.process, self.dns, self.receivers = None, "", {}

    def __enter__(self):
        self.ready.unlink(missing_ok=True)
        self.process = subprocess.Popen(self.command, stdout=subprocess.DEVNULL)
        procs.wait_until(lambda: self.ready.exists() or self.process.poll() is not None, 20, "penstock-sim to listen")
        if self.process.poll() is not None:
            raise RuntimeError(f"penstock-sim ended at once: is something else on port {self.port}?")
        told = json.loads(self.ready.read_text())
        self.dns = told["dns"]
        self.receivers = {r["name"]: r["addresses"][0].rsplit(":", 1)[0] for r in told["receivers"]}
        return self

    def __exit__(self, *_):
        procs.stop(self.process)

    def address(self, receiver):
        return self.receivers[receiver]

    def feed(self, port, recipients, shares, size, sender):
        """Bulk mail with one recipient each, as fast as it is taken. `shares`: by domain."""
        subprocess.run([str(self.sim), "send", "--to", f"127.0.0.1:{port}", "--sessions", "50", "--messages",
                        str(recipients), "--size", size, "--from", sender, "--recipient", "user{n}", "--domains",
                        ",".join(f"{domain}={share}" for domain, share in shares.items())], check=True,
                       stdout=subprocess.DEVNULL, timeout=1800)

    def begin(self):
        """The time-line starts now, and all counts are zero."""
        subprocess.run([str(self.sim), "reset", "--control", str(self.control)], check=True, stdout=subprocess.DEVNULL)

    def report(self):
        done = subprocess.run([str(self.sim), "report", "--control", str(self.control), "--json"], check=True,
                              capture_output=True, text=True)
        return json.loads(done.stdout)


class UrgentMail:
    """Sends one small message after the other to domains of its own, in turn, while the block lasts; their delays are
    found by counting what has arrived in each domain."""

    def __init__(self, port, sender, domains, per_second):
        self.port, self.sender, self.domains, self.pause = port, sender, domains, 1 / per_second
        self.sent = {domain: [] for domain in domains}  # when each was acknowledged
        self.arrived = collections.defaultdict(list)    # when each was seen to be there
        self._problem = None
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)

    def __enter__(self):
        self._thread.start()
        return self

    def __exit__(self, *_):
        self._over.set()
        self._thread.join()
        if self._problem is not None:
            raise self._problem

    def _run(self):
        try:
            self._send()
        except (OSError, smtplib.SMTPException) as problem:
            self._problem = problem

    def _send(self):
        with smtplib.SMTP("127.0.0.1", self.port, local_hostname="app.sender.test", timeout=60) as client:
            number = 100
            while not self._over.wait(self.pause):
                number += 1
                domain = self.domains[number % len(self.domains)]
                client.sendmail(self.sender, [f"user{number}@{domain}"],
                                f"From: {self.sender}\r\nSubject: receipt\r\nX-Sim-Id: urgent-{number}\r\n\r\nthanks\r\n")
                self.sent[domain].append(time.monotonic())

    def saw(self, by_domain):
        """What the simulator has counted by now."""
        now = time.monotonic()
        for domain in self.domains:
            missing = by_domain.get(domain, 0) - len(self.arrived[domain])
            self.arrived[domain] += [now] * missing

    def delays(self):
        """(seconds of each, how many are still missing): what has not come counts with the time it has waited."""
        now, delays, missing = time.monotonic(), [], 0
        for domain, sent in self.sent.items():
            there = self.arrived[domain]
            missing += max(0, len(sent) - len(there))
            delays += [max(0.0, (there[i] if i < len(there) else now) - at) for i, at in enumerate(sent)]
        return delays, missing
