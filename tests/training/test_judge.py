"""The judgement: everyone on the same customers, and nobody sees what they are judged by."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import numpy as np
import pytest
from sklearn.metrics import log_loss, roc_auc_score

from features.errors import HistoryError
from features.reference import reference
from features.snapshots import before
from training.baselines import RECENCY, RFM, bg_nbd, logistic
from training.fit import plan_for, training_frame
from training.judge import AMITY, Judgement, judge, judged_frame
from training.outlook import customer_histories

MODELS = {AMITY, "RFM logistic", "recency alone", "BG/NBD"}
OTHER_DAYS = {"customers": "signed_up_at", "orders": "ordered_at", "returns": "returned_at"}


@pytest.fixture(scope="module")
def judgement(shop: Any) -> Judgement:
    return judge(before(shop.tables, shop.as_of), shop.as_of, shop.definitions, shop.settings)


def same(first: Judgement, second: Judgement) -> bool:
    return first.outcome.equals(second.outcome) and all(
        first.probabilities[name].tobytes() == second.probabilities[name].tobytes() for name in MODELS
    )


def test_all_are_judged_on_the_active_customers_of_the_last_day_whose_horizon_is_over(
    shop: Any, judgement: Judgement
) -> None:
    day = shop.as_of - timedelta(days=60)
    assert judgement.as_of == day
    orders = shop.rows["orders"]
    active = {o["customer_id"] for o in orders if day - timedelta(days=240) <= o["ordered_at"] < day}
    stayed = {o["customer_id"] for o in orders if day <= o["ordered_at"] < shop.as_of}
    assert list(judgement.outcome["customer_id"]) == sorted(active)
    assert list(judgement.outcome["churned"]) == [customer not in stayed for customer in sorted(active)]
    assert set(judgement.probabilities) == set(judgement.metrics) == MODELS
    assert {len(probability) for probability in judgement.probabilities.values()} == {len(active)}
    assert not judgement.on_customers_held_out


def test_revenue_is_what_was_ordered_less_what_was_returned(shop: Any, judgement: Judgement) -> None:
    day = judgement.as_of
    for row in judgement.outcome.sample(40, random_state=1).to_dict("records"):
        sums = {
            name: sum(
                r["amount"]
                for r in shop.rows[name]
                if r["customer_id"] == row["customer_id"] and day <= r[OTHER_DAYS[name]] < shop.as_of
            )
            for name in ("orders", "returns")
        }
        assert row["revenue"] == pytest.approx(sums["orders"] - sums["returns"], abs=1e-3)


def test_the_figures_are_those_of_scikit_learn(judgement: Judgement) -> None:
    for name, probability in judgement.probabilities.items():
        assert judgement.metrics[name]["auroc"] == pytest.approx(
            roc_auc_score(judgement.churned, probability)
        )
        assert judgement.metrics[name]["log_loss"] == pytest.approx(log_loss(judgement.churned, probability))
    assert judgement.metrics[AMITY]["auroc"] > 0.7
    assert 0.5 < judgement.metrics[AMITY]["clv_predicted_over_actual"] < 2


def test_the_baselines_learn_from_what_amity_learns_from(shop: Any, judgement: Judgement) -> None:
    day = judgement.as_of
    known, told = before(shop.tables, day), reference(shop.tables, day)
    plan = plan_for(known, day, shop.definitions, shop.settings)
    assert max(plan.days) + timedelta(days=60) == day
    train = training_frame(known, plan, shop.definitions, told)
    judged = judged_frame(before(shop.tables, shop.as_of), day, shop.definitions, told)
    for name, columns in (("RFM logistic", RFM), ("recency alone", RECENCY)):
        np.testing.assert_array_equal(judgement.probabilities[name], logistic(train, judged, columns))
    expected = bg_nbd(customer_histories(known, day, told), judged, 60)
    np.testing.assert_array_equal(judgement.probabilities["BG/NBD"], expected)


def test_what_happens_at_or_after_the_day_of_training_is_not_seen(shop: Any, judgement: Judgement) -> None:
    """The judge may be handed the whole tables: labels end on the day as well."""
    assert same(judge(shop.tables, shop.as_of, shop.definitions, shop.settings), judgement)


def test_the_outcome_changes_no_probability(shop: Any, opened: Any, judgement: Judgement) -> None:
    day = judgement.as_of
    rows = {
        name: [row for row in rows if row[OTHER_DAYS[name]] < day or row["customer_id"] > "C150"]
        for name, rows in shop.rows.items()
    }
    other = judge(before(opened(rows), shop.as_of), shop.as_of, shop.definitions, shop.settings)
    assert other.outcome["churned"].sum() > judgement.outcome["churned"].sum() + 20
    assert all(
        other.probabilities[name].tobytes() == judgement.probabilities[name].tobytes() for name in MODELS
    )


def test_a_short_history_is_judged_on_customers_held_out(shop: Any) -> None:
    day = datetime(2024, 5, 25)  # noqa: DTZ001
    held_out = judge(before(shop.tables, day), day, shop.definitions, shop.settings)
    assert held_out.on_customers_held_out
    assert all(np.isfinite(held_out.probabilities[name]).all() for name in MODELS)


def test_nobody_to_judge(shop: Any) -> None:
    with pytest.raises(
        HistoryError, match="Nobody was active on 2027-11-02, the last day whose horizon is over"
    ):
        judge(shop.tables, datetime(2028, 1, 1), shop.definitions, shop.settings)  # noqa: DTZ001
