"""Survey answers of all metrics on one scale, the *mood*: 0 the worst that a metric allows, 10 the best.

Scores and moods are counted in whole thousandths, so that their sums don't depend on the order of the rows.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

import ibis

from features.tables import SURVEY_SCALES

UNIT = 1_000
LOW_MOOD = 6 * UNIT
"""Mood up to which an answer is low: NPS 0–6, CSAT 1–3, CSI 1–6, CES 1–4."""

SEGMENTS = 50
EVERYONE = ""
YEAR = timedelta(days=365)


def mood(surveys: Any) -> Any:
    """Thousandths of mood, as a whole number."""
    scaled = [
        (surveys.metric == metric, (surveys.score - low) * (10 * UNIT / (high - low)))
        for metric, (low, high) in SURVEY_SCALES.items()
    ]
    return _rounded(ibis.cases(*scaled))


def points(surveys: Any) -> Any:
    """Thousandths of the metric's own points, as a whole number."""
    return _rounded(surveys.score * UNIT)


def _rounded(value: Any) -> Any:
    return (value + 0.5).floor().cast("int64")


def with_moods(surveys: ibis.Table) -> ibis.Table:
    """Surveys with `mood` and `points`; `points_before`: of the customer's answer before to the metric."""
    surveys = surveys.mutate(mood=mood(surveys), points=points(surveys))
    newest_last = [surveys.responded_at, surveys.points.desc()]
    before = surveys.points.lag().over(group_by=["customer_id", "metric"], order_by=newest_last)
    return surveys.mutate(points_before=before)


def typical_moods(tables: Mapping[str, ibis.Table], as_of: datetime) -> dict[str, float]:
    """Segment → mean mood of its answers in the year before `as_of`, and of all answers under ``.

    Only the 50 segments with the most answers have their own. Nothing where nobody answered.
    """
    if "surveys" not in tables:
        return {}
    surveys = tables["surveys"]
    year = surveys.filter(surveys.responded_at < as_of, surveys.responded_at >= as_of - YEAR)
    moods = _means(year.mutate(segment=ibis.literal(EVERYONE)))
    if "customers" in tables and "segment" in tables["customers"].columns:
        customers = tables["customers"].select(owner="customer_id", segment="segment")
        owned = year.join(customers, year.customer_id == customers.owner)
        moods |= _means(owned.filter(owned.segment != EVERYONE))
    return moods


def _means(answers: ibis.Table) -> dict[str, float]:
    per_segment = answers.group_by("segment").aggregate(total=mood(answers).sum(), answers=answers.count())
    largest = per_segment.order_by(per_segment.answers.desc(), "segment").limit(SEGMENTS)
    rows = largest.to_pyarrow().to_pylist()
    return {row["segment"]: int(row["total"]) / int(row["answers"]) / UNIT for row in rows}
