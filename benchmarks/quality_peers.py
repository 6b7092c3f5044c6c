"""The peers that Amity is compared with, from raw orders and returns alone; no code is shared with Amity.

recency            logistic and Tweedie regression on the days since the last order
RFM                the same on recency, frequency and money
BG/NBD, MBG/NBD    `lifetimes`, with Gamma-Gamma for the money, fitted on all customers up to the day
GBM                LightGBM (logistic, Tweedie) on about 40 windowed features
GBM + BTYD         the same, with what BG/NBD and Gamma-Gamma say as of each snapshot as features
… + season         its level moved by what it misses 52 weeks earlier, where orders reach back so far
mean               of RFM, BG/NBD, GBM and GBM + BTYD

The regressions learn from the last snapshot whose horizon is over (more of them made them worse); the trees
from dense ones: one a week, or one in two weeks where that makes more than 150,000 rows.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import redirect_stdout, suppress
from dataclasses import dataclass, replace
from io import StringIO
from typing import Any, NamedTuple

import lifetimes
import lightgbm
import numpy as np
import pandas as pd
from lifetimes.utils import ConvergenceError
from quality_frames import Codes, Floats, Window, active, outcome, windowed
from scipy.optimize import brentq
from scipy.special import expit, logit
from sklearn.linear_model import LogisticRegression, TweedieRegressor
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

WEEK, YEAR = 7, 364
MANY_ROWS = 150_000
BTYD = "btyd_"
OUTCOME = ("churned", "revenue")
PENALTIES = (0.0, 0.0001, 0.001, 0.01, 0.1)
RECENCY = ["recency"]
RFM = ["recency", "tenure", "days", "net", "days_90", "net_90", "days_365", "net_365"]
TREES = {
    "n_estimators": 300,
    "learning_rate": 0.03,
    "num_leaves": 15,
    "min_child_samples": 50,
    "subsample": 0.8,
    "subsample_freq": 1,
    "colsample_bytree": 0.6,
    "reg_lambda": 5.0,
    "deterministic": True,
    "random_state": 1,
    "n_jobs": 1,  # threads that wait for each other are ten times slower on a busy machine
    "verbose": -1,
}


class Prediction(NamedTuple):
    """One element per customer: the probability of no order in the horizon, and the net revenue in it."""

    churn: Floats
    clv: Floats


def fitted(kind: Callable[..., Any], *columns: pd.Series, **weights: pd.Series) -> Any:
    """The fit with the smallest penalty that converges: what `lifetimes` advises where it doesn't."""
    for penalty in PENALTIES[:-1]:
        with suppress(ConvergenceError), redirect_stdout(StringIO()):
            return kind(penalizer_coef=penalty).fit(*columns, **weights)
    return kind(penalizer_coef=PENALTIES[-1]).fit(*columns, **weights)


def btyd(past: pd.DataFrame, codes: Codes, window: Window, kind: type) -> pd.DataFrame:
    """What a model of `lifetimes` with Gamma-Gamma, fitted on everyone's past, says of each customer.

    Given that a customer is alive, their rate is Gamma(r + x, alpha + T) in both models; so is P(no order).
    """
    ordered = past[past["orders"] > 0]
    days = ordered.groupby("code")["day"]
    net = (past["gross"] - past["returned"]).groupby(past["code"]).sum()
    frame = pd.DataFrame({"x": days.size() - 1, "first": days.min(), "last": days.max()})
    frame["net"] = net.reindex(frame.index)
    frame["recency"] = (frame["last"] - frame["first"]) / WEEK
    frame["age"] = (window.as_of - frame["first"]) / WEEK
    frame["spend"] = (frame["net"] / (frame["x"] + 1)).clip(lower=0.01)
    patterns = frame.groupby(["x", "recency", "age"]).size().reset_index(name="many")
    model = fitted(kind, patterns["x"], patterns["recency"], patterns["age"], weights=patterns["many"])
    r, alpha = model.params_["r"], model.params_["alpha"]
    paying = frame[frame["net"] > 0]
    money = fitted(lifetimes.GammaGammaFitter, paying["x"] + 1, paying["spend"])
    mine, weeks = frame.loc[codes], window.horizon / WEEK
    history = mine["x"], mine["recency"], mine["age"]
    alive = np.asarray(model.conditional_probability_alive(*history))
    silent = ((alpha + mine["age"]) / (alpha + mine["age"] + weeks)) ** (r + mine["x"])
    expected = model.conditional_expected_number_of_purchases_up_to_time(weeks, *history)
    spend = money.conditional_expected_average_profit(mine["x"] + 1, mine["spend"])
    return pd.DataFrame(
        {
            "alive": alive,
            "no_order": 1 - alive * (1 - silent),
            "expected": np.asarray(expected),
            "spend": np.asarray(spend),
            "clv": np.asarray(expected) * np.asarray(spend),
        },
        index=codes,
    )


