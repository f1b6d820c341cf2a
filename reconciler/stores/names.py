"""Organization keys as names of files and objects."""

from __future__ import annotations

import hashlib
import re

from reconciler.model.errors import StoreError

_PLAIN = re.compile(r"[a-z0-9@+_.-]")
_ESCAPED = re.compile(r"(?:=[0-9a-f]{2})+")
_MAX_LENGTH = 180
_MARK = "~"
_EMPTY = "="


def name_of(organization: str) -> str:
    """A name no other key has, also where case does not count and `%` means something; long ones are cut and marked.

    Raises StoreError for what is no text, which only comes from a command line.
    """
    if not organization:
        return _EMPTY
    name = "".join(character if _PLAIN.match(character) else _escape(character) for character in organization)
    if name.startswith("."):
        name = _escape(".") + name[1:]
    if len(name) <= _MAX_LENGTH:
        return name
    digest = hashlib.sha256(organization.encode()).hexdigest()[:32]
    return f"{name[: _MAX_LENGTH - 60]}{_MARK}{digest}"


def find_key(name: str) -> str | None:
    """The key behind a name; None when the name was cut, so that only the lease record beside it knows."""
    if _MARK in name:
        return None
    if name == _EMPTY:
        return ""
    return _ESCAPED.sub(lambda run: bytes.fromhex(run[0].replace("=", "")).decode(), name)


def _escape(character: str) -> str:
    try:
        return "".join(f"={byte:02x}" for byte in character.encode())
    except UnicodeEncodeError as error:
        message = f"{character!a} cannot be part of the key of an organization"
        raise StoreError(message) from error
