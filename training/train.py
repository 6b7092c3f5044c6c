"""Fit, judge, register; promote only what is better."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from configs.settings import Definitions, TrainingSettings
from features.build import build
from features.errors import AmityError, ModelError
from features.reader.opening import shown
from features.snapshots import before, population
from models.bundle import Bundle
from training import registry, tracking
from training.fit import Tables, fit
from training.judge import AMITY, Judgement, judge, judge_champion

PLOTTED_ROWS = 2_000
Say = Callable[[str], None]


@dataclass(frozen=True)
class Training:
    """What came of a training. `promoted`: whether it is the champion now; `because`: the reason in words."""

    bundle: Bundle
    judgement: Judgement
    run_id: str
    promoted: bool
    because: str

    @property
    def version(self) -> str:
        return self.bundle.manifest.version


def train(
    tables: Tables,
    as_of: datetime,
    definitions: Definitions,
    settings: TrainingSettings,
    *,
    source: str,
    say: Say = lambda _: None,
) -> Training:
    """Train as of a day, from facts before it, and log all of it to MLflow.

    Raises HistoryError where there is too little to learn from. The version is registered only when
    everything is logged, and becomes champion only when it beats the champion there is. `source`: the address
    of the tables; a password in it is not logged.
    """
    tracking.connect()
    known = before(tables, as_of)
    say("Judging the recipe on the last horizon that is over")
    judgement = judge(known, as_of, definitions, settings)
    say("Fitting on everything known")
    bundle = fit(known, as_of, definitions, settings).with_metrics(
        {"judged_as_of": judgement.as_of.isoformat(), "churn": tracking.finite(judgement.metrics[AMITY])}
    )
    say("Comparing with the champion")
    better, because = _against_champion(known, judgement, definitions)
    say("Logging to MLflow")
    with tracking.run(f"train as of {as_of:%Y-%m-%d}") as run_id:
        sample = build(known, population(known, [as_of], definitions.lookback_days), bundle.reference)
        uri = tracking.log(
            bundle, judgement, sample.order_by("customer_id").limit(PLOTTED_ROWS).to_pandas(), shown(source)
        )
        tracking.note(promoted=better, because=because)
    version = registry.register(uri)
    if better:
        registry.promote(version)
    return Training(bundle.with_version(version), judgement, run_id, better, because)


def _against_champion(tables: Tables, judgement: Judgement, definitions: Definitions) -> tuple[bool, str]:
    try:
        champion = registry.champion()
    except ModelError as error:
        return True, f"the champion there is can't be used: {error}"
    if champion is None:
        return True, "it is the first model"
    name = f"the champion (version {champion.manifest.version})"
    try:
        theirs = judge_champion(champion, tables, judgement, definitions)["log_loss"]
    except AmityError as error:
        return (
            False,
            f"{name} can't be judged on these tables: {error}. `amity promote` makes it champion by hand",
        )
    ours = judgement.metrics[AMITY]["log_loss"]
    figures = f"log loss {ours:.4f} against {theirs:.4f} on the horizon from {judgement.as_of:%Y-%m-%d}"
    if ours < theirs:
        return True, f"it beats {name}: {figures}"
    return False, f"it does not beat {name}: {figures}"
