"""The rows behind a figure: they add up to it, and are those that one would count by hand."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import pytest

from features.errors import RequestError
from features.indicators.behind import COLUMNS, Asked, behind
from features.indicators.measure import book
from features.sources import source_from_rows
from tests.features.indicators.conftest import AS_OF, COMPANY

TABLES = source_from_rows(COMPANY).tables
Find = Callable[..., Mapping[str, Any]]
ONE_OF_EACH = (
    "nps", "answers_per_order", "active_customers", "winback_rate", "revenue", "discount_share",
    "returned_share", "lines_returned", "first_response_hours", "reopened_share", "cac",
    "redemption_rate", "clicks_per_open",
)  # fmt: skip
"""Of each table, kind of figure and time given."""


def listed(figure: str, *by: str) -> Any:
    return behind(TABLES, AS_OF, Asked(figure, *by))


@pytest.mark.parametrize("name", ONE_OF_EACH)
def test_what_the_rows_count_adds_up_to_the_figure(name: str, find: Find) -> None:
    indicator, rows = book()[name], listed(name)
    events, chances = (rows.loc[rows.part == part, "counts"].sum() for part in ("events", "chances"))
    told = events if indicator.chances is None else indicator.scale * events / chances
    assert told == pytest.approx(find(name)["figure"], rel=1e-9)


def test_the_rows_of_nps_by_hand() -> None:
    rows = listed("nps", "touchpoint", "mail")
    assert list(rows.columns) == list(COLUMNS)
    events = rows[rows.part == "events"]
    assert events.row.to_list() == ["1", "2", "3"]
    assert set(events.customer_id) == {"a"}
    assert events.counts.to_list() == [1, 1, 1]
    assert set(events.month) == {"2024-02"}
    assert rows[rows.part == "chances"].row.to_list() == ["1", "2", "3", "4"]


def test_the_customers_of_a_state_by_hand() -> None:
    """Three months before: b and f had ordered in the year before and didn't since; a did."""
    rows = listed("active_customers")
    assert rows.customer_id.to_list() == ["a", "b", "d", "e", "f"]
    rows = listed("active_customers", "segment", "old")
    assert rows.customer_id.to_list() == ["a", "b"]
    churned = listed("churn_rate")
    retained = listed("retention_rate")
    assert {*churned[churned.part == "events"].customer_id} == {"b", "f"}
    assert {*retained[retained.part == "events"].customer_id} == {"a"}


def test_the_customers_of_groups_moves_gains_by_hand() -> None:
    """c and g ordered in 2023 alone, b, e and f in 2024 alone, a and d in both."""
    assert {*listed("gains:lost").customer_id} == {"c", "g"}
    assert {*listed("gains:new").customer_id} == {"b", "e", "f"}
    lost = listed("group:lost")
    assert {*lost.customer_id} == {"c", "g"}
    assert lost.counts.sum() == 0
    assert set(listed("move:not yet customers:champions").customer_id) <= {"b", "e", "f"}


@pytest.mark.parametrize(
    ("asked", "says"),
    [
        (("npss",), r"There is no figure 'npss'; use one of .* Is nps meant\?"),
        (("nps", "topic", "late"), r"There is no breakdown of nps 'topic'; use one of touchpoint"),
        (("group:loyall",), r"There is no group 'loyall'; .* Is loyal meant\?"),
        (("move:loyal",), "is no figure; write group:loyal, move:loyal:lost, gains:lost or"),
    ],
)
def test_what_is_not_there_is_refused(asked: tuple[str, ...], says: str) -> None:
    with pytest.raises(RequestError, match=says):
        listed(*asked)


def test_what_the_tables_can_not_give_is_refused() -> None:
    tables = source_from_rows({"orders": COMPANY["orders"]}).tables
    with pytest.raises(RequestError, match="nps can't be measured from these tables; collect surveys"):
        behind(tables, AS_OF, Asked("nps"))
