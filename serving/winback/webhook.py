"""One message to one receiver: signed by the Standard Webhooks scheme, to an address that was looked at.

https://www.standardwebhooks.com: the key of the message is `webhook-id`, the same at every attempt.
"""

from __future__ import annotations

import json
import math
import os
import ssl
from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path
from time import monotonic
from typing import Any

import httpcore
from standardwebhooks.webhooks import Webhook as Signer

from configs.settings import Webhook
from features.errors import ConfigError
from serving.winback.outbox import Claimed, Sending
from serving.winback.targets import RefusedAddressError, Targets
from serving.winback.verdict import Answer

SECRET = "AMITY_WEBHOOK_SECRET"  # noqa: S105
LEAST_BYTES, MOST_BYTES = 24, 64
"""Of a secret, by the Standard Webhooks specification."""

TYPE = "winback.offer"


def signer(settings: Webhook) -> Signer:
    """By the secret of the environment, else of the file; raises ConfigError, which never tells it."""
    text, where = os.environ.get(SECRET), SECRET
    if not text and settings.secret_file:
        where = settings.secret_file
        try:
            text = Path(where).expanduser().read_text(encoding="ascii")
        except (OSError, ValueError) as error:
            kind = error.strerror if isinstance(error, OSError) else "it is no ASCII text"
            raise ConfigError(f"The secret that signs messages can't be read from {where}: {kind}.") from None
    if not text:
        raise ConfigError(
            "There is no secret to sign messages with: put one that the receiver knows (whsec_ and 32 random "
            f"bytes in Base64) into {SECRET}, or into a file that secret_file in winback.yaml names."
        )
    return _signer(text.strip(), where)


def _signer(text: str, where: str) -> Signer:
    try:
        found = Signer(text)
        size = len(vars(found)["_whsecret"])
    except Exception:
        size = 0
    if not LEAST_BYTES <= size <= MOST_BYTES:
        raise ConfigError(
            f"The secret in {where} is none: it must be whsec_ and {LEAST_BYTES} to {MOST_BYTES} bytes in "
            "Base64."
        )
    return found


def body(claimed: Claimed, sending: Sending) -> str:
    """The same at every attempt; nothing of the customer but the id."""
    document = {
        "type": TYPE,
        "timestamp": _iso(sending.queued_at),
        "data": {
            "plan": sending.plan.id,
            "campaign_id": sending.plan.campaign_id,
            "customer_id": claimed.customer_id,
            "offer": claimed.offer,
            "channel": claimed.channel,
            "valid_until": _iso(sending.valid_until),
        },
    }
    return json.dumps(document, ensure_ascii=True, separators=(",", ":"))


class Post:
    """Delivers messages one after the other; each thread has its own.

    Each attempt has a connection of its own, so that no answer can be taken for that of another message.
    Redirects are not followed, proxies not asked, and from the first byte to the last there is so much time.
    """

    def __init__(self, target: str, signer: Signer, targets: Targets, seconds: float) -> None:
        self._target, self._signer, self._targets, self._seconds = target, signer, targets, seconds
        self._encryption = ssl.create_default_context()

    def deliver(self, key: str, text: str, at: datetime) -> Answer:
        """`at`: UTC without a zone. Never raises for what the network or the receiver does."""
        line = _Line(self._targets, monotonic() + self._seconds)
        url = httpcore.URL(self._target)
        try:
            with (
                httpcore.HTTPConnection(url.origin, self._encryption, network_backend=line) as connection,
                connection.stream(
                    "POST", url, headers=self._headers(key, text, at), content=text.encode()
                ) as told,
            ):
                return Answer(told.status, None, _header(told.headers, b"retry-after"))
        except RefusedAddressError as error:
            return Answer(None, str(error))
        except (httpcore.TimeoutException, TimeoutError):
            return Answer(None, f"no answer within {self._seconds:g} seconds")
        except (OSError, UnicodeError) as error:
            why = getattr(error, "strerror", None) or type(error).__name__
            return Answer(None, f"the host can't be reached: {why}")
        except (httpcore.NetworkError, httpcore.ProtocolError) as error:
            return Answer(None, f"the connection failed: {str(error)[:200] or type(error).__name__}")

    def _headers(self, key: str, text: str, at: datetime) -> list[tuple[str, str]]:
        moment = at.replace(tzinfo=UTC)
        return [
            ("content-type", "application/json"),
            ("user-agent", "Amity"),
            ("connection", "close"),
            ("webhook-id", key),
            ("webhook-timestamp", str(math.floor(moment.timestamp()))),
            ("webhook-signature", self._signer.sign(key, moment, text)),
        ]


class _Line(httpcore.NetworkBackend):
    """Connects to the very address that was looked at; `until`: when the attempt has to be over."""

    def __init__(self, targets: Targets, until: float) -> None:
        self._targets, self._until = targets, until
        self._network = httpcore.SyncBackend()

    def left(self) -> float:
        """Seconds; raises httpcore.ReadTimeout where there are none."""
        seconds = self._until - monotonic()
        if seconds <= 0:
            raise httpcore.ReadTimeout("the time is over")
        return seconds

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,  # noqa: ARG002
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore.NetworkStream:
        address = self._targets.address_of(host, port)
        plain = self._network.connect_tcp(address, port, self.left(), local_address, socket_options)
        return _Timed(plain, self)


class _Timed(httpcore.NetworkStream):
    """A stream whose reads and writes together take no longer than the attempt may."""

    def __init__(self, stream: httpcore.NetworkStream, line: _Line) -> None:
        self._stream, self._line = stream, line

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:  # noqa: ARG002
        return self._stream.read(max_bytes, self._line.left())

    def write(self, buffer: bytes, timeout: float | None = None) -> None:  # noqa: ARG002
        self._stream.write(buffer, self._line.left())

    def close(self) -> None:
        self._stream.close()

    def start_tls(
        self,
        ssl_context: ssl.SSLContext,
        server_hostname: str | None = None,
        timeout: float | None = None,  # noqa: ARG002
    ) -> httpcore.NetworkStream:
        inner = self._stream.start_tls(ssl_context, server_hostname, self._line.left())
        return _Timed(inner, self._line)

    def get_extra_info(self, info: str) -> Any:
        return self._stream.get_extra_info(info)


def _header(headers: Iterable[tuple[bytes, bytes]], name: bytes) -> str | None:
    return next((value.decode("latin-1") for key, value in headers if key.lower() == name), None)


def _iso(time: datetime) -> str:
    return time.replace(tzinfo=UTC).isoformat().replace("+00:00", "Z")
