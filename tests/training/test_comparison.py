"""Amity beside every other model."""

from __future__ import annotations

from typing import Any

import pandas as pd
import pytest

from configs.settings import Judging
from training.comparison import compare
from training.intervals import differences
from training.judge import AMITY
from training.profit import Campaign, expected_maximum_profit, maximum_profit


def test_each_figure_is_that_of_its_room(judged: Any, risky: Any) -> None:
    churned, risk = risky(300)
    others = {"RFM logistic": 1 - risk, "BG/NBD": risk**2}
    told = judged(churned, {AMITY: risk, **others}, pd.DataFrame({"status": ["new"] * 300}))
    found = compare(told, Judging(kept_value=300, offer_cost=20, contact_cost=2, large_group=300))
    assert found.differences == differences(churned, told.probabilities, AMITY)
    assert set(found.differences) == set(others)
    assert len(found.grades) == 3
    assert found.worse == ()
    assert found.campaign == Campaign(300, 20, 2)
    for name, probability in told.probabilities.items():
        assert found.expected_profit[name] == expected_maximum_profit(churned, probability, found.campaign)
        assert found.best_profit[name] == maximum_profit(churned, probability, found.campaign)


def test_groups_are_compared_with_every_other_model(judged: Any, risky: Any) -> None:
    churned, risk = risky(400)
    told = judged(churned, {AMITY: 1 - risk, "a": risk, "b": risk}, pd.DataFrame({"status": ["new"] * 400}))
    assert [worse.model for worse in compare(told, Judging()).worse] == ["a", "b"]
    assert compare(told, Judging(large_group=401)).worse == ()
    assert compare(told, Judging()).differences["a"]["brier"].difference == pytest.approx(
        told.metrics[AMITY]["brier"] - told.metrics["a"]["brier"]
    )
