# SPDX-License-Identifier: Apache-2.0
"""Links to unsubscribe, from the message that brings one to the mail that is not sent any more."""
import contextlib
import json
import re
import ssl
import subprocess
import urllib.error
import urllib.request

from daemon import CLI, free_port, message
from simulator import SLOW
from test_accepting import Door
from test_relay import relay
from test_tls import Certificates

ONE_CLICK = b"List-Unsubscribe=One-Click"
LINKED = 'unsubscribe = {{ add = "{add}", url = "https://u.sender.test/", scope = "{scope}", title = "Shop <news>" }}\ndsn = "off"\n'


class Shop(Door):
    """A daemon with a stream that offers links, and one, "orders", that does not."""

    def __init__(self, folder, add="missing", scope="stream", extra="", listen=""):
        self.add, self.scope = add, scope
        self.port = free_port()
        super().__init__(folder, extra=f'[unsubscribe]\naddress = "127.0.0.1:{self.port}"\n{listen}\n{extra}')

    def __enter__(self):
        super().__enter__()
        self.mta.write_config(
            stream=relay(self.sim) + "\n" + LINKED.format(add=self.add, scope=self.scope),
            extra=f'[[stream]]\nname = "orders"\npool = "main"\n{relay(self.sim)}\n{self.mta.parts["extra"]}')
        assert self.mta.cli("reload")["applied"]
        return self

    def link(self, mail):
        """Where the link of a message leads here, as a reverse proxy would pass it on."""
        found = re.fullmatch(r"<https://u\.sender\.test/([-_A-Za-z0-9]+)>", mail["List-Unsubscribe"])
        assert mail["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
        return f"http://127.0.0.1:{self.port}/{found[1]}"

    def suppressed(self):
        """{(address, scope, cause)}"""
        rows = self.mta.cli("suppress", "list")["suppressions"]
        return {(row["address"], row["scope"], row["cause"]) for row in rows}


def ask(url, body=None, context=None, **fields):
    """(status, text, fields) of a GET, or of a POST when there is a body."""
    request = urllib.request.Request(url, data=body, headers={key.replace("_", "-"): value for key, value in fields.items()})
    try:
        with urllib.request.urlopen(request, timeout=20 * SLOW, context=context) as answer:
            return answer.status, answer.read().decode(), answer.headers
    except urllib.error.HTTPError as error:
        return error.code, error.read().decode(), error.headers


def test_link_ends_the_streams_mail_and_no_other(tmp_path):
    with Shop(tmp_path) as shop:
        mta = shop.mta
        mta.submit("a@sender.test", "ann@receiver.test", message(X_Penstock_Campaign="autumn"))
        mail, = shop.arrived(1)
        link = shop.link(mail)

        # A scanner looks: a page that asks, and nothing changes.
        status, page, fields = ask(link)
        assert status == 200 and "ann@receiver.test" in page and "Shop &lt;news&gt;" in page and "<form" in page
        assert fields["Content-Type"].startswith("text/html") and "default-src 'none'" in fields["Content-Security-Policy"]
        assert ask(link + "?List-Unsubscribe=One-Click")[0] == 200
        assert not shop.suppressed() and not mta.events("unsubscribed")

        # Forged: one character changed, and a link of another daemon's key.
        forged = link[:-1] + ("A" if link[-1] != "A" else "Q")
        status, page, _ = ask(forged, ONE_CLICK)
        assert status == 404 and "not valid" in page
        assert ask(link, b"List-Unsubscribe=Maybe")[0] == 400
        with contextlib.suppress(OSError):  # closed before the body was sent
            assert ask(link, b"x" * 20_000)[0] == 413
        assert not shop.suppressed()

        # The provider's POST: suppressed before it is answered.
        status, page, _ = ask(link, ONE_CLICK, X_Forwarded_For="198.51.100.9")
        assert status == 200 and "You are unsubscribed" in page
        assert shop.suppressed() == {("ann@receiver.test", "stream:default", "unsubscribe")}
        event, = mta.until_events("unsubscribed", 1)
        assert (event["recipient"], event["stream"], event["campaign"], event["peer"]) == (
            "ann@receiver.test", "default", "autumn", "127.0.0.1")
        assert event["id"] == mta.events("delivered")[0]["id"]
        shown = mta.cli("suppress", "show", "ann@receiver.test")["suppressions"][0]
        assert shown["source"] == event["id"] + "/0" and "link" in shown["reason"]
        # Again: as good as once.
        assert ask(link, ONE_CLICK)[0] == 200
        assert len(mta.events("unsubscribed")) == 1

        mta.submit("a@sender.test", ["ann@receiver.test", "bob@receiver.test"])
        assert mta.until_events("suppressed", 1)[0]["recipient"] == "ann@receiver.test"
        mta.submit("a@sender.test", "ann@receiver.test", message(X_Penstock_Stream="orders"))
        mails = shop.arrived(3)
        by_stream = {event["stream"]: event["recipient"] for event in mta.until_events("delivered", 3)[1:]}
        assert by_stream == {"default": "bob@receiver.test", "orders": "ann@receiver.test"}
        assert sum(mail["List-Unsubscribe"] is not None for mail in mails) == 2


def test_each_recipient_of_one_message_gets_a_link_of_his_own(tmp_path):
    with Shop(tmp_path) as shop:
        people = [f"r{number}@receiver.test" for number in range(4)]
        shop.mta.submit("a@sender.test", people)
        pages = [ask(shop.link(mail))[1] for mail in shop.arrived(4)]
        assert sorted(re.search(r"r\d@receiver\.test", page)[0] for page in pages) == people


def test_link_of_a_list_ends_that_list(tmp_path):
    with Shop(tmp_path, add="replace", scope="list") as shop:
        own = {"List_Unsubscribe": "<mailto:out@sender.test>", "List_Unsubscribe_Post": "x"}
        shop.mta.submit("a@sender.test", "ann@receiver.test", message(X_Penstock_List="weekly", **own))
        mail, = shop.arrived(1)
        assert len(mail.get_all("List-Unsubscribe")) == 1 and mail["X-Penstock-List"] is None
        assert ask(shop.link(mail), ONE_CLICK)[0] == 200
        assert shop.suppressed() == {("ann@receiver.test", "list:weekly", "unsubscribe")}
        shop.mta.submit("a@sender.test", "ann@receiver.test", message(X_Penstock_List="weekly"))
        assert shop.mta.until_events("suppressed", 1)[0]["list"] == "weekly"
        shop.mta.submit("a@sender.test", "ann@receiver.test", message(X_Penstock_List="monthly"))
        shop.arrived(2)


def test_own_link_of_a_message_is_kept_unless_it_is_to_be_replaced(tmp_path):
    with Shop(tmp_path) as shop:
        shop.mta.submit("a@sender.test", "ann@receiver.test", message(List_Unsubscribe="<mailto:out@sender.test>"))
        mail, = shop.arrived(1)
        assert mail["List-Unsubscribe"] == "<mailto:out@sender.test>" and mail["List-Unsubscribe-Post"] is None


def test_signature_covers_the_link(tmp_path):
    made = subprocess.run([CLI, "dkim", "new", "sender.test", "--selector", "s1", "--out", tmp_path, "--json"],
                          capture_output=True, text=True, check=True)
    key = json.loads(made.stdout)
    (tmp_path / "keys").write_text(f"{key['name']} {key['record']}\n")
    with Shop(tmp_path, extra=f'[[dkim]]\ndomain = "sender.test"\nselector = "s1"\nkey_file = "{key["key_file"]}"\n') as shop:
        shop.mta.write_config(stream=shop.mta.parts["stream"] + 'dkim = "from"\n')
        assert shop.mta.cli("reload")["applied"]
        shop.mta.submit("a@sender.test", "ann@receiver.test")
        mail, = shop.arrived(1)
        signed = re.sub(r"\s", "", re.search(r"\bh=([^;]*);", mail["DKIM-Signature"])[1]).lower().split(":")
        assert "list-unsubscribe" in signed and "list-unsubscribe-post" in signed
        file, = (shop.mail / "new").iterdir()
        verified = subprocess.run([CLI, "dkim", "verify", file, "--keys", tmp_path / "keys", "--json"],
                                  capture_output=True, text=True, check=False)
        assert json.loads(verified.stdout)["result"] == "pass", verified.stdout


def test_links_survive_a_restart_and_a_rotation_of_keys(tmp_path):
    with Shop(tmp_path, listen='proxy_from = "127.0.0.0/8"') as shop:
        shop.mta.submit("a@sender.test", "ann@receiver.test")
        link = shop.link(shop.arrived(1)[0])
        for _ in range(2):
            assert shop.mta.run_cli("feedback", "rotate-keys").returncode == 0
        shop.mta.restart()
        assert ask(link, ONE_CLICK, X_Forwarded_For="203.0.113.1, 198.51.100.9")[0] == 200
        assert shop.mta.until_events("unsubscribed", 1)[0]["peer"] == "198.51.100.9"
        assert shop.suppressed()


def test_served_with_tls_by_itself(tmp_path):
    certificates = Certificates(tmp_path / "certificates")
    pair = certificates.make("u", "IP:127.0.0.1")
    with Shop(tmp_path, listen=f'cert_file = "{pair[0]}"\nkey_file = "{pair[1]}"') as shop:
        shop.mta.submit("a@sender.test", "ann@receiver.test")
        link = shop.link(shop.arrived(1)[0]).replace("http:", "https:")
        context = ssl.create_default_context(cafile=certificates.ca_file)
        assert ask(link, context=context)[0] == 200
        assert ask(link, ONE_CLICK, context=context)[0] == 200
        assert shop.suppressed()
