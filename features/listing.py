"""The catalogue for people to read: the page docs/features.md, which `make docs` writes, and a list."""

from __future__ import annotations

from math import inf

from features.build import catalog
from features.catalog import DIMENSIONS, Catalog, Feature

INTRODUCTION = """\
# The features

Every feature of a customer relationship as of a day, by dimension. `make docs` writes this page from the
catalogue, `amity features --list` prints the catalogue, and `amity check SOURCE` says what a source gives.

- **Each row is a snapshot**: a customer and a day, `as_of`. Only what was known strictly before `as_of`
  counts; a window of 90 days is `[as_of − 90 days, as_of)`, a month is 30 days.
- **At the last order**: these windows end 14 days after the customer's last order, at most at `as_of`.
  Whoever has gone quiet shows nothing in windows that end today; these still hold what was wrong then.
- **A rate is shrunk** toward that of all customers, the more the fewer chances there were (empirical Bayes:
  Casella 1985, *An Introduction to Empirical Bayes Data Analysis*; the prior by moments: Kleinman 1973,
  Marshall 1991). The prior is learnt at training and kept in the bundle, like all else that a feature must
  know of other customers.
- **Worse** says which way a value points when the relationship weakens; nothing where neither way does.
- **For people**: such a feature is told as evidence and kept in the table; no model sees it.
- A **missing table** removes the features computed from it; in a table that is there, no row means zero.
- Each further column of `customers` is a feature `attribute_<column>` of `profile`.
"""


def page() -> str:
    """The whole catalogue in Markdown."""
    book = catalog({})
    return "\n".join([INTRODUCTION, *(_section(book, dimension) for dimension in DIMENSIONS)])


def lines() -> list[str]:
    """One line per feature: name, dimension, unit and words."""
    book = catalog({})
    name, unit = (max(len(getattr(f, field)) for f in book) + 2 for field in ("name", "unit"))
    return [f"{f.name:<{name}}{f.dimension:<14}{f.unit:<{unit}}{f.words}" for f in book]


def documents() -> list[dict[str, object]]:
    """One document per feature, for programs; an open end of the range is null."""
    book = catalog({})
    return [
        {
            "name": f.name,
            "dimension": f.dimension,
            "unit": f.unit,
            "words": f.words,
            "low": None if f.low == -inf else f.low,
            "high": None if f.high == inf else f.high,
            "worse": f.worse,
            "null": f.null,
            "kind": f.kind,
            "tables": list(book.tables(f)),
        }
        for f in book
    ]


def _section(book: Catalog, dimension: str) -> str:
    features = [f for f in book if f.dimension == dimension]
    rows = "\n".join(_row(book, f) for f in features)
    head = "| feature | what it is | unit | range | worse | missing means | tables |\n" + "| --- " * 7 + "|"
    return f"## {dimension}\n\n{len(features)} features.\n\n{head}\n{rows}\n"


def _row(book: Catalog, f: Feature) -> str:
    words = f"{f.words} (for people)" if f.kind == "fact" else f.words
    cells = (f"`{f.name}`", words, f.unit, _range(f), f.worse or "", f.null, ", ".join(book.tables(f)))
    return f"| {' | '.join(cells)} |"


def _range(f: Feature) -> str:
    if f.kind == "category" or f.unit == "date":
        return ""
    low = "any" if f.low == -inf else f"{f.low:g}"
    return (
        low
        if f.low == -inf and f.high == inf
        else f"{low} – {'' if f.high == inf else f'{f.high:g}'}".strip()
    )


if __name__ == "__main__":
    print(page(), end="")  # noqa: T201
