"""Who may what: every route stands in one table, and each role gets what the table says, over HTTP."""

from __future__ import annotations

import re
from typing import Any

import pytest
from fastapi.routing import APIRoute

from serving.locks.guard import pulled
from serving.locks.roles import MAY, OPEN, PAGES, ROLES, may

SHOWS_NO_CUSTOMER = {
    ("GET", f"/{name}") for name in ("scorings", "model", "alarms", "health", "metrics", "pages/model")
} | {("GET", f"/pages/{name}") for name in ("{rest:path}", "assessment", "assessment/report")}
PLAN = "/winback/plans/{plan_id}"
SHOWS_NO_CUSTOMER |= {(method, "/winback/plans") for method in ("GET", "POST")} | {
    *(("GET", f"{PLAN}{end}") for end in ("", "/progress", "/result")),
    *(("POST", f"{PLAN}{end}") for end in ("/approve", "/resend")),
}
SHOWS_NO_CUSTOMER |= {
    *((method, "/pages/campaigns") for method in ("GET", "POST")),
    *((method, "/pages/campaigns/{plan_id}/approve") for method in ("GET", "POST")),
    ("POST", "/pages/campaigns/{plan_id}/resend"),
}
EXPECTED = {
    "/at-risk": ["retention", "marketing", "admin"],
    "/explain/C17": ["retention", "data-science", "admin"],
    "/health": list(ROLES),
    "/metrics": ["data-science", "admin"],
}


def routes(app: Any) -> dict[tuple[str, str], APIRoute]:
    """All of an app or router, those of the routers in it included."""
    found: dict[tuple[str, str], APIRoute] = {}
    for route in app.routes:
        if isinstance(route, APIRoute):
            found |= {(method, route.path): route for method in route.methods}
        elif hasattr(route, "original_router"):
            found |= routes(route.original_router)
    return found


def test_every_route_stands_in_exactly_one_table(house: Any) -> None:
    found = set(routes(house.app))
    assert found == {*MAY, *OPEN}
    assert not {*MAY} & {*OPEN}
    assert {*PAGES} < {*MAY}
    assert all(roles for roles in MAY.values())


def test_every_route_that_shows_customers_says_whom(house: Any) -> None:
    """The audit knows of a request only what its route says by the dependency `pulled`."""
    for asked, route in routes(house.app).items():
        says = any(dependency.call is pulled for dependency in route.dependant.dependencies)
        assert says == (asked in set(MAY) - SHOWS_NO_CUSTOMER), asked


@pytest.mark.parametrize("asked", sorted(MAY))
def test_without_a_key_nothing_is_answered_and_without_the_role_neither(locked: Any, asked: Any) -> None:
    method, route = asked
    path = re.sub(r"{.*?}", "C17", route)
    assert locked.ask(method, path).status_code == 401
    if asked not in PAGES:
        told = {role: locked.ask(method, path, role).status_code for role in ROLES}
        assert {role for role, status in told.items() if status == 403} == set(ROLES) - MAY[asked]
        assert 401 not in told.values()


@pytest.mark.parametrize("path", EXPECTED)
def test_each_role_gets_what_is_its_own(locked: Any, path: str) -> None:
    for role in ROLES:
        reply = locked.get(path, role)
        if role in EXPECTED[path]:
            assert reply.status_code == 200, (role, reply.text)
        else:
            assert reply.status_code == 403, role
            allowed = ", ".join(sorted(EXPECTED[path]))
            assert reply.json()["error"] == f"This key has the role {role}; this path is for {allowed}."


def test_an_unknown_route_is_nobodys() -> None:
    assert not any(may(role, "GET", "/new") for role in ROLES)
    assert not any(may(role, "DELETE", "/at-risk") for role in ROLES)


def test_admin_may_all() -> None:
    assert all(may("admin", *asked) for asked in MAY)
