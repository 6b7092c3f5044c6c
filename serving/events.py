"""Raw events → scores, by the very expressions that training and `amity score` use."""

from __future__ import annotations

from collections.abc import Sequence

import duckdb

from features.errors import RequestError, SourceError
from models.batching import Asked, owner, score_batch
from models.bundle import Manifest
from models.scoring import Scored
from serving.replies import Customer, EventsReply
from serving.requests import EventsRequest
from serving.resources import Resources
from serving.rows import Row, rows
from serving.speaking import ENGLISH, Speaker


def score_events(request: EventsRequest, resources: Resources, speaker: Speaker = ENGLISH) -> EventsReply:
    """Raises RequestError where there is too much or no order at all, else what reading and scoring raise."""
    request.require_sound()
    found = replies([(request, speaker)], resources)[0]
    if isinstance(found, Exception):
        raise found
    return found


def replies(
    asked: Sequence[tuple[EventsRequest, Speaker]], resources: Resources
) -> list[EventsReply | Exception]:
    """The answer to each request, or what is wrong with it."""
    found: dict[int, EventsReply | Exception] = {}
    for place, (request, _) in enumerate(asked):
        try:
            _require_orders(request, resources)
        except RequestError as error:
            found[place] = error
    sound = [place for place in range(len(asked)) if place not in found]
    wanted = [Asked(asked[place][0].tables, asked[place][0].as_of) for place in sound]
    batch = score_batch(resources.bundle, resources.live, wanted, resources.playbook)
    for at, wrong in batch.errors.items():
        found[sound[at]] = _told(wrong, asked[sound[at]][0], resources)
    for scored in batch.scored:
        for at, mine in _apart(scored).items():
            request, speaker = asked[sound[at]]
            base_risk = scored.points.base_risk
            found[sound[at]] = _reply(base_risk, mine, request, resources.bundle.manifest, speaker)
    return [found[place] for place in range(len(asked))]


def _apart(scored: Scored) -> dict[int, list[Row]]:
    """The rows of each request by its place, ranked, by the ids that it gave."""
    requests: dict[int, list[Row]] = {}
    for row in rows(scored):
        place, given = owner(row["customer_id"])
        mine = requests.setdefault(place, [])
        mine.append(row | {"customer_id": given, "rank": len(mine) + 1})
    return requests


def _reply(
    base_risk: float, ranked: Sequence[Row], request: EventsRequest, manifest: Manifest, speaker: Speaker
) -> EventsReply:
    customers = [Customer(**speaker.told(row, manifest.definitions.currency)) for row in ranked]
    return EventsReply(
        as_of=request.as_of,
        model_version=manifest.version,
        currency=manifest.definitions.currency,
        base_risk=base_risk,
        customers=customers,
        inactive_ids=sorted(request.customer_ids() - {customer.customer_id for customer in customers}),
    )


def _told(error: Exception, request: EventsRequest, resources: Resources) -> Exception:
    """What can't be read, and the tables that aren't there, are told together."""
    if isinstance(error, SourceError):
        gap = "\n " if "\n" in str(error) else ""
        return SourceError(f"{error}{gap}{_also_missing(request, resources)}".rstrip())
    if isinstance(error, duckdb.DataError):
        first = str(error).splitlines()[0]
        return RequestError(f"A value in the tables is too large to compute with ({first}); correct it.")
    return error


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
