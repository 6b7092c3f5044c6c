"""Which language is asked for, and rows told in it."""

from __future__ import annotations

from typing import Any

import pytest

from configs.loading import load
from configs.settings import Playbook
from features.errors import ConfigError
from models.language import Message, packed
from serving.speaking import ENGLISH, Speaker, speaker_for, wanted

FACTS = packed([[Message("tickets_unanswered", {"tickets": 2.0})]])
ROW: dict[str, Any] = {
    "customer_id": "C1",
    "weak_point_1_says": "2 tickets of the last 180 days without any answer.",
    "weak_point_2_says": None,
    "action": "Keep in touch as usual.",
    "facts": FACTS,
}


@pytest.mark.parametrize(
    ("header", "code"),
    [
        ("", "en"),
        ("de", "de"),
        ("de-CH, en;q=0.5", "de"),
        ("fr, zh-Hans-CN;q=0.7, de;q=0.8", "de"),
        ("en;q=0.1, zh", "zh"),
        ("de;q=0, zh;q=0.2", "zh"),
        ("fr;q=0.9, *;q=0.1", "en"),
        ("DE", "de"),
        ("de;q=much", "en"),
        (",;=,;;q", "en"),
        ("tlh", "en"),
    ],
)
def test_what_a_header_asks_for(header: str, code: str) -> None:
    assert wanted(header) == code


def test_a_row_is_told_with_its_evidence_and_its_action() -> None:
    german = Speaker("de", load(Playbook)).told(ROW, "EUR")
    assert german["weak_point_1_says"] == "2 Anfragen der letzten 180 Tage ohne jede Antwort."
    assert german["weak_point_2_says"] is None
    assert german["action"] == "Wie gewohnt in Kontakt bleiben."
    assert (
        speaker_for("zh").told(ROW, "EUR")["weak_point_1_says"] == "最近 180 天有 2 个工单一直没有得到答复。"
    )
    assert ENGLISH.told(ROW, "EUR") is ROW


def test_what_was_told_before_facts_were_kept_stays_as_it_is() -> None:
    old = ROW | {"facts": None, "action": None}
    assert speaker_for("de").told(old, "EUR") == old


def test_a_language_that_there_is_not() -> None:
    with pytest.raises(ConfigError, match=r"^There is no language 'fr'; use one of de, en, zh"):
        speaker_for("fr")


def test_a_request_is_answered_in_the_language_it_accepts(client: Any) -> None:
    english = client.get("/at-risk", top=5)
    who = english.json()["customers"][0]["customer_id"]
    asked = {"Accept-Language": "zh-CN,zh;q=0.9,en;q=0.5"}
    told = client.ask("GET", f"/explain/{who}", headers=asked)
    assert told.headers["content-language"] == "zh"
    assert told.headers["vary"] == "Accept-Language"
    assert told.json()["summary"].startswith(f"客户 {who}（客群 ")
    listed = client.ask("GET", "/at-risk", params={"top": 5}, headers=asked).json()["customers"]
    same = {"customer_id", "weak_point_1", "churn_probability", "weak_point_1_repaired"}
    for ours, theirs in zip(listed, english.json()["customers"], strict=True):
        assert {name: ours[name] for name in same} == {name: theirs[name] for name in same}
        assert ours["action"].endswith("。")
        assert (ours["weak_point_1_says"] or "。").endswith("。")
    rows = client.ask("GET", "/at-risk", params={"format": "csv"}, headers={"Accept-Language": "de"}).text
    assert "Zuerst die offene Beschwerde" in rows
    assert client.get(f"/explain/{who}").headers["content-language"] == "en"
