"""A source without those who were forgotten."""

from __future__ import annotations

from dataclasses import replace

from features.reader.leaving_out import customer_ids, without
from features.sources import Source
from serving.forgetting.tombstones import Tombstones


def without_forgotten(source: Source) -> tuple[Source, int]:
    """The source, and how many of its customers were left out.

    Raises ConfigError where it can't be known who was forgotten.
    """
    with Tombstones.of_home() as tombstones:
        if tombstones is None or not tombstones.any():
            return source, 0
        gone = tombstones.among(customer_ids(source.tables))
    return replace(source, tables=without(source.tables, gone)), len(gone)
