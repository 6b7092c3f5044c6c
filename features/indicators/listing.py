"""The book of indicators for people to read: the page docs/indicators.md, which `make docs` writes."""

from __future__ import annotations

from features.indicators.book import GROUPS, Book, Indicator
from features.indicators.measure import book, words
from features.indicators.rules import Rules
from features.indicators.sheets import SHEETS

INTRODUCTION = """\
# The indicators

Every figure of the company that the assessment tells, by group. `make docs` writes this page from the book
of indicators; the days and months in the definitions are those of `configs/indicators.yaml`.

- **Whole months**: the newest month told ends at the first day of the month of `as_of`; nothing later counts.
- **The period** is the last twelve months against the twelve before. What looks back on a year, or is a state
  of the customers, is told at the end of each.
- **An outcome** (answered, resolved, reopened, returned, redeemed in time) is told in the month in which the
  time given for it ends, so the newest month is as complete as the others.
- **A month that isn't known** (before the table's first rows, or before there is enough history to look back
  on) has no figure, and neither has a month without a case. What lacks its table is not measured; never zero.
- **Intervals** (95 %): of a share Wilson's (1927), of a mean Student's t (for NPS over the −1, 0 and 1 of its
  answers; of a geometric mean over the logarithms), of a rate the exact one of a Poisson count (Garwood
  1936). A ratio or total is no sample and has none.
- **A change** is compared by sampling variances (shares: Agresti & Caffo 2000), widened where months, each
  against the same month a year before, scatter more than sampling explains (Wedderburn 1974); ratios and
  totals by those twelve differences with Student's t. Among all changes of the company, and among all of the
  breakdowns, at most 5 % of those called significant are chance (Benjamini & Hochberg 1995).
- **An early warning** says that the newest months of a watched figure (`configs/warnings.yaml`) left their
  usual course: of the company beside the same months a year before, of a value beside the rest of the
  company, where its own course doesn't contradict it. Limits follow the cases, the scatter of the months
  before and how much the events of one customer lean on each other; all looks of an assessment share one
  probability of a false alarm (Bonferroni). It says since when, between which months at 95 %, and what it
  costs.
- **By**: each figure is also told by these where the data has them; the twelve largest values, the rest as
  one. A denominator that knows no such breakdown is that of the company: complaints by phone per 100
  orders of all.
"""

TABLES = """\
## tables

What a single figure can't say; each is left out, and listed as not measured, where what it needs isn't there.
"""


def page() -> str:
    """The whole book in Markdown."""
    index = book()
    return "\n".join([INTRODUCTION, *(_section(index, group) for group in GROUPS), _sheets()])


def documents(rules: Rules) -> list[dict[str, object]]:
    """One document per indicator, for programs, in the words of these rules."""
    index = book()
    return [
        {
            "name": i.name,
            "group": i.group,
            "title": i.title,
            "definition": words(i.definition, rules),
            "formula": i.formula,
            "kind": i.kind,
            "unit": i.unit,
            "better": i.better,
            "tables": list(index.tables(i)),
            "breakdowns": list(i.breakdowns),
            "collect": i.collect,
        }
        for i in index
    ]


def sheet_documents(rules: Rules) -> list[dict[str, object]]:
    """One document per table of the assessment, for programs, in the words of these rules."""
    return [
        {
            "name": sheet.name,
            "group": sheet.group,
            "title": sheet.title,
            "definition": words(sheet.definition, rules),
            "formula": sheet.formula,
            "needs": list(sheet.needs),
            "collect": words(sheet.collect, rules),
        }
        for sheet in SHEETS
    ]


def _sheets() -> str:
    rows = "\n".join(
        f"| `{sheet['name']}` | **{sheet['title']}**: {sheet['definition']} | {sheet['formula']} | "
        f"{', '.join(needs)} |"
        for sheet, needs in zip(sheet_documents(Rules()), (one.needs for one in SHEETS), strict=True)
    )
    head = "| table | what it is | formula | needs |\n" + "| --- " * 4 + "|"
    return f"{TABLES}\n{head}\n{rows}\n"


def _section(index: Book, group: str) -> str:
    rows = "\n".join(_row(index, i) for i in index if i.group == group)
    head = "| indicator | what it is | formula | unit | better | tables | by |\n" + "| --- " * 7 + "|"
    return f"## {group}\n\n{head}\n{rows}\n"


def _row(index: Book, i: Indicator) -> str:
    what = f"**{i.title}**: {words(i.definition, Rules())}"
    tables, breakdowns = ", ".join(index.tables(i)), ", ".join(i.breakdowns)
    cells = (f"`{i.name}`", what, i.formula, i.unit, i.better or "", tables, breakdowns)
    return f"| {' | '.join(cells)} |"


if __name__ == "__main__":
    print(page(), end="")  # noqa: T201
