"""Did it pay: what a campaign changed, by the arms that were drawn by lot before it was sent.

By intention to treat: who was drawn to be contacted counts as contacted, whether the message arrived or not.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import asdict, dataclass, field
from datetime import datetime, timedelta
from typing import Any

import ibis
import numpy as np
import pandas as pd

from features.errors import RequestError
from features.labels import outcomes
from features.snapshots import Tables
from models.uplift.balance import Balance, balance
from models.uplift.effects import REACH
from serving.winback.estimate import Difference, adjusted, cuped, plain, sample_ratio
from serving.winback.situation import snapshots_of
from serving.winback.store import Kept

OUTCOMES = ("orders", "revenue", "profit")
BEFORE = ("usual_orders", "usual_revenue", "usual_profit")
DECILES = 10
LEAST_KNOWN = 0.5
UNEVEN = 0.001
"""Arms whose sizes are less likely than this by lot were not drawn as planned, or rows were lost."""


@dataclass(frozen=True)
class Group:
    """Customers of a segment, or of a tenth by predicted effect; `predicted` and `effect`: profit per
    customer contacted, after the cost of contact."""

    name: str
    treated: int
    held_back: int
    predicted: float
    effect: Difference | None


@dataclass(frozen=True)
class Measurement:
    """What a campaign did. Per customer meant to be contacted; `profit` after the cost of contact.

    `effect`, `plain`: outcome → with and without what was predicted before the campaign; empty where nobody
    was held back: then nothing is claimed. `unknown`: customers without any order in the tables. `delivered`:
    messages, null where they left as files. `redeemed`: coupons; `anyway`: of these, by who would have bought
    anyway. Both null where the table `contacts` doesn't tell of this campaign: then `cost` holds coupons as
    expected. `mixed_up`: rows of that table that don't fit the plan. `slope`: by how much profit rises with
    predicted profit, 1 where the prediction is right.
    """

    plan_id: int
    treated: int
    held_back: int
    predicted: float
    effect: Mapping[str, Difference]
    plain: Mapping[str, Difference]
    unknown: int
    delivered: int | None
    cost: float
    redeemed: int | None
    anyway: Difference | None
    mixed_up: int | None
    sample_ratio: float
    balance: Balance
    segments: tuple[Group, ...] = ()
    tenths: tuple[Group, ...] = ()
    slope: Difference | None = None

    @property
    def total(self) -> dict[str, Difference]:
        """Of all who were meant to be contacted."""
        return {name: each.times(self.treated) for name, each in self.effect.items()}

    @property
    def roi(self) -> Difference | None:
        """Profit after all costs over these costs; null where nothing was spent or nothing is known."""
        if self.cost <= 0 or "profit" not in self.effect:
            return None
        return self.total["profit"].times(1 / self.cost)

    def to_dict(self) -> dict[str, Any]:
        told = asdict(self)
        told["total"] = {name: asdict(each) for name, each in self.total.items()}
        told["roi"] = asdict(self.roi) if self.roi else None
        return told


@dataclass(frozen=True)
class _Lived:
    """The plan's rows with what followed; `redeemed`: null where it isn't known. `reached`: whether a message
    arrived, as far as is known."""

    rows: pd.DataFrame
    treated: np.ndarray = field(repr=False)

    def of(self, where: np.ndarray) -> _Lived:
        return _Lived(self.rows[where], self.treated[where])

    @property
    def before(self) -> np.ndarray:
        return self.rows[list(BEFORE)].to_numpy(dtype=float)

    def outcome(self, name: str) -> np.ndarray:
        return self.rows[name].to_numpy(dtype=float)


def measure(
    tables: Tables,
    kept: Kept,
    rows: pd.DataFrame,
    as_of: datetime,
    delivered: Collection[str] | None = None,
) -> Measurement:
    """`rows`: of the plan, as `PlanStore.rows` gives them. `as_of`: the day until which the tables know all.
    `delivered`: to whom a message was; null where messages left as files, and all are taken to have arrived.

    Raises RequestError where the plan wasn't sent, its days aren't over by then, or the tables tell of fewer
    than `LEAST_KNOWN` of its customers.
    """
    sent = _require_over(kept, as_of)
    reached = rows["arm"] == "treatment"
    if delivered is not None:
        reached &= rows["customer_id"].isin(delivered)
    unknown = _require_known(tables, kept, rows["customer_id"])
    lived = _followed(tables, kept, rows.assign(reached=reached), sent)
    treated, held = int(lived.treated.sum()), int((~lived.treated).sum())
    arms, effect, without = _compared(lived)
    chance = float(rows["treated_chance"].iloc[0])
    return Measurement(
        plan_id=kept.id,
        treated=treated,
        held_back=held,
        predicted=float(rows.loc[rows["arm"] == "treatment", "expected_profit"].mean()),
        effect=effect,
        plain=without,
        unknown=unknown,
        delivered=None if delivered is None else int(reached.sum()),
        cost=_cost(lived),
        redeemed=_redeemed(lived),
        anyway=_anyway(lived),
        mixed_up=_mixed_up(lived),
        sample_ratio=sample_ratio(treated, held, chance) if held else 1.0,
        balance=arms,
        segments=_groups(lived, lived.rows["segment"].fillna("none").astype(str)) if held else (),
        tenths=_groups(lived, _tenth(lived.rows["expected_profit"])) if held else (),
        slope=_slope(lived) if held else None,
    )


def _require_over(kept: Kept, as_of: datetime) -> datetime:
    if kept.sent_at is None:
        raise RequestError(f"Plan {kept.id} wasn't sent yet, so there is nothing to measure.")
    days = kept.settings.campaign_days
    over = kept.sent_at + timedelta(days=days)
    if as_of < over:
        raise RequestError(
            f"Plan {kept.id} was sent on {kept.sent_at:%Y-%m-%d}; its {days} days are over on "
            f"{over:%Y-%m-%d}, and the tables are known until {as_of:%Y-%m-%d}. Measure then."
        )
    return kept.sent_at


def _require_known(tables: Tables, kept: Kept, ids: pd.Series) -> int:
    """How many of the plan's customers have no order in the tables; who was planned had one."""
    there = tables["orders"].select("customer_id").distinct().to_pandas()["customer_id"]
    known = int(ids.isin(there).sum())
    if known < LEAST_KNOWN * len(ids):
        raise RequestError(
            f"Only {known:,} of the {len(ids):,} customers of plan {kept.id} have an order in these tables, "
            "so they are not those it was made from. Name the source it was made from, as it is now."
        )
    return len(ids) - known


