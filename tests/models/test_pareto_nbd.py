"""Pareto/NBD against published estimates, another library, adaptive quadrature and hand arithmetic."""

from __future__ import annotations

import warnings
from itertools import pairwise
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.integrate import quad
from scipy.special import gammaln, hyp2f1

from models.btyd_fit import Floats
from models.pareto_nbd import ParetoNBD

Columns = tuple[Floats, Floats, Floats]
PARAMETERS = ("r", "alpha", "s", "beta")


@pytest.fixture(scope="module")
def model(cdnow_sample: Columns) -> ParetoNBD:
    return ParetoNBD.fit(*cdnow_sample)


def lifetimes_fitter() -> Any:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import lifetimes

        return lifetimes.ParetoNBDFitter()


def log_likelihood(shape: Any, x: Floats, last: Floats, now: Floats) -> float:
    """The formula as it is printed, for alpha above beta and for the reverse."""
    r, alpha, s, beta = (float(shape[name]) for name in PARAMETERS)
    power = r + s + x
    larger, second = (alpha, s + 1) if alpha >= beta else (beta, r + x)

    def integral(time: Floats) -> Floats:
        ratio = abs(alpha - beta) / (larger + time)
        return np.asarray(hyp2f1(power, second, power + 1, ratio) / (larger + time) ** power)

    alive = (alpha + now) ** -(r + x) * (beta + now) ** -s
    gone = s / power * (integral(last) - integral(now))
    common = gammaln(r + x) - gammaln(r) + r * np.log(alpha) + s * np.log(beta)
    return float(np.sum(common + np.log(alive + gone)))


def test_the_published_estimates_of_the_cdnow_sample(model: ParetoNBD) -> None:
    # CLVTools, walkthrough; the file here has two decimals, theirs had more.
    assert model.r == pytest.approx(0.55315, rel=1e-3)
    assert model.alpha == pytest.approx(10.57633, rel=1e-3)
    assert model.s == pytest.approx(0.60625, rel=1e-3)
    assert model.beta == pytest.approx(11.67150, rel=1e-3)
    assert model.log_likelihood == pytest.approx(-9594.976, abs=0.01)


def test_the_fit_is_a_maximum_of_the_printed_likelihood(model: ParetoNBD, cdnow_sample: Columns) -> None:
    shape = {name: getattr(model, name) for name in PARAMETERS}
    assert log_likelihood(shape, *cdnow_sample) == pytest.approx(model.log_likelihood, abs=1e-6)
    for name in PARAMETERS:
        for factor in (0.98, 1.02):
            moved = {**shape, name: shape[name] * factor}
            assert log_likelihood(moved, *cdnow_sample) < model.log_likelihood


def test_the_fit_is_as_likely_as_that_of_lifetimes(model: ParetoNBD, cdnow_sample: Columns) -> None:
    fitter = lifetimes_fitter()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        fitter.fit(*cdnow_sample)
    theirs = log_likelihood(fitter.params_, *cdnow_sample)
    assert theirs - 1e-6 < model.log_likelihood < theirs + 0.001


@pytest.mark.parametrize("horizon", [1.0, 39.0, 200.0])
def test_answers_equal_those_of_lifetimes(model: ParetoNBD, horizon: float, cdnow_sample: Columns) -> None:
    fitter = lifetimes_fitter()
    fitter.params_ = {name: getattr(model, name) for name in PARAMETERS}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        orders = fitter.conditional_expected_number_of_purchases_up_to_time(horizon, *cdnow_sample)
        alive = fitter.conditional_probability_alive(*cdnow_sample)
        none = fitter.conditional_probability_of_n_purchases_up_to_time(0, horizon, *cdnow_sample)
    np.testing.assert_allclose(model.expected_orders(*cdnow_sample, horizon), orders, rtol=1e-10)
    np.testing.assert_allclose(model.alive(*cdnow_sample), alive, rtol=1e-10)
    np.testing.assert_allclose(model.no_order(*cdnow_sample, horizon), none, rtol=1e-10)


def test_several_horizons_at_once_are_each_by_itself(model: ParetoNBD, cdnow_sample: Columns) -> None:
    found = model.no_order_by(*cdnow_sample, [1.0, 26.0, 52.0])
    expected = np.column_stack([model.no_order(*cdnow_sample, ahead) for ahead in (1.0, 26.0, 52.0)])
    np.testing.assert_array_equal(found, expected)


