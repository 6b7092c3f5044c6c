"""A campaign to a webhook: two senders killed at random, a receiver that fails in every way.

    python benchmarks/winback_send.py [--messages 10000] [--kills 20] [--engine sqlite postgresql]

Two `amity winback send` deliver to one receiver (`winback_receiver.py`), which refuses 20 % of the requests,
drops 5 % of its answers after acting, answers 3 % too late after acting, and answers 5 % twice. Both senders
are killed with -9 at random moments and started again. Afterwards every message must have been received,
every key acted on once and with one body, and the attempts of each message must stand in the store without a
gap.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from base64 import b64encode
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from itertools import groupby
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import yaml
from serve_load import addresses

from configs.folder import FOLDER
from configs.settings import Offer, Winback
from features.clock import now
from models.uplift.effects import Effects
from serving.winback.outbox import Outbox
from serving.winback.plan import Situation, make
from serving.winback.store import Kept, PlanStore

HERE = Path(__file__).parent
SECRET = "whsec_" + b64encode(bytes(range(32))).decode()
WEBHOOK = {
    "targets": ["127.0.0.1"],
    "senders": 8,
    "seconds_per_attempt": 2.0,
    "lease_seconds": 5.0,
    "most_attempts": 100,
    "first_wait_seconds": 0.2,
    "longest_wait_seconds": 2.0,
}
LATE = 3.0
"""Seconds that a late answer takes: more than an attempt may."""

POLICY = Winback(
    offers=(Offer(name="five", channel="email", coupon_value=5, contact_cost=0.1),), control_least=0.1
)


def source(folder: Path, customers: int) -> Path:
    """A shop in which everybody ordered once, long ago."""
    folder.mkdir()
    ids = [f"C{number:07d}" for number in range(customers)]
    day = now() - timedelta(days=100)
    orders = pd.DataFrame({"order_id": ids, "customer_id": ids, "ordered_at": day, "amount": 50.0})
    orders.to_parquet(folder / "orders.parquet", index=False)
    return folder


def campaign(store: PlanStore, messages: int, shop: Path) -> Kept:
    """An approved plan that contacts so many customers; their effects are made up."""
    dice = np.random.default_rng(1)
    customers = round(messages / 0.9) + 1
    each = (customers, 1)
    profit = dice.uniform(1, 9, each)
    situation = Situation(
        now(),
        pd.DataFrame({"customer_id": [f"C{number:07d}" for number in range(customers)], "segment": None}),
        Effects(profit / 20, 2 * profit, profit, dice.uniform(0.1, 0.3, each), "experiment"),
        pd.DataFrame(dice.gamma(1, 20, (customers, 3)), columns=["orders", "revenue", "profit"]),
        dice.gamma(1, 10, customers),
        pd.Series(None, index=range(customers), dtype=object),
        np.ones(each, dtype=bool),
    )
    plan = make(situation, POLICY, 1e9, seed=1)
    about = {"source": str(shop)}
    kept = store.keep("bench", plan, POLICY, currency="EUR", says=[], now=now(), about=about)
    return store.approve(kept.id, by="bench", role="marketing", now=now())


@contextmanager
def receiver(folder: Path) -> Iterator[tuple[str, Path]]:
    """In a process of its own; what it received stands in the file once the block has ended."""
    file = folder / "received.json"
    words = [sys.executable, str(HERE / "winback_receiver.py"), SECRET, str(file), "--late", str(LATE)]
    with subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        yield f"http://127.0.0.1:{process.stdout.readline().strip()}/winback", file
        process.stdin.close()
        process.wait(60)


def environment(folder: Path, url: str) -> dict[str, str]:
    configs = folder / "configs"
    configs.mkdir()
    policy = yaml.safe_load((FOLDER / "winback.yaml").read_text()) | {"webhook": WEBHOOK}
    (configs / "winback.yaml").write_text(yaml.safe_dump(policy))
    (configs / "playbook.yaml").write_text((FOLDER / "playbook.yaml").read_text())
    own = {"AMITY_HOME": str(folder), "AMITY_STORE_URL": url, "AMITY_CONFIGS": str(configs)}
    return os.environ | own | {"AMITY_WEBHOOK_SECRET": SECRET, "PYTHONPATH": str(HERE.parent)}


class Senders:
    """Two processes of `amity winback send`; one that was killed is started again."""

    def __init__(self, target: str, given: dict[str, str], log: Path) -> None:
        self._words = [sys.executable, "-m", "amity", "winback", "send", "1", "--json"]
        self._target, self._given, self._log = target, given, log
        self.processes = [self._started(), self._started()]

    def _started(self) -> subprocess.Popen[bytes]:
        with self._log.open("ab") as out:
            words = [*self._words, "--to", self._target]
            return subprocess.Popen(words, env=self._given, stdout=out, stderr=out)

    def kill(self, place: int) -> bool:
        """Whether it was alive."""
        process = self.processes[place]
        alive = process.poll() is None
        process.kill()
        process.wait()
        self.processes[place] = self._started()
        return alive

    def wait(self) -> list[int]:
        return [process.wait(600) for process in self.processes]


def run(name: str, url: str, messages: int, kills: int) -> None:
    dice = np.random.default_rng(7)
    store = PlanStore.open(url)
    with tempfile.TemporaryDirectory() as text:
        folder = Path(text)
        kept = campaign(store, messages, source(folder / "shop", round(messages / 0.9) + 1))
        outbox = Outbox(store.engine)
        with receiver(folder) as (target, file):
            start = time.perf_counter()
            outbox.queue(kept.id, store.rows(kept.id), target, now())
            senders = Senders(target, environment(folder, url), folder / "log")
            killed = 0
            for number in range(kills):
                _require_work(outbox, kept, (number + 1) / (kills + 1) * 0.9)
                time.sleep(dice.uniform(0, 0.5))
                killed += senders.kill(number % 2)
            codes = senders.wait()
            spent = time.perf_counter() - start
            assert codes == [0, 0], (folder / "log").read_text()[-2000:]
        received = json.loads(file.read_text())
    told(name, outbox, store, kept, received, killed, spent)
    store.close()


def _require_work(outbox: Outbox, kept: Kept, share: float) -> None:
    """Waits until so much is delivered, that kills are spread over the whole sending."""
    while True:
        found = outbox.progress(kept.id)
        if found.counts["delivered"] >= share * found.messages:
            return
        time.sleep(0.2)


def told(
    name: str, outbox: Outbox, store: PlanStore, kept: Kept, received: Any, killed: int, spent: float
) -> None:
    rows = store.rows(kept.id)
    wanted = {kept.message_id(who) for who in rows.loc[rows["arm"] == "treatment", "customer_id"]}
    counts = outbox.progress(kept.id).counts
    attempts = outbox.attempts(kept.id, most=10_000_000)
    assert set(received["acted"]) == wanted
    assert received["changed"] == [], received["changed"][:3]
    assert received["forged"] == 0
    assert counts["delivered"] == len(wanted), counts
    assert require_audit(attempts) == wanted
    posts = sum(received["posts"].values())
    unended = sum(each["ended_at"] is None for each in attempts)
    faults = ", ".join(f"{fault} {count:,}" for fault, count in sorted(received["faults"].items()))
    print(f"{name}: {len(wanted):,} messages, {killed} kills with -9, {spent:.0f} s")
    print(f"  received: all; acted on once each: {len(received['acted']):,}; forged or changed: 0")
    print(f"  known again by their key: {posts - len(wanted):,} of {posts:,} requests that were not refused")
    print(f"  attempts: {len(attempts):,}, of which {unended} died with their sender; none missing, in order")
    print(f"  the receiver: {faults}", flush=True)


def require_audit(attempts: list[dict[str, Any]]) -> set[str]:
    """The keys; of each the attempts count from 1 without a gap, in order, and one was answered well."""
    attempts = sorted(attempts, key=lambda each: (each["key"], each["number"]))
    keys = set()
    for key, each in groupby(attempts, key=lambda attempt: attempt["key"]):
        of_one = list(each)
        assert [attempt["number"] for attempt in of_one] == list(range(1, len(of_one) + 1)), of_one
        begun = [(attempt["started_at"], attempt["id"]) for attempt in of_one]
        assert begun == sorted(begun), of_one
        assert 200 in [attempt["status"] for attempt in of_one], of_one
        keys.add(key)
    return keys


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--messages", type=int, default=10_000)
    parser.add_argument("--kills", type=int, default=20)
    parser.add_argument("--engine", nargs="+", default=["SQLite", "PostgreSQL"])
    given = parser.parse_args()
    with addresses() as urls:
        for name, url in urls.items():
            if name.lower() in [engine.lower() for engine in given.engine]:
                run(name, url, given.messages, given.kills)


if __name__ == "__main__":
    main()
