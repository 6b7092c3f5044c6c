"""The bundle: the same models back from plain files, and nothing from files that were touched."""

from __future__ import annotations

import json
import pickle
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import ibis
import pytest

from features.build import build
from features.errors import ModelError
from features.snapshots import before, population
from models.bundle import FILES, FORMAT, MANIFEST, Bundle, load, save


@pytest.fixture
def folder(bundle: Bundle, tmp_path: Path) -> Path:
    return save(bundle, tmp_path / "model")


def contents(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def rewrite_manifest(folder: Path, **changes: Any) -> None:
    manifest = json.loads((folder / MANIFEST).read_text())
    (folder / MANIFEST).write_text(json.dumps(manifest | changes))


def test_the_equal_bundle_comes_back(bundle: Bundle, folder: Path, tmp_path: Path) -> None:
    again = load(folder)
    assert again == bundle
    assert contents(save(again, tmp_path / "again")) == contents(folder)


def test_predictions_come_back_bit_for_bit(
    bundle: Bundle, folder: Path, tables: dict[str, ibis.Table]
) -> None:
    as_of, again = bundle.manifest.as_of, load(folder)
    known = before(tables, as_of)
    frame = build(known, population(known, [as_of], 365), again.reference).to_pandas()
    assert again.churn.predict(frame).tobytes() == bundle.churn.predict(frame).tobytes()
    clv = bundle.clv.expected_revenue(frame, 365)
    assert again.clv.expected_revenue(frame, 365).tobytes() == clv.tobytes()
    churn = bundle.churn.predict(frame)
    ends = [side.tobytes() for side in bundle.clv.interval(frame, clv, churn, 365)]
    assert [side.tobytes() for side in again.clv.interval(frame, clv, churn, 365)] == ends


def test_its_files_are_text_and_json_and_no_pickle(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert set(contents(folder)) == {MANIFEST, *FILES}
    for name, content in contents(folder).items():
        text = content.decode("utf-8")
        assert text.isprintable() or set(text) - set("\n\t") <= set(filter(str.isprintable, text))
        if name.endswith(".json"):
            assert isinstance(json.loads(text), dict)
        else:
            assert text.startswith("tree\n")

    def refuse(*_: object, **__: object) -> None:
        raise AssertionError("a pickle was opened")

    for name in ("load", "loads", "Unpickler"):
        monkeypatch.setattr(pickle, name, refuse)
    assert load(folder).churn.columns.names


def without_trees(bundle: Bundle) -> Bundle:
    """As of few customers: the simple models alone."""
    assert bundle.clv is not None
    churn = replace(
        bundle.churn,
        members=replace(bundle.churn.members, trees=None),
        weights={name: weight for name, weight in bundle.churn.weights.items() if name != "trees"},
    )
    clv = replace(
        bundle.clv,
        worth=replace(bundle.clv.worth, trees=None),
        weights={name: weight for name, weight in bundle.clv.weights.items() if name != "trees"},
    )
    return replace(bundle, churn=churn, clv=clv)


def test_models_without_trees_come_back(
    bundle: Bundle, tmp_path: Path, tables: dict[str, ibis.Table]
) -> None:
    small = without_trees(bundle)
    folder = save(small, tmp_path / "small")
    assert contents(folder)["churn.txt"] == contents(folder)["clv.txt"] == b""
    again = load(folder)
    assert again == small
    as_of = bundle.manifest.as_of
    known = before(tables, as_of)
    frame = build(known, population(known, [as_of], 365), again.reference).to_pandas()
    assert again.churn.predict(frame).tobytes() == small.churn.predict(frame).tobytes()
    assert again.churn.predict(frame).tobytes() != bundle.churn.predict(frame).tobytes()


def test_without_a_clv_there_are_no_models_of_buying(bundle: Bundle, tmp_path: Path) -> None:
    """As where churn is contractual: of orders nothing is known."""
    members = replace(bundle.churn.members, history=None)
    churn = replace(bundle.churn, members=members)
    bare = replace(bundle, clv=None, churn=churn, reactivation=None)
    folder = save(bare, tmp_path / "bare")
    for name in ("clv.json", "buying.json", "reactivation.json"):
        assert json.loads(contents(folder)[name]) == {}
    assert load(folder) == bare


def test_a_bundle_from_before_there_was_a_model_of_reactivation_is_read(folder: Path) -> None:
    digests = json.loads((folder / MANIFEST).read_text())["files"]
    (folder / "reactivation.json").unlink()
    rewrite_manifest(folder, files={k: v for k, v in digests.items() if k != "reactivation.json"})
    again = load(folder)
    assert again.reactivation is None
    assert again.churn.members.history is not None


def test_the_models_of_buying_are_kept_once(folder: Path) -> None:
    again = load(folder)
    assert again.churn.members.history is not None
    assert again.clv is not None
    assert again.churn.members.history.buying is again.clv.buying
    assert json.loads(contents(folder)["buying.json"]) == again.clv.buying.to_dict()


def test_the_manifest_says_what_it_is(bundle: Bundle, folder: Path) -> None:
    manifest = json.loads((folder / MANIFEST).read_text())
    assert manifest["format"] == FORMAT
    assert manifest["version"] == "3"
    assert manifest["as_of"] == "2024-06-01T00:00:00"
    assert manifest["definitions"]["horizon_days"] == 90
    assert manifest["fingerprint"] == bundle.manifest.fingerprint
    assert manifest["tables"]["orders"][:4] == ["order_id", "customer_id", "ordered_at", "amount"]
    days = [datetime(2024, 3, 3) - timedelta(days=45 * step) for step in range(5, -1, -1)]  # noqa: DTZ001
    assert manifest["settings"]["days"] == [day.isoformat() for day in days]
    assert set(manifest["files"]) == set(FILES)


@pytest.mark.parametrize("name", FILES)
def test_a_truncated_file_is_refused(folder: Path, name: str) -> None:
    content = (folder / name).read_bytes()
    (folder / name).write_bytes(content[: len(content) // 2])
    with pytest.raises(ModelError, match=rf"is damaged: {name} is not what was saved"):
        load(folder)


@pytest.mark.parametrize("name", FILES)
def test_an_altered_file_is_refused(folder: Path, name: str) -> None:
    content = (folder / name).read_bytes()
    digit = next(
        place for place in range(len(content) // 2, len(content)) if content[place : place + 1].isdigit()
    )
    other = b"1" if content[digit : digit + 1] != b"1" else b"2"
    (folder / name).write_bytes(content[:digit] + other + content[digit + 1 :])
    with pytest.raises(ModelError, match=rf"{name} is not what was saved \(its digest differs\)"):
        load(folder)


@pytest.mark.parametrize("name", FILES)
def test_a_missing_file_is_refused(folder: Path, name: str) -> None:
    (folder / name).unlink()
    with pytest.raises(ModelError, match=rf"{name} can't be read .* Train anew, or restore it"):
        load(folder)


def test_a_file_of_bytes_is_refused(folder: Path) -> None:
    (folder / "churn.txt").write_bytes(b"\x80\x05\xff")
    with pytest.raises(ModelError, match=r"churn\.txt can't be read"):
        load(folder)


def test_a_folder_without_manifest_is_no_bundle(folder: Path, tmp_path: Path) -> None:
    (folder / MANIFEST).unlink()
    with pytest.raises(ModelError, match=r"is no model bundle: it holds no manifest\.json"):
        load(folder)
    with pytest.raises(ModelError, match="is no model bundle"):
        load(tmp_path / "nowhere")


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("{", r"manifest\.json is not JSON"),
        ("[]", r"manifest\.json is not a JSON object"),
        ("{}", "has format None; this Amity reads format 4"),
        ('{"format": 2}', "has format 2; this Amity reads format 4. Train anew"),
        ('{"format": 4}', "is damaged: KeyError"),
        ('{"format": 4, "kind": "an own table"}', "is a model of an own table, and one of the tables of"),
    ],
)
def test_a_manifest_that_is_none_is_refused(folder: Path, text: str, says: str) -> None:
    (folder / MANIFEST).write_text(text)
    with pytest.raises(ModelError, match=says):
        load(folder)


@pytest.mark.parametrize(
    "changes",
    [
        {"as_of": "yesterday"},
        {"definitions": {"horizon_days": "soon"}},
        {"tables": None},
        {"files": {}},
        {"files": []},
        {"unknown": 1},
    ],
)
def test_an_altered_manifest_is_refused(folder: Path, changes: dict[str, Any]) -> None:
    rewrite_manifest(folder, **changes)
    with pytest.raises(ModelError, match=r"is damaged: .* Train anew, or restore it"):
        load(folder)


def test_a_manifest_can_neither_skip_a_digest_nor_name_other_files(folder: Path) -> None:
    digests = json.loads((folder / MANIFEST).read_text())["files"]
    rewrite_manifest(folder, files=digests | {"clv.json": ""})
    with pytest.raises(ModelError, match=r"clv\.json is not what was saved"):
        load(folder)
    rewrite_manifest(folder, files=digests | {"../nowhere": ""})
    assert load(folder)


def test_a_newer_bundle_replaces_the_older_one(bundle: Bundle, folder: Path) -> None:
    (folder / "rest.txt").write_text("of another time")
    save(bundle.with_version("4"), folder)
    assert load(folder).manifest.version == "4"
    assert set(contents(folder)) == {MANIFEST, *FILES}


@pytest.mark.parametrize("method", ["write_text", "replace"])
@pytest.mark.parametrize("call", [1, 2, 4])
def test_a_failure_in_the_middle_leaves_the_old_bundle(
    bundle: Bundle, folder: Path, monkeypatch: pytest.MonkeyPatch, method: str, call: int
) -> None:
    original, calls = getattr(Path, method), iter(range(1, 100))

    def fails_once(self: Path, *args: Any, **kwargs: Any) -> Any:
        if next(calls) == call:
            raise OSError("the disk is full")
        return original(self, *args, **kwargs)

    with monkeypatch.context() as patch:
        patch.setattr(Path, method, fails_once)
        if (method, call) == ("replace", 4):
            save(bundle.with_version("4"), folder)
        else:
            with pytest.raises(OSError, match="the disk is full"):
                save(bundle.with_version("4"), folder)
    assert load(folder).manifest.version == ("4" if (method, call) == ("replace", 4) else "3")
    assert [path.name for path in folder.parent.iterdir()] == [folder.name]


def test_what_is_not_a_number_is_not_saved(bundle: Bundle, tmp_path: Path) -> None:
    broken = replace(bundle, churn=replace(bundle.churn, intercept=float("nan")))
    with pytest.raises(ValueError, match="not JSON compliant"):
        save(broken, tmp_path / "model")
    assert list(tmp_path.iterdir()) == []
