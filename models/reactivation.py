"""Who comes back: the probability that a lapsed customer orders again in the horizon.

Lapsed are those who ordered before, but not in the lookback. They are no part of the model of churn, which
knows active customers only: of the lapsed far fewer order, and other things tell who. So they have a model of
their own over the same horizon, fitted in the same way on past snapshots of lapsed customers; to come back is
not to stay away, which is what it calls churned.

Where fewer than 100 came back, or stayed away, the Pareto/NBD alone speaks, at the level that these showed.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

import ibis
import numpy as np
import pandas as pd

from configs.settings import Definitions
from features.build import build
from features.catalog import Feature
from features.errors import HistoryError, ModelError
from features.snapshots import before, lapsed
from models import buying
from models.bundle import Bundle
from models.churn import RFM, ChurnModel, History, Members, fit_churn
from models.level import churn_level
from models.status import status
from models.trees import FEWEST_CUSTOMERS, Trees

FEATURES = (
    *RFM,
    "recency_days",
    "usual_gap",
    "gap_spread",
    "overdue",
    "returned_total",
    "days_since_activity",
    "activities_90d",
    "activities_365d",
    "days_since_contact",
    "contacts_365d",
    "redeemed_365d",
)
"""Those of them that the tables give: how they bought, and whether they still look, read and take coupons."""

SCORED = (*FEATURES, "last_order_at")
COLUMNS = (
    *("customer_id", "as_of", "model_version", "status", "reactivation_probability"),
    *("expected_revenue", "last_order_at", "order_days", "amount_total"),
)


def fit_reactivation(
    frame: pd.DataFrame, features: Sequence[Feature], trees: Trees, history: History
) -> ChurnModel | None:
    """The model of who stays away, of past snapshots of lapsed customers; null where there are none.

    `frame`: customer_id, as_of, the `features`, and `churned`.
    """
    if frame.empty:
        return None
    customers = frame.groupby("churned")["customer_id"].nunique()
    if len(customers) == 2 and (customers >= FEWEST_CUSTOMERS).all():
        return fit_churn(frame, features, trees, history)
    silence = history.buying.silence(frame, history.horizon_days)
    level = churn_level(silence, frame["churned"].to_numpy(dtype=float))
    return ChurnModel(Members(None, {}, history), {"silence": 1.0}, level)


def score_lapsed(bundle: Bundle, tables: Mapping[str, ibis.Table], as_of: datetime) -> pd.DataFrame:
    """One row with `COLUMNS` for each customer lapsed at `as_of`, the likeliest to come back first.

    `reactivation_probability`: of an order in the horizon. `expected_revenue`: money over the horizon of the
    CLV. Raises ModelError where the bundle has no such model, HistoryError where nobody is lapsed.
    """
    words = bundle.manifest.definitions
    if bundle.reactivation is None or bundle.clv is None:
        raise ModelError(_no_model(bundle))
    known = before(tables, as_of)
    rows = build(known, lapsed(known, [as_of], words.lookback_days), bundle.reference, only=SCORED)
    frame = rows.order_by("customer_id").to_pandas()
    if frame.empty:
        raise HistoryError(
            f"Nobody is lapsed as of {as_of:%Y-%m-%d}: all who ever ordered did so in the "
            f"{words.lookback_days} days before. Leave --lapsed out."
        )
    back = 1.0 - bundle.reactivation.predict(frame)
    scores = pd.DataFrame(
        {
            "customer_id": frame["customer_id"].astype("str"),
            "as_of": frame["as_of"],
            "model_version": bundle.manifest.version,
            "status": np.where(status(frame, words) == "lost", "lost", "lapsed"),
            "reactivation_probability": back,
            "expected_revenue": _expected_revenue(bundle.clv.buying, frame, back, words),
            **{name: frame[name] for name in ("last_order_at", "order_days", "amount_total")},
        }
    )
    return scores.sort_values(
        ["reactivation_probability", "customer_id"], ascending=[False, True], ignore_index=True
    )


def _expected_revenue(
    told: buying.Buying, frame: pd.DataFrame, back: np.ndarray, words: Definitions
) -> np.ndarray:
    """What `told` expects, the likelier the model finds it that they come back; in money, shape (rows,)."""
    expected = told.expected_revenue(frame, words.clv_horizon_days)
    orders = np.maximum(1.0 - told.no_order(frame, words.horizon_days), buying.EDGE)
    return np.asarray(expected * back / orders)


def _no_model(bundle: Bundle) -> str:
    version = bundle.manifest.version
    if bundle.manifest.definitions.mode == "contractual":
        return (
            f"Model {version} is of subscriptions, and who comes back is learnt from orders. Leave --lapsed "
            "out."
        )
    return (
        f"Model {version} doesn't know who comes back: by {bundle.manifest.as_of:%Y-%m-%d}, when it was "
        "trained, no horizon was over in which a customer could have come back after "
        f"{bundle.manifest.definitions.lookback_days} days without an order. Leave --lapsed out, or train "
        "anew, with more history or a shorter lookback_days."
    )
