"""The verb that tells what holds."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from typing import Any

import click

from configs import loading, settings
from verbs.shell import example, json_option, out, print_json


@click.command()
@json_option
@example("AMITY_HORIZON_DAYS=60 amity config")
def config(as_json: bool) -> None:
    """Print every setting, its value, and where it comes from."""
    found = {
        name: {"value": value, "from": origin}
        for kind in settings.FILES
        for name, (value, origin) in loading.origins(kind).items()
    }
    for kind in settings.FILES:
        loading.load(kind)
    found["home"] = {
        "value": str(loading.home()),
        "from": "environment" if "AMITY_HOME" in os.environ else "default",
    }
    if as_json:
        print_json(found)
        return
    for name, entry in found.items():
        for line in _lines(name, entry["value"], entry["from"]):
            out.print(line, highlight=False, markup=False, soft_wrap=True)


def _lines(name: str, value: Any, origin: str) -> Iterator[str]:
    """One line; of a list one more for each entry."""
    if not isinstance(value, list):
        yield f"{name:<22} {value}  ({origin})"
        return
    yield f"{name:<22} {len(value)}  ({origin})"
    for entry in value:
        yield f"  - {json.dumps(entry, ensure_ascii=False)}"
