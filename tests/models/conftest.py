"""A simulated retailer with every table over 18 months, and a small bundle trained on it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from datetime import date, datetime
from importlib.util import find_spec
from pathlib import Path

import ibis
import numpy as np
import pandas as pd
import pytest

from configs.settings import Definitions, TrainingSettings
from demo.simulate import simulate
from features.sources import open_source
from models.btyd_fit import Floats
from models.bundle import Bundle
from training.fit import fit

AS_OF = datetime(2024, 6, 1)  # noqa: DTZ001
SMALL = TrainingSettings(step_days=45, max_snapshots=6, trees=30)

Frames = Mapping[str, pd.DataFrame]
Tables = Mapping[str, ibis.Table]


@pytest.fixture(scope="session")
def as_of() -> datetime:
    """A month before the tables end."""
    return AS_OF


@pytest.fixture(scope="session")
def frames(tmp_path_factory: pytest.TempPathFactory) -> Frames:
    folder = tmp_path_factory.mktemp("retailer") / "shop"
    simulate(folder, customers=400, months=18, start=date(2023, 1, 1))
    return {path.stem: pd.read_parquet(path) for path in folder.glob("*.parquet")}


@pytest.fixture(scope="session")
def opened(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[[Frames], Tables]]:
    """Writes frames to a folder and opens it as a source; the connections are closed after the tests."""
    sources = []

    def open_frames(frames: Frames) -> Tables:
        folder: Path = tmp_path_factory.mktemp("source")
        for name, frame in frames.items():
            frame.to_parquet(folder / f"{name}.parquet", index=False)
        sources.append(open_source(folder))
        return sources[-1].tables

    yield open_frames
    for source in sources:
        source.backend.disconnect()


@pytest.fixture(scope="session")
def tables(frames: Frames, opened: Callable[[Frames], Tables]) -> Tables:
    return opened(frames)


@pytest.fixture(scope="session")
def bundle(tables: Tables) -> Bundle:
    return fit(tables, AS_OF, Definitions(), SMALL).with_version("3")


@pytest.fixture(scope="session")
def histories() -> Callable[[np.random.Generator, int], pd.DataFrame]:
    """Draws so many rows of the features that models of buying, RFM and curves take, without any outcome."""

    def histories(dice: np.random.Generator, rows: int) -> pd.DataFrame:
        orders = dice.geometric(0.3, rows)
        recency = np.where(orders > 1, np.round(orders * dice.uniform(5, 40, rows)), 0.0)
        silent = dice.exponential(60, rows)
        return pd.DataFrame(
            {
                "order_days": orders,
                "orders": orders,
                "recency_days": recency,
                "days_since_order": silent,
                "days_since_first_order": recency + silent,
                "amount_total": orders * dice.gamma(3, 10, rows),
            }
        )

    return histories


@pytest.fixture(scope="session")
def cdnow_sample() -> tuple[Floats, Floats, Floats]:
    """Frequency, recency and age in weeks of the 2,357 customers of the CDNOW sample, after 39 weeks."""
    package = find_spec("lifetimes")
    assert package is not None
    assert package.submodule_search_locations is not None
    file = Path(package.submodule_search_locations[0]) / "datasets" / "cdnow_customers_summary.csv"
    _, frequency, recency, age = np.loadtxt(file, delimiter=",", skiprows=1).T
    return frequency, recency, age
