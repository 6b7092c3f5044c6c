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
from serving.batches import MOST_REQUESTS, PLACES, Batches
from serving.requests import MOST_CUSTOMERS, EventsRequest
from serving.speaking import ENGLISH


def request(number: int, customers: int = 1) -> EventsRequest:
    orders = [{"customer_id": f"{number}-{place}"} for place in range(customers)]
    return EventsRequest(as_of="2025-06-01", tables={"orders": orders})  # type: ignore[arg-type]


class Slow:
    """Stands for the scoring: notes each batch, and waits until all places are taken."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.sizes: list[int] = []
        self.go = threading.Event()
        monkeypatch.setattr(batches, "replies", self)

    def __call__(self, asked: Sequence[Any], resources: Any) -> list[Any]:
        self.sizes.append(len(asked))
        assert self.go.wait(10)
        return [_answer(each, resources) for each, _ in asked]


def _answer(asked: EventsRequest, resources: Any) -> Any:
    first = asked.tables["orders"][0]["customer_id"]
    return RequestError(f"{first} is wrong.") if first.startswith("13-") else (first, resources)


async def scored(slow: Slow, requests: Sequence[EventsRequest], resources: Sequence[Any]) -> list[Any]:
    """The first ones take the places, one after the other; the rest comes at once."""
    one, tasks = Batches(), []
    for place, (each, given) in enumerate(zip(requests, resources, strict=True)):
        tasks.append(asyncio.create_task(one.score(each, given, ENGLISH)))
        while place < PLACES and len(slow.sizes) <= place:
            await asyncio.sleep(0.01)
    await asyncio.sleep(0.05)
    slow.go.set()
    return await asyncio.gather(*tasks, return_exceptions=True)


def test_what_finds_a_place_goes_alone_and_the_rest_together(monkeypatch: pytest.MonkeyPatch) -> None:
    slow = Slow(monkeypatch)
    found = asyncio.run(scored(slow, [request(number) for number in range(10)], [None] * 10))
    assert found == [(f"{number}-0", None) for number in range(10)]
    assert slow.sizes == [1] * PLACES + [10 - PLACES]


def test_an_error_reaches_whose_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    slow = Slow(monkeypatch)
    found = asyncio.run(scored(slow, [request(number) for number in range(11, 16)], [None] * 5))
    assert [type(each) for each in found] == [tuple, tuple, RequestError, tuple, tuple]
    assert str(found[2]) == "13-0 is wrong."


def test_a_batch_is_of_one_bundle_and_no_larger_than_a_request_may_be(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    slow = Slow(monkeypatch)
    requests = [request(number) for number in range(PLACES)]
    requests += [request(100 + number, MOST_CUSTOMERS // 2) for number in range(3)]
    requests += [request(200 + number) for number in range(MOST_REQUESTS + 4)]
    resources = ["old"] * (PLACES + 3 + 2) + ["new"] * (MOST_REQUESTS + 2)
    found = asyncio.run(scored(slow, requests, resources))
    firsts = [each.tables["orders"][0]["customer_id"] for each in requests]
    assert found == list(zip(firsts, resources, strict=True))
    assert slow.sizes[:PLACES] == [1] * PLACES
    assert sorted(slow.sizes[PLACES:]) == sorted([2, 3, MOST_REQUESTS, 2])


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
