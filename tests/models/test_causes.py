"""The model of the causes: it finds what was planted, and never turns a sign round."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pandas as pd
import pytest

from features.catalog import Feature
from models.causes import CAUSES, NONE, READERS, Causes, fit_causes, is_sign, signs_of
from models.columns import Columns
from models.trees import Ensemble, grow

FEATURES = (
    Feature("days_since_order", "rhythm", "days", "days since the last order", worse="high"),
    Feature("usual_gap", "rhythm", "days", "usual gap"),
    Feature("complaints_90d", "service", "tickets", "complaints", worse="high"),
    Feature("mood_change", "satisfaction", "points", "change of mood", worse="low"),
    Feature("basket_change_at_last_order", "spend", "ratio", "change of order value", worse="low"),
    Feature("nps_last", "satisfaction", "points", "last answer", worse="low"),
)
LATE = ("complaints", "complaints_30d", "complaints_90d", "complaints_180d", "complaints_at_last_order")
SERVICE, SATISFACTION, SPEND = (CAUSES.index(name) for name in ("service", "satisfaction", "spend"))


@pytest.fixture(scope="module")
def frame() -> pd.DataFrame:
    """3,000 customers; complaints drive away, bigger baskets too (the wrong way round), the mood doesn't."""
    rng = np.random.default_rng(5)
    complaints, basket = rng.poisson(0.5, 3000).astype(float), rng.normal(1, 0.3, 3000)
    silent = rng.exponential(20, 3000)
    risk = 1 / (1 + np.exp(2 - 1.5 * complaints - 2 * (basket - 1) - 0.1 * silent))
    return pd.DataFrame(
        {
            "customer_id": [f"C{number}" for number in range(3000)],
            "as_of": pd.Timestamp("2024-05-01"),
            "days_since_order": silent,
            "usual_gap": 30.0,
            "complaints_90d": complaints,
            "mood_change": rng.normal(0, 1, 3000),
            "basket_change_at_last_order": basket,
            "nps_last": rng.integers(0, 11, 3000).astype(float),
            "churned": rng.random(3000) < risk,
        }
    )


@pytest.fixture(scope="module")
def causes(frame: pd.DataFrame) -> Causes:
    return fit_causes(frame, FEATURES, seed=7)


def test_the_planted_cause_is_found_at_its_size(causes: Causes, frame: pd.DataFrame) -> None:
    few, many = (frame.assign(complaints_90d=number).head(50) for number in (0.0, 2.0))
    rise = (causes.read(many)[0] - causes.read(few)[0]).mean(axis=0)
    assert rise[:, SERVICE].mean() == pytest.approx(3.0, abs=0.3)
    np.testing.assert_array_equal(np.delete(rise, SERVICE, axis=1), 0.0)


def test_what_has_no_effect_or_the_wrong_one_adds_little(causes: Causes, frame: pd.DataFrame) -> None:
    read = causes.read(frame)[0].mean(axis=0)
    assert read.shape == (3000, len(CAUSES))
    assert np.abs(read[:, SATISFACTION]).mean() < 0.15
    np.testing.assert_allclose(read[:, SPEND], 0.0, atol=0.02)


@pytest.mark.parametrize("worse", [feature for feature in FEATURES if is_sign(feature)], ids=lambda f: f.name)
def test_worse_never_reads_as_better(causes: Causes, frame: pd.DataFrame, worse: Feature) -> None:
    step = 1.0 if worse.worse == "high" else -1.0
    rows = frame.head(200)
    read_worse, _ = causes.read(rows.assign(**{worse.name: rows[worse.name] + step}))
    read, _ = causes.read(rows)
    assert (read_worse - read >= -1e-9).all()


def test_who_is_overdue_teaches_nothing(causes: Causes, frame: pd.DataFrame) -> None:
    overdue = frame["days_since_order"] > frame["usual_gap"]
    turned = frame.assign(churned=np.where(overdue, ~frame["churned"], frame["churned"]))
    assert fit_causes(turned, FEATURES, seed=7).to_dict() == causes.to_dict()


