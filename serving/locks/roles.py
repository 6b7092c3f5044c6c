"""Which role may ask what: the one table of it."""

from __future__ import annotations

from typing import Literal, get_args

Role = Literal["retention", "marketing", "data-science", "admin"]
ROLES: tuple[Role, ...] = get_args(Role)

EVERY_ROLE = frozenset(ROLES)
CALLERS = frozenset[Role]({"retention", "admin"})
LISTS = frozenset[Role]({"retention", "marketing", "admin"})
MODELS = frozenset[Role]({"data-science", "admin"})
CUSTOMERS = CALLERS | MODELS
CAMPAIGNS = frozenset[Role]({"marketing", "admin"})

MAY: dict[tuple[str, str], frozenset[Role]] = {
    ("GET", "/at-risk"): LISTS,
    ("POST", "/score"): EVERY_ROLE,
    ("POST", "/score-events"): CUSTOMERS,
    ("GET", "/explain/{customer_id:path}"): CUSTOMERS,
    ("GET", "/scorings"): EVERY_ROLE,
    ("GET", "/definitions"): CUSTOMERS,
    ("POST", "/what-if"): CUSTOMERS,
    ("GET", "/what-if/{customer_id:path}"): CUSTOMERS,
    ("GET", "/model"): EVERY_ROLE,
    ("GET", "/alarms"): EVERY_ROLE,
    ("GET", "/health"): EVERY_ROLE,
    ("GET", "/metrics"): MODELS,
    ("GET", "/winback/plans"): LISTS,
    ("POST", "/winback/plans"): CAMPAIGNS,
    ("GET", "/winback/plans/{plan_id}"): LISTS,
    ("GET", "/winback/plans/{plan_id}/rows"): LISTS,
    ("GET", "/winback/plans/{plan_id}/for-service"): LISTS,
    ("POST", "/winback/plans/{plan_id}/approve"): CAMPAIGNS,
    ("POST", "/winback/plans/{plan_id}/export"): CAMPAIGNS,
    ("GET", "/winback/plans/{plan_id}/progress"): LISTS,
    ("GET", "/winback/plans/{plan_id}/dead-letters"): LISTS,
    ("POST", "/winback/plans/{plan_id}/resend"): CAMPAIGNS,
    ("GET", "/winback/plans/{plan_id}/attempts"): LISTS,
    ("GET", "/winback/plans/{plan_id}/result"): EVERY_ROLE,
    ("GET", "/pages/assessment"): EVERY_ROLE,
    ("GET", "/pages/assessment/report"): EVERY_ROLE,
    ("GET", "/pages/at-risk"): LISTS,
    ("GET", "/pages/at-risk.csv"): LISTS,
    ("GET", "/pages/customers/{segment:path}"): CUSTOMERS,
    ("GET", "/pages/what-if/{segment:path}"): CUSTOMERS,
    ("GET", "/pages/definitions"): CUSTOMERS,
    ("GET", "/pages/model"): EVERY_ROLE,
    ("GET", "/pages/campaigns"): LISTS,
    ("POST", "/pages/campaigns"): CAMPAIGNS,
    ("GET", "/pages/campaigns/{plan_id}"): LISTS,
    ("GET", "/pages/campaigns/{plan_id}/approve"): CAMPAIGNS,
    ("POST", "/pages/campaigns/{plan_id}/approve"): CAMPAIGNS,
    ("POST", "/pages/campaigns/{plan_id}/export"): CAMPAIGNS,
    ("POST", "/pages/campaigns/{plan_id}/resend"): CAMPAIGNS,
    ("GET", "/pages/{rest:path}"): EVERY_ROLE,
}
"""Method and route → who may; a route that stands in no table is refused to all."""

SIGN_IN = frozenset({("GET", "/pages/sign-in"), ("POST", "/pages/sign-in"), ("POST", "/pages/sign-out")})
OPEN = frozenset({("GET", "/"), ("GET", "/docs"), ("GET", "/openapi.json"), *SIGN_IN})
"""What is answered without a key: it tells of nobody."""

PAGES = frozenset(asked for asked in MAY if asked[1].startswith("/pages/"))
"""The console's: its own session lets in, by the same keys and roles."""


def may(role: Role, method: str, route: str) -> bool:
    return role in MAY.get((method, route), frozenset())
