"""CLV: sums that add up, a giant that moves nobody, and what it falls back to."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta

import numpy as np
import pandas as pd
import pytest
from scipy.special import expit, logit
from scipy.stats import spearmanr

from features.catalog import Feature
from models.buying import Buying
from models.clv import LEAN_OF_TREES, PRIOR, ClvModel, fit_clv, tamed
from models.gamma_gamma import GammaGamma
from models.level import Level
from models.pareto_nbd import ParetoNBD
from models.spread import SHARES, Spread
from models.trees import Trees

SMALL = Trees(trees=40, learning_rate=0.1)
CUSTOMERS = 300
DAYS = pd.date_range("2024-01-01", periods=5, freq="30D")
ROWS = CUSTOMERS * len(DAYS)
HORIZON = 30
AS_OF = datetime.fromisoformat("2024-06-01")
BUYING = Buying(ParetoNBD(1.2, 60.0, 0.6, 300.0, 0.0), GammaGamma(6.0, 4.0, 15.0, 0.0), 0.0, 20.0)
FEATURES = tuple(
    Feature(name, "rhythm", "days", name)
    for name in (
        "days_since_order",
        "order_days",
        "amount_total",
        "days_since_first_order",
        "recency_days",
        "x",
    )
)
SPREAD = Spread((10.0, 100.0), (tuple(SHARES), tuple(2 * share for share in SHARES)), 365)
Snapshots = Callable[..., pd.DataFrame]


@pytest.fixture(scope="module")
def snapshots(histories: Callable[[np.random.Generator, int], pd.DataFrame]) -> Snapshots:
    """Draws five days of 300 customers, whose revenue is what the buying models say, moved by x."""

    def snapshots(seed: int = 1) -> pd.DataFrame:
        dice = np.random.default_rng(seed)
        frame = histories(dice, ROWS).assign(
            customer_id=np.tile([f"C{number:04d}" for number in range(CUSTOMERS)], len(DAYS)),
            as_of=np.repeat(DAYS, CUSTOMERS),
            x=dice.normal(size=ROWS),
        )
        mean = 1.5 * BUYING.expected_revenue(frame, HORIZON) * np.exp(0.7 * frame["x"].to_numpy())
        orders = dice.poisson(mean / 30)
        return frame.assign(
            mean=mean, revenue=np.where(orders > 0, dice.gamma(3 * np.maximum(orders, 1), 10), 0.0)
        )

    return snapshots


@pytest.fixture(scope="module")
def frame(snapshots: Snapshots) -> pd.DataFrame:
    return snapshots()


@pytest.fixture(scope="module")
def model(frame: pd.DataFrame) -> ClvModel:
    return fit_clv(frame, FEATURES, SMALL, BUYING, HORIZON)


@pytest.fixture(scope="module")
def untreed(frame: pd.DataFrame) -> ClvModel:
    return fit_clv(frame[frame["customer_id"] < "C0080"], FEATURES, SMALL, BUYING, HORIZON)


def level(*levels: float, seasonal: bool = True) -> Level:
    return Level(AS_OF, levels, tuple(0.1 for _ in levels), seasonal)


def today(frame: pd.DataFrame) -> pd.DataFrame:
    return frame.head(CUSTOMERS).assign(as_of=pd.Timestamp(AS_OF))


def test_the_sums_add_up(frame: pd.DataFrame, model: ClvModel) -> None:
    frame = frame.assign(predicted=model.expected_revenue(frame, HORIZON))
    sums = frame.groupby("as_of")[["predicted", "revenue"]].sum()
    ratios = sums["predicted"] / sums["revenue"]
    assert np.log(ratios).mean() == pytest.approx(0.0, abs=0.01)
    assert sums["predicted"].sum() == pytest.approx(sums["revenue"].sum(), rel=0.03)


def test_the_sums_add_up_on_customers_not_seen(snapshots: Snapshots, model: ClvModel) -> None:
    later = snapshots(seed=2)
    predicted = model.expected_revenue(later, HORIZON)
    assert predicted.sum() == pytest.approx(later["revenue"].sum(), rel=0.1)
    for part in np.array_split(np.argsort(predicted), 4)[1:]:
        assert predicted[part].sum() == pytest.approx(later["revenue"].to_numpy()[part].sum(), rel=0.25)
    alone = BUYING.expected_revenue(later, HORIZON)
    reached = [spearmanr(one, later["mean"]).statistic for one in (predicted, alone)]
    assert reached[0] > max(0.9, reached[1] + 0.05)


def test_the_square_root_is_the_weighted_sum_of_the_members(frame: pd.DataFrame, model: ClvModel) -> None:
    told = model.worth.told(frame)
    trees = model.worth.trees
    assert trees is not None
    logs = {name: model.worth.additive[name].predict(told) for name in ("curves", "rfm")}
    logs["buying"] = np.log(BUYING.expected_revenue(frame, HORIZON) / model.worth.unit)
    logs["trees"] = trees.predict(told) + LEAN_OF_TREES * logs["buying"]
    above = BUYING.expected_revenue(frame, HORIZON) > 0.01 * model.worth.unit
    roots = sum(model.weights[name] * np.sqrt(np.exp(own)) for name, own in logs.items())
    expected = model.worth.unit * roots**2 * np.exp(model.intercept)
    np.testing.assert_allclose(model.expected_revenue(frame, HORIZON)[above], expected[above], rtol=1e-9)
    assert set(model.weights) == set(PRIOR)
    assert model.worth.unit == pytest.approx(frame["revenue"].mean())


def test_another_horizon_scales_as_the_models_of_buying_do(frame: pd.DataFrame, model: ClvModel) -> None:
    ratio = model.expected_revenue(frame, 365) / model.expected_revenue(frame, HORIZON)
    expected = BUYING.expected_revenue(frame, 365) / BUYING.expected_revenue(frame, HORIZON)
    np.testing.assert_allclose(ratio, expected)


def test_who_ordered_for_nothing_has_a_worth_that_is_a_number(frame: pd.DataFrame, model: ClvModel) -> None:
    free = frame.assign(amount_total=0.0, basket_mean=0.0, basket_median=0.0)
    assert np.isfinite(model.expected_revenue(free, 365)).all()


def test_a_giant_customer_hardly_moves_the_others(frame: pd.DataFrame, model: ClvModel) -> None:
    giant = (frame["customer_id"] == "C0007").to_numpy()
    loud = frame.assign(
        revenue=np.where(giant, 1000 * (frame["revenue"] + 30), frame["revenue"]),
        amount_total=np.where(giant, 1000 * frame["amount_total"], frame["amount_total"]),
    )
    assert loud["revenue"].sum() > 3 * frame["revenue"].sum()
    other = fit_clv(loud, FEATURES, SMALL, BUYING, HORIZON)
    rest = frame[~giant]
    moved = other.expected_revenue(rest, HORIZON) / model.expected_revenue(rest, HORIZON)
    assert np.median(moved) == pytest.approx(1.0, abs=0.2)
    expected = (one.at(level(0.2), today(rows)) for one, rows in ((other, loud), (model, frame)))
    levelled = [one.expected_revenue(rest, HORIZON) for one in expected]
    assert np.median(levelled[0] / levelled[1]) == pytest.approx(1.0, abs=0.05)


def test_beyond_what_was_seen_the_models_of_buying_carry_on(frame: pd.DataFrame, model: ClvModel) -> None:
    """The others, who saw no such revenue, add the same to it however great it is."""
    rows = frame.sample(20, random_state=1).assign(basket_mean=50.0, basket_median=50.0)
    great, greater = (rows.assign(amount_total=by * rows["amount_total"]) for by in (1e7, 1e9))
    assert model.worth.ceiling == pytest.approx(tamed(np.append(frame["revenue"], 1e12)).max(), rel=0.02)
    times = model.expected_revenue(greater, HORIZON) / model.expected_revenue(great, HORIZON)
    expected = BUYING.expected_revenue(greater, HORIZON) / BUYING.expected_revenue(great, HORIZON)
    np.testing.assert_allclose(times, expected, rtol=0.01)
    once = model.expected_revenue(great.assign(basket_mean=5e8), HORIZON)
    assert (once < 3 * model.worth.ceiling).all()
    assert (model.expected_revenue(great, HORIZON) > 100 * once).all()


def test_revenue_is_tamed_between_nothing_and_ten_times_the_great() -> None:
    revenue = np.append(np.arange(1.0, 201.0), [-50.0, 0.0, 1e9])
    # Of 201 who spent, the 99 % quantile is the 199th.
    expected = np.append(np.arange(1.0, 201.0), [0.0, 0.0, 1990.0])
    np.testing.assert_array_equal(tamed(revenue), expected)
    assert tamed(np.array([-1.0, 0.0])).tolist() == [0.0, 0.0]


def test_without_any_revenue_the_models_of_buying_speak_alone(frame: pd.DataFrame) -> None:
    model = fit_clv(frame.assign(revenue=-1.0), FEATURES, SMALL, BUYING, HORIZON)
    assert (model.weights, model.trees, model.spread) == ({"buying": 1.0}, "", None)
    np.testing.assert_allclose(model.expected_revenue(frame, 365), BUYING.expected_revenue(frame, 365))


def test_a_day_without_revenue_does_not_wreck_the_level(frame: pd.DataFrame, model: ClvModel) -> None:
    """The sums of all five days together make the level: a fifth of the revenue is gone."""
    quiet = frame.assign(revenue=frame["revenue"].where(frame["as_of"] != DAYS[1], 0.0))
    other = fit_clv(quiet, FEATURES, SMALL, BUYING, HORIZON)
    ratio = other.expected_revenue(frame, HORIZON).sum() / model.expected_revenue(frame, HORIZON).sum()
    assert ratio == pytest.approx(0.8, rel=0.1)


def test_too_few_who_spent_grow_no_trees(frame: pd.DataFrame, untreed: ClvModel) -> None:
    assert untreed.trees == ""
    assert set(untreed.weights) == {"buying", "curves", "rfm"}
    assert (untreed.expected_revenue(frame, 365) > 0).all()
    sparse = frame.assign(revenue=frame["revenue"].where(frame["customer_id"] < "C0050", 0.0))
    assert fit_clv(sparse, FEATURES, SMALL, BUYING, HORIZON).trees == ""


def test_without_later_days_the_weights_are_the_usual_ones(frame: pd.DataFrame) -> None:
    rows = frame[frame["as_of"] >= DAYS[3]]
    model = fit_clv(rows, FEATURES, SMALL, BUYING, 90)
    assert model.weights == PRIOR
    assert model.spread is not None


def test_of_too_few_who_spent_the_interval_is_unknown(frame: pd.DataFrame) -> None:
    rows = frame[(frame["as_of"] == DAYS[0]) & (frame["customer_id"] < "C0050")]
    model = fit_clv(rows, FEATURES, SMALL, BUYING, 90)
    assert model.spread is None
    ends = model.interval(rows, np.ones(len(rows)), np.full(len(rows), 0.5), 90)
    assert all(np.isnan(side).all() for side in ends)


@pytest.mark.parametrize("by", [-0.5, 0.0, 0.4])
def test_a_level_that_knows_the_season_gives_the_revenue(
    by: float, frame: pd.DataFrame, model: ClvModel
) -> None:
    customers = today(frame)
    expected = BUYING.expected_revenue(customers, HORIZON).sum() * np.exp(by)
    moved = model.at(level(by), customers)
    assert moved.expected_revenue(customers, HORIZON).sum() == pytest.approx(expected, rel=0.01)


def test_a_level_that_knows_no_season_counts_half(frame: pd.DataFrame, model: ClvModel) -> None:
    customers = today(frame)
    full, half = (model.at(level(0.4, seasonal=told), customers) for told in (True, False))
    expected = np.sqrt(full.expected_revenue(customers, 365) * model.expected_revenue(customers, 365))
    np.testing.assert_allclose(half.expected_revenue(customers, 365), expected)
    assert model.at(level(0.4), frame.head(0)) is model


def test_later_days_have_their_own_level(frame: pd.DataFrame, model: ClvModel) -> None:
    customers = today(frame)
    moved = model.at(level(0.1, 0.5), customers)
    week = customers.assign(as_of=pd.Timestamp(AS_OF + timedelta(days=7)))
    ratio = moved.expected_revenue(week, 365) / moved.expected_revenue(customers, 365)
    np.testing.assert_allclose(ratio, np.exp(0.4))


def test_eight_of_ten_fall_into_the_interval(snapshots: Snapshots, model: ClvModel) -> None:
    later = snapshots(seed=3)
    assert model.spread is not None
    assert model.spread.horizon_days == HORIZON
    # Orders are Poisson, of 30 on average: so many of these customers spend nothing.
    silent = np.exp(-later["mean"] / 30).to_numpy()
    revenue = later["revenue"].to_numpy()
    low, high = model.interval(later, model.expected_revenue(later, HORIZON), silent, HORIZON)
    often = silent < 0.8
    assert often.sum() > 200
    assert np.mean((low <= revenue)[often] & (revenue <= high)[often]) == pytest.approx(0.8, abs=0.08)


def test_what_churn_says_beyond_the_models_of_buying_holds_for_other_horizons(
    frame: pd.DataFrame, model: ClvModel
) -> None:
    told = replace(model, spread=SPREAD)
    clv = np.full(len(frame), 50.0)
    by_buying = BUYING.no_order(frame, HORIZON)
    plain = told.interval(frame, clv, by_buying, 365)
    expected = SPREAD.interval(clv, BUYING.no_order(frame, 365))
    np.testing.assert_allclose(plain, expected, rtol=1e-3)
    riskier = told.interval(frame, clv, expit(logit(by_buying) + 0.5), 365)
    shifted = SPREAD.interval(clv, expit(logit(BUYING.no_order(frame, 365)) + 0.5))
    np.testing.assert_allclose(riskier, shifted, rtol=1e-3)


def test_an_unsure_level_widens_the_interval(frame: pd.DataFrame, model: ClvModel) -> None:
    unsure = fit_clv(frame, FEATURES, SMALL, BUYING, HORIZON, deviation=0.5)
    assert model.spread is not None
    assert unsure.spread is not None
    assert unsure.weights == model.weights
    for wide, narrow in zip(unsure.spread.ratios, model.spread.ratios, strict=True):
        assert wide[0] < narrow[0]
        assert wide[-1] > narrow[-1]


def test_json_and_text_give_the_same_bytes(frame: pd.DataFrame, model: ClvModel, untreed: ClvModel) -> None:
    told = model.at(level(0.2, 0.4), today(frame))
    for one in (told, replace(told, spread=None), replace(untreed, spread=SPREAD)):
        again = ClvModel.from_dict(json.loads(json.dumps(one.to_dict())), one.trees, BUYING)
        assert again == one
        assert again.expected_revenue(frame, 365).tobytes() == one.expected_revenue(frame, 365).tobytes()


def test_the_seed_decides_and_the_order_of_rows_does_not(frame: pd.DataFrame, model: ClvModel) -> None:
    assert fit_clv(frame.sample(frac=1, random_state=3), FEATURES, SMALL, BUYING, HORIZON) == model
    assert fit_clv(frame, FEATURES, replace(SMALL, seed=8), BUYING, HORIZON).trees != model.trees


def test_nobody_to_predict(frame: pd.DataFrame, model: ClvModel) -> None:
    assert model.expected_revenue(frame.head(0), 365).shape == (0,)
