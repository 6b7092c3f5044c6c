"""The service keeps to its own document: schemathesis asks what OpenAPI allows and forbids, in every role."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from schemathesis import GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi import checks

from configs.settings import Definitions
from serving.locks.locks import locks_of
from serving.locks.roles import PAGES, ROLES, may
from serving.store import Store
from tests.serving.house import House

CHECKS = [
    not_a_server_error,
    checks.status_code_conformance,
    checks.content_type_conformance,
    checks.response_schema_conformance,
    checks.response_headers_conformance,
]
FEW = settings(
    max_examples=12,
    deadline=None,
    database=None,
    derandomize=True,
    phases=[Phase.generate],
    suppress_health_check=list(HealthCheck),
)
OPERATIONS = (
    "GET /alarms",
    "GET /at-risk",
    "GET /definitions",
    "GET /explain/{customer_id}",
    "GET /health",
    "GET /metrics",
    "GET /model",
    "GET /scorings",
    "GET /what-if/{customer_id}",
    "POST /score",
    "POST /score-events",
    "POST /what-if",
    "GET /winback/plans",
    "POST /winback/plans",
    "GET /winback/plans/{plan_id}",
    *(f"GET /winback/plans/{{plan_id}}/{name}" for name in ("attempts", "dead-letters", "for-service")),
    *(f"GET /winback/plans/{{plan_id}}/{name}" for name in ("progress", "result", "rows")),
    *(f"POST /winback/plans/{{plan_id}}/{name}" for name in ("approve", "export", "resend")),
)

NOTHING_TO_ASK = ("GET /alarms", "GET /metrics", "GET /model", "GET /winback/plans")


@pytest.fixture(scope="module")
def house(client: Any, shop: Any, tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    """The whole service with its model, its own store, and a key of each role."""
    folder: Path = tmp_path_factory.mktemp("openapi")
    store = Store.open(f"sqlite:///{folder}/store.db")
    store.save(shop.scored, source="shop", definitions=Definitions())
    whole = type(client)(replace(client.resources, store=store))
    vars(whole.resources)["live"] = client.resources.live  # compiled once for all tests
    house = House(store, whole.app)
    house.make_keys()
    yield house
    locks_of(whole.app).recorder.close()
    store.close()


@pytest.fixture(scope="module")
def operations(house: House) -> dict[str, Any]:
    schema = schemathesis.openapi.from_dict(house.get("/openapi.json").json())
    return {result.ok().label: result.ok() for result in schema.get_all_operations()}


def test_every_operation_is_asked(operations: dict[str, Any]) -> None:
    assert set(operations) == set(OPERATIONS)
    assert not PAGES & {tuple(name.split()) for name in OPERATIONS}


@pytest.mark.parametrize("name", OPERATIONS)
def test_no_answer_is_a_5xx_or_undocumented(house: House, operations: dict[str, Any], name: str) -> None:
    operation = operations[name]
    allowed = operation.as_strategy(GenerationMode.POSITIVE)
    forbidden = operation.as_strategy(GenerationMode.NEGATIVE)
    cases = st.one_of(allowed, forbidden) if name not in NOTHING_TO_ASK else allowed

    @FEW
    @given(case=cases, role=st.sampled_from(["", *ROLES]))
    def asked(case: Any, role: str) -> None:
        reply = ask(house, case, role)
        case.validate_response(reply, checks=CHECKS)
        method, path = name.split()
        route = path.replace("customer_id}", "customer_id:path}")
        if not role:
            assert reply.status_code == 401
        elif not may(role, method, route):
            assert reply.status_code == 403
        else:
            assert reply.status_code not in (401, 403)

    asked()


def ask(house: House, case: Any, role: str) -> Any:
    """The case as schemathesis would send it, through the app itself."""
    told = case.as_transport_kwargs(base_url="http://localhost")
    kept = ("params", "json", "data")
    options = {name: told[name] for name in kept if told.get(name) is not None}
    if "data" in options:
        options["content"] = options.pop("data")
    headers = {name: value for name, value in (told.get("headers") or {}).items() if name != "User-Agent"}
    return house.ask(told["method"], told["url"], role, headers=headers, **options)
