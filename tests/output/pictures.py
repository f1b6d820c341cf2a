"""The pictures of the documentation, made from the tool itself in chromium: `make pictures`."""

from __future__ import annotations

import html
import io
import os
import pty
import re
import subprocess
import sys
import tempfile
import tomllib
from contextlib import chdir
from pathlib import Path
from typing import TYPE_CHECKING

from click.testing import CliRunner
from markdown_it import MarkdownIt
from playwright.sync_api import sync_playwright

from reconciler.cli.main import cli
from tests.browsers import CHROMIUM, FLAGS
from tests.examples.guide import ROOT, Terminal

if TYPE_CHECKING:
    from playwright.sync_api import Browser

IMAGES = ROOT / "docs" / "images"
ROOM = dict(
    re.findall(
        r"^\| `(\w+)` \| (.+?) \|$", (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8"), re.MULTILINE
    )
)
COLUMNS = 100

COMMENT = """<style>
body { font: 14px/1.5 "Liberation Sans", Arial, sans-serif; color: #1f2328; background: #fff; padding: 20px; margin: 0 }
table { border-collapse: collapse; margin: 8px 0 } th, td { border: 1px solid #d1d9e0; padding: 5px 12px }
tr:nth-child(2n) { background: #f6f8fa } code { background: #818b981f; padding: 2px 5px; border-radius: 5px }
h2 { font-size: 18px; border-bottom: 1px solid #d1d9e0; padding-bottom: 5px } h3 { font-size: 15px }
summary { cursor: pointer; margin: 6px 0 } details { margin-left: 4px } sub { color: #59636e }
</style>"""
TERMINAL = """<style>
body { margin: 0; background: #fff; padding: 14px }
pre { font: 13px/19px "DejaVu Sans Mono", monospace; background: #16181d; color: #e6e6e6; margin: 0; padding: 18px 20px;
  border-radius: 8px }
</style>"""
ROOMS = """<style>
body { margin: 0; padding: 18px; background: #fff; color: #1f2328; font: 15px/1.4 "Liberation Sans", Arial, sans-serif }
.floor { display: flex; gap: 10px; margin-bottom: 7px } .room { flex: 1; border: 1px solid #8aa0b8; border-radius: 6px;
  padding: 7px 12px; background: #eef4fb } .room b { font-family: "DejaVu Sans Mono", monospace; font-size: 14px }
.told { color: #475264; font-size: 13px } p { margin: 0 0 10px; color: #475264 }
</style>"""


def main() -> None:
    """Make all of them again."""
    IMAGES.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as name, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=list(FLAGS))
        folder = Path(name)
        small = small_workspace(folder / "small")
        shoot(browser, TERMINAL + terminal_of(small, "plan"), "plan", width=860)
        comment = MarkdownIt("gfm-like", {"html": True, "linkify": False}).render(
            run(small, "plan", "--format", "markdown")
        )
        shoot(browser, COMMENT + comment, "comment", width=940)
        shoot(browser, ROOMS + rooms(), "rooms", width=820)
        agency = Terminal(folder / "agency")
        agency.begin("examples/agency")
        run(agency.folder, "apply", "--auto-approve")
        run(agency.folder, "work-orders", "export", "--to", "orders")
        orders = sorted((agency.folder / "orders").glob("*.html"), key=lambda page: page.stat().st_size)
        shoot(browser, orders[0].read_text(encoding="utf-8"), "work-order", width=820, height=900)
        agency = Terminal(folder / "halyard-media")
        agency.begin("examples/agency, settled")
        run(agency.folder, "report", "-o", "access.html")
        shoot(
            browser,
            (agency.folder / "access.html").read_text(encoding="utf-8"),
            "report",
            width=1200,
            height=1330,
            scale=1,
        )
        browser.close()


