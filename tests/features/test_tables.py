"""The contract agrees with itself, and its tables and columns are the ones users were promised."""

from __future__ import annotations

import pytest

from features.tables import CONTRACT, SURVEY_SCALES, Table

PROMISED = {
    "customers": "customer_id signed_up_at* acquisition_channel* acquisition_cost* segment* country* "
    "birth_year* opted_out_at*",
    "orders": "order_id customer_id ordered_at amount discount* margin* quantity* channel*",
    "order_lines": "order_id product_id category* quantity* amount*",
    "returns": "return_id order_id* customer_id returned_at amount kind*",
    "tickets": "ticket_id customer_id opened_at kind channel* topic* text* first_response_at* resolved_at* "
    "reopened_at*",
    "surveys": "response_id customer_id responded_at metric score touchpoint* comment*",
    "engagement": "customer_id occurred_at kind channel* text*",
    "contacts": "contact_id campaign_id customer_id sent_at arm channel* cost* coupon_value* redeemed_at*",
    "subscriptions": "subscription_id customer_id started_at cancelled_at* plan* price*",
    "costs": "occurred_at kind amount customer_id* channel*",
    "benchmarks": "competitor metric period value",
}


def test_the_tables_are_the_promised_ones() -> None:
    found = {
        name: " ".join(column.name + "*" * column.optional for column in table.columns)
        for name, table in CONTRACT.items()
    }
    assert found == PROMISED


@pytest.mark.parametrize("table", CONTRACT.values(), ids=lambda table: table.name)
def test_a_table_names_only_its_own_columns(table: Table) -> None:
    names = {column.name for column in table.columns}
    after = {column.after for column in table.columns if column.after}
    assert {table.key, table.time, *table.fills_in, *after} - {None} <= names
    assert len(names) == len(table.columns)


@pytest.mark.parametrize("table", CONTRACT.values(), ids=lambda table: table.name)
def test_key_and_time_are_required_and_what_fills_in_later_is_not(table: Table) -> None:
    assert not any(table.column(name).optional for name in (table.key, table.time) if name)
    assert all(table.column(name).optional for name in table.fills_in)
    assert all(table.column(name).kind == "time" for name in (table.time, *table.fills_in) if name)


def test_only_customers_keep_further_columns() -> None:
    assert [name for name, table in CONTRACT.items() if table.attributes] == ["customers"]


def test_a_required_value_takes_its_row_and_an_optional_one_only_itself_but_for_two() -> None:
    other = {
        f"{table.name}.{column.name}": column.spoils
        for table in CONTRACT.values()
        for column in table.columns
        if column.spoils != ("value" if column.optional else "row")
    }
    assert other == {"customers.opted_out_at": "source", "subscriptions.cancelled_at": "row"}


def test_the_metrics_of_surveys_are_those_with_a_scale() -> None:
    assert CONTRACT["surveys"].column("metric").one_of == tuple(SURVEY_SCALES)
