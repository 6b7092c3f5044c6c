"""Who may be contacted, with what is known before the day; and the files that go out."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pandas as pd
import pytest

from configs.settings import Definitions, Offer, Winback
from features.errors import ConfigError, HistoryError, RequestError
from features.reference import Reference
from features.snapshots import Tables
from features.sources import source_from_rows
from models.uplift.bundle import EffectBundle
from models.uplift.effects import Effects
from serving.winback.left_out import reachable
from serving.winback.plan import make
from serving.winback.situation import Knowledge, situation

AS_OF = datetime(2025, 3, 1)  # noqa: DTZ001
POLICY = Winback(
    offers=(Offer(name="ten", channel="email", coupon_value=10, contact_cost=0.5),),
    margin_share=0.5,
    save_rate=0.5,
)
PRIOR = Knowledge(POLICY, Definitions(), None)
SCORES = pd.DataFrame(
    {
        "customer_id": [f"C{number}" for number in range(7)],
        "segment": "a",
        "churn_probability": 0.9,
        "clv": 1000.0,
    }
)


def _day(days: float) -> datetime:
    return AS_OF + timedelta(days=days)


@pytest.fixture
def tables() -> Iterator[Tables]:
    """C0 opted out, C1 will; C2 complains, C3's is resolved later; C4 was contacted, C5 held back."""
    orders = [
        {"order_id": f"{n}{d}", "customer_id": f"C{n}", "ordered_at": _day(-d), "amount": 20.0}
        for n in range(7)
        for d in (1, 100)
    ]
    ticket = {"kind": "complaint", "channel": "web"}
    contact = {"campaign_id": "old", "sent_at": _day(-10)}
    rows: dict[str, list[dict[str, Any]]] = {
        "orders": orders,
        "customers": [
            {"customer_id": "C0", "opted_out_at": _day(-1), "email": "x"},
            {"customer_id": "C1", "opted_out_at": _day(1), "email": None},
        ],
        "tickets": [
            {**ticket, "ticket_id": "1", "customer_id": "C2", "opened_at": _day(-2), "resolved_at": None},
            {**ticket, "ticket_id": "2", "customer_id": "C3", "opened_at": _day(-2), "resolved_at": _day(1)},
            {**ticket, "ticket_id": "3", "customer_id": "C6", "opened_at": _day(-9), "resolved_at": _day(-8)},
        ],
        "contacts": [
            {**contact, "contact_id": "1", "customer_id": "C4", "arm": "treatment"},
            {**contact, "contact_id": "2", "customer_id": "C5", "arm": "control"},
        ],
    }
    source = source_from_rows(rows)
    yield source.tables
    source.backend.disconnect()


def test_who_is_barred_is_known_before_the_day(tables: Tables) -> None:
    found = situation(tables, SCORES, AS_OF, PRIOR)
    told = dict(zip(found.people["customer_id"], found.barred.fillna("none"), strict=True))
    assert told == {
        "C0": "opted_out",
        "C1": "none",
        "C2": "open_complaint",
        "C3": "open_complaint",
        "C4": "contacted_lately",
        "C5": "none",
        "C6": "none",
    }
    assert found.recent.tolist() == [10.0] * 7
    assert found.effects.grade == "prior"


def test_from_the_tables_to_a_plan(tables: Tables) -> None:
    plan = make(situation(tables, SCORES, AS_OF, PRIOR), POLICY, 100.0, seed=1)
    assert set(plan.rows["customer_id"]) == {"C1", "C5", "C6"}
    assert plan.for_service == ("C2", "C3")


def test_a_channel_reaches_whom_it_can(tables: Tables) -> None:
    ids = pd.Series(["C0", "C1", "C2"])
    some = POLICY.model_copy(update={"needs_column": {"email": "email"}})
    assert reachable(tables, ids, some.offers, some)[:, 0].tolist() == [True, False, False]
    other = POLICY.model_copy(update={"needs_column": {"email": "address"}})
    with pytest.raises(ConfigError, match="needs the column address of customers, and there is none"):
        reachable(tables, ids, other.offers, other)


def test_effects_learnt_later_are_refused(tables: Tables) -> None:
    later = EffectBundle(_day(1), "1", None, Reference(30.0, 0.0), {}, ())  # type: ignore[arg-type]
    with pytest.raises(RequestError, match="learnt as of 2025-03-02, and the plan is for 2025-03-01"):
        situation(tables, SCORES, AS_OF, replace(PRIOR, learnt=later))


def test_scores_of_another_source_are_told(tables: Tables) -> None:
    found = situation(tables, SCORES.head(2).assign(customer_id=["X", "Y"]), AS_OF, PRIOR)
    assert isinstance(found.effects, Effects)
    with pytest.raises(HistoryError, match="None of the scored customers"):
        situation(tables, SCORES.head(0), AS_OF, PRIOR)
