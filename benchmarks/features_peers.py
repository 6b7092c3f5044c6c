"""All features of one day, against featuretools and against pandas, on the same files and customers.

    python benchmarks/features_peers.py [--orders 1000000] [--featuretools-orders 100000] [--runs 3]

amity         builds every feature of the customers with an order in the last 365 days as of the end of the
              data, from the files to a file; the check of the source and the reference stand beside it
pandas        reads the columns it needs and computes comparable aggregates with one groupby per table and
              window: counts, sums, means, extremes, spread, distinct values, gaps and trend, ever and in the
              windows of 30, 90, 180 and 365 days, by kind of event where events have one
featuretools  deep feature synthesis over one EntitySet with one cutoff time and a training window for each of
              the windows: the primitives that come nearest, on the columns that both others use. In a virtual
              environment of its own, made once under `$AMITY_HOME/benchmarks`; its slowest primitive, the
              trend, can be left out (--without-trend). Its run time at a smaller size is given per order too

Each measurement is a process of its own, with the reading of the files inside the time.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import time
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from statistics import median
from typing import Any

import pandas as pd

WINDOWS = (30, 90, 180, 365, None)
LOOKBACK_DAYS = 365
COLUMNS = {
    "orders": ("order_id", "customer_id", "ordered_at", "amount", "discount", "margin"),
    "order_lines": ("order_id", "product_id", "category", "amount"),
    "returns": ("return_id", "customer_id", "returned_at", "amount"),
    "tickets": ("ticket_id", "customer_id", "opened_at", "kind", "first_response_at"),
    "surveys": ("response_id", "customer_id", "responded_at", "metric", "score"),
    "engagement": ("customer_id", "occurred_at", "kind"),
    "contacts": ("contact_id", "customer_id", "sent_at", "cost", "redeemed_at"),
}
TIMES = {"order_lines": "ordered_at"} | {
    name: columns[2] for name, columns in COLUMNS.items() if name != "order_lines"
}
TIMES["engagement"] = "occurred_at"
NUMBERS = {
    "orders": ("amount", "discount", "margin"),
    "order_lines": ("amount",),
    "returns": ("amount",),
    "tickets": ("response_hours",),
    "surveys": ("score",),
    "engagement": (),
    "contacts": ("cost", "redeemed"),
}
DISTINCT = {"order_lines": ("product_id", "category")}
KINDS = {
    "tickets": ("kind", ("complaint", "question", "request")),
    "surveys": ("metric", ("nps", "csat", "csi", "ces")),
    "engagement": ("kind", ("visit", "open", "click", "post", "review", "referral")),
}
DAY = pd.Timedelta(days=1)
REQUIREMENTS = ("featuretools==1.31.0", "pandas<2.3", "setuptools<81", "pyarrow")


def load(folder: Path) -> tuple[dict[str, pd.DataFrame], pd.Timestamp, pd.Index]:
    """The tables as of the end of the data, that day, and the customers active then."""
    tables = {
        name: pd.read_parquet(folder / f"{name}.parquet", columns=list(COLUMNS[name])) for name in COLUMNS
    }
    orders = tables["orders"]
    as_of = orders["ordered_at"].max().normalize() + DAY
    tables["order_lines"] = tables["order_lines"].merge(
        orders[["order_id", "customer_id", "ordered_at"]], on="order_id"
    )
    active = pd.Index(orders.loc[orders["ordered_at"] >= as_of - LOOKBACK_DAYS * DAY, "customer_id"].unique())
    tickets, contacts = tables["tickets"], tables["contacts"]
    answered = tickets.pop("first_response_at")
    tickets["response_hours"] = (
        answered.where(answered < as_of) - tickets["opened_at"]
    ).dt.total_seconds() / 3600
    contacts["redeemed"] = (contacts.pop("redeemed_at") < as_of).astype(float)
    known = {name: table[table[TIMES[name]] < as_of] for name, table in tables.items()}
    return known, as_of, active


def pandas_features(folder: Path) -> pd.DataFrame:
    """One row per customer."""
    tables, as_of, active = load(folder)
    parts = []
    for name, table in tables.items():
        code = active.get_indexer(table["customer_id"])
        ago = (as_of - table[TIMES[name]]) / DAY
        mine = table.assign(code=code, ago=ago)[code >= 0]
        parts += [part.add_prefix(f"{name}_") for part in _of_table(name, mine)]
    rows = pd.concat(parts, axis=1).reindex(range(len(active)))
    rows.insert(0, "customer_id", active)
    return rows


def _of_table(name: str, table: pd.DataFrame) -> Iterator[pd.DataFrame]:
    for window in WINDOWS:
        inside = table if window is None else table[table["ago"] <= window]
        label = "ever" if window is None else f"{window}d"
        yield _of_window(name, inside, ever=window is None).add_suffix(f"_{label}")
    if name == "orders":
        yield _rhythm(table)


def _of_window(name: str, rows: pd.DataFrame, *, ever: bool) -> pd.DataFrame:
    """Count, sums, means, distinct values and kinds; over all time also the extremes, spread and ages."""
    groups = rows.groupby("code", sort=False)
    wanted = {"count": ("ago", "size")}
    how = ("sum", "mean", "min", "max", "std", "median") if ever else ("sum", "mean")
    wanted |= {f"{column}_{each}": (column, each) for column in NUMBERS[name] for each in how}
    wanted |= {f"{column}_distinct": (column, "nunique") for column in DISTINCT.get(name, ())}
    if ever:
        wanted |= {"days_since_last": ("ago", "min"), "days_since_first": ("ago", "max")}
    found = groups.agg(**wanted)
    if name in KINDS:
        column, kinds = KINDS[name]
        by_kind = rows.groupby(["code", column], sort=False).size().unstack(fill_value=0)
        found = found.join(by_kind.reindex(columns=list(kinds), fill_value=0))
    return found


def _rhythm(orders: pd.DataFrame) -> pd.DataFrame:
    """The gaps between orders, and the trend of their amounts: sums of products, one pass."""
    ordered = orders.sort_values(["code", "ordered_at"])
    gap = ordered.groupby("code", sort=False)["ago"].diff().abs()
    gaps = gap.groupby(ordered["code"], sort=False).agg(["mean", "median", "max", "std"]).add_prefix("gap_")
    day, amount = -ordered["ago"], ordered["amount"]
    products = pd.DataFrame(
        {"code": ordered["code"], "n": 1.0, "x": day, "y": amount, "xx": day * day, "xy": day * amount}
    )
    total = products.groupby("code", sort=False).sum()
    slope = (total.n * total.xy - total.x * total.y) / (total.n * total.xx - total.x**2)
    return gaps.assign(trend=slope)


def featuretools_features(folder: Path, *, trend: bool) -> pd.DataFrame:
    """One row per customer; runs in the environment that has featuretools."""
    import featuretools

    tables, as_of, active = load(folder)
    data = featuretools.EntitySet("retailer")
    data.add_dataframe(pd.DataFrame({"customer_id": active}), "customers", index="customer_id")
    for name, table in tables.items():
        mine = table[table["customer_id"].isin(active)]
        if name == "order_lines":
            mine = mine.drop(columns="order_id")
        own = COLUMNS[name][0] if name not in ("order_lines", "engagement") else f"{name}_row"
        data.add_dataframe(
            mine,
            name,
            index=own,
            make_index=own not in mine,
            time_index=TIMES[name],
            logical_types=dict.fromkeys([*DISTINCT.get(name, ()), *KINDS.get(name, ())[:1]], "Categorical"),
        )
        data.add_relationship("customers", "customer_id", name, "customer_id")
        if name in KINDS:
            column, kinds = KINDS[name]
            data.add_interesting_values(dataframe_name=name, values={column: list(kinds)})
    found = [_synthesised(data, as_of, window, trend=trend) for window in WINDOWS]
    return pd.concat(found, axis=1).reset_index()


def _synthesised(data: Any, as_of: pd.Timestamp, window: int | None, *, trend: bool) -> pd.DataFrame:
    import featuretools

    primitives = ["count", "sum", "mean", "num_unique"]
    if window is None:
        primitives += [
            "min",
            "max",
            "std",
            "median",
            "time_since_last",
            "time_since_first",
            "avg_time_between",
        ]
        primitives += ["trend"] if trend else []
    kept = {name: set(columns) for name, columns in DISTINCT.items()}
    distinct = [column for columns in kept.values() for column in columns]
    matrix, _ = featuretools.dfs(
        entityset=data,
        target_dataframe_name="customers",
        cutoff_time=as_of,
        training_window=None if window is None else f"{window} days",
        agg_primitives=primitives,
        where_primitives=["count"],
        trans_primitives=[],
        max_depth=1,
        primitive_options={
            "num_unique": {"include_columns": {"order_lines": distinct}},
            "trend": {"include_columns": {"orders": ["amount", "ordered_at"]}},
            "avg_time_between": {"include_dataframes": ["orders"]},
        },
    )
    return matrix.add_suffix("_ever" if window is None else f"_{window}d")


def amity(folder: Path) -> dict[str, float]:
    """The seconds of ours: opening and check, reference, build."""
    from features_engine import amity as ours

    return ours("one", folder, [])


def measure(who: str, folder: Path) -> None:
    """Prints one measurement as JSON: what runs in a process of its own."""
    warnings.simplefilter("ignore")
    if who == "amity":
        print(json.dumps(amity(folder)))
        return
    jobs: Mapping[str, Callable[[], pd.DataFrame]] = {
        "pandas": lambda: pandas_features(folder),
        "featuretools": lambda: featuretools_features(folder, trend=True),
        "without-trend": lambda: featuretools_features(folder, trend=False),
    }
    start, cpu = time.perf_counter(), time.process_time()
    rows = jobs[who]()
    seconds, cpu = time.perf_counter() - start, time.process_time() - cpu
    print(json.dumps({"seconds": seconds, "cpu": cpu, "rows": len(rows), "features": rows.shape[1] - 1}))


def environment(home: Path) -> str:
    """The Python that has featuretools; made where it isn't there yet."""
    folder = home / "featuretools"
    python = folder / "bin" / "python"
    if not (folder / "ready").exists():
        subprocess.run([sys.executable, "-m", "venv", "--clear", str(folder)], check=True)
        subprocess.run([str(python), "-m", "pip", "install", "-qq", *REQUIREMENTS], check=True)
        (folder / "ready").touch()
    return str(python)


