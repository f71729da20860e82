# SPDX-License-Identifier: Apache-2.0
"""Peers with certificates of their own: SMTP receivers with STARTTLS, and HTTPS hosts of MTA-STS policies."""
import contextlib
import http.server
import socket
import ssl
import threading

from daemon import free_port


def server_context(pair):
    """TLS of a server with this (certificate, key)."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(*map(str, pair))
    return context


class TlsReceiver:
    """An SMTP receiver on an address of the loopback that takes everything. Without a pair it offers no STARTTLS.
    `offers`: further EHLO keywords. `mails`: (MAIL command, text, whether it came encrypted)."""

    def __init__(self, port, pair=None, address="127.0.0.1", offers=()):
        self.pair, self.offers, self.mails, self.names = pair, offers, [], []
        self.context = server_context(pair) if pair else None
        if self.context:
            self.context.sni_callback = lambda _, name, __: self.names.append(name)
        self.listening = socket.create_server((address, port))
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self):
        """Serves until the socket is closed."""
        with contextlib.suppress(OSError):
            while True:
                link, _ = self.listening.accept()
                threading.Thread(target=self.serve, args=(link,), daemon=True).start()

    def serve(self, link):
        """One conversation."""
        with contextlib.suppress(OSError), contextlib.ExitStack() as stack:
            stack.enter_context(link)
            link.sendall(b"220 peer.test\r\n")
            lines, mail, encrypted = link.makefile("rb"), b"", False
            while line := lines.readline():
                verb = line[:4].upper()
                if verb == b"EHLO":
                    words = ["peer.test", *self.offers, *(["STARTTLS"] if self.context and not encrypted else [])]
                    answer = "".join(f"250-{word}\r\n" for word in words[:-1]) + f"250 {words[-1]}\r\n"
                    link.sendall(answer.encode())
                elif verb == b"STAR":
                    link.sendall(b"220 go on\r\n")
                    link = stack.enter_context(self.context.wrap_socket(link, server_side=True))
                    lines, encrypted = link.makefile("rb"), True
                elif verb == b"DATA":
                    link.sendall(b"354 go on\r\n")
                    text = b""
                    while (part := lines.readline()) not in (b".\r\n", b""):
                        text += part
                    self.mails.append((mail, text, encrypted))
                    link.sendall(b"250 2.0.0 taken\r\n")
                elif verb == b"QUIT":
                    link.sendall(b"221 bye\r\n")
                    return
                else:
                    mail = line if verb == b"MAIL" else mail
                    link.sendall(b"250 2.0.0 ok\r\n")

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.listening.close()


class PolicyHost:
    """An HTTPS server that gives `answers[host]` = (status, content type, body) to every GET, by the Host field, and
    keeps what is POSTed."""

    def __init__(self, pair):
        self.port, self.answers, self.asked, self.posts = free_port(), {}, [], []
        host = self

        class Handler(http.server.BaseHTTPRequestHandler):
            """One request."""

            def do_GET(self):  # pylint: disable=invalid-name
                name = self.headers["Host"].split(":")[0]
                host.asked.append(name + self.path)
                self.answer(*host.answers.get(name, (404, "text/plain", "")))

            def do_POST(self):  # pylint: disable=invalid-name
                body = self.rfile.read(int(self.headers["Content-Length"]))
                host.posts.append((self.path, dict(self.headers), body))
                self.answer(200, "text/plain", "")

            def answer(self, status, kind, body):
                """Sends it."""
                self.send_response(status)
                self.send_header("Content-Type", kind)
                self.send_header("Content-Length", str(len(body)))
                if status == 302:
                    self.send_header("Location", "/elsewhere")
                self.end_headers()
                self.wfile.write(body.encode())

            def log_message(self, *_):
                """Quiet."""

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", self.port), Handler)
        self.server.socket = server_context(pair).wrap_socket(self.server.socket, server_side=True,
                                                              do_handshake_on_connect=False)
        threading.Thread(target=self.server.serve_forever, args=(0.05,), daemon=True).start()

    def policy(self, domain, mode="enforce", hosts=("mx.signed.test",), max_age=86400):
        """What the domain's policy says from now on."""
        lines = ["version: STSv1", f"mode: {mode}", *(f"mx: {host}" for host in hosts), f"max_age: {max_age}"]
        self.answers[f"mta-sts.{domain}"] = (200, "text/plain", "\r\n".join(lines) + "\r\n")

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.server.shutdown()
        self.server.server_close()
