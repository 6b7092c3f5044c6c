"""What is told beside a plan: how sure its profit is, and whether past contacts show an effect."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, cast

import pytest

from configs.settings import Winback
from models.uplift.bundle import EffectBundle
from serving.winback.making import _interval, _not_shown
from serving.winback.plan import Plan, Situation, make


def _known(**evidence: Any) -> EffectBundle:
    nothing = cast("Any", None)
    return EffectBundle(nothing, "v", nothing, nothing, evidence, ())


@pytest.fixture
def made(situation: Callable[..., Situation], policy: Winback) -> Plan:
    return make(situation(120), policy, 1e6, seed=1)


@pytest.mark.parametrize(("customers", "error"), [(1, 10), (2, 5), (3, 3), (100, 1)])
def test_the_interval_is_that_of_as_large_a_share_that_promised_most(
    made: Plan, customers: int, error: int
) -> None:
    """So many times the chosen could have been chosen; the tenth tenths' error is 10, the first's 1."""
    low, high = _interval(made, _known(errors=list(range(1, 11))), customers * len(made.rows))
    assert low is not None
    assert high is not None
    assert (low + high) / 2 == pytest.approx(made.profit)
    assert high - low == pytest.approx(2 * 1.96 * error * len(made.treated))


def test_a_prior_has_no_interval(made: Plan) -> None:
    assert _interval(made, None, 120) == _interval(made, _known(), 120) == (None, None)


def test_where_no_effect_is_shown_it_is_said() -> None:
    (told,) = _not_shown(_known(share=0.0, contacts=4_937))
    assert "4,937 past contacts don't show with 99 % certainty" in told
    assert _not_shown(_known(share=0.2, contacts=1)) == _not_shown(None) == []
