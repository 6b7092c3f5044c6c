"""Assessments under the home folder."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

import pytest

from features.errors import ConfigError
from serving.report import kept


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("AMITY_HOME", str(tmp_path))
    return tmp_path


def document(day: str, source: str = "shop", **more: object) -> dict[str, object]:
    return {"as_of": day, "source": source, **more}


def test_nothing_is_kept_at_first() -> None:
    assert kept.latest() is None
    assert kept.latest_page() is None
    assert kept.before(datetime.fromisoformat("2025-01-01"), "shop") is None


def test_the_newest_day_is_the_latest_and_a_day_is_replaced(home: Path) -> None:
    kept.keep(document("2025-02-01"), "<p>February</p>")
    kept.keep(document("2025-01-01"), "<p>January</p>")
    assert kept.latest() == document("2025-02-01")
    kept.keep(document("2025-02-01", note=2), "<p>again</p>")
    assert kept.latest() == document("2025-02-01", note=2)
    assert kept.latest_page() == "<p>again</p>"
    assert sorted(file.name for file in (home / "assessments" / "2025-02-01").iterdir()) == [
        "assessment.json",
        "report.html",
    ]


def test_the_plan_before_is_of_an_earlier_day_and_the_same_source() -> None:
    for day, source in (("2025-01-01", "shop"), ("2025-02-01", "other"), ("2025-03-01", "shop")):
        kept.keep(document(day, source), "")
    march = datetime.fromisoformat("2025-03-01")
    assert kept.before(march, "shop") == document("2025-01-01")
    assert kept.before(march, "nobody") is None


def test_what_can_not_be_read_is_told(home: Path) -> None:
    kept.keep(document("2025-01-01"), "")
    (home / "assessments" / "2025-01-01" / "assessment.json").write_text("{")
    with pytest.raises(ConfigError, match=r"The kept assessment .* can't be read: .*--keep"):
        kept.latest()
