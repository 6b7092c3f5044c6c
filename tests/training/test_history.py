"""The line of champions that a rollback goes back through."""

from __future__ import annotations

import pytest

from training.history import TAG, Event, champions, read, write


def events(*steps: str) -> list[Event]:
    """«+2» promotes version 2, «<1» rolls back to version 1; each takes the place of the one before."""
    made: list[Event] = []
    for number, step in enumerate(steps):
        before = made[-1].version if made else None
        what = "promoted" if step[0] == "+" else "restored"
        made.append(Event(f"2025-01-01T00:00:{number:02d}", what, step[1:], before, "why"))  # type: ignore[arg-type]
    return made


@pytest.mark.parametrize(
    ("steps", "now", "line"),
    [
        ([], None, []),
        (["+1"], "1", ["1"]),
        (["+1", "+2", "+5"], "5", ["1", "2", "5"]),
        (["+1", "+2", "<1"], "1", ["1"]),
        (["+1", "+2", "<1", "+3"], "3", ["1", "3"]),
        (["+1", "+2", "+1"], "1", ["1", "2", "1"]),
        (["+1", "+2", "+1", "<2"], "2", ["1", "2"]),
        (["+1", "+2", "+3", "<2", "<1"], "1", ["1"]),
        (["+1", "+2"], "7", ["1", "2", "7"]),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_the_line(steps: list[str], now: str | None, line: list[str]) -> None:
    made = events(*steps)
    assert champions(made, now) == line
    assert champions(reversed(made), now) == line


def test_a_champion_named_by_hand_in_mlflow_is_in_the_line() -> None:
    promoted = Event("2025-01-02", "promoted", "4", "3", "better")
    assert champions([promoted], "4") == ["3", "4"]


def test_events_survive_the_tag() -> None:
    made = events("+1", "+2", "<1")
    assert read({TAG: write(made)}) == made
    assert read({}) == []
