"""Writing files whole or not at all."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

from reconciler.core.errors import ReconcilerError
from reconciler.core.redaction import SECRETS

_NEW_FILE_MODE = 0o666


def replace_file(path: Path, text: str) -> None:
    """Write a text file in one step, keeping its permissions and, where it is a link, the link.

    What is there and is no file, such as /dev/stdout or a named pipe, is written to: it must not be replaced by one.
    """
    text = SECRETS.hide(text)
    target = path.resolve()
    try:
        if path.exists() and not path.is_file():
            with path.open("w", encoding="utf-8", errors="backslashreplace", newline="") as stream:
                stream.write(text)
            return
        handle, temporary = tempfile.mkstemp(dir=target.parent, prefix=f".{target.name}.")
        try:
            with os.fdopen(handle, "w", encoding="utf-8", errors="backslashreplace", newline="") as stream:
                stream.write(text)
                stream.flush()
                os.fsync(stream.fileno())
            Path(temporary).chmod(_mode_of(target))
            Path(temporary).replace(target)
        except BaseException:
            Path(temporary).unlink(missing_ok=True)
            raise
    except OSError as error:
        message = f"{path} cannot be written: {error.strerror or error}"
        raise ReconcilerError(message) from error


def read_text_file(path: Path) -> str:
    """A text file of the user; raises ReconcilerError when that is impossible."""
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not text"
        message = f"{path} cannot be read: {reason}"
        raise ReconcilerError(message) from error


def _mode_of(path: Path) -> int:
    """The mode of an existing file; for a new one what any program would give it."""
    if path.exists():
        return path.stat().st_mode & 0o7777
    mask = os.umask(0)
    os.umask(mask)
    return _NEW_FILE_MODE & ~mask
