"""Tables → bundle, as of a day: what a model trained on that day would have been."""

from __future__ import annotations

import hashlib
import json
import subprocess
from collections.abc import Mapping
from datetime import datetime, timedelta
from pathlib import Path

import ibis
import pandas as pd

from configs.settings import Definitions, TrainingSettings
from features.build import KEYS, build, catalog
from features.labels import labels
from features.reference import Reference, reference
from features.snapshots import before, population, span
from features.tables import CONTRACT
from models.bundle import Bundle, Manifest
from models.churn import ChurnModel, Trees, fit_churn
from models.clv import INPUTS, ClvModel, Spread, fit_clv, measure_spread
from models.peers import peers
from training.plan import Plan, plan

SHORTEST_PAST = 180
"""Days of history before a finished CLV horizon that make it worth measuring the spread on."""

HASHES = 2**31 - 1
"""A row's hash is taken modulo this prime, so that the sum over a few billion rows has room."""

Tables = Mapping[str, ibis.Table]


def fit(tables: Tables, as_of: datetime, definitions: Definitions, settings: TrainingSettings) -> Bundle:
    """Fit all models as of a day, from facts before it.

    Raises HistoryError where history, customers or outcomes don't suffice.
    """
    known = before(tables, as_of)
    told = reference(known, as_of)
    active = population(known, [as_of], definitions.lookback_days)
    today = build(known, active, told).order_by("customer_id").to_pandas()
    chosen = plan_for(known, as_of, definitions, settings)
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
        churn=fit_churn_model(known, chosen, definitions, settings, told).measured_from(today),
        clv=fit_clv_model(known, as_of, definitions, told),
        peers=peers(today, numbers),
    )


def plan_for(tables: Tables, as_of: datetime, definitions: Definitions, settings: TrainingSettings) -> Plan:
    first, _ = span(tables)
    customers = int(tables["orders"].customer_id.nunique().to_pyarrow().as_py())
    return plan(first, as_of, definitions, settings, customers)


def training_frame(tables: Tables, days: Plan, definitions: Definitions, told: Reference) -> pd.DataFrame:
    """One row per active customer and training day: keys, features, `churned`, `revenue`."""
    snapshots = population(tables, days.days, definitions.lookback_days)
    rows = build(tables, snapshots, told)
    outcome = labels(tables, snapshots, definitions.horizon_days)
    frame: pd.DataFrame = rows.join(outcome, list(KEYS)).to_pandas()
    return frame.sort_values(["as_of", "customer_id"], ignore_index=True)


def fit_churn_model(
    tables: Tables, days: Plan, definitions: Definitions, settings: TrainingSettings, told: Reference
) -> ChurnModel:
    frame = training_frame(tables, days, definitions, told)
    return fit_churn(frame, catalog(tables).available(tables), trees(settings))


def trees(settings: TrainingSettings) -> Trees:
    return Trees(
        settings.trees, settings.leaves, settings.learning_rate, settings.min_leaf_share, settings.seed
    )


def fit_clv_model(tables: Tables, as_of: datetime, definitions: Definitions, told: Reference) -> ClvModel:
    """The CLV model as of a day, with its spread measured on the longest horizon that is over."""
    histories = customer_histories(tables, as_of, told)
    return fit_clv(histories, told.return_share, _spread(tables, as_of, definitions, told))


def customer_histories(tables: Tables, as_of: datetime, told: Reference) -> pd.DataFrame:
    """Everyone who ordered before `as_of`, active or not, with the inputs of the CLV."""
    known = before(tables, as_of)
    everyone = population(known, [as_of], None)
    frame: pd.DataFrame = build(known, everyone, told, only=INPUTS).to_pandas()
    return frame.sort_values("customer_id", ignore_index=True)


def _spread(tables: Tables, as_of: datetime, definitions: Definitions, told: Reference) -> Spread | None:
    first, _ = span(tables)
    for horizon in (definitions.clv_horizon_days, definitions.horizon_days):
        past = as_of - timedelta(days=horizon)
        if past >= first + timedelta(days=SHORTEST_PAST):
            return _spread_over(tables, past, horizon, definitions, told)
    return None


def _spread_over(
    tables: Tables, past: datetime, horizon: int, definitions: Definitions, told: Reference
) -> Spread | None:
    model = fit_clv(customer_histories(tables, past, told), told.return_share)
    snapshots = population(tables, [past], definitions.lookback_days)
    rows = build(tables, snapshots, told, only=INPUTS).join(labels(tables, snapshots, horizon), list(KEYS))
    frame = rows.to_pandas().sort_values("customer_id", ignore_index=True)
    return measure_spread(model.expected_revenue(frame, horizon), frame["revenue"].to_numpy(), horizon)


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
