# SPDX-License-Identifier: Apache-2.0
"""penstock-sim for tests: a running `serve`, and the commands that speak to it.

    with Simulator(tmp_path, scenario_text) as sim:
        sim.send("gmail", "--messages", "100")
        sim.wait(100)
        assert sim.report()["duplicates"] == 0

Ports are chosen by the kernel unless the scenario is started with port=N.
"""
import json
import os
import pathlib
import smtplib
import subprocess
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
BIN = pathlib.Path(os.environ.get("PENSTOCK_BIN", ROOT / "build" / "release" / "bin"))
SIM = str(BIN / "penstock-sim")
SLOW = 5 if os.environ.get("PENSTOCK_SLOW") else 1


def run(*arguments, check=True):
    """Runs one command of penstock-sim to its end."""
    done = subprocess.run([SIM, *map(str, arguments)], capture_output=True, text=True, timeout=120 * SLOW, check=False)
    if check and done.returncode != 0:
        raise AssertionError(f"{' '.join(map(str, arguments))}: {done.returncode}\n{done.stdout}{done.stderr}")
    return done


class Simulator:
    """A running `penstock-sim serve`; ended, and its report checked for readability, at the end of the block."""

    def __init__(self, folder, scenario, *options, port=0, dns="127.0.0.1:0"):
        self.folder = pathlib.Path(folder)
        self.port = port
        self.control = str(self.folder / "sim.sock")
        self.report_file = str(self.folder / "report.json")
        scenario_file = self.folder / "scenario.toml"
        scenario_file.write_text(scenario)
        self.command = [SIM, "serve", "--scenario", str(scenario_file), "--control", self.control, "--report",
                        self.report_file, "--ready-file", str(self.folder / "ready.json"), "--listen-port", str(port),
                        "--dns", dns, *options]
        self.process = None
        self.addresses = {}

    def __enter__(self):
        ready = self.folder / "ready.json"
        self.process = subprocess.Popen(self.command, stdout=subprocess.DEVNULL)
        deadline = time.monotonic() + 20 * SLOW
        while not ready.exists():
            assert self.process.poll() is None, "serve ended at once"
            assert time.monotonic() < deadline, "serve does not get ready"
            time.sleep(0.01)
        self.addresses = json.loads(ready.read_text())
        return self

    def __exit__(self, *_):
        self.process.terminate()
        assert self.process.wait(20 * SLOW) == 0

    def address(self, receiver):
        """First address of a receiver, as "127.1.0.1:2599"."""
        return next(r["addresses"][0] for r in self.addresses["receivers"] if r["name"] == receiver)

    def found_by_mx(self, dns=""):
        """A daemon's configuration by which it finds the receivers of a simulator started with port=N; `dns` are
        further keys of [dns]."""
        return f"""
[dns]
stub = [{{ zone = "test", server = "{self.addresses["dns"]}" }}]
{dns}
[client]
mx_port = {self.port}
"""

    def connect(self, receiver, source="127.0.0.1"):
        """A client of smtplib, connected to a receiver."""
        host, port = self.address(receiver).rsplit(":", 1)
        return smtplib.SMTP(host, int(port), local_hostname="client.test", timeout=20 * SLOW,
                            source_address=(source, 0))

    def send(self, receiver, *options):
        """Runs `send` straight to a receiver; returns its JSON result."""
        return json.loads(run("send", "--to", self.address(receiver), "--json", *options, check=False).stdout)

    def report(self):
        """The live counts."""
        return json.loads(run("report", "--control", self.control, "--json").stdout)

    def set(self, *settings, check=True):
        """Changes a receiver or the DNS."""
        return run("set", "--control", self.control, *settings, check=check)

    def wait(self, received, timeout="60s"):
        """True once so many recipients have arrived."""
        return run("wait", "--control", self.control, "--received", received, "--timeout", timeout,
                   check=False).returncode == 0

    def compare(self, ledger):
        """Compares a ledger with what has arrived by now."""
        self.report()
        return json.loads(run("compare", "--ledger", ledger, "--report", self.report_file, "--json",
                              check=False).stdout)
