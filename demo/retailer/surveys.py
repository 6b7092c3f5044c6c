"""What they answer when they are asked: scores on four scales, and comments."""

from __future__ import annotations

import numpy as np
import pyarrow as pa

from demo.retailer import words
from demo.retailer.baskets import Placed
from demo.retailer.customers import Customers
from demo.retailer.days import YEAR, Floats, Ints, Period
from demo.retailer.declines import Declines
from demo.retailer.files import choice, ids
from demo.retailer.streams import happenings
from demo.retailer.tickets import Tickets

METRICS = ("nps", "csat", "csi", "ces")
_LOW, _HIGH = np.array([0.0, 1.0, 1.0, 1.0]), np.array([10.0, 5.0, 10.0, 7.0])
_USUAL, _PER_MOOD = np.array([7.8, 4.1, 7.6, 5.3]), np.array([1.7, 0.8, 1.5, 1.15])
_TOUCHPOINTS = ("relationship", "purchase", "service")

_NPS_PER_YEAR, _CSI_PER_YEAR = 3.0, 1.0  # asked; how many answer is the customers' own affair
_AFTER_ORDER, _AFTER_TICKET = 0.15, 0.6
_SOURING = 2.2  # how far a decline in satisfaction takes the mood down, in standard deviations
_COMMENTS = 0.45

_Part = tuple[Ints, Floats, Ints, Ints]


def table(
    rng: np.random.Generator,
    customers: Customers,
    declines: Declines,
    placed: Placed,
    tickets: Tickets,
    first_number: int,
    period: Period,
) -> dict[str, pa.Array]:
    """The table `surveys`, by customer and then by time."""
    parts = [
        *_relationship(rng, customers, declines, period),
        _after(rng, customers, (placed.owner, placed.moment), _AFTER_ORDER, "csat", "purchase"),
        _after(rng, customers, (tickets.owner, tickets.opened), _AFTER_TICKET, "ces", "service"),
    ]
    owner, moment, metric, touchpoint = (np.concatenate(columns) for columns in zip(*parts, strict=True))
    order = np.lexsort((moment, owner))
    order = order[moment[order] < np.minimum(declines.leaves, period.days)[owner[order]]]
    owner, moment, metric, touchpoint = owner[order], moment[order], metric[order], touchpoint[order]

    mood = _mood(rng, customers, declines, owner, moment)
    score = np.clip(np.rint(_USUAL[metric] + _PER_MOOD[metric] * mood), _LOW[metric], _HIGH[metric])
    return {
        "response_id": ids("A", first_number + np.arange(len(owner))),
        "customer_id": ids("C", customers.number[owner]),
        "responded_at": period.timestamps(moment),
        "metric": choice(METRICS, metric),
        "score": pa.array(score),
        "touchpoint": choice(_TOUCHPOINTS, touchpoint),
        "comment": words.comments(rng, mood, rng.random(len(owner)) < _COMMENTS),
    }


def _mood(
    rng: np.random.Generator, customers: Customers, declines: Declines, owner: Ints, moment: Floats
) -> Floats:
    """How they feel at that moment, in standard deviations around the usual."""
    down = (
        _SOURING * declines.severity("satisfaction", owner, moment)
        + 0.5 * declines.severity("service", owner, moment)
        + 0.4 * declines.severity("product", owner, moment)
    )
    return customers.mood[owner] + rng.normal(0.0, 0.6, len(owner)) - down


def _relationship(
    rng: np.random.Generator, customers: Customers, declines: Declines, period: Period
) -> list[_Part]:
    until = np.minimum(declines.leaves, period.days)
    parts = []
    for metric, per_year in ((METRICS.index("nps"), _NPS_PER_YEAR), (METRICS.index("csi"), _CSI_PER_YEAR)):
        owner, moment = happenings(rng, customers.answering * per_year / YEAR, customers.since, until)
        parts.append((owner, moment, np.full(len(owner), metric), np.zeros(len(owner), np.int64)))
    return parts


def _after(
    rng: np.random.Generator,
    customers: Customers,
    happened: tuple[Ints, Floats],
    asked: float,
    metric: str,
    touchpoint: str,
) -> _Part:
    """Answers a few days after each event of which a share `asked` is followed by a question."""
    owner, moment = happened
    answers = np.flatnonzero(rng.random(len(owner)) < asked * customers.answering[owner])
    size = len(answers)
    return (
        owner[answers],
        moment[answers] + rng.uniform(0.5, 6.0, size),
        np.full(size, METRICS.index(metric)),
        np.full(size, _TOUCHPOINTS.index(touchpoint)),
    )
