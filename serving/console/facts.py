"""A customer's events for their page, read from the source that was scored, as it was known then."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from anyio import CapacityLimiter, move_on_after
from anyio.to_thread import run_sync

from features.errors import SourceError
from features.reader.one_customer import facts_of_customer
from models import words
from serving.console.events import Event, events
from serving.scoring import Scoring

SECONDS = 10
"""How long a page waits for the source."""

READ_AT_ONCE = 2


@dataclass(frozen=True)
class Told:
    """`events`: the newest first. `remark`: why they aren't all there; empty where they are."""

    events: list[Event] = field(default_factory=list)
    remark: str = ""


async def told_events(customer_id: str, scoring: Scoring, limiter: CapacityLimiter) -> Told:
    """What the source of a scoring knew of a customer before its day; it may be away, and then says so."""
    with move_on_after(SECONDS):
        return await run_sync(_read, customer_id, scoring, limiter=limiter, abandon_on_cancel=True)
    return Told(remark=f"The source didn’t answer within {SECONDS} seconds, so the events are not shown.")


def _read(customer_id: str, scoring: Scoring) -> Told:
    try:
        facts = facts_of_customer(scoring.source, customer_id, scoring.as_of)
    except SourceError as error:
        return Told(remark=f"The events can’t be shown: {error}")
    return Told(events(facts.tables, scoring.definitions.currency), _remark(facts.left_out))


def _remark(left_out: Mapping[str, int]) -> str:
    if not left_out:
        return ""
    told = ", ".join(f"{words.count(number, 'row')} of {name}" for name, number in left_out.items())
    return f"Not shown, because they can’t be used (`amity check` tells why): {told}."
