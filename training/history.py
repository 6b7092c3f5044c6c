"""Who was champion, since when and why: kept as a tag of each model version in MLflow."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Literal

TAG = "champion_history"


@dataclass(frozen=True)
class Event:
    """A version became champion: `promoted`, or `restored` by a rollback.

    `at`: the moment in UTC, as ISO 8601. `instead_of`: the champion until then, null where there was none.
    """

    at: str
    what: Literal["promoted", "restored"]
    version: str
    instead_of: str | None
    because: str


def read(tags: Mapping[str, str]) -> list[Event]:
    """The events that a version's tags hold, the oldest first."""
    return [Event(**event) for event in json.loads(tags.get(TAG, "[]"))]


def write(events: Iterable[Event]) -> str:
    """The value of the tag."""
    return json.dumps([asdict(event) for event in events])


def champions(events: Iterable[Event], now: str | None) -> list[str]:
    """The champions that a rollback can go back through, the present one last.

    A promotion adds one, a rollback takes those after the restored one away. `now`: the champion by MLflow,
    whom somebody may have named there by hand.
    """
    line: list[str] = []
    for event in sorted(events, key=lambda event: event.at):
        if event.what == "promoted":
            _add(line, event.instead_of)
            line.append(event.version)
        elif event.version in line:
            del line[_last(line, event.version) + 1 :]
        else:
            line = [event.version]
    _add(line, now)
    return line


def _add(line: list[str], champion: str | None) -> None:
    if champion is not None and line[-1:] != [champion]:
        line.append(champion)


def _last(line: Sequence[str], version: str) -> int:
    return max(place for place, name in enumerate(line) if name == version)
