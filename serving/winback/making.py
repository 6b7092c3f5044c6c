"""A plan from the customers scored last, for the command line, the API and the pages alike."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path
from secrets import randbelow
from typing import Any

import pandas as pd

from configs.settings import Winback
from features.clock import now
from features.reader.opening import shown
from features.sources import Source
from models.uplift.bundle import EffectBundle, folder, load
from models.uplift.effects import REACH
from models.words import money
from serving.store import Store
from serving.winback import words
from serving.winback.contacted import contacted_since
from serving.winback.plan import Plan, Situation, make
from serving.winback.situation import Knowledge, situation
from serving.winback.store import Kept, PlanStore, document, require_name

LARGEST_SEED = 2**31
WORTH_TELLING = 0.05
"""By so much busier or quieter days are worth a sentence."""
LONGEST_NAME = 60
Say = Callable[[str], None]


@dataclass(frozen=True)
class Wish:
    """What is asked of a plan. `budget`: money. `explore`: so many by lot. `seed`: of the draw; null: new."""

    budget: float
    name: str = "winback"
    explore: int = 0
    seed: int | None = None


@dataclass(frozen=True)
class Made:
    """`document`: as it is, or would be, kept. `kept`: null for a dry run."""

    plan: Plan
    document: Mapping[str, Any]
    currency: str
    kept: Kept | None

    @property
    def says(self) -> list[str]:
        """The plan in sentences."""
        return list(self.document["says"])


def learnt() -> EffectBundle | None:
    """What past campaigns taught; null where nothing was learnt yet. Raises ModelError."""
    return load(folder()) if folder().exists() else None


def make_plan(
    wish: Wish, source: Source, store: Store, settings: Winback, *, keep: bool, say: Say = lambda _: None
) -> Made:
    """Of the customers scored last; nothing is sent, and nothing kept unless `keep`.

    Raises AbsentError where nothing was scored, RequestError where the wish can't be met or the effects were
    learnt later than the scores, HistoryError where none of those scored is in the tables.
    """
    require_name(wish.name, "The campaign's name", LONGEST_NAME)
    scoring = store.current()
    plans = PlanStore(store.engine)
    knowledge = Knowledge(settings, scoring.definitions, learnt())
    known = situation(source.tables, plans.scores(scoring.id), scoring.as_of, knowledge, say)
    known = _rested(known, plans, settings.rest_days)
    say("Choosing")
    seed = randbelow(LARGEST_SEED) if wish.seed is None else wish.seed
    plan = make(known, settings, wish.budget, seed, wish.explore)
    currency = scoring.definitions.currency
    low, high = _interval(plan, knowledge.learnt, len(known.people))
    says = [*words.says(plan, settings, currency), *_spread(low, high, currency), *_explored(wish, plan)]
    says += [*_not_shown(knowledge.learnt), *_season(knowledge.learnt, scoring.as_of)]
    says += [*_untried(knowledge), *_left_out(source)]
    about = {"source": _lasting(source.address), "expected_low": low, "expected_high": high}
    if not keep:
        return Made(plan, document(plan, settings, says) | about, currency, None)
    kept = plans.keep(wish.name, plan, settings, currency=currency, says=says, now=now(), about=about)
    return Made(plan, kept.document, currency, kept)


def _interval(plan: Plan, known: EffectBundle | None, customers: int) -> tuple[float | None, float | None]:
    """The ends of the expected profit, as sure as past contacts are of as large a share that promised most;
    null for a prior. `customers`: how many could have been chosen."""
    errors = known.evidence.get("errors") if known else None
    if not errors or not len(plan.treated):
        return None, None
    tenth = min(max(len(errors) * len(plan.rows) // customers, 1), len(errors))
    reach = REACH * errors[tenth - 1] * len(plan.treated)
    return plan.profit - reach, plan.profit + reach


def _spread(low: float | None, high: float | None, currency: str) -> list[str]:
    if low is None or high is None:
        return []
    return [
        "As uncertain as past contacts leave those who promise most, the profit lies between "
        f"{money(low, currency)} and {money(high, currency)} (95 %), if the days to come are like those past."
    ]


def _rested(known: Situation, plans: PlanStore, days: int) -> Situation:
    """Whoever got a message of an earlier plan lately is left out, before any table tells of it."""
    if not days:
        return known
    lately = contacted_since(plans.engine, now() - timedelta(days=days))
    got = known.barred.isna() & known.people["customer_id"].isin(lately)
    return replace(known, barred=known.barred.mask(got, "contacted_lately"))


def _lasting(address: str) -> str:
    """The address as it holds in any folder, without a password."""
    path = Path(address).expanduser()
    return str(path.absolute()) if path.exists() else shown(address)


def _explored(wish: Wish, plan: Plan) -> list[str]:
    if not wish.explore or plan.rows.empty:
        return []
    return [
        f"Up to {wish.explore:,} of them are drawn by lot, where no gain is expected: they cost something, "
        "and teach what offers do."
    ]


def _not_shown(known: EffectBundle | None) -> list[str]:
    if known is None or known.evidence.get("share", 1) > 0:
        return []
    return [
        f"The {known.evidence['contacts']:,} past contacts don't show with 99 % certainty that offers change "
        "whether customers order, so no gain is expected of any, only costs."
    ]


def _season(known: EffectBundle | None, day: datetime) -> list[str]:
    """How busy the campaign's days will be, where that differs from the days of the past contacts."""
    times = known.model.season.on(pd.Timestamp(day)) if known else 1.0
    if abs(times - 1) < WORTH_TELLING:
        return []
    more = f"{100 * abs(times - 1):.0f} % {'more' if times > 1 else 'less'}"
    return [
        f"In the campaign's days customers are expected to order {more} than in those of the past contacts; "
        "what is expected of offers allows for it."
    ]


def _untried(knowledge: Knowledge) -> list[str]:
    untried = knowledge.learnt.model.never_tried(knowledge.settings.offers) if knowledge.learnt else ()
    return [f"Never tried, so no effect is expected of: {', '.join(untried)}."] if untried else []


def _left_out(source: Source) -> list[str]:
    """Rows of the tables that can't be used."""
    if not source.report.skipped:
        return []
    return [f"Left out: {each.sentence}" for each in source.report.problems if each.level == "bad rows"]
