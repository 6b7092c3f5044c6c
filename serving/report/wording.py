"""What the assessment says, in a language: its sentences, the words of the indicators, figures and months."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from functools import cached_property
from math import isfinite
from typing import Any

from babel import Locale
from babel.dates import format_skeleton
from babel.numbers import format_compact_decimal

from configs.catalogues import Catalogue, assessment
from features.indicators.book import Indicator
from features.indicators.cells import ALL, OTHERS
from features.indicators.measure import book
from features.indicators.owners import UNKNOWN
from features.indicators.rules import Rules
from models import words
from models.language import Language, Value, localised

NOTHING = "–"
MINUS = "−"
_DECIMALS = {"customers": 0, "orders": 0, "points of 5": 2, "points of 7": 2, "points of 10": 2}
"""By unit; one where it isn't here."""
_BOOK = book()
_COMPACT_FROM = 10_000.0
_CENTS_BELOW = 100.0


@dataclass(frozen=True)
class Wording(Language):
    """`rules`: the days and months that definitions name."""

    rules: Rules = field(default_factory=Rules)

    def say(self, name: str, /, **values: Value) -> str:
        """A message of the report."""
        return self.text("report", name, **values)

    def book(self, text: str) -> str:
        """A text of the book of indicators; as it is where the language doesn't have it."""
        return self._catalogue.texts.get(("book", text), (text,))[0]

    def title(self, indicator: Indicator) -> str:
        return self.book(indicator.title)

    def definition(self, indicator: Indicator) -> str:
        return self.book(indicator.definition).format_map(vars(self.rules))

    def definition_of(self, name: str) -> str:
        return self.definition(_BOOK[name])

    def breakdown(self, name: str) -> str:
        return self._named("breakdown", name)

    def group(self, name: str) -> str:
        """A group of customers, or a kind of gains and losses."""
        return self._named("group", name)

    def term(self, name: str) -> str:
        """A word that a table of the assessment holds."""
        return self._named("term", name)

    def dimension(self, name: str) -> str:
        return self._named("dimension", name)

    def value(self, value: str) -> str:
        """Of a breakdown: as the company calls it, but for what Amity names."""
        return self.say({OTHERS: "all_others", UNKNOWN: "not_given"}[value]) if value in _OWN else value

    def of(self, breakdown: str, value: str) -> str:
        """` (segment student)`; nothing for the whole company."""
        if breakdown == ALL:
            return ""
        return self.say("of_value", breakdown=self.breakdown(breakdown), value=self.value(value))

    def figure(self, value: float | None, indicator: Indicator) -> str:
        """With its unit, where the title doesn't say it: `12.3 %`, `20 hours`; a dash where unknown."""
        if value is None or not isfinite(value):
            return NOTHING
        if indicator.unit == "share":
            return self.share(value)
        if indicator.unit == "money":
            return self.signed_money(value)
        number, unit = self._number(value, indicator), self.book(indicator.unit)
        said = unit.casefold() in self.title(indicator).casefold()
        return number if said else self.say("with_unit", number=number, unit=unit)

    def share(self, value: float | None) -> str:
        """`12.3 %`; a dash where it isn't known."""
        if value is None or not isfinite(value):
            return NOTHING
        return self.text("format", "percent", amount=self._rounded(100 * value, 1))

    def signed_percent(self, share: float) -> str:
        """`+35 %`, `−454 %`."""
        sign = "+" if share > 0 else MINUS if share < 0 else ""
        return sign + self.percent(abs(share))

    def signed_money(self, amount: float | None, plus: bool = False) -> str:
        """`EUR 1,204`, `EUR 0`, `−EUR 12.50`; with `plus` also `+EUR 3.00`; a dash where it isn't known."""
        if amount is None or not isfinite(amount):
            return NOTHING
        sign = MINUS if amount < 0 else "+" if plus and amount > 0 else ""
        return sign + self.money(abs(amount))

    def money(self, amount: float) -> str:
        """Whole, and with cents below 100; nothing is plain 0."""
        return super().money(amount) if amount else super().money(0).replace(self._rounded(0, 2), "0")

    def interval(self, low: float, high: float, indicator: Indicator) -> str:
        """Both ends in the unit of the figure, which is not repeated; empty where there is none."""
        if not (isfinite(low) and isfinite(high)):
            return ""
        return self.say("from_to", low=self._end(low, indicator), high=self._end(high, indicator))

    def change(self, value: float, before: float, indicator: Indicator) -> str:
        """Shares in percentage points, money and totals in per cent of before, others in their unit."""
        if not isfinite(value):
            return NOTHING
        sign = "+" if value > 0 else MINUS if value < 0 else "±"
        if indicator.unit == "share":
            return sign + self.say("percentage_points", number=self._rounded(100 * abs(value), 1))
        if (indicator.unit == "money" or indicator.kind == "total") and before > 0:
            return sign + self.share(abs(value) / before)
        return sign + self._number(abs(value), indicator)

    def month(self, day: datetime) -> str:
        """`June 2025`."""
        return str(format_skeleton("yMMMM", day, locale=self._locale))

    def text_day(self, day: str) -> str:
        """Of an ISO text: `1 July 2025`."""
        return self.day(date.fromisoformat(day))

    def status(self, name: str) -> str:
        return self._named("status", name)

    def short_month(self, day: datetime) -> str:
        """`Jun`."""
        return str(format_skeleton("MMM", day, locale=self._locale))

    def month_of_year(self, day: datetime) -> str:
        """`Jan 2025`."""
        return str(format_skeleton("yMMM", day, locale=self._locale))

    @property
    def locale(self) -> Locale:
        return self._locale

    def plain(self, value: float) -> str:
        """With as many decimals as it has, at most two."""
        return self._rounded(
            value, next(d for d in (0, 1, 2) if d == 2 or round(value, d) == round(value, 4))
        )

    def compact(self, value: float) -> str:
        """1,200,000 as 1.2M; whole below 10,000 and where the language has no short form."""
        if abs(value) < _COMPACT_FROM:
            return self.plain(value)
        told = str(format_compact_decimal(value, fraction_digits=2, locale=self._locale))
        return told if any(letter.isalpha() for letter in told) else self._rounded(value, 0)

    def compact_money(self, amount: float) -> str:
        """`+1.2M`, without the currency: for pictures, which name it."""
        sign = "+" if amount > 0 else MINUS if amount < 0 else ""
        small = amount and abs(amount) < _CENTS_BELOW
        return sign + (self._rounded(abs(amount), 2) if small else self.compact(round(abs(amount))))

    def months(self, number: int) -> str:
        return self.say("of_months", number=self.noun("months", number))

    def _end(self, value: float, indicator: Indicator) -> str:
        if indicator.unit == "share":
            return self._rounded(100 * value, 1)
        if indicator.unit == "money":
            return self._localised(words.amount(value))
        return self._number(value, indicator)

    def _number(self, value: float, indicator: Indicator) -> str:
        return self._rounded(value, _DECIMALS.get(indicator.unit, 1))

    def _rounded(self, value: float, decimals: int) -> str:
        return self._localised(f"{round(value, decimals) + 0.0:.{decimals}f}")

    def _localised(self, number: str) -> str:
        return localised(number, self._locale).replace("-", MINUS)

    def _named(self, context: str, name: str) -> str:
        return self.text(context, name) if self.has(context, name) else name

    @cached_property
    def _catalogue(self) -> Catalogue:
        return assessment(self.code)


_OWN = (OTHERS, UNKNOWN)


def judgement(value: float, p: float, significant: bool, indicator: Indicator) -> str:
    """`better` or `worse`, and `steady` where the change may be chance; empty where that can't be told."""
    if not (isfinite(value) and isfinite(p)):
        return ""
    if not significant:
        return "steady"
    if indicator.better is None:
        return "changed"
    return "better" if (value > 0) == (indicator.better == "high") else "worse"


def judged(row: Mapping[Any, Any], indicator: Indicator) -> str:
    """The judgement of a row of `Measured.period`."""
    return judgement(row["change"], row["p"], bool(row["significant"]), indicator)
