"""The outlook: past levels against plain pandas, and facts before the day only."""

from __future__ import annotations

from datetime import datetime, timedelta
from math import log
from typing import Any

import numpy as np
import pandas as pd
import pytest
from scipy.optimize import brentq
from scipy.special import expit

from configs.settings import Definitions
from features.errors import HistoryError
from features.reference import Reference, reference
from models.level import Level, Observed, forecast
from training import outlook as module
from training.outlook import Outlook, customer_histories, long_spread, outlook

HORIZON, LOOKBACK = 60, 240


@pytest.fixture(scope="module")
def told(shop: Any) -> Reference:
    return reference(shop.tables, shop.as_of)


@pytest.fixture(scope="module")
def seen() -> list[Observed]:
    """The observations that `found` was forecast from, churn first."""
    return []


@pytest.fixture(scope="module")
def found(shop: Any, told: Reference, seen: list[Observed]) -> Outlook:
    def recorded(observed: Observed, as_of: datetime, today: float, horizon_days: int) -> Level:
        seen.append(observed)
        return forecast(observed, as_of, today, horizon_days)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(module, "forecast", recorded)
        return outlook(shop.tables, shop.as_of, shop.definitions, told)


def test_the_level_of_revenue_is_that_of_all_but_a_giant_who_would_set_it() -> None:
    """Of 200 as expected, one spent a tenth of a million and another was expected to."""
    expected, spent = np.full(200, 10.0), np.full(200, 20.0)
    assert module._revenue_level(expected, spent) == pytest.approx(log(2))  # noqa: SLF001
    giant = np.append(spent[1:], 100_000.0)
    assert module._revenue_level(expected, giant) == pytest.approx(log(2))  # noqa: SLF001
    gone = np.append(expected[1:], 100_000.0)
    assert module._revenue_level(gone, spent) == pytest.approx(log(2))  # noqa: SLF001
    large = np.append(spent[1:], 1_000.0)  # a fifth of all: counts
    assert module._revenue_level(expected, large) == pytest.approx(log((199 * 20 + 1_000) / 2_000))  # noqa: SLF001


def frame(shop: Any, table: str, time: str) -> pd.DataFrame:
    rows = pd.DataFrame(shop.rows[table])
    return rows.assign(time=pd.to_datetime(rows[time]))


def customers_of(shop: Any, day: pd.Timestamp, lookback: int | None = LOOKBACK) -> pd.DataFrame:
    """Who was active on a day, what the buying models take of them, and what came next; by plain pandas."""
    orders, returns = frame(shop, "orders", "ordered_at"), frame(shop, "returns", "returned_at")
    end = day + pd.Timedelta(days=HORIZON)
    past, ahead = orders[orders["time"] < day], orders[(orders["time"] >= day) & (orders["time"] < end)]
    by = past.groupby("customer_id")
    dates = past.assign(date=past["time"].dt.normalize()).groupby("customer_id")["date"]
    returned = returns[returns["time"] < day].groupby("customer_id")["amount"].sum()
    returned_ahead = returns[(returns["time"] >= day) & (returns["time"] < end)]
    made = pd.DataFrame(
        {
            "order_days": dates.nunique(),
            "recency_days": (dates.max() - dates.min()).dt.days,
            "days_since_first_order": (day - by["time"].min()) / pd.Timedelta(days=1),
            "amount_total": by["amount"].sum(),
            "last": by["time"].max(),
        }
    )
    made["returned_total"] = returned.reindex(made.index).fillna(0.0)
    made["churned"] = ~made.index.isin(ahead["customer_id"])
    made["revenue"] = ahead.groupby("customer_id")["amount"].sum().reindex(made.index).fillna(0.0)
    made["revenue"] -= returned_ahead.groupby("customer_id")["amount"].sum().reindex(made.index).fillna(0.0)
    if lookback is not None:
        made = made[made["last"] >= day - pd.Timedelta(days=lookback)]
    return made.sort_index()


def test_the_days_are_two_weeks_apart_and_over(shop: Any, seen: list[Observed], found: Outlook) -> None:
    first = frame(shop, "orders", "ordered_at")["time"].min()
    churn, revenue = seen
    newest = (shop.as_of - timedelta(days=HORIZON) - first) / timedelta(days=1)
    assert churn.days[-1] == pytest.approx(newest)
    assert np.diff(churn.days) == pytest.approx(14.0)
    assert 60 <= churn.days[0] < 74
    assert (revenue.days == churn.days).all()
    assert churn.horizon_days == revenue.horizon_days == HORIZON
    assert found.churn.as_of == found.revenue.as_of == shop.as_of
    assert not found.churn.seasonal


