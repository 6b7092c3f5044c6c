"""Wrong requests: each is refused with a 4xx and one sentence that says what is wrong."""

from __future__ import annotations

import json
from typing import Any

import pytest

ORDER = {"order_id": "1", "customer_id": "C1", "ordered_at": "2025-05-02", "amount": 30.5}
TABLES: dict[str, Any] = {"customers": [], "orders": [ORDER], "tickets": [], "returns": []}
NO_JSON = "The body can't be read as JSON: "


def events(as_of: Any = "2025-06-01", **tables: Any) -> Any:
    return {"as_of": as_of, "tables": {**TABLES, **tables}}


BODIES: list[tuple[str, bytes, int, str]] = [
    ("/score", b"", 422, NO_JSON + "it is empty; send an object"),
    ("/score", b"{", 422, NO_JSON + "it ends at line 1, column 1, before it is complete; send all of it."),
    ("/score", b"\xff\xfe", 422, NO_JSON),
    ("/score", b'{"customer_ids": ["\xff"]}', 422, "at line 1, column 20, the text is not in UTF-8"),
    ("/score", b'{"customer_ids": ["\\ud800"]}', 422, NO_JSON),
    ("/score", b'{"customer_ids": [NaN]}', 422, "at line 1, column 19, no value begins"),
    ("/score", b"[" * 100_000, 422, "nested too deep"),
    ("/score", b'{"customer_ids": [' + b"9" * 6000 + b"]}", 422, "a number has too many digits"),
    ("/score", b"[1 2]", 422, NO_JSON + "at line 1, column 4, due is `,` or `]`."),
    ("/score", b'["a\nb"]', 422, "a line break or another control character"),
    ("/score", b" " * (32 * 2**20 + 1), 413, "The body is too large; send at most 32 MB"),
    ("/score-events", b'{"as_of": "2025-06-01", "tables": {"orders": [{"amount": Infinity}]}}', 422, NO_JSON),
]

DOCUMENTS: list[tuple[str, Any, int, str]] = [
    ("/score", [], 422, "The body is a list of 0; give an object of names and values."),
    ("/score", None, 422, "The body is null; give an object"),
    ("/score", {}, 422, "customer_ids is missing; give it"),
    ("/score", {"customer_ids": "C1"}, 422, 'customer_ids is "C1", a text; give a list in [ ].'),
    ("/score", {"customer_ids": [1]}, 422, "customer_ids[0] is 1, a number; give a text in double quotes."),
    ("/score", {"customer_ids": []}, 422, "customer_ids is a list of 0; give 1 or more."),
    ("/score", {"customer_ids": [" "]}, 422, 'customer_ids[0] is " "; give at least 1 character.'),
    ("/score", {"customer_ids": ["x" * 201]}, 422, "; give at most 200 characters."),
    ("/score", {"customer_ids": ["a"] * 1001}, 422, "customer_ids is a list of 1,001; give 1,000 or fewer."),
    ("/score", {"customer_ids": ["C0001"], "top": 3}, 422, "top is unknown"),
    ("/score", {"customer_ids": ["x", "a\0b"]}, 404, "None of the 2 customers asked for is among the"),
    ("/score-events", {}, 422, "as_of is missing; give it; tables is missing; give it"),
    ("/score-events", events(20250601), 422, "as_of is 20250601; write the day as text"),
    ("/score-events", events("soon"), 422, 'as_of is "soon"; that is no day; write it as 2025-06-30'),
    ("/score-events", events("2025-02-30"), 422, "that is no day"),
    ("/score-events", events("0001-01-01"), 422, "give a day of the years 1900 to 2199"),
    ("/score-events", events("0001-01-01T00:00:00+14:00"), 422, "that is no day"),
    ("/score-events", events("2020-01-01"), 422, "nothing is known yet: the first order is of 2025-05-02"),
    ("/score-events", events("2030-01-01"), 422, "No customer is active as of 2030-01-01"),
    (
        "/score-events",
        events(orders=[]),
        422,
        "tables.orders is an empty list: orders of the customers to score are needed",
    ),
    ("/score-events", events(orders={}), 422, "tables.orders is an object of 0; give a list in [ ]."),
    ("/score-events", events(orders=[5]), 422, "tables.orders[0] is 5, a number; give an object"),
    ("/score-events", events(orders=[{}]), 422, "orders.order_id"),
    ("/score-events", events(orders=[ORDER, ORDER]), 422, "exact copies"),
    ("/score-events", events(orders=[{**ORDER, "amount": "much"}]), 422, "orders.amount"),
    ("/score-events", events(orders=[{**ORDER, "amount": [1]}]), 422, "orders.amount"),
    ("/score-events", events(orders=[{**ORDER, "amount": -1}]), 422, "orders.amount"),
    ("/score-events", events(orders=[{**ORDER, "amount": 1e300}]), 422, "orders|too large"),
    ("/score-events", events(orders=[{**ORDER, "amount": "1e300"}]), 422, "orders|too large"),
    ("/score-events", events(orders=[{**ORDER, "ordered_at": "whenever"}]), 422, "orders.ordered_at"),
    ("/score-events", events(orders=[{**ORDER, "": 1}]), 422, "orders: columns have no name"),
    ("/score-events", events(orders=[{**ORDER, "a\0": 1}]), 422, "orders: columns have no name"),
    ("/score-events", events(orders=[{**ORDER, "AMOUNT": 1}]), 422, "differ in upper and lower case only"),
    ("/score-events", events(weather=[]), 422, "weather: there is no such table"),
    ("/score-events", events(returns=[{"order_id": str(n)} for n in range(50_001)]), 422, "hold 50,002 rows"),
    (
        "/score-events",
        events(orders=[{**ORDER, "customer_id": str(n)} for n in range(101)]),
        422,
        "name 101 customers; one request may carry 100",
    ),
]

