"""The tables that a plan is made from and checked against when it goes out."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from configs.settings import Winback
from features.errors import RequestError
from features.sources import Source, open_source
from serving.forgetting.leaving_out import without_forgotten

HIDDEN = "***"


def address_of(settings: Winback, known: str | None) -> str:
    """The source that is configured, else the one that is `known`: of a plan, or of the scores.

    Raises RequestError where neither can be opened as it stands.
    """
    found = settings.source or known
    if not found:
        raise RequestError(
            "It isn't known which tables this belongs to: set source in winback.yaml (or AMITY_SOURCE) to "
            "them, or give SOURCE at the command line."
        )
    if HIDDEN in found:
        raise RequestError(
            f"The source {found} was kept without its password, so it can't be opened: set source in "
            "winback.yaml (or AMITY_SOURCE) to the whole address, or give SOURCE at the command line."
        )
    return found


@contextmanager
def opened(address: str) -> Iterator[Source]:
    """Clean tables without those who were forgotten; bad rows are left out, and stand in its report.

    Raises SourceError where it can't be read, ConfigError where it can't be known who was forgotten.
    """
    source = open_source(address, skip_bad_rows=True)
    try:
        yield without_forgotten(source)[0]
    finally:
        source.backend.disconnect()
