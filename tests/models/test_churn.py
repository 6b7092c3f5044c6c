"""The churn model: what adds up, what the season may change, and what it falls back to."""

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
from features.errors import HistoryError, ModelError
from models.blend import LEARNT, shares
from models.buying import FEATURES as TOLD
from models.buying import REQUIRED, Buying
from models.churn import LEANING, WITH_HISTORY, WITHOUT_HISTORY, ChurnModel, History, fit_churn
from models.gamma_gamma import GammaGamma
from models.level import Level
from models.pareto_nbd import ParetoNBD
from models.trees import Trees

SMALL = Trees(trees=25, learning_rate=0.1)
CUSTOMERS = 300
DAYS = pd.date_range("2024-01-01", periods=5, freq="30D")
ROWS = CUSTOMERS * len(DAYS)
AS_OF = datetime.fromisoformat("2024-06-01")
BUYING = Buying(ParetoNBD(1.2, 60.0, 0.6, 300.0, 0.0), GammaGamma(6.0, 4.0, 15.0, 0.0), 0.0, 20.0)
HISTORY = History(BUYING, 30)
NUMBERS = ("days_since_order", "order_days", "amount_total", "days_since_first_order", "recency_days", "x")
FEATURES = (
    *(Feature(name, "rhythm", "days", name) for name in NUMBERS),
    Feature("place", "profile", "name", "place", kind="category"),
)
KINDS = ("with history", "without history", "without trees")


Snapshots = Callable[..., pd.DataFrame]


@pytest.fixture(scope="module")
def snapshots(histories: Callable[[np.random.Generator, int], pd.DataFrame]) -> Snapshots:
    """Draws five days of 300 customers; `levels`: by which more churn on each day, in log-odds."""

    def snapshots(seed: int = 1, levels: tuple[float, ...] = (0.0,) * 5) -> pd.DataFrame:
        dice = np.random.default_rng(seed)
        frame = histories(dice, ROWS).assign(
            customer_id=np.tile([f"C{number:04d}" for number in range(CUSTOMERS)], len(DAYS)),
            as_of=np.repeat(DAYS, CUSTOMERS),
            x=np.where(dice.random(ROWS) < 0.2, np.nan, dice.normal(size=ROWS)),
            place=pd.array(dice.choice(np.array(["north", "south", None]), ROWS), dtype="str"),
        )
        truth = 0.8 * BUYING.silence(frame, 30) + frame["x"].fillna(0.0) + (frame["place"] == "north")
        risk = expit(truth - 0.5 + np.repeat(levels, CUSTOMERS))
        return frame.assign(truth=truth, churned=dice.random(ROWS) < risk)

    return snapshots


def few(frame: pd.DataFrame) -> pd.DataFrame:
    """Fewer than a hundred customers."""
    return frame[frame["customer_id"] < "C0090"]


@pytest.fixture(scope="module")
def frame(snapshots: Snapshots) -> pd.DataFrame:
    return snapshots()


@pytest.fixture(scope="module")
def models(frame: pd.DataFrame) -> dict[str, ChurnModel]:
    fits = (
        fit_churn(frame, FEATURES, SMALL, HISTORY),
        fit_churn(frame, FEATURES, SMALL),
        fit_churn(few(frame), FEATURES, SMALL, HISTORY),
    )
    return dict(zip(KINDS, fits, strict=True))


@pytest.fixture(scope="module")
def model(models: dict[str, ChurnModel]) -> ChurnModel:
    return models["with history"]


def level(*levels: float, seasonal: bool = True) -> Level:
    return Level(AS_OF, levels, tuple(0.1 for _ in levels), seasonal)


def today(frame: pd.DataFrame) -> pd.DataFrame:
    return frame.head(CUSTOMERS).assign(as_of=pd.Timestamp(AS_OF))


@pytest.mark.parametrize("kind", KINDS)
def test_contributions_add_up_to_the_log_odds(
    kind: str, frame: pd.DataFrame, models: dict[str, ChurnModel]
) -> None:
    model = models[kind]
    base, contributions = model.contributions(frame)
    assert list(contributions.columns) == list(model.inputs)
    np.testing.assert_allclose(base + contributions.sum(axis=1), model.log_odds(frame), atol=1e-9)
    np.testing.assert_allclose(logit(model.predict(frame)), model.log_odds(frame), atol=1e-6)


