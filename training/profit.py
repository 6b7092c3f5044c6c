"""What acting on the probabilities earns: the maximum profit for churn, and its expectation (EMPC).

Verbraken, Verbeke, Baesens (2013), A novel profit maximizing metric for measuring classification performance
of customer churn prediction models, IEEE TKDE 25(5). A churner who is contacted takes the offer and stays
with probability γ, and earns kept_value − offer_cost; one who would have stayed takes the offer anyway.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.special import betainc
from sklearn.metrics import roc_curve


@dataclass(frozen=True)
class Campaign:
    """Money per customer; γ is distributed as Beta(`alpha`, `beta`). The defaults are those of the paper."""

    kept_value: float = 200.0
    offer_cost: float = 10.0
    contact_cost: float = 1.0
    alpha: float = 6.0
    beta: float = 14.0

    @property
    def accept_rate(self) -> float:
        """The mean of γ."""
        return self.alpha / (self.alpha + self.beta)


@dataclass(frozen=True)
class Profit:
    """`per_customer`: money for each customer there is; `share`: of all customers who are contacted.

    Both are not a number where all churned, or none.
    """

    per_customer: float
    share: float


@dataclass(frozen=True)
class _Targets:
    """The best sets of customers to contact: corners of the convex hull of the ROC curve, the smallest first.

    `churners`, `stayers`: contacted, as shares of all customers. `pays_from`: the γ from which the set is
    better than the one before it; rising.
    """

    churners: np.ndarray
    stayers: np.ndarray
    pays_from: np.ndarray


def expected_maximum_profit(churned: np.ndarray, probability: np.ndarray, campaign: Campaign) -> Profit:
    """The mean over γ of the profit of the set that is best for it (equation 8 of the paper)."""
    if not 0 < churned.sum() < len(churned):
        return Profit(float("nan"), float("nan"))
    best = _targets(churned, probability, campaign)
    edges = np.append(best.pays_from, 1.0)
    chance = np.diff(betainc(campaign.alpha, campaign.beta, edges))
    accepted = campaign.accept_rate * np.diff(betainc(campaign.alpha + 1, campaign.beta, edges))
    gain = (campaign.kept_value - campaign.offer_cost) * best.churners
    return Profit(
        float(np.sum(gain * accepted - _cost(best, campaign) * chance)),
        float(np.sum((best.churners + best.stayers) * chance)),
    )


def maximum_profit(churned: np.ndarray, probability: np.ndarray, campaign: Campaign) -> Profit:
    """The profit of the set that is best where γ is its mean."""
    if not 0 < churned.sum() < len(churned):
        return Profit(float("nan"), float("nan"))
    best = _targets(churned, probability, campaign)
    gain = campaign.accept_rate * (campaign.kept_value - campaign.offer_cost) * best.churners
    profit = gain - _cost(best, campaign)
    at = int(np.argmax(profit))
    return Profit(float(profit[at]), float(best.churners[at] + best.stayers[at]))


def _cost(best: _Targets, campaign: Campaign) -> np.ndarray:
    """Churners cost the contact, and those who stay the offer as well; money per customer."""
    return np.asarray(
        campaign.contact_cost * best.churners + (campaign.contact_cost + campaign.offer_cost) * best.stayers
    )


def _targets(churned: np.ndarray, probability: np.ndarray, campaign: Campaign) -> _Targets:
    x, y = _hull(*roc_curve(churned, probability)[:2])
    churners, stayers = y * churned.mean(), x * (1 - churned.mean())
    more_churners, more_stayers = np.diff(churners), np.diff(stayers)
    stayer_cost = (campaign.contact_cost + campaign.offer_cost) * more_stayers
    with np.errstate(divide="ignore"):
        needed = (stayer_cost / more_churners + campaign.contact_cost) / (
            campaign.kept_value - campaign.offer_cost
        )
    return _Targets(churners, stayers, np.append(0.0, np.minimum(needed, 1.0)))


def _hull(x: np.ndarray, y: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The upper convex hull of points that rise in both; from (0, 0) to (1, 1)."""
    corners: list[tuple[float, float]] = []
    for point in zip(x.tolist(), y.tolist(), strict=True):
        while len(corners) > 1 and not _turns_right(corners[-2], corners[-1], point):
            corners.pop()
        corners.append(point)
    hull = np.array(corners)
    return hull[:, 0], hull[:, 1]


def _turns_right(a: tuple[float, float], b: tuple[float, float], c: tuple[float, float]) -> bool:
    return (b[0] - a[0]) * (c[1] - a[1]) - (b[1] - a[1]) * (c[0] - a[0]) < 0
