"""Templates → pages: everything escaped, nothing asked of another host, no script or style inside."""

from __future__ import annotations

from contextvars import ContextVar
from datetime import datetime
from pathlib import Path
from typing import Any

from fastapi import Request
from fastapi.responses import HTMLResponse
from jinja2 import Environment, FileSystemLoader, StrictUndefined

from models import words
from serving.console import links
from serving.locks.guard import who
from serving.locks.keys import Caller
from serving.locks.roles import may
from serving.summary import asides

FOLDER = Path(__file__).parent
NAV = (
    ("Assessment", links.ASSESSMENT),
    ("At risk", links.AT_RISK),
    ("Campaigns", links.CAMPAIGNS),
    ("Definitions", links.DEFINITIONS),
    ("Model", links.MODEL),
)
ASKED: ContextVar[Request] = ContextVar("asked")
"""The request that a page answers."""

FULL_BAR = 40.0
"""The percentage points that fill a weak point's bar."""

HEADERS = {
    "Content-Security-Policy": "; ".join(
        (
            "default-src 'none'",
            "style-src 'self'",
            "script-src 'self'",
            "img-src 'self'",
            "connect-src 'self'",
            "form-action 'self'",
            "base-uri 'none'",
            "frame-ancestors 'none'",
        )
    ),
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",  # with none at all, a form's Origin is null
    "Cache-Control": "no-store",
}


def page(template: str, status: int = 200, **values: Any) -> HTMLResponse:
    """A page from a template of this folder."""
    caller = who(ASKED.get())
    text = TEMPLATES.get_template(template).render(caller=caller, nav=_nav(caller), **values)
    return HTMLResponse(text, status_code=status, headers=HEADERS)


def signed(points: float) -> str:
    """`+22`, `−3`; a whole number of percentage points."""
    return f"{points:+.0f}".replace("-", "−").replace("−0", "0").replace("+0", "0")


def _nav(caller: Caller | None) -> list[tuple[str, str]]:
    """The pages that the caller may see; all while the service is open."""
    return [(name, path) for name, path in NAV if caller is None or may(caller.role, "GET", path)]


def unbroken(text: str) -> str:
    """A figure with its unit, which no line break parts."""
    return text.replace(" ", "\N{NO-BREAK SPACE}")


def tied(text: str) -> str:
    """A sentence in which no line break parts a number from its percent sign."""
    return text.replace(" %", "\N{NO-BREAK SPACE}%")


def day(time: datetime) -> str:
    """As `datetime` of HTML's `time` takes it."""
    return f"{time:%Y-%m-%d}"


def bar(points: float) -> float:
    """The share of a bar that points fill, in percent."""
    return round(min(abs(points), FULL_BAR) / FULL_BAR * 100, 1)


def _templates() -> Environment:
    templates = Environment(
        loader=FileSystemLoader(FOLDER / "templates"),
        autoescape=True,
        auto_reload=False,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    templates.filters |= {
        "money": lambda amount, currency: unbroken(words.money(amount, currency)),
        "percent": lambda share: unbroken(words.percent(share)),
        "date": words.date,
        "count": words.count,
        "number": words.number,
        "day": day,
        "signed": signed,
        "tied": tied,
        "bar": bar,
    }
    templates.globals |= {"links": links, "asides": asides}
    return templates


TEMPLATES = _templates()
