"""The churn model against scikit-learn, the package shap, and what can be worked out by hand."""

from __future__ import annotations

import json
import warnings
from math import log
from typing import Any

import lightgbm as lgb
import numpy as np
import pandas as pd
import pytest
from scipy.special import expit, logit
from sklearn.linear_model import LogisticRegression

from features.catalog import Feature
from features.errors import HistoryError, ModelError
from models.churn import MAX_LEVELS, SLOPE_BOUNDS, ChurnModel, Columns, Trees, fit_churn, platt

ROWS = 1200
SMALL = Trees(trees=15, learning_rate=0.1)
NUMBERS = (Feature("x", "rhythm", "days", "x"), Feature("y", "spend", "money", "y"))
PLACE = Feature("place", "profile", "name", "place", kind="category")
FEATURES = (*NUMBERS, PLACE)


def snapshots(seed: int = 1) -> pd.DataFrame:
    """Two days of 600 customers; x drives churn, y is often missing, half of the late ones churn more."""
    dice = np.random.default_rng(seed)
    later = np.arange(ROWS) >= ROWS // 2
    frame = pd.DataFrame(
        {
            "customer_id": [f"C{number:04d}" for number in dice.permutation(ROWS)],
            "as_of": pd.to_datetime(np.where(later, "2024-03-01", "2024-01-01")),
            "x": dice.normal(size=ROWS),
            "y": np.where(dice.random(ROWS) < 0.3, np.nan, dice.gamma(2, 10, ROWS)),
            "place": pd.array(dice.choice(np.array(["north", "south", "east", None]), ROWS), dtype="str"),
        }
    )
    risk = expit(1.5 * frame["x"] - 1 + later + (frame["place"] == "north"))
    return frame.assign(churned=dice.random(ROWS) < risk)


@pytest.fixture(scope="module")
def frame() -> pd.DataFrame:
    return snapshots()


@pytest.fixture(scope="module")
def model(frame: pd.DataFrame) -> ChurnModel:
    return fit_churn(frame, FEATURES, SMALL)


def later(frame: pd.DataFrame) -> pd.DataFrame:
    return frame[frame["as_of"] == frame["as_of"].max()]


def raw(model: ChurnModel, frame: pd.DataFrame) -> Any:
    return lgb.Booster(model_str=model.trees).predict(model.columns.matrix(frame), raw_score=True)


def log_odds(model: ChurnModel, frame: pd.DataFrame) -> Any:
    return logit(model.predict(frame))


def test_the_later_snapshot_calibrates_and_grows_no_tree(frame: pd.DataFrame, model: ChurnModel) -> None:
    last = frame["as_of"] == frame["as_of"].max()
    dice = np.random.default_rng(0)
    flipped = frame.assign(churned=np.where(last & (dice.random(ROWS) < 0.3), True, frame["churned"]))
    other = fit_churn(flipped, FEATURES, SMALL)
    assert other.trees == model.trees
    assert other.intercept > model.intercept + 0.2
    assert (model.slope, model.intercept) == platt(
        raw(model, later(frame).sort_values("customer_id")),
        later(frame).sort_values("customer_id")["churned"].to_numpy(dtype=float),
    )
    earlier = fit_churn(
        frame.assign(churned=np.where(last, frame["churned"], ~frame["churned"])), FEATURES, SMALL
    )
    assert earlier.trees != model.trees


def test_the_mean_prediction_is_the_share_that_churned_later(frame: pd.DataFrame, model: ChurnModel) -> None:
    judged = later(frame)
    assert judged["churned"].mean() > frame["churned"].mean() + 0.05
    assert model.predict(judged).mean() == pytest.approx(judged["churned"].mean(), abs=0.005)


def test_platt_equals_a_logistic_regression_on_smoothed_targets() -> None:
    dice = np.random.default_rng(2)
    scores = dice.normal(0.4, 1.2, 500)
    churned = (dice.random(500) < expit(0.7 * scores - 0.5)).astype(float)
    ones, zeros = churned.sum(), (1 - churned).sum()
    target = np.where(churned == 1, (ones + 1) / (ones + 2), 1 / (zeros + 2))
    both = LogisticRegression(C=np.inf, tol=1e-10, max_iter=1000).fit(
        np.tile(scores, 2)[:, None], np.repeat([1, 0], 500), sample_weight=np.append(target, 1 - target)
    )
    assert platt(scores, churned) == pytest.approx((both.coef_[0, 0], both.intercept_[0]), abs=1e-3)


def test_platt_of_equal_scores_is_the_log_odds_of_the_smoothed_share() -> None:
    # Three of four churned: targets 4/5, 4/5, 4/5 and 1/3, whose mean is 41/60.
    slope, intercept = platt(np.zeros(4), np.array([1.0, 1.0, 1.0, 0.0]))
    assert slope == 1.0
    assert intercept == pytest.approx(log(41 / 19), abs=1e-4)


def test_platt_never_turns_the_order_round() -> None:
    scores = np.linspace(-2, 2, 100)
    assert platt(scores, (scores < 0).astype(float))[0] == SLOPE_BOUNDS[0]


def test_contributions_add_up_to_the_log_odds(frame: pd.DataFrame, model: ChurnModel) -> None:
    base, contributions = model.contributions(frame)
    assert list(contributions.columns) == ["x", "y", "place"]
    np.testing.assert_allclose(base + contributions.sum(axis=1), log_odds(model, frame), atol=1e-9)


