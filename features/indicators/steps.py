"""What the newest months of a figure differ by from what was to be expected of them.

Two comparisons, and both are made where the data allow:

- with the same months a year before, so that no season is in the difference; what the newest months differ by
  is set against what the months before them differed by, so a trend that goes on is no step. With less than
  two years the months themselves are compared, and their season widens the limits.
- of one value of a breakdown with the rest of the company in the same months (difference in differences: Card
  & Krueger 1994, American Economic Review 84): a season or trend that all share is in neither.

Of a value both must see the step: beside the rest it is told, and over time it must be there at least half as
far, as a value looks bad beside a rest that got better.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from features.indicators.book import Indicator
from features.indicators.cells import ALL, OTHERS
from features.indicators.measure import Measured
from features.indicators.moderation import moderated
from features.indicators.rules import YEAR

Floats = NDArray[np.float64]
_FEWEST_MONTHS = 6
"""As many months before the newest ones must be known, to tell their scatter."""
MOST_MONTHS = 6
"""As far back a step may have begun."""
_FEWEST_EVENTS = 5
"""Cochran (1954, Biometrics 10)."""
_AGREED = 0.5
"""The least that one comparison sees of what the other does."""
_SURE_MONTHS = float(stats.chi2.isf(0.05, 1))
"""Months in which a step may have begun: twice the log-likelihood falls by no more than this (95 %)."""


@dataclass(frozen=True)
class Series:
    """One figure by month, oldest first; `sign`: 1 where high is bad. `state`: its months overlap.

    `unit_variance`: of the figure of one case. `clumping`: its design effect, where `clumps` has it.
    """

    indicator: Indicator
    breakdown: str
    value: str
    figures: Floats
    cases: Floats
    unit_variance: float
    sign: int
    state: bool
    clumping: float | None = None


@dataclass(frozen=True)
class Step:
    """`excess`: of the newest months over what was to be expected, in the bad direction. `variance`: of it.

    By sampling; `scatter`: how much more the months before vary, with `freedom` degrees of freedom. `cases`:
    of the newest months. `beside`: whether it is told beside the rest of the company. `agreed`: whether the
    other comparison, where there is one, doesn't contradict it.
    """

    one: Series
    window: int
    beside: bool
    figure: float
    expected: float
    cases: float
    excess: float
    variance: float
    scatter: float
    freedom: int
    agreed: bool = True

    @property
    def error(self) -> float:
        """The standard error of the excess; what the months scatter beyond sampling is in it."""
        return float(np.sqrt(self.variance * max(self.scatter, self.one.clumping or 1.0)))


def series(
    measured: Measured, names: tuple[str, ...], clumped: Mapping[str, float] | None = None
) -> Iterator[Series]:
    """Of the indicators so named that have a bad direction: the company first, then each value.

    `clumped`: the design effects of indicators, as `clumps` gives them.
    """
    told = {i.name: i for i in measured.measured if i.better and i.name in names}
    frame = measured.months[
        measured.months["indicator"].isin(list(told)) & (measured.months["value"] != OTHERS)
    ]
    for key, rows in frame.groupby(["indicator", "breakdown", "value"], sort=False):
        name, breakdown, value = (str(part) for part in key)
        cases = np.nan_to_num(rows["cases"].to_numpy(float))
        errors = np.nan_to_num(rows["error"].to_numpy(float))
        if cases.sum() > 0 and errors.sum() > 0:
            variance = _unit_variance(errors, cases)
            sign = 1 if told[name].better == "low" else -1
            figures = rows["figure"].to_numpy(float)
            state = name in measured.states
            clumping = (clumped or {}).get(name)
            yield Series(told[name], breakdown, value, figures, cases, variance, sign, state, clumping)


def _unit_variance(errors: Floats, cases: Floats) -> float:
    """Of the months before those in which a step may lie, where they had cases."""
    known = slice(None, -MOST_MONTHS) if cases[:-MOST_MONTHS].sum() > 0 else slice(None)
    squares = (errors[known] * cases[known]) ** 2
    return float(squares.sum() / cases[known].sum())


def steps(some: list[Series], windows: tuple[int, ...], fewest_cases: int) -> list[Step]:
    """Every step of these series that is known well enough; of a state only that of the newest month."""
    found: list[Step] = []
    for one in some:
        whole = _whole_of(one, some)
        for window in (1,) if one.state else windows:
            if one.cases[-window:].sum() >= fewest_cases:
                found += [step for step in _both(one, whole, window) if _enough(step)]
    return found


def _enough(step: Step) -> bool:
    """Whether as many events, and cases without one, are to be expected as a normal curve takes."""
    indicator = step.one.indicator
    events = step.expected / indicator.scale * step.cases
    if indicator.kind == "share":
        return min(events, step.cases - events) >= _FEWEST_EVENTS
    return indicator.kind != "rate" or events >= _FEWEST_EVENTS


def dated(step: Step, some: list[Series]) -> tuple[Step, int, int]:
    """The step from the month in which it most likely began; and how many months ago at least, at most.

    `some`: the series that `steps` was given. A state stays as it is, as its months overlap.
    """
    if step.one.state:
        return step, step.window, step.window
    whole = _whole_of(step.one, some)
    found = [
        other
        for window in range(1, MOST_MONTHS + 1)
        for other in _compared(step.one, whole, window)
        if other.beside == step.beside
    ]
    if not found:
        return step, step.window, step.window
    scale = (step.error / np.sqrt(step.variance)) ** 2
    fits = [other.excess * abs(other.excess) / other.variance / scale for other in found]
    likely = [other.window for other, fit in zip(found, fits, strict=True) if fit >= max(fits) - _SURE_MONTHS]
    return found[int(np.argmax(fits))], min(likely), max(likely)


def alike(step: Step, some: list[Series]) -> Step | None:
    """The comparison of the same value, window and kind among other series; none where it isn't known."""
    of = (step.one.breakdown, step.one.value)
    one = next((one for one in some if (one.breakdown, one.value) == of), None)
    found = _compared(one, _whole_of(one, some), step.window) if one else iter(())
    return next((other for other in found if other.beside == step.beside), None)


