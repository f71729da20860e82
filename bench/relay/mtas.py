# SPDX-License-Identifier: Apache-2.0
"""The MTAs that are compared. Each listens on loopback and relays everything to one sink."""
import os
import pathlib
import shutil
import socket
import subprocess
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "lib"))
import procs  # noqa: E402

SINK_HOST = "127.0.0.2"


def answers(port):
    try:
        with socket.create_connection(("127.0.0.1", port), timeout=1) as link:
            return link.recv(4) == b"220 "
    except OSError:
        return False


class Postfix:
    """A private, tuned instance: durable queue, no DNS, no chroot, 100 processes on either side."""
    name = "postfix"
    port = 2526

    MAIN = {
        "compatibility_level": "3.6", "command_directory": "/usr/sbin", "daemon_directory": "/usr/lib/postfix/sbin",
        "mail_owner": "postfix", "setgid_group": "postdrop", "myhostname": "bench.example", "mydestination": "",
        "local_recipient_maps": "", "alias_maps": "", "mynetworks": "127.0.0.0/8", "inet_interfaces": "127.0.0.1",
        "inet_protocols": "ipv4", "smtp_dns_support_level": "disabled", "smtp_host_lookup": "native",
        "smtpd_peername_lookup": "no", "smtpd_relay_restrictions": "permit_mynetworks, reject",
        "smtpd_recipient_restrictions": "", "smtpd_client_connection_count_limit": "0",
        "smtpd_client_connection_rate_limit": "0", "in_flow_delay": "0", "default_process_limit": "200",
        "receive_override_options": "no_address_mappings, no_unknown_recipient_checks, no_header_body_checks",
        "message_size_limit": "52428800", "default_destination_concurrency_limit": "100",
        "initial_destination_concurrency": "50", "default_destination_concurrency_failed_cohort_limit": "10",
        "qmgr_message_active_limit": "50000", "qmgr_message_recipient_limit": "50000",
        "smtp_connection_cache_on_demand": "yes", "smtp_tls_security_level": "none",
        "smtpd_tls_security_level": "none", "max_use": "10000",
    }
    # service, type, chroot, wakeup, process limit
    SERVICES = """pickup unix n n 60 1; cleanup unix n n - 0; qmgr unix n n 300 1; rewrite unix - n - - trivial-rewrite;
        bounce unix - n - 0; defer unix - n - 0 bounce; trace unix - n - 0 bounce; verify unix - n - 1;
        flush unix n n 1000? 0; proxymap unix - n - -; proxywrite unix - n - 1 proxymap; smtp unix - n - 110;
        relay unix - n - 110 smtp; showq unix n n - -; error unix - n - -; retry unix - n - - error;
        discard unix - n - -; anvil unix - n - 1; scache unix - n - 1; tlsmgr unix - n 1000? 1;
        postlog unix-dgram n n - 1 postlogd"""

    def __init__(self, folder, sink_port):
        self.base = pathlib.Path(folder) / "postfix"
        self.sink_port, self.root = sink_port, 0

    def start(self):
        shutil.rmtree(self.base, ignore_errors=True)
        for name in ("etc", "queue", "data", "log"):
            (self.base / name).mkdir(parents=True)
        shutil.chown(self.base / "data", "postfix")
        (self.base / "etc/main.cf").write_text("".join(f"{key} = {value}\n" for key, value in self.settings().items()))
        lines = [f"127.0.0.1:{self.port} inet n - n - 100 smtpd"]
        for service in self.services().split(";"):
            name, kind, private, chroot, wakeup, limit, *command = service.split()
            lines.append(f"{name} {kind} {private} - {chroot} {wakeup} {limit} {' '.join(command) or name}")
        (self.base / "etc/master.cf").write_text("\n".join(lines) + "\n")
        self.write_tables()
        with open(self.base / "log/start.out", "wb") as log:
            self.root = procs.spawn_subreaper(["/usr/sbin/postfix", "-c", str(self.base / "etc"), "start"],
                                              stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        procs.wait_until(lambda: answers(self.port), 20, "Postfix to listen")

    def settings(self):
        """main.cf"""
        target = f"[{SINK_HOST}]:{self.sink_port}"
        return dict(self.MAIN, queue_directory=self.base / "queue", data_directory=self.base / "data",
                    maillog_file=self.base / "log/maillog", maillog_file_prefixes=self.base, relayhost=target,
                    smtp_connection_cache_destinations=target)

    def services(self):
        """master.cf, but for the listener."""
        return self.SERVICES

    def write_tables(self):
        """Look-up tables beside them, in etc."""

    def stop(self):
        subprocess.run(["/usr/sbin/postfix", "-c", str(self.base / "etc"), "stop"], check=False,
                       stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        os.waitpid(self.root, 0)


class Penstock:
    """penstockd as shipped; only addresses and the number of connections to the one sink are set."""
    name = "penstock"
    port = 2527

    def __init__(self, folder, sink_port, binary):
        self.base = pathlib.Path(folder) / "penstock"
        self.sink_port, self.binary, self.process = sink_port, binary, None

    def start(self):
        shutil.rmtree(self.base, ignore_errors=True)
        self.base.mkdir(parents=True)
        config = self.base / "penstock.toml"
        config.write_text(f"""
[node]
name = "bench"
data_dir = "{self.base}/data"
[admin]
socket = "{self.base}/admin.sock"
[[listener]]
address = "127.0.0.1:{self.port}"
relay_from = ["127.0.0.0/8"]
max_connections_per_address = 2000
{self.sending()}""")
        with open(self.base / "log", "wb") as log:
            self.process = subprocess.Popen([str(self.binary), "--config", str(config)], stdin=subprocess.DEVNULL,
                                            stdout=log, stderr=log)
        self.root = self.process.pid
        procs.wait_until(lambda: answers(self.port), 20, f"penstockd to listen; see {self.base}/log")

    def sending(self):
        """The part of the configuration that says where mail goes."""
        return f"""
[[vmta]]
name = "v1"
source = ["127.0.0.1"]
ehlo = "bench.example"
[[pool]]
name = "main"
members = [{{ vmta = "v1", weight = 1 }}]
[[stream]]
name = "default"
pool = "main"
route = {{ relay = ["{SINK_HOST}:{self.sink_port}"] }}
[defaults]
connections = 100
messages_per_connection = 100000
"""

    def stop(self):
        procs.stop(self.process)
