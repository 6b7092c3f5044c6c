"""Whether any sentence contradicts the raw rows: their numbers are computed anew by plain SQL.

    python benchmarks/sentences.py [--sentences 1000 --customers 3000 --seed 7]

Simulates a retailer with every table, trains and scores as of its end, and draws sentences at random. Of each
the figures of the customer, and of peers where these are counts, are asked of the raw tables; the sentence
told from the answer must be the same, in every language, and its figures must be worse than what they are
compared with. A message without a query here counts as unchecked.
"""

from __future__ import annotations

import argparse
import tempfile
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

import duckdb
import pandas as pd

from configs.catalogues import codes
from configs.loading import load
from configs.settings import Definitions, Playbook, TrainingSettings
from demo.simulate import simulate
from features.sources import open_source
from models.language import Message, language, unpacked
from models.scoring import score
from training.fit import fit

Ask = Callable[[str, str], dict[str, Any]]

OF_ORDERS = """SELECT {} FROM orders WHERE customer_id = $who AND ordered_at < $now"""
OF_RETURNS = """SELECT {} FROM returns WHERE customer_id = $who AND returned_at < $now"""
OF_TICKETS = """SELECT {} FROM tickets WHERE customer_id = $who AND opened_at < $now"""
OF_SURVEYS = """SELECT {} FROM (SELECT *, CASE metric WHEN 'nps' THEN score
    WHEN 'csat' THEN (score - 1) * 10 / 4
    WHEN 'csi' THEN (score - 1) * 10 / 9 ELSE (score - 1) * 10 / 6 END AS mood FROM surveys)
    WHERE customer_id = $who AND responded_at < $now"""
OF_ENGAGEMENT = """SELECT {} FROM engagement WHERE customer_id = $who AND occurred_at < $now"""
OF_CONTACTS = """SELECT {} FROM contacts WHERE customer_id = $who AND sent_at < $now AND arm = 'treatment'"""
OF_LINES = """SELECT {} FROM order_lines JOIN orders USING (order_id)
    WHERE customer_id = $who AND ordered_at < $now"""
LAST = "(SELECT max(ordered_at) FROM orders WHERE customer_id = $who AND ordered_at < $now)"
FIRST = "(SELECT min(ordered_at) FROM orders WHERE customer_id = $who AND ordered_at < $now)"
DAYS_AGO = "greatest(1, ceil(epoch($now - {}) / 86400))"
AGO = f"{DAYS_AGO.format('max(ordered_at)')} AS ago, strftime(max(ordered_at), '%Y-%m-%d') AS day"
GAP = (
    "round_even(date_diff('day', min(ordered_at)::date, max(ordered_at)::date)"
    " / (count(DISTINCT ordered_at::date) - 1), 0) AS gap"
)
OPEN = """kind = 'complaint' AND (resolved_at IS NULL OR resolved_at >= $now
    OR (reopened_at < $now AND reopened_at > resolved_at))"""
OPEN_SINCE = "if(resolved_at < $now, reopened_at, opened_at)"
LOW = "mood <= 6"


def late(time: str, days: int) -> str:
    return f"{time} >= $now - INTERVAL {days} DAY"


def spell(time: str, oldest: int, newest: int) -> str:
    return f"{time} >= $now - INTERVAL {oldest} DAY AND {time} < $now - INTERVAL {newest} DAY"


def then(time: str) -> str:
    """Within the 90 days until 14 days after the last order."""
    return f"{time} >= {LAST} - INTERVAL 76 DAY AND {time} < {LAST} + INTERVAL 14 DAY"


def counts(time: str, **windows: tuple[int, int]) -> str:
    return ", ".join(
        f"count(*) FILTER ({spell(time, oldest, newest)}) AS {name}"
        for name, (oldest, newest) in windows.items()
    )


