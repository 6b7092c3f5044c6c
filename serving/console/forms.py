"""What a form of these pages sends."""

from __future__ import annotations

from urllib.parse import parse_qs

from fastapi import HTTPException, Request

LONGEST_FORM = 10_000


async def form(request: Request) -> dict[str, str]:
    """The first value of each field; raises HTTPException 413 where it is no form of these pages."""
    body = await request.body()
    if len(body) > LONGEST_FORM:
        raise HTTPException(413, "The form is too large.")
    return {name: values[0] for name, values in parse_qs(body.decode(errors="replace")).items()}
