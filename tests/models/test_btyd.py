"""BG/NBD and MBG/NBD against published estimates, another library, a simulation and a sum."""

from __future__ import annotations

import json
import warnings
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.special import betainc, betaln, gammaln

from features.errors import HistoryError, ModelError
from models.beta_geometric import BetaGeometric
from models.btyd import BGNBD, MBGNBD, PURCHASE_MODELS, purchase_model_from_dict
from models.btyd_fit import Floats, climb, distinct_rows, giant_ceiling

MODELS = [BGNBD, MBGNBD]
PARAMETERS = ("r", "alpha", "a", "b")
both = pytest.mark.parametrize("kind", MODELS)


def cdnow_sample() -> tuple[Floats, Floats, Floats]:
    """Frequency, recency and age in weeks of the 2,357 customers of the CDNOW sample, after 39 weeks."""
    package = find_spec("lifetimes")
    assert package is not None
    assert package.submodule_search_locations is not None
    file = Path(package.submodule_search_locations[0]) / "datasets" / "cdnow_customers_summary.csv"
    _, frequency, recency, age = np.loadtxt(file, delimiter=",", skiprows=1).T
    return frequency, recency, age


def lifetimes_fitter(kind: type[BetaGeometric]) -> Any:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import lifetimes

        return {BGNBD: lifetimes.BetaGeoFitter, MBGNBD: lifetimes.ModifiedBetaGeoFitter}[kind]()


def log_likelihood(kind: type[BetaGeometric], shape: Any, x: Floats, last: Floats, now: Floats) -> float:
    """The formula as it is printed, term by term."""
    r, alpha, a, b = (float(shape[name]) for name in PARAMETERS)
    n = x + kind.early_chances
    staying = betaln(a, b + n) - (r + x) * np.log(alpha + now)
    leaving = np.where(
        n > 0, betaln(a + 1, b + np.maximum(n, 1) - 1) - (r + x) * np.log(alpha + last), -np.inf
    )
    common = gammaln(r + x) - gammaln(r) + r * np.log(alpha) - betaln(a, b)
    return float(np.sum(common + np.logaddexp(staying, leaving)))


def simulate(
    model: BetaGeometric, customers: int, age: float, horizon: float, seed: int
) -> tuple[Floats, Floats, Floats, Floats]:
    """Frequency, recency, whether alive at `age`, and orders in the horizon: the process, order by order."""
    rng = np.random.default_rng(seed)
    rate = rng.gamma(model.r, 1 / model.alpha, customers)
    leave = rng.beta(model.a, model.b, customers)
    time, frequency, recency, ahead = (np.zeros(customers) for _ in range(4))
    alive_then = np.ones(customers, dtype=bool)
    here = np.ones(customers, dtype=bool)
    if model.early_chances:
        here = rng.random(customers) > leave
        alive_then = here.copy()
    while here.any():
        time = np.where(here, time + rng.exponential(1, customers) / rate, time)
        before, after = here & (time <= age), here & (time > age) & (time <= age + horizon)
        frequency += before
        recency = np.where(before, time, recency)
        ahead += after
        gone = rng.random(customers) < leave
        alive_then &= ~(before & gone)
        here = (before | after) & ~gone
    return frequency, recency, alive_then.astype(float), ahead


def test_the_published_estimates_of_the_cdnow_sample() -> None:
    model = BGNBD.fit(*cdnow_sample())
    # Fader, Hardie and Lee (2005), table 2; the file here has two decimals, theirs had more.
    assert model.r == pytest.approx(0.2425945, rel=1e-3)
    assert model.alpha == pytest.approx(4.4136019, rel=1e-3)
    assert model.a == pytest.approx(0.7929199, rel=1e-3)
    assert model.b == pytest.approx(2.4258881, rel=1e-3)
    assert model.log_likelihood == pytest.approx(-9582.429, abs=0.01)


@both
def test_the_fit_is_a_maximum_of_the_printed_likelihood(kind: type[BetaGeometric]) -> None:
    data = cdnow_sample()
    model = kind.fit(*data)
    shape = {name: getattr(model, name) for name in PARAMETERS}
    assert log_likelihood(kind, shape, *data) == pytest.approx(model.log_likelihood, abs=1e-6)
    for name in PARAMETERS:
        for factor in (0.98, 1.02):
            moved = {**shape, name: shape[name] * factor}
            assert log_likelihood(kind, moved, *data) < model.log_likelihood


@both
def test_the_fit_is_as_likely_as_that_of_lifetimes(kind: type[BetaGeometric]) -> None:
    data = cdnow_sample()
    fitter = lifetimes_fitter(kind)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        fitter.fit(*data)
    assert kind.fit(*data).log_likelihood == pytest.approx(
        log_likelihood(kind, fitter.params_, *data), abs=0.001
    )


