"""Whether the weak points that are named are those that were planted, on simulated retailers.

    python benchmarks/weak_points.py [--seeds 7 11 --customers 3000 --months 30]
    python benchmarks/weak_points.py --source FOLDER            with FOLDER-truth beside it

Trains and scores as of the end of the simulation, by the `amity` command in a home of its own, and compares
with the truth by plain SQL over the raw rows. Counted are customers in whose rows their decline shows at
least twice: two complaints, returns, low answers, small or discounted baskets, or two visits that were to be
expected and did not come.

there    three weeks or more in decline and still buying
left     gone in the last 90 days
decoys   a habit that looks like a symptom, without a decline; their habit's dimension should not be named
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

import duckdb
import pandas as pd

AMITY = str(Path(sys.executable).with_name("amity"))
NAMES = ("weak_point_1", "weak_point_2", "weak_point_3")

SHOWN = """
WITH truth AS (
    SELECT customer_id, cause, decoy, decline_started_at AS started, decline_ended_at AS ended, left_at,
           least(coalesce(left_at, $as_of), $as_of) AS until
    FROM '{truth}/customers.parquet'
),
usual AS (
    SELECT t.customer_id, median(o.amount) AS basket
    FROM truth t JOIN '{source}/orders.parquet' o USING (customer_id)
    WHERE o.ordered_at < t.started GROUP BY ALL
),
spend AS (
    SELECT t.customer_id, count(*) AS n
    FROM truth t JOIN '{source}/orders.parquet' o USING (customer_id) JOIN usual u USING (customer_id)
    WHERE o.ordered_at >= t.started AND o.ordered_at < $as_of
      AND (o.amount < 0.8 * u.basket OR o.discount > 0.2 * (o.amount + o.discount)) GROUP BY ALL
),
service AS (
    SELECT t.customer_id, count(*) AS n FROM truth t JOIN '{source}/tickets.parquet' k USING (customer_id)
    WHERE k.kind = 'complaint' AND k.opened_at >= t.started AND k.opened_at < $as_of GROUP BY ALL
),
product AS (
    SELECT t.customer_id, count(*) AS n FROM truth t JOIN '{source}/returns.parquet' r USING (customer_id)
    WHERE r.returned_at >= t.started AND r.returned_at < $as_of GROUP BY ALL
),
satisfaction AS (
    SELECT t.customer_id, count(*) AS n FROM truth t JOIN '{source}/surveys.parquet' s USING (customer_id)
    WHERE s.responded_at >= t.started AND s.responded_at < $as_of
      AND s.score <= CASE s.metric WHEN 'csat' THEN 3 WHEN 'ces' THEN 4 ELSE 6 END GROUP BY ALL
),
visits AS (
    SELECT t.customer_id, any_value(t.started) AS started, any_value(t.until) AS until,
           count(*) FILTER (e.occurred_at < t.started) AS before,
           count(*) FILTER (e.occurred_at >= t.started AND e.occurred_at < t.until) AS since
    FROM truth t JOIN '{source}/engagement.parquet' e USING (customer_id) GROUP BY ALL
),
engagement AS (
    SELECT v.customer_id,
           v.before * date_diff('day', v.started, v.until)
             / greatest(1, date_diff('day', greatest(c.signed_up_at, b.beginning), v.started)) - v.since AS n
    FROM visits v JOIN '{source}/customers.parquet' c USING (customer_id),
         (SELECT min(occurred_at) AS beginning FROM '{source}/engagement.parquet') b
)
SELECT t.*, CASE cause WHEN 'spend' THEN spend.n WHEN 'service' THEN service.n WHEN 'product' THEN product.n
       WHEN 'satisfaction' THEN satisfaction.n WHEN 'engagement' THEN engagement.n END AS shown
