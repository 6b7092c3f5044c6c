"""The store of scores: a scoring is there whole or not at all, and never changes."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from sqlalchemy import Connection, Engine, Select, bindparam, delete, func, select

from configs.settings import Definitions
from features.errors import RequestError
from models import words
from serving.census import Census
from serving.database import address, connect, told
from serving.errors import AbsentError
from serving.filters import EVERYONE, LARGEST_ID, Cursor, Filter, storable
from serving.ranking import Ranking, read
from serving.rankings import Rankings
from serving.rows import KEPT, OF_SCORING, Row
from serving.saving import save
from serving.schema import examples, rankings, scores, scorings
from serving.scoring import Page, Scoring

if TYPE_CHECKING:
    from models.scoring import Scored

BATCH = 1000
FRAME_BATCH = 50_000
TOLD_DAYS = 10
OF_ITS_SCORING = scores.c.scoring_id == scorings.c.id
ROW = select(*((scorings if name in OF_SCORING else scores).c[name] for name in KEPT)).join_from(
    scores, scorings, OF_ITS_SCORING
)
RANKED = ROW.where(scores.c.scoring_id == bindparam("scoring_id")).order_by(scores.c.rank)
BETWEEN = RANKED.where(scores.c.rank.between(bindparam("first"), bindparam("last")))
AMONG = {
    name: RANKED.where(scores.c[name].in_(bindparam("values", expanding=True)))
    for name in ("rank", "customer_id")
}
HEAD = select(scorings).where(scorings.c.id == bindparam("id"))
LAST = select(func.max(scorings.c.id))
HISTORY = (
    "as_of",
    "model_version",
    "status",
    "churn_probability",
    "clv",
    "value_at_risk",
    "rank",
)
LAST_OF_DAYS = (
    select(func.max(scorings.c.id)).where(scorings.c.id <= bindparam("until")).group_by(scorings.c.as_of)
)
PAST = (
    select(*((scorings if name in OF_SCORING else scores).c[name] for name in HISTORY))
    .join_from(scores, scorings, OF_ITS_SCORING)
    .where(scores.c.customer_id == bindparam("customer_id"), scorings.c.id.in_(LAST_OF_DAYS))
    .order_by(scorings.c.as_of)
)
"""Built once: to build a statement takes longer than to run it."""


class Store:
    """Every method raises ConfigError where the database fails, besides what it says itself."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._newest: Scoring | None = None
        self._rankings = Rankings(self._read_ranking)

    @classmethod
    def open(cls, url: str | None = None) -> Store:
        """The store at `url`, else at `AMITY_STORE_URL`, else <home>/store.db; made where it isn't there."""
        return cls(connect(address(url)))

    @property
    def engine(self) -> Engine:
        return self._engine

    def close(self) -> None:
        self._engine.dispose()

    def save(
        self, scored: Scored, *, source: str, definitions: Definitions, census: Census | None = None
    ) -> int:
        """Keep a scoring, in one transaction, and return its id; older ones of the same day stay as history.

        `source`: the address of the tables; a password in it is not kept. `definitions`: those of the bundle
        that scored. `census`: null where nobody asked the source. Raises RequestError where nobody was
        scored.
        """
        return save(self._engine, scored, source, definitions, census)

    def prune(self, before: datetime) -> int:
        """Delete the scorings of days before `before`, but for the one made last; how many there were.

        Each goes whole; a list that somebody is just reading ends with an error, not short.
        """
        last = select(func.max(scorings.c.id)).scalar_subquery()
        old = select(scorings.c.id).where(scorings.c.as_of < before, scorings.c.id < last)
        with told(self._engine.url), self._engine.begin() as connection:
            gone = list(connection.scalars(old))
            for scoring_id in gone:
                for table in (scores, rankings, examples):
                    connection.execute(delete(table).where(table.c.scoring_id == scoring_id))
                connection.execute(delete(scorings).where(scorings.c.id == scoring_id))
        return len(gone)

    def latest(self, as_of: datetime | None = None) -> Scoring | None:
        """The scoring made last, of any day or of the day `as_of`; null where there is none."""
        if as_of is not None:
            return next(iter(self.scorings(1, as_of)), None)
        with self._reading() as connection:
            last = connection.scalar(LAST)
            if last is not None and (self._newest is None or self._newest.id != last):
                self._newest = Scoring.of(connection.execute(HEAD, {"id": last}).mappings().one())
        return None if last is None else self._newest

    def scorings(self, most: int | None = 100, as_of: datetime | None = None) -> list[Scoring]:
        """The `most` scorings made last (null: all), the newest first, of any day or of the day `as_of`."""
        wanted = select(scorings).order_by(scorings.c.id.desc()).limit(most)
        if as_of is not None:
            wanted = wanted.where(scorings.c.as_of == as_of)
        with self._reading() as connection:
            return [Scoring.of(row) for row in connection.execute(wanted).mappings()]

    def current(self, as_of: datetime | None = None) -> Scoring:
        """The scoring made last, of any day or of the day `as_of`; raises AbsentError where there is none."""
        scoring = self.latest(as_of)
        if scoring is not None:
            return scoring
        days = dict.fromkeys(f"{known.as_of:%Y-%m-%d}" for known in self.scorings())
        if as_of is None or not days:
            raise AbsentError("Nothing has been scored yet; run `amity score SOURCE --out FILE` first.")
        raise AbsentError(
            f"Nothing was scored as of {as_of:%Y-%m-%d}; there are lists of "
            f"{', '.join(list(days)[:TOLD_DAYS])}{' and of earlier days' if len(days) > TOLD_DAYS else ''}."
        )

    def scoring(self, scoring_id: int) -> Scoring:
        """Raises AbsentError where there is no such scoring."""
        with self._reading() as connection:
            row = connection.execute(HEAD, {"id": scoring_id}).mappings().first()
        if row is None:
            raise AbsentError(f"There is no scoring {scoring_id}; start the list anew, without a cursor.")
        return Scoring.of(row)

    def at_risk(
        self,
        only: Filter = EVERYONE,
        top: int = 50,
        after: Cursor | None = None,
        scoring: Scoring | None = None,
    ) -> Page:
        """The `top` customers with most value at risk that pass `only`, ties by customer_id.

        Of `scoring` (the one made last); a page that goes on `after` a cursor comes from the cursor's
        scoring, whatever was scored since. Raises RequestError where `top` is below 1 or `only` asks for
        what the scoring doesn't know, AbsentError where nothing is scored yet or the scoring is gone.
        """
        _require_positive(top)
        scoring = self.scoring(after.scoring_id) if after else scoring or self.current()
        _require_contacts(scoring, only)
        ranking = self.ranking(scoring)
        passing = ranking.holds(only)
        matching = int(passing.sum())
        if not matching:
            _require_known(ranking, only)
        worth = float(ranking.frame["value_at_risk"].to_numpy()[passing].sum())
        ranks = _ranks(passing, after.rank if after else 0)
        rows = [row for some in _batches(ranks[:top]) for row in self._rows(scoring, some)]
        more = Cursor(scoring.id, int(ranks[top - 1])) if len(ranks) > top else None
        return Page(scoring, rows, matching, worth, more)

    def each_at_risk(self, scoring: Scoring, only: Filter = EVERYONE, after_rank: int = 0) -> Iterator[Row]:
        """All rows of a scoring that pass `only`, ranked, a batch at a time.

        Raises AbsentError where the scoring was pruned meanwhile.
        """
        for ranks in _batches(_ranks(self.ranking(scoring).holds(only), after_rank)):
            yield from self._rows(scoring, ranks)
        self.scoring(scoring.id)

    def frame(self, scoring: Scoring, names: Sequence[str]) -> pd.DataFrame:
        """The columns `names` (of `KEPT`) of all customers of a scoring, ranked; missing is null."""
        columns = ((scorings if name in OF_SCORING else scores).c[name] for name in names)
        wanted = select(*columns).join_from(scores, scorings, OF_ITS_SCORING)
        wanted = wanted.where(scores.c.scoring_id == scoring.id).order_by(scores.c.rank)
        with self._reading() as connection:
            parts = list(pd.read_sql(wanted, connection, chunksize=FRAME_BATCH))
        return pd.concat(parts, ignore_index=True)

    def ranking(self, scoring: Scoring) -> Ranking:
        """All customers of a scoring; those forgotten less than a minute ago may be among them.

        Raises AbsentError where the scoring is gone.
        """
        ranking = self._rankings.of(scoring.id)
        if ranking.frame.empty:
            self.scoring(scoring.id)
        return ranking

    def row(self, customer_id: str, scoring: Scoring | None = None) -> Row:
        """One customer of a scoring (the one made last); raises AbsentError where they aren't in it."""
        scoring = scoring or self.current()
        found = self.rows_of([customer_id], scoring)
        if found:
            return found[0]
        before = self.history(customer_id, scoring)
        since = f" (last scored as of {words.date(before[-1]['as_of'])})" if before else ""
        raise AbsentError(
            f"Customer {customer_id[:80]!r} is not among the {scoring.customers:,} active customers as of "
            f"{words.date(scoring.as_of)}{since}. Check the id, or score again if they ordered since."
        )

    def rows_of(self, customer_ids: Sequence[str], scoring: Scoring) -> list[Row]:
        """The rows of those customers that are in the scoring, ranked; unknown ids have no row."""
        ids = np.unique([storable(customer_id) for customer_id in customer_ids])
        found = [row for some in _batches(ids) for row in self._among("customer_id", scoring, some)]
        return sorted(found, key=lambda row: int(row["rank"]))

    def history(self, customer_id: str, until: Scoring | None = None) -> list[Row]:
        """The customer's risk over the days scored, oldest first: the last scoring of each day; `HISTORY`.

        As it was known when the scoring `until` was made, where one is given.
        """
        values = {"customer_id": storable(customer_id), "until": until.id if until else LARGEST_ID}
        return self._found(PAST, values)

    def examples(self, scoring: Scoring, kind: str) -> list[Row]:
        """customer_id and last_order_at of some customers of a kind of `serving.census`, the latest first."""
        wanted = (
            select(examples.c.customer_id, examples.c.last_order_at)
            .where(examples.c.scoring_id == scoring.id, examples.c.kind == kind)
            .order_by(examples.c.last_order_at.desc(), examples.c.customer_id)
        )
        return self._found(wanted, {})

    def _rows(self, scoring: Scoring, ranks: np.ndarray) -> list[Row]:
        first, last = int(ranks[0]), int(ranks[-1])
        if last - first + 1 == len(ranks):
            return self._found(BETWEEN, {"scoring_id": scoring.id, "first": first, "last": last})
        return self._among("rank", scoring, ranks)

    def _among(self, name: str, scoring: Scoring, values: np.ndarray) -> list[Row]:
        return self._found(AMONG[name], {"scoring_id": scoring.id, "values": values.tolist()})

    def _found(self, wanted: Select[Any], values: dict[str, Any]) -> list[Row]:
        with self._reading() as connection:
            return [dict(row) for row in connection.execute(wanted, values).mappings()]

    def _read_ranking(self, scoring_id: int) -> Ranking:
        with self._reading() as connection:
            return read(connection, scoring_id)

    @contextmanager
    def _reading(self) -> Iterator[Connection]:
        with told(self._engine.url), self._engine.connect() as connection:
            yield connection


def _ranks(passing: np.ndarray, after: int) -> np.ndarray:
    """Of those who pass, in order; the first customer has rank 1."""
    return np.flatnonzero(passing[after:]) + after + 1


def _batches(values: np.ndarray) -> Iterator[np.ndarray]:
    for start in range(0, len(values), BATCH):
        yield values[start : start + BATCH]


def _require_positive(top: int) -> None:
    if top < 1:
        raise RequestError(f"top is {top}; ask for 1 row or more.")


def _require_contacts(scoring: Scoring, only: Filter) -> None:
    if only.not_contacted_since is not None and not scoring.knows_contacts:
        raise RequestError(
            "The scored source has no table of contacts, so nobody knows who was contacted when; ask without "
            "not_contacted_since."
        )


def _require_known(ranking: Ranking, only: Filter) -> None:
    """Nobody passes: tell a word that nobody bears from an empty answer."""
    for name in ("segment", "country"):
        asked = getattr(only, name)
        if asked is None:
            continue
        known = ranking.words(name)
        if not known:
            raise RequestError(f"No customer bears a {name}; the source names none. Ask without {name}.")
        if asked not in known:
            raise RequestError(
                f"No customer is of {name} {asked[:40]!r}; use one of {', '.join(known[:20])}."
            )
