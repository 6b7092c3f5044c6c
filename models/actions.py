"""What to do about each customer: the first rule of the playbook that fits."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from configs.catalogues import DEFAULT
from configs.settings import Conditions, Playbook, Value
from features.tables import PRICE_DAYS
from models.bundle import Bundle
from models.subscription_value import PRICE

YEAR = 365.0


@dataclass(frozen=True)
class Case:
    """What the rules look at. `weak_point`: the first, or none. `evidence`: the names of what speaks for it.

    `worth`: the CLV over the typical customer's; null where that isn't known, and no rule about value fits.
    """

    weak_point: str
    evidence: Collection[str]
    status: str
    worth: float | None


def action(playbook: Playbook, case: Case) -> str:
    """In the default language; `Playbook.in_language` tells it in others."""
    value = _value(playbook, case.worth)
    rule = next(rule for rule in playbook.rules if _fits(rule.when, case, value))
    return rule.text(DEFAULT)


def typical_worth(bundle: Bundle) -> float | None:
    """What the typical active customer brought on the day of training, at the length of the CLV's horizon.

    The median revenue of the last 365 days; of subscriptions their price. Null where neither is known.
    """
    days, typical = bundle.manifest.definitions.clv_horizon_days, bundle.peers.everyone
    yearly = typical.get("amount_365d")
    if bundle.clv is None and PRICE in typical:
        yearly = typical[PRICE] * YEAR / PRICE_DAYS
    return yearly * days / YEAR if yearly else None


def _value(playbook: Playbook, worth: float | None) -> Value | None:
    if worth is None:
        return None
    if worth >= playbook.valuable_from:
        return "valuable"
    return "minor" if worth < playbook.minor_below else "usual"


def _fits(when: Conditions, case: Case, value: Value | None) -> bool:
    return (
        (not when.weak_point or case.weak_point in when.weak_point)
        and (not when.evidence or any(name in case.evidence for name in when.evidence))
        and (not when.value or value in when.value)
        and (not when.status or case.status in when.status)
    )
