"""What they buy and what they pay: the lines of each order, in whole cents."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pyarrow as pa
from scipy.special import ndtr

from demo.retailer.customers import CATEGORIES, Customers
from demo.retailer.days import Bools, Floats, Ints, Period
from demo.retailer.declines import Declines
from demo.retailer.files import choice, ids, money

CATEGORY_NAMES = (
    "coffee", "tea", "chocolate", "wine", "pasta", "oil",
    "spices", "cookware", "textiles", "ceramics", "garden", "books",
)  # fmt: skip
ORDER_CHANNELS = ("web", "app", "store")

_PRODUCTS = 40  # a category
_CHANNEL_SHARES = np.array([[0.55, 0.38, 0.07], [0.30, 0.15, 0.55], [0.45, 0.50, 0.05]])  # by delivery
_EXTRA_ORDER_LINES = 0.7  # an order only for the coupon's sake is smaller
_BULK_SHARE = 0.012


@dataclass(frozen=True)
class Assortment:
    """`cents`: prices, categories × products, cheapest first. `cost_share`: of a price, one a category."""

    cents: Ints
    cost_share: Floats


@dataclass(frozen=True)
class Baskets:
    """`order`: position of the line's order; the other arrays up to `net` are one entry a line, in cents.

    `net`: after the order's own discount, before a coupon. `channel`, `depth` (of the discount, 0–1): one
    entry an order.
    """

    order: Ints
    category: Ints
    product: Ints
    quantity: Ints
    gross: Ints
    cost: Ints
    net: Ints
    channel: Ints
    depth: Floats

    def per_order(self, values: Ints) -> Ints:
        return np.rint(np.bincount(self.order, values, len(self.channel))).astype(np.int64)

    def with_coupons(self, coupon_cents: Ints) -> Ints:
        """What each line costs after its order's coupon, which is spread over the lines; never below 0."""
        total = self.per_order(self.net)
        left = 1.0 - np.minimum(coupon_cents, total) / np.maximum(total, 1)
        paid: Ints = np.rint(self.net * left[self.order]).astype(np.int64)
        return paid


def assortment(rng: np.random.Generator) -> Assortment:
    level = rng.permutation(np.geomspace(7.0, 60.0, CATEGORIES))[:, None]
    prices = np.sort(level * rng.lognormal(0.0, 0.75, (CATEGORIES, _PRODUCTS)), axis=1)
    cents = np.maximum(np.rint(prices).astype(np.int64) * 100 - 1, 99)
    return Assortment(cents=cents, cost_share=rng.uniform(0.42, 0.66, CATEGORIES))


def draw(
    rng: np.random.Generator,
    goods: Assortment,
    customers: Customers,
    declines: Declines,
    owner: Ints,
    moment: Floats,
    by_coupon: Bools,
) -> Baskets:
    """`owner`, `moment`, `by_coupon`: one entry an order; the last, whether only a coupon brings it about."""
    shrinking = declines.severity("spend", owner, moment)
    extra = (
        customers.extra_lines[owner] * (1 - 0.6 * shrinking) * np.where(by_coupon, _EXTRA_ORDER_LINES, 1.0)
    )
    order = np.repeat(np.arange(len(owner)), 1 + rng.poisson(extra))
    category = _categories(rng, customers, declines, owner[order], moment[order])
    taste = customers.tier[owner[order]] - 1.2 * shrinking[order] + 0.8 * rng.normal(size=len(order))
    rank = np.minimum((ndtr(taste) * _PRODUCTS).astype(np.int64), _PRODUCTS - 1)
    quantity = 1 + rng.poisson(0.25, len(order))
    quantity = np.where(rng.random(len(order)) < _BULK_SHARE, rng.integers(4, 13, len(order)), quantity)

    habit = customers.discount_habit[owner]
    discounted = rng.random(len(owner)) < habit + (0.92 - habit) * shrinking
    depth = np.where(discounted, rng.uniform(0.08, 0.25, len(owner)) + 0.15 * shrinking, 0.0)
    gross = quantity * goods.cents[category, rank]
    shares = np.cumsum(_CHANNEL_SHARES, axis=1)[customers.delivery[owner]]
    return Baskets(
        order=order,
        category=category,
        product=category * _PRODUCTS + rank,
        quantity=quantity,
        gross=gross,
        cost=np.rint(gross * goods.cost_share[category]).astype(np.int64),
        net=np.rint(gross * (1 - depth[order])).astype(np.int64),
        channel=(rng.random(len(owner))[:, None] > shares[:, :2]).sum(axis=1),
        depth=depth,
    )


def _categories(
    rng: np.random.Generator, customers: Customers, declines: Declines, owner: Ints, moment: Floats
) -> Ints:
    """Their favourites, the best ones most; a decline in the product narrows the range."""
    narrowing = declines.severity("product", owner, moment)
    breadth = np.maximum(customers.breadth[owner] * (1 - 0.7 * narrowing), 1.0)
    rank = (np.floor(breadth) * rng.random(len(owner)) ** 1.5).astype(np.int64)
    picked: Ints = customers.favourites[owner, rank]
    return picked


@dataclass(frozen=True)
class Placed:
    """The orders that really were placed, by customer and then by time; `paid` in cents."""

    number: Ints
    owner: Ints
    moment: Floats
    paid: Ints


def tables(
    baskets: Baskets, paid: Ints, placed: Placed, chosen: Bools, customers: Customers, period: Period
) -> tuple[dict[str, pa.Array], dict[str, pa.Array]]:
    """The tables `orders` and `order_lines`. `chosen`: which of the baskets' orders are the `placed` ones."""
    quantity, gross, cost = (
        baskets.per_order(each)[chosen] for each in (baskets.quantity, baskets.gross, baskets.cost)
    )
    orders = {
        "order_id": ids("O", placed.number),
        "customer_id": ids("C", customers.number[placed.owner]),
        "ordered_at": period.timestamps(placed.moment),
        "amount": money(placed.paid),
        "discount": money(gross - placed.paid),
        "margin": money(placed.paid - cost),
        "quantity": pa.array(quantity),
        "channel": choice(ORDER_CHANNELS, baskets.channel[chosen]),
    }
    number = np.zeros(len(chosen), np.int64)
    number[chosen] = placed.number
    line = chosen[baskets.order]
    lines = {
        "order_id": ids("O", number[baskets.order[line]]),
        "product_id": ids("P", baskets.product[line], 4),
        "category": choice(CATEGORY_NAMES, baskets.category[line]),
        "quantity": pa.array(baskets.quantity[line]),
        "amount": money(paid[line]),
    }
    return orders, lines
