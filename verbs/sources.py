"""The verbs on a source itself: simulate one, check it, write its features."""

from __future__ import annotations

from datetime import datetime
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from configs import loading
from configs.settings import Definitions
from features.errors import HistoryError
from verbs.own_table import check_own_table, roles_of
from verbs.reading import newest, read
from verbs.shell import (
    as_of_option,
    definition_options,
    example,
    json_option,
    out,
    own_table_options,
    print_json,
    skip_option,
    source_argument,
    working,
)

if TYPE_CHECKING:
    import ibis

    from features.sources import Source


@click.command()
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


@click.command()
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

    definitions = loading.load(Definitions, days)
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


@click.command()
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
    definitions = loading.load(Definitions, days)
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
