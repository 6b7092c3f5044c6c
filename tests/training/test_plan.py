"""Which days are learnt from, counted by hand."""

from __future__ import annotations

from datetime import datetime, timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from configs.settings import Definitions, TrainingSettings
from features.errors import HistoryError
from training.plan import FEWEST_SNAPSHOTS, MOST_ROWS, Plan, plan

FIRST = datetime(2024, 1, 1, 9)  # noqa: DTZ001


def days(count: float) -> datetime:
    """So many days after the first order."""
    return FIRST + timedelta(days=count)


def made(length: float, customers: int = 100, **settings: int) -> Plan:
    chosen = TrainingSettings(**({"step_days": 14, "max_snapshots": 26, "first_history_days": 60} | settings))
    return plan(FIRST, days(length), Definitions(horizon_days=90), chosen, customers)


def test_the_newest_day_is_one_horizon_back_and_the_steps_are_equal() -> None:
    assert made(200).days == tuple(days(count) for count in (68, 82, 96, 110))


def test_no_day_has_less_history_than_asked_for() -> None:
    assert made(200, first_history_days=82).days[0] == days(82)
    assert made(200, first_history_days=83).days[0] == days(96)


def test_one_day_is_enough() -> None:
    assert made(150).days == (days(60),)


def test_there_are_at_most_so_many() -> None:
    assert len(made(3000).days) == 26
    assert made(3000).days[-1] == days(2910)
    assert len(made(3000, max_snapshots=5).days) == 5


def test_many_customers_take_fewer_days_over_the_same_time() -> None:
    # Of 26 days ten are affordable: every third is kept, from the newest on, which leaves nine.
    days_apart = {later - earlier for earlier, later in pairwise(made(3000, customers=MOST_ROWS // 10).days)}
    assert days_apart == {timedelta(days=42)}
    assert made(3000, customers=MOST_ROWS // 10).days[-1] == days(2910)
    assert len(made(3000, customers=MOST_ROWS // 10).days) == 9
    assert len(made(3000, customers=10 * MOST_ROWS).days) == FEWEST_SNAPSHOTS
    assert len(made(3000, customers=0).days) == 26


def test_too_short_a_history() -> None:
    with pytest.raises(
        HistoryError, match=r"orders start on 2024-01-01.* needs 150 days before it .* there are 149\."
    ):
        made(149.99)


@given(
    length=st.integers(0, 2000),
    horizon=st.integers(1, 400),
    step=st.integers(1, 60),
    most=st.integers(2, 40),
    history=st.integers(0, 300),
)
def test_every_horizon_is_over_by_the_day_of_the_training(
    length: int, horizon: int, step: int, most: int, history: int
) -> None:
    chosen = TrainingSettings(step_days=step, max_snapshots=most, first_history_days=history)
    definitions = Definitions(horizon_days=horizon)
    if length < horizon + history:
        with pytest.raises(HistoryError, match="less history than one horizon needs"):
            plan(FIRST, days(length), definitions, chosen, 10)
        return
    found = plan(FIRST, days(length), definitions, chosen, 10)
    assert found.as_of == days(length)
    assert 1 <= len(found.days) <= max(most, FEWEST_SNAPSHOTS)
    assert all(day + timedelta(days=horizon) <= found.as_of for day in found.days)
    assert all(day >= days(history) for day in found.days)
    assert found.days == tuple(sorted(set(found.days)))
