"""Service, every family of its features in plain SQL on the simulated retailer."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from features.priors import Prior
from features.reference import Reference


def seen(ends: str) -> str:
    """SQL: each snapshot with its orders and every ticket as it was known when the windows ended."""
    known = ", ".join(
        f"CASE WHEN {column} < as_of AND date_trunc('second', {column}) < {ends} THEN {column} END AS {name}"
        for column, name in (
            ("first_response_at", "answer"),
            ("resolved_at", "solution"),
            ("reopened_at", "again"),
        )
    )
    return f"""
        WITH bought AS (
            SELECT customer_id, as_of, count(*) AS orders, min(ordered_at) AS first_order,
                least(as_of, date_trunc('second', max(ordered_at)) + INTERVAL 14 DAY) AS life,
                count(*) FILTER (ordered_at >= as_of - INTERVAL 90 DAY) AS orders_90d,
                count(*) FILTER (ordered_at >= as_of - INTERVAL 180 DAY) AS orders_180d,
                count(*) FILTER (ordered_at >= as_of - INTERVAL 365 DAY) AS orders_365d
            FROM snap JOIN orders USING (customer_id) WHERE ordered_at < as_of GROUP BY customer_id, as_of
        ), up_to AS (
            SELECT customer_id, as_of, count(*) AS orders_90d_then
            FROM bought JOIN orders USING (customer_id)
            WHERE ordered_at < as_of AND date_trunc('second', ordered_at) >= life - INTERVAL 90 DAY
            GROUP BY customer_id, as_of
        ), seen AS (
            SELECT b.*, orders_90d_then, {ends} AS ends, t.* EXCLUDE (customer_id), {known},
                ticket_id IS NOT NULL AS there, coalesce(kind = 'complaint', false) AS complaint,
                coalesce(opened_at >= as_of - INTERVAL 180 DAY, false) AS recent,
                coalesce(date_trunc('second', opened_at) >= {ends} - INTERVAL 90 DAY, false) AS last_90d,
                there AND answer IS NOT NULL AS answered,
                there AND solution IS NOT NULL AND NOT coalesce(again > solution, false) AS settled,
                there AND again IS NOT NULL AS reopened,
                CASE WHEN solution IS NULL THEN opened_at ELSE again END AS waiting_since,
                date_diff('second', date_trunc('second', opened_at), answer) / 3600 AS answer_hours,
                date_diff('second', date_trunc('second', opened_at), solution) / 3600 AS solution_hours,
                date_diff('second', waiting_since, {ends}) / 86400 AS waited_days
            FROM bought b JOIN up_to USING (customer_id, as_of)
            LEFT JOIN tickets t ON t.customer_id = b.customer_id AND opened_at < as_of
                AND date_trunc('second', opened_at) < {ends}
        )"""


def test_counts_agree_with_sql(agrees: Callable[[str], None]) -> None:
    windows = ", ".join(
        f"count(*) FILTER (complaint AND opened_at >= as_of - INTERVAL {days} DAY) AS complaints_{days}d"
        for days in (30, 90, 180, 365)
    )
    channels = ", ".join(
        f"count(*) FILTER (complaint AND recent AND channel = '{channel}') AS complaints_{channel}_180d"
        for channel in ("phone", "email", "web", "store", "social")
    )
    agrees(f"""{seen("as_of")}
        SELECT customer_id, as_of, count(*) FILTER (complaint) AS complaints, {windows}, {channels},
            count(*) FILTER (recent) AS tickets_180d,
            count(*) FILTER (NOT complaint AND recent) AS questions_180d,
            count(DISTINCT topic) FILTER (complaint AND recent) AS complaint_topics_180d,
            min(opened_at) FILTER (complaint AND recent) AS first_complaint_180d_at,
            max(opened_at) FILTER (complaint) AS last_complaint_at,
            count(*) FILTER (recent AND NOT answered) AS unanswered_180d,
            count(*) FILTER (recent AND reopened) AS reopened_180d,
            count(*) FILTER (there AND NOT settled) AS tickets_open,
            count(*) FILTER (complaint AND NOT settled) AS complaints_open,
            max(waited_days) FILTER (complaint AND NOT settled) AS complaint_open_days,
            min(waiting_since) FILTER (complaint AND NOT settled) AS oldest_open_at
        FROM seen GROUP BY customer_id, as_of
    """)


def test_repeated_complaints_agree_with_sql(agrees: Callable[[str], None]) -> None:
    agrees(f"""{seen("as_of")}
        SELECT customer_id, as_of, count(*) FILTER (recent AND EXISTS (
            FROM tickets AS earlier WHERE earlier.customer_id = seen.customer_id
                AND earlier.topic = seen.topic AND earlier.opened_at < seen.opened_at
                AND earlier.kind = 'complaint' AND complaint
        )) AS complaints_repeated_180d
        FROM seen GROUP BY customer_id, as_of
    """)


def test_hours_agree_with_sql(agrees: Callable[[str], None]) -> None:
    agrees(f"""{seen("as_of")}
        SELECT customer_id, as_of,
            avg(answer_hours) FILTER (recent AND answered) AS response_hours_180d,
            avg(answer_hours) FILTER (NOT recent AND answered) AS response_hours_before,
            response_hours_180d - response_hours_before AS response_hours_change,
            avg(solution_hours) FILTER (recent AND settled) AS resolution_hours_180d,
            avg(solution_hours) FILTER (NOT recent AND settled) AS resolution_hours_before,
            resolution_hours_180d - resolution_hours_before AS resolution_hours_change,
            max(date_diff('second', date_trunc('second', opened_at), as_of) / 3600)
                FILTER (recent AND answer IS NULL AND solution IS NULL) AS waiting_hours_longest_180d
        FROM seen GROUP BY customer_id, as_of
    """)


def test_the_last_sign_of_life_agrees_with_sql(agrees: Callable[[str], None]) -> None:
    agrees(f"""{seen("life")}
        SELECT customer_id, as_of,
            count(*) FILTER (complaint AND last_90d) AS complaints_at_last_order,
            count(*) FILTER (complaint AND NOT last_90d) / nullif(any_value(orders - orders_90d_then), 0)
                AS complaints_per_order_before_last_order,
            count(*) FILTER (last_90d AND NOT answered) AS unanswered_at_last_order,
            count(*) FILTER (complaint AND NOT settled) AS complaints_open_at_last_order,
            max(waited_days) FILTER (complaint AND NOT settled) AS complaint_open_days_at_last_order,
            avg(answer_hours) FILTER (last_90d AND answered) AS response_hours_at_last_order,
            response_hours_at_last_order - avg(answer_hours) FILTER (NOT last_90d AND answered)
                AS response_hours_change_at_last_order
        FROM seen GROUP BY customer_id, as_of
    """)


def shrunk(prior: Prior, events: str, chances: str) -> str:
    return f"({events} + {prior.events!r}::DOUBLE) / ({chances} + {prior.chances!r}::DOUBLE)"


def difference(prior: Prior, now: tuple[str, str], before: tuple[str, str]) -> str:
    (events, n), (earlier, m) = now, before
    weight = f"({n} * {m} + ({n} + {m}) * {prior.chances!r}::DOUBLE / 2)"
    return f"coalesce(({events} * {m} - {earlier} * {n}) / nullif({weight}, 0), 0)"


@pytest.mark.parametrize(
    ("ends", "inside", "windows", "change", "orders"),
    [
        ("as_of", "recent", ("", "_before"), "_change", "orders_180d"),
        (
            "life",
            "last_90d",
            ("_at_last_order", "_before_last_order"),
            "_change_at_last_order",
            "orders_90d_then",
        ),
    ],
)
def test_complaint_rates_and_their_changes_agree_with_sql(
    agrees: Callable[[str], None],
    told: Reference,
    ends: str,
    inside: str,
    windows: tuple[str, str],
    change: str,
    orders: str,
) -> None:
    prior = told.prior("complaint_rate")
    now = f"count(*) FILTER (complaint AND {inside})", f"any_value({orders})"
    before = f"count(*) FILTER (complaint AND NOT {inside})", f"any_value(orders - {orders})"
    columns = [
        f"{shrunk(prior, *counted)} AS complaint_rate{window}"
        for window, counted in zip(windows, (now, before), strict=True)
        if window
    ]
    columns.append(f"{difference(prior, now, before)} AS complaint_rate{change}")
    agrees(
        f"{seen(ends)} SELECT customer_id, as_of, {', '.join(columns)} FROM seen GROUP BY customer_id, as_of"
    )


def test_other_rates_agree_with_sql(agrees: Callable[[str], None], told: Reference) -> None:
    columns = {
        "complaint_rate_90d": (
            "complaint_rate",
            "count(*) FILTER (complaint AND opened_at >= as_of - INTERVAL 90 DAY)",
            "any_value(orders_90d)",
        ),
        "complaint_rate_365d": (
            "complaint_rate",
            "count(*) FILTER (complaint AND opened_at >= as_of - INTERVAL 365 DAY)",
            "any_value(orders_365d)",
        ),
        "complaint_follow_share": (
            "complaint_follow_share",
            """count(*) FILTER (complaint AND opened_at < as_of - INTERVAL 30 DAY AND EXISTS (
                FROM orders AS o WHERE o.customer_id = seen.customer_id AND o.ordered_at > opened_at
                    AND o.ordered_at < opened_at + INTERVAL 30 DAY))""",
            "count(*) FILTER (complaint AND opened_at < as_of - INTERVAL 30 DAY)",
        ),
        **{
            f"{share}_180d": (share, f"count(*) FILTER (recent AND {what})", "count(*) FILTER (recent)")
            for share, what in (
                ("answered_share", "answered"),
                ("resolved_share", "settled"),
                ("reopened_share", "reopened"),
            )
        },
    }
    rates = [f"{shrunk(told.prior(rate), *counted)} AS {name}" for name, (rate, *counted) in columns.items()]
    pace = shrunk(
        told.prior("complaint_pace"),
        "count(*) FILTER (complaint)",
        "any_value(date_diff('second', date_trunc('second', first_order), as_of) // 86400)",
    )
    agrees(f"""{seen("as_of")}
        SELECT customer_id, as_of, {", ".join(rates)}, 30 * {pace} AS complaints_per_month,
            CASE WHEN any_value(first_order) < as_of - INTERVAL 360 DAY THEN coalesce(sum(
                11 - 2 * ((date_diff('second', date_trunc('second', opened_at), as_of) - 1) // 2592000)
            ) FILTER (complaint AND opened_at >= as_of - INTERVAL 360 DAY), 0) / 286 END AS complaints_slope
        FROM seen GROUP BY customer_id, as_of
    """)


def test_what_followed_a_complaint_agrees_with_sql(agrees: Callable[[str], None]) -> None:
    agrees(f"""{seen("as_of")}, last AS (
            SELECT customer_id, as_of, max(opened_at) FILTER (complaint) AS complained,
                (SELECT max(ordered_at) FROM orders AS o
                 WHERE o.customer_id = seen.customer_id AND o.ordered_at < seen.as_of) AS ordered
            FROM seen GROUP BY customer_id, as_of
        )
        SELECT customer_id, as_of,
            date_diff('second', date_trunc('second', complained), as_of) / 86400 AS days_since_complaint,
            CASE WHEN complained > ordered THEN days_since_complaint END AS silence_after_complaint,
            CASE WHEN complained > ordered THEN date_diff('second', date_trunc('second', ordered),
                date_trunc('second', complained)) / 86400 END AS complaint_after_order
        FROM last
    """)
