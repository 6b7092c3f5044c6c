"""The verb that tells what holds."""

from __future__ import annotations

import os

import click

from configs import settings
from verbs.shell import example, json_option, out, print_json


@click.command()
@json_option
@example("AMITY_HORIZON_DAYS=60 amity config")
def config(as_json: bool) -> None:
    """Print every setting, its value, and where it comes from."""
    found = {
        name: {"value": value, "from": origin}
        for kind in settings.FILES
        for name, (value, origin) in settings.origins(kind).items()
    }
    for kind in settings.FILES:
        settings.load(kind)
    found["home"] = {
        "value": str(settings.home()),
        "from": "environment" if "AMITY_HOME" in os.environ else "default",
    }
    if as_json:
        print_json(found)
        return
    for name, entry in found.items():
        out.print(
            f"{name:<22}{entry['value']}  ({entry['from']})", highlight=False, markup=False, soft_wrap=True
        )
