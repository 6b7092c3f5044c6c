"""The weak points of scored customers as columns: which, how large, how sure, and the evidence in words."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from models.bundle import Bundle
from models.evidence import Customer, sentence
from models.reading import Reading, WeakPoint
from models.weakpoints import NAMED

Told = tuple[WeakPoint, str | None]
_NOTHING: Told = (WeakPoint(None, np.nan, None, np.nan), None)


def tell(bundle: Bundle, frame: pd.DataFrame, reading: Reading) -> pd.DataFrame:
    """`weak_point_1` and so on, with `_points`, `_says`, `_confidence`, `_repaired`; and `smallest_repair`.

    Null where nothing more is named. A weak point without evidence is not named. `frame`: the features that
    were read.
    """
    rows = ({str(name): value for name, value in row.items()} for row in frame.to_dict("records"))
    told = [_told(bundle, row, reading.named(place)) for place, row in enumerate(rows)]
    table: dict[str, Any] = {}
    for place in range(NAMED):
        name = f"weak_point_{place + 1}"
        at = [points[place] if place < len(points) else _NOTHING for points in told]
        table[name] = pd.array([point.dimension for point, _ in at], dtype="str")
        table[f"{name}_points"] = [point.points for point, _ in at]
        table[f"{name}_says"] = pd.array([text for _, text in at], dtype="str")
        table[f"{name}_confidence"] = pd.array([point.confidence for point, _ in at], dtype="str")
        table[f"{name}_repaired"] = [point.repaired for point, _ in at]
    table["smallest_repair"] = reading.smallest_repair
    return pd.DataFrame(table, index=frame.index)


def _told(bundle: Bundle, row: Mapping[str, Any], found: Sequence[WeakPoint]) -> Sequence[Told]:
    customer = Customer(row, bundle.peers.of(row.get("segment")), bundle.manifest.definitions.currency)
    told: list[Told] = [(p, sentence(p.dimension, customer)) for p in found if p.dimension]
    return [(point, text) for point, text in told if text][:NAMED]
