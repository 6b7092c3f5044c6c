"""What it takes to repeat a training bit by bit, and the repeating."""

from __future__ import annotations

import hashlib
import json
import platform
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from datetime import datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

import pandas as pd
from pydantic import ValidationError

from configs.settings import Definitions, TrainingSettings
from features.build import build
from features.errors import ModelError
from features.snapshots import Tables, before, population
from models.bundle import FILES, Bundle, save
from models.scoring import customer_value
from training.fit import fingerprint, fit

ROOT = Path(__file__).parents[1]
ROOMS = ("configs", "features", "models", "training")
LIBRARIES = ("lightgbm", "numpy", "pandas", "scipy", "scikit-learn", "ibis-framework", "duckdb")
Say = Callable[[str], None]


@dataclass(frozen=True)
class Record:
    """What a training rests on, and what came of it.

    `settings`: with the seed and the training `days`. `tables`: table → fingerprint of what was known.
    `code_digest`: of the rooms' Python files; `lock`: of requirements.lock, or `none` outside a checkout.
    `files`: file of the bundle → digest, `scores`: digest of the churn probabilities and CLVs of all
    `customers` active at `as_of`.
    """

    as_of: str
    definitions: Mapping[str, Any]
    settings: Mapping[str, Any]
    tables: Mapping[str, str]
    code: str
    code_digest: str
    lock: str
    libraries: Mapping[str, str]
    machine: str
    files: Mapping[str, str]
    scores: str
    customers: int

    def to_dict(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> Record:
        try:
            return cls(**values)
        except TypeError as error:
            raise ModelError(
                f"The run was recorded by another Amity, and can't be repeated: {error}"
            ) from None


@dataclass(frozen=True)
class Rerun:
    """`differs`: the results that are not the same bytes; `reasons`: what may explain it, a sentence each."""

    now: Record
    differs: tuple[str, ...]
    reasons: tuple[str, ...]

    @property
    def same(self) -> bool:
        return not self.differs


def active(tables: Tables, bundle: Bundle) -> pd.DataFrame:
    """The features of all customers active at the bundle's day, by customer."""
    manifest = bundle.manifest
    known = before(tables, manifest.as_of)
    words = manifest.definitions
    people = population(known, [manifest.as_of], words.lookback_days, words.mode)
    frame: pd.DataFrame = build(known, people, bundle.reference).to_pandas()
    return frame.sort_values("customer_id", ignore_index=True)


def record(bundle: Bundle, tables: Tables, customers: pd.DataFrame) -> Record:
    """The record of a training; `customers`: as `active` gives them."""
    manifest = bundle.manifest
    known = before(tables, manifest.as_of)
    return Record(
        as_of=manifest.as_of.isoformat(),
        definitions=manifest.definitions.model_dump(),
        settings=dict(manifest.settings),
        tables={name: fingerprint({name: table}) for name, table in known.items()},
        code=manifest.code,
        code_digest=code_digest(),
        lock=lock_digest(),
        libraries={name: version(name) for name in LIBRARIES},
        machine=f"Python {platform.python_version()} on {platform.machine()}",
        files=_file_digests(bundle),
        scores=_scores_digest(bundle, customers),
        customers=len(customers),
    )


def rerun(then: Record, tables: Tables, say: Say = lambda _: None) -> Rerun:
    """Train again as recorded, and compare; raises ModelError for settings that this Amity doesn't have."""
    as_of = datetime.fromisoformat(then.as_of)
    definitions, settings = _settings(then)
    say("Fitting as recorded")
    bundle = fit(before(tables, as_of), as_of, definitions, settings)
    say("Comparing")
    now = record(bundle, tables, active(tables, bundle))
    return Rerun(now, tuple(_differing(then, now)), tuple(_reasons(then, now)))


def code_digest() -> str:
    """A digest of the code that a training runs, committed or not."""
    digest = hashlib.sha256()
    for room in ROOMS:
        for file in sorted((ROOT / room).rglob("*.py")):
            digest.update(str(file.relative_to(ROOT)).encode() + file.read_bytes())
    return digest.hexdigest()[:16]


def lock_digest() -> str:
    lock = ROOT / "requirements.lock"
    return hashlib.sha256(lock.read_bytes()).hexdigest()[:16] if lock.exists() else "none"


def _settings(then: Record) -> tuple[Definitions, TrainingSettings]:
    chosen = {name: value for name, value in then.settings.items() if name != "days"}
    try:
        return Definitions(**then.definitions), TrainingSettings(**chosen)
    except ValidationError as error:
        names = ", ".join(".".join(map(str, problem["loc"])) for problem in error.errors())
        raise ModelError(f"The run's settings are not those of this Amity: {names}. Train anew.") from None


def _file_digests(bundle: Bundle) -> dict[str, str]:
    with tempfile.TemporaryDirectory() as folder:
        saved = save(bundle, Path(folder) / "bundle")
        return {name: hashlib.sha256((saved / name).read_bytes()).hexdigest() for name in FILES}


def _scores_digest(bundle: Bundle, customers: pd.DataFrame) -> str:
    churn = bundle.churn.predict(customers)
    clv, _, _ = customer_value(bundle, customers, churn)
    ids = json.dumps(customers["customer_id"].astype("str").tolist()).encode()
    return hashlib.sha256(ids + churn.tobytes() + clv.tobytes()).hexdigest()


def _differing(then: Record, now: Record) -> list[str]:
    files = [name for name, digest in now.files.items() if then.files.get(name) != digest]
    return files + (["the scores"] if then.scores != now.scores else [])


def _reasons(then: Record, now: Record) -> list[str]:
    found = [_other_data(then, now), _other_code(then, now), _other_libraries(then, now)]
    if then.settings.get("days") != now.settings.get("days"):
        found.append("The training days differ, as other days can be learnt from now.")
    if then.machine != now.machine:
        found.append(f"The machine differs: {now.machine}, and was {then.machine}.")
    return [reason for reason in found if reason]


def _other_data(then: Record, now: Record) -> str:
    names = sorted({*then.tables, *now.tables})
    gone = [f"{name} is missing" for name in names if name not in now.tables]
    new = [f"{name} is new" for name in names if name not in then.tables]
    changed = [
        f"{name} holds other rows"
        for name in names
        if name in then.tables and name in now.tables and then.tables[name] != now.tables[name]
    ]
    told = gone + new + changed
    return f"The data before {then.as_of[:10]} differ: {', '.join(told)}." if told else ""


def _other_code(then: Record, now: Record) -> str:
    if then.code_digest == now.code_digest:
        return ""
    if then.code == now.code:
        return f"The code differs: revision {now.code} both times, with changes that are not committed."
    return f"The code differs: revision {now.code}, and was {then.code}."


def _other_libraries(then: Record, now: Record) -> str:
    changed = [
        f"{name} is {now.libraries.get(name, 'gone')} and was {then.libraries.get(name, 'not there')}"
        for name in sorted({*then.libraries, *now.libraries})
        if then.libraries.get(name) != now.libraries.get(name)
    ]
    if not changed and then.lock != now.lock:
        changed = ["requirements.lock is another one"]
    return f"The libraries differ: {', '.join(changed)}." if changed else ""
