"""A small shop whose late answers drive customers away, a bundle trained on it, and its scores in a store."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import pandas as pd
import pytest
from sqlalchemy import create_engine, text
from sqlalchemy.engine import make_url

from configs.loading import load
from configs.settings import Definitions, Playbook, TrainingSettings
from features.catalog import DIMENSIONS
from features.sources import source_from_rows
from models import bundle as bundles
from models.bundle import Bundle
from models.scoring import Scored, score
from models.weakpoints import Points
from serving.api import make_api
from serving.console.pages import add_pages
from serving.docs import add_docs
from serving.resources import Resources
from serving.store import Store
from training.fit import fit

AS_OF = datetime(2025, 6, 1)  # noqa: DTZ001
START = datetime(2023, 12, 1)  # noqa: DTZ001
CUSTOMERS = 300
SOURCE = "shop"
SMALL = TrainingSettings(step_days=30, max_snapshots=6, trees=40)

Rows = dict[str, list[dict[str, Any]]]


@dataclass(frozen=True)
class Shop:
    """The rows of a source, the bundle trained on them as of AS_OF, its folder, and what it scores then."""

    rows: Rows
    bundle: Bundle
    folder: Path
    scored: Scored

    def of(self, customer_ids: Sequence[str]) -> Rows:
        """The tables with these customers' rows only."""
        wanted = set(customer_ids)
        return {name: [r for r in rows if r["customer_id"] in wanted] for name, rows in self.rows.items()}


@dataclass(frozen=True)
class Client:
    """Asks the API in this process, over its ASGI interface."""

    resources: Resources
    app: Any = field(init=False)

    def __post_init__(self) -> None:
        api = make_api()
        add_docs(api)
        add_pages(api)
        api.state.resources = self.resources
        object.__setattr__(self, "app", api)

    def get(self, path: str, **params: Any) -> httpx.Response:
        return self.ask("GET", path, params=params or None)

    def post(self, path: str, json: Any) -> httpx.Response:
        return self.ask("POST", path, json=json)

    def ask(self, method: str, path: str, **options: Any) -> httpx.Response:
        async def asked() -> httpx.Response:
            transport = httpx.ASGITransport(app=self.app, raise_app_exceptions=False)
            async with httpx.AsyncClient(transport=transport, base_url="http://localhost") as client:
                return await client.request(method, path, **options)

        return asyncio.run(asked())


@pytest.fixture(scope="session")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Shop:
    rows = make_rows()
    source = source_from_rows(rows)
    bundle = fit(source.tables, AS_OF, Definitions(), SMALL).with_version("7")
    folder = bundles.save(bundle, tmp_path_factory.mktemp("bundles") / "7")
    scored = score(bundle, source.tables, AS_OF, load(Playbook))
    source.backend.disconnect()
    return Shop(rows, bundle, folder, scored)


@pytest.fixture(scope="session")
def client(shop: Shop, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Client]:
    """Its store holds the shop's scores; nobody writes to it."""
    store = Store.open(f"sqlite:///{tmp_path_factory.mktemp('home')}/store.db")
    store.save(shop.scored, source=SOURCE, definitions=shop.bundle.manifest.definitions)
    yield Client(Resources(shop.bundle, store, load(Playbook)))
    store.close()


@pytest.fixture
def empty_client(client: Client, tmp_path: Path) -> Iterator[Client]:
    """Nothing is scored yet."""
    store = Store.open(f"sqlite:///{tmp_path}/store.db")
    empty = replace(client.resources, store=store)
    vars(empty)["live"] = client.resources.live  # compiled once for all tests
    yield Client(empty)
    store.close()


def make_rows(seed: int = 5) -> Rows:
    """Customers who order every 5 to 60 days until they leave, most of them after complaints."""
    dice = np.random.default_rng(seed)
    rows: Rows = {"customers": [], "orders": [], "tickets": [], "returns": []}
    for number in range(CUSTOMERS):
        customer = f"C{number:04d}"
        rows["customers"].append(
            {
                "customer_id": customer,
                "signed_up_at": (START - timedelta(days=int(dice.integers(1, 300)))).isoformat(),
                "segment": str(dice.choice(["gold", "silver"])),
                "country": str(dice.choice(["DE", "FR", "IT"])),
            }
        )
        _live(customer, rows, dice)
    return rows


