"""The verbs of whoever calls the customers: score, the list, one customer's story."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from importlib import import_module
from pathlib import Path
from typing import Any

import click

from configs import loading
from configs.settings import Playbook
from verbs.own_table import score_own_table
from verbs.reading import newest, read
from verbs.shell import (
    Day,
    as_of_option,
    err,
    example,
    json_option,
    lang_option,
    list_option,
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
@click.option(
    "--lapsed", type=click.Path(path_type=Path), help="Another file: who of the lapsed may come back."
)
@click.option("--value", help="Of one CSV or Parquet file: the column of what each customer is worth.")
@lang_option
@skip_option
@example("amity score shop --out scores.csv --lapsed lapsed.csv")
def score(
    address: str,
    as_of: datetime | None,
    model: str,
    file: Path,
    lapsed: Path | None,
    value: str | None,
    lang: str,
    skip_bad_rows: bool,
) -> None:
    """Score every active customer, write the file, and keep the list for at-risk, explain and serve.

    Who hasn't ordered within lookback_days is lapsed, and no part of it: --lapsed writes a file of them, with
    the probability that each comes back within the horizon.

    Of one CSV or Parquet file: score each of its rows, with the model that was trained on such a file.
    """
    from features.own_table.reading import is_file

    if is_file(address):
        if as_of or lapsed:
            raise click.UsageError(
                "A file with one row per customer has no days: leave --as-of and --lapsed out."
            )
        score_own_table(Path(address), model, value, file, lang)
        return
    if value is not None:
        raise click.UsageError("--value names a column of one CSV or Parquet file.")
    if lapsed is not None and lapsed.absolute() == file.absolute():
        raise click.UsageError("--lapsed and --out name the same file: the lapsed have one of their own.")
    run_scoring(address, as_of, model=model, file=file, lapsed=lapsed, skip_bad_rows=skip_bad_rows, lang=lang)


@click.command(name="at-risk")
@click.option("--top", type=int, default=20, show_default=True)
@click.option("--segment")
@click.option("--country")
@click.option("--status")
@click.option("--weak-point", help="Only customers with this dimension among their weak points.")
@click.option("--min-clv", type=float)
@click.option("--min-churn-probability", type=float)
@click.option(
    "--not-contacted-since", type=Day(), help="Only whose last contact lies before that day, or who had none."
)
@list_option
@lang_option
@json_option
@example("amity at-risk --top 50 --weak-point service")
def at_risk(top: int, as_of: datetime | None, lang: str, as_json: bool, **wanted: Any) -> None:
    """Print the customers with the most value at risk, why, and what to do."""
    from serving import terminal
    from serving.filters import Filter
    from serving.rows import columns
    from serving.speaking import speaker_for
    from serving.store import Store

    store, speaker = Store.open(), speaker_for(lang)
    page = store.at_risk(Filter(**wanted), top=top, scoring=store.current(as_of))
    currency = page.scoring.definitions.currency
    told = replace(page, rows=[speaker.told(row, currency) for row in page.rows])
    if as_json:
        print_json([columns(row) for row in told.rows])
    else:
        out.print(terminal.at_risk(told, speaker.language(currency)))


@click.command()
@click.argument("customer_id")
@list_option
@lang_option
@json_option
@example("amity explain C00000042 --lang de")
def explain(customer_id: str, as_of: datetime | None, lang: str, as_json: bool) -> None:
    """Tell one customer's story: risk, worth, weak points with their evidence, and what to do."""
    from serving import terminal
    from serving.rows import columns
    from serving.speaking import speaker_for
    from serving.store import Store

    store, speaker = Store.open(), speaker_for(lang)
    scoring = store.current(as_of)
    currency = scoring.definitions.currency
    row = speaker.told(store.row(customer_id, scoring), currency)
    if as_json:
        print_json(columns(row))
        return
    history = store.history(customer_id, scoring)
    told = terminal.explain(row, scoring, history, speaker.language(currency))
    out.print(told, highlight=False, markup=False)


@click.command()
@click.option("--before", type=Day(), required=True, help="Lists of days before this one go.")
@json_option
@example("amity prune --before 2025-01-01")
def prune(before: datetime, as_json: bool) -> None:
    """Delete old lists from the store, each whole; the one made last always stays."""
    from serving.store import Store

    with working("Deleting"):
        gone = Store.open().prune(before)
    if as_json:
        print_json({"deleted": gone})
    else:
        out.print(f"Deleted {gone:,} {'list' if gone == 1 else 'lists'} of days before {before:%Y-%m-%d}.")


def run_scoring(
    address: str,
    as_of: datetime | None,
    *,
    model: str,
    file: Path,
    skip_bad_rows: bool,
    lapsed: Path | None = None,
    lang: str = "en",
) -> None:
    from features.readiness import silence
    from models.language import language
    from models.reactivation import score_lapsed
    from models.scoring import in_language
    from models.scoring import score as score_tables
    from serving.census import take
    from serving.files import require_ending, write
    from serving.store import Store

    for wanted in filter(None, (file, lapsed)):
        require_ending(wanted)
    language(lang)
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
        playbook, definitions = loading.load(Playbook), bundle.manifest.definitions
        speak = language(lang, definitions.currency)
        scored = score_tables(bundle, source.tables, day, playbook)
        counted = take(source.tables, day, definitions)
        more = {lapsed: score_lapsed(bundle, source.tables, day)} if lapsed else {}
        write(in_language(scored, speak, playbook), file)
        for other, comebacks in more.items():
            write(comebacks, other)
        store = Store.open()
        before = store.latest()
        store.save(scored, source=address, definitions=definitions, census=counted)
    version = bundle.manifest.version
    out.print(f"Scored {len(scored.scores):,} customers as of {day:%Y-%m-%d} with version {version}.")
    for other, comebacks in more.items():
        out.print(f"{len(comebacks):,} lapsed customers are in {other}, the likeliest to come back first.")
    out.print(f"The scores are in {file}, and kept for `amity at-risk`, `amity explain` and `amity serve`.")
    if before is not None and before.as_of > day:
        out.print(
            f"They show this list of {day:%Y-%m-%d} from now on, no longer that of {before.as_of:%Y-%m-%d}: "
            "score the newest day once more to have it back."
        )
