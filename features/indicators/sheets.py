"""The tables of the assessment: what a single figure can't say. Each declared once, with what it takes."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Literal

import pandas as pd

from features.indicators.aftermath import aftermath
from features.indicators.book import Group, Tables, has
from features.indicators.campaigns import campaigns
from features.indicators.cohorts import cohorts
from features.indicators.customer_value import customer_value, tiers
from features.indicators.frequency import frequency
from features.indicators.lifetime import lifetime
from features.indicators.measure import Measured
from features.indicators.moods import Reader, learn, moods, themes
from features.indicators.rivals import rivals
from features.indicators.weak_points import summed

SCORES = "scores"
"""What a sheet needs beside columns of tables: what `amity score` wrote."""


@dataclass(frozen=True)
class Known:
    """What sheets are made from. `tables`: cut at the day of the assessment. `scores`: as `amity score` has
    them, or nothing."""

    tables: Tables
    measured: Measured
    scores: pd.DataFrame | None = None

    @cached_property
    def reader(self) -> Reader | None:
        return learn(self.tables)

    @cached_property
    def customers(self) -> pd.DataFrame:
        return customer_value(self.tables, self.measured, self.scores)


@dataclass(frozen=True)
class Sheet:
    """One table, declared once. `needs`: columns (`table.column`), or `SCORES`, without which it isn't there.

    `collect`: what to collect where it can't be made. `rows`: nothing where there is too little of it.
    """

    name: str
    group: Group | Literal["company"]
    title: str
    definition: str
    formula: str
    needs: tuple[str, ...]
    collect: str
    rows: Callable[[Known], pd.DataFrame | None]


def _read(some: Callable[[Known, Reader], pd.DataFrame]) -> Callable[[Known], pd.DataFrame | None]:
    return lambda known: some(known, known.reader) if known.reader else None


_ORDERS = ("orders.amount",)
_COMMENTS = "at least 20 low and 20 other survey answers with a comment (surveys.comment), of 3 texts each"

SHEETS = (
    Sheet(
        "cohorts",
        "loyalty",
        "Cohorts",
        "Customers by the month of their first order: how many ordered again in each month since, and what "
        "they brought in to date. Without the first {active_months} months of the orders, in which those who "
        "came before look new.",
        "customers with an order in the month ÷ customers of the cohort",
        _ORDERS,
        "orders of more than {active_months} months",
        lambda k: cohorts(k.tables, k.measured.day, k.measured.rules),
    ),
    Sheet(
        "frequency",
        "behaviour",
        "How the frequency bends",
        "Orders per 100 customers over 24 months as a parabola and a season: whether customers buy more or "
        "less often, and whether that goes faster or slower, beyond chance.",
        "least squares of the month, its square and the twelve months of the year",
        _ORDERS,
        "orders of three years: two to be told, and one before to know who is active",
        lambda k: frequency(k.measured),
    ),
    Sheet(
        "aftermath",
        "service",
        "What service does to later churn",
        "Active customers whom the service failed (answered late, solved late, reopened, complaint) beside "
        "those whom it served, who had bought as often: the share without an order in the {churn_months} "
        "months after. A correlation: nobody was assigned a failure by lot.",
        "Mantel–Haenszel difference of the shares over orders in the year before",
        ("tickets.opened_at", *_ORDERS),
        "tickets: who turned to the service when, and when it was answered and resolved",
        lambda k: aftermath(k.tables, k.measured.day, k.measured.rules),
    ),
    Sheet(
        "lifetime",
        "value",
        "CLV and what it costs",
        "Margin (revenue where there is no margin) of the customers to date and expected, beside what "
        "acquiring them cost: by year of first order, segment, country and acquisition channel, with the "
        "months until they have paid it back.",
        "(to date + expected) ÷ customers; CLV ÷ acquisition cost",
        _ORDERS,
        "orders; for what is expected, scores; for what they cost, costs of the kind advertising by channel",
        lambda k: lifetime(k.tables, k.measured, k.scores),
    ),
    Sheet(
        "customers",
        "value",
        "Comprehensive customer value",
        "Each customer's contribution to date, expected value, recommendations at the price of a new "
        "customer, less what acquiring, serving and keeping them cost; ranked, with the risk.",
        "contribution + expected + referrals × CAC − acquisition − service − contacts",
        _ORDERS,
        "orders; for each part its table: scores, engagement, costs.customer_id, contacts.cost",
        lambda k: k.customers,
    ),
    Sheet(
        "tiers",
        "value",
        "Tiers of value",
        "The customers by comprehensive value: the best 1, 10, 20, 50 % and the rest, each without those "
        "above it; their value and what of it is at risk.",
        "sum of the tier",
        _ORDERS,
        "orders",
        lambda k: tiers(k.customers),
    ),
    Sheet(
        "campaigns",
        "marketing",
        "Return of campaigns",
        "What each campaign added in the {redeemed_within_days} days after its contacts, less what they "
        "cost: measured against those held back, else against as many days before, which is a correlation.",
        "(brought − cost) ÷ cost",
        ("contacts.arm", *_ORDERS),
        "contacts: who was sent what when, who was held back (arm control), and what it cost",
        lambda k: campaigns(k.tables, k.measured.day, k.measured.rules),
    ),
    Sheet(
        "moods",
        "satisfaction",
        "Mood of what customers write",
        "Share in a low mood of comments, posts and tickets, in any language, as learnt from the company's "
        "own scored comments.",
        "sum of the probabilities of a low mood ÷ texts",
        ("surveys.comment",),
        _COMMENTS,
        _read(lambda k, reader: moods(k.tables, k.measured.day, k.measured.rules, reader)),
    ),
    Sheet(
        "themes",
        "satisfaction",
        "Themes of low moods",
        "What customers write about when their mood is low, each theme by its most typical text.",
        "texts of the last twelve months whose n-grams belong most to the theme",
        ("surveys.comment",),
        _COMMENTS,
        _read(lambda k, reader: themes(k.tables, k.measured.day, k.measured.rules, reader)),
    ),
    Sheet(
        "rivals",
        "company",
        "Beside the competitors",
        "The company's figures beside those of its competitors, in the newest period that both know.",
        "ours − theirs, turned so that above 0 is better",
        ("benchmarks.value",),
        "benchmarks: competitor, metric, period (such as 2025-Q2) and value",
        lambda k: rivals(k.tables, k.measured),
    ),
    Sheet(
        "weak_points",
        "company",
        "Where value at risk comes from",
        "The weak points of the scored customers in money: of all, and by segment, country, channel, product "
        "line, topic and touchpoint, and two of these crossed.",
        "Σ percentage points of churn probability × CLV",
        (SCORES,),
        "scores: amity score SOURCE --out scores.csv",
        lambda k: summed(k.scores, k.tables, k.measured) if k.scores is not None else None,
    ),
)


def sheets(known: Known) -> dict[str, pd.DataFrame]:
    """Each sheet that can be made, by its name."""
    return {name: frame for name, frame in _made(known) if frame is not None and len(frame)}


def lacking(made: Mapping[str, pd.DataFrame]) -> list[Sheet]:
    """The sheets that could not be made."""
    return [sheet for sheet in SHEETS if sheet.name not in made]


def _made(known: Known) -> Iterator[tuple[str, pd.DataFrame | None]]:
    for sheet in SHEETS:
        there = all(
            known.scores is not None if need == SCORES else has(known.tables, need) for need in sheet.needs
        )
        if there:
            yield sheet.name, sheet.rows(known)
