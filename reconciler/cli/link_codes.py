"""QR codes on their way to the owners of TikTok accounts, and the languages in which a workspace speaks to people.

A code goes to the terminal, or into files for somebody who sits elsewhere. What `templates/LANGUAGE.po` says counts for
more than what comes with the package.
"""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Callable
from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from io import BytesIO, StringIO
from pathlib import Path

import click

from reconciler.cli.streams import (
    CODE_NOTES,
    file_name,
    is_interactive,
    make_folder,
    read_text_file,
    replace_file,
    write_privately,
)
from reconciler.features.work_orders.document import document_of_code, list_messages
from reconciler.features.work_orders.model import language_of
from reconciler.model import Address, Clock, Desired, LinkCode, ReconcilerError, UsageError, checked, dataclass
from reconciler.output.document import Style, make_visible
from reconciler.output.html import write_html
from reconciler.systems.catalogue import quote
from reconciler.systems.languages import Speech, extend_catalogue, load_speech, write_catalogue


def read_speech(root: Path, language: str) -> Speech:
    """A language, with what the workspace says otherwise."""
    if not re.fullmatch(r"[a-z]{2,3}(_[A-Z]{2})?", language):
        raise UsageError(f"{language!r} is no language", advice="write it as de or pt_BR")
    names = dict.fromkeys((language.partition("_")[0], language))  # what is said for `de` counts for `de_AT` too
    paths = [_path(root, name) for name in names]
    return load_speech(language, {str(path): read_text_file(path) for path in paths if path.exists()})


def speech_for(root: Path, desired: Desired | None, actor: str, organization: str) -> Speech:
    """For whoever acts in an organization; English where the manifests cannot be read."""
    language = language_of(actor, organization, desired) if desired else ""
    return read_speech(root, language) if language else Speech()


def format_messages(root: Path, language: str) -> str:
    """All messages with their translation, as `templates/LANGUAGE.po` has them."""
    return write_catalogue(list_messages(), read_speech(root, language))


def write_messages(root: Path, language: str) -> tuple[Path, int, int]:
    """Add what `templates/LANGUAGE.po` lacks: its path, how many were added, and how many have no words yet."""
    speech, path = read_speech(root, language), _path(root, language)
    before = read_text_file(path) if path.exists() else ""
    after, added = extend_catalogue(before, list_messages(), speech, str(path))
    make_folder(path.parent)
    if after != before:
        replace_file(path, after)
    return path, added, sum(not speech.messages.get(one) for one in list_messages())


def _path(root: Path, language: str) -> Path:
    return root / "templates" / f"{language}.po"


LASTS = timedelta(minutes=30)
"""After that a code counts as lapsed. How long TikTok takes one is not published; it is a matter of minutes."""
_CLEAR_LINE = "\r\x1b[2K"
_BLACK_AND_WHITE, _PLAIN = "\x1b[38;5;231;48;5;16m", "\x1b[0m"
"""White on black, of the 256 colours that no theme changes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CodeScreen:
    """Shows codes to whoever runs the tool, and writes them into a folder if one is named."""

    home: Path
    """The folder for what the tool keeps in a workspace."""
    clock: Clock
    folder: Path | None
    speech_for: Callable[[str, str], Speech]
    """The language of somebody who acts in an organization."""

    def show(self, code: LinkCode) -> None:
        """Show a code on the terminal, if somebody sits there, and write it into the folder."""
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
        picture = drawn.svg_data_uri(light="white", scale=10)
        speech = self.speech_for(code.order.actor, code.order.address.organization)
        document = document_of_code(code.order, until=until, picture=picture, link=code.text, speech=speech)
        page = "".join(write_html(document, Style()))
        pixels, vectors = BytesIO(), BytesIO()
        drawn.save(pixels, kind="png", scale=10)
        drawn.save(vectors, kind="svg", scale=10, light="white")
        note = _Note(folder=str(folder.resolve()), address=str(code.order.address), until=until.isoformat())
        _keep(self.home, [*(other for other in _notes(self.home) if other.address != note.address), note])
        try:
            for path, content in zip(note.files, (page.encode(), pixels.getvalue(), vectors.getvalue()), strict=True):
                write_privately(path, content)
        except OSError as error:
            raise ReconcilerError(f"no code can be written to {folder}: {error.strerror or error}") from error
        return note.files[0]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Note:
    """Where a code was written. It names no files: whoever could slip in a note must not have anything else removed."""

    folder: str
    address: str
    until: str

    @property
    def files(self) -> list[Path]:
        """The page, and the code as pixels and as vectors."""
        return [Path(self.folder, f"{file_name(self.address)}{ending}") for ending in (".html", ".png", ".svg")]

    def is_over(self, now: datetime, is_over: Callable[[Address], bool]) -> bool:
        """Whether the code has lapsed, or its link says so; raises ValueError for a note that makes no sense."""
        return datetime.fromisoformat(self.until).astimezone(UTC) <= now or is_over(Address.parse(self.address))


def draw(code: LinkCode) -> None:
    """A QR code on the terminal, below what its owner has to do; nothing else keeps it.

    Written at once, over the line of whatever shows progress, because that may write at any moment and cut the code.
    """
    import segno

    drawn = StringIO()
    segno.make(code.text, error="l", micro=False).terminal(out=drawn, compact=True)
    # segno draws what is light and leaves the rest to the terminal: on a light one the code would be inverted.
    picture = "".join(f"{_BLACK_AND_WHITE}{line}{_PLAIN}\n" for line in drawn.getvalue().splitlines())
    numbered = enumerate(map(quote, code.order.steps), start=1)
    steps = "".join(f"  {number}. {make_visible(step)}\n" for number, step in numbered)
    title = f"the owner of {make_visible(code.handle)} scans this with the TikTok app:"
    click.echo(f"{_CLEAR_LINE}{steps}{title}\n{picture}{make_visible(code.text)}", err=True, color=True)


def clear_codes(home: Path, *, now: datetime, is_over: Callable[[Address], bool]) -> None:
    """Take away the files of codes that have lapsed, or whose link `is_over` says is asked for anew or not at all."""
    notes = _notes(home)
    kept = [note for note in notes if not note.is_over(now, is_over)]
    if len(kept) == len(notes):
        return
    for note in notes:
        for path in note.files if note not in kept else ():
            try:
                path.unlink()
            except (FileNotFoundError, NotADirectoryError):
                continue
            except OSError as error:
                message = f"{path} holds a code that is over, and stays: {error.strerror or error}"
                raise ReconcilerError(message) from error
    _keep(home, kept)


def _notes(home: Path) -> list[_Note]:
    """What was written and not taken away yet."""
    try:
        notes = [checked(_Note(**note)) for note in json.loads((home / CODE_NOTES).read_bytes())]
        for note in notes:
            note.is_over(datetime.min.replace(tzinfo=UTC), lambda _address: False)  # what makes no sense is told here
    except FileNotFoundError:
        return []
    except (OSError, OverflowError, TypeError, ValueError) as error:
        message = f"{home / CODE_NOTES} cannot be read, and says which files hold codes"
        raise ReconcilerError(message, advice="look for such files yourself, and remove it") from error
    return notes


def _keep(home: Path, notes: list[_Note]) -> None:
    home.mkdir(parents=True, exist_ok=True)
    shown = [asdict(note) for note in notes]
    replace_file(home / CODE_NOTES, json.dumps(shown, indent=2) + "\n")
