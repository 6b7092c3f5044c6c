"""schemathesis over the OpenAPI document of a running service, in every role and without a key."""

from __future__ import annotations

import json
from collections import Counter
from typing import Any

import schemathesis
from attacks_wire import ask
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from schemathesis import GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.core.failures import FailureGroup
from schemathesis.specs.openapi import checks

PATIENCE = 120
"""Seconds for one answer: other work on the machine must not look like a failure."""

CHECKS = [
    not_a_server_error,
    checks.status_code_conformance,
    checks.content_type_conformance,
    checks.response_schema_conformance,
    checks.response_headers_conformance,
]


def fuzz(port: int, keys: dict[str, str], examples: int) -> int:
    """Prints what each operation answered; gives how many operations failed."""
    document = json.loads(ask(port, "GET", "/openapi.json").body)
    schema = schemathesis.openapi.from_dict(document)
    print(f"\nschemathesis, {examples} examples an operation in each of {len(keys) + 1} roles")
    failed = 0
    for result in schema.get_all_operations():
        operation, answers = result.ok(), Counter[int]()
        for role in ("", *keys):
            trouble = asked(operation, port, keys.get(role, ""), examples, answers)
            if trouble:
                failed += 1
                print(f"{operation.label} as {role or 'nobody'}: {trouble}")
        told = ", ".join(f"{count} × {status}" for status, count in sorted(answers.items()))
        print(f"{operation.label:<32} {told}", flush=True)
    return failed


def asked(operation: Any, port: int, key: str, examples: int, answers: Counter[int]) -> str:
    """What went wrong; empty where nothing did."""
    cases = operation.as_strategy(GenerationMode.POSITIVE)
    if operation.query or operation.path_parameters or operation.body:
        cases = st.one_of(cases, operation.as_strategy(GenerationMode.NEGATIVE))
    headers = {"X-Api-Key": key} if key else {}

    @settings(
        max_examples=examples,
        deadline=None,
        database=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(case=cases)
    def run(case: Any) -> None:
        case.headers = {
            name: value
            for name, value in (case.headers or {}).items()
            if name.lower() not in ("authorization", "x-api-key")
        }
        reply = case.call(base_url=f"http://127.0.0.1:{port}", headers=headers, timeout=PATIENCE)
        answers[reply.status_code] += 1
        case.validate_response(reply, checks=CHECKS)

    try:
        run()
    except (FailureGroup, AssertionError) as error:
        return str(error)[:2000]
    return ""
