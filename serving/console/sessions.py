"""Who is signed in to the pages: a key's id and an hour, signed, in a cookie.

No script can read the cookie and no other site can send it. What signs it lives as long as the process: after
a restart people sign in again. Each request asks whether the key is still good.
"""

from __future__ import annotations

import hmac
import re
import secrets
import time
from dataclasses import dataclass, field
from typing import Any

from fastapi import HTTPException, Request, Response

from serving.console import links
from serving.locks.guard import WRONG_KEY, address_of, require_local
from serving.locks.keys import Caller, Keys
from serving.locks.locks import locks_of
from serving.locks.roles import may

COOKIE = "amity_session"
SECONDS = 12 * 3600
TOKEN = re.compile(r"([0-9a-f]{12})\.([0-9]{10})\.([0-9a-f]{64})", re.ASCII)


class SignInNeeded(Exception):  # noqa: N818
    """Nobody is signed in; `str(error)` says why, where there is something to say."""


@dataclass(frozen=True)
class Sessions:
    """The sessions of one process; it keeps none of them."""

    secret: bytes = field(default_factory=lambda: secrets.token_bytes(32), repr=False)

    def token(self, caller: Caller) -> str:
        """What the cookie holds for the hours to come."""
        told = f"{caller.key_id}.{int(time.time()) + SECONDS}"
        return f"{told}.{self._signature(told)}"

    def caller(self, token: str, keys: Keys) -> Caller | None:
        """Who is signed in; null where the token is wrong or over, or the key is good no more."""
        parts = TOKEN.fullmatch(token)
        if parts is None or int(parts[2]) <= time.time():
            return None
        right = hmac.compare_digest(parts[3], self._signature(f"{parts[1]}.{parts[2]}"))
        return keys.caller_with(parts[1]) if right else None

    def _signature(self, told: str) -> str:
        return hmac.new(self.secret, told.encode(), "sha256").hexdigest()


def sessions_of(app: Any) -> Sessions:
    """Those of a FastAPI; made at the first request."""
    found: Sessions | None = getattr(app.state, "sessions", None)
    if found is None:
        found = app.state.sessions = Sessions()
    return found


def signed_in(request: Request) -> None:
    """A dependency of every page that shows something.

    While no key was ever made, this machine may see all. Raises SignInNeeded, and HTTPException: 401 where
    another machine asks then, 403 where the role may not, 429 where the key asks too often.
    """
    locks = locks_of(request.app)
    if locks.are_open:
        require_local(request)
        return
    caller = sessions_of(request.app).caller(request.cookies.get(COOKIE, ""), locks.keys)
    if caller is None:
        raise SignInNeeded("")
    request.state.caller = caller
    locks.rates.count_key(caller.key_id)
    if not may(caller.role, request.method, request.scope["route"].path):
        raise HTTPException(403, f"Your key has the role {caller.role}, and this page is for others.")


def sign_in(request: Request, secret: str, answer: Response) -> Response:
    """`answer` with the cookie.

    Raises SignInNeeded where the key isn't good, HTTPException 403 where another site sent it.
    """
    require_same_site(request)
    locks = locks_of(request.app)
    caller = locks.keys.caller_of(secret.strip())
    if caller is None:
        locks.rates.count_wrong_key(address_of(request))
        raise SignInNeeded(WRONG_KEY)
    answer.set_cookie(
        COOKIE,
        sessions_of(request.app).token(caller),
        max_age=SECONDS,
        path=links.PAGES,
        secure=request.url.scheme == "https",
        httponly=True,
        samesite="strict",
    )
    return answer


def sign_out(request: Request, answer: Response) -> Response:
    require_same_site(request)
    answer.delete_cookie(COOKIE, path=links.PAGES, httponly=True, samesite="strict")
    return answer


def require_same_site(request: Request) -> None:
    """Raises HTTPException 403 where a page of another site sent the form."""
    site, origin = request.headers.get("sec-fetch-site"), request.headers.get("origin")
    elsewhere = origin is not None and origin.partition("://")[2] != request.headers.get("host")
    if elsewhere or site not in (None, "same-origin", "none"):
        raise HTTPException(
            403, "This form was sent from another site; open the page here, and send it again."
        )
