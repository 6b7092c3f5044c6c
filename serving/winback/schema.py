"""The tables of win-back. Times are UTC without a zone; money is in the currency of the plan."""

from __future__ import annotations

from sqlalchemy import (
    JSON,
    Column,
    DateTime,
    Double,
    ForeignKey,
    Index,
    Integer,
    String,
    Table,
    Text,
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
"""`state`: draft, approved, sent, measured. `digest`: of the rows, without those that `erasures` tells of.
`document`: what was planned, in figures and words. `result`: what was measured."""

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

sendings = Table(
    "winback_sendings",
    METADATA,
    Column("plan_id", ForeignKey("winback_plans.id"), primary_key=True, autoincrement=False),
    Column("target", String, nullable=False),
    Column("queued_at", DateTime, nullable=False),
    Column("valid_until", DateTime, nullable=False),
)
"""Plans whose messages go to a webhook. `valid_until`: nothing is delivered later."""

messages = Table(
    "winback_messages",
    METADATA,
    Column("key", String, primary_key=True),
    Column("plan_id", ForeignKey("winback_plans.id"), nullable=False),
    Column("customer_id", BY_CODE_POINT, nullable=False),
    Column("offer", String, nullable=False),
    Column("channel", String, nullable=False),
    Column("state", String, nullable=False),
    Column("reason", Text),
    Column("attempts", Integer, nullable=False),
    Column("due_at", DateTime),
    Column("lease", String),
    Column("settled_at", DateTime),
    UniqueConstraint("plan_id", "customer_id", "offer"),
    Index("winback_messages_due", "plan_id", "due_at", "key"),
    Index("winback_messages_by_state", "plan_id", "state"),
    Index("winback_messages_by_customer", "customer_id", "settled_at"),
)
"""The outbox. `key`: by which a receiver knows a message again.

`state`: waiting, sending, delivered, dead, suppressed. `reason`: why it is dead or suppressed. `due_at`:
when a sender may take it, at the next attempt or at the end of the lease of the one that has it; null once it
is settled. `lease`: of the sender that has it.
"""

attempts = Table(
    "winback_attempts",
    METADATA,
    Column("id", Integer, primary_key=True),
    Column("key", ForeignKey("winback_messages.key"), nullable=False),
    Column("customer_id", BY_CODE_POINT, nullable=False),
    Column("number", Integer, nullable=False),
    Column("sender", String, nullable=False),
    Column("started_at", DateTime, nullable=False),
    Column("ended_at", DateTime),
    Column("status", Integer),
    Column("error", Text),
    UniqueConstraint("key", "number"),
    Index("winback_attempts_by_customer", "customer_id"),
)
"""Every attempt, written before it is made. `ended_at`: null where the sender did not live to see an answer.
`status`: of HTTP, null where there was no answer; `error`: null where it was delivered."""

erasures = Table(
    "winback_erasures",
    METADATA,
    Column("id", Integer, primary_key=True),
    Column("plan_id", ForeignKey("winback_plans.id"), nullable=False),
    Column("at", DateTime, nullable=False),
    Column("rows", Integer, nullable=False),
)
"""What `amity forget` took out of plans: when and how many rows; never whose."""
