"""How large a request may be; a body is counted while it arrives, and nothing larger is ever held."""

from __future__ import annotations

from fastapi import HTTPException
from starlette.types import Message, Receive, Scope

from configs.settings import ServiceSettings

MEGABYTE = 2**20
LONGEST_ADDRESS = 16_384
LARGEST_HEADERS = 32_768


def require_head(scope: Scope) -> None:
    """Raises HTTPException: 414 where the address is too long, 431 where the headers are together."""
    if len(scope.get("raw_path", b"")) + len(scope["query_string"]) > LONGEST_ADDRESS:
        raise HTTPException(414, f"The address is too long; use at most {LONGEST_ADDRESS:,} characters.")
    if sum(len(name) + len(value) for name, value in scope["headers"]) > LARGEST_HEADERS:
        raise HTTPException(
            431, f"The headers are too large; send at most {LARGEST_HEADERS:,} bytes of them."
        )


def limited(scope: Scope, receive: Receive, settings: ServiceSettings) -> Receive:
    """`receive`, which raises HTTPException 413 once the body has too many bytes or JSON values.

    Values are counted by their commas; those in texts count as well. How deep lists and objects may lie in
    each other is the parser's own limit (200).
    """
    require_size(_declared(scope), settings)
    size = values = 0

    async def receive_limited() -> Message:
        nonlocal size, values
        message = await receive()
        if message["type"] == "http.request":
            body = message.get("body", b"")
            size, values = size + len(body), values + body.count(b",")
            require_size(size, settings)
            if values > settings.most_json_values:
                raise HTTPException(
                    413,
                    f"The body holds more than {settings.most_json_values:,} values; send it in parts.",
                )
        return message

    return receive_limited


def require_size(size: int, settings: ServiceSettings) -> None:
    if size > settings.largest_body_mb * MEGABYTE:
        raise HTTPException(413, f"The body is too large; send at most {settings.largest_body_mb} MB.")


def _declared(scope: Scope) -> int:
    """What the client says it sends; 0 where it doesn't say."""
    for name, value in scope["headers"]:
        if name == b"content-length" and value.isdigit() and len(value) < 20:
            return int(value)
    return 0
