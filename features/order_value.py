"""What an order is worth: its value, its discount, its margin.

What has no value without an order in the last 90 days only tells silence: a model that saw it would blame
spend for what is rhythm, so it is a fact. Models are shown what is usual, and how it changed in the 90 days
up to the last order.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from math import inf
from typing import Any

from features.catalog import Feature, Row, Step
from features.ratios import EVER, THEN, Ratio

Value = Any  # an Ibis value expression

BASKET = Ratio("basket", ("amount",), ("orders",))
DISCOUNT = Ratio("discount_share", ("discount",), ("discount", "amount"))
MARGIN = Ratio("margin_share", ("margin",), ("amount_of_margin",))

USUAL_BASKET = Step("usual_basket", BASKET.needs(EVER), BASKET.usual)
_BASKET_BEFORE, _DISCOUNT_BEFORE = (
    Step(f"{ratio.name}_before", ratio.needs(EVER, "90d"), partial(ratio.raw_before, window="90d"))
    for ratio in (BASKET, DISCOUNT)
)

_90D, _BEFORE = "in the last 90 days", "before the last 90 days"
_THEN = "in the 90 days up to the last order"
_BEFORE_THEN = "before the 90 days up to the last order"


def fact(
    name: str,
    unit: str,
    words: str,
    needs: tuple[str, ...] = (),
    value: Callable[[Row], Value] | None = None,
    **more: Any,
) -> Feature:
    return Feature(name, "spend", unit, words, needs=needs, value=value, kind="fact", **more)


def _raw(ratio: Ratio, window: str) -> dict[str, Any]:
    return {"needs": ratio.needs(window), "value": partial(ratio.raw, window=window)}


def _raw_before(ratio: Ratio) -> dict[str, Any]:
    return {"needs": ratio.needs(EVER, THEN), "value": partial(ratio.raw_before, window=THEN)}


def _basket_change(row: Row) -> Value:
    """In shares of the usual basket; no change where nothing was ever paid."""
    return (BASKET.change(row) / row.usual_basket.nullif(0)).fill_null(0.0)


def _usual(ratio: Ratio, unit: str, words: str, missing: str, **more: Any) -> Feature:
    return Feature(
        f"usual_{ratio.name}",
        "spend",
        unit,
        f"{words}, leaning on that of all customers",
        null=f"{missing} anywhere",
        **more,
    )


def _change(ratio: Ratio, words: str, **more: Any) -> Feature:
    return Feature(
        f"{ratio.name}_change_{THEN}",
        "spend",
        words=f"change of the {words} {_THEN}",
        needs=ratio.needs(EVER, THEN),
        **{"value": ratio.change, **more},
    )


_BASKETS = (
    fact("basket_mean", "money", "mean order value", worse="low", **_raw(BASKET, EVER)),
    Feature("basket_median", "spend", "money", "median order value", worse="low"),
    fact(
        "basket_90d",
        "money",
        f"mean order value {_90D}",
        worse="low",
        null=f"no order {_90D}",
        **_raw(BASKET, "90d"),
    ),
    fact(
        "basket_before",
        "money",
        f"mean order value {_BEFORE}",
        null=f"no order {_BEFORE}",
        steps=(_BASKET_BEFORE,),
    ),
    fact(
        "basket_change",
        "ratio",
        f"mean order value {_90D} over that before",
        BASKET.needs("90d"),
        lambda row: BASKET.raw(row, "90d") / row.basket_before.nullif(0),
        worse="low",
        null=f"no order {_90D}, or nothing paid {_BEFORE}",
        steps=(_BASKET_BEFORE,),
    ),
    _usual(BASKET, "money", "mean order value", "no order", worse="low", steps=(USUAL_BASKET,)),
    fact(
        f"basket_{THEN}",
        "money",
        f"mean order value {_THEN}",
        worse="low",
        null="no order in these days",
        **_raw(BASKET, THEN),
    ),
    fact(
        "basket_before_last_order",
        "money",
        f"mean order value {_BEFORE_THEN}",
        null="no order before these days",
        **_raw_before(BASKET),
    ),
    _change(
        BASKET,
        "mean order value",
        unit="ratio",
        worse="low",
        low=-inf,
        value=_basket_change,
        steps=(USUAL_BASKET,),
    ),
)

_DISCOUNTS = (
    fact(
        "discount_share_90d",
        "share",
        f"share of the list price given as discount {_90D}",
        worse="high",
        null=f"nothing to pay {_90D}",
        high=1.0,
        **_raw(DISCOUNT, "90d"),
    ),
    fact(
        "discount_share_before",
        "share",
        f"share of the list price given as discount {_BEFORE}",
        null=f"nothing to pay {_BEFORE}",
        high=1.0,
        steps=(_DISCOUNT_BEFORE,),
    ),
    fact(
        "discount_change",
        "share",
        "discount share of the last 90 days minus that before",
        DISCOUNT.needs("90d"),
        lambda row: DISCOUNT.raw(row, "90d") - row.discount_share_before,
        worse="high",
        null=f"nothing to pay {_90D}, or {_BEFORE}",
        low=-1.0,
        high=1.0,
        steps=(_DISCOUNT_BEFORE,),
    ),
    _usual(
        DISCOUNT,
        "share",
        "discount share",
        "nothing to pay",
        worse="high",
        high=1.0,
        value=DISCOUNT.usual,
        needs=DISCOUNT.needs(EVER),
    ),
    fact(
        f"discount_share_{THEN}",
        "share",
        f"discount share {_THEN}",
        worse="high",
        null="nothing to pay in these days",
        high=1.0,
        **_raw(DISCOUNT, THEN),
    ),
    fact(
        "discount_share_before_last_order",
        "share",
        f"discount share {_BEFORE_THEN}",
        null="nothing to pay before these days",
        high=1.0,
        **_raw_before(DISCOUNT),
    ),
    _change(DISCOUNT, "discount share", unit="share", worse="high", low=-1.0, high=1.0),
    Feature(
        "usual_discounted_share",
        "spend",
        "share",
        "discounted share of orders, leaning on that of all customers",
        worse="high",
        null="no order anywhere",
        needs=("discounted_orders", "orders"),
        value=lambda row: row.rate("discounted_share", row.discounted_orders, row.orders),
        high=1.0,
    ),
)

_MARGINS = (
    _usual(
        MARGIN,
        "share",
        "margin share of revenue",
        "no known margin",
        worse="low",
        low=-inf,
        value=MARGIN.usual,
        needs=MARGIN.needs(EVER),
    ),
    fact(
        "margin_share_365d",
        "share",
        "margin over revenue in the last 365 days",
        null="no revenue with a known margin in the last 365 days",
        low=-inf,
        **_raw(MARGIN, "365d"),
    ),
    _change(MARGIN, "margin share of revenue", unit="share", worse="low", low=-inf),
)

ORDER_VALUE = (*_BASKETS, *_DISCOUNTS, *_MARGINS)
