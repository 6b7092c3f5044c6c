"""An answer made and written in one thread: each change of threads costs as much as a customer's row."""

from __future__ import annotations

from collections.abc import Callable

from anyio.to_thread import run_sync
from fastapi import Response
from pydantic import BaseModel


async def answer(work: Callable[[], BaseModel | Response], told: Response) -> Response:
    """What `work` gives, as JSON where it isn't an answer already. `told`: bears the headers set so far."""
    return await run_sync(_written, work, dict(told.headers))


def _written(work: Callable[[], BaseModel | Response], headers: dict[str, str]) -> Response:
    found = work()
    if isinstance(found, Response):
        found.headers.update(headers)
        return found
    return Response(found.model_dump_json(), media_type="application/json", headers=headers)
