"""Sentences against the raw rows: their numbers and dates are computed anew by plain SQL over the frames."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

import duckdb
import ibis
import pandas as pd
import pytest

from configs.settings import Playbook, load
from models.bundle import Bundle
from models.scoring import score

Frames = Mapping[str, pd.DataFrame]
Tables = Mapping[str, ibis.Table]

N = r"([Nn]o|[\d,]+)"
DATE = r"(\d+ [A-Z][a-z]+ \d{4})"
VISITS = r"(?:visit, open or click|visits, opens and clicks)"
OPEN = """kind = 'complaint' AND (resolved_at IS NULL OR resolved_at >= $now
    OR (reopened_at < $now AND reopened_at > resolved_at))"""

CHECKS: dict[str, str] = {
    rf"Last order {N} days? ago \({DATE}\)": """
        SELECT ceil(epoch($now - max(ordered_at)) / 86400), strftime(max(ordered_at), '%-d %B %Y')
        FROM orders WHERE customer_id = $who AND ordered_at < $now""",
    rf"{N} orders? in the last 90 days, {N} in the 90 days before": """
        SELECT count(*) FILTER (ordered_at >= $now - INTERVAL 90 DAY),
               count(*) FILTER (ordered_at < $now - INTERVAL 90 DAY)
        FROM orders WHERE customer_id = $who AND ordered_at < $now
          AND ordered_at >= $now - INTERVAL 180 DAY""",
    rf"{N} orders? in the last 365 days; customers like this": """
        SELECT count(*) FROM orders WHERE customer_id = $who AND ordered_at < $now
          AND ordered_at >= $now - INTERVAL 365 DAY""",
    rf"{N} returns? on {N} orders? in the last 90 days; before, {N} returns? on {N} orders?": """
        SELECT (SELECT count(*) FROM returns WHERE customer_id = $who AND returned_at < $now
                  AND returned_at >= $now - INTERVAL 90 DAY),
               (SELECT count(*) FROM orders WHERE customer_id = $who AND ordered_at < $now
                  AND ordered_at >= $now - INTERVAL 90 DAY),
               (SELECT count(*) FROM returns WHERE customer_id = $who
                  AND returned_at < $now - INTERVAL 90 DAY),
               (SELECT count(*) FROM orders WHERE customer_id = $who
                  AND ordered_at < $now - INTERVAL 90 DAY)""",
    rf"{N} complaints? still open, .* since {DATE}": f"""
        SELECT count(*), strftime(min(if(resolved_at < $now, reopened_at, opened_at)), '%-d %B %Y')
        FROM tickets WHERE customer_id = $who AND opened_at < $now AND {OPEN}""",
    rf"{N} complaints? since {DATE}": """
        SELECT count(*), strftime(min(opened_at), '%-d %B %Y')
        FROM tickets WHERE customer_id = $who AND opened_at < $now AND kind = 'complaint'
          AND opened_at >= $now - INTERVAL 180 DAY""",
    rf"{N} tickets? reopened in the last 180 days": """
        SELECT count(*) FROM tickets WHERE customer_id = $who AND opened_at < $now
          AND opened_at >= $now - INTERVAL 180 DAY AND reopened_at < $now""",
    rf"Last answer on {DATE}": """
        SELECT strftime(max(responded_at), '%-d %B %Y')
        FROM surveys WHERE customer_id = $who AND responded_at < $now""",
    rf"{N} low answers? in the last 180 days": """
        SELECT count(*) FROM surveys WHERE customer_id = $who AND responded_at < $now
          AND responded_at >= $now - INTERVAL 180 DAY
          AND score <= CASE metric WHEN 'csat' THEN 3 WHEN 'ces' THEN 4 ELSE 6 END""",
    rf"{N} {VISITS} in the last 30 days, {N} in the 60 days before": """
        SELECT count(*) FILTER (occurred_at >= $now - INTERVAL 30 DAY),
               count(*) FILTER (occurred_at < $now - INTERVAL 30 DAY)
        FROM engagement WHERE customer_id = $who AND occurred_at < $now
          AND occurred_at >= $now - INTERVAL 90 DAY""",
    rf"{N} {VISITS} in the last 90 days, {N} in the 90 days before": """
        SELECT count(*) FILTER (occurred_at >= $now - INTERVAL 90 DAY),
               count(*) FILTER (occurred_at < $now - INTERVAL 90 DAY)
        FROM engagement WHERE customer_id = $who AND occurred_at < $now
          AND occurred_at >= $now - INTERVAL 180 DAY""",
    rf"{N} {VISITS} in the last 90 days; customers like this": """
        SELECT count(*) FROM engagement WHERE customer_id = $who AND occurred_at < $now
          AND occurred_at >= $now - INTERVAL 90 DAY""",
    rf"{N} % of the price given as discount in the last 90 days, {N} % before": """
        SELECT 100 * sum(discount) FILTER (late) / sum(amount + discount) FILTER (late),
               100 * sum(discount) FILTER (NOT late) / sum(amount + discount) FILTER (NOT late)
        FROM (SELECT *, ordered_at >= $now - INTERVAL 90 DAY AS late FROM orders
              WHERE customer_id = $who AND ordered_at < $now)""",
    r"Orders of EUR ([\d.,]+) on average; customers like this": """
        SELECT avg(amount) FROM orders WHERE customer_id = $who AND ordered_at < $now""",
    rf"{N} of {N} orders? bought with a discount": """
        SELECT count(*) FILTER (discount > 0), count(*)
        FROM orders WHERE customer_id = $who AND ordered_at < $now""",
    r"EUR ([\d.,]+) returned on EUR ([\d.,]+) spent in the last 365 days": """
        SELECT (SELECT sum(amount) FROM returns WHERE customer_id = $who AND returned_at < $now
                  AND returned_at >= $now - INTERVAL 365 DAY),
               (SELECT sum(amount) FROM orders WHERE customer_id = $who AND ordered_at < $now
                  AND ordered_at >= $now - INTERVAL 365 DAY)""",
    rf"{N} returns? on {N} orders? in the last 365 days": """
        SELECT (SELECT count(*) FROM returns WHERE customer_id = $who AND returned_at < $now
                  AND returned_at >= $now - INTERVAL 365 DAY),
               (SELECT count(*) FROM orders WHERE customer_id = $who AND ordered_at < $now
                  AND ordered_at >= $now - INTERVAL 365 DAY)""",
    rf"Last seen {N} days? ago \({DATE}\)": """
        SELECT ceil(epoch($now - max(occurred_at)) / 86400), strftime(max(occurred_at), '%-d %B %Y')
        FROM engagement WHERE customer_id = $who AND occurred_at < $now""",
    r"Orders of EUR ([\d.,]+) on average in the last 90 days, EUR ([\d.,]+) before": """
        SELECT avg(amount) FILTER (ordered_at >= $now - INTERVAL 90 DAY),
               avg(amount) FILTER (ordered_at < $now - INTERVAL 90 DAY)
        FROM orders WHERE customer_id = $who AND ordered_at < $now""",
}
"""How a sentence begins → what its numbers and dates must be, in order; `$who` as of `$now`."""


@pytest.fixture(scope="module")
def sentences(bundle: Bundle, tables: Tables, as_of: datetime) -> list[tuple[str, str]]:
    """Customer and sentence, all that the retailer's list holds."""
    scores = score(bundle, tables, as_of, load(Playbook)).scores
    texts = scores.melt("customer_id", [f"weak_point_{place}_says" for place in (1, 2, 3)]).dropna()
    pairs = zip(texts["customer_id"], texts["value"], strict=True)
    return [(who, part) for who, text in pairs for part in re.split(r"\. (?=[A-Z\d])", text.rstrip("."))]


