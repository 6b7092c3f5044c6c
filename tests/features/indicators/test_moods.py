"""The mood of texts in any language, learnt from scored comments: by hand on few, point in time; themes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import pytest

from features.indicators.moods import Reader, learn, learnt, moods, themes
from features.indicators.rules import Rules
from features.snapshots import before
from features.sources import Source, source_from_rows
from tests.conftest import Put, to_arrow
from tests.features.indicators.conftest import AS_OF
from tests.features.indicators.test_engines import typed

BAD = ("schlecht, nie wieder", "terrible service", "太差了，再也不买", "sehr enttäuscht", "awful and slow")
GOOD = ("sehr gut, gerne wieder", "great service", "很好，会再买", "sehr zufrieden", "lovely and quick")


def comments(*months: str) -> list[dict[str, Any]]:
    """Each text twice a month: NPS 2 with the bad ones, 10 with the good."""
    return [
        {
            "response_id": f"{month}{text}{time}",
            "customer_id": "a",
            "responded_at": f"{month}-1{time}",
            "metric": "nps",
            "score": score,
            "touchpoint": "mail",
            "comment": text,
        }
        for month in months
        for texts, score in ((BAD, 2), (GOOD, 10))
        for text in texts
        for time in (1, 2)
    ]


ORDERS = [{"order_id": "1", "customer_id": "a", "ordered_at": "2023-01-01", "amount": 1.0}]
POSTS = [
    {"customer_id": "a", "occurred_at": day, "kind": "post", "text": text}
    for day, text in (
        ("2024-11-05", "wirklich schlecht"),
        ("2024-11-06", "gut, gerne"),
        ("2024-12-01", "再也不买"),
    )
]
TICKETS = [
    {
        "ticket_id": "1",
        "customer_id": "a",
        "opened_at": "2024-12-05",
        "kind": "complaint",
        "text": "enttäuscht!",
    },
    {"ticket_id": "2", "customer_id": "a", "opened_at": "2024-12-06", "kind": "question", "text": " "},
]


def cut(**rows: list[dict[str, Any]]) -> Any:
    return before(source_from_rows({"orders": ORDERS, **rows}).tables, AS_OF)


@pytest.fixture(scope="module")
def tables() -> Any:
    surveys = comments("2024-08", "2024-09", "2024-10", "2025-02")
    return cut(surveys=surveys, engagement=POSTS, tickets=TICKETS)


@pytest.fixture(scope="module")
def reader(tables: Any) -> Reader:
    told = learn(tables)
    assert told is not None
    return told


def test_it_learns_what_was_known(reader: Reader) -> None:
    """Three months of twenty comments; those of February are not known yet."""
    assert (reader.comments, reader.low) == (60, 0.5)
    assert reader.auc == 1


def test_it_reads_any_language(reader: Reader) -> None:
    told = reader.read(
        ["wirklich schlecht", "再也不买", "terrible", "gerne wieder gut", "很好", "quick and great"]
    )
    assert list(told > 0.5) == [True, True, True, False, False, False]


def test_by_source_and_month(tables: Any, reader: Reader) -> None:
    told = moods(tables, AS_OF, Rules(), reader)
    counted = {(row.source, f"{row.month:%Y-%m}"): row.texts for row in told.itertuples()}
    assert counted == {
        **{("comments", f"2024-{month}"): 20 for month in ("08", "09", "10")},
        ("posts", "2024-11"): 2,
        ("posts", "2024-12"): 1,
        ("tickets", "2024-12"): 1,
    }
    november = told[(told.source == "posts") & (told.month == "2024-11-01")].iloc[0]
    assert november.low == pytest.approx(reader.read(["wirklich schlecht", "gut, gerne"]).sum())
    assert november.low_share == pytest.approx(november.low / 2)
    assert told[told.source == "comments"].low_share.to_list() == pytest.approx([0.5] * 3, abs=0.1)


def test_what_comes_later_changes_nothing(tables: Any, reader: Reader) -> None:
    surveys = comments("2024-08", "2024-09", "2024-10")
    without = cut(surveys=surveys, engagement=POSTS, tickets=TICKETS)
    again = learn(without)
    assert again is not None
    pd.testing.assert_frame_equal(
        moods(without, AS_OF, Rules(), again), moods(tables, AS_OF, Rules(), reader)
    )


def test_postgres_reads_the_same(put: Put, read: Callable[..., Source], tables: Any, reader: Reader) -> None:
    rows = {"orders": ORDERS, "surveys": comments("2024-08", "2024-09", "2024-10")}
    rows |= {"engagement": POSTS, "tickets": TICKETS}
    arrow = {name: to_arrow([typed(row) for row in some]) for name, some in rows.items()}
    theirs = before(read(put("postgres", arrow)).tables, AS_OF)
    learnt_there = learn(theirs)
    assert learnt_there is not None
    assert learnt_there.auc == reader.auc
    told = moods(theirs, AS_OF, Rules(), learnt_there)
    pd.testing.assert_frame_equal(told, moods(tables, AS_OF, Rules(), reader), rtol=1e-9)


def test_themes_are_of_low_moods(tables: Any, reader: Reader) -> None:
    told = themes(tables, AS_OF, Rules(), reader)
    low = {*BAD, "wirklich schlecht", "再也不买", "enttäuscht!"}
    assert set(told.text) <= low
    assert told.texts.sum() == 5 * 6 + 3
    assert told.texts_before.sum() == 0
    assert list(told.theme) == list(range(1, len(told) + 1))


@pytest.mark.parametrize(
    ("texts", "answers", "low"),
    [
        (BAD, 10, 10),  # nobody was content
        (GOOD, 10, 0),
        ((*BAD[:2], *GOOD), 4, 4),
        (("a", "b"), 100, 50),  # two texts of each kind
    ],
)
def test_too_little_to_learn_from(texts: tuple[str, ...], answers: int, low: int) -> None:
    frame = pd.DataFrame({"text": texts, "answers": answers, "low": low, "late": False})
    if low == 4:
        frame["low"] = np.where(frame.text.isin(BAD), 4, 0)  # eight low ones, of two texts
    assert learnt(frame) is None


def test_without_comments_there_is_nothing_to_learn() -> None:
    surveys = [{k: v for k, v in row.items() if k != "comment"} for row in comments("2024-08")]
    assert learn(cut(surveys=surveys)) is None


def test_an_early_part_with_one_side_judges_nothing() -> None:
    both = pd.DataFrame({"text": [*BAD, *GOOD], "answers": 10, "low": [10] * 5 + [0] * 5})
    told = learnt(both.assign(late=[False] * 5 + [True] * 5))
    assert told is not None
    assert np.isnan(told.auc)
