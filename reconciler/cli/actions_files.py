"""The files through which a step talks to GitHub Actions; nothing happens where it is not that which runs us.

Source: docs.github.com, "Workflow commands for GitHub Actions".
"""

from __future__ import annotations

import os
import secrets
from collections.abc import Callable, Mapping
from pathlib import Path

from reconciler.model.errors import ReconcilerError
from reconciler.model.redaction import SECRETS

MAX_SUMMARY = 1024 * 1024
"""Of one step; a larger one is not shown at all."""
_MARGIN = 1024
_MIN_USE = 4096


def write_summary(render: Callable[[int], str]) -> bool:
    """Add to the summary of the step what `render` makes of the room that is left, in bytes; False where it is full."""
    path = _find_file("GITHUB_STEP_SUMMARY")
    if path is None:
        return True
    if (room := _room(path)) < _MIN_USE:
        return False
    _append(path, f"{render(room)}\n")
    return True


def append_summary(text: str) -> None:
    """Add a text to the summary of the step as it is; raises ReconcilerError where there is none, or it is too long."""
    path = _find_file("GITHUB_STEP_SUMMARY")
    if path is None:
        raise ReconcilerError("there is no job summary here: GITHUB_STEP_SUMMARY is not set")
    if len(text.encode()) > _room(path):
        raise ReconcilerError("the text is longer than what is left of the 1 MiB of a summary", advice="--max-chars")
    _append(path, f"{text}\n")


def takes_outputs() -> bool:
    """Whether a later step can be told anything."""
    return _find_file("GITHUB_OUTPUT") is not None


def write_outputs(outputs: Mapping[str, str]) -> None:
    """Set outputs of the step. The delimiter is random, so that no value can end itself and set another output."""
    path = _find_file("GITHUB_OUTPUT")
    if path is None or not outputs:
        return
    delimiter = f"reconciler_{secrets.token_hex(16)}"
    _append(path, "".join(f"{name}<<{delimiter}\n{value}\n{delimiter}\n" for name, value in outputs.items()))


def _room(path: Path) -> int:
    return MAX_SUMMARY - _MARGIN - (path.stat().st_size if path.exists() else 0)


def _find_file(variable: str) -> Path | None:
    name = os.environ.get(variable)
    return Path(name) if name else None


def _append(path: Path, text: str) -> None:
    try:
        with path.open("a", encoding="utf-8", errors="backslashreplace", newline="") as stream:
            stream.write(SECRETS.hide(text))
    except OSError as error:
        raise ReconcilerError(f"{path} cannot be written: {error.strerror or error}") from error
