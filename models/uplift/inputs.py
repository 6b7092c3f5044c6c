"""What effects are learnt from: a few facts of the relationship and the offer, on like scales."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from features.catalog import Feature
from models.columns import Columns, require

NUMBERS = (
    *("orders_90d", "orders_365d", "days_since_order", "days_since_first_order", "frequency", "usual_gap"),
    *("overdue", "orders_trend", "amount_90d", "amount_365d", "basket_mean", "usual_basket", "biggest_order"),
    *("margin_365d", "usual_margin_share", "usual_discount_share", "usual_discounted_share"),
    *("lines_per_order_365d", "categories_365d", "return_rate_365d", "complaints_open", "complaints_365d"),
    *("mood_last", "visits_90d", "visits_365d", "activities_90d", "contacts_90d", "contacts_365d"),
    *("redeemed_365d", "redeemed_share_365d", "days_since_contact", "age_years"),
)
"""Few, for effects are faint: what a noisy campaign of some thousand contacts can tell apart."""

MOST_LEVELS = 12
NO_SPREAD = 1e-9
"""A standard deviation up to this is that of a constant."""
EDGES = (0.01, 0.99)
"""Quantiles beyond which a number reads as the quantile."""


@dataclass(frozen=True)
class Inputs:
    """Numbers in symmetric logarithms, clipped and standardised (missing ones at their median), one column
    for each level of a category, then the offer: root of the coupon's value, and one column for each channel.

    `scale`: number → its median, low and high end, mean and standard deviation. `values`: the lowest and
    highest coupon ever tried; one beyond is taken for the nearest. `value_scale`: mean and deviation of the
    root, a deviation of 0 where it never varied. `channels`: tried; another one has 0 in each column.
    """

    scale: Mapping[str, tuple[float, float, float, float, float]]
    levels: Mapping[str, tuple[str, ...]]
    values: tuple[float, float]
    value_scale: tuple[float, float]
    channels: tuple[str, ...]

    @classmethod
    def of(cls, features: Sequence[Feature], frame: pd.DataFrame) -> Inputs:
        """`frame`: features, and `coupon_value` and `channel` of each past contact (null: none)."""
        columns = Columns.of([f for f in features if f.name in NUMBERS or f.kind == "category"], frame)
        levels = {k: v for k, v in columns.categories.items() if len(v) <= MOST_LEVELS}
        value = frame["coupon_value"].fillna(0.0).to_numpy(dtype=float)
        root = np.sqrt(value)
        channels = frame["channel"].dropna().unique()
        return cls(
            {name: _scale(frame[name]) for name in columns.numbers},
            levels,
            (float(value.min()), float(value.max())),
            (float(root.mean()), float(root.std())),
            tuple(sorted(map(str, channels))) if len(channels) > 1 else (),
        )

    @property
    def features(self) -> tuple[str, ...]:
        return (*self.scale, *sorted(self.levels))

    @property
    def names(self) -> tuple[str, ...]:
        of_levels = (f"{name} {level}" for name in sorted(self.levels) for level in self.levels[name])
        return (*self.scale, *of_levels, "coupon_value", *(f"channel {name}" for name in self.channels))

    def customers(self, frame: pd.DataFrame) -> np.ndarray:
        """Shape (rows, inputs but for the offer); raises ModelError where the frame lacks a feature."""
        require(self.features, frame)
        parts = [_scaled(frame[name], *self.scale[name]) for name in self.scale]
        for name in sorted(self.levels):
            text = frame[name].astype("str")
            parts += [(text == level).to_numpy(dtype=float, na_value=0.0) for level in self.levels[name]]
        return np.column_stack(parts) if parts else np.empty((len(frame), 0))

    def offers(self, value: np.ndarray, channel: pd.Series) -> np.ndarray:
        """Shape (rows, inputs of the offer). `value` and `channel`: of each row."""
        middle, spread = self.value_scale
        root = np.sqrt(np.clip(value, *self.values))
        scaled = (root - middle) / spread if spread > NO_SPREAD else np.zeros(len(root))
        text = channel.astype("str")
        flags = [(text == name).to_numpy(dtype=float, na_value=0.0) for name in self.channels]
        return np.column_stack([scaled, *flags])

    def matrix(self, frame: pd.DataFrame) -> np.ndarray:
        """Of past contacts, with the offer of each; shape (rows, len(names))."""
        value = frame["coupon_value"].fillna(0.0).to_numpy(dtype=float)
        return np.hstack([self.customers(frame), self.offers(value, frame["channel"])])

    def to_dict(self) -> dict[str, Any]:
        return {
            "scale": [[name, *scale] for name, scale in self.scale.items()],
            "levels": {name: list(levels) for name, levels in self.levels.items()},
            "values": list(self.values),
            "value_scale": list(self.value_scale),
            "channels": list(self.channels),
        }

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> Inputs:
        return cls(
            {str(name): (a, b, c, d, e) for name, a, b, c, d, e in values["scale"]},
            {str(name): tuple(levels) for name, levels in values["levels"].items()},
            (float(values["values"][0]), float(values["values"][1])),
            (float(values["value_scale"][0]), float(values["value_scale"][1])),
            tuple(values["channels"]),
        )


def _logarithm(values: np.ndarray) -> np.ndarray:
    return np.asarray(np.sign(values) * np.log1p(np.abs(values)))


def _scale(column: pd.Series) -> tuple[float, float, float, float, float]:
    values = column.to_numpy(dtype=float, na_value=np.nan)
    known = values[np.isfinite(values)]
    middle = float(np.median(known)) if len(known) else 0.0
    logs = _logarithm(np.where(np.isfinite(values), values, middle))
    low, high = np.quantile(logs, EDGES)
    inside = np.clip(logs, low, high)
    return middle, float(low), float(high), float(inside.mean()), float(inside.std())


def _scaled(
    column: pd.Series, middle: float, low: float, high: float, mean: float, spread: float
) -> np.ndarray:
    values = column.to_numpy(dtype=float, na_value=np.nan)
    logs = np.clip(_logarithm(np.where(np.isfinite(values), values, middle)), low, high)
    return (logs - mean) / spread if spread > NO_SPREAD else np.zeros(len(logs))
