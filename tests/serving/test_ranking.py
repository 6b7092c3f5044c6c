"""The ranking of a scoring, against plain Python over the same customers."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import create_engine, select

from serving import ranking
from serving.filters import EVERYONE, Filter
from serving.ranking import COLUMNS, blank, keep, read
from serving.schema import METADATA, rankings

DAY = datetime(2025, 6, 1)  # noqa: DTZ001
WORDS = st.sampled_from(["gold", "silver", "«x»", "", None])
CUSTOMER = st.fixed_dictionaries(
    {
        "segment": WORDS,
        "country": WORDS,
        "status": st.sampled_from(["new", "active", "lost"]),
        "weak_point_1": st.sampled_from(["service", "spend", None]),
        "weak_point_2": st.sampled_from(["service", "rhythm", None]),
        "weak_point_3": st.sampled_from(["product", None]),
        "clv": st.sampled_from([0.0, 12.5, 50.0, 1e9]),
        "churn_probability": st.sampled_from([0.0, 0.25, 1.0]),
        "value_at_risk": st.floats(0, 1e6),
        "last_contact_at": st.sampled_from([DAY, DAY - timedelta(microseconds=1), None]),
    }
)
FILTER = st.builds(
    Filter,
    segment=WORDS,
    country=WORDS,
    status=st.sampled_from(["new", "slowing", None]),
    weak_point=st.sampled_from(["service", "product", "satisfaction", None]),
    min_clv=st.sampled_from([0.0, 12.5, 13.0, None]),
    min_churn_probability=st.sampled_from([0.25, 0.3, None]),
    not_contacted_since=st.sampled_from([DAY, None]),
)


@pytest.fixture
def connection() -> Iterator[Any]:
    engine = create_engine("sqlite://")
    METADATA.create_all(engine)
    with engine.connect() as connection:
        yield connection
    engine.dispose()


@pytest.fixture
def small_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ranking, "BLOCK", 3)


def passes(customer: dict[str, Any], only: Filter) -> bool:
    """What `Filter` says in words."""
    points = [customer[f"weak_point_{place}"] for place in (1, 2, 3)]
    last = customer["last_contact_at"]
    return (
        all(getattr(only, name) in (None, customer[name]) for name in ("segment", "country", "status"))
        and (only.weak_point is None or only.weak_point in points)
        and (only.min_clv is None or customer["clv"] >= only.min_clv)
        and (
            only.min_churn_probability is None or customer["churn_probability"] >= only.min_churn_probability
        )
        and (only.not_contacted_since is None or last is None or last < only.not_contacted_since)
    )


@settings(max_examples=30, deadline=None)
@given(customers=st.lists(CUSTOMER, min_size=1, max_size=8), only=FILTER)
def test_a_filter_passes_whom_its_words_say(customers: list[dict[str, Any]], only: Filter) -> None:
    engine = create_engine("sqlite://")
    METADATA.tables["rankings"].create(engine)
    with engine.connect() as connection:
        keep(connection, 1, pd.DataFrame(customers, columns=list(COLUMNS)))
        found = read(connection, 1)
    engine.dispose()
    assert found.holds(only).tolist() == [passes(customer, only) for customer in customers]
    assert found.words("segment") == sorted({each["segment"] for each in customers} - {None})
    for status, told in found.by_status().items():
        of_status = [each for each in customers if each["status"] == status]
        assert told == {
            "customers": len(of_status),
            "value_at_risk": pytest.approx(sum(each["value_at_risk"] for each in of_status)),
            "expected_to_churn": pytest.approx(sum(each["churn_probability"] for each in of_status)),
        }


def customers(many: int) -> pd.DataFrame:
    """Of a word of their own each, so that no two blocks know the same words."""
    words = [f"W{number}" for number in range(many)]
    frame = pd.DataFrame(dict.fromkeys(COLUMNS[:6], words)).assign(status="new")
    figures = {name: np.arange(many, dtype=float) for name in ("clv", "churn_probability", "value_at_risk")}
    return frame.assign(**figures, last_contact_at=[DAY + timedelta(days=number) for number in range(many)])


@pytest.mark.parametrize("many", [1, 3, 4, 10])
@pytest.mark.usefixtures("small_blocks")
def test_blocks_join_as_they_were(connection: Any, many: int) -> None:
    frame = customers(many)
    keep(connection, 7, frame)
    keep(connection, 8, customers(2))
    found = read(connection, 7).frame
    firsts = select(rankings.c.first_rank).where(rankings.c.scoring_id == 7)
    assert sorted(connection.scalars(firsts)) == list(range(1, many + 1, 3))
    assert found.astype(dict.fromkeys(COLUMNS[:6], "str")).to_dict("list") == frame.to_dict("list")


@pytest.mark.usefixtures("small_blocks")
def test_who_is_blanked_is_not_counted_and_the_others_keep_their_ranks(connection: Any) -> None:
    keep(connection, 7, customers(10))
    keep(connection, 8, customers(10))
    for rank in (1, 5, 10):
        blank(connection, 7, rank)
    found = read(connection, 7)
    assert (np.flatnonzero(found.holds(EVERYONE)) + 1).tolist() == [2, 3, 4, 6, 7, 8, 9]
    assert (np.flatnonzero(found.holds(Filter(min_clv=4.0))) + 1).tolist() == [6, 7, 8, 9]
    assert found.by_status()["new"] == {"customers": 7, "value_at_risk": 32.0, "expected_to_churn": 32.0}
    assert found.words("segment") == ["W1", "W2", "W3", "W5", "W6", "W7", "W8"]
    assert read(connection, 8).holds(EVERYONE).all()


def test_a_scoring_that_is_not_there_has_no_customer(connection: Any) -> None:
    assert read(connection, 7).frame.empty
    assert read(connection, 7).by_status() == {}
