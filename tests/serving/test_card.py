"""The model card, from bundles that say much and little of themselves."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from serving.card import card

METRICS: dict[str, Any] = {
    "judged_as_of": "2025-03-03T00:00:00",
    "on_customers_held_out": False,
    "customers": 250,
    "churned": 60,
    "churn": {"auroc": 0.9},
    "baselines": {"recency alone": {"auroc": 0.8}},
    "calibration": {"predicted": [0.1, 0.5], "churned": [0.12, 0.48]},
}


def test_the_card_tells_how_the_model_was_judged(shop: Any) -> None:
    told = card(replace(shop.bundle.manifest, metrics=METRICS))
    assert told.judged is not None
    assert told.judged.as_of == datetime(2025, 3, 3, tzinfo=UTC)
    assert (told.judged.customers, told.judged.churned) == (250, 60)
    assert told.judged.baselines["recency alone"]["auroc"] == 0.8
    assert told.judged.calibration is not None
    assert told.judged.calibration.churned == [0.12, 0.48]
    assert told.data == shop.bundle.manifest.fingerprint
    assert "days" not in told.settings


def test_an_older_bundle_tells_less(shop: Any) -> None:
    assert card(shop.bundle.manifest).judged is None
    told = card(
        replace(shop.bundle.manifest, metrics={"judged_as_of": "2025-03-03", "churn": {"auroc": 0.9}})
    )
    assert told.judged is not None
    assert (told.judged.customers, told.judged.baselines, told.judged.calibration) == (None, {}, None)