def _followed(tables: Tables, kept: Kept, rows: pd.DataFrame, sent: datetime) -> _Lived:
    settings = kept.settings
    snapshots = snapshots_of(tables, rows["customer_id"], sent)
    found = outcomes(tables, snapshots, settings.campaign_days, settings.margin_share).to_pandas()
    joined = rows.merge(found.drop(columns="as_of"), on="customer_id", how="left")
    joined = joined.merge(_contacts(tables, kept, sent), on="customer_id", how="left")
    treated = (joined["arm"] == "treatment").to_numpy()
    offers = {offer.name: offer for offer in settings.offers}
    contact = joined["offer"].map(lambda name: offers[name].contact_cost).to_numpy(dtype=float)
    given = joined["offer"].map(lambda name: offers[name].coupon_value).to_numpy(dtype=float)
    coupons = given * (joined["redeemed"].fillna(0.0).to_numpy(dtype=float) > 0)
    if settings.amounts_are == "before_coupons":
        joined["revenue"] = joined["revenue"] - coupons
        joined["profit"] = joined["profit"] - coupons
    joined["profit"] = joined["profit"] - contact * joined["reached"]
    joined["spent"] = contact * joined["reached"] + coupons * treated
    return _Lived(joined, treated)


def _contacts(tables: Tables, kept: Kept, sent: datetime) -> pd.DataFrame:
    """customer_id, redeemed (1, 0) and contacted (the arm in the table); no row where it isn't told."""
    there = tables.get("contacts")
    names = ["customer_id", "redeemed", "contacted"]
    if there is None:
        return pd.DataFrame({name: pd.Series(dtype=object) for name in names})
    over = sent + timedelta(days=kept.settings.campaign_days)
    own = there.filter(there.campaign_id == kept.campaign_id)
    at = own.redeemed_at if "redeemed_at" in own.columns else ibis.null("timestamp(6)")
    lived = own.mutate(redeemed=((at < ibis.timestamp(over)).fill_null(False)).cast("int64"))
    each = lived.group_by("customer_id").aggregate(redeemed=lived.redeemed.max(), contacted=lived.arm.max())
    frame: pd.DataFrame = each.select(*names).to_pandas()
    return frame


