"""Whether a request may have what it asks for: its key, its role, its rate."""

from __future__ import annotations

from typing import Annotated

from fastapi import Depends, HTTPException, Request, Security
from fastapi.concurrency import run_in_threadpool
from fastapi.security import APIKeyHeader, HTTPAuthorizationCredentials, HTTPBearer

from features.errors import ConfigError
from serving.locks.audit import Pulled
from serving.locks.keys import Caller
from serving.locks.locks import Locks, locks_of
from serving.locks.rates import is_local
from serving.locks.roles import MAY, OPEN, PAGES, may

BEARER = HTTPBearer(auto_error=False, description="`Authorization: Bearer KEY`; `amity keys make` makes one.")
HEADER = APIKeyHeader(name="X-Api-Key", auto_error=False, description="The same key, where that is easier.")

HEALTH = ("GET", "/health")
"""Where the store with the keys is away, it says so to everybody, and there is nothing else to say."""

NO_KEY = "This needs a key: send it as `Authorization: Bearer KEY` or as `X-Api-Key: KEY`."
WRONG_KEY = "This key is unknown, was revoked or has expired; ask for a new one whoever runs Amity."
NOT_FROM_HERE = (
    "No key has been made yet, so Amity answers only this machine, by the name localhost or its address. "
    "Make one with `amity keys make --role ROLE --name NAME`."
)


async def guard(
    request: Request,
    bearer: Annotated[HTTPAuthorizationCredentials | None, Security(BEARER)],
    plain: Annotated[str | None, Security(HEADER)],
) -> None:
    """A dependency of every route.

    Raises HTTPException: 401 without a good key, 403 where its role may not, 429 where it asks too often;
    ConfigError where the store with the keys is away.
    """
    asked = (request.method, request.scope["route"].path)
    if asked in OPEN or asked in PAGES:
        return
    locks = locks_of(request.app)
    try:
        secret = bearer.credentials if bearer else plain
        caller = await admitted_at_once(request, secret, locks)
    except ConfigError:
        if asked == HEALTH:
            return
        raise
    request.state.caller = caller
    if caller is not None:
        locks.rates.count_key(caller.key_id)
        if not may(caller.role, *asked):
            request.state.pulled = Pulled()
            raise HTTPException(403, _not_for(caller, *asked))


async def pulled(request: Request) -> Pulled:
    """A dependency of each route that shows customers: what this request takes, for the route to fill in.

    Raises HTTPException 503 where it couldn't be recorded.
    """
    if locks_of(request.app).recorder.is_full:
        raise HTTPException(503, "The audit can't be written now, so no customer is shown; try again later.")
    request.state.pulled = found = Pulled()
    return found


async def admitted_at_once(request: Request, secret: str | None, locks: Locks) -> Caller | None:
    """As `admitted`, in a thread of its own where the store must be asked."""
    if locks.are_known_open:
        require_local(request)
        return None
    return await run_in_threadpool(admitted, request, secret, locks)


def admitted(request: Request, secret: str | None, locks: Locks) -> Caller | None:
    """Who asks; null while no key was ever made and this machine asks itself. Raises HTTPException 401."""
    if locks.are_open:
        require_local(request)
        return None
    if not secret:
        raise unauthorized(NO_KEY)
    caller = locks.keys.caller_of(secret)
    if caller is None:
        locks.rates.count_wrong_key(address_of(request))
        raise unauthorized(WRONG_KEY)
    return caller


def require_local(request: Request) -> None:
    """Raises HTTPException 401 unless this machine asks, and by a name of its own.

    The name matters: a page of another site may lead its own name to 127.0.0.1 and read what comes (DNS
    rebinding).
    """
    name = request.url.hostname or ""
    if not (is_local(address_of(request)) and (name == "localhost" or is_local(name))):
        raise unauthorized(NOT_FROM_HERE)


def who(request: Request) -> Caller | None:
    """Whom the guard let in; null where the service is open."""
    found: Caller | None = getattr(request.state, "caller", None)
    return found


def address_of(request: Request) -> str:
    """Empty where the server doesn't know it."""
    return request.client.host if request.client else ""


def unauthorized(sentence: str) -> HTTPException:
    return HTTPException(401, sentence, headers={"WWW-Authenticate": "Bearer"})


def _not_for(caller: Caller, method: str, route: str) -> str:
    roles = ", ".join(sorted(MAY.get((method, route), ())))
    return f"This key has the role {caller.role}; this path is for {roles or 'no role'}."


Taking = Annotated[Pulled, Depends(pulled)]
