"""Judge written scores against raw orders: AUROC, log loss, Brier, calibration. Reads nothing that trained.

    python benchmarks/quality.py SCORES ORDERS [--horizon-days 90]

SCORES: what `amity score --out` wrote. ORDERS: the raw orders, Parquet or CSV. Both by plain SQL.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import duckdb
import numpy as np
from sklearn.metrics import average_precision_score, brier_score_loss, log_loss, roc_auc_score


def outcomes(scores: Path, orders: Path, horizon_days: int) -> tuple[np.ndarray, np.ndarray]:
    """Churn probability, and whether the customer placed no order in the horizon after `as_of`."""
    rows = duckdb.sql(
        f"""
        SELECT s.churn_probability AS p, count(o.customer_id) = 0 AS churned
        FROM '{scores}' s LEFT JOIN '{orders}' o
          ON CAST(o.customer_id AS VARCHAR) = CAST(s.customer_id AS VARCHAR)
         AND o.ordered_at >= s.as_of AND o.ordered_at < s.as_of + INTERVAL {horizon_days} DAY
        GROUP BY s.customer_id, s.churn_probability
        """
    ).fetchnumpy()
    return np.asarray(rows["p"], dtype=float), np.asarray(rows["churned"], dtype=float)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("scores", type=Path)
    parser.add_argument("orders", type=Path)
    parser.add_argument("--horizon-days", type=int, default=90)
    asked = parser.parse_args()
    probability, churned = outcomes(asked.scores, asked.orders, asked.horizon_days)
    print(f"customers {len(churned):,}  churned {churned.mean():.4f}  predicted {probability.mean():.4f}")
    print(f"AUROC              {roc_auc_score(churned, probability):.4f}")
    print(f"average precision  {average_precision_score(churned, probability):.4f}")
    print(f"log loss           {log_loss(churned, probability):.4f}")
    print(f"Brier              {brier_score_loss(churned, probability):.4f}")


if __name__ == "__main__":
    main()
