"""Past contacts as rows to learn effects from: features at the moment of sending, and what followed."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

import ibis
import pandas as pd

from configs.settings import Winback
from features.build import build, catalog
from features.catalog import Feature
from features.errors import HistoryError
from features.labels import outcomes
from features.reference import Reference
from features.snapshots import Tables, before
from models.uplift.inputs import NUMBERS
from models.uplift.season import NONE, Season
from training.uplift_season import season

MOST = 60_000
"""Contacts learnt from, the newest: enough to tell effects apart, few enough for one machine."""
FEWEST = 100
"""Of the smaller arm: below, nothing can be told apart."""
COMPARED = 4
"""Customers compared for each contacted one, at most, where nobody was held back."""

KEYS = ["customer_id", "as_of"]


@dataclass(frozen=True)
class Past:
    """`rows`: customer_id, as_of (sent_at), campaign_id, treated (1, 0), coupon_value, channel, redeemed (1,
    0), orders, revenue, profit (net of coupons), then the features. `held_back`: whether the control was
    held back by the company; where not, it is whoever was active then and not contacted. `season`: of the
    days since each was sent, and of the days to come.
    """

    rows: pd.DataFrame
    features: tuple[Feature, ...]
    held_back: bool
    season: Season = NONE


def past(
    tables: Tables, as_of: datetime, settings: Winback, told: Reference, lookback_days: int
) -> Past | None:
    """The contacts whose campaign days were over by `as_of`; null where there are none.

    Raises HistoryError where there are some, but fewer than `FEWEST` in either arm.
    """
    known = before(tables, as_of)
    if "contacts" not in known or "orders" not in known:
        return None
    over = as_of - timedelta(days=settings.campaign_days)
    sent = _sent(known["contacts"], over)
    if sent.empty:
        return None
    both = sent.groupby("campaign_id")["treated"].transform("nunique") == 2
    held_back = bool(both.any())
    sent = sent[both] if held_back else _with_others(known, sent, lookback_days)
    arms = sent["treated"].value_counts()
    if len(arms) < 2 or arms.min() < FEWEST:
        there = f"{arms.get(1, 0):,} contacted and {arms.get(0, 0):,} not"
        raise HistoryError(
            f"The past campaigns tell of {there}; {FEWEST} of each are needed to tell anything apart."
        )
    features = tuple(f for f in catalog(known).available(known) if f.name in NUMBERS or f.kind == "category")
    rows = _filled(known, _newest(sent), settings, told, features)
    busy = season(known["orders"], as_of, rows["as_of"], settings.campaign_days)
    return Past(rows, features, held_back, busy)


def _sent(contacts: ibis.Table, over: datetime) -> pd.DataFrame:
    """The control's coupon and channel are those that its campaign's treated customers most often got."""
    wanted = contacts.filter(contacts.sent_at <= ibis.timestamp(over))
    optional = {name: wanted[name] for name in ("coupon_value", "channel") if name in wanted.columns}
    redeemed = wanted.redeemed_at if "redeemed_at" in wanted.columns else ibis.null("timestamp(6)")
    sent = wanted.select(
        "customer_id",
        "campaign_id",
        as_of=wanted.sent_at,
        treated=(wanted.arm == "treatment").cast("int64"),
        redeemed=redeemed.notnull().cast("int64"),
        **optional,
    ).to_pandas()
    for name, kind in (("coupon_value", float), ("channel", object)):
        if name not in sent:
            sent[name] = pd.Series(index=sent.index, dtype=kind)
        usual = sent[sent["treated"] == 1].groupby("campaign_id")[name].agg(_most_frequent)
        missing = (sent["treated"] == 0) | sent[name].isna()
        sent[name] = sent[name].where(~missing, sent["campaign_id"].map(usual))
    order = ["as_of", "customer_id", "campaign_id", "treated"]
    found: pd.DataFrame = sent.sort_values(order, ignore_index=True)
    return found.drop_duplicates(["customer_id", "as_of", "campaign_id"])


def _most_frequent(values: pd.Series) -> object:
    known = values.dropna()
    return None if known.empty else known.mode().iloc[0]


def _with_others(tables: Tables, sent: pd.DataFrame, lookback_days: int) -> pd.DataFrame:
    """The contacts, and beside each campaign those active at its first day whom it did not contact."""
    treated = sent[sent["treated"] == 1]
    parts = [treated]
    for campaign, contacted in treated.groupby("campaign_id"):
        day = contacted["as_of"].min()
        others = active(tables, day.to_pydatetime(), lookback_days)
        others = others[~others.isin(contacted["customer_id"])]
        others = others.sample(min(len(others), COMPARED * len(contacted)), random_state=0)
        first = contacted.iloc[0]
        same = {name: first[name] for name in ("coupon_value", "channel")}
        parts.append(
            pd.DataFrame({"customer_id": others}).assign(
                campaign_id=campaign, as_of=day, treated=0, redeemed=0, **same
            )
        )
    return pd.concat([part.astype({"channel": object}) for part in parts], ignore_index=True)


def active(tables: Tables, day: datetime, lookback_days: int) -> pd.Series:
    """The ids of those who ordered in the lookback before a day, in order."""
    orders = tables["orders"]
    recent = orders.filter(
        orders.ordered_at < ibis.timestamp(day),
        orders.ordered_at >= ibis.timestamp(day - timedelta(days=lookback_days)),
    )
    ids: pd.Series = (
        recent.select("customer_id").distinct().order_by("customer_id").to_pandas()["customer_id"]
    )
    return ids


def _newest(sent: pd.DataFrame) -> pd.DataFrame:
    """At most `MOST`: whole campaigns, the newest first; the one that would go beyond in part, by lot."""
    rows = sent.sample(frac=1.0, random_state=0).sort_values("as_of", ascending=False, kind="stable")
    return rows.head(MOST).sort_values(["as_of", "customer_id", "campaign_id"], ignore_index=True)


def _filled(
    tables: Tables, sent: pd.DataFrame, settings: Winback, told: Reference, features: tuple[Feature, ...]
) -> pd.DataFrame:
    keys = sent[KEYS].drop_duplicates()
    backend = next(iter(tables.values())).get_backend()
    snapshots = ibis.memtable(keys, schema=ibis.schema({"customer_id": "string", "as_of": "timestamp(6)"}))
    if backend.name != "duckdb":
        snapshots = backend.create_table(ibis.util.gen_name("contacted"), snapshots, temp=True)
    facts = build(tables, snapshots, told, [feature.name for feature in features]).to_pandas()
    followed = outcomes(tables, snapshots, settings.campaign_days, settings.margin_share).to_pandas()
    rows = sent.merge(facts, on=KEYS).merge(followed, on=KEYS)
    if settings.amounts_are == "before_coupons":
        given = rows["redeemed"] * rows["coupon_value"].fillna(0.0)
        rows["revenue"], rows["profit"] = rows["revenue"] - given, rows["profit"] - given
    return rows
