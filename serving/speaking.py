"""Rows told in the language that a request, or a person at the terminal, asks for."""

from __future__ import annotations

from dataclasses import dataclass

from starlette.requests import Request
from starlette.responses import Response

from configs import loading
from configs.catalogues import DEFAULT, codes
from configs.settings import Playbook
from models.language import Language, language
from models.telling import retold
from serving.rows import Row


@dataclass(frozen=True)
class Speaker:
    """`code`: of the language. `playbook`: the one that holds, whose actions are told in it."""

    code: str = DEFAULT
    playbook: Playbook | None = None

    def language(self, currency: str) -> Language:
        return language(self.code, currency)

    def told(self, row: Row, currency: str) -> Row:
        """The row with its evidence and its action in the language."""
        if self.code == DEFAULT:
            return row
        return row | retold(row, self.language(currency), self.playbook or loading.load(Playbook))


ENGLISH = Speaker()


def speaker_for(code: str) -> Speaker:
    """Raises ConfigError where there is no such language."""
    language(code)
    return Speaker(code, loading.load(Playbook))


async def speaker_of(request: Request, response: Response) -> Speaker:
    """What a request asks for by Accept-Language; the answer says which language it is in."""
    code = wanted(request.headers.get("accept-language", ""))
    response.headers["Content-Language"] = code
    response.headers["Vary"] = "Accept-Language"
    return Speaker(code, request.app.state.resources.playbook)


def wanted(accept_language: str) -> str:
    """The language there is that an Accept-Language header (RFC 9110) puts first, else the default.

    `de-CH` asks for German too. What is no such header asks for nothing.
    """
    for name in _by_weight(accept_language):
        code = DEFAULT if name == "*" else name.partition("-")[0]
        if code == DEFAULT or (code and code in codes()):
            return code
    return DEFAULT


def _by_weight(header: str) -> list[str]:
    parts = [part.strip().lower().partition(";") for part in header.split(",")]
    weighed = [(name.strip(), _weight(rest.strip())) for name, _, rest in parts]
    return [name for name, weight in sorted(weighed, key=lambda pair: -pair[1]) if weight > 0]


def _weight(text: str) -> float:
    """`q=0.8`; 1 where nothing is said, 0 where it makes no sense."""
    name, _, number = text.partition("=")
    try:
        return float(number) if name == "q" else 1.0
    except ValueError:
        return 0.0
