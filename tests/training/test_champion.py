"""The champion on the judged day, and never with knowledge of the outcome."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from configs.settings import Definitions
from features.errors import ModelError
from models.bundle import Bundle
from training.champion import champion_on
from training.fit import fit
from training.judge import AMITY, Judgement


@pytest.fixture(scope="module")
def tables(shop: Any) -> dict[str, Any]:
    """What the trained home was trained on."""
    return {name: shop.tables[name] for name in ("orders", "customers")}


@pytest.fixture(scope="module")
def told(trained: Any) -> Judgement:
    return trained.good.judgement  # type: ignore[no-any-return]


@pytest.fixture(scope="module")
def champion(shop: Any, told: Judgement, tables: Any) -> Bundle:
    """Trained on the very day that is judged from."""
    return fit(tables, told.as_of, shop.definitions, shop.settings)


@pytest.fixture(scope="module")
def knowing(shop: Any, champion: Bundle) -> Bundle:
    """Says that it has seen the outcome, and its trees are nonsense."""
    manifest = replace(champion.manifest, as_of=shop.as_of)
    return replace(champion, manifest=manifest, churn=replace(champion.churn, intercept=9.0))


def test_one_that_has_not_seen_it_is_taken_as_it_is(
    shop: Any, tables: Any, told: Judgement, champion: Bundle
) -> None:
    found = champion_on(champion, None, tables, told, shop.definitions)
    np.testing.assert_allclose(found, told.probabilities[AMITY], atol=1e-12)
    worse = replace(champion, churn=replace(champion.churn, intercept=champion.churn.intercept + 2))
    assert (champion_on(worse, None, tables, told, shop.definitions) > found).all()


def test_of_one_that_has_seen_it_the_recipe_is_trained_on_what_was_known(
    shop: Any, tables: Any, told: Judgement, knowing: Bundle
) -> None:
    found = champion_on(knowing, None, tables, told, shop.definitions)
    np.testing.assert_array_equal(found, told.probabilities[AMITY])


def test_or_what_it_said_when_it_was_judged_on_that_day(
    shop: Any, tables: Any, told: Judgement, knowing: Bundle, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("training.champion.judge", lambda *_: told)
    said = told.outcome[["customer_id", "churned"]].assign(probability=0.25)
    found = champion_on(knowing, said, tables, told, shop.definitions)
    assert set(found) == {0.25}
    others = champion_on(knowing, said.iloc[1:], tables, told, shop.definitions)
    np.testing.assert_array_equal(others, told.probabilities[AMITY])


def test_other_words_settings_or_tables_are_told(
    shop: Any, tables: Any, told: Judgement, champion: Bundle, knowing: Bundle
) -> None:
    with pytest.raises(ModelError, match="it defines churn by other days"):
        champion_on(champion, None, tables, told, Definitions(horizon_days=30, lookback_days=240))
    strange = replace(knowing, manifest=replace(knowing.manifest, settings={"depth": 3}))
    with pytest.raises(ModelError, match="its training settings are not those of this Amity"):
        champion_on(strange, None, tables, told, shop.definitions)
    fewer = {"orders": tables["orders"]}
    with pytest.raises(ModelError, match=r"trained with customers, which these tables lack"):
        champion_on(knowing, None, fewer, told, shop.definitions)
    with pytest.raises(ModelError, match="was trained on features that these tables don't give"):
        champion_on(champion, None, fewer, told, shop.definitions)
