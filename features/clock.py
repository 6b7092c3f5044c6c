"""What time it is."""

from __future__ import annotations

from datetime import UTC, datetime


def now() -> datetime:
    """UTC without a zone, as all times are."""
    return datetime.now(UTC).replace(tzinfo=None)
