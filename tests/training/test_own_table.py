"""Tables of one's own: honest scores in spite of copies, sums that add up, and the way through MLflow."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import mlflow
import numpy as np
import pandas as pd
import pytest
from scipy.special import expit
from sklearn.metrics import roc_auc_score

from configs.settings import TrainingSettings
from features.errors import ModelError, SourceError
from features.own_table.table import OwnTable, Roles, read_table
from models.own_table import OwnModel, load, log_odds, save, score
from models.weakpoints import Naming
from training import own_table_registry as registry
from training.own_table import AMITY, BASE_RATE, FOLDS, LOGISTIC, OwnJudgement, fit_own, folds, judge_own
from training.own_table_train import judged, to_dict, train_own

SETTINGS = TrainingSettings(trees=25, leaves=15, learning_rate=0.25)
QUICK = TrainingSettings(trees=3)
NAMING = Naming(from_points=1.0, cause_before_rhythm=0.25)


def customers(rows: int, seed: int) -> pd.DataFrame:
    """Complaints and little satisfaction make them leave; twelve more columns say nothing."""
    dice = np.random.default_rng(seed)
    frame = pd.DataFrame(
        {
            "Complain": np.where(dice.random(rows) < 0.25, "yes", "no"),
            "SatisfactionScore": dice.integers(1, 6, rows),
            "City": dice.choice(["Rome", "Oslo", "Bonn"], rows),
            "CashbackAmount": dice.gamma(9, 20, rows).round(2),
            **{f"Quux{place}": dice.integers(0, 500, rows) for place in range(11)},
        }
    )
    risk = -1.4 + 1.2 * (frame["Complain"] == "yes") - 0.5 * (frame["SatisfactionScore"] - 3)
    return frame.assign(Churn=(dice.random(rows) < expit(risk)).astype(int))


@pytest.fixture(scope="module")
def table(tmp_path_factory: pytest.TempPathFactory) -> OwnTable:
    """700 customers, each of them four times, the copies altered in a column."""
    once, dice = customers(700, 1), np.random.default_rng(2)
    copies = []
    for _ in range(3):
        column = f"Quux{dice.integers(11)}"
        copies.append(once.assign(**{column: dice.integers(0, 500, len(once))}))
    file = tmp_path_factory.mktemp("own") / "e-Commerce 2.csv"
    frame = pd.concat([once, *copies]).sample(frac=1.0, random_state=3)
    frame.insert(0, "CustomerID", np.arange(len(frame)) + 50_001)
    frame.to_csv(file, index=False)
    return read_table(file, Roles("Churn"))


@pytest.fixture(scope="module")
def judgement(table: OwnTable) -> OwnJudgement:
    return judge_own(table, SETTINGS)


@pytest.fixture(scope="module")
def model(table: OwnTable, judgement: OwnJudgement) -> OwnModel:
    return fit_own(table, judgement, SETTINGS, "amity-try")


@pytest.fixture(scope="module")
def fresh() -> pd.DataFrame:
    """Customers whom nobody has seen."""
    return customers(5_000, 99)


def test_the_score_is_that_on_fresh_customers_and_not_that_with_copies(
    judgement: OwnJudgement, model: OwnModel, fresh: pd.DataFrame
) -> None:
    on_fresh = roc_auc_score(fresh["Churn"], model.predict(model.read(fresh)))
    assert judgement.customers == 700
    assert judgement.with_copies_apart is not None
    assert judgement.metrics[AMITY]["auroc"] == pytest.approx(on_fresh, abs=0.04)
    assert judgement.with_copies_apart["auroc"] > on_fresh + 0.1


def test_it_is_judged_beside_the_baselines_and_calibrated(
    judgement: OwnJudgement, model: OwnModel, fresh: pd.DataFrame
) -> None:
    assert list(judgement.metrics) == [AMITY, LOGISTIC, BASE_RATE]
    assert judgement.metrics[BASE_RATE]["auroc"] == 0.5
    assert judgement.metrics[LOGISTIC]["auroc"] > 0.6
    assert judgement.is_better_than_nothing
    assert model.predict(model.read(fresh)).mean() == pytest.approx(fresh["Churn"].mean(), abs=0.04)


def test_folds_are_even_in_customers_and_churners() -> None:
    churned = (np.arange(1_003) % 7 == 0).astype(float)
    fold = folds(churned, seed=7)
    sizes, left = np.bincount(fold), np.bincount(fold, weights=churned)
    assert len(sizes) == FOLDS
    assert max(np.ptp(sizes), np.ptp(left)) <= 1
    assert (folds(churned, seed=7) == fold).all()
    assert (folds(churned, seed=8) != fold).any()


def test_contributions_add_up_to_the_risk_and_are_measured_from_the_usual(
    table: OwnTable, model: OwnModel
) -> None:
    values = table.values[table.copies.firsts]
    base, shares = model.contributions(values)
    np.testing.assert_allclose(base + shares.sum(axis=1), log_odds(model.predict(values)), atol=1e-6)
    np.testing.assert_allclose(shares.mean(), 0.0, atol=1e-9)
    assert set(shares.columns) <= {column.name for column in table.columns}


def test_scores_name_the_weak_point_with_its_evidence(model: OwnModel, fresh: pd.DataFrame) -> None:
    scores = score(model, fresh.head(500), "CashbackAmount", NAMING)
    assert scores["rank"].tolist() == list(range(1, 501))
    assert scores["value_at_risk"].is_monotonic_decreasing
    np.testing.assert_allclose(scores["value_at_risk"], scores["value"] * scores["churn_probability"])
    ids = scores["customer_id"].astype(int) - 1
    complained = (fresh["Complain"].to_numpy()[ids] == "yes") & (
        scores["weak_point_1"] == "service"
    ).to_numpy()
    said = set(scores.loc[complained, "weak_point_1_says"])
    assert len(said) == 1
    assert said.pop().startswith("Complain is yes; customers like this: ")
    unhappy = scores[scores["weak_point_1"] == "satisfaction"]["weak_point_1_says"]
    assert unhappy.str.fullmatch(r"SatisfactionScore is [12]; customers like this: 3\.").all()
    assert "profile" not in set(scores["weak_point_1"].dropna())
    assert (scores["weak_point_1_points"].dropna() >= 1.0).all()


def test_without_a_value_the_list_goes_by_risk(model: OwnModel, fresh: pd.DataFrame) -> None:
    scores = score(model, fresh.head(50), None, NAMING)
    assert "value_at_risk" not in scores
    assert scores["churn_probability"].is_monotonic_decreasing


def test_what_cannot_be_scored_is_said(model: OwnModel, fresh: pd.DataFrame) -> None:
    with pytest.raises(ModelError, match="was trained with Complain, City, which this table lacks"):
        score(model, fresh.drop(columns=["Complain", "City"]), None, NAMING)
    with pytest.raises(SourceError, match="There is no column 'Worth' of values"):
        score(model, fresh, "Worth", NAMING)
    with pytest.raises(SourceError, match="is no value in 5,000 of 5,000 rows, such as"):
        score(model, fresh, "City", NAMING)


def test_saved_and_read_it_scores_the_same(model: OwnModel, fresh: pd.DataFrame, tmp_path: Path) -> None:
    again = load(save(model, tmp_path / "bundle"))
    assert again == model
    pd.testing.assert_frame_equal(
        score(again, fresh.head(100), None, NAMING), score(model, fresh.head(100), None, NAMING)
    )
    (tmp_path / "bundle" / "own.json").write_text("{}")
    with pytest.raises(ModelError, match=r"own\.json is not what was saved"):
        load(tmp_path / "bundle")


def test_the_same_seed_gives_the_same_model(
    table: OwnTable, judgement: OwnJudgement, model: OwnModel
) -> None:
    assert fit_own(table, judgement, SETTINGS, "amity-try") == model


def test_it_is_registered_under_the_name_of_its_file_and_found_again(
    fresh: pd.DataFrame, new_home: Path, tmp_path: Path
) -> None:
    own = tmp_path / "e-Commerce 2.csv"
    fresh.head(400).to_csv(own, index=False)
    trained = train_own(own, Roles("Churn"), QUICK)
    assert (trained.model.name, trained.model.version) == ("amity-e-commerce-2", "1")
    assert trained.outcome.endswith("is the champion of its table now: `amity score FILE` takes it.")
    assert new_home.is_dir()
    for asked, file in (
        ("champion", own),
        ("champion", Path("other.csv")),
        ("amity-e-commerce-2", Path("x.csv")),
        ("amity-e-commerce-2/1", Path("x.csv")),
    ):
        assert registry.find(asked, file, fresh.columns) == trained.model
    logged = mlflow.pyfunc.load_model("models:/amity-e-commerce-2@champion")
    some = (
        fresh.head(20)
        .drop(columns="Churn")
        .astype({"SatisfactionScore": float} | {f"Quux{n}": float for n in range(11)})
    )
    found: Any = logged.predict(some.assign(Complain=(some["Complain"] == "yes").astype(float)))
    np.testing.assert_allclose(found["churn_probability"], trained.model.predict(trained.model.read(some)))
    with pytest.raises(ModelError, match=r"There is no model 'amity-x' .* There are: amity-e-commerce-2"):
        registry.find("amity-x", own, fresh.columns)
    with pytest.raises(ModelError, match="There is no version '7' of 'amity-e-commerce-2'"):
        registry.find("amity-e-commerce-2/7", own, fresh.columns)
    with pytest.raises(ModelError, match=r"No model can read other\.csv"):
        registry.find("champion", Path("other.csv"), ["City"])
    assert judged(trained.judgement).row_count == 3
    assert to_dict(trained)["promoted"] is True
