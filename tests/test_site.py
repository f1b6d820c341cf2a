"""The documentation as a site: it builds without a warning, everybody can use it, and it asks nobody for anything."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from playwright.sync_api import Browser

pytest_plugins = ["tests.browsers"]
pytestmark = pytest.mark.full

ROOT = Path(__file__).parents[1]
MUST_RUN = bool(os.environ.get("CI"))
BUILDER = Path(sys.prefix) / ".site" / "bin" / "python"
ONE_OF_A_KIND = {"schemas/index.html", "schemas/plan.html"}
"""The other schemas are written by the same lines."""


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """As `make site` builds it; `make pages` has to have written the pages that are not in git."""
    if not BUILDER.exists() and not MUST_RUN:
        pytest.skip("there is no builder of the site (make site)")
    assert BUILDER.exists(), "CI has to build the site before"
    built = tmp_path_factory.mktemp("site")
    words = ["-m", "sphinx", "-q", "-W", "--keep-going", "-d", str(built / "cache"), "docs", str(built / "html")]
    done = subprocess.run([BUILDER, *words], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    return built / "html"


def pages_of(site: Path) -> list[str]:
    return [path.relative_to(site).as_posix() for path in sorted(site.rglob("*.html")) if "_static" not in path.parts]


def test_every_page_of_docs_is_in_the_navigation(site: Path) -> None:
    text = (site / "index.html").read_text(encoding="utf-8")
    assert [page for page in pages_of(site) if page not in {"index.html", "search.html"} and page not in text] == []


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_every_page_is_for_everybody_and_loads_only_itself(browser: Browser, site: Path, scheme: Any) -> None:
    from axe_playwright_python.sync_playwright import Axe

    page = browser.new_page(color_scheme=scheme)
    asked: list[str] = []
    problems: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.on("console", lambda message: problems.append(message.text))
    page.on("pageerror", lambda error: problems.append(str(error)))
    names = [name for name in pages_of(site) if name in ONE_OF_A_KIND or not name.startswith("schemas/")]
    assert len(names) > 30
    names = names[:: 4 if scheme == "dark" else 1]  # only colours differ, and they are the same on every page
    for name in names:
        page.goto((site / name).as_uri())
        for width in (1280, 390):
            page.set_viewport_size({"width": width, "height": 900})
            if page.evaluate("document.documentElement.scrollWidth") > width:
                problems.append(f"{name} is wider than {width} px")
        found = Axe().run(page, options={"preload": False})  # it would ask for style sheets, which files may not
        problems += [f"{name}: {one['id']}: {one['nodes'][0]['html']}" for one in found.response["violations"]]
    page.close()
    assert [url for url in asked if not url.startswith(("file:", "data:"))] == []
    assert problems == []


def test_the_search_finds_a_page_by_a_word_of_it(browser: Browser, site: Path) -> None:
    page = browser.new_page()
    page.goto((site / "search.html").as_uri() + "?q=removal_ratio")
    page.wait_for_selector("#search-results li a")
    assert any("How a plan comes about" in text for text in page.locator("#search-results li a").all_inner_texts())
    page.close()
