"""When a challenger takes the champion's place."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from typing import Any

import numpy as np
import pandas as pd
import pytest

from configs.settings import Definitions, Judging
from models.bundle import Manifest
from training.comparison import compare
from training.judge import AMITY, Judgement
from training.metrics import calibration_error
from training.promotion import CHAMPION, Decision, beside, calibrated_by_chance, decide

OLD, NEW = datetime(2025, 5, 1), datetime(2025, 6, 1)  # noqa: DTZ001


def manifest(as_of: datetime = NEW, version: str = "1", **settings: object) -> Manifest:
    recipe = {"trees": 20, "days": ["2025-01-01"], **settings}
    return Manifest(as_of, Definitions(), {"orders": ("amount",)}, "facts", "code", recipe, {}, version)


CHALLENGER, OTHER_RECIPE = manifest(), manifest(OLD, trees=99)


def decided(
    told: Judgement,
    champion: np.ndarray,
    theirs: Manifest = OTHER_RECIPE,
    ours: Manifest = CHALLENGER,
    **judging: Any,
) -> Decision:
    both, rule = beside(told, champion), Judging(**judging)
    return decide(both, compare(both, rule), ours, theirs, rule)


def failed(decision: Decision) -> list[str]:
    return [check.name for check in decision.checks if not check.holds]


@pytest.fixture(scope="module")
def good(judged: Any, risky: Any) -> Judgement:
    churned, risk = risky(2_000)
    return judged(churned, {AMITY: risk}, pd.DataFrame({"status": ["new", "active"] * 1_000}))  # type: ignore[no-any-return]


def blurred(probability: np.ndarray, by: float = 0.15) -> np.ndarray:
    return np.clip(probability + np.random.default_rng(5).normal(0, by, len(probability)), 0.02, 0.98)


def test_the_better_one_is_promoted(good: Judgement) -> None:
    decision = decided(good, blurred(good.probabilities[AMITY]))
    assert decision.promoted
    assert decision.because.startswith("it beats the champion (version 1): log loss 0.")
    assert {check.name for check in decision.checks} == {
        "facts",
        "calibration",
        "log_loss",
        "better",
        "groups",
    }


def test_the_worse_one_is_refused_with_every_reason(judged: Any, good: Judgement) -> None:
    worse = judged(good.churned, {AMITY: 1 - good.probabilities[AMITY]}, good.groups)
    decision = decided(worse, good.probabilities[AMITY])
    assert failed(decision) == ["calibration", "log_loss", "better", "groups"]
    assert decision.because.startswith("it does not beat the champion (version 1): log loss ")
    for part in ("not calibrated", "not worse is not shown", "not better", "clearly worse in status active"):
        assert part in decision.because


def test_a_twin_is_not_better(good: Judgement) -> None:
    decision = decided(good, good.probabilities[AMITY].copy())
    assert failed(decision) == ["better"]


def test_little_evidence_is_not_enough(judged: Any, risky: Any) -> None:
    """On thirty customers a better figure may be luck; with a wide tolerance it is taken."""
    churned, risk = risky(30, seed=4)
    told = judged(churned, {AMITY: risk})
    champion = np.clip(risk + np.where(np.arange(30) % 2, 0.1, -0.1), 0.02, 0.98)
    assert told.metrics[AMITY]["log_loss"] < beside(told, champion).metrics[CHAMPION]["log_loss"]
    assert failed(decided(told, champion)) == ["log_loss"]
    assert decided(told, champion, log_loss_tolerance=1).promoted


def test_better_is_by_the_metric_that_is_asked_for(judged: Any, good: Judgement) -> None:
    """The champion ranks a little better, and is far off in level."""
    risk = good.probabilities[AMITY]
    told = judged(good.churned, {AMITY: blurred(risk, 0.03)}, good.groups)
    assert decided(told, risk**3).promoted
    assert failed(decided(told, risk**3, promote_by="auroc")) == ["better"]


def test_one_that_is_off_in_level_is_not_calibrated(judged: Any, good: Judgement) -> None:
    """It says 1.1 times too much, and beats a champion in log loss that says the same of everybody."""
    risk = good.probabilities[AMITY]
    told = judged(good.churned, {AMITY: np.clip(risk * 1.1 + 0.03, 0, 0.98)}, good.groups)
    same_of_all = np.full(2_000, good.churned.mean())
    assert told.metrics[AMITY]["calibration_error"] > 0.06
    assert failed(decided(told, same_of_all)) == ["calibration"]
    assert decided(told, same_of_all, calibration_limit=0.2).promoted


def test_one_that_is_worse_in_a_large_group_is_refused(judged: Any, good: Judgement) -> None:
    risk, churned = good.probabilities[AMITY], good.churned
    group = np.where(np.arange(2_000) < 1_700, "many", "few")
    ours = np.where(group == "many", risk, 0.5)
    champion = np.where(group == "many", blurred(risk, 0.25), risk)
    told = judged(churned, {AMITY: ours}, pd.DataFrame({"segment": group}))
    decision = decided(told, champion)
    assert failed(decision) == ["groups"]
    assert "clearly worse in segment few (300 customers)" in decision.because
    assert decided(told, champion, large_group=301).promoted


def test_the_same_recipe_on_newer_facts_need_not_be_better(judged: Any, good: Judgement) -> None:
    theirs = manifest(OLD, days=["2024-12-01"])
    told = judged(good.churned, {AMITY: blurred(good.probabilities[AMITY], 0.05)}, good.groups)
    twin = decided(good, good.probabilities[AMITY].copy(), theirs)
    assert twin.promoted
    assert twin.because.startswith(
        "it is the same recipe as the champion (version 1) on newer facts: log loss 0."
    )
    later_rows = replace(manifest(NEW), fingerprint="other facts")
    assert decided(good, good.probabilities[AMITY].copy(), later_rows).promoted
    assert failed(decided(told, good.probabilities[AMITY], theirs)) == ["log_loss"]


def test_a_refresh_that_is_not_calibrated_is_refused(judged: Any, good: Judgement) -> None:
    risk = good.probabilities[AMITY]
    told = judged(good.churned, {AMITY: np.clip(risk * 1.1 + 0.03, 0, 0.98)}, good.groups)
    assert failed(decided(told, np.full(2_000, good.churned.mean()), manifest(OLD))) == ["calibration"]


def test_facts_that_end_earlier_replace_nothing(good: Judgement) -> None:
    decision = decided(good, blurred(good.probabilities[AMITY]), manifest(NEW, trees=99), manifest(OLD))
    assert failed(decision) == ["facts"]
    assert "its facts end on 2025-05-01, and the champion's on 2025-06-01" in decision.because


def test_the_error_by_chance_is_what_right_probabilities_have(risky: Any) -> None:
    limit = calibrated_by_chance(risky(300)[1])
    errors = [calibration_error(*risky(300, seed)) for seed in range(200)]
    assert np.mean(np.array(errors) <= limit) == pytest.approx(0.95, abs=0.05)
    assert calibrated_by_chance(risky(20_000)[1]) < 0.02
