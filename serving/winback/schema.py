"""The tables of win-back. Times are UTC without a zone; money is in the currency of the plan."""

from __future__ import annotations

from sqlalchemy import (
    JSON,
    Column,
    DateTime,
    Double,
    ForeignKey,
    Integer,
    String,
    Table,
    UniqueConstraint,
)

from serving.schema import BY_CODE_POINT, METADATA

plans = Table(
    "winback_plans",
    METADATA,
    Column("id", Integer, primary_key=True),
    Column("name", String, nullable=False),
    Column("version", Integer, nullable=False),
    Column("as_of", DateTime, nullable=False),
    Column("created_at", DateTime, nullable=False),
    Column("state", String, nullable=False),
    Column("budget", Double, nullable=False),
    Column("currency", String, nullable=False),
    Column("digest", String, nullable=False),
    Column("document", JSON, nullable=False),
    Column("approved_at", DateTime),
    Column("approved_by", String),
    Column("sent_at", DateTime),
    Column("result", JSON),
    UniqueConstraint("name", "version"),
)
"""`state`: draft, approved, sent, measured. `digest`: of the rows. `document`: what was planned, in figures
and words. `result`: what was measured."""

plan_rows = Table(
    "winback_plan_rows",
    METADATA,
    Column("plan_id", ForeignKey("winback_plans.id"), primary_key=True),
    Column("customer_id", BY_CODE_POINT, primary_key=True),
    Column("segment", String),
    Column("offer", String, nullable=False),
    Column("arm", String, nullable=False),
    Column("stratum", String, nullable=False),
    Column("treated_chance", Double, nullable=False),
    *(
        Column(name, Double, nullable=False)
        for name in (
            "expected_orders",
            "expected_revenue",
            "expected_profit",
            "expected_cost",
            "usual_orders",
            "usual_revenue",
            "usual_profit",
        )
    ),
)
