"""`amity winback send`: an approved plan on its way to a webhook, begun or gone on with."""

from __future__ import annotations

from collections.abc import Callable

from configs.settings import Winback
from features.clock import now
from features.errors import RequestError
from serving.winback.outbox import Outbox, Progress, Sending, drafted
from serving.winback.sender import Sender
from serving.winback.source import address_of, opened
from serving.winback.store import PlanStore, require_unsent
from serving.winback.suppression import Suppression, reasons
from serving.winback.targets import Targets
from serving.winback.webhook import body, signer


def send(
    plan_id: int,
    address: str | None,
    target: str | None,
    settings: Winback,
    *,
    once: bool = False,
    say: Callable[[str], None] = lambda _: None,
) -> Progress:
    """Deliver until all is settled, or with `once` until nothing is due now.

    `address`: of the source; null: the one that is configured, or that the plan was made from. `target`: the
    URL; null for a sending that goes on. Raises RequestError where the plan wasn't approved, has gone out
    otherwise or was changed, or the target isn't allowed; ConfigError without a secret; SourceError.
    """
    store = PlanStore.open()
    outbox = Outbox(store.engine)
    kept = store.plan(plan_id)
    signer(settings.webhook)
    suppression = Suppression(address or address_of(settings, kept.source), store, plan_id, now)
    if outbox.is_queued(plan_id):
        sending = _same(outbox.sending(plan_id), target)
    else:
        require_unsent(kept)
        allowed = Targets.of(settings.webhook.targets).require(_required(plan_id, target))
        suppression.refresh()
        sending = _begun(store, outbox, plan_id, allowed)
    return Sender(outbox, sending, settings.webhook, suppression).run(once=once, say=say)


def rehearsed(
    plan_id: int, address: str | None, target: str | None, settings: Winback
) -> tuple[list[str], dict[str, str]]:
    """The bodies that would be sent now, and who would be left out and why; nothing is changed.

    A draft may be rehearsed too. Raises as `send` does.
    """
    store = PlanStore.open()
    kept = store.plan(plan_id)
    if target is not None:
        Targets.of(settings.webhook.targets).require(target)
    store.require_genuine(plan_id)
    rows = store.rows(plan_id)
    treated = rows[rows["arm"] == "treatment"]
    with opened(address or address_of(settings, kept.source)) as source:
        barred = reasons(source.tables, kept, treated["customer_id"].astype("str"), store.engine, now())
    going = drafted(kept, treated[~treated["customer_id"].isin(list(barred))], target or "", now())
    return [body(claimed, going[0]) for claimed in going[1]], barred


def _begun(store: PlanStore, outbox: Outbox, plan_id: int, target: str) -> Sending:
    """The sending; where another process began it meanwhile, its part in that."""
    try:
        return outbox.queue(plan_id, store.rows(plan_id), target, now())
    except RequestError:
        if not outbox.is_queued(plan_id):
            raise
        return _same(outbox.sending(plan_id), target)


def _required(plan_id: int, target: str | None) -> str:
    if not target:
        raise RequestError(f"Plan {plan_id} has not been sent; say where its messages go with --to URL.")
    return target


def _same(sending: Sending, target: str | None) -> Sending:
    if target not in (None, sending.target):
        raise RequestError(
            f"Plan {sending.plan.id} goes to {sending.target} already, and a plan goes to one place. "
            "Leave --to out to go on with it."
        )
    return sending
