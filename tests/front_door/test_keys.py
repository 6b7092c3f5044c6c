"""`amity keys`, `audit`, `forget`, and what `serve` refuses, as a person calls them."""

from __future__ import annotations

import os
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from configs.settings import Definitions
from serving.store import Store


@pytest.fixture
def own(door: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """A door with a home in which nothing has happened yet."""
    monkeypatch.setenv("AMITY_HOME", str(tmp_path / "home"))
    return type(door)(tmp_path / "home")


def test_a_key_is_shown_once_listed_and_revoked(own: Any) -> None:
    assert "No key has been made yet" in own.done("keys", "list").out
    secret = own.done("keys", "make", "--role", "retention", "--name", "Morning [b]list").out.split()[0]
    key_id = secret.split("_")[1]
    listed = own.done("keys", "list")
    assert secret.split("_", 2)[2] not in listed.out
    for word in (key_id, "retention", "Morning [b]list", "good"):
        assert word in listed.out
    assert (
        f"Key {key_id} of 'Morning [b]list' lets nobody in any more" in own.done("keys", "revoke", key_id).out
    )
    (told,) = own.done("keys", "list", "--json").json
    assert (told["id"], told["state"], "key" in told) == (key_id, "revoked", False)
    made = own.done(
        "keys", "make", "--role", "admin", "--name", "x", "--expires", "2100-01-01", "--json"
    ).json
    assert made["key"].startswith(f"amity_{made['id']}_")
    assert made["expires_at"] == "2100-01-01T00:00:00"


def test_what_keys_refuse(own: Any) -> None:
    own.refuses("the role is 'boss'; use one of retention", "keys", "make", "--role", "boss", "--name", "x")
    own.refuses("There is no key 'x'; `amity keys list`", "keys", "revoke", "x")
    own.refuses(
        "would expire on 2020-01-01",
        "keys",
        "make",
        "--role",
        "admin",
        "--name",
        "x",
        "--expires",
        "2020-01-01",
    )


def test_the_audit_is_told_to_people_and_programs(own: Any) -> None:
    from features.clock import now
    from serving.locks.audit import Audit, Entry, Pulled

    assert "Nobody pulled customers" in own.done("audit").out
    store = Store.open()
    usual: dict[str, Any] = {
        "at": now(),
        "request_id": "r",
        "key_id": "3f9c",
        "key_name": "Till",
        "role": "admin",
    }
    route: dict[str, Any] = {
        "method": "GET",
        "route": "/at-risk",
        "filters": {"segment": "[b]"},
        "status": 200,
    }
    Audit(store.engine).add([Entry(**usual, **route, pulled=Pulled(1234, tuple(f"C{n}" for n in range(5))))])
    store.close()
    told = own.done("audit").out
    for word in ("3f9c Till", "GET /at-risk", "1,234", "C0 C1 C2 +2", "segment=[b]"):
        assert word in told
    (entry,) = own.done("audit", "--json", "--customer", "C4").json
    assert (entry["rows"], entry["filters"]) == (1234, {"segment": "[b]"})
    assert own.done("audit", "--json", "--key", "other").json == []


def test_other_machines_need_keys_before_anything_starts(
    own: Any, monkeypatch: pytest.MonkeyPatch, shop: Path
) -> None:
    from serving import run
    from serving.resources import Resources

    monkeypatch.setattr(os, "environ", {**os.environ})  # what the server will inherit
    monkeypatch.setattr("verbs.service.import_module", lambda name: run if name == "serving.run" else Folder)
    monkeypatch.setattr(Resources, "open", lambda: Resources(None, Store.open(), None))  # type: ignore[arg-type]
    own.refuses(
        r"Others can reach 0\.0\.0\.0, and no key has been made: make one first with `amity keys make",
        *("serve", "--host", "0.0.0.0", "--port", "39876"),  # noqa: S104
    )
    assert shop.exists()


class Folder:
    @staticmethod
    def folder(_: str) -> Path:
        return Path("bundle")


@pytest.mark.parametrize("verb", ["train", "score"])
def test_whoever_is_forgotten_is_left_out_of_what_is_read_later(
    own: Any, placed: Any, put: Any, verb: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The job itself gets tables without them; here it does no more than look at these."""
    source = put(orders=placed(20, 100))
    seen: list[set[str]] = []

    def job(*words: Any, **_: Any) -> Any:
        tables = words[0] if verb == "train" else words[1]
        seen.append(set(tables["orders"].customer_id.to_pyarrow().to_pylist()))
        raise KeyboardInterrupt

    ready = SimpleNamespace(ready=True, missing=())
    monkeypatch.setattr("features.readiness.readiness", lambda *_, **__: ready)
    monkeypatch.setattr("features.readiness.silence", lambda *_: "")
    monkeypatch.setattr("training.train.train", job)
    monkeypatch.setattr("models.scoring.score", job)
    bundle = SimpleNamespace(manifest=SimpleNamespace(definitions=Definitions()))
    monkeypatch.setattr("training.registry.bundle", lambda _: bundle)
    words = (source,) if verb == "train" else (source, "--out", own.home.parent / "scores.csv")
    own.run(verb, *words)
    own.done("forget", "c7")
    told = own.run(verb, *words)
    assert f"Left out: 1 customers of {source} who were forgotten." in told.err
    assert seen[0] - seen[1] == {"c7"}
    assert len(seen[1]) == 19


def test_forgetting_tells_what_it_did(own: Any) -> None:
    file = own.home / "export.csv"
    own.home.mkdir(exist_ok=True)
    file.write_text("customer_id,clv\nC0000042,1\nC0000043,2\n")
    (own.home / "model.pkl").write_bytes(b"\x80C0000042")
    dry = own.done("forget", "C0000042", "--dry-run")
    assert f"Would erase 1 in {file}" in dry.out
    told = own.run("forget", "C0000042")
    assert told.code == 1
    assert f"Erased 1 in {file}" in told.out
    assert (
        f"still name the customer; take the name out of them, or delete them: {own.home / 'model.pkl'}"
        in told.err
    )
    assert file.read_text() == "customer_id,clv\nC0000043,2\n"
    (own.home / "model.pkl").unlink()
    again = own.done("forget", "C0000042", "--json").json
    assert (again["store"], again["files"], again["left"]) == ({}, {}, [])
