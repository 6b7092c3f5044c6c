"""Sentences against the raw rows: their numbers, dates and directions are computed anew by plain SQL."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

import ibis
import pandas as pd
import pytest

from benchmarks.sentences import Ask, asking, check, drawn, verdict
from configs.loading import load
from configs.settings import Playbook
from models.bundle import Bundle
from models.language import Message
from models.scoring import Scored, score

Frames = Mapping[str, pd.DataFrame]
Tables = Mapping[str, ibis.Table]


@pytest.fixture(scope="module")
def scored(bundle: Bundle, tables: Tables, as_of: datetime) -> Scored:
    return score(bundle, tables, as_of, load(Playbook))


@pytest.fixture(scope="module")
def ask(frames: Frames, as_of: datetime) -> Ask:
    return asking(frames, as_of)


def test_no_sentence_contradicts_the_rows_in_any_language(scored: Scored, ask: Ask) -> None:
    assert scored.facts is not None
    found = verdict(drawn(scored.scores, scored.facts, number=150, seed=3), ask)
    assert not found.wrong, "\n".join(map(str, found.wrong))
    assert found.checked >= 140


def test_a_wrong_number_and_a_wrong_direction_are_found(scored: Scored, ask: Ask) -> None:
    assert scored.facts is not None
    facts = drawn(scored.scores, scored.facts, number=10_000, seed=0)
    who, fell = next((who, fact) for who, fact in facts if fact.name == "orders_fell")
    more = Message("orders_fell", dict(fell.values) | {"before": float(fell.values["before"]) + 1})
    assert {told for _, told, _ in check(who, more, ask)} != set()
    assert len(check(who, more, ask)) == 3
    bought = scored.features.query("orders_90d > orders_90_to_180d").iloc[0]
    turned = Message("orders_fell", {"now": bought["orders_90d"], "before": bought["orders_90_to_180d"]})
    assert [says for _, _, says in check(bought["customer_id"], turned, ask)] == ["points the wrong way"]
