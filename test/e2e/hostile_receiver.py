# SPDX-License-Identifier: Apache-2.0
"""Receivers that mean no good: each speaks SMTP up to the point of its trick."""
import contextlib
import itertools
import socket
import threading


def endless(piece, pause=0.0):
    """Says `piece` until the client is gone."""
    def trick(link, stop):
        while not stop.wait(pause):
            link.sendall(piece)
    return trick


def say(text):
    """Says this and nothing more until the client leaves."""
    def trick(link, _):
        link.sendall(text)
        while link.recv(65536):
            pass
    return trick


class HostileReceiver:
    """`tricks` by verb ("BANNER", "EHLO", "STARTTLS", …, "." for the end of data): what is done instead of the answer.
    Without a trick everything is taken, and counted in `messages`; `answers` are texts in place of the usual ones."""

    def __init__(self, tricks=None, answers=None, offers=()):
        self.tricks, self.answers, self.offers = tricks or {}, answers or {}, offers
        self.messages, self.connections = 0, 0
        self.stop = threading.Event()
        self.listening = socket.create_server(("127.0.0.1", 0))
        self.port = self.listening.getsockname()[1]
        threading.Thread(target=self.accept, daemon=True).start()

    @property
    def address(self):
        """As a route names it."""
        return f"127.0.0.1:{self.port}"

    def accept(self):
        """Serves until the socket is closed."""
        with contextlib.suppress(OSError):
            while True:
                link, _ = self.listening.accept()
                self.connections += 1
                threading.Thread(target=self.serve, args=(link,), daemon=True).start()

    def serve(self, link):
        """One conversation."""
        with contextlib.suppress(OSError), link, link.makefile("rb") as lines:
            if not self.answer(link, "BANNER", b"220 hostile.test\r\n"):
                return
            for line in lines:
                verb = line.split()[0].decode().upper() if line.split() else ""
                usual = b"250 2.0.0 ok\r\n"
                if verb == "EHLO":
                    words = ["hostile.test", *self.offers]
                    usual = b"".join(b"250%s%s\r\n" % (b" " if word == words[-1] else b"-", word.encode())
                                     for word in words)
                elif verb == "DATA":
                    usual = b"354 go on\r\n"
                elif verb == "QUIT":
                    usual = b"221 bye\r\n"
                elif verb == "STARTTLS":
                    usual = b"220 go on\r\n"
                if not self.answer(link, verb, usual):
                    return
                if verb == "DATA" and self.answers.get("DATA", b"354").startswith(b"354"):
                    list(itertools.takewhile(lambda part: part not in (b".\r\n", b""), lines))
                    if not self.answer(link, ".", b"250 2.0.0 taken\r\n"):
                        return
                    self.messages += 1

    def answer(self, link, verb, usual):
        """False when the trick was done, and the conversation is over."""
        if verb in self.tricks:
            self.tricks[verb](link, self.stop)
            return False
        link.sendall(self.answers.get(verb, usual))
        return True

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.stop.set()
        self.listening.close()
