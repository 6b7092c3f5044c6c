"""What leaves its usual course raises an alarm, and a season, a trend or few cases don't."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

import numpy as np
import pandas as pd
import pytest
from numpy.typing import NDArray

from features.indicators.alarms import Alarm, Limit, Watch, alarms
from features.indicators.intervals import Sample
from features.indicators.measure import Measured, book
from features.indicators.rules import Rules

MONTHS = np.arange(np.datetime64("2023-01"), np.datetime64("2025-01"))
SEASON = 1 + 0.4 * np.sin(2 * np.pi * np.arange(24) / 12)
COMPLAINTS = book()["complaint_rate"]
WATCH = Watch(indicators=("complaint_rate",))
Counts = NDArray[np.float64]


def rows(counts: Counts, orders: float, breakdown: str = "all", value: str = "all") -> pd.DataFrame:
    """The months of complaints per 100 of so many orders a month."""
    sample = Sample("rate", counts, np.full(24, orders), np.full(24, np.nan))
    low, high = sample.interval(0.95)
    return pd.DataFrame(
        {
            "indicator": "complaint_rate",
            "breakdown": breakdown,
            "value": value,
            "month": MONTHS.astype("datetime64[us]"),
            "figure": 100 * sample.value,
            "low": 100 * low,
            "high": 100 * high,
            "error": 100 * np.sqrt(sample.variance),
            "cases": sample.cases,
        }
    )


def measured(*frames: pd.DataFrame) -> Measured:
    months = pd.concat(frames, ignore_index=True)
    day = datetime.fromisoformat("2025-01-01")
    return Measured(day, Rules(), months, pd.DataFrame(), [COMPLAINTS], frozenset(), [])


def raised(counts: Counts, orders: float = 1_000, watch: Watch = WATCH) -> list[Alarm]:
    return alarms(measured(rows(counts, orders)), watch)


def usual(seed: int, level: float = 100.0) -> Counts:
    return np.random.default_rng(seed).poisson(level * SEASON).astype(float)


def test_false_alarms_are_as_seldom_as_promised() -> None:
    """One alarm in twenty assessments at most, of companies with a season."""
    assert sum(bool(raised(usual(seed))) for seed in range(120)) <= 120 * 0.05


def test_a_trend_that_goes_on_is_no_alarm() -> None:
    growing = np.linspace(1, 2, 24)
    found = [raised(np.random.default_rng(seed).poisson(100 * SEASON * growing) * 1.0) for seed in range(60)]
    assert sum(map(bool, found)) <= 3


@pytest.mark.parametrize("months", [1, 3])
def test_a_step_of_half_as_much_again_is_found_and_dated(months: int) -> None:
    step = np.where(np.arange(24) >= 24 - months, 1.7, 1.0)
    found = [raised(np.random.default_rng(seed).poisson(200 * SEASON * step) * 1.0) for seed in range(50)]
    assert sum(map(bool, found)) >= 45
    since = [alarm[0].since for alarm in found if alarm]
    assert since.count(datetime.fromisoformat(f"2024-{13 - months:02}-01")) > len(since) / 2


def test_the_expected_figure_is_that_of_the_season() -> None:
    """October to December lie below the mean of the year, and twice as much is as much as in April."""
    counts = np.round(200 * SEASON * np.where(np.arange(24) >= 21, 2.0, 1.0))
    found = raised(counts)[0]
    assert found.since == datetime.fromisoformat("2024-10-01")
    assert found.figure == pytest.approx(2 * found.expected, rel=0.01)
    assert found.expected == pytest.approx(100 * 200 * SEASON[9:12].mean() / 1_000, rel=0.01)


def test_what_gets_better_is_no_alarm() -> None:
    assert raised(np.where(np.arange(24) >= 21, 0.3, 1.0) * 200) == []


def test_with_a_year_the_months_are_compared_themselves() -> None:
    """Eleven months known; the newest has three times as many."""
    counts = np.where(np.arange(24) == 23, 3.0, 1.0) * usual(1)
    flat = np.random.default_rng(5).poisson(100, 24) * np.where(np.arange(24) == 23, 3.0, 1.0)
    known = np.arange(24) >= 13
    assert raised(np.where(known, flat, np.nan))[0].since == datetime.fromisoformat("2024-12-01")
    assert raised(np.where(np.arange(24) >= 19, counts, np.nan)) == []


def test_few_cases_say_nothing() -> None:
    counts = np.where(np.arange(24) == 23, 20.0, 0.0)
    assert raised(counts, orders=8) == []


def test_the_cause_is_the_value_with_most_of_the_excess() -> None:
    step = np.where(np.arange(24) >= 21, 3.0, 1.0)
    phone, email = np.round(60 * SEASON * step), np.round(140 * SEASON)
    frames = [rows(phone + email, 1_000)]
    frames += [rows(phone, 1_000, "ticket_channel", "phone"), rows(email, 1_000, "ticket_channel", "email")]
    found = alarms(measured(*frames), WATCH)
    assert len(found) == 1
    whole = replace(found[0], breakdown="all")
    assert (whole.cause or (found[0].breakdown, found[0].value))[:2] == ("ticket_channel", "phone")


@pytest.mark.parametrize(
    ("limit", "passed"),
    [(Limit(above=9), 9), (Limit(above=11), None), (Limit(below=15), 15), (Limit(below=9), None)],
)
def test_a_limit_is_passed_with_the_whole_interval(limit: Limit, passed: float | None) -> None:
    """10 complaints per 100 orders, of 10,000 orders: 9.4 to 10.6."""
    found = raised(np.full(24, 1_000.0), 10_000, replace(WATCH, limits={"complaint_rate": limit}))
    assert [alarm.limit for alarm in found] == ([] if passed is None else [passed])


def test_an_unknown_figure_has_no_limit() -> None:
    watch = replace(WATCH, limits={"nps": Limit(below=100)})
    assert raised(usual(1), watch=watch) == []


LINES = {"wine": 500.0, "tea": 2_000.0}
RETURNED, COST = book()["line_return_rate"], book()["line_return_cost"]


def returned(seed: int) -> tuple[Measured, float]:
    """Five of a hundred lines come back, each for 20 to 60; of wine as many again in three months, for twice
    as much. And what these truly cost."""
    dice, frames, truly = np.random.default_rng(seed), [], 0.0
    sums = {name: np.zeros(24) for name in ("events", "money", "squares", "lines")}
    for value, lines in LINES.items():
        own = {name: np.zeros(24) for name in sums} | {"lines": np.full(24, lines)}
        for month in range(24):
            amounts = dice.uniform(20, 60, dice.poisson(0.05 * lines))
            if value == "wine" and month >= 21:
                extra = dice.uniform(40, 120, dice.poisson(0.05 * lines))
                amounts, truly = np.append(amounts, extra), truly + float(extra.sum())
            own["events"][month], own["money"][month] = len(amounts), amounts.sum()
            own["squares"][month] = (amounts**2).sum()
        frames += both(own, "category", value)
        sums = {name: sums[name] + own[name] for name in sums}
    months = pd.concat([*both(sums, "all", "all"), *frames], ignore_index=True)
    day = datetime.fromisoformat("2025-01-01")
    return Measured(day, Rules(), months, pd.DataFrame(), [RETURNED, COST], frozenset(), []), truly


def both(of: dict[str, Counts], breakdown: str, value: str) -> list[pd.DataFrame]:
    """The months of the rate and of the money per line."""
    rate = rows(of["events"], 1.0, breakdown, value)
    mean = of["money"] / of["lines"]
    error = np.sqrt((of["squares"] / of["lines"] - mean**2) / of["lines"])
    told = {
        "line_return_rate": (100 * of["events"] / of["lines"], 100 * np.sqrt(of["events"]) / of["lines"]),
        "line_return_cost": (mean, error),
    }
    return [
        rate.assign(indicator=name, figure=figure, error=error, cases=of["lines"])
        for name, (figure, error) in told.items()
    ]


def test_returns_in_excess_cost_their_own_money() -> None:
    """Though each costs twice the usual: in the mean nothing is missing, and 95 % of intervals hold it."""
    watch, off, errors = Watch(indicators=("line_return_rate",)), [], []
    for seed in range(60):
        told, truly = returned(seed)
        for alarm in alarms(told, watch):
            assert (alarm.breakdown, alarm.value) == ("category", "wine")
            if alarm.cost is not None and alarm.since == datetime.fromisoformat("2024-10-01"):
                off.append(alarm.cost[0] - truly)
                errors.append(alarm.cost[1])
    assert len(off) >= 50
    z = np.array(off) / np.array(errors)
    assert abs(z.mean()) < 0.4
    assert (np.abs(z) < 1.96).mean() >= 0.9
