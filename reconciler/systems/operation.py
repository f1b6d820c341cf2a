"""The shape of what a person does on a system where no program can: who, what to make sure of, and each click.

Texts are templates of marked prose (`systems.marked`): `{person}` and the like are blanks, which `systems.blanks` lists
and fills. A step or precondition with a blank that has no value in a case is left out of it, which is how one operation
serves people with and without a finance role.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum


class Actor(StrEnum):
    """Whose part of an operation it is; from it and the change follows which person that is."""

    ADMIN = "admin"
    """The admin that the plan chose to act."""
    FOUNDER = "founder"
    """Whoever becomes the first admin."""
    MEMBER = "member"
    """The person that the change is about, who has access already."""
    INVITEE = "invitee"
    """The person that the change is about, who has no access yet."""
    ANY_MEMBER = "any_member"
    """Somebody who has accepted an invitation to the organization."""
    ROLE_HOLDER = "role_holder"
    """Whoever holds a role that only its holder can pass on."""
    APP_OWNER = "app_owner"
    RECEIVING_ADMIN = "receiving_admin"
    """An admin of the organization that an app is transferred to."""
    ACCOUNT_OWNER = "account_owner"
    """Whoever owns the TikTok account or profile."""
    ASSET_OWNER = "asset_owner"
    PARTNER_ADMIN = "partner_admin"
    CENTER_ADMIN = "center_admin"
    """An Admin of the Business Center in which an account is created."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Party:
    """What one person does: one work order."""

    actor: Actor
    title: str
    """One line in the imperative."""
    preconditions: tuple[str, ...] = ()
    """To be made sure of before the first click."""
    steps: tuple[str, ...]
    done_when: str = ""
    note: str = ""
    undo: str = ""
    """How to take it back, in words; empty when nothing is known or there is nothing to take back."""
    undone_by: str = ""
    """Key of the operation that takes it back."""
    lasts: timedelta | None = None
    """How long it can be done once the party before has acted; None when that is not limited or not published."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Operation:
    """One thing that people do on a system, as its pages say."""

    key: str
    """`SYSTEM.NAME`."""
    parties: tuple[Party, ...]
    """In the order in which they act; each waits for the one before."""
    irreversible: str = ""
    """What cannot be taken back; empty for everything that can."""
    source: str
    """Pages that describe it."""
    date: str
    """When they were read or published, as in `Fact`."""
    certainty: str = "certain"
    """As in `Fact`: certain | operator | inferred | weak."""
