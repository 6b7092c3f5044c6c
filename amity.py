"""The front door: one verb a job, nothing else."""

from __future__ import annotations

import logging
import os
import sys
import warnings
from io import TextIOWrapper

import click

from features.collector import collect_rarely
from features.errors import AmityError
from verbs import assess, configuration, demo, forget, keys, scoring, service, sources, training, winback
from verbs.shell import fail

VERBS = (
    sources.simulate,
    sources.check,
    sources.features,
    training.train,
    training.backtest,
    training.models,
    training.promote,
    training.rollback,
    scoring.score,
    scoring.at_risk,
    scoring.explain,
    scoring.prune,
    assess.assess,
    assess.rows,
    winback.winback,
    service.serve,
    keys.keys,
    keys.audit,
    forget.forget,
    configuration.config,
    demo.demo,
)


@click.group(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(package_name="amity")
def cli() -> None:
    """Which customer relationships are weakening, why, what each is worth, which are worth winning back."""


for verb in VERBS:
    cli.add_command(verb)


def main() -> None:
    """Run a command; what a person can mend ends in one message and exit code 1."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):
            stream.reconfigure(errors="replace")
    warnings.simplefilter("ignore")
    collect_rarely()
    logging.getLogger("mlflow").setLevel(logging.WARNING)
    logging.getLogger("alembic").setLevel(logging.WARNING)
    try:
        cli.main(standalone_mode=False)
    except click.ClickException as error:
        fail(error.format_message())
    except AmityError as error:
        fail(str(error))
    except click.Abort:
        fail("Stopped.")
    except Exception as error:
        if os.environ.get("AMITY_TRACEBACK"):
            raise
        fail(
            f"Amity failed in a way it should not: {error!r}. Run again with AMITY_TRACEBACK=1 to see where."
        )


if __name__ == "__main__":
    main()
