"""What marketing does with plans over HTTP, for the API's routes and the pages alike."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from threading import Lock

from fastapi import HTTPException
from fastapi.responses import StreamingResponse

from configs import loading
from configs.settings import Winback
from features.clock import now
from features.errors import RequestError
from serving.locks.audit import Pulled
from serving.locks.keys import Caller
from serving.resources import Resources
from serving.winback.exporting import exported
from serving.winback.lines import Form, streamed
from serving.winback.making import Made, Wish, make_plan
from serving.winback.outbox import Outbox
from serving.winback.source import address_of, opened
from serving.winback.store import Kept, PlanStore

MOST_CUSTOMERS = 200_000
"""Scored customers for whom a plan is made within a request; for more it takes minutes."""

NOBODY_ELSE = "this machine"
"""Who approves while no key was ever made."""

BUSY = "A plan is being made right now; try again in a minute."
MAKING = Lock()


def plans_of(given: Resources) -> PlanStore:
    return PlanStore(given.store.engine)


def outbox_of(given: Resources) -> Outbox:
    return Outbox(given.store.engine)


def planned(wish: Wish, given: Resources, *, keep: bool) -> Made:
    """A plan from the source that is configured, or that was scored.

    Raises HTTPException 429 while another one is made, RequestError where that source isn't known or too many
    customers were scored, and as `make_plan` does.
    """
    scoring = given.store.current()
    if scoring.customers > MOST_CUSTOMERS:
        raise RequestError(
            f"{scoring.customers:,} customers were scored, and a request plans for at most "
            f"{MOST_CUSTOMERS:,}. Run `amity winback plan SOURCE --budget … --keep`: its plan then stands "
            "here."
        )
    policy = loading.load(Winback)
    with _alone(), opened(address_of(policy, scoring.source)) as source:
        return make_plan(wish, source, given.store, policy, keep=keep)


def approved(plan_id: int, given: Resources, caller: Caller | None) -> Kept:
    """Raises as `PlanStore.approve` does."""
    by, role = (caller.name, caller.role) if caller else (NOBODY_ELSE, "admin")
    return plans_of(given).approve(plan_id, by=by, role=role, now=now())


def messages_file(
    plan_id: int, given: Resources, taking: Pulled, form: Form, *, again: bool
) -> StreamingResponse:
    """The messages for an e-mail tool; from then on the plan counts as sent. Raises as `exported` does."""
    store = plans_of(given)
    with exported(store, plan_id, None, loading.load(Winback), again=again) as made:
        taking.rows = len(made.messages)
        name = f"messages-{plan_id}"
        return streamed(made.messages, form, name)


@contextmanager
def _alone() -> Iterator[None]:
    if not MAKING.acquire(blocking=False):
        raise HTTPException(429, BUSY, headers={"Retry-After": "60"})
    try:
        yield
    finally:
        MAKING.release()
