"""What they turn to the service with, and how well it answers."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from demo.retailer import words
from demo.retailer.baskets import Placed
from demo.retailer.customers import Customers
from demo.retailer.days import NEVER, YEAR, Floats, Ints, Period
from demo.retailer.declines import Declines
from demo.retailer.files import choice, ids
from demo.retailer.streams import happenings

KINDS = ("complaint", "question", "request")
_CHANNELS = ("phone", "email", "web", "store", "social")
_REQUESTS_PER_YEAR = 0.25
_COMPLAINTS_PER_DAY = 1 / 20  # more, at the worst of a decline in service
_FAULTY = 0.02  # orders complained of at the worst of a decline in the product
_HOUR = 1 / 24


@dataclass(frozen=True)
class Tickets:
    """One entry a ticket; moments are `NEVER` where it didn't happen. `severity`: of a decline in service."""

    owner: Ints
    opened: Floats
    kind: Ints
    topic: Ints
    severity: Floats
    first_response: Floats
    resolved: Floats
    reopened: Floats


def draw(
    rng: np.random.Generator, customers: Customers, declines: Declines, placed: Placed, period: Period
) -> Tickets:
    """By customer and then by time."""
    parts = [
        *_usual(rng, customers, declines, period),
        _badly_served(rng, declines, period),
        _faulty_goods(rng, declines, placed),
    ]
    owner, opened, kind, topic = (np.concatenate(columns) for columns in zip(*parts, strict=True))
    order = np.lexsort((opened, owner))
    order = order[opened[order] < np.minimum(declines.leaves, period.days)[owner[order]]]
    owner, opened, kind, topic = owner[order], opened[order], kind[order], topic[order]

    severity = declines.severity("service", owner, opened)
    size = len(owner)
    delay = _HOUR * np.array([7.0, 5.0, 9.0])[kind] * rng.lognormal(0.0, 0.8, size) * np.exp(2.6 * severity)
    first_response = np.where(rng.random(size) < 0.02 + 0.25 * severity, NEVER, opened + delay)
    work = _HOUR * 20 * rng.lognormal(0.0, 0.9, size) * np.exp(1.2 * severity)
    resolved = np.where(rng.random(size) < 0.03 + 0.45 * severity, NEVER, first_response + work)
    again = rng.random(size) < 0.03 + 0.45 * severity
    reopened = np.where(again, resolved + rng.uniform(0.5, 6.0, size), NEVER)
    return Tickets(owner, opened, kind, topic, severity, first_response, resolved, reopened)


_Part = tuple[Ints, Floats, Ints, Ints]


def _part(
    rng: np.random.Generator, happened: tuple[Ints, Floats], kind: int, topics: tuple[str, ...]
) -> _Part:
    owner, opened = happened
    known = np.array([words.TOPICS.index(topic) for topic in topics])
    return owner, opened, np.full(len(owner), kind), known[rng.integers(0, len(topics), len(owner))]


def _usual(rng: np.random.Generator, customers: Customers, declines: Declines, period: Period) -> list[_Part]:
    until = np.minimum(declines.leaves, period.days)
    requests = np.full(len(customers), _REQUESTS_PER_YEAR / YEAR)
    rates = (customers.complaining, customers.asking, requests)
    topics = (("delivery", "quality", "invoice"), ("product", "delivery", "account"), ("account", "invoice"))
    return [
        _part(rng, happenings(rng, rate, customers.since, until), kind, topics[kind])
        for kind, rate in enumerate(rates)
    ]


def _badly_served(rng: np.random.Generator, declines: Declines, period: Period) -> _Part:
    until = np.minimum(np.minimum(declines.ends, declines.leaves), period.days)
    begins = np.minimum(declines.begins, period.days)
    owner, opened = happenings(rng, np.full(len(begins), _COMPLAINTS_PER_DAY), begins, until)
    kept = rng.random(len(owner)) < declines.severity("service", owner, opened)
    return _part(rng, (owner[kept], opened[kept]), 0, ("delivery", "invoice", "account"))


def _faulty_goods(rng: np.random.Generator, declines: Declines, placed: Placed) -> _Part:
    severity = declines.severity("product", placed.owner, placed.moment)
    hit = rng.random(len(severity)) < _FAULTY * severity
    opened = placed.moment[hit] + rng.uniform(1.0, 8.0, int(hit.sum()))
    return _part(rng, (placed.owner[hit], opened), 0, ("quality",))


def table(
    rng: np.random.Generator, tickets: Tickets, customers: Customers, first_number: int, period: Period
) -> dict[str, pa.Array]:
    """The table `tickets`."""
    size = len(tickets.owner)
    return {
        "ticket_id": ids("T", first_number + np.arange(size)),
        "customer_id": ids("C", customers.number[tickets.owner]),
        "opened_at": period.timestamps(tickets.opened),
        "kind": choice(KINDS, tickets.kind),
        "channel": choice(_CHANNELS, rng.choice(len(_CHANNELS), size, p=(0.3, 0.34, 0.2, 0.08, 0.08))),
        "topic": choice(words.TOPICS, tickets.topic),
        "text": words.ticket_texts(rng, tickets.kind, tickets.topic),
        "first_response_at": period.timestamps(tickets.first_response),
        "resolved_at": period.timestamps(tickets.resolved),
        "reopened_at": period.timestamps(tickets.reopened),
    }
