"""The settings that hold: a flag beats the environment, which beats configs/, which beats the defaults."""

from __future__ import annotations

import os
from collections.abc import Mapping
from difflib import get_close_matches
from pathlib import Path
from typing import Any, Literal, TypeVar

import yaml
from pydantic import ValidationError

from configs.folder import folder
from configs.settings import FILES, Settings
from features.errors import ConfigError

Origin = Literal["flag", "environment", "file", "default"]

OF_THE_PROCESS = {
    f"AMITY_{name}"
    for name in ("HOME", "CONFIGS", "STORE_URL", "BUNDLE", "MEMORY", "TRACEBACK", "WEBHOOK_SECRET")
}

S = TypeVar("S", bound=Settings)


def load(kind: type[S], flags: Mapping[str, Any] | None = None) -> S:
    """The settings of one kind; raises ConfigError naming every key that is unknown or out of range."""
    _require_known_environment()
    values = {name: value for name, (value, _) in origins(kind, flags).items()}
    try:
        return kind(**values)
    except ValidationError as error:
        raise ConfigError(_sentence(FILES[kind], error)) from None


def origins(kind: type[S], flags: Mapping[str, Any] | None = None) -> dict[str, tuple[Any, Origin]]:
    """Each setting's value and where it comes from."""
    found: dict[str, tuple[Any, Origin]] = {}
    for name, field in kind.model_fields.items():
        if not field.is_required():
            found[name] = (field.default, "default")
    found |= {name: (value, "file") for name, value in _read(folder() / FILES[kind]).items()}
    for name in kind.model_fields:
        from_environment = os.environ.get(f"AMITY_{name.upper()}")
        if from_environment is not None:
            found[name] = (from_environment, "environment")
    given = {name: value for name, value in (flags or {}).items() if value is not None}
    return found | {name: (value, "flag") for name, value in given.items()}


def home() -> Path:
    """The folder under which Amity writes everything: `AMITY_HOME`, or ./var."""
    return Path(os.environ.get("AMITY_HOME") or "var").absolute()


def _require_known_environment() -> None:
    """Raise ConfigError where the environment names a setting that there isn't."""
    known = OF_THE_PROCESS | {f"AMITY_{name.upper()}" for kind in FILES for name in kind.model_fields}
    unknown = sorted(name for name in os.environ if name.startswith("AMITY_") and name not in known)
    if unknown:
        nearest = get_close_matches(unknown[0], known, n=1)
        hint = f" Is {nearest[0]} meant for {unknown[0]}?" if nearest else ""
        raise ConfigError(f"The environment sets {', '.join(unknown)}, and there is no such setting.{hint}")


def _read(file: Path) -> dict[str, Any]:
    if not file.exists():
        return {}
    try:
        values = yaml.safe_load(file.read_text(encoding="utf-8")) or {}
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise ConfigError(f"{file} is not readable YAML: {error}") from None
    if not isinstance(values, dict):
        raise ConfigError(f"{file} must hold names and values, one a line, such as `horizon_days: 90`.")
    return {str(name): value for name, value in values.items()}


def _sentence(file: str, error: ValidationError) -> str:
    problems = [_problem(".".join(map(str, e["loc"])) or file, e) for e in error.errors()]
    return f"The settings in {file}, the environment or the flags can't be used: " + "; ".join(problems) + "."


def _problem(name: str, error: Mapping[str, Any]) -> str:
    if error["type"] == "extra_forbidden":
        return f"{name}: there is no such setting"
    if error["type"] == "missing":
        return f"{name} is missing"
    told = str(error["msg"]).removeprefix("Value error, ").replace("a valid tuple", "a list")
    if isinstance(error["input"], Mapping):  # all settings together, of which one may be a secret
        return f"{name}: {told}"
    return f"{name}: {told} (received {error['input']!r})"
