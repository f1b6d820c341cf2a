"""What the documents of all systems share: access with dates and reasons, assets, organizations."""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from reconciler.manifests.fields import Day, OneOf, Text


class StrictDocument(BaseModel):
    """A mapping in a file; keys that are not listed are refused.

    Nothing is nullable: a key without a value (`expires:`) is a mistake, not a default.
    """

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)


class Terms(StrictDocument):
    """What can be said about any access, besides what it allows."""

    starts: Day = ""
    """Absent before this UTC day."""
    expires: Day = ""
    """Gone on this UTC day."""
    reason: Text = ""
    """Why: a ticket, a justification."""
    protect: bool | None = None
    """Never removed or lowered by a plan; outlives this block until it is set to false."""


class RoleTerms(Terms):
    """Access with a role."""

    role: Text
    """What it allows."""


class MemberTerms(RoleTerms):
    """A membership."""

    details: dict[str, Text] = Field(default_factory=dict)
    """What an operator must know, such as answers that an invitation to a research organization asks for."""


class AssetDocument(StrictDocument):
    """Anything access can be given to."""

    name: Text = ""
    """For readers; not compared."""
    reason: Text = ""
    """Why it is here: a ticket, a justification."""
    protect: bool | None = None
    """Never given up by a plan; outlives this block until it is set to false."""


class LimitsDocument(StrictDocument):
    """Limits of one organization where the platform has agreed to others than the usual ones."""

    members: Annotated[int, Field(ge=1)] = 0  # where it is not written, the usual limit counts
    """How many members it can have, invited ones included."""
    admins: Annotated[int, Field(ge=1)] = 0
    """How many of them can be admins."""


class OrganizationDocument(StrictDocument):
    """What all organizations have."""

    name: Text = ""
    """Its name, for readers, and where the system has no other identifier, on the system."""
    mode: Annotated[str, OneOf(("additive", "authoritative", "read_only"))] = "additive"
    """What happens to live access that is not declared: left and listed, removed, or nothing is changed at all."""
    manages: list[Text] | None = None
    """Kinds that are read, planned and audited here, such as `member` and `ad_account`, with the access to them. All
    that the system has unless it is given; what is left out is neither read nor planned, and every report says so."""
    limits: LimitsDocument = LimitsDocument()
    """Where the platform has agreed to other limits than the usual ones."""
    on_conflict: Annotated[str, OneOf(("error", "highest"))] = "error"
    """What to do when a person gets different roles directly and through groups."""
    deleted: bool = False
    """The organization shall be deleted; it takes an approval too."""
    represents: Annotated[str, OneOf(("company", "department", "group"))] = "company"
    """Documentary: what it stands for."""

    @property
    def variant(self) -> str:
        """Which variant of its system it is; see `reconciler.systems`."""
        return ""
