"""What each answer means, and how long the next attempt waits."""

from __future__ import annotations

from datetime import datetime

import numpy as np
import pytest

from configs.settings import Webhook
from serving.winback.verdict import Answer, asked_seconds, verdict, wait

NOW = datetime(2025, 3, 1, 12, 0)  # noqa: DTZ001
DICE = np.random.default_rng(0)
PATIENT = Webhook(most_attempts=4, first_wait_seconds=10, longest_wait_seconds=35)


def state(status: int | None, number: int = 1) -> str:
    return verdict(Answer(status), number, PATIENT, NOW, DICE).state


@pytest.mark.parametrize("status", [200, 201, 202, 204, 299])
def test_what_is_delivered(status: int) -> None:
    found = verdict(Answer(status), 1, PATIENT, NOW, DICE)
    assert (found.state, found.error) == ("delivered", None)


@pytest.mark.parametrize("status", [301, 307, 400, 401, 403, 404, 409, 410, 413, 422, 451])
def test_what_will_not_get_better_is_dead_at_once(status: int) -> None:
    assert state(status) == "dead"


@pytest.mark.parametrize("status", [None, 408, 425, 429, 500, 502, 503, 504])
def test_what_may_get_better_is_tried_so_many_times(status: int | None) -> None:
    assert [state(status, number) for number in (1, 2, 3, 4)] == ["waiting"] * 3 + ["dead"]
    assert [state(status, number) for number in (5, 7, 8)] == ["waiting", "waiting", "dead"]


def test_waiting_doubles_up_to_the_longest_and_half_of_it_is_by_lot() -> None:
    dice = np.random.default_rng(1)
    for number, whole in ((1, 10), (2, 20), (3, 35), (5, 10)):
        waits = [wait(number, PATIENT, dice) for _ in range(500)]
        assert whole / 2 <= min(waits) < 0.52 * whole
        assert 0.98 * whole < max(waits) <= whole


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        ("120", 120),
        (" 7 ", 7),
        ("Sat, 01 Mar 2025 12:01:30 GMT", 90),
        ("Sat, 01 Mar 2025 11:00:00 GMT", 0),
        ("soon", 0),
        ("-5", 0),
        ("²", 0),
        (None, 0),
    ],
)
def test_retry_after_is_understood_as_rfc_9110_says(header: str | None, seconds: float) -> None:
    assert asked_seconds(header, NOW) == seconds


def test_retry_after_is_kept_to_but_no_longer_than_a_day() -> None:
    asked = verdict(Answer(503, None, "120"), 1, PATIENT, NOW, DICE)
    assert asked.wait_seconds == asked.asked_to_wait == 120
    forever = verdict(Answer(429, None, "99999999999999999999"), 1, PATIENT, NOW, DICE)
    assert forever.wait_seconds == 86_400
    at_once = verdict(Answer(429, None, "0"), 1, PATIENT, NOW, DICE)
    assert at_once.wait_seconds >= 5
