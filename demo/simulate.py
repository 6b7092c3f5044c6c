"""The simulated retailer: every table of the contract, and the truth beside them.

    from demo.simulate import simulate
    simulate(Path("retailer"))            # retailer/*.parquet, retailer-truth/*.parquet

Equal arguments give equal bytes. Memory stays bounded: customers come in chunks.
"""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path

from demo.folders import fresh
from demo.retailer.days import Period, add_months
from demo.retailer.files import Files
from demo.retailer.run import Run
from features.errors import ConfigError

_START = date(2023, 1, 1)
_LATEST_END = date(2026, 1, 1)
_MOST_MONTHS = 240


def simulate(
    folder: Path, *, customers: int = 2000, months: int = 30, seed: int = 7, start: date | None = None
) -> None:
    """Write the retailer's tables to `folder` and the truth to the folder `<folder>-truth` beside it.

    Nothing appears before all is written: first the truth, then the tables. `start` is the first day, by
    default 2023-01-01, or earlier where `months` would otherwise reach beyond 2025. Raises SourceError where
    one of the folders holds anything, ConfigError on a number out of range or a start within a month.
    """
    _check(customers, months, seed, start)
    first = start or min(_START, add_months(_LATEST_END, -months))
    period = Period(first, add_months(first, months))
    about = {
        "customers": customers,
        "months": months,
        "seed": seed,
        "start": str(first),
        "end": str(period.end),
    }
    folder = Path(folder).absolute()
    with fresh(folder.with_name(f"{folder.name}-truth"), folder) as (truth, written):
        with Files(written) as tables, Files(truth) as truths:
            Run(period, seed, tables, truths).all(customers)
        (truth / "simulation.json").write_text(json.dumps(about, indent=2) + "\n")


def _check(customers: int, months: int, seed: int, start: date | None) -> None:
    if customers < 1:
        raise ConfigError(f"customers is {customers}; a simulation needs at least 1.")
    if not 1 <= months <= _MOST_MONTHS:
        raise ConfigError(f"months is {months}; a simulation covers 1 to {_MOST_MONTHS}.")
    if seed < 0:
        raise ConfigError(f"seed is {seed}; give 0 or any whole number above.")
    if start is not None and start.day != 1:
        raise ConfigError(f"start is {start}; give the first day of a month, such as {start.replace(day=1)}.")
