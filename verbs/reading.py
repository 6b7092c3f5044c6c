"""A source for a verb: opened, with what was left out told, and its newest day."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from features.clock import now
from features.errors import HistoryError
from verbs.shell import err

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

    from features.sources import Source
    from features.tables import Mode


def read(
    address: str,
    skip_bad_rows: bool,
    mode: Mode = "non_contractual",
    spark: SparkSession | None = None,
) -> Source:
    from features.sources import open_source

    source = _without_forgotten(open_source(address, skip_bad_rows=skip_bad_rows, spark=spark))
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


def _without_forgotten(source: Source) -> Source:
    """Whoever `amity forget` erased is not read again; there is no store where nothing was ever kept."""
    from serving.forgetting.leaving_out import without_forgotten

    kept, gone = without_forgotten(source)
    if gone:
        err.print(f"Left out: {gone:,} customers of {source.address} who were forgotten.", markup=False)
    return kept


def newest(source: Source, mode: Mode = "non_contractual") -> datetime:
    """The day after the last order, or fact of a subscription, that isn't in the future."""
    from features.snapshots import latest_as_of

    return latest_as_of(source.tables, now(), mode)
