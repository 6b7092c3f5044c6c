"""Every refusal is one sentence in {"error": …}: which field, what was received, what to do."""

from __future__ import annotations

import json
import logging
from collections.abc import Mapping, Sequence
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from pydantic import ValidationError
from starlette.exceptions import HTTPException

from features.errors import AmityError, ConfigError
from serving.errors import AbsentError

LOG = logging.getLogger(__name__)
UNFORESEEN = "Amity failed to answer; the reason is in the service's log."
TOLD = 3
SHOWN = 60

DUE = {
    **dict.fromkeys(("model_type", "model_attributes_type", "dict_type"), "an object of names and values"),
    **dict.fromkeys(("int_type", "int_parsing", "int_from_float", "int_parsing_size"), "a whole number"),
    **dict.fromkeys(("float_type", "float_parsing"), "a number"),
    "finite_number": "a finite number",
    "list_type": "a list in [ ]",
    "string_type": "a text in double quotes",
}
"""A kind of problem → what is due."""

BOUNDS = {
    "greater_than_equal": "{:g} or more",
    "less_than_equal": "{:g} or less",
    "too_short": "{:,} or more",
    "too_long": "{:,} or fewer",
    "string_too_short": "at least {:,} character",
    "string_too_long": "at most {:,} characters",
}
LIMITS = ("ge", "le", "min_length", "max_length")

HTTP_SENTENCES = {
    404: "There is nothing at this path; /docs lists what there is.",
    405: "This path doesn't take that method; /docs lists what there is.",
}


def refuse_in_json(api: FastAPI) -> None:
    """Answer every error of `api` as a sentence: 404 what isn't there, 422 a wrong request, 503 the store."""
    api.add_exception_handler(RequestValidationError, _invalid)
    api.add_exception_handler(ValidationError, _invalid)
    api.add_exception_handler(AmityError, _amity)
    api.add_exception_handler(HTTPException, _http)
    api.add_exception_handler(Exception, _unforeseen)


def refusal(status: int, sentence: str, headers: Mapping[str, str] | None = None) -> JSONResponse:
    return JSONResponse({"error": sentence}, status_code=status, headers=headers)


def sentence(problems: Sequence[Any]) -> str:
    """Pydantic's problems as one sentence; of many, the first few."""
    told = [_problem(problem) for problem in problems[:TOLD]]
    more = len(problems) - len(told)
    return "; ".join(told) + (f"; and {more} more." if more else ".")


async def _invalid(_request: Request, error: Exception) -> JSONResponse:
    problems = error.errors() if isinstance(error, (RequestValidationError, ValidationError)) else []
    return refusal(422, sentence(problems))


async def _amity(_request: Request, error: Exception) -> JSONResponse:
    if isinstance(error, ConfigError):
        LOG.error("%s", error)
        return refusal(503, str(error))
    return refusal(404 if isinstance(error, AbsentError) else 422, str(error))


async def _http(_request: Request, error: Exception) -> JSONResponse:
    status = error.status_code if isinstance(error, HTTPException) else 500
    says, headers = str(getattr(error, "detail", error)), getattr(error, "headers", None)
    return refusal(status, HTTP_SENTENCES.get(status, says), headers)


async def _unforeseen(_request: Request, _error: Exception) -> JSONResponse:
    return refusal(500, UNFORESEEN)


def _problem(problem: Any) -> str:
    where, kind = _where(problem["loc"]), problem["type"]
    if kind == "missing":
        return f"{where} is missing; give it"
    if kind == "extra_forbidden":
        return f"{where} is unknown; leave it out, or see /docs for the names"
    if kind in DUE:
        return f"{where} is {_received(problem['input'])}; give {DUE[kind]}"
    if kind in BOUNDS:
        bound = next(value for name, value in problem["ctx"].items() if name in LIMITS)
        return f"{where} is {_shown(problem['input'])}; give {BOUNDS[kind].format(bound)}"
    message = problem["msg"].removeprefix("Value error, ").replace("Input should be", "give", 1)
    return f"{where} is {_shown(problem['input'])}; {message}"


def _where(location: Sequence[str | int]) -> str:
    names = location[1:] if location and location[0] in ("query", "path", "body") else location
    text = ""
    for name in names:
        text += (
            f"[{name}]" if isinstance(name, int) else f".{str(name)[:SHOWN]}" if text else str(name)[:SHOWN]
        )
    return text or "The body"


def _received(value: Any) -> str:
    """The value, and of which kind it is where its look doesn't tell."""
    kind = "a text" if isinstance(value, str) else "a number" if type(value) in (int, float) else ""
    return f"{_shown(value)}{kind and f', {kind}'}"


def _shown(value: Any) -> str:
    if isinstance(value, (list, dict)):
        return f"{'a list' if isinstance(value, list) else 'an object'} of {len(value):,}"
    text = json.dumps(value, ensure_ascii=False, default=str)
    return text if len(text) <= SHOWN else f"{text[:SHOWN]}…"
