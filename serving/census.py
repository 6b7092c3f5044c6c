"""What a source tells of its customers beyond the scores of the active ones, counted when they are scored.

Who was contacted last and when; how many ever ordered; how many churned in the horizon that has just ended.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import ibis
import pandas as pd

from configs.settings import Definitions
from features.labels import labels
from features.snapshots import before, population, span

INACTIVE, CHURNED = "inactive", "churned"
SHOWN = 5


@dataclass(frozen=True)
class Census:
    """`contacted`: customer_id → the last contact before the day; null where the source has no contacts.

    `ever`: customers with an order (contractual: a subscription) before the day. `active_then`: active one
    horizon earlier; `churned_since`: of these, who churned by the day; both null where history is shorter.
    `examples`: customer_id, kind (`INACTIVE`, `CHURNED`) and last_order_at, a few of each, the latest first.
    """

    contacted: pd.Series | None
    ever: int
    active_then: int | None
    churned_since: int | None
    examples: pd.DataFrame


def take(tables: Mapping[str, ibis.Table], as_of: datetime, definitions: Definitions) -> Census:
    """From facts before `as_of`."""
    known = before(tables, as_of)
    everyone = population(known, [as_of], None, definitions.mode)
    active = population(known, [as_of], definitions.lookback_days, definitions.mode)
    inactive = everyone.anti_join(active, "customer_id")
    outcome = _outcome(known, as_of, definitions)
    churned = None if outcome is None else outcome.filter(outcome.churned)
    return Census(
        contacted=_contacted(known),
        ever=_count(everyone),
        active_then=None if outcome is None else _count(outcome),
        churned_since=None if churned is None else _count(churned),
        examples=pd.concat(
            [_examples(known, inactive, INACTIVE)]
            + ([] if churned is None else [_examples(known, churned, CHURNED)]),
            ignore_index=True,
        ),
    )


def _contacted(known: Mapping[str, ibis.Table]) -> pd.Series | None:
    """Who was held back as a control was not contacted."""
    if "contacts" not in known:
        return None
    sent = known["contacts"].filter(known["contacts"].arm == "treatment")
    last: pd.DataFrame = sent.group_by("customer_id").aggregate(at=sent.sent_at.max()).to_pandas()
    return last.set_index("customer_id")["at"]


def _outcome(known: Mapping[str, ibis.Table], as_of: datetime, definitions: Definitions) -> Any:
    """Who was active one horizon ago, and whether they churned; null where history begins later."""
    then = as_of - timedelta(days=definitions.horizon_days)
    if span(known, definitions.mode)[0] >= then:
        return None
    people = population(known, [then], definitions.lookback_days, definitions.mode)
    return labels(known, people, definitions.horizon_days, definitions.mode)


def _examples(known: Mapping[str, ibis.Table], people: ibis.Table, kind: str) -> pd.DataFrame:
    """Some who ordered last, with the time of it; null where they never ordered."""
    if "orders" not in known:
        found = people.select("customer_id", last_order_at=ibis.null("timestamp(6)"))
    else:
        orders = known["orders"]
        last = orders.group_by("customer_id").aggregate(last_order_at=orders.ordered_at.max())
        found = people.left_join(last, "customer_id").select("customer_id", "last_order_at")
    latest: pd.DataFrame = found.order_by(ibis.desc("last_order_at"), "customer_id").limit(SHOWN).to_pandas()
    return latest.assign(kind=kind)


def _count(people: ibis.Table) -> int:
    return int(people.count().to_pyarrow().as_py())
