"""The sentences about one customer."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from configs.settings import Definitions
from models.language import Message, language, packed
from serving.rows import COLUMNS
from serving.scoring import Scoring
from serving.summary import asides, summary

DAY = datetime(2025, 6, 1)  # noqa: DTZ001
SCORING = Scoring(
    id=1,
    as_of=DAY,
    model_version="7",
    source="shop",
    created_at=DAY,
    base_risk=0.21,
    customers=2345,
    definitions=Definitions(),
)
ROW: dict[str, Any] = dict.fromkeys(COLUMNS) | {
    "customer_id": "C1",
    "as_of": DAY,
    "rank": 17,
    "status": "slowing",
    "churn_probability": 0.43,
    "clv": 312.0,
    "clv_low": 200.0,
    "clv_high": 480.0,
    "value_at_risk": 134.16,
    "action": "Call them.",
}


def test_a_customer_with_weak_points_and_a_past() -> None:
    weak = {
        "weak_point_1": "service",
        "weak_point_1_points": 12.04,
        "weak_point_1_says": "2 complaints still open.",
    }
    known = {"segment": "gold", "country": "DE", "expected_next_order_at": datetime(2025, 6, 20)}  # noqa: DTZ001
    past = {"as_of": datetime(2025, 5, 1), "churn_probability": 0.3}  # noqa: DTZ001
    now = {"as_of": DAY, "churn_probability": 0.43}
    assert summary(ROW | weak | known, SCORING, [past, now]) == (
        "Customer C1 (segment gold, country DE) is slowing. As of 1 June 2025 the risk that no order comes "
        "within 90 days is 43 %; for the average active customer it is 21 %.\n\n"
        "They are expected to bring EUR 312 over the next 365 days (EUR 200 to EUR 480 in four cases of "
        "five), of which EUR 134 is at risk: rank 17 of 2,345. "
        "As likely as not, their next order comes by 20 June 2025.\n\n"
        "Weak points:\nService (+12.0 points): 2 complaints still open.\n\n"
        "What to do: Call them.\n\n"
        "Before: 30 % as of 1 May 2025."
    )


def test_how_long_they_are_silent_is_told_where_no_weak_point_tells_it() -> None:
    late = ROW | {"days_since_order": 40.2}
    assert asides(late) == ["Last order 41 days ago."]
    assert "\n\nLast order 41 days ago.\n\nNo side of the relationship" in summary(late, SCORING, [])
    assert asides(late | {"weak_point_2": "rhythm"}) == []
    assert asides(late | {"status": "active"}) == []
    assert asides(ROW) == []


def test_an_open_complaint_is_told_where_no_weak_point_tells_it() -> None:
    waits = Message("complaint_open", {"complaints": 1, "age": 9, "day": "2025-05-23"})
    row = ROW | {"facts": packed([[], [], [], [waits]])}
    assert asides(row) == ["1 complaint still open, waiting for 9 days, since 23 May 2025."]
    assert asides(row, language("de"))[0].startswith("1 Beschwerde")
    assert asides(ROW | {"facts": packed([[waits]])}) == []


def test_a_customer_of_whom_little_is_known() -> None:
    told = summary(ROW | {"clv_low": None, "clv_high": None}, SCORING, [])
    assert told.startswith("Customer C1 is slowing.")
    assert "over the next 365 days, of which EUR 134 is at risk" in told
    assert "More likely than not, no order comes in the next 365 days." in told
    assert "No side of the relationship stands out as weak." in told
    assert told.endswith("What to do: Call them.")


def test_a_story_in_german_and_chinese() -> None:
    weak = {"weak_point_1": "service", "weak_point_1_points": 12.04, "weak_point_1_says": "Zwei offen."}
    sure = {"weak_point_1_confidence": "likely", "weak_point_1_repaired": 0.2, "smallest_repair": "service"}
    past = [{"as_of": datetime(2025, 5, 1), "churn_probability": 0.3}]  # noqa: DTZ001
    known = {"segment": "gold", "country": "DE"}
    assert summary(ROW | weak | sure | known, SCORING, past, language("de")) == (
        "Kunde C1 (Segment gold, Land DE), Status: nachlassend. Am 1. Juni 2025 liegt das Risiko, dass in "
        "den nächsten 90 Tagen keine Bestellung kommt, bei 43 %; beim durchschnittlichen aktiven Kunden sind "
        "es 21 %.\n\n"
        "In den nächsten 365 Tagen sind 312 EUR zu erwarten (in vier von fünf Fällen 200 EUR bis 480 EUR); "
        "davon sind 134 EUR gefährdet: Rang 17 von 2.345. In den nächsten 365 Tagen kommt eher keine "
        "Bestellung mehr.\n\n"
        "Schwachstellen:\nService (+12,0 Punkte, wahrscheinlich, Risiko ohne sie 20 %): Zwei offen.\n\n"
        "Wäre bei Service alles wie gewohnt, läge das Risiko höchstens bei den üblichen 21 %.\n\n"
        "Zu tun: Call them.\n\n"
        "Früher: 30 % am 1. Mai 2025."
    )
    chinese = summary(ROW, SCORING, past, language("zh"))
    assert chinese.startswith("客户 C1，状态：放缓。截至 2025年6月1日，未来 90 天内不再下单的风险为 43%；")
    assert "312 欧元（五次中有四次介于 200 欧元与 480 欧元之间）" in chinese
    assert "没有哪一方面显得薄弱。" in chinese
