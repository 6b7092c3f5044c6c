"""Scores that no model made, as many as asked for, with sentences of the usual length."""

from __future__ import annotations

from datetime import datetime

import numpy as np
import pandas as pd

from features.catalog import DIMENSIONS
from models.scoring import Scored
from models.weakpoints import Points
from serving.census import CHURNED, INACTIVE, Census

SAYS = (
    "2 complaints still open, the oldest for 42 days, since 20 May 2025. 159 hours to the first answer, on "
    "average of the last 180 days; customers like this: 6.1."
)

FACTS = (
    '[["complaints_open",{"complaints":2.0,"age":42,"day":"2025-05-20"}],'
    '["slow_answers",{"hours":159.0,"peers":6.1}]]'
)


def made(customers: int, as_of: datetime, version: str = "1", seed: int = 0) -> Scored:
    """Each customer bears the version in their action, so that a list of two versions is found out."""
    dice = np.random.default_rng(seed)
    ids = [f"C{number:08d}" for number in dice.permutation(customers)]
    scores = pd.DataFrame(
        {
            "customer_id": pd.array(ids, dtype="str"),
            "as_of": pd.Timestamp(as_of),
            "model_version": version,
            "status": dice.choice(["new", "active", "slowing", "lapsed", "lost"], customers),
            "churn_probability": dice.random(customers),
            "clv": dice.gamma(2, 200, customers),
        }
    )
    scores["value_at_risk"] = scores["churn_probability"] * scores["clv"]
    scores = scores.sort_values(["value_at_risk", "customer_id"], ascending=[False, True], ignore_index=True)
    scores["clv_low"], scores["clv_high"] = scores["clv"] * 0.4, scores["clv"] * 2
    scores["expected_next_order_at"] = scores["as_of"] + pd.to_timedelta(
        dice.integers(1, 90, customers), unit="D"
    )
    for place in (1, 2, 3):
        _weak_point(scores, f"weak_point_{place}", dice, nothing=place / 4)
    scores["smallest_repair"] = pd.Series("service, spend", index=scores.index, dtype="str")
    scores["action"] = (
        f"Version {version}: close the open complaint first, personally, and tell them it is closed."
    )
    features = pd.DataFrame(
        {
            "segment": dice.choice(["gold", "silver", "student"], customers),
            "country": dice.choice(["DE", "FR", "IT", "PL"], customers),
            "days_since_order": dice.integers(0, 365, customers).astype(float),
            "usual_gap": dice.gamma(3, 15, customers),
            "gap_spread": 0.5,
        }
    )
    points, repaired = dice.normal(size=(customers, 7)), dice.random((customers, 7))
    columns = list(DIMENSIONS)
    return Scored(
        scores,
        Points(0.25, pd.DataFrame(points, columns=columns)),
        features,
        pd.DataFrame(repaired, columns=columns),
        _facts(scores),
    )


def census(scored: Scored, as_of: datetime) -> Census:
    """Every other customer was contacted in the last hundred days."""
    some = scored.scores["customer_id"].iloc[::2]
    days = pd.to_timedelta(np.arange(len(some)) % 100, unit="D")
    examples = [(f"X{kind}", kind, as_of) for kind in (INACTIVE, CHURNED)]
    return Census(
        contacted=pd.Series(pd.Timestamp(as_of) - days, index=some.to_numpy()),
        ever=2 * len(scored.scores),
        active_then=len(scored.scores),
        churned_since=len(scored.scores) // 4,
        examples=pd.DataFrame(examples, columns=["customer_id", "kind", "last_order_at"]),
    )


def _facts(scores: pd.DataFrame) -> pd.Series:
    """What the sentences say, packed, of each weak point that is named."""
    named = sum(scores[f"weak_point_{place}"].notna().astype(int) for place in (1, 2, 3))
    return pd.Series(["[" + ",".join([FACTS] * count) + "]" for count in named], dtype="str")


def _weak_point(scores: pd.DataFrame, name: str, dice: np.random.Generator, nothing: float) -> None:
    none = dice.random(len(scores)) < nothing
    scores[name] = pd.Series(dice.choice(DIMENSIONS[:6], len(scores)), dtype="str").mask(none)
    scores[f"{name}_points"] = np.where(none, np.nan, dice.random(len(scores)) * 20)
    scores[f"{name}_says"] = pd.Series(SAYS, index=scores.index, dtype="str").mask(none)
    scores[f"{name}_confidence"] = pd.Series("sure", index=scores.index, dtype="str").mask(none)
    scores[f"{name}_repaired"] = np.where(none, np.nan, dice.random(len(scores)))
