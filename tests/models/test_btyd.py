"""What every purchase process of the family must do: on the CDNOW sample, in a simulation, at the edges."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import fields
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from features.errors import HistoryError, ModelError
from models.btyd import BGNBD, MBGNBD, PURCHASE_MODELS, ParetoNBD, purchase_model_from_dict
from models.btyd_fit import Floats, climb, distinct_rows, giant_ceiling

Columns = tuple[Floats, Floats, Floats]
Model = BGNBD | MBGNBD | ParetoNBD
Kind = type[Model]
KINDS: list[Kind] = [BGNBD, MBGNBD, ParetoNBD]
every = pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.name)


def parameters(model: Model) -> dict[str, float]:
    names = [field.name for field in fields(model)]
    return {name: getattr(model, name) for name in names if name != "log_likelihood"}


def test_the_family_by_name() -> None:
    assert list(PURCHASE_MODELS.values()) == KINDS
    assert list(PURCHASE_MODELS) == ["bg_nbd", "mbg_nbd", "pareto_nbd"]


@pytest.fixture(scope="module")
def fitted(cdnow_sample: Columns) -> Callable[[Kind], Model]:
    models = {kind.name: kind.fit(*cdnow_sample) for kind in KINDS}
    return lambda kind: models[kind.name]


def simulate(model: Model, customers: int, age: float, horizon: float) -> tuple[Floats, ...]:
    """Frequency, recency, whether alive at `age`, and orders in the horizon: the process, order by order."""
    rng = np.random.default_rng(20050301)
    rate = rng.gamma(model.r, 1 / model.alpha, customers)
    time, frequency, recency, ahead, leave = (np.zeros(customers) for _ in range(5))
    death = np.full(customers, np.inf)
    if isinstance(model, ParetoNBD):
        death = rng.exponential(1, customers) / rng.gamma(model.s, 1 / model.beta, customers)
    else:
        leave = rng.beta(model.a, model.b, customers)
    here = np.ones(customers, dtype=bool)
    if isinstance(model, MBGNBD):
        here = rng.random(customers) > leave
    alive_then = here & (death > age)
    while here.any():
        time = np.where(here, time + rng.exponential(1, customers) / rate, time)
        here &= time < death
        before, after = here & (time <= age), here & (time > age) & (time <= age + horizon)
        frequency += before
        recency = np.where(before, time, recency)
        ahead += after
        gone = rng.random(customers) < leave
        alive_then &= ~(before & gone)
        here = (before | after) & ~gone
    return frequency, recency, alive_then.astype(float), ahead


TRUTHS = [
    BGNBD(0.8, 5.0, 0.9, 2.5, 0.0),
    MBGNBD(0.8, 5.0, 0.9, 2.5, 0.0),
    ParetoNBD(0.8, 5.0, 0.7, 20.0, 0.0),
]


@pytest.mark.parametrize("model", TRUTHS, ids=lambda model: model.name)
def test_answers_hold_in_a_simulation_of_the_process(model: Model) -> None:
    age, horizon = 30.0, 20.0
    x, last, alive, ahead = simulate(model, 60_000, age, horizon)
    pairs = {
        "alive": (model.alive(x, last, age), alive),
        "no order": (model.no_order(x, last, age, horizon), ahead == 0),
        "orders": (model.expected_orders(x, last, age, horizon), ahead),
    }
    groups = [x == 0, x == 1, (x > 1) & (x < 5), x >= 5, last > 20, (last > 0) & (last < 10)]
    for name, (expected, observed) in pairs.items():
        for group in groups:
            error = expected[group] - observed[group]
            standard_error = max(np.std(error) / np.sqrt(np.sum(group)), 1e-12)
            assert abs(np.mean(error)) < 4.5 * standard_error, (name, np.sum(group))


@pytest.mark.parametrize("model", TRUTHS, ids=lambda model: model.name)
def test_a_simulation_gives_its_parameters_back(model: Model) -> None:
    x, last, _, _ = simulate(model, 30_000, 60.0, 0.0)
    assert parameters(type(model).fit(x, last, np.full(30_000, 60.0))) == pytest.approx(
        parameters(model), rel=0.1
    )


shapes = st.tuples(*[st.floats(-5, 6).map(np.exp).map(float)] * 4)
histories = st.tuples(st.integers(0, 5000), st.floats(1e-3, 1), st.floats(0, 1e4)).map(
    lambda row: (row[0], row[1] * row[2] if row[0] else 0.0, row[2])
)


@every
@settings(deadline=None)
@given(shape=shapes, history=histories, horizons=st.tuples(st.floats(0, 1e4), st.floats(0, 1e4)).map(sorted))
def test_every_answer_is_in_range(
    kind: Kind,
    shape: tuple[float, float, float, float],
    history: tuple[int, float, float],
    horizons: list[float],
) -> None:
    model = kind(*shape, 0.0)
    alive = float(model.alive(*history))
    sooner, later = (float(model.expected_orders(*history, horizon)) for horizon in horizons)
    silent_sooner, silent_later = (float(model.no_order(*history, horizon)) for horizon in horizons)
    assert 0 <= alive <= 1
    assert 0 <= silent_sooner <= 1
    assert 0 <= silent_later <= silent_sooner + 1e-9
    immortal = alive * (model.r + history[0]) * horizons[1] / (model.alpha + history[2])
    assert 0 <= sooner <= later * (1 + 1e-6) + 1e-300
    assert (1 - silent_later) * (1 - 1e-6) - 1e-12 <= later <= immortal * (1 + 1e-9) + 1e-300
    assert model.expected_orders(*history, 0) == 0
    assert model.no_order(*history, 0) == 1


@every
@pytest.mark.parametrize("factor", [1e-3, 1 / 7, 7.0, 168.0])
def test_the_unit_of_time_is_the_callers(
    kind: Kind, factor: float, cdnow_sample: Columns, fitted: Callable[[Kind], Model]
) -> None:
    x, last, now = cdnow_sample
    weeks, other = fitted(kind), kind.fit(x, last * factor, now * factor)
    for name, value in parameters(weeks).items():
        expected = value * factor if name in ("alpha", "beta") else value
        assert getattr(other, name) == pytest.approx(expected, rel=1e-5)
    # A density by time: each repeat order divides it by the factor.
    assert other.log_likelihood == pytest.approx(weeks.log_likelihood - np.sum(x) * np.log(factor), abs=1e-5)
    np.testing.assert_allclose(
        other.expected_orders(x, last * factor, now * factor, 39 * factor),
        weeks.expected_orders(x, last, now, 39),
        rtol=1e-5,
    )


@every
def test_customers_told_twice_or_in_another_order_change_nothing(
    kind: Kind, cdnow_sample: Columns, fitted: Callable[[Kind], Model]
) -> None:
    once = fitted(kind)
    shuffled = np.random.default_rng(1).permutation(np.tile(np.arange(cdnow_sample[0].size), 2))
    twice = kind.fit(*(column[shuffled] for column in cdnow_sample))
    assert twice.log_likelihood == pytest.approx(2 * once.log_likelihood, rel=1e-9)
    assert parameters(twice) == pytest.approx(parameters(once), rel=1e-5)


@given(rows=st.lists(st.tuples(st.integers(0, 2), st.sampled_from([0.0, 0.5, np.nan])), max_size=30))
def test_distinct_rows_give_every_row_back(rows: list[tuple[int, float]]) -> None:
    table = np.array(rows, dtype=float).reshape(-1, 2).T
    found, inverse, counts = distinct_rows(*table)
    np.testing.assert_array_equal(table[:, found][:, inverse], table)
    assert np.sum(counts) == len(rows)
    if not np.isnan(table).any():
        assert len(found) == len(set(rows))


@every
def test_one_giant_customer_hardly_moves_the_others(
    kind: Kind, cdnow_sample: Columns, fitted: Callable[[Kind], Model]
) -> None:
    x, last, now = cdnow_sample
    orders = fitted(kind).expected_orders(x, last, now, 39)
    giants = [kind.fit(np.append(x, n), np.append(last, 38.8), np.append(now, 38.86)) for n in (5e3, 5e5)]
    assert giants[0] == giants[1]
    assert np.sum(giants[0].expected_orders(x, last, now, 39)) == pytest.approx(np.sum(orders), rel=0.02)
    assert giant_ceiling(x[x > 0]) > np.max(x)


@every
def test_customers_who_never_leave_and_are_all_alike_still_fit(kind: Kind) -> None:
    x = np.random.default_rng(7).poisson(8, 400).astype(float)
    age = np.full(400, 80.0)
    last = np.where(x > 0, 80 - 8 / np.maximum(x, 1), 0)
    model = kind.fit(x, last, age)
    orders = model.expected_orders(x, last, age, 80)
    assert np.all(np.isfinite(orders))
    assert np.sum(orders) == pytest.approx(np.sum(x), rel=0.1)
    assert np.all(model.alive(x, last, age)[x > 0] > 0.9)


@every
@pytest.mark.parametrize("weeks", [np.full(100, 520.0), np.arange(5.0, 205.0)], ids=["one age", "many ages"])
def test_everyone_orders_once_a_week(kind: Kind, weeks: Floats) -> None:
    last, age = 7 * weeks, 7 * weeks + 3.5
    model = kind.fit(weeks, last, age)
    np.testing.assert_allclose(model.expected_orders(weeks, last, age, 70), 10, rtol=0.05)
    assert np.all(model.alive(weeks, last, age) > 0.99)
    assert np.all(model.no_order(weeks, last, age, 70) < 0.001)


@every
@pytest.mark.parametrize("seed", range(3))
def test_thirty_customers_fit(kind: Kind, seed: int, cdnow_sample: Columns) -> None:
    rng = np.random.default_rng(seed)
    again = cdnow_sample[0] > 0
    drawn = [rng.choice(np.flatnonzero(group), 15, replace=False) for group in (again, ~again)]
    x, last, age = (column[np.concatenate(drawn)] for column in cdnow_sample)
    model = kind.fit(x, last, age)
    alive, silent = model.alive(x, last, age), model.no_order(x, last, age, 39)
    assert np.all((alive >= 0) & (alive <= 1) & (silent >= 1 - alive - 1e-9) & (silent <= 1))
    assert 0 < np.sum(model.expected_orders(x, last, age, 39)) < 2 * np.sum(x)


@every
def test_scalars_nulls_and_nobody(kind: Kind) -> None:
    model = kind(0.3, 4.0, 0.8, 2.5, 0.0)
    assert model.alive(2, 3, 4).shape == ()
    assert model.expected_orders([1, 2], [3, 3], 4, [[5], [6]]).shape == (2, 2)
    assert model.expected_orders([], [], [], 9).shape == (0,)
    for x, last, now in ([np.nan, 1, 2], [1, np.nan, 2], [1, 1, np.nan], [0, np.nan, 2]):
        assert np.isnan(model.alive(x, last, now))
        assert np.isnan(model.expected_orders(x, last, now, 9))
        assert np.isnan(model.no_order(x, last, now, 9))


@every
def test_json_gives_the_equal_model_back(kind: Kind, fitted: Callable[[Kind], Model]) -> None:
    model = fitted(kind)
    assert purchase_model_from_dict(json.loads(json.dumps(model.to_dict()))) == model


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"model": "pnbd"}, "Unknown purchase model 'pnbd'; known: bg_nbd, mbg_nbd, pareto_nbd"),
        ({"r": -1.0}, "r of bg_nbd is -1.0; expected a positive number"),
        ({"alpha": float("nan")}, "alpha of bg_nbd is nan; expected a finite number"),
        ({"b": "2"}, "b of bg_nbd is '2'; expected a finite number"),
        ({"c": 1.0}, "Expected bg_nbd to hold r, alpha, a, b, log_likelihood; received .* c"),
    ],
)
def test_a_damaged_document_is_refused(change: dict[str, object], says: str) -> None:
    with pytest.raises(ModelError, match=says):
        purchase_model_from_dict({**BGNBD(1, 1, 1, 1, 0).to_dict(), **change})


def test_one_models_document_is_not_anothers() -> None:
    with pytest.raises(ModelError, match="Expected the parameters of mbg_nbd, received those of 'bg_nbd'"):
        MBGNBD.from_dict(BGNBD(1, 1, 1, 1, 0).to_dict())


@every
@pytest.mark.parametrize(
    ("customers", "repeaters", "says"),
    [
        (0, 0, "0 customers are too few: a fit takes 30"),
        (29, 29, "29 customers are too few: a fit takes 30"),
        (500, 0, "0 customers ordered again, too few for a fit: it takes 10"),
        (500, 9, "9 customers ordered again, too few for a fit: it takes 10"),
    ],
)
def test_too_little_history(kind: Kind, customers: int, repeaters: int, says: str) -> None:
    again = np.arange(customers) < repeaters
    with pytest.raises(HistoryError, match=says):
        kind.fit(again * 2, again * 5.0, np.full(customers, 9.0))


@every
@pytest.mark.parametrize(
    ("row", "says"),
    [
        ((-1, 1, 2), "frequency holds -1.0; expected finite numbers from 0 up"),
        ((1, np.nan, 2), "recency holds nan; expected finite numbers from 0 up"),
        ((1, 3, 2), "recency 3.0 is beyond age 2.0"),
        ((0, 1, 2), "frequency 0.0, recency 1.0: after one order both are 0, else neither"),
        ((1, 0, 2), "frequency 1.0, recency 0.0: after one order both are 0, else neither"),
        (([1, 1], 1, 2), r"recency has shape \(\); expected one entry per customer, \(2,\)"),
    ],
)
def test_columns_that_cannot_be(kind: Kind, row: tuple[Any, Any, Any], says: str) -> None:
    columns = row if isinstance(row[0], list) else [[value] for value in row]
    with pytest.raises(ValueError, match=says):
        kind.fit(*columns)


def test_a_likelihood_without_a_maximum_is_said_so() -> None:
    with pytest.raises(HistoryError, match="no maximum that can be found"):
        climb(lambda logs: (float("nan"), np.full_like(logs, np.nan)), [(1.0, 1.0)])
