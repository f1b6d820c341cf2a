"""What somebody can do with one thing, over all lines that give it to them, and which of two accesses can do more."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import field
from datetime import date
from typing import ClassVar

from reconciler.model.address import Address
from reconciler.model.change import Change
from reconciler.model.finding import Place
from reconciler.model.kinds import Action
from reconciler.model.resource import Attributes, role_in
from reconciler.model.system import System
from reconciler.model.values import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class AccessPath:
    """One line that gives access; two ways are the same wherever and for whatever reason they are written."""

    address: Address
    """The membership, grant or share."""
    attributes: Attributes = field(default_factory=dict)
    through: str = ""
    """The group of people it came from, as `group:NAME`."""
    starts: date | None = None
    ends: date | None = None
    """The UTC day on which it is gone."""
    protect: bool | None = None
    reason: str = field(default="", compare=False)
    """The user's own words."""
    place: Place = field(compare=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class AccessSpan:
    """What somebody can do with one thing during some days."""

    attributes: Attributes
    """The strongest role and finance role, and all permissions together."""
    starts: date | None = None
    """None when it holds already."""
    ends: date | None = None
    """The UTC day on which it is gone or something else holds; None when it has no end."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Access:
    """What somebody can do with one thing, over all ways that lead there."""

    JSON_PROPERTIES: ClassVar = ("starts", "ends")

    attributes: Attributes = field(default_factory=dict)
    """The strongest role and finance role, and all permissions together, of all days."""
    ways: tuple[AccessPath, ...]
    """Sorted by address; never empty."""
    spans: tuple[AccessSpan, ...] = ()
    """The same one after the other, where ways begin and end on different days."""
    identity: str = ""
    """For a membership, the account that holds it; empty for everything else."""

    @property
    def starts(self) -> date | None:
        """The first UTC day of it; None when it holds already."""
        days = [way.starts for way in self.ways]
        return None if None in days else min(day for day in days if day)

    @property
    def ends(self) -> date | None:
        """The UTC day on which all of it is gone; None when it has no end."""
        days = [way.ends for way in self.ways]
        return None if None in days else max(day for day in days if day)


def is_downgrade(system: System, kind: str, *, before: Attributes, after: Attributes) -> bool:
    """Whether any part of the access gets less: a lower role, a permission or a finance role lost."""
    return any(
        _rank(system, _role_kind(kind, name), before.get(name)) > _rank(system, _role_kind(kind, name), after.get(name))
        for name in ("role", "finance")
    ) or bool(_permissions(before) - _permissions(after))


def takes_away(change: Change, system: System) -> bool:
    """Whether anybody has less access after the change than before."""
    if change.before is None or change.before.status.is_gone:
        return False
    if change.after is None or change.action is Action.REMOVE_AND_INVITE:
        return True
    return change.action is not Action.REINVITE and is_downgrade(
        system,
        change.address.kind,
        before=change.before.attributes,
        after=change.after.attributes,
    )


def is_administrator(system: System, kind: str, attributes: Attributes) -> bool:
    """Whether a membership with these attributes manages other members."""
    return kind == "member" and system.administers(role_in(attributes))


def strongest(found: Sequence[Attributes], kind: str, system: System | None) -> Attributes | None:
    """The highest role, the highest finance role and all permissions together; None when there is nothing at all.

    The order of what was found never matters.
    """
    if not found:
        return None
    joined: dict[str, str | tuple[str, ...]] = {}
    for name in sorted({name for attributes in found for name in attributes}):
        values = [attributes[name] for attributes in found if name in attributes]
        words = sorted({word for value in values for word in ((value,) if isinstance(value, str) else value)})
        joined[name] = _highest(words, _role_kind(kind, name), system) if isinstance(values[0], str) else tuple(words)
    return joined


def _highest(roles: Sequence[str], kind: str, system: System | None) -> str:
    def rank(role: str) -> int:
        known = system.find_role(kind, role) if system is not None else None
        return known.rank if known else 0

    return max(roles, key=rank)


def _role_kind(kind: str, attribute: str) -> str:
    return kind if attribute == "role" else f"{kind}.{attribute}"


def _rank(system: System, kind: str, name: str | tuple[str, ...] | None) -> int:
    if not isinstance(name, str):
        return -1
    role = system.find_role(kind, name)
    return role.rank if role else 0


def _permissions(attributes: Attributes) -> set[str]:
    permissions = attributes.get("permissions", ())
    return {permissions} if isinstance(permissions, str) else set(permissions)
