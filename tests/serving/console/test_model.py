"""The model's page, against the manifest and the store."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

METRICS: dict[str, Any] = {
    "judged_as_of": "2025-03-03T00:00:00",
    "on_customers_held_out": False,
    "customers": 1200,
    "churned": 300,
    "churn": {
        "auroc": 0.891,
        "average_precision": 0.8,
        "log_loss": 0.361,
        "brier": 0.1,
        "calibration_error": 0.02,
    },
    "baselines": {
        "recency alone": {"auroc": 0.811, "log_loss": 0.5, "brier": 0.2, "calibration_error": 0.0199},
        "BG/NBD": {"auroc": 0.8914, "log_loss": 0.4, "brier": 0.15, "calibration_error": 0.3},
    },
    "calibration": {"predicted": [0.05, 0.4], "churned": [0.07, 0.35]},
}


@pytest.fixture
def judged(console: Any) -> Any:
    resources = console.resources
    return type(console)(replace(resources, bundle=resources.bundle.with_metrics(METRICS)))


def test_it_says_how_the_model_was_judged_beside_simple_ones(
    judged: Any, read_page: Callable[[str], Any]
) -> None:
    html = judged.get("/pages/model").text
    page = read_page(html)
    assert "Model 7" in page.text
    assert (
        "trained as of 3 March 2025 and judged by the 90 days that followed: of 1,200 active customers, "
        in (page.text)
    )
    assert "300 churned (25 %)" in page.text
    assert "this model 0.891 0.800 0.361 0.100 0.020 BG/NBD 0.891 0.400 0.150 0.300" in page.text
    assert "recency alone 0.811 0.500 0.200 0.020" in page.text
    assert html.count("<b>0.891</b>") == 2
    assert html.count("<b>0.361</b>") == 1
    assert "5 % foretold, 7 % churned. 40 % foretold, 35 % churned." in page.text


def test_it_lists_what_was_scored_by_which_version(console: Any, read_page: Callable[[str], Any]) -> None:
    page = read_page(console.get("/pages/model").text)
    for scoring in console.resources.store.scorings():
        assert f"/pages/at-risk?scoring={scoring.id}" in page.links
        assert f"{scoring.as_of.day} {scoring.as_of:%B %Y} 7 {scoring.customers:,}" in page.text


def test_an_unjudged_model_says_so(
    console: Any, make_console: Callable[..., Any], read_page: Callable[[str], Any]
) -> None:
    resources = console.resources
    plain = type(console)(replace(resources, bundle=resources.bundle.with_metrics({})))
    page = read_page(plain.get("/pages/model").text)
    assert "It was not judged." in page.text
    assert "Is it better" not in page.text
    assert "Nothing has been scored yet." in read_page(make_console().get("/pages/model").text).text
