"""Settings found by trial outlive the training that found them.

A training without trials takes those of a tuned champion. Else the next training as usual would be another
recipe, throw away what the trials found, and have to beat the champion that has it; so it is the same recipe
on newer facts, and may take its place. But only where all that the trials rested on still holds:
- the settings asked for are those that the trials began with: who has changed configs/ since gets what they
  asked for;
- churn and an active customer mean the same;
- the model learns from the same tables and columns, as the best size of trees hangs on what they grow on.
Another seed is no other setting.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from configs.settings import Definitions, TrainingSettings
from features.snapshots import Tables
from models.bundle import Bundle, Manifest
from training.champion import labels, recipe
from training.fit import used


def carried_on(
    champion: Manifest | None, settings: TrainingSettings, definitions: Definitions, tables: Tables
) -> TrainingSettings | None:
    """The champion's settings with the seed asked for; null where they aren't tuned, or fit no more."""
    if champion is None or champion.tuned_from is None:
        return None
    if _but_seed(champion.tuned_from) != _but_seed(settings.model_dump()):
        return None
    if labels(champion.definitions) != labels(definitions) or dict(champion.tables) != used(tables):
        return None
    return TrainingSettings(**recipe(champion) | {"seed": settings.seed})


def says(champion: Manifest, found: TrainingSettings) -> str:
    """A sentence about settings that were carried on."""
    given = champion.tuned_from or {}
    chosen = ", ".join(
        f"{name} {value:.4g}" for name, value in found.model_dump().items() if value != given.get(name)
    )
    return (
        f"The settings are those that trials found for the champion (version {champion.version}): "
        f"{chosen or 'the given ones'}."
    )


def with_origin(bundle: Bundle, tuned_from: Mapping[str, Any] | None) -> Bundle:
    """The same bundle, which bears the settings that its trials began with."""
    return replace(bundle, manifest=replace(bundle.manifest, tuned_from=tuned_from))


def _but_seed(settings: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in settings.items() if name != "seed"}
