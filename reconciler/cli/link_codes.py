"""QR codes on their way to the owners of TikTok accounts: on the terminal, or as files for somebody who sits elsewhere.

A code is as good as a key, so it never gets into a log. What is written into a folder is noted before it is written:
a later run takes away what has lapsed, what was used, and what a run left that was killed.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from io import BytesIO, StringIO
from pathlib import Path

import click

from reconciler.cli.files import file_name, replace_file
from reconciler.cli.terminal import is_interactive
from reconciler.core.address import Address
from reconciler.core.errors import ReconcilerError
from reconciler.output.html import render_html
from reconciler.output.style import Style
from reconciler.output.visible import make_visible
from reconciler.ports import Clock, LinkCode
from reconciler.subjects.work_orders import document_of_code
from reconciler.systems.marked import quote

LASTS = timedelta(minutes=30)
"""After that a code counts as lapsed. How long TikTok takes one is not published; it is a matter of minutes."""
_CLEAR_LINE = "\r\x1b[2K"
_NOTES = "codes.json"


@dataclass(frozen=True, slots=True, kw_only=True)
class CodeScreen:
    """Shows codes to whoever runs the tool, and writes them into a folder if one is named."""

    home: Path
    """The folder for what the tool keeps in a workspace."""
    clock: Clock
    folder: Path | None = None

    def find(self) -> Callable[[LinkCode], None] | None:
        """How to show a code; None where nobody would see it, because then it would stay in a log."""
        return self._show if self.folder is not None or is_interactive(sys.stderr) else None

    def _show(self, code: LinkCode) -> None:
        if is_interactive(sys.stderr):
            draw(code)
        if self.folder is not None:
            written = self._write(code, self.folder)
            click.echo(f"{_CLEAR_LINE}the code for the owner of {make_visible(code.handle)}: {written}", err=True)

    def _write(self, code: LinkCode, folder: Path) -> Path:
        """The code as a page with everything its owner has to know, and as pictures; returns the page."""
        import segno

        until = self.clock.now() + LASTS
        drawn = segno.make(code.text, error="m", micro=False)
        document = document_of_code(code.order, until=until)
        picture = drawn.svg_data_uri(light="white", scale=10)
        page = render_html(document, Style(), picture=picture, link=code.text)
        pixels, vectors = BytesIO(), BytesIO()
        drawn.save(pixels, kind="png", scale=10)
        drawn.save(vectors, kind="svg", scale=10, light="white")
        stem = folder.resolve() / file_name(str(code.order.address))
        contents = {".html": page.encode(), ".png": pixels.getvalue(), ".svg": vectors.getvalue()}
        address = str(code.order.address)
        made = [_Note(path=f"{stem}{ending}", address=address, until=until.isoformat()) for ending in contents]
        _keep(self.home, [*(note for note in _notes(self.home) if note.address != address), *made])
        try:
            for ending, content in contents.items():
                write_privately(Path(f"{stem}{ending}"), content)
        except OSError as error:
            raise ReconcilerError(f"no code can be written to {folder}: {error.strerror or error}") from error
        return Path(f"{stem}.html")


@dataclass(frozen=True, slots=True, kw_only=True)
class _Note:
    """One file that holds a code."""

    path: str
    address: str
    until: str


def draw(code: LinkCode) -> None:
    """A QR code on the terminal, below what its owner has to do; nothing else keeps it.

    Written at once, over the line of whatever shows progress, because that may write at any moment and cut the code.
    """
    import segno

    drawn = StringIO()
    segno.make(code.text, error="l", micro=False).terminal(out=drawn, compact=True)
    numbered = enumerate(map(quote, code.order.steps), start=1)
    steps = "".join(f"  {number}. {make_visible(step)}\n" for number, step in numbered)
    title = f"the owner of {make_visible(code.handle)} scans this with the TikTok app:"
    click.echo(f"{_CLEAR_LINE}{steps}{title}\n{drawn.getvalue()}{make_visible(code.text)}", err=True)


def clear_codes(home: Path, *, now: datetime, is_over: Callable[[Address], bool] = lambda _address: False) -> None:
    """Take away the files of codes that have lapsed, or whose link `is_over` says is asked for anew or not at all."""
    notes = _notes(home)
    fresh = [note for note in notes if datetime.fromisoformat(note.until) > now]
    kept = [note for note in fresh if not is_over(Address.parse(note.address))]
    if len(kept) == len(notes):
        return
    for note in notes:
        if note not in kept:
            Path(note.path).unlink(missing_ok=True)
    _keep(home, kept)


def _notes(home: Path) -> list[_Note]:
    """What was written and not taken away yet."""
    try:
        return [_Note(**note) for note in json.loads((home / _NOTES).read_bytes())]
    except FileNotFoundError:
        return []
    except (OSError, ValueError, TypeError) as error:
        message = f"{home / _NOTES} cannot be read, and says which files hold codes"
        raise ReconcilerError(message, advice="look for such files yourself, and remove it") from error


def _keep(home: Path, notes: list[_Note]) -> None:
    home.mkdir(parents=True, exist_ok=True)
    shown = [{"path": note.path, "address": note.address, "until": note.until} for note in notes]
    replace_file(home / _NOTES, json.dumps(shown, indent=2) + "\n")


def write_privately(path: Path, content: bytes) -> None:
    """For its owner's eyes, never through a link that somebody else has put there."""
    path.unlink(missing_ok=True)
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as stream:
        stream.write(content)
