"""What warnings cost: events times the price of each, by hand."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from math import sqrt

import pytest
from scipy import stats

from features.indicators.alarms import Alarm
from features.indicators.measure import Measured, book
from features.indicators.worth import priced
from features.snapshots import before
from features.sources import source_from_rows
from tests.features.indicators.conftest import AS_OF, COMPANY

SINCE = datetime.fromisoformat("2024-10-01")
Z = stats.norm.ppf(0.975)


def alarm(name: str, events: float | None, error: float, **of: str) -> Alarm:
    told = Alarm(book()[name], of.get("breakdown", "all"), of.get("value", "all"), SINCE, 1.0, 2.0, 1e-6)
    return replace(told, events=events, events_error=error)


Price = Callable[[Alarm], Alarm]


@pytest.fixture(scope="module")
def price(company: Measured) -> Price:
    tables = before(source_from_rows(COMPANY).tables, AS_OF)
    return lambda one: priced([one], company, tables)[0]


def test_orders_that_stay_away_cost_their_baskets(price: Price) -> None:
    """Three orders, give or take one, of 73.33 on average in 2024."""
    baskets = [10.0 * n for n in (2, 3, 4, 7, 8, 9, 10, 11, 12)]
    mean, of_mean = sum(baskets) / 9, stats.sem(baskets)
    told = price(alarm("order_rate", 3.0, 1.0))
    assert told.money == pytest.approx(3 * mean)
    assert told.money_high == pytest.approx(3 * mean + Z * sqrt(mean**2 + (3 * of_mean) ** 2))
    assert told.money_low == pytest.approx(3 * mean - Z * sqrt(mean**2 + (3 * of_mean) ** 2))


def test_of_a_segment_its_own_baskets_count(price: Price) -> None:
    """The old bought thrice: 20, 30, 40."""
    assert price(alarm("order_rate", 2.0, 0.0, breakdown="segment", value="old")).money == 2 * 30


def test_customers_cost_what_one_brings_in_in_a_year(price: Price) -> None:
    """660 by five customers; a ratio, so its own error is not known."""
    told = price(alarm("churn_rate", 2.0, 0.5))
    assert told.money == pytest.approx(2 * 660 / 5)
    assert told.money_high == pytest.approx((2 + Z * 0.5) * 660 / 5)


def test_where_the_cost_itself_is_known_it_is_told(price: Price) -> None:
    told = price(replace(alarm("line_return_rate", 4.0, 1.0), cost=(100.0, 20.0)))
    assert told.money == 100
    assert told.money_high == pytest.approx(100 + Z * 20)


def test_late_answers_cost_who_leaves_for_them(price: Price, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of one customer a ticket since October 10 % ± 2 % leave, and would have brought in 132, or what the one
    brings in whom chance takes."""
    from features.indicators import worth

    monkeypatch.setattr(worth, "_effects", lambda *_: {"late_answer": (0.1, 0.02)})
    told = price(alarm("answered_in_time", 20.0, 5.0))
    assert told.money == pytest.approx(20 * 0.1 * 132)
    of_mean = ((20 * 0.02) ** 2 + (5 * 0.1) ** 2) * 132**2
    which = 2 * sum(money**2 for money in (50, 40, 70, 170, 330)) / 5  # a b d e f in 2024
    assert told.money_low == pytest.approx(2 * 132 - Z * sqrt(of_mean + which))


@pytest.mark.parametrize("name", ["nps", "answered_in_time"])
def test_what_has_no_price_has_no_money(price: Price, name: str) -> None:
    """Answers cost nothing that is known; and nobody here shows what late ones do."""
    told = price(alarm(name, 10.0, 1.0))
    assert (told.money, told.money_low, told.money_high) == (None, None, None)


def test_a_mean_has_no_events_and_so_no_money(price: Price) -> None:
    assert price(alarm("order_rate", None, 0.0)).money is None
