"""BG/NBD and MBG/NBD against published estimates, another library, a sum over orders and hand arithmetic."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
import pytest
from scipy.special import betainc, betaln, gammaln

from models.beta_geometric import BGNBD, MBGNBD, BetaGeometric
from models.btyd_fit import Floats

Columns = tuple[Floats, Floats, Floats]
PARAMETERS = ("r", "alpha", "a", "b")
both = pytest.mark.parametrize("kind", [BGNBD, MBGNBD])


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


def test_the_published_estimates_of_the_cdnow_sample(cdnow_sample: Columns) -> None:
    model = BGNBD.fit(*cdnow_sample)
    # Fader, Hardie and Lee (2005), table 2; the file here has two decimals, theirs had more.
    assert model.r == pytest.approx(0.2425945, rel=1e-3)
    assert model.alpha == pytest.approx(4.4136019, rel=1e-3)
    assert model.a == pytest.approx(0.7929199, rel=1e-3)
    assert model.b == pytest.approx(2.4258881, rel=1e-3)
    assert model.log_likelihood == pytest.approx(-9582.429, abs=0.01)


@both
def test_the_fit_is_a_maximum_of_the_printed_likelihood(
    kind: type[BetaGeometric], cdnow_sample: Columns
) -> None:
    model = kind.fit(*cdnow_sample)
    shape = {name: getattr(model, name) for name in PARAMETERS}
    assert log_likelihood(kind, shape, *cdnow_sample) == pytest.approx(model.log_likelihood, abs=1e-6)
    for name in PARAMETERS:
        for factor in (0.98, 1.02):
            moved = {**shape, name: shape[name] * factor}
            assert log_likelihood(kind, moved, *cdnow_sample) < model.log_likelihood


@both
def test_the_fit_is_as_likely_as_that_of_lifetimes(kind: type[BetaGeometric], cdnow_sample: Columns) -> None:
    fitter = lifetimes_fitter(kind)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        fitter.fit(*cdnow_sample)
    assert kind.fit(*cdnow_sample).log_likelihood == pytest.approx(
        log_likelihood(kind, fitter.params_, *cdnow_sample), abs=0.001
    )


@both
@pytest.mark.parametrize("horizon", [1.0, 39.0, 200.0])
def test_answers_equal_those_of_lifetimes(
    kind: type[BetaGeometric], horizon: float, cdnow_sample: Columns
) -> None:
    model = kind.fit(*cdnow_sample)
    fitter = lifetimes_fitter(kind)
    fitter.params_ = {name: getattr(model, name) for name in PARAMETERS}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        orders = fitter.conditional_expected_number_of_purchases_up_to_time(horizon, *cdnow_sample)
        alive = fitter.conditional_probability_alive(*cdnow_sample)
    np.testing.assert_allclose(model.expected_orders(*cdnow_sample, horizon), orders, rtol=1e-8)
    np.testing.assert_allclose(model.alive(*cdnow_sample), alive, rtol=1e-9)


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


def test_alive_by_hand() -> None:
    # r = alpha = a = b = 1, x = 1, t_x = 1, T = 3: gone over alive is a/b * ((1+3)/(1+1))^2 = 4 in BG/NBD,
    # and a/(b+1) * 4 = 2 in MBG/NBD.
    assert BGNBD(1, 1, 1, 1, 0).alive(1, 1, 3) == pytest.approx(1 / 5)
    assert MBGNBD(1, 1, 1, 1, 0).alive(1, 1, 3) == pytest.approx(1 / 3)
    assert BGNBD(1, 1, 1, 1, 0).alive(0, 0, 3) == 1
    # In the next 4: alive and silent (4/8)^2, else gone.
    assert BGNBD(1, 1, 1, 1, 0).no_order(1, 1, 3, 4) == pytest.approx(4 / 5 + 1 / 5 / 4)
