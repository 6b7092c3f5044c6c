"""A backtest as people look at it: a table in the terminal, a chart over time, a page."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from rich.table import Table

from features.outputs import require_file
from training.backtest import MODELS, Backtest, Replay, verdict
from training.judge import AMITY
from training.page import bullets, page, paragraph, picture, table
from training.sheet import sheet

HEAD = {
    "date": "date",
    "customers": "",
    "churned": "churn",
    "model": "model",
    "predicted": "pred.",
    "AUROC": "AUROC",
    "log loss": "log loss",
    "calibration error": "calib.",
    "lift of the top tenth": "lift",
    "value predicted/actual": "value",
}
"""The columns, and their short names for the terminal; it has no room for those without."""

ENDINGS = (".html", ".png")


def require_ending(file: Path) -> None:
    """Raises RequestError where the file is none that `write` can write."""
    require_file(file, ENDINGS)


def write(found: Backtest, file: Path) -> None:
    """The chart as a picture, or a page of words, chart and table; by the file's ending."""
    if file.suffix.lower() == ".png":
        chart(found).savefig(file, dpi=110, bbox_inches="tight")
        return
    answer, *why = verdict(found).splitlines()
    told = [paragraph(answer), bullets([line.removeprefix("- ") for line in why])]
    sketch = picture(chart(found), "Churn, ranking, lift and value on each date, Amity and RFM")
    title = "Would it have worked?"
    file.write_text(page(title, *told, sketch, table(list(HEAD), rows(found))), encoding="utf-8")


def lines(found: Backtest) -> Table:
    """The table in the terminal: two lines a date, Amity's and that of RFM."""
    short = tuple(HEAD.values())
    told = sheet([name for name in short if name], ("date", "model"))
    for row in rows(found):
        told.add_row(*(cell for name, cell in zip(short, row, strict=True) if name))
    return told


def rows(found: Backtest) -> list[list[str]]:
    """The cells below `HEAD`."""
    return [_row(replay, model) for replay in found.replays for model in MODELS]


def chart(found: Backtest) -> Figure:
    """Four pictures over time: share churned and predicted, AUROC, lift, value predicted over actual."""
    figure = Figure(figsize=(11, 6.5), layout="constrained")
    level, ranking, top, value = figure.subplots(2, 2).flat
    days = _days(found)
    level.plot(days, [replay.churned for replay in found.replays], "k:o", label="churned")
    _lines(level, found, "predicted")
    _lines(ranking, found, "auroc")
    _lines(top, found, "lift")
    value.plot(days, [_nan(replay.models[AMITY].value_ratio) for replay in found.replays], "-o", label=AMITY)
    value.axhline(1, color="grey", linestyle=":")
    titles = ("share that churns", "AUROC", "lift of the top tenth", "value predicted over actual")
    for axes, title in zip((level, ranking, top, value), titles, strict=True):
        axes.set_title(title)
        axes.legend()
        axes.tick_params("x", rotation=30)
    return figure


def _lines(axes: Axes, found: Backtest, name: str) -> None:
    for model in MODELS:
        values = [getattr(replay.models[model], name) for replay in found.replays]
        axes.plot(_days(found), values, "-o", label=model)


def _days(found: Backtest) -> np.ndarray:
    return np.array([replay.day for replay in found.replays], dtype="datetime64[s]")


def _row(replay: Replay, model: str) -> list[str]:
    figures = replay.models[model]
    first = model == MODELS[0]
    head = (
        [f"{replay.day:%Y-%m-%d}", f"{replay.customers:,}", f"{100 * replay.churned:.1f} %"]
        if first
        else [""] * 3
    )
    ratio = figures.value_ratio
    return [
        *head,
        model,
        f"{100 * figures.predicted:.1f} %",
        f"{figures.auroc:.3f}",
        f"{figures.log_loss:.3f}",
        f"{figures.calibration_error:.3f}",
        f"{figures.lift:.2f}",
        "–" if ratio is None else f"{ratio:.2f}",
    ]


def _nan(value: float | None) -> float:
    return float("nan") if value is None else value
