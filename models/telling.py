"""The weak points of scored customers as columns: which, how large, how sure, and the evidence in words."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from configs.settings import Playbook
from models.bundle import Bundle
from models.columns import records
from models.evidence import Customer, evidence, sentence
from models.language import Language, Message, language, packed, unpacked
from models.reading import Reading, WeakPoint
from models.weakpoints import NAMED

Told = tuple[WeakPoint, list[Message]]
OPEN = ("complaint_open", "complaints_open")
_NOTHING: Told = (WeakPoint(None, np.nan, None, np.nan), [])


def tell(bundle: Bundle, frame: pd.DataFrame, reading: Reading) -> pd.DataFrame:
    """`weak_point_1` …, with `_points`, `_says`, `_confidence`, `_repaired`; and `smallest_repair`, `facts`.

    Null where nothing more is named. A weak point without evidence is not named. `says` is in the default
    language; `facts` is what it says, to be `retold`, and an open complaint of which no weak point tells, for
    `open_complaint`. `frame`: the features that were read.
    """
    customers = [Customer(row, bundle.peers.of(row.get("segment"))) for row in records(frame)]
    told = [_told(customer, reading.named(place)) for place, customer in enumerate(customers)]
    english = language(currency=bundle.manifest.definitions.currency)
    table: dict[str, Any] = {}
    for place in range(NAMED):
        name = f"weak_point_{place + 1}"
        at = [points[place] if place < len(points) else _NOTHING for points in told]
        table[name] = pd.array([point.dimension for point, _ in at], dtype="str")
        table[f"{name}_points"] = [point.points for point, _ in at]
        table[f"{name}_says"] = pd.array([sentence(facts, english) for _, facts in at], dtype="str")
        table[f"{name}_confidence"] = pd.array([point.confidence for point, _ in at], dtype="str")
        table[f"{name}_repaired"] = [point.repaired for point, _ in at]
    table["smallest_repair"] = reading.smallest_repair
    facts = [_facts(customer, points) for customer, points in zip(customers, told, strict=True)]
    table["facts"] = pd.array([packed(each) for each in facts], dtype="str")
    return pd.DataFrame(table, index=frame.index)


def retold(row: Mapping[str, Any], language: Language, playbook: Playbook) -> dict[str, Any]:
    """The columns of a row that hold sentences, in another language; `row` has its `facts`.

    What was told before facts were kept stays as it is.
    """
    told = {"action": row["action"] and playbook.in_language(row["action"], language.code)}
    for place, facts in enumerate(unpacked(row["facts"])[:NAMED], start=1):
        told[f"weak_point_{place}_says"] = sentence(facts, language)
    return told


def open_complaint(facts: str | None, language: Language) -> str | None:
    """What is told of an open complaint that no weak point tells of; null where there is none. `facts`: the
    column."""
    return next((sentence(beside, language) for beside in unpacked(facts)[NAMED:]), None)


def _told(customer: Customer, found: Sequence[WeakPoint]) -> Sequence[Told]:
    told = [(point, evidence(point.dimension, customer)) for point in found if point.dimension]
    return [(point, facts) for point, facts in told if facts][:NAMED]


def _facts(customer: Customer, points: Sequence[Told]) -> list[list[Message]]:
    """Of each weak point; beyond the last that may be named, an open complaint that none of them tells of."""
    told = [facts for _, facts in points]
    service = (
        [] if any(point.dimension == "service" for point, _ in points) else evidence("service", customer)
    )
    beside = [fact for fact in service if fact.name in OPEN]
    return [*told, *[[]] * (NAMED - len(told)), beside] if beside else told
