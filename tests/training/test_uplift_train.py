"""Learning what offers do, kept for plans and logged."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import mlflow
import numpy as np
import pytest

from configs.settings import Definitions, Offer, Winback
from models.uplift.bundle import folder, load
from training.uplift_train import learn_effects

SENT = datetime(2025, 1, 10)  # noqa: DTZ001
POLICY = Winback(offers=(Offer(name="o", channel="email", coupon_value=5, contact_cost=0),))


def _rows(customers: int) -> dict[str, list[dict[str, Any]]]:
    """Half are contacted by lot; each ordered before, some again, a fifth of those contacted once more."""
    dice = np.random.default_rng(0)
    orders, contacts = [], []
    for number in range(customers):
        customer, treated = f"C{number}", bool(dice.random() < 0.5)
        days = [-float(day) for day in dice.integers(1, 90, dice.integers(1, 4))]
        days += [2.0] * int(dice.random() < 0.3) + [5.0] * int(treated and dice.random() < 0.2)
        orders += [
            {
                "order_id": f"{number} {at}",
                "customer_id": customer,
                "ordered_at": SENT + timedelta(days=day),
                "amount": float(dice.integers(20, 60)),
            }
            for at, day in enumerate(days)
        ]
        contacts.append(
            {
                "contact_id": str(number),
                "campaign_id": "k",
                "customer_id": customer,
                "sent_at": SENT,
                "arm": "treatment" if treated else "control",
                "channel": "email",
                "coupon_value": 5.0 if treated else None,
            }
        )
    return {"orders": orders, "contacts": contacts}


@pytest.mark.usefixtures("new_home")
def test_what_is_learnt_is_kept_and_logged(opened: Callable[..., Any]) -> None:
    learnt = learn_effects(opened(_rows(600)), SENT + timedelta(days=31), Definitions(), POLICY)
    assert learnt.evidence is not None
    assert learnt.evidence.grade == "experiment"
    assert load(folder()).says == learnt.says
    (run,) = mlflow.search_runs(experiment_names=["amity"], output_format="list")
    assert run.data.params["grade"] == "experiment"
    assert run.data.metrics["effect_orders"] == pytest.approx(learnt.evidence.effect["orders"][0])
    later = learn_effects(opened(_rows(40)), SENT + timedelta(days=31), Definitions(), POLICY)
    assert later.says[1] == "Plans still go by what was learnt before."
    assert load(folder()).says == learnt.says


def test_where_nothing_can_be_learnt_the_prior_is_named(new_home: Path, opened: Callable[..., Any]) -> None:
    few = learn_effects(opened(_rows(40)), SENT + timedelta(days=31), Definitions(), POLICY)
    none = learn_effects(opened(_rows(40)), SENT + timedelta(days=3), Definitions(), POLICY)
    assert few.bundle is none.bundle is None
    assert "100 of each are needed" in few.says[0]
    assert "There is no past contact whose campaign is over" in none.says[0]
    assert "a prior" in none.says[1]
    assert not (new_home / "winback").exists()
