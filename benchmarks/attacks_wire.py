"""Bytes to a server and back, for requests that no well-behaved client would send."""

from __future__ import annotations

import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parent.parent
STARTS_WITHIN = 600
WAITS = 30


@dataclass(frozen=True)
class Answer:
    """`status`: 0 where the connection was closed without one."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def says(self) -> str:
        return self.body.decode(errors="replace")

    @property
    def is_refusal(self) -> bool:
        """One sentence of ours in JSON, or the server's own 400 for what is no HTTP."""
        sentence = self.says.startswith('{"error":"') and "Traceback" not in self.says
        return 400 <= self.status < 500 and (sentence or self.status in (400, 405, 431))

    def __str__(self) -> str:
        return f"{self.status or 'closed'} {self.says[:120]}".replace("\r", "\\r").replace("\n", "\\n")


@contextmanager
def serving(log: Path) -> Iterator[tuple[int, subprocess.Popen[bytes]]]:
    """`amity serve` on a free port, of the home that the environment names; its output goes to the log."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    with log.open("ab") as out:
        command = [sys.executable, str(ROOT / "amity.py"), "serve", "--port", str(port)]
        server = subprocess.Popen(command, cwd=ROOT, stdout=out, stderr=subprocess.STDOUT)
    try:
        until = time.monotonic() + STARTS_WITHIN
        while ask(port, "GET", "/readyz").status != 200:
            assert server.poll() is None, log.read_text()
            assert time.monotonic() < until, log.read_text()
            time.sleep(0.5)
        yield port, server
    finally:
        server.send_signal(signal.SIGINT)
        server.wait(60)


def ask(
    port: int,
    method: str,
    path: str | bytes,
    headers: Mapping[str, str] | None = None,
    body: bytes | None = None,
) -> Answer:
    target = path if isinstance(path, bytes) else path.encode()
    told = {"Host": "localhost", "Connection": "close", **(headers or {})}
    if body is not None and "Content-Length" not in told and "Transfer-Encoding" not in told:
        told["Content-Length"] = str(len(body))
    head = method.encode() + b" " + target + b" HTTP/1.1\r\n"
    head += b"".join(f"{name}: {value}\r\n".encode("latin-1") for name, value in told.items())
    return raw(port, head + b"\r\n", body or b"")


def raw(port: int, head: bytes, body: bytes = b"") -> Answer:
    """What comes back for these very bytes; a server may answer and close before it has read all."""
    received = b""
    try:
        with socket.create_connection(("127.0.0.1", port), timeout=WAITS) as connection:
            with suppress(BrokenPipeError, ConnectionResetError):
                connection.sendall(head + body)
            while chunk := connection.recv(65536):
                received += chunk
    except OSError:
        pass
    return parsed(received)


def parsed(received: bytes) -> Answer:
    head, _, body = received.partition(b"\r\n\r\n")
    lines = head.decode("latin-1").split("\r\n")
    parts = lines[0].split(" ")
    status = int(parts[1]) if len(parts) > 1 and parts[1].isdigit() else 0
    headers = dict(line.lower().split(": ", 1) for line in lines[1:] if ": " in line)
    if headers.get("transfer-encoding") == "chunked":
        body = _joined(body)
    return Answer(status, headers, body)


def _joined(chunked: bytes) -> bytes:
    whole = b""
    while chunked:
        size, _, rest = chunked.partition(b"\r\n")
        length = int(size or b"0", 16)
        whole, chunked = whole + rest[:length], rest[length + 2 :]
    return whole