@pytest.fixture(scope="module")
def ask(frames: Frames, as_of: datetime) -> Callable[[str, str], tuple[Any, ...]]:
    database = duckdb.connect()
    for name, frame in frames.items():
        database.register(name, frame)

    def answer(query: str, who: str) -> tuple[Any, ...]:
        known = {"who": who, "now": as_of}
        row = database.execute(query, {name: known[name] for name in known if f"${name}" in query}).fetchone()
        assert row is not None
        return row

    return answer


def agrees(told: str, true: Any) -> bool:
    if isinstance(true, str):
        return told == true
    number = 0.0 if told.lower() == "no" else float(told.replace(",", ""))
    return abs(number - float(true)) <= (0.5 if "." not in told else 0.005) + 1e-9


def test_no_sentence_contradicts_the_rows(
    sentences: list[tuple[str, str]], ask: Callable[[str, str], tuple[Any, ...]]
) -> None:
    checked, wrong = 0, []
    for who, text in sentences:
        for pattern, query in CHECKS.items():
            if found := re.match(pattern, text):
                true = ask(query, who)
                checked += 1
                if not all(agrees(t, v) for t, v in zip(found.groups(), true, strict=True)):
                    wrong.append((who, text, true))
    assert not wrong, "\n".join(map(str, wrong))
    assert checked >= 0.6 * len(sentences)
    assert checked >= 400
