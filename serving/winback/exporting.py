"""An approved plan as files: checked against the source as it is now, and marked as sent once."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from configs.settings import Winback
from features.clock import now
from features.errors import RequestError
from serving.winback.export import Messages, messages
from serving.winback.outbox import Outbox
from serving.winback.source import address_of, opened
from serving.winback.store import Kept, PlanStore, require_unsent
from serving.winback.suppression import reasons, told


def _why(made: Messages) -> str:
    if made.suppressed.empty:
        return "it contacts nobody"
    return told({str(why): int(count) for why, count in made.suppressed.value_counts().items()})


@contextmanager
def exported(
    store: PlanStore, plan_id: int, address: str | None, settings: Winback, *, again: bool = False
) -> Iterator[Messages]:
    """The messages; the plan counts as sent where the block ends well.

    `address`: of the source; null: the one that is configured, or that the plan was made from. `again`: of a
    plan that went out as files already, with the same ids. Raises RequestError where it wasn't approved, has
    gone out otherwise, its rows were changed or nobody may be contacted any more, SourceError where the
    source can't be read.
    """
    kept = store.plan(plan_id)
    repeated = again and kept.sent_at is not None
    if repeated:
        _require_files(store, kept)
    else:
        require_unsent(kept)
    store.require_genuine(plan_id)
    rows = store.rows(plan_id)
    moment = now()
    with opened(address or address_of(settings, kept.source)) as source:
        ids = rows["customer_id"].astype("str")
        barred = reasons(source.tables, kept, ids, store.engine, moment)
    made = messages(kept, rows, barred, kept.sent_at if repeated and kept.sent_at else moment)
    if made.messages.empty:
        raise RequestError(
            f"Nobody of plan {plan_id} may be contacted now ({_why(made)}), so nothing is written and the "
            "plan is not sent. Plan anew."
        )
    yield made
    if not repeated:
        store.mark_sent(plan_id, moment)


def _require_files(store: PlanStore, kept: Kept) -> None:
    if Outbox(store.engine).is_queued(kept.id):
        raise RequestError(
            f"Plan {kept.id} goes to a webhook; `amity winback resend {kept.id}` is for what failed there."
        )
