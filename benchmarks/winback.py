"""Win-back against the truth: is the plan good, does the measurement hold, is it quick, is it honest.

.venv/bin/python benchmarks/winback.py effect --seeds 3     # true profit of plans, by past contacts
.venv/bin/python benchmarks/winback.py effect --day 2024-09-23
.venv/bin/python benchmarks/winback.py worlds --seeds 3     # the same where effects follow other rules
.venv/bin/python benchmarks/winback.py coverage             # measured against true effects of 100 campaigns
.venv/bin/python benchmarks/winback.py size                 # a plan for a million customers and five offers
.venv/bin/python benchmarks/winback.py journey              # Complete Journey, where nobody was held back
"""

from __future__ import annotations

import argparse
import resource
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import replace
from datetime import date, datetime, timedelta
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from lightgbm import LGBMRegressor

sys.path.insert(0, str(Path(__file__).parents[1]))

from benchmarks.winback_truth import Truth, truth
from benchmarks.winback_value import CONTACT_COST, Value
from benchmarks.winback_worlds import COUPONS as TRIED
from benchmarks.winback_worlds import WORLDS, expected, people
from benchmarks.winback_worlds import past as past_of
from configs.loading import load
from configs.settings import Definitions, Offer, TrainingSettings, Winback
from demo import complete_journey
from demo.simulate import simulate
from features.build import build
from features.reference import reference
from features.snapshots import before, population
from features.sources import open_source
from models.scoring import customer_value
from models.uplift.inputs import Inputs
from serving.winback.measure import measure
from serving.winback.plan import Situation, make
from serving.winback.store import Kept
from training.fit import fit
from training.uplift_fit import TOGETHER, learn, sentences
from training.uplift_rows import Past, past

FIRST, MONTHS = date(2023, 1, 1), 24
DAY = datetime(2024, 11, 25)  # noqa: DTZ001 - after the last campaign's days, before the tables end
CUSTOMERS = 26_000
SIZES = (500, 2_000, 10_000, 50_000)
DRAWS = {500: 4, 2_000: 4}
"""So many draws of so few contacts, whose plans differ by luck; their mean counts. One draw of more."""
COUPONS = (5, 10, 15, 20)
SMALL = TrainingSettings(step_days=30, max_snapshots=8, trees=80)


def _offer(coupon: float) -> Offer:
    return Offer(name=f"{coupon:g}", channel="email", coupon_value=coupon, contact_cost=CONTACT_COST)


def effect(seeds: int, day: datetime) -> None:
    """The true incremental profit of plans of the same budget and caps, over the best that could be known."""
    rows = [row for seed in range(1, seeds + 1) for row in _effect(seed, day)]
    table = pd.DataFrame(rows).pivot_table(index="policy", columns="seed", values="profit", sort=False)
    for name, policy in (
        ("guessable", "oracle of what can be guessed"),
        ("oracle", "oracle of every customer"),
    ):
        table[f"median of the {name}"] = (table[range(1, seeds + 1)] / table.loc[policy]).median(axis=1)
    print(table.round(2).to_string())


def _effect(seed: int, day: datetime) -> list[dict[str, Any]]:
    with tempfile.TemporaryDirectory() as folder:
        shop = Path(folder) / "shop"
        simulate(shop, customers=CUSTOMERS, months=MONTHS, seed=seed, start=FIRST)
        tables = before(open_source(shop).tables, day)
        told = reference(tables, day)
        found = past(tables, day, load(Winback), told, 365)
        assert found is not None
        today = build(tables, population(tables, [day], 365), told).order_by("customer_id").to_pandas()
        bundle = fit(tables, day, Definitions(), SMALL)
    risk = bundle.churn.predict(today)
    clv, _, _ = customer_value(bundle, today, risk)
    whole = truth(CUSTOMERS, MONTHS, seed, FIRST, day, [100 * c for c in COUPONS])
    true = whole.of(pd.Index(whole.customer_id).get_indexer(pd.Index(today["customer_id"].astype(object))))
    value = Value(true, COUPONS, 0.1 * len(today))
    dice = np.random.default_rng(seed)
    policies = {
        "oracle of every customer": value.planned(true.known, true.redeemed_known),
        "oracle of what can be guessed": value.planned(true.guessed, true.redeemed_guessed),
        "all features, without noise": value.planned(*_without_noise(found, today, true)),
    }
    for size in SIZES:
        draws = [
            _from_contacts(found, today, value, dice.permutation(len(found.rows))[:size], seed)
            for _ in range(DRAWS.get(size, 1))
        ]
        policies[f"plan from {size:,} contacts"] = float(np.mean(draws))
    policies |= {
        "churn risk": value.ranked(risk),
        "value at risk": value.ranked(risk * clv),
        "random": value.ranked(dice.random(len(today))),
        "everybody, whatever it costs": float((true.known[:, 1] - CONTACT_COST).sum()),
    }
    return [{"seed": seed, "policy": name, "profit": profit} for name, profit in policies.items()]


