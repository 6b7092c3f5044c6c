"""How a reader of the report gets to the rows behind a figure: the command that lists them."""

from __future__ import annotations

import shlex
from typing import Protocol


class _Looked(Protocol):
    """What was assessed: where its tables lie, and as of when."""

    @property
    def address(self) -> str: ...

    @property
    def day_text(self) -> str: ...


def command(looked: _Looked, figure: str, place: str = "") -> str:
    """`figure`: an indicator, or `group:loyal`, `move:loyal:lost`, `gains:new`. `place`: `segment=old`."""
    by = ("--by", place) if place else ()
    return shlex.join(
        ("amity", "rows", looked.address, figure, *by, "--as-of", looked.day_text, "--out", "rows.csv")
    )


def list_command(weak_point: str, customers: int, **wanted: str) -> str:
    """All the customers with a weak point, those with most at risk first. `customers`: how many they are."""
    more = [part for name, value in wanted.items() for part in (f"--{name}", value)]
    return shlex.join(("amity", "at-risk", "--weak-point", weak_point, *more, "--top", str(customers)))
