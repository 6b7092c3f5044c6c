"""How much a customer's own orders weigh against those of all: the credibility of Bühlmann and Straub.

What an order shows (its value, its discount, its margin) differs between a customer's own orders and between
customers. The prior of such a ratio is what all customers show, as heavy as the variance within customers
over that between them: Bühlmann & Straub (1970), Glaubwürdigkeit für Schadensätze; Bühlmann & Gisler (2005),
A Course in Credibility Theory and its Applications, chapter 4.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import ibis

from features.facts import MONEY_UNIT, whole
from features.priors import Prior

THOUSAND = 1_000
MOST = 100 * THOUSAND
"""Money is measured in thousandths of the mean order; beyond a hundred orders it tells nothing more."""

Value = Any  # an Ibis value expression
Ratios = Mapping[str, tuple[Value, Value | None]]
"""By name: which money is divided by which; by the orders where by none."""


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
    ratios = {name: of(orders) for name, (needs, of) in _RATIOS.items() if set(needs) <= set(orders.columns)}
    sums = _sums(orders, ratios, typical)
    return {
        name: _prior(sums[name], *((1.0, MONEY_UNIT) if base is None else (typical / MONEY_UNIT, 1)))
        for name, (_, base) in ratios.items()
        if sums[name]["orders"]
    }


def _in_thousandths(money: Value, typical: float) -> Value:
    # as it is, DuckDB and PostgreSQL would count on in decimals of 38 digits
    scaled = (money.cast("float64") * (THOUSAND / typical) + 0.5).floor()
    return ibis.greatest(ibis.least(scaled, MOST), -MOST).cast("int64")


def _sums(orders: ibis.Table, ratios: Ratios, typical: float) -> dict[str, dict[str, float]]:
    """Sums over all customers, each of whole numbers: no order of the rows changes them. One pass for all."""
    scaled = orders.select(
        "customer_id",
        **{
            f"{name} {key}": each for name, of in ratios.items() for key, each in _scaled(of, typical).items()
        },
    )
    own = scaled.group_by("customer_id").aggregate(
        **{f"{name} {key}": each for name in ratios for key, each in _of_customer(scaled, name).items()}
    )
    row = own.aggregate(
        **{f"{name} {key}": each for name in ratios for key, each in _of_all(own, name).items()}
    )
    found = row.to_pyarrow().to_pylist()[0]
    return {name: {key: float(found[f"{name} {key}"] or 0) for key in _KEYS} for name in ratios}


_ADDED = ("orders", "part", "base", "share", "weight", "squares")
_KEYS = ("customers", *_ADDED, "squared_means", "squared_weights")


def _scaled(ratio: tuple[Value, Value | None], typical: float) -> dict[str, Value]:
    """Of one order; all null where it can't tell the ratio."""
    part, base = ratio
    known, weight = part.notnull(), ibis.literal(THOUSAND, "int64")
    if base is not None:
        weight = _in_thousandths(base, typical)
        known = known & (base > 0) & (weight > 0)
    values = {
        "part": part,
        "base": ibis.literal(1, "int64") if base is None else base,
        "share": _in_thousandths(part, typical),
        "weight": weight,
    }
    return {key: known.ifelse(value, None) for key, value in values.items()}


def _of_customer(scaled: ibis.Table, name: str) -> dict[str, Value]:
    share, weight = scaled[f"{name} share"], scaled[f"{name} weight"]
    return {
        "orders": share.count(),
        **{key: scaled[f"{name} {key}"].sum() for key in ("part", "base", "share", "weight")},
        "squares": _squares(share, weight).sum(),
    }


def _of_all(own: ibis.Table, name: str) -> dict[str, Value]:
    share, weight = own[f"{name} share"], own[f"{name} weight"]
    return {
        "customers": share.count(),
        **{key: own[f"{name} {key}"].sum() for key in _ADDED},
        "squared_means": _squares(share, weight).sum(),
        "squared_weights": _squares(weight, ibis.literal(THOUSAND * THOUSAND)).sum(),
    }


def _squares(value: Value, weight: Value) -> Value:
    """value² / weight in thousandths."""
    number = value.cast("float64")
    return (number * number * THOUSAND / weight).floor().cast("int64")


def _prior(sums: Mapping[str, float], order: float, money: float) -> Prior:
    """`order`: the mean order in what the ratio divides by. `money`: what one of it counts in the sums."""
    weight = _weight(sums) / THOUSAND * order
    return Prior(sums["part"] / sums["base"] / money * weight, weight)


def _weight(sums: Mapping[str, float]) -> float:
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
