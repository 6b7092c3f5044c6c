"""How a model was judged, as its bundle bears it: figures, baselines, calibration."""

from __future__ import annotations

from typing import Any

from training.judge import AMITY, Judgement
from training.metrics import reliability
from training.tracking import finite


def card(judgement: Judgement) -> dict[str, Any]:
    """The metrics of a manifest.

    `churn`, `baselines`: the figures of Amity and of each model beside it. `calibration`: mean prediction and
    share churned of ten parts of equal size, by rising prediction. `customers`, `churned`: how many of each.
    """
    predicted, churned = reliability(judgement.churned, judgement.probabilities[AMITY])
    others = {name: finite(figures) for name, figures in judgement.metrics.items() if name != AMITY}
    return {
        "judged_as_of": judgement.as_of.isoformat(),
        "on_customers_held_out": judgement.on_customers_held_out,
        "customers": len(judgement.outcome),
        "churned": int(judgement.churned.sum()),
        "churn": finite(judgement.metrics[AMITY]),
        "baselines": others,
        "calibration": {"predicted": predicted.tolist(), "churned": churned.tolist()},
    }
