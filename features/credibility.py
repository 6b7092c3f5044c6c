"""How much a customer's own orders weigh against those of all: the credibility of Bühlmann and Straub.

What an order shows (its value, its discount, its margin) differs between a customer's own orders and between
customers. The prior of such a ratio is what all customers show, as heavy as the variance within customers
over that between them: Bühlmann & Straub (1970), Glaubwürdigkeit für Schadensätze; Bühlmann & Gisler (2005),
A Course in Credibility Theory and its Applications, chapter 4.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import ibis

from features.facts import MONEY_UNIT, whole
from features.priors import Prior

THOUSAND = 1_000
MOST = 100 * THOUSAND
"""Money is measured in thousandths of the mean order; beyond a hundred orders it tells nothing more."""

Value = Any  # an Ibis value expression


def _basket(orders: ibis.Table) -> tuple[Value, Value | None]:
    return whole(orders.amount), None


def _discount_share(orders: ibis.Table) -> tuple[Value, Value | None]:
    discount = whole(orders.discount.fill_null(0))
    return discount, whole(orders.amount) + discount


def _margin_share(orders: ibis.Table) -> tuple[Value, Value | None]:
    return whole(orders.margin), whole(orders.amount)


_RATIOS: dict[str, tuple[tuple[str, ...], Callable[[ibis.Table], tuple[Value, Value | None]]]] = {
    "basket": ((), _basket),
    "discount_share": (("discount",), _discount_share),
    "margin_share": (("margin",), _margin_share),
}
"""By name: the columns it needs, and which money is divided by which; by the orders where by none."""


def learn_ratios(orders: ibis.Table) -> dict[str, Prior]:
    """The priors of order value, discount share and margin share, in money on orders or on money.

    None where nothing was ever paid, or a column is missing or null throughout.
    """
    mean = orders.aggregate(mean=whole(orders.amount).sum().cast("float64") / orders.count())
    typical = float(mean.to_pyarrow()["mean"][0].as_py() or 0)
    if typical <= 0:
        return {}
    found = {
        name: _prior(orders, *ratio(orders), typical)
        for name, (needs, ratio) in _RATIOS.items()
        if set(needs) <= set(orders.columns)
    }
    return {name: prior for name, prior in found.items() if prior is not None}


def _prior(orders: ibis.Table, part: Value, base: Value | None, typical: float) -> Prior | None:
    rows = orders.select("customer_id", part=part, base=_ONE if base is None else base)
    rows = rows.filter(rows.part.notnull() & (rows.base > 0))
    scaled = rows.select(
        "customer_id",
        "part",
        "base",
        share=_in_thousandths(rows.part, typical),
        weight=ibis.literal(THOUSAND, "int64") if base is None else _in_thousandths(rows.base, typical),
    ).filter(lambda t: t.weight > 0)
    sums = _sums(scaled)
    if not sums["orders"]:
        return None
    weight = _weight(sums) / THOUSAND * (1 if base is None else typical / MONEY_UNIT)
    unit = MONEY_UNIT if base is None else 1
    return Prior(sums["part"] / sums["base"] / unit * weight, weight)


_ONE = ibis.literal(1, "int64")


def _in_thousandths(money: Value, typical: float) -> Value:
    scaled = (money * (THOUSAND / typical) + 0.5).floor()
    return ibis.greatest(ibis.least(scaled, MOST), -MOST).cast("int64")


def _sums(scaled: ibis.Table) -> dict[str, float]:
    """Sums over all customers, each of whole numbers: no order of the rows changes them."""
    own = scaled.group_by("customer_id").aggregate(
        orders=scaled.count(),
        part=scaled.part.sum(),
        base=scaled.base.sum(),
        share=scaled.share.sum(),
        weight=scaled.weight.sum(),
        squares=_squares(scaled.share, scaled.weight).sum(),
    )
    row = own.aggregate(
        customers=own.count(),
        **{name: own[name].sum() for name in ("orders", "part", "base", "share", "weight", "squares")},
        squared_means=_squares(own.share, own.weight).sum(),
        squared_weights=_squares(own.weight, ibis.literal(THOUSAND * THOUSAND)).sum(),
    )
    return {name: float(value or 0) for name, value in row.to_pyarrow().to_pylist()[0].items()}


def _squares(value: Value, weight: Value) -> Value:
    """value² / weight in thousandths."""
    number = value.cast("float64")
    return (number * number * THOUSAND / weight).floor().cast("int64")


def _weight(sums: dict[str, float]) -> float:
    """Variance within customers over that between them, in thousandths of an order: at least one order.

    Where customers don't differ beyond chance, or none has a second order, it is as heavy as all orders.
    """
    in_all, customers = sums["weight"], sums["customers"]
    repeated = sums["orders"] - customers
    within = max(sums["squares"] - sums["squared_means"], 0.0) / THOUSAND / repeated if repeated else 0.0
    mean = sums["share"] / in_all
    beyond = sums["squared_means"] / THOUSAND - mean * sums["share"] - (customers - 1) * within
    effective = in_all - sums["squared_weights"] * THOUSAND / in_all
    between = beyond / effective if repeated and effective > 0 else 0.0
    return min(max(within / between, THOUSAND), in_all) if between > 0 else in_all