def _from_contacts(found: Past, today: pd.DataFrame, value: Value, some: np.ndarray, seed: int) -> float:
    """The true profit of the plan from these contacts."""
    start = time.perf_counter()
    model, evidence = learn(replace(found, rows=found.rows.iloc[some].reset_index(drop=True)))
    assert model is not None
    day = today["as_of"].iloc[0].to_pydatetime()
    effects = model.effects(today, [_offer(coupon) for coupon in COUPONS], day)
    profit = value.planned(effects.profit, effects.redeemed)
    print(
        f"seed {seed}, {len(some):,} contacts: {evidence.learner}, Qini "
        f"{evidence.qini[TOGETHER].value:+.2f}, share {evidence.share:.2f}, "
        f"{time.perf_counter() - start:.0f} s; {value.told}",
        flush=True,
    )
    return profit


def _without_noise(found: Past, today: pd.DataFrame, true: Truth) -> tuple[np.ndarray, np.ndarray]:
    """Profit and redemptions as trees tell them of other customers' true ones: what the features can show."""
    people = Inputs.of(found.features, found.rows).customers(today)
    fold = np.random.default_rng(0).permutation(len(people)) % 5
    told = [np.empty(true.known.shape) for _ in range(2)]
    for values, into in zip((true.known, true.redeemed_known), told, strict=True):
        for held, place in product(range(5), range(len(COUPONS))):
            new = fold == held
            trees = LGBMRegressor(n_estimators=200, num_leaves=7, learning_rate=0.05, verbosity=-1)
            trees.fit(people[~new], values[~new, place])
            into[new, place] = trees.predict(people[new])
    return told[0], told[1]


def worlds(seeds: int) -> None:
    """Campaigns by other rules: the plan's share of the oracle's profit, or its profit where that is 0."""
    for world, contacts in product(WORLDS, SIZES):
        shares, told = [], ""
        for seed in range(1, seeds + 1):
            today = people(np.random.default_rng((seed, 2)), 20_000)
            each = [expected(world, today, coupon) for coupon in TRIED]
            basket = today["usual_basket"].to_numpy()
            profit = np.column_stack([e.profit(basket, c) for e, c in zip(each, TRIED, strict=True)])
            redeemed = np.column_stack([e.redeemed for e in each])
            value = Value(Truth(np.arange(20_000), profit, profit, redeemed, redeemed), TRIED)
            best = value.planned(profit, redeemed)
            model, evidence = learn(past_of(world, contacts, seed))
            assert model is not None
            effects = model.effects(today, [_offer(coupon) for coupon in TRIED])
            found = value.planned(effects.profit, effects.redeemed)
            shares.append(found / best if best > 0 else found)
            told = f"{evidence.learner}, {evidence.share:.2f} borne out; {value.told}"
        print(f"{world}, {contacts:,} contacts: {np.round(shares, 2)}; the last: {told}", flush=True)


def coverage(campaigns: int) -> None:
    """How many 95 % intervals hold the true mean effect, and how much narrower CUPED's are."""
    found = pd.DataFrame([_campaign(1000 + number) for number in range(campaigns)])
    for name in ("orders", "revenue", "profit"):
        inside = int(found[f"{name}_inside"].sum())
        narrower = 1 - found[f"{name}_narrower"].median()
        print(
            f"{name}: {inside} of {campaigns} intervals hold the true effect; CUPED {narrower:.0%} narrower"
        )


def _campaign(seed: int) -> dict[str, float]:
    """The last campaign of a retailer of its own, measured as a plan of everybody it reached would be."""
    with tempfile.TemporaryDirectory() as folder:
        shop = Path(folder) / "shop"
        simulate(shop, customers=6_000, months=9, seed=seed)
        contacts = pd.read_parquet(shop / "contacts.parquet")
        true = pd.read_parquet(shop.with_name("shop-truth") / "contacts.parquet").set_index("contact_id")
        last = contacts[contacts["campaign_id"] == contacts["campaign_id"].max()]
        sent = last["sent_at"].iloc[0].to_pydatetime()
        rows = _planned(pd.read_parquet(shop / "orders.parquet"), last, sent)
        policy = Winback(offers=(Offer(name="o", channel="email", coupon_value=1, contact_cost=0),))
        found = measure(open_source(shop).tables, _kept(policy, sent), rows, sent + timedelta(days=31))
    row = {}
    for name, column in (("orders", "orders"), ("revenue", "revenue"), ("profit", "margin")):
        each, mean = found.effect[name], float(true.loc[last["contact_id"], column].mean())
        row[f"{name}_inside"] = float(each.low <= mean <= each.high)
        row[f"{name}_narrower"] = each.error / found.plain[name].error
    return row


