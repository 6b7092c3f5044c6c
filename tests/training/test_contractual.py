"""Contractual churn from subscriptions alone: trained, judged and scored like any other."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import Any

import ibis
import numpy as np
import pytest
from scipy.special import expit

from configs.loading import load
from configs.settings import Definitions, Playbook, TrainingSettings
from features.errors import HistoryError
from features.live import Live
from features.snapshots import before
from models.bundle import Bundle, save
from models.bundle import load as load_bundle
from models.churn import WITHOUT_HISTORY
from models.scoring import score, score_rows
from training.contractual import contractual_level
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


@pytest.fixture(scope="module")
def seasonal(opened: Open) -> Tables:
    """Three years in which four times as many leave in January and February as in other months."""
    dice, start = np.random.default_rng(8), datetime(2020, 6, 1)  # noqa: DTZ001
    rows = []
    for customer in range(1_500):
        began = start + timedelta(days=float(dice.uniform(0, 900)))
        day, left = began, None
        while left is None and day < datetime(2024, 1, 1):  # noqa: DTZ001
            day += timedelta(days=7)
            rate = 0.024 if day.month <= 2 else 0.006
            left = day if dice.random() < rate else None
        held = {"subscription_id": f"s{customer}", "customer_id": f"c{customer:04d}", "price": 10.0}
        rows.append(held | {"started_at": began, "cancelled_at": left})
    return opened({"subscriptions": rows})


def test_the_level_is_that_of_the_season_to_come(seasonal: Tables) -> None:
    """Of 60 days from January on, 1 − .976^8.5 = 19 % leave; of 60 days from June on, 1 − .994^8.5 = 5 %."""
    for day, expected in ((datetime(2023, 1, 1), 0.186), (datetime(2023, 6, 1), 0.05)):  # noqa: DTZ001
        level = contractual_level(seasonal, day, HELD)
        assert level is not None
        assert level.seasonal
        assert expit(level.levels[0]) == pytest.approx(expected, abs=0.06)
    found = judge(seasonal, datetime(2023, 3, 2), HELD, SETTINGS)  # noqa: DTZ001
    predicted = found.probabilities[AMITY].mean()
    assert predicted == pytest.approx(found.churned.mean(), abs=0.04)
    assert found.metrics[AMITY]["log_loss"] < found.metrics["base rate"]["log_loss"] - 0.01


def test_later_facts_change_no_level_and_without_a_horizon_over_there_is_none(seasonal: Tables) -> None:
    day = datetime(2022, 1, 1)  # noqa: DTZ001
    assert contractual_level(before(seasonal, day), day, HELD) == contractual_level(seasonal, day, HELD)
    assert contractual_level(seasonal, datetime(2020, 7, 15), HELD) is None  # noqa: DTZ001


def test_the_weights_are_learnt_on_days_later_than_the_fit(held: Tables, bundle: Bundle) -> None:
    assert set(bundle.churn.weights) == {"trees", "linear"}
    assert bundle.churn.weights != WITHOUT_HISTORY
    assert bundle.churn.level == contractual_level(held, AS_OF, HELD)