def featuretools(python: str, who: str, folder: Path) -> dict[str, Any]:
    command = [python, "-W", "ignore", __file__, "--measure", who, str(folder)]
    done = subprocess.run(command, stdout=subprocess.PIPE, check=True, text=True)
    result: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return result


def line(name: str, orders: int, values: Sequence[Mapping[str, float]]) -> tuple[float, float]:
    """Prints one contestant; its median seconds by the clock and of processors."""
    from features_data import spread

    seconds, cpu = ([value[each] for value in values] for each in ("seconds", "cpu"))
    print(
        f"  {name:<30} {spread(seconds):<26} CPU {spread(cpu):<26}"
        f"{median(seconds) / orders * 1e6:9.2f} µs per"
        f" order, {int(values[0]['features'])} features of {int(values[0]['rows']):,} customers",
        flush=True,
    )
    return median(seconds), median(cpu)


def compare(orders: int, runs: int, others: Mapping[str, Callable[[Path], dict[str, Any]]]) -> None:
    """All contestants on a size, in turn, and how many times faster ours is."""
    from features_data import child, folder, rows

    path = folder(orders)
    found: dict[str, list[Any]] = {name: [] for name in ("amity", *others)}
    for _ in range(runs):
        found["amity"].append(child(__file__, ["--measure", "amity", str(path)]))
        for name, job in others.items():
            found[name].append(job(path))
    there = rows(path, ["orders"])
    print(f"{there:,} orders, runs {runs}")
    ours = line("amity", there, found["amity"])
    checked = line("amity with check and reference", there, [whole(each) for each in found["amity"]])
    for name in others:
        theirs = line(name, there, found[name])
        (clock, cpu), (all_clock, all_cpu) = (
            [their / own for their, own in zip(theirs, mine, strict=True)] for mine in (ours, checked)
        )
        print(
            f"{'':33}amity is {clock:.1f} times faster, CPU {cpu:.1f};"
            f" with its check and reference {all_clock:.1f}, CPU {all_cpu:.1f}"
        )


def whole(measured: Mapping[str, float]) -> dict[str, float]:
    """Ours with what comes before the build: opening, check and reference."""
    before = {"seconds": measured["opening"] + measured["learning"], "cpu": measured["cpu_before"]}
    return dict(measured) | {name: measured[name] + more for name, more in before.items()}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--orders", type=int, default=1_000_000, help="for amity and pandas")
    parser.add_argument("--featuretools-orders", type=int, default=100_000)
    parser.add_argument("--without-trend", action="store_true", help="featuretools without its slowest")
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--measure", nargs=2, metavar=("WHO", "FOLDER"), help=argparse.SUPPRESS)
    asked = parser.parse_args()
    if asked.measure:
        measure(asked.measure[0], Path(asked.measure[1]))
        return
    from features_data import HOME, child

    python = environment(HOME)
    who = "without-trend" if asked.without_trend else "featuretools"
    compare(
        asked.orders, asked.runs, {"pandas": lambda path: child(__file__, ["--measure", "pandas", str(path)])}
    )
    compare(asked.featuretools_orders, 1, {who: lambda path: featuretools(python, who, path)})


if __name__ == "__main__":
    main()
