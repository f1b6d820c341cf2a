"""Which files below `manifests` are read, and which only look as if they were meant to be."""

from __future__ import annotations

import re

from reconciler.manifests.notes import Notes
from reconciler.model.finding import Place

_READ = re.compile(r".+\.ya?ml", re.IGNORECASE)
_MEANT = re.compile(r".+\.ya?ml[.~_ -].*|.+\.ya?ml~?", re.IGNORECASE)
_OF_EDITORS = re.compile(r"\.#.*|#.*#|.*~|\..*\.sw[a-p]|4913")
"""Locks and copies that editors leave behind for a while."""


def is_read(name: str) -> bool:
    """Whether a file in a folder is read for its name."""
    return not name.startswith(".") and _READ.fullmatch(name) is not None


def looks_meant(name: str) -> bool:
    """Whether a file that is not read for its name has one that says it was meant to be."""
    return not is_read(name) and _MEANT.fullmatch(name) is not None and _OF_EDITORS.fullmatch(name) is None


def note_passed_over(path: str, notes: Notes) -> None:
    """The finding for a file that is not read because of its name, or of that of its folder."""
    hidden = any(part.startswith(".") and part not in (".", "..") for part in path.split("/"))
    right = "take the dot off its name" if hidden else "end its name in .yaml"
    message = f"`{path}` is not read because of its name"
    notes.warning("passed-over", message, Place(path, 1, 1), advice=f"{right}, or move it elsewhere")
