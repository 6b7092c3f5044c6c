"""The pages in a real browser: at three widths, by keyboard, without script, and by axe-core's rules."""

from __future__ import annotations

import shutil
import socket
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import timedelta
from threading import Thread
from time import sleep
from typing import Any

import pytest
import uvicorn
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import sync_playwright

from features.clock import now
from serving.console.links import customer_path
from serving.locks.keys import Keys
from serving.winback.outbox import Outbox
from serving.winback.plan import Situation, make
from serving.winback.store import PlanStore
from serving.winback.verdict import Verdict
from tests.serving.console.test_campaigns import RESULT
from tests.serving.winback.conftest import POLICY, situation

__all__ = ["situation"]

CHROMIUM = shutil.which("chromium")
WIDTHS = (1280, 768, 360)
LIKE_PATHS = ("a/b", "..", ".", "~x", "?q=1#y", "%2e%2e")
GRAVE = ("serious", "critical")

pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="needs Chromium (Debian: chromium)")


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    with sync_playwright() as playwright:
        found = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield found
        found.close()


@contextmanager
def served(console: Any) -> Iterator[str]:
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        server = uvicorn.Server(uvicorn.Config(console.app, log_level="error", lifespan="off"))
        thread = Thread(target=server.run, args=([listening],))
        thread.start()
        while not server.started:
            sleep(0.01)
        try:
            yield f"http://127.0.0.1:{listening.getsockname()[1]}"
        finally:
            server.should_exit = True
            thread.join()


@pytest.fixture(scope="module")
def address(console: Any) -> Iterator[str]:
    with served(console) as found:
        yield found


@pytest.fixture(scope="module")
def campaign(console: Any, situation: Callable[..., Situation]) -> int:
    """A plan with a result and a dead letter."""
    given = situation(120)
    given.barred[:3] = "open_complaint"
    store = PlanStore(console.resources.store.engine)
    plan = make(given, POLICY, 1e6, seed=1)
    kept = store.keep("A name " * 8, plan, POLICY, currency="EUR", says=["So it is."], now=now())
    store.approve(kept.id, by="kim", role="marketing", now=now())
    outbox = Outbox(console.resources.store.engine)
    outbox.queue(kept.id, store.rows(kept.id), f"https://hooks.shop.example/{'x' * 90}", now())
    claimed = outbox.claim(kept.id, "s", now() + timedelta(seconds=1), 60, lambda _: None)
    assert claimed is not None
    outbox.settle(claimed, Verdict("dead", 404, "answered 404"), now())
    store.keep_result(kept.id, RESULT)
    return kept.id


@pytest.fixture(scope="module")
def paths(console: Any, campaign: int) -> dict[str, str]:
    rows = console.resources.store.at_risk(top=100).rows
    first = next(row for row in rows if row["weak_point_1"] not in (None, "rhythm"))
    return {
        "list": "/pages/at-risk",
        "filtered": "/pages/at-risk?status=lost&min_clv=1",
        "customer": customer_path(first["customer_id"]),
        "definitions": "/pages/definitions",
        "model": "/pages/model",
        "sign in": "/pages/sign-in",
        "message": "/pages/customers/nobody",
        "campaigns": "/pages/campaigns",
        "campaign": f"/pages/campaigns/{campaign}",
        "approval": f"/pages/campaigns/{campaign}/approve",
    }


LIGHT = ("list", "customer", "definitions", "model", "sign in", "message")
LIGHT += ("campaigns", "campaign", "approval")
DARK = ("filtered", "customer", "campaign")


def require_fit(page: Any) -> None:
    """Opened out, the page is not wider than the window at any width."""
    page.evaluate("document.querySelectorAll('details').forEach((details) => { details.open = true; })")
    for width in WIDTHS:
        page.set_viewport_size({"width": width, "height": 800})
        assert page.evaluate("document.documentElement.scrollWidth") <= width, width


def require_sound(page: Any) -> None:
    """It fits, and axe-core finds nothing grave."""
    require_fit(page)
    found = Axe().run(page).response["violations"]
    told = [(v["id"], v["nodes"][0]["html"]) for v in found if v["impact"] in GRAVE]
    assert told == []


@pytest.mark.parametrize(("scheme", "names"), [("light", LIGHT), ("dark", DARK)])
def test_every_page_fits_and_axe_finds_nothing_grave(
    browser: Any, address: str, paths: dict[str, str], scheme: str, names: Sequence[str]
) -> None:
    with browser.new_context(color_scheme=scheme) as context:
        page = context.new_page()
        said: list[str] = []
        page.on("console", lambda message: said.append(message.text))
        page.on("pageerror", lambda error: said.append(str(error)))
        for name in names:
            page.goto(address + paths[name])
            require_sound(page)
        assert [text for text in said if "404" not in text] == []


