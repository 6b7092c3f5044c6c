"""What a bundle bears of its judgement."""

from __future__ import annotations

from datetime import datetime

import numpy as np
import pandas as pd
import pytest

from configs.settings import TrainingSettings
from training.card import card
from training.judge import Judgement

DAY = datetime(2025, 3, 3)  # noqa: DTZ001


def test_figures_baselines_and_calibration_by_hand() -> None:
    churned = np.array([0, 1] * 10)
    probability = np.where(churned == 1, 0.75, 0.25)
    outcome = pd.DataFrame({"customer_id": [str(n) for n in range(20)], "churned": churned, "revenue": 0.0})
    metrics = {"Amity": {"auroc": 1.0, "clv_gini": float("nan")}, "recency alone": {"auroc": 0.8}}
    told = card(Judgement(DAY, outcome, {"Amity": probability}, metrics, False, TrainingSettings()))
    assert (told["judged_as_of"], told["customers"], told["churned"]) == ("2025-03-03T00:00:00", 20, 10)
    assert told["churn"] == {"auroc": 1.0}
    assert told["baselines"] == {"recency alone": {"auroc": 0.8}}
    assert told["calibration"]["predicted"] == pytest.approx([0.25] * 5 + [0.75] * 5)
    assert told["calibration"]["churned"] == [0.0] * 5 + [1.0] * 5
