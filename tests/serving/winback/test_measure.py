"""What a campaign changed, by hand on few customers and against a known effect on many."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

import numpy as np
import pandas as pd
import pytest

from configs.settings import Offer, Winback
from features.errors import RequestError
from features.sources import source_from_rows
from serving.winback import result
from serving.winback.measure import Measurement, measure
from serving.winback.store import Kept

SENT = datetime(2025, 3, 1, 9)  # noqa: DTZ001
OVER = SENT + timedelta(days=30)
POLICY = Winback(
    offers=(Offer(name="ten", channel="email", coupon_value=10, contact_cost=0.5),), margin_share=0.5
)
Rows = Mapping[str, Sequence[Mapping[str, object]]]
Measure = Callable[..., Measurement]


def _kept(sent: datetime | None = SENT) -> Kept:
    document = {"settings": POLICY.model_dump(mode="json")}
    return Kept(3, "spring", 1, SENT, SENT, "sent", 9.0, "EUR", "", document, SENT, "kim", sent, None)


def _plan(
    arms: Sequence[str], usual: Sequence[float], expected: Sequence[float] | None = None
) -> pd.DataFrame:
    expected = expected or [1.0] * len(arms)
    return pd.DataFrame(
        {
            "customer_id": [f"C{number}" for number in range(len(arms))],
            "segment": [None if number % 2 else "a" for number in range(len(arms))],
            "offer": "ten",
            "arm": list(arms),
            "stratum": "0/0",
            "treated_chance": 0.5,
            "expected_orders": 0.1,
            "expected_revenue": 5.0,
            "expected_profit": expected,
            "expected_cost": 2.0,
            "usual_orders": list(usual),
            "usual_revenue": 100 * np.array(usual),
            "usual_profit": 50 * np.array(usual),
        }
    )


def _order(customer: int, day: float, amount: float) -> dict[str, Any]:
    when = SENT + timedelta(days=day)
    return {
        "order_id": f"{customer} {day}",
        "customer_id": f"C{customer}",
        "ordered_at": when,
        "amount": amount,
    }


@pytest.fixture
def measured() -> Iterator[Measure]:
    sources = []

    def run(
        rows: Rows, plan: pd.DataFrame, as_of: datetime = OVER, delivered: set[str] | None = None
    ) -> Measurement:
        sources.append(source_from_rows(rows))
        return measure(sources[-1].tables, _kept(), plan, as_of, delivered)

    yield run
    for source in sources:
        source.backend.disconnect()


def test_by_hand(measured: Measure) -> None:
    """Two contacted, 100 and 60 in the days (one order comes before, one after); two held back, 20 and 0.

    Revenue 80 − 10; profit half of that, less 0.5 for the contact.
    """
    orders = [_order(0, 1, 100), _order(1, 29, 60), _order(2, 0, 20), _order(3, -1, 70), _order(1, 30, 500)]
    found = measured({"orders": orders}, _plan(["treatment"] * 2 + ["control"] * 2, [1, 1, 1, 1]))
    assert (found.treated, found.held_back) == (2, 2)
    assert found.effect["orders"].value == pytest.approx(1 - 0.5)
    assert found.effect["revenue"].value == pytest.approx(70)
    assert found.effect["profit"].value == pytest.approx(34.5)
    assert found.total["profit"].value == pytest.approx(69)
    assert found.cost == 4
    assert found.roi is not None
    assert found.roi.value == pytest.approx(69 / 4)
    assert found.redeemed is None


def test_only_what_was_delivered_costs_something(measured: Measure) -> None:
    """As above, but C1's message never arrived: 0.5 and 2 less are spent; both still count as contacted."""
    orders = [_order(0, 1, 100), _order(1, 29, 60), _order(2, 0, 20)]
    plan = _plan(["treatment"] * 2 + ["control"] * 2, [1, 1, 1, 1])
    found = measured({"orders": orders}, plan, delivered={"C0"})
    assert (found.treated, found.delivered, found.cost) == (2, 1, 2)
    assert found.effect["profit"].value == pytest.approx(35 - 0.25)
    told = " ".join(result.says(found, "EUR"))
    assert "Mind: 1 of 2 messages were delivered" in told
    assert "coupons as expected" in told
    nothing = measured({"orders": orders}, plan, delivered=set())
    assert nothing.roi is None
    assert result.says(nothing, "EUR") == [
        "None of the 2 messages was delivered, so the campaign can't have changed anything: "
        "no effect is claimed."
    ]


