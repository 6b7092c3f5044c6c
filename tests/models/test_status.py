"""Status from the customer's own rhythm, worked by hand."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from configs.settings import Definitions
from models.status import STATUSES, status

DEFINITIONS = Definitions(slowing_from=1.0, lapsed_from=2.0, lost_from=4.0)


def judge(since: float, usual: float, spread: float, order_days: float, definitions: Definitions) -> str:
    row = {"days_since_order": since, "usual_gap": usual, "gap_spread": spread, "order_days": order_days}
    return str(status(pd.DataFrame([row]), definitions)[0])


@pytest.mark.parametrize(
    ("since", "expected"),
    [
        (0, "active"),
        (44.9, "active"),
        (45, "slowing"),
        (89, "slowing"),
        (90, "lapsed"),
        (180, "lost"),
        (999, "lost"),
    ],
)
def test_days_are_measured_in_the_usual_gap_and_its_variation(since: float, expected: str) -> None:
    # Usually 30 days between orders, varying by half of it: 45 days are one measure.
    assert judge(since, 30, 0.5, 8, DEFINITIONS) == expected


@pytest.mark.parametrize(
    ("since", "expected"), [(0, "new"), (59, "new"), (60, "slowing"), (120, "lapsed"), (240, "lost")]
)
def test_one_order_day_is_new_until_it_slows(since: float, expected: str) -> None:
    # No gap is known yet: the variation counts as much as the gap itself, so 60 days are one measure.
    assert judge(since, 30, np.nan, 1, DEFINITIONS) == expected


def test_the_same_silence_means_less_of_a_slow_buyer() -> None:
    assert judge(60, 10, 0.0, 5, DEFINITIONS) == "lost"
    assert judge(60, 50, 0.0, 5, DEFINITIONS) == "slowing"
    assert judge(60, 90, 0.0, 5, DEFINITIONS) == "active"


def test_the_thresholds_are_the_companys() -> None:
    patient = Definitions(slowing_from=5, lapsed_from=6, lost_from=7)
    assert judge(60, 10, 0.0, 5, DEFINITIONS) == "lost"
    assert judge(60, 10, 0.0, 5, patient) == "lapsed"


def test_every_row_gets_one_of_the_five() -> None:
    dice = np.random.default_rng(0)
    frame = pd.DataFrame(
        {
            "days_since_order": dice.gamma(1, 60, 500),
            "usual_gap": dice.gamma(4, 10, 500) + 1,
            "gap_spread": np.where(dice.random(500) < 0.3, np.nan, dice.random(500)),
            "order_days": dice.integers(1, 5, 500),
        }
    )
    assert set(status(frame, DEFINITIONS)) == set(STATUSES)
