"""The registry of the indicators: each declared once, from tallies that add up over the rows of a table."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, get_args

import ibis
import pandas as pd

from features.indicators.rules import Rules

Value = Any  # an Ibis value expression
Tables = Mapping[str, ibis.Table]

Group = Literal["satisfaction", "loyalty", "behaviour", "service", "value", "marketing"]
GROUPS: tuple[Group, ...] = get_args(Group)
Kind = Literal["share", "mean", "geometric", "rate", "ratio", "total"]


@dataclass(frozen=True)
class Stream:
    """The rows of a table, each counted in a month.

    `rows`: with a column of the number of its month under each name in `months`, null where it counts in
    none, and one under each name in `breakdowns`, given with the column (`table.column`) without which it
    isn't there. `tables`: those without which there is no stream. `frame`: instead of `rows`, `month`,
    breakdowns and tallies already added up.
    """

    name: str
    tables: tuple[str, ...]
    months: tuple[str, ...] = ("month",)
    breakdowns: Mapping[str, str] = field(default_factory=dict)
    rows: Callable[[Tables, Rules, int], ibis.Table] | None = None
    frame: Callable[[Tables, Rules, int], pd.DataFrame] | None = None


@dataclass(frozen=True)
class Tally:
    """A number that adds up over the rows of a stream. `month`: which of the stream's months it counts in.

    `needs`: columns (`table.column`) without which it isn't there. `reach`: how many months of history it
    takes to be known; one where left out. `stock`: a state at each month's end, which doesn't add up over
    months.
    """

    name: str
    stream: str
    value: Callable[[ibis.Table], Value] | None = None
    needs: tuple[str, ...] = ()
    month: str = "month"
    reach: Callable[[Rules], int] | None = None
    stock: bool = False


@dataclass(frozen=True)
class Indicator:
    """One figure, declared once.

    `events` over `chances`, both tallies, times `scale`. A share counts chances with the event; a mean sums a
    value over its cases, with `squares` the sum of its squares; a geometric mean does so with the logarithms
    of a value; a rate counts any number of events per
    chance; a ratio is of sums that are no sample; a total has no chances. `over`: a month tells of itself, or
    of the twelve that end with it. `better`: which way is good; nothing where neither is. `collect`: what to
    collect where it can't be measured. The words may name rules in braces. `breakdowns`: by what it is told
    where the data has it; chances without it are those of all.
    """

    name: str
    group: Group
    kind: Kind
    title: str
    definition: str
    formula: str
    unit: str
    events: str
    collect: str
    chances: str | None = None
    squares: str | None = None
    over: Literal["month", "year"] = "month"
    scale: float = 1.0
    better: Literal["high", "low"] | None = None
    breakdowns: tuple[str, ...] = ()

    @property
    def tallies(self) -> tuple[str, ...]:
        return tuple(name for name in (self.events, self.chances, self.squares) if name)


class Book:
    """Streams, tallies and indicators; it refuses duplicates, and what names something unknown."""

    def __init__(
        self, streams: Iterable[Stream], tallies: Iterable[Tally], indicators: Iterable[Indicator]
    ) -> None:
        self.streams: dict[str, Stream] = {}
        self.tallies: dict[str, Tally] = {}
        self._indicators: dict[str, Indicator] = {}
        for stream in streams:
            _add(self.streams, stream)
        for tally in tallies:
            stream = _known(self.streams, tally.stream, f"tally {tally.name}")
            if tally.month not in stream.months:
                raise ValueError(f"tally {tally.name} counts in the unknown month {tally.month}")
            _add(self.tallies, tally)
        for indicator in indicators:
            self._check(indicator)
            _add(self._indicators, indicator)

    def _check(self, indicator: Indicator) -> None:
        streams = [
            self.streams[_known(self.tallies, name, f"indicator {indicator.name}").stream]
            for name in indicator.tallies
        ]
        unknown = set(indicator.breakdowns) - set(streams[0].breakdowns)
        if unknown:
            raise ValueError(
                f"indicator {indicator.name} can't be broken down by {', '.join(sorted(unknown))}"
            )
        if (indicator.chances is None) != (indicator.kind == "total"):
            raise ValueError(f"indicator {indicator.name} is a total or has chances, not both")
        if (indicator.squares is None) == (indicator.kind in ("mean", "geometric")):
            raise ValueError(f"indicator {indicator.name}: a mean, and only a mean, has squares")
        texts = (indicator.title, indicator.definition, indicator.formula, indicator.unit, indicator.collect)
        if not all(text.strip() for text in texts):
            raise ValueError(f"indicator {indicator.name} lacks words for a person")

    def __iter__(self) -> Iterator[Indicator]:
        return iter(self._indicators.values())

    def __getitem__(self, name: str) -> Indicator:
        return self._indicators[name]

    def tables(self, indicator: Indicator) -> tuple[str, ...]:
        """The tables that an indicator is measured from."""
        named = (
            table
            for name in indicator.tallies
            for table in (
                *self.streams[self.tallies[name].stream].tables,
                *(column.split(".")[0] for column in self.tallies[name].needs),
            )
        )
        return tuple(dict.fromkeys(named))

    def is_there(self, tally: str, tables: Tables) -> bool:
        """Whether these tables have all that a tally needs."""
        needs = self.tallies[tally]
        return set(self.streams[needs.stream].tables) <= set(tables) and all(
            has(tables, column) for column in needs.needs
        )

    def available(self, tables: Tables) -> list[Indicator]:
        """The indicators that these tables can give, in the order of the book."""
        return [i for i in self if all(self.is_there(name, tables) for name in i.tallies)]

    def breakdowns(self, stream: Stream, tables: Tables) -> list[str]:
        """By what a stream of these tables can be broken down."""
        return [name for name, column in stream.breakdowns.items() if has(tables, column)]


def has(tables: Tables, column: str) -> bool:
    """Whether these tables have a column, given as `table.column`."""
    table, name = column.split(".")
    return table in tables and name in tables[table].columns


def _add(registry: dict[str, Any], entry: Any) -> None:
    if entry.name in registry:
        raise ValueError(f"{entry.name} is declared twice in the book of indicators")
    registry[entry.name] = entry


def _known(registry: Mapping[str, Any], name: str, what: str) -> Any:
    if name not in registry:
        raise ValueError(f"{what} needs {name}, which is unknown")
    return registry[name]
