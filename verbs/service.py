"""The verb that answers over HTTP."""

from __future__ import annotations

from importlib import import_module
from pathlib import Path

import click

from features.clock import now
from features.errors import ModelError
from serving.champion import Champion, pointer, read, write
from verbs.following import command
from verbs.shell import err, example, model_option, working


@click.command()
@model_option
@click.option("--host", default="127.0.0.1", show_default=True)
@click.option("--port", type=click.IntRange(1, 65535), default=3000, show_default=True)
@example("amity serve --port 3000")
def serve(model: str, host: str, port: int) -> None:
    """Answer over HTTP: the at-risk list, scores by id and from raw events, explanations.

    A new champion is taken up within a minute. Where MLflow is away, the bundle that served last serves on.
    """
    with working("Fetching the model"):
        folder = folder_of(model)
        write(Champion(model, folder, now()), pointer())
    import_module("serving.run").serve(folder, host, port, command(model, folder))


def folder_of(model: str) -> Path:
    """Of the registry, or, where it doesn't answer, what served last under that name."""
    last = read(pointer())
    try:
        return import_module("training.registry").folder(model)  # type: ignore[no-any-return]
    except ModelError as error:
        if last is None or last.model != model or not last.folder.is_dir():
            raise
        err.print(f"{error} Until it answers, {last.folder} serves.", highlight=False, markup=False)
        return last.folder
