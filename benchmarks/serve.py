"""The service under load, against an empty BentoML endpoint in the same run.

    python benchmarks/serve.py [--home FOLDER] [--customers 1000000] [--requests 500] [--minutes 5]

A customer by id and the empty endpoint are asked in turn over one connection each; live scoring gets requests
with 200 raw events at 20 a second, each measured from the moment when it was due; a list of 1,000 comes from
the store of so many scores, with and without filters. Then 64 clients ask all of it while the champion is
changed every 20 seconds and a new list is loaded every 30: every answer must be a 200, a live score of a
model that was champion at the time, and a list of one scoring. Prints medians, ratios, and the memory of the
service. Other work on the machine falls on both; ratios hold, milliseconds don't.
"""

from __future__ import annotations

import argparse
import json
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from http.client import HTTPConnection
from pathlib import Path
from typing import Any

import numpy as np
from features_live import customers, newest
from serve_home import DAY, Home, amity, empty, home_of
from serve_soak import soak

from features.snapshots import latest_as_of
from features.sources import open_source
from models.bundle import load

EVENTS = 200
PER_SECOND = 20
LIST = 1_000
KNOWN = 100
"""Customers asked for by id again and again, so that no answer waits for the disk."""


def ask(connection: HTTPConnection, method: str, path: str, body: bytes | None = None) -> tuple[float, bytes]:
    """Milliseconds, and the answer; anything but a 200 ends the benchmark."""
    start = time.perf_counter()
    connection.request(method, path, body, {"Content-Type": "application/json"} if body else {})
    reply = connection.getresponse()
    text = reply.read()
    spent = (time.perf_counter() - start) * 1e3
    assert reply.status == 200, text[:500]
    return spent, text


def by_id(port: int, peer: int, size: int, requests: int) -> None:
    """In turn, so that other work on the machine falls on all alike."""
    ours, theirs = HTTPConnection("127.0.0.1", port), HTTPConnection("127.0.0.1", peer)
    dice = np.random.default_rng(1)
    found: dict[str, list[float]] = {"nothing": [], "score": [], "explain": []}
    known = dice.choice(size, min(size, KNOWN), replace=False)
    for _ in range(requests):
        customer = f"C{dice.choice(known):08d}"
        nothing = json.dumps({"customer_id": customer}).encode()
        score = json.dumps({"customer_ids": [customer]}).encode()
        found["nothing"].append(ask(theirs, "POST", "/nothing", nothing)[0])
        found["score"].append(ask(ours, "POST", "/score", score)[0])
        found["explain"].append(ask(ours, "GET", f"/explain/{customer}")[0])
    usual = np.median(found["nothing"][KNOWN:])
    for name, spent in found.items():
        later = spent[KNOWN:]
        print(
            f"{name:<10} median {np.median(later):6.2f} ms, p99 {np.percentile(later, 99):6.2f} ms: "
            f"{np.median(later) / usual:.2f} of the empty endpoint",
            flush=True,
        )


def bodies(home: Home) -> list[bytes]:
    """Requests of one customer with 200 raw events each."""
    day = latest_as_of(open_source(home.source).tables, DAY.replace(year=2100))
    found = newest(home.source, customers(home.source, EVENTS, day)[:100], EVENTS)
    nothing: dict[str, list[Any]] = {name: [] for name in load(home.bundles[0]).manifest.tables}
    told = ({"as_of": day.isoformat(), "tables": nothing | tables} for tables in found.values())
    return [json.dumps(document).encode() for document in told]


def live(port: int, requests: list[bytes], seconds: float) -> None:
    """Each request has its moment, whether or not those before it are answered."""
    local = threading.local()

    def at(due: float, body: bytes) -> float:
        time.sleep(max(0.0, due - time.perf_counter()))
        if not hasattr(local, "connection"):
            local.connection = HTTPConnection("127.0.0.1", port)
        ask(local.connection, "POST", "/score-events", body)
        return (time.perf_counter() - due) * 1e3

    start = time.perf_counter() + 1
    with ThreadPoolExecutor(32) as pool:
        due = [start + number / PER_SECOND for number in range(int(seconds * PER_SECOND))]
        found = list(pool.map(at, due, (requests[number % len(requests)] for number in range(len(due)))))
    later = found[PER_SECOND:]
    print(
        f"live       {EVENTS} events at {PER_SECOND} requests a second: median {np.median(later):.1f} ms, "
        f"p99 {np.percentile(later, 99):.1f} ms, slowest {max(later):.1f} ms",
        flush=True,
    )


def lists(port: int, size: int) -> None:
    connection = HTTPConnection("127.0.0.1", port)
    filters = ("", "&segment=gold&weak_point=service&min_clv=50", "&not_contacted_since=2025-04-01")
    for filter_ in filters:
        spent = []
        for _ in range(12):
            took, text = ask(connection, "GET", f"/at-risk?top={LIST}{filter_}")
            assert len(json.loads(text)["customers"]) == LIST
            spent.append(took)
        shown = filter_[1:] or "all"
        print(f"list       {LIST:,} of {size:,} ({shown}): median {np.median(spent):.0f} ms", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--home", type=Path, default=Path("var/benchmarks/serve"))
    parser.add_argument("--customers", type=int, default=1_000_000)
    parser.add_argument("--requests", type=int, default=500)
    parser.add_argument("--seconds", type=float, default=30)
    parser.add_argument("--minutes", type=float, default=5)
    asked: Any = parser.parse_args()
    home = home_of(asked.home.absolute(), asked.customers)
    requests = bodies(home)
    with amity(home) as (port, process):
        with empty(home) as peer:
            by_id(port, peer, asked.customers, asked.requests)
        live(port, requests, asked.seconds)
        lists(port, asked.customers)
        if asked.minutes:
            soak(home, port, process, requests, asked.minutes)


if __name__ == "__main__":
    main()
