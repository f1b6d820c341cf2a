"""How much a difference matters, and why: one scale and one list of reasons for plans, reviews and drift."""

from __future__ import annotations

from collections.abc import Collection
from enum import StrEnum


class Risk(StrEnum):
    """How much it matters, most first."""

    CRITICAL = "critical"
    """It cannot be undone, a stranger manages people, or somebody manages people or money who should not."""
    HIGH = "high"
    """It weakens a guard, or is about admins, other companies, messages, money, or people outside the company."""
    MEDIUM = "medium"
    """More access than before."""
    LOW = "low"
    """Less access, or nothing that anybody could do more or less with."""

    @property
    def rank(self) -> int:
        """0 for what matters most."""
        return _RANKS[self]


_RANKS = {risk: rank for rank, risk in enumerate(Risk)}


class Mark(StrEnum):
    """Why a difference deserves a second look; a reviewer reads them in this order."""

    IRREVERSIBLE = "irreversible"
    """It cannot be undone."""
    DISRUPTIVE = "disruptive"
    """It does damage to others, or leaves a gap in access."""
    GUARD = "guard"
    """Something that held dangerous changes back does so less, or an approval lets one through."""
    ADMIN = "admin"
    """A role that manages other people's access is gained or lost."""
    COMPANY = "company"
    """Another company comes in or goes, or can use more or less."""
    MESSAGES = "messages"
    """A right to read or write an account's messages is gained or lost."""
    MONEY = "money"
    """A role that sees or manages money is gained or lost."""
    OUTSIDE_DOMAINS = "outside_domains"
    """Comes in under an e-mail address of none of the allowed domains."""
    OUTSIDE_DIRECTORY = "outside_directory"
    """Named by address: nobody under `people`, so nothing ends when they leave."""
    ACCOUNT = "account"
    """The person keeps the access but becomes another account on the system."""
    FIRST = "first"
    """Had nothing at all in the organization before."""
    LAST = "last"
    """Has nothing at all in the organization afterwards."""


_LATE = frozenset({Mark.ACCOUNT, Mark.FIRST, Mark.LAST, Mark.OUTSIDE_DIRECTORY})
"""Worth knowing, and no risk by themselves."""
_ORDER = {mark: number for number, mark in enumerate(Mark) if mark not in _LATE}


def risk_of(marks: Collection[Mark], *, gains: bool) -> Risk:
    """The risk of a difference that is marked like this and by which somebody gains access, or not."""
    if Mark.IRREVERSIBLE in marks:
        return Risk.CRITICAL
    if Mark.DISRUPTIVE in marks or Mark.GUARD in marks:
        return Risk.HIGH
    if not gains:
        # One admin fewer is one step nearer to none.
        return Risk.HIGH if Mark.ADMIN in marks else Risk.LOW
    if Mark.ADMIN in marks and (Mark.OUTSIDE_DOMAINS in marks or Mark.OUTSIDE_DIRECTORY in marks):
        return Risk.CRITICAL
    return Risk.MEDIUM if _LATE.issuperset(marks) else Risk.HIGH


def reading_order(marks: Collection[Mark], *, is_loss: bool) -> int:
    """Where a difference stands in a review: by its first mark, then gains, then losses.

    What only takes access away is a loss whatever it was, unless it cannot be undone, does damage or weakens a guard.
    """
    first = min((_ORDER[mark] for mark in marks if mark in _ORDER), default=len(Mark))
    if is_loss and first > _ORDER[Mark.GUARD]:
        return len(Mark) + 1
    return first
