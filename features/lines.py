"""Product lines that lose their buyers: the churn rate of each category, as each quarter knew it.

At the start P of a quarter (91 days, counted from 1970) the churn rate of a category is the share of those
who bought it in [P − 365, P − 180) and ordered nothing at all in [P − 180, P): a Beta-binomial share that
leans on all categories. An order line bears the rate known at the start of its order's quarter, or the newest
one where that quarter lies later; so it never knows what came after it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import ibis

from features.catalog import Rate
from features.facts import DAY, day_number
from features.priors import FINE, of_groups

QUARTER_DAYS = 91
MOST_LINES = 200
MOST_QUARTERS = 12
BOUGHT_DAYS, SILENT_DAYS = 365, 180
_CHURN = Rate("line_churn", events="gone", chances="bought", share=True)
_EPOCH = datetime(1970, 1, 1)  # noqa: DTZ001

Counts = Mapping[tuple[int, str], tuple[int, int]]
"""(quarter, category) → of so many who bought, how many are gone: (gone, bought)."""


@dataclass(frozen=True)
class Lines:
    """The rates from the quarter `first` on, in whole millionths: of each category, and of all together."""

    first: int = 0
    overall: tuple[int, ...] = ()
    churn: Mapping[str, tuple[int, ...]] = field(default_factory=dict)

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> Lines:
        churn = {category: tuple(rates) for category, rates in values["churn"].items()}
        return cls(int(values["first"]), tuple(values["overall"]), churn)

    def joined_to(self, lines: ibis.Table) -> ibis.Table:
        """Order lines (`at`, `category`) with `line_churn` in millionths.

        It is null before the first quarter and without a category. A category that is not known has the rate
        of all.
        """
        if not self.overall:
            return lines.mutate(line_churn=ibis.null("int64"))
        newest = self.first + len(self.overall) - 1
        quarter = ibis.least((lines.at / (QUARTER_DAYS * DAY)).floor().cast("int64"), newest)
        lines = lines.mutate(quarter=quarter)
        known = self._table()
        joined = lines.left_join(
            known, [known.known_category == lines.category, known.known_quarter == lines.quarter]
        )
        of_all = joined.quarter.cases(*enumerate(self.overall, self.first))
        of_all = joined.category.notnull().ifelse(of_all, None).cast("int64")
        return joined.select(
            *(column for column in lines.columns if column != "quarter"),
            line_churn=ibis.coalesce(joined.known_churn, of_all),
        )

    def _table(self) -> ibis.Table:
        """One row for each category and quarter, without a table of the backend."""
        quarters = len(self.overall)
        rates = [rate for category in self.churn.values() for rate in category]
        numbers = ibis.range(len(rates)).unnest().name("place").as_table()
        place = numbers.place.cast("int32")
        number = numbers.select(
            place=place,
            line=(place / quarters).floor().cast("int32"),
            quarter=(place % quarters + self.first).cast("int64"),
        )
        return number.select(
            known_category=ibis.array(list(self.churn))[number.line],
            known_quarter=number.quarter,
            known_churn=ibis.array(rates)[number.place].cast("int64"),
        )


def learn_lines(tables: Mapping[str, ibis.Table], as_of: datetime) -> Lines:
    """The rates of the quarters that began by `as_of`, the latest twelve, from facts before each."""
    if "order_lines" not in tables or "category" not in tables["order_lines"].columns:
        return Lines()
    newest = (as_of - _EPOCH).days // QUARTER_DAYS
    counts = _counts(tables["orders"], _lines(tables), newest - MOST_QUARTERS + 1)
    if not counts:
        return Lines()
    first = min(quarter for quarter, _ in counts)
    categories = sorted({category for _, category in counts})
    by_quarter = _rates(counts, categories, range(first, newest + 1))
    return Lines(
        first=first,
        overall=tuple(overall for overall, _ in by_quarter),
        churn={name: tuple(churn[name] for _, churn in by_quarter) for name in categories},
    )


def _lines(tables: Mapping[str, ibis.Table]) -> ibis.Table:
    """(order_id, category) of the lines of the categories with most orders."""
    lines = tables["order_lines"]
    lines = lines.filter(lines.category.notnull()).select("order_id", "category")
    if lines.category.nunique().to_pyarrow().as_py() <= MOST_LINES:
        return lines
    known = lines.semi_join(tables["orders"], "order_id")
    sizes = known.group_by("category").aggregate(orders=known.order_id.nunique()).to_pyarrow().to_pylist()
    most = sorted(sizes, key=lambda size: (-size["orders"], size["category"]))[:MOST_LINES]
    return lines.filter(lines.category.isin([size["category"] for size in most]))


def _counts(orders: ibis.Table, lines: ibis.Table, oldest: int) -> Counts:
    """Counts of the twelve quarters from `oldest` on, each of them a bit of what a customer did."""
    day = day_number(orders.ordered_at)
    orders = orders.select(
        "order_id",
        "customer_id",
        bought=_quarters(day, SILENT_DAYS, BOUGHT_DAYS, oldest),
        active=_quarters(day, 0, SILENT_DAYS, oldest),
    )
    active = orders.group_by(orderer="customer_id").aggregate(active=orders.active.bit_or())
    early = orders.filter(orders.bought > 0).select("order_id", "customer_id", "bought")
    lines = lines.join(early, "order_id")
    buyers = lines.group_by("customer_id", "category").aggregate(bought=lines.bought.bit_or())
    joined = buyers.join(active, active.orderer == buyers.customer_id)
    joined = joined.select("category", "bought", gone=joined.bought - (joined.bought & joined.active))
    counted = joined.group_by("category").aggregate(
        **{
            f"{what}_{number}": ((joined[what] & 2**number) > 0).ifelse(1, 0).sum()
            for what in ("gone", "bought")
            for number in range(MOST_QUARTERS)
        }
    )
    return {
        (oldest + number, row["category"]): (row[f"gone_{number}"], row[f"bought_{number}"])
        for row in counted.to_pyarrow().to_pylist()
        for number in range(MOST_QUARTERS)
        if row[f"bought_{number}"]
    }


def _quarters(day: Any, least: int, most: int, oldest: int) -> Any:
    """A bit for each of the quarters that begin more than `least` and at most `most` days after a day."""

    def begun(days: int) -> Any:
        quarters = ((day + days) / QUARTER_DAYS).floor().cast("int32") - (oldest - 1)
        within = ibis.greatest(ibis.least(quarters, MOST_QUARTERS), 0)
        return within.cases(*((number, 2**number - 1) for number in range(MOST_QUARTERS + 1))).cast("int64")

    return begun(most) - begun(least)


def _rates(
    counts: Counts, categories: Sequence[str], quarters: Sequence[int]
) -> list[tuple[int, dict[str, int]]]:
    """By quarter the rate of all categories and of each; a quarter without any buyer keeps the last ones."""
    found: list[tuple[int, dict[str, int]]] = []
    for quarter in quarters:
        own = {category: counts.get((quarter, category), (0, 0)) for category in categories}
        prior = of_groups(own.values(), _CHURN)
        if prior is None:
            found.append(found[-1])
            continue
        churn = {
            category: _millionths((gone + prior.events) / (bought + prior.chances))
            for category, (gone, bought) in own.items()
        }
        found.append((_millionths(prior.events / prior.chances), churn))
    return found


def _millionths(share: float) -> int:
    return round(share * FINE)