def test_the_log_odds_are_the_weighted_sum_of_the_members(frame: pd.DataFrame, model: ChurnModel) -> None:
    told = HISTORY.told(frame)
    curves, rfm = (model.members.additive[name].predict(told) for name in ("curves", "rfm"))
    trees, silence = model.members.trees, BUYING.silence(frame, 30)
    assert trees is not None
    by = model.weights
    expected = by["curves"] * curves + by["rfm"] * rfm + by["silence"] * silence
    expected += by["trees"] * trees.predict(told) + model.intercept
    np.testing.assert_allclose(model.log_odds(frame), expected, atol=1e-9)


def test_what_only_the_trees_see_contributes_their_shap_value(frame: pd.DataFrame, model: ChurnModel) -> None:
    trees = model.members.trees
    assert trees is not None
    _, shap = trees.contributions(HISTORY.told(frame))
    _, contributions = model.contributions(frame)
    for name in ("x", "place"):
        expected = model.weights["trees"] * shap[:, trees.columns.names.index(name)]
        np.testing.assert_allclose(contributions[name], expected, atol=1e-9)


def test_measured_from_customers_the_base_is_their_average(frame: pd.DataFrame, model: ChurnModel) -> None:
    group = frame[frame["x"] > 0.5]
    moved = model.at(level(0.3), today(frame)).measured_from(group)
    base, contributions = moved.contributions(group)
    np.testing.assert_allclose(contributions.mean(), 0.0, atol=1e-9)
    assert base == pytest.approx(moved.log_odds(group.assign(as_of=pd.Timestamp(AS_OF))).mean())
    plain = model.at(level(0.3), today(frame)).log_odds(frame)
    assert moved.log_odds(frame).tobytes() == plain.tobytes()
    assert model.measured_from(frame.head(0)) is model


def test_the_members_and_their_weights(models: dict[str, ChurnModel]) -> None:
    told = [tuple(sorted(model.weights)) for model in models.values()]
    assert told == [tuple(sorted(WITH_HISTORY)), tuple(sorted(WITHOUT_HISTORY)), ("curves", "rfm", "silence")]
    assert all(0 <= weight <= 2 for model in models.values() for weight in model.weights.values())


def test_it_ranks_later_customers_nearly_as_the_truth_does(
    snapshots: Snapshots, models: dict[str, ChurnModel]
) -> None:
    later = snapshots(seed=2)
    reached = [spearmanr(model.log_odds(later), later["truth"]).statistic for model in models.values()]
    assert min(reached[:2]) > 0.8
    silence = spearmanr(BUYING.silence(later, 30), later["truth"]).statistic
    assert reached[0] > silence + 0.1


def test_the_mean_level_of_the_days_is_that_of_training(frame: pd.DataFrame, model: ChurnModel) -> None:
    predicted = model.predict(frame)
    assert predicted.mean() == pytest.approx(frame["churned"].mean(), abs=0.02)


def test_the_season_moves_no_ranking(snapshots: Snapshots) -> None:
    """Where one day lies far off, and a feature knows the day, it must not be learnt that the day decides."""
    known = Feature("day", "profile", "number", "the day")
    frames = [
        made.assign(day=made["as_of"].rank(method="dense"))
        for made in (snapshots(), snapshots(levels=(0.0, 0.0, 3.0, 0.0, 0.0)))
    ]
    assert (
        frames[1].groupby("day")["churned"].mean()[3.0]
        > frames[0].groupby("day")["churned"].mean()[3.0] + 0.2
    )
    plain, season = (fit_churn(made, (*FEATURES, known), SMALL) for made in frames)
    for model in (plain, season):
        _, contributions = model.contributions(frames[0])
        assert np.ptp(contributions["day"]) < 0.5
    later = snapshots(seed=2).assign(day=5.0)
    assert spearmanr(plain.log_odds(later), season.log_odds(later)).statistic > 0.95
    assert season.intercept == pytest.approx(plain.intercept + 3.0 / 5, abs=0.2)