ORDERS, RETURNS, SEEN = "ordered_at", "returned_at", "occurred_at"
SHARE = "sum(discount) FILTER ({0}) / sum(amount + discount) FILTER ({0})"
QUERIES: dict[str, str] = {
    "one_order": OF_ORDERS.format(AGO),
    "orders_of_one_day": OF_ORDERS.format(f"{AGO}, count(*) AS orders"),
    **dict.fromkeys(("orders_of_two_days", "silent"), OF_ORDERS.format(f"{AGO}, {GAP}")),
    "orders_seldom": OF_ORDERS.format(f"count(DISTINCT ordered_at::date) AS days, {GAP}"),
    "orders_fell": OF_ORDERS.format(counts(ORDERS, now=(90, 0), before=(180, 90))),
    "customer_for_short": OF_ORDERS.format(
        f"{DAYS_AGO.format('min(ordered_at)')} AS age, count(*) AS orders"
    ),
    "fewer_orders_than_peers": OF_ORDERS.format(counts(ORDERS, orders=(365, 0))),
    "basket_fell": OF_ORDERS.format(
        f"avg(amount) FILTER ({late(ORDERS, 90)}) AS now, "
        f"avg(amount) FILTER (NOT {late(ORDERS, 90)}) AS before"
    ),
    "basket_fell_at_last_order": OF_ORDERS.format(
        f"76 AS days, avg(amount) FILTER ({then(ORDERS)}) AS now, "
        f"avg(amount) FILTER (NOT ({then(ORDERS)})) AS before"
    ),
    "discount_rose": OF_ORDERS.format(
        f"{SHARE.format(late(ORDERS, 90))} AS now, {SHARE.format(f'NOT {late(ORDERS, 90)}')} AS before"
    ),
    "discount_rose_at_last_order": OF_ORDERS.format(
        f"76 AS days, {SHARE.format(then(ORDERS))} AS now, {SHARE.format(f'NOT ({then(ORDERS)})')} AS before"
    ),
    "smaller_basket_than_peers": OF_ORDERS.format("avg(amount) AS basket"),
    "more_discounts_than_peers": OF_ORDERS.format(
        "count(*) FILTER (discount > 0) AS discounted, count(*) AS orders"
    ),
    "returns_rose": f"""SELECT * FROM
        ({
        OF_RETURNS.format(
            f"count(*) FILTER ({late(RETURNS, 90)}) AS returns, "
            f"count(*) FILTER (NOT {late(RETURNS, 90)}) AS returns_before"
        )
    }),
        ({
        OF_ORDERS.format(
            f"count(*) FILTER ({late(ORDERS, 90)}) AS orders, "
            f"count(*) FILTER (NOT {late(ORDERS, 90)}) AS orders_before"
        )
    })""",
    "more_returns_than_peers": f"""SELECT * FROM ({OF_RETURNS.format(counts(RETURNS, returns=(365, 0)))}),
        ({OF_ORDERS.format(counts(ORDERS, orders=(365, 0)))})""",
    "returns_at_last_order": OF_RETURNS.format(f"count(*) FILTER ({then(RETURNS)}) AS returns, 14 AS days"),
    "subscriptions_fell": """SELECT
          count(*) FILTER (started_at < $now AND (cancelled_at IS NULL OR cancelled_at >= $now)) AS now,
          count(*) FILTER (started_at < $now - INTERVAL 365 DAY
            AND (cancelled_at IS NULL OR cancelled_at >= $now - INTERVAL 365 DAY)) AS before
        FROM subscriptions WHERE customer_id = $who""",
    "more_money_returned_than_peers": f"""SELECT * FROM
        ({OF_RETURNS.format(f"sum(amount) FILTER ({late(RETURNS, 365)}) AS returned")}),
        ({OF_ORDERS.format(f"sum(amount) FILTER ({late(ORDERS, 365)}) AS spent")})""",
    "categories_fell": OF_LINES.format(
        f"count(DISTINCT category) FILTER ({spell(ORDERS, 90, 0)}) AS now, "
        f"count(DISTINCT category) FILTER ({spell(ORDERS, 180, 90)}) AS before"
    ),
    **dict.fromkeys(
        ("complaint_open", "complaints_open"),
        OF_TICKETS.format(
            f"count(*) AS complaints, {DAYS_AGO.format(f'min({OPEN_SINCE})')} AS age, "
            f"strftime(min({OPEN_SINCE}), '%Y-%m-%d') AS day"
        )
        + f" AND {OPEN}",
    ),
    "complaints": OF_TICKETS.format("count(*) AS complaints, strftime(min(opened_at), '%Y-%m-%d') AS day")
    + f" AND kind = 'complaint' AND {late('opened_at', 180)}",
    "tickets_reopened": OF_TICKETS.format("count(*) AS tickets")
    + f" AND {late('opened_at', 180)} AND reopened_at < $now",
    "slow_answers": OF_TICKETS.format("avg(epoch(first_response_at - opened_at)) / 3600 AS hours")
    + f" AND {late('opened_at', 180)} AND first_response_at < $now",
    "tickets_unanswered": OF_TICKETS.format("count(*) AS tickets")
    + f" AND {late('opened_at', 180)} AND (first_response_at IS NULL OR first_response_at >= $now)",
    "complaints_repeated": OF_TICKETS.format("count(*) AS complaints")
    + f""" AND kind = 'complaint' AND {late("opened_at", 180)} AND EXISTS (SELECT 1 FROM tickets other
        WHERE other.customer_id = $who AND other.kind = 'complaint' AND other.topic = tickets.topic
          AND other.opened_at < tickets.opened_at)""",
    "silent_since_complaint": f"""SELECT * FROM
        ({
        OF_TICKETS.format(
            f"{DAYS_AGO.format('max(opened_at)')} AS ago, strftime(max(opened_at), '%Y-%m-%d') AS day"
        )
    } AND kind = 'complaint'),
        ({OF_ORDERS.format(GAP)})""",
    "complaints_at_last_order": f"""SELECT complaints, orders, 14 AS days,
          complaints_before / orders_before AS before
        FROM ({
        OF_TICKETS.format(
            f"count(*) FILTER ({then('opened_at')}) AS complaints, "
            f"count(*) FILTER (opened_at < {LAST} - INTERVAL 76 DAY) AS complaints_before"
        )
    }
              AND kind = 'complaint'),
             ({
        OF_ORDERS.format(
            f"count(*) FILTER ({then(ORDERS)}) AS orders, "
            f"count(*) FILTER (NOT ({then(ORDERS)})) AS orders_before"
        )
    })""",
    "answer_fell": OF_SURVEYS.format(
        "strftime(max(responded_at), '%Y-%m-%d') AS day, arg_max(mood, responded_at) AS mood, "
        f"avg(mood) FILTER (NOT {late('responded_at', 180)}) AS before"
    ),
    "lower_answer_than_peers": OF_SURVEYS.format(
        "strftime(max(responded_at), '%Y-%m-%d') AS day, arg_max(mood, responded_at) AS mood"
    ),
    "low_answers": OF_SURVEYS.format(f"count(*) FILTER ({late('responded_at', 180)} AND {LOW}) AS answers"),
    "low_answers_at_last_order": OF_SURVEYS.format(
        f"count(*) FILTER ({then('responded_at')} AND {LOW}) AS answers, 14 AS days"
    ),
    "lowest_answer": OF_SURVEYS.format("min(mood) AS mood"),
    "fell_silent": f"""SELECT * FROM ({OF_ORDERS.format(counts(ORDERS, orders=(180, 0)))}),
        ({OF_SURVEYS.format(counts("responded_at", before=(365, 180)))})""",
    "activity_fell_in_30_days": OF_ENGAGEMENT.format(counts(SEEN, now=(30, 0), before=(90, 30))),
    "activity_fell_in_90_days": OF_ENGAGEMENT.format(counts(SEEN, now=(90, 0), before=(180, 90))),
    "activity_fell_before_last_order": f"""SELECT now, 14 AS days,
          earlier * 90 / least(270, epoch({LAST} - INTERVAL 76 DAY - began) / 86400) AS before
        FROM ({
        OF_ENGAGEMENT.format(
            f"count(*) FILTER ({then(SEEN)}) AS now, "
            f"count(*) FILTER (occurred_at >= {LAST} - INTERVAL 346 DAY"
            f" AND occurred_at < {LAST} - INTERVAL 76 DAY) AS earlier, "
            f"least({FIRST}, min(occurred_at)) AS began"
        )
    })""",
    "less_activity_than_peers": OF_ENGAGEMENT.format(counts(SEEN, now=(90, 0))),
    "unseen": OF_ENGAGEMENT.format(
        f"{DAYS_AGO.format('max(occurred_at)')} AS ago, strftime(max(occurred_at), '%Y-%m-%d') AS day"
    ),
    "fewer_redeemed_than_peers": OF_CONTACTS.format(
        "count(redeemed_at < $now OR NULL) AS redeemed, count(*) AS offers"
    )
    + f" AND {late('sent_at', 365)}",
    "offers_not_redeemed": OF_CONTACTS.format("count(*) AS offers")
    + f" AND (redeemed_at IS NULL OR redeemed_at >= $now) AND sent_at > {LAST}",
}
"""Message → the same values, from the raw tables; `$who` as of `$now`."""

