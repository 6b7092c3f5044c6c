"""A customer's page, against the store's row and the source's rows."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import Any
from urllib.parse import urlsplit

import pytest

from models import words
from serving.console.links import WHAT_IF, customer_path


@pytest.fixture(scope="module")
def customer(console: Any) -> dict[str, Any]:
    """One with two weak points at least, and with complaints."""
    rows = console.resources.store.at_risk(top=200).rows
    found: dict[str, Any] = next(row for row in rows if row["weak_point_2"] and row["service_points"] > 3)
    return found


def test_the_story_comes_first_and_holds_the_figures(
    console: Any, customer: dict[str, Any], read_page: Callable[[str], Any]
) -> None:
    page = read_page(console.get(customer_path(customer["customer_id"])).text)
    risk = words.percent(customer["churn_probability"])
    half = words.percent(customer["churn_probability"] / 2)
    assert f"At risk {words.money(customer['value_at_risk'], 'EUR')} Risk {risk}" in page.text
    assert f"The risk that no order comes within 90 days is {risk}" in page.text
    assert f"{half} on 1 May 2025" in page.text
    assert f"{customer['rank']:,} of {len(console.resources.store.at_risk(top=1000).rows)}" in page.text
    assert (
        page.text.index("The risk that") < page.text.index("Weak points") < page.text.index("What happened")
    )
    assert customer["action"] in page.text


def test_weak_points_bear_evidence_confidence_and_what_repair_gives(
    console: Any, customer: dict[str, Any], read_page: Callable[[str], Any]
) -> None:
    page = read_page(console.get(customer_path(customer["customer_id"])).text)
    for name in ("weak_point_1", "weak_point_2"):
        assert customer[f"{name}_says"] in page.text
        assert f"Repaired, the risk would be {words.percent(customer[f'{name}_repaired'])}." in page.text
        assert f"{customer[name]} +{customer[f'{name}_points']:.0f} points" in page.text
    listed = re.search(r"The usual risk (\S+) (.*) This customer’s risk (\S+)", page.text)
    assert listed
    points = [float(number.replace("−", "-")) for number in re.findall(r"[+−][\d.]+", listed[2])]
    assert len(points) == 7
    assert float(listed[1]) + sum(points) == pytest.approx(float(listed[3]), abs=0.5)


def test_all_events_before_the_day_are_told_and_none_after(
    console: Any, shop: Any, customer: dict[str, Any], read_page: Callable[[str], Any]
) -> None:
    page = read_page(console.get(customer_path(customer["customer_id"])).text)
    rows = shop.of([customer["customer_id"]])
    times = {"orders": "ordered_at", "tickets": "opened_at", "returns": "returned_at"}
    before = {name: sum(row[time] < "2025-06-01" for row in rows[name]) for name, time in times.items()}
    assert f"{sum(before.values())} events as a table" in page.text
    drawn_twice_and_listed = 3
    assert page.text.count("Order of EUR") == drawn_twice_and_listed * before["orders"]
    assert f"Complaints: {before['tickets']}." in page.text
    assert "No campaign has contacted them so far" in page.text


def test_a_source_that_is_away_is_told_and_the_rest_is_shown(
    make_console: Callable[..., Any], make_scored: Any, read_page: Callable[[str], Any]
) -> None:
    reply = make_console(make_scored(rows=5)).get("/pages/customers/C3")
    assert reply.status_code == 200
    text = read_page(reply.text).text
    assert "The events can’t be shown: There is no folder and no file at" in text
    assert "Weak points" in text
    assert "Not known: the campaigns stand in the source." in text
    assert "This is the first day on which they were scored." in text


def test_sliders_work_without_script_and_with_it(
    console: Any, customer: dict[str, Any], read_page: Callable[[str], Any]
) -> None:
    name = customer["customer_id"]
    first = customer["weak_point_1"]
    page = read_page(console.get(customer_path(name), **{first: 100}).text)
    sliders = {v["name"]: v["value"] for tag, v in page.tags if tag == "input" and v.get("type") == "range"}
    assert sliders[first] == "100"
    assert sum(value != "0" for value in sliders.values()) == 1
    then = words.percent(customer["weak_point_1_repaired"])
    told = f"{then} risk instead of {words.percent(customer['churn_probability'])}"
    assert told in page.text
    part = console.get(customer_path(name, WHAT_IF), **{first: 100})
    assert told in read_page(part.text).text
    assert "<html" not in part.text
    form = next(values for tag, values in page.tags if tag == "form" and "data-result" in values)
    assert form["data-result"] == customer_path(name, WHAT_IF)
    assert "Nothing is repaired yet." in read_page(console.get(customer_path(name), **{first: 0}).text).text
    assert console.get(customer_path(name), **{first: 101}).status_code == 422


def test_an_unknown_customer_is_told(console: Any, read_page: Callable[[str], Any]) -> None:
    reply = console.get("/pages/customers/nobody")
    assert reply.status_code == 404
    assert "Customer 'nobody' is not among the" in read_page(reply.text).text
    assert console.get("/pages/customers/%00").status_code == 404
    assert console.get("/pages/customers/").status_code == 404


def test_no_link_bears_an_id_in_its_query(
    odd: Any, odd_ids: Sequence[str], read_page: Callable[[str], Any]
) -> None:
    for customer_id in odd_ids:
        page = read_page(odd.get(customer_path(customer_id)).text)
        forms = [values["action"] for tag, values in page.tags if tag == "form"]
        for link in [*page.links, *forms]:
            assert re.fullmatch(r"(as_of|scoring)?(=[\d-]+)?", urlsplit(link or "").query)
