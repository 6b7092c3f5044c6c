"""The verb of the assessment: the state of the company's relationships, as a page or as JSON."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from configs import settings
from configs.settings import Definitions, IndicatorSettings, Measures, WarningSettings
from features.errors import RequestError
from verbs.reading import newest, read
from verbs.shell import (
    as_of_option,
    err,
    example,
    json_option,
    lang_option,
    out,
    print_json,
    skip_option,
    source_argument,
    working,
)

if TYPE_CHECKING:
    import pandas as pd

DAYS_OF_A_MONTH = 31


@click.command()
@source_argument
@as_of_option
@click.option("--out", "file", type=click.Path(path_type=Path), help="The page; ends in .html.")
@click.option(
    "--scores",
    type=click.Path(path_type=Path, exists=True, dir_okay=False),
    help="What `amity score` wrote: adds weak points in money and the action plan.",
)
@click.option(
    "--keep", is_flag=True, help="Keep it for the pages, the alarms of the service, and the next plan."
)
@lang_option
@json_option
@skip_option
@example("amity assess shop --scores scores.csv --out report.html --keep")
def assess(
    address: str,
    as_of: datetime | None,
    file: Path | None,
    scores: Path | None,
    keep: bool,
    lang: str,
    as_json: bool,
    skip_bad_rows: bool,
) -> None:
    """Tell every figure of the company's relationships, its trend, what warns, why, and what to do.

    It tells whole months: the newest one ends before --as-of. With --keep, the report after the next month
    says what became of this one's plan.
    """
    if file is None and not (as_json or keep):
        raise click.UsageError(
            "Name the page to write with --out report.html, or ask for --json, or --keep it."
        )
    if file is not None:
        _require_page(file)
    definitions, measures = settings.load(Definitions), settings.load(Measures)
    rules, watch = settings.load(IndicatorSettings).rules(), settings.load(WarningSettings).watch()
    from features.indicators.assess import assess as look
    from serving.report import kept
    from serving.report.document import document
    from serving.report.findings import Looked, findings
    from serving.report.page import page
    from serving.report.wording import Wording
    from serving.saving import without_password

    wording = Wording(lang, definitions.currency, rules)
    wording.say("title", day="")
    with working("Reading") as say:
        source = read(address, skip_bad_rows, definitions.mode)
        day = as_of or newest(source, definitions.mode)
        scored = None if scores is None else _scored(scores)
        told = look(source.tables, day, rules, watch, say, scored)
        _mind_days(scored, told.measured.day)
        shown = without_password(address)
        looked = Looked(told, source.tables, shown, watch.indicators, scored)
        found = findings(looked, measures, kept.before(told.measured.day, shown))
        say("Writing")
        html = page(found, wording) if file or keep else ""
        if file is not None:
            file.write_text(html, encoding="utf-8")
        folder = kept.keep(document(found, wording, with_ids=False), html) if keep else None
    if as_json:
        print_json(document(found, wording))
        return
    measured, missing = len(told.measured.measured), len(told.measured.missing)
    out.print(f"{measured} figures as of {told.measured.day:%Y-%m-%d}, {missing} not measured.")
    out.print(f"Early warnings: {len(told.alarms)}.")
    if file is not None:
        out.print(f"The assessment is in {file}.")
    if folder is not None:
        out.print(f"It is kept in {folder}, for `amity serve` and the next plan.", soft_wrap=True)


@click.command()
@source_argument
@click.argument("figure")
@as_of_option
@click.option("--by", metavar="BREAKDOWN=VALUE", help="Only of one value, such as ticket_channel=phone.")
@click.option("--out", "file", type=click.Path(path_type=Path), help="Ends in .parquet or .csv.")
@json_option
@skip_option
@example("amity rows shop complaint_rate --by segment=student --out rows.csv")
def rows(
    address: str,
    figure: str,
    as_of: datetime | None,
    by: str | None,
    file: Path | None,
    as_json: bool,
    skip_bad_rows: bool,
) -> None:
    """List the rows behind a FIGURE of the assessment: an indicator, group:loyal, move:loyal:lost, gains:new.

    Of an indicator: the rows that its events and its chances count, and how much each adds to them.
    """
    if file is None and not as_json:
        raise click.UsageError("Name the file to write with --out rows.csv, or ask for --json.")
    breakdown, _, value = (by or "all=all").partition("=")
    if not value:
        raise click.UsageError(f"--by {by!r} has no value; write it as ticket_channel=phone.")
    definitions, rules = settings.load(Definitions), settings.load(IndicatorSettings).rules()
    from features.indicators.behind import Asked, behind
    from serving.files import require_ending, write

    if file is not None:
        require_ending(file)
    with working("Reading"):
        source = read(address, skip_bad_rows, definitions.mode)
        day = as_of or newest(source, definitions.mode)
        found = behind(source.tables, day, Asked(figure, breakdown, value), rules)
        if file is not None:
            write(found, file)
    if as_json:
        print_json(found.astype(object).where(found.notna(), None).to_dict("records"))
        return
    out.print(f"{len(found):,} rows are behind {figure}; they are in {file}.", highlight=False)


def _require_page(file: Path) -> None:
    if file.suffix not in (".html", ".htm"):
        raise RequestError(
            f"{file.name} ends in {file.suffix!r}; the assessment is a page, so end it in .html."
        )
    if not file.absolute().parent.is_dir():
        raise RequestError(f"There is no folder {file.parent} to write {file.name} into.")


def _mind_days(scored: pd.DataFrame | None, day: datetime) -> None:
    """A word where the customers were scored on a day of another month."""
    import pandas as pd

    if scored is None or scored.empty:
        return
    when = pd.Timestamp(scored["as_of"].iloc[0])
    if abs((when - pd.Timestamp(day)).days) > DAYS_OF_A_MONTH:
        err.print(
            f"Mind: the customers were scored as of {when:%Y-%m-%d}, the assessment is of {day:%Y-%m-%d}."
        )


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
    needed = ("customer_id", "as_of", "status", "churn_probability", "clv", "value_at_risk", *places)
    absent = [name for name in needed if name not in frame.columns]
    if absent:
        raise RequestError(
            f"{file.name} has no column {', '.join(absent)}, so it isn't what `amity score` writes."
        )
    return frame
