"""The verbs of whoever calls the customers: score, the list, one customer's story."""

from __future__ import annotations

from datetime import datetime
from importlib import import_module
from pathlib import Path
from typing import Any

import click

from configs import settings
from configs.settings import Playbook
from verbs.own_table import score_own_table
from verbs.reading import newest, read
from verbs.shell import (
    as_of_option,
    err,
    example,
    json_option,
    model_option,
    out,
    print_json,
    skip_option,
    source_argument,
    working,
)


@click.command()
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


@click.command(name="at-risk")
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


@click.command()
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
