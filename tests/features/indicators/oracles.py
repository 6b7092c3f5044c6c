"""Every indicator beside what it is by hand: formula, working, both figures, and whether they are equal.

    python -m tests.features.indicators.oracles

Of the company of seven customers of `conftest`; the workings are those of `test_by_hand` as they stand.
"""

from __future__ import annotations

import ast
import inspect
from collections.abc import Iterator
from math import isclose

from features.indicators.measure import Measured, measure, words
from features.sources import source_from_rows
from tests.features.indicators import test_by_hand
from tests.features.indicators.conftest import AS_OF, COMPANY

SUMMED = {"interaction_frequency": (15 / 51, "15 / 51"), "order_rate": (100 * 9 / 51, "100 * 9 / 51")}
"""Over the active of twelve month ends, which add up to 51: see `test_the_active_of_each_month`."""


def workings() -> dict[str, tuple[float, str]]:
    """Indicator → its figure by hand, and the working in words of Python."""
    text = inspect.getsource(test_by_hand)
    worked = next(
        node.value
        for node in ast.parse(text).body
        if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "WORKED"
    )
    assert isinstance(worked, ast.Dict)
    names = [ast.literal_eval(key) for key in worked.keys if key]
    said = [_in_figures(ast.unparse(value)) for value in worked.values]
    figures = test_by_hand.WORKED
    return {name: (figures[name], of) for name, of in zip(names, said, strict=True)} | SUMMED


def _in_figures(working: str) -> str:
    for name in ("REVENUE_2024", "ORDERS_2024"):
        working = working.replace(name, f"{getattr(test_by_hand, name):g}")
    return working


def table(measured: Measured) -> Iterator[tuple[str, ...]]:
    """One row per indicator: its name, formula, working, figure by hand, figure of Amity, equal or not."""
    period = measured.period[measured.period["breakdown"] == "all"].set_index("indicator")["figure"]
    by_hand = workings()
    for indicator in measured.measured:
        (want, working), told = by_hand[indicator.name], float(period[indicator.name])
        equal = "yes" if isclose(told, want, rel_tol=1e-9) else "NO"
        formula = words(indicator.formula, measured.rules)
        yield indicator.name, formula, working, f"{want:.6g}", f"{told:.6g}", equal


def main() -> None:
    heads = ("indicator", "formula", "worked by hand", "by hand", "Amity", "equal")
    for row in (heads, ("---",) * len(heads), *table(measure(source_from_rows(COMPANY).tables, AS_OF))):
        print(f"| {' | '.join(row)} |")  # noqa: T201


if __name__ == "__main__":
    main()
