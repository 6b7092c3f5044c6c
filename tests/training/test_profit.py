"""The published unit values, and profit added up customer by customer."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy import integrate, stats

from training.profit import Campaign, Profit, expected_maximum_profit, maximum_profit

PAPER = Campaign()
CAMPAIGNS = [PAPER, Campaign(alpha=2), Campaign(offer_cost=100), Campaign(300, 50, 25, 10, 7)]


def random_customers(seed: int, count: int = 60) -> tuple[np.ndarray, np.ndarray]:
    """Probabilities with ties."""
    dice = np.random.default_rng(seed)
    probability = np.round(dice.random(count), 1)
    return (dice.random(count) < probability**2).astype(float), probability


def best_threshold(
    churned: np.ndarray, probability: np.ndarray, campaign: Campaign, accept: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """The profit per customer and the share contacted of the best threshold for each γ, by trying each."""
    profits, shares = [np.zeros(len(accept))], [0.0]
    for threshold in np.unique(probability):
        contacted = probability >= threshold
        kept = accept * (campaign.kept_value - campaign.offer_cost) * (contacted & (churned == 1)).sum()
        lost = campaign.offer_cost * (contacted & (churned == 0)).sum()
        profits.append((kept - lost - campaign.contact_cost * contacted.sum()) / len(churned))
        shares.append(contacted.mean())
    best = np.argmax(profits, axis=0)
    return np.max(profits, axis=0), np.array(shares)[best]


@pytest.mark.parametrize("times", [1, 10])
@pytest.mark.parametrize(
    ("churned", "probability", "expected"),
    [
        ([0, 1], [0, 1], (28.0, 0.5)),
        ([1, 0], [1, 0], (28.0, 0.5)),
        ([0, 1], [1, 0], (22.5007912244511, 0.9991601018889205)),
        ([1, 0], [1, 1], (22.5007912244511, 0.9991601018889205)),
    ],
    ids=["perfect", "perfect the other way round", "incorrect", "half correct"],
)
def test_the_published_values(
    churned: list[float], probability: list[float], expected: tuple[float, float], times: int
) -> None:
    """As empulse and the EMP package publish them for these two customers."""
    found = expected_maximum_profit(np.array(churned * times), np.array(probability * times), PAPER)
    assert found.per_customer == pytest.approx(expected[0], abs=1e-9)
    assert found.share == pytest.approx(expected[1], abs=1e-8)


@pytest.mark.parametrize("campaign", CAMPAIGNS)
@pytest.mark.parametrize("seed", range(3))
def test_the_expectation_is_the_integral_over_every_acceptance(campaign: Campaign, seed: int) -> None:
    churned, probability = random_customers(seed)
    accept = np.linspace(0, 1, 10_001)
    density = stats.beta(campaign.alpha, campaign.beta).pdf(accept)
    profit, share = best_threshold(churned, probability, campaign, accept)
    found = expected_maximum_profit(churned, probability, campaign)
    assert found.per_customer == pytest.approx(integrate.trapezoid(profit * density, accept), abs=1e-4)
    assert found.share == pytest.approx(integrate.trapezoid(share * density, accept), abs=1e-3)


@pytest.mark.parametrize("campaign", CAMPAIGNS)
@pytest.mark.parametrize("seed", range(3))
def test_the_best_threshold_is_the_best_of_all(campaign: Campaign, seed: int) -> None:
    churned, probability = random_customers(seed)
    profit, share = best_threshold(churned, probability, campaign, np.array([campaign.accept_rate]))
    found = maximum_profit(churned, probability, campaign)
    assert (found.per_customer, found.share) == pytest.approx((profit[0], share[0]))


def test_where_no_offer_pays_nobody_is_contacted() -> None:
    churned, probability = random_customers(4)
    assert maximum_profit(churned, probability, Campaign(contact_cost=500)) == Profit(0.0, 0.0)


def test_of_one_outcome_there_is_no_profit() -> None:
    for find in (maximum_profit, expected_maximum_profit):
        found = find(np.ones(3), np.array([0.1, 0.2, 0.3]), PAPER)
        assert math.isnan(found.per_customer)
        assert math.isnan(found.share)
