"""The store of scores: a scoring is there whole or not at all, and never changes."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from itertools import islice
from typing import TYPE_CHECKING, Any

from sqlalchemy import Connection, Engine, Select, func, insert, select
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError

from configs.settings import Definitions
from features.errors import RequestError
from models import words
from serving.database import address, connect, shown, told
from serving.errors import AbsentError
from serving.filters import Cursor, Filter, storable
from serving.rows import COLUMNS, OF_SCORING, Row, rows
from serving.schema import scores, scorings
from serving.scoring import Page, Scoring

if TYPE_CHECKING:
    from models.scoring import Scored

WRITTEN_AT_ONCE = 10_000
BATCH = 1000
EVERYONE = Filter()
ROW = select(*((scorings if name in OF_SCORING else scores).c[name] for name in COLUMNS)).join_from(
    scores, scorings
)
HISTORY = (
    "as_of",
    "model_version",
    "status",
    "churn_probability",
    "clv",
    "value_at_risk",
    "rank",
)


class Store:
    """Every method raises ConfigError where the database fails, besides what it says itself."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    @classmethod
    def open(cls, url: str | None = None) -> Store:
        """The store at `url`, else at `AMITY_STORE_URL`, else <home>/store.db; made where it isn't there."""
        return cls(connect(address(url)))

    def close(self) -> None:
        self._engine.dispose()

    def save(self, scored: Scored, *, source: str, definitions: Definitions) -> int:
        """Keep a scoring, in one transaction, and return its id; older ones of the same day stay as history.

        `source`: the address of the tables; a password in it is not kept. `definitions`: those of the bundle
        that scored. Raises RequestError where nobody was scored.
        """
        if scored.scores.empty:
            raise RequestError("Nobody was scored, so there is nothing to keep.")
        ranked = rows(scored)
        with told(self._engine.url), self._engine.begin() as connection:
            head = _head(scored, source, definitions)
            done = connection.execute(insert(scorings).returning(scorings.c.id), head)
            scoring_id = int(done.scalar_one())
            while batch := [_stored(row, scoring_id) for row in islice(ranked, WRITTEN_AT_ONCE)]:
                connection.execute(insert(scores), batch)
        return scoring_id

    def latest(self, as_of: datetime | None = None) -> Scoring | None:
        """The scoring made last, of any day or of the day `as_of`; null where there is none."""
        wanted = select(scorings).order_by(scorings.c.id.desc()).limit(1)
        if as_of is not None:
            wanted = wanted.where(scorings.c.as_of == as_of)
        with self._reading() as connection:
            row = connection.execute(wanted).mappings().first()
        return None if row is None else Scoring.of(row)

    def current(self) -> Scoring:
        """The scoring made last; raises AbsentError where there is none yet."""
        scoring = self.latest()
        if scoring is None:
            raise AbsentError("Nothing has been scored yet; run `amity score SOURCE --out FILE` first.")
        return scoring

    def scoring(self, scoring_id: int) -> Scoring:
        """Raises AbsentError where there is no such scoring."""
        with self._reading() as connection:
            row = connection.execute(select(scorings).where(scorings.c.id == scoring_id)).mappings().first()
        if row is None:
            raise AbsentError(f"There is no scoring {scoring_id}; start the list anew, without a cursor.")
        return Scoring.of(row)

    def at_risk(self, only: Filter = EVERYONE, top: int = 50, after: Cursor | None = None) -> Page:
        """The `top` customers with most value at risk that pass `only`, ties by customer_id.

        A page that goes on `after` a cursor comes from the cursor's scoring, whatever was scored since.
        Raises RequestError where `top` is below 1 or `only` names a segment or country that nobody has,
        AbsentError where nothing is scored yet or the cursor's scoring is gone.
        """
        _require_positive(top)
        scoring = self.scoring(after.scoring_id) if after else self.current()
        wanted = _in(scoring, only)
        with self._reading() as connection:
            matching, worth = connection.execute(
                wanted.with_only_columns(
                    func.count(),
                    func.coalesce(func.sum(scores.c.value_at_risk), 0.0),
                    maintain_column_froms=True,
                )
            ).one()
            if not matching:
                _require_known(connection, scoring, only)
            found = _ranked(connection, wanted, after.rank if after else 0, top + 1)
        more = Cursor(scoring.id, found[top - 1]["rank"]) if len(found) > top else None
        return Page(scoring, found[:top], int(matching), float(worth), more)

    def each_at_risk(self, scoring: Scoring, only: Filter = EVERYONE, after_rank: int = 0) -> Iterator[Row]:
        """All rows of a scoring that pass `only`, ranked, a batch at a time."""
        while True:
            with self._reading() as connection:
                found = _ranked(connection, _in(scoring, only), after_rank, BATCH)
            yield from found
            if len(found) < BATCH:
                return
            after_rank = found[-1]["rank"]

    def row(self, customer_id: str, scoring: Scoring | None = None) -> Row:
        """One customer of a scoring (the one made last); raises AbsentError where they aren't in it."""
        scoring = scoring or self.current()
        found = self.rows_of([customer_id], scoring)
        if found:
            return found[0]
        before = self.history(customer_id)
        since = f" (last scored as of {words.date(before[-1]['as_of'])})" if before else ""
        raise AbsentError(
            f"Customer {customer_id[:80]!r} is not among the {scoring.customers:,} active customers as of "
            f"{words.date(scoring.as_of)}{since}. Check the id, or score again if they ordered since."
        )

    def rows_of(self, customer_ids: Sequence[str], scoring: Scoring) -> list[Row]:
        """The rows of those customers that are in the scoring, ranked; unknown ids have no row."""
        ids = sorted({storable(customer_id) for customer_id in customer_ids})
        found: list[Row] = []
        with self._reading() as connection:
            for start in range(0, len(ids), BATCH):
                some = scores.c.customer_id.in_(ids[start : start + BATCH])
                found += _ranked(connection, _in(scoring, EVERYONE).where(some), 0, BATCH)
        return sorted(found, key=lambda row: int(row["rank"]))

    def history(self, customer_id: str) -> list[Row]:
        """The customer's risk over the days scored, oldest first: the last scoring of each day; `HISTORY`."""
        last = select(func.max(scorings.c.id)).group_by(scorings.c.as_of)
        columns = [(scorings if name in OF_SCORING else scores).c[name] for name in HISTORY]
        wanted = (
            select(*columns)
            .join_from(scores, scorings)
            .where(scores.c.customer_id == storable(customer_id), scorings.c.id.in_(last))
            .order_by(scorings.c.as_of)
        )
        with self._reading() as connection:
            return [dict(row) for row in connection.execute(wanted).mappings()]

    @contextmanager
    def _reading(self) -> Iterator[Connection]:
        with told(self._engine.url), self._engine.connect() as connection:
            yield connection


