"""Who comes back: a model of its own for the lapsed, sane where there are few of them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import ibis
import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import roc_auc_score

from configs.settings import Definitions
from features.catalog import Feature
from features.errors import HistoryError, ModelError
from models.bundle import Bundle, load, save
from models.buying import Buying
from models.churn import ChurnModel, History
from models.gamma_gamma import GammaGamma
from models.pareto_nbd import ParetoNBD
from models.reactivation import COLUMNS, fit_reactivation, score_lapsed
from models.trees import Trees

BUYING = Buying(ParetoNBD(1.2, 60.0, 0.6, 300.0, 0.0), GammaGamma(6.0, 4.0, 15.0, 0.0), 0.0, 20.0)
HISTORY = History(BUYING, 90)
FEATURES = tuple(
    Feature(name, "rhythm", "days", name)
    for name in ("days_since_order", "order_days", "amount_total", "days_since_first_order", "activities_90d")
)
SMALL = Trees(trees=30, learning_rate=0.1)
DAYS = pd.date_range("2024-01-01", periods=8, freq="28D")


@pytest.fixture(scope="module")
def frame(histories: Callable[..., pd.DataFrame]) -> pd.DataFrame:
    """Lapsed for a year; who still looks comes back six times as often."""
    dice, rows = np.random.default_rng(5), 600 * len(DAYS)
    made = histories(dice, rows)
    made["days_since_order"] += 365.0
    made["days_since_first_order"] += 365.0
    looks = dice.random(rows) < 0.3
    return made.assign(
        customer_id=[f"C{number % 600:03d}" for number in range(rows)],
        as_of=np.repeat(DAYS, 600),
        activities_90d=np.where(looks, 3.0, 0.0),
        churned=dice.random(rows) > np.where(looks, 0.3, 0.05),
    )


def fitted(frame: pd.DataFrame) -> ChurnModel:
    model = fit_reactivation(frame, FEATURES, SMALL, HISTORY)
    assert model is not None
    return model


def test_who_still_looks_is_found(frame: pd.DataFrame) -> None:
    model = fitted(frame)
    assert model.members.names == ("curves", "rfm", "trees", "silence")
    back = 1.0 - model.predict(frame)
    assert roc_auc_score(~frame["churned"], back) > 0.7
    assert back.mean() == pytest.approx(0.125, abs=0.02)
    silence = HISTORY.buying.no_order(frame, 90)
    assert roc_auc_score(frame["churned"], silence) < 0.6


def test_with_few_who_came_back_pareto_nbd_speaks_at_their_level(frame: pd.DataFrame) -> None:
    few = frame[frame["churned"] | (frame["customer_id"] < "C090")]
    model = fitted(few)
    assert model.members.names == ("silence",)
    share = ((~few["churned"]).sum() + 0.5) / (len(few) + 1)
    assert (1.0 - model.predict(few)).mean() == pytest.approx(share, rel=1e-6)
    order = np.argsort(model.predict(few), kind="stable")
    np.testing.assert_array_equal(order, np.argsort(BUYING.silence(few, 90), kind="stable"))


def test_where_nobody_came_back_it_is_unlikely_and_not_impossible(frame: pd.DataFrame) -> None:
    back = 1.0 - fitted(frame.assign(churned=True)).predict(frame)
    assert back.mean() == pytest.approx(0.5 / (len(frame) + 1), rel=1e-6)
    assert (back > 0).all()
    assert fit_reactivation(frame.head(0), FEATURES, SMALL, HISTORY) is None


def test_one_order_and_a_longer_silence_make_it_less_likely(frame: pd.DataFrame) -> None:
    """BG/NBD holds everybody with one order for alive; a customer silent for longer must not rank higher."""
    once = frame.head(4).assign(order_days=1.0, orders=1.0, recency_days=0.0, amount_total=20.0)
    silent = [100.0, 400.0, 700.0, 1000.0]
    once = once.assign(days_since_order=silent, days_since_first_order=silent, activities_90d=0.0)
    few = fitted(frame[frame["churned"] | (frame["customer_id"] < "C050")])
    assert (np.diff(1.0 - few.predict(once)) < 0).all()


Frames = Mapping[str, pd.DataFrame]
Tables = Mapping[str, ibis.Table]


@pytest.fixture(scope="module")
def lapsed(bundle: Bundle, tables: Tables, as_of: datetime) -> pd.DataFrame:
    return score_lapsed(bundle, tables, as_of)


def test_everyone_lapsed_has_one_row(lapsed: pd.DataFrame, frames: Frames, as_of: datetime) -> None:
    orders = frames["orders"]
    last = orders[orders["ordered_at"] < as_of].groupby("customer_id")["ordered_at"].max()
    silent = last[last < as_of - timedelta(days=365)]
    assert tuple(lapsed.columns) == COLUMNS
    assert len(silent) >= 5
    rows = lapsed.set_index("customer_id")
    assert set(rows.index) == set(silent.index)
    assert (rows["last_order_at"] == silent.reindex(rows.index).astype(rows["last_order_at"].dtype)).all()
    assert rows["reactivation_probability"].between(0, 1, inclusive="neither").all()
    assert rows["reactivation_probability"].is_monotonic_decreasing
    assert set(rows["status"]) <= {"lapsed", "lost"}
    assert (rows["expected_revenue"] >= 0).all()
    assert (rows["model_version"] == "3").all()


def test_later_facts_change_nothing(
    bundle: Bundle, frames: Frames, opened: Any, lapsed: pd.DataFrame, as_of: datetime
) -> None:
    orders, seen = frames["orders"], frames["engagement"]
    later = orders["ordered_at"] >= as_of
    other = {
        "orders": orders.assign(amount=orders["amount"].mask(later, 9 * orders["amount"])),
        "engagement": seen[seen["occurred_at"] < as_of],
    }
    assert later.any()
    assert len(other["engagement"]) < len(seen)
    pd.testing.assert_frame_equal(score_lapsed(bundle, opened({**frames, **other}), as_of), lapsed)


def test_saved_and_read_it_says_the_same(
    bundle: Bundle, tables: Tables, lapsed: pd.DataFrame, as_of: datetime, tmp_path: Path
) -> None:
    again = load(save(bundle, tmp_path / "bundle"))
    assert again.reactivation == bundle.reactivation
    pd.testing.assert_frame_equal(score_lapsed(again, tables, as_of), lapsed)
    without = load(save(replace(bundle, reactivation=None), tmp_path / "bundle"))
    assert without.reactivation is None


def test_what_it_can_not_tell_is_said(bundle: Bundle, tables: Tables, as_of: datetime) -> None:
    unknown = replace(bundle, reactivation=None)
    with pytest.raises(ModelError, match="Model 3 doesn't know who comes back: by 2024-06-01, when it was"):
        score_lapsed(unknown, tables, as_of)
    words = Definitions(mode="contractual")
    held = replace(unknown, clv=None, manifest=replace(bundle.manifest, definitions=words))
    with pytest.raises(ModelError, match="Model 3 is of subscriptions, and who comes back is learnt from or"):
        score_lapsed(held, tables, as_of)
    with pytest.raises(HistoryError, match="Nobody is lapsed as of 2023-02-01: all who ever ordered did so"):
        score_lapsed(bundle, tables, datetime(2023, 2, 1))  # noqa: DTZ001
