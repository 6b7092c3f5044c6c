"""The examples of the documentation, true for the loaded model and the stored scores."""

from __future__ import annotations

from collections.abc import Mapping
from copy import deepcopy
from datetime import datetime, timedelta
from typing import Any

from features.errors import AmityError
from features.tables import CONTRACT, Column
from models.bundle import Manifest
from serving.filters import Cursor
from serving.resources import Resources
from serving.store import Store

CUSTOMER = "C00000042"
DAYS_BEFORE = 30
MADE_UP: dict[str, Any] = {
    "customer_id": CUSTOMER,
    "top": 10,
    "format": "json",
    "min_clv": 0.0,
    "status": "slowing",
    "weak_point": "service",
    "min_churn_probability": 0.0,
    "as_of": "2025-07-01",
    "scoring": 1,
    "plan_id": 1,
    "key": "0123456789abcdef0123456789abcdef",
    "again": False,
    "offset": 0,
    "after": 0,
}
SHOWN = {name: name for name in ("customer_id", "segment", "country", "status")} | {
    "weak_point": "weak_point_1"
}
"""Parameter → the column of a row that an example is taken from."""


def with_examples(schema: Mapping[str, Any], resources: Resources, *, of_customers: bool) -> dict[str, Any]:
    """A copy of the OpenAPI document with an example for every body and parameter.

    `of_customers`: from the list; else made up, for the document is shown to whoever asks.
    """
    told = deepcopy(dict(schema))
    values = parameters(resources.store) if of_customers else dict(MADE_UP)
    bodies = {
        "/score": {"customer_ids": [values["customer_id"]]},
        "/score-events": events(resources.bundle.manifest),
        "/what-if": {"customer_id": values["customer_id"], "repaired": ["service"]},
        "/winback/plans": {"budget": 2000, "name": "spring", "explore": 0, "keep": False},
        "/winback/plans/{plan_id}/resend": {"keys": [values["key"]]},
    }
    for path, body in bodies.items():
        told["paths"][path]["post"]["requestBody"]["content"]["application/json"]["example"] = body
    for methods in told["paths"].values():
        for operation in methods.values():
            for parameter in operation.get("parameters", []):
                if parameter["name"] in values:
                    parameter["example"] = values[parameter["name"]]
    return told


def events(manifest: Manifest) -> dict[str, Any]:
    """A whole request: one order of one customer, and every other table that the model needs.

    The others are empty; but a column that no contract knows is there only where a row bears it.
    """
    as_of = manifest.as_of
    time = as_of - timedelta(days=min(DAYS_BEFORE, manifest.definitions.lookback_days / 2))
    tables = {name: _rows(name, columns, time) for name, columns in manifest.tables.items()}
    return {"as_of": as_of.isoformat(), "tables": tables}


def parameters(store: Store) -> dict[str, Any]:
    """Parameter → an example: of the list's customer of whom most is known, where there is a list.

    What even they lack (a segment, a country) has none.
    """
    try:
        page = store.at_risk()
    except AmityError:
        return dict(MADE_UP)
    told = [{name: row[column] for name, column in SHOWN.items()} for row in page.rows]
    known = ({name: value for name, value in of_one.items() if value is not None} for of_one in told)
    scoring = page.scoring
    of_scoring = {"as_of": f"{scoring.as_of:%Y-%m-%d}", "scoring": scoring.id}
    if scoring.knows_contacts:
        of_scoring["not_contacted_since"] = of_scoring["as_of"]
    return MADE_UP | max(known, key=len) | of_scoring | {"cursor": str(Cursor(scoring.id, 1))}


def _rows(name: str, columns: tuple[str, ...], time: datetime) -> list[dict[str, Any]]:
    known = {column.name: column for column in CONTRACT[name].columns}
    if name != "orders" and set(columns) <= set(known):
        return []
    return [{column: _value(known.get(column), time) for column in columns}]


def _value(column: Column | None, time: datetime) -> Any:
    """What `column` may hold; null for one that no contract knows, for it may hold anything."""
    if column is None:
        return None
    if column.kind == "id":
        return CUSTOMER if column.name == "customer_id" else "1"
    if column.kind == "time":
        return time.isoformat()
    if column.kind == "text":
        return column.one_of[0] if column.one_of else None
    return 30.5 if column.kind == "money" else max(column.low or 0, 1)
