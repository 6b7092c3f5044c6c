"""Raw events → scores, by the very expressions that training and `amity score` use."""

from __future__ import annotations

import duckdb

from features.errors import RequestError, SourceError
from models.scoring import Scored, score_rows
from serving.replies import Customer, EventsReply
from serving.requests import EventsRequest
from serving.resources import Resources
from serving.rows import rows


def score_events(request: EventsRequest, resources: Resources) -> EventsReply:
    """Raises RequestError where there is too much or no order at all, else what reading and scoring raise."""
    request.require_sound()
    _require_orders(request, resources)
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
    """What can't be read, and the tables that aren't there, are told together."""
    bundle, playbook = resources.bundle, resources.playbook
    try:
        return score_rows(bundle, resources.live, request.tables, request.as_of, playbook)
    except SourceError as error:
        gap = "\n " if "\n" in str(error) else ""
        raise SourceError(f"{error}{gap}{_also_missing(request, resources)}".rstrip()) from None
    except duckdb.DataError as error:
        first = str(error).splitlines()[0]
        raise RequestError(
            f"A value in the tables is too large to compute with ({first}); correct it."
        ) from None


def _require_orders(request: EventsRequest, resources: Resources) -> None:
    if request.tables.get("orders"):
        return
    found = "an empty list" if "orders" in request.tables else "missing"
    raise RequestError(
        f"tables.orders is {found}: orders of the customers to score are needed, for without them nobody is "
        f"active.{_also_missing(request, resources)}"
    )


def _also_missing(request: EventsRequest, resources: Resources) -> str:
    missing = sorted(resources.bundle.manifest.tables.keys() - request.tables.keys() - {"orders"})
    if not missing:
        return ""
    return (
        f" The model also needs {', '.join(missing)}; an empty list says that nothing happened, "
        "and GET /model lists the columns."
    )