def _whole_of(one: Series, some: list[Series]) -> Series | None:
    return next((o for o in some if o.indicator.name == one.indicator.name and o.breakdown == ALL), None)


def chances(some: list[Step]) -> Floats:
    """Of each excess or a larger one by chance, shape (steps,).

    Student's t with the scatter of each, which leans on those of the same indicator and comparison; where its
    cases clump by more than that, they say how it scatters, and are known well. 1 where it isn't agreed on.
    """
    names = np.array([f"{step.one.indicator.name} {step.window} {step.beside}" for step in some])
    found = np.ones(len(some))
    for name in dict.fromkeys(names):
        at = np.flatnonzero(names == name)
        of = [some[place] for place in at]
        scatter, freedom = moderated(
            np.array([step.scatter for step in of]), np.array([float(step.freedom) for step in of])
        )
        least = np.array([step.one.clumping or 1.0 for step in of])
        known = np.array([step.one.clumping is not None for step in of]) & (scatter <= least)
        error = np.sqrt([step.variance for step in of] * np.maximum(scatter, least))
        t = np.array([step.excess for step in of]) / error
        found[at] = np.where(known, stats.norm.sf(t), stats.t.sf(t, freedom))
    return np.where([step.agreed for step in some], found, 1.0)


def _both(one: Series, whole: Series | None, window: int) -> list[Step]:
    """The comparison of one window that says most: of a value that beside the rest, where they agree.

    The months of a state overlap, so beside the rest they would look surer than they are.
    """
    found = list(_compared(one, whole, window))
    if len(found) < 2:
        return found
    own, beside = found
    told, other = (own, beside) if one.state else (beside, own)
    return [replace(told, agreed=bool(other.excess >= _AGREED * told.excess))]


def _compared(one: Series, whole: Series | None, window: int) -> Iterator[Step]:
    own = _over_time(one, window)
    if own is not None:
        yield own
    if whole is not None and one is not whole and own is not None:
        beside = _beside(one, _rest(one, whole), window)
        if beside is not None:
            yield beside


def _over_time(one: Series, window: int) -> Step | None:
    """None where too little is known."""
    now, size = slice(-window, None), one.cases[-window:].sum()
    if size <= 0 or not np.isfinite(one.figures[now]).all():
        return None
    differences, weights, year_before = _differences(one, window)
    known = np.isfinite(differences) & (weights > 0)
    known[-window:] = False
    count = int(known.sum())
    if count < _FEWEST_MONTHS:
        return None
    usual = float(np.average(differences[known], weights=weights[known]))
    squares = (differences[known] - usual) ** 2 * weights[known] / one.unit_variance
    scatter = float(squares.sum()) / (count - 1)
    figure = float(np.average(one.figures[now], weights=one.cases[now]))
    then, cases_then = year_before
    variance = one.unit_variance * (
        1 / size + (1 / cases_then if cases_then else 0.0) + 1 / weights[known].sum()
    )
    excess = one.sign * (figure - then - usual)
    return Step(one, window, False, figure, then + usual, float(size), excess, variance, scatter, count - 1)


