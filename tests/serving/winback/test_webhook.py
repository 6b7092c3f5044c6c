"""One message over a real connection: what the receiver gets, and what becomes of every kind of answer."""

from __future__ import annotations

import hmac
import json
import socket
import threading
import time
from base64 import b64decode, b64encode
from collections.abc import Callable, Iterator
from datetime import datetime
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest

from benchmarks.winback_receiver import Receiver
from configs.settings import Webhook
from features.clock import now
from features.errors import ConfigError
from serving.winback.outbox import Claimed, Sending
from serving.winback.store import Kept
from serving.winback.targets import Targets
from serving.winback.verdict import Answer
from serving.winback.webhook import Post, body, signer

SENT = datetime(2025, 3, 1, 9)  # noqa: DTZ001
HERE = Targets.of(["127.0.0.1"])
MESSAGE = Claimed("k" * 32, "C1 \N{LATIN SMALL LETTER A WITH DIAERESIS}", "five", "email", 1, "lease")
Answers = Callable[[bytes, float], str]


def _sending() -> Sending:
    kept = Kept(3, "spring", 1, SENT, SENT, "sent", 9.0, "EUR", "", {}, SENT, "kim", SENT, None)
    return Sending(kept, "", SENT, datetime(2025, 3, 31, 9))  # noqa: DTZ001


def post(url: str, seconds: float = 2.0, targets: Targets = HERE) -> Answer:
    return Post(url, signer(Webhook()), targets, seconds).deliver(
        MESSAGE.key, body(MESSAGE, _sending()), now()
    )


@pytest.fixture
def answering() -> Iterator[Answers]:
    """A receiver that gives these bytes for an answer, one after the other, so many seconds apart."""
    listening = socket.create_server(("127.0.0.1", 0))

    def answer(told: bytes, pause: float) -> None:
        try:
            connection, _ = listening.accept()
            with connection:
                asked = b""
                while not asked.endswith(b"}}"):
                    asked += connection.recv(65_536)
                for byte in told:
                    connection.send(bytes([byte]))
                    time.sleep(pause)
        except OSError:
            return

    def start(told: bytes, pause: float = 0.0) -> str:
        threading.Thread(target=answer, args=(told, pause), daemon=True).start()
        return f"http://127.0.0.1:{listening.getsockname()[1]}/"

    yield start
    listening.close()


def test_the_receiver_gets_ids_and_no_more_signed_by_the_standard(receiver: Receiver, secret: str) -> None:
    """The signature by hand: HMAC-SHA256 over id, time and body, joined by full stops."""
    assert post(receiver.url) == Answer(200)
    (text,) = receiver.received.acted.values()
    assert json.loads(text) == {
        "type": "winback.offer",
        "timestamp": "2025-03-01T09:00:00Z",
        "data": {
            "plan": 3,
            "campaign_id": "spring-1",
            "customer_id": MESSAGE.customer_id,
            "offer": "five",
            "channel": "email",
            "valid_until": "2025-03-31T09:00:00Z",
        },
    }
    (head,) = receiver.heads
    assert head["webhook-id"] == MESSAGE.key
    assert abs(int(head["webhook-timestamp"]) - time.time()) < 30
    signed = f"{MESSAGE.key}.{head['webhook-timestamp']}.{text}".encode()
    key = b64decode(secret.removeprefix("whsec_"))
    assert head["webhook-signature"] == "v1," + b64encode(hmac.digest(key, signed, sha256)).decode()
    assert receiver.received.forged == 0


@pytest.mark.usefixtures("secret")
def test_redirects_are_not_followed(answering: Answers, receiver: Receiver) -> None:
    told = f"HTTP/1.1 307 Go\r\nLocation: {receiver.url}\r\nContent-Length: 0\r\n\r\n"
    assert post(answering(told.encode())).status == 307
    assert not receiver.received.posts


@pytest.mark.usefixtures("secret")
@pytest.mark.parametrize(
    ("told", "pause", "error"),
    [
        (b"", 0.0, "the connection failed: Server disconnected without sending a response"),
        (b"SSH-2.0 no HTTP\r\n\r\n", 0.0, "the connection failed: "),
        (b"HTTP/1.1 2", 0.0, "the connection failed: "),
        (b"HTTP/1.1 200 OK\r\nX: " + b"x" * 1000, 0.02, "no answer within 0.3 seconds"),
    ],
)
def test_what_is_no_answer_is_told(answering: Answers, told: bytes, pause: float, error: str) -> None:
    """A receiver that drips its answer is not waited for beyond the time of the whole attempt."""
    started = time.monotonic()
    found = post(answering(told, pause), seconds=0.3)
    assert found.status is None
    assert found.error is not None
    assert found.error.startswith(error)
    assert time.monotonic() - started < 5


@pytest.mark.usefixtures("secret")
def test_a_name_is_looked_at_again_at_every_attempt(
    receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Connected to is the address looked at: here the name leads to the receiver once, then elsewhere."""
    turns = iter(["127.0.0.1", "10.0.0.1"])
    lookups: list[str] = []
    real = socket.getaddrinfo

    def looked_up(host: str, port: int, *given: Any, **named: Any) -> Any:
        if host == "127.0.0.1":
            return real(host, port, *given, **named)
        lookups.append(host)
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (next(turns), port))]

    with monkeypatch.context() as patch:
        patch.setattr(socket, "getaddrinfo", looked_up)
        url = receiver.url.replace("127.0.0.1", "hooks.shop.example")
        assert post(url).status == 200
        refused = post(url)
    assert refused.error is not None
    assert "hooks.shop.example leads to 10.0.0.1, which is not public" in refused.error
    assert lookups == ["hooks.shop.example"] * 2


@pytest.mark.usefixtures("secret")
def test_an_unlisted_address_of_this_machine_is_refused(receiver: Receiver) -> None:
    found = post(receiver.url, targets=Targets.of(["10.0.0.0/8"]))
    assert found.error is not None
    assert "127.0.0.1, which is not public" in found.error
    assert not receiver.received.posts


def test_without_a_secret_nothing_is_signed(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.delenv("AMITY_WEBHOOK_SECRET", raising=False)
    with pytest.raises(ConfigError, match="There is no secret to sign messages with: put one"):
        signer(Webhook())
    with pytest.raises(ConfigError, match=r"can't be read from .*: No such file"):
        signer(Webhook(secret_file=str(tmp_path / "none")))
    for wrong in ("whsec_", "whsec_c2hvcnQ=", "whsec_!!", "\N{SNOWMAN}", "a"):
        monkeypatch.setenv("AMITY_WEBHOOK_SECRET", wrong)
        with pytest.raises(ConfigError, match="The secret in AMITY_WEBHOOK_SECRET is none") as caught:
            signer(Webhook())
        assert wrong not in str(caught.value).replace("must be whsec_ and", "") or wrong == "a"


def test_a_secret_may_lie_in_a_file(
    secret: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, receiver: Receiver
) -> None:
    monkeypatch.delenv("AMITY_WEBHOOK_SECRET")
    file = tmp_path / "secret"
    file.write_text(f"{secret}\n")
    found = signer(Webhook(secret_file=str(file)))
    assert Post(receiver.url, found, HERE, 2).deliver("k", "{}", now()).status == 200
    assert receiver.received.forged == 0
