"""What is told in a language: by hand, and numbers of any values in every language."""

from __future__ import annotations

import re
from datetime import date
from string import Formatter

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from configs.catalogues import DEFAULT, catalogue, codes
from features.errors import ConfigError
from models import words
from models.language import Language, Message, language, packed, unpacked

FELL = Message("orders_fell", {"now": 0, "before": 1204})
BASKET = Message("basket_fell", {"now": 40.5, "before": 1204.4})
SILENT = Message("silent", {"ago": 65, "day": "2024-03-01", "gap": 21})


@pytest.mark.parametrize(
    ("code", "message", "says"),
    [
        ("en", FELL, "No order in the last 90 days, 1,204 in the 90 days before."),
        ("de", FELL, "Keine Bestellung in den letzten 90 Tagen, 1.204 in den 90 Tagen davor."),
        ("zh", FELL, "最近 90 天没有下单，再往前 90 天为 1,204 次。"),
        ("en", BASKET, "Orders of EUR 40.50 on average in the last 90 days, EUR 1,204 before."),
        ("de", BASKET, "In den letzten 90 Tagen im Schnitt 40,50 EUR je Bestellung, davor 1.204 EUR."),
        ("zh", BASKET, "最近 90 天平均每单 40.50 欧元，此前为 1,204 欧元。"),
        ("en", SILENT, "Last order 65 days ago (1 March 2024); until then one every 21 days."),
        (
            "de",
            SILENT,
            "Letzte Bestellung vor 65 Tagen (1. März 2024); bis dahin im Schnitt alle 21 Tage eine.",
        ),
        ("zh", SILENT, "最近一次下单在 65 天前（2024年3月1日）；此前平均每 21 天一单。"),
    ],
)
def test_sentences(code: str, message: Message, says: str) -> None:
    assert language(code).sentence([message]) == says


def test_two_facts_make_two_sentences() -> None:
    facts = [FELL, Message("one_order", {"ago": 1, "day": "2024-12-24"})]
    assert language().sentence(facts).endswith("before. One order so far, 1 day ago (24 December 2024).")
    assert language("zh").sentence(facts).endswith("次。至今只下过一单，在 1 天前（2024年12月24日）。")


@pytest.mark.parametrize(
    ("number", "told"), [(0, "no order"), (1, "1 order"), (1234, "1,234 orders"), (3.0, "3 orders")]
)
def test_nouns(number: float, told: str) -> None:
    assert language().noun("orders", number) == told


def test_dates_money_and_shares() -> None:
    german = Language("de", "USD")
    assert german.day(date(2024, 12, 24)) == "24. Dezember 2024"
    assert (german.money(9.5), german.money(99.999)) == ("9,50 USD", "100 USD")
    assert Language("zh", "USD").money(9.5) == "9.50 美元"
    assert Language("zh", "points").money(9.5) == "9.50 points"
    assert (german.percent(0.126), language("zh").percent(0.126)) == ("13 %", "13%")
    assert german.listed(["a"]) == "a"
    assert german.listed(["a", "b", "c"]) == "a, b und c"


def test_messages_survive_the_store() -> None:
    points = [[FELL, SILENT], [], [Message("fell_silent", {"orders": 3.0, "before": 2})]]
    assert unpacked(packed(points)) == points
    assert unpacked(None) == []


def test_a_message_that_a_language_lacks() -> None:
    with pytest.raises(
        ConfigError, match=r"^The language de has no text for 'joy' \(evidence\); add it to de\.po"
    ):
        language("de").text("evidence", "joy")


SEPARATORS = {"en": (",", "."), "de": (".", ","), "zh": (",", ".")}
MONTHS = {
    "en": r"(\d+) (\w+) (\d{4})",
    "de": r"(\d+)\. (\w+) (\d{4})",
    "zh": r"\d{4}年\d+月\d+日",
}
EVIDENCE = sorted(name for context, name in catalogue(DEFAULT).texts if context == "evidence")


def kinds(code: str, name: str) -> dict[str, str]:
    parts = Formatter().parse(catalogue(code).texts["evidence", name][0])
    return {place: kind or "" for _, place, kind, _ in parts if place}


def numbers(text: str, code: str) -> list[str]:
    """The figures of a text but for its dates, written as in English and without separators of thousands."""
    group, point = SEPARATORS[code]
    found = re.findall(
        rf"\d[\d{re.escape(group)}]*(?:{re.escape(point)}\d+)?", re.sub(MONTHS[code], "", text)
    )
    return [token.rstrip(group).replace(group, "").replace(point, ".") for token in found]


def rounded(value: float, kind: str) -> str:
    """As `models.words` rounds it, which tests of its own hold."""
    told = {"number": words.number, "money": words.amount, "percent": lambda v: f"{100 * v:.0f}"}
    return told.get(kind, lambda v: f"{v:.0f}")(value).replace(",", "")


@pytest.mark.parametrize("code", codes())
@settings(deadline=None, max_examples=150)
@given(data=st.data(), name=st.sampled_from(EVIDENCE))
def test_the_numbers_of_a_sentence_are_the_facts(code: str, data: st.DataObject, name: str) -> None:
    counts, shares = st.integers(0, 5000), st.floats(0, 5000)
    values = {
        place: data.draw(
            st.dates(date(2015, 1, 1), date(2030, 1, 1)).map(str)
            if kind == "day"
            else shares
            if kind in ("number", "money", "percent")
            else counts
        )
        for place, kind in kinds(DEFAULT, name).items()
    }
    own = kinds(code, name)
    told = language(code).sentence([Message(name, values)])
    fixed = numbers(re.sub(r"\{.*?\}", "", catalogue(code).texts["evidence", name][0]), code)
    facts = [rounded(v, own[place]) for place, v in values.items() if not isinstance(v, str)]
    assert sorted(set(numbers(told, code)) - {"0", "1"} - set(fixed)) == sorted(
        set(facts) - {"0", "1"} - set(fixed)
    )
    for day in (v for v in values.values() if isinstance(v, str)):
        assert language(code).day(date.fromisoformat(day)) in told