def _in(scoring: Scoring, only: Filter) -> Select[Any]:
    return ROW.where(scores.c.scoring_id == scoring.id, *only.conditions())


def _ranked(connection: Connection, wanted: Select[Any], after_rank: int, limit: int) -> list[Row]:
    page = wanted.where(scores.c.rank > after_rank).order_by(scores.c.rank).limit(limit)
    return [dict(row) for row in connection.execute(page).mappings()]


def _head(scored: Scored, source: str, definitions: Definitions) -> Row:
    return {
        "as_of": scored.scores["as_of"].iloc[0].to_pydatetime(),
        "model_version": str(scored.scores["model_version"].iloc[0]),
        "source": _without_password(source),
        "created_at": datetime.now(UTC).replace(tzinfo=None),
        "base_risk": float(scored.points.base_risk),
        "customers": len(scored.scores),
        "definitions": definitions.model_dump(),
    }


def _stored(row: Row, scoring_id: int) -> Row:
    """The row as `scores` holds it, in place: what belongs to the scoring stands in `scorings`."""
    for name in OF_SCORING:
        del row[name]
    row["scoring_id"] = scoring_id
    return row


def _require_positive(top: int) -> None:
    if top < 1:
        raise RequestError(f"top is {top}; ask for 1 row or more.")


def _require_known(connection: Connection, scoring: Scoring, only: Filter) -> None:
    """Nobody passes: tell a word that nobody bears from an empty answer."""
    for name in ("segment", "country"):
        asked, column = getattr(only, name), scores.c[name]
        if asked is None:
            continue
        there = select(column).where(scores.c.scoring_id == scoring.id, column.is_not(None)).distinct()
        known = sorted(connection.scalars(there))
        if not known:
            raise RequestError(f"No customer bears a {name}; the source names none. Ask without {name}.")
        if asked not in known:
            raise RequestError(
                f"No customer is of {name} {asked[:40]!r}; use one of {', '.join(known[:20])}."
            )


def _without_password(source: str) -> str:
    try:
        return shown(make_url(source)) if "://" in source else source
    except ArgumentError:
        return source
