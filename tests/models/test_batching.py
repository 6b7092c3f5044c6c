"""Requests scored together, against each scored alone."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pandas as pd
import pytest

from configs.loading import load
from configs.settings import Playbook
from features.errors import HistoryError, ModelError, SourceError
from features.live import Live
from models.batching import Asked, Batch, owner, score_batch
from models.bundle import Bundle
from models.scoring import Scored, live_of, score_rows

EXACT = {"rtol": 1e-9, "atol": 1e-9}
Request = dict[str, list[dict[str, Any]]]


@pytest.fixture(scope="module")
def live(bundle: Bundle) -> Live:
    return live_of(bundle)


@pytest.fixture(scope="module")
def requests(bundle: Bundle, frames: Any, as_of: datetime) -> list[Request]:
    """Of two customers, of one, of another, and of the very first again, of whom less is known."""
    recent = frames["orders"][frames["orders"]["ordered_at"].between(as_of - timedelta(days=90), as_of)]
    ids = sorted(recent["customer_id"].unique())[:4]
    found = [_rows(frames, bundle, chosen) for chosen in (ids[:2], ids[2:3], ids[3:4], ids[:1])]
    found[3]["tickets"], found[3]["engagement"] = [], found[3]["engagement"][::2]
    return found


def _rows(frames: Any, bundle: Bundle, ids: list[str]) -> Request:
    orders = frames["orders"][frames["orders"]["customer_id"].isin(ids)]
    request: Request = {}
    for name in bundle.manifest.tables:
        frame = frames[name]
        mine = (
            frame["order_id"].isin(orders["order_id"])
            if name == "order_lines"
            else frame["customer_id"].isin(ids)
        )
        rows = frame[mine].astype(object).to_dict("records")
        request[name] = [{str(key): _plain(value) for key, value in row.items()} for row in rows]
    return request


def _plain(value: Any) -> Any:
    if pd.isna(value):
        return None
    return str(value) if isinstance(value, (pd.Timestamp, datetime)) else value


def batch(bundle: Bundle, live: Live, asked: list[Asked]) -> Batch:
    return score_batch(bundle, live, asked, load(Playbook))


def part(found: Batch, place: int) -> dict[str, pd.DataFrame]:
    """What a batch says of one request's customers, by the ids that it gave them."""
    for scored in found.scored:
        owners = [owner(marked) for marked in scored.scores["customer_id"]]
        mine = [own == place for own, _ in owners]
        if any(mine):
            given = [given for own, given in owners if own == place]
            return {
                name: _given(frame[mine].reset_index(drop=True), given)
                for name, frame in frames_of(scored).items()
            }
    raise AssertionError(found.errors.get(place, "not scored"))


def _given(frame: pd.DataFrame, ids: list[str]) -> pd.DataFrame:
    return frame.assign(customer_id=pd.Series(ids, dtype="str")) if "customer_id" in frame else frame


def frames_of(scored: Scored) -> dict[str, pd.DataFrame]:
    assert scored.repaired is not None
    return {
        "scores": scored.scores,
        "points": scored.points.by_dimension,
        "features": scored.features,
        "repaired": scored.repaired,
    }


def assert_same(found: Batch, place: int, alone: Scored) -> None:
    mine, expected = part(found, place), frames_of(alone)
    for name, frame in expected.items():
        pd.testing.assert_frame_equal(mine[name], frame, check_dtype=name == "scores", **EXACT)  # type: ignore[call-overload]


def scored_alone(bundle: Bundle, live: Live, asked: Asked) -> Scored:
    return score_rows(bundle, live, asked.rows, asked.as_of, load(Playbook))


def test_each_gets_what_it_would_get_alone(
    bundle: Bundle, live: Live, requests: list[Request], as_of: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = [Asked(rows, as_of) for rows in requests]
    queries = []
    of = Live.of
    monkeypatch.setattr(Live, "of", lambda self, *words: queries.append(1) or of(self, *words))
    found = batch(bundle, live, asked)
    assert len(queries) == 1, "all four should be answered by one query"
    for place, each in enumerate(asked):
        assert_same(found, place, scored_alone(bundle, live, each))


def test_columns_that_the_model_does_not_know_change_nothing_and_compile_nothing(
    bundle: Bundle, live: Live, requests: list[Request], as_of: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert "channel" not in bundle.manifest.tables["orders"]
    alone = scored_alone(bundle, live, Asked(requests[0], as_of))
    more = [{**row, "channel": "web"} for row in requests[0]["orders"]]
    monkeypatch.setattr("features.live._plan", lambda *_: pytest.fail("compiled anew"))
    found = batch(bundle, live, [Asked({**requests[0], "orders": more, "costs": []}, as_of)])
    assert_same(found, 0, alone)


def test_requests_of_other_days_or_columns_are_scored_apart(
    bundle: Bundle, live: Live, requests: list[Request], as_of: datetime
) -> None:
    more = [{**row, "margin": None} for row in requests[1]["orders"]]
    asked = [
        Asked(requests[0], as_of),
        Asked(requests[0], as_of - timedelta(days=30)),
        Asked({**requests[1], "orders": more}, as_of),
    ]
    found = batch(bundle, live, asked)
    for place, each in enumerate(asked):
        assert_same(found, place, scored_alone(bundle, live, each))


def test_what_is_wrong_with_one_is_wrong_with_no_other(
    bundle: Bundle, live: Live, requests: list[Request], as_of: datetime
) -> None:
    unreadable = {**requests[1], "orders": [{**requests[1]["orders"][0], "amount": "much"}]}
    long_ago = [{**row, "ordered_at": "2019-01-01"} for row in requests[1]["orders"]]
    without = {name: rows for name, rows in requests[2].items() if name != "tickets"}
    asked = [
        Asked(unreadable, as_of),
        Asked(requests[0], as_of),
        Asked({**requests[1], "orders": long_ago}, as_of),
        Asked(without, as_of),
        Asked(requests[3], as_of),
    ]
    found = batch(bundle, live, asked)
    told = {place: (type(error), str(error)) for place, error in sorted(found.errors.items())}
    assert [kind for kind, _ in told.values()] == [SourceError, HistoryError, ModelError]
    assert "orders.amount" in told[0][1]
    assert "none ordered in the 365 days" in told[2][1]
    assert "was trained with tickets" in told[3][1]
    for place in (1, 4):
        assert_same(found, place, scored_alone(bundle, live, asked[place]))


def test_a_query_that_fails_for_one_fails_for_that_one_only(
    bundle: Bundle, live: Live, requests: list[Request], as_of: datetime
) -> None:
    huge = [{**row, "amount": 1e300} for row in requests[1]["orders"]]
    asked = [Asked(requests[0], as_of), Asked({**requests[1], "orders": huge}, as_of)]
    found = batch(bundle, live, asked)
    assert_same(found, 0, scored_alone(bundle, live, asked[0]))
    assert list(found.errors) == [1]


def test_nobody_active_in_any_request_is_told_to_each(
    bundle: Bundle, live: Live, requests: list[Request]
) -> None:
    asked = [Asked(rows, datetime(2040, 1, 1)) for rows in requests[:2]]  # noqa: DTZ001
    found = batch(bundle, live, asked)
    assert [type(error) for error in found.errors.values()] == [HistoryError] * 2
    assert not found.scored


def test_no_request_is_no_answer(bundle: Bundle, live: Live) -> None:
    assert batch(bundle, live, []) == Batch([], {})
