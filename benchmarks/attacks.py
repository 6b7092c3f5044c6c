"""The real service under attack: what was tried, what it answered, and whether that was right.

    python benchmarks/attacks.py [--home FOLDER] [--examples 50]

FOLDER: a home that has a champion and scores (default: the simulated demo's, var/demo-simulated). It is
copied, for keys are made and a customer gets a name that a spreadsheet would run. First the service runs
without keys, then with a key of each role; each attack goes over a socket of its own. Then schemathesis asks
every operation so often, in every role and without a key, with what the document allows and with what it
forbids: no 5xx, nothing undocumented. At the end the store must be what it was, and the log must name no
customer and no key. Exit code 1 where anything was wrong.
"""

from __future__ import annotations

import argparse
import os
import shutil
import sqlite3
import sys
import tempfile
from pathlib import Path

import attacks_fuzz
from attacks_tried import HOSTILE, Target, before_keys, with_keys
from attacks_wire import serving

from features.clock import now
from serving.forgetting.sweep import TELLING
from serving.locks.keys import Keys
from serving.locks.roles import ROLES
from serving.store import Store

DEMO = Path("var/demo-simulated")
SOON = 3
"""Seconds a request may take here, so that a slow one needn't be waited for long."""


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--home", type=Path, default=DEMO)
    parser.add_argument("--examples", type=int, default=50)
    asked = parser.parse_args()
    if not (asked.home / "store.db").exists():
        parser.error(f"{asked.home} has no scores; run `amity demo` first, or name a home with --home.")
    with tempfile.TemporaryDirectory() as name:
        home = shutil.copytree(asked.home, Path(name) / "home")
        wrong = attack(home, asked.examples)
    print(f"\n{wrong} of all that was tried went wrong." if wrong else "\nAll was answered as it should be.")
    sys.exit(bool(wrong))


def attack(home: Path, examples: int) -> int:
    """How many answers were wrong."""
    rename(home)
    before = contents(home)
    os.environ |= {"AMITY_HOME": str(home), "AMITY_SECONDS_PER_REQUEST": str(SOON)}
    log = home / "attacks.log"
    with serving(log) as (port, _):
        wrong = show("without any key", before_keys(Target(port, {})))
    keys = make_keys(home)
    with serving(log) as (port, _):
        target = Target(port, keys)
        wrong += show("with keys", with_keys(target, Keys(Store.open(f"sqlite:///{home}/store.db").engine)))
    del os.environ["AMITY_SECONDS_PER_REQUEST"]
    with serving(log) as (port, _):
        wrong += attacks_fuzz.fuzz(port, {role: keys[role] for role in ROLES}, examples)
    text = log.read_text(errors="replace")
    wrong += show(
        "afterwards",
        [
            (
                "the store's scores",
                "unchanged" if contents(home) == before else "changed",
                contents(home) == before,
            ),
            ("keys in the log", "none", not any(key.split("_", 2)[2] in text for key in keys.values())),
            ("customers in the log", "none", not any(customer in text for customer in telling(home))),
            ("tracebacks in the log", "none", "Traceback" not in text),
        ],
    )
    return wrong


def show(title: str, rows: list[tuple[str, str, bool]]) -> int:
    print(f"\n{title}\n{'attack':<58} {'answer':<66} right")
    for name, answer, right in rows:
        print(f"{name[:57]:<58} {answer[:65]:<66} {'yes' if right else 'NO'}", flush=True)
    return sum(not right for _, _, right in rows)


def rename(home: Path) -> None:
    """A customer of the newest scoring is called what a spreadsheet would run."""
    with sqlite3.connect(home / "store.db") as connection:
        newest = "(SELECT max(id) FROM scorings)"
        connection.execute(
            f"UPDATE scores SET customer_id = ? WHERE scoring_id = {newest} AND rank = 3", [HOSTILE]
        )


def contents(home: Path) -> list[tuple[int, float]]:
    with sqlite3.connect(home / "store.db") as connection:
        return connection.execute(
            "SELECT count(*), sum(value_at_risk) FROM scores GROUP BY scoring_id"
        ).fetchall()


def telling(home: Path) -> list[str]:
    """The ids that can be told from other words and numbers."""
    with sqlite3.connect(home / "store.db") as connection:
        found = connection.execute("SELECT DISTINCT customer_id FROM scores")
        return [customer for (customer,) in found if len(customer) >= TELLING]


def make_keys(home: Path) -> dict[str, str]:
    store = Store.open(f"sqlite:///{home}/store.db")
    keys = Keys(store.engine)
    made = {role: keys.make(f"{role} attacker", role)[1] for role in ROLES}
    made["expiring"] = keys.make("short", "admin", now().replace(year=now().year + 1))[1]
    store.close()
    return made


if __name__ == "__main__":
    main()
