"""The verb of the assessment: the state of the company's relationships, as a page or as JSON."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

import click

from configs import loading
from configs.settings import Definitions, IndicatorSettings, Measures, WarningSettings
from features.outputs import require_file
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

WEAK_POINTS_SHOWN = 3


@click.command()
@source_argument
@as_of_option
@click.option("--out", "file", type=click.Path(path_type=Path), help="The page; ends in .html.")
@click.option(
    "--scores",
    type=click.Path(path_type=Path, exists=True, dir_okay=False),
    help="What `amity score` wrote; by default the store's scores of this source and day.",
)
@click.option(
    "--keep", is_flag=True, help="Keep it for the pages, the alarms of the service, and the next plan."
)
@lang_option
@json_option
@skip_option
@example("amity assess shop --out report.html --keep")
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
    says what became of this one's plan. Weak points in money and the plan come from the scores that `amity
    score` kept, of the newest day up to --as-of.
    """
    if file is None and not (as_json or keep):
        raise click.UsageError(
            "Name the page to write with --out report.html, or ask for --json, or --keep it."
        )
    if file is not None:
        require_file(file, (".html", ".htm"))
    definitions, measures = loading.load(Definitions), loading.load(Measures)
    rules, watch = loading.load(IndicatorSettings).rules(), loading.load(WarningSettings).watch()
    from features.indicators.assess import assess as look
    from serving.report import kept
    from serving.report.document import document
    from serving.report.findings import Looked, findings
    from serving.report.page import page
    from serving.report.says import weak_point
    from serving.report.scored import given, stored
    from serving.report.wording import Wording
    from serving.saving import without_password

    wording = Wording(lang, definitions.currency, rules)
    wording.say("title", day="")
    with working("Reading") as say:
        source = read(address, skip_bad_rows, definitions.mode)
        day = as_of or newest(source, definitions.mode)
        known = stored(address, day) if scores is None else given(scores, day)
        told = look(source.tables, day, rules, watch, say, known.scores)
        shown = without_password(address)
        looked = Looked(told, source.tables, shown, watch.indicators, known.scores)
        found = findings(looked, measures, kept.before(told.measured.day, shown))
        say("Writing")
        html = page(found, wording) if file or keep else ""
        if file is not None:
            file.write_text(html, encoding="utf-8")
        folder = kept.keep(document(found, wording, with_ids=False), html) if keep else None
    if known.mind:
        err.print(known.mind, highlight=False, markup=False, soft_wrap=True)
    if as_json:
        print_json(document(found, wording))
        return
    measured, missing = len(told.measured.measured), len(told.measured.missing)
    out.print(f"{measured} figures as of {told.measured.day:%Y-%m-%d}, {missing} not measured.")
    out.print(f"Early warnings: {len(told.alarms)}.")
    said = [weak_point(row, wording) for row in told.weak_points.head(WEAK_POINTS_SHOWN).to_dict("records")]
    for line in (wording.say("h_three_weak_points"), *said) if said else ():
        out.print(line, highlight=False, markup=False, soft_wrap=True)
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
    definitions, rules = loading.load(Definitions), loading.load(IndicatorSettings).rules()
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
