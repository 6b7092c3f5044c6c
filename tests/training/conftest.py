"""A small shop of three tables in which unhappy customers leave, and three trainings of it in MLflow."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import ibis
import numpy as np
import pandas as pd
import pytest

from configs.settings import Definitions, TrainingSettings
from features.sources import source_from_rows
from training import tracking
from training.judge import Judgement
from training.metrics import churn_metrics
from training.train import Training, train

START = datetime(2024, 1, 1)  # noqa: DTZ001
AS_OF = datetime(2025, 5, 1)  # noqa: DTZ001
END = AS_OF + timedelta(days=60)
DEFINITIONS = Definitions(horizon_days=60, lookback_days=240, clv_horizon_days=180)
SETTINGS = TrainingSettings(step_days=40, max_snapshots=3, trees=25, learning_rate=0.1)

Rows = dict[str, list[dict[str, Any]]]
Tables = dict[str, ibis.Table]
Open = Callable[[Rows], Tables]


@dataclass(frozen=True)
class Shop:
    """`rows` run two months beyond `as_of`."""

    rows: Rows
    tables: Tables
    as_of: datetime
    definitions: Definitions
    settings: TrainingSettings


@pytest.fixture(scope="session")
def opened() -> Iterator[Open]:
    """Raw rows as clean tables; the connections are closed after the tests."""
    sources = []

    def open_rows(rows: Rows) -> Tables:
        sources.append(source_from_rows(rows))
        return sources[-1].tables

    yield open_rows
    for source in sources:
        source.backend.disconnect()


@pytest.fixture(scope="session")
def shop(opened: Open) -> Shop:
    rows = make_rows()
    return Shop(rows, opened(rows), AS_OF, DEFINITIONS, SETTINGS)


@dataclass(frozen=True)
class Trained:
    """A home with three trainings: one made bad on purpose, a good one, and the good one again.

    The third is handed what the second found, for to find it again takes long, and `test_fit` sees to that.
    """

    home: Path
    bad: Training
    good: Training
    again: Training


@pytest.fixture(scope="session")
def blank(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """MLflow's database before any run, for it takes MLflow seconds to make one."""
    home = tmp_path_factory.mktemp("blank")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("AMITY_HOME", str(home))
        patch.delenv("MLFLOW_TRACKING_URI", raising=False)
        tracking.connect()
    return home / "mlflow.db"


@pytest.fixture(scope="session")
def trained(shop: Shop, blank: Path, tmp_path_factory: pytest.TempPathFactory) -> Trained:
    home = tmp_path_factory.mktemp("home")
    shutil.copy(blank, home / "mlflow.db")
    bad = TrainingSettings(**SETTINGS.model_dump() | {"trees": 1, "learning_rate": 0.001})
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("AMITY_HOME", str(home))
        patch.delenv("MLFLOW_TRACKING_URI", raising=False)
        tables = {name: shop.tables[name] for name in ("orders", "customers")}
        source = "postgresql://reader:secret@db/shop"
        made = [train(tables, AS_OF, DEFINITIONS, chosen, source=source) for chosen in (bad, SETTINGS)]
        for name, known in (("judge", made[1].judgement), ("fit", made[1].bundle)):
            patch.setattr(f"training.train.{name}", lambda *_, known=known: known)
        again = train(tables, AS_OF, DEFINITIONS, SETTINGS, source=source)
    return Trained(home, *made, again)


@pytest.fixture
def at_home(trained: Trained, monkeypatch: pytest.MonkeyPatch) -> Trained:
    monkeypatch.setenv("AMITY_HOME", str(trained.home))
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    return trained


@pytest.fixture
def new_home(blank: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A home without any model."""
    home = tmp_path / "home"
    home.mkdir()
    shutil.copy(blank, home / "mlflow.db")
    monkeypatch.setenv("AMITY_HOME", str(home))
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    return home


@pytest.fixture(scope="session")
def judged() -> Callable[..., Judgement]:
    """A judgement made up of who churned, model → probabilities, and the groups."""

    def judged(
        churned: np.ndarray, probabilities: Mapping[str, np.ndarray], groups: pd.DataFrame | None = None
    ) -> Judgement:
        ids = [f"C{number:05d}" for number in range(len(churned))]
        outcome = pd.DataFrame({"customer_id": ids, "churned": churned.astype(bool), "revenue": 0.0})
        metrics = {name: churn_metrics(churned, probability) for name, probability in probabilities.items()}
        day = AS_OF - timedelta(days=60)
        return Judgement(day, outcome, probabilities, metrics, False, SETTINGS, groups)

    return judged


@pytest.fixture(scope="session")
def risky() -> Callable[..., tuple[np.ndarray, np.ndarray]]:
    """So many customers: who churned, and the probability that is right."""

    def risky(count: int, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
        dice = np.random.default_rng(seed)
        risk = dice.uniform(0.05, 0.95, count)
        return (dice.random(count) < risk).astype(float), risk

    return risky


def make_rows(customers: int = 240, seed: int = 3) -> Rows:
    """Each orders at their own pace until they leave; who returns much leaves early."""
    dice = np.random.default_rng(seed)
    rows: Rows = {"customers": [], "orders": [], "returns": []}
    for number in range(customers):
        customer = f"C{number:03d}"
        gap, value, unhappy = dice.uniform(6, 40), dice.gamma(3, 20), dice.random() < 0.4
        time = START + timedelta(days=float(dice.uniform(0, 300)))
        leaves = time + timedelta(days=float(dice.exponential(150 if unhappy else 900)))
        segment = str(dice.choice(["gold", "silver"]))
        rows["customers"].append({"customer_id": customer, "signed_up_at": START, "segment": segment})
        while time < min(leaves, END):
            order = f"O{len(rows['orders'])}"
            amount = round(float(value * dice.lognormal(0, 0.3)), 2)
            rows["orders"].append(
                {"order_id": order, "customer_id": customer, "ordered_at": time, "amount": amount}
            )
            if dice.random() < (0.3 if unhappy else 0.03):
                rows["returns"].append(
                    {
                        "return_id": f"R{order}",
                        "order_id": order,
                        "customer_id": customer,
                        "returned_at": time + timedelta(days=4),
                        "amount": amount / 2,
                    }
                )
            time += timedelta(days=float(dice.exponential(gap)) + 0.5)
    return rows
