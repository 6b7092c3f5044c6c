"""The verbs of whoever trains: train, backtest, and the versions that come of it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from configs import loading
from configs.settings import Definitions, Judging, TrainingSettings
from features.errors import HistoryError
from verbs.own_table import roles_of, train_own_table
from verbs.reading import newest, read
from verbs.shell import (
    as_of_option,
    counted,
    definition_options,
    example,
    fail,
    json_option,
    out,
    own_table_options,
    print_json,
    skip_option,
    source_argument,
    working,
)

if TYPE_CHECKING:
    from training.train import Training


@click.command()
@source_argument
@own_table_options
@as_of_option
@definition_options
@click.option("--seed", type=int, help="Instead of seed in configs/.")
@click.option("--trials", type=click.IntRange(min=0), default=0, help="Try so many settings first.")
@click.option("--rerun", metavar="RUN_ID", help="Repeat a run, and check that the same bytes come of it.")
@skip_option
@json_option
@example("amity train shop --horizon-days 60")
def train(
    address: str,
    label: str | None,
    id_column: str | None,
    dimensions: Path | None,
    as_of: datetime | None,
    seed: int | None,
    trials: int,
    rerun: str | None,
    skip_bad_rows: bool,
    as_json: bool,
    **days: Any,
) -> None:
    """Fit, judge and register a model; it becomes champion only when it beats the champion there is."""
    roles = roles_of(address, label, id_column, dimensions)
    if roles is not None:
        if as_of or trials or rerun or any(given is not None for given in days.values()):
            raise click.UsageError(
                "With --label give --id, --dimensions and --seed only: the table has no days."
            )
        train_own_table(Path(address), roles, seed=seed, as_json=as_json)
        return
    if rerun is not None:
        if as_of or trials or any(given is not None for given in (seed, *days.values())):
            raise click.UsageError("--rerun repeats a run with its own day and settings: give no others.")
        repeat(address, rerun, skip_bad_rows=skip_bad_rows, as_json=as_json)
        return
    training = run_training(address, as_of, days, seed=seed, skip_bad_rows=skip_bad_rows, trials=trials)
    if as_json:
        print_json(import_module("training.summary").to_dict(training))
    else:
        show_training(training)


@click.command()
@json_option
@example("amity models")
def models(as_json: bool) -> None:
    """List the model versions, how each was judged, and which is the champion."""
    registry = import_module("training.registry")
    versions = registry.versions()
    if as_json:
        print_json(versions)
    elif not versions:
        out.print("No model is registered yet: run `amity train SOURCE` first.")
    else:
        out.print(registry.table(versions))


@click.command()
@source_argument
@as_of_option
@click.option("--dates", type=click.IntRange(min=1), default=6, show_default=True)
@click.option("--out", "file", type=click.Path(path_type=Path), help="A page ending in .html, or a .png.")
@definition_options
@skip_option
@json_option
@example("amity backtest shop --out backtest.html")
def backtest(
    address: str,
    as_of: datetime | None,
    dates: int,
    file: Path | None,
    skip_bad_rows: bool,
    as_json: bool,
    **days: Any,
) -> None:
    """Replay past dates as if live (train, score, wait, judge): would it have worked?"""
    from training import backtest, backtest_page

    if file is not None:
        backtest_page.require_ending(file)
    definitions, chosen = loading.load(Definitions, days), loading.load(TrainingSettings)
    with working("Reading"):
        source = read(address, skip_bad_rows, definitions.mode)
        past = backtest.past_days(
            source.tables, as_of or newest(source, definitions.mode), definitions, chosen, dates
        )
    found = backtest.backtest(source.tables, past, definitions, chosen, counted("Replaying past dates"))
    if file is not None:
        backtest_page.write(found, file)
    if as_json:
        print_json(found.to_dict())
        return
    out.print(backtest_page.lines(found))
    out.print(backtest.verdict(found), highlight=False, markup=False)


@click.command()
@click.argument("version")
@example("amity promote 3")
def promote(version: str) -> None:
    """Make a version the champion by hand."""
    import_module("training.registry").promote(version)
    out.print(f"Version {version} is the champion now.")


@click.command()
@example("amity rollback")
def rollback() -> None:
    """Make the champion before the present one champion again."""
    restored, left = import_module("training.registry").rollback()
    out.print(f"Version {restored} is the champion again, instead of version {left}.")


def show_training(training: Training) -> None:
    from training import summary

    out.print(summary.judged(training.judgement))
    out.print(summary.differences(training.comparison))
    out.print(summary.outcome(training), highlight=False)


def run_training(
    address: str,
    as_of: datetime | None,
    flags: Mapping[str, Any],
    *,
    seed: int | None,
    skip_bad_rows: bool,
    trials: int = 0,
) -> Training:
    from features.readiness import readiness, silence
    from features.snapshots import before

    definitions = loading.load(Definitions, flags)
    chosen = loading.load(TrainingSettings, {"seed": seed})
    with working("Reading") as say:
        source = read(address, skip_bad_rows, definitions.mode)
        day = as_of or newest(source, definitions.mode)
        ready = readiness(before(source.tables, day), definitions, now=day)
        missing = silence(source.tables, day, definitions.mode)
        if missing or not ready.ready:
            raise HistoryError(missing or " ".join(ready.missing))
        job = import_module("training.train")
        return job.train(  # type: ignore[no-any-return]
            source.tables,
            day,
            definitions,
            chosen,
            source=address,
            judging=loading.load(Judging),
            trials=trials,
            say=say,
        )


def repeat(address: str, run_id: str, *, skip_bad_rows: bool, as_json: bool) -> None:
    from training import summary
    from training.rerun import rerun
    from training.tracking import record_of

    with working("Reading") as say:
        then = record_of(run_id)
        mode = Definitions(**then.definitions).mode
        found = rerun(then, read(address, skip_bad_rows, mode).tables, say)
    if as_json:
        print_json({"same": found.same, "differs": found.differs, "reasons": found.reasons})
    if not found.same:
        fail(summary.repeated(run_id, found))
    if not as_json:
        out.print(summary.repeated(run_id, found), highlight=False)
