"""The verb that forgets a customer."""

from __future__ import annotations

import click

from verbs.shell import example, fail, json_option, out, print_json, working


@click.command()
@click.argument("customer_id")
@click.option("--dry-run", is_flag=True, help="Only say where the customer is.")
@json_option
@example("amity forget C00000042 --dry-run")
def forget(customer_id: str, dry_run: bool, as_json: bool) -> None:
    """Erase a customer from the store and every file of the home, and leave them out from now on.

    Lists of the past lose their row. Ends with exit code 1 where a file still names them.
    """
    from serving.forgetting.forget import forget as erase
    from serving.store import Store

    with working("Looking" if dry_run else "Erasing"):
        found = erase(Store.open().engine, customer_id, dry_run=dry_run)
    if as_json:
        print_json(vars(found) | {"dry_run": dry_run})
    else:
        verb = "Would erase" if dry_run else "Erased"
        for name, count in {
            **{f"store: {table}": n for table, n in found.store.items()},
            **found.files,
        }.items():
            out.print(f"{verb} {count:,} in {name}", highlight=False, markup=False, soft_wrap=True)
        if not found.times:
            out.print("Nothing in the home names this customer.")
        if not dry_run:
            out.print("From now on train, score and all that reads a source leave them out.")
        for sentence in found.elsewhere:
            out.print(f"Not erased: {sentence}", highlight=False, markup=False, soft_wrap=True)
    if found.left:
        files = ", ".join(found.left)
        fail(f"These files still name the customer; take the name out of them, or delete them: {files}")
