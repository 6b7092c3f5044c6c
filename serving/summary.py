"""A customer's scores in a few sentences, for someone who will call them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from models import words
from serving.rows import Row
from serving.schema import WEAK_POINTS
from serving.scoring import Scoring


def summary(row: Row, scoring: Scoring, history: Sequence[Row]) -> str:
    """Paragraphs: the risk, what is at stake, the weak points with their evidence, what to do, the past.

    `history`: as `Store.history` gives it.
    """
    paragraphs = (
        _risk(row, scoring),
        _stake(row, scoring),
        _weak_points(row),
        _action(row),
        _past(row, history),
    )
    return "\n\n".join(paragraph for paragraph in paragraphs if paragraph)


def _risk(row: Row, scoring: Scoring) -> str:
    known = ", ".join(f"{name} {row[name]}" for name in ("segment", "country") if row[name] is not None)
    return (
        f"Customer {row['customer_id']}{f' ({known})' if known else ''} is {row['status']}. As of "
        f"{words.date(scoring.as_of)} the risk that no order comes within "
        f"{scoring.definitions.horizon_days} days is {words.percent(row['churn_probability'])}; "
        f"for the average active customer it is {words.percent(scoring.base_risk)}."
    )


def _stake(row: Row, scoring: Scoring) -> str:
    currency, days = scoring.definitions.currency, scoring.definitions.clv_horizon_days
    low, high, expected = row["clv_low"], row["clv_high"], row["expected_next_order_at"]
    between = (
        ""
        if low is None or high is None
        else f" ({words.money(low, currency)} to {words.money(high, currency)} in four cases of five)"
    )
    next_order = (
        f"As likely as not, their next order comes by {words.date(expected)}."
        if expected is not None
        else f"More likely than not, no order comes in the next {days} days."
    )
    return (
        f"They are expected to bring {words.money(row['clv'], currency)} over the next {days} days{between}, "
        f"of which {words.money(row['value_at_risk'], currency)} is at risk: rank {row['rank']:,} of "
        f"{scoring.customers:,}. {next_order}"
    )


def _weak_points(row: Row) -> str:
    told = [
        f"{row[name].capitalize()} ({row[f'{name}_points']:+.1f} points): {row[f'{name}_says']}"
        for name in WEAK_POINTS
        if row[name] is not None
    ]
    return "\n".join(["Weak points:", *told]) if told else "No side of the relationship stands out as weak."


def _action(row: Row) -> str:
    return f"What to do: {row['action']}" if row["action"] else ""


def _past(row: Row, history: Sequence[Row]) -> str:
    before = [past for past in history if past["as_of"] < row["as_of"]]
    if not before:
        return ""
    return f"Before: {', '.join(_told(before[-3:]))}."


def _told(before: Sequence[Row]) -> Iterator[str]:
    for past in before:
        yield f"{words.percent(past['churn_probability'])} as of {words.date(past['as_of'])}"
