"""Writing work orders as files, one page for each person who has something to do."""

from __future__ import annotations

import hashlib
import re
from pathlib import Path

from reconciler.cli.files import replace_file
from reconciler.core.errors import ReconcilerError
from reconciler.output.style import Style
from reconciler.subjects.catalogue import RENDERERS
from reconciler.subjects.worksheets import WorkList, group_by_actor

_FORMS = {"markdown": ".md", "html": ".html"}
_MARK = "<!-- written by `reconciler work-orders export`; the next export replaces it -->"
"""Stands in every page, at its beginning or end; a file without it is somebody else's."""
_SAFE = re.compile(r"[a-z0-9][a-z0-9_-]{0,59}")
_RESERVED = re.compile(r"(?:con|prn|aux|nul|com[0-9]|lpt[0-9])")
"""What Windows takes for a device, whatever the ending."""


def write_worksheets(work: WorkList, folder: Path, style: Style, *, is_everything: bool) -> list[Path]:
    """Write the pages; returns their paths.

    Nothing is written when a file of somebody else is in the way. With `is_everything`, pages of an earlier export are
    removed where nothing is left to do.
    """
    pages = {
        folder / f"{file_name(sheet.actor or sheet.title)}{ending}": _mark(RENDERERS.worksheet[form](sheet, style))
        for sheet in group_by_actor(work)
        for form, ending in _FORMS.items()
    }
    for path in pages:
        if path.is_symlink() or (path.exists() and not _is_ours(path)):
            message = f"{path} was not written by an export"
            raise ReconcilerError(message, advice="move it away, or export to another folder")
    if pages:
        make_folder(folder)
    for path, text in pages.items():
        replace_file(path, text)
    if is_everything and folder.is_dir():
        _remove_old(folder, set(pages))
    return sorted(pages)


def file_name(actor: str) -> str:
    """A name for the file of a person that is safe everywhere and another one for every person."""
    if _SAFE.fullmatch(actor) and not _RESERVED.fullmatch(actor):
        return actor
    readable = re.sub(r"[^a-z0-9]+", "-", actor.casefold()).strip("-")[:40] or "somebody"
    return f"{readable}-{hashlib.sha256(actor.encode('utf-8', 'surrogatepass')).hexdigest()[:8]}"


def _mark(page: str) -> str:
    """At the end: a doctype has to come first."""
    return f"{page.rstrip()}\n{_MARK}\n"


def _is_ours(path: Path) -> bool:
    try:
        return path.is_file() and path.read_bytes().rstrip().endswith(_MARK.encode())
    except OSError:
        return False


def make_folder(folder: Path) -> None:
    """With those above it; raises ReconcilerError when that is impossible."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise ReconcilerError(f"{folder} cannot be made: {error.strerror or error}") from error


def _remove_old(folder: Path, kept: set[Path]) -> None:
    for ending in _FORMS.values():
        for path in sorted(folder.glob(f"*{ending}")):
            if path not in kept and not path.is_symlink() and _is_ours(path):
                path.unlink(missing_ok=True)
