"""The list as a page, against the store's list and the API's CSV."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import pytest

from models import words
from serving.console.links import customer_id_of, customer_path

CUSTOMER = "/pages/customers/"


def ids(page: Any) -> list[str]:
    from urllib.parse import unquote

    paths = [link.partition("?")[0] for link in page.links if link.startswith(CUSTOMER)]
    return [customer_id_of(unquote(path.removeprefix(CUSTOMER))) for path in paths]


def next_page(page: Any) -> str | None:
    return next(
        (values["href"] for tag, values in page.tags if tag == "a" and values.get("rel") == "next"), None
    )


def test_the_page_shows_the_stores_first_rows_with_money_reason_and_action(
    console: Any, read_page: Callable[[str], Any]
) -> None:
    page = read_page(console.get("/pages/at-risk").text)
    found = console.resources.store.at_risk()
    assert ids(page) == [row["customer_id"] for row in found.rows]
    for row in found.rows:
        told = [
            words.money(row["value_at_risk"], "EUR"),
            words.percent(row["churn_probability"]),
            row["action"],
        ]
        told += [row["weak_point_1_says"]] if row["weak_point_1"] else []
        assert all(" ".join(text.split()) in page.text for text in told)
    assert f"At risk {words.money(found.value_at_risk, 'EUR')}" in page.text
    assert f"Active customers {found.matching:,}" in page.text
    assert "Scored as of 1 June 2025 by model version 7" in page.text
    share = sum(row["value_at_risk"] for row in found.rows) / found.value_at_risk
    assert f"50 of {found.matching} customers, by value at risk; they hold {share:.0%}"[:-1] in page.text


def test_pages_follow_each_other_to_the_end(console: Any, shop: Any, read_page: Callable[[str], Any]) -> None:
    path: str | None = "/pages/at-risk?top=60&weak_point=rhythm"
    frame, found = shop.scored.scores, []
    while path and len(found) < len(frame):
        page = read_page(console.get(path).text)
        found += ids(page)
        path = next_page(page)
    named = (frame[["weak_point_1", "weak_point_2", "weak_point_3"]] == "rhythm").any(axis=1)
    assert found == frame.loc[named, "customer_id"].tolist()
    assert len(found) > 60
    assert "/pages/at-risk?weak_point=rhythm&top=60" in page.links


def test_the_csv_is_that_of_the_same_filter(console: Any, read_page: Callable[[str], Any]) -> None:
    asked: dict[str, Any] = {"segment": "gold", "min_clv": 5, "min_churn_probability": 0.5}
    page = read_page(console.get("/pages/at-risk", **asked, cursor="", status="").text)
    path = next(link for link in page.links if link.startswith("/pages/at-risk.csv"))
    csv = console.get(path)
    assert csv.text == console.get("/at-risk", **asked, format="csv").text
    assert csv.text.count("\r\n") == 1 + len(ids(page)) > 5
    assert csv.headers["content-disposition"].startswith("attachment; filename=")


def test_the_filter_stands_in_the_form_as_it_was_asked(console: Any, read_page: Callable[[str], Any]) -> None:
    page = read_page(console.get("/pages/at-risk?status=lost&min_clv=12.5&min_churn_probability=0.42").text)
    chosen = [values["value"] for tag, values in page.tags if tag == "option" and "selected" in values]
    assert chosen == ["", "lost", "0.42"]
    assert ("min_clv", "12.5") in [(values.get("name"), values.get("value")) for _, values in page.tags]
    assert [values for tag, values in page.tags if tag == "details" and "open" in values]
    options = {values["value"] for tag, values in page.tags if tag == "option"}
    assert {"gold", "silver", "DE", "FR", "IT", "service", "0.9"} <= options


def test_an_earlier_day_is_shown_as_it_was(console: Any, read_page: Callable[[str], Any]) -> None:
    page = read_page(console.get("/pages/at-risk?as_of=2025-05-01").text)
    assert "Scored as of 1 May 2025" in page.text
    first = console.resources.store.scorings()[-1]
    links = [link for link in page.links if link.startswith(CUSTOMER)]
    assert all(link.endswith(f"?scoring={first.id}") for link in links)
    assert "Scored as of 1 May 2025" in read_page(console.get(links[0]).text).text


def test_nothing_scored_yet_is_told(
    make_console: Callable[..., Any], read_page: Callable[[str], Any]
) -> None:
    reply = make_console().get("/pages/at-risk")
    assert reply.status_code == 200
    assert "Nothing has been scored yet" in read_page(reply.text).text


@pytest.mark.parametrize(
    ("query", "status", "says"),
    [
        ("min_clv=1000000000", 200, "No one passes this filter"),
        ("segment=bronze", 422, "No customer is of segment 'bronze'; use one of gold, silver."),
        ("status=happy", 422, "status is 'happy'; use one of new,"),
        ("cursor=9-9", 404, "There is no scoring 9"),
        ("min_clv=much", 422, 'min_clv is "much", a text; give a number.'),
        ("as_of=1999-01-01", 404, "Nothing was scored as of 1999-01-01"),
        ("colour=red", 422, "colour is unknown"),
    ],
)
def test_what_can_not_be_shown_is_told(
    console: Any, read_page: Callable[[str], Any], query: str, status: int, says: str
) -> None:
    reply = console.get(f"/pages/at-risk?{query}")
    assert reply.status_code == status
    assert says in read_page(reply.text).text


def test_one_customer_without_weak_points(make_console: Any, make_scored: Any, read_page: Any) -> None:
    scored = make_scored(rows=1)
    for part in ("", "_says", "_confidence"):
        scored.scores[f"weak_point_1{part}"] = None
    page = read_page(make_console(scored).get("/pages/at-risk").text)
    assert "1 of 1 customer, by value at risk" in page.text
    assert "Nothing stands out that lifts the risk above the usual 25 %." in page.text
    assert next_page(page) is None


def test_ids_of_any_characters_are_shown_and_lead_to_their_page(
    odd: Any, odd_ids: Sequence[str], read_page: Callable[[str], Any]
) -> None:
    html = odd.get("/pages/at-risk").text
    assert sorted(ids(read_page(html))) == sorted(odd_ids)
    assert "<script>alert" not in html
    assert "<img" not in html
    for customer_id in odd_ids:
        page = read_page(odd.get(customer_path(customer_id)).text)
        assert " ".join(customer_id.split()) in page.text
        assert "<img src=x onerror=alert(1)>" in page.text
