"""No group is hidden by the average."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest
from scipy import stats
from sklearn.metrics import log_loss, roc_auc_score

from training.grades import grades, worse_groups
from training.judge import AMITY

OTHER = "RFM logistic"


@pytest.fixture(scope="module")
def hidden(judged: Any, risky: Any) -> Any:
    """Amity is right on 1,500 customers of segment a, and knows nothing of the 300 of b."""
    churned, risk = risky(1_800)
    segment = np.where(np.arange(1_800) < 1_500, "a", "b")
    ours = np.where(segment == "a", risk, 0.5)
    coarse = np.clip(np.round(risk, 0), 0.3, 0.7)
    groups = pd.DataFrame({"segment": segment, "orders": "1"})
    return judged(churned, {AMITY: ours, OTHER: coarse}, groups)


def test_every_group_is_graded_by_itself(hidden: Any) -> None:
    found = grades(hidden)
    assert list(zip(found["kind"], found["group"], found["model"], strict=True)) == [
        (kind, group, model)
        for kind, group in (("segment", "a"), ("segment", "b"), ("orders", "1"))
        for model in (AMITY, OTHER)
    ]
    b = hidden.groups["segment"] == "b"
    row = found[(found["group"] == "b") & (found["model"] == AMITY)].iloc[0]
    churned, probability = hidden.churned[b], hidden.probabilities[AMITY][b]
    assert row["customers"] == 300
    assert row["churned"] == pytest.approx(churned.mean())
    assert row["predicted"] == pytest.approx(probability.mean())
    assert row["log_loss"] == pytest.approx(log_loss(churned, probability))
    assert row["auroc"] == pytest.approx(roc_auc_score(churned, probability))


def test_the_group_that_the_average_hides_is_found(hidden: Any) -> None:
    assert hidden.metrics[AMITY]["log_loss"] < hidden.metrics[OTHER]["log_loss"]
    (worse,) = worse_groups(hidden, OTHER, fewest=200)
    assert (worse.group.kind, worse.group.name, worse.model) == ("segment", "b", OTHER)
    assert str(worse).startswith("segment b (300 customers): log loss higher than that of RFM logistic by 0.")
    assert worse_groups(hidden, OTHER, fewest=301) == []


def test_the_interval_is_that_of_a_mean_as_wide_as_three_groups_ask_for(hidden: Any) -> None:
    (worse,) = worse_groups(hidden, OTHER, fewest=2)
    b = hidden.groups["segment"] == "b"

    def loss(model: str) -> np.ndarray:
        right = np.where(hidden.churned == 1, hidden.probabilities[model], 1 - hidden.probabilities[model])
        return -np.log(right[b])

    each = loss(AMITY) - loss(OTHER)
    error = each.std(ddof=1) / np.sqrt(300)
    expected = stats.norm.interval(1 - 0.05 / 3, each.mean(), error)
    assert (worse.interval.low, worse.interval.high) == pytest.approx(expected)


def test_equals_are_seldom_called_worse(judged: Any, risky: Any) -> None:
    """Two models that differ by noise, in ten groups, forty times."""
    found = 0
    for seed in range(40):
        churned, risk = risky(500, seed)
        dice = np.random.default_rng(1_000 + seed)
        noisy = [np.clip(risk + dice.normal(0, 0.05, 500), 0.02, 0.98) for _ in range(2)]
        groups = pd.DataFrame({"segment": [str(number % 10) for number in range(500)]})
        told = judged(churned, dict(zip((AMITY, OTHER), noisy, strict=True)), groups)
        found += bool(worse_groups(told, OTHER, fewest=2))
    assert found <= 5


def test_without_groups_there_is_nothing_to_tell(judged: Any, risky: Any) -> None:
    churned, risk = risky(20)
    told = judged(churned, {AMITY: risk, OTHER: risk})
    assert grades(told).empty
    assert worse_groups(told, OTHER, fewest=2) == []


def test_customers_of_no_segment_are_in_no_group(judged: Any, risky: Any) -> None:
    churned, risk = risky(20)
    segment = pd.Series(["a"] * 15 + [None] * 5, dtype="str")
    found = grades(judged(churned, {AMITY: risk}, pd.DataFrame({"segment": segment})))
    assert list(found["customers"]) == [15]