def _live(customer: str, rows: Rows, dice: np.random.Generator) -> None:
    gap, value = dice.uniform(5, 60), dice.gamma(3, 20)
    unhappy = dice.random() < 0.4
    leaves = START + timedelta(days=float(dice.uniform(60, 560 if unhappy else 1500)))
    time = START + timedelta(days=float(dice.uniform(0, 60)))
    while time < min(leaves, AS_OF):
        rows["orders"].append(_order(customer, len(rows["orders"]), time, value * dice.lognormal(0, 0.3)))
        if dice.random() < (0.3 if unhappy else 0.05):
            rows["returns"].append(_return(customer, rows, time + timedelta(days=3)))
        if dice.random() < (0.4 if unhappy else 0.03):
            rows["tickets"].append(_ticket(customer, len(rows["tickets"]), time, slow=unhappy))
        time += timedelta(days=float(dice.exponential(gap)) + 0.5)


def _order(customer: str, number: int, time: datetime, amount: float) -> dict[str, Any]:
    return {
        "order_id": f"O{number}",
        "customer_id": customer,
        "ordered_at": time.isoformat(),
        "amount": round(amount, 2),
    }


def _return(customer: str, rows: Rows, time: datetime) -> dict[str, Any]:
    order = rows["orders"][-1]
    return {
        "return_id": f"R{len(rows['returns'])}",
        "order_id": order["order_id"],
        "customer_id": customer,
        "returned_at": time.isoformat(),
        "amount": order["amount"] / 2,
    }


def _ticket(customer: str, number: int, time: datetime, *, slow: bool) -> dict[str, Any]:
    opened = time + timedelta(days=1)
    return {
        "ticket_id": f"T{number}",
        "customer_id": customer,
        "opened_at": opened.isoformat(),
        "kind": "complaint",
        "first_response_at": (opened + timedelta(hours=90 if slow else 3)).isoformat(),
        "resolved_at": None if slow else (opened + timedelta(days=1)).isoformat(),
    }


def made_up(rows: int = 400, as_of: datetime = AS_OF, version: str = "1", seed: int = 0) -> Scored:
    """Scores that no model made, with ties in value at risk, missing values and every kind of weak point."""
    dice = np.random.default_rng(seed)
    names = np.array([*DIMENSIONS[:6], None], dtype=object)
    frame = pd.DataFrame(
        {
            "customer_id": [f"C{number}" for number in dice.permutation(rows)],
            "as_of": pd.Timestamp(as_of),
            "model_version": version,
            "status": dice.choice(["new", "active", "slowing", "lapsed", "lost"], rows),
            "churn_probability": dice.integers(0, 10, rows) / 10,
            "clv": dice.integers(0, 20, rows) * 12.5,
        }
    )
    frame["clv_low"], frame["clv_high"] = frame["clv"] * 0.5, frame["clv"] * 1.5
    frame["value_at_risk"] = frame["churn_probability"] * frame["clv"]
    expected = pd.Series(pd.Timestamp(as_of) + timedelta(days=9), index=frame.index)
    frame["expected_next_order_at"] = expected.mask(frame["status"] == "lost")
    for place in (1, 2, 3):
        named = pd.array(dice.choice(names, rows), dtype="str")
        frame[f"weak_point_{place}"] = named
        frame[f"weak_point_{place}_points"] = np.where(named.isna(), np.nan, dice.random(rows) * 10)
        frame[f"weak_point_{place}_says"] = pd.array(
            [None if pd.isna(n) else f"{n}, «so»." for n in named], dtype="str"
        )
        frame[f"weak_point_{place}_confidence"] = pd.Series("sure", index=frame.index).mask(named.isna())
        frame[f"weak_point_{place}_repaired"] = np.where(named.isna(), np.nan, dice.random(rows))
    frame["smallest_repair"] = pd.array(
        dice.choice(np.array(["service, spend", None], dtype=object), rows), dtype="str"
    )
    frame["action"] = "Call."
    points = pd.DataFrame(dice.normal(size=(rows, 7)), columns=list(DIMENSIONS))
    repaired = pd.DataFrame(dice.random((rows, 7)), columns=list(DIMENSIONS))
    features = pd.DataFrame(
        {
            "segment": dice.choice(np.array(["gold", "silver", None], dtype=object), rows),
            "country": "DE",
            "days_since_order": dice.integers(0, 300, rows).astype(float),
            "usual_gap": 20.0,
            "gap_spread": dice.choice([0.5, np.nan], rows),
        }
    )
    return Scored(frame, Points(0.25, points), features, repaired)


@pytest.fixture
def make_scored() -> Any:
    """`made_up`, for the tests."""
    return made_up


schemas = (f"store_{number}" for number in itertools.count())


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path}/store.db"
    server, name = make_url(request.getfixturevalue("postgres")), next(schemas)
    server = server.set(drivername="postgresql+psycopg")
    engine = create_engine(server)
    with engine.begin() as connection:
        connection.execute(text(f"CREATE SCHEMA {name}"))
    engine.dispose()
    server = server.update_query_dict({"options": f"-csearch_path={name}"})
    return server.render_as_string(hide_password=False)