def test_habits_and_facts_are_no_signs() -> None:
    assert [feature.name for feature in FEATURES if is_sign(feature)] == [
        "complaints_90d",
        "mood_change",
        "basket_change_at_last_order",
    ]
    fact = Feature("complaints_30d", "service", "tickets", "complaints", worse="high", kind="fact")
    long = Feature("complaints_365d", "service", "tickets", "complaints", worse="high")
    assert not is_sign(fact)
    assert not is_sign(long)


def test_without_signs_or_outcomes_nothing_is_read(frame: pd.DataFrame) -> None:
    assert fit_causes(frame, FEATURES[:2], seed=7) == NONE
    assert fit_causes(frame.assign(churned=True), FEATURES, seed=7) == NONE
    assert NONE.read(frame)[0].shape == (0, len(frame), len(CAUSES))


def test_repaired_signs_add_nothing(causes: Causes, frame: pd.DataFrame) -> None:
    """Each cause has one sign here, so its own curve above 0 is what a repair takes away."""
    many, none = (frame.assign(complaints_90d=number).head(30) for number in (3.0, 0.0))
    assert (causes.read(many)[0][..., SERVICE] > 0).all()
    assert (causes.read(many)[1][..., SERVICE] == 0).all()
    assert (causes.read(none)[0][..., SERVICE] < 0).all()
    np.testing.assert_array_equal(causes.read(none)[1][..., SERVICE], causes.read(none)[0][..., SERVICE])


def test_readers_learn_from_complementary_halves(
    frame: pd.DataFrame, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Every customer, with all rows, is in one half of each pair; no two pairs are drawn alike."""
    halves = []

    def grown(columns: Columns, rows: pd.DataFrame, *others: Any) -> Ensemble:
        halves.append(frozenset(rows.index))
        return grow(columns, rows, *others)

    monkeypatch.setattr("models.causes.grow", grown)
    twice = pd.concat([frame, frame.assign(as_of=pd.Timestamp("2024-06-01"))]).head(4000)
    rows = twice[twice["days_since_order"] <= twice["usual_gap"]]
    fit_causes(twice, FEATURES, seed=7)
    pairs = halves[-READERS:]
    assert len(set(pairs)) == READERS
    customers = rows.sort_values(["customer_id", "as_of"])["customer_id"].to_numpy()
    for one, other in zip(pairs[::2], pairs[1::2], strict=True):
        assert one | other == set(range(len(rows)))
        assert not set(customers[list(one)]) & set(customers[list(other)])


def test_what_was_written_reads_the_same(causes: Causes, frame: pd.DataFrame) -> None:
    assert len(causes.readers) == READERS
    again = Causes.from_dict(json.loads(json.dumps(causes.to_dict())))
    np.testing.assert_array_equal(again.read(frame.head(20)), causes.read(frame.head(20)))
    assert Causes.from_dict(NONE.to_dict()) == NONE


def test_a_surprise_takes_the_place_of_the_signs_of_its_dimension(frame: pd.DataFrame) -> None:
    counted = frame.assign(days_since_first_order=400.0, **dict.fromkeys(LATE, frame["complaints_90d"]))
    causes = fit_causes(counted, FEATURES, seed=7)
    assert set(causes.dimensions) == {"more_complaints", "mood_change", "basket_change_at_last_order"}
    none, many = (counted.head(30).assign(**dict.fromkeys(LATE, number)) for number in (0.0, 4.0))
    np.testing.assert_array_equal(causes.read(none)[0][..., SERVICE], 0.0)
    assert (causes.read(many)[0][..., SERVICE] > 0.5).all()
    assert (causes.read(many)[1][..., SERVICE] == 0).all()
    again = Causes.from_dict(json.loads(json.dumps(causes.to_dict())))
    np.testing.assert_array_equal(again.read(many), causes.read(many))


def test_what_surprises_do_not_tell_stays_a_sign() -> None:
    told = signs_of(
        (
            *FEATURES,
            Feature("price_rise_365d", "spend", "money", "rise of the price", worse="high"),
            Feature("categories_90d", "product", "categories", "categories", worse="low"),
        ),
        {"smaller_orders": (0.5,), "more_complaints": (0.001,)},
    )
    names = ["more_complaints", "smaller_orders", "mood_change", "price_rise_365d"]
    assert [feature.name for feature in told] == names
