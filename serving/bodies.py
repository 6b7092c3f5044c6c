"""A JSON body → a request, strictly: JSON has no NaN, and what can't be read is refused in one sentence."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

from fastapi import HTTPException, Request
from pydantic import BaseModel
from pydantic_core import from_json

from features.errors import RequestError

R = TypeVar("R", bound=BaseModel)

PLAIN = {
    "expected value": "no value begins; due is a text in double quotes, a number, true, false, null, [ or {",
    "expected ident": "a word stands that is none of true, false and null",
    "key must be a string": "a name is due, in double quotes",
    "trailing comma": "a comma stands with nothing after it; leave it out",
    "trailing characters": "the document is complete, yet more follows; send one document",
    "invalid number": "a number is written in a way that JSON doesn't have",
    "number out of range": "a number has too many digits",
    "recursion limit exceeded": "lists and objects are nested too deep",
    "invalid unicode code point": "the text is not in UTF-8",
    "unexpected end of hex escape": "half a character is written; send the text in UTF-8",
    "control character (\\u0000-\\u001F) found while parsing a string": (
        "a text holds a line break or another control character; write it as \\n or \\u000a"
    ),
}
"""What the parser says → the same in words that name what was found or is due."""


def json_body(kind: type[R]) -> Callable[[Request], Awaitable[R]]:
    """A dependency that gives the body as a `kind`.

    It raises HTTPException 415 where the body says that it is something else than JSON, RequestError where it
    is no JSON, pydantic's ValidationError where it is no `kind`. How large it is, the door has looked at.
    """

    async def read(request: Request) -> R:
        _require_json(request)
        try:
            document = from_json(await request.body(), allow_inf_nan=False)
        except ValueError as error:
            raise RequestError(f"The body can't be read as JSON: {_told(str(error))}.") from None
        return kind.model_validate(document)

    return read


def _told(message: str) -> str:
    """What the parser says, in plain words; it ends with the place."""
    says, _, place = message.partition(" at line ")
    if says.startswith("EOF while parsing a value") and place == "1 column 0":
        return "it is empty; send an object of names and values, as /docs shows"
    line, _, column = place.partition(" column ")
    where = f"line {line}, column {column}"
    if says.startswith("EOF"):
        return f"it ends at {where}, before it is complete; send all of it"
    return f"at {where}, {PLAIN.get(says, says.replace('expected', 'due is', 1))}"


def _require_json(request: Request) -> None:
    """A body that doesn't say what it is counts as JSON."""
    said = request.headers.get("content-type", "application/json").partition(";")[0].strip().lower()
    if said != "application/json":
        raise HTTPException(415, f"The body is {said[:60]!r}; send it as application/json.")


def documented(kind: type[BaseModel]) -> dict[str, Any]:
    """What OpenAPI says of a body that `json_body` reads."""
    schema = kind.model_json_schema()
    return {"requestBody": {"required": True, "content": {"application/json": {"schema": schema}}}}
