"""What a campaign did, in sentences: nothing is claimed that can't be known."""

from __future__ import annotations

from collections.abc import Iterator

from models import words
from serving.winback.estimate import Difference
from serving.winback.measure import UNEVEN, Measurement


def says(found: Measurement, currency: str) -> list[str]:
    """The measurement for people."""
    if found.delivered == 0:
        return [
            f"None of the {found.treated:,} messages was delivered, so the campaign can't have changed "
            "anything: no effect is claimed."
        ]
    if not found.effect:
        return [
            f"{found.treated:,} customers were meant to be contacted and {found.held_back:,} were held back, "
            "too few to compare with. What the campaign changed can't be known: no effect is claimed."
        ]
    return [*_warnings(found), *_effect(found, currency), *_prediction(found, currency)]


def _warnings(found: Measurement) -> Iterator[str]:
    if found.sample_ratio < UNEVEN:
        yield (
            f"Mind: {found.treated:,} to {found.held_back:,} is not how the arms were drawn "
            f"(p = {found.sample_ratio:.2g}); rows were lost or added, and the figures may be wrong."
        )
    if not found.balance.by_lot:
        yield f"Mind: {found.balance.says}"
    if found.unknown:
        yield (
            f"Mind: {found.unknown:,} of the plan's customers have no order in these tables; they count as "
            "having bought nothing."
        )
    if found.delivered is not None and found.delivered < found.treated:
        yield (
            f"Mind: {found.delivered:,} of {found.treated:,} messages were delivered; all to whom one was "
            "meant to go count as contacted, so the effect of a message is rather larger than what is "
            "measured."
        )
    if found.mixed_up:
        yield (
            f"Mind: {found.mixed_up:,} customers were contacted against the plan, or not although planned; "
            "they count as planned, so the effect of a contact is rather larger than what is measured."
        )


def _effect(found: Measurement, currency: str) -> Iterator[str]:
    profit, orders, revenue = (found.total[name] for name in ("profit", "orders", "revenue"))
    verdict = "It paid" if profit.low > 0 else "It cost more than it brought" if profit.high < 0 else None
    yield (
        f"{verdict or 'Whether it paid is open'}: {_money(profit, currency)} incremental profit after all "
        f"costs, from {found.treated:,} contacted against {found.held_back:,} held back (95 % intervals)."
    )
    yield (
        f"Incremental orders {orders.value:+,.0f} ({orders.low:+,.0f} to {orders.high:+,.0f}), revenue "
        f"{_money(revenue, currency)}."
    )
    if found.roi is not None:
        roi = found.roi
        spent = f"{words.money(found.cost, currency)} spent"
        if found.redeemed is None:
            spent += " (coupons as expected, for the table contacts doesn't tell which were redeemed)"
        yield f"Return on {spent}: {_percent(roi.value)} ({_percent(roi.low)} to {_percent(roi.high)})."
    if found.redeemed is not None and found.anyway is not None:
        anyway = found.anyway
        yield (
            f"{found.redeemed:,} coupons were redeemed, {anyway.value:,.0f} of them ({anyway.low:,.0f} to "
            f"{anyway.high:,.0f}) by customers who would have bought anyway."
        )
    narrower = 1 - found.effect["profit"].error / found.plain["profit"].error
    yield f"What was predicted before makes the interval {words.percent(narrower)} narrower (CUPED)."


def _prediction(found: Measurement, currency: str) -> Iterator[str]:
    profit = found.effect["profit"]
    inside = profit.low <= found.predicted <= profit.high
    yield (
        f"Predicted were {words.money(found.predicted, currency)} per customer contacted, measured "
        f"{_money(profit, currency)}: "
        f"{'the prediction lies within' if inside else 'the prediction was off'}."
    )
    if found.slope is not None:
        slope = found.slope
        open_ = "whether the ranking held is open"
        held = (
            "the ranking held" if slope.low > 0 else "the ranking was reversed" if slope.high < 0 else open_
        )
        yield (
            f"For each {currency} predicted, customers brought {slope.value:.2f} ({slope.low:.2f} to "
            f"{slope.high:.2f}): {held}."
        )


def _percent(share: float) -> str:
    return f"{100 * share:+,.0f} %"


def _money(each: Difference, currency: str) -> str:
    low, high = words.amount(each.low), words.amount(each.high)
    return f"{words.money(each.value, currency)} ({low} to {high})"
