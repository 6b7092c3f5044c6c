"""The verbs of marketing: learn what offers do, plan a campaign, approve it, send it, measure it."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import asdict
from datetime import datetime
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from configs import loading
from configs.settings import Definitions, Winback
from features.clock import now
from verbs.reading import newest, read
from verbs.shell import (
    as_of_option,
    err,
    example,
    json_option,
    out,
    print_json,
    skip_option,
    source_argument,
    working,
)

if TYPE_CHECKING:
    from serving.winback.measure import Measurement
    from serving.winback.outbox import Outbox, Progress
    from serving.winback.store import Kept

SHOWN = 5
MOST_LISTED = 1_000_000
plan_argument = click.argument("plan_id", type=int, metavar="PLAN")
known_source_argument = click.argument("address", metavar="[SOURCE]", required=False)


@click.group()
@example("amity winback plan shop --budget 2000")
def winback() -> None:
    """Whom to win back, with which offer, under a budget; and did it pay."""


@winback.command()
@source_argument
@as_of_option
@json_option
@skip_option
@example("amity winback learn shop")
def learn(address: str, as_of: datetime | None, as_json: bool, skip_bad_rows: bool) -> None:
    """Learn from past campaigns what offers change, and how sure that is; plans go by it from then on."""
    with working("Reading") as say:
        source = read(address, skip_bad_rows)
        day = as_of or newest(source)
        training = import_module("training.uplift_train")
        learnt = training.learn_effects(
            source.tables, day, loading.load(Definitions), loading.load(Winback), say
        )
    if as_json:
        evidence = learnt.evidence.to_dict() if learnt.evidence else None
        print_json({"as_of": day, "evidence": evidence, "says": list(learnt.says)})
    else:
        _tell(learnt.says)


@winback.command()
@source_argument
@click.option("--budget", type=float, required=True, help="For contacts and coupons together, in money.")
@click.option("--name", default="winback", show_default=True, help="Of the campaign.")
@click.option("--keep", is_flag=True, help="Keep the plan as a draft; without it nothing is kept.")
@click.option(
    "--explore", type=click.IntRange(0), default=0, help="Draw so many by lot too, to learn what offers do."
)
@click.option("--seed", type=click.IntRange(0), help="Of the draw; by default a new one.")
@json_option
@skip_option
@example("amity winback plan shop --budget 2000 --name spring --keep")
def plan(
    address: str,
    budget: float,
    name: str,
    keep: bool,
    explore: int,
    seed: int | None,
    as_json: bool,
    skip_bad_rows: bool,
) -> None:
    """Choose customers and offers, hold a control group back by lot, and say what is expected.

    Of the customers scored last. Nothing is sent, and without --keep nothing is kept either.
    """
    from serving.store import Store
    from serving.winback.making import Wish, make_plan

    store = Store.open()
    scoring = store.current()
    _mind_the_prior()
    with working("Reading") as say:
        source = read(address, skip_bad_rows, scoring.definitions.mode)
        wish = Wish(budget, name, explore, seed)
        made = make_plan(wish, source, store, loading.load(Winback), keep=keep, say=say)
    kept = made.kept
    if as_json:
        rows = made.plan.rows.to_dict("records")
        told = {"plan": kept.id if kept else None, "says": made.says, "rows": rows}
        print_json(told | {"for_service": made.plan.for_service})
        return
    _tell(made.says)
    if made.plan.for_service:
        _tell([f"They are {', '.join(made.plan.for_service[:SHOWN])}{_more(made.plan.for_service)}."])
    if kept:
        out.print(f"Kept as plan {kept.id} ({name}, version {kept.version}), a draft.")
        out.print(f"`amity winback approve {kept.id} --by NAME` lets it be sent.")
    else:
        again = f"--keep --seed {made.plan.seed}"
        out.print(f"A dry run: nothing is kept. Add `{again}` to keep this very plan as a draft.")


@winback.command()
@json_option
@example("amity winback plans")
def plans(as_json: bool) -> None:
    """List the plans, the newest first."""
    from serving.winback.store import PlanStore

    kept = PlanStore.open().plans()
    if as_json:
        print_json([_head(each) for each in kept])
        return
    for each in kept:
        out.print(f"{each.id:>4}  {each.campaign_id}  {each.state}  made {each.created_at:%Y-%m-%d %H:%M}")
    if not kept:
        out.print("No plan was kept yet.")


@winback.command()
@plan_argument
@click.option("--by", required=True, help="Who approves.")
@click.option("--role", default="marketing", show_default=True, help="Of who approves.")
@example("amity winback approve 3 --by kim")
def approve(plan_id: int, by: str, role: str) -> None:
    """Let a kept plan be sent; from then on no other version of its campaign can be."""
    from serving.winback.store import PlanStore

    kept = PlanStore.open().approve(plan_id, by=by, role=role, now=now())
    out.print(f"Plan {kept.id} ({kept.campaign_id}) is approved by {by}; it can be sent now.")


@winback.command()
@plan_argument
@known_source_argument
@click.option("--out", "file", type=click.Path(path_type=Path), required=True, help="The messages.")
@click.option("--contacts", type=click.Path(path_type=Path), help="Both arms, for your table contacts.")
@click.option("--again", is_flag=True, help="The same messages once more, of a plan that went out as files.")
@example("amity winback export 3 --out messages.csv --contacts contacts-spring.csv")
def export(plan_id: int, address: str | None, file: Path, contacts: Path | None, again: bool) -> None:
    """Write an approved plan's messages for your e-mail tool, once; who opted out since is left out.

    Of SOURCE as it is now; by default the source that the plan was made from.
    """
    from serving.files import require_ending, write
    from serving.winback import suppression
    from serving.winback.exporting import exported
    from serving.winback.store import PlanStore

    for each in (file, contacts):
        if each is not None:
            require_ending(each)
    store = PlanStore.open()
    with working("Reading"), exported(store, plan_id, address, loading.load(Winback), again=again) as made:
        write(made.messages, file)
        if contacts is not None:
            write(made.contacts, contacts)
    out.print(f"{len(made.messages):,} messages are in {file}; plan {plan_id} counts as sent now.")
    if len(made.suppressed):
        why = {str(reason): int(count) for reason, count in made.suppressed.value_counts().items()}
        _tell([f"Left out at the moment of sending: {suppression.told(why)}."])


@winback.command()
@plan_argument
@known_source_argument
@click.option("--to", "target", help="The webhook's address; without it an earlier sending goes on.")
@click.option(
    "--dry-run", is_flag=True, help="Print what would be sent; nothing is, and no secret is needed."
)
@click.option(
    "--once", is_flag=True, help="End when nothing is due now, rather than wait for later attempts."
)
@json_option
@example("amity winback send 3 --to https://hooks.shop.example/winback")
def send(
    plan_id: int, address: str | None, target: str | None, dry_run: bool, once: bool, as_json: bool
) -> None:
    """Deliver an approved plan's messages to a webhook, each signed, until all are settled.

    It may be stopped at any time and started again, also several times at once: each message is delivered at
    least once, under a key that tells it from all others. Who opted out since is left out, by SOURCE as it is
    now; by default the source that the plan was made from.
    """
    from serving.winback import sending

    policy = loading.load(Winback)
    if dry_run:
        with working("Reading"):
            bodies, barred = sending.rehearsed(plan_id, address, target, policy)
        _rehearse(bodies, barred, as_json)
        return
    with working("Reading") as say:
        progress = sending.send(plan_id, address, target, policy, once=once, say=say)
    _tell_progress(plan_id, progress, as_json)


@winback.command()
@plan_argument
@json_option
@example("amity winback progress 3")
def progress(plan_id: int, as_json: bool) -> None:
    """Say how far a sending is: delivered, waiting, dead letters, suppressed."""
    with _outbox() as outbox:
        _tell_progress(plan_id, outbox.progress(plan_id), as_json)


@winback.command()
@plan_argument
@json_option
@example("amity winback dead 3")
def dead(plan_id: int, as_json: bool) -> None:
    """List the messages that were given up, and why."""
    with _outbox() as outbox:
        found = outbox.dead(plan_id, most=MOST_LISTED)
    if as_json:
        print_json(found)
        return
    for each in found:
        tried = _many(each["attempts"], "attempt")
        _list([f"{each['key']}  {each['customer_id']}  {tried}: {each['reason']}"])
    if not found:
        out.print(f"Plan {plan_id} has no dead letter.")


@winback.command()
@plan_argument
@click.argument("keys", nargs=-1, metavar="[KEY]...")
@example("amity winback resend 3")
def resend(plan_id: int, keys: tuple[str, ...]) -> None:
    """Let dead letters be tried again, all or those named; `amity winback send` then delivers them."""
    with _outbox() as outbox:
        count = outbox.resend(plan_id, now(), keys or None)
    if count:
        out.print(f"Waiting again: {_many(count, 'message')}; `amity winback send {plan_id}` delivers them.")
    else:
        out.print(f"Plan {plan_id} has no dead letter, so nothing is sent again.")


@winback.command()
@plan_argument
@click.option("--key", help="Of one message.")
@json_option
@example("amity winback attempts 3 --json")
def attempts(plan_id: int, key: str | None, as_json: bool) -> None:
    """List every attempt in the order in which they began."""
    with _outbox() as outbox:
        found = outbox.attempts(plan_id, key, most=MOST_LISTED)
    if as_json:
        print_json(found)
        return
    for each in found:
        end = "never ended" if each["ended_at"] is None else each["error"] or f"answered {each['status']}"
        _list([f"{each['started_at']:%Y-%m-%d %H:%M:%S}  {each['key']}  {each['number']:>2}  {end}"])


@winback.command()
@plan_argument
@known_source_argument
@as_of_option
@json_option
@skip_option
@example("amity winback measure 3 shop")
def measure(
    plan_id: int, address: str | None, as_of: datetime | None, as_json: bool, skip_bad_rows: bool
) -> None:
    """Say what a campaign changed, against those held back, when its days are over.

    By SOURCE; by default the source that the plan was made from.
    """
    from serving.winback import result
    from serving.winback.measure import measure as measured
    from serving.winback.outbox import Outbox
    from serving.winback.source import address_of
    from serving.winback.store import PlanStore

    store = PlanStore.open()
    kept = store.plan(plan_id)
    with working("Reading") as say:
        source = read(address or address_of(loading.load(Winback), kept.source), skip_bad_rows)
        say("Measuring")
        day = as_of or newest(source)
        delivered = Outbox(store.engine).delivered(plan_id)
        found = measured(source.tables, kept, store.rows(plan_id), day, delivered)
        says = result.says(found, kept.currency)
        document = found.to_dict() | {"says": says}
        store.keep_result(plan_id, document)
        say("Logging to MLflow")
        training = import_module("training.uplift_train")
        training.log_measurement(kept.campaign_id, _figures(found), document)
    if as_json:
        print_json(document)
    else:
        _tell(says)


def _mind_the_prior() -> None:
    if not import_module("models.uplift.bundle").folder().exists():
        err.print("Mind: nothing was learnt from past campaigns yet; `amity winback learn SOURCE` does.")


@contextmanager
def _outbox() -> Iterator[Outbox]:
    from serving.winback.outbox import Outbox
    from serving.winback.store import PlanStore

    store = PlanStore.open()
    try:
        yield Outbox(store.engine)
    finally:
        store.close()


def _rehearse(bodies: list[str], barred: dict[str, str], as_json: bool) -> None:
    if as_json:
        print_json({"messages": [json.loads(each) for each in bodies], "suppressed": barred})
        return
    _list(bodies[:SHOWN])
    count = _many(len(bodies), "message")
    out.print(f"A dry run: {count} would be sent like this, {len(barred):,} left out.")


def _tell_progress(plan_id: int, found: Progress, as_json: bool) -> None:
    if as_json:
        print_json(asdict(found) | {"messages": found.messages, "open": found.open})
        return
    from serving.winback import suppression

    counts = ", ".join(f"{count:,} {state}" for state, count in found.counts.items() if count)
    out.print(
        f"Of {_many(found.messages, 'message')}: {counts or 'none'}; {_many(found.attempts, 'attempt')}."
    )
    if found.suppressed_for:
        _tell([f"Suppressed at the moment of sending: {suppression.told(found.suppressed_for)}."])
    if found.open:
        out.print(
            f"The next is due at {found.next_at:%Y-%m-%d %H:%M:%S} UTC; `amity winback send {plan_id}`."
        )
    if found.counts["dead"]:
        out.print(f"`amity winback dead {plan_id}` tells why; `amity winback resend {plan_id}` tries again.")


def _many(number: int, one: str) -> str:
    return f"{number:,} {one}{'' if number == 1 else 's'}"


def _more(ids: tuple[str, ...]) -> str:
    return f" and {len(ids) - SHOWN:,} more" if len(ids) > SHOWN else ""


def _tell(says: Any) -> None:
    for line in says:
        out.print(line, highlight=False, markup=False)


def _list(lines: Iterable[str]) -> None:
    """Each on a line of its own, however long."""
    for line in lines:
        out.print(line, highlight=False, markup=False, soft_wrap=True)


def _head(kept: Kept) -> dict[str, Any]:
    return {name: value for name, value in vars(kept).items() if name not in ("document", "result")}


def _figures(found: Measurement) -> dict[str, float]:
    figures: dict[str, float] = {"treated": found.treated, "held_back": found.held_back}
    for name, each in found.total.items():
        figures |= {f"{name}_{end}": value for end, value in asdict(each).items()}
    return figures
