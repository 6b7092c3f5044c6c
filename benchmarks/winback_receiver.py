"""A receiver of webhooks that verifies, keeps to the key, and fails in every way that receivers do.

    python benchmarks/winback_receiver.py SECRET FILE [--late SECONDS]

prints its port, and writes what it received to FILE when its standard input ends.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections import Counter
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Lock, Thread
from typing import Any

import numpy as np
from standardwebhooks.webhooks import Webhook, WebhookVerificationError

FAILS, DROPS, LATE, TWICE = 0.2, 0.05, 0.03, 0.05
"""Shares of the requests: refused before anything is done; done and the answer dropped; done and answered too
late; done and answered twice."""


@dataclass
class Received:
    """`posts`: key → requests that were acted on or known again. `acted`: key → the body acted on, once.
    `changed`: two bodies that came with one key. `forged`: requests whose signature is wrong.
    """

    posts: Counter[str] = field(default_factory=Counter)
    acted: dict[str, str] = field(default_factory=dict)
    changed: list[str] = field(default_factory=list)
    forged: int = 0
    faults: Counter[str] = field(default_factory=Counter)


class Receiver(ThreadingHTTPServer):
    """On a port of this machine. `late`: seconds that a late answer takes; `sound`: it never fails."""

    daemon_threads = True
    request_queue_size = 256

    def __init__(self, secret: str, late: float = 2.0, seed: int = 0, *, sound: bool = False) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.received = Received()
        self.late, self.sound = late, sound
        self.signer = Webhook(secret)
        self.dice = np.random.default_rng(seed)
        self.lock = Lock()
        self.heads: list[dict[str, str]] = []

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}/winback"

    def fault(self) -> str:
        """What goes wrong with the next request; empty where nothing does."""
        shares = {"fails": FAILS, "drops": DROPS, "late": LATE, "twice": TWICE}
        with self.lock:
            found = str(self.dice.choice([*shares, ""], p=[*shares.values(), 1 - sum(shares.values())]))
            found = "" if self.sound else found
        self.count(found or "right")
        return found

    def count(self, fault: str) -> None:
        with self.lock:
            self.received.faults[fault] += 1

    def act(self, key: str, text: str) -> None:
        """Once for each key."""
        with self.lock:
            self.received.posts[key] += 1
            if self.received.acted.setdefault(key, text) != text:
                self.received.changed.append(f"{self.received.acted[key]} then {text}")

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Senders are killed in the middle of a request."""


class Handler(BaseHTTPRequestHandler):
    server: Receiver
    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        size = int(self.headers["content-length"])
        text = self.rfile.read(size).decode()
        if len(text.encode()) < size:
            self.server.count("broken off")
            self.close_connection = True
            return
        fault = self.server.fault()
        try:
            self.server.signer.verify(text, dict(self.headers))
        except WebhookVerificationError:
            self.server.received.forged += 1
            self.answer(401)
            return
        self.server.heads.append({name.lower(): value for name, value in self.headers.items()})
        if fault == "fails":
            self.refuse()
            return
        self.server.act(self.headers["webhook-id"], text)
        if fault == "drops":
            self.close_connection = True
            return
        if fault == "late":
            time.sleep(self.server.late)
        self.answer(200)
        if fault == "twice":
            self.answer(200)

    def refuse(self) -> None:
        kind = str(self.server.dice.choice(["500", "503", "429", "gone"]))
        if kind == "gone":
            self.close_connection = True
            return
        self.answer(int(kind), {"Retry-After": "0"} if kind == "503" else {})

    def answer(self, status: int, headers: dict[str, str] | None = None) -> None:
        self.send_response(status)
        for name, value in (headers or {}).items():
            self.send_header(name, value)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_: Any) -> None:
        """Nothing: the figures are enough."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("secret")
    parser.add_argument("file", type=Path)
    parser.add_argument("--late", type=float, default=2.0)
    given = parser.parse_args()
    receiver = Receiver(given.secret, given.late)
    Thread(target=receiver.serve_forever, daemon=True).start()
    print(receiver.server_port, flush=True)
    sys.stdin.read()
    given.file.write_text(json.dumps(vars(receiver.received)))


if __name__ == "__main__":
    main()
