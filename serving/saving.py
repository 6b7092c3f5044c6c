"""A scoring into the store: its head, its rows and some examples, in one transaction."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd
from sqlalchemy import Engine, insert
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError

from configs.settings import Definitions
from features.clock import now
from features.errors import RequestError
from serving import bulk, ranking
from serving.census import Census
from serving.database import shown, told
from serving.rows import OF_SCORING, Row, frame
from serving.schema import examples, scores, scorings

if TYPE_CHECKING:
    from models.scoring import Scored


def save(engine: Engine, scored: Scored, source: str, definitions: Definitions, census: Census | None) -> int:
    """The scoring's id; readers see all of it or nothing. Raises RequestError where nobody was scored."""
    if scored.scores.empty:
        raise RequestError("Nobody was scored, so there is nothing to keep.")
    head = _head(scored, source, definitions, census)
    ranked = frame(scored, None if census is None else census.contacted).drop(columns=list(OF_SCORING))
    with told(engine.url), engine.begin() as connection:
        scoring_id = int(connection.execute(insert(scorings).returning(scorings.c.id), head).scalar_one())
        bulk.load(connection, scores, _of(ranked, scoring_id))
        ranking.keep(connection, scoring_id, ranked)
        if census is not None and len(census.examples):
            bulk.load(connection, examples, _of(census.examples, scoring_id))
    return scoring_id


def _of(rows: pd.DataFrame, scoring_id: int) -> pd.DataFrame:
    return rows.assign(scoring_id=scoring_id)


def _head(scored: Scored, source: str, definitions: Definitions, census: Census | None) -> Row:
    return {
        "as_of": scored.scores["as_of"].iloc[0].to_pydatetime(),
        "model_version": str(scored.scores["model_version"].iloc[0]),
        "source": without_password(source),
        "created_at": now(),
        "base_risk": float(scored.points.base_risk),
        "customers": len(scored.scores),
        "definitions": definitions.model_dump(),
        "value_at_risk": float(scored.scores["value_at_risk"].sum()),
        "knows_contacts": census is not None and census.contacted is not None,
        "ever": None if census is None else census.ever,
        "active_then": None if census is None else census.active_then,
        "churned_since": None if census is None else census.churned_since,
    }


def without_password(source: str) -> str:
    """The address of a source as it may be shown."""
    try:
        return shown(make_url(source)) if "://" in source else source
    except ArgumentError:
        return source
