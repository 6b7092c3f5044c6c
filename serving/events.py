"""Raw events → scores, by the very expressions that training and `amity score` use."""

from __future__ import annotations

import duckdb

from features.errors import RequestError
from features.sources import source_from_rows
from models.scoring import Scored, score
from serving.replies import Customer, EventsReply
from serving.requests import EventsRequest
from serving.resources import Resources
from serving.rows import rows


def score_events(request: EventsRequest, resources: Resources) -> EventsReply:
    """Raises RequestError where there is too much or no order at all, else what reading and scoring raise."""
    request.require_sound()
    if not request.tables.get("orders", True):
        raise RequestError("orders is empty, so nobody is active; give the orders of whom you want scored.")
    bundle, scored = resources.bundle, _scored(request, resources)
    customers = [Customer(**row) for row in rows(scored)]
    return EventsReply(
        as_of=request.as_of,
        model_version=bundle.manifest.version,
        currency=bundle.manifest.definitions.currency,
        base_risk=scored.points.base_risk,
        customers=customers,
        inactive_ids=sorted(request.customer_ids() - {customer.customer_id for customer in customers}),
    )


def _scored(request: EventsRequest, resources: Resources) -> Scored:
    source = source_from_rows(request.tables)
    try:
        return score(resources.bundle, source.tables, request.as_of, resources.playbook)
    except duckdb.DataError as error:
        first = str(error).splitlines()[0]
        raise RequestError(
            f"A value in the tables is too large to compute with ({first}); correct it."
        ) from None
    finally:
        source.backend.disconnect()
