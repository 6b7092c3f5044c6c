"""Evidence for the weak points of plain columns, by hand."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest

from features.own_table.table import OwnColumn
from models.own_table_evidence import Evidence, Typical, typical

COLUMNS = (
    OwnColumn("Complain", "yes or no", "service", guessed=True),
    OwnColumn("Tickets", "number", "service", guessed=True),
    OwnColumn("Wait", "number", "service", guessed=True),
    OwnColumn("Plan", "category", "product", guessed=True),
)
USUAL = Typical({"Complain": 0.25, "Tickets": 2.0, "Wait": 1.5}, {"Plan": {"basic": 0.4, "plus": 0.1}}, 0.2)


@pytest.mark.parametrize(
    ("dimension", "values", "shares", "says"),
    [
        ("service", {"Complain": 1.0}, {"Complain": 0.5}, "Complain is yes; customers like this: 25 % yes."),
        ("service", {"Complain": 1.0}, {"Complain": -0.5}, None),
        ("service", {"Tickets": 2.0}, {"Tickets": 0.5}, None),
        ("service", {"Tickets": np.nan}, {"Tickets": 0.5}, "Tickets is not given."),
        (
            "service",
            {"Complain": 0.0, "Tickets": 1204.0, "Wait": 0.25},
            {"Complain": 0.1, "Tickets": 0.3, "Wait": 0.2},
            "Tickets is 1,204; customers like this: 2. Wait is 0.25; customers like this: 1.5.",
        ),
        ("product", {"Plan": "basic"}, {"Plan": 0.2}, "Plan is basic, of whom 40 % left; of all, 20 %."),
        ("product", {"Plan": "plus"}, {"Plan": 0.2}, None),
        ("product", {"Plan": "new"}, {"Plan": 0.2}, None),
    ],
)
def test_sentences(
    dimension: str, values: dict[str, Any], shares: dict[str, float], says: str | None
) -> None:
    assert Evidence(COLUMNS, USUAL).sentence(dimension, values, shares) == says


def test_what_is_usual_is_the_median_and_the_mean_where_that_is_nothing() -> None:
    values = pd.DataFrame(
        {
            "Complain": [1.0, 0.0, 0.0, np.nan],
            "Tickets": [0.0, 0.0, 0.0, 4.0],
            "Wait": [1.0, 2.0, 30.0, np.nan],
            "Plan": ["basic", "basic", "plus", None],
        }
    )
    found = typical(COLUMNS, values, np.array([1.0, 0.0, 0.0, 0.0]))
    assert found.numbers == pytest.approx({"Complain": 1 / 3, "Tickets": 1.0, "Wait": 2.0})
    assert found.rates == {"Plan": {"basic": 0.5, "plus": 0.0}}
    assert found.churned == 0.25
