"""Product and service: what comes back, what is complained of, how fast and how well it is answered."""

from __future__ import annotations

from typing import Any

import ibis

from features.facts import money, seconds, whole
from features.indicators.book import Indicator, Tally

Value = Any  # an Ibis value expression

_BY = ("ticket_channel", "topic", "segment", "country")
_RETURNS = "returns: what was sent back when, and its order"
_LINES = "order_lines.category, and returns.order_id"
_TICKETS = "tickets: who turned to the service when, with what, and when it was answered and resolved"
_OF_A_LINE = ("order_lines.category", "returns.order_id")
_HOUR = 3_600
_ANSWER, _SOLUTION, _AGAIN = (
    ("tickets.first_response_at",),
    ("tickets.resolved_at",),
    ("tickets.reopened_at",),
)


def _hours(t: ibis.Table, column: str) -> Value:
    return (seconds(t[column]) - seconds(t.opened_at)).cast("float64") / _HOUR


def _count(t: ibis.Table) -> Value:
    return t.count()


def _squared_amount(t: ibis.Table) -> Value:
    return (t.amount * t.amount).sum()


def _sum(column: str) -> Any:
    return lambda t: _hours(t, column).sum()


def _squares(column: str) -> Any:
    return lambda t: (_hours(t, column) * _hours(t, column)).sum()


def _log_hours(t: ibis.Table, column: str) -> Value:
    """The logarithm of the hours, of a minute at least."""
    return ibis.greatest(_hours(t, column), 1 / 60).ln()


def _squared_logs(t: ibis.Table) -> Value:
    return (_log_hours(t, "first_response_at") ** 2).sum()


def _ticket(name: str, value: Any, needs: tuple[str, ...] = (), month: str = "month") -> Tally:
    return Tally(name, "tickets", value, needs, month)


TALLIES = (
    Tally("returns", "returns", _count),
    Tally("returned", "returns", lambda t: money(whole(t.amount).sum())),
    Tally("exchanges", "returns", lambda t: (t.kind == "exchange").ifelse(1, 0).sum(), ("returns.kind",)),
    Tally("kinds", "returns", lambda t: t.kind.notnull().ifelse(1, 0).sum(), ("returns.kind",)),
    Tally("lines_due", "order_lines", _count, _OF_A_LINE, "due"),
    Tally("lines_returned", "order_lines", lambda t: t.came_back.ifelse(1, 0).sum(), _OF_A_LINE, "due"),
    Tally("lines", "order_lines", _count),
    Tally("category_returns", "returned_lines", _count, _OF_A_LINE),
    Tally("category_returned", "returned_lines", lambda t: money(whole(t.amount).sum()), _OF_A_LINE),
    Tally("category_squares", "returned_lines", _squared_amount, _OF_A_LINE),
    Tally("returned_squares", "returns", _squared_amount),
    _ticket("complaints", lambda t: (t.kind == "complaint").ifelse(1, 0).sum()),
    _ticket("tickets", _count),
    _ticket("answers_due", _count, _ANSWER, "answer_due"),
    _ticket("answered_in_time", lambda t: t.in_time_answer.ifelse(1, 0).sum(), _ANSWER, "answer_due"),
    _ticket("answered", _count, _ANSWER, "answered_in"),
    _ticket("response_hours", _sum("first_response_at"), _ANSWER, "answered_in"),
    _ticket("response_squares", _squares("first_response_at"), _ANSWER, "answered_in"),
    _ticket("response_logs", lambda t: _log_hours(t, "first_response_at").sum(), _ANSWER, "answered_in"),
    _ticket("response_log_squares", _squared_logs, _ANSWER, "answered_in"),
    _ticket("solutions_due", _count, _SOLUTION, "solution_due"),
    _ticket("resolved_in_time", lambda t: t.in_time_solution.ifelse(1, 0).sum(), _SOLUTION, "solution_due"),
    _ticket("resolved", _count, _SOLUTION, "resolved_in"),
    _ticket("resolution_hours", _sum("resolved_at"), _SOLUTION, "resolved_in"),
    _ticket("resolution_squares", _squares("resolved_at"), _SOLUTION, "resolved_in"),
    _ticket("reopenings_due", _count, (*_SOLUTION, *_AGAIN), "reopening_due"),
    _ticket(
        "reopened_in_time",
        lambda t: t.in_time_reopening.ifelse(1, 0).sum(),
        (*_SOLUTION, *_AGAIN),
        "reopening_due",
    ),
)


def _indicator(
    name: str, kind: Any, words: tuple[str, str, str], unit: str, parts: tuple[str, ...], **more: Any
) -> Indicator:
    title, definition, formula = words
    events, chances, *squares = parts
    more = {"better": "low", "breakdowns": _BY, "collect": _TICKETS} | more
    return Indicator(
        name,
        "service",
        kind,
        title,
        definition,
        formula,
        unit,
        events,
        chances=chances,
        squares=squares[0] if squares else None,
        **more,
    )


