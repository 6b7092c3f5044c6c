"""How good probabilities and money are, on outcomes that are known by now."""

from __future__ import annotations

import numpy as np
from sklearn.metrics import average_precision_score, brier_score_loss, log_loss, roc_auc_score

EDGE = 1e-6


def churn_metrics(churned: np.ndarray, probability: np.ndarray) -> dict[str, float]:
    """AUROC, average precision, log loss, Brier score, expected calibration error; shape (rows,) both."""
    inside = np.clip(probability, EDGE, 1 - EDGE)
    both = 0 < churned.sum() < len(churned)
    return {
        "auroc": float(roc_auc_score(churned, probability)) if both else float("nan"),
        "average_precision": float(average_precision_score(churned, probability)) if both else float("nan"),
        "log_loss": float(log_loss(churned, inside, labels=[0, 1])),
        "brier": float(brier_score_loss(churned, inside)),
        "calibration_error": calibration_error(churned, probability),
    }


def reliability(
    churned: np.ndarray, probability: np.ndarray, bins: int = 10
) -> tuple[np.ndarray, np.ndarray]:
    """Mean prediction and share churned in bins of equal size, by rising prediction."""
    parts = _bins(probability, bins)
    return (
        np.array([probability[part].mean() for part in parts]),
        np.array([churned[part].mean() for part in parts]),
    )


def _bins(probability: np.ndarray, bins: int) -> list[np.ndarray]:
    return np.array_split(np.argsort(probability, kind="stable"), min(bins, len(probability)))


def calibration_error(churned: np.ndarray, probability: np.ndarray) -> float:
    """Expected calibration error over ten bins of equal size (Naeini et al. 2015)."""
    parts = _bins(probability, 10)
    gaps = [abs(probability[part].mean() - churned[part].mean()) for part in parts]
    return float(np.average(gaps, weights=[len(part) for part in parts]))


def money_metrics(actual: np.ndarray, predicted: np.ndarray) -> dict[str, float]:
    """Mean absolute error, root mean squared error, sum predicted over actual, and the normalised Gini.

    The sums' ratio is not a number where nobody spent, the Gini where all spent the same.
    """
    total = actual.sum()
    return {
        "clv_mae": float(np.mean(np.abs(predicted - actual))),
        "clv_rmse": float(np.sqrt(np.mean((predicted - actual) ** 2))),
        "clv_predicted_over_actual": float(predicted.sum() / total) if total else float("nan"),
        "clv_gini": gini(actual, predicted) / best if (best := gini(actual, actual)) else float("nan"),
    }


def gini(actual: np.ndarray, predicted: np.ndarray) -> float:
    """Area between the curve of `actual`, sorted by falling prediction, and the diagonal."""
    total = actual.sum()
    if not total:
        return 0.0
    shares = np.cumsum(actual[np.argsort(-predicted, kind="stable")]) / total
    return float(np.mean(shares) - (len(actual) + 1) / (2 * len(actual)))
