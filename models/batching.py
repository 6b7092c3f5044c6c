"""Many requests of raw events scored at once: what takes its time is the query, not its rows.

Requests as of the same moment whose tables have the same columns and types are put together, each with ids of
its own, and taken apart again. The scores are those that each would get alone.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from configs.settings import Playbook
from features.errors import AmityError
from features.live import Events, Live, Rows
from models.bundle import Bundle
from models.scoring import Scored, read_events, require_somebody, score_frame

OWN = frozenset(
    {
        *("customer_id", "order_id", "return_id", "ticket_id"),
        *("response_id", "contact_id", "subscription_id"),
    }
)
"""Ids that two requests may both use for different things; a product or a campaign is the same for all."""

MARK = "\x1f"


@dataclass(frozen=True)
class Asked:
    """The rows of one request, and the day as of which it asks."""

    rows: Rows
    as_of: datetime


@dataclass(frozen=True)
class Batch:
    """`scored`: of several requests each, every customer by an id that `owner` takes apart.

    `errors`: the place of a request → what is wrong with it; it is no other's error.
    """

    scored: list[Scored]
    errors: dict[int, Exception]


def owner(marked: str) -> tuple[int, str]:
    """The place of the request whose customer this is, and the id that it gave."""
    place, given = marked.split(MARK, 1)
    return int(place), given


def score_batch(bundle: Bundle, live: Live, asked: Sequence[Asked], playbook: Playbook) -> Batch:
    """What `score_rows` gives each request, or the error it raises."""
    batch = Batch([], {})
    read: dict[int, Events] = {}
    for place, request in enumerate(asked):
        try:
            read[place] = read_events(bundle, live, request.rows)
        except AmityError as error:
            batch.errors[place] = error
    for places in _alike(asked, read):
        as_of, events = asked[places[0]].as_of, {place: read[place] for place in places}
        _together(_Scorer(bundle, live, playbook), events, as_of, batch)
    return batch


def _alike(asked: Sequence[Asked], read: dict[int, Events]) -> Iterator[list[int]]:
    """The places of requests that one query can answer."""
    groups: dict[tuple[object, ...], list[int]] = {}
    for place, events in read.items():
        schemas = tuple((name, str(events[name].schema)) for name in sorted(events))
        groups.setdefault((asked[place].as_of, schemas), []).append(place)
    yield from groups.values()


@dataclass(frozen=True)
class _Scorer:
    bundle: Bundle
    live: Live
    playbook: Playbook

    def score(self, read: dict[int, Events], as_of: datetime) -> Batch:
        merged = {
            name: pa.concat_tables([_owned(events[name], place) for place, events in read.items()])
            for name in next(iter(read.values()))
        }
        frame = self.live.of(merged, as_of)
        whose = np.array([owner(marked)[0] for marked in frame["customer_id"]], dtype=int)
        batch = Batch([], {})
        for place, events in read.items():
            try:
                require_somebody(self.bundle, frame[whose == place], events, as_of)
            except AmityError as error:
                batch.errors[place] = error
        if len(batch.errors) < len(read):
            dimensions = self.live.dimensions(merged)
            batch.scored.append(score_frame(self.bundle, frame, dimensions, self.playbook))
        return batch


def _together(scorer: _Scorer, read: dict[int, Events], as_of: datetime, batch: Batch) -> None:
    """Alone where together fails: whose values are too large is found out so."""
    try:
        found = scorer.score(read, as_of)
    except Exception as error:
        if len(read) == 1:
            batch.errors.update(dict.fromkeys(read, error))
            return
        for place, events in read.items():
            _together(scorer, {place: events}, as_of, batch)
        return
    batch.scored.extend(found.scored)
    batch.errors.update(found.errors)


def _owned(table: pa.Table, place: int) -> pa.Table:
    for name in OWN & set(table.column_names):
        own = pc.binary_join_element_wise(str(place), table[name], MARK)
        table = table.set_column(table.column_names.index(name), name, own)
    return table
