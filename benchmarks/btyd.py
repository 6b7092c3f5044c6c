"""The fits of BG/NBD and Pareto/NBD on all 23,570 customers of CDNOW, against `lifetimes` in the same run.

    python benchmarks/btyd.py [RUNS]

An order is a customer and a day; time is in weeks up to 1998-07-01, the day after the last order in the file.
Prints the median times, their ratio, and how much more likely one fit makes the customers than the other;
then how long Pareto/NBD takes for its answers on a million customers.
"""

from __future__ import annotations

import statistics
import sys
import time
import warnings
from collections.abc import Callable
from functools import partial
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import lifetimes
import numpy as np
from scipy.special import betaln, gammaln, hyp2f1

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from models.btyd import BGNBD, ParetoNBD, PurchaseModel
from models.btyd_fit import Floats

warnings.simplefilter("ignore")

END = np.datetime64("1998-07-01")
MILLION = 1_000_000
HORIZON = 13.0

Columns = tuple[Floats, Floats, Floats]


def cdnow() -> Columns:
    """Frequency, recency and age of each customer, in weeks."""
    package = find_spec("lifetimes")
    assert package is not None
    assert package.submodule_search_locations is not None
    file = Path(package.submodule_search_locations[0]) / "datasets" / "CDNOW_master.txt"
    orders = np.loadtxt(file, skiprows=1, usecols=(0, 1), dtype=str)
    days = sorted({(customer, f"{day[:4]}-{day[4:6]}-{day[6:]}") for customer, day in orders})
    customers, first, count = np.unique([row[0] for row in days], return_index=True, return_counts=True)
    assert customers.size == 23_570
    dates = np.array([row[1] for row in days], dtype="datetime64[D]")
    begin, last = dates[first], dates[first + count - 1]
    recency, age = ((late - begin).astype(float) / 7 for late in (last, END))
    return (count - 1).astype(float), recency, age


def bg_nbd(shape: tuple[float, ...], x: Floats, last: Floats, now: Floats) -> float:
    """The log-likelihood as it is printed, so that both fits are judged by neither."""
    r, alpha, a, b = shape
    alive = betaln(a, b + x) - (r + x) * np.log(alpha + now)
    gone = np.where(x > 0, betaln(a + 1, b + np.maximum(x, 1) - 1) - (r + x) * np.log(alpha + last), -np.inf)
    common = gammaln(r + x) - gammaln(r) + r * np.log(alpha) - betaln(a, b)
    return float(np.sum(common + np.logaddexp(alive, gone)))


def pareto_nbd(shape: tuple[float, ...], x: Floats, last: Floats, now: Floats) -> float:
    """The same, with Gauss's hypergeometric function; for alpha of beta or more."""
    r, alpha, s, beta = shape
    assert alpha >= beta
    power = r + s + x

    def gauss(time: Floats) -> Floats:
        return np.asarray(hyp2f1(power, s + 1, power + 1, (alpha - beta) / (alpha + time)))

    alive = -(r + x) * np.log(alpha + now) - s * np.log(beta + now)
    fall = ((alpha + last) / (alpha + now)) ** power
    left = np.where(now > last, gauss(last) - gauss(now) * fall, 0.0)
    gone = np.log(s / power) - power * np.log(alpha + last) + np.log(left)
    common = gammaln(r + x) - gammaln(r) + r * np.log(alpha) + s * np.log(beta)
    return float(np.sum(common + np.logaddexp(alive, gone)))


PAIRS: tuple[tuple[type[PurchaseModel], Any, tuple[str, ...], Callable[..., float]], ...] = (
    (BGNBD, lifetimes.BetaGeoFitter, ("r", "alpha", "a", "b"), bg_nbd),
    (ParetoNBD, lifetimes.ParetoNBDFitter, ("r", "alpha", "s", "beta"), pareto_nbd),
)


def timed(job: Callable[[], Any]) -> tuple[float, Any]:
    start = time.perf_counter()
    result = job()
    return time.perf_counter() - start, result


def fits(data: Columns, runs: int) -> None:
    """Each pair in turn, so that whatever else the machine does falls on both."""
    for kind, fitter, names, log_likelihood in PAIRS:
        ours, theirs = [], []
        for _ in range(runs):
            seconds, model = timed(partial(kind.fit, *data))
            ours.append(seconds)
            seconds, peer = timed(partial(fitter().fit, *data))
            theirs.append(seconds)
        mine = log_likelihood(tuple(float(model.to_dict()[name]) for name in names), *data)
        other = log_likelihood(tuple(peer.params_[name] for name in names), *data)
        fast, slow = statistics.median(ours), statistics.median(theirs)
        print(f"{kind.name}")
        print(f"  amity     median {fast * 1e3:9.1f} ms   log-likelihood {mine:.6f}")
        print(f"  lifetimes median {slow * 1e3:9.1f} ms   log-likelihood {other:.6f}")
        print(f"  ratio     {slow / fast:.1f} times faster; log-likelihood {mine - other:+.6f}")
        print(f"  the model's own figure for its log-likelihood: {model.log_likelihood:.6f}")


def answers(data: Columns, runs: int) -> None:
    rng = np.random.default_rng(1998)
    customers = rng.integers(0, data[0].size, MILLION)
    x, last, now = (column[customers] for column in data)
    last = last * rng.uniform(0.9, 1.0, MILLION)
    model = ParetoNBD.fit(*data)
    jobs = {
        "alive": partial(model.alive, x, last, now),
        "no_order": partial(model.no_order, x, last, now, HORIZON),
        "expected_orders": partial(model.expected_orders, x, last, now, HORIZON),
    }
    for name, job in jobs.items():
        seconds = statistics.median(timed(job)[0] for _ in range(runs))
        print(f"{name} of {MILLION} customers: median {seconds:.2f} s")


def main(runs: int) -> None:
    data = cdnow()
    print(f"customers {data[0].size}, repeat order days {int(data[0].sum())}, runs {runs}")
    fits(data, runs)
    answers(data, runs)


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 5)