def _planned(orders: pd.DataFrame, contacts: pd.DataFrame, sent: datetime) -> pd.DataFrame:
    """The rows of a plan; expected without an offer is what they did in the 90 days before, per 30 days."""
    recent = orders[(orders["ordered_at"] < sent) & (orders["ordered_at"] >= sent - timedelta(days=90))]
    usual = recent.groupby("customer_id").agg(
        usual_orders=("amount", "size"), usual_revenue=("amount", "sum"), usual_profit=("margin", "sum")
    )
    rows = contacts[["customer_id", "arm"]].merge(usual / 3, on="customer_id", how="left").fillna(0.0)
    return rows.assign(
        segment=None,
        offer="o",
        stratum="all",
        treated_chance=0.7,
        expected_orders=0.0,
        expected_revenue=0.0,
        expected_profit=0.0,
        expected_cost=0.0,
    )


def _kept(policy: Winback, sent: datetime) -> Kept:
    document = {"settings": policy.model_dump(mode="json")}
    return Kept(
        *(1, "campaign", 1, sent, sent, "sent", 1.0, "EUR", "", document, sent, "benchmark", sent, None)
    )


def size(customers: int) -> None:
    """Effects of five offers, and a plan with budget and caps, control and strata; seconds, and the memory of
    the whole process."""
    offers = tuple(
        Offer(name=f"o{c}", channel="email" if c < 20 else "post", coupon_value=c, contact_cost=0.05)
        for c in (5, 8, 10, 15, 20)
    )
    policy = Winback(offers=offers, most_per_channel={"post": customers // 50})
    model, _ = learn(past_of("tenure", 20_000, 1))
    assert model is not None
    frame = people(np.random.default_rng(0), customers)
    ids = pd.DataFrame({"customer_id": [f"C{n:07d}" for n in range(customers)], "segment": "a"})
    recent = np.random.default_rng(1).gamma(0.5, 50, customers)
    none = pd.Series(None, index=ids.index, dtype=object)
    start, work = time.perf_counter(), time.process_time()
    effects, usual = model.effects(frame, offers), model.usual(frame)
    told = time.perf_counter() - start
    reach = np.ones(effects.profit.shape, dtype=bool)
    plan = make(Situation(DAY, ids, effects, usual, recent, none, reach), policy, 0.2 * customers, seed=1)
    seconds, work = time.perf_counter() - start, time.process_time() - work
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
    print(
        f"{customers:,} customers × {len(offers)} offers: {seconds:.1f} s, {told:.1f} of them for effects "
        f"({work:.1f} s of a processor), {peak:.1f} GB at most; {model.learner}; {len(plan.rows):,} chosen, "
        f"at most {plan.gap:.3%} from the best"
    )


def journey() -> None:
    """Complete Journey: campaigns to whom the shop chose; what may be said of them."""
    with tempfile.TemporaryDirectory() as folder:
        complete_journey.write(Path(folder) / "shop")
        tables = open_source(Path(folder) / "shop", skip_bad_rows=True).tables
        day = datetime(2018, 1, 1)  # noqa: DTZ001
        known = before(tables, day)
        found = past(known, day, load(Winback), reference(known, day), 365)
        assert found is not None
        _, evidence = learn(found)
        print("\n".join(sentences(evidence, "USD")))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("part", choices=("effect", "worlds", "coverage", "size", "journey"))
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--day", default=f"{DAY:%Y-%m-%d}", help="of the plans; this one is before Christmas")
    parser.add_argument("--campaigns", type=int, default=100)
    parser.add_argument("--customers", type=int, default=1_000_000)
    asked = parser.parse_args()
    parts: dict[str, Callable[[], None]] = {
        "effect": lambda: effect(asked.seeds, datetime.fromisoformat(asked.day)),
        "worlds": lambda: worlds(asked.seeds),
        "coverage": lambda: coverage(asked.campaigns),
        "size": lambda: size(asked.customers),
        "journey": journey,
    }
    parts[asked.part]()


if __name__ == "__main__":
    main()
