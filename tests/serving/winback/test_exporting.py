"""A plan goes out as files once, and once more only where that is asked for."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest

from configs.settings import Winback
from features.clock import now
from features.errors import RequestError, SourceError
from serving.winback.exporting import exported
from serving.winback.outbox import Outbox
from serving.winback.store import Kept, PlanStore


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AMITY_HOME", str(tmp_path))


def test_the_messages_are_those_of_the_treatment_arm_that_may_be_contacted(
    store: PlanStore, campaign: Callable[..., Kept], shop_of: Callable[..., str], policy: Winback
) -> None:
    source = shop_of()
    kept = campaign(store, source=source)
    rows = store.rows(kept.id)
    treated = rows.loc[rows["arm"] == "treatment", "customer_id"].tolist()
    with exported(store, kept.id, shop_of(treated[:2]), policy) as made:
        assert made.messages["customer_id"].tolist() == treated[2:]
        assert made.suppressed.to_dict() == dict.fromkeys(treated[:2], "opted_out")
        ids = made.messages.set_index("customer_id")["message_id"]
        assert ids.to_dict() == {who: kept.message_id(who) for who in treated[2:]}
        assert set(made.contacts["customer_id"]) == set(rows["customer_id"])
        held = made.contacts[made.contacts["arm"] == "control"]
        assert held[["cost", "coupon_value"]].isna().all(axis=None)
        assert store.plan(kept.id).state == "approved"
    assert store.plan(kept.id).state == "sent"
    with pytest.raises(RequestError, match="it goes out once"), exported(store, kept.id, None, policy):
        pass
    with exported(store, kept.id, None, policy, again=True) as once_more:
        pd.testing.assert_series_equal(
            once_more.messages["message_id"].tail(len(ids)), ids, check_index=False
        )
        assert once_more.contacts["sent_at"].iloc[0] == store.plan(kept.id).sent_at.replace(microsecond=0)


def test_it_counts_as_sent_only_where_the_files_are_there(
    store: PlanStore, campaign: Callable[..., Kept], shop_of: Callable[..., str], policy: Winback
) -> None:
    kept = campaign(store)
    with pytest.raises(OSError, match="disk full"), exported(store, kept.id, shop_of(), policy):
        raise OSError("disk full")
    assert store.plan(kept.id).state == "approved"


def test_a_plan_nobody_of_which_may_be_contacted_does_not_count_as_sent(
    store: PlanStore, campaign: Callable[..., Kept], shop_of: Callable[..., str], policy: Winback
) -> None:
    kept = campaign(store)
    ids = store.rows(kept.id)["customer_id"]
    nobody = r"Nobody of plan \d+ may be contacted now \(\d+ do not want marketing\), so nothing is written"
    with (
        pytest.raises(RequestError, match=nobody),
        exported(store, kept.id, shop_of(opted_out=tuple(ids)), policy),
    ):
        pass
    assert store.plan(kept.id).state == "approved"


def test_the_source_must_be_known_and_there(
    store: PlanStore,
    campaign: Callable[..., Kept],
    shop_of: Callable[..., str],
    policy: Winback,
    tmp_path: Path,
) -> None:
    unknown, away = campaign(store), campaign(store, name="away", source=str(tmp_path / "gone"))
    hidden = campaign(store, name="hidden", source="postgresql://kim:***@db.example/shop")
    with (
        pytest.raises(RequestError, match="isn't known which tables"),
        exported(store, unknown.id, None, policy),
    ):
        pass
    with pytest.raises(SourceError, match="There is no folder"), exported(store, away.id, None, policy):
        pass
    with (
        pytest.raises(RequestError, match="kept without its password"),
        exported(store, hidden.id, None, policy),
    ):
        pass
    configured = policy.model_copy(update={"source": shop_of()})
    with exported(store, away.id, None, configured) as made:
        assert len(made.messages) > 20


def test_what_goes_to_a_webhook_is_not_exported_too(
    store: PlanStore, campaign: Callable[..., Kept], shop_of: Callable[..., str], policy: Winback
) -> None:
    kept = campaign(store, source=shop_of())
    Outbox(store.engine).queue(kept.id, store.rows(kept.id), "https://hooks.shop.example/", now())
    with (
        pytest.raises(RequestError, match="goes to a webhook"),
        exported(store, kept.id, None, policy, again=True),
    ):
        pass
