"""A JSON body → a request, strictly: JSON has no NaN, and what can't be read is refused in one sentence."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

from fastapi import HTTPException, Request
from pydantic import BaseModel
from pydantic_core import from_json

from features.errors import RequestError
from serving.requests import LARGEST_BODY

R = TypeVar("R", bound=BaseModel)


def json_body(kind: type[R]) -> Callable[[Request], Awaitable[R]]:
    """A dependency that gives the body as a `kind`.

    It raises HTTPException 413 where the body is larger than LARGEST_BODY, RequestError where it is no JSON,
    pydantic's ValidationError where it is no `kind`.
    """

    async def read(request: Request) -> R:
        try:
            document = from_json(await _limited(request), allow_inf_nan=False)
        except ValueError as error:
            raise RequestError(f"The body is no JSON text in UTF-8: {error}.") from None
        return kind.model_validate(document)

    return read


async def _limited(request: Request) -> bytes:
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > LARGEST_BODY:
            raise HTTPException(413)
    return bytes(body)


def documented(kind: type[BaseModel]) -> dict[str, Any]:
    """What OpenAPI says of a body that `json_body` reads."""
    schema = kind.model_json_schema()
    return {"requestBody": {"required": True, "content": {"application/json": {"schema": schema}}}}
