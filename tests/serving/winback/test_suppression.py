"""Whom the source, the outbox and those forgotten keep from being contacted at the moment of sending."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text

from features.clock import now
from features.errors import RequestError, SourceError
from serving.forgetting.tombstones import Tombstones
from serving.winback.outbox import Outbox
from serving.winback.store import Kept, PlanStore
from serving.winback.suppression import Suppression
from serving.winback.verdict import Verdict


def _contact(customer: str, campaign: str, arm: str = "treatment", days: float = 3) -> dict[str, Any]:
    sent = now() - timedelta(days=days)
    return {
        "contact_id": f"{customer} {campaign}",
        "campaign_id": campaign,
        "customer_id": customer,
        "sent_at": sent,
        "arm": arm,
    }


def _complaint(customer: str, *, resolved: bool) -> dict[str, Any]:
    opened = now() - timedelta(days=9)
    return {
        "ticket_id": customer,
        "customer_id": customer,
        "opened_at": opened,
        "kind": "complaint",
        "resolved_at": opened + timedelta(days=1) if resolved else None,
    }


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """That of the store, so that those forgotten there are known."""
    monkeypatch.setenv("AMITY_HOME", str(tmp_path))
    monkeypatch.delenv("AMITY_STORE_URL", raising=False)


def test_each_reason_holds_as_the_tables_are_now(
    store: PlanStore, campaign: Callable[..., Kept], shop_of: Callable[..., str]
) -> None:
    kept = campaign(store)
    a, b, c, d, e, f, g, h = (str(each) for each in store.rows(kept.id)["customer_id"].head(8))
    contacts = [
        _contact(c, "winter-1"),
        _contact(d, kept.campaign_id),
        _contact(e, "winter-1", "control"),
        _contact(f, "winter-1", days=31),
    ]
    tickets = [_complaint(b, resolved=False), _complaint(g, resolved=True)]
    suppression = Suppression(shop_of([a], contacts=contacts, tickets=tickets), store, kept.id, now)
    Tombstones(store.engine).add(h)
    suppression.refresh()
    told = {each: suppression(each) for each in (a, b, c, d, e, f, g, h)}
    assert told == {
        a: "opted_out",
        b: "open_complaint",
        c: "contacted_lately",
        d: None,
        e: None,
        f: None,
        g: None,
        h: "forgotten",
    }


def test_what_another_plan_delivered_counts_before_any_table_tells_of_it(
    store: PlanStore, campaign: Callable[..., Kept], shop_of: Callable[..., str]
) -> None:
    first, second = campaign(store), campaign(store, name="summer")
    outbox = Outbox(store.engine)
    outbox.queue(first.id, store.rows(first.id), "https://x.example/", now())
    claimed = outbox.claim(first.id, "s", now() + timedelta(seconds=1), 60, lambda _: None)
    assert claimed is not None
    outbox.settle(claimed, Verdict("delivered", 200), now())
    for plan, why in ((first, None), (second, "contacted_lately")):
        suppression = Suppression(shop_of(), store, plan.id, now)
        suppression.refresh()
        assert suppression(claimed.customer_id) == why


def test_while_it_cannot_be_known_nothing_goes_out(
    store: PlanStore, campaign: Callable[..., Kept], tmp_path: Path
) -> None:
    kept = campaign(store)
    with pytest.raises(SourceError, match="There is no folder and no file at"):
        Suppression(str(tmp_path / "gone"), store, kept.id, now).refresh()


def test_nor_of_a_plan_that_was_changed_or_not_approved(
    store: PlanStore, campaign: Callable[..., Kept], shop_of: Callable[..., str]
) -> None:
    kept = campaign(store)
    suppression = Suppression(shop_of(), store, kept.id, now)
    with store.engine.begin() as connection:
        connection.execute(text("UPDATE winback_plan_rows SET offer = 'twenty' WHERE offer = 'five'"))
    with pytest.raises(RequestError, match="are not those that were planned: somebody changed them"):
        suppression.refresh()
    with store.engine.begin() as connection:
        connection.execute(text("UPDATE winback_plans SET state = 'draft'"))
    with pytest.raises(RequestError, match="is a draft; approve it first"):
        suppression.refresh()
