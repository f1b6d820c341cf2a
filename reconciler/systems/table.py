"""The catalogue of roles and permissions, and which of its sources are old."""

from __future__ import annotations

from collections import Counter
from datetime import date, timedelta

from reconciler.model.system import System
from reconciler.model.values import dataclass
from reconciler.systems import SYSTEMS, facts_of, list_operations


@dataclass(frozen=True, slots=True, kw_only=True)
class RoleRow:
    """What one role or permission means in one place; the same word means other things in other places."""

    system: str
    variant: str
    kind: str
    """Kind of resource; `member.finance` for the finance role that members have besides their role."""
    role: str
    label: str
    may: str
    may_not: str
    cap: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class OldSource:
    """Pages that were read, or published, more than a year ago: somebody should look whether they still say so."""

    system: str
    variant: str
    source: str
    date: str
    statements: int
    """How many facts about the system and operations on it rest on them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SystemTable:
    """Everything that is shown of some systems."""

    roles: tuple[RoleRow, ...]
    old_sources: tuple[OldSource, ...]


def system_table(today: date, name: str = "") -> SystemTable:
    """Every role and permission there is, or those of one system, by system, variant and kind, strongest first."""
    names = (name,) if name else tuple(SYSTEMS)
    systems = [system for one in names for system in SYSTEMS[one].values()]
    return SystemTable(
        roles=tuple(row for system in systems for row in rows_of(system)),
        old_sources=tuple(old for system in systems for old in _old_sources(system, today)),
    )


def _old_sources(system: System, today: date) -> list[OldSource]:
    """Operations are those of all variants, and told once."""
    operations = () if system.variant else list_operations(system.name).values()
    found = Counter((one.date, one.source) for one in (*facts_of(system), *operations))
    limit = (today - timedelta(days=366)).isoformat()
    return [
        OldSource(system=system.name, variant=system.variant, source=source, date=day, statements=count)
        for (day, source), count in sorted(found.items())
        if day < limit[: len(day)]  # a month that is not over yet a year ago is not old
    ]


def rows_of(system: System) -> list[RoleRow]:
    """The rows of one system: roles before permissions, in the order in which its data list them."""
    by_kind = [*system.roles.items(), *system.permissions.items()]
    return [
        RoleRow(
            system=system.name,
            variant=system.variant,
            kind=kind,
            role=role.name,
            label=role.label,
            may=role.may,
            may_not=role.may_not,
            cap=role.cap,
        )
        for kind, roles in by_kind
        for role in roles
    ]