def test_of_a_single_day_customers_that_were_not_learnt_from_are_weighed(snapshots: Snapshots) -> None:
    """Where churn is a coin, great trees know each customer of the fit by heart, and no other one."""
    dice = np.random.default_rng(4)
    day = snapshots().assign(as_of=DAYS[0], churned=dice.random(ROWS) < 0.5)
    day["customer_id"] = [f"D{number:05d}" for number in range(len(day))]
    model = fit_churn(day, FEATURES, Trees(trees=100, leaves=31, learning_rate=0.3))
    assert spearmanr(model.members.log_odds(day)["trees"], day["churned"]).statistic > 0.7
    leaning = shares(LEANING, model.members.names)
    assert model.weights["trees"] == pytest.approx(leaning["trees"] * (1 - LEARNT), abs=0.05)


def test_without_later_days_the_weights_are_the_usual_ones(frame: pd.DataFrame) -> None:
    two = frame[frame["as_of"] >= DAYS[3]]
    assert fit_churn(two, FEATURES, SMALL, History(BUYING, 90)).weights == WITH_HISTORY


def test_the_level_moves_all_by_one_number(frame: pd.DataFrame, model: ChurnModel) -> None:
    customers = today(frame)
    moved = model.at(level(-0.7, -0.2), customers)
    difference = moved.log_odds(customers) - model.log_odds(customers)
    assert np.ptp(difference) < 1e-9
    assert abs(difference[0]) > 0.05


@pytest.mark.parametrize("by", [-1.5, 0.0, 0.8])
def test_a_level_that_knows_the_season_gives_the_share(
    by: float, frame: pd.DataFrame, model: ChurnModel
) -> None:
    customers = today(frame)
    share = (1 / (1 + np.exp(-(BUYING.silence(customers, 30) + by)))).mean()
    assert model.at(level(by), customers).predict(customers).mean() == pytest.approx(share, abs=1e-9)


def test_a_level_that_knows_no_season_counts_half(frame: pd.DataFrame, model: ChurnModel) -> None:
    customers = today(frame)
    full = model.at(level(0.8), customers)
    half = model.at(level(0.8, seasonal=False), customers)
    expected = (full.log_odds(customers) + model.log_odds(customers)) / 2
    np.testing.assert_allclose(half.log_odds(customers), expected)


def test_later_days_have_their_own_level(frame: pd.DataFrame, model: ChurnModel) -> None:
    customers = today(frame)
    moved = model.at(level(0.1, 0.5), customers)
    week = customers.assign(as_of=pd.Timestamp(AS_OF + timedelta(days=7)))
    np.testing.assert_allclose(moved.log_odds(week) - moved.log_odds(customers), 0.4)
    undated = moved.log_odds(customers.drop(columns="as_of"))
    assert undated.tobytes() == moved.log_odds(customers).tobytes()


def test_without_history_the_level_is_the_share_that_churns(
    frame: pd.DataFrame, models: dict[str, ChurnModel]
) -> None:
    plain = models["without history"]
    moved = plain.at(level(0.5), today(frame)).predict(today(frame))
    assert moved.mean() == pytest.approx(expit(0.5))
    assert plain.at(level(0.5), frame.head(0)) is plain


def test_too_few_customers_of_an_outcome_grow_no_trees(frame: pd.DataFrame) -> None:
    rare = frame.assign(churned=frame["churned"] & (frame["customer_id"] < "C0120"))
    assert rare.groupby("churned")["customer_id"].nunique().min() >= 100
    assert fit_churn(rare, FEATURES, SMALL, HISTORY).trees.startswith("tree")
    rarer = frame.assign(churned=frame["churned"] & (frame["customer_id"] < "C0100"))
    assert rarer.groupby("churned")["customer_id"].nunique().min() < 100
    model = fit_churn(rarer, FEATURES, SMALL, HISTORY)
    assert model.trees == ""
    assert model.members.trees is None
    linear = fit_churn(rarer, FEATURES, SMALL)
    assert linear.weights == {"linear": 1.0}
    assert np.isfinite(linear.log_odds(frame)).all()


def test_a_handful_of_customers_is_fitted(frame: pd.DataFrame) -> None:
    handful = frame[(frame["as_of"] == DAYS[0]) & (frame["customer_id"] < "C0008")]
    handful = handful.assign(churned=np.arange(8) == 3)
    for history in (HISTORY, None):
        predicted = fit_churn(handful, FEATURES, SMALL, history).predict(frame)
        assert np.all((predicted > 0) & (predicted < 1))