OF_PEERS: dict[str, str] = {
    "fewer_orders_than_peers": f"SELECT customer_id FROM orders WHERE {spell(ORDERS, 365, 0)}",
    "complaints": f"""SELECT customer_id FROM tickets
        WHERE kind = 'complaint' AND {spell("opened_at", 180, 0)}""",
    "tickets_reopened": f"""SELECT customer_id FROM tickets
        WHERE reopened_at < $now AND {spell("opened_at", 180, 0)}""",
    "less_activity_than_peers": f"SELECT customer_id FROM engagement WHERE {spell(SEEN, 90, 0)}",
}
"""Message → the rows that are counted of each customer. Told is the median, or the mean where that is 0."""
TYPICAL = """WITH active AS (SELECT DISTINCT customer_id FROM orders WHERE ordered_at < $now
        AND ordered_at >= $now - INTERVAL 365 DAY),
    counted AS (SELECT customer_id, count(*) AS n FROM ({}) GROUP BY customer_id),
    everyone AS (SELECT coalesce(n, 0) AS n,
            segment = (SELECT segment FROM customers WHERE customer_id = $who) AS alike
        FROM active JOIN customers USING (customer_id) LEFT JOIN counted USING (customer_id)),
    ours AS (SELECT n FROM everyone WHERE alike OR (SELECT count(*) FROM everyone WHERE alike) < 50)
    SELECT if(median(n) != 0, median(n), avg(n)) AS peers FROM ours"""

