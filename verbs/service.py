"""The verb that answers over HTTP."""

from __future__ import annotations

from importlib import import_module

import click

from verbs.shell import example, model_option, working


@click.command()
@model_option
@click.option("--host", default="127.0.0.1", show_default=True)
@click.option("--port", type=click.IntRange(1, 65535), default=3000, show_default=True)
@example("amity serve --port 3000")
def serve(model: str, host: str, port: int) -> None:
    """Answer over HTTP: the at-risk list, scores by id and from raw events, explanations."""
    with working("Fetching the model"):
        folder = import_module("training.registry").folder(model)
    import_module("serving.run").serve(folder, host, port)
