"""The HTML page: for everybody's eyes and screens, at home in one file, and deaf to what names try to be."""

from __future__ import annotations

from html.parser import HTMLParser
from pathlib import Path
from typing import TYPE_CHECKING, Any

from reconciler.cli.options import RENDERERS
from reconciler.features.planning.document import digest_of_plan, document_of_plan
from reconciler.output.document import Document, Inline, Row, Style, Table, code, make_visible
from reconciler.output.html import write_html
from tests.output import plans
from tests.output.samples import everything

if TYPE_CHECKING:
    from playwright.sync_api import Browser

pytest_plugins = ["tests.browsers"]

WIDER_THAN_THEIR_BOX = """[...document.querySelectorAll("td, td > div, dd, li, p, pre, summary, h1, h2, h3, label")]
  .filter(element => element.scrollWidth > element.clientWidth + 1 && element.clientWidth > 1)
  .filter(element => getComputedStyle(element).display !== "inline")
  .map(element => element.textContent)"""
"""What is cut, or sticks out of where it belongs."""
_EVERYBODY: dict[str, Inline] = {
    "person": "ada",
    "name": "Ada Nowak",
    "employment": "employee",
    "organization": "acme-bc",
    "access": "acme-bc/ad_account_access/us-brand/ada",
    "recorded": "standard, invited",
    "since": "2026-11-29",
    "declared": "standard",
    "ends": "",
    "status": "asked for",
    "through": "group:media-buyers",
    "reason": "",
    "line": code("access/acme.yaml:19:7"),
}
WIDEST = Document(
    title="Everybody",
    blocks=(Table(header=tuple(_EVERYBODY), rows=(Row(cells=tuple(_EVERYBODY.values())),)),),
)
STYLE = Style(job="https://ci.example/1")


class Reader(HTMLParser):
    """The elements and the text of a page."""

    def __init__(self) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.addresses: list[str] = []
        self.text = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.addresses += [value or "" for name, value in attrs if name in {"href", "src"} or name.startswith("on")]

    def handle_data(self, data: str) -> None:
        self.text += data


def read(text: str) -> Reader:
    reader = Reader()
    reader.feed(text)
    reader.close()
    return reader


def test_names_add_no_elements_and_show_themselves() -> None:
    page = read(RENDERERS.plan["html"](plans.mischief(), STYLE))
    usual = (plans.held_back(), plans.every_kind_of_access(), plans.long())
    assert page.tags <= {tag for plan in usual for tag in read(RENDERERS.plan["html"](plan, STYLE)).tags}
    assert set(page.addresses) == {"data:,", STYLE.job}
    for trick in plans.TRICKS:
        assert make_visible(trick) in page.text


def test_a_job_that_is_no_address_is_not_linked() -> None:
    assert "javascript" not in RENDERERS.plan["html"](plans.small(), Style(job="javascript:alert(1)"))


def test_every_line_is_on_the_page() -> None:
    text = RENDERERS.plan["html"](plans.large(), STYLE)
    assert all(f"<code><bdi>p{number:05}</bdi></code>" in text for number in range(1, 5001))


def test_the_page_is_for_everybody_and_stays_at_home(browser: Browser, tmp_path: Path, look: tuple[Any, int]) -> None:
    from axe_playwright_python.sync_playwright import Axe

    scheme, width = look
    context = browser.new_context(viewport={"width": width, "height": 900}, color_scheme=scheme)
    asked: list[str] = []
    problems: list[str] = []
    context.on("request", lambda request: asked.append(request.url))
    context.on("console", lambda message: problems.append(message.text) if message.type == "error" else None)
    page = context.new_page()
    plan_pages = (document_of_plan(plans.held_back()), document_of_plan(plans.mischief()))
    for document in (everything(), WIDEST, *plan_pages):
        path = tmp_path / "page.html"
        path.write_text("".join(write_html(document, STYLE)), encoding="utf-8")
        page.goto(path.as_uri())
        results = Axe().run(page)
        assert results.violations_count == 0, results.generate_report()
        assert page.evaluate("document.documentElement.scrollWidth") <= width
        assert page.evaluate(WIDER_THAN_THEIR_BOX) == []
    context.close()
    assert problems == []
    assert [url for url in asked if not url.startswith(("file:", "data:"))] == []


def test_the_page_ends_with_the_digest_of_what_it_shows() -> None:
    plan = plans.small()
    assert digest_of_plan(plan) in read(RENDERERS.plan["html"](plan, STYLE)).text
