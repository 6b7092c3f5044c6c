"""Read a table of one's own, judge, fit and register its model, and say all of it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from rich.table import Table

from configs.settings import TrainingSettings
from features.own_table.table import OwnTable, Roles, read_table, says
from models.own_table import OwnModel, with_version
from training import own_table_registry as registry
from training.own_table import OwnJudgement, fit_own, judge_own
from training.runs import run
from training.sheet import sheet
from training.summary import FIGURES

Say = Callable[[str], None]


@dataclass(frozen=True)
class OwnTraining:
    """What came of a training. `model`: registered."""

    table: OwnTable
    judgement: OwnJudgement
    model: OwnModel
    run_id: str

    @property
    def outcome(self) -> str:
        """One or two sentences: the version, and whether scoring takes it."""
        name = f"{self.model.name}, version {self.model.version},"
        if self.judgement.is_better_than_nothing:
            return f"{name} is the champion of its table now: `amity score FILE` takes it."
        return (
            f"{name} is registered and not made champion: on customers held out it knows no more than the "
            "base rate. Add columns that say more."
        )


def train_own(path: Path, roles: Roles, settings: TrainingSettings, say: Say = lambda _: None) -> OwnTraining:
    """Raises what `read_table` raises; nothing is registered before everything is logged."""
    table = read_table(path, roles)
    say("Judging on customers held out")
    judgement = judge_own(table, settings)
    say("Fitting on all customers")
    name = registry.name_of(path)
    model = fit_own(table, judgement, settings, name)
    say("Logging to MLflow")
    with run(f"train {name}") as run_id:
        uri = registry.log(model, judgement)
    version = registry.register(name, uri, champion=judgement.is_better_than_nothing)
    return OwnTraining(table, judgement, with_version(model, version), run_id)


def judged(judgement: OwnJudgement) -> Table:
    """One row a model; and Amity's with copies on both sides, where there are copies."""
    rows = dict(judgement.metrics)
    if judgement.with_copies_apart is not None:
        rows["Amity, copies apart"] = judgement.with_copies_apart
    who = f"{judgement.customers:,} customers, {100 * judgement.churned:.1f} % churned"
    lines = sheet(["model", *FIGURES.values()], ["model"], f"Judged by cross-validation over {who}")
    for name, figures in rows.items():
        lines.add_row(name, *(f"{figures[key]:.4f}" for key in FIGURES))
    return lines


def to_dict(training: OwnTraining) -> dict[str, object]:
    """The same for a program."""
    return {
        "model": training.model.name,
        "version": training.model.version,
        "promoted": training.judgement.is_better_than_nothing,
        "run_id": training.run_id,
        "judged_by": "cross-validation over customers",
        "metrics": {name: dict(figures) for name, figures in training.judgement.metrics.items()},
        "with_copies_apart": training.judgement.with_copies_apart,
        "understood": says(training.table),
        "columns": [vars(column) for column in training.table.columns],
        "left_out": dict(training.table.left_out),
    }
