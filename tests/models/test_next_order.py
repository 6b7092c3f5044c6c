"""When the next order comes, against closed forms and a root of the Pareto/NBD's own silence."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

import numpy as np
import pandas as pd
import pytest
from scipy.optimize import brentq

from configs.settings import Definitions
from models.buying import Buying
from models.gamma_gamma import GammaGamma
from models.next_order import NAMES, next_order
from models.pareto_nbd import ParetoNBD

AS_OF = datetime(2025, 6, 30)  # noqa: DTZ001
WORDS = Definitions(horizon_days=90, clv_horizon_days=365)
MONEY = GammaGamma(6.0, 4.0, 15.0, 0.0)
MIXED = Buying(ParetoNBD(1.2, 60.0, 0.6, 300.0, 0.0), MONEY, 0.0, 20.0)
STEADY = Buying(ParetoNBD(400.0, 12_000.0, 0.003, 400.0, 0.0), MONEY, 0.0, 20.0)
"""All order each 30 days on average, and hardly anybody leaves."""


def near(day: float) -> object:
    """Within a day, or 4 % of those to come, as some are a little slower than others."""
    return pytest.approx(day, rel=0.04, abs=1.0)


def days(told: pd.DataFrame) -> pd.DataFrame:
    """Days from `AS_OF`, null where there is none."""
    assert tuple(told.columns) == NAMES
    return told.apply(lambda column: (column - pd.Timestamp(AS_OF)).dt.days)


@pytest.fixture(scope="module")
def frame(histories: Callable[..., pd.DataFrame]) -> pd.DataFrame:
    return histories(np.random.default_rng(2), 300).assign(as_of=pd.Timestamp(AS_OF))


def test_of_who_never_leaves_it_is_the_exponential_distribution(frame: pd.DataFrame) -> None:
    """p = exp(−90 / 30) is left after 90 days; so 30·ln(1/.9), 30·ln 2 and 30·ln 10 days: 3.2, 20.8, 69.1."""
    told = days(next_order(STEADY, frame, np.full(len(frame), np.exp(-3)), WORDS))
    assert told["expected_next_order_low"].mean() == near(3)
    assert told["expected_next_order_at"].mean() == near(20)
    assert told["expected_next_order_high"].mean() == near(69)


def test_a_greater_risk_stretches_it(frame: pd.DataFrame) -> None:
    """p = exp(−1.5): twice as long. p = exp(−.3): ten times, and 690 days are beyond a year: it is open, and
    a fifth comes before 300·ln(1/.8) = 66.9 days."""
    twice, ten = (days(next_order(STEADY, frame, np.full(300, p), WORDS)) for p in np.exp([-1.5, -0.3]))
    assert twice["expected_next_order_at"].mean() == near(41)
    assert ten["expected_next_order_high"].isna().all()
    assert ten["expected_next_order_low"].mean() == near(66)


def test_it_is_where_the_stretched_silence_of_pareto_nbd_falls_to_a_half(frame: pd.DataFrame) -> None:
    risk = np.random.default_rng(3).uniform(0.02, 0.95, len(frame))
    told = days(next_order(MIXED, frame, risk, WORDS))
    for place in range(0, len(frame), 10):
        row = frame.iloc[[place]]
        stretch = np.log(risk[place]) / np.log(MIXED.no_order(row, 90)[0])

        def left(after: float, row: pd.DataFrame = row, stretch: float = stretch) -> float:
            return float(MIXED.no_order(row, after)[0] ** stretch) - 0.5

        found = told["expected_next_order_at"].iloc[place]
        if left(365.0) > 0.001:
            assert np.isnan(found)
        else:
            exact = brentq(left, 1e-6, 366.0)
            assert found == pytest.approx(exact, rel=0.08, abs=1.0)


def test_the_days_are_in_order_and_certain_outcomes_are_no_error(frame: pd.DataFrame) -> None:
    told = days(next_order(MIXED, frame, np.linspace(0.0, 1.0, len(frame)), WORDS))
    assert told["expected_next_order_high"].iloc[0] < 45
    assert told.iloc[-1].isna().all()
    low, middle, high = (told[f"expected_next_order_{end}"] for end in ("low", "at", "high"))
    assert not (low > middle).any()
    assert not (middle > high).any()
    assert (low.notna() | middle.isna()).all()
    assert (middle.notna() | high.isna()).all()


def test_one_order_is_enough(frame: pd.DataFrame) -> None:
    once = frame[frame["order_days"] == 1]
    assert len(once) > 20
    told = days(next_order(MIXED, once, MIXED.no_order(once, 90), WORDS))
    assert told["expected_next_order_low"].notna().any()
    longer = once.assign(days_since_order=900.0, days_since_first_order=900.0)
    assert (
        days(next_order(MIXED, longer, MIXED.no_order(longer, 90), WORDS))["expected_next_order_at"]
        .isna()
        .all()
    )


def test_a_horizon_of_churn_beyond_that_of_the_clv(frame: pd.DataFrame) -> None:
    words = Definitions(horizon_days=90, clv_horizon_days=30)
    told = days(next_order(STEADY, frame, np.full(len(frame), np.exp(-3)), words))
    assert told["expected_next_order_at"].mean() == near(20)
    assert told["expected_next_order_high"].isna().all()


def test_without_a_model_of_buying_nothing_is_told(frame: pd.DataFrame) -> None:
    told = next_order(None, frame, np.full(len(frame), 0.2), WORDS)
    assert told.isna().all(axis=None)
    assert (told.dtypes == frame["as_of"].dtype).all()
    assert next_order(MIXED, frame.head(0), np.empty(0), WORDS).empty
