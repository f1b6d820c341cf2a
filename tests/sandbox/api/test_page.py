"""The page at `/` in a real browser: what people do there, for everybody's eyes and screens."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import pytest

from reconciler.sandbox.api.server import Server, Site
from tests.sandbox.api.desk import BC, Desk, new_desk

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

pytest_plugins = ["tests.browsers"]


@pytest.fixture
def site() -> Iterator[tuple[Desk, str]]:
    """Two people are invited, and the Business Center shows a code."""
    with new_desk() as desk, Server(Site(desk.emulator)) as server:
        desk.write("bc/member/invite/", emails=["eve@x.example", "zoe.with-a-long-address@subsidiary.acme.example"])
        desk.read("bc/asset/account/authorization/")
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield desk, server.url
        finally:
            server.shutdown()
            thread.join()


def visit(browser: Browser, url: str, **options: Any) -> Page:
    page = browser.new_page(**options)
    page.set_default_timeout(300_000)
    page.goto(url)
    page.locator("#log li").first.wait_for()
    page.select_option("#organization", BC)
    return page


def said(page: Page, text: str) -> None:
    page.get_by_role("status").get_by_text(text).wait_for()


def test_people_accept_and_decline_in_their_inbox(browser: Browser, site: tuple[Desk, str]) -> None:
    desk, url = site
    page = visit(browser, url)
    page.select_option("#who", "eve@x.example")
    page.get_by_role("button", name="Accept: eve@x.example").click()
    said(page, "eve@x.example: accept")
    page.get_by_text("Nothing waits.").wait_for()
    page.select_option("#who", "")
    page.get_by_role("button", name="Decline: zoe").click()
    said(page, "decline")
    page.close()
    assert desk.members()["eve@x.example"] == "BOUND STANDARD"
    assert desk.members()["zoe.with-a-long-address@subsidiary.acme.example"] == "REJECTED STANDARD"


def test_an_owner_scans_the_code_and_takes_the_link_back(browser: Browser, site: tuple[Desk, str]) -> None:
    desk, url = site
    page = visit(browser, url)
    page.select_option("#handle", "@dee")
    page.get_by_role("button", name="Scan the code of Acme and approve").click()
    said(page, "@dee: approve")
    assert len(desk.rows("bc/asset/admin/get/", asset_type="TT_ACCOUNT")) == 2
    page.get_by_role("button", name="Revoke the link of @dee to Acme").click()
    said(page, "took the link back")
    page.close()
    assert len(desk.rows("bc/asset/admin/get/", asset_type="TT_ACCOUNT")) == 1


def test_an_admin_clicks_by_hand_and_hears_refusals(browser: Browser, site: tuple[Desk, str]) -> None:
    desk, url = site
    page = visit(browser, url)
    page.get_by_label("Role of bo").select_option("admin")
    said(page, "bo is now admin")
    page.get_by_role("button", name="Remove ana").click()
    said(page, "ana was removed")
    page.get_by_role("button", name="Remove bo").click()
    said(page, "The platform refuses: bo@acme.example is the last admin of Acme")
    page.get_by_role("button", name="Let the invitation of eve@x.example expire").click()
    said(page, "has expired")
    page.close()
    assert desk.as_("bo").members()["bo@acme.example"] == "BOUND ADMIN"


def test_time_passes_at_a_click(browser: Browser, site: tuple[Desk, str]) -> None:
    desk, url = site
    page = visit(browser, url)
    page.get_by_role("button", name="+7 days").click()
    said(page, "Time has passed")
    page.get_by_text("2026-11-29 09:00 UTC").wait_for()
    page.close()
    assert desk.world.now().day == 29


def test_the_page_is_for_everybody_and_stays_at_home(
    browser: Browser, site: tuple[Desk, str], look: tuple[Any, int]
) -> None:
    from axe_playwright_python.sync_playwright import Axe

    scheme, width = look
    _, url = site
    context = browser.new_context(viewport={"width": width, "height": 800}, color_scheme=scheme)
    asked: list[str] = []
    problems: list[str] = []
    context.on("request", lambda request: asked.append(request.url))
    context.on("weberror", lambda error: problems.append(str(error.error)))
    context.on("console", lambda message: problems.append(message.text) if message.type == "error" else None)
    page = context.new_page()
    page.goto(url)
    page.locator("#log li").first.wait_for()
    results = Axe().run(page)
    assert results.violations_count == 0, results.generate_report()
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    context.close()
    assert problems == []
    assert {address for address in asked if not address.startswith((url, "data:"))} == set()
