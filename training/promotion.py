"""Whether a new model takes the champion's place, and why.

A challenger stands for its recipe, trained as of the judged day, and is compared with the champion on that
day (`training.champion`). It takes the champion's place when all of this holds:
- its facts do not end before the champion's;
- it is not worse in log loss: the 95 % interval of the difference ends at or below `log_loss_tolerance`;
- it is better in `promote_by`;
- it is calibrated: the expected calibration error is within `calibration_limit`, or within what chance alone
  gives probabilities that are right, or not above the champion's;
- in no large group is its log loss clearly higher.
The same recipe on newer facts need not be better, as newer facts are reason enough: it must be calibrated,
and not be clearly worse in log loss.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from configs.settings import Judging
from models.bundle import Manifest
from training.champion import labels, recipe
from training.comparison import Comparison
from training.judge import AMITY, Judgement
from training.metrics import calibration_error, churn_metrics

CHAMPION = "champion"
CHANCES = 200
WORDS = {
    "log_loss": "log loss",
    "brier": "Brier score",
    "auroc": "AUROC",
    "average_precision": "avg. precision",
}


@dataclass(frozen=True)
class Check:
    """One condition, whether it holds, and the figures in words."""

    name: str
    holds: bool
    says: str


@dataclass(frozen=True)
class Decision:
    """Whether the model is the champion now; `because`: why, in words."""

    promoted: bool
    because: str
    checks: tuple[Check, ...] = ()


def beside(judgement: Judgement, champion: np.ndarray) -> Judgement:
    """The judgement with the champion's probabilities among the other models'."""
    return replace(
        judgement,
        probabilities={**judgement.probabilities, CHAMPION: champion},
        metrics={**judgement.metrics, CHAMPION: churn_metrics(judgement.churned, champion)},
    )


def decide(
    judgement: Judgement, comparison: Comparison, challenger: Manifest, champion: Manifest, judging: Judging
) -> Decision:
    """Decide between the challenger and the champion that stands `beside` it in the judgement."""
    refreshed = _same_recipe(challenger, champion) and _newer_facts(challenger, champion)
    checks = [_facts(challenger, champion), _calibration(judgement, judging)]
    if refreshed:
        checks.append(_log_loss_of_a_refresh(judgement, comparison))
    else:
        checks += [
            _log_loss(judgement, comparison, judging),
            _better(judgement, comparison, judging),
            _groups(comparison),
        ]
    promoted = all(check.holds for check in checks)
    because = _because(judgement, champion, checks, promoted=promoted, refreshed=refreshed)
    return Decision(promoted, because, tuple(checks))


def calibrated_by_chance(probability: np.ndarray, seed: int = 0) -> float:
    """The calibration error that probabilities which are right stay under in 19 of 20 cases."""
    dice = np.random.default_rng(seed)
    drawn = (dice.random(len(probability)) < probability for _ in range(CHANCES))
    errors = [calibration_error(churned.astype(float), probability) for churned in drawn]
    return float(np.quantile(errors, 0.95))


def _facts(challenger: Manifest, champion: Manifest) -> Check:
    ours, theirs = (f"{manifest.as_of:%Y-%m-%d}" for manifest in (challenger, champion))
    if challenger.as_of < champion.as_of:
        return Check("facts", False, f"its facts end on {ours}, and the champion's on {theirs}")
    return Check("facts", True, f"its facts end on {ours}")


def _log_loss(judgement: Judgement, comparison: Comparison, judging: Judging) -> Check:
    holds = comparison.differences[CHAMPION]["log_loss"].high <= judging.log_loss_tolerance
    words = "not worse" if holds else "that it is not worse is not shown"
    return Check("log_loss", holds, f"{_figures(judgement, comparison, 'log_loss')}: {words}")


def _log_loss_of_a_refresh(judgement: Judgement, comparison: Comparison) -> Check:
    holds = not comparison.differences[CHAMPION]["log_loss"].low > 0
    words = "not clearly worse" if holds else "clearly worse"
    return Check("log_loss", holds, f"{_figures(judgement, comparison, 'log_loss')}: {words}")


def _better(judgement: Judgement, comparison: Comparison, judging: Judging) -> Check:
    metric = judging.promote_by
    holds = comparison.differences[CHAMPION][metric].better(metric)
    words = "better" if holds else "not better"
    return Check("better", holds, f"{_figures(judgement, comparison, metric)}: {words}")


def _calibration(judgement: Judgement, judging: Judging) -> Check:
    ours, theirs = (judgement.metrics[name]["calibration_error"] for name in (AMITY, CHAMPION))
    chance = calibrated_by_chance(judgement.probabilities[AMITY])
    holds = ours <= max(judging.calibration_limit, chance, theirs)
    figures = f"calibration error {ours:.4f} (the champion's {theirs:.4f}, by chance up to {chance:.4f})"
    return Check("calibration", holds, figures if holds else f"{figures}: not calibrated")


def _groups(comparison: Comparison) -> Check:
    worse = [group for group in comparison.worse if group.model == CHAMPION]
    if not worse:
        return Check("groups", True, "in no large group clearly worse")
    return Check("groups", False, "clearly worse in " + "; ".join(map(str, worse)))


def _figures(judgement: Judgement, comparison: Comparison, metric: str) -> str:
    ours, theirs = (judgement.metrics[name][metric] for name in (AMITY, CHAMPION))
    interval = comparison.differences[CHAMPION][metric]
    return (
        f"{WORDS[metric]} {ours:.4f} against {theirs:.4f} "
        f"({interval.difference:+.4f}, 95 % {interval.low:+.4f} to {interval.high:+.4f})"
    )


def _because(
    judgement: Judgement, champion: Manifest, checks: list[Check], *, promoted: bool, refreshed: bool
) -> str:
    name = f"the champion (version {champion.version})"
    ours, theirs = (judgement.metrics[model]["log_loss"] for model in (AMITY, CHAMPION))
    figures = f"log loss {ours:.4f} against {theirs:.4f} on the horizon from {judgement.as_of:%Y-%m-%d}"
    if promoted and refreshed:
        return f"it is the same recipe as {name} on newer facts: {figures}"
    if promoted:
        return f"it beats {name}: {figures}"
    failed = "; ".join(check.says for check in checks if not check.holds)
    return f"it does not beat {name}: {figures}; {failed}"


def _same_recipe(challenger: Manifest, champion: Manifest) -> bool:
    return (
        recipe(challenger) == recipe(champion)
        and labels(challenger.definitions) == labels(champion.definitions)
        and dict(challenger.tables) == dict(champion.tables)
    )


def _newer_facts(challenger: Manifest, champion: Manifest) -> bool:
    later = challenger.as_of > champion.as_of
    return later or (challenger.as_of == champion.as_of and challenger.fingerprint != champion.fingerprint)
