"""The verb of the assessment: the state of the company's relationships, as a page or as JSON."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from configs import settings
from configs.settings import Definitions, IndicatorSettings, WarningSettings
from features.errors import RequestError
from verbs.reading import newest, read
from verbs.shell import (
    as_of_option,
    example,
    json_option,
    out,
    print_json,
    skip_option,
    source_argument,
    working,
)

if TYPE_CHECKING:
    import pandas as pd


@click.command()
@source_argument
@as_of_option
@click.option("--out", "file", type=click.Path(path_type=Path), help="The page; ends in .html.")
@click.option(
    "--scores",
    type=click.Path(path_type=Path, exists=True, dir_okay=False),
    help="What `amity score` wrote: adds where value at risk comes from.",
)
@json_option
@skip_option
@example("amity assess shop --scores scores.csv --out report.html")
def assess(
    address: str,
    as_of: datetime | None,
    file: Path | None,
    scores: Path | None,
    as_json: bool,
    skip_bad_rows: bool,
) -> None:
    """Tell every figure of the company's relationships, its trend, what warns, and why revenue changed.

    It tells whole months: the newest one ends before --as-of.
    """
    if file is None and not as_json:
        raise click.UsageError("Name the page to write with --out report.html, or ask for --json.")
    if file is not None:
        _require_page(file)
    definitions = settings.load(Definitions)
    rules, watch = settings.load(IndicatorSettings).rules(), settings.load(WarningSettings).watch()
    from features.indicators.assess import assess as look
    from serving.report.document import document
    from serving.report.losses import losses
    from serving.report.page import page

    with working("Reading") as say:
        source = read(address, skip_bad_rows, definitions.mode)
        day = as_of or newest(source, definitions.mode)
        told = look(source.tables, day, rules, watch, say)
        lost = None if scores is None else losses(_scored(scores), source.tables)
        if file is not None:
            say("Writing")
            name = Path(address.split("?")[0]).name or address
            file.write_text(page(told, name, definitions.currency, lost), encoding="utf-8")
    if as_json:
        print_json(document(told, definitions.currency, lost))
        return
    measured, missing = len(told.measured.measured), len(told.measured.missing)
    out.print(f"{measured} figures as of {told.measured.day:%Y-%m-%d}, {missing} not measured.")
    out.print(f"Early warnings: {len(told.alarms)}.")
    out.print(f"The assessment is in {file}.")


def _require_page(file: Path) -> None:
    if file.suffix not in (".html", ".htm"):
        raise RequestError(
            f"{file.name} ends in {file.suffix!r}; the assessment is a page, so end it in .html."
        )
    if not file.parent.is_dir():
        raise RequestError(f"There is no folder {file.parent} to write {file.name} into.")


def _scored(file: Path) -> pd.DataFrame:
    """Raises RequestError where the file isn't one of scores."""
    import pandas as pd

    from models.weakpoints import NAMED

    if file.suffix not in (".csv", ".parquet"):
        raise RequestError(f"{file.name} ends in {file.suffix!r}; scores are in a .csv or .parquet file.")
    frame = (
        pd.read_parquet(file) if file.suffix == ".parquet" else pd.read_csv(file, dtype={"customer_id": str})
    )
    places = [f"weak_point_{place}{part}" for place in range(1, NAMED + 1) for part in ("", "_points")]
    absent = [name for name in ("customer_id", "clv", *places) if name not in frame.columns]
    if absent:
        raise RequestError(
            f"{file.name} has no column {', '.join(absent)}, so it isn't what `amity score` writes."
        )
    return frame
