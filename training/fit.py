"""Tables → bundle, as of a day: what a model trained on that day would have been."""

from __future__ import annotations

import hashlib
import json
import subprocess
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path

import ibis
import pandas as pd

from configs.settings import Definitions, TrainingSettings
from features.build import KEYS, build, catalog
from features.catalog import Feature
from features.labels import labels
from features.reference import Reference, reference
from features.snapshots import Tables, before, population, span
from features.tables import CONTRACT
from models.bundle import Bundle, Manifest
from models.causes import fit_causes
from models.churn import ChurnModel, History, fit_churn
from models.clv import ClvModel, fit_clv
from models.level import Level
from models.peers import peers
from models.spread import Spread
from models.trees import Trees
from training.contractual import contractual_level
from training.outlook import Outlook, long_spread, outlook
from training.plan import Plan, plan
from training.reactivation import Lapsed, fitted

HASHES = 2**31 - 1
"""A row's hash is taken modulo this prime, so that the sum over a few billion rows has room."""


def fit(tables: Tables, as_of: datetime, definitions: Definitions, settings: TrainingSettings) -> Bundle:
    """Fit all models as of a day, from facts before it.

    Raises HistoryError where history, customers or outcomes don't suffice.
    """
    known = before(tables, as_of)
    told = reference(known, as_of)
    active = population(known, [as_of], definitions.lookback_days, definitions.mode)
    today = build(known, active, told).order_by("customer_id").to_pandas()
    chosen = plan_for(known, as_of, definitions, settings)
    frame = training_frame(known, chosen, definitions, told)
    by = recipe(known, as_of, definitions, settings, told)
    clv = by.clv(frame, today)
    spread = _spread(known, as_of, definitions, told, by) or (clv.spread if clv else None)
    numbers = [f.name for f in catalog(known).available(known) if f.kind == "number"]
    return Bundle(
        manifest=Manifest(
            as_of=as_of,
            definitions=definitions,
            tables=used(known),
            fingerprint=fingerprint(known),
            code=code_revision(),
            settings=settings.model_dump() | {"days": [day.isoformat() for day in chosen.days]},
        ),
        reference=told,
        churn=by.churn(frame, today).measured_from(today),
        clv=replace(clv, spread=spread) if clv else None,
        peers=peers(today, numbers),
        causes=fit_causes(frame, by.features, settings.seed),
        reactivation=_reactivation(known, as_of, definitions, told, by),
    )


def _spread(
    tables: Tables, as_of: datetime, definitions: Definitions, told: Reference, by: Recipe
) -> Spread | None:
    """The spread over the horizon of the CLV, where it can be had by itself."""
    if by.outlook is None:
        return None
    return long_spread(tables, as_of, definitions, told, by.outlook.revenue.deviations[0])


def _reactivation(
    tables: Tables, as_of: datetime, definitions: Definitions, told: Reference, by: Recipe
) -> ChurnModel | None:
    if by.outlook is None:
        return None
    return fitted(Lapsed(tables, as_of, definitions, told, by.outlook), by.trees)[0]


def plan_for(tables: Tables, as_of: datetime, definitions: Definitions, settings: TrainingSettings) -> Plan:
    first, _ = span(tables, definitions.mode)
    table = tables["subscriptions" if definitions.mode == "contractual" else "orders"]
    customers = int(table.customer_id.nunique().to_pyarrow().as_py())
    return plan(first, as_of, definitions, settings, customers)


def training_frame(tables: Tables, days: Plan, definitions: Definitions, told: Reference) -> pd.DataFrame:
    """One row per active customer and training day: keys, features, `churned`, `revenue`."""
    snapshots = population(tables, days.days, definitions.lookback_days, definitions.mode)
    rows = build(tables, snapshots, told)
    outcome = labels(tables, snapshots, definitions.horizon_days, definitions.mode)
    frame: pd.DataFrame = rows.join(outcome, list(KEYS)).to_pandas()
    return frame.sort_values(["as_of", "customer_id"], ignore_index=True)


