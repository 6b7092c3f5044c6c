"""The catalogues: every message in every language, with the same values and nouns that there are."""

from __future__ import annotations

from pathlib import Path
from string import Formatter

import pytest

from configs.catalogues import DEFAULT, catalogue, codes
from configs.folder import FOLDER
from features.errors import ConfigError

WRITTEN = {"", "whole", "number", "exact", "money", "percent", "day", "points"}
TERMS = {"dimension", "status"}
OTHERS = [code for code in codes() if code != DEFAULT]


def values(text: str) -> set[str]:
    return {name for _, name, _, _ in Formatter().parse(text) if name is not None}


@pytest.fixture(autouse=True)
def configs(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("AMITY_CONFIGS", raising=False)


def test_the_languages_that_there_are() -> None:
    assert codes() == ("de", "en", "zh")


@pytest.mark.parametrize("code", OTHERS)
def test_each_message_is_there_in_each_language_with_the_same_values(code: str) -> None:
    english, other = catalogue(DEFAULT).texts, catalogue(code).texts
    messages = {key for key in english if key[0] != "noun"}
    assert messages == {key for key in other if key[0] != "noun"}
    names = {key: values(text[0]) for key, text in english.items() if key in messages}
    names["format", "money"] = {"amount", "currency"}
    told = {key: values(other[key][0]) for key in messages}
    told["format", "money"] = {name.removesuffix("_name") for name in told["format", "money"]}
    assert told == names


@pytest.mark.parametrize("code", codes())
def test_each_noun_that_is_used_has_all_its_forms(code: str) -> None:
    own = catalogue(code)
    used = {
        kind
        for key, text in own.texts.items()
        for _, name, kind, _ in Formatter().parse(text[0])
        if name and kind
    }
    nouns = {name: text for (context, name), text in own.texts.items() if context == "noun"}
    assert used - WRITTEN - TERMS <= nouns.keys()
    assert set(nouns) <= used | {"days"}
    for forms in nouns.values():
        assert len(forms) == len({own.form(number) for number in range(3)})
        assert all(values(form) <= {"n"} for form in forms)
        assert "{n}" in forms[own.form(5)]


def test_an_unknown_language() -> None:
    with pytest.raises(ConfigError, match=r"^There is no language 'fr'; use one of de, en, zh\.$"):
        catalogue("fr")


def test_a_language_of_ones_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AMITY_CONFIGS", str(tmp_path))
    assert codes() == ("de", "en", "zh")
    (tmp_path / "languages").mkdir()
    text = (FOLDER / "languages" / "en.po").read_text().replace("Language: en_GB", "Language: nl")
    (tmp_path / "languages" / "nl.po").write_text(text.replace('"no order"', '"geen bestelling"'))
    assert codes() == ("nl",)
    assert catalogue("nl").texts["noun", "orders"][0] == "geen bestelling"
    assert catalogue("nl").locale.language == "nl"


@pytest.mark.parametrize(
    "text",
    ['msgid "a"\nmsgstr "b', 'msgid ""\nmsgstr ""\n"Language: klingon\\n"\n\nmsgid "a"\nmsgstr "b"\n'],
    ids=["no catalogue", "no language"],
)
def test_a_file_that_cannot_be_read(text: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AMITY_CONFIGS", str(tmp_path))
    (tmp_path / "languages").mkdir()
    (tmp_path / "languages" / "xx.po").write_text(text)
    with pytest.raises(ConfigError, match=r"^The catalogue .*xx\.po can't be read"):
        catalogue("xx")