def test_past_levels_are_those_of_plain_pandas(shop: Any, seen: list[Observed], found: Outlook) -> None:
    first = frame(shop, "orders", "ordered_at")["time"].min()
    churn, revenue = seen
    for place in (0, len(churn.days) // 2, -1):
        customers = customers_of(shop, first + pd.Timedelta(days=churn.days[place]).round("s"))
        silence = found.buying.silence(customers, HORIZON)
        share = (customers["churned"].sum() + 0.5) / (len(customers) + 1)
        level = brentq(lambda by, silence=silence, share=share: expit(silence + by).mean() - share, -8, 8)
        assert churn.levels[place] == pytest.approx(level, abs=1e-4)
        expected = found.buying.expected_revenue(customers, HORIZON).sum()
        assert revenue.levels[place] == pytest.approx(log(customers["revenue"].sum() / expected), abs=1e-3)


def test_the_forecast_goes_on_from_the_last_levels(seen: list[Observed], found: Outlook) -> None:
    for observed, level in zip(seen, (found.churn, found.revenue), strict=True):
        assert abs(level.levels[0] - observed.levels[-3:].mean()) < 3 * level.deviations[0]


def test_everyone_who_ever_ordered_has_a_history(shop: Any) -> None:
    day = shop.as_of - timedelta(days=200)
    histories = customer_histories(shop.tables, day, reference(shop.tables, day))
    plain = customers_of(shop, pd.Timestamp(day), lookback=None)
    assert list(histories["customer_id"]) == list(plain.index)
    for name in ("order_days", "recency_days", "days_since_first_order", "amount_total", "returned_total"):
        np.testing.assert_allclose(histories[name].to_numpy(dtype=float), plain[name], atol=0.01)


def test_facts_at_or_after_the_day_change_nothing(
    shop: Any, opened: Any, told: Reference, found: Outlook
) -> None:
    times = {"orders": "ordered_at", "returns": "returned_at", "customers": "signed_up_at"}
    known = {name: [row for row in rows if row[times[name]] < shop.as_of] for name, rows in shop.rows.items()}
    loud = {"order_id": "X", "customer_id": "C000", "ordered_at": shop.as_of, "amount": 1e6}
    for rows in (known, known | {"orders": [*known["orders"], loud]}):
        assert rows["orders"] != shop.rows["orders"]
        assert outlook(opened(rows), shop.as_of, shop.definitions, told) == found


def test_of_very_many_customers_a_part_speaks_for_all(
    shop: Any, told: Reference, found: Outlook, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "MOST_ROWS", 2_000)
    part = outlook(shop.tables, shop.as_of, shop.definitions, told)
    assert part.buying == found.buying
    assert part.churn != found.churn
    assert part.churn.levels[0] == pytest.approx(found.churn.levels[0], abs=0.5)
    assert outlook(shop.tables, shop.as_of, shop.definitions, told) == part


def test_without_a_finished_horizon_nothing_is_known_of_levels(shop: Any) -> None:
    day = datetime(2024, 4, 15)  # noqa: DTZ001
    early = outlook(shop.tables, day, shop.definitions, reference(shop.tables, day))
    assert set(early.churn.levels) == set(early.revenue.levels) == {0.0}
    assert early.churn.deviations[0] == pytest.approx(1.0, abs=0.1)


def test_the_long_spread_is_of_its_own_horizon(shop: Any, told: Reference, found: Outlook) -> None:
    spread = long_spread(shop.tables, shop.as_of, shop.definitions, told, 0.1)
    assert spread is not None
    assert spread.horizon_days == shop.definitions.clv_horizon_days == 180
    past = shop.as_of - timedelta(days=180)
    customers = customers_of(shop, pd.Timestamp(past))
    assert spread.expected[-1] < 3 * found.buying.expected_revenue(customers, 180).max()


@pytest.mark.parametrize("clv_horizon", [60, 400])
def test_there_is_no_long_spread_of_the_same_horizon_nor_of_an_unfinished_one(
    clv_horizon: int, shop: Any, told: Reference
) -> None:
    definitions = Definitions(**shop.definitions.model_dump() | {"clv_horizon_days": clv_horizon})
    assert long_spread(shop.tables, shop.as_of, definitions, told, 0.0) is None


def test_too_few_customers_have_no_outlook(shop: Any) -> None:
    day = datetime(2024, 1, 10)  # noqa: DTZ001
    with pytest.raises(HistoryError, match="customers are too few: a fit takes 30"):
        outlook(shop.tables, day, shop.definitions, reference(shop.tables, day))