def trees(settings: TrainingSettings) -> Trees:
    return Trees(
        settings.trees, settings.leaves, settings.learning_rate, settings.min_leaf_share, settings.seed
    )


@dataclass(frozen=True)
class Recipe:
    """All that a fit takes beside its rows: features to choose from, sizes, and the outlook as of the day.

    `outlook`: null where churn is contractual, and orders don't tell of it. `level`: of churn, from the
    outlook, or from what share of all subscribers left; null where no horizon of theirs was over.
    """

    features: tuple[Feature, ...]
    trees: Trees
    horizon_days: int
    outlook: Outlook | None
    level: Level | None

    def churn(self, frame: pd.DataFrame, today: pd.DataFrame) -> ChurnModel:
        """Fitted on `frame`, at the level of the horizon to come; `today`: the day's active customers."""
        history = History(self.outlook.buying, self.horizon_days) if self.outlook else None
        fitted = fit_churn(frame, self.features, self.trees, history, self.horizon_days)
        return fitted.at(self.level, today) if self.level else fitted

    def clv(self, frame: pd.DataFrame, today: pd.DataFrame) -> ClvModel | None:
        """The same for the CLV; null where churn is contractual."""
        if self.outlook is None:
            return None
        level, buying = self.outlook.revenue, self.outlook.buying
        fitted = fit_clv(frame, self.features, self.trees, buying, self.horizon_days, level.deviations[0])
        return fitted.at(level, today)


def recipe(
    tables: Tables, as_of: datetime, definitions: Definitions, settings: TrainingSettings, told: Reference
) -> Recipe:
    """The recipe as of a day, from facts before it."""
    features = catalog(tables).available(tables)
    horizon = definitions.horizon_days
    if definitions.mode == "contractual":
        level = contractual_level(tables, as_of, definitions)
        return Recipe(features, trees(settings), horizon, None, level)
    found = outlook(tables, as_of, definitions, told)
    return Recipe(features, trees(settings), horizon, found, found.churn)


def used(tables: Tables) -> dict[str, tuple[str, ...]]:
    """Table → the columns that the features are computed from; other columns may be missing at scoring."""
    book = catalog(tables)
    wanted = book.aggregates(book.available(tables))
    required = {name: [c.name for c in CONTRACT[name].columns if not c.optional] for name in wanted}
    return {
        name: tuple(dict.fromkeys([*required[name], *(need for a in wanted[name] for need in a.needs)]))
        for name in sorted(wanted)
    }


def fingerprint(tables: Tables) -> str:
    """A digest of all that the tables hold; the order of rows and of columns doesn't matter.

    The rows are hashed by the engine: the same tables in another engine have another fingerprint.
    """
    figures = {name: _figures(table) for name, table in sorted(tables.items())}
    return hashlib.sha256(json.dumps(figures, sort_keys=True, default=str).encode()).hexdigest()[:16]


def _figures(table: ibis.Table) -> dict[str, object]:
    """The columns, how many rows there are, and the sum of the rows' hashes."""
    columns = sorted(table.columns)
    values = [table[name].cast("string").hash().cast("string").fill_null("null") for name in columns]
    row = ibis.literal(" ").join(values).hash() % HASHES
    figures = table.aggregate(rows=table.count(), total=row.sum()).to_pyarrow().to_pylist()[0]
    return {"columns": columns, **figures}


def code_revision() -> str:
    """The commit of this code, or `unknown` outside a checkout and where there is no git."""
    try:
        asked = subprocess.run(
            ["git", "rev-parse", "--short", "HEAD"],  # noqa: S607
            cwd=Path(__file__).parent,
            capture_output=True,
            text=True,
            check=False,
        )
    except OSError:
        return "unknown"
    return asked.stdout.strip() or "unknown"
