"""The pages in a real Chromium, with 0, 1, 50 and a million customers.

    python benchmarks/console.py [--home FOLDER] [--customers 0 1 50 1000000] [--pictures FOLDER]

For each size: the median time until each page is there, beside that of the same rows as JSON from the API;
how many pages are wider than the window at three widths, in light and dark; and what axe-core finds. Pictures
of each page at each width are kept where a folder is given.
"""

from __future__ import annotations

import argparse
import shutil
import socket
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from threading import Thread
from typing import Any

import httpx
import numpy as np
import uvicorn
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, sync_playwright
from serve_scores import census, made

from configs.loading import load
from configs.settings import Definitions, Playbook
from models.bundle import Bundle, Manifest
from serving.api import make_api
from serving.console.pages import add_pages
from serving.resources import Resources
from serving.store import Store

DAY = datetime(2025, 6, 1)  # noqa: DTZ001
WIDTHS = (360, 768, 1280)
PAGES = {
    "list": "/pages/at-risk",
    "filtered": "/pages/at-risk?segment=gold&weak_point=service&min_clv=900",
    "customer": "/pages/customers/C00000000",
    "definitions": "/pages/definitions",
    "model": "/pages/model",
    "campaigns": "/pages/campaigns",
    "assessment": "/pages/assessment",
}
BESIDE = {
    "list": "/at-risk?top=50",
    "filtered": "/at-risk?top=50&segment=gold&weak_point=service&min_clv=900",
    "customer": "/explain/C00000000",
    "definitions": "/definitions",
    "model": "/model",
    "campaigns": "/winback/plans",
    "assessment": "/alarms",
}


def store_of(home: Path, customers: int) -> Store:
    """Filled where it isn't there yet."""
    file = home / f"console-{customers}.db"
    there = file.exists()
    store = Store.open(f"sqlite:///{file}")
    if customers and not there:
        scored = made(customers, DAY)
        store.save(
            scored, source=str(home / "no-source"), definitions=Definitions(), census=census(scored, DAY)
        )
    return store


@contextmanager
def served(store: Store) -> Iterator[str]:
    """The API and the pages, on a port of this machine; the model card is that of an empty bundle."""
    manifest = Manifest(DAY, Definitions(), {"orders": ("order_id",)}, "none", "none", {})
    bundle: Any = Bundle(manifest, *[None] * 5)  # type: ignore[arg-type]
    api = make_api()
    add_pages(api)
    api.state.resources = Resources(bundle, store, load(Playbook))
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        server = uvicorn.Server(uvicorn.Config(api, log_level="error", lifespan="off"))
        thread = Thread(target=server.run, args=([listening],))
        thread.start()
        while not server.started:
            time.sleep(0.01)
        yield f"http://127.0.0.1:{listening.getsockname()[1]}"
        server.should_exit = True
        thread.join()


def seconds(client: httpx.Client, path: str, rounds: int) -> float:
    """The median; the first answer, which loads what the others find ready, doesn't count."""
    spent = []
    for _ in range(rounds + 1):
        start = time.perf_counter()
        client.get(path)
        spent.append(time.perf_counter() - start)
    return float(np.median(spent[1:]))


def looked_at(page: Page, pictures: Path | None, name: str) -> tuple[int, list[str]]:
    """At how many widths it is wider than the window, and the rules of axe-core that it breaks."""
    wider = 0
    for width in WIDTHS:
        page.set_viewport_size({"width": width, "height": 900})
        wider += page.evaluate("document.documentElement.scrollWidth") > width
        if pictures:
            page.screenshot(path=pictures / f"{name}-{width}.png")
    found = Axe().run(page).response["violations"]
    return wider, [f"{violation['id']} ({violation['impact']})" for violation in found]


def size(browser: Browser, store: Store, customers: int, rounds: int, pictures: Path | None) -> None:
    print(f"{customers:,} customers", flush=True)
    with served(store) as address, httpx.Client(base_url=address, timeout=120) as client:
        for name, path in PAGES.items():
            ours, theirs = (seconds(client, asked, rounds) for asked in (path, BESIDE[name]))
            wider, broken = 0, set()
            for scheme in ("light", "dark"):
                with browser.new_context(color_scheme=scheme) as context:  # type: ignore[arg-type]
                    page = context.new_page()
                    page.goto(address + path)
                    more, rules = looked_at(page, pictures, f"{name}-{customers}-{scheme}")
                    wider, broken = wider + more, broken | set(rules)
            print(
                f"  {name:<12} {1000 * ours:7.1f} ms, {ours / theirs:4.1f} times the JSON; "
                f"wider than the window: {wider} of {2 * len(WIDTHS)}; axe-core: "
                f"{', '.join(sorted(broken)) or 'nothing'}",
                flush=True,
            )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--home", type=Path, default=Path(tempfile.gettempdir()) / "amity-bench-console")
    parser.add_argument("--customers", type=int, nargs="+", default=[0, 1, 50, 1_000_000])
    parser.add_argument("--rounds", type=int, default=11)
    parser.add_argument("--pictures", type=Path)
    given = parser.parse_args()
    given.home.mkdir(parents=True, exist_ok=True)
    if given.pictures:
        given.pictures.mkdir(parents=True, exist_ok=True)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=["--no-sandbox"])
        for customers in given.customers:
            store = store_of(given.home, customers)
            size(browser, store, customers, given.rounds, given.pictures)
            store.close()
        browser.close()


if __name__ == "__main__":
    main()
