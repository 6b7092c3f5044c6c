"""A plan in sentences: what is expected, what it is known from, and what can't be learnt."""

from __future__ import annotations

from collections.abc import Iterator

from configs.settings import Winback
from models import words
from models.uplift.effects import MEANING
from serving.winback.left_out import REASONS
from serving.winback.plan import Plan


def says(plan: Plan, settings: Winback, currency: str) -> list[str]:
    """The plan for people, one sentence or two a line."""
    return [*_choice(plan, currency), *_warnings(plan, settings, currency), *_left_out(plan)]


def _choice(plan: Plan, currency: str) -> Iterator[str]:
    treated, held = len(plan.treated), len(plan.rows) - len(plan.treated)
    if not len(plan.rows):
        yield "Nobody is contacted: no offer within the limits is expected to bring in its cost."
        return
    yield (
        f"{words.count(treated, 'customer')} {'is' if treated == 1 else 'are'} contacted and {held:,} like "
        f"them held back by lot; expected profit {words.money(plan.profit, currency)} after costs of "
        f"{words.money(plan.cost, currency)} (budget {words.money(plan.budget, currency)})."
    )
    offers = plan.treated["offer"].value_counts(sort=False)
    yield "Offers: " + ", ".join(f"{name} to {count:,}" for name, count in sorted(offers.items())) + "."
    more = f"{100 * max(plan.gap, 0):.2f}"
    if more == "0.00":
        yield "No other choice within the limits would be expected to gain more."
    else:
        yield f"The best possible choice would gain at most {more} % more."


def _warnings(plan: Plan, settings: Winback, currency: str) -> Iterator[str]:
    yield f"The effects are {MEANING[plan.grade]}."
    free = [o.name for o in settings.offers if o.contact_cost == 0 and o.coupon_value == 0]
    if free:
        yield f"The budget doesn't limit offers that cost nothing: {', '.join(free)}."
    if not len(plan.rows):
        yield (
            "What would help: an offer that costs less, or knowledge. `--explore 1000` draws so many by lot, "
            "offers by lot too, with a control group, to learn from; the cost of that is stated."
        )
        return
    detects = plan.design.detects
    if detects is None:
        yield (
            "There is no control group: fewer than 40 customers are chosen, or none may be held back. "
            "Whatever follows, nothing can be claimed for this campaign."
        )
        return
    yield (
        f"The smallest effect that will show is {words.money(detects, currency)} per contacted customer; "
        f"{words.money(plan.profit_each, currency)} is expected."
    )
    if not plan.design.sees_it:
        yield (
            "That is too few customers to learn whether it paid this time. What would help: more customers, "
            "a larger control, one offer for all, or several campaigns measured together."
        )


def _left_out(plan: Plan) -> Iterator[str]:
    for reason, count in plan.left_out.items():
        if count:
            yield f"Left out: {count:,} {REASONS[reason]}."
    if plan.for_service:
        yield f"For service first: {len(plan.for_service):,} with an open complaint would pay."