INDICATORS = (
    _indicator(
        "return_rate",
        "rate",
        (
            "Returns per 100 orders",
            "Returns and exchanges per 100 orders of the same month.",
            "100 × returns ÷ orders",
        ),
        "per 100 orders",
        ("returns", "orders"),
        scale=100.0,
        breakdowns=("segment", "country"),
        collect=_RETURNS,
    ),
    _indicator(
        "returned_share",
        "ratio",
        (
            "Share of revenue returned",
            "Money returned per money ordered in the same month.",
            "returned ÷ revenue",
        ),
        "share",
        ("returned", "revenue"),
        breakdowns=("segment", "country"),
        collect=_RETURNS,
    ),
    _indicator(
        "exchange_share",
        "share",
        (
            "Exchanges among returns",
            "Share of the returns that were exchanged for something else.",
            "exchanges ÷ returns of a known kind",
        ),
        "share",
        ("exchanges", "kinds"),
        better="high",
        breakdowns=("segment", "country"),
        collect="returns.kind: return or exchange",
    ),
    _indicator(
        "lines_returned",
        "share",
        (
            "Order lines returned",
            "Share of the order lines of whose order something came back within {returned_within_days} "
            "days; told in the month in which "
            "these end. A return names its order, not its line: it counts for all categories of the order.",
            "lines of orders with a return in these days ÷ lines",
        ),
        "share",
        ("lines_returned", "lines_due"),
        breakdowns=("category",),
        collect=_LINES,
    ),
    _indicator(
        "return_amount",
        "mean",
        ("Money per return", "Mean amount of a return or exchange.", "returned ÷ returns"),
        "money",
        ("returned", "returns", "returned_squares"),
        breakdowns=("segment", "country"),
        collect=_RETURNS,
    ),
    _indicator(
        "line_return_rate",
        "rate",
        (
            "Returns per 100 order lines",
            "Returns and exchanges of the month per 100 order lines of it. A return names its order, not its "
            "line: it counts once for each category of the order.",
            "100 × returns of orders with the category ÷ lines of the category",
        ),
        "per 100 lines",
        ("category_returns", "lines"),
        scale=100.0,
        breakdowns=("category",),
        collect=_LINES,
    ),
    _indicator(
        "line_return_cost",
        "mean",
        (
            "Money returned per order line",
            "Money returned in the month per order line of it; a return counts whole for each category of "
            "its order.",
            "returned of orders with the category ÷ lines of the category",
        ),
        "money",
        ("category_returned", "lines", "category_squares"),
        breakdowns=("category",),
        collect=_LINES,
    ),
    _indicator(
        "complaint_rate",
        "rate",
        (
            "Complaints per 100 orders",
            "Complaints per 100 orders of the same month.",
            "100 × complaints ÷ orders",
        ),
        "per 100 orders",
        ("complaints", "orders"),
        scale=100.0,
    ),
    _indicator(
        "first_response_hours",
        "mean",
        (
            "Hours to the first answer",
            "Mean hours from opening to first answer, of the tickets first answered in the month.",
            "hours to the first answer ÷ tickets answered",
        ),
        "hours",
        ("response_hours", "answered", "response_squares"),
    ),
    _indicator(
        "typical_response_hours",
        "geometric",
        (
            "Typical hours to the first answer",
            "Geometric mean of the hours from opening to first answer, of a minute at least, of the tickets "
            "first answered in the month: unlike the mean, a few that waited for weeks hardly move it.",
            "exp(Σ ln(hours to the first answer) ÷ tickets answered)",
        ),
        "hours",
        ("response_logs", "answered", "response_log_squares"),
    ),
    _indicator(
        "answered_in_time",
        "share",
        (
            "Answered in time",
            "Share of the tickets answered within {answered_within_hours} hours; told in the month in which "
            "these end.",
            "tickets answered in these hours ÷ tickets",
        ),
        "share",
        ("answered_in_time", "answers_due"),
        better="high",
    ),
    _indicator(
        "resolution_hours",
        "mean",
        (
            "Hours to the solution",
            "Mean hours from opening to solution, of the tickets resolved in the month.",
            "hours to the solution ÷ tickets resolved",
        ),
        "hours",
        ("resolution_hours", "resolved", "resolution_squares"),
    ),
    _indicator(
        "resolved_in_time",
        "share",
        (
            "Resolved in time",
            "Share of the tickets resolved within {resolved_within_days} days; told in the month in which "
            "these end.",
            "tickets resolved in these days ÷ tickets",
        ),
        "share",
        ("resolved_in_time", "solutions_due"),
        better="high",
    ),
    _indicator(
        "reopened_share",
        "share",
        (
            "Reopened",
            "Share of the tickets resolved that were reopened within {reopened_within_days} days; told in "
            "the month in which these end.",
            "tickets reopened in these days ÷ tickets resolved",
        ),
        "share",
        ("reopened_in_time", "reopenings_due"),
    ),
)
