"""Gamma-Gamma against published estimates, another library and a simulation."""

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
from scipy.special import gammaln

from features.errors import HistoryError, ModelError
from models.btyd_fit import Floats
from models.gamma_gamma import GammaGamma

PARAMETERS = ("p", "q", "gamma")


def cdnow_sample() -> tuple[Floats, Floats]:
    """Repeat orders of the 2,357 customers of the CDNOW sample in 39 weeks, and their mean value."""
    package = find_spec("lifetimes")
    assert package is not None
    assert package.submodule_search_locations is not None
    folder = Path(package.submodule_search_locations[0]) / "datasets"
    file = folder / "cdnow_customers_summary_with_transactions.csv"
    _, frequency, _, _, mean_value = np.loadtxt(file, delimiter=",", skiprows=1).T
    return frequency, mean_value


def lifetimes_fitter() -> Any:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import lifetimes

        return lifetimes.GammaGammaFitter()


def log_likelihood(shape: dict[str, float], x: Floats, z: Floats) -> float:
    """The formula as it is printed, term by term."""
    p, q, gamma = (shape[name] for name in PARAMETERS)
    terms = gammaln(p * x + q) - gammaln(p * x) - gammaln(q) + q * np.log(gamma)
    terms += (p * x - 1) * np.log(z) + p * x * np.log(x) - (p * x + q) * np.log(gamma + x * z)
    return float(np.sum(terms))


def test_the_published_estimates_of_the_cdnow_sample() -> None:
    model = GammaGamma.fit(*cdnow_sample())
    # Fader and Hardie (2013), section 3: the 946 customers with a repeat order.
    assert model.p == pytest.approx(6.25, abs=0.005)
    assert model.q == pytest.approx(3.74, abs=0.005)
    assert model.gamma == pytest.approx(15.44, abs=0.01)
    assert model.log_likelihood == pytest.approx(-4055.9177, abs=0.01)


def test_the_fit_is_a_maximum_of_the_printed_likelihood() -> None:
    x, z = cdnow_sample()
    model = GammaGamma.fit(x, z)
    shape = {name: getattr(model, name) for name in PARAMETERS}
    again = x > 0
    assert log_likelihood(shape, x[again], z[again]) == pytest.approx(model.log_likelihood, abs=1e-6)
    for name in PARAMETERS:
        for factor in (0.98, 1.02):
            moved = {**shape, name: shape[name] * factor}
            assert log_likelihood(moved, x[again], z[again]) < model.log_likelihood


def test_fit_and_answers_equal_those_of_lifetimes() -> None:
    x, z = cdnow_sample()
    model = GammaGamma.fit(x, z)
    fitter = lifetimes_fitter()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        fitter.fit(x[x > 0], z[x > 0])
        fitted = {"p": fitter.params_["p"], "q": fitter.params_["q"], "gamma": fitter.params_["v"]}
        fitter.params_ = {"p": model.p, "q": model.q, "v": model.gamma}
        values = fitter.conditional_expected_average_profit(x, z)
    assert model.log_likelihood == pytest.approx(log_likelihood(fitted, x[x > 0], z[x > 0]), abs=0.001)
    np.testing.assert_allclose(model.expected_value(x, z), values, rtol=1e-12)


def test_a_simulation_gives_its_parameters_and_means_back() -> None:
    rng = np.random.default_rng(11)
    truth = GammaGamma(5.0, 4.0, 60.0, 0.0)
    x = rng.integers(1, 12, 40_000).astype(float)
    nu = rng.gamma(truth.q, 1 / truth.gamma, x.size)
    z = rng.gamma(truth.p * x, 1 / (nu * x))
    model = GammaGamma.fit(x, z)
    assert (model.p, model.q, model.gamma) == pytest.approx((5.0, 4.0, 60.0), rel=0.05)
    error = truth.expected_value(x, z) - truth.p / nu
    for group in (x == 1, x > 8, z > 150, z < 50):
        assert abs(np.mean(error[group])) < 4.5 * np.std(error[group]) / np.sqrt(np.sum(group))


@settings(deadline=None)
@given(
    shape=st.tuples(*[st.floats(-5, 6).map(np.exp).map(float)] * 3),
    frequency=st.integers(0, 5000),
    value=st.floats(0, 1e7),
)
def test_the_answer_lies_between_the_customers_mean_and_that_of_all(
    shape: tuple[float, float, float], frequency: int, value: float
) -> None:
    model = GammaGamma(shape[0], 1 + shape[1], shape[2], 0.0)
    everyone = float(model.expected_value(0, np.nan))
    low, high = sorted([everyone, value if frequency else everyone])
    assert low * (1 - 1e-9) <= model.expected_value(frequency, value) <= high * (1 + 1e-9)


