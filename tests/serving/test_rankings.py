"""Which rankings are kept in memory, and how long."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor

import pandas as pd
import pytest

from serving import rankings
from serving.ranking import Ranking
from serving.rankings import Rankings


class Reads:
    """Reads slowly, and remembers what it was asked for."""

    def __init__(self) -> None:
        self.asked: list[int] = []

    def __call__(self, scoring_id: int) -> Ranking:
        self.asked.append(scoring_id)
        time.sleep(0.01)
        return Ranking(pd.DataFrame({"scoring": [scoring_id]}))


def of(found: Rankings, scoring_id: int) -> int:
    return int(found.of(scoring_id).frame["scoring"].iloc[0])


def test_the_two_asked_for_last_are_kept() -> None:
    read = Reads()
    kept = Rankings(read)
    assert [of(kept, number) for number in (1, 2, 1, 3, 1, 3, 2)] == [1, 2, 1, 3, 1, 3, 2]
    assert read.asked == [1, 2, 3, 2]


def test_many_who_ask_at_once_wait_for_one_reading() -> None:
    read = Reads()
    kept = Rankings(read)
    with ThreadPoolExecutor(8) as pool:
        assert list(pool.map(lambda _: of(kept, 5), range(8))) == [5] * 8
    assert read.asked == [5]


def test_one_that_is_old_is_read_anew(monkeypatch: pytest.MonkeyPatch) -> None:
    read, clock = Reads(), [0.0]
    monkeypatch.setattr(rankings, "monotonic", lambda: clock[0])
    kept = Rankings(read)
    for clock[0] in (0.0, 60.0, 60.1, 100.0):
        kept.of(1)
    assert read.asked == [1, 1]
