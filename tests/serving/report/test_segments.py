"""Scored customers by segment, by hand."""

from __future__ import annotations

import pandas as pd
import pytest

from serving.report.findings import Findings


def of(found: Findings, kind: str) -> pd.DataFrame:
    assert found.segments is not None
    return found.segments[found.segments.kind == kind].set_index("name")


def test_by_status(found: Findings) -> None:
    status = of(found, "status")
    assert status.customers.to_dict() == {"active": 2, "lost": 1}
    assert status.clv.to_dict() == {"active": 1400, "lost": 200}
    assert status.value_at_risk.to_dict() == {"active": 600, "lost": 160}
    assert status.churn_probability.to_dict() == pytest.approx({"active": 0.375, "lost": 0.8})


def test_groups_hold_everyone_scored(found: Findings) -> None:
    groups = of(found, "group")
    assert groups.customers.sum() == 3
    assert groups.clv.sum() == 1600
    assert "lost" not in groups.index
