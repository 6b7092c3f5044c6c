"""A value is looked at beside the rest of the company, and dated where it stands out most."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

import numpy as np
import pytest

from features.indicators.alarms import Watch, alarms
from features.indicators.steps import Series, chances, dated, series, steps
from tests.features.indicators.test_alarms import SEASON, measured, rows

WATCH = Watch(indicators=("complaint_rate",))
AT = np.arange(24)


def company(phone: np.ndarray, email: np.ndarray, orders: float = 1_000) -> list[Series]:
    """Complaints by phone and e-mail per 100 of all orders."""
    frames = [rows(phone + email, orders)]
    frames += [rows(phone, orders, "ticket_channel", "phone"), rows(email, orders, "ticket_channel", "email")]
    return list(series(measured(*frames), WATCH.indicators))


def test_what_the_rest_does_is_expected_by_hand() -> None:
    """Phone was half of e-mail in every month: with 60 by e-mail 30 are expected, and 45 came."""
    email = 40.0 + AT % 12
    email[-1] = 60
    phone = email / 2
    phone[-1] = 45
    step = next(s for s in steps(company(phone, email), (1,), 30) if s.one.value == "phone")
    assert step.beside
    assert (step.figure, step.expected, step.cases) == pytest.approx((4.5, 3.0, 1_000))
    assert step.excess == pytest.approx(1.5)


def test_a_season_that_all_share_is_no_step() -> None:
    """All double in the last quarter, as they never did."""
    shared = np.where(AT >= 21, 2.0, 1.0)
    rng = np.random.default_rng(1)
    some = company(*(rng.poisson(level * SEASON * shared).astype(float) for level in (60, 140)))
    found = {
        step.one.value: p
        for step, p in zip(steps(some, (3,), 30), chances(steps(some, (3,), 30)), strict=True)
    }
    assert found["all"] < 1e-4
    assert min(found.get("phone", 1.0), found.get("email", 1.0)) > 0.01


def test_a_value_beside_a_rest_that_got_better_is_no_step() -> None:
    """E-mail falls to a third; phone stays what it was."""
    email = np.where(AT >= 21, 50.0, 150.0)
    phone = np.full(24, 50.0)
    some = steps(company(phone, email), (3,), 30)
    found = {step.one.value: (step, p) for step, p in zip(some, chances(some), strict=True)}
    step, p = found["phone"]
    assert step.excess > 0
    assert not step.agreed
    assert p == 1


@pytest.mark.parametrize("months", [1, 2, 4, 6])
def test_it_is_dated(months: int) -> None:
    phone = np.random.default_rng(7).poisson(np.where(24 - months <= AT, 120, 60)).astype(float)
    some = company(phone, np.random.default_rng(8).poisson(140, 24).astype(float))
    step = next(s for s in steps(some, (1,), 30) if s.one.value == "phone")
    begun, latest, earliest = dated(step, some)
    assert begun.window == months
    assert latest <= months <= earliest


def test_clumps_widen_the_limits() -> None:
    phone = np.where(AT >= 21, 85.0, 60.0)
    told = measured(*(rows(phone, 1_000, "ticket_channel", "phone"), rows(phone + 140, 1_000)))
    assert alarms(told, WATCH)
    assert alarms(told, WATCH, {"complaint_rate": 4.0}) == []


def test_months_of_a_state_overlap_so_it_is_compared_over_time() -> None:
    some = [replace(one, state=True) for one in company(np.full(24, 60.0), np.full(24, 140.0))]
    assert not any(step.beside for step in steps(some, (1, 3), 30))
    assert {step.window for step in steps(some, (1, 3), 30)} == {1}
    assert dated(steps(some, (1,), 30)[0], some)[0].window == 1


def test_an_alarm_says_how_many_and_since_when_at_most() -> None:
    """85 a month for three months where 60 were to be expected are 75 more."""
    phone, email = np.where(AT >= 21, 90.0, 60.0), np.full(24, 140.0)
    frames = [rows(phone + email, 1_000), rows(phone, 1_000, "ticket_channel", "phone")]
    found = alarms(measured(*frames), WATCH)[0]
    assert found.since == found.since_latest == datetime.fromisoformat("2024-10-01")
    assert found.events == pytest.approx(3 * 30, rel=0.01)
    assert found.events_error is not None
    assert 10 < found.events_error < 30
