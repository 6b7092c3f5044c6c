"""Marketing's day over HTTP: plan, approve, take the messages, follow them; to each role its own."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from features.clock import now
from serving.locks.roles import ROLES
from serving.winback import desk
from serving.winback.outbox import Outbox
from serving.winback.plan import Situation, make
from serving.winback.store import Kept, PlanStore
from serving.winback.verdict import Verdict
from tests.serving.house import DAY, house, locked
from tests.serving.winback.conftest import POLICY

__all__ = ["house", "locked"]

PLANS = "/winback/plans"


@pytest.fixture
def source(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """The tables of the house's sixty customers; the one that is configured."""
    folder = tmp_path / "shop"
    folder.mkdir()
    orders = [
        {
            "order_id": f"{number} {days}",
            "customer_id": f"C{number}",
            "ordered_at": DAY - timedelta(days=days),
        }
        for number in range(60)
        for days in (5, 40 + number)
    ]
    pd.DataFrame(orders).assign(amount=500.0).to_parquet(folder / "orders.parquet", index=False)
    monkeypatch.setenv("AMITY_SOURCE", str(folder))
    monkeypatch.setenv("AMITY_HOME", str(tmp_path))
    monkeypatch.setenv("AMITY_SAVE_RATE", "0.9")
    return str(folder)


def ok(reply: Any) -> Any:
    assert reply.status_code == 200, reply.text
    return reply.json()


def refused(reply: Any, status: int) -> str:
    assert reply.status_code == status, reply.text
    return str(reply.json()["error"])


@pytest.mark.usefixtures("source")
def test_from_a_plan_to_its_messages(locked: Any) -> None:
    wish = {"budget": 500, "name": "spring", "seed": 1}
    dry = ok(locked.ask("POST", PLANS, "marketing", json=wish))
    assert (dry["plan"], dry["state"], dry["grade"], dry["expected_low"]) == (None, "dry run", "prior", None)
    assert "nothing was learnt from past contacts" in dry["grade_means"]
    assert ok(locked.get(PLANS, "retention")) == {"plans": []}
    made = ok(locked.ask("POST", PLANS, "marketing", json=wish | {"keep": True}))
    same = ("says", "contacted", "held_back", "expected_profit", "left_out")
    assert {name: made[name] for name in same} == {name: dry[name] for name in same}
    assert (made["plan"], made["state"], made["campaign_id"]) == (1, "draft", "spring-1")
    assert made["contacted"] >= 20
    assert ok(locked.get(f"{PLANS}/1", "retention")) == made
    rows = ok(locked.get(f"{PLANS}/1/rows", "retention"))["rows"]
    arms = pd.Series([row["arm"] for row in rows]).value_counts()
    assert (arms["treatment"], arms["control"]) == (made["contacted"], made["held_back"])
    assert "Plan 1 is a draft" in refused(locked.ask("POST", f"{PLANS}/1/export", "marketing"), 422)
    approved = ok(locked.ask("POST", f"{PLANS}/1/approve", "marketing"))
    assert (approved["state"], approved["approved_by"]) == ("approved", "marketing team")
    assert "was approved already, by marketing team" in refused(
        locked.ask("POST", f"{PLANS}/1/approve", "admin"), 422
    )
    reply = locked.ask("POST", f"{PLANS}/1/export", "marketing")
    assert reply.headers["content-disposition"] == 'attachment; filename="messages-1.csv"'
    sent = list(csv.DictReader(io.StringIO(reply.text)))
    treated = [row["customer_id"] for row in rows if row["arm"] == "treatment"]
    assert [line["customer_id"] for line in sent] == treated
    assert "it goes out once" in refused(locked.ask("POST", f"{PLANS}/1/export", "marketing"), 422)
    again = locked.ask("POST", f"{PLANS}/1/export?format=jsonl&again=true", "marketing")
    told = [json.loads(line) for line in again.text.splitlines()]
    assert [line["message_id"] for line in told] == [line["message_id"] for line in sent]
    assert ok(locked.get(f"{PLANS}/1", "admin"))["state"] == "sent"
    assert "was not measured yet" in refused(locked.get(f"{PLANS}/1/result", "data-science"), 404)
    pulled = [(entry["route"], entry["role"], entry["rows"]) for entry in locked.recorded()]
    assert pulled.count(("/winback/plans/{plan_id}/export", "marketing", len(sent))) == 2


