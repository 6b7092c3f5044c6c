"""A configuration of the test's own."""

from __future__ import annotations

from pathlib import Path

import pytest

from configs.settings import FILES


@pytest.fixture
def configs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of configuration of one's own, empty at first, and an environment without a word of Amity."""
    for kind in FILES:
        for name in kind.model_fields:
            monkeypatch.delenv(f"AMITY_{name.upper()}", raising=False)
    folder = tmp_path / "configs"
    folder.mkdir()
    monkeypatch.setenv("AMITY_CONFIGS", str(folder))
    return folder
