"""Many requests of raw events scored at once: what takes its time is the query, not its rows.

Requests as of the same moment whose tables have the same columns and types are put together, each with ids of
its own, and taken apart again. The scores are those that each would get alone.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from configs.settings import Playbook
from features.errors import AmityError
from features.live import Events, Live, Rows
from models.bundle import Bundle
from models.scoring import Scored, require_somebody, require_tables, score_frame
from models.weakpoints import Points

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


Outcome = Scored | Exception


def score_batch(bundle: Bundle, live: Live, asked: Sequence[Asked], playbook: Playbook) -> list[Outcome]:
    """What `score_rows` gives each request, or the error it raises; one request's error is no other's."""
    outcomes: dict[int, Outcome] = {}
    read: dict[int, Events] = {}
    for place, request in enumerate(asked):
        try:
            read[place] = _read(bundle, live, request.rows)
        except AmityError as error:
            outcomes[place] = error
    for places in _alike(asked, read):
        as_of, events = asked[places[0]].as_of, {place: read[place] for place in places}
        outcomes |= _together(bundle, live, events, as_of, playbook)
    return [outcomes[place] for place in range(len(asked))]


def _read(bundle: Bundle, live: Live, rows: Rows) -> Events:
    events = live.read(rows)
    require_tables(bundle, {name: table.column_names for name, table in events.items()})
    return events


def _alike(asked: Sequence[Asked], read: dict[int, Events]) -> Iterator[list[int]]:
    """The places of requests that one query can answer."""
    groups: dict[tuple[object, ...], list[int]] = {}
    for place, events in read.items():
        schemas = tuple((name, str(events[name].schema)) for name in sorted(events))
        groups.setdefault((asked[place].as_of, schemas), []).append(place)
    yield from groups.values()


def _together(
    bundle: Bundle, live: Live, read: dict[int, Events], as_of: datetime, playbook: Playbook
) -> dict[int, Outcome]:
    """Alone where together fails: whose values are too large is found out so."""
    try:
        found = _scored(bundle, live, read, as_of, playbook)
    except Exception as error:
        if len(read) == 1:
            return dict.fromkeys(read, error)
        alone = (_together(bundle, live, {place: events}, as_of, playbook) for place, events in read.items())
        return {place: outcome for outcomes in alone for place, outcome in outcomes.items()}
    return found


def _scored(
    bundle: Bundle, live: Live, read: dict[int, Events], as_of: datetime, playbook: Playbook
) -> dict[int, Outcome]:
    names = next(iter(read.values()))
    merged = {
        name: pa.concat_tables([_owned(events[name], place) for place, events in read.items()])
        for name in names
    }
    frame = live.of(merged, as_of)
    whose, _ = _apart(frame["customer_id"])
    outcomes: dict[int, Outcome] = {}
    somebody = []
    for place, events in read.items():
        try:
            require_somebody(bundle, frame[whose == str(place)], events, as_of)
            somebody.append(place)
        except AmityError as error:
            outcomes[place] = error
    if somebody:
        scored = score_frame(bundle, frame, live.dimensions(merged), playbook)
        outcomes |= {place: _part(scored, place) for place in somebody}
    return outcomes


def _owned(table: pa.Table, place: int) -> pa.Table:
    for name in OWN & set(table.column_names):
        own = pc.binary_join_element_wise(str(place), table[name], MARK)
        table = table.set_column(table.column_names.index(name), name, own)
    return table


def _apart(ids: pd.Series) -> tuple[pd.Series, pd.Series]:
    """The place of the request, and the id that it gave."""
    parts = [str(own).split(MARK, 1) for own in ids]
    place, given = (pd.Series([part[n] for part in parts], ids.index, dtype="str") for n in (0, 1))
    return place, given


def _part(scored: Scored, place: int) -> Scored:
    """One request's customers, by the ids that it gave them."""
    mine = (_apart(scored.scores["customer_id"])[0] == str(place)).to_numpy()

    def own(frame: pd.DataFrame) -> pd.DataFrame:
        part = frame[mine].reset_index(drop=True)
        if "customer_id" not in part:
            return part
        return part.assign(customer_id=_apart(part["customer_id"])[1])

    return Scored(
        own(scored.scores),
        Points(scored.points.base_risk, own(scored.points.by_dimension)),
        own(scored.features),
        None if scored.repaired is None else own(scored.repaired),
        None if scored.facts is None else scored.facts[mine].reset_index(drop=True),
    )
