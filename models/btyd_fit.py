"""Maximum likelihood as every model of the buy-till-you-die family needs it: check, tame, collapse, climb."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping, Sequence

import numpy as np
import numpy.typing as npt
from scipy.optimize import minimize

from features.errors import HistoryError, ModelError

Floats = npt.NDArray[np.float64]
Indices = npt.NDArray[np.intp]
Objective = Callable[[Floats], tuple[float, Floats]]

MIN_CUSTOMERS = 30
MIN_REPEATERS = 10
GIANT_QUANTILE = 0.99
GIANT_FACTOR = 10.0
LOG_BOUND = 9.0
FLAT = 1e-5
TOO_STEEP = 1e-3


def columns(**values: npt.ArrayLike) -> list[Floats]:
    """One-dimensional float arrays of one length, in the order given.

    Raises ValueError, naming the column, where one has another shape, or holds a null or a negative number.
    """
    arrays = {name: np.asarray(value, dtype=np.float64) for name, value in values.items()}
    length = next(iter(arrays.values())).size
    for name, array in arrays.items():
        if array.shape != (length,):
            raise ValueError(f"{name} has shape {array.shape}; expected one entry per customer, ({length},).")
        wrong = ~(np.isfinite(array) & (array >= 0))
        if wrong.any():
            raise ValueError(f"{name} holds {array[wrong][0]}; expected finite numbers from 0 up.")
    return list(arrays.values())


def require_customers(customers: int, repeaters: int) -> None:
    """Raises HistoryError where there are too few customers, or too few that ordered again, for a fit."""
    if customers < MIN_CUSTOMERS:
        raise HistoryError(f"{customers} customers are too few: a fit takes {MIN_CUSTOMERS}.")
    require_repeaters(repeaters)


def require_repeaters(repeaters: int) -> None:
    """Raises HistoryError where too few customers ordered again (and for money) for a fit."""
    if repeaters < MIN_REPEATERS:
        raise HistoryError(
            f"{repeaters} customers ordered again, too few for a fit: it takes {MIN_REPEATERS}."
        )


def giant_ceiling(values: Floats) -> float:
    """What no customer may exceed in a fit: 10 times the 99 % quantile of `values` (one entry at least).

    The quantile is an observed value, never between two, so that among few customers the greatest one doesn't
    set its own ceiling. Ordinary heavy tails stay below it: the CDNOW sample loses nothing.
    """
    return GIANT_FACTOR * float(np.quantile(values, GIANT_QUANTILE, method="lower"))


def giant_floor(values: Floats) -> float:
    """The same at the lower end: a tenth of the 1 % quantile of `values`."""
    return float(np.quantile(values, 1 - GIANT_QUANTILE, method="higher")) / GIANT_FACTOR


def distinct_rows(*arrays: Floats) -> tuple[Indices, Indices, Floats]:
    """Rows of equal values, told once.

    `arrays` are columns of one length n. Returns where each of the k distinct rows is found (k,), which
    distinct row each row is (n,), and how many rows each stands for (k,).
    """
    order = np.lexsort(arrays)
    new = np.ones(order.size, dtype=np.bool_)
    new[1:] = np.any([np.diff(array[order]) != 0 for array in arrays], axis=0)
    inverse = np.empty(order.size, dtype=np.intp)
    inverse[order] = np.cumsum(new) - 1
    return order[new], inverse, np.bincount(inverse).astype(np.float64)


def mean(share: Floats, values: Floats) -> float:
    """The mean of `values` where the shares add up to 1.

    Not a dot product: from 10,000 entries on BLAS divides that among threads, which then wait for each other.
    """
    return float(np.sum(share * values))


def climb(objective: Objective, starts: Iterable[Sequence[float]]) -> tuple[Floats, float]:
    """The parameters (all positive) of greatest likelihood, and that likelihood.

    `objective` takes the logarithms of the parameters and gives the mean log-likelihood of a customer with
    its gradient by those logarithms. The first start that ends on flat ground inside the bounds (e^-9 to e^9)
    ends the search; the highest end is taken. A parameter on its bound means that the customers don't differ
    in what it describes (all order at one rate, nobody ever leaves), and the model is as good as its limit.
    Raises HistoryError where no start comes near a maximum.
    """

    def descent(logs: Floats) -> tuple[float, Floats]:
        value, slope = objective(logs)
        return -value, -slope

    best: tuple[Floats, float] | None = None
    for start in starts:
        first = np.clip(np.log(start), -LOG_BOUND, LOG_BOUND)
        bounds = [(-LOG_BOUND, LOG_BOUND)] * first.size
        end = minimize(
            descent,
            first,
            method="L-BFGS-B",
            jac=True,
            bounds=bounds,
            options={"maxiter": 1000, "ftol": 1e-14, "gtol": 1e-8},
        )
        inside = np.abs(end.x) < LOG_BOUND
        steepest = float(np.max(np.abs(end.jac), where=inside, initial=0.0))
        if not np.isfinite(end.fun) or not steepest < TOO_STEEP:
            continue
        if best is None or -end.fun > best[1]:
            best = np.exp(end.x), -float(end.fun)
        if inside.all() and steepest < FLAT:
            break
    if best is None:
        raise HistoryError(
            "The likelihood has no maximum that can be found: these customers fit no such model."
        )
    return best


def parameters_from(document: Mapping[str, object], name: str, wanted: Sequence[str]) -> dict[str, float]:
    """The parameters of a fitted model from what its `to_dict` wrote.

    Raises ModelError where `document` is of another model, a parameter is missing or unknown, or one is not a
    finite number, positive but for the log-likelihood.
    """
    if document.get("model") != name:
        raise ModelError(f"Expected the parameters of {name}, received those of {document.get('model')!r}.")
    if set(document) != {"model", *wanted}:
        raise ModelError(
            f"Expected {name} to hold {', '.join(wanted)}; received {', '.join(map(str, document))}."
        )
    parameters = {}
    for key in wanted:
        value = document[key]
        if not isinstance(value, int | float) or not math.isfinite(value):
            raise ModelError(f"{key} of {name} is {value!r}; expected a finite number.")
        if key != "log_likelihood" and value <= 0:
            raise ModelError(f"{key} of {name} is {value!r}; expected a positive number.")
        parameters[key] = float(value)
    return parameters