def test_one_outcome_only(frame: pd.DataFrame) -> None:
    with pytest.raises(HistoryError, match="Every customer churned in all 1,500 training snapshots"):
        fit_churn(frame.assign(churned=True), FEATURES, SMALL)
    with pytest.raises(HistoryError, match=r"No customer churned in all 1,500 .* Change horizon_days"):
        fit_churn(frame.assign(churned=False), FEATURES, SMALL, HISTORY)


@pytest.mark.parametrize("kind", KINDS)
def test_json_and_text_give_the_same_bytes(
    kind: str, frame: pd.DataFrame, models: dict[str, ChurnModel]
) -> None:
    model = models[kind].at(level(0.2, 0.4), today(frame)).measured_from(frame)
    buying = BUYING if model.members.history else None
    again = ChurnModel.from_dict(json.loads(json.dumps(model.to_dict())), model.trees, buying)
    assert again == model
    assert again.predict(frame).tobytes() == model.predict(frame).tobytes()
    contributions = [one.contributions(frame)[1].to_numpy().tobytes() for one in (again, model)]
    assert contributions[0] == contributions[1]


def test_the_seed_decides_and_the_order_of_rows_does_not(frame: pd.DataFrame, model: ChurnModel) -> None:
    assert fit_churn(frame.sample(frac=1, random_state=3), FEATURES, SMALL, HISTORY) == model
    other = fit_churn(frame, FEATURES, replace(SMALL, seed=8), HISTORY)
    assert other.trees != model.trees


def test_an_unseen_category_reads_as_missing(frame: pd.DataFrame, model: ChurnModel) -> None:
    row = frame.head(1)
    places = [row.assign(place=pd.array([place], dtype="str")) for place in ("Atlantis", None)]
    places += [row.assign(place=pd.Series([place], dtype=object)) for place in (None, np.nan, "Atlantis")]
    risks = {model.predict(place)[0] for place in places}
    assert len(risks) == 1
    assert risks != {model.predict(row.assign(place="north"))[0]}


def test_every_feature_that_is_asked_for_is_named(frame: pd.DataFrame, model: ChurnModel) -> None:
    asked = {feature.name for feature in FEATURES} | set(REQUIRED)
    assert set(model.columns.names) == asked
    assert not asked & {feature.name for feature in TOLD}
    assert asked | {feature.name for feature in TOLD} == set(model.inputs) | set(REQUIRED)
    with pytest.raises(ModelError, match=r"these tables don't give: (amount_total, x|x, amount_total)\. Add"):
        model.predict(frame.drop(columns=["x", "amount_total"]))
    kept = frame[[*model.columns.names, "as_of"]]
    assert model.predict(kept).tobytes() == model.predict(frame).tobytes()


def test_what_the_buying_models_ask_for_is_asked_for(
    frame: pd.DataFrame, models: dict[str, ChurnModel]
) -> None:
    """Among few customers no tree sees `recency_days`, but the models of buying take it."""
    small = replace(models["without trees"], members=replace(models["without trees"].members, additive={}))
    assert set(small.columns.names) == {
        *("order_days", "recency_days", "days_since_first_order", "amount_total")
    }
    with pytest.raises(ModelError, match=r"these tables don't give: recency_days\. Add"):
        small.predict(frame.drop(columns="recency_days"))


def test_values_are_numbers_and_places_of_categories(frame: pd.DataFrame, model: ChurnModel) -> None:
    values = model.values(frame)
    assert list(values.columns) == list(model.inputs)
    np.testing.assert_array_equal(values["x"], frame["x"])
    np.testing.assert_array_equal(values["btyd_silence"], BUYING.silence(frame, 30))
    place = frame["place"].map({"north": 0.0, "south": 1.0}).to_numpy(dtype=float)
    np.testing.assert_array_equal(values["place"], place)


def test_nobody_to_predict(frame: pd.DataFrame, model: ChurnModel) -> None:
    assert model.predict(frame.head(0)).shape == (0,)
    base, contributions = model.contributions(frame.head(0))
    assert (base, contributions.shape) == (model.intercept, (0, len(model.inputs)))