@both
@pytest.mark.parametrize("horizon", [1.0, 39.0, 200.0])
def test_answers_equal_those_of_lifetimes(kind: type[BetaGeometric], horizon: float) -> None:
    data = cdnow_sample()
    model = kind.fit(*data)
    fitter = lifetimes_fitter(kind)
    fitter.params_ = {name: getattr(model, name) for name in PARAMETERS}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        orders = fitter.conditional_expected_number_of_purchases_up_to_time(horizon, *data)
        alive = fitter.conditional_probability_alive(*data)
    np.testing.assert_allclose(model.expected_orders(*data, horizon), orders, rtol=1e-8)
    np.testing.assert_allclose(model.alive(*data), alive, rtol=1e-9)


@both
@pytest.mark.parametrize("a", [0.02, 1 - 1e-9, 1.0, 1 + 1e-9, 3.0, 400.0])
@pytest.mark.parametrize(("frequency", "stretch"), [(0, 2.0), (3, 30.0), (3000, 0.4)])
def test_expected_orders_equal_a_sum_over_orders(
    kind: type[BetaGeometric], a: float, frequency: int, stretch: float
) -> None:
    # Order k + 1 comes where an immortal customer has more than k and nobody left after the first k:
    # the number of an immortal one is negative binomial.
    model = kind(0.7, 5.0, a, 2.0, 0.0)
    k = np.arange(20_000.0)
    chances = 2.0 + frequency + kind.early_chances
    stays = np.exp(
        np.cumsum(np.log((chances + k) / (a + chances + k))) - np.log((chances + k) / (a + chances + k))
    )
    comes = betainc(k + 1, 0.7 + frequency, stretch / (1 + stretch))
    age = 95.0 if frequency else 0.0
    alive = model.alive(frequency, age, age)
    orders = model.expected_orders(frequency, age, age, stretch * (5.0 + age))
    assert orders == pytest.approx(alive * np.sum(stays * comes), rel=1e-9)


@both
def test_answers_hold_in_a_simulation_of_the_process(kind: type[BetaGeometric]) -> None:
    model = kind(0.8, 5.0, 0.9, 2.5, 0.0)
    age, horizon = 30.0, 20.0
    x, last, alive, ahead = simulate(model, 60_000, age, horizon, seed=20050301)
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


def test_alive_by_hand() -> None:
    # r = alpha = a = b = 1, x = 1, t_x = 1, T = 3: gone over alive is a/b * ((1+3)/(1+1))^2 = 4 in BG/NBD,
    # and a/(b+1) * 4 = 2 in MBG/NBD.
    assert BGNBD(1, 1, 1, 1, 0).alive(1, 1, 3) == pytest.approx(1 / 5)
    assert MBGNBD(1, 1, 1, 1, 0).alive(1, 1, 3) == pytest.approx(1 / 3)
    assert BGNBD(1, 1, 1, 1, 0).alive(0, 0, 3) == 1
    # In the next 4: alive and silent (4/8)^2, else gone.
    assert BGNBD(1, 1, 1, 1, 0).no_order(1, 1, 3, 4) == pytest.approx(4 / 5 + 1 / 5 / 4)


shapes = st.tuples(*[st.floats(-5, 6).map(np.exp).map(float)] * 4)
histories = st.tuples(st.integers(0, 5000), st.floats(1e-3, 1), st.floats(0, 1e4)).map(
    lambda row: (row[0], row[1] * row[2] if row[0] else 0.0, row[2])
)


@both
@settings(deadline=None)
@given(shape=shapes, history=histories, horizons=st.tuples(st.floats(0, 1e4), st.floats(0, 1e4)).map(sorted))
def test_every_answer_is_in_range(
    kind: type[BetaGeometric],
    shape: tuple[float, float, float, float],
    history: tuple[int, float, float],
    horizons: list[float],
) -> None:
    model = kind(*shape, 0.0)
    alive = float(model.alive(*history))
    sooner, later = (float(model.expected_orders(*history, horizon)) for horizon in horizons)
    silent_sooner, silent_later = (float(model.no_order(*history, horizon)) for horizon in horizons)
    assert 0 <= alive <= 1
    assert 0 <= silent_later <= silent_sooner <= 1
    immortal = alive * (model.r + history[0]) * horizons[1] / (model.alpha + history[2])
    assert 0 <= sooner <= later * (1 + 1e-6) + 1e-300
    assert (1 - silent_later) * (1 - 1e-6) - 1e-12 <= later <= immortal * (1 + 1e-9) + 1e-300
    assert model.expected_orders(*history, 0) == 0
    assert model.no_order(*history, 0) == 1


@both
@settings(deadline=None, max_examples=25)
@given(factor=st.floats(-7, 7).map(np.exp).map(float))
def test_the_unit_of_time_is_the_callers(kind: type[BetaGeometric], factor: float) -> None:
    x, last, now = cdnow_sample()
    weeks, other = kind.fit(x, last, now), kind.fit(x, last * factor, now * factor)
    assert other.alpha == pytest.approx(weeks.alpha * factor, rel=1e-5)
    assert (other.r, other.a, other.b) == pytest.approx((weeks.r, weeks.a, weeks.b), rel=1e-5)
    # A density by time: each repeat order divides it by the factor.
    assert other.log_likelihood == pytest.approx(weeks.log_likelihood - np.sum(x) * np.log(factor), abs=1e-5)
    np.testing.assert_allclose(
        other.expected_orders(x, last * factor, now * factor, 39 * factor),
        weeks.expected_orders(x, last, now, 39),
        rtol=1e-5,
    )


