"""Past dates replayed: which, what is told of each, and what the person who asked is told."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from configs.settings import Definitions, TrainingSettings
from features.errors import HistoryError, RequestError
from training.backtest import Backtest, Figures, Replay, backtest, dates, lift, past_days, verdict
from training.backtest_page import HEAD, require_ending, rows, write
from training.judge import AMITY, Judgement, judge

RFM = "RFM logistic"
FIRST = datetime(2024, 1, 1)  # noqa: DTZ001
DEFINITIONS, SETTINGS = Definitions(horizon_days=60), TrainingSettings(first_history_days=60)


def days(count: int) -> datetime:
    return FIRST + timedelta(days=count)


def replayed(**change: Any) -> Replay:
    ours = Figures(predicted=0.42, auroc=0.8, log_loss=0.5, calibration_error=0.02, lift=2.0, value_ratio=1.1)
    theirs = replace(ours, log_loss=0.6, lift=1.5, value_ratio=None)
    return replace(Replay(days(200), 500, 0.4, False, {AMITY: ours, RFM: theirs}), **change)


def of(*replays: Replay, apart: int = 60) -> Backtest:
    return Backtest(replays, apart, 60)


def test_the_last_date_is_one_horizon_back_and_they_are_a_horizon_apart() -> None:
    assert dates(FIRST, days(600), DEFINITIONS, SETTINGS, 3) == [days(420), days(480), days(540)]


def test_with_little_history_they_are_closer_and_then_fewer() -> None:
    assert dates(FIRST, days(300), DEFINITIONS, SETTINGS, 4) == [days(120), days(160), days(200), days(240)]
    assert dates(FIRST, days(240), DEFINITIONS, SETTINGS, 4) == [days(120), days(150), days(180)]
    assert dates(FIRST, days(180), DEFINITIONS, SETTINGS, 4) == [days(120)]


def test_too_little_history_for_any() -> None:
    with pytest.raises(HistoryError, match=r"needs 180 days before 2024-06-28 .* there are 179\."):
        dates(FIRST, days(179), DEFINITIONS, SETTINGS, 4)


@given(length=st.integers(0, 1500), horizon=st.integers(1, 200), wanted=st.integers(1, 12))
def test_every_date_can_be_trained_on_and_judged(length: int, horizon: int, wanted: int) -> None:
    words = Definitions(horizon_days=horizon)
    if length < 60 + 2 * horizon:
        return
    found = dates(FIRST, days(length), words, SETTINGS, wanted)
    assert 1 <= len(found) <= wanted
    assert found[-1] == days(length - horizon)
    assert found[0] >= days(60 + horizon)
    assert all(later - earlier >= timedelta(days=min(horizon, 30)) for earlier, later in pairwise(found))


def test_the_lift_by_hand() -> None:
    churned = np.array([1.0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 1])
    probability = np.linspace(0.95, 0, 20)
    # Of the two with the highest risk one churned, of all twenty four.
    assert lift(churned, probability) == pytest.approx((1 / 2) / (4 / 20))
    assert lift(churned, np.full(20, 0.5)) == pytest.approx(1.0)
    assert np.isnan(lift(np.zeros(20), probability))


def test_a_date_is_replayed_as_a_training_of_that_day_is_judged(
    shop: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    (day,) = past_days(shop.tables, shop.as_of, shop.definitions, shop.settings, 1)
    assert day == shop.as_of - timedelta(days=60)
    seen: list[datetime] = []
    judgements: list[Judgement] = []

    def each(all_days: Iterable[datetime]) -> Iterator[datetime]:
        for one in all_days:
            seen.append(one)
            yield one

    def judging(*asked: Any) -> Judgement:
        assert asked[1:] == (shop.as_of, shop.definitions, shop.settings)
        assert asked[0]["orders"].ordered_at.max().to_pyarrow().as_py() < shop.as_of
        judgements.append(judge(*asked))
        return judgements[0]

    monkeypatch.setattr("training.backtest.judge", judging)
    found = backtest(shop.tables, [day], shop.definitions, shop.settings, each)
    assert seen == [day]
    (expected,) = judgements
    assert expected.as_of == day
    (replay,) = found.replays
    assert (replay.day, replay.customers) == (day, len(expected.churned))
    assert replay.churned == pytest.approx(expected.churned.mean())
    for model in (AMITY, RFM):
        assert replay.models[model].auroc == pytest.approx(expected.metrics[model]["auroc"])
        assert replay.models[model].predicted == pytest.approx(expected.probabilities[model].mean())
    ratio = expected.metrics[AMITY]["clv_predicted_over_actual"]
    assert replay.models[AMITY].value_ratio == pytest.approx(ratio)
    assert found.to_dict()["replays"][0]["day"] == day.isoformat()  # type: ignore[index]


def change(replay: Replay, model: str, **figures: Any) -> Replay:
    return replace(replay, models={**replay.models, model: replace(replay.models[model], **figures)})


@pytest.mark.parametrize(
    ("made", "says"),
    [
        (lambda r: r, "It would have worked. Replayed on 2 dates"),
        (
            lambda r: change(r, AMITY, predicted=0.55),
            "the level of the probabilities was often off by more than",
        ),
        (lambda r: change(r, RFM, log_loss=0.4), "but the simple RFM model would mostly have done as well"),
        (lambda r: change(r, AMITY, lift=0.9), "It would not have worked on every date"),
    ],
    ids=["worked", "off in level", "no better than RFM", "no better than chance"],
)
def test_the_verdict(made: Any, says: str) -> None:
    told = verdict(of(made(replayed()), made(replayed(day=days(260)))))
    assert says in told.splitlines()[0]


def test_the_verdict_in_figures() -> None:
    later = change(replayed(day=days(260), churned=0.5), AMITY, lift=1.4, value_ratio=0.8)
    told = verdict(of(replayed(), later))
    for part in (
        "The tenth with the highest risk churned 1.4 to 2.0 times as often as all customers.",
        "off by 2 to 8 points (5.0 on average); 40 to 50 of 100 churned.",
        "a lower log loss 2 of 2 times",
        "Money predicted was 0.80 to 1.10 of what was then spent.",
    ):
        assert part in told
    assert "overlap" not in told
    assert "The horizons overlap" in verdict(of(replayed(), later, apart=30))
    held_out = verdict(of(replayed(on_customers_held_out=True)))
    assert "Replayed on 2024-07-19:" in held_out
    assert "customers were held out instead" in held_out


def test_nobody_churned_on_a_date() -> None:
    nothing = {"predicted": 0.01, "lift": float("nan"), "auroc": float("nan"), "value_ratio": None}
    empty = change(replayed(churned=0.0), AMITY, **nothing)
    assert verdict(of(empty, replayed())).startswith("It would have worked")
    assert "would not have worked" in verdict(of(empty))


def test_the_page_and_the_picture(tmp_path: Path) -> None:
    found = of(replayed(), replayed(day=days(260)))
    assert [len(row) for row in rows(found)] == [len(HEAD)] * 4
    assert rows(found)[1][-1] == "–"
    write(found, tmp_path / "backtest.html")
    page = (tmp_path / "backtest.html").read_text()
    assert "It would have worked." in page
    assert "data:image/png;base64," in page
    assert page.count("<tr>") == 5
    write(found, tmp_path / "backtest.png")
    assert (tmp_path / "backtest.png").read_bytes().startswith(b"\x89PNG")


def test_a_file_that_cannot_be_written(tmp_path: Path) -> None:
    with pytest.raises(RequestError, match=r"ends in '\.pdf'; write to a file ending in \.html or \.png"):
        require_ending(tmp_path / "backtest.pdf")
    with pytest.raises(RequestError, match=r"There is no folder .*nowhere to write backtest\.png into"):
        require_ending(tmp_path / "nowhere" / "backtest.png")
