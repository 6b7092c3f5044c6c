"""Fit, judge, register; promote only what is better."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from configs.settings import Definitions, Judging, TrainingSettings
from features.errors import AmityError, ModelError
from features.reader.opening import shown
from features.snapshots import Tables, before
from models.bundle import Bundle
from training import registry, tracking, tune
from training.card import card
from training.champion import champion_on
from training.comparison import Comparison, compare
from training.fit import fit
from training.judge import Judgement, judge
from training.promotion import CHAMPION, Decision, beside, decide
from training.rerun import active, record
from training.runs import run
from training.tuned_settings import carried_on, says, with_origin

Say = Callable[[str], None]


@dataclass(frozen=True)
class Training:
    """What came of a training. `promoted`: whether it is the champion now; `because`: the reason in words.

    `tuning`: how the trials of settings went, or whose settings these are, in words; empty where they are
    those given.
    """

    bundle: Bundle
    judgement: Judgement
    comparison: Comparison
    decision: Decision
    run_id: str
    tuning: str = ""

    @property
    def version(self) -> str:
        return self.bundle.manifest.version

    @property
    def promoted(self) -> bool:
        return self.decision.promoted

    @property
    def because(self) -> str:
        return self.decision.because


def train(
    tables: Tables,
    as_of: datetime,
    definitions: Definitions,
    settings: TrainingSettings,
    *,
    source: str,
    judging: Judging | None = None,
    trials: int = 0,
    say: Say = lambda _: None,
) -> Training:
    """Train as of a day, from facts before it, and log all of it to MLflow.

    Raises HistoryError where there is too little to learn from. The version is registered only when
    everything is logged, and becomes champion only where the rule of `training.promotion` says so. `source`:
    the address of the tables; a password in it is not logged. `trials`: of settings, before the training.
    """
    known = before(tables, as_of)
    with run(f"train as of {as_of:%Y-%m-%d}") as run_id:
        tuning = _tuning(known, as_of, definitions, settings, trials, say)
        settings = tuning.settings
        say("Judging the recipe on the last horizon that is over")
        judgement = judge(known, as_of, definitions, settings)
        say("Fitting on everything known")
        bundle = fit(known, as_of, definitions, settings).with_metrics(card(judgement))
        bundle = with_origin(bundle, tuning.begun_with)
        say("Comparing with the champion")
        judgement, comparison, decision = _decided(known, bundle, judgement, judging or Judging())
        say("Logging to MLflow")
        customers = active(known, bundle)
        work = tracking.Work(bundle, judgement, comparison, record(bundle, known, customers), customers)
        uri = tracking.log(work, shown(source))
        tracking.note(decision)
    version = registry.register(uri)
    if decision.promoted:
        registry.promote(version, decision.because)
    return Training(bundle.with_version(version), judgement, comparison, decision, run_id, tuning.says)


def _tuning(
    tables: Tables,
    as_of: datetime,
    definitions: Definitions,
    settings: TrainingSettings,
    trials: int,
    say: Say,
) -> tune.Tuned:
    """The settings to train with: of the best trial, of a tuned champion, or those given."""
    if trials:
        return tune.tuned(tables, as_of, definitions, settings, trials, say)
    try:
        champion = registry.champion()
    except ModelError:
        champion = None
    manifest = champion.manifest if champion else None
    found = carried_on(manifest, settings, definitions, tables)
    if manifest is None or found is None:
        return tune.Tuned(settings, "", None)
    return tune.Tuned(found, says(manifest, found), manifest.tuned_from)


def _decided(
    tables: Tables, challenger: Bundle, judgement: Judgement, judging: Judging
) -> tuple[Judgement, Comparison, Decision]:
    """The judgement with the champion beside, where there is one that can be judged, and the decision."""
    try:
        champion = registry.champion()
    except ModelError as error:
        told = Decision(promoted=True, because=f"the champion there is can't be used: {error}")
        return judgement, compare(judgement, judging), told
    if champion is None:
        first = Decision(promoted=True, because="it is the first model")
        return judgement, compare(judgement, judging), first
    try:
        recorded = tracking.judged_of(registry.run_of(CHAMPION))
        words = challenger.manifest.definitions
        judgement = beside(judgement, champion_on(champion, recorded, tables, judgement, words))
    except AmityError as error:
        name = f"the champion (version {champion.manifest.version})"
        because = (
            f"{name} can't be judged on these tables: {error}. `amity promote` makes it champion by hand"
        )
        return judgement, compare(judgement, judging), Decision(promoted=False, because=because)
    comparison = compare(judgement, judging)
    return (
        judgement,
        comparison,
        decide(judgement, comparison, challenger.manifest, champion.manifest, judging),
    )
