"""The role catalogue as rows, for whoever shows it."""

from __future__ import annotations

from dataclasses import dataclass

from reconciler.core.system import Role, System
from reconciler.systems import SYSTEMS


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


def system_table() -> list[RoleRow]:
    """Every role and permission there is, by system, variant and kind, strongest first."""
    return [row for variants in SYSTEMS.values() for system in variants.values() for row in rows_of(system)]


def rows_of(system: System) -> list[RoleRow]:
    """The rows of one system: roles before permissions, in the order in which its data list them."""
    by_kind = [*system.roles.items(), *system.permissions.items()]
    return [_row(system, kind, role) for kind, roles in by_kind for role in roles]


def _row(system: System, kind: str, role: Role) -> RoleRow:
    return RoleRow(
        system=system.name,
        variant=system.variant,
        kind=kind,
        role=role.name,
        label=role.label,
        may=role.may,
        may_not=role.may_not,
        cap=role.cap,
    )
