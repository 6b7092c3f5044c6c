"""The audit: who took what, written once and never changed."""

from __future__ import annotations

import csv
import io
from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import text

from features.errors import ConfigError
from serving.locks.audit import Audit, Entry, Pulled
from serving.locks.locks import locks_of
from serving.store import Store

NOON = datetime(2026, 1, 1, 12)  # noqa: DTZ001


def entry(**changes: Any) -> Entry:
    usual: dict[str, Any] = {"at": NOON, "request_id": "r", "key_id": "k", "key_name": "n", "role": "admin"}
    usual |= {"method": "GET", "route": "/at-risk", "filters": {}, "status": 200}
    return Entry(**(usual | changes))


def test_each_way_to_customers_is_recorded_with_who_and_how_many(locked: Any) -> None:
    locked.get("/at-risk?top=5&segment=gold&country=", "marketing")
    locked.get("/explain/C17", "retention")
    locked.ask("POST", "/score", "data-science", json={"customer_ids": ["C3", "C1", "nobody"]})
    streamed = locked.get("/at-risk?format=csv&status=lost", "retention").text
    locked.get("/explain/C17", "marketing")
    locked.get("/health", "admin")
    locked.get("/explain/nobody", "admin")
    locked.get("/at-risk?top=none", "admin")
    locked.get("/at-risk")
    rows = len(list(csv.DictReader(io.StringIO(streamed))))
    assert rows > 3
    told = [
        (found["role"], found["route"], found["filters"], found["status"], found["rows"], found["customers"])
        for found in locked.recorded()
    ]
    story = "/explain/{customer_id:path}"
    assert told == [
        ("marketing", "/at-risk", {"top": "5", "segment": "gold"}, 200, 5, []),
        ("retention", story, {}, 200, 1, ["C17"]),
        ("data-science", "/score", {}, 200, 2, ["C1", "C3"]),
        ("retention", "/at-risk", {"format": "csv", "status": "lost"}, 200, rows, []),
        ("marketing", story, {}, 403, 0, []),
    ]
    first = locked.recorded()[0]
    assert first["key_id"] == locked.keys["marketing"].split("_")[1]
    assert first["key_name"] == "marketing team"
    assert not any(key.split("_", 2)[2] in str(locked.recorded()) for key in locked.keys.values())


def test_an_open_service_is_recorded_without_a_key(house: Any) -> None:
    house.get("/at-risk?top=2")
    (found,) = house.recorded()
    assert (found["key_id"], found["key_name"], found["role"], found["rows"]) == (None, None, None, 2)


def test_the_record_bears_the_requests_id(house: Any) -> None:
    given = "0f8fad5b-d9cb-469f-a165-70867728950e"
    reply = house.get("/at-risk?top=2", headers={"X-Request-Id": given})
    assert reply.headers["x-request-id"] == given
    assert house.recorded()[0]["request_id"] == given


def test_what_is_asked_of_the_audit(house: Any) -> None:
    audit = Audit(house.store.engine)
    hours = [entry(at=NOON + timedelta(hours=hour), key_id=f"k{hour % 2}") for hour in range(6)]
    audit.add([*hours, entry(at=NOON + timedelta(hours=6), pulled=Pulled(1, ("C1",)))])
    assert [found["at"].hour for found in audit.read(last=3)] == [16, 17, 18]
    assert [found["at"].hour for found in audit.read(since=NOON + timedelta(hours=5))] == [17, 18]
    assert [found["at"].hour for found in audit.read(key_id="k1")] == [13, 15, 17]
    assert [found["customers"] for found in audit.read(customer_id="C1")] == [["C1"]]
    assert audit.read(customer_id="C2") == []


def test_all_entries_of_one_call_are_there_or_none(house: Any) -> None:
    with pytest.raises(ConfigError, match="can't be used"):
        Audit(house.store.engine).add([entry(), entry(status=None)])
    assert Audit(house.store.engine).read() == []


def test_nothing_is_shown_that_cannot_be_recorded(house: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    recorder = locks_of(house.app).recorder
    monkeypatch.setattr(type(recorder), "is_full", True)
    for path in ("/at-risk", "/explain/C17"):
        reply = house.get(path)
        assert reply.status_code == 503
        assert reply.json()["error"].startswith("The audit can't be written now, so no customer is shown")
    assert house.get("/health").status_code == 200


def test_entries_wait_while_the_store_is_away_and_come_when_it_is_back(
    house: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("serving.locks.recorder.RETRY_SECONDS", 0.01)
    recorder, writes = locks_of(house.app).recorder, Audit.add
    failures = iter([True, True, False])

    def add(self: Audit, entries: list[Entry]) -> None:
        if next(failures, False):
            raise ConfigError("away")
        writes(self, entries)

    monkeypatch.setattr(Audit, "add", add)
    for number in range(5):
        recorder.put(entry(request_id=str(number)))
    assert [found["request_id"] for found in house.recorded()] == list("01234")


def test_a_load_of_scores_keeps_no_request_waiting(house: Any) -> None:
    """SQLite lets one write at a time; while a load holds it, the list is answered, and recorded later."""
    house.get("/health")
    with house.store.engine.connect() as load:
        load.execute(text("BEGIN IMMEDIATE"))
        assert house.get("/at-risk?top=2").status_code == 200
        load.rollback()
    assert len(house.recorded()) == 1


def test_the_same_in_postgresql(postgres: str) -> None:
    store = Store.open(postgres)
    with store.engine.begin() as connection:
        connection.execute(text("DELETE FROM audit_customers"))
        connection.execute(text("DELETE FROM audit"))
    Audit(store.engine).add([entry(filters={"segment": "gold"}, pulled=Pulled(2, ("b", "a\0")))])
    (found,) = Audit(store.engine).read()
    assert (found["filters"], found["rows"], found["customers"]) == ({"segment": "gold"}, 2, ["a\ufffd", "b"])
    store.close()
