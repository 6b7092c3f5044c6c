"""Maximum likelihood as every model of the buy-till-you-die family needs it: check, tame, collapse, climb."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, fields
from typing import ClassVar, Self

import numpy as np
import numpy.typing as npt
from scipy.optimize import minimize
from threadpoolctl import ThreadpoolController

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
ROWS_AT_ONCE = 2048
THREADS = ThreadpoolController()


@dataclass(frozen=True)
class Fitted:
    """What every fitted model shares: its parameters, finite numbers, are its fields."""

    name: ClassVar[str]

    def to_dict(self) -> dict[str, str | float]:
        """For JSON; `from_dict` gives the equal model back."""
        return {"model": self.name, **asdict(self)}

    @classmethod
    def from_dict(cls, document: Mapping[str, object]) -> Self:
        """Raises ModelError where `document` is not what `to_dict` of this model writes."""
        return cls(**_parameters_from(document, cls.name, [field.name for field in fields(cls)]))


@dataclass(frozen=True)
class Histories:
    """The customers of a fit of a purchase process, those of equal history told once.

    All are (rows,) but `unit`, the mean time between two orders in the caller's unit of time; `recency` and
    `age` are multiples of it. `weight` is how many customers a row stands for.
    """

    frequency: Floats
    recency: Floats
    age: Floats
    weight: Floats
    unit: float

    def log_likelihood(self, average: float) -> float:
        """Of all customers in the caller's unit of time, where `average` is the mean in this one."""
        orders = np.sum(self.weight * self.frequency)
        return float(average * np.sum(self.weight) - orders * np.log(self.unit))


def histories(frequency: npt.ArrayLike, recency: npt.ArrayLike, age: npt.ArrayLike) -> Histories:
    """The histories of a fit. Arguments: (customers,), no nulls.

    One giant customer hardly moves the others: a frequency above 10 times the 99 % quantile of those who
    ordered again counts as just that much.

    Raises HistoryError for fewer than 30 customers or fewer than 10 that ordered again, and ValueError for
    nulls, negative numbers, a recency beyond the age, or one where the frequency is 0.
    """
    x, last, now = columns(frequency=frequency, recency=recency, age=age)
    _check_times(x, last, now)
    require_customers(x.size, int(np.sum(x > 0)))
    x = np.minimum(x, giant_ceiling(x[x > 0]))
    unit = float(np.mean(now) / np.mean(x))
    rows, _, weight = distinct_rows(x, last, now)
    return Histories(x[rows], last[rows] / unit, now[rows] / unit, weight, unit)


def _check_times(x: Floats, last: Floats, now: Floats) -> None:
    if np.any(last > now):
        row = int(np.argmax(last > now))
        raise ValueError(f"recency {last[row]} is beyond age {now[row]}: the last order came after now.")
    if np.any((x > 0) != (last > 0)):
        row = int(np.argmax((x > 0) != (last > 0)))
        raise ValueError(
            f"frequency {x[row]}, recency {last[row]}: after one order both are 0, else neither."
        )


def broadcast(*values: npt.ArrayLike) -> list[Floats]:
    """Float arrays of one shape."""
    return list(np.broadcast_arrays(*(np.asarray(value, dtype=np.float64) for value in values)))


def in_parts(answer: Callable[..., Floats], *arrays: Floats) -> Floats:
    """`answer` of arrays of one shape, a few rows at a time, so that its tables stay in the cache.

    `answer` gets columns (rows, 1), one for each array, and gives (rows,).
    """
    flat = [np.ravel(array)[:, None] for array in arrays]
    answers = np.empty(flat[0].size)
    for start in range(0, answers.size, ROWS_AT_ONCE):
        part = slice(start, start + ROWS_AT_ONCE)
        answers[part] = answer(*(column[part] for column in flat))
    return answers.reshape(arrays[0].shape)


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


def climb(objective: Objective, starts: Iterable[Sequence[float]]) -> tuple[Floats, float]:
    """The parameters (all positive) of greatest likelihood, and that likelihood.

    `objective` takes the logarithms of the parameters and gives the mean log-likelihood of a customer with
    its gradient by those logarithms. The first start that ends on flat ground inside the bounds (e^-9 to e^9)
    ends the search; the highest end is taken. A parameter on its bound means that the customers don't differ
    in what it describes (all order at one rate, nobody ever leaves), and the model is as good as its limit.
    BLAS is kept to one thread: on arrays this small, several wait for each other longer than they work.
    Raises HistoryError where no start comes near a maximum.
    """

    def descent(logs: Floats) -> tuple[float, Floats]:
        value, slope = objective(logs)
        return -value, -slope

    best: tuple[Floats, float] | None = None
    for start in starts:
        first = np.clip(np.log(start), -LOG_BOUND, LOG_BOUND)
        with THREADS.limit(limits=1, user_api="blas"):
            end = minimize(
                descent,
                first,
                method="L-BFGS-B",
                jac=True,
                bounds=[(-LOG_BOUND, LOG_BOUND)] * first.size,
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


def _parameters_from(document: Mapping[str, object], name: str, wanted: Sequence[str]) -> dict[str, float]:
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
