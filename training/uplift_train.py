"""Learn the effect of offers from past campaigns, log it to MLflow, and keep it for plans."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass
from datetime import datetime

import mlflow

from configs.settings import Definitions, Winback
from features.errors import HistoryError
from features.reference import reference
from features.snapshots import Tables, before
from models.uplift.bundle import EffectBundle, folder, save
from models.uplift.effects import MEANING
from training import tracking
from training.runs import run
from training.uplift_fit import TOGETHER, Evidence, learn, sentences
from training.uplift_rows import past

Say = Callable[[str], None]


@dataclass(frozen=True)
class Learning:
    """`bundle`: null where nothing could be learnt, so that plans go by the prior. `says`: what is known."""

    bundle: EffectBundle | None
    evidence: Evidence | None
    says: tuple[str, ...]


def learn_effects(
    tables: Tables,
    as_of: datetime,
    definitions: Definitions,
    settings: Winback,
    say: Say = lambda _: None,
) -> Learning:
    """From campaigns whose days were over by `as_of`. What was learnt before is kept where nothing can be."""
    known = before(tables, as_of)
    told = reference(known, as_of)
    say("Computing features at the moments of sending")
    try:
        rows = past(known, as_of, settings, told, definitions.lookback_days)
    except HistoryError as error:
        return Learning(None, None, (str(error), _instead()))
    if rows is None:
        nothing = "There is no past contact whose campaign is over, so nothing can be learnt from."
        return Learning(None, None, (nothing, _instead()))
    say("Fitting the candidates")
    model, evidence = learn(rows)
    says = sentences(evidence, definitions.currency)
    if model is None:
        says = (*says, _instead())
    with run(f"effect of offers as of {as_of:%Y-%m-%d}") as run_id:
        bundle = None
        if model is not None:
            bundle = EffectBundle(as_of, run_id[:8], model, told, evidence.to_dict(), says)
            save(bundle, folder())
        _log(evidence, says, settings, as_of, with_bundle=bundle is not None)
    return Learning(bundle, evidence, says)


def _instead() -> str:
    """What plans go by where nothing can be learnt now."""
    if folder().exists():
        return "Plans still go by what was learnt before."
    return f"Plans go by {MEANING['prior']}."


def log_measurement(name: str, figures: dict[str, float], document: dict[str, object]) -> None:
    """A campaign's measured result, as a run of its own."""
    with run(f"campaign {name} measured"):
        mlflow.log_metrics(figures)
        mlflow.log_dict(document, "measurement.json")


def _log(
    evidence: Evidence, says: tuple[str, ...], settings: Winback, as_of: datetime, *, with_bundle: bool
) -> None:
    mlflow.log_params(
        {
            "as_of": as_of.isoformat(),
            "grade": evidence.grade,
            "learner": evidence.learner,
            "contacts": evidence.contacts,
            "campaigns": evidence.campaigns,
            "campaign_days": settings.campaign_days,
        }
    )
    best = evidence.qini[TOGETHER]
    figures = {f"qini_{key}": value for key, value in asdict(best).items()}
    figures |= {f"effect_{name}": told[0] for name, told in evidence.effect.items()}
    mlflow.log_metrics(tracking.finite(figures | {"share_borne_out": evidence.share}))
    mlflow.log_dict(evidence.to_dict() | {"says": list(says)}, "evidence.json")
    if with_bundle:
        mlflow.log_artifacts(str(folder()), "effect")
