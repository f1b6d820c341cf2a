"""The report in a real browser: filters and paths, by keyboard too, for everybody's eyes, deaf to what names try."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from reconciler.features.report.model import AccessOverview
from reconciler.features.report.page import render_report
from reconciler.model import Address, DriftSort, Finding, KnownDrift, Place, Record, Resource, Risk, fingerprint_of
from reconciler.output.document import make_visible
from tests.features.report.test_report import MANIFEST, RECORDS, cells_of
from tests.features.report.worlds import TODAY, of_quarter, overview, state_of
from tests.history.convert import read_quarters
from tests.output.plans import TRICKS

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

pytest_plugins = ["tests.browsers"]


class Visit:
    """A page that was opened, with everything it asked for or complained of."""

    def __init__(self, browser: Browser, path: Path) -> None:
        self.context = browser.new_context(viewport={"width": 1280, "height": 900}, color_scheme="light")
        self.context.set_default_timeout(300_000)
        self.asked: list[str] = []
        self.problems: list[str] = []
        self.page: Page = self.context.new_page()
        self.page.on("request", lambda request: self.asked.append(request.url))
        self.page.on("console", lambda message: self.problems.append(f"{message.type}: {message.text}"))
        self.page.on("pageerror", lambda error: self.problems.append(str(error)))
        self.page.on("dialog", lambda dialog: self.problems.append(dialog.message))
        self.page.goto(path.as_uri())

    @property
    def left_home(self) -> list[str]:
        """What was asked of anything but the file itself."""
        return [url for url in self.asked if not url.startswith(("file:", "data:"))]

    def listed(self) -> set[tuple[str, str]]:
        """Who and what stand in the list, over all its sections."""
        self.page.evaluate("dispatchEvent(new Event('beforeprint'))")
        texts: list[list[str]] = self.page.evaluate(
            """[...document.querySelectorAll("#result tbody tr")].map((row) => {
              const [shown, key, employment] = [...row.children[0].querySelectorAll("bdi")].map((at) => at.textContent);
              return [employment ? key : shown, row.children[1].querySelector("bdi").textContent];
            })"""
        )
        self.page.evaluate("dispatchEvent(new Event('afterprint'))")
        return {(who, on) for who, on in texts}


def assert_for_everybody(page: Page, width: int) -> None:
    from axe_playwright_python.sync_playwright import Axe

    results = Axe().run(page)
    assert results.violations_count == 0, results.generate_report()
    assert page.evaluate("document.documentElement.scrollWidth") <= width


NAMED = MANIFEST.replace(
    "ana: {email: ana@acme.example}", "ana: {email: ana@acme.example, name: '<img src=x onerror=alert(1)>'}"
)
for key in ("bo", "eve", "finn"):
    NAMED = NAMED.replace(f"{key}: {{email", f"{key}: {{name: {key.upper()}, email")


NAMES = [" ".join(trick.replace("/", "\u2215").splitlines()) for trick in TRICKS]
"""As keys, which have no slash and no second line."""
STRANGERS = {make_visible(name) for name in NAMES}


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> AccessOverview:
    """A small world, and in it everybody and everything that a name can try to be."""
    strangers = [Record(address=Address("acme-bc", "member", name), attributes={"role": name}) for name in NAMES]
    known = [
        KnownDrift(
            address=one.address,
            sort=DriftSort.ADDED_OUTSIDE,
            live=fingerprint_of(Resource(address=one.address)),
            first_seen=TODAY,
            severity=Risk.HIGH,
            why=one.address.key,
        )
        for one in strangers
    ]
    findings = [Finding(id="x-y", message=trick, advice=trick, place=Place(trick, 1, 1)) for trick in TRICKS]
    state = state_of("acme-bc", [*RECORDS, *strangers], drift={one.address: one for one in known})
    return overview(tmp_path_factory.mktemp("small"), NAMED, state, findings=findings, title=TRICKS[2])


@pytest.fixture(scope="module")
def opened(browser: Browser, tmp_path_factory: pytest.TempPathFactory, told: AccessOverview) -> Iterator[Visit]:
    path = tmp_path_factory.mktemp("page") / "access.html"
    path.write_text(render_report(told), encoding="utf-8")
    visit = Visit(browser, path)
    yield visit
    visit.context.close()


@pytest.fixture
def page(opened: Visit) -> Iterator[Page]:
    """The page with no filter, which nothing went wrong with."""
    opened.page.set_viewport_size({"width": 1280, "height": 900})
    opened.page.emulate_media(color_scheme="light")
    opened.page.reload()
    yield opened.page
    assert opened.problems == []
    assert opened.left_home == []


def test_names_are_shown_as_they_are_written_and_do_nothing(page: Page) -> None:
    shown = " ".join(page.inner_text("body").split())
    for text in (*NAMES, *TRICKS):
        assert " ".join(make_visible(text).split()) in shown
    assert page.locator("img, iframe, object, form[action], main script").count() == 0


def test_each_filter_leaves_what_the_data_says(page: Page, opened: Visit, told: AccessOverview) -> None:
    cells = {key: cell for key, cell in cells_of(told).items() if key[0] not in STRANGERS}
    page.click("#as-list")

    def left(**chosen: str) -> set[tuple[str, str]]:
        page.click("#clear")
        for name, value in chosen.items():
            if name == "q":
                page.fill("#q", value)
            else:
                page.select_option(f"#{name}", value)
        return {key for key in opened.listed() if key[0] not in STRANGERS}

    def those(fits: Callable[[tuple[str, str], dict[str, Any]], bool]) -> set[tuple[str, str]]:
        return {key for key, cell in cells.items() if fits(key, cell)}

    off = ("different", "missing", "undeclared", "over")
    assert left() == set(cells)
    assert left(q="ops-7") == {("finn", "us-brand")}
    assert left(q="us-brand ADMIN") == {("eve", "us-brand")}
    assert left(kind="ad account") == those(lambda key, _: key[1] == "us-brand")
    assert left(role="manages", kind="organization") == {(who, "acme-bc") for who in ("ana", "bo", "zoe")}
    assert left(employment="contractor") == {("bo", "acme-bc")}
    assert left(employment="partner", organization="0") == {("north", "us-brand")}
    assert left(ends="90") == those(lambda _, cell: "" < cell["ends"] <= "2027-02-20") == {("bo", "acme-bc")}
    assert left(ends="none") == those(lambda _, cell: not cell["ends"])
    assert left(stands="off") == those(lambda _, cell: cell["status"] in off)
    assert left(stands="pending") == {("finn", "acme-bc")}
    assert left(risk="1") == those(lambda _, cell: cell["risk"] is Risk.HIGH)


def test_details_open_and_close_by_keyboard(page: Page) -> None:
    page.focus("#q")
    page.keyboard.type("ops-7")
    assert page.locator("#result tbody tr").count() == 1
    page.get_by_role("button", name="FINN", exact=True).focus()
    page.keyboard.press("Enter")
    dialog = page.get_by_role("dialog")
    dialog.get_by_text("group:buyers (OPS-7)").wait_for()
    assert_for_everybody(page, 1280)
    page.keyboard.press("Escape")
    dialog.wait_for(state="hidden")
    assert page.evaluate("document.activeElement.textContent") == "FINN"


def test_a_path_is_followed_by_arrows_and_chosen_by_enter(page: Page) -> None:
    page.fill("#q", "buyers")
    page.locator("#graph .node").first.focus()
    page.keyboard.press("ArrowRight")
    assert page.evaluate("document.activeElement.getAttribute('aria-label')") == "Through: group:buyers, 1 person"
    assert "FINN" in page.inner_text("#path-told")
    page.keyboard.press("Enter")
    page.fill("#q", "")
    assert page.evaluate("found.length") == 1
    page.get_by_role("button", name="only group:buyers").click()
    assert page.evaluate("found.length === CELLS.length")


@pytest.mark.parametrize(("scheme", "width"), [("light", 1280), ("dark", 390)])
def test_the_page_is_for_everybody(page: Page, scheme: Any, width: int) -> None:
    page.set_viewport_size({"width": width, "height": 900})
    page.emulate_media(color_scheme=scheme)
    page.reload()
    page.click("#as-list" if width < 1000 else "#as-matrix")
    assert_for_everybody(page, width)


def test_on_paper_there_is_every_row(page: Page) -> None:
    rows = "document.querySelectorAll('#drift-list tbody tr, #findings-list tbody tr').length"
    page.set_viewport_size({"width": 390, "height": 900})
    page.reload()
    assert page.evaluate(rows) < len(NAMES) + len(TRICKS)
    page.select_option("#role", "manages")
    page.evaluate("addEventListener('beforeprint', () => { window.printed = " + rows + "; })")
    assert page.pdf()
    assert page.evaluate("printed") == len(NAMES) + len(TRICKS)
    assert page.locator("#chosen").text_content() == "Only: Role: ◆ manages other people's access"


def test_even_something_that_got_in_could_load_nothing(page: Page, opened: Visit) -> None:
    with page.expect_event("requestfailed") as failed:
        page.evaluate("document.body.append(Object.assign(new Image(), {src: 'http://127.0.0.1:9/x'}))")
    assert failed.value.failure == "csp"
    assert "Content Security Policy" in opened.problems.pop()
    assert opened.asked.pop() == "http://127.0.0.1:9/x"


PLAIN_TABLE = """() => {
  const table = document.createElement("table"), rows = [];
  for (const cell of CELLS) {
    const row = table.insertRow();
    const ways = how(cell, true).map((each) => each.textContent), [, stands] = STATUSES[note(cell.status)];
    const texts = [label(PEOPLE[cell.person]), thingLabel(THINGS[cell.thing]), ROLES[cell.role].text, stands, ...ways];
    for (const text of texts) row.insertCell().textContent = text;
    rows.push(row);
  }
  document.body.append(table);
  const middle = (times) => times.sort((one, other) => one - other)[Math.floor(times.length / 2)];
  const time = (run) => middle(["p0", "docs", "p01", "admin", "p1 operator", ""].map((text) => {
    document.body.offsetHeight;
    const began = performance.now();
    run(text);
    document.body.offsetHeight;
    return performance.now() - began;
  }));
  const plain = time((text) => {
    for (const row of rows) row.hidden = !text.split(" ").every((word) => row.textContent.toLowerCase().includes(word));
  });
  table.remove();
  const ours = time((text) => { $("q").value = text; $("q").dispatchEvent(new Event("input")); });
  return {rows: rows.length, plain, ours};
}"""


@pytest.mark.full
def test_a_filter_of_a_large_report_costs_no_more_than_one_of_a_plain_table(browser: Browser, tmp_path: Path) -> None:
    """Of the last quarter of the history, with the same rows in the same page; the clock only gives the ratio."""
    path = tmp_path / "access.html"
    path.write_text(render_report(of_quarter(tmp_path, read_quarters()[-1])), encoding="utf-8")
    visit = Visit(browser, path)
    found: dict[str, float] = visit.page.evaluate(PLAIN_TABLE)
    visit.context.close()
    print(f"{found['rows']} rows: {found['ours']:.0f} ms, a plain table {found['plain']:.0f} ms")  # noqa: T201
    assert found["ours"] <= found["plain"]
    assert visit.problems == []
