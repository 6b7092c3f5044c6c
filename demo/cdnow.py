"""CDNOW: all purchases until mid-1998 of the 23,570 people who first bought CDs there in early 1997.

The data set of Fader and Hardie (2001), as it lies in the package `lifetimes`.
"""

from __future__ import annotations

from pathlib import Path

import duckdb

from demo.folders import fresh, in_package

_LINES = """
create table lines as
select row_number() over () as line_number, line
from read_csv(
    ?, columns = {'line': 'varchar'}, header = false, auto_detect = false, delim = '\x1f', quote = ''
)
"""

# The first line is a header; customer, day, number of CDs and dollars stand in columns of fixed width.
_PURCHASES = """
create view purchases as
select substr(line, 2, 5) as customer_id,
       strptime(substr(line, 8, 8), '%Y%m%d') as ordered_at,
       trim(substr(line, 16, 3))::bigint as quantity,
       trim(substr(line, 19, 8))::decimal(12, 2) as amount
from lines where line_number > 1
"""

_ORDERS = """
select customer_id || '-' || strftime(ordered_at, '%Y%m%d') as order_id, customer_id, ordered_at,
       sum(amount)::double as amount, sum(quantity)::bigint as quantity
from purchases group by customer_id, ordered_at order by customer_id, ordered_at
"""

_CUSTOMERS = """
select customer_id, min(ordered_at) as signed_up_at from purchases group by customer_id order by customer_id
"""


def write(folder: Path) -> None:
    """Write the tables `orders` and `customers` as Parquet files.

    What a customer bought on one day is one order. `signed_up_at` is the first order's day. Raises
    SourceError where `folder` holds anything, or the package is missing.
    """
    source = in_package("lifetimes", "datasets/CDNOW_master.txt")
    with fresh(folder) as (target,), duckdb.connect() as connection:
        connection.execute(_LINES, [str(source)])
        connection.execute(_PURCHASES)
        for name, query in (("orders", _ORDERS), ("customers", _CUSTOMERS)):
            connection.sql(query).write_parquet(str(target / f"{name}.parquet"), compression="zstd")