def test_contributions_equal_those_of_shap(frame: pd.DataFrame) -> None:
    model = fit_churn(frame, NUMBERS, SMALL)
    sample = frame.head(200)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import shap

        explainer = shap.TreeExplainer(lgb.Booster(model_str=model.trees))
        explainer.model.model_type = "internal"  # shap's own algorithm, which else asks LightGBM
        values = explainer.shap_values(model.columns.matrix(sample))
    base, contributions = model.contributions(sample)
    np.testing.assert_allclose(contributions, model.slope * values, atol=1e-4)
    expected = model.slope * float(np.ravel(explainer.expected_value)[-1]) + model.intercept
    assert base == pytest.approx(expected, abs=1e-4)


def test_an_unseen_category_reads_as_missing(frame: pd.DataFrame, model: ChurnModel) -> None:
    row = frame.head(1)
    places = [row.assign(place=pd.array([place], dtype="str")) for place in ("Atlantis", None)]
    places += [row.assign(place=pd.Series([place], dtype=object)) for place in (None, np.nan, "Atlantis")]
    risks = {model.predict(place)[0] for place in places}
    assert len(risks) == 1
    assert risks != {model.predict(row.assign(place="north"))[0]}


def test_the_most_frequent_names_of_a_category_are_kept(frame: pd.DataFrame) -> None:
    names = np.array([f"p{number:03d}" for number in range(120)])
    counts = np.append(np.full(100, 11), np.full(20, 5))
    many = frame.assign(place=pd.array(np.repeat(names, counts)[:ROWS], dtype="str"))
    levels = Columns.of(FEATURES, many).categories["place"]
    assert levels == tuple(names[:MAX_LEVELS])


def test_facts_and_what_never_varies_are_no_inputs(frame: pd.DataFrame) -> None:
    told = Feature("seen_at", "rhythm", "date", "seen", kind="fact")
    columns = Columns.of((*FEATURES, told), frame.assign(seen_at=frame["as_of"], y=3.0))
    assert columns.names == ("x", "place")
    lonely = frame.assign(y=np.where(frame.index == 0, 3.0, np.nan))
    assert Columns.of(FEATURES, lonely).names == ("x", "y", "place")


def test_one_outcome_only(frame: pd.DataFrame) -> None:
    with pytest.raises(HistoryError, match="Every customer churned in all 1,200 training snapshots"):
        fit_churn(frame.assign(churned=True), FEATURES, SMALL)
    with pytest.raises(HistoryError, match=r"No customer churned in all 1,200 .* Change horizon_days"):
        fit_churn(frame.assign(churned=False), FEATURES, SMALL)


def test_of_a_single_day_every_fourth_customer_calibrates(frame: pd.DataFrame) -> None:
    day = frame.assign(as_of=frame["as_of"].min()).sort_values("customer_id", ignore_index=True)
    fourth = day.index % 4 == 0
    model = fit_churn(day, FEATURES, SMALL)
    assert fit_churn(day.assign(churned=day["churned"] ^ fourth), FEATURES, SMALL).trees == model.trees
    churned = day.loc[fourth, "churned"].to_numpy(dtype=float)
    assert (model.slope, model.intercept) == platt(raw(model, day[fourth]), churned)


def test_json_and_text_give_the_same_bytes_of_predictions(frame: pd.DataFrame, model: ChurnModel) -> None:
    again = ChurnModel.from_dict(json.loads(json.dumps(model.to_dict())), str(model.trees))
    assert again == model
    assert again.predict(frame).tobytes() == model.predict(frame).tobytes()
    assert (
        again.contributions(frame)[1].to_numpy().tobytes()
        == model.contributions(frame)[1].to_numpy().tobytes()
    )


def test_the_seed_decides_and_the_order_of_rows_does_not(frame: pd.DataFrame, model: ChurnModel) -> None:
    shuffled = frame.sample(frac=1, random_state=3)
    assert fit_churn(shuffled, FEATURES, SMALL) == model
    assert fit_churn(frame, FEATURES, Trees(trees=15, learning_rate=0.1, seed=8)).trees != model.trees


def test_any_name_may_be_an_input(frame: pd.DataFrame, model: ChurnModel) -> None:
    odd = 'attribute_tier: [a, b] {"c"}'
    renamed = fit_churn(
        frame.rename(columns={"x": odd}), (Feature(odd, "profile", "number", "x"), *FEATURES[1:]), SMALL
    )
    assert renamed.columns.names == (odd, "y", "place")
    assert renamed.predict(frame.rename(columns={"x": odd})).tobytes() == model.predict(frame).tobytes()


def test_a_frame_without_an_input_is_refused(frame: pd.DataFrame, model: ChurnModel) -> None:
    with pytest.raises(ModelError, match=r"these tables don't give: x, place\. Add the tables"):
        model.predict(frame.drop(columns=["x", "place"]))


def test_nobody_to_predict(frame: pd.DataFrame, model: ChurnModel) -> None:
    assert model.predict(frame.head(0)).shape == (0,)
    base, contributions = model.contributions(frame.head(0))
    assert (base, contributions.shape) == (model.intercept, (0, 3))


def test_damaged_trees_are_refused(frame: pd.DataFrame, model: ChurnModel) -> None:
    damaged = ChurnModel(model.columns, "no trees", model.slope, model.intercept)
    with pytest.raises(ModelError, match="The trees of the churn model can't be read"):
        damaged.predict(frame)
