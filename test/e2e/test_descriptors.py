# SPDX-License-Identifier: Apache-2.0
"""A process with few descriptors: slow receivers and many clients take no more than their share of them, so that mail is
still taken, the operator still heard, and no receiver blamed."""
import subprocess

from daemon import DAEMON, Daemon, RawClient, free_port, until
from simulator import Simulator, run

FEW = 300  # descriptors: 64 are the daemon's own, three quarters of the rest at most for clients
CLIENTS = (FEW - 64) // 4 * 3
RECEIVERS = 150
PORT = free_port()


def scenario(latency):
    """A receiver for each domain, so that each wants a connection of its own."""
    numbers = range(1, RECEIVERS + 1)
    receivers = "[dns]\nttl = \"60s\"\n" + "".join(f'''
[[receiver]]
name = "r{number}"
addresses = ["127.8.0.{number}"]
latency = "{latency}"
''' for number in numbers)
    names = ", ".join(f'"r{number}"' for number in numbers)
    return receivers + f'''
[[domain]]
name = "e{{1..{RECEIVERS}}}.test"
receivers = [{names}]
spread = true
'''


class Poor(Daemon):
    """A daemon that may have few descriptors."""

    def spawn(self):
        with open(self.log_file, "ab") as log:
            self.process = subprocess.Popen(["prlimit", f"--nofile={FEW}", DAEMON, "--config", str(self.config_file)],
                                            stdin=subprocess.DEVNULL, stdout=log, stderr=log, env=self.env)


def test_slow_receivers_leave_descriptors_for_the_rest(tmp_path):
    with Simulator(tmp_path, scenario("300ms"), port=PORT) as sim:
        with Poor(tmp_path, stream='route = "mx"', extra=sim.found_by_mx()) as mta:
            run("send", "--to", f"127.0.0.1:{mta.port}", "--messages", 1500, "--sessions", 10, "--domains",
                f"e{{1..{RECEIVERS}}}.test=1")
            status = mta.cli("status")
            assert status["queue"]["total"] > 0, "the receivers are too quick for this test"
            most = 0

            def done():
                nonlocal most
                most = max(most, mta.cli("status")["connections_out"])
                return mta.cli("status")["queue"]["total"] == 0
            until(done, lambda: mta.cli("status"), 60)
            assert 40 < most <= FEW - 64 - CLIENTS, most
            assert len(mta.events("delivered")) == 1500
            assert not mta.events("deferred")


def test_many_clients_leave_descriptors_for_the_rest(tmp_path):
    with Poor(tmp_path, stream='route = "null"', listener="max_connections_per_address = 1000") as mta:
        clients = [RawClient(mta.port) for _ in range(CLIENTS)]
        with RawClient(mta.port) as one_too_many:
            assert one_too_many.banner.startswith("421")
        assert mta.cli("status")["connections_in"] == len(clients)
        warned = [t for t in mta.troubles() if t["part"] == "listener.max_connections"]
        assert warned and str(CLIENTS) in warned[0]["message"]
        for client in clients:
            client.link.close()
            client.file.close()
        mta.submit("a@sender.test", "b@receiver.test")
        mta.until_events("delivered", 1)
