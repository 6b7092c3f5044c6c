"""The rules of the playbook, by hand, and as Amity brings them."""

from __future__ import annotations

from typing import Any

import pytest

from configs.catalogues import codes
from configs.loading import load
from configs.settings import Playbook
from models.actions import Case, action, typical_worth
from models.bundle import Bundle

BOOK = Playbook(
    valuable_from=3.0,
    minor_below=0.5,
    rules=[
        {
            "when": {"evidence": ["complaint_open"], "value": "valuable"},
            "do": {"en": "Call.", "de": "Anrufen."},
        },
        {"when": {"weak_point": "service", "value": ["usual", "minor"]}, "do": {"en": "Write."}},
        {"when": {"weak_point": "none", "status": ["lapsed", "lost"]}, "do": {"de": "Fragen."}},
        {"do": {"en": "Wait."}},
    ],
)


@pytest.mark.parametrize(
    ("changes", "does"),
    [
        ({"evidence": ["slow_answers", "complaint_open"], "worth": 3.0}, "Call."),
        ({"evidence": ["complaint_open"], "worth": 2.9}, "Write."),
        ({"worth": 0.1}, "Write."),
        ({"worth": None}, "Wait."),
        ({"worth": 5.0}, "Wait."),
        ({"weak_point": "spend", "evidence": ["complaint_open"], "worth": 9.0}, "Call."),
        ({"weak_point": "none", "status": "lost"}, "Fragen."),
        ({"weak_point": "none", "status": "new"}, "Wait."),
    ],
)
def test_the_first_rule_that_fits(changes: dict[str, Any], does: str) -> None:
    case = {"weak_point": "service", "evidence": [], "status": "active", "worth": 1.0}
    assert action(BOOK, Case(**case | changes)) == does


def test_an_action_in_another_language() -> None:
    assert BOOK.in_language("Call.", "de") == "Anrufen."
    assert BOOK.in_language("Write.", "de") == "Write."
    assert BOOK.in_language("Once was told.", "de") == "Once was told."


def test_every_rule_that_amity_brings_says_it_in_every_language() -> None:
    playbook = load(Playbook)
    for rule in playbook.rules:
        assert set(rule.do) == set(codes())
        assert len({rule.text(code) for code in codes()}) == len(codes())
        assert all(rule.text(code).endswith("。" if code == "zh" else ".") for code in codes())
    english = [rule.text("en") for rule in playbook.rules]
    for text in english:
        german = {rule.text("de") for rule in playbook.rules if rule.text("en") == text}
        assert len(german) == 1


def test_an_open_complaint_of_a_valuable_customer_is_a_call_and_of_a_minor_one_a_mail() -> None:
    playbook = load(Playbook)
    told = [
        action(playbook, Case("product", ["returns_rose", "complaint_open"], "active", worth))
        for worth in (2.5, 1.0, 0.2, None)
    ]
    assert [
        word in text for text, word in zip(told, ("Call", "person", "e-mail", "person"), strict=True)
    ] == [True] * 4
    assert len(set(told)) == 3


def test_the_typical_customer_brings_the_median_of_the_last_year(bundle: Bundle) -> None:
    days = bundle.manifest.definitions.clv_horizon_days
    assert typical_worth(bundle) == pytest.approx(bundle.peers.everyone["amount_365d"] * days / 365)
