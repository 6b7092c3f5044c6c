"""The front door: one verb a job, nothing else."""

from __future__ import annotations

import logging
import os
import sys
import warnings
from collections.abc import Mapping
from datetime import UTC, datetime
from importlib import import_module
from io import TextIOWrapper
from pathlib import Path
from shutil import which
from typing import TYPE_CHECKING, Any

import click

from configs import settings
from configs.settings import Definitions, Judging, Playbook, TrainingSettings
from features.collector import collect_rarely
from features.errors import AmityError, HistoryError
from serving.shell import (
    as_of_option,
    counted,
    definition_options,
    err,
    example,
    fail,
    json_option,
    model_option,
    out,
    own_table_options,
    print_json,
    skip_option,
    source_argument,
    working,
)

if TYPE_CHECKING:
    import ibis
    from pyspark.sql import SparkSession

    from features.own_table.table import Roles
    from features.sources import Source
    from features.tables import Mode
    from training.train import Training

TOP_OF_DEMO = 10


@click.group(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(package_name="amity")
def cli() -> None:
    """Which customer relationships are weakening, why, what each is worth, which are worth winning back."""


@cli.command()
@click.argument("folder", type=click.Path(path_type=Path))
@click.option("--customers", type=int, default=2000, show_default=True)
@click.option("--months", type=int, default=30, show_default=True)
@click.option("--seed", type=int, default=7, show_default=True)
@example("amity simulate shop --customers 10000 --months 36")
def simulate(folder: Path, customers: int, months: int, seed: int) -> None:
    """Write a retailer with every table and known weak points; the truth goes to FOLDER-truth."""
    with working("Simulating"):
        import_module("demo.simulate").simulate(folder, customers=customers, months=months, seed=seed)
    out.print(
        f"Wrote {customers:,} customers over {months} months to {folder}, and the truth to {folder}-truth."
    )


@cli.command()
@source_argument
@own_table_options
@json_option
@definition_options
@example("amity check shop")
def check(
    address: str,
    label: str | None,
    id_column: str | None,
    dimensions: Path | None,
    as_json: bool,
    **days: Any,
) -> None:
    """Say what is there, what is wrong, what it unlocks, and whether there is enough to train on."""
    roles = roles_of(address, label, id_column, dimensions)
    if roles is not None:
        check_own_table(Path(address), roles, as_json=as_json)
        return
    from features.readiness import readiness
    from features.sources import inspect, open_source

    definitions = settings.load(Definitions, days)
    with working("Reading"):
        report = inspect(address)
        ready = None if report.refuses else readiness(open_source(address).tables, definitions)
    if as_json:
        told = None if ready is None else {"missing": ready.missing, "advice": ready.advice}
        print_json(report.to_dict() | {"readiness": told})
    else:
        report.render(out)
        if ready is not None:
            for line in ready.missing or ("There is enough to train on.",):
                out.print(line)
            for line in ready.advice:
                out.print(line)
    if report.refuses:
        raise SystemExit(1)


@cli.command()
@click.argument("address", metavar="[SOURCE]", required=False)
@click.option("--list", "as_list", is_flag=True, help="Print the catalogue of features instead.")
@click.option("--out", "target", help="A file ending in .parquet or .csv; of Spark a folder of Parquet.")
@click.option(
    "--engine",
    type=click.Choice(["spark"]),
    help="Read a folder, compute and write with Spark: the session of SPARK_REMOTE, or a local one.",
)
@as_of_option
@skip_option
@definition_options
@click.option("--json", "as_json", is_flag=True, help="With --list: for programs.")
@example("amity features shop --as-of 2025-06-30 --out features.parquet")
def features(
    address: str | None,
    as_list: bool,
    target: str | None,
    engine: str | None,
    as_of: datetime | None,
    skip_bad_rows: bool,
    as_json: bool,
    **days: int | None,
) -> None:
    """Write one row of features per customer active on a day."""
    from features.listing import documents, lines
    from serving.files import require_ending, write

    if as_list and as_json:
        print_json(documents())
        return
    if as_list:
        for line in lines():
            out.print(line, highlight=False, soft_wrap=True)
        return
    if address is None or target is None:
        raise click.UsageError("features needs SOURCE and --out FILE, or --list.")
    definitions = settings.load(Definitions, days)
    if engine == "spark":
        features_on_spark(address, target, as_of, definitions, skip_bad_rows=skip_bad_rows)
        return
    require_ending(Path(target))
    with working("Computing the features"):
        source = read(address, skip_bad_rows, definitions.mode)
        day = as_of or newest(source, definitions.mode)
        rows, _ = features_of(source, day, definitions)
        frame = rows.order_by("customer_id").to_pandas()
    if frame.empty:
        raise nobody_active(day)
    write(frame, Path(target))
    out.print(wrote(len(frame), rows, day, target))


@cli.command()
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


@cli.command()
@source_argument
@as_of_option
@model_option
@click.option(
    "--out", "file", type=click.Path(path_type=Path), required=True, help="Ends in .parquet or .csv."
)
@click.option("--value", help="Of one CSV or Parquet file: the column of what each customer is worth.")
@skip_option
@example("amity score shop --out scores.csv")
def score(
    address: str, as_of: datetime | None, model: str, file: Path, value: str | None, skip_bad_rows: bool
) -> None:
    """Score every active customer, write the file, and keep the list for at-risk, explain and serve.

    Of one CSV or Parquet file: score each of its rows, with the model that was trained on such a file.
    """
    from features.own_table.reading import is_file

    if is_file(address):
        if as_of:
            raise click.UsageError("A file with one row per customer has no days: leave --as-of out.")
        score_own_table(Path(address), model, value, file)
        return
    if value is not None:
        raise click.UsageError("--value names a column of one CSV or Parquet file.")
    run_scoring(address, as_of, model=model, file=file, skip_bad_rows=skip_bad_rows)


@cli.command(name="at-risk")
@click.option("--top", type=int, default=20, show_default=True)
@click.option("--segment")
@click.option("--country")
@click.option("--status")
@click.option("--weak-point", help="Only customers with this dimension among their weak points.")
@click.option("--min-clv", type=float)
@click.option("--min-churn-probability", type=float)
@json_option
@example("amity at-risk --top 50 --weak-point service")
def at_risk(top: int, as_json: bool, **wanted: Any) -> None:
    """Print the customers with the most value at risk, why, and what to do."""
    from serving import terminal
    from serving.filters import Filter
    from serving.store import Store

    page = Store.open().at_risk(Filter(**wanted), top=top)
    if as_json:
        print_json([dict(row) for row in page.rows])
    else:
        out.print(terminal.at_risk(page))


@cli.command()
@click.argument("customer_id")
@json_option
@example("amity explain C00000042")
def explain(customer_id: str, as_json: bool) -> None:
    """Tell one customer's story: risk, worth, weak points with their evidence, and what to do."""
    from serving import terminal
    from serving.store import Store

    store = Store.open()
    scoring = store.current()
    row = store.row(customer_id, scoring)
    if as_json:
        print_json(dict(row))
    else:
        out.print(terminal.explain(row, scoring, store.history(customer_id)), highlight=False, markup=False)


@cli.command()
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


@cli.command()
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
    definitions, chosen = settings.load(Definitions, days), settings.load(TrainingSettings)
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


@cli.command()
@click.argument("version")
@example("amity promote 3")
def promote(version: str) -> None:
    """Make a version the champion by hand."""
    import_module("training.registry").promote(version)
    out.print(f"Version {version} is the champion now.")


@cli.command()
@example("amity rollback")
def rollback() -> None:
    """Make the champion before the present one champion again."""
    restored, left = import_module("training.registry").rollback()
    out.print(f"Version {restored} is the champion again, instead of version {left}.")


@cli.command()
@model_option
@click.option("--host", default="127.0.0.1", show_default=True)
@click.option("--port", type=click.IntRange(1, 65535), default=3000, show_default=True)
@example("amity serve --port 3000")
def serve(model: str, host: str, port: int) -> None:
    """Answer over HTTP: the at-risk list, scores by id and from raw events, explanations."""
    with working("Fetching the model"):
        folder = import_module("training.registry").folder(model)
    import_module("serving.run").serve(folder, host, port)


@cli.command()
@json_option
@example("AMITY_HORIZON_DAYS=60 amity config")
def config(as_json: bool) -> None:
    """Print every setting, its value, and where it comes from."""
    found = {
        name: {"value": value, "from": origin}
        for kind in settings.FILES
        for name, (value, origin) in settings.origins(kind).items()
    }
    for kind in settings.FILES:
        settings.load(kind)
    found["home"] = {
        "value": str(settings.home()),
        "from": "environment" if "AMITY_HOME" in os.environ else "default",
    }
    if as_json:
        print_json(found)
        return
    for name, entry in found.items():
        out.print(
            f"{name:<22}{entry['value']}  ({entry['from']})", highlight=False, markup=False, soft_wrap=True
        )


@cli.command()
@click.option(
    "--data",
    default="simulated",
    show_default=True,
    help="simulated, complete-journey, cdnow, or a source of your own.",
)
@example("amity demo --data complete-journey")
def demo(data: str) -> None:
    """Do the main job from data to at-risk list, and say where everything is."""
    from serving import terminal
    from serving.store import Store

    story = import_module("demo.stories").story(data)
    os.environ.setdefault("AMITY_HOME", str(settings.home() / f"demo-{Path(story.name).stem}"))
    out.rule(f"Amity on {story.title}")
    with working("Getting the data"):
        source = str(import_module("demo.stories").tables(story, settings.home()))
    training = run_training(source, None, story.definitions, seed=None, skip_bad_rows=False)
    show_training(training)
    run_scoring(source, None, model="champion", file=settings.home() / "scores.csv", skip_bad_rows=False)
    out.print(terminal.at_risk(Store.open().at_risk(top=TOP_OF_DEMO)))
    out.print(farewell(source), highlight=False, markup=False, soft_wrap=True)


def features_on_spark(
    address: str, target: str, as_of: datetime | None, definitions: Definitions, *, skip_bad_rows: bool
) -> None:
    from features.spark.session import start
    from features.spark.writing import require_folder, write

    require_folder(target)
    with working("Starting Spark") as say:
        session = start()
        say("Reading")
        source = read(address, skip_bad_rows, definitions.mode, session)
        day = as_of or newest(source, definitions.mode)
        say("Computing the features")
        rows, people = features_of(source, day, definitions)
        customers = people.count().to_pyarrow().as_py()
        if not customers:
            raise nobody_active(day)
        write(source.backend, rows, target)
    out.print(wrote(customers, rows, day, target))


def features_of(source: Source, day: datetime, definitions: Definitions) -> tuple[ibis.Table, ibis.Table]:
    """The features of the customers active on a day, and these customers; nothing is computed yet."""
    from features.build import build
    from features.reference import reference
    from features.snapshots import before, population

    known = before(source.tables, day)
    people = population(known, [day], definitions.lookback_days, definitions.mode)
    return build(known, people, reference(known, day)), people


def nobody_active(day: datetime) -> HistoryError:
    return HistoryError(f"No customer is active as of {day:%Y-%m-%d}, so there is no row to write.")


def wrote(customers: int, rows: ibis.Table, day: datetime, target: str) -> str:
    return f"Wrote {customers:,} rows and {len(rows.columns) - 2} features as of {day:%Y-%m-%d} to {target}."


def show_training(training: Training) -> None:
    from training import summary

    out.print(summary.judged(training.judgement))
    out.print(summary.differences(training.comparison))
    out.print(summary.outcome(training), highlight=False)


def farewell(source: str) -> str:
    home = settings.home()
    on_the_path = [] if which("amity") else [f"  export PATH={Path(sys.executable).parent}:$PATH"]
    return "\n".join(
        (
            "",
            f"The tables are in {source}, everything else is in {home}. To go on:",
            "",
            *on_the_path,
            f"  export AMITY_HOME={home}",
            "  amity at-risk --top 50              the whole list, with filters",
            "  amity explain CUSTOMER_ID           one customer's story",
            f"  mlflow ui --backend-store-uri {tracking_uri()}   every training run: http://127.0.0.1:5000",
            "  amity serve                         the list over HTTP: http://127.0.0.1:3000",
        )
    )


def tracking_uri() -> str:
    return str(import_module("training.tracking").tracking_uri())


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

    definitions = settings.load(Definitions, flags)
    chosen = settings.load(TrainingSettings, {"seed": seed})
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
            judging=settings.load(Judging),
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


def run_scoring(address: str, as_of: datetime | None, *, model: str, file: Path, skip_bad_rows: bool) -> None:
    from features.readiness import silence
    from models.scoring import score as score_tables
    from serving.files import require_ending, write
    from serving.store import Store

    require_ending(file)
    with working("Fetching the model") as say:
        bundle = import_module("training.registry").bundle(model)
        mode = bundle.manifest.definitions.mode
        say("Reading")
        source = read(address, skip_bad_rows, mode)
        day = as_of or newest(source, mode)
        say("Scoring")
        missing = silence(source.tables, day, mode)
        if missing:
            err.print(f"Mind: {missing}", highlight=False, markup=False)
        scored = score_tables(bundle, source.tables, day, settings.load(Playbook))
        write(scored.scores, file)
        Store.open().save(scored, source=address, definitions=bundle.manifest.definitions)
    version = bundle.manifest.version
    out.print(f"Scored {len(scored.scores):,} customers as of {day:%Y-%m-%d} with version {version}.")
    out.print(f"The scores are in {file}, and kept for `amity at-risk`, `amity explain` and `amity serve`.")


def roles_of(address: str, label: str | None, id_column: str | None, dimensions: Path | None) -> Roles | None:
    """What the user says of a table of their own; null where a source is meant."""
    from features.own_table.reading import is_file
    from features.own_table.table import Roles

    if label is not None:
        return Roles(label, id_column, dimensions)
    if id_column is not None or dimensions is not None:
        raise click.UsageError("--id and --dimensions go with --label.")
    if is_file(address):
        raise click.UsageError(f"{address} is one table: say with --label which column tells who churned.")
    return None


def check_own_table(path: Path, roles: Roles, *, as_json: bool) -> None:
    from features.own_table.table import read_table, says, to_dict

    with working("Reading"):
        table = read_table(path, roles)
    if as_json:
        print_json(to_dict(table))
        return
    out.print(import_module("serving.own_table").columns(table))
    for line in says(table):
        out.print(line, highlight=False, markup=False)
    out.print("There is enough to train on.")


def train_own_table(path: Path, roles: Roles, *, seed: int | None, as_json: bool) -> None:
    from features.own_table.table import says

    job = import_module("training.own_table_train")
    with working("Reading") as say:
        training = job.train_own(path, roles, settings.load(TrainingSettings, {"seed": seed}), say)
    if as_json:
        print_json(job.to_dict(training))
        return
    out.print(import_module("serving.own_table").columns(training.table))
    for line in says(training.table):
        out.print(line, highlight=False, markup=False)
    out.print(job.judged(training.judgement))
    out.print(training.outcome, highlight=False, markup=False)


def score_own_table(path: Path, asked: str, value: str | None, file: Path) -> None:
    from features.own_table.reading import read_file
    from models import own_table
    from serving.files import require_ending, write

    require_ending(file)
    definitions = settings.load(Definitions)
    with working("Reading") as say:
        frame = read_file(path)
        say("Fetching the model")
        model = import_module("training.own_table_registry").find(asked, path, frame.columns)
        say("Scoring")
        scores = own_table.score(model, frame, value, own_table.naming_of(definitions))
        write(scores, file)
    out.print(f"Scored {len(scores):,} customers with {model.name}, version {model.version}, to {file}.")


def read(
    address: str,
    skip_bad_rows: bool,
    mode: Mode = "non_contractual",
    spark: SparkSession | None = None,
) -> Source:
    from features.sources import open_source

    source = open_source(address, skip_bad_rows=skip_bad_rows, spark=spark)
    if mode == "contractual" and "subscriptions" not in source.tables:
        raise HistoryError(f"{address} has no subscriptions, and contractual churn is the end of them.")
    if mode == "non_contractual" and "orders" not in source.tables:
        raise HistoryError(
            f"{address} has no orders yet. For churn from its subscriptions, take --mode contractual."
        )
    if source.report.skipped:
        for problem in source.report.problems:
            if problem.level == "bad rows":
                err.print(f"Left out: {problem.sentence}", highlight=False, markup=False)
    return source


def newest(source: Source, mode: Mode = "non_contractual") -> datetime:
    """The day after the last order, or fact of a subscription, that isn't in the future."""
    from features.snapshots import latest_as_of

    return latest_as_of(source.tables, datetime.now(UTC).replace(tzinfo=None), mode)


def main() -> None:
    """Run a command; what a person can mend ends in one message and exit code 1."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):
            stream.reconfigure(errors="replace")
    warnings.simplefilter("ignore")
    collect_rarely()
    logging.getLogger("mlflow").setLevel(logging.WARNING)
    logging.getLogger("alembic").setLevel(logging.WARNING)
    try:
        cli.main(standalone_mode=False)
    except click.ClickException as error:
        fail(error.format_message())
    except AmityError as error:
        fail(str(error))
    except click.Abort:
        fail("Stopped.")
    except Exception as error:
        if os.environ.get("AMITY_TRACEBACK"):
            raise
        fail(
            f"Amity failed in a way it should not: {error!r}. Run again with AMITY_TRACEBACK=1 to see where."
        )


if __name__ == "__main__":
    main()
