"""How each model did in every group of customers, and where another model did clearly better than Amity."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy.stats import norm

from training.intervals import Interval, log_losses
from training.judge import AMITY, Judgement
from training.metrics import churn_metrics

DOUBT = 0.05
"""The chance that any group looks worse by chance alone; shared among the groups (Bonferroni)."""


@dataclass(frozen=True)
class Group:
    """`kind`: status, orders or segment. `customers`: their places in the judgement's outcome."""

    kind: str
    name: str
    customers: np.ndarray

    def __str__(self) -> str:
        return f"{self.kind} {self.name}"


@dataclass(frozen=True)
class Worse:
    """A group in which another model's log loss is lower; `interval`: Amity's less the other's."""

    group: Group
    model: str
    interval: Interval

    def __str__(self) -> str:
        i = self.interval
        return (
            f"{self.group} ({len(self.group.customers):,} customers): log loss higher than that of "
            f"{self.model} by {i.difference:.4f} ({i.low:.4f} to {i.high:.4f})"
        )


def grades(judgement: Judgement) -> pd.DataFrame:
    """One row a group and model: kind, group, customers, churned, model, predicted, then the churn metrics.

    `churned`, `predicted`: the share that did, and the mean probability. Null: a figure that a group of one
    outcome doesn't give.
    """
    rows = []
    for group in _groups(judgement):
        churned = judgement.churned[group.customers]
        head = {"kind": group.kind, "group": group.name, "customers": len(churned), "churned": churned.mean()}
        for model, probability in judgement.probabilities.items():
            theirs = probability[group.customers]
            rows.append(head | {"model": model, "predicted": theirs.mean()} | churn_metrics(churned, theirs))
    return pd.DataFrame(rows)


def worse_groups(judgement: Judgement, model: str, fewest: int) -> list[Worse]:
    """The groups of at least so many customers where the other model's log loss is lower beyond noise.

    By the normal interval of the mean paired difference, as wide as so many groups at once ask for.
    """
    large = [group for group in _groups(judgement) if len(group.customers) >= fewest]
    if not large:
        return []
    ours, theirs = (log_losses(judgement.churned, judgement.probabilities[m]) for m in (AMITY, model))
    reach = float(norm.ppf(1 - DOUBT / (2 * len(large))))
    found = [Worse(group, model, _paired((ours - theirs)[group.customers], reach)) for group in large]
    return [worse for worse in found if worse.interval.low > 0]


def _groups(judgement: Judgement) -> list[Group]:
    if judgement.groups is None:
        return []
    return [
        Group(str(kind), str(name), np.asarray(places))
        for kind in judgement.groups.columns
        for name, places in sorted(judgement.groups.groupby(kind).indices.items())
    ]


def _paired(difference: np.ndarray, reach: float) -> Interval:
    mean, error = float(difference.mean()), float(difference.std(ddof=1) / np.sqrt(len(difference)))
    return Interval(mean, mean - reach * error, mean + reach * error)
