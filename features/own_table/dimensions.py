"""Which side of the relationship a column is about: as the user says, or as its name lets one guess."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from pathlib import Path

import yaml

from features.catalog import DIMENSIONS, Dimension
from features.errors import ConfigError

UNKNOWN: Dimension = "profile"
"""Of a name that says nothing: context, never named as a weak point."""

_WORDS: tuple[tuple[Dimension, str], ...] = (
    ("satisfaction", "satisfaction satisfied nps csat csi ces rating sentiment happiness mood survey"),
    ("service", "complain complains complaint complaints ticket tickets support helpdesk incident incidents"),
    ("service", "issue issues customercare calls contacts escalation escalations"),
    ("rhythm", "recency frequency since inactive inactivity gap lapse interval overdue silence"),
    ("product", "return returns returned refund refunds refunded exchange category categories cat product"),
    (
        "product",
        "products item items brand brands subscription subscriptions streaming internet phone backup",
    ),
    ("product", "lines security protection"),
    (
        "engagement",
        "app apps visit visits hour hours minute minutes mins session sessions login logins click",
    ),
    ("engagement", "clicks open opens email emails device devices web website page pages usage utilization"),
    ("engagement", "utilisation activity follower followers post posts review reviews data"),
    ("spend", "order orders amount amounts discount discounts cashback coupon coupons charge charges price"),
    ("spend", "prices spend spent spending revenue payment payments bill billing fee fees balance basket"),
    ("spend", "cost purchase purchases transaction transactions trans amt ct value hike monetary"),
    (
        "profile",
        "tenure city gender age country region state segment channel contract education income salary",
    ),
    ("profile", "marital partner dependents senior geography address"),
)
_BY_WORD: Mapping[str, Dimension] = {word: name for name, words in _WORDS for word in words.split()}
_FIRST: tuple[Dimension, ...] = (
    "profile",
    "satisfaction",
    "service",
    "rhythm",
    "product",
    "engagement",
    "spend",
)
"""Where words of several dimensions meet in a name, the first of these has it."""


def guessed(column: str) -> Dimension:
    """The dimension that the words of a name speak of: HourSpendOnApp is engagement."""
    spaced = re.sub(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", " ", column)
    words = re.findall(r"[a-z]+", spaced.lower())
    found = {_BY_WORD[word] for word in words if word in _BY_WORD}
    return next((name for name in _FIRST if name in found), UNKNOWN)


def read_dimensions(path: Path, columns: Iterable[str]) -> dict[str, Dimension]:
    """Column → dimension of a YAML file with a mapping `dimensions`.

    Raises ConfigError, naming all problems at once.
    """
    try:
        document = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise ConfigError(f"{path} can't be read as YAML: {error}") from None
    given = document.get("dimensions") if isinstance(document, dict) else None
    if not isinstance(given, dict):
        raise ConfigError(
            f"{path} must hold a mapping `dimensions`, such as `dimensions: {{Complain: service}}`."
        )
    known = set(columns)
    problems = [f"there is no column {name!r}" for name in given if str(name) not in known]
    problems += [
        f"{name}: {value!r} is no dimension" for name, value in given.items() if value not in DIMENSIONS
    ]
    if problems:
        raise ConfigError(f"{path}: {'; '.join(problems)}. The dimensions: {', '.join(DIMENSIONS)}.")
    return {str(name): value for name, value in given.items()}
