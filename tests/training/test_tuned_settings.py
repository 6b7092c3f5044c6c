"""A tuned champion's settings are carried on only where all that the trials rested on still holds."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from configs.settings import TrainingSettings
from models.bundle import Manifest, load, save
from training import tune
from training.train import train
from training.tuned_settings import carried_on, says, with_origin

TUNED = {"trees": 31, "leaves": 5, "learning_rate": 0.2, "min_leaf_share": 0.01}


@pytest.fixture
def tables(shop: Any) -> dict[str, Any]:
    """What the trained home was trained on."""
    return {name: shop.tables[name] for name in ("orders", "customers")}


@pytest.fixture
def champion(trained: Any, shop: Any) -> Manifest:
    """Trials began with the shop's settings, and found `TUNED`."""
    manifest = trained.good.bundle.manifest
    found = {**manifest.settings, **TUNED}
    return replace(manifest, settings=found, tuned_from=shop.settings.model_dump(), version="5")


def test_the_settings_that_trials_found_are_carried_on(champion: Manifest, shop: Any, tables: Any) -> None:
    found = carried_on(champion, shop.settings, shop.definitions, tables)
    assert found == TrainingSettings(**shop.settings.model_dump() | TUNED)
    assert says(champion, found) == (
        "The settings are those that trials found for the champion (version 5): "
        "trees 31, leaves 5, learning_rate 0.2, min_leaf_share 0.01."
    )
    other = carried_on(champion, tune.with_parameters(shop.settings, {"seed": 99}), shop.definitions, tables)
    assert other is not None
    assert (other.seed, other.trees) == (99, 31)


def test_they_are_not_where_something_else_is_asked_for(champion: Manifest, shop: Any, tables: Any) -> None:
    asked = tune.with_parameters(shop.settings, {"step_days": 41})
    words = shop.definitions.model_copy(update={"horizon_days": 61})
    assert carried_on(None, shop.settings, shop.definitions, tables) is None
    assert carried_on(replace(champion, tuned_from=None), shop.settings, shop.definitions, tables) is None
    assert carried_on(champion, asked, shop.definitions, tables) is None
    assert carried_on(champion, shop.settings, words, tables) is None
    assert carried_on(champion, shop.settings, shop.definitions, shop.tables) is None


def test_the_bundle_bears_what_the_trials_began_with(trained: Any, tmp_path: Any) -> None:
    bundle = with_origin(trained.good.bundle, {"trees": 9})
    assert load(save(bundle, tmp_path / "bundle")).manifest.tuned_from == {"trees": 9}
    assert trained.good.bundle.manifest.tuned_from is None


@pytest.mark.usefixtures("new_home")
def test_a_training_without_trials_goes_on_with_them(
    trained: Any, shop: Any, tables: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    fitted: list[TrainingSettings] = []

    def fit(*given: Any) -> Any:
        fitted.append(given[3])
        bundle = trained.good.bundle
        days = {"days": bundle.manifest.settings["days"]}
        return replace(bundle, manifest=replace(bundle.manifest, settings=given[3].model_dump() | days))

    found = tune.with_parameters(shop.settings, TUNED)
    monkeypatch.setattr("training.train.judge", lambda *_: trained.good.judgement)
    monkeypatch.setattr("training.train.fit", fit)
    monkeypatch.setattr(tune, "tuned", lambda *_: tune.Tuned(found, "", shop.settings.model_dump()))
    train(tables, shop.as_of, shop.definitions, shop.settings, source="shop", trials=3)
    again = train(tables, shop.as_of, shop.definitions, shop.settings, source="shop")
    assert fitted == [found, found]
    assert again.tuning.startswith("The settings are those that trials found for the champion (version 1)")
    assert again.bundle.manifest.tuned_from == shop.settings.model_dump()
