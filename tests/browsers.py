"""The machine's own chromium, for pages that a person looks at; a module takes it as a plugin."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from playwright.sync_api import Browser

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")

# Read when the module is imported: later on every test sees a plain environment.
MUST_RUN = bool(os.environ.get("CI"))

FLAGS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
)


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    if CHROMIUM is None and not MUST_RUN:
        pytest.skip("there is no chromium (apt-get install chromium)")
    assert CHROMIUM is not None, "CI has to have chromium"
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=list(FLAGS))
        yield browser
        browser.close()


@pytest.fixture(
    params=[
        ("light", 1280),
        ("dark", 360),
        pytest.param(("dark", 1280), marks=pytest.mark.full),
        pytest.param(("light", 360), marks=pytest.mark.full),
    ],
    ids=lambda look: f"{look[0]}-{look[1]}",
)
def look(request: pytest.FixtureRequest) -> tuple[Any, int]:
    """The colour scheme that somebody prefers, and the width of their screen."""
    scheme, width = request.param
    return scheme, width
