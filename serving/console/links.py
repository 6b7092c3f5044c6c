"""Where the pages lie. A customer's id stands in the path, which no log keeps, and never in a query."""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import quote, urlencode

PAGES = "/pages"
ASSETS = f"{PAGES}/assets"
ASSESSMENT = f"{PAGES}/assessment"
REPORT = f"{ASSESSMENT}/report"
AT_RISK = f"{PAGES}/at-risk"
AT_RISK_CSV = f"{AT_RISK}.csv"
DEFINITIONS = f"{PAGES}/definitions"
MODEL = f"{PAGES}/model"
CAMPAIGNS = f"{PAGES}/campaigns"
CAMPAIGN = f"{CAMPAIGNS}/{{plan_id}}"
SIGN_IN = f"{PAGES}/sign-in"
SIGN_OUT = f"{PAGES}/sign-out"
CUSTOMERS = f"{PAGES}/customers"
WHAT_IF = f"{PAGES}/what-if"

MARK = "~"
"""Before an id that browsers would take for a step in the path, and before one that begins with it."""


def customer_path(customer_id: str, under: str = CUSTOMERS) -> str:
    """The path of a customer's page."""
    marked = customer_id.startswith(MARK) or customer_id in (".", "..")
    return f"{under}/{quote(MARK * marked + customer_id, safe='')}"


def customer_id_of(segment: str) -> str:
    """The id in the path of a customer's page, decoded."""
    return segment.removeprefix(MARK)


def campaign_path(plan_id: int, end: str = "") -> str:
    """The path of a campaign's page; `end`: what is done with it, such as /approve."""
    return CAMPAIGN.format(plan_id=plan_id) + end


def with_query(path: str, values: Mapping[str, object]) -> str:
    """The path with a query; what is null or empty is left out."""
    given = {name: value for name, value in values.items() if value not in (None, "")}
    return f"{path}?{urlencode(given)}" if given else path


def own_page(path: str) -> str:
    """The path, where it leads to one of these pages but signing in and out; else the list's."""
    return path if path.startswith(f"{PAGES}/") and path not in (SIGN_IN, SIGN_OUT) else AT_RISK
