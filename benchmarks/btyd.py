"""The fit of BG/NBD on all 23,570 customers of CDNOW, against `lifetimes` in the same run.

    python benchmarks/btyd.py [RUNS]

An order is a customer and a day; time is in weeks up to 1998-07-01, the day after the last order in the file.
Prints the median times, their ratio, and how much more likely one fit makes the customers than the other.
"""

from __future__ import annotations

import statistics
import sys
import time
import warnings
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
from scipy.special import betaln, gammaln

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from models.btyd import BGNBD
from models.btyd_fit import Floats

warnings.simplefilter("ignore")

END = np.datetime64("1998-07-01")


def cdnow() -> tuple[Floats, Floats, Floats]:
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


def log_likelihood(shape: tuple[float, ...], x: Floats, last: Floats, now: Floats) -> float:
    """Of BG/NBD as it is printed, so that both fits are judged by neither."""
    r, alpha, a, b = shape
    alive = betaln(a, b + x) - (r + x) * np.log(alpha + now)
    gone = np.where(x > 0, betaln(a + 1, b + np.maximum(x, 1) - 1) - (r + x) * np.log(alpha + last), -np.inf)
    common = gammaln(r + x) - gammaln(r) + r * np.log(alpha) - betaln(a, b)
    return float(np.sum(common + np.logaddexp(alive, gone)))


def timed(job: Callable[[], Any]) -> tuple[float, Any]:
    start = time.perf_counter()
    result = job()
    return time.perf_counter() - start, result


def main(runs: int) -> None:
    import lifetimes

    data = cdnow()
    ours, theirs = [], []
    for _ in range(runs):  # in turn, so that whatever else the machine does falls on both
        seconds, model = timed(lambda: BGNBD.fit(*data))
        ours.append(seconds)
        seconds, fitter = timed(lambda: lifetimes.BetaGeoFitter().fit(*data))
        theirs.append(seconds)
    mine = log_likelihood((model.r, model.alpha, model.a, model.b), *data)
    other = log_likelihood(tuple(fitter.params_[name] for name in ("r", "alpha", "a", "b")), *data)
    print(f"customers {data[0].size}, repeat order days {int(data[0].sum())}, runs {runs}")
    print(f"amity     median {statistics.median(ours) * 1e3:8.1f} ms   log-likelihood {mine:.4f}")
    print(f"lifetimes median {statistics.median(theirs) * 1e3:8.1f} ms   log-likelihood {other:.4f}")
    print(f"ratio     {statistics.median(theirs) / statistics.median(ours):.1f} times faster")
    print(
        f"log-likelihood amity - lifetimes {mine - other:+.6f}; reported by amity {model.log_likelihood:.4f}"
    )


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 7)
