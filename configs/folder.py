"""The folder of the configuration."""

from __future__ import annotations

import os
from pathlib import Path

from features.errors import ConfigError

FOLDER = Path(__file__).parent


def folder() -> Path:
    """`AMITY_CONFIGS`, or the folder that Amity brings; raises ConfigError where there is no such folder."""
    given = os.environ.get("AMITY_CONFIGS")
    if given and not Path(given).is_dir():
        raise ConfigError(f"AMITY_CONFIGS names {given}, and there is no such folder.")
    return Path(given or FOLDER)