def test_answers_by_hand() -> None:
    # r = alpha = s = beta = 1, x = 1, t_x = 1, T = 3. With alpha = beta the integral is elementary: gone over
    # alive is s / (r+x+s) * (((1+3) / (1+1))^3 - 1) = 7/3.
    model = ParetoNBD(1, 1, 1, 1, 0)
    assert model.alive(1, 1, 3) == pytest.approx(3 / 10)
    # In the next 4, if alive: silent all the time (4/8)^3, or dead before an order, 1/3 of the rest.
    assert model.no_order(1, 1, 3, 4) == pytest.approx(7 / 10 + 3 / 10 * (1 / 8 + 1 / 3 * 7 / 8))
    # Rate 2/4 while alive, which at s = 1 is 4 * log(8/4) of the next 4.
    assert model.expected_orders(1, 1, 3, 4) == pytest.approx(3 / 10 * 2 * np.log(2))


@pytest.mark.parametrize("s", [1 - 1e-9, 1.0, 1 + 1e-9])
def test_expected_orders_have_no_singularity(s: float) -> None:
    orders = ParetoNBD(0.7, 5.0, s, 20.0, 0.0).expected_orders(3, 20, 25, [1.0, 100.0])
    nearby = [
        ParetoNBD(0.7, 5.0, near, 20.0, 0.0).expected_orders(3, 20, 25, [1, 100]) for near in (0.99, 1.01)
    ]
    np.testing.assert_allclose(orders, np.mean(nearby, axis=0), rtol=1e-4)


EXTREMES = [
    (0.55, 10.6, 0.6, 11.7, 0, 0.0, 39.0),
    (0.005, 0.01, 0.005, 400.0, 0, 0.0, 3650.0),
    (0.005, 400.0, 300.0, 0.01, 0, 0.0, 3650.0),
    (2.0, 7.0, 0.5, 1000.0, 5000, 3600.0, 3601.0),
    (2.0, 7.0, 300.0, 0.02, 5000, 3000.0, 3650.0),
    (400.0, 400.0, 0.005, 400.0, 520, 3640.0, 3650.0),
    (8000.0, 2e-4, 8000.0, 1e4, 1, 1e-3, 10.0),
]


@pytest.mark.parametrize("row", EXTREMES)
def test_answers_equal_adaptive_quadrature(row: tuple[float, ...]) -> None:
    r, alpha, s, beta, x, last, now = row

    def silent(since: float, time: float) -> float:
        fall = (r + x) * np.log1p(time / (alpha + since)) + s * np.log1p(time / (beta + since))
        return float(np.exp(-fall))

    def dies(since: float, stretch: float) -> float:
        # By decades of time, so that no scale is overlooked.
        edges = [0.0, *np.geomspace(1e-12, 1, 25) * stretch]
        pieces = [
            quad(lambda u: s / (beta + since + u) * silent(since, u), low, high, epsrel=1e-11, epsabs=0)[0]
            for low, high in pairwise(edges)
        ]
        return float(np.sum(pieces))

    model = ParetoNBD(r, alpha, s, beta, 0.0)
    survival = silent(last, now - last)
    alive = survival / (survival + dies(last, now - last))
    assert model.alive(x, last, now) == pytest.approx(alive, rel=1e-6, abs=1e-300)
    silence_ahead = silent(now, 365.0) + dies(now, 365.0)
    assert model.no_order(x, last, now, 365.0) == pytest.approx(1 - alive + alive * silence_ahead, rel=1e-6)


shapes = st.tuples(*[st.floats(-5, 6).map(np.exp).map(float)] * 4)
times = st.floats(0, 1e4)


@settings(deadline=None)
@given(shape=shapes, x=st.integers(0, 5000), last=times, silent=times, ahead=times)
def test_silence_is_one_thing_however_it_is_cut(
    shape: tuple[float, float, float, float], x: int, last: float, silent: float, ahead: float
) -> None:
    model = ParetoNBD(*shape, 0.0)
    first = model.no_order(x, last, last, silent)
    # Alive after the silence and silent in it: neither event at their two rates, a product of two powers.
    both = np.exp(
        -(model.r + x) * np.log1p(silent / (model.alpha + last))
        - model.s * np.log1p(silent / (model.beta + last))
    )
    assert first * model.alive(x, last, last + silent) == pytest.approx(both, abs=1e-8)
    whole = model.no_order(x, last, last, silent + ahead)
    assert first * model.no_order(x, last, last + silent, ahead) == pytest.approx(whole, abs=1e-8)


def test_who_ordered_once_is_less_and_less_likely_to_be_alive(model: ParetoNBD) -> None:
    alive = model.alive(0, 0, np.arange(0, 3650))
    assert alive[0] == 1
    assert np.all(np.diff(alive) < 0)
    assert alive[39] < 0.5
    assert alive[-1] < 0.05
