"""Every table of the assessment is declared once, made where its tables are there, and told otherwise."""

from __future__ import annotations

import pandas as pd
import pytest

from features.indicators.measure import Measured
from features.indicators.rules import Rules
from features.indicators.sheets import SCORES, SHEETS, Known, lacking, sheets
from features.snapshots import before
from features.sources import source_from_rows
from features.tables import CONTRACT
from tests.features.indicators.conftest import AS_OF, COMPANY


def test_they_are_declared_once_in_words_and_need_what_there_is() -> None:
    assert len({sheet.name for sheet in SHEETS}) == len(SHEETS)
    for sheet in SHEETS:
        texts = (sheet.title, sheet.definition, sheet.formula, sheet.collect)
        assert all(text.strip() for text in texts)
        assert "{" not in "".join(text.format_map(vars(Rules())) for text in texts)
        for need in sheet.needs:
            table, _, column = need.partition(".")
            assert need == SCORES or column in [one.name for one in CONTRACT[table].columns]


@pytest.mark.parametrize("scored", [True, False])
def test_what_the_company_has(company: Measured, scored: bool) -> None:
    scores = pd.DataFrame(
        {
            "customer_id": ["a", "e"],
            "clv": [100.0, 200.0],
            "churn_probability": [0.5, 0.1],
            "weak_point_1": ["service", None],
            "weak_point_1_points": [10.0, None],
        }
    )
    known = Known(before(source_from_rows(COMPANY).tables, AS_OF), company, scores if scored else None)
    made = sheets(known)
    there = ["cohorts", "aftermath", "lifetime", "customers", "tiers", "campaigns"]
    assert list(made) == [*there, *(["weak_points"] if scored else [])]
    without = {sheet.name for sheet in lacking(made)}
    assert without == {sheet.name for sheet in SHEETS} - set(made)
    assert {"rivals", "moods", "themes", "frequency"} <= without
