"""One run of the simulation, chunk by chunk."""

from __future__ import annotations

import numpy as np

from demo.retailer import (
    baskets,
    campaigns,
    company,
    coupons,
    customers,
    declines,
    engagement,
    orders,
    redemptions,
    returns,
    subscriptions,
    surveys,
    tickets,
    truth,
)
from demo.retailer.days import NEVER, Floats, Ints, Period
from demo.retailer.files import Files
from demo.retailer.streams import Streams

CHUNK = 10_000


class Run:
    """What all chunks share, and the files they go to: `tables` of the contract, `truths` beside them."""

    def __init__(self, period: Period, seed: int, tables: Files, truths: Files) -> None:
        own = Streams(seed, 0)
        self._period, self._seed, self._tables, self._truths = period, seed, tables, truths
        self._goods = baskets.assortment(own.of("assortment"))
        self._campaigns = campaigns.calendar(own.of("campaigns"), period)
        self._benchmarks = company.benchmarks(own.of("benchmarks"), period)
        self._ledger = company.Ledger(len(period.months()))
        self._campaign_truth = truth.CampaignTruth(self._campaigns)

    def all(self, size: int) -> None:
        """Write everything about `size` customers."""
        for chunk, first in enumerate(range(0, size, CHUNK), start=1):
            self._chunk(Streams(self._seed, chunk), first, min(CHUNK, size - first))
        self._tables.append("costs", company.monthly_costs(self._ledger, self._period))
        self._tables.append("benchmarks", self._benchmarks)
        self._truths.append("campaigns", self._campaign_truth.table(self._period))

    def _chunk(self, streams: Streams, first: int, size: int) -> None:
        people = customers.draw(streams.of("customers"), first + 1, size, self._period)
        natural = declines.draw(streams.of("declines"), people, self._period)
        planned = orders.draw(streams.of("orders"), people, natural, self._period)
        rng = streams.of("campaigns")
        effect = coupons.draw(rng, people)
        after = campaigns.Mailing(rng, people, effect, natural, planned).send(self._campaigns)
        self._tables.append("customers", customers.table(people, after.opted_out, self._period))
        placed = self._buy(streams, people, effect, after, planned)
        self._tell(streams, people, after, placed)

    def _buy(
        self,
        streams: Streams,
        people: customers.Customers,
        effect: coupons.Coupons,
        after: campaigns.Aftermath,
        planned: tuple[Ints, Floats],
    ) -> baskets.Placed:
        """Orders, their lines, the contacts behind them, and the truth about these."""
        contacts, could = after.contacts, redemptions.possible(planned, after)
        filled = baskets.draw(
            streams.of("baskets"),
            self._goods,
            people,
            after.declines,
            could.owner,
            could.moment,
            could.contact >= 0,
        )
        on = redemptions.redeem(streams.of("coupons"), could, contacts, effect)
        paid = filled.with_coupons(redemptions.taken_off(could, contacts, on))
        first = self._tables.rows("orders") + 1
        placed = baskets.Placed(
            number=first + np.arange(int(could.placed.sum())),
            owner=could.owner[could.placed],
            moment=could.moment[could.placed],
            paid=filled.per_order(paid)[could.placed],
        )
        order_rows, line_rows = baskets.tables(filled, paid, placed, could.placed, people, self._period)
        redeemed = np.append(could.moment, NEVER)[on]
        sent = self._tables.rows("contacts") + 1
        true = redemptions.effects(could, filled, after, effect)
        self._tables.append("orders", order_rows)
        self._tables.append("order_lines", line_rows)
        self._tables.append("contacts", campaigns.table(contacts, people, redeemed, sent, self._period))
        self._truths.append("contacts", truth.contacts_table(contacts, true, sent))
        self._truths.append(
            "customers", truth.customers_table(people, after.declines, effect, placed, self._period)
        )
        self._campaign_truth.add(contacts, true)
        self._ledger.book(people, placed.moment, placed.paid, self._period)
        return placed

    def _tell(
        self,
        streams: Streams,
        people: customers.Customers,
        after: campaigns.Aftermath,
        placed: baskets.Placed,
    ) -> None:
        """Everything the customers do besides buying."""
        sick, period, tables = after.declines, self._period, self._tables
        rng = streams.of("tickets")
        asked = tickets.draw(rng, people, sick, placed, period)
        tables.append("tickets", tickets.table(rng, asked, people, self._next("tickets"), period))
        tables.append("costs", company.ticket_costs(streams.of("costs"), asked, people, period))
        tables.append(
            "returns",
            returns.table(streams.of("returns"), people, sick, placed, self._next("returns"), period),
        )
        tables.append(
            "surveys",
            surveys.table(streams.of("surveys"), people, sick, placed, asked, self._next("surveys"), period),
        )
        tables.append(
            "engagement", engagement.table(streams.of("engagement"), people, sick, after.opted_out, period)
        )
        tables.append(
            "subscriptions",
            subscriptions.table(
                streams.of("subscriptions"), people, sick, self._next("subscriptions"), period
            ),
        )

    def _next(self, table: str) -> int:
        return self._tables.rows(table) + 1