@both
def test_customers_told_twice_or_in_another_order_change_nothing(kind: type[BetaGeometric]) -> None:
    data = cdnow_sample()
    once = kind.fit(*data)
    shuffled = np.random.default_rng(1).permutation(np.tile(np.arange(data[0].size), 2))
    twice = kind.fit(*(column[shuffled] for column in data))
    assert twice.log_likelihood == pytest.approx(2 * once.log_likelihood, rel=1e-9)
    for name in PARAMETERS:
        assert getattr(twice, name) == pytest.approx(getattr(once, name), rel=1e-5)


@given(rows=st.lists(st.tuples(st.integers(0, 2), st.sampled_from([0.0, 0.5, np.nan])), max_size=30))
def test_distinct_rows_give_every_row_back(rows: list[tuple[int, float]]) -> None:
    table = np.array(rows, dtype=float).reshape(-1, 2).T
    found, inverse, counts = distinct_rows(*table)
    np.testing.assert_array_equal(table[:, found][:, inverse], table)
    assert np.sum(counts) == len(rows)
    if not np.isnan(table).any():
        assert len(found) == len(set(rows))


@both
def test_one_giant_customer_hardly_moves_the_others(kind: type[BetaGeometric]) -> None:
    x, last, now = cdnow_sample()
    orders = kind.fit(x, last, now).expected_orders(x, last, now, 39)
    giants = [kind.fit(np.append(x, n), np.append(last, 38.8), np.append(now, 38.86)) for n in (5e3, 5e5)]
    assert giants[0] == giants[1]
    assert np.sum(giants[0].expected_orders(x, last, now, 39)) == pytest.approx(np.sum(orders), rel=0.02)
    assert giant_ceiling(x[x > 0]) > np.max(x)


@both
def test_customers_who_never_leave_and_are_all_alike_still_fit(kind: type[BetaGeometric]) -> None:
    x = np.random.default_rng(7).poisson(8, 400).astype(float)
    age = np.full(400, 80.0)
    last = np.where(x > 0, 80 - 8 / np.maximum(x, 1), 0)
    model = kind.fit(x, last, age)
    orders = model.expected_orders(x, last, age, 80)
    assert np.all(np.isfinite(orders))
    assert np.sum(orders) == pytest.approx(np.sum(x), rel=0.1)
    assert np.all(model.alive(x, last, age)[x > 0] > 0.9)


@both
def test_scalars_nulls_and_nobody(kind: type[BetaGeometric]) -> None:
    model = kind(0.3, 4.0, 0.8, 2.5, 0.0)
    assert model.alive(2, 3, 4).shape == ()
    assert model.expected_orders([1, 2], [3, 3], 4, [[5], [6]]).shape == (2, 2)
    assert model.expected_orders([], [], [], 9).shape == (0,)
    for x, last, now in ([np.nan, 1, 2], [1, np.nan, 2], [1, 1, np.nan], [0, np.nan, 2]):
        assert np.isnan(model.alive(x, last, now))
        assert np.isnan(model.expected_orders(x, last, now, 9))
        assert np.isnan(model.no_order(x, last, now, 9))


@both
def test_json_gives_the_equal_model_back(kind: type[BetaGeometric]) -> None:
    model = kind.fit(*cdnow_sample())
    assert purchase_model_from_dict(json.loads(json.dumps(model.to_dict()))) == model
    assert PURCHASE_MODELS[kind.name] is kind


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"model": "pnbd"}, "Unknown purchase model 'pnbd'; known: bg_nbd, mbg_nbd"),
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


@both
@pytest.mark.parametrize(
    ("customers", "repeaters", "says"),
    [
        (0, 0, "0 customers are too few: a fit takes 30"),
        (29, 29, "29 customers are too few: a fit takes 30"),
        (500, 0, "0 customers ordered again, too few for a fit: it takes 10"),
        (500, 9, "9 customers ordered again, too few for a fit: it takes 10"),
    ],
)
def test_too_little_history(kind: type[BetaGeometric], customers: int, repeaters: int, says: str) -> None:
    again = np.arange(customers) < repeaters
    with pytest.raises(HistoryError, match=says):
        kind.fit(again * 2, again * 5.0, np.full(customers, 9.0))


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
def test_columns_that_cannot_be(row: tuple[Any, Any, Any], says: str) -> None:
    columns = row if isinstance(row[0], list) else [[value] for value in row]
    with pytest.raises(ValueError, match=says):
        BGNBD.fit(*columns)


def test_a_likelihood_without_a_maximum_is_said_so() -> None:
    with pytest.raises(HistoryError, match="no maximum that can be found"):
        climb(lambda logs: (float("nan"), np.full_like(logs, np.nan)), [(1.0, 1.0)])
