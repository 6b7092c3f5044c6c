"""Scores for an assessment: the store's of the source and the day, or a file's."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from configs.settings import Definitions
from features.errors import RequestError
from serving.report.scored import COLUMNS, given, stored
from serving.store import Store
from tests.serving.conftest import made_up


def day(text: str) -> datetime:
    return datetime.fromisoformat(text)


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A store with scorings of the folder `shop` here, two of them of one day, and one of another source."""
    monkeypatch.setenv("AMITY_HOME", str(tmp_path / "home"))
    monkeypatch.delenv("AMITY_STORE_URL", raising=False)
    monkeypatch.chdir(tmp_path)
    store = Store.open()
    for source, when, seed in (
        ("shop", "2025-05-20", 1),
        ("shop", "2025-06-10", 2),
        ("shop", "2025-06-10", 3),
        ("shop", "2025-02-01", 4),
        ("postgresql://me:secret@host/shop", "2025-06-01", 5),
    ):
        store.save(made_up(40, day(when), seed=seed), source=source, definitions=Definitions())
    store.close()
    return tmp_path


def by_customer(scores: pd.DataFrame) -> pd.DataFrame:
    return scores[list(COLUMNS)].sort_values("customer_id", ignore_index=True)


@pytest.mark.parametrize(
    ("as_of", "seed", "scored"),
    [
        ("2025-06-30", 3, "2025-06-10"),
        ("2025-06-09", 1, "2025-05-20"),
        ("2025-05-31", 1, "2025-05-20"),
        ("2025-03-01", 4, "2025-02-01"),
    ],
)
def test_those_made_last_of_the_newest_day_are_taken(home: Path, as_of: str, seed: int, scored: str) -> None:
    found = stored(str(home / "shop"), day(as_of))
    assert found.scores is not None
    want = by_customer(made_up(40, day(scored), seed=seed).scores)
    pd.testing.assert_frame_equal(by_customer(found.scores), want, check_dtype=False)
    if scored[:7] == as_of[:7]:
        assert found.mind == ""
    else:
        assert (
            f"Mind: the customers were scored as of {scored}, the assessment is of {as_of[:7]}-01."
            in found.mind
        )
        assert f"`amity score {home}/shop --as-of {as_of[:7]}-01 --out scores.csv`" in found.mind


@pytest.mark.parametrize(
    ("source", "as_of", "says"),
    [
        (
            "shop",
            "2025-04-30",
            "nearest scores of shop are as of 2025-05-20, the assessment is of 2025-04-01",
        ),
        (
            "shop",
            "2024-01-01",
            "nearest scores of shop are as of 2025-02-01, the assessment is of 2024-01-01",
        ),
        (
            "mine",
            "2025-06-10",
            r"the store has scores of postgresql://me:\*\*\*@host/shop, shop, none of mine",
        ),
    ],
)
@pytest.mark.usefixtures("home")
def test_what_is_far_or_of_another_source_is_not_taken(source: str, as_of: str, says: str) -> None:
    found = stored(source, day(as_of))
    assert found.scores is None
    assert pd.Series([found.mind]).str.contains(says).item(), found.mind
    assert f"`amity score {source} --as-of {as_of} --out scores.csv` and assess again." in found.mind


@pytest.mark.usefixtures("home")
def test_a_password_is_no_part_of_a_source() -> None:
    found = stored("postgresql://me:other@host/shop", day("2025-06-01"))
    assert found.scores is not None
    assert found.mind == ""


def test_where_nobody_is_scored_no_store_is_made(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AMITY_HOME", str(tmp_path))
    monkeypatch.delenv("AMITY_STORE_URL", raising=False)
    found = stored("shop", day("2025-06-01"))
    assert found.scores is None
    assert "nobody has been scored. Run `amity train shop`, then `amity score shop" in found.mind
    assert [*tmp_path.iterdir()] == []


def test_a_file_of_scores(tmp_path: Path) -> None:
    scores = made_up(5, day("2025-04-01")).scores
    for name, write in (("s.csv", scores.to_csv), ("s.parquet", scores.to_parquet)):
        write(tmp_path / name, index=False)
        found = given(tmp_path / name, day("2025-04-20"))
        assert found.mind == ""
        assert found.scores is not None
        assert [*found.scores["customer_id"]] == [*scores["customer_id"]]
    late = given(tmp_path / "s.csv", day("2025-06-20")).mind
    assert late == "Mind: the customers were scored as of 2025-04-01, the assessment is of 2025-06-01."


@pytest.mark.parametrize(
    ("name", "says"), [("s.txt", "ends in '.txt'"), ("s.csv", "has no column as_of, status")]
)
def test_a_file_of_something_else_is_refused(tmp_path: Path, name: str, says: str) -> None:
    rows: Any = pd.DataFrame({"customer_id": ["a"], "clv": [1.0]})
    rows.to_csv(tmp_path / name, index=False)
    with pytest.raises(RequestError, match=says):
        given(tmp_path / name, day("2025-06-01"))