MORE, LESS = "more", "less"
WORSE: dict[str, tuple[str, str, str]] = {
    **dict.fromkeys(
        (
            "orders_fell",
            "subscriptions_fell",
            "basket_fell",
            "basket_fell_at_last_order",
            "categories_fell",
            "products_fell",
        ),
        ("now", LESS, "before"),
    ),
    **dict.fromkeys(("discount_rose", "discount_rose_at_last_order"), ("now", MORE, "before")),
    **dict.fromkeys(("orders_of_two_days", "silent"), ("ago", MORE, "gap")),
    "silent_since_complaint": ("ago", MORE, "gap"),
    "orders_seldom": ("gap", MORE, "peers"),
    "fewer_orders_than_peers": ("orders", LESS, "peers"),
    "smaller_basket_than_peers": ("basket", LESS, "peers"),
    "complaints": ("complaints", MORE, "peers"),
    "complaints_repeated": ("complaints", MORE, "peers"),
    "tickets_reopened": ("tickets", MORE, "peers"),
    "returns_at_last_order": ("returns", MORE, "peers"),
    "slow_answers": ("hours", MORE, "peers"),
    "answer_fell": ("mood", LESS, "before"),
    "lower_answer_than_peers": ("mood", LESS, "peers"),
    "lowest_answer": ("mood", LESS, "peers"),
    "low_answers": ("answers", MORE, "peers"),
    "low_answers_at_last_order": ("answers", MORE, "peers"),
    "activity_fell_before_last_order": ("now", LESS, "before"),
    "activity_fell_in_90_days": ("now", LESS, "before"),
    "less_activity_than_peers": ("now", LESS, "peers"),
    "unseen": ("ago", MORE, "peers"),
}
RATES: dict[str, Callable[[Mapping[str, Any]], bool]] = {
    "returns_rose": lambda v: v["returns"] * v["orders_before"] > v["returns_before"] * v["orders"],
    "more_returns_than_peers": lambda v: v["returns"] / v["orders"] > v["peers"],
    "more_money_returned_than_peers": lambda v: v["returned"] / v["spent"] > v["peers"],
    "more_discounts_than_peers": lambda v: v["discounted"] / v["orders"] > v["peers"],
    "complaints_at_last_order": lambda v: v["complaints"] / v["orders"] > v["before"],
    "fewer_redeemed_than_peers": lambda v: v["redeemed"] / v["offers"] < v["peers"],
    "activity_fell_in_30_days": lambda v: v["now"] / 30 < v["before"] / 60,
}
"""Message → whether its figures point the way that is worse, where it compares any."""


