"""The stored scores: by id, as a ranked list, and one customer explained."""

from __future__ import annotations

from datetime import UTC, datetime
from itertools import islice

from starlette.responses import StreamingResponse

from features.errors import ConfigError
from serving.csv_lines import csv_lines
from serving.errors import AbsentError
from serving.replies import AtRiskReply, Customer, Explanation, Health, Model, ScoreReply
from serving.requests import AtRiskQuery, ScoreRequest
from serving.resources import Resources
from serving.store import Store
from serving.summary import summary


def stored_scores(request: ScoreRequest, store: Store) -> ScoreReply:
    """In the order asked; raises AbsentError where none of the customers is in the scoring made last."""
    scoring = store.current()
    asked = list(dict.fromkeys(request.customer_ids))
    found = {row["customer_id"]: row for row in store.rows_of(asked, scoring)}
    if not found:
        raise AbsentError(
            f"{_whom(asked)} among the {scoring.customers:,} active "
            f"customers as of {scoring.as_of:%Y-%m-%d}. Check the ids, or score again if they ordered since."
        )
    return ScoreReply(
        as_of=scoring.as_of,
        model_version=scoring.model_version,
        currency=scoring.definitions.currency,
        base_risk=scoring.base_risk,
        customers=[Customer(**found[customer_id]) for customer_id in asked if customer_id in found],
        unknown_ids=[customer_id for customer_id in asked if customer_id not in found],
    )


def at_risk(query: AtRiskQuery, store: Store) -> AtRiskReply | StreamingResponse:
    """A page as JSON, or a stream of CSV: as many rows as asked for, all where no number is asked for."""
    top, filter_, after = query.require_top(), query.filter(), query.after()
    page = store.at_risk(filter_, top if query.format == "json" and top else 1, after)
    if query.format == "csv":
        rows = store.each_at_risk(page.scoring, filter_, after.rank if after else 0)
        name = f"at-risk-{page.scoring.as_of:%Y-%m-%d}.csv"
        return StreamingResponse(
            csv_lines(islice(rows, top)),
            media_type="text/csv; charset=utf-8",
            headers={"Content-Disposition": f'attachment; filename="{name}"'},
        )
    return AtRiskReply(
        as_of=page.scoring.as_of,
        model_version=page.scoring.model_version,
        currency=page.scoring.definitions.currency,
        matching=page.matching,
        value_at_risk=page.value_at_risk,
        customers=[Customer(**row) for row in page.rows],
        next_cursor=None if page.next is None else str(page.next),
    )


def explain(customer_id: str, store: Store) -> Explanation:
    scoring = store.current()
    row = store.row(customer_id.strip(), scoring)
    history = store.history(row["customer_id"])
    return Explanation.of(row, scoring, history, summary(row, scoring, history))


def health(resources: Resources) -> Health:
    version = resources.bundle.manifest.version
    try:
        scoring = resources.store.latest()
    except ConfigError:
        return Health(model_version=version, store_reachable=False)
    if scoring is None:
        return Health(model_version=version, store_reachable=True)
    age = datetime.now(UTC).replace(tzinfo=None) - scoring.created_at
    return Health(
        model_version=version,
        store_reachable=True,
        scores_model_version=scoring.model_version,
        as_of=scoring.as_of,
        scored_at=scoring.created_at,
        scores_age_hours=round(age.total_seconds() / 3600, 2),
        customers=scoring.customers,
    )


def model(resources: Resources) -> Model:
    manifest = resources.bundle.manifest
    return Model(
        model_version=manifest.version,
        as_of=manifest.as_of,
        definitions=manifest.definitions,
        tables={name: list(columns) for name, columns in manifest.tables.items()},
    )


def _whom(asked: list[str]) -> str:
    return (
        "The customer asked for is not"
        if len(asked) == 1
        else f"None of the {len(asked):,} customers asked for is"
    )
