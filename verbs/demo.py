"""The verb that does the main job from data to list."""

from __future__ import annotations

import os
import sys
from importlib import import_module
from pathlib import Path
from shutil import which

import click

from configs import loading
from verbs.scoring import run_scoring
from verbs.shell import example, out, working
from verbs.training import run_training, show_training

TOP_OF_DEMO = 10


@click.command()
@click.option(
    "--data",
    default="simulated",
    show_default=True,
    help="simulated, complete-journey, cdnow, or a source of your own.",
)
@example("amity demo --data complete-journey")
def demo(data: str) -> None:
    """Do the main job from data to at-risk list, and say where everything is."""
    from serving import terminal
    from serving.store import Store

    story = import_module("demo.stories").story(data)
    os.environ.setdefault("AMITY_HOME", str(loading.home() / f"demo-{Path(story.name).stem}"))
    out.rule(f"Amity on {story.title}")
    with working("Getting the data"):
        source = str(import_module("demo.stories").tables(story, loading.home()))
    training = run_training(source, None, story.definitions, seed=None, skip_bad_rows=False)
    show_training(training)
    run_scoring(source, None, model="champion", file=loading.home() / "scores.csv", skip_bad_rows=False)
    out.print(terminal.at_risk(Store.open().at_risk(top=TOP_OF_DEMO)))
    out.print(farewell(source), highlight=False, markup=False, soft_wrap=True)


def farewell(source: str) -> str:
    home = loading.home()
    on_the_path = [] if which("amity") else [f"  export PATH={Path(sys.executable).parent}:$PATH"]
    return "\n".join(
        (
            "",
            f"The tables are in {source}, everything else is in {home}. To go on:",
            "",
            *on_the_path,
            f"  export AMITY_HOME={home}",
            "  amity at-risk --top 50              the whole list, with filters",
            "  amity explain CUSTOMER_ID           one customer's story",
            f"  amity assess {source} --out report.html --keep   how the relationships stand, for the board",
            f"  mlflow ui --backend-store-uri {tracking_uri()}   every training run: http://127.0.0.1:5000",
            "  amity serve                         the pages, and the list over HTTP: http://127.0.0.1:3000",
        )
    )


def tracking_uri() -> str:
    return str(import_module("training.tracking").tracking_uri())
