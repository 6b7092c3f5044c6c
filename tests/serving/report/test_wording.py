"""Figures, months and names of indicators as people of each language write them."""

from __future__ import annotations

from datetime import datetime
from math import nan

import pytest

from features.indicators.measure import book
from features.indicators.rules import Rules
from serving.report.wording import Wording, judgement

INDEX = book()
EN, DE, ZH = (Wording(code, "EUR") for code in ("en", "de", "zh"))


@pytest.mark.parametrize(
    ("name", "value", "texts"),
    [
        ("csat", 0.73444, ("73.4 %", "73,4 %", "73.4%")),
        ("revenue", 1364248.66, ("EUR 1,364,249", "1.364.249 EUR", "1,364,249 欧元")),
        ("basket", 12.5, ("EUR 12.50", "12,50 EUR", "12.50 欧元")),
        ("revenue", 0.0, ("EUR 0", "0 EUR", "0 欧元")),
        ("revenue", -12.5, ("−EUR 12.50", "−12,50 EUR", "−12.50 欧元")),
        ("nps", -4.04, ("−4.0 points", "−4,0 Punkte", "−4.0 分")),
        ("nps", -0.04, ("0.0 points", "0,0 Punkte", "0.0 分")),
        ("csi_mean", 7.319, ("7.32 points of 10", "7,32 Punkte von 10", "7.32 分（满分 10）")),
        ("active_customers", 1577.0, ("1,577", "1.577", "1,577 位客户")),
        ("complaint_rate", 5.25, ("5.2", "5,2", "5.2")),
        ("complaint_rate", nan, ("–", "–", "–")),
        ("complaint_rate", None, ("–", "–", "–")),
    ],
)
def test_a_figure_with_its_unit_unless_the_title_says_it(
    name: str, value: float | None, texts: tuple[str, ...]
) -> None:
    assert tuple(wording.figure(value, INDEX[name]) for wording in (EN, DE, ZH)) == texts


@pytest.mark.parametrize(
    ("name", "ends", "text"),
    [
        ("csat", (0.7, 0.76), "70.0 to 76.0"),
        ("basket", (108.2, 114.4), "108 to 114"),
        ("nps", (-1.0, 7.46), "−1.0 to 7.5"),
        ("revenue", (nan, nan), ""),
    ],
)
def test_an_interval_without_its_unit(name: str, ends: tuple[float, float], text: str) -> None:
    assert EN.interval(*ends, INDEX[name]) == text


@pytest.mark.parametrize(
    ("name", "value", "before", "texts"),
    [
        ("csat", -0.0285, 0.76, ("−2.9 points", "−2,9 Punkte")),
        ("revenue", 387139.0, 977109.0, ("+39.6 %", "+39,6 %")),
        ("new_customers", -5.0, 50.0, ("−10.0 %", "−10,0 %")),
        ("nps", 0.272, 3.75, ("+0.3", "+0,3")),
        ("nps", 0.0, 3.75, ("±0.0", "±0,0")),
        ("nps", nan, nan, ("–", "–")),
    ],
)
def test_a_change(name: str, value: float, before: float, texts: tuple[str, str]) -> None:
    assert tuple(wording.change(value, before, INDEX[name]) for wording in (EN, DE)) == texts


def test_months_breakdowns_and_rules() -> None:
    june = datetime.fromisoformat("2025-06-01")
    assert [w.month(june) for w in (EN, DE, ZH)] == ["June 2025", "Juni 2025", "2025年6月"]
    assert EN.of("all", "all") == ""
    assert EN.of("segment", "student") == " (segment student)"
    assert DE.of("ticket_channel", "all others") == " (Anfragekanal alle übrigen)"
    assert EN.of("unheard_of", "x") == " (unheard_of x)"
    german = Wording("de", "EUR", Rules(churn_months=4))
    assert "4 Monate vor dem Monatsende" in german.definition(INDEX["churn_rate"])
    assert EN.compact_money(-1_234_567) == "−1.23M"
    assert [EN.compact_money(value) for value in (0, 12.5, 1204.4)] == ["0", "+12.50", "+1,204"]
    assert DE.compact_money(61_229.2422) == "+61.229"
    assert ZH.compact(61_229.2422) == "6.12万"


@pytest.mark.parametrize(
    ("name", "value", "p", "significant", "text"),
    [
        ("complaint_rate", -1.0, 0.001, True, "better"),
        ("complaint_rate", 1.0, 0.001, True, "worse"),
        ("nps", -1.0, 0.001, True, "worse"),
        ("nps", -1.0, 0.3, False, "steady"),
        ("contact_frequency", 1.0, 0.001, True, "changed"),
        ("active_customers", 457.0, nan, False, ""),
        ("nps", nan, nan, False, ""),
    ],
)
def test_a_judgement(name: str, value: float, p: float, significant: bool, text: str) -> None:
    assert judgement(value, p, significant, INDEX[name]) == text