def test_a_source_that_is_not_known_or_not_there_is_told(
    locked: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    says = refused(locked.ask("POST", PLANS, "marketing", json={"budget": 5}), 422)
    assert says.startswith("There is no folder and no file at shop")
    monkeypatch.setattr(desk, "MOST_CUSTOMERS", 59)
    says = refused(locked.ask("POST", PLANS, "marketing", json={"budget": 5}), 422)
    assert "60 customers were scored, and a request plans for at most 59. Run `amity winback plan" in says
    monkeypatch.undo()
    with desk.MAKING:
        reply = locked.ask("POST", PLANS, "marketing", json={"budget": 5})
    assert (reply.status_code, reply.headers["retry-after"]) == (429, "60")


@pytest.mark.parametrize(
    ("wish", "says"),
    [
        ({"budget": 0}, "budget is 0; "),
        ({"budget": -1}, "budget is -1; "),
        ({}, "budget is missing; give it"),
        ({"budget": 5, "offer": "x"}, "offer is unknown"),
        ({"budget": 5, "name": ""}, "name is"),
        ({"budget": 5, "name": "a\nb"}, "The campaign's name is 'a\\nb'; give 1 to 60 printable"),
        ({"budget": 5, "seed": 2**31}, "seed is 2147483648"),
    ],
)
@pytest.mark.usefixtures("source")
def test_a_wish_that_cannot_be_met_is_one_sentence(locked: Any, wish: dict[str, Any], says: str) -> None:
    assert says in refused(locked.ask("POST", PLANS, "marketing", json=wish), 422)


@pytest.fixture
def sending(locked: Any, campaign: Callable[..., Kept]) -> tuple[Any, str]:
    """A plan at a webhook; the first message is delivered, the second, whose key it gives, is dead."""
    store = PlanStore(locked.store.engine)
    kept = campaign(store)
    outbox = Outbox(store.engine)
    outbox.queue(kept.id, store.rows(kept.id), "https://hooks.shop.example/", now())
    keys = []
    for verdict in (Verdict("delivered", 200), Verdict("dead", 404, "answered 404")):
        claimed = outbox.claim(kept.id, "s", now() + timedelta(seconds=1), 60, lambda _: None)
        assert claimed is not None
        outbox.settle(claimed, verdict, now())
        keys.append(claimed.key)
    return locked, keys[1]


def test_how_far_a_sending_is_and_its_dead_letters(sending: Any) -> None:
    locked, key = sending
    found = ok(locked.get(f"{PLANS}/1/progress", "retention"))
    assert (found["delivered"], found["dead"], found["attempts"]) == (1, 1, 2)
    assert found["waiting"] == found["messages"] - 2
    assert found["target"] == "https://hooks.shop.example/"
    (dead,) = ok(locked.get(f"{PLANS}/1/dead-letters", "marketing"))["dead_letters"]
    assert (dead["key"], dead["reason"], dead["attempts"]) == (key, "answered 404", 1)
    attempts = ok(locked.get(f"{PLANS}/1/attempts", "retention"))["attempts"]
    assert [each["status"] for each in attempts] == [200, 404]
    (one,) = ok(locked.get(f"{PLANS}/1/attempts?key={key}", "retention"))["attempts"]
    assert one == attempts[1]
    assert "no dead letters of plan 1" in refused(
        locked.ask("POST", f"{PLANS}/1/resend", "marketing", json={"keys": ["0" * 32]}), 404
    )
    again = ok(locked.ask("POST", f"{PLANS}/1/resend", "marketing", json={"keys": [key]}))
    assert again == {"plan": 1, "waiting_again": 1}
    assert ok(locked.get(f"{PLANS}/1/dead-letters", "marketing"))["dead_letters"] == []


def test_a_result_tells_what_it_is_known_from(sending: Any) -> None:
    locked, _ = sending
    store = PlanStore(locked.store.engine)
    store.keep_result(1, {"says": ["It paid."], "effect": {"profit": {"value": float("nan")}}})
    found = ok(locked.get(f"{PLANS}/1/result", "data-science"))
    assert (found["grade"], found["says"]) == ("experiment", ["It paid."])
    assert found["result"]["effect"] == {"profit": {"value": None}}
    store.keep_result(1, {"says": ["No claim."], "effect": {}})
    assert ok(locked.get(f"{PLANS}/1/result", "retention"))["grade"] == "none"


def test_only_marketing_and_admin_act(sending: Any) -> None:
    locked, _ = sending
    acts: Any = (("", {"budget": 5}), ("/1/approve", None), ("/1/export", None), ("/1/resend", {}))
    for end, body in acts:
        told = {role: locked.ask("POST", f"{PLANS}{end}", role, json=body).status_code for role in ROLES}
        assert {role for role, status in told.items() if status == 403} == {"retention", "data-science"}


@pytest.mark.parametrize("end", ["", "/rows", "/for-service", "/progress", "/dead-letters", "/result"])
def test_what_is_not_there_is_404(locked: Any, end: str) -> None:
    assert "There is no plan 7" in refused(locked.get(f"{PLANS}/7{end}", "admin"), 404)
    assert "plan_id is" in refused(locked.get(f"{PLANS}/0{end}", "admin"), 422)


def test_without_keys_this_machine_may_approve(house: Any, situation: Callable[..., Situation]) -> None:
    store = PlanStore(house.store.engine)
    plan = make(situation(100), POLICY, 1e6, seed=1)
    kept = store.keep("spring", plan, POLICY, currency="EUR", says=[], now=now())
    assert ok(house.ask("POST", f"{PLANS}/{kept.id}/approve"))["approved_by"] == "this machine"
