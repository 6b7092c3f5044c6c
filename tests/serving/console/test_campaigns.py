"""The campaign pages: who sees them, who acts, and that only forms of this site are taken."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from itertools import product
from typing import Any

import pytest

from features.clock import now
from serving.winback.making import Made, Wish
from serving.winback.outbox import Outbox
from serving.winback.plan import Situation, make
from serving.winback.store import PlanStore
from serving.winback.verdict import Verdict
from tests.serving.house import house, locked
from tests.serving.winback.conftest import POLICY, situation

__all__ = ["house", "locked", "situation"]

PAGES = "/pages/campaigns"
EFFECT = {"value": 2.0, "low": 1.0, "high": 3.0, "error": 0.5}
GROUP = {"treated": 40, "held_back": 10, "predicted": 1.5, "effect": EFFECT}
RESULT = {
    "says": ["It paid."],
    "effect": {"profit": EFFECT},
    "total": {"profit": EFFECT},
    "tenths": [{"name": f"{number:02d}", **GROUP} for number in range(1, 11)],
    "segments": [{"name": "gold", **GROUP}, {"name": "none", **GROUP, "effect": None}],
}


@pytest.fixture
def draft(locked: Any, situation: Callable[..., Situation]) -> Any:
    """A house with plan 1, and one customer for service."""
    given = situation(120)
    given.barred[:3] = "open_complaint"
    plan = make(given, POLICY, 1e6, seed=1)
    store = PlanStore(locked.store.engine)
    store.keep("<b>spring", plan, POLICY, currency="EUR", says=["So it <is>."], now=now())
    return locked


def signed_in(house: Any, role: str) -> dict[str, str]:
    """The cookie of whoever has this key."""
    reply = house.ask("POST", "/pages/sign-in", data={"key": house.keys[role]})
    return {"cookie": reply.headers["set-cookie"].partition(";")[0]}


def test_the_list_and_the_plan_say_what_it_is_known_from(draft: Any, read_page: Any) -> None:
    admin = signed_in(draft, "admin")
    found = read_page(draft.get(PAGES, headers=admin).text)
    assert "<b>spring version 1" in found.text
    assert "draft experiment" in found.text
    assert f"{PAGES}/1" in found.links
    page = read_page(draft.get(f"{PAGES}/1", headers=admin).text)
    assert (
        "Evidence: experiment. The effects are learnt from past campaigns with a control group" in page.text
    )
    assert "So it <is>." in page.text
    assert "have an open complaint: service closes it first" in page.text
    assert "no interval: a prior is an assumption" in page.text
    assert f"{PAGES}/1/approve" in page.links
    for_service = PlanStore(draft.store.engine).plan(1).document["for_service"]
    assert for_service
    assert f"/pages/customers/{for_service[0]}" in page.links


def test_marketing_approves_after_being_asked_once_more(draft: Any, read_page: Any) -> None:
    marketing = signed_in(draft, "marketing")
    asked = read_page(draft.get(f"{PAGES}/1/approve", headers=marketing).text)
    assert "Approve <b>spring?" in asked.text
    assert "This can’t be taken back" in asked.text
    done = draft.ask("POST", f"{PAGES}/1/approve", headers=marketing)
    assert (done.status_code, done.headers["location"]) == (303, f"{PAGES}/1")
    page = draft.get(f"{PAGES}/1", headers=marketing).text
    assert "approved by marketing team" in read_page(page).text
    assert "Download the messages" in page
    twice = draft.ask("POST", f"{PAGES}/1/approve", headers=marketing)
    assert twice.status_code == 422
    assert "was approved already, by marketing team" in read_page(twice.text).text


def test_others_look_and_do_not_act(draft: Any) -> None:
    retention, science = signed_in(draft, "retention"), signed_in(draft, "data-science")
    assert draft.get(f"{PAGES}/1", headers=science).status_code == 403
    page = draft.get(f"{PAGES}/1", headers=retention)
    assert page.status_code == 200
    assert "<form" not in page.text.partition("<main")[2]
    assert "Plan a campaign" not in draft.get(PAGES, headers=retention).text
    for end in ("", "/1/approve", "/1/export", "/1/resend"):
        assert draft.ask("POST", PAGES + end, headers=retention).status_code == 403
    assert PlanStore(draft.store.engine).plan(1).state == "draft"
    assert draft.get(f"{PAGES}/1").status_code == 401


def test_a_form_of_another_site_does_nothing(draft: Any) -> None:
    admin = signed_in(draft, "admin")
    elsewhere = (
        {"sec-fetch-site": "cross-site"},
        {"sec-fetch-site": "same-site"},
        {"origin": "http://a.example"},
    )
    for end, sent in product(("", "/1/approve", "/1/export", "/1/resend"), elsewhere):
        reply = draft.ask("POST", PAGES + end, headers=admin | sent, data={"budget": "5", "keep": "1"})
        assert reply.status_code == 403
        assert "sent from another site" in reply.text
    assert [kept.state for kept in PlanStore(draft.store.engine).plans()] == ["draft"]


def test_progress_and_dead_letters(draft: Any, read_page: Any) -> None:
    store, marketing = PlanStore(draft.store.engine), signed_in(draft, "marketing")
    store.approve(1, by="kim", role="marketing", now=now())
    outbox = Outbox(store.engine)
    outbox.queue(1, store.rows(1), "https://hooks.shop.example/", now())
    for verdict in (Verdict("delivered", 200), Verdict("dead", 404, "answered <404>")):
        claimed = outbox.claim(1, "s", now() + timedelta(seconds=1), 60, lambda _: None)
        assert claimed is not None
        outbox.settle(claimed, verdict, now())
    outbox.claim(1, "s", now() + timedelta(seconds=1), 60, lambda _: "opted_out")
    page = read_page(draft.get(f"{PAGES}/1", headers=marketing).text)
    assert "Delivered 1 Waiting" in page.text
    assert "Suppressed at the moment of sending: " in page.text
    assert " do not want marketing." in page.text
    assert f"{claimed.customer_id} {claimed.offer} 1 answered <404>" in page.text
    assert "Download the messages" not in page.text
    assert draft.ask("POST", f"{PAGES}/1/resend", headers=marketing).status_code == 303
    assert "Dead letters 0" in read_page(draft.get(f"{PAGES}/1", headers=marketing).text).text


def test_a_result_is_told_with_its_evidence(draft: Any, read_page: Any) -> None:
    store, retention = PlanStore(draft.store.engine), signed_in(draft, "retention")
    store.keep_result(1, RESULT)
    page = read_page(draft.get(f"{PAGES}/1", headers=retention).text)
    assert "Evidence: experiment: against a control group that was held back by lot It paid." in page.text
    assert "gold 40 10 EUR 1.50 EUR 2.00 1.00 to 3.00" in page.text
    assert "none 40 10 EUR 1.50 too few to tell" in page.text
    assert "Tenth 10: EUR 2.00 measured (1.00 to 3.00), EUR 1.50 predicted" in page.text
    listed = read_page(draft.get(PAGES, headers=retention).text).text
    assert "EUR 2.00 measured (1.00 to 3.00)" in listed
    store.keep_result(1, {"says": ["No claim."], "effect": {}, "total": {}})
    page = read_page(draft.get(f"{PAGES}/1", headers=retention).text)
    assert "Evidence: none: nobody was held back, so no effect is claimed No claim." in page.text


def test_what_cannot_be_planned_is_told_beside_the_form(draft: Any, read_page: Any) -> None:
    marketing = signed_in(draft, "marketing")
    for given, says in (
        ({"budget": "x"}, "The budget is 'x', and by lot are '0'; give an amount of money"),
        ({"budget": "5", "explore": "-1"}, "By lot are -1; give 0 or more"),
        ({"budget": "5", "name": "<i>"}, "There is no folder and no file at shop"),
    ):
        reply = draft.ask("POST", PAGES, headers=marketing, data=given)
        assert reply.status_code == 422
        assert says in read_page(reply.text).text
    assert 'value="&lt;i&gt;"' in reply.text


def test_what_a_dry_run_showed_can_be_kept_as_it_is(
    draft: Any, read_page: Any, situation: Callable[..., Situation], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The form under it holds the seed of the draw."""
    plan = make(situation(120), POLICY, 1e6, seed=77)
    wishes: list[Wish] = []

    def planned(wish: Wish, _: Any, *, keep: bool) -> Made:
        wishes.append(wish)
        kept = PlanStore(draft.store.engine).plan(1) if keep else None
        return Made(plan, {"says": ["So it would be."]}, "EUR", kept)

    monkeypatch.setattr("serving.winback.desk.planned", planned)
    marketing, given = signed_in(draft, "marketing"), {"budget": "5", "name": "spring", "explore": "3"}
    page = read_page(draft.ask("POST", PAGES, headers=marketing, data=given).text)
    assert "So it would be. Keep this very plan as a draft" in page.text
    hidden = {v["name"]: v["value"] for tag, v in page.tags if v.get("type") == "hidden" and "name" in v}
    assert hidden == {**given, "seed": "77"}
    done = draft.ask("POST", PAGES, headers=marketing, data=hidden | {"keep": "1"})
    assert done.headers["location"] == f"{PAGES}/1"
    assert wishes == [Wish(5.0, "spring", 3), Wish(5.0, "spring", 3, 77)]


def test_without_a_plan_the_page_says_how_to_make_one(locked: Any) -> None:
    reply = locked.get(PAGES, headers=signed_in(locked, "retention"))
    assert "No plan was made yet" in reply.text
