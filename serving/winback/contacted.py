"""Whom earlier plans have contacted lately, or are about to, before any table tells of it."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Engine, Select, and_, exists, or_, select, union

from serving.database import told
from serving.winback.outbox import OPEN
from serving.winback.schema import messages, plan_rows, plans, sendings
from serving.winback.verdict import DELIVERED


def contacted_since(engine: Engine, day: datetime, other_than: int = 0) -> list[str]:
    """The customers whom any plan but `other_than` has contacted since that time, or will.

    A webhook: to whom something was delivered, or is under way; what is under way counts only where it was
    sent before `other_than`, lest two plans wait for each other. Files: the treatment arm of a plan that went
    out. Raises ConfigError where the database fails.
    """
    wanted = union(_by_webhook(day, other_than), _in_files(day, other_than))
    with told(engine.url), engine.connect() as connection:
        return list(connection.scalars(wanted))


def _by_webhook(day: datetime, other_than: int) -> Select[tuple[str]]:
    own = select(plans.c.sent_at).where(plans.c.id == other_than).scalar_subquery()
    earlier = or_(own.is_(None), plans.c.sent_at < own)
    delivered = and_(messages.c.state == DELIVERED, messages.c.settled_at >= day)
    return (
        select(messages.c.customer_id)
        .join(plans)
        .where(plans.c.id != other_than, or_(delivered, and_(messages.c.state.in_(OPEN), earlier)))
    )


def _in_files(day: datetime, other_than: int) -> Select[tuple[str]]:
    return (
        select(plan_rows.c.customer_id)
        .join(plans)
        .where(
            plans.c.id != other_than,
            plans.c.sent_at >= day,
            plan_rows.c.arm == "treatment",
            ~exists().where(sendings.c.plan_id == plans.c.id),
        )
    )
