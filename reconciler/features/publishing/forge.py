"""What is needed of a forge: comments on one pull request, and issues; and what can go wrong with them.

ForgeError
├── Missing      what was asked for is not there, or not for this token
├── Denied       the token may not do this
├── Busy         too many requests, or the forge is down for a moment: repeating helps
└── Unanswered   a request to create something was sent, and nobody knows whether it was heard
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from reconciler.model.errors import ReconcilerError


class ForgeError(ReconcilerError):
    """A forge did not do what it was asked for."""


class Missing(ForgeError):
    """There is no such thing, or it is hidden from this token; forges do not tell which."""


class Denied(ForgeError):
    """The token is not allowed to do this."""


class Busy(ForgeError):
    """It may work later."""

    def __init__(self, message: str, *, wait: float | None = None) -> None:
        super().__init__(message, advice="try again later")
        self.wait = wait
        """Seconds after which the forge wants to be asked again, if it says so."""


class Unanswered(ForgeError):
    """Whether it was done has to be looked up before it is tried again."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Post:
    """A comment or an issue that we wrote."""

    id: str
    body: str
    url: str


class Forge(Protocol):
    """One repository, and for comments one pull request of it, as the owner of a token sees them."""

    name: str
    longest: int
    """Characters of a comment or issue, in UTF-16 units, of which there are the most."""

    def comments(self) -> list[Post]:
        """Our own comments, oldest first."""
        ...

    def add_comment(self, body: str) -> Post:
        """Write a new one; raises Unanswered when it may have been written."""
        ...

    def change_comment(self, post: Post, body: str) -> Post:
        """Write one anew; raises Missing when it was deleted, Denied when it is not ours after all."""
        ...

    def issues(self) -> list[Post]:
        """Our own issues that are open, oldest first."""
        ...

    def add_issue(self, title: str, body: str, labels: Sequence[str]) -> Post:
        """Open a new one; raises Unanswered when it may have been opened."""
        ...

    def change_issue(self, post: Post, title: str, body: str) -> Post:
        """Give it another title and text."""
        ...

    def close_issue(self, post: Post, farewell: str) -> None:
        """Say why, and close it."""
        ...
