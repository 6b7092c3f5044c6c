"""Who is held back: how many, drawn how, and the smallest effect that will show.

Two means compared: Chow, Shao, Wang (2008), Sample size calculations in clinical research, section 3.2.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import sqrt

import numpy as np
import pandas as pd
from scipy.stats import norm

from configs.settings import Winback

CERTAINTY = 0.95
FEWEST = 20
"""Held back at least, or nothing is measured."""
STEPS = 4
"""Parts of equal size, by expected profit without an offer, that make strata beside the offers."""


@dataclass(frozen=True)
class Design:
    """`share`: of those chosen who are held back. `detects`: the smallest mean effect on profit per contacted
    customer, in money, that would be seen with the power asked for; null where nobody can be held back.
    `expected`: the mean effect that is expected.
    """

    share: float
    detects: float | None
    expected: float

    @property
    def sees_it(self) -> bool:
        return self.detects is not None and self.detects <= abs(self.expected)


def detectable(chosen: int, share: float, deviation: float, power: float) -> float:
    """The smallest difference of two means seen with this power at 95 %, in the unit of `deviation`."""
    reach = float(norm.ppf(1 - (1 - CERTAINTY) / 2) + norm.ppf(power))
    return reach * deviation * sqrt(1 / (chosen * share) + 1 / (chosen * (1 - share)))


def design(chosen: int, expected: float, deviation: float, settings: Winback, *, learning: bool) -> Design:
    """The smallest control that sees the expected effect, within the limits of the settings.

    `deviation`: of profit between customers, in money. `learning`: nothing is known yet, so the control is as
    large as allowed.
    """
    if chosen < 2 * FEWEST or settings.control_most * chosen < FEWEST:
        return Design(0.0, None, expected)
    least = max(settings.control_least, FEWEST / chosen)
    steps = np.linspace(least, max(settings.control_most, least), 101)
    seen = [detectable(chosen, share, deviation, settings.power) <= abs(expected) for share in steps]
    share = float(steps[-1] if learning or not any(seen) else steps[int(np.argmax(seen))])
    return Design(share, detectable(chosen, share, deviation, settings.power), expected)


def strata(offer: np.ndarray, usual: np.ndarray) -> np.ndarray:
    """Of each chosen customer: the offer, and the part of expected profit without it; as text."""
    frame = pd.DataFrame({"offer": offer, "usual": usual})
    rank = frame.groupby("offer")["usual"].rank(method="first", pct=True)
    part = np.minimum((rank * STEPS).astype(int), STEPS - 1)
    return np.asarray(frame["offer"].astype(str) + "/" + part.astype(str), dtype=object)


def hold_back(stratum: np.ndarray, share: float, seed: int) -> np.ndarray:
    """Whether each is held back: in each stratum the share, to the next whole number, by lot.

    Everybody has the same chance, `share`: what is left of a customer in each stratum goes on to the next
    one.
    """
    dice = np.random.default_rng(seed)
    order = np.lexsort((dice.random(len(stratum)), stratum))
    marks = np.floor(dice.random() + share * np.arange(len(stratum) + 1))
    held = np.zeros(len(stratum), dtype=bool)
    held[order] = np.diff(marks) > 0
    return held
