"""Tables in which hardly anything varies: trained on, saying what was left out, or refused in a sentence."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from datetime import datetime, timedelta
from typing import Any

import pandas as pd
import pytest

START = datetime(2024, 1, 1)  # noqa: DTZ001
END = 400

Rows = list[dict[str, Any]]
Tables = Mapping[str, Rows]


def placed(
    customers: int = 80,
    days: int = END,
    gap: Callable[[int], int] = lambda customer: 11 + customer % 40,
    stops: Callable[[int], bool] = lambda customer: customer % 3 == 0,
    amount: Callable[[int, int], float] = lambda customer, _: 10.0 + customer % 7,
) -> Rows:
    """Orders at each customer's own steady pace; some stop half way."""

    def each() -> Iterator[tuple[int, int, int]]:
        for customer in range(customers):
            last = days // 2 + customer % 60 if stops(customer) else days
            for place, day in enumerate(range(customer % 11, last, gap(customer))):
                yield customer, place, day

    return [
        {
            "order_id": f"o{number}",
            "customer_id": f"c{customer:03d}",
            "ordered_at": START + timedelta(days=day),
            "amount": float(amount(customer, place)),
        }
        for number, (customer, place, day) in enumerate(each())
    ]


def subscribed(cancelled: Callable[[int], int | None], customers: int = 120, **more: Any) -> Rows:
    """Subscriptions that began in the first 60 days."""
    return [
        {
            "subscription_id": f"s{customer}",
            "customer_id": f"c{customer}",
            "started_at": START + timedelta(days=customer % 60),
            "cancelled_at": None
            if (day := cancelled(customer)) is None
            else START + timedelta(days=float(day)),
            "price": 10.0,
            **more,
        }
        for customer in range(customers)
    ]


LAST = START + timedelta(days=END)
ONE_DAY = [order | {"ordered_at": START} for order in placed()]
CONTRACTUAL = ("--mode", "contractual")


@pytest.mark.parametrize(
    ("tables", "flags", "says"),
    [
        ({"orders": placed(stops=lambda _: False)}, (), r"^0 customers churned on .*; training needs 20\.$"),
        (
            {
                "orders": [
                    *placed(stops=lambda _: True),
                    {**placed(1)[0], "order_id": "last", "ordered_at": LAST},
                ]
            },
            (),
            r"^1 customer stayed on .*; training needs 20\.$",
        ),
        (
            {"orders": placed(30)},
            (),
            r"^30 customers were active .*; training needs 50\. 10 customers churned",
        ),
        ({"orders": placed(gap=lambda _: 1000)}, (), "Too few customers ordered again: 0; training needs 10"),
        ({"orders": ONE_DAY}, (), r"The orders run from 2024-01-01 to 2024-01-01, 1 day; .* training needs"),
        ({"orders": ONE_DAY[:1]}, (), "1 day; .* training needs"),
        ({"orders": placed(amount=lambda *_: 0.0)}, (), r"^orders\.amount is 0 in all [\d,]+ orders, so no"),
        ({"orders": placed()}, ("--horizon-days", 380), r"^The orders run .* or a shorter horizon\.$"),
        ({"orders": placed()}, ("--as-of", "2024-03-01"), "The orders run from .* training needs 150"),
        ({"subscriptions": subscribed(lambda _: None)}, CONTRACTUAL, "^No subscription was cancelled before"),
        (
            {"subscriptions": subscribed(lambda c: 70 + c)},
            (*CONTRACTUAL, "--horizon-days", 60),
            r"0 customers stayed on .*; training needs 20\.$",
        ),
        (
            {"subscriptions": subscribed(lambda c: 200 if c < 60 else None)},
            CONTRACTUAL,
            "^Cancellations are known from .*; training needs a horizon of 90",
        ),
    ],
    ids=[
        *("no churner", "all churners", "30 customers", "one order each", "a single day", "a single order"),
        *("zero amounts", "long horizon", "early day", "no cancellation", "all cancelled"),
        "cancellations of one day",
    ],
)
def test_refused_in_one_sentence(door: Any, put: Any, tables: Tables, flags: Any, says: str) -> None:
    door.refuses(says, "train", put(**tables), *flags)


def trained(door: Any, source: object, *flags: object) -> tuple[dict[str, Any], pd.DataFrame]:
    """What a training tells, and the scores of its model."""
    told = door.done("train", source, "--json", *flags).json
    assert told["promoted"]
    file = door.home / "scores.parquet"
    door.done("score", source, "--out", file)
    scores = pd.read_parquet(file)
    assert scores[["churn_probability", "clv", "value_at_risk"]].notna().all(axis=None)
    assert scores["churn_probability"].between(0, 1).all()
    return told, scores


def test_few_customers_in_whom_nothing_varies(new_door: Any, put: Any) -> None:
    """One amount, one pace, one category, one segment: who bought lately is all there is to learn from."""
    orders = placed(gap=lambda _: 20, amount=lambda *_: 10.0)
    lines = [{"order_id": order["order_id"], "product_id": "p", "category": "all"} for order in orders]
    people = [{"customer_id": f"c{n:03d}", "segment": "one", "shoe": 41, "colour": "red"} for n in range(80)]
    told, scores = trained(new_door, put(orders=orders, order_lines=lines, customers=people))
    assert told["simple"][0].startswith("Too few customers for trees (100 who churned and 100 who stayed)")
    assert [text.split(": ")[1] for text in told["simple"]] == [
        "simple models tell churn (curves, rfm, silence).",
        "simple models tell the CLV (buying, curves, rfm).",
    ]
    gone = scores["customer_id"].isin(f"c{n:03d}" for n in range(0, 80, 3))
    assert scores.loc[gone, "churn_probability"].min() > scores.loc[~gone, "churn_probability"].max()


def test_sums_add_up_with_a_giant_customer_and_without(new_door: Any, put: Any) -> None:
    """Each buys on as before, so what they spent in the last 90 days they will spend in the next."""
    orders = placed(amount=lambda customer, _: (1e6 if customer == 1 else 1.0) * (10.0 + customer % 7))
    _, scores = trained(new_door, put(orders=orders), "--clv-horizon-days", 90)
    bought = pd.DataFrame(orders)
    lately = bought[bought["ordered_at"] >= LAST - timedelta(days=90)]
    spent = lately.groupby("customer_id")["amount"].sum()
    clv = scores.set_index("customer_id")["clv"]
    assert 0.3 < clv["c001"] / spent["c001"] < 1.6
    assert 0.7 < clv.drop("c001").sum() / spent.drop("c001").sum() < 1.5


def test_history_for_a_single_snapshot_date_is_judged_on_customers_held_out(new_door: Any, put: Any) -> None:
    """60 days, a horizon of 30 days, and a few more: one day to learn from, and none to judge later."""
    orders = placed(90, days=110, gap=lambda n: 3 + n % 9)
    told = new_door.done("train", put(orders=orders), "--horizon-days", 30, "--json").json
    assert told["promoted"]
    assert told["on_customers_held_out"]
