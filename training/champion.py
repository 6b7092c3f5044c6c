"""What the champion says of the customers of the judged day, without having seen their outcome.

As it is, where it was trained on or before that day. Else what it said of them when it was judged itself; and
where that was on another day, what its recipe says, trained as of the judged day.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

import numpy as np
import pandas as pd
from pydantic import ValidationError

from configs.settings import Definitions, TrainingSettings
from features.errors import ModelError
from features.snapshots import Tables
from models.bundle import Bundle, Manifest
from training.judge import AMITY, Judgement, judge, judged_frame


def champion_on(
    champion: Bundle, recorded: pd.DataFrame | None, tables: Tables, judgement: Judgement, words: Definitions
) -> np.ndarray:
    """The champion's probabilities for the judged customers, without its having seen their outcome.

    `recorded`: customer_id, churned and probability as it was judged when it was trained. Raises ModelError
    where it can't be judged here: other definitions, other tables, or settings that this Amity doesn't have.
    """
    if labels(champion.manifest.definitions) != labels(words):
        raise ModelError("it defines churn by other days")
    if champion.manifest.as_of <= judgement.as_of:
        judged = judged_frame(tables, judgement.as_of, words, champion.reference)
        return champion.churn.predict(judged)
    if recorded is not None and _same_customers(recorded, judgement):
        return recorded["probability"].to_numpy(dtype=float)
    again = judge(
        _its_tables(champion.manifest, tables),
        judgement.as_of + timedelta(days=words.horizon_days),
        words,
        _settings_of(champion.manifest),
    )
    return again.probabilities[AMITY]


def recipe(manifest: Manifest) -> dict[str, Any]:
    """How a model was trained: its settings without the days that came of them."""
    return {name: value for name, value in manifest.settings.items() if name != "days"}


def labels(definitions: Definitions) -> dict[str, Any]:
    """What the meaning of churn and of an active customer hangs on."""
    return definitions.model_dump(include={"mode", "horizon_days", "lookback_days"})


def _settings_of(manifest: Manifest) -> TrainingSettings:
    try:
        return TrainingSettings(**recipe(manifest))
    except ValidationError:
        raise ModelError("its training settings are not those of this Amity") from None


def _its_tables(manifest: Manifest, tables: Tables) -> Tables:
    """Only what the champion was trained on; raises ModelError where a table or column is gone."""
    missing = _missing(manifest.tables, tables)
    if missing:
        raise ModelError(f"it was trained with {', '.join(missing)}, which these tables lack")
    return {name: tables[name].select(*columns) for name, columns in manifest.tables.items()}


def _missing(needed: Mapping[str, tuple[str, ...]], tables: Tables) -> list[str]:
    gone = [name for name in needed if name not in tables]
    there = [name for name in needed if name in tables]
    return gone + [f"{name}.{c}" for name in there for c in needed[name] if c not in tables[name].columns]


def _same_customers(recorded: pd.DataFrame, judgement: Judgement) -> bool:
    return list(recorded["customer_id"]) == list(judgement.outcome["customer_id"]) and bool(
        (recorded["churned"].to_numpy(dtype=float) == judgement.churned).all()
    )
