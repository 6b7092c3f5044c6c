"""Signing in: by a good key, for some hours, in a cookie that neither scripts nor other sites can use."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any
from urllib.parse import urlencode

import pytest

from serving.console import sessions
from serving.console.links import customer_path
from serving.console.sessions import COOKIE, SECONDS, sessions_of
from serving.locks.keys import Caller, Keys
from serving.locks.locks import locks_of

FORM = {"Content-Type": "application/x-www-form-urlencoded"}


@pytest.fixture
def locked(make_console: Callable[..., Any], make_scored: Any) -> Any:
    """A console whose store has a key of the retention team: `locked.key`, `locked.id`."""
    console = make_console(make_scored(rows=5))
    key, secret = Keys(console.resources.store.engine).make("Team", "retention")
    object.__setattr__(console, "key", secret)
    object.__setattr__(console, "id", key.id)
    return console


def sign_in(console: Any, secret: str, onward: str = "", **headers: str) -> Any:
    body = urlencode({"key": secret, "next": onward})
    return console.ask("POST", "/pages/sign-in", content=body, headers=FORM | headers)


def with_cookie(console: Any, path: str, token: str) -> Any:
    return console.ask("GET", path, headers={"Cookie": f"{COOKIE}={token}"})


def token_of(reply: Any) -> str:
    return str(re.search(rf"{COOKIE}=([^;]+)", reply.headers["set-cookie"])[1])  # type: ignore[index]


def test_without_a_session_each_page_asks_to_sign_in_and_shows_nothing(locked: Any, read_page: Any) -> None:
    for path in (
        "/pages/at-risk",
        "/pages/at-risk.csv",
        "/pages/customers/C1",
        "/pages/definitions",
        "/pages/model",
    ):
        reply = locked.get(path)
        assert reply.status_code == 401
        assert "Sign in" in read_page(reply.text).text
        assert "C1" not in read_page(reply.text).text
    assert locked.get("/pages/sign-in").status_code == 200
    assert locked.get("/pages/assets/console.css").status_code == 200


def test_a_good_key_signs_in_and_leads_on(locked: Any, read_page: Any) -> None:
    asked = f"{customer_path('C1')}?scoring=1"
    form = read_page(locked.get(asked).text)
    onward = next(v["value"] for tag, v in form.tags if v.get("name") == "next")
    reply = sign_in(locked, f" {locked.key} ", onward)
    assert (reply.status_code, reply.headers["location"]) == (303, asked)
    cookie = reply.headers["set-cookie"]
    for part in ("HttpOnly", "SameSite=strict", "Path=/pages", f"Max-Age={SECONDS}"):
        assert part in cookie
    assert locked.key not in cookie
    page = read_page(with_cookie(locked, asked, token_of(reply)).text)
    assert "Weak points" in page.text
    assert "Team Sign out" in page.text


def test_an_id_of_any_characters_comes_through_the_form(locked: Any, read_page: Any) -> None:
    path = customer_path("a/b?c#d é🦊")
    form = read_page(locked.get(path).text)
    onward = next(v["value"] for tag, v in form.tags if v.get("name") == "next")
    assert sign_in(locked, locked.key, onward).headers["location"] == path
    assert sign_in(locked, locked.key, "//evil.example/pages/").headers["location"] == "/pages/at-risk"


@pytest.mark.parametrize("secret", ["", "amity", "amity_000000000000_" + "x" * 43, "é" * 50])
def test_a_wrong_key_is_told_and_signs_nobody_in(locked: Any, read_page: Any, secret: str) -> None:
    reply = sign_in(locked, secret)
    assert reply.status_code == 401
    assert "set-cookie" not in reply.headers
    assert "This key is unknown, was revoked or has expired" in read_page(reply.text).text


def test_a_form_from_another_site_or_too_large_is_refused(locked: Any) -> None:
    for headers in ({"Origin": "https://evil.example"}, {"Sec-Fetch-Site": "cross-site"}):
        assert sign_in(locked, locked.key, **headers).status_code == 403
        assert locked.ask("POST", "/pages/sign-out", headers=headers).status_code == 403
    assert sign_in(locked, locked.key, Origin="http://localhost").status_code == 303
    here = sign_in(locked, locked.key, "/pages/sign-in")
    assert here.headers["location"] == "/pages/at-risk"
    assert sign_in(locked, "x" * 20_000).status_code == 413


def test_signing_out_takes_the_cookie_back(locked: Any) -> None:
    reply = locked.ask("POST", "/pages/sign-out")
    assert reply.status_code == 303
    assert f'{COOKIE}=""; ' in reply.headers["set-cookie"]
    assert "Max-Age=0" in reply.headers["set-cookie"]


def test_a_session_ends_with_its_hours_its_key_and_its_process(
    locked: Any, make_console: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    token = token_of(sign_in(locked, locked.key))
    assert with_cookie(locked, "/pages/at-risk", token).status_code == 200
    assert with_cookie(make_console(), "/pages/at-risk", token).status_code == 401
    with monkeypatch.context() as patch:
        now = sessions.time.time()
        patch.setattr(sessions.time, "time", lambda: now + SECONDS + 2)
        assert with_cookie(locked, "/pages/at-risk", token).status_code == 401
    Keys(locked.resources.store.engine).revoke(locked.id)
    assert with_cookie(locked, "/pages/at-risk", token).status_code == 401


def test_a_changed_token_is_worth_nothing(locked: Any) -> None:
    token = token_of(sign_in(locked, locked.key))
    key_id, until, signature = token.split(".")
    later = f"{key_id}.{int(until) + 9999}.{signature}"
    other = "0" if signature[-1] != "0" else "1"
    for wrong in ("", "x", later, token[:-1] + other, f"{'0' * 12}.{until}.{signature}", "a.b.c"):
        assert with_cookie(locked, "/pages/at-risk", wrong).status_code == 401
    keys = locks_of(locked.app).keys
    assert sessions_of(locked.app).caller(token, keys) == Caller(locked.id, "Team", "retention")


def test_each_role_sees_its_pages_only(locked: Any, read_page: Any) -> None:
    _, secret = Keys(locked.resources.store.engine).make("Mail", "marketing")
    token = token_of(sign_in(locked, secret))
    page = read_page(with_cookie(locked, "/pages/at-risk", token).text)
    assert "Definitions" not in page.text.partition("Whom to call")[0]
    reply = with_cookie(locked, "/pages/customers/C1", token)
    assert reply.status_code == 403
    assert "Your key has the role marketing" in read_page(reply.text).text


def test_the_cookie_opens_no_route_of_the_api(locked: Any) -> None:
    token = token_of(sign_in(locked, locked.key))
    assert with_cookie(locked, "/at-risk", token).status_code == 401


def test_while_no_key_is_made_only_this_machine_sees_the_pages(make_console: Callable[..., Any]) -> None:
    console = make_console()
    assert console.get("/pages/at-risk").status_code == 200
    assert console.ask("GET", "/pages/at-risk", headers={"Host": "evil.example"}).status_code == 401
