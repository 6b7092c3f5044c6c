"""What all verbs of the front door share: arguments, options, and how they speak to people and programs."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from datetime import date, datetime
from inspect import getdoc
from pathlib import Path
from typing import Any, TypeVar, get_args

import click
from rich.console import Console
from rich.progress import track

from features.tables import Mode

out = Console()
err = Console(stderr=True)
F = TypeVar("F", bound=Callable[..., Any])
T = TypeVar("T")


class Day(click.ParamType[datetime]):
    """A day, such as 2025-06-30; as of its first moment, in UTC."""

    name = "date"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> datetime:
        try:
            day = value if isinstance(value, date) else date.fromisoformat(str(value))
        except ValueError:
            self.fail(f"{value!r} is no day; write it as 2025-06-30.", param, ctx)
        return datetime(day.year, day.month, day.day)  # noqa: DTZ001


source_argument = click.argument("address", metavar="SOURCE")
as_of_option = click.option(
    "--as-of", type=Day(), help="The day to look from; by default the day after the last order."
)
list_option = click.option(
    "--as-of", type=Day(), help="The list of that day as it was; by default the one made last."
)
lang_option = click.option(
    "--lang",
    default="en",
    show_default=True,
    help="The language of what is said: de, en, zh, or one of your own.",
)
model_option = click.option(
    "--model", default="champion", show_default=True, help="An alias or a version number."
)
json_option = click.option("--json", "as_json", is_flag=True, help="Print JSON for a program.")
skip_option = click.option(
    "--skip-bad-rows", is_flag=True, help="Leave out the rows that `amity check` calls bad."
)


def own_table_options(command: F) -> F:
    command = click.option(
        "--dimensions", type=click.Path(path_type=Path), help="With --label: a YAML file, column: dimension."
    )(command)
    command = click.option("--id", "id_column", help="With --label: the column that says whose row it is.")(
        command
    )
    return click.option(
        "--label", help="SOURCE is one CSV or Parquet file; this column of it says who churned."
    )(command)


def definition_options(command: F) -> F:
    command = click.option(
        "--mode",
        type=click.Choice(get_args(Mode)),
        help="Churn is silence, or the end of all subscriptions; instead of mode in configs/.",
    )(command)
    for name in ("clv-horizon-days", "lookback-days", "horizon-days"):
        command = click.option(
            f"--{name}", type=int, help=f"Instead of {name.replace('-', '_')} in configs/."
        )(command)
    return command


def example(text: str) -> Callable[[F], F]:
    """Put an example under a command's help."""

    def add(command: F) -> F:
        command.__doc__ = f"{getdoc(command)}\n\n\b\nExample:\n  {text}"
        return command

    return add


@contextmanager
def working(what: str) -> Iterator[Callable[[str], None]]:
    """Show what goes on while it does; the function given changes the words."""
    with err.status(f"{what} …") as status:
        yield lambda words: status.update(f"{words} …")


def counted(what: str) -> Callable[[Iterable[T]], Iterable[T]]:
    """What shows a bar while it goes through a list."""
    return lambda items: track(items, description=f"{what} …", console=err, transient=True)


def print_json(document: object) -> None:
    sys.stdout.write(json.dumps(_finite(document), default=_plain, indent=1) + "\n")


def _finite(value: Any) -> Any:
    """The same with null in place of what JSON can't say."""
    if isinstance(value, dict):
        return {str(key): _finite(entry) for key, entry in value.items()}
    if isinstance(value, (list, tuple)):
        return [_finite(entry) for entry in value]
    return None if isinstance(value, float) and not abs(value) < float("inf") else value


def _plain(value: object) -> object:
    return value.isoformat() if isinstance(value, (date, datetime)) else str(value)


def fail(message: str) -> None:
    """One message on the error stream, and exit code 1."""
    err.print(message, highlight=False, markup=False, soft_wrap=True)
    raise SystemExit(1)
