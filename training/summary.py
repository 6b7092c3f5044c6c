"""What was judged, as people read it."""

from __future__ import annotations

from rich.table import Table

from training.judge import AMITY, Judgement
from training.train import Training

FIGURES = {
    "auroc": "AUROC ↑",
    "average_precision": "avg. precision ↑",
    "log_loss": "log loss ↓",
    "brier": "Brier ↓",
    "calibration_error": "calibration error ↓",
}


def judged(judgement: Judgement) -> Table:
    """One row a model, the best of each column in bold."""
    way = (
        "on customers held out"
        if judgement.on_customers_held_out
        else "trained only on what was known by then"
    )
    churned = judgement.churned
    table = Table(
        title=f"Judged from {judgement.as_of:%Y-%m-%d}: {len(churned):,} customers, "
        f"{churned.mean():.1%} churned; {way}",
        title_justify="left",
    )
    table.add_column("model")
    for words in FIGURES.values():
        table.add_column(words, justify="right")
    best = {name: _best(judgement, name) for name in FIGURES}
    for model, figures in judgement.metrics.items():
        cells = [_cell(figures[name], best=figures[name] == best[name]) for name in FIGURES]
        table.add_row(model, *cells)
    return table


def outcome(training: Training) -> str:
    """One or two sentences: the version, and whether it is the champion."""
    is_champion = "is the champion now" if training.promoted else "is registered, and the champion stays"
    text = f"Version {training.version} {is_champion}: {training.because}."
    losses = {name: figures["log_loss"] for name, figures in training.judgement.metrics.items()}
    better = [name for name, loss in losses.items() if loss < losses[AMITY]]
    if better:
        names = " and ".join(better)
        text += f" On this horizon {names} had a lower log loss than Amity; look before you rely on it."
    return text


def to_dict(training: Training) -> dict[str, object]:
    """The same for a program."""
    return {
        "version": training.version,
        "promoted": training.promoted,
        "because": training.because,
        "run_id": training.run_id,
        "as_of": training.bundle.manifest.as_of.isoformat(),
        "judged_as_of": training.judgement.as_of.isoformat(),
        "on_customers_held_out": training.judgement.on_customers_held_out,
        "metrics": {k: dict(v) for k, v in training.judgement.metrics.items()},
    }


def _best(judgement: Judgement, name: str) -> float:
    values = [figures[name] for figures in judgement.metrics.values()]
    return max(values) if name in ("auroc", "average_precision") else min(values)


def _cell(value: float, *, best: bool) -> str:
    return f"[bold]{value:.4f}[/bold]" if best else f"{value:.4f}"