def test_no_customer_one_and_any_id_fit_too(
    browser: Any, make_console: Callable[..., Any], make_scored: Any, odd_ids: Any
) -> None:
    console = make_console()
    with served(console) as address, browser.new_context() as context:
        page = context.new_page()
        for path in ("/pages/definitions", "/pages/model", "/pages/at-risk"):
            page.goto(address + path)
            require_fit(page)
        for ids in ([odd_ids[-1]], odd_ids):
            scored = make_scored(rows=len(ids))
            scored.scores["customer_id"] = list(ids)
            make_console(scored)
            page.goto(f"{address}/pages/at-risk")
            require_fit(page)
        assert page.locator("table.list tbody tr").count() == len(odd_ids)
        for customer_id in LIKE_PATHS:
            page.goto(f"{address}/pages/at-risk")
            page.get_by_role("link", name=customer_id, exact=True).click()
            assert page.locator("h1").inner_text() == customer_id


def test_the_keyboard_leads_from_the_skip_link_to_a_customer_and_back(browser: Any, address: str) -> None:
    with browser.new_context() as context:
        page = context.new_page()
        page.goto(f"{address}/pages/at-risk")
        focused = "(document.activeElement.innerText || document.activeElement.id).trim()"
        order = []
        for _ in range(9):
            page.keyboard.press("Tab")
            order.append(page.evaluate(focused))
        nav = ["Assessment", "At risk", "Campaigns", "Definitions", "Model"]
        assert order[:7] == ["Skip to the content", "Amity", *nav]
        assert order[7].startswith("Filter the list")
        assert order[8] == "All as CSV"
        page.goto(f"{address}/pages/at-risk")
        page.keyboard.press("Tab")
        assert page.evaluate("document.activeElement.getBoundingClientRect().top") >= 0
        page.keyboard.press("Enter")
        assert page.evaluate("document.activeElement.id") == "content"
        for _ in range(3):
            page.keyboard.press("Tab")
        customer_id = page.evaluate(focused)
        page.keyboard.press("Enter")
        page.wait_for_url("**/pages/customers/**")
        assert page.locator("h1").inner_text() == customer_id
        page.get_by_role("link", name="At-risk list").press("Enter")
        page.wait_for_url("**/pages/at-risk")


def test_marketing_signs_in_approves_and_signs_out(
    browser: Any, make_console: Callable[..., Any], make_scored: Any, situation: Callable[..., Situation]
) -> None:
    """By the forms of the pages, with the headers that a browser sends of itself."""
    console = make_console(make_scored(rows=5))
    store = PlanStore(console.resources.store.engine)
    _, secret = Keys(store.engine).make("Max", "marketing")
    plan = make(situation(120), POLICY, 1e6, seed=1)
    kept = store.keep("spring", plan, POLICY, currency="EUR", says=["So it is."], now=now())
    with served(console) as address, browser.new_context() as context:
        page = context.new_page()
        page.set_default_timeout(10_000)
        page.goto(f"{address}/pages/sign-in")
        page.get_by_label("Your key").fill(secret)
        page.get_by_role("button", name="Sign in").click()
        page.wait_for_url("**/pages/at-risk")
        page.goto(f"{address}/pages/campaigns/{kept.id}/approve")
        page.get_by_role("button", name="Approve").click()
        page.wait_for_url(f"**/pages/campaigns/{kept.id}")
        assert store.plan(kept.id).approved_by == "Max"
        page.get_by_role("button", name="Sign out").click()
        page.wait_for_url("**/pages/sign-in")


def test_sliders_answer_without_a_reload_and_without_script(
    browser: Any, address: str, paths: dict[str, str]
) -> None:
    told = {}
    for script in (True, False):
        with browser.new_context(java_script_enabled=script) as context:
            page = context.new_page()
            page.goto(address + paths["customer"])
            before = page.url
            sliders = page.locator("input[type=range]")
            for slider in sliders.all():
                slider.press("Home")
            if script:
                page.get_by_text("Nothing is repaired yet.").wait_for()
                assert page.locator("output").all_inner_texts() == ["0 %"] * sliders.count()
            sliders.first.press("End")
            if script:
                page.get_by_text("Nothing is repaired yet.").wait_for(state="detached")
                assert page.url == before
            else:
                page.get_by_role("button", name="Work it out").click()
                assert "?" in page.url
            told[script] = page.locator("#what-if-result").inner_text()
    assert told[True] == told[False]
