"""Contractual churn from subscriptions alone: trained, judged and scored like any other."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import Any

import ibis
import numpy as np
import pytest

from configs.settings import Definitions, Playbook, TrainingSettings, load
from features.errors import HistoryError
from features.live import Live
from models.bundle import Bundle, save
from models.bundle import load as load_bundle
from models.scoring import score, score_rows
from training.fit import fit
from training.judge import AMITY, Judgement, judge

START = datetime(2023, 1, 1)  # noqa: DTZ001
DAYS = 540
AS_OF = START + timedelta(days=DAYS)
HELD = Definitions(mode="contractual", horizon_days=60, clv_horizon_days=180)
SETTINGS = TrainingSettings(step_days=60, max_snapshots=6, trees=40, learning_rate=0.1)

Tables = Mapping[str, ibis.Table]
Open = Callable[[dict[str, list[dict[str, Any]]]], Tables]


def subscriptions(customers: int = 700, seed: int = 2) -> list[dict[str, Any]]:
    """Half of them pay more from some day on; then one in 80 leaves each day, of others one in 800."""
    dice = np.random.default_rng(seed)
    rows: list[dict[str, Any]] = []

    def add(customer: int, started: float, ended: float, price: float) -> None:
        moments = [START + timedelta(days=day) if day < DAYS else None for day in (started, ended)]
        held = {"subscription_id": f"s{len(rows)}", "customer_id": f"c{customer:03d}", "plan": "basic"}
        rows.append(held | {"started_at": moments[0], "cancelled_at": moments[1], "price": price})

    for customer in range(customers):
        start, price = float(dice.uniform(-400, DAYS - 100)), float(dice.choice([6, 9, 12, 15]))
        rise = max(start, 0.0) + float(dice.uniform(20, DAYS)) if customer % 2 else np.inf
        calm, angry = (float(dice.exponential(days)) for days in (800, 80))
        left = max(start, 0.0) + calm
        if left < rise or rise > DAYS:
            add(customer, start, left, price)
        else:
            add(customer, start, rise, price)
            add(customer, rise, rise + min(angry, calm), price + 2.0)
    return rows


@pytest.fixture(scope="module")
def held(opened: Open) -> Tables:
    return opened({"subscriptions": subscriptions()})


@pytest.fixture(scope="module")
def judgement(held: Tables) -> Judgement:
    return judge(held, AS_OF, HELD, SETTINGS)


@pytest.fixture(scope="module")
def bundle(held: Tables) -> Bundle:
    return fit(held, AS_OF, HELD, SETTINGS)


def test_it_is_judged_on_a_later_day_beside_simple_models_of_subscriptions(judgement: Judgement) -> None:
    assert list(judgement.metrics) == [AMITY, "tenure alone", "tenure and price logistic", "base rate"]
    assert not judgement.on_customers_held_out
    losses = {name: figures["log_loss"] for name, figures in judgement.metrics.items()}
    assert losses[AMITY] == min(losses.values())
    assert judgement.metrics[AMITY]["auroc"] > 0.7
    assert 0.85 < judgement.metrics[AMITY]["clv_predicted_over_actual"] < 1.15


def test_those_who_pay_more_are_at_risk_and_are_told_why(bundle: Bundle, held: Tables) -> None:
    scores = score(bundle, held, AS_OF, load(Playbook)).scores
    assert set(scores["status"]) == {"active"}
    assert scores["expected_next_order_at"].isna().all()
    assert (scores["clv_low"] <= scores["clv"]).all()
    assert (scores["clv"] <= scores["clv_high"]).all()
    top = scores.nlargest(20, "churn_probability")
    assert (top["weak_point_1"] == "spend").mean() > 0.8
    says = top.loc[top["weak_point_1"] == "spend", "weak_point_1_says"]
    assert says.str.startswith("The subscription rose by EUR 2.00 a month in the last 365 days").all()


def test_raw_events_of_one_customer_give_the_scores_of_the_list(bundle: Bundle, held: Tables) -> None:
    listed = score(bundle, held, AS_OF, load(Playbook)).scores.iloc[0]
    own = [row for row in subscriptions() if row["customer_id"] == listed["customer_id"]]
    live = Live(bundle.reference, mode="contractual")
    scored = score_rows(bundle, live, {"subscriptions": own}, AS_OF, load(Playbook)).scores
    assert scored.iloc[0].drop("action").astype(str).equals(listed.drop("action").astype(str))
    gone = [{**row, "cancelled_at": row["started_at"]} for row in own]
    with pytest.raises(HistoryError, match="No customer has a subscription running"):
        score_rows(bundle, live, {"subscriptions": gone}, AS_OF, load(Playbook))
    with pytest.raises(HistoryError, match="There is no table of subscriptions"):
        live.features({"orders": []}, AS_OF)


def test_saved_and_read_it_scores_the_same(bundle: Bundle, held: Tables, tmp_path: Any) -> None:
    again = load_bundle(save(bundle, tmp_path / "bundle"))
    assert again.clv is None
    playbook = load(Playbook)
    assert score(again, held, AS_OF, playbook).scores.equals(score(bundle, held, AS_OF, playbook).scores)


def test_a_single_snapshot_date_is_judged_on_customers_held_out(opened: Open) -> None:
    """Cancellations are known of one horizon and a little: one day to learn from, and to judge on."""
    rows = subscriptions()
    recent = START + timedelta(days=DAYS - 70)
    known = [row for row in rows if row["cancelled_at"] is None or row["cancelled_at"] >= recent]
    found = judge(opened({"subscriptions": known}), AS_OF, HELD, SETTINGS)
    assert found.on_customers_held_out
    assert found.metrics[AMITY]["log_loss"] < found.metrics["base rate"]["log_loss"]


def test_without_enough_cancellations_it_is_refused(opened: Open) -> None:
    late = [row for row in subscriptions() if row["cancelled_at"] is None] + [
        {
            "subscription_id": "late",
            "customer_id": "late",
            "started_at": START,
            "cancelled_at": AS_OF - timedelta(days=10),
        }
    ]
    with pytest.raises(
        HistoryError, match="cancellations start on 2024-06-14, and training as of 2024-06-24"
    ):
        fit(opened({"subscriptions": late}), AS_OF, HELD, SETTINGS)


def test_nobody_with_a_subscription_running_is_said(bundle: Bundle, held: Tables) -> None:
    with pytest.raises(HistoryError, match="No customer has a subscription running as of 2021-01-01"):
        score(bundle, held, datetime(2021, 1, 1), load(Playbook))  # noqa: DTZ001
