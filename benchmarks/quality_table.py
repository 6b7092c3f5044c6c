"""The table of one task at one cutoff in words, and the targets that stand beside it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from functools import partial
from typing import Any

from quality_figures import COVERAGE, FIGURES

LABEL, WIDTH = 22, 12
LEAST, MOST = "≥", "≤"

Bounds = tuple[float | None, float | None]

CALIBRATED: dict[str, Bounds] = {"ECE": (None, 0.02), "coverage": (0.76, 0.84)}
TARGETS: dict[str, dict[str, Bounds]] = {
    "online-retail-ii": {
        "AUROC": (0.777, None),
        "AP": (0.744, None),
        "Brier": (None, 0.190),
        "log loss": (None, 0.560),
        "CLV RMSE": (None, 2200),
        "pred/actual": (0.85, 1.15),
        "Gini": (0.810, None),
        "seconds": (None, 180),
    }
    | CALIBRATED
    | {"ECE": (None, 0.03)},
    "cdnow": {
        "AUROC": (0.808, None),
        "AP": (0.914, None),
        "Brier": (None, 0.1282),
        "log loss": (None, 0.4120),
        "CLV RMSE": (None, 55.5),
        "pred/actual": (0.93, 1.07),
        "Gini": (0.763, None),
    }
    | CALIBRATED,
    "complete-journey-60": {
        "AUROC": (0.871, None),
        "AP": (0.299, None),
        "Brier": (None, 0.0482),
        "log loss": (None, 0.1692),
        "CLV RMSE": (None, 190),
        "pred/actual": (0.95, 1.05),
        "Gini": (0.866, None),
    }
    | CALIBRATED,
    "complete-journey-14": {
        "AUROC": (0.837, None),
        "AP": (0.607, None),
        "Brier": (None, 0.1388),
        "log loss": (None, 0.4200),
        "CLV RMSE": (None, 64.5),
        "pred/actual": (0.95, 1.05),
        "Gini": (0.763, None),
    }
    | CALIBRATED,
}
DIGITS = {figure.name: figure.digits for figure in (*FIGURES.values(), COVERAGE)} | {"seconds": 0}


def targets(result: Mapping[str, Any]) -> Mapping[str, Bounds]:
    """The bounds for Amity's figures by column; none beside a task or cutoff that has no targets."""
    return TARGETS[result["task"]] if result["own_cutoff"] else {}


def show(result: Mapping[str, Any]) -> None:
    """Print one row for the targets, Amity and each peer, then the differences from the best peers."""
    bounds = targets(result)
    print(
        f"\n{result['task']} as of {result['cutoff']}: {result['horizon_days']} days ahead, "
        f"{result['lookback_days']} back\n{result['active']:,} active customers, "
        f"{result['churned']:.1%} churned, {result['revenue']:,.2f} each; Amity's probabilities, were they "
        f"exactly right, would show an ECE of {result['calibration_noise']:.4f}"
    )
    _row("", str)
    if bounds:
        _row("target", lambda name: _bounds(name, bounds.get(name, (None, None))))
    for who, found in result["figures"].items():
        _row(who, partial(_figure, found, bounds if who == "amity" else {}))
    if differences := result["differences"]:
        _row("amity − best peer", lambda name: _signed(name, differences, "value"))
        _row("  from", lambda name: _signed(name, differences, "low"))
        _row("  to", lambda name: _signed(name, differences, "high"))
        _row("", lambda name: differences[name]["mark"] if name in differences else "")
        print("best peers: " + "; ".join(f"{name} {each['peer']}" for name, each in differences.items()))


def missed(result: Mapping[str, Any]) -> Iterator[str]:
    """A sentence for the columns behind the best peer beyond the interval, and for the targets missed."""
    where = f"{result['task']} as of {result['cutoff']}"
    behind = [name for name, each in result["differences"].items() if each["mark"] == "behind"]
    if behind:
        yield f"{where} is behind the best peer in {', '.join(behind)}"
    amity = result["figures"]["amity"]
    short = [
        f"{name} {_figure(amity, {}, name)} ({_bounds(name, bounds)})"
        for name, bounds in targets(result).items()
        if not (name in amity and _within(amity[name], bounds))
    ]
    if short:
        yield f"{where} misses {', '.join(short)}"


def _row(label: str, cell: Callable[[str], str]) -> None:
    print(f"{label:<{LABEL}}" + "".join(f"{cell(name):>{WIDTH}}" for name in DIGITS))


def _figure(found: Mapping[str, float], bounds: Mapping[str, Bounds], name: str) -> str:
    failed = name in bounds and not (name in found and _within(found[name], bounds[name]))
    value = f"{found[name]:.{DIGITS[name]}f}" if name in found else "–"
    return f"! {value}" if failed else value


def _signed(name: str, differences: Mapping[str, Mapping[str, float]], key: str) -> str:
    return f"{differences[name][key]:+.{DIGITS[name]}f}" if name in differences else ""


def _within(value: float, bounds: Bounds) -> bool:
    low, high = bounds
    return (low is None or value >= low) and (high is None or value <= high)


def _bounds(name: str, bounds: Bounds) -> str:
    low, high = (None if end is None else f"{end:.{DIGITS[name]}f}".lstrip("0") for end in bounds)
    if low and high:
        return f"{low}–{high}"
    return f"{LEAST} {low}" if low else f"{MOST} {high}" if high else ""
