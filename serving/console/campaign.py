"""A campaign's page: what it would do and what that is known from; how far it is; what it changed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pandas as pd
from fastapi.responses import HTMLResponse

from models import words
from models.uplift.effects import MEANING
from serving.console import links
from serving.console.effect_chart import effect_chart
from serving.console.rendering import page
from serving.locks.audit import Pulled
from serving.locks.keys import Caller
from serving.locks.roles import may
from serving.winback import suppression
from serving.winback.left_out import REASONS
from serving.winback.outbox import Outbox
from serving.winback.store import Kept

WIDE, NARROW = 760.0, 340.0
MOST_LISTED = 50
NO_EXPERIMENT = "none: nobody was held back, so no effect is claimed"
STATES = {
    "delivered": "Delivered",
    "waiting": "Waiting",
    "sending": "Being sent",
    "dead": "Dead letters",
    "suppressed": "Suppressed",
}


@dataclass(frozen=True)
class Rights:
    """What the caller may do with plans and customers' pages."""

    acts: bool
    sees_customers: bool

    @classmethod
    def of(cls, caller: Caller | None) -> Rights:
        if caller is None:
            return cls(True, True)
        approve, customer = (
            ("POST", f"{links.CAMPAIGN}/approve"),
            ("GET", f"{links.CUSTOMERS}/{{segment:path}}"),
        )
        return cls(may(caller.role, *approve), may(caller.role, *customer))


def campaign_page(
    kept: Kept, rows: pd.DataFrame, outbox: Outbox, rights: Rights, taking: Pulled
) -> HTMLResponse:
    """`rows`: of the plan. `taking`: where it is noted who is shown by id."""
    for_service = list(kept.document["for_service"])
    sending = _sending(kept.id, outbox)
    shown = for_service[:MOST_LISTED], (sending["dead"] if sending else [])
    taking.rows = sum(len(each) for each in shown)
    return page(
        "campaign.html",
        kept=kept,
        document=kept.document,
        currency=kept.currency,
        grade=grade(kept.document),
        says=_says(kept.document),
        offers=_offers(rows),
        left_out=_left_out(kept.document),
        for_service=for_service[:MOST_LISTED],
        more_for_service=max(0, len(for_service) - MOST_LISTED),
        sending=sending,
        result=_result(kept),
        rights=rights,
    )


def approval_page(kept: Kept, rights: Rights) -> HTMLResponse:
    """Asks once more before a plan is approved."""
    return page("approval.html", kept=kept, document=kept.document, currency=kept.currency, rights=rights)


def grade(document: Mapping[str, Any]) -> tuple[str, str]:
    """What a plan's effects are known from: in a word, and what the word means."""
    found = document["grade"]
    return found, MEANING[found]


def _says(document: Mapping[str, Any]) -> list[str]:
    """The plan's sentences without those that the page tells in other places."""
    elsewhere = tuple(f"{words}." for words in (*REASONS.values(), MEANING[document["grade"]]))
    return [line for line in document["says"] if not line.endswith(elsewhere)]


def _offers(rows: pd.DataFrame) -> list[dict[str, Any]]:
    """Of each offer: customers of both arms, and the profit and cost expected of those contacted."""
    told = []
    for name, part in rows.groupby("offer", sort=True):
        treated = part[part["arm"] == "treatment"]
        told.append(
            {
                "name": name,
                "contacted": len(treated),
                "held_back": len(part) - len(treated),
                "profit": float(treated["expected_profit"].sum()),
                "cost": float(treated["expected_cost"].sum()),
            }
        )
    return told


def _left_out(document: Mapping[str, Any]) -> list[tuple[str, int]]:
    """In words, and how many; only reasons that somebody has."""
    return [(REASONS[name], number) for name, number in document["left_out"].items() if number]


def _sending(plan_id: int, outbox: Outbox) -> dict[str, Any] | None:
    """Null where the messages don't go to a webhook."""
    if not outbox.is_queued(plan_id):
        return None
    found, sending = outbox.progress(plan_id), outbox.sending(plan_id)
    settled = found.messages - found.open
    return {
        "target": sending.target,
        "valid_until": sending.valid_until,
        "progress": found,
        "states": [(STATES[state], found.counts[state]) for state in STATES],
        "suppressed_for": suppression.told(found.suppressed_for),
        "settled": settled / found.messages if found.messages else 1.0,
        "dead": outbox.dead(plan_id, most=MOST_LISTED),
    }


def _result(kept: Kept) -> dict[str, Any] | None:
    """Null where it wasn't measured."""
    if kept.result is None:
        return None
    found = kept.result
    tenths = list(found.get("tenths") or ())
    return {
        "grade": "experiment: against a control group that was held back by lot"
        if found.get("effect")
        else NO_EXPERIMENT,
        "says": list(found["says"]),
        "charts": [effect_chart(tenths, kept.currency, width) for width in (WIDE, NARROW)],
        "tenths": [_group(each, kept.currency) for each in tenths],
        "segments": [_group(each, kept.currency) for each in found.get("segments") or ()],
    }


def _group(group: Mapping[str, Any], currency: str) -> dict[str, Any]:
    effect, predicted = group["effect"], group["predicted"]
    interval = (
        f"{words.amount(effect['low'])} to {words.amount(effect['high'])}" if effect else "too few to tell"
    )
    return {
        "name": str(group["name"]).lstrip("0"),
        "treated": group["treated"],
        "held_back": group["held_back"],
        "predicted": "" if predicted is None else words.money(predicted, currency),
        "measured": words.money(effect["value"], currency) if effect else "",
        "interval": interval,
    }