FROM truth t LEFT JOIN spend USING (customer_id) LEFT JOIN service USING (customer_id)
LEFT JOIN product USING (customer_id) LEFT JOIN satisfaction USING (customer_id)
LEFT JOIN engagement USING (customer_id)
"""
HABITS = {
    "frequent_returner": "product",
    "small_baskets": "spend",
    "chatty": "service",
    "grumbler": "satisfaction",
    "quiet": "engagement",
}


def groups(source: Path, as_of: pd.Timestamp) -> dict[str, pd.DataFrame]:
    """`there`, `left` and `decoys`: one row per customer with the dimension in question as `cause`."""
    truth = source.with_name(f"{source.name}-truth")
    everyone = duckdb.execute(SHOWN.format(source=source, truth=truth), {"as_of": as_of.to_pydatetime()}).df()
    gone = everyone["left_at"].notna() & (everyone["left_at"] < as_of)
    mended = everyone["ended"] <= as_of
    declining = (everyone["shown"] >= 2) & (everyone["started"] < as_of) & ~mended
    there = declining & ~gone & (everyone["started"] <= as_of - pd.Timedelta(days=21))
    lately = declining & gone & (everyone["left_at"] >= as_of - pd.Timedelta(days=90))
    decoys = everyone["decoy"].notna() & everyone["cause"].isna() & ~gone
    return {
        "there": everyone[there],
        "left": everyone[lately],
        "decoys": everyone[decoys].assign(cause=everyone["decoy"].map(HABITS)),
    }


def scored(source: Path, as_of: pd.Timestamp, folder: Path) -> pd.DataFrame:
    """The scores that `amity` writes when it is trained as of the day."""
    environment = os.environ | {"AMITY_HOME": str(folder / "home")}
    file, day = folder / "scores.parquet", str(as_of.date())
    for command in (
        ["train", str(source), "--as-of", day, "--json"],
        ["score", str(source), "--as-of", day, "--out", str(file)],
    ):
        subprocess.run([AMITY, *command], env=environment, check=True, stdout=subprocess.DEVNULL)
    return pd.read_parquet(file)


def compared(source: Path, scores: pd.DataFrame, as_of: pd.Timestamp) -> dict[str, pd.DataFrame]:
    """Group → whether the dimension in question is named first, among the first two, or at all."""
    found = {}
    for name, customers in groups(source, as_of).items():
        rows = customers[["customer_id", "cause"]].merge(scores, on="customer_id")
        at = [rows[place] == rows["cause"] for place in NAMES]
        found[name] = pd.DataFrame({"first": at[0], "two": at[0] | at[1], "named": at[0] | at[1] | at[2]})
        found[name]["cause"], found[name]["as"] = rows["cause"], rows["weak_point_1"].fillna("nothing")
        found[name]["sure"] = (rows["weak_point_1_confidence"] == "sure").where(rows["weak_point_1"].notna())
    return found


def report(title: str, found: dict[str, pd.DataFrame]) -> None:
    for name, rows in found.items():
        sure = rows["sure"] == 1
        print(
            f"{title:<24}{name:<8}{len(rows):>6}{rows['first'].mean():>8.3f}{rows['two'].mean():>8.3f}"
            f"{rows['named'].mean():>8.3f}{sure.mean():>8.3f}{rows.loc[sure, 'first'].mean():>12.3f}"
        )


def confusion(found: dict[str, pd.DataFrame]) -> None:
    """Which cause is named first as which dimension."""
    for name in ("there", "left"):
        print(f"\n{name}, named first as")
        print(pd.crosstab(found[name]["cause"], found[name]["as"]).to_string())


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--source", type=Path)
    parser.add_argument("--scores", type=Path, help="scores of the source that are there already")
    parser.add_argument("--seeds", type=int, nargs="+", default=[7, 11])
    parser.add_argument("--customers", type=int, default=3000)
    parser.add_argument("--months", type=int, default=30)
    asked = parser.parse_args()
    head = "".join(f"{word:>8}" for word in ("first", "two", "named", "sure"))
    print(f"{'retailer':<24}{'group':<8}{'n':>6}{head}{'if sure':>12}")
    total: dict[str, list[pd.DataFrame]] = {}
    with tempfile.TemporaryDirectory() as name:
        for seed in asked.seeds if asked.source is None else [None]:
            folder = Path(name) / str(seed)
            source = asked.source or folder / "retailer"
            if asked.source is None:
                size = [
                    "--customers",
                    str(asked.customers),
                    "--months",
                    str(asked.months),
                    "--seed",
                    str(seed),
                ]
                subprocess.run([AMITY, "simulate", str(source), *size], check=True, stdout=subprocess.DEVNULL)
            about = json.loads((source.with_name(f"{source.name}-truth") / "simulation.json").read_text())
            as_of = pd.Timestamp(about["end"])
            scores = pd.read_parquet(asked.scores) if asked.scores else scored(source, as_of, folder)
            found = compared(source, scores, as_of)
            report(f"seed {about['seed']}, {about['customers']:,}", found)
            for group, rows in found.items():
                total.setdefault(group, []).append(rows)
    every = {group: pd.concat(rows) for group, rows in total.items()}
    report("all", every)
    confusion(every)


if __name__ == "__main__":
    main()
