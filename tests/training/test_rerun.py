"""A run is repeated bit by bit, and where it can't be, the reason is told."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from features.errors import ModelError
from training import rerun as room
from training.rerun import Record, code_digest, lock_digest, rerun
from training.tracking import record_of


@pytest.fixture
def then(at_home: Any, monkeypatch: pytest.MonkeyPatch) -> Record:
    """The code may change and be committed while the tests run; here it is what it was."""
    found = record_of(at_home.good.run_id)
    monkeypatch.setattr(room, "code_digest", lambda: found.code_digest)
    monkeypatch.setattr("training.fit.code_revision", lambda: found.code)
    return found


@pytest.fixture
def fitted(trained: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """The fit gives what it gave."""
    monkeypatch.setattr(room, "fit", lambda *_: trained.good.bundle)


def two_tables(shop: Any) -> dict[str, Any]:
    return {name: shop.tables[name] for name in ("orders", "customers")}


def test_the_same_again_gives_the_same_bytes(shop: Any, then: Record) -> None:
    found = rerun(then, two_tables(shop))
    assert found.same
    assert found.reasons == ()
    assert found.now == then
    assert then.settings["seed"] == shop.settings.seed
    assert len(then.settings["days"]) == 3
    assert set(then.libraries) >= {"lightgbm", "numpy", "duckdb"}


@pytest.mark.usefixtures("fitted")
def test_other_rows_before_the_day_are_told_by_table(shop: Any, opened: Any, then: Record) -> None:
    rows = {name: shop.rows[name] for name in ("orders", "customers")}
    other = opened(rows | {"orders": rows["orders"][::2]})
    found = rerun(then, other)
    assert not found.same
    assert found.differs == ("the scores",)
    assert found.reasons == ("The data before 2025-05-01 differ: orders holds other rows.",)


@pytest.mark.usefixtures("fitted")
def test_facts_since_then_change_nothing(shop: Any, opened: Any, then: Record) -> None:
    rows = {name: shop.rows[name] for name in ("orders", "customers")}
    until = [order for order in rows["orders"] if order["ordered_at"] < shop.as_of]
    assert len(until) < len(rows["orders"])
    assert rerun(then, opened(rows | {"orders": until})).reasons == ()


@pytest.mark.usefixtures("fitted")
def test_each_difference_is_one_sentence(shop: Any, then: Record) -> None:
    strange = replace(
        then,
        tables={**then.tables, "tickets": "x"},
        code="0ddba11",
        code_digest="another",
        libraries={**then.libraries, "lightgbm": "3.0", "polars": "1.0"},
        machine="Python 3.9 on a toaster",
        settings={**then.settings, "days": ["2024-01-01"]},
        files={**then.files, "clv.json": "another"},
    )
    found = rerun(strange, two_tables(shop))
    assert found.differs == ("clv.json",)
    data, code, libraries, days, machine = found.reasons
    assert data == "The data before 2025-05-01 differ: tickets is missing."
    assert code.startswith("The code differs: revision ")
    assert code.endswith(", and was 0ddba11.")
    assert libraries.startswith("The libraries differ: lightgbm is ")
    assert libraries.endswith(" and was 3.0, polars is gone and was 1.0.")
    assert days == "The training days differ, as other days can be learnt from now."
    assert machine.endswith(", and was Python 3.9 on a toaster.")


@pytest.mark.usefixtures("fitted")
def test_changes_that_are_not_committed_and_another_lock_are_told(shop: Any, then: Record) -> None:
    code, libraries = rerun(replace(then, code_digest="a", lock="b"), two_tables(shop)).reasons
    assert code == f"The code differs: revision {then.code} both times, with changes that are not committed."
    assert libraries == "The libraries differ: requirements.lock is another one."


def test_settings_of_another_amity(shop: Any, then: Record) -> None:
    strange = replace(then, settings={**then.settings, "depth": 3})
    with pytest.raises(ModelError, match=r"settings are not those of this Amity: depth\. Train anew"):
        rerun(strange, two_tables(shop))
    with pytest.raises(ModelError, match=r"recorded by another Amity.*'weather'"):
        Record.from_dict(then.to_dict() | {"weather": "fair"})


@pytest.mark.usefixtures("at_home")
def test_a_run_that_is_none() -> None:
    with pytest.raises(
        ModelError, match=r"There is no run 'nowhere' at sqlite:.*`amity models --json` lists"
    ):
        record_of("nowhere")


def test_the_code_is_that_of_the_files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(room, "ROOT", tmp_path)
    (tmp_path / "models").mkdir()
    (tmp_path / "models" / "a.py").write_text("a = 1\n")
    one = code_digest()
    assert code_digest() == one
    assert lock_digest() == "none"
    (tmp_path / "models" / "a.py").write_text("a = 2\n")
    two = code_digest()
    (tmp_path / "models" / "a.py").rename(tmp_path / "models" / "b.py")
    assert len({one, two, code_digest()}) == 3
    (tmp_path / "requirements.lock").write_text("numpy==2")
    assert len(lock_digest()) == 16
