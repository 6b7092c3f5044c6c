"""`amity serve`: a real BentoML server asked over HTTP, and what it refuses to start with."""

from __future__ import annotations

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest

from features.errors import ConfigError, ModelError
from serving.locks.audit import Audit
from serving.run import serve
from serving.store import Store

START = """
import sys
from pathlib import Path
from serving.run import serve
serve(Path(sys.argv[1]), "localhost", int(sys.argv[2]))
"""
SECONDS = 240


@pytest.fixture
def scored_home(shop: Any, tmp_path: Path) -> Path:
    home = tmp_path / "home"
    store = Store.open(f"sqlite:///{home}/store.db")
    store.save(shop.scored, source="shop", definitions=shop.bundle.manifest.definitions)
    store.close()
    return home


@contextmanager
def serving(folder: Path, home: Path, outside: Path) -> Iterator[tuple[httpx.Client, Path]]:
    """A server whose home directory, working directory and TMPDIR are `outside`, and its log."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    environment = {
        name: value for name, value in os.environ.items() if not name.startswith(("AMITY_", "BENTOML_"))
    }
    environment |= {"AMITY_HOME": str(home), "HOME": str(outside), "TMPDIR": str(outside)}
    environment |= {"PYTHONPATH": str(Path(__file__).parents[2]), "PYTHONDONTWRITEBYTECODE": "1"}
    log = home / "log"
    with log.open("w") as out:
        command = [sys.executable, "-c", START, str(folder), str(port)]
        server = subprocess.Popen(command, cwd=outside, env=environment, stdout=out, stderr=subprocess.STDOUT)
    try:
        with httpx.Client(base_url=f"http://127.0.0.1:{port}", trust_env=False, timeout=30) as client:
            _wait(client, server, log)
            yield client, log
    finally:
        server.send_signal(signal.SIGINT)
        server.wait(SECONDS)


def _wait(client: httpx.Client, server: subprocess.Popen[bytes], log: Path) -> None:
    until = time.monotonic() + SECONDS
    while time.monotonic() < until and server.poll() is None:
        try:
            if client.get("/readyz").status_code == 200:
                return
        except httpx.TransportError:
            pass
        time.sleep(0.2)
    pytest.fail(f"the server doesn't answer: {log.read_text()}")


def test_a_real_server_answers_as_the_model_does(shop: Any, scored_home: Path, tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    customer_id = shop.scored.scores["customer_id"][3]
    probability = shop.scored.scores["churn_probability"][3]
    with serving(shop.folder, scored_home, outside) as (client, log):
        assert client.get("/livez").status_code == 200
        assert client.get("/health").json()["customers"] == len(shop.scored.scores)
        stored = client.post("/score", json={"customer_ids": [customer_id]}).json()["customers"][0]
        raw = client.post("/score-events", json={"as_of": "2025-06-01", "tables": shop.of([customer_id])})
        assert stored["churn_probability"] == pytest.approx(probability, abs=1e-9)
        assert raw.json()["customers"][0]["churn_probability"] == pytest.approx(probability, abs=1e-9)
        assert client.get(f"/explain/{customer_id}").json()["customer_id"] == customer_id
        assert client.get("/at-risk?top=3&format=csv").text.count("\r\n") == 4
        assert client.get("/explain/%ff%00").status_code == 404
        assert client.get("/nothing").json() == {
            "error": "There is nothing at this path; /docs lists what there is."
        }
        measured = client.get("/metrics").text
        assert 'amity_requests_total{method="GET",route="/at-risk",status="200"} 1.0' in measured
        assert client.get("/health", headers={"Host": "evil.example"}).status_code == 401
        said = log.read_text()
        assert said.startswith("Amity answers on http://127.0.0.1:")
        assert "No key has been made yet, so it answers this machine only" in said
        answered = [json.loads(line) for line in said.splitlines() if '"answered"' in line]
        assert [line["status"] for line in answered if line["route"] == "/score-events"] == [200]
        assert customer_id not in said + measured
        assert "Traceback" not in said
    store = Store.open(f"sqlite:///{scored_home}/store.db")
    told = [(entry["route"], entry["rows"], entry["customers"]) for entry in Audit(store.engine).read()]
    store.close()
    assert told == [
        ("/score", 1, [customer_id]),
        ("/score-events", 1, []),
        ("/explain/{customer_id:path}", 1, [customer_id]),
        ("/at-risk", 3, []),
    ]
    assert list(outside.iterdir()) == []


def test_a_damaged_bundle_is_told_before_anything_starts(
    shop: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(os, "environ", {**os.environ, "AMITY_HOME": str(tmp_path)})
        folder = shutil.copytree(shop.folder, tmp_path / "bundle")
        (folder / "churn.txt").write_text("x", encoding="utf-8")
        with pytest.raises(ModelError, match=r"churn\.txt is not what was saved"):
            serve(folder, "127.0.0.1", 0)
        with pytest.raises(ModelError, match="is no model bundle"):
            serve(tmp_path / "none", "127.0.0.1", 0)


@pytest.mark.parametrize("host", ["127.0.0.1", "no.such.host.invalid", "256.1.1.1"])
def test_a_place_that_cannot_be_listened_on_is_told(shop: Any, host: str) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with pytest.raises(ConfigError, match=f"can't listen on {host}:{port}: .*choose another --port"):
            serve(shop.folder, host, port)
