"""The tables of the store.

Times are UTC without a zone; money is in the currency of the scoring's definitions.
"""

from __future__ import annotations

from sqlalchemy import (
    JSON,
    Boolean,
    Column,
    DateTime,
    Double,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    Text,
    UniqueConstraint,
)

from features.catalog import DIMENSIONS
from models.weakpoints import NAMED

METADATA = MetaData()

BY_CODE_POINT = String().with_variant(String(collation="C"), "postgresql")
"""Text that sorts alike in every engine and in Python."""

WEAK_POINTS = tuple(f"weak_point_{place}" for place in range(1, NAMED + 1))
POINTS = {name: f"{name}_points" for name in DIMENSIONS}
"""Dimension → the column of its signed percentage points of churn probability."""

REPAIRED = {name: f"{name}_repaired" for name in DIMENSIONS if name != "profile"}
"""Dimension → the column of the churn probability, were it alone repaired; null where that isn't known."""

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
    Column("value_at_risk", Double, nullable=False),
    Column("knows_contacts", Boolean, nullable=False),
    Column("ever", Integer),
    Column("active_then", Integer),
    Column("churned_since", Integer),
    Index("scorings_by_day", "as_of", "id"),
)
"""The heads. `ever`, `active_then`, `churned_since`: of `serving.census`; null where nobody counted."""

scores = Table(
    "scores",
    METADATA,
    Column("scoring_id", Integer, primary_key=True, autoincrement=False),
    Column("rank", Integer, primary_key=True, autoincrement=False),
    Column("customer_id", BY_CODE_POINT, nullable=False),
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
            Column(f"{name}_confidence", String),
            Column(f"{name}_repaired", Double),
        )
    ),
    Column("smallest_repair", String),
    Column("action", Text),
    *(Column(name, Double, nullable=False) for name in POINTS.values()),
    *(Column(name, Double) for name in REPAIRED.values()),
    Column("days_since_order", Double),
    Column("usual_gap", Double),
    Column("overdue", Double),
    Column("last_contact_at", DateTime),
    Column("facts", Text),
    UniqueConstraint("scoring_id", "customer_id", name="scores_of_customer"),
)
"""The keys begin with the scoring, so that a load adds to one end of each, however long the history is. No
foreign key: it would be looked up for each of a million rows that are loaded with their head in one go."""

rankings = Table(
    "rankings",
    METADATA,
    Column("scoring_id", ForeignKey("scorings.id"), primary_key=True, autoincrement=False),
    Column("first_rank", Integer, primary_key=True, autoincrement=False),
    Column("columns", LargeBinary, nullable=False),
)
"""What filters ask for and lists add up, in blocks of ranks as `serving.ranking` packs them."""

examples = Table(
    "examples",
    METADATA,
    Column("scoring_id", ForeignKey("scorings.id"), primary_key=True, autoincrement=False),
    Column("kind", String, primary_key=True),
    Column("customer_id", BY_CODE_POINT, primary_key=True),
    Column("last_order_at", DateTime),
)
"""Some customers who weren't scored. `kind`: of `serving.census`."""