@settings(deadline=None, max_examples=25)
@given(factor=st.floats(-7, 7).map(np.exp).map(float))
def test_the_unit_of_money_is_the_callers(factor: float) -> None:
    x, z = cdnow_sample()
    dollars, other = GammaGamma.fit(x, z), GammaGamma.fit(x, z * factor)
    assert (other.p, other.q) == pytest.approx((dollars.p, dollars.q), rel=1e-4)
    assert other.gamma == pytest.approx(dollars.gamma * factor, rel=1e-4)
    shift = np.sum(x > 0) * np.log(factor)
    assert other.log_likelihood == pytest.approx(dollars.log_likelihood - shift, abs=1e-4)


def test_customers_told_twice_or_in_another_order_change_nothing() -> None:
    x, z = cdnow_sample()
    once = GammaGamma.fit(x, z)
    shuffled = np.random.default_rng(1).permutation(np.tile(np.arange(x.size), 2))
    twice = GammaGamma.fit(x[shuffled], z[shuffled])
    assert (twice.p, twice.q, twice.gamma) == pytest.approx((once.p, once.q, once.gamma), rel=1e-4)
    assert twice.log_likelihood == pytest.approx(2 * once.log_likelihood, rel=1e-8)


@pytest.mark.parametrize("value", [1e4, 1e6, 1e-6])
def test_one_giant_customer_hardly_moves_the_others(value: float) -> None:
    x, z = cdnow_sample()
    values = GammaGamma.fit(x, z).expected_value(x, z)
    giant = GammaGamma.fit(np.append(x, 3), np.append(z, value))
    assert np.mean(giant.expected_value(x, z)) == pytest.approx(np.mean(values), rel=0.02)
    assert giant.expected_value(0, 0) == pytest.approx(values[x == 0][0], rel=0.02)
    np.testing.assert_allclose(giant.expected_value(x, z), values, rtol=0.35)


def test_customers_without_a_mean_value_are_left_out() -> None:
    x, z = cdnow_sample()
    only = GammaGamma.fit(x[x > 0], z[x > 0])
    assert GammaGamma.fit(x, np.where(x > 0, z, np.nan)) == only
    assert GammaGamma.fit(np.append(x, 4), np.append(z, 0)) == only


def test_customers_who_all_spend_the_same_still_fit() -> None:
    model = GammaGamma.fit(np.arange(1, 41), np.full(40, 25.0))
    np.testing.assert_allclose(model.expected_value([0, 1, 30], [0, 25, 25]), 25, rtol=0.01)


def test_values_with_too_heavy_a_tail_still_have_a_mean() -> None:
    rng = np.random.default_rng(3)
    value = np.exp(rng.normal(3, 1.5, 2000))
    model = GammaGamma.fit(rng.geometric(0.4, 2000), value)
    assert model.q == pytest.approx(1.25, abs=0.01)
    assert 0.3 < model.expected_value(0, 0) / np.mean(value) < 3


def test_scalars_and_nulls() -> None:
    model = GammaGamma(6.0, 4.0, 15.0, 0.0)
    assert model.expected_value(0, np.nan) == 30.0
    assert model.expected_value(2, 36.0).shape == ()
    # (q - 1) parts of the mean of all, p x parts of their own: (3 * 30 + 12 * 36) / 15.
    assert model.expected_value(2, 36.0) == pytest.approx(34.8)
    assert np.isnan(model.expected_value(1, np.nan))
    assert model.expected_value([], []).shape == (0,)


def test_json_gives_the_equal_model_back() -> None:
    model = GammaGamma.fit(*cdnow_sample())
    assert GammaGamma.from_dict(json.loads(json.dumps(model.to_dict()))) == model


def test_a_damaged_document_is_refused() -> None:
    document = GammaGamma(6.0, 4.0, 15.0, 0.0).to_dict()
    with pytest.raises(ModelError, match=r"q of gamma_gamma is 1.0; expected more than 1"):
        GammaGamma.from_dict({**document, "q": 1.0})
    with pytest.raises(ModelError, match="gamma of gamma_gamma is None; expected a finite number"):
        GammaGamma.from_dict({**document, "gamma": None})


def test_too_little_history() -> None:
    x, z = cdnow_sample()
    with pytest.raises(HistoryError, match="9 customers ordered again, too few for a fit: it takes 10"):
        GammaGamma.fit(x[x > 0][:9], z[x > 0][:9])
    with pytest.raises(HistoryError, match="0 customers ordered again, too few for a fit"):
        GammaGamma.fit(x, np.zeros_like(z))


def test_columns_that_cannot_be() -> None:
    x, z = cdnow_sample()
    with pytest.raises(ValueError, match="mean_value holds nan; expected finite numbers from 0 up"):
        GammaGamma.fit(x, np.where(x == 1, np.nan, z))
    with pytest.raises(ValueError, match=r"mean_value holds -1.0; expected finite numbers from 0 up"):
        GammaGamma.fit(x, np.where(x == 1, -1.0, z))
