"""The simulated tables against the contract and against each other, and whether they look like a retailer."""

from __future__ import annotations

from collections.abc import Callable

import duckdb
import pytest

from features.tables import CONTRACT, SURVEY_SCALES, Column

Number = Callable[[str], float]
END = "timestamp '2025-01-01'"


def _broken(column: Column) -> list[str]:
    """Conditions that no row may meet."""
    conditions = [] if column.optional else [f"{column.name} is null"]
    if column.kind == "id":
        conditions.append(f"typeof({column.name}) <> 'VARCHAR' or trim({column.name}) in ('', 'nan')")
    if column.kind == "time":
        conditions.append(f"typeof({column.name}) <> 'TIMESTAMP' or {column.name} >= {END}")
    if column.low is not None:
        conditions.append(f"{column.name} < {column.low}")
    if column.high is not None:
        conditions.append(f"{column.name} > {column.high}")
    if column.kind in ("number", "money"):
        conditions.append(f"isnan({column.name}::double)")
    if column.one_of:
        conditions.append(f"{column.name} not in {(*column.one_of, column.one_of[0])}")
    return conditions


@pytest.mark.parametrize("name", CONTRACT)
def test_every_row_obeys_the_contract(tables: duckdb.DuckDBPyConnection, number: Number, name: str) -> None:
    table = CONTRACT[name]
    columns = tables.sql(f"from {name}").columns
    assert number(f"select count(*) from {name}") > 0
    known = {column.name for column in table.columns}
    extra = {"household_size", "delivery"} if table.attributes else set()
    assert set(columns) == known | extra
    for column in table.columns:
        for condition in _broken(column):
            assert number(f"select count(*) from {name} where {condition}") == 0, condition
    if table.key:
        assert number(f"select count(*) - count(distinct {table.key}) from {name}") == 0


@pytest.mark.parametrize("name", sorted(set(CONTRACT) - {"customers", "benchmarks"}))
def test_no_row_is_orphaned(tables: duckdb.DuckDBPyConnection, number: Number, name: str) -> None:
    if "customer_id" in tables.sql(f"from {name}").columns:
        orphans = f"{name} anti join customers using (customer_id) where customer_id is not null"
    else:
        orphans = f"{name} anti join orders using (order_id)"
    assert number(f"select count(*) from {orphans}") == 0


@pytest.mark.parametrize(
    "impossible",
    [
        "orders join customers using (customer_id) where ordered_at < signed_up_at",
        "orders where margin > amount",
        "orders where ordered_at < timestamp '2023-01-01'",
        "orders join (select order_id, sum(amount) as lines, sum(quantity) as pieces from order_lines"
        " group by order_id) using (order_id) where abs(lines - amount) > 0.001 or pieces <> quantity",
        "orders anti join order_lines using (order_id)",
        "returns join orders using (order_id) where returned_at <= ordered_at"
        " or returns.amount > orders.amount or returns.customer_id <> orders.customer_id",
        "tickets where first_response_at < opened_at or resolved_at < first_response_at",
        "tickets where reopened_at < resolved_at or (resolved_at is null and reopened_at is not null)",
        "contacts where arm = 'control' and coalesce(cost, coupon_value, epoch(redeemed_at)) is not null",
        "contacts where arm = 'treatment' and (cost is null or coupon_value is null)",
        "contacts join customers using (customer_id) where sent_at >= opted_out_at or sent_at < signed_up_at",
        "contacts anti join orders on orders.customer_id = contacts.customer_id and ordered_at = redeemed_at"
        " and discount > 0 where redeemed_at is not null",
        "subscriptions where cancelled_at <= started_at",
        "engagement join customers using (customer_id) where kind in ('open', 'click')"
        " and occurred_at > opted_out_at",
        *(
            f"surveys where metric = '{metric}' and (score < {low} or score > {high} or score % 1 <> 0)"
            for metric, (low, high) in SURVEY_SCALES.items()
        ),
    ],
)
def test_what_cannot_be_is_not(number: Number, impossible: str) -> None:
    assert number(f"select count(*) from {impossible}") == 0


def test_the_fourth_quarter_is_strong_and_the_company_grows(number: Number) -> None:
    quarter = "select count(*) from orders where quarter(ordered_at) = {} and year(ordered_at) = {}"
    for year in (2023, 2024):
        assert number(quarter.format(4, year)) > 1.3 * number(quarter.format(3, year))
    sign_ups = "select count(*) from customers where year(signed_up_at) = {}"
    assert number(sign_ups.format(2024)) > 1.3 * number(sign_ups.format(2023))


def test_baskets_have_a_heavy_tail(number: Number) -> None:
    assert number("select avg(amount) / median(amount) from orders") > 1.4
    assert number("select quantile_cont(amount, 0.999) / median(amount) from orders") > 15


def test_rhythms_differ_between_customers(number: Number) -> None:
    gaps = """(
        select customer_id, avg(gap) as mean, stddev(gap) / avg(gap) as unsteadiness from (
            select customer_id, epoch(ordered_at) - epoch(lag(ordered_at) over (
                partition by customer_id order by ordered_at)) as gap from orders
        ) where gap is not null group by 1 having count(*) >= 10)"""
    assert number(f"select quantile_cont(mean, 0.9) / quantile_cont(mean, 0.1) from {gaps}") > 2.5
    assert number(f"select quantile_cont(unsteadiness, 0.1) from {gaps}") < 0.7
    assert number(f"select quantile_cont(unsteadiness, 0.9) from {gaps}") > 1.0


@pytest.mark.parametrize("as_of", ["2024-01-01", "2024-04-01", "2024-07-01", "2024-10-01"])
def test_a_quarter_to_nearly_half_of_the_active_churn(number: Number, as_of: str) -> None:
    churn = number(f"""
        select avg((next is null)::int) from (
            select max(ordered_at) filter (ordered_at < date '{as_of}') as last,
                   min(ordered_at) filter (ordered_at >= date '{as_of}') as next
            from orders where ordered_at >= date '{as_of}' - interval 365 day
                and ordered_at < date '{as_of}' + interval 90 day
            group by customer_id) where last is not null""")
    assert 0.25 <= churn <= 0.45


def test_each_cause_has_its_share_of_those_who_leave(tables: duckdb.DuckDBPyConnection) -> None:
    shares = dict(
        tables.sql("""
            select coalesce(cause, 'none'), count(*) / sum(count(*)) over ()
            from true_customers where left_at is not null group by 1""").fetchall()
    )
    assert set(shares) == {"spend", "product", "service", "satisfaction", "engagement", "none"}
    assert min(shares.values()) > 0.1
    assert max(shares.values()) < 0.4


@pytest.mark.parametrize(
    ("table", "moment"),
    [("orders", "ordered_at"), ("tickets", "opened_at"), ("surveys", "responded_at")],
)
def test_who_has_left_is_silent(number: Number, table: str, moment: str) -> None:
    late = f"{table} join true_customers using (customer_id) where {moment} >= left_at"
    assert number(f"select count(*) from {late}") == 0


def test_plans_are_cancelled_by_those_who_leave(number: Number) -> None:
    share = """
        select 1 - avg(runs) from (
            select customer_id, max((cancelled_at is null)::int) as runs from subscriptions group by 1
        ) join true_customers using (customer_id) where {}"""
    assert number(share.format("left_at < timestamp '2024-10-01'")) > 0.75
    assert number(share.format("left_at is null")) < 0.2
