"""How often Python looks for garbage."""

from __future__ import annotations

import gc

from features.collector import collect_rarely


def test_it_looks_rarely_and_still_looks() -> None:
    before = gc.get_threshold()
    collect_rarely()
    first, *_ = gc.get_threshold()
    gc.set_threshold(*before)
    assert gc.isenabled()
    assert first > 100_000
