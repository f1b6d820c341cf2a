"""The shape of what is known about a system; the knowledge itself is data in `reconciler/systems`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field, replace

from reconciler.model.address import Action
from reconciler.model.values import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Fact:
    """Something the vendor says today and may change tomorrow."""

    text: str
    source: str
    """Page or document that says so."""
    date: str
    """When it was read or published, as YYYY-MM or YYYY-MM-DD."""
    certainty: str = "certain"
    """certain | operator (seen by people who run the live API) | inferred | weak."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Role:
    """One role, or one permission of a set."""

    name: str
    """The word in manifests, lower case."""
    label: str
    """The word the platform shows."""
    rank: int
    """Higher can do more; a change to a lower rank is a downgrade."""
    may: str
    may_not: str = ""
    administers: bool = False
    """Holders can manage other people's access; the guards count them."""
    cap: int | None = None
    """How many people can hold it at once, pending ones included."""
    manages_admins: bool = True
    """Whether holders may also appoint, demote and remove administering members; only read where `administers`."""
    handed_over: bool = False
    """Only its present holder can pass it on; it is never given by invitation nor taken by another admin."""
    handles_money: bool = False
    """Holders see or manage payments."""
    reads_messages: bool = False
    """Holders read, and may write, the private messages of an account."""
    aliases: tuple[str, ...] = ()
    """Other words people write for it; accepted nowhere, offered as a suggestion."""


@dataclass(frozen=True, slots=True, kw_only=True)
class System:
    """What one system is, whichever way it is reached."""

    name: str
    variant: str = ""
    """Distinguishes role systems and organization kinds of one system, for example `owner` or `research`."""
    title: str
    roles: Mapping[str, tuple[Role, ...]]
    """Kind -> roles, strongest first. A kind that is missing here carries no role."""
    permissions: Mapping[str, tuple[Role, ...]] = field(default_factory=dict)
    """Kind -> permissions, any set of which may be given."""
    kinds: tuple[str, ...]
    """Kinds of resources an organization of this system can have, parents before children."""
    identifiers: tuple[str, ...]
    """What a member is invited by, preferred first: email | phone."""
    must_be_registered: bool
    """Whether an address that has no account there yet cannot be invited."""
    needs_admin: bool = False
    """Whether who administers it is decided before there is one, so that manifests without an admin are wrong."""
    member_cap: int | None = None
    """Active and pending members together."""
    limits_source: str = ""
    """Page that says how many people it usually holds, and when it was read or published."""
    agreed: Mapping[str, str] = field(default_factory=dict)
    """`members` or a role -> the manifest line that gives one organization another limit."""
    invitation_hours: int | None = None
    """How long an invitation lasts; None where it lasts for an unknown time or for ever."""
    demotes_admins: bool = True
    """Whether one admin can lower another admin's role in place."""
    creatable: str = ""
    """Empty when the tool may create an organization; otherwise the reason why not."""
    irreversible: Mapping[Action, str] = field(default_factory=dict)
    """Action -> what cannot be taken back; needs an approval."""
    disruptive: Mapping[Action, str] = field(default_factory=dict)
    """Action -> damage it does to others or a gap in access; needs an approval."""
    cannot: Mapping[Action, str] = field(default_factory=dict)
    """Action -> why the system does not offer it."""
    unseen: Mapping[str, str] = field(default_factory=dict)
    """Access that exists and that no reading of this tool shows -> why, and where a person can look."""

    def find_role(self, kind: str, name: str) -> Role | None:
        """The role or permission `name` of `kind`."""
        for known in (self.roles, self.permissions):  # called for every line, so without a generator
            for role in known.get(kind, ()):
                if role.name == name:
                    return role
        return None

    def is_handed_over(self, role: object) -> bool:
        """Whether a member's role changes hands only by its holder's own act on the platform."""
        return any(known.handed_over and known.name == role for known in self.roles.get("member", ()))

    def administers(self, role: str) -> bool:
        """Whether members with this role manage other members."""
        for known in self.roles.get("member", ()):  # called for every member, so without a generator
            if known.name == role:
                return known.administers
        return False

    def origin_of_limit(self, role: str = "") -> str:
        """Who says how many members, or holders of a role, there can be."""
        known = self.find_role("member", role) if role else None
        name = "admins" if known and known.administers else "members"
        if name in self.agreed:
            return f"limits.{name}, {self.agreed[name]}"
        return f"the usual one: {self.limits_source}" if self.limits_source else "the usual one"


def with_limits(system: System, agreed: Mapping[str, tuple[int, str]]) -> System:
    """The system as one organization has it whose manifest gives other limits: `members` or `admins` -> limit, line.

    What is between two limits of members is added to the roles that do not administer, which have limits of their own.
    """
    members, _ = agreed.get("members", (system.member_cap, ""))
    admins, _ = agreed.get("admins", (None, ""))
    more = (members or 0) - (system.member_cap or members or 0)
    roles = tuple(_limited(role, more=more, admins=admins) for role in system.roles["member"])
    said = {name: line for name, (_, line) in agreed.items()}
    return replace(system, member_cap=members, roles={**system.roles, "member": roles}, agreed=said)


def _limited(role: Role, *, more: int, admins: int | None) -> Role:
    if role.administers:
        return replace(role, cap=admins) if admins and not role.handed_over else role
    return role if role.cap is None else replace(role, cap=max(role.cap + more, 0))
