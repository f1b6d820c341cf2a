"""What a system says now. Three-valued: present, absent, or unknown because it could not be read."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import field, replace
from datetime import date, datetime
from typing import Any

from reconciler.model.address import Address
from reconciler.model.finding import Finding
from reconciler.model.kinds import KINDS
from reconciler.model.resource import Resource
from reconciler.model.values import dataclass

MAX_NAMED_UNREAD = 3
"""So many unread parts are named in one sentence; each of them is a finding besides."""


class Part(str):
    """A part of a system that could not be read: what the addresses in it begin with, which is also its form in JSON.

    `ORG/` is everything, `ORG/KIND/` all of a kind and `ORG/KIND/PARENT/` what hangs on one thing. Without the slash at
    the end it is a single thing that cannot be told apart, with what hangs on it: `ORG/KIND/PARENT` or an address.
    """

    __slots__ = ()

    @classmethod
    def everything(cls, organization: str) -> Part:
        """All of an organization."""
        return cls(f"{organization}/")

    @classmethod
    def all_of(cls, organization: str, kind: str, parent: str = "") -> Part:
        """Everything of a kind, or of that only what hangs on one thing."""
        return cls(f"{organization}/{kind}/{parent}/" if parent else f"{organization}/{kind}/")

    @property
    def is_whole(self) -> bool:
        """Whether all of it could not be read; else it is a single thing."""
        return self.endswith("/")

    @property
    def organization(self) -> str:
        """The organization that it belongs to."""
        return self.partition("/")[0]

    @property
    def kind(self) -> str:
        """Empty for everything."""
        return self.partition("/")[2].partition("/")[0]

    @property
    def parent(self) -> str:
        """The thing that it hangs on, where it is no more than that."""
        return self.partition("/")[2].partition("/")[2].rstrip("/")


@dataclass(frozen=True, slots=True)
class Unknown:
    """It could not be read, or it could not be told whose it is. Never to be treated as absent."""

    reason: str
    is_part: bool = False
    """Whether all around it could not be read either; else it is a single thing that cannot be told apart."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Live:
    """One organization as its system shows it."""

    organization: str
    resources: Mapping[Address, Resource] = field(default_factory=dict)
    unknown: Mapping[str, str] = field(default_factory=dict)
    """Part that could not be read -> reason."""
    acting: str = ""
    """Key of the person whose credentials are used; empty when any admin of the organization may carry changes out."""
    observed_at: datetime | None = None
    """When the system was looked at, in UTC; rosters can be old."""
    unmanaged: frozenset[str] = frozenset()
    """Kinds that the organization does not manage: nothing is said of them, whatever is there."""
    taken: Mapping[str, datetime] = field(default_factory=dict)
    """Kind -> when it was looked at, where people read the system, kind by kind; the oldest is `observed_at`."""

    @property
    def unread(self) -> dict[Part, str]:
        """Part -> why all of it could not be read. What is unknown besides is single things."""
        parts = ((Part(text), reason) for text, reason in sorted(self.unknown.items()))
        return {part: reason for part, reason in parts if part.is_whole}

    def reason_unread(self, *parts: Part) -> str:
        """Why one of these parts could not be read, the first that was not; empty where all of them were."""
        return next((self.unknown[part] for part in parts if part in self.unknown), "")

    @property
    def reason_members_unread(self) -> str:
        """Why it is not known who is a member; empty where it is."""
        return self.reason_unread(Part.everything(self.organization), Part.all_of(self.organization, "member"))

    def managing(self, kinds: frozenset[str]) -> Live:
        """Only what an organization manages."""
        unmanaged = {kind.name for kind in KINDS.values() if kind.name not in kinds}
        if not unmanaged:
            return self
        return replace(
            self,
            resources={address: found for address, found in self.resources.items() if address.kind in kinds},
            unknown={part: why for part, why in self.unknown.items() if Part(part).kind in {*kinds, ""}},
            unmanaged=frozenset(unmanaged),
        )

    def find(self, address: Address) -> Resource | Unknown | None:
        """The live resource, None when it is known to be absent, or Unknown."""
        present = self.resources.get(address)
        if present is not None:
            return present
        if address.kind in self.unmanaged:
            return Unknown(f"{KINDS[address.kind].plural} are not managed here", is_part=True)
        if not self.unknown:
            return None
        organization, kind, _ = address
        thing = f"{organization}/{kind}/{address.parts[0]}"
        for part in (f"{organization}/", f"{organization}/{kind}/", f"{thing}/", thing, str(address)):  # widest first
            reason = self.unknown.get(part)
            if reason is not None:
                return Unknown(reason, is_part=part.endswith("/"))
        return None

    def seen_at(self, kind: str) -> datetime | None:
        """When the resources of a kind were looked at; None where nobody knows, or where nothing was looked at."""
        return self.taken.get(kind, self.observed_at)


