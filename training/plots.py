"""Pictures of a training, for MLflow."""

from __future__ import annotations

import warnings
from pathlib import Path

import matplotlib as mpl
import numpy as np
import pandas as pd

from models.churn import ChurnModel
from training.judge import Judgement
from training.metrics import reliability

mpl.use("Agg")

from matplotlib import pyplot as plt


def calibration_plot(judgement: Judgement, file: Path) -> None:
    """Predicted against actual churn in ten groups of customers, a line a model."""
    figure, axes = plt.subplots(figsize=(6, 6))
    axes.plot([0, 1], [0, 1], color="grey", linestyle=":", label="perfect")
    for name, probability in judgement.probabilities.items():
        predicted, actual = reliability(judgement.churned, probability)
        axes.plot(predicted, actual, marker="o", label=name)
    axes.set(
        xlabel="predicted churn probability",
        ylabel="share that churned",
        title=f"Calibration, judged from {judgement.as_of:%Y-%m-%d}",
        xlim=(0, 1),
        ylim=(0, 1),
    )
    axes.legend()
    figure.savefig(file, dpi=120, bbox_inches="tight")
    plt.close(figure)


def shap_plot(churn: ChurnModel, sample: pd.DataFrame, file: Path) -> None:
    """SHAP values of the twenty weightiest features over the sample's rows."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import shap

        _, contributions = churn.contributions(sample)
        shap.summary_plot(
            contributions.to_numpy(),
            churn.values(sample).to_numpy(dtype=float),
            feature_names=list(churn.inputs),
            show=False,
            rng=np.random.default_rng(0),
        )
        plt.title("What moves churn, in log-odds")
        plt.savefig(file, dpi=120, bbox_inches="tight")
        plt.close("all")
