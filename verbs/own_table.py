"""What check, train and score do with a table of the user's own, one row per customer."""

from __future__ import annotations

from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING

import click

from configs import loading
from configs.settings import Definitions, TrainingSettings
from verbs.shell import out, print_json, working

if TYPE_CHECKING:
    from features.own_table.table import Roles


def roles_of(address: str, label: str | None, id_column: str | None, dimensions: Path | None) -> Roles | None:
    """What the user says of a table of their own; null where a source is meant."""
    from features.own_table.reading import is_file
    from features.own_table.table import Roles

    if label is not None:
        return Roles(label, id_column, dimensions)
    if id_column is not None or dimensions is not None:
        raise click.UsageError("--id and --dimensions go with --label.")
    if is_file(address):
        raise click.UsageError(f"{address} is one table: say with --label which column tells who churned.")
    return None


def check_own_table(path: Path, roles: Roles, *, as_json: bool) -> None:
    from features.own_table.table import read_table, says, to_dict

    with working("Reading"):
        table = read_table(path, roles)
    if as_json:
        print_json(to_dict(table))
        return
    out.print(import_module("serving.own_table").columns(table))
    for line in says(table):
        out.print(line, highlight=False, markup=False)
    out.print("There is enough to train on.")


def train_own_table(path: Path, roles: Roles, *, seed: int | None, as_json: bool) -> None:
    from features.own_table.table import says

    job = import_module("training.own_table_train")
    with working("Reading") as say:
        training = job.train_own(path, roles, loading.load(TrainingSettings, {"seed": seed}), say)
    if as_json:
        print_json(job.to_dict(training))
        return
    out.print(import_module("serving.own_table").columns(training.table))
    for line in says(training.table):
        out.print(line, highlight=False, markup=False)
    out.print(job.judged(training.judgement))
    out.print(training.outcome, highlight=False, markup=False)


def score_own_table(path: Path, asked: str, value: str | None, file: Path, lang: str) -> None:
    from features.own_table.reading import read_file
    from models import own_table
    from models.language import language
    from serving.files import require_ending, write

    require_ending(file)
    language(lang)
    definitions = loading.load(Definitions)
    with working("Reading") as say:
        frame = read_file(path)
        say("Fetching the model")
        model = import_module("training.own_table_registry").find(asked, path, frame.columns)
        say("Scoring")
        scores = own_table.score(
            model, frame, value, own_table.naming_of(definitions), language(lang, definitions.currency)
        )
        write(scores, file)
    out.print(f"Scored {len(scores):,} customers with {model.name}, version {model.version}, to {file}.")
