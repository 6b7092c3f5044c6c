"""The simple models that Amity must beat: recency alone, RFM logistic regression, BG/NBD."""

from __future__ import annotations

import numpy as np
import pandas as pd
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from models.beta_geometric import BGNBD
from models.buying import history

RECENCY = ("days_since_order",)
RFM = ("days_since_order", "order_days", "amount_total")


def logistic(train: pd.DataFrame, judged: pd.DataFrame, columns: tuple[str, ...]) -> np.ndarray:
    """Churn probabilities for `judged` from a logistic regression on the logarithms of `columns`."""
    model = make_pipeline(StandardScaler(), LogisticRegression(max_iter=1000))
    model.fit(_logs(train, columns), train["churned"].to_numpy(dtype=int))
    return np.asarray(model.predict_proba(_logs(judged, columns))[:, 1])


def bg_nbd(histories: pd.DataFrame, judged: pd.DataFrame, horizon_days: int) -> np.ndarray:
    """The probability of no order in the horizon by BG/NBD, fitted on everyone's history up to that day."""
    model = BGNBD.fit(*history(histories))
    return np.asarray(model.no_order(*history(judged), horizon_days))


def _logs(frame: pd.DataFrame, columns: tuple[str, ...]) -> np.ndarray:
    return np.asarray(np.log1p(np.maximum(frame[list(columns)].to_numpy(dtype=float), 0.0)))