def training_days(events: pd.DataFrame, window: Window) -> list[int]:
    """Dense snapshots with a complete horizon, newest first, none with too little history before it."""
    last = window.as_of - window.horizon
    span = last - int(events["day"].min())
    weeks = (span - min(window.lookback, 2 * span // 3)) // WEEK
    rows = weeks * len(active(events, last, window.lookback))
    return list(range(last, last - weeks * WEEK - 1, -WEEK if rows < MANY_ROWS else -2 * WEEK))


def snapshot(events: pd.DataFrame, window: Window) -> pd.DataFrame:
    """Features, BTYD's answers and the outcome, as far as `events` know it, of a day's active customers."""
    codes = active(events, window.as_of, window.lookback)
    past = events[events["day"] < window.as_of]
    said = btyd(past, codes, window, lifetimes.BetaGeoFitter).add_prefix(BTYD)
    return windowed(past, codes, window.as_of).join(said).join(outcome(events, codes, window))


def linear(train: pd.DataFrame, rows: pd.DataFrame, columns: list[str]) -> Prediction:
    """Logistic and Tweedie regression on logarithms."""
    known, asked = (np.log1p(np.maximum(frame[columns].to_numpy(float), 0)) for frame in (train, rows))
    churn = make_pipeline(StandardScaler(), LogisticRegression(max_iter=1000)).fit(known, train["churned"])
    money = make_pipeline(
        StandardScaler(), TweedieRegressor(power=1.5, link="log", alpha=1e-3, max_iter=1000)
    )
    money.fit(known, train["revenue"].clip(lower=0))
    return Prediction(churn.predict_proba(asked)[:, 1], money.predict(asked))


def boosted(train: pd.DataFrame, columns: list[str]) -> Callable[[pd.DataFrame], Prediction]:
    churn = lightgbm.LGBMClassifier(**TREES).fit(train[columns], train["churned"])
    money = lightgbm.LGBMRegressor(objective="tweedie", tweedie_variance_power=1.5, **TREES)
    money.fit(train[columns], train["revenue"].clip(lower=0))
    return lambda rows: Prediction(churn.predict_proba(rows[columns])[:, 1], money.predict(rows[columns]))


def in_season(now: Prediction, then: Prediction, came: pd.DataFrame) -> Prediction:
    """`now` with its log-odds and money moved by what the same model misses on average a year earlier."""
    shift = brentq(lambda by: expit(logit(then.churn) + by).mean() - came["churned"].mean(), -10, 10)
    return Prediction(expit(logit(now.churn) + shift), now.clv * came["revenue"].sum() / then.clv.sum())


def mean(parts: list[Prediction]) -> Prediction:
    churn, clv = (np.mean(columns, axis=0) for columns in zip(*parts, strict=True))
    return Prediction(churn, clv)


@dataclass(frozen=True)
class Known:
    """What peers learn from: events before the day, and frames with a row per active customer.

    `rows`: those to predict. `training`: snapshots whose horizon is over, newest first. `year_ago`: the one
    of them 52 weeks before the day; none where the events begin less than a horizon before that.
    """

    past: pd.DataFrame
    window: Window
    rows: pd.DataFrame
    training: list[pd.DataFrame]
    year_ago: pd.DataFrame | None


def learn_from(past: pd.DataFrame, window: Window) -> Known:
    """Features and outcomes, from what `read` gives of the days before the window."""
    days = training_days(past, window)
    if not days:
        raise RuntimeError("The peers have nothing to learn from: no horizon is over before the cutoff.")
    then = window.as_of - YEAR
    reaches = window.horizon <= YEAR and then - int(past["day"].min()) >= window.horizon
    if reaches and then not in days:
        days.append(then)
    training = {day: snapshot(past, replace(window, as_of=day)) for day in days}
    return Known(past, window, snapshot(past, window), list(training.values()), training.get(then))


def predictions(known: Known) -> Iterator[tuple[str, Prediction]]:
    """Each peer's name and what it predicts of `known.rows`, as soon as it is computed."""
    rows, latest = known.rows, known.training[0]
    yield "recency", linear(latest, rows, RECENCY)
    rfm = linear(latest, rows, RFM)
    yield "RFM", rfm
    bg_nbd = Prediction(rows[BTYD + "no_order"].to_numpy(), rows[BTYD + "clv"].to_numpy())
    yield "BG/NBD", bg_nbd
    mbg = btyd(known.past, rows.index.to_numpy(), known.window, lifetimes.ModifiedBetaGeoFitter)
    yield "MBG/NBD", Prediction(mbg["no_order"].to_numpy(), mbg["clv"].to_numpy())
    train = pd.concat(known.training, ignore_index=True)
    inputs = [str(name) for name in rows if name not in OUTCOME]
    gbm = boosted(train, [name for name in inputs if not name.startswith(BTYD)])(rows)
    yield "GBM", gbm
    model = boosted(train, inputs)
    with_btyd = model(rows)
    yield "GBM + BTYD", with_btyd
    if known.year_ago is not None:
        yield "GBM + BTYD + season", in_season(with_btyd, model(known.year_ago), known.year_ago)
    yield "mean", mean([rfm, bg_nbd, gbm, with_btyd])
