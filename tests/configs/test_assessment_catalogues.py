"""The texts of the assessment: every sentence and every text of the book of indicators in every language."""

from __future__ import annotations

from pathlib import Path
from string import Formatter

import pytest

from configs.catalogues import DEFAULT, assessment, catalogue, codes
from configs.folder import FOLDER
from features.indicators.measure import book
from features.indicators.sheets import SHEETS

OTHERS = [code for code in codes() if code != DEFAULT]
OF_THE_BOOK = {
    *(text for i in book() for text in (i.title, i.definition, i.formula, i.unit, i.collect)),
    *(text for sheet in SHEETS for text in (sheet.title, sheet.definition, sheet.collect)),
}


def own(code: str) -> dict[tuple[str, str], tuple[str, ...]]:
    rest = catalogue(code).texts
    return {key: text for key, text in assessment(code).texts.items() if rest.get(key) != text}


def values(text: str) -> set[tuple[str, str]]:
    return {(name, kind or "") for _, name, kind, _ in Formatter().parse(text) if name is not None}


@pytest.fixture(autouse=True)
def configs(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("AMITY_CONFIGS", raising=False)


@pytest.mark.parametrize("code", OTHERS)
def test_each_sentence_is_there_with_the_same_values(code: str) -> None:
    english, other = own(DEFAULT), own(code)
    assert {key for key in other if key[0] != "book"} == set(english)
    assert {key: values(other[key][0]) for key in english} == {
        key: values(text[0]) for key, text in english.items()
    }


@pytest.mark.parametrize("code", OTHERS)
def test_each_text_of_the_book_is_there_with_the_same_rules(code: str) -> None:
    told = {name: text[0] for (context, name), text in assessment(code).texts.items() if context == "book"}
    assert OF_THE_BOOK - set(told) == set()
    assert {name: values(name) for name in OF_THE_BOOK} == {name: values(told[name]) for name in OF_THE_BOOK}


def test_a_language_without_an_assessment_has_it_in_english(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "languages").mkdir()
    text = (FOLDER / "languages" / "en.po").read_text().replace("Language: en_GB", "Language: nl")
    (tmp_path / "languages" / "nl.po").write_text(text)
    monkeypatch.setenv("AMITY_CONFIGS", str(tmp_path))
    assert assessment("nl").texts["report", "h_summary"] == ("Summary",)
    assert assessment("nl").locale.language == "nl"
