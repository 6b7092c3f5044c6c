"""What waits goes together, and each gets its own answer."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest

from features.errors import RequestError
from serving import batches
from serving.batches import LONG, MOST_REQUESTS, Batches
from serving.requests import MOST_CUSTOMERS, EventsRequest
from serving.speaking import ENGLISH


def request(number: int, customers: int = 1, orders_each: int = 1) -> EventsRequest:
    orders = [{"customer_id": f"{number}-{place}"} for place in range(customers)] * orders_each
    return EventsRequest(as_of="2025-06-01", tables={"orders": orders})  # type: ignore[arg-type]


class Slow:
    """Stands for the scoring: notes each batch, and waits until it may go on; long ones until the quick are
    answered."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.sizes: list[int] = []
        self.go, self.quick_done = threading.Event(), threading.Event()
        monkeypatch.setattr(batches, "replies", self)

    def __call__(self, asked: Sequence[Any], resources: Any) -> list[Any]:
        self.sizes.append(len(asked))
        long = asked[0][0].events > LONG
        assert (self.quick_done if long else self.go).wait(10)
        return [_answer(each, resources) for each, _ in asked]


def _answer(asked: EventsRequest, resources: Any) -> Any:
    first = asked.tables["orders"][0]["customer_id"]
    return RequestError(f"{first} is wrong.") if first.startswith("13-") else (first, resources)


async def scored(slow: Slow, requests: Sequence[EventsRequest], resources: Sequence[Any]) -> list[Any]:
    """The first one is being scored when the rest comes."""
    one, tasks = Batches(), []
    for each, given in zip(requests, resources, strict=True):
        tasks.append(asyncio.create_task(one.score(each, given, ENGLISH)))
        while not slow.sizes:
            await asyncio.sleep(0.01)
    await asyncio.sleep(0.05)
    slow.go.set()
    return await asyncio.gather(*tasks, return_exceptions=True)


def test_what_finds_nobody_goes_alone_and_the_rest_together(monkeypatch: pytest.MonkeyPatch) -> None:
    slow = Slow(monkeypatch)
    found = asyncio.run(scored(slow, [request(number) for number in range(10)], [None] * 10))
    assert found == [(f"{number}-0", None) for number in range(10)]
    assert slow.sizes == [1, 9]


def test_an_error_reaches_whose_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    slow = Slow(monkeypatch)
    found = asyncio.run(scored(slow, [request(number) for number in range(11, 16)], [None] * 5))
    assert [type(each) for each in found] == [tuple, tuple, RequestError, tuple, tuple]
    assert str(found[2]) == "13-0 is wrong."


def test_a_batch_is_of_one_bundle_and_no_larger_than_a_request_may_be(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    slow = Slow(monkeypatch)
    requests = [request(0)]
    requests += [request(100 + number, MOST_CUSTOMERS // 2) for number in range(3)]
    requests += [request(200 + number) for number in range(MOST_REQUESTS + 4)]
    resources = ["old"] * (1 + 3 + 2) + ["new"] * (MOST_REQUESTS + 2)
    found = asyncio.run(scored(slow, requests, resources))
    firsts = [each.tables["orders"][0]["customer_id"] for each in requests]
    assert found == list(zip(firsts, resources, strict=True))
    assert slow.sizes[0] == 1
    assert sorted(slow.sizes[1:]) == sorted([2, 3, MOST_REQUESTS, 2])


def test_the_quick_dont_wait_for_the_long(monkeypatch: pytest.MonkeyPatch) -> None:
    slow = Slow(monkeypatch)
    slow.go.set()

    async def both() -> tuple[Any, Any]:
        one = Batches()
        long = asyncio.create_task(one.score(request(0, orders_each=LONG + 1), None, ENGLISH))  # type: ignore[arg-type]
        while not slow.sizes:
            await asyncio.sleep(0.01)
        quick = await one.score(request(1), None, ENGLISH)  # type: ignore[arg-type]
        slow.quick_done.set()
        return quick, await long

    assert asyncio.run(both()) == (("1-0", None), ("0-0", None))


def test_too_much_in_one_request_is_told_at_once() -> None:
    with pytest.raises(RequestError, match="name 101 customers"):
        asyncio.run(Batches().score(request(1, 101), replace, ENGLISH))  # type: ignore[arg-type]


def test_many_at_once_get_the_scores_of_each_alone(client: Any, shop: Any) -> None:
    ids = shop.scored.scores["customer_id"][::20].tolist()
    bodies = [{"as_of": "2025-06-01", "tables": shop.of([each])} for each in ids]
    requests = [EventsRequest.model_validate(body) for body in bodies]

    async def together() -> list[Any]:
        one = Batches()
        return await asyncio.gather(*(one.score(each, client.resources, ENGLISH) for each in requests))

    for reply, customer_id in zip(asyncio.run(together()), ids, strict=True):
        assert [customer.customer_id for customer in reply.customers] == [customer_id]
        expected = shop.scored.scores.set_index("customer_id").loc[customer_id]
        assert reply.customers[0].churn_probability == pytest.approx(expected["churn_probability"], abs=1e-9)
        assert reply.customers[0].weak_point_1_says == (
            None if expected.isna()["weak_point_1"] else expected["weak_point_1_says"]
        )
