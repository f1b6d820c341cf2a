"""Secrets by reference.

A secret itself is in no file of ours: `env:NAME`, `file:PATH`, `keyring:SERVICE/NAME`.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from reconciler.cli.streams import read_text_file, refused_writes, write_privately
from reconciler.model import SECRETS, MissingExtra, ReconcilerError

_FORMS = "write env:NAME, file:PATH or keyring:SERVICE/NAME"
_PROBE = "nothing secret"
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
            secret = read_text_file(root / rest, what="the secret in ")
        case "keyring" if rest:
            with _keyring(f"the secret in {reference} cannot be read") as keyring:
                secret = keyring.get_password(*_entry(rest)) or ""
        case _:
            raise ReconcilerError(f"{scheme or 'an empty text'!r} is no place for a secret", advice=_FORMS)
    if not secret.strip():
        advice = _WAYS_TO_FILL.get(scheme, "").format(name=rest)
        raise ReconcilerError(f"there is no secret in {reference}", advice=advice)
    return SECRETS.learn(secret)


def save_secret(reference: str, secret: str, *, root: Path) -> None:
    """Put a secret where `read_secret` finds it; a file becomes readable by its owner only. Raises ReconcilerError."""
    SECRETS.learn(secret)
    scheme, _, rest = reference.partition(":")
    if scheme == "keyring" and rest:
        with _keyring(f"{reference} cannot be written") as keyring:
            keyring.set_password(*_entry(rest), secret)
    elif scheme == "file" and rest:
        _write_file(root / rest, secret, place=root / rest)
    else:
        message = f"a token cannot be saved in {reference}"
        raise ReconcilerError(message, advice="name a place with --save: file:PATH or keyring:SERVICE/NAME")


def require_place(reference: str, *, root: Path) -> None:
    """Raises ReconcilerError unless a secret can be saved there, which is tried with something else beside it."""
    scheme, _, rest = reference.partition(":")
    if scheme == "keyring" and rest:
        service, name = _entry(rest)
        with _keyring(f"{reference} cannot be written") as keyring:
            keyring.set_password(service, f"{name}-place", _PROBE)
            found = keyring.get_password(service, f"{name}-place")
            keyring.delete_password(service, f"{name}-place")
        if found != _PROBE:
            message = f"{reference} does not keep what is saved in it"
            raise ReconcilerError(message, advice="choose another place with --save")
    elif scheme == "file" and rest:
        path = root / rest
        if path.is_dir():
            raise ReconcilerError(f"{path} cannot be written: it is a folder")
        probe = path.with_name(f".{path.name}.place")
        _write_file(probe, _PROBE, place=path)
        probe.unlink(missing_ok=True)
    else:
        save_secret(reference, "", root=root)


def _entry(rest: str) -> tuple[str, str]:
    service, _, name = rest.partition("/")
    return service, name or "access_token"


@contextmanager
def _keyring(failure: str) -> Iterator[Any]:
    """The keyring of the operating system; what goes wrong with it is a ReconcilerError that begins with `failure`."""
    try:
        import keyring
        from keyring.errors import KeyringError
    except ModuleNotFoundError as error:
        raise MissingExtra("a secret in the keyring of the operating system", "keyring") from error
    try:
        yield keyring
    except (KeyringError, OSError, RuntimeError) as error:
        said = (str(error).strip() or type(error).__name__).partition("\n")[0]
        advice = "a server often has no keyring: use env:NAME or file:PATH there"
        raise ReconcilerError(f"{failure}: {said}", advice=advice) from error


def _write_file(path: Path, secret: str, *, place: Path) -> None:
    """What was there is lost only when the new one is complete."""
    made = path.with_name(f".{path.name}.new")
    with refused_writes(place):
        try:
            write_privately(made, f"{secret}\n".encode())
            made.replace(path)
        except BaseException:
            made.unlink(missing_ok=True)
            raise
