"""The data that `amity demo` knows: where it comes from, and the definitions that fit its trade."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from demo import cdnow, complete_journey
from demo.simulate import simulate
from features.errors import ConfigError


@dataclass(frozen=True)
class Story:
    """`make`: writes the tables into an empty folder; null where the tables are the user's own.

    `definitions`: those that fit the trade, where the defaults don't.
    """

    name: str
    title: str
    make: Callable[[Path], None] | None = None
    definitions: Mapping[str, int | str] = field(default_factory=dict)


STORIES = {
    story.name: story
    for story in (
        Story("simulated", "a simulated retailer with every table", simulate),
        Story(
            "complete-journey",
            "Complete Journey, 2,469 households of a grocer",
            complete_journey.write,
            {"horizon_days": 60, "lookback_days": 90, "currency": "USD"},
        ),
        Story(
            "cdnow",
            "CDNOW, 23,570 customers of a record shop",
            cdnow.write,
            {"horizon_days": 180, "currency": "USD"},
        ),
    )
}


def story(data: str) -> Story:
    """One of `STORIES` by name, or the user's own folder, database file or address."""
    return STORIES.get(data) or Story(data, data)


def tables(told: Story, home: Path) -> Path | str:
    """Where the tables of a story lie; they are made under `home` when they aren't yet.

    Raises ConfigError where the home already holds the tables of another story, and so its models.
    """
    others = [name for name in STORIES if name != told.name and (home / "data" / name).exists()]
    if others:
        raise ConfigError(
            f"AMITY_HOME is {home}, the home of the demo on {others[0]}, and a home serves one source. "
            "Unset it, or name another folder."
        )
    if told.make is None:
        return told.name
    folder = home / "data" / told.name
    if not folder.exists():
        folder.parent.mkdir(parents=True, exist_ok=True)
        told.make(folder)
    return folder
