"""The messages of every language, from `languages/CODE.po` in the folder of the configuration."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from gettext import c2py
from pathlib import Path

from babel import Locale
from babel.core import UnknownLocaleError
from babel.messages.pofile import PoFileError, read_po

from configs.folder import FOLDER, folder
from features.errors import ConfigError

DEFAULT = "en"
"""The language of whoever asks for none."""
ASSESSMENT = "assessment"


@dataclass(frozen=True)
class Catalogue:
    """`texts`: context, message → text; of a noun its forms. `form`: a whole number → which of them."""

    locale: Locale
    texts: Mapping[tuple[str, str], tuple[str, ...]]
    form: Callable[[int], int]


def codes() -> tuple[str, ...]:
    """The languages that there are, such as de."""
    return tuple(sorted(file.stem for file in _languages().glob("*.po")))


def catalogue(code: str) -> Catalogue:
    """Raises ConfigError where there is no such language, or its file can't be read."""
    if code not in codes():
        raise ConfigError(f"There is no language {code[:40]!r}; use one of {', '.join(codes())}.")
    return _read(_languages() / f"{code}.po")


def assessment(code: str) -> Catalogue:
    """The messages with those of the assessment, from `languages/assessment/CODE.po`.

    In English where the language has no such file. Raises ConfigError as `catalogue` does.
    """
    whole, own = catalogue(code), _languages() / ASSESSMENT / f"{code}.po"
    more = _read(own if own.is_file() else FOLDER / "languages" / ASSESSMENT / f"{DEFAULT}.po")
    return replace(whole, texts={**whole.texts, **more.texts})


def _languages() -> Path:
    """The user's own, where their configuration has any."""
    own = folder() / "languages"
    return own if own.is_dir() else FOLDER / "languages"


@lru_cache
def _read(file: Path) -> Catalogue:
    try:
        with file.open("rb") as lines:
            found = read_po(lines, abort_invalid=True)
        locale = Locale.parse(str(found.locale_identifier or file.stem))
        form = c2py(found.plural_expr)
    except (OSError, ValueError, PoFileError, UnknownLocaleError) as error:
        raise ConfigError(f"The catalogue {file} can't be read: {error}.") from None
    return Catalogue(
        locale,
        {
            (message.context or "", _first(message.id)): _all(message.string)
            for message in found
            if message.id and _first(message.string)
        },
        form,
    )


def _first(text: str | Sequence[str] | None) -> str:
    return _all(text)[0]


def _all(text: str | Sequence[str] | None) -> tuple[str, ...]:
    return (text or "",) if isinstance(text, str | None) else tuple(text)
