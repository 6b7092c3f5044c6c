"""The tables of the store.

Times are UTC without a zone; money is in the currency of the scoring's definitions.
"""

from __future__ import annotations

from sqlalchemy import (
    JSON,
    Column,
    DateTime,
    Double,
    ForeignKey,
    Index,
    Integer,
    MetaData,
    String,
    Table,
    Text,
)

from features.catalog import DIMENSIONS
from models.weakpoints import NAMED

METADATA = MetaData()

BY_CODE_POINT = String().with_variant(String(collation="C"), "postgresql")
"""Text that sorts alike in every engine and in Python."""

WEAK_POINTS = tuple(f"weak_point_{place}" for place in range(1, NAMED + 1))
POINTS = {name: f"{name}_points" for name in DIMENSIONS}
"""Dimension → the column of its signed percentage points of churn probability."""

scorings = Table(
    "scorings",
    METADATA,
    Column("id", Integer, primary_key=True),
    Column("as_of", DateTime, nullable=False),
    Column("model_version", String, nullable=False),
    Column("source", String, nullable=False),
    Column("created_at", DateTime, nullable=False),
    Column("base_risk", Double, nullable=False),
    Column("customers", Integer, nullable=False),
    Column("definitions", JSON, nullable=False),
    Index("scorings_by_day", "as_of", "id"),
)

scores = Table(
    "scores",
    METADATA,
    Column("scoring_id", ForeignKey("scorings.id"), primary_key=True),
    Column("customer_id", BY_CODE_POINT, primary_key=True),
    Column("rank", Integer, nullable=False),
    Column("segment", String),
    Column("country", String),
    Column("status", String, nullable=False),
    Column("churn_probability", Double, nullable=False),
    Column("clv", Double, nullable=False),
    Column("clv_low", Double),
    Column("clv_high", Double),
    Column("value_at_risk", Double, nullable=False),
    Column("expected_next_order_at", DateTime),
    *(
        column
        for name in WEAK_POINTS
        for column in (
            Column(name, String),
            Column(f"{name}_points", Double),
            Column(f"{name}_says", Text),
        )
    ),
    Column("action", Text),
    *(Column(name, Double, nullable=False) for name in POINTS.values()),
    Index("scores_by_rank", "scoring_id", "rank", unique=True),
    Index("scores_by_customer", "customer_id"),
)
