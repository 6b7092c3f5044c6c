"""Who counts as what, and why: each word of the definitions with how many it holds, and some of them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import timedelta

from configs.settings import Definitions
from models import words
from models.status import STATUSES
from serving.census import CHURNED, INACTIVE
from serving.filters import Filter
from serving.replies import DefinitionsReply, Example, Group
from serving.rows import Row
from serving.scoring import Scoring
from serving.store import Store

SHOWN = 3
SCORED = "the customers scored"
USUAL = "Usual is the customer's own time between orders plus its usual variation."


def inspect(scoring: Scoring, store: Store) -> DefinitionsReply:
    """The statuses of whoever was scored, then who wasn't, then who churned."""
    statuses = store.ranking(scoring).by_status()
    return DefinitionsReply(
        scoring=scoring.id,
        as_of=scoring.as_of,
        model_version=scoring.model_version,
        currency=scoring.definitions.currency,
        definitions=scoring.definitions,
        groups=[
            _scored(scoring, store),
            *_statuses(scoring, store, statuses),
            _inactive(scoring, store),
            _to_churn(scoring, statuses),
            _churned(scoring, store),
        ],
    )


def _scored(scoring: Scoring, store: Store) -> Group:
    contractual = scoring.definitions.mode == "contractual"
    ever = scoring.ever
    return Group(
        name="scored",
        means="A subscription runs on the day."
        if contractual
        else f"At least one order in the {scoring.definitions.lookback_days} days before the day.",
        customers=scoring.customers,
        share=None if not ever else scoring.customers / ever,
        of=f"all customers who ever {'subscribed' if contractual else 'ordered'}",
        value_at_risk=scoring.value_at_risk,
        examples=_examples(scoring, store, Filter()),
    )


def _statuses(scoring: Scoring, store: Store, found: Mapping[str, Row]) -> Iterator[Group]:
    """Contractual customers are new or active, and no more. `found`: as `Ranking.by_status` has them."""
    means = _meanings(scoring.definitions)
    for status in STATUSES:
        if status not in means:
            continue
        counted = found.get(status, {"customers": 0, "value_at_risk": 0.0})
        yield Group(
            name=status,
            means=means[status],
            customers=counted["customers"],
            share=counted["customers"] / scoring.customers,
            of=SCORED,
            value_at_risk=counted["value_at_risk"],
            examples=_examples(scoring, store, Filter(status=status)),
        )


def _meanings(definitions: Definitions) -> dict[str, str]:
    if definitions.mode == "contractual":
        days = definitions.horizon_days
        return {
            "new": f"Subscribed for less than {days} days.",
            "active": f"Subscribed for {days} days or more.",
        }
    slowing, lapsed, lost = definitions.slowing_from, definitions.lapsed_from, definitions.lost_from
    not_yet = f"silent for less than {'' if slowing == 1 else f'{slowing:g} times '}as long as usual"
    return {
        "new": f"Ordered on one day so far, and {not_yet}. {USUAL}",
        "active": f"Ordered on several days, and {not_yet}. {USUAL}",
        "slowing": f"Silent for {slowing:g} to {lapsed:g} times as long as usual. {USUAL}",
        "lapsed": f"Silent for {lapsed:g} to {lost:g} times as long as usual. {USUAL}",
        "lost": f"Silent for {lost:g} times as long as usual, or longer. {USUAL}",
    }


def _inactive(scoring: Scoring, store: Store) -> Group:
    definitions, ever = scoring.definitions, scoring.ever
    customers = None if ever is None else ever - scoring.customers
    contractual = definitions.mode == "contractual"
    return Group(
        name="inactive",
        means="They had a subscription once, and none runs on the day."
        if contractual
        else f"They ordered once, but not in the {definitions.lookback_days} days before the day.",
        customers=customers,
        share=None if not ever else (ever - scoring.customers) / ever,
        of=f"all customers who ever {'subscribed' if contractual else 'ordered'}",
        value_at_risk=None,
        examples=_unscored(scoring, store, INACTIVE),
    )


def _to_churn(scoring: Scoring, statuses: Mapping[str, Row]) -> Group:
    """A forecast: the sum of the probabilities."""
    expected = sum(row["expected_to_churn"] for row in statuses.values())
    days = scoring.definitions.horizon_days
    return Group(
        name="expected to churn",
        means=f"{_ends(scoring.definitions)} within the {days} days from the day; by the model, in sum.",
        customers=round(expected),
        share=expected / scoring.customers,
        of=SCORED,
        value_at_risk=scoring.value_at_risk,
        examples=[],
    )


def _churned(scoring: Scoring, store: Store) -> Group:
    """What happened, not what was foretold."""
    then = scoring.as_of - timedelta(days=scoring.definitions.horizon_days)
    active, churned = scoring.active_then, scoring.churned_since
    return Group(
        name="churned",
        means=f"Active on {words.date(then)}; {_ends(scoring.definitions).lower()} within the "
        f"{scoring.definitions.horizon_days} days from then.",
        customers=churned,
        share=None if not active or churned is None else churned / active,
        of=f"the customers active on {words.date(then)}",
        value_at_risk=None,
        examples=_unscored(scoring, store, CHURNED),
    )


def _ends(definitions: Definitions) -> str:
    return "All subscriptions end" if definitions.mode == "contractual" else "No order comes"


def _examples(scoring: Scoring, store: Store, only: Filter) -> list[Example]:
    rows = store.at_risk(only, top=SHOWN, scoring=scoring).rows
    return [Example(customer_id=row["customer_id"], because=_because(row, scoring)) for row in rows]


def _because(row: Row, scoring: Scoring) -> str:
    since, gap, overdue = row["days_since_order"], row["usual_gap"], row["overdue"]
    if scoring.definitions.mode == "contractual" or since is None or gap is None or overdue is None:
        return f"Counts as {row['status']}."
    return (
        f"Last order {words.days_until(since)} ago, usually one every {words.days(gap)}; "
        f"silent for {words.number(overdue)} times as long as usual."
    )


def _unscored(scoring: Scoring, store: Store, kind: str) -> list[Example]:
    return [
        Example(customer_id=row["customer_id"], because=_last(row))
        for row in store.examples(scoring, kind)[:SHOWN]
    ]


def _last(row: Row) -> str:
    last = row["last_order_at"]
    return "Never ordered." if last is None else f"Last order on {words.date(last)}."
