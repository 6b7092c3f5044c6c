"""LightGBM's trees from its own text, read once."""

from __future__ import annotations

from functools import lru_cache

import lightgbm as lgb

from features.errors import ModelError


@lru_cache(maxsize=16)
def booster(text: str) -> lgb.Booster:
    """The trees of a text; raises ModelError where it can't be read."""
    try:
        return lgb.Booster(model_str=text)
    except lgb.basic.LightGBMError as error:
        raise ModelError(f"The trees of the model can't be read: {error}") from None
