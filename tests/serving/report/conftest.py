"""The assessment of the company of seven customers, with and without scores."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pandas as pd
import pytest

from configs.loading import load
from configs.settings import Measures
from features.indicators.assess import Assessment, assess
from features.sources import source_from_rows
from serving.report.findings import Findings, Looked, findings
from serving.report.wording import Wording
from tests.features.indicators.conftest import AS_OF, COMPANY

SCORES = pd.DataFrame(
    {
        "customer_id": ["a", "b", "f"],
        "as_of": [AS_OF] * 3,
        "status": ["active", "lost", "active"],
        "churn_probability": [0.5, 0.8, 0.25],
        "clv": [1000.0, 200.0, 400.0],
        "value_at_risk": [500.0, 160.0, 100.0],
        "weak_point_1": ["service", "rhythm", "service"],
        "weak_point_1_points": [20.0, 50.0, 10.0],
        "weak_point_1_repaired": [0.4, 0.2, 0.2],
        "weak_point_2": ["rhythm", None, None],
        "weak_point_2_points": [5.0, None, None],
        "weak_point_2_repaired": [0.45, None, None],
        "weak_point_3": [None, None, None],
        "weak_point_3_points": [None, None, None],
        "weak_point_3_repaired": [None, None, None],
    }
)
ENGLISH = Wording("en", "EUR")


@pytest.fixture(scope="session")
def told() -> Assessment:
    return assess(source_from_rows(COMPANY).tables, AS_OF, scores=SCORES)


@pytest.fixture(scope="session")
def found(told: Assessment) -> Findings:
    """With scores, and without a plan before."""
    tables = source_from_rows(COMPANY).tables
    looked = Looked(told, tables, "shops/<of> seven", ("nps", "complaint_rate"), SCORES)
    return findings(looked, load(Measures))


OVERLAPS = """() => {
  const found = [];
  for (const svg of document.querySelectorAll('.picture svg')) {
    const frame = svg.getBoundingClientRect();
    const texts = [...svg.querySelectorAll('text')].map((text) => (
      [text.textContent, text.getBoundingClientRect()]));
    const most = 2 * frame.width / svg.viewBox.baseVal.width;
    texts.forEach(([name, box], at) => {
      if (box.left < frame.left - most || box.right > frame.right + most) found.push(`${name} is cut`);
      for (const [other, next] of texts.slice(at + 1)) {
        const across = Math.min(box.right, next.right) - Math.max(box.left, next.left);
        const down = Math.min(box.bottom, next.bottom) - Math.max(box.top, next.top);
        if (across > most && down > most) found.push(`${name} on ${other}`);
      }
    });
  }
  return found;
}"""


@pytest.fixture(scope="session")
def overlaps() -> Callable[[Any], list[str]]:
    """The labels of a page's pictures that lie on another, or beyond the picture, by more than two units."""

    def overlaps(sheet: Any) -> list[str]:
        found: list[str] = sheet.evaluate(OVERLAPS)
        return found

    return overlaps
