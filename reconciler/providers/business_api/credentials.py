"""Secrets by reference: `env:NAME`, `file:PATH`, `keyring:SERVICE/NAME`. The secret itself is in no file of ours."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from reconciler.core.errors import ReconcilerError

_FORMS = "write env:NAME, file:PATH or keyring:SERVICE/NAME"
_WAYS_TO_FILL = {
    "env": "set the environment variable {name}; in a pipeline, from a secret of the repository",
    "file": "write it into {name}, which git must ignore",
}
"""Scheme of a reference -> what to do when nothing is there; a keyring has its own ways."""


def read_secret(reference: str, *, root: Path) -> str:
    """The secret that a reference leads to; paths count from the workspace. Raises ReconcilerError."""
    scheme, _, rest = reference.partition(":")
    match scheme:
        case "env" if rest:
            secret = os.environ.get(rest, "")
        case "file" if rest:
            secret = _read_file(root / rest)
        case "keyring" if rest:
            service, name = _entry(rest)
            secret = _keyring().get_password(service, name) or ""
        case _:
            raise ReconcilerError(f"{scheme or 'an empty text'!r} is no place for a secret", advice=_FORMS)
    if not secret.strip():
        advice = _WAYS_TO_FILL.get(scheme, "").format(name=rest)
        raise ReconcilerError(f"there is no secret in {reference}", advice=advice)
    return secret.strip()


def save_secret(reference: str, secret: str, *, root: Path) -> None:
    """Put a secret where `read_secret` finds it; a file becomes readable by its owner only. Raises ReconcilerError."""
    scheme, _, rest = reference.partition(":")
    if scheme == "keyring" and rest:
        service, name = _entry(rest)
        _keyring().set_password(service, name, secret)
    elif scheme == "file" and rest:
        _write_file(root / rest, secret)
    else:
        message = f"a token cannot be saved in {reference}"
        raise ReconcilerError(message, advice="write file:PATH or keyring:SERVICE/NAME")


def _entry(rest: str) -> tuple[str, str]:
    service, _, name = rest.partition("/")
    return service, name or "access_token"


def _keyring() -> Any:
    try:
        import keyring
    except ModuleNotFoundError as error:
        message = "secrets in the keyring of the operating system need the extra `keyring`"
        raise ReconcilerError(message, advice="pip install 'access-reconciler[keyring]'") from error
    return keyring


def _read_file(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not text"
        raise ReconcilerError(f"the secret in {path} cannot be read: {reason}") from error


def _write_file(path: Path, secret: str) -> None:
    """Never readable by others, not even for a moment: a file that is there already is replaced."""
    try:
        path.unlink(missing_ok=True)
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "w", encoding="utf-8") as stream:
            stream.write(f"{secret}\n")
    except OSError as error:
        raise ReconcilerError(f"{path} cannot be written: {error.strerror or error}") from error
