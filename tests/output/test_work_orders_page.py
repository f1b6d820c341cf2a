"""The page of work orders in a real browser: for everybody's eyes, in light and dark, and without a network."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from reconciler.cli.options import RENDERERS
from reconciler.features.work_orders.model import WorkList
from reconciler.output.document import PLAIN
from tests.systems.test_work_order_cases import CASES, orders_of, read_case

if TYPE_CHECKING:
    from playwright.sync_api import Browser

pytest_plugins = ["tests.browsers"]


@pytest.fixture(scope="module")
def page_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Orders of some cases of every system, and of the one with hostile names."""
    some = [*CASES[::9], *(path for path in CASES if "hostile" in path.stem)]
    drafted = [order for path in some for order in orders_of(read_case(path)["given"])]
    issued = datetime(2026, 11, 22, 9, 30, tzinfo=UTC)
    orders = tuple(replace(order, id=f"wo-{number:06}", issued=issued) for number, order in enumerate(drafted))
    file = tmp_path_factory.mktemp("page") / "work-orders.html"
    file.write_text(RENDERERS.work_orders["html"](WorkList(orders=orders, names={"ana": "Ana Lopez"}), PLAIN))
    return file


def test_the_page_is_for_everybody(browser: Browser, page_file: Path, look: tuple[str, int]) -> None:
    from axe_playwright_python.sync_playwright import Axe

    scheme, width = look
    page = browser.new_page(color_scheme=scheme, viewport={"width": width, "height": 900}, bypass_csp=True)  # type: ignore[arg-type]  # axe is a script, and the page allows none
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.goto(page_file.as_uri())
    found = Axe().run(page).response["violations"]
    assert [(one["id"], one["nodes"][0]["html"]) for one in found] == []
    assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
    assert {url.split(":")[0] for url in asked} <= {"file", "data"}
    page.close()


def test_a_box_can_be_ticked_by_its_text(browser: Browser, page_file: Path) -> None:
    page = browser.new_page()
    page.goto(page_file.as_uri())
    page.locator("li label").first.click()
    assert page.locator("input:checked").count() == 1
    page.close()


def test_an_address_is_copied_without_anything_around_it(browser: Browser, page_file: Path) -> None:
    page = browser.new_page()
    page.goto(page_file.as_uri())
    assert "eve@acme.example" in page.locator("li code").all_inner_texts()
    page.close()
