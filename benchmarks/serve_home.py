"""A home to serve from: a bundle in two versions, a store with as many scores as asked for, and servers."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from http.client import HTTPConnection
from pathlib import Path

from features_data import folder
from serve_scores import census, made

from configs import loading
from configs.settings import Definitions, TrainingSettings
from models import bundle as bundles
from serving.run import command, environment
from serving.store import Store

RETAILER = 30_000
DAY = datetime(2025, 6, 1)  # noqa: DTZ001
LOG = "serve.log"
NO_LIMITS = {
    "AMITY_REQUESTS_PER_MINUTE_OF_ADDRESS": "1000000",
    "AMITY_REQUESTS_PER_MINUTE_OF_KEY": "1000000",
}
"""The clients all have one address."""


@dataclass(frozen=True)
class Home:
    """`bundles`: the same model as version 1 and 2. `source`: the tables it was trained on."""

    folder: Path
    source: Path
    bundles: tuple[Path, Path]


def home_of(where: Path, customers: int) -> Home:
    """Trained and filled where it isn't there yet, which takes minutes; the store is a fresh copy."""
    os.environ["AMITY_HOME"] = str(where)
    source = folder(RETAILER)
    versions = (where / "bundles" / "1", where / "bundles" / "2")
    if not versions[1].exists():
        _train(source, versions)
    filled, name = where / f"filled-{customers}.db", where / "store.db"
    if not filled.exists():
        _fill(filled, customers)
    for old in where.glob(f"{name.name}*"):
        old.unlink()
    shutil.copy(filled, name)
    os.environ["AMITY_STORE_URL"] = f"sqlite:///{name}"
    return Home(where, source, versions)


def _train(source: Path, versions: Sequence[Path]) -> None:
    from features.snapshots import latest_as_of
    from features.sources import open_source
    from training.fit import fit

    print("training a bundle …", flush=True)
    tables = open_source(source).tables
    day = latest_as_of(tables, datetime(2100, 1, 1))  # noqa: DTZ001
    fitted = fit(tables, day, Definitions(), loading.load(TrainingSettings))
    for folder_ in versions:
        bundles.save(fitted.with_version(folder_.name), folder_)


def _fill(name: Path, customers: int) -> None:
    print(f"filling a store with {customers:,} scores …", flush=True)
    draft = name.with_suffix(".draft")
    store = Store.open(f"sqlite:///{draft}")
    scored = made(customers, DAY)
    start = time.perf_counter()
    store.save(scored, source="made", definitions=Definitions(), census=census(scored, DAY))
    print(f"{customers:,} scores loaded in {time.perf_counter() - start:.1f} s", flush=True)
    store.close()
    draft.rename(name)


@contextmanager
def amity(home: Home) -> Iterator[tuple[int, int]]:
    """The service as `amity serve` starts it, with version 1; its port and its process."""
    os.environ["AMITY_HOME"] = str(home.folder)
    given = os.environ | environment(home.bundles[0]) | NO_LIMITS
    (home.folder / "champion.json").unlink(missing_ok=True)
    port = _free_port()
    with _server(command("127.0.0.1", port), given, port, home.folder / LOG) as process:
        yield port, process


@contextmanager
def empty(home: Home) -> Iterator[int]:
    port = _free_port()
    words = [sys.executable, "-m", "bentoml", "serve", "serve_empty:Empty", "--host", "127.0.0.1"]
    words += ["--port", str(port), "--working-dir", str(Path(__file__).parent)]
    given = os.environ | environment(home.bundles[0])
    with _server(words, given, port, home.folder / "empty.log"):
        yield port


@contextmanager
def _server(words: Sequence[str], given: dict[str, str], port: int, log: Path) -> Iterator[int]:
    with log.open("w") as out:
        server = subprocess.Popen(words, env=given, stdout=out, stderr=subprocess.STDOUT)
    try:
        _wait(port, server, log)
        yield server.pid
    finally:
        server.send_signal(signal.SIGINT)
        server.wait(60)


def _wait(port: int, server: subprocess.Popen[bytes], log: Path) -> None:
    until = time.monotonic() + 300
    while time.monotonic() < until and server.poll() is None:
        try:
            connection = HTTPConnection("127.0.0.1", port, timeout=5)
            connection.request("GET", "/readyz")
            if connection.getresponse().status == 200:
                return
        except OSError:
            time.sleep(0.5)
    raise SystemExit(f"the server doesn't answer: {log.read_text()}")


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def memory_mb(process: int) -> float:
    """Resident memory of a process and its children."""
    children = Path(f"/proc/{process}/task/{process}/children").read_text().split()
    return sum(_resident_mb(each) for each in (str(process), *children))


def _resident_mb(process: str) -> float:
    pages = Path(f"/proc/{process}/statm").read_text().split()[1]
    return int(pages) * os.sysconf("SC_PAGE_SIZE") / 2**20
