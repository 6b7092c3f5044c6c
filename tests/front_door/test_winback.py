"""Marketing's day at the front door: learn, plan, approve, send once, and too early a measurement."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Iterator
from pathlib import Path
from threading import Thread
from typing import Any

import pandas as pd
import pytest
import yaml

from benchmarks.winback_receiver import Receiver
from configs.folder import FOLDER

SECRET = "whsec_" + b64encode(bytes(range(32))).decode()
PLAN = ("--budget", 150, "--explore", 120, "--seed", 1)


@pytest.fixture
def receiver(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Receiver]:
    """A webhook that the configuration lists, whose secret the environment holds."""
    configs = tmp_path / "configs"
    configs.mkdir()
    for file in FOLDER.glob("*.yaml"):
        (configs / file.name).write_text(file.read_text())
    policy = yaml.safe_load((FOLDER / "winback.yaml").read_text())
    policy["webhook"] |= {"targets": ["127.0.0.1"], "first_wait_seconds": 0.01}
    (configs / "winback.yaml").write_text(yaml.safe_dump(policy))
    monkeypatch.setenv("AMITY_CONFIGS", str(configs))
    monkeypatch.setenv("AMITY_WEBHOOK_SECRET", SECRET)
    receiver = Receiver(SECRET, sound=True)
    Thread(target=receiver.serve_forever, args=(0.01,), daemon=True).start()
    yield receiver
    receiver.shutdown()
    receiver.server_close()


@pytest.mark.usefixtures("scores")
def test_from_learning_to_sending(door: Any, shop: Path, tmp_path: Path, receiver: Receiver) -> None:
    learnt = door.done("winback", "learn", shop, "--json").json
    assert learnt["evidence"]["grade"] == "experiment"
    dry = door.done("winback", "plan", shop, *PLAN)
    assert "A dry run: nothing is kept" in dry.out
    assert door.done("winback", "plans", "--json").json == []
    kept = door.done("winback", "plan", shop, *PLAN, "--keep", "--json").json
    assert kept["plan"] == 1
    unshown = "don't show with 99 % certainty that offers change whether" in " ".join(kept["says"])
    assert unshown == (learnt["evidence"]["share"] == 0)
    words = ("winback", "export", 1, "--out", tmp_path / "m.csv", "--contacts", tmp_path / "c.csv")
    door.refuses("Plan 1 is a draft", *words)
    door.refuses("Plan 1 is a draft", "winback", "send", 1, "--to", receiver.url)
    assert "approved by kim" in door.done("winback", "approve", 1, "--by", "kim").out
    door.refuses("approved already, by kim", "winback", "approve", 1, "--by", "kim")
    assert "counts as sent now" in door.done(*words).out
    sent, contacts = pd.read_csv(tmp_path / "m.csv"), pd.read_csv(tmp_path / "c.csv")
    treated = [row["customer_id"] for row in kept["rows"] if row["arm"] == "treatment"]
    assert set(sent["customer_id"]) <= set(treated)
    assert len(contacts) == len(kept["rows"])
    door.refuses("it goes out once", *words)
    door.refuses("it goes out once", "winback", "send", 1, "--to", receiver.url)
    door.done(*words, "--again")
    assert pd.read_csv(tmp_path / "m.csv").equals(sent)
    door.refuses("its 30 days are over on", "winback", "measure", 1, shop)
    _to_a_webhook(door, shop, receiver)


def _to_a_webhook(door: Any, shop: Path, receiver: Receiver) -> None:
    door.done("winback", "plan", shop, *PLAN, "--name", "hooked", "--keep")
    words = ("winback", "send", 2, "--to", receiver.url)
    rehearsed = door.done(*words, "--dry-run", "--json").json
    assert "would be sent" in door.done(*words, "--dry-run").out
    door.done("winback", "approve", 2, "--by", "kim")
    door.refuses("is no target that messages may go to", "winback", "send", 2, "--to", "https://a.example/")
    door.refuses("say where its messages go with --to URL", "winback", "send", 2)
    assert receiver.received.posts.total() == 0
    told = door.done(*words, "--json").json
    assert told["counts"]["delivered"] == len(rehearsed["messages"]) == len(receiver.received.acted) > 20
    assert told["open"] == 0
    assert door.done("winback", "progress", 2, "--json").json == told
    assert "has no dead letter" in door.done("winback", "dead", 2).out
    assert "Plan 2 has no dead letter, so nothing" in door.done("winback", "resend", 2).out
    assert len(door.done("winback", "attempts", 2, "--json").json) == told["attempts"]
    door.done("winback", "send", 2)
    assert receiver.received.posts.total() == told["counts"]["delivered"]
    door.refuses("goes to .* already", "winback", "send", 2, "--to", f"{receiver.url}/other")
    door.refuses("was not sent to a webhook", "winback", "progress", 1)


@pytest.mark.parametrize("budget", [0, -1, "nan"])
@pytest.mark.usefixtures("scores")
def test_a_wrong_budget_is_one_sentence(door: Any, shop: Path, budget: object) -> None:
    door.refuses("The budget is", "winback", "plan", shop, f"--budget={budget}")