def small_workspace(folder: Path) -> Path:
    """Somebody comes, somebody leaves, a role changes, and a guard keeps the second admin."""
    terminal = Terminal(folder)
    terminal.begin("init, settled")
    manifest = folder / "access" / "example.yaml"
    text = manifest.read_text(encoding="utf-8")
    for before, after in (
        ("employment: contractor}", "employment: contractor, ends: 2026-11-20}"),
        ("\ngroups:", "  dan: {name: Dan Ito, email: dan@acme.example, employment: employee}\n\ngroups:"),
        ("bo: admin\n", "bo: standard\n      dan: {role: standard, finance: analyst, reason: SEC-142}\n"),
    ):
        assert before in text, before
        text = after.join(text.rsplit(before, 1))
    manifest.write_text(text, encoding="utf-8")
    return folder


def run(folder: Path, *words: str) -> str:
    with chdir(folder):
        return CliRunner().invoke(cli, words).stdout


def run_in_terminal(folder: Path, *words: str) -> str:
    """What is written to a real terminal of `COLUMNS` columns."""
    ours, theirs = pty.openpty()
    environment = {**os.environ, "COLUMNS": str(COLUMNS), "TERM": "xterm-256color", "PYTHONPATH": str(ROOT)}
    command = [sys.executable, "-m", "reconciler", *words]
    with subprocess.Popen(
        command, cwd=folder, env=environment, stdin=theirs, stdout=theirs, stderr=subprocess.DEVNULL
    ) as process:
        os.close(theirs)
        written = b"".join(iter(lambda: read_piece(ours), b""))
    os.close(ours)
    assert process.returncode in {0, 3}, written
    return written.decode().replace("\r\n", "\n")


def read_piece(terminal: int) -> bytes:
    try:
        return os.read(terminal, 65536)
    except OSError:  # Linux says so when the other side is closed
        return b""


def terminal_of(folder: Path, *words: str) -> str:
    """What a terminal shows, with its colours."""
    from rich.console import Console
    from rich.terminal_theme import TerminalTheme
    from rich.text import Text

    console = Console(record=True, width=COLUMNS, file=io.StringIO())
    console.print(Text(f"$ reconciler {' '.join(words)}"))
    console.print(Text.from_ansi(run_in_terminal(folder, *words).rstrip()))
    bright = [(232, 104, 104), (120, 200, 120), (220, 185, 90), (110, 165, 240), (205, 140, 220), (95, 195, 205)]
    theme = TerminalTheme((22, 24, 29), (230, 230, 230), [(90, 95, 105), *bright, (230, 230, 230)])
    return console.export_html(theme=theme, inline_styles=True, code_format="<pre>{code}</pre>")


def rooms() -> str:
    """The layers of the package, as the linter of imports keeps them."""
    contracts = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["importlinter"][
        "contracts"
    ]
    (layers,) = [contract["layers"] for contract in contracts if contract["type"] == "layers"]
    floors = "".join(f'<div class="floor">{"".join(map(room, floor.split(" | ")))}</div>' for floor in layers)
    return f"<p>Imports point downwards; rooms on one floor do not know each other.</p>{floors}"


def room(name: str) -> str:
    return f'<div class="room"><b>{name}</b> <span class="told">{html.escape(ROOM.get(name, ""))}</span></div>'


def shoot(browser: Browser, page: str, name: str, *, width: int, height: int = 0, scale: float = 1.25) -> None:
    """A picture of a page, as wide as a column of text; the whole of it unless a height is given."""
    view = browser.new_page(viewport={"width": width, "height": height or 200}, device_scale_factor=scale)
    view.set_content(page if page.startswith("<!") else f"<!doctype html>{page}")
    whole = height or -(-view.evaluate("document.body.offsetHeight") // 4) * 4  # no part of a pixel at the end
    view.set_viewport_size({"width": width, "height": whole})
    view.screenshot(path=IMAGES / f"{name}.png")
    view.close()


if __name__ == "__main__":
    os.environ.pop("CI", None)
    main()