@dataclass(frozen=True, slots=True, kw_only=True)
class Unread:
    """A part of a system that had to be read and could not be; nothing is planned, ended or claimed there."""

    organization: str
    prefix: str
    """`ORG/`, `ORG/KIND/` or `ORG/KIND/PARENT/`: the beginning of the addresses in it."""
    reason: str
    last_read: date | None = None
    """The UTC day of the last look that is recorded and showed this part; None where none is."""

    @property
    def finding(self) -> Finding:
        """The same for whoever reads findings; no report leaves it out."""
        when = f"last read on {self.last_read}" if self.last_read else "no earlier look is recorded"
        return Finding(
            id="unread",
            message=f"{self.what} of {self.organization} could not be read ({when}): {self.reason}",
            advice="nothing is planned, ended or taken for complete there; repair the access, or leave the kind out of "
            "`manages:`",
            address=self.prefix,
        )

    @property
    def what(self) -> str:
        """The part in words."""
        part = Part(self.prefix)
        if part.kind not in KINDS:
            return part.kind or "everything"
        return f"{KINDS[part.kind].title} {part.parent}" if part.parent else KINDS[part.kind].plural


class OfOrganizations:
    """What a plan or an audit of several organizations knows of how they were read."""

    __slots__ = ()
    organizations: Sequence[Any]

    @property
    def unread(self) -> tuple[Unread, ...]:
        """Every part that could not be read."""
        return tuple(unread for part in self.organizations for unread in part.unread)

    @property
    def first_runs(self) -> tuple[str, ...]:
        """Organizations of which nothing is recorded: nobody can tell a first run from a lost state."""
        return tuple(part.organization for part in self.organizations if part.is_first)


UNREAD_SIGN = "Unread: "
"""What the sentence about something unread begins with, in every form."""


def summarize_unread(unread: Sequence[Unread]) -> str:
    """The sentence that every report about something unread begins with; empty where everything was read."""
    if not unread:
        return ""
    named = [f"{one.what} of {one.organization}" for one in unread[:MAX_NAMED_UNREAD]]
    more = f" and {len(unread) - MAX_NAMED_UNREAD} more parts" if len(unread) > MAX_NAMED_UNREAD else ""
    return f"{UNREAD_SIGN}{', '.join(named)}{more}. What is said here is not everything."


def ask_about_states(organizations: Sequence[str]) -> str:
    """The question about organizations of which nothing is recorded; empty where there is none."""
    return f"No state of {', '.join(organizations)}: first run, or lost?" if organizations else ""


def explain_unread(unread: Sequence[Unread]) -> tuple[str, ...]:
    """What a page begins with: each unread part with why and when it was last read, as far as there is room."""
    rest = len(unread) - MAX_NAMED_UNREAD
    told = [f"{UNREAD_SIGN}{one.finding.message}" for one in unread[:MAX_NAMED_UNREAD]]
    return (*told, *([f"{UNREAD_SIGN}{rest} more parts; the findings name them"] if rest > 0 else []))