def test_other_tables_than_those_of_the_plan_are_refused_or_told(measured: Measure) -> None:
    plan = _plan(["treatment"] * 2 + ["control"] * 2, [1, 1, 1, 1])
    with pytest.raises(RequestError, match=r"Only 1 of the 4 customers of plan 3 have an order .* made from"):
        measured({"orders": [_order(0, 1, 100)]}, plan)
    found = measured({"orders": [_order(number, 1, 100) for number in range(3)]}, plan)
    assert "Mind: 1 of the plan's customers have no order in these tables" in " ".join(result.says(found, ""))


def _contact(customer: int, arm: str, redeemed: float | None = None) -> dict[str, Any]:
    return {
        "contact_id": str(customer),
        "campaign_id": "spring-1",
        "customer_id": f"C{customer}",
        "sent_at": SENT,
        "arm": arm,
        "redeemed_at": None if redeemed is None else SENT + timedelta(days=redeemed),
    }


def test_coupons_of_those_who_would_have_bought_anyway(measured: Measure) -> None:
    """Three contacted redeem and buy, one of them too late; of those held back one of two buys.

    So half of three would have bought; the campaign made one and a half buyers, and of two coupons one half
    went to the others.
    """
    orders = [_order(number, 5, 40) for number in (0, 1, 2, 3)]
    contacts = [_contact(0, "treatment", 5), _contact(1, "treatment", 5), _contact(2, "treatment", 31)]
    contacts += [_contact(3, "control"), _contact(4, "treatment")]
    plan = _plan(["treatment"] * 3 + ["control"] * 2, [1] * 5)
    found = measured({"orders": orders, "contacts": contacts}, plan)
    assert found.redeemed == 2
    assert found.anyway is not None
    assert found.anyway.value == pytest.approx(0.5)
    assert found.cost == pytest.approx(3 * 0.5 + 2 * 10)
    assert found.mixed_up == 1
    assert any("contacted against the plan" in line for line in result.says(found, "EUR"))


def test_without_a_control_nothing_is_claimed(measured: Measure) -> None:
    orders = [_order(number, 5, 40) for number in range(3)]
    found = measured({"orders": orders}, _plan(["treatment"] * 3, [1] * 3))
    assert found.effect == {}
    assert found.roi is None
    assert found.segments == found.tenths == ()
    (says,) = result.says(found, "EUR")
    assert "can't be known: no effect is claimed" in says


@pytest.mark.parametrize(
    ("sent", "as_of", "says"),
    [
        (SENT, OVER - timedelta(seconds=1), r"its 30 days are over on 2025-03-31, and the tables are known"),
        (SENT, SENT - timedelta(days=1), "Measure then"),
        (None, OVER, "Plan 3 wasn't sent yet"),
    ],
)
def test_it_is_measured_when_the_days_are_over(sent: datetime | None, as_of: datetime, says: str) -> None:
    with pytest.raises(RequestError, match=says):
        measure({}, _kept(sent), _plan(["treatment"], [1]), as_of)


def test_a_known_effect_is_found_and_the_ranking_holds(measured: Measure) -> None:
    """Who is predicted to gain more does; what is usual explains most of the rest."""
    dice = np.random.default_rng(0)
    size = 2_000
    usual, gain = dice.gamma(2, 1, size), dice.uniform(0, 40, size)
    arms = dice.permutation(np.repeat(["treatment", "control"], size // 2))
    spent = 100 * usual + 2 * gain * (arms == "treatment") + dice.uniform(0, 30, size)
    orders = [_order(number, 3, amount) for number, amount in enumerate(spent)]
    found = measured({"orders": orders}, _plan(arms, usual, list(gain - 0.5)))
    effect = found.effect["profit"]
    assert effect.low < 20 - 0.5 < effect.high
    assert effect.error < 0.4 * found.plain["profit"].error
    assert found.predicted == pytest.approx(19.5, abs=1)
    assert found.slope is not None
    assert found.slope.low < 1 < found.slope.high
    assert [group.name for group in found.segments] == ["a", "none"]
    assert [group.name for group in found.tenths] == [f"{number:02d}" for number in range(1, 11)]
    tenths = [group.effect.value for group in found.tenths if group.effect]
    assert tenths[0] > 30
    assert tenths[-1] < 10
    assert found.balance.by_lot
    told = " ".join(result.says(found, "EUR"))
    assert "It paid" in told
    assert "the ranking held" in told
    assert "the prediction lies within" in told


def test_arms_that_were_not_drawn_as_planned_are_told(measured: Measure) -> None:
    arms = ["treatment"] * 300 + ["control"] * 100
    orders = [_order(number, 3, 10 + number % 7) for number in range(400)]
    usual = [5.0 if arm == "treatment" else 1.0 for arm in arms]
    told = " ".join(result.says(measured({"orders": orders}, _plan(arms, usual)), "EUR"))
    assert "300 to 100 is not how the arms were drawn" in told
    assert "The arms differed before sending" in told
