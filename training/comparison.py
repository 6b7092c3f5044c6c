"""Amity beside every other model on the judged day: differences with intervals, groups, and profit."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import pandas as pd

from configs.settings import Judging
from training.grades import Worse, grades, worse_groups
from training.intervals import Interval, differences
from training.judge import AMITY, Judgement
from training.profit import Campaign, Profit, expected_maximum_profit, maximum_profit


@dataclass(frozen=True)
class Comparison:
    """`differences`: other model → metric → Amity's figure less theirs. `grades`: of every group and model.

    `worse`: the large groups where another model did clearly better. `expected_profit`, `best_profit`: model
    → profit over every rate of acceptance, and at the usual one, of `campaign`.
    """

    differences: Mapping[str, Mapping[str, Interval]]
    grades: pd.DataFrame
    worse: tuple[Worse, ...]
    expected_profit: Mapping[str, Profit]
    best_profit: Mapping[str, Profit]
    campaign: Campaign


def compare(judgement: Judgement, judging: Judging) -> Comparison:
    """Compare Amity with all other models of a judgement."""
    campaign = Campaign(judging.kept_value, judging.offer_cost, judging.contact_cost)
    others = [name for name in judgement.probabilities if name != AMITY]
    return Comparison(
        differences=differences(judgement.churned, judgement.probabilities, AMITY),
        grades=grades(judgement),
        worse=tuple(
            worse for other in others for worse in worse_groups(judgement, other, judging.large_group)
        ),
        expected_profit={
            name: expected_maximum_profit(judgement.churned, p, campaign)
            for name, p in judgement.probabilities.items()
        },
        best_profit={
            name: maximum_profit(judgement.churned, p, campaign)
            for name, p in judgement.probabilities.items()
        },
        campaign=campaign,
    )
