"""Complaints, time to first response, unresolved tickets, reopened tickets."""

from __future__ import annotations

from functools import partial
from typing import Any

from features.catalog import Aggregate, Feature
from features.facts import DAY, Facts, seconds

HOUR = 3_600
WINDOWS = (30, 90, 180, 365)


def _complaint(f: Facts) -> Any:
    return f.kind == "complaint"


def _complaints(f: Facts, oldest: int) -> Any:
    return f.count(oldest, where=_complaint(f))


def _open(f: Facts) -> Any:
    """Complaints never resolved, or reopened since."""
    unsolved = f.resolved_at.isnull()
    if "reopened_at" in f:
        unsolved = unsolved | (f.reopened_at > f.resolved_at).fill_null(False)
    return _complaint(f) & unsolved


def _open_since(f: Facts) -> Any:
    """When an open complaint began to wait: opened, or reopened since."""
    if "reopened_at" not in f:
        return f.opened_at
    return f.resolved_at.isnull().ifelse(f.opened_at, f.reopened_at)


def _response_seconds(f: Facts) -> Any:
    return seconds(f.first_response_at) - seconds(f.opened_at)


AGGREGATES = (
    Aggregate("complaints", "tickets", lambda f: f.count(where=_complaint(f)), empty=0),
    *(Aggregate(f"complaints_{n}d", "tickets", partial(_complaints, oldest=n), empty=0) for n in WINDOWS),
    Aggregate("questions_180d", "tickets", lambda f: f.count(180, where=f.kind != "complaint"), empty=0),
    Aggregate("days_since_complaint", "tickets", lambda f: f.days_since_last(where=_complaint(f))),
    Aggregate("last_complaint_at", "tickets", lambda f: f.opened_at.max(where=_complaint(f))),
    Aggregate(
        "first_complaint_180d_at", "tickets", lambda f: f.opened_at.min(where=_complaint(f) & f.between(180))
    ),
    Aggregate("complaints_open", "tickets", lambda f: f.count(where=_open(f)), ("resolved_at",), 0),
    Aggregate(
        "complaint_open_days",
        "tickets",
        lambda f: (seconds(f.as_of) - seconds(_open_since(f))).max(where=_open(f)).cast("float64") / DAY,
        ("resolved_at",),
    ),
    Aggregate("oldest_open_at", "tickets", lambda f: _open_since(f).min(where=_open(f)), ("resolved_at",)),
    Aggregate(
        "unanswered_180d",
        "tickets",
        lambda f: f.count(180, where=f.first_response_at.isnull()),
        ("first_response_at",),
        0,
    ),
    Aggregate(
        "response_hours_180d",
        "tickets",
        lambda f: f.mean(_response_seconds(f), 180) / HOUR,
        ("first_response_at",),
    ),
    Aggregate(
        "response_hours_before",
        "tickets",
        lambda f: f.mean(_response_seconds(f), None, 180) / HOUR,
        ("first_response_at",),
    ),
    Aggregate(
        "reopened_180d", "tickets", lambda f: f.count(180, where=f.reopened_at.notnull()), ("reopened_at",), 0
    ),
)

FEATURES = (
    Feature("complaints", "service", "complaints", "complaints ever", worse="high"),
    *(
        Feature(f"complaints_{n}d", "service", "complaints", f"complaints in the last {n} days", worse="high")
        for n in WINDOWS
    ),
    Feature(
        "complaint_rate_365d",
        "service",
        "ratio",
        "complaints per order in the last 365 days",
        worse="high",
        null="no order in the last 365 days",
        needs=("complaints_365d", "orders_365d"),
        value=lambda row: row.complaints_365d / row.orders_365d.nullif(0),
    ),
    Feature("questions_180d", "service", "tickets", "questions and requests in the last 180 days"),
    Feature(
        "days_since_complaint", "service", "days", "days since the last complaint", null="no complaint yet"
    ),
    Feature(
        "complaint_after_order",
        "service",
        "days",
        "days from the last order to the last complaint, where the complaint came later",
        worse="high",
        null="no complaint after the last order",
        needs=("days_since_order", "days_since_complaint"),
        value=lambda row: (row.days_since_complaint < row.days_since_order).ifelse(
            row.days_since_order - row.days_since_complaint, None
        ),
    ),
    Feature("complaints_open", "service", "complaints", "complaints still open", worse="high"),
    Feature(
        "complaint_open_days",
        "service",
        "days",
        "days that the oldest open complaint has waited",
        worse="high",
        null="no open complaint",
    ),
    Feature(
        "unanswered_180d",
        "service",
        "tickets",
        "tickets of the last 180 days without any answer",
        worse="high",
    ),
    Feature(
        "response_hours_180d",
        "service",
        "hours",
        "mean hours to the first answer in the last 180 days",
        worse="high",
        null="no answered ticket in the last 180 days",
    ),
    Feature(
        "response_hours_before",
        "service",
        "hours",
        "mean hours to the first answer before the last 180 days",
        null="no answered ticket before the last 180 days",
    ),
    Feature(
        "reopened_180d", "service", "tickets", "tickets of the last 180 days that were reopened", worse="high"
    ),
    Feature(
        "last_complaint_at",
        "service",
        "date",
        "time of the last complaint",
        null="no complaint yet",
        kind="fact",
    ),
    Feature(
        "first_complaint_180d_at",
        "service",
        "date",
        "time of the first complaint in the last 180 days",
        null="no complaint in the last 180 days",
        kind="fact",
    ),
    Feature(
        "oldest_open_at",
        "service",
        "date",
        "time of the oldest open complaint",
        null="no open complaint",
        kind="fact",
    ),
)
