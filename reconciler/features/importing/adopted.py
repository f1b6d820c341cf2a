"""What becomes of differences that somebody wants to keep."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from reconciler.model.address import Address
from reconciler.model.live import Unread


@dataclass(frozen=True, slots=True, kw_only=True)
class NotAdopted:
    """A difference that cannot be written into the manifests by the tool."""

    address: Address
    reason: str
    advice: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Adoption:
    """Edits that make the manifests say what is live. Nothing is written yet."""

    before: Mapping[str, str]
    """Path -> text, of the files that change."""
    after: Mapping[str, str]
    adopted: tuple[Address, ...] = ()
    """In the words of the manifests afterwards, with what had to come along."""
    people: tuple[str, ...] = ()
    """Keys of the people who were added to the directory."""
    refused: tuple[NotAdopted, ...] = ()
    unread: tuple[Unread, ...] = ()
    """What nobody could look at, so that nothing is known of differences there."""