def _compared(lived: _Lived) -> tuple[Balance, dict[str, Difference], dict[str, Difference]]:
    group = np.zeros(len(lived.rows))
    arms = balance(lived.before, BEFORE, lived.treated.astype(float), group)
    effect, without = {}, {}
    for name in OUTCOMES:
        found = cuped(lived.outcome(name), lived.treated, lived.before)
        raw = plain(lived.outcome(name), lived.treated)
        if found is not None and raw is not None:
            effect[name], without[name] = found, raw
    return arms, effect, without


def _cost(lived: _Lived) -> float:
    """Spent on contacts and coupons redeemed; coupons as expected where the tables don't tell of them."""
    if lived.rows["redeemed"].notna().any():
        return float(lived.rows["spent"].sum())
    return float(lived.rows.loc[lived.rows["reached"], "expected_cost"].sum())


def _redeemed(lived: _Lived) -> int | None:
    known = lived.rows["redeemed"]
    return int(known[lived.treated].fillna(0).sum()) if known.notna().any() else None


def _anyway(lived: _Lived) -> Difference | None:
    """Coupons redeemed less the buyers that the campaign made; at least 0."""
    redeemed = _redeemed(lived)
    bought = (lived.outcome("orders") > 0).astype(float)
    more = cuped(bought, lived.treated, lived.before)
    if redeemed is None or more is None:
        return None
    made = more.times(float(lived.treated.sum()))
    value, low, high = (
        min(max(redeemed - each, 0.0), float(redeemed)) for each in (made.value, made.high, made.low)
    )
    return Difference(value, low, high, made.error)


def _mixed_up(lived: _Lived) -> int | None:
    """Meant to be contacted and not in the table as such, or held back and contacted all the same."""
    contacted = lived.rows["contacted"]
    if not contacted.notna().any():
        return None
    really = (contacted == "treatment").to_numpy()
    return int((really != lived.treated).sum())


def _groups(lived: _Lived, names: pd.Series) -> tuple[Group, ...]:
    groups = []
    for name in sorted(names.unique()):
        part = lived.of((names == name).to_numpy())
        effect = cuped(part.outcome("profit"), part.treated, part.before)
        predicted = float(part.rows["expected_profit"].mean())
        treated = int(part.treated.sum())
        groups.append(Group(str(name), treated, len(part.rows) - treated, predicted, effect))
    return tuple(groups)


def _tenth(predicted: pd.Series) -> pd.Series:
    """`01` is the tenth with the highest prediction."""
    rank = (-predicted).rank(method="first")
    tenth = ((rank - 1) * DECILES / len(predicted)).astype(int) + 1
    return tenth.clip(upper=DECILES).map("{:02d}".format)


def _slope(lived: _Lived) -> Difference | None:
    """The slope of each customer's score on the prediction; null where all were predicted alike."""
    predicted = lived.rows["expected_profit"].to_numpy(dtype=float)
    centred = predicted - predicted.mean()
    power = float((centred**2).sum())
    if power <= 1e-12 or min(lived.treated.sum(), (~lived.treated).sum()) < 20:
        return None
    outcome = adjusted(lived.outcome("profit"), lived.treated, lived.before)
    share = float(lived.treated.mean())
    score = (lived.treated - share) / (share * (1 - share)) * (outcome - outcome.mean())
    value = float((centred * score).sum()) / power
    left = score - score.mean() - value * centred
    error = float(np.sqrt((centred**2 * left**2).sum())) / power
    return Difference(value, value - REACH * error, value + REACH * error, error)
