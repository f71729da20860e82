# SPDX-License-Identifier: Apache-2.0
"""Penstock and Postfix with eight source addresses each, for bench/shaping/realtime.py.

Penstock knows the providers by the files it ships with: ranges and rules. Postfix has its defaults, and is told how many
messages a connection may carry. Both try again after the same time. Neither is told a rate or how many connections are
taken. Bulk mail (from BULK) is kept back until release().
"""
import json
import pathlib
import subprocess
import sys

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "relay"))
import mtas  # noqa: E402

BULK, URGENT = "bulk@news.example", "receipts@now.example"
SOURCES = [f"127.0.1.{number}" for number in range(1, 9)]
# By provider: the recipients' domain, suffix of its hosts, messages it takes over one connection.
PROVIDERS = {"gmail": ("gmail.test", "l.google.test", 100),
             "microsoft": ("outlook.test", "olc.protection.outlook.test", 100),
             "yahoo": ("yahoo.test", "am0.yahoodns.test", 20),
             "apple": ("icloud.test", "mail.icloud.test", 50)}
RETRY_S, RETRY_LONGEST_S = 60, 300


class Penstock(mtas.Penstock):
    """penstockd with a pool of eight vMTAs; of the providers only the hosts' names are set, and no TLS."""

    def __init__(self, folder, internet, binaries):
        super().__init__(folder, internet.port, binaries / "penstockd")
        self.internet, self.command = internet, binaries / "penstock"

    def sending(self):
        vmtas = "".join(f'[[vmta]]\nname = "v{i}"\nsource = ["{source}"]\nehlo = "v{i}.sender.test"\n'
                        for i, source in enumerate(SOURCES, 1))
        members = ", ".join(f'{{ vmta = "v{i}", weight = 1 }}' for i in range(1, len(SOURCES) + 1))
        retry = f'retry = {{ first = "{RETRY_S}s", factor = 2, cap = "{RETRY_LONGEST_S}s" }}'
        streams = "".join(f'[[stream]]\nname = "{name}"\npool = "main"\npriority = "{name}"\nroute = "mx"\n{retry}\n'
                          f'match = {{ sender = "{sender}" }}\n' for name, sender in (("urgent", URGENT), ("bulk", BULK)))
        providers = "".join(f"""[[provider]]
name = "{name}"
mx = ["{hosts}"]
tls = "none"
""" for name, (_, hosts, _) in PROVIDERS.items())
        return f"""
{vmtas}
[[pool]]
name = "main"
members = [{members}]
{streams}
{providers}
[dns]
stub = [{{ zone = "test", server = "{self.internet.dns}" }}]
[client]
mx_port = {self.internet.port}
"""

    def start(self):
        super().start()
        self.cli("pause", "--stream", "bulk", "--reason", "until all of it is there")

    def ready(self):
        """Nothing is left to do before release()."""

    def release(self):
        self.cli("resume", "--stream", "bulk")

    def cli(self, *arguments):
        done = subprocess.run([str(self.command), "--socket", str(self.base / "admin.sock"), "--json", *arguments],
                              check=True, capture_output=True, text=True)
        return json.loads(done.stdout)


class Postfix(mtas.Postfix):
    """Postfix with a transport for each source address. The last two digits of a recipient choose it, so that a
    deferred recipient keeps his address. Concurrency feedback and limits of concurrency are Postfix's defaults."""

    def __init__(self, folder, internet):
        super().__init__(folder, internet.port)
        self.internet = internet

    def settings(self):
        settings = super().settings()
        for key in ("relayhost", "smtp_connection_cache_destinations", "default_destination_concurrency_limit",
                    "initial_destination_concurrency", "default_destination_concurrency_failed_cohort_limit"):
            del settings[key]
        return settings | {
            "transport_maps": f"regexp:{self.base}/etc/transport", "default_process_limit": "300",
            "minimal_backoff_time": f"{RETRY_S}s", "maximal_backoff_time": f"{RETRY_LONGEST_S}s",
            "queue_run_delay": "10s", "smtp_connection_reuse_count_limit": min(p[2] for p in PROVIDERS.values()),
            "smtpd_sender_restrictions": f"check_sender_access inline:{{{BULK}=HOLD}}"}

    def services(self):
        own = "; ".join(f"v{i} unix - n - 80 smtp -o smtp_bind_address={source} -o smtp_helo_name=v{i}.sender.test"
                        for i, source in enumerate(SOURCES, 1))
        return f"{self.SERVICES}; {own}"

    def write_tables(self):
        lines = []
        for name, (domain, _, _) in PROVIDERS.items():
            to = f"[{self.internet.address(name)}]:{self.internet.port}"
            for i in range(len(SOURCES)):
                endings = "|".join(f"{n:02}" for n in range(100) if n % len(SOURCES) == i)
                lines.append(f"/({endings})@(now\\.)?{domain}$/ v{i + 1}:{to}\n".replace(".test", "\\.test"))
            lines.append(f"/@(now\\.)?{domain}$/ v1:{to}\n".replace(".test", "\\.test"))
        (self.base / "etc/transport").write_text("".join(lines))

    def ready(self):
        self.run("postsuper", "-H", "ALL")

    def release(self):
        self.run("postqueue", "-f")

    def run(self, command, *arguments):
        subprocess.run([f"/usr/sbin/{command}", "-c", str(self.base / "etc"), *arguments], check=True,
                       stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
