"""`amity` as a person calls it, and a simulated retailer that it has trained on and scored."""

from __future__ import annotations

import json
import re
import shutil
import sys
from collections.abc import Callable, Mapping, Sequence
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass
from datetime import datetime, timedelta
from io import StringIO
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

import amity
from verbs import shell

SMALL = {"AMITY_MAX_SNAPSHOTS": "3", "AMITY_STEP_DAYS": "60", "AMITY_TREES": "20"}
WIDTH = 300
Orders = list[dict[str, Any]]


@dataclass(frozen=True)
class Answer:
    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)


@dataclass(frozen=True)
class Door:
    """Runs `amity` in this process with a home of its own, and trainings that are small."""

    home: Path

    @property
    def environment(self) -> dict[str, str]:
        return SMALL | {"AMITY_HOME": str(self.home)}

    def run(self, *words: object) -> Answer:
        out, err, code = StringIO(), StringIO(), 0
        with pytest.MonkeyPatch.context() as patch, redirect_stdout(out), redirect_stderr(err):
            patch.delenv("MLFLOW_TRACKING_URI", raising=False)
            for name, value in self.environment.items():
                patch.setenv(name, value)
            for console in (shell.out, shell.err):
                patch.setattr(console, "width", WIDTH)
            patch.setattr(sys, "argv", ["amity", *map(str, words)])
            try:
                amity.main()
            except SystemExit as left:
                code = int(left.code or 0)
        return Answer(code, out.getvalue(), err.getvalue())

    def done(self, *words: object) -> Answer:
        answer = self.run(*words)
        assert answer.code == 0, answer.err
        return answer

    def refuses(self, says: str, *words: object) -> None:
        """One message on the error stream, exit code 1, and no traceback."""
        answer = self.run(*words)
        assert answer.code == 1
        assert re.search(says, answer.err, re.DOTALL), answer.err
        assert "Traceback" not in answer.err
        assert answer.out == ""


@pytest.fixture(scope="session")
def door(tmp_path_factory: pytest.TempPathFactory) -> Door:
    return Door(tmp_path_factory.mktemp("home"))


@pytest.fixture(scope="session")
def blank(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """MLflow's database before any run, for it takes MLflow seconds to make one."""
    door = Door(tmp_path_factory.mktemp("blank"))
    door.done("models")
    return door.home / "mlflow.db"


@pytest.fixture
def new_door(blank: Path, tmp_path: Path) -> Door:
    """Another home, without any model."""
    home = tmp_path / "home"
    home.mkdir()
    shutil.copy(blank, home / "mlflow.db")
    return Door(home)


@pytest.fixture(scope="session")
def shop(door: Door, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("data") / "shop"
    told = door.done("simulate", folder, "--customers", 600, "--months", 24)
    assert "Wrote 600 customers over 24 months" in told.out
    return folder


@pytest.fixture(scope="session")
def training(door: Door, shop: Path) -> Any:
    return door.done("train", shop, "--json").json


@pytest.fixture(scope="session")
def scores(door: Door, shop: Path, training: Any, tmp_path_factory: pytest.TempPathFactory) -> pd.DataFrame:
    file = tmp_path_factory.mktemp("scores") / "scores.parquet"
    told = door.done("score", shop, "--out", file)
    frame = pd.read_parquet(file)
    assert f"Scored {len(frame):,} customers as of 2025-01-01 with version {training['version']}." in told.out
    return frame


def _placed(customers: int = 150, days: int = 400) -> Orders:
    """Orders every 11 to 50 days; every third customer stops half way."""
    start, orders = datetime(2024, 1, 1), []  # noqa: DTZ001
    for number in range(customers):
        last = days // 2 + number % 60 if number % 3 == 0 else days
        for day in range(number % 11, last, 11 + number % 40):
            order = {"order_id": f"o{len(orders)}", "customer_id": f"c{number}"}
            orders.append(order | {"ordered_at": start + timedelta(days=day), "amount": 10.0 + number % 7})
    return orders


@pytest.fixture(scope="session")
def placed() -> Callable[..., Orders]:
    return _placed


@pytest.fixture(scope="session")
def put(tmp_path_factory: pytest.TempPathFactory) -> Callable[..., Path]:
    """Tables as rows → a folder of Parquet."""

    def put(**tables: Sequence[Mapping[str, Any]]) -> Path:
        folder = tmp_path_factory.mktemp("source")
        for name, rows in tables.items():
            pd.DataFrame(rows).to_parquet(folder / f"{name}.parquet", index=False)
        return folder

    return put
