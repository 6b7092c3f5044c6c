"""The campaigns' page: every plan with its state, and the form for a new one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from fastapi.responses import HTMLResponse

from models import words
from serving.console import links
from serving.console.campaign import Rights
from serving.console.rendering import page
from serving.winback.making import Made
from serving.winback.store import Kept

NO_PROBLEM = ""


def campaigns_page(
    plans: Sequence[Kept],
    currency: str,
    rights: Rights,
    *,
    problem: str = NO_PROBLEM,
    asked: Mapping[str, str] | None = None,
    made: Made | None = None,
) -> HTMLResponse:
    """`asked`: what the form held. `made`: a dry run to show. `problem`: why none could be made."""
    return page(
        "campaigns.html",
        422 if problem else 200,
        plans=[(kept, links.campaign_path(kept.id), outcome(kept)) for kept in plans],
        currency=currency,
        rights=rights,
        problem=problem,
        asked={"budget": "", "name": "", "explore": "", **(asked or {})},
        made=made,
    )


def outcome(kept: Kept) -> str:
    """What was measured, else what is expected, in a few words."""
    total = (kept.result or {}).get("total") or {}
    if "profit" in total:
        profit = total["profit"]
        low, high = words.amount(profit["low"]), words.amount(profit["high"])
        return f"{words.money(profit['value'], kept.currency)} measured ({low} to {high})"
    if kept.result is not None:
        return "measured; no effect is claimed"
    return f"{words.money(kept.document['expected_profit'], kept.currency)} expected"
