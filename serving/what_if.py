"""What the risk would be, were weak points repaired or features changed; nothing is stored."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from features.build import catalog
from features.errors import ModelError, RequestError, SourceError
from features.reader.one_customer import facts_of_customer
from models.changes import changed, ranges
from models.reading import read
from models.scoring import customer_value, read_events
from models.whatif import repaired_together
from serving.replies import Changeable, Outlook, WhatIfFeatures, WhatIfReply
from serving.requests import Repairable, WhatIfRequest
from serving.resources import Resources
from serving.rows import Row
from serving.schema import REPAIRED
from serving.scoring import Scoring


@dataclass(frozen=True)
class Subject:
    """One customer of a scoring: a frame of one row of features, and feature → dimension."""

    frame: pd.DataFrame
    dimensions: dict[str, str]


def what_if(request: WhatIfRequest, scoring: Scoring, resources: Resources) -> WhatIfReply:
    """Repairs alone come from the scoring; changed features are computed from its source, by the bundle.

    Raises AbsentError where the customer isn't in the scoring, RequestError where a feature can't be changed
    so, SourceError where the source is away.
    """
    row = resources.store.row(request.customer_id, scoring)
    if not request.features:
        version, now, then = scoring.model_version, _stored(row), _repaired(row, request.repaired)
    else:
        version = resources.bundle.manifest.version
        subject = _subject(row["customer_id"], scoring, resources)
        now, then = _computed(subject, request, resources)
    return WhatIfReply(
        customer_id=row["customer_id"],
        as_of=scoring.as_of,
        model_version=version,
        currency=scoring.definitions.currency,
        now=now,
        then=then,
    )


def features(customer_id: str, scoring: Scoring, resources: Resources) -> WhatIfFeatures:
    """The features that may be changed, those that move this customer's risk most first."""
    row = resources.store.row(customer_id.strip(), scoring)
    subject = _subject(row["customer_id"], scoring, resources)
    _, contributions = resources.bundle.churn.contributions(subject.frame)
    weight = contributions.iloc[0].abs()
    book = {feature.name: feature for feature in catalog({}) if feature.dimension != "profile"}
    seen = {name: found for name, found in ranges(resources.bundle).items() if name in book}
    told = [
        Changeable(
            name=name,
            words=book[name].words,
            dimension=subject.dimensions[name],
            unit=book[name].unit,
            value=_number(subject.frame[name].iloc[0]),
            low=seen[name].low,
            high=seen[name].high,
        )
        for name in sorted(seen, key=lambda name: -float(weight.get(name, 0.0)))
    ]
    return WhatIfFeatures(
        customer_id=row["customer_id"],
        as_of=scoring.as_of,
        model_version=resources.bundle.manifest.version,
        features=told,
    )


def _stored(row: Row) -> Outlook:
    return Outlook(**{name: row[name] for name in Outlook.model_fields})


def _repaired(row: Row, dimensions: Sequence[Repairable]) -> Outlook:
    """With the CLV as it is."""
    each = [row[REPAIRED[name]] for name in dict.fromkeys(dimensions)]
    if any(risk is None for risk in each):
        raise RequestError("That scoring was made before Amity kept what repairs bring; score again.")
    risk = repaired_together(row["churn_probability"], each)
    return Outlook(churn_probability=risk, clv=row["clv"], value_at_risk=risk * row["clv"])


def _subject(customer_id: str, scoring: Scoring, resources: Resources) -> Subject:
    facts = facts_of_customer(scoring.source, customer_id, scoring.as_of)
    tables = {name: table.to_pylist() for name, table in facts.tables.items()}
    needed = resources.bundle.manifest.tables
    rows = {name: tables.get(name, []) for name in needed}
    try:
        events = read_events(resources.bundle, resources.live, rows)
    except ModelError as error:
        raise SourceError(f"The source isn't as it was when it was scored: {error}") from None
    frame = resources.live.of(events, scoring.as_of)
    frame = frame[frame["customer_id"] == customer_id]
    if frame.empty:
        raise SourceError("The source no longer knows this customer as active on that day; score again.")
    return Subject(frame, dict(resources.live.dimensions(events)))


def _computed(subject: Subject, request: WhatIfRequest, resources: Resources) -> tuple[Outlook, Outlook]:
    bundle, frame = resources.bundle, subject.frame
    other = changed(frame, request.features, ranges(bundle))
    risk, then = (bundle.churn.predict(rows) for rows in (frame, other))
    if request.repaired:
        reading = read(bundle, other, subject.dimensions)
        each = [float(reading.repaired[0, reading.points.columns.get_loc(name)]) for name in request.repaired]
        then = np.array([repaired_together(float(then[0]), each)])
    return _outlook(risk, customer_value(bundle, frame, risk)[0]), _outlook(
        then, customer_value(bundle, other, then)[0]
    )


def _outlook(risk: np.ndarray, clv: np.ndarray) -> Outlook:
    return Outlook(churn_probability=float(risk[0]), clv=float(clv[0]), value_at_risk=float(risk[0] * clv[0]))


def _number(value: object) -> float | None:
    return None if pd.isna(value) else float(value)  # type: ignore[arg-type,call-overload]
