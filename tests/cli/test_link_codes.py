"""Codes for owners who sit elsewhere: what the files say, and when they are gone."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import segno
from click.testing import CliRunner, Result

from reconciler.cli import link_codes
from reconciler.cli.main import cli
from reconciler.model import Action, Address, LinkCode, WorkOrder

if TYPE_CHECKING:
    from playwright.sync_api import Browser

pytest_plugins = ["tests.browsers"]

CODE = re.compile(r'href="(https://www\.tiktok\.com/business-center/authorize\?code=[^"]+)"')


@pytest.fixture
def workspace(tmp_path: Path) -> Path:
    """A creator is asked for a link to a TikTok account, through the interface that makes codes."""
    assert run(tmp_path, "init").exit_code == 0
    config, sandbox, access = (tmp_path / name for name in ("reconciler.yaml", "sandbox.yaml", "access/example.yaml"))
    entry = "providers:\n  business_center: {kind: business_api, via: sandbox, act_as: ana}\n"
    config.write_text(config.read_text(encoding="utf-8").replace("providers:\n", entry), encoding="utf-8")
    with sandbox.open("a", encoding="utf-8") as file:
        file.write('tiktok_accounts: {"@dee": {owner: bo}}\n')
    with access.open("a", encoding="utf-8") as file:
        file.write('    tiktok_accounts: {creator: {handle: "@dee", ownership: client}}\n')
    return tmp_path


def run(workspace: Path, *words: str) -> Result:
    return CliRunner().invoke(cli, ["-C", str(workspace), *words])


def apply(workspace: Path, *words: str) -> Result:
    result = run(workspace, "apply", "--auto-approve", *words)
    assert result.exit_code == 0, result.output
    return result


def files(folder: Path) -> dict[str, Path]:
    return {path.suffix: path for path in folder.iterdir()}


def code_on(page: Path) -> str:
    found = CODE.search(page.read_text(encoding="utf-8"))
    assert found is not None
    return found[1]


def test_the_files_say_until_when_and_what_to_allow_and_nothing_else_holds_the_code(
    workspace: Path, tmp_path: Path
) -> None:
    folder = tmp_path / "out" / "codes"
    result = apply(workspace, "--qr-to", str(folder))
    made = files(folder)
    assert made.keys() == {".html", ".png", ".svg"}
    assert made[".png"].read_bytes().startswith(b"\x89PNG")
    assert made[".svg"].read_bytes().startswith(b"<?xml")
    assert all(path.stat().st_mode & 0o077 == 0 for path in made.values())
    page = made[".html"].read_text(encoding="utf-8")
    assert re.search(r"Scan the code by \d{4}-\d\d-\d\d \d\d:\d\d UTC", page)
    assert "Allow exactly these permissions: &#39;Existing posts&#39;" in page
    assert "&#39;Direct message&#39;" in page.partition("Leave everything else off")[2]
    code = code_on(made[".html"]).partition("code=")[2]
    kept = (path for path in (workspace / ".reconciler").rglob("*") if path.is_file() and "sandbox" not in path.name)
    assert not [path for path in kept if code.encode() in path.read_bytes()]
    assert code not in result.output
    assert not set("▀▄█") & set(result.output)  # nor drawn
    assert made[".html"].name in result.stderr


def test_the_page_is_in_the_language_of_whoever_scans(workspace: Path, tmp_path: Path) -> None:
    access = workspace / "access" / "example.yaml"
    before = access.read_text(encoding="utf-8")
    access.write_text(
        before.replace("    system: business_center", "    system: business_center\n    language: de"), "utf-8"
    )
    apply(workspace, "--qr-to", str(tmp_path / "codes"))
    page = files(tmp_path / "codes")[".html"].read_text(encoding="utf-8")
    assert '<html lang="de">' in page
    assert "Scannen Sie den Code bis" in page
    assert "Den Code als Link öffnen</a>" in page


def cells_of(line: str) -> list[tuple[int, int]]:
    """Two rows of modules, 1 for dark: what a terminal of any theme shows, because the line says both colours."""
    shown = re.fullmatch("\x1b\\[38;5;231;48;5;16m([ ▀▄█]+)\x1b\\[0m", line)
    assert shown is not None
    return [{" ": (1, 1), "▀": (0, 1), "▄": (1, 0), "█": (0, 0)}[block] for block in shown[1]]


def test_a_code_on_a_terminal_is_dark_on_white_in_every_theme(capsys: pytest.CaptureFixture[str]) -> None:
    order = WorkOrder(
        operation="o",
        address=Address("bc", "tiktok_account", "a"),
        action=Action.LINK,
        system="business_center",
        actor_role="the owner",
        title="t",
        steps=(),
        reason="r",
    )
    link_codes.draw(LinkCode(handle="@a", text="https://example.com/code", order=order))
    rows = [
        list(row) for line in capsys.readouterr().err.splitlines()[2:-1] for row in zip(*cells_of(line), strict=True)
    ]
    wanted = [list(row) for row in segno.make("https://example.com/code", error="l", micro=False).matrix_iter(border=4)]
    assert rows[: len(wanted)] == wanted
    assert all(set(row) == {1} or set(row) == {0} for row in rows[len(wanted) :])


@pytest.mark.parametrize("command", ["plan", "drift", "apply"])
def test_a_code_that_has_lapsed_is_taken_away_by_whatever_looks_next(workspace: Path, command: str) -> None:
    folder = workspace / "codes"
    apply(workspace, "--qr-to", str(folder))
    assert run(workspace, "plan").exit_code == 0
    assert files(folder), "it can still be scanned"
    assert run(workspace, "sandbox", "clock", "+31m").exit_code == 0
    assert run(workspace, command, *(["--auto-approve"] if command == "apply" else [])).exit_code == 0
    assert not files(folder)


def test_a_code_that_was_used_is_taken_away_and_no_new_one_is_made(workspace: Path) -> None:
    folder = workspace / "codes"
    apply(workspace, "--qr-to", str(folder))
    scanned = run(workspace, "sandbox", "scan", "@dee", "acme-bc", "--allow", "existing_posts")
    assert scanned.exit_code == 0, scanned.output
    apply(workspace, "--qr-to", str(folder))
    assert not files(folder)


def test_what_a_killed_run_left_is_replaced_wherever_it_lies(workspace: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    first, second = workspace / "first", workspace / "second"

    def killed(path: Path, content: bytes) -> None:
        path.write_bytes(content)
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(link_codes, "write_privately", killed)
        assert run(workspace, "apply", "--auto-approve", "--qr-to", str(first)).exit_code != 0
    (left,) = files(first).values()
    before = code_on(left)
    apply(workspace, "--qr-to", str(second))
    assert not files(first)
    assert code_on(files(second)[".html"]) != before


def test_other_files_in_the_folder_stay_and_a_folder_that_cannot_be_made_is_refused_at_once(workspace: Path) -> None:
    folder = workspace / "codes"
    folder.mkdir()
    (folder / "mine.html").write_text("mine", encoding="utf-8")
    apply(workspace, "--qr-to", str(folder))
    assert run(workspace, "sandbox", "clock", "+1d").exit_code == 0
    assert run(workspace, "plan").exit_code == 0
    assert [path.name for path in folder.iterdir()] == ["mine.html"]
    refused = run(workspace, "apply", "--auto-approve", "--qr-to", str(folder / "mine.html" / "below"))
    assert (refused.exit_code, "cannot be made" in refused.stderr) == (1, True)


@pytest.mark.parametrize(
    "notes",
    [
        "{",
        "[1]",
        '[{"path": "/etc/passwd"}]',
        '[{"folder": "x", "address": "nowhere", "until": "2026-01-01T00:00:00Z"}]',
        '[{"folder": "x", "address": "a/b/c", "until": "soon"}]',
        '[{"folder": "x", "address": "a/b/c", "until": 1}]',
    ],
)
def test_notes_that_make_no_sense_are_told_and_take_nothing_away(workspace: Path, notes: str) -> None:
    (workspace / ".reconciler").mkdir(exist_ok=True)
    (workspace / ".reconciler" / "codes.json").write_text(notes, encoding="utf-8")
    told = run(workspace, "plan")
    assert (told.exit_code, "codes.json cannot be read" in told.stderr) == (1, True)


def test_a_note_that_somebody_slipped_in_removes_nothing_but_files_that_are_named_like_codes(workspace: Path) -> None:
    mine = workspace / "mine"
    mine.mkdir()
    (mine / "index.html").write_text("mine", encoding="utf-8")
    note = {"folder": str(mine), "address": "acme-bc/tiktok_account/../index", "until": "2026-01-01T00:00:00+00:00"}
    (workspace / ".reconciler").mkdir(exist_ok=True)
    (workspace / ".reconciler" / "codes.json").write_text(json.dumps([note]), encoding="utf-8")
    assert run(workspace, "plan").exit_code == 0
    assert (mine / "index.html").is_file()


def test_the_page_fits_every_screen_and_the_code_stands_on_white(
    workspace: Path, browser: Browser, look: tuple[Any, int]
) -> None:
    apply(workspace, "--qr-to", str(workspace / "codes"))
    scheme, width = look
    page = browser.new_page(color_scheme=scheme, viewport={"width": width, "height": 800})
    page.goto(files(workspace / "codes")[".html"].as_uri())
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    picture = page.get_by_role("img")
    box = picture.bounding_box()
    assert box is not None
    assert box["width"] >= 200
    assert box["y"] + box["height"] < 800, "it is seen without scrolling"
    assert picture.evaluate("image => image.naturalWidth") > 0
    page.close()


def test_drift_says_what_is_unverified_and_how_to_confirm_it_until_somebody_does(workspace: Path) -> None:
    apply(workspace, "--qr-to", str(workspace / "codes"))
    assert run(workspace, "sandbox", "scan", "@dee", "acme-bc", "--allow", "live").exit_code == 0
    apply(workspace)
    told = run(workspace, "drift", "--detailed-exitcode")
    assert told.exit_code == 2
    assert "unverified" in told.stdout
    assert "active, unverified" in run(workspace, "state", "show", "acme-bc").stdout
    command = re.search(r"`reconciler (drift confirm [^`]*)`", " ".join(told.stdout.split()))
    assert command is not None
    words = command[1].replace("TEXT", "seen-on-the-page").split()
    as_seen = run(workspace, *words, "--as", "live")
    assert (as_seen.exit_code, "confirmed as live" in as_seen.stderr) == (0, True)
    assert "unverified" not in run(workspace, "drift").stdout
    assert "seen-on-the-page" in run(workspace, "audit", "log", "--format", "json").stdout
    assert "1 to change" in run(workspace, "plan").stdout
