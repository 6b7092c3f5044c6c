"""The model's page: whether its probabilities come true, how it was judged, and which versions there were."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from fastapi.responses import HTMLResponse

from serving.console.calibration_chart import calibration_chart
from serving.console.rendering import page
from serving.replies import Judged, Model
from serving.store import Store

AMITY = "this model"
MOST_SCORINGS = 20


@dataclass(frozen=True)
class Grade:
    """A figure that models are judged by. `high`: whether more is better."""

    name: str
    words: str
    says: str
    high: bool


GRADES = (
    Grade(
        "auroc", "Ranking", "how often who churned stood above who stayed: 0.5 is chance, 1 is perfect", True
    ),
    Grade("average_precision", "Hits", "how many churned among those ranked first, on average", True),
    Grade(
        "log_loss",
        "Log loss",
        "how far the probabilities are from what came; what is sure and wrong costs most",
        False,
    ),
    Grade("brier", "Brier score", "the mean squared distance of probability and outcome", False),
    Grade("calibration_error", "Calibration error", "by how much a probability is off, on average", False),
)


@dataclass(frozen=True)
class Line:
    """One model's figures in the order of `GRADES`: text, and whether it is the best of all."""

    name: str
    cells: list[tuple[str, bool]]


def model_page(model: Model, store: Store) -> HTMLResponse:
    judged = model.judged
    return page(
        "model.html",
        model=model,
        judged=judged,
        chart=calibration_chart(judged) if judged else None,
        grades=GRADES,
        lines=_lines(judged) if judged else [],
        scorings=store.scorings(MOST_SCORINGS),
    )


def _lines(judged: Judged) -> list[Line]:
    """Of all who were judged on the same customers, the best ranking first."""
    of = {AMITY: judged.churn, **judged.baselines}
    best = {grade.name: _best(grade, of) for grade in GRADES}
    lines = [
        Line(name, [_cell(figures.get(grade.name), best[grade.name]) for grade in GRADES])
        for name, figures in of.items()
    ]
    return sorted(lines, key=lambda line: (line.name != AMITY, line.name))


def _best(grade: Grade, of: Mapping[str, Mapping[str, float]]) -> str:
    known = [figures[grade.name] for figures in of.values() if grade.name in figures]
    return _shown((max if grade.high else min)(known)) if known else ""


def _cell(value: float | None, best: str) -> tuple[str, bool]:
    shown = "" if value is None else _shown(value)
    return shown, bool(shown) and shown == best


def _shown(value: float) -> str:
    return f"{value:.3f}"
