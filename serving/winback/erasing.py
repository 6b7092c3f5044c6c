"""A customer who is forgotten leaves the plans: their documents, and what a plan's rows are digested to.

The row itself goes with all others that name the customer. The digest of the rows that stay follows from the
old one and the row alone, so that a plan which somebody changed still shows it.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import Connection, insert, select, update

from features.clock import now
from serving.filters import storable
from serving.winback.schema import erasures, plan_rows, plans
from serving.winback.store import OF_DIGEST, digest_without


def erase_from_plans(connection: Connection, customer_id: str, *, dry_run: bool) -> int:
    """How many plans' documents name the customer; unless `dry_run` they don't any more.

    The rows must still be there.
    """
    if not dry_run:
        _leave_digests(connection, storable(customer_id))
    found = 0
    for plan_id, document in connection.execute(select(plans.c.id, plans.c.document)).all():
        without = _without(document, customer_id)
        if without != document:
            found += 1
            if not dry_run:
                connection.execute(update(plans).where(plans.c.id == plan_id).values(document=without))
    return found


def _leave_digests(connection: Connection, customer_id: str) -> None:
    wanted = select(plan_rows.c.plan_id, plans.c.digest, *(plan_rows.c[name] for name in OF_DIGEST))
    rows = connection.execute(
        wanted.join_from(plan_rows, plans).where(plan_rows.c.customer_id == customer_id)
    )
    for plan_id, whole, *row in rows.all():
        left = digest_without(whole, [tuple(row)])
        connection.execute(update(plans).where(plans.c.id == plan_id).values(digest=left))
        connection.execute(insert(erasures), {"plan_id": plan_id, "at": now(), "rows": 1})


def _without(document: dict[str, Any], customer_id: str) -> dict[str, Any]:
    """Those whom service calls first are the only ids in a document."""
    named = document.get("for_service", [])
    return document | {"for_service": [each for each in named if each != customer_id]}