@dataclass(frozen=True)
class Verdict:
    """`wrong`: customer, sentence, and what the rows say. `unchecked`: message → how often."""

    checked: int
    wrong: list[tuple[str, str, str]]
    unchecked: Counter[str]


def asking(tables: Mapping[str, pd.DataFrame], now: datetime) -> Ask:
    """What answers a query over the raw tables as a dict."""
    database = duckdb.connect()
    for name, frame in tables.items():
        database.register(name, frame)

    def ask(query: str, who: str) -> dict[str, Any]:
        known = {name: value for name, value in {"who": who, "now": now}.items() if f"${name}" in query}
        found = database.execute(query, known)
        return dict(zip([column[0] for column in found.description], found.fetchone(), strict=True))

    return ask


def check(who: str, fact: Message, ask: Ask) -> list[tuple[str, str, str]]:
    """What the rows say against a fact; nothing where they agree."""
    true = dict(fact.values) | ask(QUERIES[fact.name], who)
    if fact.name in OF_PEERS:
        true |= ask(TYPICAL.format(OF_PEERS[fact.name]), who)
    wrong = []
    for code in codes():
        told, should = (language(code).sentence([Message(fact.name, v)]) for v in (fact.values, true))
        if told != should and not _as_near(fact.values, true):
            wrong.append((who, told, should))
    return wrong if _is_worse(fact.name, true) else [*wrong, (who, str(fact), "points the wrong way")]


def _as_near(told: Mapping[str, Any], true: Mapping[str, Any]) -> bool:
    """Whether both are the same but for the last bits, which may round to either side."""
    numbers = {name: value for name, value in told.items() if not isinstance(value, str)}
    return all(told[name] == true[name] for name in told.keys() - numbers.keys()) and all(
        abs(value - true[name]) <= 1e-6 * max(1, abs(value)) for name, value in numbers.items()
    )


def _is_worse(name: str, values: Mapping[str, Any]) -> bool:
    if name in RATES:
        return RATES[name](values)
    if name not in WORSE:
        return True
    one, way, other = WORSE[name]
    return bool(values[one] > values[other] if way == MORE else values[one] < values[other])


def verdict(facts: list[tuple[str, Message]], ask: Ask) -> Verdict:
    """`facts`: customer and what is said of them."""
    known = [(who, fact) for who, fact in facts if fact.name in QUERIES]
    wrong = [entry for who, fact in known for entry in check(who, fact, ask)]
    return Verdict(len(known), wrong, Counter(fact.name for _, fact in facts if fact.name not in QUERIES))


def drawn(scores: pd.DataFrame, facts: pd.Series, number: int, seed: int) -> list[tuple[str, Message]]:
    """Customers and facts of the list, at random; all where there are fewer."""
    every = [
        (who, fact)
        for who, packed in zip(scores["customer_id"], facts, strict=True)
        for point in unpacked(packed)
        for fact in point
    ]
    places = pd.Series(range(len(every))).sample(min(number, len(every)), random_state=seed)
    return [every[place] for place in places]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--sentences", type=int, default=1000)
    parser.add_argument("--customers", type=int, default=3000)
    parser.add_argument("--seed", type=int, default=7)
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        shop = Path(folder) / "shop"
        simulate(shop, customers=asked.customers, seed=asked.seed)
        tables = {file.stem: pd.read_parquet(file) for file in shop.glob("*.parquet")}
        day: date = tables["orders"]["ordered_at"].max().date() + timedelta(days=1)
        now = datetime(day.year, day.month, day.day)  # noqa: DTZ001
        source = open_source(shop)
        settings = TrainingSettings(step_days=30, max_snapshots=8, trees=80)
        bundle = fit(source.tables, now, Definitions(), settings)
        scored = score(bundle, source.tables, now, load(Playbook))
    assert scored.facts is not None
    found = verdict(drawn(scored.scores, scored.facts, asked.sentences, asked.seed), asking(tables, now))
    print(f"{found.checked:,} sentences checked in {', '.join(codes())}; wrong: {len(found.wrong)}")
    print(f"without a query: {dict(found.unchecked) or 'none'}")
    for entry in found.wrong[:20]:
        print(*entry, sep="\n    ")


if __name__ == "__main__":
    main()
