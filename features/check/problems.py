"""One problem of a source, and the words in which a source is refused."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from typing import Literal

Level = Literal["error", "bad rows", "note"]

FEWEST_TO_JUDGE = 10
SKIP = "Mend them, or leave these rows out with --skip-bad-rows."


@dataclass(frozen=True)
class Problem:
    """What is wrong (`says`) with a column or a table, how often, where for example, and how to mend it.

    `level`: an error refuses the source always, bad rows unless they are left out, a note never.
    `rows`: how many of the table's `of` rows; 0 where it isn't about rows. `removes`: what is left out
    because of it. `table` is empty where the problem is the whole source's.
    """

    level: Level
    table: str
    column: str | None
    says: str
    remedy: str = ""
    rows: int = 0
    of: int = 0
    example: str = ""
    removes: str = "nothing"

    @property
    def place(self) -> str:
        return ".".join(part for part in (self.table, self.column) if part)

    @property
    def share(self) -> float:
        """Rows concerned over rows of the table; 0 where the problem isn't about rows."""
        return self.rows / self.of if self.of else 0.0

    @property
    def sentence(self) -> str:
        place = f"{self.place}: " if self.place else ""
        example = f" (for example {self.example})" if self.example else ""
        remedy = f" {self.remedy}" if self.remedy else ""
        return f"{place}{self.says}{self._extent()}{example}.{remedy}"

    def to_dict(self) -> dict[str, object]:
        return asdict(self) | {"share": self.share, "sentence": self.sentence}

    def _extent(self) -> str:
        if not self.rows:
            return ""
        if self.rows == self.of:
            return f" in all {self.of:,} rows" if self.of > 1 else " in the only row"
        return f" in {self.rows:,} of {self.of:,} rows"


def grave(problem: Problem) -> Problem:
    """An error instead where leaving the bad rows out would leave less than half of a table of 10 or more."""
    if problem.level != "bad rows" or problem.of < FEWEST_TO_JUDGE or problem.share <= 0.5:
        return problem
    remedy = f"{problem.remedy} That is more than half of the table, too much to leave out."
    return replace(problem, level="error", remedy=remedy, removes="nothing")


def refusal(address: str, problems: Sequence[Problem], *, may_skip: bool = True) -> str:
    """The message of a source that can't be used: one sentence for one problem, else one line a problem."""
    skip = f" {SKIP}" if may_skip and all(problem.level == "bad rows" for problem in problems) else ""
    opening = f"The source {address} can't be used as it is: "
    if len(problems) == 1:
        return f"{opening}{problems[0].sentence}{skip}"
    lines = "\n  ".join(problem.sentence for problem in problems)
    return f"{opening}{len(problems)} problems.\n  {lines}" + (f"\n{skip.strip()}" if skip else "")
