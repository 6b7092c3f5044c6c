"""The house of these tests."""

from __future__ import annotations

from tests.serving.house import house, locked

__all__ = ["house", "locked"]
