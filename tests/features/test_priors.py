"""The priors of rates: by hand, and recovered from customers drawn from known ones."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import ibis
import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from features.catalog import Rate, Row
from features.priors import Prior, learn
from features.reference import Reference

COUNT = Rate("returns per order", "events", "chances")
SHARE = Rate("redeemed", "events", "chances", share=True)


@pytest.fixture(scope="module")
def backend() -> Iterator[ibis.BaseBackend]:
    backend = ibis.duckdb.connect()
    yield backend
    backend.disconnect()


def learnt(
    backend: ibis.BaseBackend, rate: Rate, events: Sequence[int], chances: Sequence[int]
) -> Prior | None:
    frame = pd.DataFrame({"events": np.asarray(events, int), "chances": np.asarray(chances, int)})
    return learn(backend.create_table("counted", frame, overwrite=True), [rate]).get(rate.name)


def test_counts_by_hand(backend: ibis.BaseBackend) -> None:
    # rates 0, 1 and 2.5 on 2, 2 and 4 chances: the mean is 12 / 8 = 1.5
    # Σ n (r − m)² = 2 · 2.25 + 2 · 0.25 + 4 · 1 = 9; by chance (3 − 1) · 1.5 = 3; beyond it 6
    # effective chances 8 − (4 + 4 + 16) / 8 = 5; between customers 6 / 5 = 1.2; weight 1.5 / 1.2 = 1.25
    found = learnt(backend, COUNT, [0, 2, 10], [2, 2, 4])
    assert found is not None
    assert (found.events, found.chances) == pytest.approx((1.5 * 1.25, 1.25), rel=1e-9)


def test_shares_by_hand(backend: ibis.BaseBackend) -> None:
    # shares 0, 1/2 and 1 on 4 chances each: the mean is 1/2; Σ n (r − m)² = 4 · 1/4 + 0 + 4 · 1/4 = 2
    # by chance (3 − 1) · 1/4 = 1/2, beyond it 3/2; effective chances 12 − 48 / 12 − 2 = 6; between 1/4
    # weight 1/4 / 1/4 − 1 = 0, and no prior weighs less than one chance
    found = learnt(backend, SHARE, [0, 2, 4], [4, 4, 4])
    assert found is not None
    assert (found.events, found.chances) == pytest.approx((0.5, 1.0), rel=1e-9)


@pytest.mark.parametrize(("rate", "events", "weight"), [(COUNT, 0.9, 3.0), (SHARE, 1.2, 6.0)])
def test_the_prior_that_customers_were_drawn_from_is_recovered(
    backend: ibis.BaseBackend, rate: Rate, events: float, weight: float
) -> None:
    rng = np.random.default_rng(1)
    chances = rng.integers(0, 12, 200_000)
    if rate.share:
        happened = rng.binomial(chances, rng.beta(events, weight - events, len(chances)))
    else:
        happened = rng.poisson(chances * rng.gamma(events, 1 / weight, len(chances)))
    found = learnt(backend, rate, happened.tolist(), chances.tolist())
    assert found is not None
    assert found.events / found.chances == pytest.approx(events / weight, rel=0.01)
    assert found.chances == pytest.approx(weight, rel=0.05)


def test_where_all_customers_are_alike_the_prior_weighs_as_much_as_all_of_them(
    backend: ibis.BaseBackend,
) -> None:
    assert learnt(backend, COUNT, [1, 2, 4], [2, 4, 8]) == Prior(7.0, 14.0)


def test_a_rate_without_any_chance_has_no_prior(backend: ibis.BaseBackend) -> None:
    assert learnt(backend, COUNT, [0, 0], [0, 0]) is None
    assert learnt(backend, COUNT, [], []) is None


@settings(max_examples=30, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 9), st.integers(0, 9)), min_size=1, max_size=30))
def test_a_prior_has_the_mean_of_all_and_ignores_the_order_of_rows(
    backend: ibis.BaseBackend, pairs: list[tuple[int, int]]
) -> None:
    pairs = [(min(events, chances), chances) for events, chances in pairs]
    for rate in (COUNT, SHARE):
        found = learnt(backend, rate, *zip(*pairs, strict=True))
        assert found == learnt(backend, rate, *zip(*sorted(pairs), strict=True))
        if found is None:
            assert not any(chances for _, chances in pairs)
            continue
        total = sum(chances for _, chances in pairs)
        assert found.events / found.chances == pytest.approx(sum(e for e, _ in pairs) / total)
        assert 1 <= found.chances <= max(1, total)


def test_one_return_of_one_order_is_not_a_rate_of_one_hundred_percent() -> None:
    told = Reference(30.0, 0.1, priors={"return_rate": Prior(2.0, 20.0)})
    table = ibis.memtable({"returns": [1, 0, 30], "orders": [1, 0, 30]})
    row = Row(table, told)
    shrunk = table.select(rate=row.rate("return_rate", row.returns, row.orders)).to_pandas()["rate"]
    assert shrunk.tolist() == pytest.approx([3 / 21, 2 / 20, 32 / 50])


def test_a_rate_that_training_knew_nothing_of_is_not_shrunk() -> None:
    table = ibis.memtable({"returns": [1, 0], "orders": [2, 0]})
    row = Row(table, Reference(30.0, 0.1))
    found = table.select(rate=row.rate("return_rate", row.returns, row.orders)).to_pandas()["rate"]
    assert found[0] == 0.5
    assert pd.isna(found[1])