PATHS: list[tuple[str, str, int, str]] = [
    ("GET", "/at-risk?top=0", 422, 'top is "0"; give 1 or more.'),
    ("GET", "/at-risk?top=-5", 422, 'top is "-5"; give 1 or more.'),
    ("GET", "/at-risk?top=many", 422, 'top is "many", a text; give a whole number.'),
    ("GET", "/at-risk?top=1001", 422, "top is 1001; ask for at most 1,000 rows as json"),
    ("GET", "/at-risk?top=1000001&format=csv", 422, "ask for at most 1,000,000 rows as csv"),
    ("GET", "/at-risk?top=" + "9" * 5000, 422, "top is"),
    ("GET", "/at-risk?min_clv=nan", 422, 'min_clv is "nan", a text; give a finite number.'),
    ("GET", "/at-risk?min_clv=-1", 422, "min_clv"),
    ("GET", "/at-risk?min_churn_probability=1.5", 422, 'min_churn_probability is "1.5"; give 1 or less.'),
    ("GET", "/at-risk?weak_point=profile", 422, "weak_point is 'profile'; use one of rhythm"),
    ("GET", "/at-risk?status=gone", 422, "status is 'gone'; use one of new"),
    ("GET", "/at-risk?segment=bronze", 422, "No customer is of segment 'bronze'; use one of gold, silver"),
    ("GET", "/at-risk?segment=%ff%00&format=csv", 422, "No customer is of segment"),
    ("GET", "/at-risk?country=XX", 422, "No customer is of country 'XX'; use one of DE, FR, IT"),
    ("GET", "/at-risk?cursor=x", 422, "pass on next_cursor as it came"),
    ("GET", "/at-risk?cursor=99-1", 404, "There is no scoring 99"),
    ("GET", "/at-risk?format=xml", 422, "format is \"xml\"; give 'json', 'csv' or 'jsonl'."),
    ("GET", "/at-risk?limit=5", 422, "limit is unknown; leave it out"),
    ("GET", "/explain/nobody", 404, "Customer 'nobody' is not among the"),
    ("GET", "/explain/", 404, "Customer '' is not among the"),
    ("GET", "/explain/%00", 404, "is not among the"),
    ("GET", "/explain/a%2Fb/c", 404, "Customer 'a/b/c' is not among the"),
    ("GET", "/explain/" + "x" * 5000, 404, "is not among the"),
    ("GET", "/explain/' OR 1=1 --", 404, "is not among the"),
    ("GET", "/nothing", 404, "There is nothing at this path; /docs lists what there is"),
    ("GET", "/score", 405, "This path doesn't take that method"),
    ("DELETE", "/at-risk", 405, "This path doesn't take that method"),
]


@pytest.mark.parametrize(("path", "body", "status", "says"), BODIES)
def test_a_body_that_is_no_json_is_refused(
    client: Any, path: str, body: bytes, status: int, says: str
) -> None:
    assert_refused(client.ask("POST", path, content=body), status, says)


@pytest.mark.parametrize(("path", "document", "status", "says"), DOCUMENTS)
def test_a_wrong_document_is_refused(client: Any, path: str, document: Any, status: int, says: str) -> None:
    assert_refused(client.ask("POST", path, content=json.dumps(document).encode()), status, says)


@pytest.mark.parametrize(("method", "path", "status", "says"), PATHS)
def test_a_wrong_address_is_refused(client: Any, method: str, path: str, status: int, says: str) -> None:
    assert_refused(client.ask(method, path), status, says)


def test_what_nobody_foresaw_is_told_without_a_traceback(client: Any) -> None:
    broken = type(client)(None)
    reply = broken.get("/health")
    assert reply.status_code == 500
    assert reply.json() == {"error": "Amity failed to answer; the reason is in the service's log."}


def assert_refused(reply: Any, status: int, says: str) -> None:
    assert reply.status_code == status, reply.text[:300]
    assert list(reply.json()) == ["error"]
    error = reply.json()["error"]
    assert any(part in error for part in says.split("|")), error
    assert "Traceback" not in error
    assert "pydantic" not in error
    assert len(error) < 2000
