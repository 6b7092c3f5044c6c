"""What is said of a customer, told in a language: messages with their values, nouns in number, money, dates.

A message is kept as its name and its values, so that it can be told in any language later. How a value is
written stands in the text of the language: `{now:orders}` is a count of orders, `{before:percent}` a share.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from functools import cached_property, lru_cache
from string import Formatter

from babel import Locale
from babel.dates import format_date
from babel.numbers import format_decimal, get_currency_name

from configs.catalogues import DEFAULT, Catalogue, catalogue
from features.errors import ConfigError
from models import words

Value = float | str
"""A number, or text; a day is text such as 2025-06-30."""


@dataclass(frozen=True)
class Message:
    """The name of a message of the catalogues, and its values."""

    name: str
    values: Mapping[str, Value] = field(default_factory=dict)


def packed(points: Sequence[Sequence[Message]]) -> str:
    """The messages of each weak point as JSON."""
    told = [[[message.name, message.values] for message in facts] for facts in points]
    return json.dumps(told, separators=(",", ":"))


def unpacked(text: str | None) -> list[list[Message]]:
    """The messages of `packed`; none of null."""
    return [[Message(*message) for message in facts] for facts in json.loads(text or "[]")]


@dataclass(frozen=True)
class Language:
    """`currency`: of all money that is told."""

    code: str
    currency: str

    def sentence(self, messages: Sequence[Message]) -> str:
        """One sentence a piece of evidence, each with a capital in front."""
        told = self.told(messages, "evidence")
        return self.joined([text[:1].upper() + text[1:] for text in told])

    def told(self, messages: Sequence[Message], context: str) -> list[str]:
        return [self.text(context, message.name, **message.values) for message in messages]

    def joined(self, texts: Sequence[str]) -> str:
        """As sentences, with what ends them."""
        return self.text("format", "between").join(texts) + self.text("format", "end")

    def text(self, context: str, message: str, /, **values: Value) -> str:
        """A message with its values; raises ConfigError where the catalogue lacks it or a word in it."""
        return "".join(
            literal + (self._told(kind, values[place]) if place else "")
            for literal, place, kind in _parts(self._forms(context, message)[0])
        )

    def has(self, context: str, name: str) -> bool:
        return (context, name) in self._catalogue.texts

    def listed(self, texts: Iterable[str]) -> str:
        """`a, b and c`."""
        *front, last = texts
        comma, end = self.text("format", "comma"), self.text("format", "and")
        return comma.join(front) + end + last if front else last

    def money(self, amount: float) -> str:
        """Whole, and with cents below 100."""
        return self.text(
            "format",
            "money",
            amount=localised(words.amount(amount), self._locale),
            currency=self.currency,
            currency_name=get_currency_name(self.currency, locale=self._locale),
        )

    def percent(self, share: float) -> str:
        return self.text("format", "percent", amount=localised(f"{100 * share:.0f}", self._locale))

    def number(self, value: float) -> str:
        """Two figures where small, whole where large."""
        return localised(words.number(value), self._locale)

    def whole(self, value: float) -> str:
        return localised(f"{value:.0f}", self._locale)

    def points(self, value: float) -> str:
        """With a sign and one decimal."""
        return localised(f"{value:+.1f}", self._locale)

    def day(self, day: date) -> str:
        return _date(day.isoformat()[:10], self._locale)

    def noun(self, name: str, number: float) -> str:
        """`3 complaints`, `1 complaint`, `no complaint`; whole numbers."""
        forms = self._forms("noun", name)
        return forms[self._catalogue.form(round(number))].replace("{n}", self.whole(number))

    @cached_property
    def _catalogue(self) -> Catalogue:
        return catalogue(self.code)

    @property
    def _locale(self) -> Locale:
        return self._catalogue.locale

    def _forms(self, context: str, name: str) -> tuple[str, ...]:
        try:
            return self._catalogue.texts[context, name]
        except KeyError:
            raise ConfigError(
                f"The language {self.code} has no text for {name!r} ({context}); add it to {self.code}.po."
            ) from None

    def _told(self, kind: str, value: Value) -> str:
        if isinstance(value, str):
            return self._of_text(kind, value)
        if kind in ("whole", "number", "money", "percent", "points"):
            told: str = getattr(self, kind)(value)
            return told
        if kind == "exact":
            return self.whole(value) if value % 1 == 0 else self.number(value)
        return self.noun(kind, value)

    def _of_text(self, kind: str, value: str) -> str:
        if kind == "day":
            return _date(value, self._locale)
        return self.text(kind, value) if kind else value


@lru_cache(maxsize=64)
def language(code: str = DEFAULT, currency: str = "EUR") -> Language:
    """Raises ConfigError where there is no such language."""
    catalogue(code)
    return Language(code, currency)


@lru_cache(maxsize=1024)
def _parts(text: str) -> tuple[tuple[str, str, str], ...]:
    """Literal text, the name of the value after it and how that is written; empty where there is none."""
    return tuple((literal, name or "", kind or "") for literal, name, kind, _ in Formatter().parse(text))


@lru_cache(maxsize=65_536)
def localised(rounded: str, locale: Locale) -> str:
    """A number that is rounded already, as the locale writes it; a plus in front stays."""
    plain = rounded.replace(",", "")
    decimals = len(plain.partition(".")[2])
    pattern = "#,##0" + ("." + "0" * decimals if decimals else "")
    signed = f"+{pattern};-{pattern}" if plain.startswith("+") else pattern
    return str(format_decimal(Decimal(plain), signed, locale))


@lru_cache(maxsize=65_536)
def _date(day: str, locale: Locale) -> str:
    return format_date(date.fromisoformat(day), "long", locale)
