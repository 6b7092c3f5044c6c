"""The verbs of marketing: learn what offers do, plan a campaign, approve it, send it, measure it."""

from __future__ import annotations

from dataclasses import asdict
from datetime import datetime
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from configs import settings
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
    from models.uplift.bundle import EffectBundle
    from serving.winback.measure import Measurement
    from serving.winback.store import Kept

plan_argument = click.argument("plan_id", type=int, metavar="PLAN")


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
            source.tables, day, settings.load(Definitions), settings.load(Winback), say
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
    "--explore", type=click.IntRange(0), default=0, help="Contact so many by lot, to learn what offers do."
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
    from secrets import randbelow

    from serving.store import Store
    from serving.winback import words
    from serving.winback.plan import make
    from serving.winback.situation import Knowledge, situation
    from serving.winback.store import PlanStore

    scoring = Store.open().current()
    policy, definitions = settings.load(Winback), scoring.definitions
    with working("Reading") as say:
        source = read(address, skip_bad_rows, definitions.mode)
        store = PlanStore.open()
        knowledge = Knowledge(policy, definitions, _learnt())
        known = situation(source.tables, store.scores(scoring.id), scoring.as_of, knowledge, say)
        say("Choosing")
        made = make(known, policy, budget, randbelow(2**31) if seed is None else seed, explore)
        says = words.says(made, policy, definitions.currency)
        if knowledge.learnt:
            untried = knowledge.learnt.model.never_tried(policy.offers)
            if untried:
                says.append(f"Never tried, so no effect is expected of: {', '.join(untried)}.")
        kept = None
        if keep:
            kept = store.keep(name, made, policy, currency=definitions.currency, says=says, now=now())
    if as_json:
        print_json({"plan": kept.id if kept else None, "says": says, "rows": made.rows.to_dict("records")})
        return
    _tell(says)
    if kept:
        out.print(f"Kept as plan {kept.id} ({name}, version {kept.version}), a draft.")
        out.print(f"`amity winback approve {kept.id} --by NAME` lets it be sent.")
    else:
        out.print("A dry run: nothing is kept. Add --keep to keep this plan as a draft.")


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
@source_argument
@click.option("--out", "file", type=click.Path(path_type=Path), required=True, help="The messages.")
@click.option("--contacts", type=click.Path(path_type=Path), help="Both arms, for your table contacts.")
@skip_option
@example("amity winback send 3 shop --out messages.csv --contacts contacts-spring.csv")
def send(plan_id: int, address: str, file: Path, contacts: Path | None, skip_bad_rows: bool) -> None:
    """Write an approved plan's messages for your e-mail tool, once; who opted out since is left out."""
    from serving.files import require_ending, write
    from serving.winback.export import messages
    from serving.winback.store import PlanStore

    for each in (file, contacts):
        if each is not None:
            require_ending(each)
    store = PlanStore.open()
    with working("Reading"):
        source = read(address, skip_bad_rows)
        kept = store.require_approved(plan_id)
        made = messages(source.tables, kept, store.rows(plan_id), now())
        write(made.messages, file)
        if contacts is not None:
            write(made.contacts, contacts)
        store.mark_sent(plan_id, now())
    out.print(f"{len(made.messages):,} messages are in {file}; plan {plan_id} counts as sent now.")
    if len(made.suppressed):
        why = made.suppressed.value_counts()
        told = ", ".join(f"{count:,} {str(reason).replace('_', ' ')}" for reason, count in why.items())
        out.print(f"Left out at the moment of sending: {told}.")


@winback.command()
@plan_argument
@source_argument
@as_of_option
@json_option
@skip_option
@example("amity winback measure 3 shop")
def measure(plan_id: int, address: str, as_of: datetime | None, as_json: bool, skip_bad_rows: bool) -> None:
    """Say what a campaign changed, against those held back, when its days are over."""
    from serving.winback import result
    from serving.winback.measure import measure as measured
    from serving.winback.store import PlanStore

    store = PlanStore.open()
    kept = store.plan(plan_id)
    with working("Reading") as say:
        source = read(address, skip_bad_rows)
        say("Measuring")
        found = measured(source.tables, kept, store.rows(plan_id), as_of or newest(source))
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


def _learnt() -> EffectBundle | None:
    from models.uplift.bundle import load

    folder = import_module("training.uplift_train").folder()
    if folder.exists():
        return load(folder)
    err.print("Mind: nothing was learnt from past campaigns yet; `amity winback learn SOURCE` does.")
    return None


def _tell(says: Any) -> None:
    for line in says:
        out.print(line, highlight=False, markup=False)


def _head(kept: Kept) -> dict[str, Any]:
    return {name: value for name, value in vars(kept).items() if name not in ("document", "result")}


def _figures(found: Measurement) -> dict[str, float]:
    figures: dict[str, float] = {"treated": found.treated, "held_back": found.held_back}
    for name, each in found.total.items():
        figures |= {f"{name}_{end}": value for end, value in asdict(each).items()}
    return figures
