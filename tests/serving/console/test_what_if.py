"""What repairs would give, against the model's own figures."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.special import expit, logit

from serving.console.what_if import CustomerQuery, levers, outcome

RISKS = st.floats(0.01, 0.99)
ROW: dict[str, Any] = {
    "churn_probability": 0.6,
    "clv": 200.0,
    "weak_point_1": "service",
    "weak_point_2": "rhythm",
    "weak_point_3": "engagement",
    "rhythm_repaired": 0.2,
    "spend_repaired": 0.595,
    "product_repaired": None,
    "service_repaired": 0.3,
    "satisfaction_repaired": 0.5,
    "engagement_repaired": 0.599,
}


def test_weak_points_and_what_helps_have_levers_the_strongest_first_and_rhythm_last() -> None:
    found = [(lever.dimension, lever.share) for lever in levers(ROW, CustomerQuery(), 1.5)]
    assert found == [("service", 100), ("satisfaction", 100), ("engagement", 100), ("rhythm", 0)]
    asked = levers(ROW, CustomerQuery(service=40, rhythm=5), 1.5)
    assert [(lever.dimension, lever.share) for lever in asked] == [
        ("service", 40),
        ("satisfaction", 0),
        ("engagement", 0),
        ("rhythm", 5),
    ]


def test_one_whole_repair_gives_what_the_model_says() -> None:
    found = outcome(ROW, levers(ROW, CustomerQuery(service=100), 1.5))
    assert found.risk == pytest.approx(0.3)
    assert found.value_at_risk == pytest.approx(60.0)


def test_no_repair_changes_nothing() -> None:
    assert outcome(ROW, levers(ROW, CustomerQuery(service=0), 1.5)).risk == 0.6
    assert outcome(ROW, []).value_at_risk == 120.0


@given(RISKS, RISKS, RISKS, st.integers(0, 100))
def test_repairs_add_up_in_log_odds(now: float, service: float, spend: float, share: int) -> None:
    row = ROW | {"churn_probability": now, "service_repaired": service, "spend_repaired": spend}
    found = outcome(row, levers(row, CustomerQuery(service=share, spend=100), -1e9))
    gained = share / 100 * (logit(now) - logit(service)) + logit(now) - logit(spend)
    assert found.risk == pytest.approx(expit(logit(now) - gained), abs=1e-9)


def test_all_causes_repaired_are_what_the_bundle_reads_of_the_shop(client: Any, shop: Any) -> None:
    scored = shop.scored
    row = client.resources.store.row(scored.scores["customer_id"][0])
    causes = ["spend", "product", "service", "satisfaction", "engagement"]
    at = row["churn_probability"]
    alone = scored.repaired.loc[0, causes].to_numpy(dtype=float)
    together = expit(logit(at) - np.sum(logit(at) - logit(alone)))
    found = outcome(row, levers(row, CustomerQuery(**dict.fromkeys(causes, 100)), -1e9))
    assert found.risk == pytest.approx(together, abs=1e-9)
