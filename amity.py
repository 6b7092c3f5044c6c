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
from configs.settings import Definitions, Playbook, TrainingSettings
from features.errors import AmityError, HistoryError
from serving.shell import (
    as_of_option,
    definition_options,
    err,
    example,
    fail,
    json_option,
    model_option,
    out,
    print_json,
    skip_option,
    source_argument,
    working,
)

if TYPE_CHECKING:
    import ibis
    from pyspark.sql import SparkSession

    from features.sources import Source
    from training.train import Training

TOP_OF_DEMO = 10


@click.group(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(package_name="amity")
def cli() -> None:
    """Which customer relationships are weakening, why, what each is worth, which are worth winning back."""


@cli.command()
@click.argument("folder", type=click.Path(path_type=Path))
@click.option("--customers", type=int, default=3000, show_default=True)
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
@json_option
@definition_options
@example("amity check shop")
def check(address: str, as_json: bool, **days: int | None) -> None:
    """Say what is there, what is wrong, what it unlocks, and whether there is enough to train on."""
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
        source = read(address, skip_bad_rows)
        day = as_of or newest(source)
        rows, _ = features_of(source, day, definitions)
        frame = rows.order_by("customer_id").to_pandas()
    if frame.empty:
        raise nobody_active(day)
    write(frame, Path(target))
    out.print(wrote(len(frame), rows, day, target))


@cli.command()
@source_argument
@as_of_option
@definition_options
@click.option("--seed", type=int, help="Instead of seed in configs/.")
@skip_option
@json_option
@example("amity train shop --horizon-days 60")
def train(
    address: str,
    as_of: datetime | None,
    seed: int | None,
    skip_bad_rows: bool,
    as_json: bool,
    **days: int | None,
) -> None:
    """Fit, judge and register a model; it becomes champion only when it beats the champion there is."""
    training = run_training(address, as_of, days, seed=seed, skip_bad_rows=skip_bad_rows)
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
@skip_option
@example("amity score shop --out scores.csv")
def score(address: str, as_of: datetime | None, model: str, file: Path, skip_bad_rows: bool) -> None:
    """Score every active customer, write the file, and keep the list for at-risk, explain and serve."""
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
@click.argument("version")
@example("amity promote 3")
def promote(version: str) -> None:
    """Make a version the champion by hand."""
    import_module("training.registry").promote(version)
    out.print(f"Version {version} is the champion now.")


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
        for kind in (Definitions, TrainingSettings, Playbook)
        for name, (value, origin) in settings.origins(kind).items()
    }
    for kind in (Definitions, TrainingSettings, Playbook):
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
        source = read(address, skip_bad_rows, session)
        day = as_of or newest(source)
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
    people = population(known, [day], definitions.lookback_days)
    return build(known, people, reference(known, day)), people


def nobody_active(day: datetime) -> HistoryError:
    return HistoryError(f"No customer is active as of {day:%Y-%m-%d}, so there is no row to write.")


def wrote(customers: int, rows: ibis.Table, day: datetime, target: str) -> str:
    return f"Wrote {customers:,} rows and {len(rows.columns) - 2} features as of {day:%Y-%m-%d} to {target}."


def show_training(training: Training) -> None:
    from training import summary

    out.print(summary.judged(training.judgement))
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
) -> Training:
    from features.readiness import readiness, silence
    from features.snapshots import before

    definitions = settings.load(Definitions, flags)
    chosen = settings.load(TrainingSettings, {"seed": seed})
    with working("Reading") as say:
        source = read(address, skip_bad_rows)
        day = as_of or newest(source)
        ready = readiness(before(source.tables, day), definitions, now=day)
        missing = silence(source.tables, day)
        if missing or not ready.ready:
            raise HistoryError(missing or " ".join(ready.missing))
        job = import_module("training.train")
        return job.train(source.tables, day, definitions, chosen, source=address, say=say)  # type: ignore[no-any-return]


def run_scoring(address: str, as_of: datetime | None, *, model: str, file: Path, skip_bad_rows: bool) -> None:
    from features.readiness import silence
    from models.scoring import score as score_tables
    from serving.files import require_ending, write
    from serving.store import Store

    require_ending(file)
    with working("Fetching the model") as say:
        bundle = import_module("training.registry").bundle(model)
        say("Reading")
        source = read(address, skip_bad_rows)
        day = as_of or newest(source)
        say("Scoring")
        missing = silence(source.tables, day)
        if missing:
            err.print(f"Mind: {missing}", highlight=False, markup=False)
        scored = score_tables(bundle, source.tables, day, settings.load(Playbook))
        write(scored.scores, file)
        Store.open().save(scored, source=address, definitions=bundle.manifest.definitions)
    version = bundle.manifest.version
    out.print(f"Scored {len(scored.scores):,} customers as of {day:%Y-%m-%d} with version {version}.")
    out.print(f"The scores are in {file}, and kept for `amity at-risk`, `amity explain` and `amity serve`.")


def read(address: str, skip_bad_rows: bool, spark: SparkSession | None = None) -> Source:
    from features.sources import open_source

    source = open_source(address, skip_bad_rows=skip_bad_rows, spark=spark)
    if "orders" not in source.tables:
        raise HistoryError(
            f"{address} has no orders yet, and contractual churn from subscriptions is not ready."
        )
    if source.report.skipped:
        for problem in source.report.problems:
            if problem.level == "bad rows":
                err.print(f"Left out: {problem.sentence}", highlight=False, markup=False)
    return source


def newest(source: Source) -> datetime:
    """The day after the last order that isn't in the future."""
    from features.snapshots import latest_as_of

    return latest_as_of(source.tables, datetime.now(UTC).replace(tzinfo=None))


def main() -> None:
    """Run a command; what a person can mend ends in one message and exit code 1."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):
            stream.reconfigure(errors="replace")
    warnings.simplefilter("ignore")
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
