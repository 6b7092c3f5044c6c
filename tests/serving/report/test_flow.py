"""The picture of moves: each group with anybody stands on both sides, no label on another."""

from __future__ import annotations

import re

import pandas as pd

from serving.report.flow import flow
from serving.report.wording import Wording
from tests.serving.report.conftest import ENGLISH

MOVES = pd.DataFrame(
    {
        "before": ["champions", "champions", "loyal", "not yet customers", "at risk"],
        "now": ["champions", "lost", "champions", "newcomers", "lost"],
        "customers": [9000, 1, 30, 400, 2],
    }
)


def labels(wording: Wording) -> list[tuple[str, float]]:
    svg = flow(MOVES, "who moved", wording).svg
    found = re.findall(r"<text[^>]*?(?:y=\"([\d.]+)\"|translate\([\d.]+ ([\d.]+)\))[^>]*>([^<]*)</text>", svg)
    return [(text, float(one or other)) for one, other, text in found]


def test_each_group_stands_on_both_sides_with_its_size() -> None:
    texts = [text for text, _ in labels(ENGLISH)]
    for name, before, now in (("champions", "9,001", "9,030"), ("loyal", "30", "0"), ("lost", "0", "3")):
        told = {f"{name} {size}" for size in (before, now) if size != "0"}
        assert told <= set(texts)
        assert f"{name} 0" not in texts
    assert {"a year before", "now"} <= set(texts)


def test_no_two_labels_of_a_side_overlap() -> None:
    for wording in (ENGLISH, Wording("zh", "EUR")):
        heights = [height for _, height in labels(wording)[:4]]
        gaps = [abs(one - other) for at, one in enumerate(heights) for other in heights[at + 1 :]]
        assert min(gaps) > 9
