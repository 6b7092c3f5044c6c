"""The verbs of whoever runs the service: keys, and the audit of who pulled which customers."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any

import click
from rich.table import Table

from verbs.shell import Day, example, json_option, out, print_json

if TYPE_CHECKING:
    from serving.locks.keys import Key, Keys
    from serving.locks.roles import Role


@click.group()
@example("amity keys make --role retention --name 'Morning list'")
def keys() -> None:
    """Make, list and revoke the keys that the service asks for."""


@keys.command()
@click.option("--role", required=True, help="retention, marketing, data-science or admin.")
@click.option("--name", required=True, help="Who or what will hold it.")
@click.option(
    "--expires", "expires_at", type=Day(), help="The first day on which it is good no more, in UTC."
)
@json_option
@example("amity keys make --role marketing --name 'Campaign system' --expires 2027-01-01")
def make(role: Role, name: str, expires_at: datetime | None, as_json: bool) -> None:
    """Make a key and print it, this once: Amity keeps no more than its hash."""
    key, secret = _keys().make(name, role, expires_at)
    if as_json:
        print_json(_told(key) | {"key": secret})
        return
    out.print(secret, highlight=False, markup=False, soft_wrap=True)
    out.print(
        f"This is the key {key.id} of {key.name!r} ({role}). It is not shown again; keep it where only its "
        "holder reads it.",
        highlight=False,
        markup=False,
    )


@keys.command(name="list")
@json_option
@example("amity keys list")
def list_(as_json: bool) -> None:
    """List the keys, without their secrets."""
    found = _keys().all()
    if as_json:
        print_json([_told(key) for key in found])
        return
    if not found:
        out.print("No key has been made yet: the service answers this machine only.")
        return
    out.print(_sheet(("id", "role", "name", "made", "expires", "is"), [_cells(key) for key in found]))


@keys.command()
@click.argument("key_id")
@example("amity keys revoke 3f9c0b7a1e52")
def revoke(key_id: str) -> None:
    """Revoke a key at once, and for good."""
    key = _keys().revoke(key_id)
    out.print(f"Key {key.id} of {key.name!r} lets nobody in any more.", highlight=False, markup=False)


@click.command()
@click.option("--last", type=click.IntRange(min=1), default=50, show_default=True, help="So many entries.")
@click.option("--since", type=Day(), help="From this day on, in UTC.")
@click.option("--key", "key_id", help="Of one key, by its id.")
@click.option("--customer", "customer_id", help="Only requests that named this customer.")
@json_option
@example("amity audit --since 2026-01-01 --key 3f9c0b7a1e52")
def audit(as_json: bool, **asked: Any) -> None:
    """Tell who pulled which customers from the service, when, with which filters, and how many."""
    from serving.locks.audit import Audit
    from serving.store import Store

    found = Audit(Store.open().engine).read(**asked)
    if as_json:
        print_json(found)
        return
    if not found:
        out.print("Nobody pulled customers from the service so.")
        return
    head = ("when", "key", "role", "what", "status", "customers", "named", "filters")
    out.print(_sheet(head, [_entry(entry) for entry in found]))


def _keys() -> Keys:
    from serving.locks.keys import Keys
    from serving.store import Store

    return Keys(Store.open().engine)


def _told(key: Key) -> dict[str, Any]:
    return vars(key) | {"state": key.state}


def _cells(key: Key) -> tuple[str, ...]:
    expires = "" if key.expires_at is None else f"{key.expires_at:%Y-%m-%d}"
    return key.id, key.role, key.name, f"{key.created_at:%Y-%m-%d}", expires, key.state


def _entry(entry: dict[str, Any]) -> tuple[str, ...]:
    who = f"{entry['key_id']} {entry['key_name']}" if entry["key_id"] else "none (open)"
    filters = " ".join(f"{name}={value}" for name, value in entry["filters"].items())
    what, named = f"{entry['method']} {entry['route']}", " ".join(entry["customers"][:3])
    more = f" +{len(entry['customers']) - 3}" if len(entry["customers"]) > 3 else ""
    when = f"{entry['at']:%Y-%m-%d %H:%M:%S}"
    return (
        when,
        who,
        entry["role"] or "",
        what,
        str(entry["status"]),
        f"{entry['rows']:,}",
        named + more,
        filters,
    )


def _sheet(head: tuple[str, ...], rows: list[tuple[str, ...]]) -> Table:
    from rich.text import Text

    sheet = Table()
    for name in head:
        sheet.add_column(name, overflow="fold")
    for row in rows:
        sheet.add_row(*(Text(cell) for cell in row))
    return sheet