def _differences(one: Series, window: int) -> tuple[Floats, Floats, tuple[float, float]]:
    """Of the last year's months: each less its own a year before, and its weight as so many cases.

    And the figure and cases of the newest months a year before. With less than two years: the months
    themselves, and nothing to compare the newest with but these.
    """
    figures, cases = one.figures[-2 * YEAR :], one.cases[-2 * YEAR :]
    then = slice(YEAR - window, YEAR)
    differences = figures[YEAR:] - figures[:YEAR]
    before_window = np.isfinite(differences[:-window]).sum()
    if before_window >= _FEWEST_MONTHS and np.isfinite(figures[then]).all() and cases[then].sum() > 0:
        with np.errstate(divide="ignore"):
            weights = 1 / (1 / cases[YEAR:] + 1 / cases[:YEAR])
        return (
            differences,
            weights,
            (float(np.average(figures[then], weights=cases[then])), float(cases[then].sum())),
        )
    return figures, cases, (0.0, 0.0)


def _rest(one: Series, whole: Series) -> Series:
    """The company without one value: of its own cases, or of the same where they know no such breakdown."""
    if np.array_equal(one.cases, whole.cases):
        figures, cases = whole.figures - one.figures, whole.cases
        variance = whole.unit_variance - one.unit_variance
    else:
        cases = np.maximum(whole.cases - one.cases, 0.0)
        sums = whole.figures * whole.cases - one.figures * one.cases
        figures = np.divide(sums, cases, out=np.full_like(sums, np.nan), where=cases > 0)
        squares = whole.unit_variance * whole.cases.sum() - one.unit_variance * one.cases.sum()
        variance = squares / max(cases.sum(), 1.0)
    return replace(whole, figures=figures, cases=cases, unit_variance=max(variance, 0.0))


def _beside(one: Series, rest: Series, window: int) -> Step | None:
    """A share or rate is expected to be as many times that of the rest as it was; a mean as much more."""
    both = np.isfinite(one.figures) & np.isfinite(rest.figures) & (one.cases > 0) & (rest.cases > 0)
    now = np.arange(len(both)) >= len(both) - window
    known = both & ~now
    count = int(known.sum())
    if count < _FEWEST_MONTHS or not both[now].all():
        return None
    weights = one.cases[known]
    level, level_of_rest = (np.average(side.figures[known], weights=weights) for side in (one, rest))
    if one.indicator.kind == "mean":
        times, more = 1.0, float(level - level_of_rest)
    elif level_of_rest > 0:
        times, more = float(level / level_of_rest), 0.0
    else:
        return None
    expected = times * rest.figures + more
    unit, unit_of_rest = one.unit_variance, times**2 * rest.unit_variance
    with np.errstate(divide="ignore"):
        variances = unit / one.cases + unit_of_rest / rest.cases
    blocks = _blocks((one.figures - expected)[known], 1 / variances[known], window)
    scatter = float((blocks**2).sum()) / (len(blocks) - 1)
    size = float(one.cases[now].sum())
    figure, usual = (float(np.average(side[now], weights=one.cases[now])) for side in (one.figures, expected))
    variance = sum(
        unit / one.cases[months].sum() + unit_of_rest / rest.cases[months].sum() for months in (now, known)
    )
    return Step(
        one,
        window,
        True,
        figure,
        usual,
        size,
        one.sign * (figure - usual),
        float(variance),
        scatter,
        len(blocks) - 1,
    )


def _blocks(residuals: Floats, weights: Floats, window: int) -> Floats:
    """Standardised means of as many months as the newest are looked at together, so that what lasts counts.

    Month by month where there would be too few.
    """
    size = window if len(residuals) // window >= _FEWEST_MONTHS else 1
    whole = len(residuals) // size * size
    parts, weighed = (side[-whole:].reshape(-1, size) for side in (residuals * weights, weights))
    return np.asarray(parts.sum(axis=1) / np.sqrt(weighed.sum(axis=1)), float)
