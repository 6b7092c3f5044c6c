"""The effect of offers on disk: whole, unchanged, and no other kind of bundle."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from configs.settings import Offer
from features.errors import ModelError
from features.reference import Reference
from models.bundle import FILES, read_files
from models.uplift.bundle import EffectBundle, load, save
from models.uplift.model import EffectModel

OFFER = Offer(name="ten", channel="email", coupon_value=10, contact_cost=0)
AS_OF = datetime(2025, 1, 1)  # noqa: DTZ001


@pytest.fixture
def saved(model: EffectModel, tmp_path: Path) -> Path:
    bundle = EffectBundle(AS_OF, "1", model, Reference(30.0, 0.1), {"grade": "experiment"}, ("So it is.",))
    return save(bundle, tmp_path / "effect")


def test_it_comes_back(saved: Path, model: EffectModel, people: pd.DataFrame) -> None:
    found = load(saved)
    assert (found.as_of, found.says, found.reference.typical_gap_days) == (AS_OF, ("So it is.",), 30.0)
    np.testing.assert_array_equal(
        found.model.effects(people, [OFFER]).profit, model.effects(people, [OFFER]).profit
    )


def test_it_is_refused_where_it_was_changed(saved: Path) -> None:
    file = saved / "effect.json"
    file.write_text(file.read_text().replace("experiment", "prior"))
    with pytest.raises(ModelError, match=r"effect\.json is not what was saved"):
        load(saved)


def test_it_is_no_model_of_churn(saved: Path) -> None:
    with pytest.raises(ModelError, match="a model of the effect of offers, and one of the tables"):
        read_files(saved, FILES)


def test_where_nothing_is_nothing_is_loaded(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match=r"no model bundle"):
        load(tmp_path / "none")
