"""Files of the user: written whole or not at all, named safely, seen from the top of the repository."""

from __future__ import annotations

import os
import re
from pathlib import Path

from reconciler.model.finding import ReconcilerError
from reconciler.model.redaction import SECRETS

CONFIG_FILE = "reconciler.yaml"
"""What makes a folder a workspace."""
REVIEWS = "reviews"
"""Folder of a workspace with its access reviews, one folder for each."""
CLOSED_REVIEWS = "closed.yaml"
"""In that folder: when the access to each organization was last reviewed."""
CODE_NOTES = "codes.json"
"""In the folder of the tool: which QR codes were written and not taken away yet."""

_NEW_FILE_MODE = 0o666
_GIT_TIMEOUT = 10.0
_SAFE = re.compile(r"[a-z0-9][a-z0-9_-]{0,59}")
_RESERVED = re.compile(r"(?:con|prn|aux|nul|com[0-9]|lpt[0-9])")
"""What Windows takes for a device, whatever the ending."""


def replace_file(path: Path, text: str) -> None:
    """Write a text file in one step, keeping its permissions and, where it is a link, the link.

    What is there and is no file, such as /dev/stdout or a named pipe, is written to: it must not be replaced by one.
    """
    import tempfile  # slow to load, and help does not need it

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


def read_text_file(path: Path, *, what: str = "") -> str:
    """A text file of the user; raises ReconcilerError when that is impossible."""
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not text"
        message = f"{what}{path} cannot be read: {reason}"
        raise ReconcilerError(message) from error


def _mode_of(path: Path) -> int:
    """The mode of an existing file; for a new one what any program would give it."""
    if path.exists():
        return path.stat().st_mode & 0o7777
    mask = os.umask(0)
    os.umask(mask)
    return _NEW_FILE_MODE & ~mask


def file_name(actor: str) -> str:
    """A name for the file of a person that is safe everywhere and another one for every person."""
    if _SAFE.fullmatch(actor) and not _RESERVED.fullmatch(actor):
        return actor
    import hashlib  # as tempfile

    readable = re.sub(r"[^a-z0-9]+", "-", actor.casefold()).strip("-")[:40] or "somebody"
    return f"{readable}-{hashlib.sha256(actor.encode('utf-8', 'surrogatepass')).hexdigest()[:8]}"


def make_folder(folder: Path) -> None:
    """With those above it; raises ReconcilerError when that is impossible."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise ReconcilerError(f"{folder} cannot be made: {error.strerror or error}") from error


def find_top(root: Path) -> Path:
    """The folder of the repository that a workspace is in; the workspace itself where it is in none."""
    inside = root.resolve()
    return next((folder for folder in (inside, *inside.parents) if (folder / ".git").exists()), inside)


def find_prefix(root: Path) -> str:
    """Where the workspace is in its repository, as `access/`; empty at the top, or without a repository."""
    return "".join(f"{part}/" for part in root.resolve().relative_to(find_top(root)).parts)


def find_source(root: Path, commit: str = "") -> str:
    """Where the forge of this CI job shows the files of a commit; empty where there is no job or no commit.

    Without a commit it is the one that is checked out, whatever the job says that it started from.
    """
    environment = os.environ
    if repository := environment.get("GITHUB_REPOSITORY"):
        base = f"{environment.get('GITHUB_SERVER_URL') or 'https://github.com'}/{repository}/blob"
    elif project := environment.get("CI_PROJECT_URL"):
        base = f"{project}/-/blob"
    else:
        return ""
    commit = commit or ask_git(root, "rev-parse", "HEAD")
    return f"{base}/{commit}" if commit else ""


def ask_git(root: Path, *command: str) -> str:
    """What git answers; empty where there is no repository, or no git."""
    import subprocess  # few commands ask

    try:
        run = subprocess.run(  # noqa: S603  # fixed arguments
            ["git", "-C", str(root), *command],  # noqa: S607  # which git is the user's choice
            capture_output=True,
            text=True,
            timeout=_GIT_TIMEOUT,
            check=False,
        )
    except (OSError, subprocess.SubprocessError):
        return ""
    return run.stdout.strip() if run.returncode == 0 else ""
